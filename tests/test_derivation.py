"""check_derivation: real slips by name, right gradients in unusual form without an alarm, and nothing that it could not prove."""

import jax
import jax.numpy as jnp
import museum
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxml import check_derivation

name_of = lambda exhibit: exhibit.gradient.__name__


def check(gradient, setting):
    return check_derivation(setting.loss, gradient, setting.params, *setting.data, **setting.hyper)


@pytest.mark.parametrize("exhibit", museum.SLIPS, ids=name_of)
def test_names_the_slip(exhibit):
    report = check(exhibit.gradient, exhibit.setting)
    assert not report.ok
    assert (report.slip, report.leaf) == (exhibit.slip, exhibit.leaf), report.message
    assert report.factor == (None if exhibit.factor is None else pytest.approx(exhibit.factor, rel=1e-9))
    assert exhibit.says in report.message


@pytest.mark.parametrize("exhibit", museum.RIGHT, ids=name_of)
def test_no_alarm(exhibit):
    report = check(exhibit.gradient, exhibit.setting)
    assert report.ok and (report.slip, report.leaf, report.factor) == ("none", None, None), report.message
    assert exhibit.says in str(report).replace("\n", " ")


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32])
def test_labels_of_any_dtype(dtype):
    """NumPy takes no difference of booleans, and that of unsigned numbers wraps."""
    loss, forgotten = lambda p, x, y: jnp.mean(jax.nn.softplus(x @ p) - y * (x @ p)), lambda p, x, y: x.T @ (x @ p - y) / museum.N
    report = check_derivation(loss, forgotten, np.ones(museum.D), museum.X, museum.Y.astype(dtype))
    assert report.slip == "link_missing" and "σ is missing" in report.message
    loss = lambda p, x, y: -jnp.mean(jnp.sum(y * jax.nn.log_softmax(x @ p), axis=1))
    report = check_derivation(loss, forgotten, np.ones((museum.D, museum.K)), museum.X, museum.ONE_HOT.astype(dtype))
    assert report.slip == "link_missing" and "softmax is missing" in report.message


# ---------------------------------------------------------------- two slips at once

COUNT = len(museum.SLIPS), len(museum.RIGHT)
SLOPE = lambda a: a * (1 - a)
# of a logistic gradient with parts: how δ, the data's part of w, that of b, and the penalty may each be wrong
DELTAS = {"": lambda a, y: a - y, "sign": lambda a, y: y - a, "link": lambda a, y: (a - y) * SLOPE(a), "halved": lambda a, y: (a - y) / 2}
FOR_W = {"": 1.0, "n": museum.N, "zero": 0.0}
FOR_B = {"": 1.0, "minus": -1.0, "zero": 0.0}
PENALTIES = {"": (1.0, 0.0), "missing": (0.0, 0.0), "double": (2.0, 0.0), "on b": (1.0, 1.0)}


@pytest.mark.parametrize("seed", range(24))
def test_two_slips_are_never_told_as_one_that_would_not_explain_them(seed):
    rng = np.random.RandomState(seed)
    delta, of_w, of_b, penalty = (rng.choice(list(names)) for names in (DELTAS, FOR_W, FOR_B, PENALTIES))

    def gradient(p, x, y, l2):
        d = DELTAS[delta](museum.sigmoid(x @ p.w + p.b), y)
        in_w, in_b = PENALTIES[penalty]
        return FOR_W[of_w] * x.T @ d / len(y) + in_w * l2 * p.w, FOR_B[of_b] * d.mean() + in_b * l2 * p.b

    report = check(gradient, museum.LOGISTIC)
    slips = [name for name in (delta, of_w, of_b, penalty) if name]
    assert report.ok == (not slips)
    if len(slips) == 1:
        assert report.slip != "unknown"
    if len(slips) > 1 and report.slip != "unknown":
        # one word for both: a factor of the data's part, or of a leaf, that is theirs together
        assert report.factor is not None or report.slip == "penalty_missing", (slips, report.message)


# ---------------------------------------------------------------- kinks

RELU = lambda z: jnp.maximum(z, 0)
CORNER = np.array([-1.0, 0.0, 2.0])


