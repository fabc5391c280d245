"""The battery of bad inputs for the layers and the two nets: each is refused in one sentence, or works.

The ids B01 … B30 are rows of the project's list of faults.
"""

import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxml import cnn, fit, load, minimize, nn, save, text_lstm

KEY = jax.random.key(0)
NET = nn.sequential(nn.conv2d(2, 3, activation="relu"), nn.max_pooling2d(2), nn.flatten(), nn.dense(4), nn.dense(3))
IMAGES = np.random.RandomState(0).rand(6, 8, 8, 1).astype(np.float32)
LABELS = np.arange(6) % 3
IDS, SPAM = np.arange(24).reshape(6, 4) % 9, np.arange(6) % 2
IMAGE_NET = cnn.init(KEY, input_shape=(8, 8, 1), net=NET)
TEXT_NET = text_lstm.init(KEY, vocabulary_size=9)
RUN = {"optimizer": optax.sgd(0.01), "key": KEY, "epochs": 1, "batch_size": 3, "progress": False}
LAYERS = {
    "conv2d": (nn.conv2d(2, 3), (8, 8, 1)),
    "max_pooling2d": (nn.max_pooling2d(2), (8, 8, 1)),
    "average_pooling2d": (nn.average_pooling2d(2), (8, 8, 1)),
    "global_average_pooling2d": (nn.global_average_pooling(), (8, 8, 1)),
    "flatten": (nn.flatten(), (8, 8, 1)),
    "dense": (nn.dense(2), (8,)),
    "dropout": (nn.dropout(0.5), (8,)),
    "activation": (nn.activation("tanh"), (8,)),
    "embedding": (nn.embedding(9, 3), (4,)),
    "lstm": (nn.lstm(2), (4, 3)),
}
PARAMS = {name: layer.init(KEY, shape)[0] for name, (layer, shape) in LAYERS.items()}


def image_calls(x=IMAGES, y=LABELS, params=IMAGE_NET, **hyper):
    """The calls of the image net, by the name that an error begins with."""
    yield "cnn.loss", lambda: cnn.loss(params, x, y, net=NET, **hyper)
    yield "fit", lambda: fit(cnn.loss, params, x, y, net=NET, **RUN, **hyper)
    yield "minimize", lambda: minimize(cnn.loss, params, x, y, net=NET, optimizer=RUN["optimizer"], steps=1, **hyper)


def text_calls(x=IDS, y=SPAM, params=TEXT_NET, **hyper):
    yield "text_lstm.loss", lambda: text_lstm.loss(params, x, y, **hyper)
    yield "fit", lambda: fit(text_lstm.loss, params, x, y, **RUN, **hyper)


CASES = []


def row(fault, call, argument, words="", function=".*"):
    """One case: what the call must say of the argument."""
    CASES.append(pytest.param(call, function, argument, words, id=f"{fault}-{len(CASES)}"))


def rows(fault, calls, argument, words=""):
    for _, call in calls:
        row(fault, call, argument, words)


def predictions(x):
    yield from ((f.__name__, lambda f=f: f(IMAGE_NET, x, net=NET)) for f in (cnn.logits, cnn.predict, cnn.predict_proba))


def readings(x):
    yield from ((f.__name__, lambda f=f: f(TEXT_NET, x)) for f in (text_lstm.logits, text_lstm.predict, text_lstm.predict_proba))


def with_value(a, value):
    a = np.array(a, np.float64)
    a.flat[7] = value
    return a


