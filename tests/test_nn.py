"""The layers: Keras' and PyTorch's numbers, Keras' starts and table, then what must hold for any numbers."""

from pathlib import Path

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxml import cnn, nn, text_lstm
from jaxml.nn.lstm import Params as LstmParams
from jaxml.nn.lstm import State
from jaxml.nn.pooling import max_pooling

KNOWN = Path(__file__).parent / "known_answers"
KERAS, ONNX = np.load(KNOWN / "keras.npz"), np.load(KNOWN / "onnx.npz")


def case(name, source=KERAS):
    """The arrays of one case, floats in the width of the test."""
    found = {key.removeprefix(f"{name}/"): source[key] for key in source.files if key.startswith(f"{name}/")}
    return {k: np.asarray(jnp.asarray(v)) if v.dtype.kind == "f" else v for k, v in found.items()}


def cases(prefix):
    return sorted({key.split("/")[0] for key in KERAS.files if key.startswith(prefix)})


def with_weights(layer, weights):
    """The params of a layer, or of a sequential, from arrays in Keras' order."""
    if not layer.layers:
        return type(layer.expects)(*map(jnp.asarray, weights)) if layer.expects else ()
    names, params, rest = nn.sequential.__globals__["unique_names"](layer.layers), {}, list(weights)
    for name, each in zip(names, layer.layers, strict=True):
        if each.expects:
            params[name], rest = type(each.expects)(*map(jnp.asarray, rest[: len(each.expects)])), rest[len(each.expects) :]
    assert not rest
    return params


def assert_near(got, wanted, width, *, float32=2e-6, float64=1e-12):
    """Largest difference, relative to the largest number: sums of n products lose about √n last bits in any order."""
    wanted = np.asarray(wanted, np.float64)
    assert got.shape == wanted.shape and got.dtype == width
    assert np.abs(np.asarray(got, np.float64) - wanted).max() <= (float32 if width == "float32" else float64) * np.abs(wanted).max()


# ---------------------------------------------------------------- Keras' numbers


@pytest.mark.parametrize("name", cases("conv2d"))
def test_conv2d_gives_keras_numbers(name, width):
    _, padding, strides, kernel, _ = name.split("_")
    d = case(name)
    layer = nn.conv2d(4, tuple(int(n) for n in kernel[1:].split("x")), strides=int(strides[1:]), padding=padding)
    assert_near(layer.apply(with_weights(layer, [d["kernel"], d["bias"]]), d["x"]), d["y"], width)
    _, shape = layer.init(jax.random.key(0), d["x"].shape[1:])
    assert shape == d["y"].shape[1:]


@pytest.mark.parametrize("name", cases("pool"))
def test_pooling_gives_keras_numbers(name, width):
    _, padding, window, strides, _ = name.split("_")
    d, options = case(name), {"strides": int(strides[1:]) or None, "padding": padding}
    for pooling, wanted in ((nn.max_pooling2d, d["y_max"]), (nn.average_pooling2d, d["y_avg"])):
        layer = pooling(tuple(int(n) for n in window[1:].split("x")), **options)
        assert_near(jax.jit(layer.apply)((), d["x"]), wanted, width)
        assert layer.init(jax.random.key(0), d["x"].shape[1:]) == ((), wanted.shape[1:])


def test_lstm_gives_keras_numbers(width):
    d = case("lstm_random")
    params = LstmParams(d["kernel"], d["recurrent_kernel"], d["bias"])
    last, every, back = nn.lstm(5), nn.lstm(5, return_sequences=True), nn.lstm(5, go_backwards=True)
    assert_near(last.apply(params, d["x"]), d["last"], width)
    assert_near(every.apply(params, d["x"]), d["seq"], width)
    assert_near(back.apply(params, d["x"]), d["backwards_last"], width)
    assert_near(last.apply(params, d["x"], mask=d["mask"]), d["masked_last"], width)
    assert_near(every.apply(params, d["x"], mask=d["mask"]), d["masked_seq"], width)
    assert_near(last.apply(params, d["x"], initial_state=State(d["h0"], d["c0"])), d["init_last"], width)
    states = nn.lstm_states(params, jnp.asarray(d["x"]))
    assert_near(states.h[:, -1], d["h"], width)
    assert_near(states.c[:, -1], d["c"], width)


