"""The forecast of a descent: the guide's numbers, NumPy's eigenvalues, the textbook's rates, and what descents then did."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from jaxml import forecast, linear, logistic, minimize, nn, softmax, text_lstm
from jaxml.checks import _spectrum
from jaxml.model_selection import train_test_split
from jaxml.preprocessing import standard_scaler

X, Y = np.array([[1.0], [2.0], [3.0], [4.0], [5.0]]), np.array([2.0, 4.0, 5.0, 4.0, 5.0])
EXACT = np.array([0.6, 2.2])  # the guide's second example
RNG = np.random.default_rng(0)
WIDE, TARGET = RNG.standard_normal((40, 4)) * [1.0, 3.0, 0.2, 5.0] + [0, 1, 0, 2], RNG.standard_normal(40)
LABELS = (WIDE[:, 0] + TARGET > 0).astype(int)


def half(p, x=X):
    """½ MSE of a line, as in the guide's seventh example."""
    return linear.loss(linear.Params(p[:1], p[1]), x, Y) / 2


def hessian_of(x):
    """Of the mean squared error: 2/n XᵀX, by NumPy."""
    table = np.column_stack([x, np.ones(len(x))])
    return 2 / len(x) * table.T @ table


def bowl(eigenvalues, seed=0):
    """½ θᵀHθ with these eigenvalues, in random directions."""
    q = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(eigenvalues),) * 2))[0]
    h = (q * eigenvalues) @ q.T
    return (lambda p, h: p @ h @ p / 2), h


# ---------------------------------------------------------------- the guide


def test_the_guides_seventh_example():
    report = forecast(half, np.zeros(2), learning_rate=0.01, steps=1000, names=["weight", "bias"])
    assert_allclose(report.eigenvalues, [0.169, 11.831], atol=1e-3)
    assert round(report.condition_number) == 70 and report.exact
    assert f"{report.remaining:.1%}" == "18.4%" and report.steps_needed == 4083
    assert forecast(half, np.zeros(2)).steps_needed == 242
    assert report.slow_direction == "0.96 bias − 0.27 weight"
    assert report.message == "At rate 0.01, 18.4% of the slow error is left after 1,000 steps; it takes 4,083 steps to leave 0.1%."
    text = str(report)
    assert "best rate            0.1667, where it takes 242 steps" in text and "69.99 = 11.83 / 0.169" in text
    assert "Exact: the loss is quadratic" in text and "preprocessing.standard_scaler" in text


def test_the_guides_seventh_example_scaled_takes_one_step():
    scaled = standard_scaler.transform(standard_scaler.fit(X), X)
    report = forecast(half, np.zeros(2), scaled)
    assert f"{report.condition_number:.3f}" == "1.000" and report.steps_needed == 1
    assert_allclose(report.best_rate, 1)
    assert "standard_scaler" not in str(report)


def test_the_guides_eleventh_example():
    random = np.random.RandomState(42)
    x = random.rand(1000, 1) * 10
    y = 2 * x[:, 0] + 1 + random.randn(1000)
    x, _, y, _ = train_test_split(x, y, test_size=0.2, random_state=42)
    scaled = standard_scaler.transform(standard_scaler.fit(x), x)
    assert f"{forecast(linear.loss, linear.init(1), x, y).condition_number:.1f}" == "133.8"
    assert f"{forecast(linear.loss, linear.init(1), scaled, y).condition_number:.1f}" == "1.0"


@pytest.mark.parametrize(
    ("rate", "factor", "says"),
    [
        (0.1, 0.8, "At rate 0.1, it takes 31 steps to leave 0.1% of the slow error."),
        (0.5, 0.0, "At rate 0.5, it takes 1 step"),
        (0.9, -0.8, "At rate 0.9, it takes 31 steps"),
        (1.0, -1.0, "At rate 1, the error along params changes its sign at every step and does not shrink. The limit is 1."),
        (1e-20, 1.0, "At rate 1e-20, the error along params shrinks by less than rounding"),
        (1.1, -1.2, "At rate 1.1, descent diverges: each step multiplies the error along params by -1.2. The limit is 1."),
    ],
)
def test_the_guides_parabola(rate, factor, says):
    report = forecast(lambda x: x**2, 4.0, learning_rate=rate)
    assert report.max_rate == 1 and report.best_rate == 0.5
    assert_allclose(report.factor, factor, atol=1e-12)
    assert says in report.message
    assert (report.steps_needed is None) == (abs(factor) >= 1)