@pytest.mark.parametrize("at_zero", [0.0, 0.3, 1.0])
def test_a_subgradient_is_right(at_zero):
    report = check_derivation(jax.nn.relu, lambda z: np.where(z > 0, 1, np.where(z < 0, 0, at_zero)), CORNER)
    assert report.ok and report.slip == "none"
    assert ("yours is a subgradient" in str(report).replace("\n", " ")) == (at_zero > 0)  # jax.nn.relu has 0 there


def test_what_is_no_subgradient_is_said():
    report = check_derivation(RELU, lambda z: np.where(z == 0, 2.0, 1.0 * (np.asarray(z) > 0)), CORNER)
    assert report.ok and "yours lies not between them" in str(report).replace("\n", " ")


def test_hinge_at_zero_parameters():
    start = museum.linear.Params(np.zeros(museum.D), np.zeros(()))
    data = museum.X, np.ones(museum.N, int)
    loss = lambda p, x, y: jnp.mean(jnp.maximum(0, y * (x @ p.w + p.b)))
    strictly = lambda p, x, y: (x.T @ (x @ p.w + p.b > 0) / len(y), np.mean(x @ p.w + p.b > 0))
    or_equal = lambda p, x, y: (x.T @ (x @ p.w + p.b >= 0) / len(y), np.mean(x @ p.w + p.b >= 0))
    for gradient in (strictly, or_equal):
        report = check_derivation(loss, gradient, start, *data)
        assert report.ok and "kink" in str(report)
    doubled = check_derivation(loss, lambda *a: tuple(2 * g for g in or_equal(*a)), start, *data)
    assert (doubled.slip, doubled.factor) == ("factor", 2.0)


def test_without_a_kink_one_point_alone_is_not_forgiven():
    report = check_derivation(jnp.tanh, lambda z: np.where(z == 0, 0.5, 1 - np.tanh(z) ** 2), CORNER)
    assert not report.ok and report.slip == "unknown"


def test_an_accident_at_zero_proves_nothing():
    start = museum.linear.Params(np.zeros(museum.D), np.zeros(()))
    halves = lambda p, x, y: (x.T @ (0.5 - y) / len(y), (0.5 - y).mean())  # right where every p is 1/2
    report = check_derivation(museum.logistic.loss, halves, start, museum.X, museum.Y)
    assert not report.ok and report.slip == "unknown"


def test_near_zero_a_straight_line_is_no_tanh():
    report = check_derivation(jnp.tanh, lambda z: np.ones(3), np.full(3, 1e-9))
    assert not report.ok and report.slip == "link_missing"


def test_at_the_minimum_rounding_is_no_slip():
    best = museum.linear.solve(museum.X, museum.T)
    report = check_derivation(museum.linear.loss, museum.normal_equations, best, museum.X, museum.T)
    assert report.ok


# ---------------------------------------------------------------- invariances


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e6, 1e12])
def test_the_scale_of_the_loss_changes_no_verdict(scale):
    loss = lambda p, x, y: scale * museum.logistic.loss(p, x, y)
    scaled = lambda gradient: lambda *a: tuple(scale * g for g in gradient(*a))
    for gradient, slip in ((museum.p_minus_y, "none"), (museum.stops_at_p, "link_missing"), (museum.likelihood_in_place_of_loss, "sign")):
        assert check_derivation(loss, scaled(gradient), museum.LINE, museum.X, museum.Y).slip == slip


@pytest.mark.parametrize("unit", [1e-6, 1e5])
def test_units_of_the_columns_change_no_verdict(unit):
    units = np.array([1.0, unit, 1.0])
    params = museum.linear.Params(museum.LINE.w / units, museum.LINE.b)
    for gradient, slip in ((museum.by_numpy, "none"), (museum.normal_equations, "none"), (museum.bias_summed, "leaf_factor")):
        assert check_derivation(museum.linear.loss, gradient, params, museum.X * units, museum.T).slip == slip
    last = lambda *a: (museum.by_numpy(*a).w * np.array([1, 1 + 1e-6, 1]), museum.by_numpy(*a).b)
    report = check_derivation(museum.linear.loss, last, params, museum.X * units, museum.T)
    assert not report.ok and "w[1]" in report.message