def test_lstm_gradients_are_keras(width):
    d, g = case("lstm_random"), case("lstm_random_grads")
    params = LstmParams(*map(jnp.asarray, (d["kernel"], d["recurrent_kernel"], d["bias"])))
    value = lambda params, x: jnp.sum(nn.lstm(5).apply(params, x) * g["cotangent"])
    by_params, by_x = jax.grad(value, argnums=(0, 1))(params, jnp.asarray(d["x"]))
    for got, wanted in zip((*by_params, by_x), (g["d_kernel"], g["d_recurrent"], g["d_bias"], g["d_x"]), strict=True):
        assert_near(got, wanted, width, float32=2e-5)


# Keras' own vectors, from its test of the LSTM: kernel 0.01, recurrent kernel 0.02, x = 0, 1, 2, …
HARD_CODED = [
    ((3, 6, 4), 3, 1.0, {}, [[0.6288687] * 3, [0.86899155] * 3, [0.9460773] * 3]),
    ((3, 6, 4), 3, 1.0, {"back": True}, [[0.35622165] * 3, [0.74789524] * 3, [0.8872726] * 3]),
    ((3, 6, 4), 3, 0.03, {}, [[0.57019705] * 3, [0.8661914] * 3, [0.9459622] * 3]),
    ((2, 4, 3), 2, 1.0, {"start": [[0.0, 1.0], [2.0, 3.0]]}, [[0.20574439, 0.3558822], [0.64930826, 0.66276]]),
    ((2, 4, 3), 2, 1.0, {"start": [[0.0, 1.0], [2.0, 3.0]], "back": True}, [[0.13281618, 0.2790356], [0.5839337, 0.5992567]]),
    ((2, 4, 3), 2, 1.0, {"mask": [[1, 1, 1, 0], [1, 1, 0, 0]]}, [[0.11755939] * 2, [0.28556206] * 2]),
    ((2, 4, 3), 2, 1.0, {"mask": [[0, 1, 1, 1], [0, 0, 1, 1]], "back": True}, [[0.15341201] * 2, [0.3844719] * 2]),
]


@pytest.mark.parametrize(("shape", "units", "forget", "how", "wanted"), HARD_CODED)
def test_lstm_gives_the_vectors_in_keras_own_tests(shape, units, forget, how, wanted):
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    bias = np.repeat([0.03, forget, 0.03, 0.03], units)
    params = LstmParams(np.full((shape[2], 4 * units), 0.01), np.full((units, 4 * units), 0.02), bias)
    state = State(*map(np.float32, (how["start"], how["start"]))) if "start" in how else None
    mask = np.array(how["mask"], bool) if "mask" in how else None
    h = nn.lstm(units, go_backwards="back" in how).apply(params, x, mask=mask, initial_state=state)
    np.testing.assert_allclose(h, wanted, rtol=1e-6)  # printed with 7 or 8 digits


def test_dense_and_activations_give_keras_numbers(width):
    d = case("dense_losses")
    for name, wanted in (("linear", d["z"]), ("relu", d["relu"]), ("sigmoid", d["sigmoid"])):
        layer = nn.dense(4, activation=name)
        assert_near(layer.apply(with_weights(layer, [d["kernel"], d["bias"]]), d["x"]), wanted, width)
    assert_near(nn.activation("softmax").apply((), d["z"]), d["softmax"], width)


def test_losses_are_keras_cross_entropies(width):
    """Keras' values are printed for each row; the loss of one row is that row's."""
    d = case("dense_losses")
    net, one = nn.sequential(nn.dense(4)), nn.sequential(nn.dense(1))
    tenfold = with_weights(net, [10 * d["kernel"], 10 * d["bias"]])
    rows = [cnn.loss(tenfold, d["x"][i : i + 1], d["labels"][i : i + 1], net=net) for i in range(6)]
    saved = 2**-24  # Keras gave these in float32, of float64 logits
    assert_near(jnp.stack(rows), d["sparse_cce_of_10z"], width, float64=saved)
    hundredfold = with_weights(one, [100 * d["kernel"][:, :1], 100 * d["bias"][:1]])
    rows = [text_lstm.loss(hundredfold, d["x"][i : i + 1], d["ybin"][i : i + 1], net=one) for i in range(6)]
    assert_near(jnp.stack(rows), d["bce_logits_of_100z0"], width, float64=saved)


