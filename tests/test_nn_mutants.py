"""Mutants of the layers: each is one slip in the source, and the known answers must see it.

The vectors printed in other libraries' tests have constant weights and are blind to several of these; random weights are not.
"""

import importlib.util
import sys
import types
from pathlib import Path

import jax
import numpy as np
import pytest

import jaxml.nn  # the modules below are looked up by name: the package has functions of the same names
from jaxml import cnn, text_lstm
from jaxml.nn import dense, sequential
from jaxml.nn.dense import Params as DenseParams

NN = Path(jaxml.nn.__file__).parent
KERAS = np.load(Path(__file__).parent / "known_answers" / "keras.npz")

Z = "z = jnp.concatenate([x, state.h], axis=-1) @ both + params.bias"
GATES = "return Gates(i=sigmoid(z_i), f=sigmoid(z_f), g=jnp.tanh(z_c), o=sigmoid(z_o))"
SPLIT = "z_i, z_f, z_c, z_o = jnp.split(z, 4, axis=-1)"
CELL = "c = f * state.c + i * g"
SHOWN = "h=o * jnp.tanh(c)"
LSTM = {
    "i and f exchanged": (SPLIT, SPLIT.replace("z_i, z_f", "z_f, z_i")),
    "i and c exchanged": (SPLIT, SPLIT.replace("z_i, z_f, z_c", "z_c, z_f, z_i")),
    "i and o exchanged": (SPLIT, SPLIT.replace("z_i, z_f, z_c, z_o", "z_o, z_f, z_c, z_i")),
    "f and c exchanged": (SPLIT, SPLIT.replace("z_f, z_c", "z_c, z_f")),
    "f and o exchanged": (SPLIT, SPLIT.replace("z_f, z_c, z_o", "z_o, z_c, z_f")),
    "c and o exchanged": (SPLIT, SPLIT.replace("z_c, z_o", "z_o, z_c")),
    "gates interleaved": (SPLIT, "z_i, z_f, z_c, z_o = (z[..., k::4] for k in range(4))"),
    "features permuted": (Z, Z.replace("[x,", "[x[..., ::-1],")),
    "rows of R permuted": (Z, Z.replace("state.h]", "state.h[..., ::-1]]")),
    "no bias": (Z, Z.replace(" + params.bias", "")),
    "no recurrence": (Z, Z.replace("state.h]", "0 * state.h]")),
    "forget bias added again": (GATES, GATES.replace("sigmoid(z_f)", "sigmoid(z_f + 1)")),
    "candidate through a sigmoid": (GATES, GATES.replace("jnp.tanh(z_c)", "sigmoid(z_c)")),
    "no tanh at the output": (SHOWN, "h=o * c"),
    "gates coupled": (CELL, "c = f * state.c + (1 - f) * g"),
    "the old memory shown": (SHOWN, "h=o * jnp.tanh(state.c)"),
    "time reversed": ("if go_backwards:", "if not go_backwards:"),
    "initial state ignored": ("State(zero, zero) if start is None else start", "State(zero, zero)"),
    "mask ignored": ("new = new if keep is None else", "new = new if True else"),
}
PATCHES = "patches @ kernel.reshape(-1, kernel.shape[-1])"
CONVOLUTION = {
    "kernel flipped": ("_convolve", '(x, kernel, strides, "VALID"', '(x, kernel[::-1, ::-1], strides, "VALID"'),
    "no bias": ("convolution", " + params.bias", ""),
    "strides exchanged": ("convolution", "params.kernel, strides) +", "params.kernel, strides[::-1]) +"),
    "frame before instead of after": ("_windows", "(p // 2, p - p // 2)", "(p - p // 2, p // 2)"),
    "no frame": ("_windows", 'if padding == "valid" or not any(needed):', "if True:"),
    "frame of ones": ("convolution", "padding, 0)", "padding, 1)"),
    "gradient by the kernel flipped": ("_convolve", PATCHES, PATCHES.replace("kernel.reshape", "kernel[::-1].reshape")),
    "gradient by x turned": ("_convolve", "x, kernel.swapaxes(2, 3), strides", "x, kernel[::-1].swapaxes(2, 3), strides"),
    "gradient by the kernel doubled": ("_convolve", "by_x + by_kernel", "by_x + 2 * by_kernel"),
    "patches of the gradient in another order": (
        "_windows",
        "for u in range(window[0]) for v in",
        "for u in range(window[0])[::-1] for v in",
    ),
}
POOLING = {
    "frame of zeros": ("pooling", "padding, -jnp.inf)", "padding, 0)"),
    "least instead of largest": ("_largest", "(x > y)", "(x < y)"),
    "another entry of the window has the slope": ("_largest", ".reshape(u, 1, v, 1)", ".reshape(u, 1, v, 1)[::-1]"),
    "every entry has the slope": ("_largest", "jnp.where(chosen, dx, 0)", "dx"),
    "the slope is a mean": ("_largest", "jnp.sum(jnp.where(chosen", "jnp.mean(jnp.where(chosen"),
    "the last of equal numbers has the slope": ("_largest", "(x > y)", "(x >= y)"),
    "frame counted in the mean": ("pooling", "total(x) / total(jnp.ones_like(x[:1, :, :, :1]))", "total(x) / (window[0] * window[1])"),
    "a sum, not a mean": ("pooling", " / total(jnp.ones_like(x[:1, :, :, :1]))", ""),
    "stride of one": ("pooling", "steps = window if strides is None else", "steps = (1, 1) if strides is None else"),
    "one window short": ("_windows", "for v in range(window[1])]", "for v in range(window[1] - 1)] or [x]"),
}
LOSS = "mean(softplus(m - z_y), weights) + penalty_on_kernels(params, l2)"
TEXT_LOSS = "mean(y * softplus(-z) + (1 - y) * softplus(z), weights) + penalty_on_kernels(params, l2)"
LOSSES = {
    "margin turned": ("cnn", "softplus(m - z_y)", "softplus(z_y - m)"),
    "own label among the others": ("cnn", "jnp.where(is_y == 0, z, -jnp.inf)", "z"),
    "the others' labels": ("cnn", "is_y == 0", "is_y != 0"),
    "weights ignored": ("cnn", "softplus(m - z_y), weights)", "softplus(m - z_y))"),
    "no penalty": ("cnn", LOSS, LOSS.replace("params, l2", "params, 0.0")),
    "a sum": ("cnn", LOSS, LOSS.replace("mean(softplus(m - z_y), weights)", "jnp.sum(softplus(m - z_y) * weights)")),
    "labels exchanged": ("text_lstm", "y * softplus(-z) + (1 - y) * softplus(z)", "y * softplus(z) + (1 - y) * softplus(-z)"),
    "only one label counted": ("text_lstm", TEXT_LOSS, TEXT_LOSS.replace(" + (1 - y) * softplus(z)", "")),
    "weights ignored, text": ("text_lstm", TEXT_LOSS, TEXT_LOSS.replace(", weights)", ")")),
    "penalty doubled": ("text_lstm", TEXT_LOSS, TEXT_LOSS.replace("params, l2", "params, 2 * l2")),
}


