"""What a net's answer depends on: against recurrences and index sets worked out by hand, against differences, and what is refused."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from jaxml import nn
from jaxml.checks import sensitivity
from jaxml.nn.activations import ACTIVATIONS

KEY = jax.random.key(0)
RNG = np.random.default_rng(0)


def lstm_of(units=4, d=3, *, forget=1.0, scale=1.0):
    layer = nn.lstm(units)
    params, _ = layer.init(KEY, (1, d))
    bias = params.bias.at[units : 2 * units].set(forget)
    return layer, params._replace(kernel=scale * params.kernel, bias=bias)


def sequences(*shape):
    return RNG.standard_normal(shape).astype(jnp.zeros(()).dtype)


# ---------------------------------------------------------------- over_time


def test_over_time_of_a_linear_recurrence(width):
    # h ← A h + B x, so ∂h_T/∂x_t = A^(T−t) B
    a, b, x = 0.4 * sequences(4, 4), sequences(4, 2), sequences(6, 2)

    def last(x):
        return jax.lax.scan(lambda h, x: (a @ h + b @ x, None), jnp.zeros(4, x.dtype), x)[0]

    expected = [np.linalg.norm(np.linalg.matrix_power(a, 5 - t) @ b, 2) for t in range(6)]
    # products of five matrices: some ten roundings each
    assert_allclose(sensitivity.over_time(last, x).norms, expected, rtol=20 * np.finfo(width).eps)


def test_over_time_of_an_lstm_agrees_with_differences(x64):
    layer, params = lstm_of()
    x, step = sequences(2, 5, 3), 1e-6
    f = lambda x: layer.apply(params, x)
    slopes = np.zeros((2, 5, 4, 3))
    for t in range(5):
        for j in range(3):
            moved = np.zeros_like(x)
            moved[:, t, j] = step
            slopes[:, t, :, j] = (f(x + moved) - f(x - moved)) / (2 * step)
    # central differences at 1e-6: an error of 1e-16 / 1e-6 from rounding, 1e-12 from the third derivative
    assert_allclose(sensitivity.over_time(f, x).norms, np.linalg.norm(slopes, 2, axis=(2, 3)), rtol=1e-8, atol=1e-9)


def test_masked_steps_have_exactly_none_and_the_others_what_they_have_without_padding(width):
    layer, params = lstm_of()
    x, mask = sequences(3, 7, 3), np.arange(7) < np.array([[3], [5], [7]])
    masked = sensitivity.over_time(lambda x: layer.apply(params, x, mask=mask), x).norms
    assert_array_equal(masked > 0, mask)
    for row, n in zip(range(3), (3, 5, 7), strict=True):
        alone = sensitivity.over_time(lambda x: layer.apply(params, x), x[row : row + 1, :n]).norms[0]
        assert_allclose(masked[row, :n], alone, rtol=50 * np.finfo(width).eps)
    read_on = sensitivity.over_time(lambda x: layer.apply(params, x), x).norms
    assert (read_on > 0).all()
    assert read_on[0, 2] < masked[0, 2]  # padding that is read covers what came before it


def test_a_forget_bias_of_1_keeps_more_of_the_first_step_than_one_of_0():
    kept = {}
    for forget in (0.0, 1.0):
        layer, params = lstm_of(units=32, d=16, forget=forget)
        norms = sensitivity.over_time(lambda x, p=params, net=layer: net.apply(p, x), 0.1 * sequences(1, 10, 16)).norms[0]
        kept[forget] = norms[0] / norms[-1]
    # f is about σ(0) = 0.5 and σ(1) = 0.73 in each of nine steps
    assert kept[0.0] < 0.02 and kept[1.0] > 5 * kept[0.0]


def test_over_time_of_words_goes_through_their_vectors():
    net = nn.sequential(nn.embedding(9, 4, mask_zero=True), nn.lstm(5), nn.dense(1))
    params, _ = net.init(KEY, (6,))
    ids = np.array([[3, 8, 1, 0, 0, 0]])
    vectors = params["embedding"].embeddings[ids]
    rest = nn.sequential(nn.lstm(5), nn.dense(1))
    f = lambda vectors: rest.apply({name: params[name] for name in ("lstm", "dense")}, vectors, mask=ids != 0)
    assert_allclose(f(vectors), net.apply(params, ids), rtol=1e-6)
    norms = sensitivity.over_time(f, vectors).norms
    gradient = jax.grad(lambda v: f(v)[0, 0])(vectors)  # of one number the spectral norm is the length of the gradient
    assert_allclose(norms, np.linalg.norm(gradient, axis=-1), rtol=1e-5)
    assert_array_equal(norms[0] > 0, ids[0] != 0)


def test_a_batch_is_each_example_for_itself(width):
    layer, params = lstm_of()
    x = sequences(4, 5, 3)
    together = sensitivity.over_time(lambda x: layer.apply(params, x), x)
    for i in range(4):
        alone = sensitivity.over_time(lambda x: layer.apply(params, x[None])[0], x[i])
        assert_allclose(together.norms[i], alone.norms, rtol=20 * np.finfo(width).eps)
        assert (together.half_from[i], together.most_from[i]) == (alone.half_from, alone.most_from)


def test_what_fades_below_the_smallest_number_is_0_and_finite():
    report = sensitivity.over_time(lambda x: jax.lax.scan(lambda h, x: (1e-3 * h + x, None), jnp.zeros(2), x)[0], np.zeros((40, 2), "f4"))
    assert np.isfinite(report.norms).all() and report.norms[0] == 0 and report.norms[-1] == 1
    assert (report.half_from, report.most_from) == (39, 39)


def test_over_time_tells_a_learner():
    rates = np.array([0.0, 0.2, 0.1, 0.0, 0.0, 3.0, 0.0], np.float32)
    report = sensitivity.over_time(lambda x: (rates[:, None] * x).sum(0), np.ones((7, 2), np.float32))
    assert_allclose(report.norms, rates, rtol=1e-6)
    assert str(report) == (
        "|∂f/∂x_t| of 7 steps: how far f(x) moves, at most, for a small move of x_t, over the length of that move.\n"
        "It is largest at step 5 (3) and smallest, but for zeros, at step 2 (0.1). "
        "Of the sum over all steps, half comes from step 5 on, and 99% from step 1 on. "
        "At steps 0, 3 to 4, 6 it is exactly 0: a small change there changes nothing."
    )


def test_over_time_tells_of_nothing_and_of_many():
    report = sensitivity.over_time(lambda x: 0 * x.sum(axis=(1, 2)), np.ones((7, 3, 2), np.float32))
    assert_array_equal(report.half_from, np.full(7, -1))
    lines = str(report).splitlines()
    assert lines[1] == "Example 0: It is exactly 0 at every step: a small change of x changes nothing."
    assert len(lines) == 7 and lines[-1] == "And 2 more."
    one = sensitivity.over_time(lambda x: 3 * x[0], np.ones((1, 2), np.float32))
    assert "It is largest at step 0 (3). Of the sum" in str(one)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.lists(st.sampled_from([0.0, 1.0, 2.0, 7.0, 64.0]), min_size=1, max_size=9))
def test_shares_are_the_last_steps_that_hold_them(norms):
    norms = np.array(norms)
    for share in (0.5, 0.99):
        held = [t for t in range(len(norms)) if norms[t:].sum() >= share * norms.sum()]
        assert sensitivity._last_from(norms, share) == (held[-1] if norms.any() else -1)


# ---------------------------------------------------------------- receptive_field


def seen_by(layers, place, sizes):
    """The pixels along one axis that a unit is computed from: each layer's window around each place, less what lies in the padding."""
    places = {place}
    for (k, s, padding), n in zip(reversed(layers), reversed(sizes), strict=True):
        before = max((math.ceil(n / s) - 1) * s + k - n, 0) // 2 if padding == "same" else 0
        places = {s * i - before + u for i in places for u in range(k)} & set(range(n))
    return places