def test_a_convolution_net_gives_keras_numbers_and_gradients(width):
    d = case("cnn_full")
    net = nn.sequential(
        nn.conv2d(4, 3, activation="relu"),
        nn.max_pooling2d(2),
        nn.conv2d(6, 3, activation="relu", padding="same"),
        nn.max_pooling2d(2),
        nn.flatten(),
        nn.dense(8, activation="relu"),
        nn.dense(3),
    )
    params = with_weights(net, [d[f"w{i}"] for i in range(8)])
    assert_near(cnn.predict_proba(params, d["x"], net=net), d["probs"], width)
    value, grads = jax.value_and_grad(cnn.loss)(params, d["x"], d["labels"], net=net)
    assert_near(value, d["loss"], width)
    ordered = [leaf for name in ("conv2d", "conv2d_1", "dense", "dense_1") for leaf in grads[name]]
    for i, got in enumerate(ordered):
        assert_near(got, d[f"g{i}"], width, float32=2e-5)


def test_a_text_net_gives_keras_numbers_with_and_without_mask(width):
    d = case("text_lstm_full")
    for mask_zero, wanted in ((True, d["prob_mask_zero"]), (False, d["prob_no_mask"])):
        net = nn.sequential(nn.embedding(11, 4, mask_zero=mask_zero), nn.lstm(5), nn.dense(1))
        params = with_weights(net, [d[f"w{i}"] for i in range(6)])
        assert_near(text_lstm.predict_proba(params, d["ids"], net=net), wanted[:, 0], width)


def keras_adam(rate, b1=0.9, b2=0.999, eps=1e-7):
    """Adam as Keras has it, with eps beside √v before v is corrected; optax adds it after."""
    moments = optax.scale_by_adam(b1, b2, eps=0.0)

    def update(grads, state, params=None):
        _, state = moments.update(grads, state, params)
        t = state.count
        step = rate * jnp.sqrt(1 - b2**t) / (1 - b1**t)
        return jax.tree.map(lambda m, v: -step * m / (jnp.sqrt(v) + eps), state.mu, state.nu), state

    return optax.GradientTransformation(moments.init, update)