# ---------------------------------------------------------------- the books


def test_eigenvalues_are_numpys(width):
    eigenvalues = np.linalg.eigvalsh(hessian_of(WIDE.astype(np.float32)))
    report = forecast(linear.loss, linear.init(4), WIDE.astype(np.float32), TARGET.astype(np.float32))
    assert_allclose(report.eigenvalues, eigenvalues, rtol=1e-12)
    assert_allclose(report.max_rate, 2 / eigenvalues[-1], rtol=1e-12)
    assert_allclose(report.best_rate, 2 / (eigenvalues[0] + eigenvalues[-1]), rtol=1e-12)
    assert_allclose(report.condition_number, np.linalg.cond(hessian_of(WIDE.astype(np.float32))), rtol=1e-12)


@settings(derandomize=True, deadline=None, max_examples=12)
@given(st.lists(st.floats(0.01, 100), min_size=3, max_size=3), st.floats(0.05, 1.3), st.integers(1, 60))
def test_rates_of_the_textbook(eigenvalues, share, steps):
    loss, h = bowl(np.sort(eigenvalues))
    low, high = min(eigenvalues), max(eigenvalues)
    best = forecast(loss, np.ones(3), h, steps=steps)
    kappa = high / low
    # Nesterov, theorem 2.1.15; Goh: the best rate's factor is (κ − 1)/(κ + 1)
    assert_allclose(abs(best.factor), (kappa - 1) / (kappa + 1), atol=1e-9)
    report = forecast(loss, np.ones(3), h, learning_rate=share * 2 / high, steps=steps)
    slowest = max(abs(1 - report.learning_rate * np.array(eigenvalues)))
    assert abs(best.factor) <= slowest + 1e-9
    assert_allclose(report.remaining, slowest**steps, rtol=1e-6)
    assert_allclose(abs(report.factor), slowest, rtol=1e-9)
    theta = np.ones(3)
    for _ in range(steps):
        theta = theta - report.learning_rate * h @ theta
    assert_allclose(report.remaining_overall, np.linalg.norm(theta) / np.sqrt(3), rtol=1e-6)
    assert_allclose(report.predicted[-1], theta @ h @ theta / 2, rtol=1e-6)
    if share < 0.999:
        assert slowest**report.steps_needed <= 1e-3 * (1 + 1e-9)
        assert report.steps_needed == 1 or slowest ** (report.steps_needed - 1) > 1e-3 * (1 - 1e-9)
    elif share > 1.001:
        assert report.steps_needed is None and "diverges" in report.message


# ---------------------------------------------------------------- what descents then did


def test_predicted_is_observed_over_1000_steps(x64):
    fit = minimize(half, np.zeros(2), optimizer=optax.sgd(0.01), steps=1000)
    report = forecast(half, np.zeros(2), learning_rate=0.01, losses=fit.losses)
    assert report.steps == 1000 and len(report.predicted) == 1001 and len(report.observed) == 1000
    assert np.abs(report.observed - report.predicted[:1000]).max() <= 1e-6 * report.predicted[0]
    assert report.disagreement < 1e-12
    left = np.linalg.norm(fit.params - EXACT) / np.linalg.norm(EXACT)
    assert_allclose(report.remaining_overall, left, rtol=1e-9)
    slow = np.linalg.eigh(jax.hessian(half)(EXACT))[1][:, 0]
    assert_allclose(report.remaining, (fit.params - EXACT) @ slow / (-EXACT @ slow), rtol=1e-9)
    assert "at step 999" in str(report) and "furthest apart" in str(report)


def test_predicted_is_what_the_guides_own_loop_does():
    w, b, losses = 0.0, 0.0, []
    for _ in range(1000):
        error = X[:, 0] * w + b - Y
        losses.append(np.mean(error**2) / 2)
        w, b = w - 0.01 * np.mean(error * X[:, 0]), b - 0.01 * np.mean(error)
    assert (round(w, 6), round(b, 6)) == (0.696355, 1.852128)
    report = forecast(half, np.zeros(2), learning_rate=0.01, losses=losses)
    assert np.abs(report.observed - report.predicted[:1000]).max() <= 1e-6 * report.predicted[0]


