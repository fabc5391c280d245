"""autopsy: runs of known cause are named rightly, or "not_identified"; the numbers are those of the run and of the theory."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from conftest import x64_scope

from jaxml import DivergedError, datasets, linear, logistic, minimize, softmax
from jaxml.checks._autopsy import CAUSES, autopsy

RNG = np.random.default_rng(0)
X = RNG.standard_normal((50, 3))
Y = X @ np.array([1.0, 2.0, 3.0])
LABELS = (Y > 0).astype(int)
UNSCALED = X * [1, 100, 1]
WIDE = np.array([1.0, 0.0, 95.0])

squares = lambda w, x, y: jnp.mean((x @ w - y) ** 2)
parabola = lambda w: 0.5 * jnp.sum(w**2)
naive = lambda w, x, y: -jnp.mean(y * jnp.log(jax.nn.sigmoid(x @ w)) + (1 - y) * jnp.log(1 - jax.nn.sigmoid(x @ w)))
poisson = lambda w, x, y: jnp.mean(jnp.exp(x @ w) - y * (x @ w))


def shiftless(w, x, y):
    """Softmax regression, with exp as it stands in the book."""
    e = jnp.exp(x @ w)
    return -jnp.mean(jnp.log(e[jnp.arange(len(y)), y] / e.sum(axis=1)))


def recurrent(w, x):
    """h ← w h + x, over 200 steps."""
    return jnp.mean(jax.lax.scan(lambda h, x: (w * h + x, None), jnp.zeros(x.shape[1]), x)[0] ** 2)


def in_float32(w):
    """A parabola, by a loop that refuses float64."""
    return 0.5 * jax.lax.scan(lambda s, x: (s + x**2, None), jnp.zeros((), jnp.float32), w)[0]


def with_nan(i, j, value=np.nan):
    x = X.copy()
    x[i, j] = value
    return x


def run(loss, params, *data, optimizer=0.1, steps=100, **hyper):
    optimizer = optimizer if hasattr(optimizer, "init") else optax.sgd(optimizer)
    return lambda: (loss, params, *data), {"optimizer": optimizer, "steps": steps, **hyper}


ZEROS = np.zeros(3)
RUNS = {
    # what diverges because of its rate
    "a parabola": ("rate_above_limit", *run(parabola, np.ones(1), optimizer=2.5)),
    "just above": ("rate_above_limit", *run(parabola, np.ones(2), optimizer=2.01, steps=3000)),
    "momentum above": ("rate_above_limit", *run(parabola, np.ones(2), optimizer=optax.sgd(3.9, momentum=0.9), steps=1000)),
    "unscaled columns": ("rate_above_limit", *run(linear.loss, linear.init(3), UNSCALED, Y)),
    "unscaled, exp link": ("rate_above_limit", *run(poisson, ZEROS, UNSCALED, np.abs(Y), optimizer=0.01)),
    "unscaled, with l2": ("rate_above_limit", *run(logistic.loss, logistic.init(3), X, LABELS, optimizer=3.0, l2=1.0, steps=500)),
    "weights": ("rate_above_limit", *run(linear.loss, linear.init(3), X, Y, weights=np.arange(50.0), optimizer=2.0)),
    # what lies in an operation
    "log of a sigmoid that is 0": ("log_of_zero", *run(naive, 100 * np.ones(3), X, LABELS)),
    "log(1 - σ(20))": ("log_of_zero", *run(lambda w: -jnp.log(1 - jax.nn.sigmoid(w)).sum(), np.array([20.0]))),
    "log of a step to 0": ("log_of_zero", *run(lambda w: -jnp.log(w).sum() + w.sum() * 2, np.array([1.0]), optimizer=1.0)),
    "log of a long step to 0": ("log_of_zero", *run(lambda w: -jnp.log(w).sum() + 1.25 * w.sum(), np.array([1.0]), optimizer=4.0)),
    "softmax without shift": ("overflow", *run(shiftless, 40 * np.ones((3, 2)), X, LABELS)),
    "exp of a start": ("overflow", *run(lambda w: jnp.exp(w).sum(), WIDE)),
    "exp link, far start": ("overflow", *run(poisson, 50 * np.ones(3), X, np.abs(Y), optimizer=1e-30)),
    "a recurrence": ("overflow", *run(recurrent, np.array(3.0), np.ones((200, 2)), optimizer=1e-9)),
    "softplus on its way down": ("overflow", *run(lambda w: jnp.log(jnp.exp(50 * w) + 1) - 50 * w, -1.0, optimizer=0.06)),
    "below the limit": ("overflow", *run(lambda w: jnp.sqrt(1 + w**2) + jnp.exp(-6 * w), 2.0, optimizer=20.0)),
    "a saddle's way down": ("not_identified", *run(lambda w: w[0] ** 2 - jnp.exp(w[1] / 10) ** 4, np.ones(2), steps=900)),
    "a product": ("overflow", *run(lambda w, x: jnp.mean((x @ w) ** 2), ZEROS + 1e18, 1e4 * X)),
    "exp under where": ("nan_gradient", *run(lambda w: jnp.where(w < 50, jnp.exp(w), w).sum(), WIDE)),
    "sqrt under where": ("nan_gradient", *run(lambda w: jnp.where(w > 0, jnp.sqrt(w), 0.0).sum(), WIDE)),
    "sqrt at 0": ("nan_gradient", *run(lambda w: jnp.sqrt(w).sum(), WIDE)),
    "norm at 0": ("nan_gradient", *run(jnp.linalg.norm, ZEROS)),
    "norm after a step to 0": ("nan_gradient", *run(jnp.linalg.norm, np.array([1.0]), optimizer=1.0)),
    "a cusp far below": ("nan_gradient", *run(lambda w: jnp.where(w < 5, -w, jnp.sqrt(jnp.abs(w - 6)) - 1e6), 1.0, optimizer=5.0)),
    "0/0 under where": ("nan_gradient", *run(lambda w: jnp.where(w == 0, 1.0, jnp.sin(w) / w).sum(), ZEROS)),
    # what lies in the data
    "NaN in x": ("bad_data", *run(linear.loss, linear.init(3), with_nan(7, 1), Y)),
    "infinity in y": ("bad_data", *run(squares, ZEROS, X, np.where(Y > 4, np.inf, Y))),
    "beyond float32": ("bad_data", *run(squares, ZEROS, with_nan(3, 2, 1e39), Y)),
    "NaN in weights": ("bad_data", *run(linear.loss, linear.init(3), X, Y, weights=np.full(50, np.nan))),
    "NaN in params": ("bad_data", *run(parabola, np.array([1.0, np.nan]))),
    "a label past the last": ("bad_data", *run(softmax.loss, softmax.init(3, 2), X, np.where(Y > 4, 2, LABELS))),
    "a label of two": ("bad_data", *run(logistic.loss, logistic.init(3), X, np.where(Y > 4, 2, LABELS))),
    "a column for y": ("broadcast", *run(squares, ZEROS, X, Y[:, None])),
    "a column for y, refused": ("broadcast", *run(linear.loss, linear.init(3), X, Y[:, None])),
    "a vector for a column": ("broadcast", *run(squares, np.zeros((3, 1)), X, Y)),
    # what is fine
    "fine": ("none", *run(linear.loss, linear.init(3), X, Y)),
    "fine with Adam": ("none", *run(linear.loss, linear.init(3), X, Y, optimizer=optax.adam(0.1))),
    "Adam, a huge rate": ("none", *run(logistic.loss, logistic.init(3), X, LABELS, optimizer=optax.adam(1e6))),
    "separable": ("none", *run(logistic.loss, logistic.init(3), X, LABELS, optimizer=1.0, steps=1000)),
    "without a bound": ("none", *run(lambda w: -jnp.sum(w), np.ones(2))),
    "just below": ("none", *run(parabola, np.ones(2), optimizer=1.99, steps=3000)),
    "a column for a column": ("none", *run(squares, np.zeros((3, 1)), X, Y[:, None])),
    "a kernel's table": ("none", *run(lambda w, x: jnp.mean((x[:, None] - x[None, :] * w) ** 2), np.zeros(()), X[:, 0])),
    "as many classes as rows": ("none", *run(lambda w, x, y: softmax_of_column(w, x, y), np.zeros((3, 9)), X[:9], np.arange(9)[:, None])),
    # what cannot be shown
    "Adam uphill": ("not_identified", *run(parabola, np.ones(2), optimizer=optax.adam(-0.5), steps=200)),
    "division by 0": ("not_identified", *run(lambda w: (1 / (w - 1)).sum(), WIDE)),
    "sqrt of less than 0": ("not_identified", *run(lambda w: jnp.sqrt(w).sum(), -WIDE)),
    "log of less than 0": ("not_identified", *run(lambda w: jnp.log(w).sum(), -WIDE)),
    "a schedule": ("not_identified", *run(squares, ZEROS, X, Y, optimizer=optax.sgd(lambda i: 1.0 + i), steps=200)),
    "Nesterov": ("not_identified", *run(parabola, np.ones(2), optimizer=optax.sgd(3.9, momentum=0.9, nesterov=True), steps=200)),
    "an error along another axis": ("not_identified", *run(lambda w: w[0] ** 2 + 1.1 * w[1] ** 2, np.array([1.0, 0]), optimizer=1.1)),
    "falls as -w²": ("not_identified", *run(lambda w: -(w**2), 1.0, optimizer=0.5, steps=500)),
    "falls as -w³": ("not_identified", *run(lambda w: -(w**3), 1.0, optimizer=0.5, steps=500)),
    "falls as -w": ("not_identified", *run(lambda w: -jnp.sum(w), np.ones(2), optimizer=1e34, steps=20_000)),
    "falls as -exp": ("not_identified", *run(lambda w: -jnp.exp(w), 1.0, optimizer=0.5, steps=500)),
    "rises, and falls": ("not_identified", *run(lambda w: w[0] ** 2 - w[1] ** 2, np.array([1, 1e-3]), optimizer=1.2, steps=500)),
    "-exp of a start": ("overflow", *run(lambda w: -jnp.exp(w).sum(), WIDE)),
    "falls as w² - w³": ("not_identified", *run(lambda w: w**2 - w**3, 0.9, steps=500)),
    "a parabola in float32 alone": ("not_identified", *run(in_float32, np.ones(2, np.float32), optimizer=2.5)),
    "falls in float32 alone": ("not_identified", *run(lambda w: -in_float32(w), np.ones(2, np.float32), optimizer=2.5)),
    "ascent": ("not_identified", *run(parabola, np.ones(2), optimizer=optax.sgd(-0.1), steps=200)),
}


def softmax_of_column(w, x, y):
    """Labels as a column against the classes: a table (n, k), which is what was meant."""
    return -jnp.mean(jnp.sum(jnp.where(y == jnp.arange(9), jax.nn.log_softmax(x @ w), 0), axis=1))


@pytest.fixture(scope="module")
def reports():
    return {}


@pytest.mark.parametrize("name", RUNS)
def test_runs_of_known_cause(name, reports):
    cause, arguments, options = RUNS[name]
    report = reports[name] = autopsy(*arguments(), **options)
    assert report.cause == cause and report.cause in CAUSES, report
    assert np.isfinite(report.losses).all()
    assert not re.search(r"\bnan\b|None", report.message) or cause == "bad_data"
    if cause == "none":
        assert report.step is None and "did not diverge" in str(report)


def test_the_count_of_known_causes():
    causes = [cause for cause, *_ in RUNS.values()]
    assert set(causes) == set(CAUSES) and len(causes) >= 45


# ---------------------------------------------------------------- the numbers


@pytest.mark.parametrize("name", ["unscaled columns", "just above", "momentum above"])
def test_it_is_the_run_of_minimize(name, width):
    """The step, the rate, the limit and every loss are those of the error that sent the user here."""
    _, arguments, options = RUNS[name]
    with pytest.raises(DivergedError) as caught:
        minimize(*arguments(), **options)
    error, report = caught.value, autopsy(*arguments(), **options)
    assert report.step == error.step and report.cause == "rate_above_limit"
    np.testing.assert_array_equal(report.losses, error.fit.losses)
    beta = 0.9 if name == "momentum above" else 0.0
    np.testing.assert_allclose(report.limit, (1 + beta) * error.largest_stable_rate, rtol=1e-4)
    if not beta:
        np.testing.assert_allclose(report.rate, error.rate, rtol=1e-4)
    np.testing.assert_allclose(report.limit * report.eigenvalue, 2 * (1 + beta))


def test_the_limit_is_that_of_the_theory():
    """L = mean((x·w + b − y)²): its Hessian is 2/n [x 1]ᵀ[x 1]."""
    table = np.column_stack([UNSCALED, np.ones(50)])
    largest = np.linalg.eigvalsh(2 / 50 * table.T @ table)[-1]
    report = autopsy(linear.loss, linear.init(3), UNSCALED, Y, optimizer=optax.sgd(0.1), steps=100, names=["depth", "carat", "price"])
    np.testing.assert_allclose(report.eigenvalue, largest, rtol=1e-6)  # of columns rounded to float32
    np.testing.assert_allclose(report.limit, 2 / largest, rtol=1e-6)
    assert report.along == "carat"
    text = " ".join(str(report).split())
    assert f"the rate 0.1 is above the limit {2 / largest:.3g} of this loss. Each step multiplies the error along carat by " in text
    assert f"carat of x its root mean square is {np.sqrt(np.mean(UNSCALED[:, 1] ** 2)):.4g}" in text
    z = (X - X.mean(0)) / X.std(0)
    scaled = 2 / np.linalg.eigvalsh(2 / 50 * np.column_stack([z, np.ones(50)]).T @ np.column_stack([z, np.ones(50)]))[-1]
    assert f"standardise the columns (preprocessing.standard_scaler): then the limit is {scaled:.3g}." in text
    growth = re.search(r"growth of a step (\S+) by λ; (\S+) in the last", text)
    np.testing.assert_allclose(*(float(number) for number in growth.groups()), rtol=1e-3)


def test_the_remedies_help():
    report = autopsy(linear.loss, linear.init(3), UNSCALED, Y, optimizer=optax.sgd(0.1), steps=100)
    for times, cause in ((0.99, "none"), (1.05, "rate_above_limit")):
        again = autopsy(linear.loss, linear.init(3), UNSCALED, Y, optimizer=optax.sgd(times * report.limit), steps=1000)
        assert again.cause == cause, again


def test_real_tables_as_they_come():
    cancer = datasets.load_breast_cancer()
    report = autopsy(linear.loss, linear.init(30), cancer.x, cancer.y, optimizer=optax.sgd(0.1), steps=100, names=cancer.feature_names)
    assert report.cause == "rate_above_limit" and report.along == "worst area"
    risen = autopsy(logistic.loss, logistic.init(30), cancer.x, cancer.y, optimizer=optax.sgd(0.1), steps=100)
    assert risen.cause == "none" and "It rose" in str(risen)
    assert "the limit at the start" in str(risen)


def test_the_operation_and_its_operand():
    text = " ".join(str(autopsy(lambda w: jnp.exp(w).sum(), WIDE, optimizer=optax.sgd(0.1), steps=3)).split())
    assert "exp of 95 in float32: more than 3.4e+38, its largest number; exp overflows at 88.7" in text
    assert "where test_autopsy.py:" in text and text.startswith("Diverged before the first step: an operation of the loss overflows.")
    text = " ".join(str(autopsy(recurrent, np.array(3.0), np.ones((200, 2)), optimizer=optax.sgd(1e-9), steps=3)).split())
    assert "3 · 2.217e+38" in text and "round 81 of a loop of 200" in text
    text = str(autopsy(lambda w: -jnp.log(1 - jax.nn.sigmoid(w)).sum(), np.array([20.0]), optimizer=optax.sgd(0.1), steps=3))
    assert "log of 0" in text and "log_sigmoid(-z)" in text
    text = str(autopsy(jnp.linalg.norm, np.zeros(3), optimizer=optax.sgd(0.1), steps=3))
    assert "0.5 / 0, the 0 from sqrt" in text


def test_what_where_leaves_out_is_not_blamed():
    """The first operation that overflows is masked; the second is the one."""
    loss = lambda w: jnp.sum(jnp.where(w < 50, jnp.exp(w), 0.0)) + jnp.log(w[1])
    text = str(autopsy(loss, WIDE, optimizer=optax.sgd(0.1), steps=3))
    assert "log of 0" in text and "exp of" not in text
    loss = lambda w: jnp.sum(jnp.where(w > 50, jnp.log(0 * w), jnp.exp(w)))  # both are infinite in one entry, and one is chosen
    text = str(autopsy(loss, WIDE, optimizer=optax.sgd(0.1), steps=3))
    assert "log of 0" in text and "exp of" not in text


def test_only_the_entry_that_counts_is_followed():
    loss = lambda w: jnp.sum(jnp.where(w > 50, 0.0, jnp.exp(w) + jnp.log(w)))  # exp overflows in the last, log in the second
    text = str(autopsy(loss, WIDE, optimizer=optax.sgd(0.1), steps=3))
    assert "log of 0" in text and "exp of" not in text

    def backwards(w):
        logs = jax.lax.scan(lambda c, x: (c, jnp.log(x)), 0.0, w, reverse=True)[1]
        return jnp.sum(jnp.where(jnp.arange(4) == 1, logs, 0.0))

    report = autopsy(backwards, np.array([1.0, 0.0, 2.0, 3.0]), optimizer=optax.sgd(0.1), steps=3)
    assert report.cause == "log_of_zero" and "round 1 of a loop of 4" in " ".join(str(report).split())


def test_a_loop_and_a_branch():
    def loss(w):
        w = jax.lax.fori_loop(0, 50, lambda i, w: 10 * w, w)
        return jax.lax.cond(w[0] > 0, lambda w: w.sum(), lambda w: jnp.log(-w).sum(), w)

    report = autopsy(loss, np.ones(2), optimizer=optax.sgd(0.1), steps=2)
    assert report.cause == "overflow" and "round 38 of a loop" in str(report)
    branches = lambda w: jax.lax.cond(w[0] > 0, lambda w: jnp.exp(w).sum(), lambda w: w.sum(), w)
    assert autopsy(branches, WIDE, optimizer=optax.sgd(0.1), steps=2).cause == "overflow"
    report = autopsy(lambda w: loss(-w * 1e-60), np.ones(2, np.float32), optimizer=optax.sgd(0.1), steps=2)
    assert report.cause == "log_of_zero"  # 1e-60 is 0 in float32


def test_what_float32_cannot_float64_can():
    loss, options = lambda w: jnp.exp(w).sum(), {"optimizer": optax.sgd(1e-45), "steps": 3}
    assert autopsy(loss, WIDE, **options).cause == "overflow"
    with x64_scope(True):
        assert autopsy(loss, WIDE, **options).cause == "none"
        assert "more than 1.8e+308" in str(autopsy(loss, 10 * WIDE, **options))
    assert jnp.zeros(1).dtype == jnp.float32


def test_places_in_the_data():
    report = autopsy(linear.loss, linear.init(3), with_nan(7, 1), Y, optimizer=optax.sgd(0.1), steps=3)
    assert report.evidence == (("x", "nan at row 7, column 1"),) and report.step is None and report.losses.size == 0
    y = Y.copy()
    y[[4, 9]] = np.inf, -np.inf
    assert autopsy(squares, ZEROS, X, y, optimizer=optax.sgd(0.1), steps=3).evidence == (("y", "inf at row 4, and 1 more"),)
    report = autopsy(softmax.loss, softmax.init(3, 2), X, np.where(np.arange(50) == 5, 7, LABELS), optimizer=optax.sgd(0.1), steps=3)
    assert report.evidence[0][1].startswith("row 5: x = [") and report.evidence[0][1].endswith("y = 7")


def test_a_loss_that_falls_without_end():
    of = lambda loss, rate=0.5: " ".join(str(autopsy(loss, 1.0, optimizer=optax.sgd(rate), steps=500)).split())
    text = of(lambda w: -(w**2))
    assert "the loss falls without end, from -1 at the start to -3.403e+38, and meets no minimum on the way." in text
    assert "Look at the sign of the loss" in text and "to the power 2 in float32" in text
    assert "falls without end" in of(lambda w: -w / 4, 1e38)  # the parameters overflow before the loss
    assert "falls without end" in of(lambda w: w**2 - w**3 - 0.1 * w)  # inf - inf


@pytest.mark.parametrize("rates", [(1e-6, 0.55, 1e30), (1e-6, 1e34), (1e-6, 0.55, 1e3)])
def test_a_valley_that_is_left_is_not_a_fall_without_end(rates):
    """Down to -1e8 and then far up; so far that the program says -inf; to the root of a negative number."""
    loss = lambda w: w**2 - 2e4 * w + 0 * jnp.sqrt(w)
    report = autopsy(loss, 1.0, optimizer=optax.sgd(lambda i: jnp.array(rates)[i]), steps=9)
    assert report.cause == ("not_identified" if rates[-1] == 1e3 else "overflow") and "falls" not in str(report), report


@pytest.mark.parametrize("rate", [0.1, 3.0])
def test_a_column_that_is_not_the_only_fault(rate):
    report = autopsy(squares, ZEROS, X, Y[:, None], optimizer=optax.sgd(rate), steps=100)
    assert report.cause == ("broadcast" if rate < 1 else "rate_above_limit")
    assert dict(report.evidence)["the table"] == "50 × 50 numbers, of 50 rows; gone with y.ravel()"


def test_a_table_that_was_meant_is_not_mentioned():
    report = autopsy(
        lambda w, x, y: (1 if y.ndim == 2 else 99) * squares(w, x, y), ZEROS, X, Y[:, None], optimizer=optax.sgd(0.1), steps=100
    )
    assert report.cause == "none" and not report.evidence


def test_momentum_and_what_looks_like_plain_descent():
    start = {"w": np.ones(2), "b": 1.0}
    loss = lambda p: 0.5 * (jnp.sum(p["w"] ** 2) + p["b"] ** 2)
    of = lambda optimizer: autopsy(loss, start, optimizer=optimizer, steps=400)
    assert of(optax.sgd(3.5, momentum=0.5)).cause == "rate_above_limit"
    assert of(optax.sgd(2.9, momentum=0.5)).cause == "none"  # 2 (1 + 0.5) / 1 is 3
    for optimizer in (
        optax.chain(optax.add_decayed_weights(0.1), optax.sgd(2.5)),
        optax.chain(optax.clip_by_global_norm(1e6), optax.sgd(2.5)),
        optax.sgd(lambda i: 2.5),
        optax.chain(optax.scale(-1.0), optax.sgd(0.5)),
    ):
        assert of(optimizer).cause in ("not_identified", "overflow", "none")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda **o: autopsy(3, ZEROS, **o), TypeError, "^autopsy: argument 'loss' is not a function"),
        (lambda **o: autopsy(parabola, ZEROS, **{**o, "optimizer": 0.1}), TypeError, "^autopsy: argument 'optimizer' is not an optax"),
        (lambda **o: autopsy(parabola, ZEROS, **{**o, "steps": 0}), ValueError, "^autopsy: argument 'steps' is out of range"),
        (lambda **o: autopsy(parabola, ZEROS, tol=-1, **o), ValueError, "^autopsy: argument 'tol' is out of range"),
        (lambda **o: autopsy(linear.loss, linear.init(2), X, Y, **o), ValueError, "argument 'x' has 3 columns, not 2"),
        (lambda **o: autopsy(lambda w: w, ZEROS, **o), TypeError, "argument 'loss' does not return one number"),
        (lambda **o: autopsy(squares, ZEROS, X, ["a"] * 50, **o), TypeError, "^autopsy: argument 'y' is not an array of real numbers"),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call(optimizer=optax.sgd(0.1), steps=3)