OPTIMIZERS = {
    "sgd": lambda: optax.sgd(0.05),
    "momentum": lambda: optax.sgd(0.05, momentum=0.9),
    "nesterov": lambda: optax.sgd(0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda: optax.rmsprop(0.01, decay=0.9, eps=1e-7),
    "adam": lambda: keras_adam(0.01),
    "adagrad": lambda: optax.adagrad(0.1, initial_accumulator_value=0.1, eps=1e-7),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optax_walks_as_keras_optimizers_do(name, x64):
    wanted, optimizer = case("optimizers_quadratic")[name], OPTIMIZERS[name]()
    params = jnp.array([1.0, -2.0, 3.0])
    state, path = optimizer.init(params), []
    for _ in range(25):
        updates, state = optimizer.update(jnp.array([1.0, 10.0, 0.1]) * params, state, params)
        params = optax.apply_updates(params, updates)
        path.append(params)
    assert_near(jnp.stack(path), wanted, "float64")


# ---------------------------------------------------------------- PyTorch's numbers


def nhwc(a):
    return np.moveaxis(a, 1, -1)


@pytest.mark.parametrize("name", ["Conv2d", "Conv2d_strided", "Conv2d_padding", "Conv2d_no_bias"])
def test_conv2d_gives_pytorch_numbers(name):
    d = case(f"pytorch_{name}", ONNX)
    kernel = d["init_1"].transpose(2, 3, 1, 0)
    strides, frame = (1 if name in ("Conv2d", "Conv2d_no_bias") else 2), int(name == "Conv2d_padding")
    layer = nn.conv2d(4, kernel.shape[:2], strides=strides)
    x = np.pad(nhwc(d["input_0"]), [(0, 0), (frame, frame), (frame, frame), (0, 0)])
    got = layer.apply(with_weights(layer, [kernel, d.get("init_2", np.zeros(4, np.float32))]), x)
    np.testing.assert_allclose(got, nhwc(d["output_0"]), rtol=0, atol=2e-6)


@pytest.mark.parametrize("name", ["pytorch_MaxPool2d", "pytorch_AvgPool2d", "pytorch_AvgPool2d_stride"])
def test_pooling_gives_pytorch_numbers(name):
    d = case(name, ONNX)
    x = nhwc(d["input_0"])
    if "Max" in name:  # PyTorch's frame of −∞, one wide; here a low number stands for it
        x = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], constant_values=-1e9)
    layer = nn.max_pooling2d(3, strides=2) if "Max" in name else nn.average_pooling2d(2)
    np.testing.assert_allclose(layer.apply((), x), nhwc(d["output_0"]), rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize("name", ["precomputed_same_upper", "precomputed_strides"])
def test_pooling_gives_onnx_numbers(kind, name):
    d = case(f"node_{kind}pool_2d_{name}", ONNX)
    pooling = {"max": nn.max_pooling2d, "average": nn.average_pooling2d}[kind]
    layer = pooling(3, strides=2, padding="same") if "same" in name else pooling(2)
    np.testing.assert_allclose(layer.apply((), nhwc(d["in_x"])), nhwc(d["out_y"]), rtol=1e-6)


@pytest.mark.parametrize("name", ["Linear", "Linear_no_bias"])
def test_dense_gives_pytorch_numbers(name):
    d, layer = case(f"pytorch_{name}", ONNX), nn.dense(8)
    got = layer.apply(with_weights(layer, [d["init_1"].T, d.get("init_2", np.zeros(8, np.float32))]), d["input_0"])
    np.testing.assert_allclose(got, d["output_0"], rtol=0, atol=2e-6)


def test_embedding_gives_pytorch_numbers():
    d, layer = case("pytorch_Embedding", ONNX), nn.embedding(4, 3)
    np.testing.assert_array_equal(layer.apply(with_weights(layer, [d["init_1"]]), d["input_0"]), d["output_0"])


@pytest.mark.parametrize("name", ["Softmax", "softmax_lastdim", "Sigmoid", "Tanh", "Softplus", "ReLU"])
def test_activations_give_pytorch_numbers(name):
    d = case(f"pytorch_{name}", ONNX)
    got = nn.activation(name.split("_")[0].lower()).apply((), d["input_0"])
    np.testing.assert_allclose(got, d["output_0"], rtol=2e-6, atol=1e-7)


# ---------------------------------------------------------------- the formulas, written out


@given(st.data())
@settings(max_examples=25, derandomize=True, deadline=None)
def test_convolution_is_its_sum(data):
    """y[i, j, o] = Σ x[s i + u, s j + v, c] K[u, v, c, o] + b[o], with the frame that "same" means, in loops."""
    draw = lambda low, high: data.draw(st.integers(low, high))
    kernel_size, strides = (draw(1, 4), draw(1, 4)), (draw(1, 3), draw(1, 3))
    padding = data.draw(st.sampled_from(["valid", "same"]))
    h, w = draw(kernel_size[0], 7), draw(kernel_size[1], 7)
    rng = np.random.default_rng(draw(0, 10**6))
    x, kernel, bias = rng.normal(size=(2, h, w, 2)), rng.normal(size=(*kernel_size, 2, 3)), rng.normal(size=3)
    layer = nn.conv2d(3, kernel_size, strides=strides, padding=padding)
    got = np.asarray(layer.apply(with_weights(layer, [kernel, bias]), x))
    if padding == "same":
        needed = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip((h, w), kernel_size, strides, strict=True)]
        x = np.pad(x, [(0, 0), *((p // 2, p - p // 2) for p in needed), (0, 0)])
    for i, j in np.ndindex(got.shape[1:3]):
        window = x[:, i * strides[0] :, j * strides[1] :][:, : kernel_size[0], : kernel_size[1]]
        np.testing.assert_allclose(got[:, i, j], np.einsum("nuvc,uvco->no", window, kernel) + bias, rtol=0, atol=1e-5)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [(1, 1), (2, 2), (1, 3)])
@pytest.mark.parametrize("window", [(3, 3), (2, 4), (1, 1)])
def test_gradients_of_windows_are_those_of_the_plain_form(window, strides, padding, x64):
    """XLA's own convolution and windows, differentiated by JAX; no ties in random numbers."""
    rng = np.random.default_rng(0)
    x, kernel, bias = (jnp.asarray(rng.normal(size=s)) for s in ((2, 7, 6, 3), (*window, 3, 4), (4,)))
    layer = nn.conv2d(4, window, strides=strides, padding=padding)
    plain = lambda x, kernel, bias: (
        jax.lax.conv_general_dilated(x, kernel, strides, padding.upper(), dimension_numbers=("NHWC", "HWIO", "NHWC")) + bias
    )
    ours = lambda x, *weights: layer.apply(type(layer.expects)(*weights), x)
    assert_same_function(ours, plain, x, kernel, bias)
    around = ((1, *window, 1), (1, *strides, 1), padding.upper())
    largest = lambda x: jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, *around)
    total = lambda x: jax.lax.reduce_window(x, 0.0, jax.lax.add, *around)
    assert_same_function(lambda x: nn.max_pooling2d(window, strides=strides, padding=padding).apply((), x), largest, x)
    mean = lambda x: total(x) / total(jnp.ones_like(x))
    assert_same_function(lambda x: nn.average_pooling2d(window, strides=strides, padding=padding).apply((), x), mean, x)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("window", [(2, 2), (3, 2), (2, 5)])
def test_every_derivative_of_windows_side_by_side(window, padding, x64):
    """Of zeros as relu leaves them, and a last row that no window, or a part of one, covers: XLA's windows choose the same entries."""
    x, dx = (jnp.asarray(np.random.default_rng(i).normal(size=(2, 7, 5, 3))) for i in range(2))
    x = jnp.maximum(x, 0)
    around = ((1, *window, 1), (1, *window, 1), padding.upper())
    plain = lambda x, w: jnp.sum(w * (1 + jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, *around)) ** 2)
    ours = lambda x, w: jnp.sum(w * (1 + max_pooling(x, window, window, padding)) ** 2)
    w = np.random.default_rng(2).normal(size=jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, *around).shape)

    @jax.jit
    def derivatives(x, dx, w):
        """XLA's gradient; ours, image by image, forwards, and the gradient along dx differentiated again."""
        slope = jax.grad(ours)
        of_one = jax.vmap(lambda x, w: slope(x[None], w[None])[0])(x, w)
        forwards = jax.jvp(lambda x: ours(x, w), (x,), (dx,))[1]
        return jax.grad(plain)(x, w), slope(x, w), of_one, forwards, jax.grad(lambda x: jnp.vdot(slope(x, w), dx))(x)

    wanted, backwards, of_one, forwards, bent = derivatives(x, dx, w)
    chex.assert_trees_all_close(backwards, wanted, rtol=0, atol=1e-12)
    chex.assert_trees_all_close(of_one, wanted, rtol=0, atol=1e-12)
    np.testing.assert_allclose(forwards, jnp.vdot(wanted, dx), rtol=1e-12)  # a sum of 210 numbers
    # ∂/∂x of 2 w (1 + x) is 2 w where x is the largest, and 0 elsewhere
    chex.assert_trees_all_close(bent, wanted / (1 + x) * dx, rtol=0, atol=1e-12)