for value, words in ((np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity"), (1e39, "infinity")):
    rows("B01", image_calls(x=with_value(IMAGES, value)), "x", words)
    rows("B01", predictions(with_value(IMAGES, value)), "x", words)
    for name, (layer, shape) in LAYERS.items():
        if name != "embedding":
            row("B01", lambda l=layer, s=shape, p=PARAMS[name], v=value: l.apply(p, with_value(np.ones((2, *s)), v)), "x", words, name)
for name, (layer, shape) in LAYERS.items():
    if PARAMS[name]:
        bad = PARAMS[name]._replace(**{PARAMS[name]._fields[0]: PARAMS[name][0].at[0].set(np.nan)})
        row("B01", lambda l=layer, s=shape, p=bad: l.apply(p, np.zeros((2, *s), int)), r"params\.\w+", "NaN", name)
    row("B03", lambda l=layer, s=shape, p=PARAMS[name]: l.apply(p, np.zeros((0, *s), int)), "x", "is empty", name)
    row("B13", lambda l=layer, p=PARAMS[name]: l.apply(p, np.zeros((), int)), "x", "dimensions", name)
    row("B11", lambda l=layer, p=PARAMS[name]: l.apply(p, [["a"] * 4]), "x", "", name)
    row("B11", lambda l=layer, p=PARAMS[name]: l.apply(p, [[1, 2], [3]]), "x", "different lengths", name)
    row("B20", lambda l=layer, s=shape: l.apply((np.ones(3),), np.zeros((2, *s), int)), "params", "", name)
    row("B20", lambda l=layer, s=shape: l.apply(None, np.zeros((2, *s), int)), "params", "", name)
    row("B28", lambda l=layer, s=shape: l.init(0, s), "key", "random key", name)
    row("B28", lambda l=layer: l.init(KEY, 8), "input_shape", "tuple", name)
    row("B28", lambda l=layer, s=shape: l.init(KEY, (0, *s[1:])), "input_shape", "", name)
    row("B28", lambda l=layer, s=shape: l.init(KEY, (None, *s)), "input_shape", "tuple", name)
    row("B28", lambda l=layer, s=shape, p=PARAMS[name]: l.apply(p, np.ones((2, *s), int), key=3), "key", "random key", name)
    if name not in ("flatten", "dense", "dropout", "activation"):
        row("B13", lambda l=layer, s=shape, p=PARAMS[name]: l.apply(p, np.ones((2, 2, *s), int)), "x", "dimensions", name)
        row("B28", lambda l=layer, s=shape: l.init(KEY, (2, *s)), "input_shape", "fit", name)
for x in (IMAGES[..., 0], IMAGES[0], IMAGES[0, :, :, 0], IMAGES[None]):
    rows("B13", [next(image_calls(x=x))], "x", "dimensions")
    rows("B13", predictions(x), "x", r"pass \(n, h, w, c\)")
for x in (IMAGES.repeat(2, axis=3), IMAGES[:, :5], np.ones((6, 2, 9, 1))):
    rows("B27", predictions(x), r"x|params\.kernel")
row("B27", lambda: NET.init(KEY, (2, 8, 1)), "input_shape", "smaller than the window; got 2 x 8 and a window of 3 x 3", "conv2d")
row("B27", lambda: NET.init(KEY, (3, 3, 1)), "input_shape", "got 1 x 1 and a window of 2 x 2", "max_pooling2d")
row("B27", lambda: NET.init(KEY, (8, 8)), "input_shape", r"\(h, w, c\)", "conv2d")
row("B27", lambda: nn.summary(NET, (2, 2, 1)), "input_shape", "smaller", "conv2d")
for y in (LABELS[:5], LABELS[:, None] + np.zeros((1, 2), int), np.append(LABELS, 0)):
    rows("B14", image_calls(y=y), "y")
for value, words in ((-1, "negative label"), (3, "past the last class|not finite"), (0.5, "continuous|not finite")):
    rows("B18", [next(image_calls(y=np.where(np.arange(6) == 2, value, LABELS)))], "y", words)
for y in ([0, 1, 2, 0, 1, np.nan], ["a"] * 6, None):
    rows("B17", image_calls(y=y), "y")
for weights in (-np.ones(6), np.zeros(6), np.ones(5), np.full(6, np.nan)):
    rows("B14", image_calls(weights=weights), "weights")
    rows("B14", text_calls(weights=weights), "weights")
for l2 in (-1.0, np.nan):
    rows("B28", list(image_calls(l2=l2))[1:], "l2")
for ids in (IDS + 1, IDS - 1, np.full((6, 4), 2**31 + 5)):
    rows("B22", readings(ids), "x", "out of range|beyond int32")
for ids in (IDS + 0.0, IDS > 3, IDS + 0.5):
    rows("B22", readings(ids), "x", "integer type")
for ids in (IDS[0], IDS[None], IDS[:, :0]):
    rows("B13", readings(ids), "x", "dimensions|is empty")
for y in (np.full(6, 2), np.full(6, -1), SPAM[:4]):
    rows("B18", [next(text_calls(y=y))], "y")
row("B20", lambda: text_lstm.logits({}, IDS), "params", "embedding", "text_lstm")
row("B20", lambda: text_lstm.logits(IMAGE_NET, IDS), "params", "embedding", "text_lstm")
row("B20", lambda: cnn.logits(TEXT_NET, IMAGES, net=NET), "params", "conv2d", "sequential")
row("B20", lambda: cnn.logits(IMAGE_NET, IMAGES), "params", "conv2d_1", "sequential")
row("B20", lambda: cnn.logits(IMAGE_NET | {"dense": IMAGE_NET["dense_1"]}, IMAGES, net=NET), "params.kernel", "shape", "dense")
row("B20", lambda: cnn.logits(IMAGE_NET | {"dense_1": IMAGE_NET["dense"]}, IMAGES, net=NET), "params.kernel", "shape", "dense_1")
row("B20", lambda: cnn.loss({"conv2d": PARAMS["conv2d"]}, IMAGES, LABELS, net=nn.sequential(nn.conv2d(2, 3))), "net", "flatten", "cnn")
row("B20", lambda: text_lstm.logits(TEXT_NET, IDS, net=nn.sequential(*text_lstm.model(9).layers[:3])), "params", "", "sequential")
row("B28", lambda: text_lstm.init(KEY, vocabulary_size=0), "vocabulary_size", ">= 1", "embedding")
row("B28", lambda: text_lstm.init(3, vocabulary_size=9), "key")
for size in (0, -1, 1.5, "3", None, True):
    row("B28", lambda n=size: nn.conv2d(n, 3), "filters", "", "conv2d")
    row("B28", lambda n=size: nn.conv2d(3, n), "kernel_size", "", "conv2d")
    row("B28", lambda n=size: nn.conv2d(3, 3, strides=(1, n)), "strides", "", "conv2d")
    row("B28", lambda n=size: nn.max_pooling2d(n), "pool_size", "", "max_pooling2d")
    row("B28", lambda n=size: nn.dense(n), "units", "", "dense")
    row("B28", lambda n=size: nn.lstm(n), "units", "", "lstm")
    row("B28", lambda n=size: nn.embedding(n, 3), "vocabulary_size", "", "embedding")
    row("B28", lambda n=size: nn.embedding(3, n), "dim", "", "embedding")
for rate in (-0.1, 1.0, 1.5, np.nan, "0.5", None):
    row("B28", lambda r=rate: nn.dropout(r), "rate", "", "dropout")
for padding in ("SAME", "full", None, 1, ["valid"]):
    row("B28", lambda p=padding: nn.conv2d(2, 3, padding=p), "padding", "'valid' or 'same'", "conv2d")
    row("B28", lambda p=padding: nn.average_pooling2d(2, padding=p), "padding", "'valid' or 'same'", "average_pooling2d")
for function in ("ReLU", "", 3):
    row("B28", lambda f=function: nn.dense(2, activation=f), "activation", "relu", "dense")
    row("B28", lambda f=function: nn.activation(f), "activation", "relu", "activation")
row("B28", lambda: nn.conv2d(2, (3, 3, 3)), "kernel_size", "not 2", "conv2d")
row("B28", lambda: nn.lstm(2, return_sequences="yes"), "return_sequences", "True or False", "lstm")
row("B28", lambda: nn.embedding(2, 3, mask_zero=1), "mask_zero", "True or False", "embedding")
row("B28", lambda: nn.sequential(), "layers", "empty", "sequential")
row("B28", lambda: nn.sequential(nn.dense(2), jnp.tanh), "layers", "position 1", "sequential")
row("B28", lambda: nn.summary("cnn", (28, 28, 1)), "layer", "not a layer", "summary")
row("B28", lambda: nn.lstm(2).apply(PARAMS["lstm"], np.ones((2, 4, 3)), mask=np.ones((2, 3), bool)), "mask", "match", "lstm")
row("B28", lambda: nn.lstm(2).apply(PARAMS["lstm"], np.ones((2, 4, 3)), mask=np.ones((2, 4))), "mask", "boolean", "lstm")
row("B28", lambda: nn.lstm(2).apply(PARAMS["lstm"], np.ones((2, 4, 3)), initial_state=np.ones((2, 2))), "initial_state", "State", "lstm")
for patience in (0, 1.5, "2", True):
    hyper = {"validation": (IMAGES, LABELS), "patience": patience}
    row("B28", lambda h=hyper: fit(cnn.loss, IMAGE_NET, IMAGES, LABELS, net=NET, **RUN, **h), "patience", "", "fit")
row("B28", lambda: fit(cnn.loss, IMAGE_NET, IMAGES, LABELS, net=NET, **RUN, patience=2), "patience", "without validation", "fit")
for path in (3, True, None, b"run", "", "a\0b"):
    if path is not None:
        row("B28", lambda p=path: fit(cnn.loss, IMAGE_NET, IMAGES, LABELS, net=NET, **RUN, checkpoint=p), "checkpoint", "", "fit")
    row("S04", lambda p=path: save(p, IMAGE_NET), "path", "", "save")
    row("S04", lambda p=path: load(p), "path", "", "load")
for tree, words in (({"w": np.nan}, "NaN"), ({"w": "text"}, "no array"), ({"w": len}, "no array"), ({"w": 1j}, "no array")):
    row("B01", lambda t=tree: save("never_written", t), "params", words, "save")
for said in (np.ones(2), np.nan, (1, 2), len):
    row("B11", lambda v=said: save("never_written", IMAGE_NET, note=v), "note", "", "save")
for value in (["a"], [], {"f": len}):
    row("B11", lambda v=value: minimize(cnn.loss, IMAGE_NET, IMAGES, LABELS, optimizer=RUN["optimizer"], steps=1, net=v), "net", "constant")


@pytest.mark.parametrize(("call", "function", "argument", "words"), CASES)
def test_battery(call, function, argument, words):
    """One sentence: who says it, of which argument, what is wrong; got what; wanted what."""
    with pytest.raises((ValueError, TypeError)) as error:
        call()
    text = str(error.value)
    assert re.match(rf"[\w./]*{function}[\w.]*: argument '(?:{argument})[^']*' [^;]+; got .+; .+", text, re.S), text
    assert re.search(words, text), text


@pytest.mark.parametrize("x", [IMAGES[:1], IMAGES.astype(np.float16), IMAGES.tolist(), np.asfortranarray(IMAGES), IMAGES[::-1][::-1]])
def test_b10_any_form_of_the_same_numbers_works(x):
    wanted = cnn.logits(IMAGE_NET, np.asarray(x, np.float32), net=NET)
    np.testing.assert_array_equal(cnn.logits(IMAGE_NET, x, net=NET), wanted)


def test_b10_grey_levels_of_one_byte_are_not_wrapped():
    levels = (IMAGES * 255).astype(np.uint8)
    np.testing.assert_array_equal(cnn.logits(IMAGE_NET, levels, net=NET), cnn.logits(IMAGE_NET, levels.astype(np.float32), net=NET))


def test_b18_inside_fit_a_label_out_of_range_is_refused_with_its_row():
    for value in (-1, 3):
        with pytest.raises(ValueError, match=r"argument 'y'.*row 2"):
            list(image_calls(y=np.where(np.arange(6) == 2, value, LABELS)))[1][1]()
    with pytest.raises(ValueError, match=r"argument 'y'.*row 2"):
        list(text_calls(y=np.where(np.arange(6) == 2, 7, SPAM)))[1][1]()


def test_b22_inside_fit_an_id_out_of_range_is_refused_with_its_row():
    with pytest.raises(ValueError, match=r"row 2"):
        list(text_calls(x=np.where(np.arange(6)[:, None] == 2, 9, IDS)))[1][1]()