def mutant(monkeypatch, *changes):
    """A copy of the package `jaxml.nn` with those changes, each (file, was, is), and nothing else of it changed."""
    changed = {}
    for file, was, now in changes:
        text = changed.get(file, (NN / f"{file}.py").read_text())
        assert was in text, f"{was!r} is no longer in {file}.py"
        changed[file] = text.replace(was, now)
    package = types.ModuleType("mutant")
    package.__path__ = []
    monkeypatch.setitem(sys.modules, "mutant", package)
    for file in ("layer", "_windows", "_convolve", "_largest", "_scan", "initializers", "activations", "convolution", "pooling", "lstm"):
        text = changed.get(file, (NN / f"{file}.py").read_text()).replace("from jaxml.nn.", "from mutant.")
        module = importlib.util.module_from_spec(importlib.util.spec_from_loader(f"mutant.{file}", loader=None))
        monkeypatch.setitem(sys.modules, f"mutant.{file}", module)
        exec(compile(text, f"{file}.py", "exec"), module.__dict__)
    return sys.modules


def lstm_errors(modules):
    """The largest differences to Keras' numbers."""
    d = {key.split("/")[1]: KERAS[key] for key in KERAS.files if key.startswith("lstm_random/")}
    lstm = modules["mutant.lstm"]
    params = lstm.Params(d["kernel"], d["recurrent_kernel"], d["bias"])
    layer, every, back = lstm.lstm(5), lstm.lstm(5, return_sequences=True), lstm.lstm(5, go_backwards=True)
    yield np.abs(layer.apply(params, d["x"]) - d["last"]).max()
    yield np.abs(back.apply(params, d["x"]) - d["backwards_last"]).max()
    yield np.abs(every.apply(params, d["x"], mask=d["mask"]) - d["masked_seq"]).max()
    yield np.abs(layer.apply(params, d["x"], initial_state=lstm.State(d["h0"], d["c0"])) - d["init_last"]).max()