def test_a_run_of_many_columns_and_a_penalty(x64):
    rate = 0.9 * forecast(linear.loss, linear.init(4), WIDE, TARGET, l2=0.3).max_rate
    fit = minimize(linear.loss, linear.init(4), WIDE, TARGET, optimizer=optax.sgd(rate), steps=1000, l2=0.3)
    report = forecast(linear.loss, linear.init(4), WIDE, TARGET, l2=0.3, optimizer=optax.sgd(rate), losses=fit.losses)
    assert report.exact and report.learning_rate == pytest.approx(rate, rel=1e-12)
    assert report.disagreement < 1e-10


def test_a_run_in_float32_agrees_to_its_rounding():
    fit = minimize(half, np.zeros(2), optimizer=optax.sgd(0.01), steps=300)
    assert fit.losses.dtype == np.float32
    assert forecast(half, np.zeros(2), learning_rate=0.01, losses=fit.losses).disagreement < 1e-5


def test_a_run_with_another_rate_is_seen(x64):
    fit = minimize(half, np.zeros(2), optimizer=optax.sgd(0.02), steps=100)
    assert forecast(half, np.zeros(2), learning_rate=0.01, losses=fit.losses).disagreement > 0.1


def test_a_diverging_run_is_predicted_too(x64):
    with pytest.raises(ArithmeticError) as caught:
        minimize(half, np.zeros(2), optimizer=optax.sgd(0.2), steps=100)
    report = forecast(half, np.zeros(2), learning_rate=0.2, losses=caught.value.fit.losses)
    assert report.disagreement < 1e-8 * report.predicted[-1] and report.remaining > 1
    assert_allclose(report.max_rate, caught.value.largest_stable_rate)


def test_what_leaves_the_numbers_is_left_out():
    report = forecast(half, np.zeros(2), learning_rate=1.0, steps=10_000)
    assert report.remaining is None and report.predicted is None and report.factor < -10
    assert forecast(half, np.zeros(2), learning_rate=0.01, steps=10**9).remaining == 0
    report = forecast(half, np.zeros(2), learning_rate=1.0, steps=200)
    assert np.isfinite(report.remaining) and np.isfinite(report.predicted).all() and len(report.predicted) < 201


def test_logistic_regression_near_its_minimum(x64):
    table = standard_scaler.transform(standard_scaler.fit(WIDE), WIDE)
    least = logistic.solve(table, LABELS, l2=0.1)
    report = forecast(logistic.loss, least, table, LABELS, l2=0.1, learning_rate=1.0)
    assert not report.exact and report.message.startswith("At rate 1, near the minimum it takes")
    fit = minimize(logistic.loss, logistic.init(4), table, LABELS, l2=0.1, optimizer=optax.sgd(1.0), steps=60)
    above = fit.losses - float(logistic.loss(least, table, LABELS, l2=0.1))
    assert_allclose(above[-1] / above[-2], report.factor**2, rtol=0.01)  # after 60 steps the second slowest error is not yet nothing
    told = forecast(logistic.loss, least, table, LABELS, l2=0.1, learning_rate=1.0, losses=fit.losses)
    assert_allclose(told.observed, above, atol=1e-12)
    assert told.predicted is None


def test_logistic_regression_away_from_its_minimum_is_not_guessed():
    report = forecast(logistic.loss, logistic.init(4), WIDE, LABELS, learning_rate=0.01, steps=10)
    eigenvalues = np.linalg.eigvalsh(hessian_of(WIDE) / 8)  # σ' = 1/4 at 0
    assert_allclose(report.eigenvalues, eigenvalues, rtol=1e-10)
    assert report.steps_needed is None and report.remaining is None and report.predicted is None
    assert "not at a minimum" in report.message and "Local:" in str(report)


# ---------------------------------------------------------------- what kind of loss


def net(activation):
    layers = nn.sequential(nn.dense(6, activation=activation), nn.dense(1))
    params, _ = layers.init(jax.random.key(0), (4,))
    return (lambda p, x, y: jnp.mean((layers.apply(p, x)[:, 0] - y) ** 2)), params


def hinge(w, x, y):
    return jnp.mean(jnp.maximum(0, 1 - (2 * y - 1) * (x @ w))) + 0.005 * w @ w


