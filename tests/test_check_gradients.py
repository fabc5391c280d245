"""check_gradients: right gradients pass whatever their scale, wrong ones do not, and kinks are named and not failed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from jaxml import check_gradients, cnn, forest, linear, logistic, nn, pca, softmax, svm, text_lstm

RNG = np.random.default_rng(0)
KEY = jax.random.key(0)
X = RNG.standard_normal((30, 4))
Y = (X[:, 0] + 0.5 * RNG.standard_normal(30) > 0).astype(int)
W = np.array([0.3, -1.2, 0.7, 2.0])
SCALES = [1e-8, 1e-4, 1.0, 1e4, 1e8]


def with_rule(value, gradient):
    """A function whose gradient is what someone says it is."""
    f = jax.custom_vjp(value)
    f.defvjp(lambda p: (f(p), p), lambda p, g: (g * gradient(p),))
    return f


def net_of_images():
    net = nn.sequential(
        nn.conv2d(3, 3, activation="relu"), nn.max_pooling2d(2), nn.conv2d(4, 2, activation="tanh"), nn.flatten(), nn.dense(3)
    )
    images = np.random.default_rng(1).random((4, 8, 8, 1))
    return lambda p, x, y: cnn.loss(p, x, y, net=net, l2=0.1), net.init(KEY, (8, 8, 1))[0], images, np.array([0, 1, 2, 1])


def net_of_words():
    net = nn.sequential(nn.embedding(9, 3, mask_zero=True), nn.lstm(4), nn.dense(1))
    ids = np.random.default_rng(2).integers(0, 9, size=(5, 6))
    return lambda p, x, y: text_lstm.loss(p, x, y, net=net), net.init(KEY, (6,))[0], ids, np.array([0, 1, 1, 0, 1])


def strided_net():
    net = nn.sequential(nn.conv2d(2, 3, strides=2, padding="same"), nn.average_pooling2d(2), nn.global_average_pooling(), nn.dense(2))
    images = np.random.default_rng(3).random((4, 9, 9, 2))
    return lambda p, x, y: cnn.loss(p, x, y, net=net), net.init(KEY, (9, 9, 2))[0], images, np.array([0, 1, 0, 1])


def soft_forest():
    soft = forest.relax(forest.grow(KEY, X, Y, n_classes=2, n_trees=2, max_depth=3), 0.3)
    put = lambda p: soft._replace(trees=soft.trees._replace(threshold=p[0], value=p[1]))
    return lambda p, x, y: forest.loss(put(p), x, y), (soft.trees.threshold, soft.trees.value), X, Y


def machine():
    solved = svm.solve(X, Y)
    loss = lambda p, x, y: svm.loss(solved._replace(dual_coef=p[0], b=p[1]), x, y)
    return loss, (0.9 * solved.dual_coef, solved.b + 0.1), X, Y


MODELS = {
    "linear": lambda: (linear.loss, linear.Params(W, 0.5), X, X @ W),
    "logistic": lambda: (logistic.loss, logistic.Params(W, 0.5), X, Y),
    "softmax": lambda: (softmax.loss, softmax.Params(RNG.standard_normal((4, 3)), np.zeros(3)), X, np.arange(30) % 3),
    "pca": lambda: (pca.loss, pca.init(KEY, 4, 2), X),
    "svm": machine,
    "soft forest": soft_forest,
    "cnn": net_of_images,
    "cnn, strides": strided_net,
    "text_lstm": net_of_words,
}


@pytest.mark.parametrize("name", MODELS)
def test_every_model(name):
    loss, params, *data = MODELS[name]()
    report = check_gradients(loss, params, *data)
    assert report.ok and report.max_error <= 1e-6 and not report.kinks, report
    assert not report.wrong and not report.flat


def test_of_hyperparameters():
    weights = RNG.random(30)
    report = check_gradients(logistic.loss, logistic.Params(W, 0.5), X, Y, l2=3.0, weights=weights)
    assert report.ok and report.max_error < 1e-8 and report.n_checked == 5


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    ("wrong", "gradient"),
    [
        ({"params[0]", "params[1]", "params[2]", "params[3]"}, lambda g: 0 * g),
        ({"params[0]", "params[1]", "params[2]", "params[3]"}, lambda g: 2 * g),
        ({"params[0]", "params[1]", "params[2]", "params[3]"}, lambda g: -g),
        ({"params[2]"}, lambda g: g.at[2].mul(1 + 1e-5)),
        ({"params[3]"}, lambda g: g.at[3].set(0)),
        ({"params[1]"}, lambda g: g.at[1].set(g[0])),
    ],
)
def test_wrong_gradients_at_every_scale_of_the_loss(wrong, gradient, scale):
    # the last parameter's slope is 1e-4 of the others'
    value = lambda p: scale * (jnp.sum(jnp.sin(p) * jnp.array([1, 2, 3, 1e-4])) + 2)
    assert check_gradients(value, W).ok
    report = check_gradients(with_rule(value, lambda p: gradient(jax.grad(value)(p))), W)
    assert not report.ok and set(report.wrong) == wrong and report.worst in wrong
    assert report.max_error > 5e-6
    slope = jax.grad(value)(jnp.asarray(W))[list("0123").index(report.worst[7])]
    assert_allclose(report.difference, slope, rtol=1e-5)  # the slope itself in float32


@pytest.mark.parametrize("size", [1e-8, 1e-6, 1e-3, 1.0, 1e6, 1e9])
def test_parameters_of_every_size(size):
    # each loss bends over the size of its parameters
    for value in (lambda p: jnp.sum((p / size - 2) ** 2 + jnp.exp(p / size)), lambda p: jnp.sum(jnp.log(p)), lambda p: jnp.prod(p / size)):
        p = size * np.array([0.5, 1.5, 3.0])
        report = check_gradients(value, p)
        assert report.ok and report.max_error < 1e-6 and not report.unseen and not report.kinks, report
        for wrong in (lambda g: 1.0001 * g, lambda g: 0 * g):
            assert not check_gradients(with_rule(value, lambda p, wrong=wrong, value=value: wrong(jax.grad(value)(p))), p).ok


def test_a_zero_start_with_columns_of_every_scale():
    # d²L/dw² goes from 1e-12 to 1e12
    x = X * np.array([1e-6, 1.0, 1e3, 1e6])
    report = check_gradients(logistic.loss, logistic.init(4), x, Y)
    assert report.ok and report.max_error < 1e-6 and not report.kinks, report


KINKS = {
    "relu": (lambda p: jax.nn.relu(p[0]) + p[1] ** 2, [0.0, 1.0]),
    "abs": (lambda p: jnp.abs(p[0]) + p[1] ** 2, [0.0, 1.0]),
    "max": (lambda p: jnp.maximum(p[0], 0) + jnp.exp(p[0]) + p[1], [0.0, 1.0]),
    "hinge": (lambda p: jnp.maximum(0, 1 - p[0]) + p[0] ** 2 + p[1] ** 2, [1.0, 1.0]),
    "max of two": (lambda p: jnp.maximum(p[0], 1.0) + 3 * p[0] + p[1], [1.0, 1.0]),
    "leaky": (lambda p: jax.nn.leaky_relu(p[0]) + p[1], [0.0, 1.0]),
    "a kink of 1e6": (lambda p: jnp.abs(p[0] - 1e6) + p[1], [1e6, 1.0]),
}


@pytest.mark.parametrize("name", KINKS)
@pytest.mark.parametrize("scale", SCALES)
def test_kinks_are_named(name, scale):
    value, at = KINKS[name]
    report = check_gradients(lambda p: scale * value(p), np.array(at))
    assert report.ok and report.kinks == ("params[0]",), report
    assert "kinks" in str(report) and "no error" in str(report)


def test_a_slope_outside_the_kinks_two_is_wrong():
    value = lambda p: jnp.sum(jnp.abs(p) + 2 * p)
    assert check_gradients(with_rule(value, lambda p: 2 * jnp.ones_like(p)), np.zeros(2)).kinks == ("params[0]", "params[1]")
    for slope in (0.9, 3.1, 0.0, -1.0):
        report = check_gradients(with_rule(value, lambda p, slope=slope: jnp.array([2.0, slope])), np.zeros(2))
        assert report.wrong == ("params[1]",) and report.kinks == ("params[0]",)


@pytest.mark.parametrize("k", range(1, 15))
def test_near_a_kink_there_is_no_false_alarm(k):
    report = check_gradients(lambda p: jnp.sum(jnp.abs(p - 10.0**-k) + 0.5 * p + p**2), np.zeros(1))
    assert report.ok
    assert k > 8 or (report.max_error < 1e-4 and not report.kinks)  # nearer ones may be named


def test_a_corner_that_is_only_steep_is_no_kink():
    value = lambda p: jnp.sum(jax.nn.softplus(1e6 * p) / 1e6)
    assert check_gradients(value, np.zeros(2)).kinks == ()
    report = check_gradients(with_rule(value, lambda p: jnp.array([0.5, 0.6])), np.zeros(2))
    assert report.wrong == ("params[1]",) and not report.kinks


def test_beyond_500_parameters_some_and_directions():
    x, y = RNG.standard_normal((50, 40)), RNG.integers(0, 20, 50)
    params = softmax.Params(RNG.standard_normal((40, 20)), np.zeros(20))
    report = check_gradients(softmax.loss, params, x, y)
    assert report.ok and report.n_checked == 500 and report.max_error < 1e-6
    value = lambda p: jnp.sum(jnp.sin(p))
    sparse = with_rule(value, lambda p: jnp.cos(p).at[1234].mul(2))  # a single one of 2,000: the directions see it
    assert not check_gradients(sparse, RNG.standard_normal(2000)).ok


def test_what_is_not_finite_is_named():
    report = check_gradients(lambda p: jnp.sum(jnp.where(p > 0, jnp.sqrt(p), 0.0)), np.array([0.3, 0.0]))
    assert not report.ok and report.max_error is None and report.worst == "∂L/∂params[1]"
    assert str(report).startswith("Not checked: ∂L/∂params[1] is not finite")
    assert check_gradients(lambda p: jnp.log(p["a"]), {"a": -1.0}).worst == "the loss"


def test_a_minimum_is_no_false_alarm():
    for scale in SCALES:
        solved = linear.solve(X, scale * (X @ W + RNG.standard_normal(30)))
        assert check_gradients(linear.loss, solved, X, scale * (X @ W)).ok
    report = check_gradients(lambda p: jnp.sum((p - 1) ** 2) + 1, np.ones(2))
    assert report.ok and report.flat


def test_steps_and_float32_inside_are_no_false_alarm():
    steps = check_gradients(lambda p: jnp.mean(jnp.round(10 * X @ p)), W)
    assert steps.ok and steps.flat and "Every slope is exactly 0" in str(steps)
    narrow = lambda p: jnp.sum(jnp.sin(p.astype(jnp.float32)).astype(float))
    assert check_gradients(narrow, W).ok
    assert not check_gradients(with_rule(narrow, lambda p: 2 * jnp.cos(p)), W).ok


def test_stop_gradient_is_found():
    report = check_gradients(lambda p: p["w"] @ jax.lax.stop_gradient(p["w"]) + p["b"], {"w": W, "b": 1.0})
    assert report.wrong == ("w[0]", "w[1]", "w[2]", "w[3]")
    assert report.max_error == pytest.approx(0.5)
    assert "stop_gradient" in str(report) and "is wrong in 4" in str(report)


def test_the_callers_width_is_left_alone():
    assert jnp.zeros(1).dtype == jnp.float32
    report = check_gradients(lambda p: jnp.sum(p**3), np.ones(2, np.float32))
    assert report.max_error < 1e-9 and type(report.max_error) is float and type(report.difference) is float
    assert jnp.zeros(1).dtype == jnp.float32 and not jax.config.read("jax_enable_x64")


@pytest.mark.slow
@settings(derandomize=True, deadline=None, max_examples=12)
@given(st.floats(-8, 8), st.lists(st.floats(-3, 3), min_size=4, max_size=4), st.integers(0, 3))
def test_random_losses(exponent, w, i):
    value = lambda p: 10.0**exponent * logistic.loss(logistic.Params(p, 0.3), jnp.asarray(X), jnp.asarray(Y))
    assert check_gradients(value, np.array(w)).ok
    assert not check_gradients(with_rule(value, lambda p: jax.grad(value)(p).at[i].mul(1.001)), np.array(w)).ok


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: check_gradients(3, W), TypeError, "^check_gradients: argument 'loss' is not a function; got int 3; pass loss"),
        (lambda: check_gradients(lambda p: p, W), TypeError, "^check_gradients: argument 'loss' does not return one number"),
        (lambda: check_gradients(lambda p: p.sum(), W * np.nan), ValueError, "^check_gradients: argument 'params' contains NaN"),
        (lambda: check_gradients(linear.loss, linear.init(4), X * np.inf, Y), ValueError, "^check_gradients: argument 'x' contains"),
        (lambda: check_gradients(lambda p: p.sum() if p[0] > 0 else 0, W), TypeError, "cannot be differentiated by JAX"),
        (lambda: check_gradients(linear.loss, linear.init(4), X, Y[:, None]), ValueError, "linear.loss: argument 'y' does not match"),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