def test_a_number_that_is_not_one_is_the_largest():
    """A NaN in a window reaches the answer, and its slope the place where it stands: it is not lost."""
    x = jnp.ones((1, 2, 4, 1)).at[0, 1, 2, 0].set(jnp.nan)
    y, slope = jax.value_and_grad(lambda x: max_pooling(x, (2, 2), (2, 2), "valid").sum())(x)
    assert jnp.isnan(y)
    np.testing.assert_array_equal(slope[0, :, :, 0], [[1, 0, 0, 0], [0, 0, 1, 0]])


def assert_same_function(ours, plain, *arguments):
    """The same values and the same gradients by every argument."""
    got, wanted = jax.jit(ours)(*arguments), plain(*arguments)
    chex.assert_trees_all_close(got, wanted, rtol=0, atol=1e-12)
    weights = np.random.default_rng(1).normal(size=wanted.shape)
    every = tuple(range(len(arguments)))
    slope = lambda f: jax.jit(jax.grad(lambda *a: jnp.sum(f(*a) * weights), argnums=every))(*arguments)
    chex.assert_trees_all_close(slope(ours), slope(plain), rtol=0, atol=1e-12)


def test_the_first_of_equal_largest_numbers_has_the_gradient():
    """N02: ties are common behind relu; Keras', PyTorch's and XLA's windows choose the first too."""
    slope = jax.grad(lambda x: nn.max_pooling2d(2).apply((), x).sum())(jnp.zeros((1, 4, 4, 2)))
    np.testing.assert_array_equal(slope[0, :, :, 0], [[1, 0, 1, 0], [0, 0, 0, 0]] * 2)