@st.composite
def stacks(draw):
    """Layers, as nn's and as (window, stride, padding) of rows and of columns, that fit an image of 13 x 11."""
    layers, axes, size = [], ([], []), [13, 11]
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["conv", "conv", "max", "average"]))
        window, strides = (tuple(draw(st.lists(st.integers(1, 3), min_size=2, max_size=2))) for _ in range(2))
        padding = draw(st.sampled_from(["valid", "same"]))
        if padding == "valid" and (size[0] < window[0] or size[1] < window[1]):
            continue
        for a in (0, 1):
            axes[a].append((window[a], strides[a], padding))
            size[a] = math.ceil(size[a] / strides[a]) if padding == "same" else (size[a] - window[a]) // strides[a] + 1
        if kind == "conv":
            layers.append(nn.conv2d(2, window, strides=strides, padding=padding, activation=draw(st.sampled_from(["relu", "tanh"]))))
        else:
            pooling = {"max": nn.max_pooling2d, "average": nn.average_pooling2d}[kind]
            layers.append(pooling(window, strides=strides, padding=padding))
    unit = tuple(draw(st.integers(0, n - 1)) for n in size)
    return layers, axes, unit


@pytest.mark.slow
@settings(derandomize=True, deadline=None, max_examples=15)
@given(stacks())
def test_receptive_field_is_that_of_the_formula(stack):
    layers, axes, unit = stack
    net = nn.sequential(*layers, nn.activation("relu"))
    params, _ = net.init(KEY, (13, 11, 1))
    channels = 2 if any(layer.name == "conv2d" for layer in layers) else 1
    found = sensitivity.receptive_field(lambda x: net.apply(params, x), (13, 11, 1), (*unit, channels - 1))
    rows, columns = (sorted(seen_by(axes[a], unit[a], sizes_of(axes[a], n))) for a, n in ((0, 13), (1, 11)))
    expected = np.zeros((13, 11), bool)
    expected[np.ix_(rows, columns)] = True
    assert_array_equal(found.mask, expected)
    assert (found.rows, found.columns) == (range(rows[0], rows[-1] + 1), range(columns[0], columns[-1] + 1))
    assert not found.derivative[~expected].any()
    for side, parts in zip(found.size, axes, strict=True):
        formula = 1 + sum((k - 1) * math.prod(s for _, s, _ in parts[:i]) for i, (k, _, _) in enumerate(parts))
        # a frame of zeros is no part of the image; without one the field is never cut off
        assert side == formula or (side < formula and any(padding == "same" for *_, padding in parts))