@pytest.mark.parametrize(
    ("loss", "params", "y", "exact", "kinks"),
    [
        (linear.loss, linear.init(4), TARGET, True, False),
        (lambda w, x, y: jnp.mean(jnp.abs(x @ w - y) ** 2) + jnp.linalg.norm(w) ** 2, np.ones(4), TARGET, True, False),
        (lambda w, x, y: jnp.var(x @ w - y) + jnp.sum(w**2.0), np.ones(4), TARGET, True, False),
        (logistic.loss, logistic.init(4), LABELS, False, False),
        (softmax.loss, softmax.init(4, 3), np.arange(40) % 3, False, False),
        (lambda p, x, y: logistic.loss(p, 1e5 * x, y), logistic.init(4), LABELS, False, False),
        (lambda w, x, y: jnp.mean((x @ w - y) ** 4), np.ones(4), TARGET, False, False),
        (lambda w, x, y: jnp.mean(jnp.exp(x @ w) - y * (x @ w)), np.zeros(4), TARGET, False, False),
        (lambda w, x, y: optax.huber_loss(x @ w, y, delta=100.0).mean(), np.zeros(4), TARGET, False, False),
        (lambda w, x, y: jnp.mean(jnp.abs(x @ w - y)), np.ones(4), TARGET, False, True),
        (lambda w, x, y: jnp.sum(w**4), np.zeros(4), TARGET, False, False),
        (lambda w, x, y: jnp.sum(jnp.abs(w) + w**2), np.ones(4), TARGET, False, True),
        (hinge, np.ones(4), LABELS, False, True),
        (*net("relu"), TARGET, False, True),
        (*net("tanh"), TARGET, False, False),
    ],
    ids=[
        "linear",
        "norms",
        "variance",
        "logistic",
        "softmax",
        "sharp",
        "fourth power",
        "poisson",
        "huber",
        "absolute",
        "flat at 0",
        "lasso",
        "hinge",
        "relu",
        "tanh",
    ],
)
def test_quadratic_by_test_and_not_by_name(loss, params, y, exact, kinks):
    report = forecast(loss, params, WIDE, y)
    assert report.exact == exact
    assert any("kinks" in note for note in report.notes) == kinks
    assert ("Exact" in report.notes[0]) == exact


def test_duplicate_columns_are_left_out(x64):
    twice = np.column_stack([X, X])
    report = forecast(linear.loss, linear.init(2), twice, Y, names=["a", "copy"], learning_rate=0.02, steps=200)
    eigenvalues = np.linalg.eigvalsh(hessian_of(twice))
    assert_allclose(report.condition_number, eigenvalues[2] / eigenvalues[1], rtol=1e-9)
    assert_allclose(report.best_rate, 2 / (eigenvalues[1] + eigenvalues[2]), rtol=1e-9)
    assert "Without curvature, to rounding, is 0.71" in str(report) and "a − 0.71 copy" in str(report).replace(
        "copy − 0.71 a", "a − 0.71 copy"
    )
    fit = minimize(linear.loss, linear.init(2), twice, Y, optimizer=optax.sgd(0.02), steps=200)
    again = forecast(linear.loss, linear.init(2), twice, Y, learning_rate=0.02, losses=fit.losses)
    assert again.disagreement < 1e-12


def test_duplicates_are_found_among_many_rows():
    x = np.random.default_rng(1).standard_normal((50_000, 3)) * [1, 1e2, 0.1] + [0, 1e3, 0]
    report = forecast(linear.loss, linear.init(4), np.column_stack([x, x[:, 1]]), x[:, 0])
    assert np.sum(np.abs(report.eigenvalues) <= 1e-13 * report.eigenvalues[-1]) == 1
    assert report.condition_number < 1e15 and any("Without curvature" in note for note in report.notes)


def test_the_minimum_itself_as_start():
    report = forecast(lambda p: jnp.sum((p - 1) ** 2), np.ones(3), steps=5)
    assert report.steps_needed == 1 and report.predicted is None and report.remaining == 0
    twice = np.column_stack([X, X])
    least = linear.Params(np.array([0.25, 0.35], np.float32), np.float32(2.2))
    solved = forecast(linear.loss, least, twice, Y, steps=5)
    assert solved.steps_needed and "for ever" not in solved.message


