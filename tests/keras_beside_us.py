"""A program that runs Keras and us side by side, in a process of its own: the backend must be chosen before Keras is imported.

Its NumPy backend: hardly anything is compiled, and its loops over time steps and masks share no code with ours.

python tests/keras_beside_us.py FOLDER N draws N nets and leaves in FOLDER what both make of them (nets.json).  With N = 0 it leaves files
that Keras wrote, what it predicts with them, and its tables.
"""

import json
import os
import sys
from pathlib import Path

FORMATS = ("keras", "weights.h5", "h5")
ACTIVATIONS = (
    *("elu", "exponential", "gelu", "leaky_relu", "linear", "relu", "selu", "sigmoid", "silu", "softmax", "softplus", "tanh"),
    None,
)


def images(r):
    """Layers for images, as (name here, class in Keras, arguments) each, and the shape of an image."""
    h, w, c = (int(n) for n in (r.randint(6, 10), r.randint(6, 10), r.randint(1, 4)))
    input_shape, layers = (h, w, c), []
    size = lambda low, high: int(r.randint(low, high)) if r.rand() < 0.5 else tuple(int(n) for n in r.randint(low, high, 2))
    both = lambda n: (n, n) if isinstance(n, int) else n
    for _ in range(r.randint(1, 5)):
        window, strides, padding = size(1, 4), size(1, 4), str(r.choice(["valid", "same"]))
        kind = r.randint(6)
        if kind < 3:
            window_of = {"kernel_size": window}
            some = {
                "filters": int(r.randint(1, 5)),
                **window_of,
                "strides": strides,
                "padding": padding,
                "activation": drawn(r, ACTIVATIONS),
            }
            layer = ("conv2d", "Conv2D", some)
        elif kind < 5:
            strides = None if r.rand() < 0.5 else strides
            name = drawn(r, [("max_pooling2d", "MaxPooling2D"), ("average_pooling2d", "AveragePooling2D")])
            layer = (*name, {"pool_size": window, "strides": strides, "padding": padding})
        else:
            layer = drawn(r, [("dropout", "Dropout", {"rate": 0.5}), ("dense", "Dense", {"units": int(r.randint(1, 5))})])
        if kind < 5:
            step = both(window if strides is None else strides)
            after = lambda n, k, s, padding=padding: -(-n // s) if padding == "same" else (n - k) // s + 1
            h, w = (after(n, k, s) for n, k, s in zip((h, w), both(window), step, strict=True))
            if min(h, w) < 1:
                break  # the window fits nowhere: Keras and we refuse it
        layers.append(layer)
    if not layers or r.rand() < 0.8:
        layers.append(drawn(r, [("flatten", "Flatten", {}), ("global_average_pooling", "GlobalAveragePooling2D", {})]))
    return layers + ending(r), input_shape


def texts(r):
    """Layers for ids, and the number of steps."""
    embedding = {"vocabulary_size": 9, "dim": int(r.randint(1, 5)), "mask_zero": bool(r.rand() < 0.7)}
    layers = [("embedding", "Embedding", embedding)]
    depth = r.randint(1, 4)
    for i in range(depth):
        sequences = bool(i < depth - 1 or r.rand() < 0.3)
        layers.append(
            ("lstm", "LSTM", {"units": int(r.randint(1, 5)), "return_sequences": sequences, "go_backwards": bool(r.rand() < 0.4)})
        )
        if r.rand() < 0.2:
            layers.append(("dropout", "Dropout", {"rate": 0.3}))
        if r.rand() < 0.2:
            layers.append(("dense", "Dense", {"units": int(r.randint(1, 5)), "activation": drawn(r, ACTIVATIONS)}))
    if sequences and r.rand() < 0.5:
        layers.append(("flatten", "Flatten", {}))
    return layers + ending(r), (int(r.randint(3, 7)),)


def ending(r):
    layers = []
    for _ in range(r.randint(0, 3)):
        layers.append(("dense", "Dense", {"units": int(r.randint(1, 6)), "activation": drawn(r, ACTIVATIONS)}))
    if r.rand() < 0.3:
        layers.append(("activation", "Activation", {"function": drawn(r, ACTIVATIONS[:-1])}))
    return layers


def drawn(r, values):
    return values[r.randint(len(values))]


def ours(layers):
    from jaxml import nn

    def layer(name, arguments):
        arguments = dict(arguments)
        positional = [arguments.pop(n) for n in list(arguments) if n in POSITIONAL]
        return getattr(nn, name)(*positional, **arguments)

    return nn.sequential(*(layer(name, arguments) for name, _, arguments in layers))


POSITIONAL = ("filters", "kernel_size", "pool_size", "units", "vocabulary_size", "dim", "rate", "function")
IN_KERAS = {"vocabulary_size": "input_dim", "dim": "output_dim", "function": "activation"}


def theirs(keras, layers, shape):
    keras.utils.clear_session(free_memory=False)
    layer = lambda kind, arguments: getattr(keras.layers, kind)(**{IN_KERAS.get(n, n): v for n, v in arguments.items()})
    return keras.Sequential([keras.Input(batch_shape=shape), *(layer(kind, arguments) for _, kind, arguments in layers)])


def ids(r, n, t):
    """Ids with zeros before, between and after, one row of zeros only, and one without any."""
    x = r.randint(1, 9, (n, t)) * (r.rand(n, t) < 0.6)
    x[0], x[1] = 0, r.randint(1, 9, t)
    return x


def compare(keras, folder, seed):
    """What both make of one net with the same weights."""
    import jax
    import numpy as np

    from jaxml.interop.keras import from_file, from_weights, to_weights
    from jaxml.nn.sequential import unique_names
    from jaxml.nn.summary import shapes_of

    r = np.random.RandomState(seed)
    layers, input_shape = images(r) if seed % 2 else texts(r)
    x = r.randn(3, *input_shape).astype(np.float32) if seed % 2 else ids(r, 5, *input_shape)
    net, model = ours(layers), theirs(keras, layers, x.shape)
    # larger biases than Keras' zeros, which would hide a mistake in them
    weights = [(r.randn(*w.shape) / np.sqrt(max(1, np.prod(w.shape[:-1])))).astype(np.float32) for w in model.get_weights()]
    model.set_weights(weights)
    params = from_weights(net, weights)
    expected, found = np.asarray(model(x, training=False)), np.asarray(jax.jit(net.apply)(params, x))
    row = {
        "net": f"{seed}: {input_shape} {[(name, arguments) for name, _, arguments in layers]}",
        "shapes": [list(expected.shape[1:]), list(found.shape[1:]), list(shapes_of(net, input_shape)[1])],
        "counts": [model.count_params(), sum(leaf.size for leaf in jax.tree.leaves(params))],
        "names": [[each.name for each in model.layers], unique_names(net.layers)],
        "same_weights": same(to_weights(net, params), weights),
        "error": float(np.max(np.abs(expected - found)) / np.max(np.abs(expected), initial=1e-30))
        if expected.shape == found.shape
        else None,
        "finite": bool(np.isfinite(expected).all()),
    }
    path = folder / f"net.{FORMATS[seed // 2 % 3]}"
    save(model, path)
    return {**row, "same_file": same(to_weights(net, from_file(net, path)), weights)}


def same(a, b):
    return len(a) == len(b) and all(v.dtype == w.dtype and v.tobytes() == w.tobytes() for v, w in zip(a, b, strict=True))


def save(model, path):
    model.save_weights(path) if path.suffixes == [".weights", ".h5"] else model.save(path)


def guide(keras, folder):
    """The two nets of a popular guide as files, with an optimizer's state; what they predict, and Keras' tables."""
    import numpy as np

    k, r = keras.layers, np.random.RandomState(0)
    cnn = lambda: [
        *(k.Conv2D(32, (3, 3), activation="relu"), k.MaxPooling2D((2, 2))),
        *(k.Conv2D(64, (3, 3), activation="relu"), k.MaxPooling2D((2, 2))),
        *(k.Conv2D(64, (3, 3), activation="relu"), k.Flatten()),
        *(k.Dense(64, activation="relu"), k.Dense(10, activation="softmax")),
    ]
    text = lambda: [
        *(k.Embedding(9, 16, mask_zero=True), k.LSTM(32)),
        *(k.Dense(24, activation="relu"), k.Dense(1, activation="sigmoid")),
    ]
    arrays, tables = {}, {}
    for name, layers, x in (("cnn", cnn, r.rand(4, 28, 28, 1).astype(np.float32)), ("lstm", text, ids(r, 4, 12))):
        keras.utils.clear_session(free_memory=False)
        model = keras.Sequential([keras.Input(x.shape[1:]), *layers()])
        model.set_weights([w + 0.1 * r.randn(*w.shape).astype(np.float32) for w in model.get_weights()])
        tables[name] = table(model)
        model.compile("adam", "mse")
        model.optimizer.build(model.trainable_variables)
        arrays |= {f"{name}_x": x, f"{name}_y": np.asarray(model(x, training=False))}
        for kind in FORMATS:
            save(model, folder / f"{name}.{kind}")
    np.savez(folder / "guide.npz", **arrays)
    (folder / "tables.json").write_text(json.dumps(tables))


def others(keras, folder):
    """Models of the functional API, nested ones, and ones that we have no layers for."""
    import numpy as np

    k = keras.layers
    start = keras.Input((4, 4, 2))
    y = k.Conv2D(2, 3, name="eyes")(start)
    for _ in range(11):  # dense_10 comes before dense_2 in the alphabet
        y = k.Dense(2)(y)
    chain = keras.Model(start, k.Dense(1)(k.Flatten()(y)))
    y = k.Dense(2)(start)
    forked = keras.Model(start, [k.Dense(2)(y), k.Dense(2)(y)])
    y = k.Dense(2)(start)
    shared = k.Dense(2)
    twice = keras.Model(start, shared(shared(y)))
    eyes = keras.Sequential([keras.Input((4, 4, 2)), k.Conv2D(2, 3), k.Flatten()])
    start = keras.Input((8,))
    mixed = keras.Sequential([eyes, keras.Model(start, k.Dense(3)(k.Dense(2)(start)))])
    nested = keras.Sequential([eyes, keras.Sequential([keras.Input((8,)), k.Dense(2), k.Dense(3)])])
    dropped = keras.Sequential([keras.Input((5, 5, 1)), k.Conv2D(2, 3), k.Dropout(0.5, seed=1), k.Flatten(), k.Dropout(0.5), k.Dense(2)])
    models = {"dropped": dropped, "chain": chain, "forked": forked, "twice": twice, "mixed": mixed, "nested": nested}
    settings = {"dilated": {"dilation_rate": 2}, "grouped": {"groups": 2}, "bare": {"use_bias": False}}
    for name, some in settings.items():
        models[name] = keras.Sequential([keras.Input((8, 8, 2)), k.Conv2D(2, 2, **some), k.Dense(1)])
    models["relu_lstm"] = keras.Sequential([keras.Input((3, 2)), k.LSTM(2, activation="relu")])
    models["normalised"] = keras.Sequential([keras.Input((3,)), k.Dense(2), k.BatchNormalization()])
    arrays = {}
    for name, model in models.items():
        for kind in FORMATS:
            save(model, folder / f"{name}.{kind}")
        arrays |= {f"{name}_{i}": w for i, w in enumerate(model.get_weights())}
    np.savez(folder / "others.npz", **arrays)


def table(model):
    lines = []
    model.summary(print_fn=lines.append)
    return "\n".join(lines)


def main(folder, n):
    os.environ["COLUMNS"] = "200"  # of Keras' table
    os.environ.setdefault("KERAS_BACKEND", "numpy")
    import logging

    import keras

    logging.getLogger("absl").setLevel(logging.ERROR)  # Keras calls the older of its formats old
    (folder / "nets.json").write_text(json.dumps([compare(keras, folder, seed) for seed in range(n)], indent=1))
    if n == 0:
        guide(keras, folder)
        others(keras, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