def window_errors(modules):
    """The same for convolutions, their gradients, and poolings; "same" with stride 2 on odd sizes sees the most."""
    convolution, pooling = modules["mutant.convolution"], modules["mutant.pooling"]
    for name in ("conv2d_same_s2_k4x3_7x6", "conv2d_valid_s1_k3x3_7x6", "conv2d_same_s1_k2x2_8x8"):
        d = {key.split("/")[1]: KERAS[key] for key in KERAS.files if key.startswith(f"{name}/")}
        (_, padding, strides, _, _), params = name.split("_"), convolution.Params(d["kernel"], d["bias"])
        layer = convolution.conv2d(4, d["kernel"].shape[:2], strides=int(strides[1:]), padding=padding)
        yield np.abs(layer.apply(params, d["x"]) - d["y"]).max()
    rng = np.random.default_rng(0)
    x, kernel, bias, weights = (rng.normal(size=s) for s in ((2, 7, 6, 3), (3, 2, 3, 4), (4,), (2, 2, 5, 4)))
    layer = convolution.conv2d(4, (3, 2), strides=(3, 1))
    plain = lambda x, k: jax.lax.conv_general_dilated(x, k, (3, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")) + bias
    slope = lambda f: jax.grad(lambda x, k: (f(x, k) * weights).sum(), argnums=(0, 1))(x, kernel)
    for ours, wanted in zip(slope(lambda x, k: layer.apply(convolution.Params(k, bias), x)), slope(plain), strict=True):
        yield np.abs(ours - wanted).max()
    for name in ("pool_same_p3x3_s2_7x6", "pool_valid_p3x2_s0_8x8", "pool_same_p2x2_s2_5x5"):
        d = {key.split("/")[1]: KERAS[key] for key in KERAS.files if key.startswith(f"{name}/")}
        _, padding, window, strides, _ = name.split("_")
        size, options = tuple(int(n) for n in window[1:].split("x")), {"strides": int(strides[1:]) or None, "padding": padding}
        yield np.abs(pooling.max_pooling2d(size, **options).apply((), d["x"]) - d["y_max"]).max()
        yield np.abs(pooling.average_pooling2d(size, **options).apply((), d["x"]) - d["y_avg"]).max()
    x = np.round(np.maximum(x, 0))  # with equal numbers
    largest = lambda x: jax.lax.reduce_window(x, -np.inf, jax.lax.max, (1, 2, 3, 1), (1, 2, 3, 1), "VALID")
    slope = lambda f: jax.grad(lambda x: (f(x) * weights[:, :1, :2, :3]).sum())(x)
    yield np.abs(slope(lambda x: pooling.max_pooling2d((2, 3)).apply((), x)) - slope(largest)).max()


def loss_errors(cnn, text_lstm):
    """Differences to the definition, in NumPy's float64: −Σ wᵢ log P(yᵢ | xᵢ) / Σ wᵢ + l2/2 ‖W‖²."""
    rng = np.random.default_rng(0)
    x, w, b, weights = rng.normal(size=(6, 4)), rng.normal(size=(4, 3)), rng.normal(size=3), rng.uniform(1, 2, 6)
    y = np.arange(6) % 3
    value = cnn.loss({"dense": DenseParams(w, b)}, x, y, weights=weights, l2=0.1, net=sequential(dense(3)))
    p = np.exp(x @ w + b) / np.exp(x @ w + b).sum(axis=1, keepdims=True)
    yield abs(value - (np.average(-np.log(p[np.arange(6), y]), weights=weights) + 0.05 * (w**2).sum()))
    value = text_lstm.loss({"dense": DenseParams(w[:, :1], b[:1])}, x, y > 0, weights=weights, l2=0.1, net=sequential(dense(1)))
    p = 1 / (1 + np.exp(-(x @ w[:, 0] + b[0])))
    yield abs(value - (np.average(-np.log(np.where(y > 0, p, 1 - p)), weights=weights) + 0.05 * (w[:, 0] ** 2).sum()))


def seen(errors):
    """Whether a difference shows, or the slip shows itself by another shape."""
    try:
        return max(errors) > 1e-3
    except (TypeError, ValueError) as error:
        return "shape" in str(error)


def test_the_copy_without_a_slip_is_right(monkeypatch):
    modules = mutant(monkeypatch)
    assert max(lstm_errors(modules)) < 1e-5 and max(window_errors(modules)) < 1e-4
    assert max(loss_errors(cnn, text_lstm)) < 1e-5


@pytest.mark.parametrize("slip", LSTM)
def test_every_slip_in_the_lstm_is_seen(slip, monkeypatch):
    assert seen(lstm_errors(mutant(monkeypatch, ("lstm", *LSTM[slip]))))


def in_use(slip):
    """The gradient of its own is for newer JAX; the oldest uses XLA's, and its slips are not there to be seen."""
    return pytest.param(slip, marks=pytest.mark.skipif("gradient" in slip and jax.__version_info__ < (0, 10), reason="jax < 0.10"))


@pytest.mark.parametrize("slip", [in_use(slip) for slip in CONVOLUTION | POOLING])
def test_every_slip_in_the_windows_is_seen(slip, monkeypatch):
    assert seen(window_errors(mutant(monkeypatch, (CONVOLUTION | POOLING)[slip])))


@pytest.mark.parametrize("slip", LOSSES)
def test_every_slip_in_the_losses_is_seen(slip):
    file, was, now = LOSSES[slip]
    text, models = (NN.parent / "models" / f"{file}.py").read_text(), {"cnn": cnn, "text_lstm": text_lstm}
    assert was in text, f"{was!r} is no longer in {file}.py"
    models[file] = types.ModuleType("mutant")
    exec(compile(text.replace(was, now), f"{file}.py", "exec"), models[file].__dict__)
    assert max(loss_errors(**models)) > 1e-3