@pytest.mark.parametrize(
    ("loss", "says"),
    [
        (
            lambda p: p[0] ** 2 - p[1] ** 2,
            "It curves downwards along params[1]: the loss has no minimum. Where it curves upwards, the rate",
        ),
        (lambda p: jnp.cos(p[0]) + p[1] ** 2, "It curves downwards along params[0]: params are not near a minimum."),
        (lambda p: p[0] ** 2 + p[1], "The loss has no minimum: it falls for ever along params[1]. For the other directions the rate"),
        (lambda p: p[0] + p[1], "The loss curves upwards in no direction at params: there is no limit to tell"),
        (lambda p: -jnp.sum(p**2), "The loss curves upwards in no direction at params"),
    ],
)
def test_where_there_is_no_minimum_nothing_is_promised(loss, says):
    report = forecast(loss, np.zeros(2), learning_rate=0.1, steps=10)
    assert report.message.startswith(says)
    assert report.steps_needed is None and report.remaining is None and report.predicted is None
    assert report.max_rate is None or report.max_rate == pytest.approx(1)


def test_at_a_minimum_that_is_not_quadratic_a_rate_above_the_limit_is_not_called_divergence():
    report = forecast(lambda p: jnp.cosh(p[0]), np.zeros(1), learning_rate=2.5)
    assert report.message == (
        "At rate 2.5, descent cannot settle at this minimum: near the minimum each step multiplies the error along params[0] by -1.5. "
        "The limit is 2."
    )


# ---------------------------------------------------------------- invariances


def test_ten_times_the_loss_takes_a_tenth_of_the_rate():
    one = forecast(linear.loss, linear.init(4), WIDE, TARGET, steps=20)
    ten = forecast(lambda *a: 10 * linear.loss(*a) + 7, linear.init(4), WIDE, TARGET, steps=20)
    assert_allclose([10 * ten.max_rate, 10 * ten.best_rate], [one.max_rate, one.best_rate], rtol=1e-10)
    assert ten.steps_needed == one.steps_needed and ten.slow_direction == one.slow_direction
    assert_allclose(ten.predicted, 10 * one.predicted, rtol=1e-8)


def test_the_order_of_the_columns_and_of_the_rows_is_no_matter():
    names = ["a", "b", "c", "d"]
    one = forecast(linear.loss, linear.init(4), WIDE, TARGET, names=names, steps=20)
    order, rows = [2, 0, 3, 1], np.random.default_rng(0).permutation(40)
    other = forecast(linear.loss, linear.init(4), WIDE[rows][:, order], TARGET[rows], names=[names[j] for j in order], steps=20)
    assert_allclose(other.eigenvalues, one.eigenvalues, rtol=1e-10)
    assert_allclose(other.predicted, one.predicted, rtol=1e-8)
    assert (other.slow_direction, other.steep_direction) == (one.slow_direction, one.steep_direction)


def test_rows_of_weight_0_are_as_if_they_were_not_there():
    weights = np.r_[np.ones(30), np.zeros(10)]
    one = forecast(linear.loss, linear.init(4), WIDE, TARGET, weights=weights)
    assert_allclose(one.eigenvalues, np.linalg.eigvalsh(hessian_of(WIDE[:30])), rtol=1e-10)


def test_names_of_features_of_parameters_and_of_classes():
    params = linear.init(4)
    assert forecast(linear.loss, params, WIDE, TARGET, names=["age", "bmi", "bp", "s1"]).steep_direction == "0.98 s1 + 0.20 bmi"
    assert forecast(linear.loss, params, WIDE, TARGET, names=[*"pqrs", "bias"]).steep_direction == "0.98 s + 0.20 q"
    both = forecast(softmax.loss, softmax.init(4, 3), WIDE, np.arange(40) % 3, names="abcd")
    assert "d[" in both.steep_direction
    square = forecast(softmax.loss, softmax.init(4, 4), WIDE, np.arange(40) % 4, names="pqrs", l2=9.0)
    assert square.slow_direction.count("b[") >= 2  # the biases have the size of the features, and not their names