def test_lstm_cell_is_a_step_of_the_layer(width):
    d = case("lstm_random")
    params, state = LstmParams(d["kernel"], d["recurrent_kernel"], d["bias"]), State(np.zeros((3, 5), width), np.zeros((3, 5), width))
    for t in range(7):
        gates = nn.lstm_gates(params, state, d["x"][:, t])
        assert all(np.min(gate) > 0 and np.max(gate) < 1 for gate in (gates.i, gates.f, gates.o))
        state = nn.lstm_cell(params, state, d["x"][:, t])
    assert_near(state.h, d["last"], width)


def test_a_masked_step_is_as_if_it_were_not_there(x64):
    rng, layer = np.random.default_rng(0), nn.lstm(4)
    params, _ = layer.init(jax.random.key(0), (5, 3))
    x = rng.normal(size=(2, 5, 3))
    mask = np.array([[1, 0, 1, 1, 0], [1, 0, 1, 1, 0]], bool)
    np.testing.assert_allclose(layer.apply(params, x, mask=mask), layer.apply(params, x[:, [0, 2, 3]]), rtol=0, atol=1e-15)
    slope = jax.grad(lambda x: layer.apply(params, x, mask=mask).sum())(jnp.asarray(x))
    assert np.all(slope[:, [1, 4]] == 0) and np.all(np.abs(slope[:, [0, 2, 3]]).sum(axis=2) > 0)


def test_a_text_of_padding_alone_leaves_the_lstm_at_zero():
    """B25: the state stays 0, and value and gradient are finite."""
    params = text_lstm.init(jax.random.key(0), vocabulary_size=6)
    x, y = np.zeros((2, 4), int), np.array([0, 1])
    assert np.all(text_lstm.logits(params, x) == 0)  # biases start at 0
    value, grads = jax.value_and_grad(text_lstm.loss)(params, x, y)
    assert np.isfinite(value) and all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(grads))


def test_the_mask_goes_through_the_layers_after_the_embedding(x64):
    """Dropout, a dense layer and a first LSTM hand it on; the last LSTM uses it up."""
    net = nn.sequential(nn.embedding(9, 3, mask_zero=True), nn.dropout(0.5), nn.dense(4), nn.lstm(5, return_sequences=True), nn.lstm(2))
    params, shape = net.init(jax.random.key(1), (6,))
    ids = np.array([[3, 1, 4, 0, 0, 0]])
    assert shape == (2,)
    np.testing.assert_allclose(net.apply(params, ids), net.apply(params, ids[:, :3]), rtol=0, atol=1e-15)
    nested = nn.sequential(nn.sequential(*net.layers[:2]), nn.sequential(*net.layers[2:]))
    inside = {"sequential": {"embedding": params["embedding"]}, "sequential_1": {k: params[k] for k in ("dense", "lstm", "lstm_1")}}
    np.testing.assert_array_equal(nested.apply(inside, ids), net.apply(params, ids))