def sizes_of(layers, n):
    """The size of the axis before each layer."""
    sizes = []
    for k, s, padding in layers:
        sizes.append(n)
        n = math.ceil(n / s) if padding == "same" else (n - k) // s + 1
    return sizes


def guides_net():
    from jaxml import cnn

    return cnn.model, cnn.init(KEY)


@pytest.mark.parametrize(
    ("n_layers", "unit", "rows"),
    [(1, (13, 13, 0), range(13, 16)), (2, (6, 6, 0), range(12, 16)), (3, (5, 5, 1), range(10, 18)), (5, (2, 2, 1), range(8, 26))],
)
def test_fields_of_the_guides_net(n_layers, unit, rows):
    model, params = guides_net()
    net = nn.sequential(*model.layers[:n_layers])
    names = [n for n in params if n.startswith("conv2d")][: (n_layers + 1) // 2]
    field = sensitivity.receptive_field(lambda x: net.apply({n: params[n] for n in names}, x), (28, 28, 1), unit)
    assert (field.rows, field.columns) == (rows, rows)
    assert field.mask.sum() == len(rows) ** 2  # no gaps


def test_the_guides_net_never_sees_the_last_two_rows_and_columns():
    model, params = guides_net()
    field = sensitivity.receptive_field(lambda x: model.apply(params, x), (28, 28, 1), 3)
    assert field.size == (26, 26) and (field.rows, field.columns) == (range(26), range(26))
    assert "computed from 676 pixels of 784: a field of 26 × 26" in str(field)
    assert "It reaches the edge" in str(field)


def test_the_field_is_structural_where_the_derivative_is_not():
    layer = nn.conv2d(1, 3, activation="relu")
    dead = nn.convolution.__globals__["Params"](jnp.zeros((3, 3, 1, 1)), -jnp.ones(1))
    field = sensitivity.receptive_field(lambda x: layer.apply(dead, x), (6, 6, 1), (1, 2, 0))
    assert (field.rows, field.columns) == (range(1, 4), range(2, 5))
    assert not field.derivative.any()
    assert str(field) == (
        "Unit (1, 2, 0) is computed from 9 pixels of 36: a field of 3 × 3, rows 1 to 3 and columns 2 to 4.\n"
        "At this image its derivative is 0 at 9 of them: a small change there changes nothing."
    )


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_no_activation_hides_an_unknown(name):
    layer = nn.activation(name)
    for sign in (-1, 1):
        image = np.full((2, 1, 2), sign, np.float32)
        field = sensitivity.receptive_field(lambda x: layer.apply((), x), image, (1, 0, 1))
        assert_array_equal(field.mask, [[False], [True]])


def test_a_comparison_that_hides_an_unknown_is_found_by_its_derivative():
    with pytest.raises(ValueError, match="'f' turns NaN into a number"):
        sensitivity.receptive_field(lambda x: jnp.where(x > 0, x, 0), (2, 2, 1), (0, 0, 0))


def test_a_maximum_sees_its_whole_window_and_has_one_derivative():
    image = np.arange(16.0).reshape(4, 4, 1)
    field = sensitivity.receptive_field(lambda x: nn.max_pooling2d(2).apply((), x), image, (1, 0, 0))
    assert_array_equal(np.argwhere(field.mask), [[2, 0], [2, 1], [3, 0], [3, 1]])
    assert_array_equal(np.argwhere(field.derivative), [[3, 1]])
    assert "derivative is 0 at 3 of them" in str(field)


def test_the_derivative_is_the_length_over_channels(width):
    layer = nn.conv2d(2, (2, 3))
    params, _ = layer.init(KEY, (5, 6, 3))
    field = sensitivity.receptive_field(lambda x: layer.apply(params, x), sequences(5, 6, 3), (2, 1, 1))
    expected = np.zeros((5, 6))
    expected[2:4, 1:4] = np.linalg.norm(params.kernel[..., 1], axis=2)
    assert_allclose(field.derivative, expected, rtol=4 * np.finfo(width).eps)
    assert_array_equal(field.mask, expected > 0)
    assert str(field).endswith("At this image its derivative is 0 at none of them.")


def test_gaps_between_windows_that_are_smaller_than_their_strides():
    layer = nn.conv2d(1, 1, strides=2)
    pool = nn.average_pooling2d(2, strides=1)
    net = nn.sequential(layer, pool)
    params, _ = net.init(KEY, (6, 6, 1))
    field = sensitivity.receptive_field(lambda x: net.apply(params, x), (6, 6, 1), (0, 1, 0))
    assert_array_equal(np.argwhere(field.mask), [[0, 2], [0, 4], [2, 2], [2, 4]])
    assert "4 pixels of 36: a field of 3 × 3, with gaps" in str(field)


def test_a_field_need_not_be_a_rectangle():
    field = sensitivity.receptive_field(lambda x: x[:, 0, 1] * x[:, 2, 0], (3, 3, 1), 0)
    assert_array_equal(np.argwhere(field.mask), [[0, 1], [2, 0]])
    assert "2 pixels of 9: a field of 3 × 2, with gaps" in str(field)
    diagonal = sensitivity.receptive_field(lambda x: jnp.trace(x[..., 0], axis1=1, axis2=2), (20, 20, 1), ())
    assert_array_equal(diagonal.mask, np.eye(20, dtype=bool))  # 400 pixels go in more than one block


def test_fields_of_all_and_of_nothing():
    everything = sensitivity.receptive_field(lambda x: nn.global_average_pooling().apply((), x), (5, 4, 2), 1)
    assert everything.mask.all() and everything.size == (5, 4) and everything.unit == (1,)
    nothing = sensitivity.receptive_field(lambda x: jnp.ones((len(x), 3)), (5, 4, 1), 2)
    assert not nothing.mask.any() and nothing.size == (0, 0)
    assert str(nothing) == "Unit (2,) is computed from none of the 20 pixels."


def test_a_user_who_looks_for_nan_is_not_stopped():
    with jax.debug_nans(True):
        field = sensitivity.receptive_field(lambda x: nn.max_pooling2d(2).apply((), x), (4, 4, 1), (1, 1, 0))
    assert field.mask.sum() == 4


def test_works_where_jax_was_told_to_leave_the_cpu_out(monkeypatch):
    def none(**_):
        raise RuntimeError("Unknown backend cpu")

    monkeypatch.setattr(jax, "local_devices", none)
    assert sensitivity.receptive_field(lambda x: x, (2, 2, 1), (1, 1, 0)).mask.sum() == 1


# ---------------------------------------------------------------- convolution_matrix


def matrix_by_hand(kernel, h, w, s, padding):
    """K[u, v, c, o] at row (i, j, o) and column (s i + u, s j + v, c), by four loops."""
    k, l, c, filters = kernel.shape
    if padding == "same":
        out = math.ceil(h / s), math.ceil(w / s)
        top, left = max((out[0] - 1) * s + k - h, 0) // 2, max((out[1] - 1) * s + l - w, 0) // 2
    else:
        out, top, left = ((h - k) // s + 1, (w - l) // s + 1), 0, 0
    matrix = np.zeros((*out, filters, h, w, c), kernel.dtype)
    for i, j, u, v in np.ndindex(*out, k, l):
        row, column = s * i + u - top, s * j + v - left
        if 0 <= row < h and 0 <= column < w:
            matrix[i, j, :, row, column, :] = kernel[u, v].T
    return matrix.reshape(math.prod(out) * filters, h * w * c)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [1, 2])
def test_the_matrix_is_the_kernel_at_every_place(width, padding, strides):
    layer = nn.conv2d(2, (3, 2), strides=strides, padding=padding)
    params, _ = layer.init(KEY, (6, 5, 3))
    params = params._replace(bias=jnp.array([1.0, -2.0]))
    f = lambda x: layer.apply(params, x)
    report = sensitivity.convolution_matrix(f, (6, 5, 3))
    assert_array_equal(report.matrix, matrix_by_hand(np.asarray(params.kernel), 6, 5, strides, padding))  # to the last bit
    assert report.matrix.dtype == width and report.n_different == 36
    assert report.n_places == np.count_nonzero(report.matrix)
    x = sequences(6, 5, 3)
    # sums of 18 products
    assert_allclose(report.matrix @ x.ravel() + report.bias, f(x[None]).ravel(), rtol=0, atol=40 * np.finfo(width).eps)


def test_the_matrix_tells_a_learner():
    layer = nn.conv2d(1, 3)
    params, _ = layer.init(KEY, (28, 28, 1))
    report = sensitivity.convolution_matrix(lambda x: layer.apply(params, x), (28, 28, 1))
    assert str(report) == (
        "f is a matrix of 676 outputs × 784 inputs, and a constant.\n"
        "9 different numbers stand at 6,084 of its 529,984 places; the rest, 98.9%, is exactly 0.\n"
        "A dense layer from the same inputs to the same outputs would have 529,984 numbers to learn."
    )
    assert (report.n_places, report.n_different) == (6084, 9)


def test_other_layers_that_are_linear():
    average = sensitivity.convolution_matrix(lambda x: nn.average_pooling2d(2).apply((), x), (4, 4, 1))
    assert (average.n_places, average.n_different) == (16, 1) and (average.matrix[average.matrix != 0] == 0.25).all()
    assert "1 number stands at 16 of its 64 places" in str(average)
    dense = nn.dense(3)
    params, _ = dense.init(KEY, (5,))
    report = sensitivity.convolution_matrix(lambda x: dense.apply(params, x), (5,))
    assert_array_equal(report.matrix, params.kernel.T)
    flat = sensitivity.convolution_matrix(lambda x: 0 * x + 1, (3,))
    assert (flat.n_places, flat.n_different) == (0, 0)
    assert_array_equal(flat.bias, np.ones(3))


def test_numbers_that_differ_by_rounding_are_one():
    # a convolution, then the mean of a 2 x 2 window: every place makes the same 16 sums
    net = nn.sequential(nn.conv2d(1, 3), nn.average_pooling2d(2, strides=1))
    params, _ = net.init(KEY, (9, 9, 1))
    report = sensitivity.convolution_matrix(lambda x: net.apply(params, x), (9, 9, 1))
    assert (report.n_places, report.n_different) == (36 * 16, 16)
    a = np.float32(0.3)
    for numbers, n in (
        ([a, np.nextafter(a, np.float32(1)), -a], 2),
        ([1, 1 + 2e-6, -1], 3),  # more than eight roundings of 1
        ([1e-9, 2e-9, 1, 1e-9], 3),  # no rounding of numbers of that size
    ):
        numbers = np.array(numbers, np.float32)
        report = sensitivity.convolution_matrix(lambda x, numbers=numbers: numbers * x, (len(numbers),))
        assert (report.n_places, report.n_different) == (len(numbers), n)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: nn.max_pooling2d(2).apply((), x),
        lambda x: jax.nn.relu(x),
        lambda x: jnp.tanh(1e-2 * x),
        lambda x: jnp.clip(x, -50, 50),
        lambda x: x**2,
        lambda x: jax.nn.softplus(x),
        lambda x: x + 1e-3 * jnp.sin(x),
    ],
    ids=["max", "relu", "tanh", "clip", "square", "softplus", "nearly"],
)
def test_what_is_not_affine_is_refused(width, f):
    with pytest.raises(ValueError, match=r"^sensitivity.convolution_matrix: argument 'f' is not W x \+ b; got an f\(x\) that is .* away"):
        sensitivity.convolution_matrix(f, (4, 4, 1))