def test_the_order_of_the_rows_changes_no_verdict():
    order = np.random.RandomState(1).permutation(museum.N)
    for gradient, slip in ((museum.p_minus_y, "none"), (museum.sigmoid_slope_beside_cross_entropy, "link_extra")):
        assert check_derivation(museum.logistic.loss, gradient, museum.LINE, museum.X[order], museum.Y[order]).slip == slip


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.floats(-1e6, 1e6).filter(lambda c: abs(c) > 1e-6 and abs(c - 1) > 1e-6))
def test_any_constant_is_found(c):
    report = check_derivation(museum.linear.loss, lambda *a: tuple(c * g for g in museum.by_numpy(*a)), museum.LINE, museum.X, museum.T)
    assert report.slip == ("sign" if c == -1 else "factor") and report.factor == pytest.approx(c, rel=1e-8)


def test_the_process_stays_as_it_was():
    before = jax.config.jax_enable_x64, jnp.ones(1).dtype
    check(museum.p_minus_y, museum.CROSS_ENTROPY)
    assert (jax.config.jax_enable_x64, jnp.ones(1).dtype) == before


# ---------------------------------------------------------------- the report


def test_the_report_reads():
    report = check(museum.sum_for_mean, museum.MSE)
    assert str(report).startswith("Off by exactly n = 20 in every parameter: you summed over the rows where the")
    assert "yours and 4 random ones near it" in str(report)
    assert repr(report) == "Derivation(ok=False, slip='factor', leaf=None, factor=20.0, max_error=19.0)"
    assert report.yours.shape == report.autodiff.shape == (5, museum.D + 1)
    assert report._fields[:6] == ("ok", "slip", "leaf", "factor", "max_error", "message")


def test_the_report_holds_no_nan():
    report = check(museum.zero_by_zero, museum.MSE)
    assert report.max_error is None and report.yours is None and np.isfinite(report.autodiff).all()


def test_an_overflow_far_from_the_parameters_is_a_note():
    # z of hundreds at some points: p is 1 there, and the chain rule by hand divides 0 by 0
    loss = lambda p, x, y: museum.logistic.loss(p, x, y)
    x, y = museum.X * 700, museum.Y
    start = museum.linear.Params(np.zeros(museum.D), np.zeros(()))
    report = check_derivation(loss, museum.by_the_chain_rule, start, x, y)
    assert report.ok and np.isfinite(report.yours).all()
    tame = check_derivation(loss, museum.p_minus_y, start, x, y)
    assert tame.ok and len(report.yours) <= len(tame.yours) == 5


def test_the_museum_is_large():
    assert COUNT[0] >= 80 and COUNT[1] >= 40


# ---------------------------------------------------------------- refusals


def raises(p, x, y):
    raise ZeroDivisionError("I divided by zero")


CALL = (museum.LINE, museum.X, museum.T)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: check_derivation(None, museum.by_numpy, *CALL), TypeError, "argument 'loss' is not a function"),
        (lambda: check_derivation(museum.linear.loss, 3, *CALL), TypeError, "argument 'gradient' is not a function; got int 3; pass"),
        (
            lambda: check_derivation(museum.linear.loss, raises, *CALL),
            ValueError,
            "'gradient' raised an error; got ZeroDivisionError: I div",
        ),
        (
            lambda: check_derivation(museum.linear.loss, lambda p, x, y: x.T, *CALL),
            TypeError,
            r"'gradient' does not return an array for each parameter; got float64 of shape \(3, 20\); return one array for each of w, b",
        ),
        (lambda: check_derivation(museum.linear.loss, lambda p, x, y: None, *CALL), TypeError, "does not return an array for each param"),
        (lambda: check_derivation(museum.linear.loss, lambda p, x, y: ("a", "b"), *CALL), TypeError, "does not return real numbers for w"),
        (
            lambda: check_derivation(lambda p: jnp.sqrt(p), lambda p: p, np.array(0.0)),
            ValueError,
            "argument 'params' is a point where the loss or its gradient is not finite",
        ),
        (
            lambda: check_derivation(museum.linear.loss, museum.by_numpy, museum.LINE, museum.X * np.nan, museum.T),
            ValueError,
            "argument 'x' contains NaN",
        ),
        (
            lambda: check_derivation(jax.nn.softmax, lambda z: z, np.ones(301)),
            ValueError,
            "more than 300 numbers for a function of an array",
        ),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match="^check_derivation: .*" + message):
        call()