# ---------------------------------------------------------------- where weights start


def test_starts_are_keras(width):
    """Bounds, spread and structure; Keras' own numbers come from another generator."""
    key = jax.random.key(3)
    params, _ = nn.conv2d(64, 3).init(key, (8, 8, 32))
    limit = np.sqrt(6 / (9 * 32 + 9 * 64))
    assert params.kernel.dtype == width and np.abs(params.kernel).max() <= limit and np.all(params.bias == 0)
    assert np.std(params.kernel) == pytest.approx(limit / np.sqrt(3), rel=0.02)
    params, _ = nn.lstm(16).init(key, (5, 8))
    assert np.abs(params.kernel).max() <= np.sqrt(6 / (8 + 64)) and np.abs(params.kernel).max() > 0.99 * np.sqrt(6 / (8 + 64))
    np.testing.assert_allclose(params.recurrent_kernel @ params.recurrent_kernel.T, np.eye(16), atol=1e-6)
    np.testing.assert_array_equal(params.bias, np.repeat([0, 1, 0, 0], 16))
    params, _ = nn.embedding(500, 20).init(key, (4,))
    assert np.abs(params.embeddings).max() <= 0.05 and np.std(params.embeddings) == pytest.approx(0.0289, rel=0.02)


def test_the_same_key_gives_the_same_start_inside_jit_and_out():
    key, other = jax.random.key(0), jax.random.key(1)
    chex.assert_trees_all_equal(cnn.init(key), jax.jit(cnn.init)(key))
    assert not np.array_equal(cnn.init(key)["dense"].kernel, cnn.init(other)["dense"].kernel)
    first, second = (cnn.init(key)[name].kernel for name in ("conv2d_1", "conv2d_2"))
    assert not np.array_equal(first[:, :, :32], second[:, :, :32])
    chex.assert_trees_all_equal(cnn.init(jax.random.PRNGKey(0)), cnn.init(key))
    many = jax.vmap(lambda k: nn.dense(2).init(k, (3,))[0])(jax.random.split(key, 4))
    assert many.kernel.shape == (4, 3, 2) and len(np.unique(many.kernel)) == 24


# ---------------------------------------------------------------- dropout


def test_dropout_drops_with_a_key_alone_and_keeps_the_mean():
    layer, x = nn.dropout(0.3), jnp.ones((200, 500))
    np.testing.assert_array_equal(layer.apply((), x), x)
    dropped = layer.apply((), x, key=jax.random.key(0))
    assert set(np.unique(dropped)) == {0, np.float32(1 / 0.7)}
    assert np.mean(dropped == 0) == pytest.approx(0.3, abs=5 * np.sqrt(0.3 * 0.7 / x.size))
    assert not np.array_equal(dropped, layer.apply((), x, key=jax.random.key(1)))
    np.testing.assert_array_equal(nn.dropout(0.0).apply((), x, key=jax.random.key(0)), x)


def test_two_dropouts_in_a_net_drop_differently():
    net = nn.sequential(nn.dropout(0.5), nn.dropout(0.5))
    got = net.apply({}, jnp.ones((100, 100)), key=jax.random.key(0))
    assert np.mean(got > 0) == pytest.approx(0.25, abs=0.03)  # a shared draw would keep half


# ---------------------------------------------------------------- the table


def test_summary_of_the_guides_nets():
    text = nn.summary(cnn.model, (28, 28, 1))
    assert "Total params: 93,322 (364.54 KB)" in text
    assert "│ conv2d_1 (Conv2D)              │ (None, 11, 11, 64) │  18,496 │ Conv2D(64, 3×3): 64 × (3 × 3 × 32 + 1) = 18,496" in text
    text = nn.summary(text_lstm.model(15), (10,))
    assert "Total params: 7,329 (28.63 KB)" in text and "LSTM(32): 4 × (32 × (16 + 32) + 32) = 6,272" in text
    assert text.count("├") == 3 and "Non-trainable params: 0 (0.00 B)" in text


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.conv2d(5, (2, 3), strides=2, padding="same"), (9, 8, 3)),
        (nn.dense(7), (4, 6)),
        (nn.embedding(12, 3), (5,)),
        (nn.lstm(6, return_sequences=True), (5, 4)),
    ],
)
def test_formulas_count_what_init_makes(layer, shape):
    params, output_shape = layer.init(jax.random.key(0), shape)
    x = np.zeros((2, *shape), int if layer.name == "embedding" else float)
    assert layer.apply(params, x).shape == (2, *output_shape)
    written, total = layer.formula(shape).partition(": ")[2], sum(leaf.size for leaf in params)
    assert eval(written.replace("×", "*")) == total
    assert f"= {total:,}" in nn.summary(layer, shape)