def test_the_callers_width_is_left_alone():
    before = jax.config.read("jax_enable_x64")
    report = forecast(linear.loss, linear.init(4), WIDE, TARGET, steps=3)
    assert jax.config.read("jax_enable_x64") == before and jnp.ones(1).dtype == jnp.float32
    assert all(type(v) in (float, int, str, bool, tuple, np.ndarray, type(None)) for v in report)
    assert len(repr(report)) < 300


# ---------------------------------------------------------------- optimizers


def test_the_rate_of_plain_descent_is_read():
    assert forecast(half, np.zeros(2), optimizer=optax.sgd(0.01)).learning_rate == 0.01
    chain = optax.chain(optax.scale(2.0), optax.scale(-0.05))
    assert forecast(half, np.zeros(2), optimizer=chain).learning_rate == 0.1


@pytest.mark.parametrize(
    "optimizer",
    [
        optax.sgd(0.1, momentum=0.9),
        optax.adam(0.1),
        optax.sgd(optax.cosine_decay_schedule(0.1, 100)),
        optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(0.1)),
        optax.chain(optax.add_decayed_weights(0.1), optax.sgd(0.1)),
        optax.sign_sgd(0.1),
        optax.lbfgs(),
        optax.sgd(-0.1),
    ],
    ids=["momentum", "adam", "schedule", "clipped", "decayed", "sign", "lbfgs", "upwards"],
)
def test_other_optimizers_are_not_forecast(optimizer):
    report = forecast(half, np.zeros(2), optimizer=optimizer, steps=10)
    assert report.message.startswith("Not applicable") and "Plain gradient descent would be stable below 0.169" in report.message
    assert report.max_rate and len(report.eigenvalues) == 2
    told = (report.best_rate, report.condition_number, report.remaining, report.steps_needed, report.slow_direction, report.learning_rate)
    assert told == (None,) * 6


# ---------------------------------------------------------------- many parameters


def test_lanczos_finds_the_outer_eigenvalues():
    _, h = bowl(np.r_[np.geomspace(1e-3, 1, 297), 5.0, 7.0, 9.0])
    found = _spectrum.lanczos(lambda v: h @ v, 300, steps=100)
    assert not found.complete
    assert_allclose(found.values[-3:], [5, 7, 9], rtol=1e-9)
    assert_allclose(h @ found.vectors, found.vectors * found.values, atol=1e-6)


def test_lanczos_ends_where_all_values_are_found():
    _, h = bowl(np.repeat([0.0, 1.0, 4.0, 10.0], 30))
    found = _spectrum.lanczos(lambda v: h @ v, 120)
    assert found.complete
    assert_allclose(found.values, [0, 1, 4, 10], atol=1e-10)
    whole = _spectrum.lanczos(lambda v: h[:7, :7] @ v, 7)
    assert whole.complete
    assert_allclose(whole.values, np.linalg.eigvalsh(h[:7, :7]), atol=1e-10)


def test_lanczos_tells_a_saddle_and_nothing():
    _, h = bowl(np.r_[-1.0, np.linspace(0.1, 1, 250)])
    found = _spectrum.lanczos(lambda v: h @ v, 251)
    assert_allclose(found.values[0], -1, atol=1e-3)
    _, h = bowl(np.r_[np.linspace(-0.5, 0.9, 300), 10.0])  # the lowest lie close together: none settles, yet the saddle is seen
    early = _spectrum.lanczos(lambda v: h @ v, 301)
    lowest = early.vectors[:, 0]
    assert not early.complete and early.values[0] < -0.3
    assert_allclose([early.values[0], early.values[-1]], [lowest @ h @ lowest, 10], rtol=1e-9)
    assert_allclose(_spectrum.lanczos(lambda v: 0 * v, 30).values, 0)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_net_of_many_parameters_against_its_whole_hessian(activation, monkeypatch):
    layers = nn.sequential(nn.dense(100, activation=activation), nn.dense(1))
    params, _ = layers.init(jax.random.key(0), (4,))
    loss = lambda p, x, y: jnp.mean((layers.apply(p, x)[:, 0] - y) ** 2)
    many = forecast(loss, params, WIDE, TARGET)
    monkeypatch.setattr(_spectrum, "DENSE", 1000)
    whole = forecast(loss, params, WIDE, TARGET)
    assert len(whole.eigenvalues) == 601 > len(many.eigenvalues)
    assert_allclose(many.max_rate, whole.max_rate, rtol=1e-9)
    assert many.steep_direction == whole.steep_direction
    assert many.steps_needed is None and many.condition_number is None
    # each that was found is one of the whole; a negative one counts as soon as it is seen
    apart = np.abs(many.eigenvalues[many.eigenvalues > 0][:, None] - whole.eigenvalues).min(axis=1)
    assert apart.max() < 1e-6 * whole.eigenvalues[-1]
    assert (many.eigenvalues[0] < 0) <= (whole.eigenvalues[0] < 0)