# ---------------------------------------------------------------- refusals

X = np.ones((3, 2), np.float32)
IMAGE = np.ones((4, 4, 1), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: sensitivity.over_time(None, X),
            TypeError,
            r"^sensitivity.over_time: argument 'f' is not a function; got NoneType None; pass a function of arrays, as lambda x: ",
        ),
        (
            lambda: sensitivity.over_time(lambda x: x, np.array([[1, 2]])),
            TypeError,
            r"argument 'x' is not of a floating type; got int64 of shape \(1, 2\); word numbers have no derivative: pass their vectors",
        ),
        (
            lambda: sensitivity.over_time(lambda x: x, np.ones(3, np.float32)),
            ValueError,
            r"argument 'x' is not a sequence of vectors; got shape \(3,\); pass \(t, d\), or \(n, t, d\)",
        ),
        (
            lambda: sensitivity.over_time(lambda x: x, np.ones((0, 3), np.float32)),
            ValueError,
            r"'x' is not a sequence of vectors; got shape \(0",
        ),
        (lambda: sensitivity.over_time(lambda x: x, X * np.nan), ValueError, "argument 'x' contains NaN"),
        (
            lambda: sensitivity.over_time(lambda x: jnp.sqrt(x - 1), X),
            ValueError,
            "argument 'f' has a derivative that is not finite; got NaN",
        ),
        (
            lambda: sensitivity.over_time(lambda x: x[:1], np.ones((2, 3, 1), np.float32)),
            ValueError,
            r"argument 'f' does not return one answer for each example; got \(1, 3, 1\) for x \(2, 3, 1\); return \(2, ...\)",
        ),
        (lambda: sensitivity.over_time(lambda x: (x, x), X), TypeError, "argument 'f' does not return an array of real numbers; got tuple"),
        (lambda: sensitivity.over_time(lambda x: x > 0, X), TypeError, "'f' does not return an array of real numbers; .*as logits do"),
        (
            lambda: sensitivity.receptive_field(lambda x: x, np.ones((4, 4)), (0, 0)),
            ValueError,
            r"^sensitivity.receptive_field: argument 'x' is not an image; got shape \(4, 4\); pass one image \(h, w, c\), without a batch",
        ),
        (lambda: sensitivity.receptive_field(lambda x: x, (4, 0, 1), 0), ValueError, "argument 'x' is out of range; got 0"),
        (lambda: sensitivity.receptive_field(lambda x: x, (), 0), TypeError, "argument 'x' is not a tuple of whole numbers"),
        (lambda: sensitivity.receptive_field(lambda x: x, IMAGE * np.inf, (0, 0, 0)), ValueError, "argument 'x' contains infinity"),
        (
            lambda: sensitivity.receptive_field(lambda x: x, IMAGE, (0, 0)),
            ValueError,
            r"argument 'unit' has 2 indices, not 3; got \(0, 0\); pass one index for each axis of \(4, 4, 1\)",
        ),
        (lambda: sensitivity.receptive_field(lambda x: x, IMAGE, (0, 4, 0)), ValueError, "argument 'unit' is out of range; got 4"),
        (lambda: sensitivity.receptive_field(lambda x: x, IMAGE, (0, -1, 0)), ValueError, "argument 'unit' is out of range; got -1"),
        (lambda: sensitivity.receptive_field(lambda x: x, IMAGE, (0, 1.0, 0)), TypeError, "argument 'unit' is not a whole number"),
        (
            lambda: sensitivity.receptive_field(lambda x: x[0], IMAGE, (0, 0, 0)),
            ValueError,
            "'f' does not return one answer for each example",
        ),
        (
            lambda: sensitivity.receptive_field(lambda x: jnp.log(x - 1), IMAGE, (0, 0, 0)),
            ValueError,
            "argument 'f' or its derivative is not finite at x; got f\\(x\\) = -inf",
        ),
        (
            lambda: sensitivity.receptive_field(lambda x: jnp.nan_to_num(x), IMAGE, (1, 2, 0)),
            ValueError,
            r"argument 'f' turns NaN into a number; got a number where pixel \(1, 2\) was NaN, and a derivative that is not 0; pass",
        ),
        (
            lambda: sensitivity.convolution_matrix(lambda x: x, 784),
            TypeError,
            r"^sensitivity.convolution_matrix: argument 'input_shape' is not a tuple of whole numbers; got int 784; pass the sizes of one",
        ),
        (
            lambda: sensitivity.convolution_matrix(lambda x: x, (200, 200, 1)),
            ValueError,
            "argument 'input_shape' makes a matrix of more than 100 million entries; got 40,000 × 40,000 = 1,600,000,000; pass a smaller",
        ),
        (lambda: sensitivity.convolution_matrix(lambda x: x / 0, (3,)), ValueError, "argument 'f' or its derivative is not finite"),
        (lambda: sensitivity.convolution_matrix(lambda x: x.sum(), (3,)), ValueError, "'f' does not return one answer for each example"),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