def test_summary_needs_no_memory():
    """A net of 40 GB is counted from its shapes."""
    assert "10,000,000,000" in nn.summary(nn.embedding(10**8, 100), (5,)) and "37.25 GB" in nn.summary(nn.embedding(10**8, 100), (5,))


# ---------------------------------------------------------------- transformations


def test_layers_jit_vmap_and_differentiate_forwards_and_twice(x64):
    net = nn.sequential(nn.conv2d(3, 2, activation="tanh"), nn.max_pooling2d(2), nn.flatten(), nn.dense(2))
    params, _ = net.init(jax.random.key(0), (5, 5, 1))
    x = jnp.asarray(np.random.default_rng(0).normal(size=(4, 5, 5, 1)))
    z = net.apply(params, x)
    chex.assert_trees_all_close(jax.jit(net.apply)(params, x), z, rtol=0, atol=1e-14)
    chex.assert_trees_all_close(jax.vmap(lambda row: net.apply(params, row[None])[0])(x), z, rtol=0, atol=1e-14)
    f = lambda x: net.apply(params, x[None])[0]
    chex.assert_trees_all_close(jax.jacfwd(f)(x[0]), jax.jacrev(f)(x[0]), rtol=0, atol=1e-14)
    curvature = jax.hessian(lambda x: f(x).sum())(x[0]).reshape(25, 25)
    chex.assert_trees_all_close(curvature, curvature.T, rtol=0, atol=1e-14)
    assert np.abs(curvature).max() > 1e-3


def test_lstm_differentiates_forwards_and_twice(x64):
    layer = nn.lstm(3)
    params, _ = layer.init(jax.random.key(0), (4, 2))
    x = jnp.asarray(np.random.default_rng(0).normal(size=(4, 2)))
    f = lambda x: layer.apply(params, x[None])[0]
    chex.assert_trees_all_close(jax.jacfwd(f)(x), jax.jacrev(f)(x), rtol=0, atol=1e-14)
    curvature = jax.hessian(lambda x: f(x).sum())(x).reshape(8, 8)
    chex.assert_trees_all_close(curvature, curvature.T, rtol=0, atol=1e-14)
    assert np.abs(curvature).max() > 1e-3


def test_ids_out_of_range_inside_jit_are_nan_and_never_a_row():
    layer = nn.embedding(3, 2)
    params, _ = layer.init(jax.random.key(0), (2,))
    got = jax.jit(layer.apply)(params, jnp.array([[0, 3], [-1, 2]]))
    np.testing.assert_array_equal(np.isnan(got).all(axis=2), [[False, True], [True, False]])


def test_many_examples_go_through_in_blocks_and_come_out_in_order():
    """2,345 rows in three blocks; the memory of a net is that of one."""
    net = nn.sequential(nn.flatten(), nn.dense(3))
    params = cnn.init(jax.random.key(0), input_shape=(2, 2, 1), net=net)
    x = np.random.default_rng(0).normal(size=(2345, 2, 2, 1)).astype(np.float32)
    z = cnn.logits(params, x, net=net)
    np.testing.assert_array_equal(cnn.predict(params, x, net=net), np.argmax(z, axis=1))
    np.testing.assert_allclose(cnn.predict_proba(params, x, net=net), jax.nn.softmax(z), rtol=1e-5)
    np.testing.assert_array_equal(jax.jit(lambda x: cnn.predict(params, x, net=net))(x), np.argmax(z, axis=1))