def test_a_linear_model_with_more_columns_than_rows():
    x, y = RNG.standard_normal((60, 600)), RNG.standard_normal(60)
    report = forecast(linear.loss, linear.init(600), x, y)
    eigenvalues = np.linalg.eigvalsh(hessian_of(x))
    curved = eigenvalues[eigenvalues > 1e-10]
    assert report.exact and report.predicted is None
    assert_allclose(report.condition_number, curved[-1] / curved[0], rtol=1e-8)
    assert report.steps_needed


def test_what_lanczos_does_not_resolve_is_not_told():
    x, y = RNG.standard_normal((700, 600)), RNG.standard_normal(700)
    report = forecast(linear.loss, linear.init(600), x, y, learning_rate=0.01, steps=10)
    assert report.condition_number is None and report.steps_needed is None and report.best_rate is None
    assert report.message.endswith("The smallest curvature of 601 parameters was not resolved.")
    assert_allclose(report.max_rate, 2 / np.linalg.eigvalsh(hessian_of(x))[-1], rtol=1e-8)


@pytest.mark.slow
def test_a_text_net():
    params = text_lstm.init(jax.random.key(0), vocabulary_size=12, embedding_dim=4)
    report = forecast(text_lstm.loss, params, np.arange(12).reshape(3, 4) % 12, np.array([0, 1, 1]))
    assert report.max_rate > 0 and not report.exact


@pytest.mark.slow
def test_the_guides_cnn():
    from jaxml import cnn

    report = forecast(cnn.loss, cnn.init(jax.random.key(0)), RNG.random((8, 28, 28, 1), np.float32), np.arange(8))
    assert report.max_rate > 0 and report.steep_direction and any("kinks" in note for note in report.notes)


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"learning_rate": 0}, ValueError, "forecast: argument 'learning_rate' is out of range; got 0; pass a number > 0"),
        ({"learning_rate": "fast"}, TypeError, "argument 'learning_rate' is not a number"),
        ({"learning_rate": 0.1, "optimizer": optax.sgd(0.1)}, ValueError, "argument 'optimizer' comes with a learning_rate"),
        ({"optimizer": 0.1}, TypeError, "argument 'optimizer' is not an optax optimizer"),
        ({"steps": 0}, ValueError, "argument 'steps' is out of range"),
        ({"tol": 1}, ValueError, "argument 'tol' is out of range"),
        (
            {"names": ["a", "b", "c"]},
            ValueError,
            "argument 'names' fit no parameter; got 3 names for 2 parameters; pass one for each column",
        ),
        ({"losses": [1.0, 0.5]}, ValueError, "argument 'losses' did not start at params; got 1 first, where the loss at params is 8.6"),
        ({"losses": [np.nan]}, ValueError, "argument 'losses' contains NaN"),
    ],
)
def test_bad_arguments(change, error, says):
    with pytest.raises(error) as caught:
        forecast(half, np.zeros(2), **{"learning_rate": 0.01} | change if "optimizer" not in change else change)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("loss", "params", "error", "says"),
    [
        (3, np.zeros(2), TypeError, "forecast: argument 'loss' is not a function"),
        (lambda p: p, np.zeros(2), TypeError, "argument 'loss' does not return one number"),
        (lambda p: jnp.log(p[0]), np.zeros(2), ValueError, "argument 'params' is a bad start"),
        (lambda p: jnp.sum(jnp.abs(p) ** 1.5), np.zeros(2), ValueError, "argument 'loss' has a second derivative that is not finite"),
        (half, [np.nan, 0.0], ValueError, "contains NaN"),
    ],
)
def test_bad_losses(loss, params, error, says):
    with pytest.raises(error) as caught:
        forecast(loss, params)
    assert says in str(caught.value)
