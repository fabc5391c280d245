"""linear.solve against NIST's certified values, then scikit-learn, then what must hold whatever the data."""

import json
import warnings
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxml import linear
from jaxml.exceptions import IllConditionedWarning, RankWarning
from jaxml.models import _least_squares

# correct digits at least, in float64: each half a digit under what a good QR reaches on every CPU
FLOORS = {
    "Norris": 12.0,
    "Pontius": 11.5,
    "NoInt1": 14.0,
    "NoInt2": 14.0,
    "Filip": 7.0,
    "Longley": 13.0,
    "Wampler1": 9.0,
    "Wampler2": 12.5,
    "Wampler3": 9.0,
    "Wampler4": 8.3,
    "Wampler5": 6.3,
}
# the sets that are formulas (NIST StRD, public domain), for a checkout without the folder of known answers
DELTA = np.array([759] + [-2048, 2048] * 10)
DELTA[[4, 8, 12, 16, 20]] = [2523, 1838, 1838, 2523, 759]


def formula(name):
    """x, y and the certified coefficients, the intercept first; the two NoInt sets have none."""
    if name == "NoInt1":
        return np.arange(60.0, 71)[:, None], np.arange(130.0, 141), [2.07438016528926]
    if name == "NoInt2":
        return np.array([[4.0], [5.0], [6.0]]), np.array([3.0, 4.0, 4.0]), [0.727272727272727]
    t = np.arange(21.0)
    x, c = t[:, None] ** np.arange(1, 6), 0.1 ** np.arange(6) if name == "Wampler2" else np.ones(6)
    noise = {"Wampler3": 1, "Wampler4": 100, "Wampler5": 10000}.get(name, 0)
    return x, (t[:, None] ** np.arange(6)) @ c + noise * DELTA, c


def from_file(shared, name):
    known = json.loads((shared / "nist/lls_certified.json").read_text())[name]
    table = np.loadtxt(shared / f"nist/lls/{name}.csv", delimiter=",", skiprows=1)
    x, y = table[:, 1:], table[:, 0]
    if "polynomial" in known["model"]:
        x = x ** np.arange(1, int(known["model"].split()[-1]) + 1)
    return x, y, [float(v) for v in known["B"].values()]


def digits(found, certified):
    """The log relative error that NIST and the reviews of statistical packages use, at most 15."""
    found, certified = np.asarray(found, np.float64), np.asarray(certified)
    with np.errstate(divide="ignore"):
        return float(np.minimum(15, -np.log10(np.abs(found - certified) / np.abs(certified))).min())


def solved_digits(name, x, y, certified):
    if name.startswith("NoInt"):  # a line through the origin: each point and its mirror image
        return digits(linear.solve(np.r_[x, -x], np.r_[y, -y]).w, certified)
    w, b = linear.solve(x, y)
    return digits(np.r_[b, w], certified)


@pytest.mark.parametrize("name", [n for n in FLOORS if n[:3] in ("NoI", "Wam")])
def test_nist_formulas(name, x64):
    assert solved_digits(name, *formula(name)) >= FLOORS[name]


def test_nist_all_sets(shared, x64):
    reached = {name: solved_digits(name, *from_file(shared, name)) for name in FLOORS}
    assert all(reached[name] >= floor for name, floor in FLOORS.items()), reached
    assert np.mean(list(reached.values())) >= 11.0, reached


@pytest.mark.parametrize("name", FLOORS)
def test_nist_in_float32_is_right_or_warns(shared, name):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        reached = solved_digits(name, *from_file(shared, name))
    assert reached >= 3 or any(w.category is IllConditionedWarning for w in caught), reached


@pytest.mark.parametrize("seed", range(4))
def test_row_order_costs_no_digits(x64, seed):
    """Wampler5, the hardest formula: another order rounds otherwise, and the digits must not hang on luck."""
    x, y, certified = formula("Wampler5")
    order = np.random.RandomState(seed).permutation(len(y))
    assert solved_digits("Wampler5", x[order], y[order], certified) >= FLOORS["Wampler5"]


def norm_relative(found, expected):
    found, expected = (np.concatenate([np.ravel(np.asarray(v, np.float64)) for v in p]) for p in (found, expected))
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def drawn(r, case):
    """A table of a few fixed shapes (so that little is compiled), columns of scale 1e-2 to 1e2 and some offset."""
    n, d = [(30, 3), (100, 8), (400, 20)][case % 3]
    scale = 10.0 ** r.uniform(-2, 2, d)
    x = (r.randn(n, d) + 3 * r.randn(d)) * scale
    return x, x @ (r.randn(d) / scale) + r.randn(n) + 5


@pytest.mark.parametrize("tolerance", [pytest.param(1e-12, id="float64"), pytest.param(5e-6, id="float32")])
def test_scikit_learns_numbers(tolerance, in_width):
    """200 random cases; the oracle computes in float64, for float32 from the same rounded data."""
    linear_model = pytest.importorskip("sklearn.linear_model")
    r, width = np.random.RandomState(0), np.float64 if tolerance == 1e-12 else np.float32
    worst = 0.0
    with in_width(width):
        for case in range(200):
            x, y = (a.astype(width).astype(np.float64) for a in drawn(r, case))
            weights = r.uniform(0.2, 3, len(y)).astype(width).astype(np.float64) if case % 3 else None
            l2 = 10 ** r.uniform(-4, 1) if case % 2 else 0.0
            total = len(y) if weights is None else weights.sum()
            oracle = linear_model.Ridge(alpha=total * l2 / 2, solver="svd") if l2 else linear_model.LinearRegression()
            # powers of two, which round nothing, spare the oracle the spread of the scales; a penalty would notice them
            units = np.ones(x.shape[1]) if l2 else 2.0 ** np.round(np.log2(x.std(axis=0)))
            oracle.fit(x / units, y, sample_weight=weights)
            expected = oracle.coef_ / units, [oracle.intercept_]
            worst = max(worst, norm_relative(linear.solve(x, y, weights=weights, l2=l2), expected))
    assert worst <= tolerance


@pytest.mark.parametrize("n", [10_000, 300_000, 1_000_000])
def test_tall_float32_keeps_every_column(n):
    """Columns of scale 1, 0.3, 0.1, 0.03: condition number 33, and the usual cut-off eps·n drops two of them at n = 1e6."""
    r = np.random.RandomState(0)
    x = (r.randn(n, 4) * [1, 0.3, 0.1, 0.03]).astype(np.float32)
    w = linear.solve(x, (x.astype(np.float64) @ [1, 2, 3, 4]).astype(np.float32)).w
    np.testing.assert_allclose(w, [1, 2, 3, 4], rtol=1e-3)


def test_the_cut_off_is_what_keeps_them():
    """The mutant: with lstsq's own cut-off, eps times the rows, the same data lose a column."""
    x = jnp.asarray((np.random.RandomState(0).randn(1_000_000, 4) * [1, 0.3, 0.1, 0.03]).astype(np.float32))
    sigma = jnp.linalg.svd(jnp.linalg.qr(x, mode="r"), compute_uv=False)
    assert _least_squares.is_seen(sigma).all()
    assert not (sigma > np.finfo(np.float32).eps * len(x) * sigma[0]).all()


def test_duplicate_column_shares_its_weight(width):
    r = np.random.RandomState(0)
    x, y = r.randn(50, 3), r.randn(50)
    with pytest.warns(RankWarning, match=r"linear\.solve: only 3 of the 4 columns of 'x' are independent"):
        twins = linear.solve(np.c_[x, x[:, 0]], y)
    alone = linear.solve(x, y)
    np.testing.assert_allclose(twins.w[0], twins.w[3], rtol=1e-6)
    np.testing.assert_allclose(2 * twins.w[0], alone.w[0], rtol=1e-6 if width == "float64" else 1e-5)
    np.testing.assert_allclose(linear.predict(twins, np.c_[x, x[:, 0]]), linear.predict(alone, x), atol=1e-6)


@pytest.mark.parametrize("shape", [(5, 12), (6, 6), (40, 7)])
def test_least_norm(x64, shape):
    """Wide, square and rank-deficient tall tables: the pseudo-inverse of the centred columns, in the units of x."""
    r = np.random.RandomState(1)
    x, y = r.randn(*shape) * 10.0 ** r.uniform(-1, 1, shape[1]), r.randn(shape[0])
    x[:, -1] = x[:, 0] - 2 * x[:, 1]
    with pytest.warns(RankWarning):
        w, b = linear.solve(x, y)
    expected = np.linalg.pinv(x - x.mean(0)) @ (y - y.mean())
    # 1e-10: the pseudo-inverse itself loses some digits to the spread of the scales
    np.testing.assert_allclose(w, expected, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(b, y.mean() - x.mean(0) @ expected, rtol=1e-10)


@pytest.mark.parametrize("shape", [(5, 12), (40, 7)])
def test_a_small_penalty_leads_to_the_least_norm(x64, shape):
    r = np.random.RandomState(2)
    x, y = r.randn(*shape), r.randn(shape[0])
    x[:, -1] = x[:, 0]
    with pytest.warns(RankWarning):
        limit = linear.solve(x, y)
    np.testing.assert_allclose(linear.solve(x, y, l2=1e-9).w, limit.w, atol=1e-6)


def test_constant_columns_get_no_weight(width):
    r = np.random.RandomState(0)
    x, y = r.randn(100, 2), r.randn(100)
    for constant in (0.0, 0.1, 1e8, 1e-8):
        with pytest.warns(RankWarning):
            w, b = linear.solve(np.c_[x, np.full(100, constant)], y)
        assert w[2] == 0 and np.isfinite(b)
        np.testing.assert_allclose(w[:2], linear.solve(x, y).w, rtol=1e-5 if width == "float32" else 1e-14)


@pytest.mark.parametrize("n", [3, 7, 100, 12_345])
def test_constant_columns_get_no_weight_among_uneven_weights(n, width):
    """Their means round, and what is left after centring is noise that must not be scaled up to a column."""
    r = np.random.RandomState(n)
    x, y = r.randn(n, 1), r.randn(n)
    for constant in (0.1, 1 / 3, 1e8 / 3):
        with pytest.warns(RankWarning):
            w, _ = linear.solve(np.c_[x, np.full(n, constant)], y, weights=r.uniform(0.1, 3, n))
        assert w[1] == 0


def test_units_do_not_matter(width):
    """Columns a hundred million times larger and smaller: the predictions stay."""
    r = np.random.RandomState(0)
    x, y = r.randn(60, 3), r.randn(60)
    there = linear.predict(linear.solve(x, y), x)
    scaled = x * [1e8, 1e-8, 1]
    np.testing.assert_allclose(
        linear.predict(linear.solve(scaled, y), scaled), there, rtol=1e-4 if width == "float32" else 1e-10, atol=1e-6
    )


def test_one_row(width):
    with pytest.warns(RankWarning):
        w, b = linear.solve([[3.0, 4.0]], [5.0])
    np.testing.assert_array_equal(w, 0)
    assert b == 5


def test_ill_conditioned_warning_names_the_remedy():
    x = np.linspace(0, 20, 21)[:, None] ** np.arange(1, 6)
    with pytest.warns(
        IllConditionedWarning, match=r"linear\.solve: the columns of 'x' are nearly dependent: condition number .*; turn x64 on"
    ):
        linear.solve(x, x.sum(axis=1))


@pytest.mark.parametrize("seed", range(3))
def test_accurate_product_against_exact_fractions(width, seed):
    """Sums that cancel to their rounding: plain products lose every digit, these keep half of them.

    This must hold compiled: XLA fuses a multiplication and an addition, which undoes the textbook's way to split a number.
    """
    r, (rows, k) = np.random.RandomState(seed), (5, 150)
    a, v = r.randn(rows, k) * 10.0 ** r.randint(-3, 4, (rows, k)), r.randn(k) * 10.0 ** r.randint(-3, 4, k)
    a, v = a.astype(width), v.astype(width)
    exact = lambda: [sum(Fraction(float(p)) * Fraction(float(q)) for p, q in zip(row, v, strict=True)) for row in a]
    a[:, -1] = 0
    a[:, -1] = [float(-total / Fraction(float(v[-1]))) for total in exact()]
    found = np.asarray(jax.jit(_least_squares.accurate_product)(a, v))
    error = lambda values: np.array([abs(float(Fraction(float(f)) - e)) for f, e in zip(values, exact(), strict=True)])
    eps, half = (1.2e-7, 2.0**-12) if width == "float32" else (2.3e-16, 2.0**-26)
    bound = eps * (np.abs(found) + half * k * (np.abs(a.astype(np.float64)) @ np.abs(v)))
    assert (error(found) <= bound).all()
    assert (error(a @ v) > bound).any()  # the plain product's does not hold it


def test_mean_of_many_ones():
    """Past 2**24 a float32 counter that adds ones stands still; the mean must not."""
    from jaxml.models._terms import mean

    ones = jnp.ones(20_000_000, jnp.float32)
    assert abs(float(mean(ones)) - 1) <= 1e-6
    assert abs(float(mean(ones, ones)) - 1) <= 1e-6


def test_weights_of_any_size_mean_the_same(width):
    """Only their ratios count; columns far from 0 must not be taken for constant ones."""
    r = np.random.RandomState(0)
    x = (r.randn(20_000, 2) + np.array([3e3, 0])).astype(width)
    y = (x[:, 0] - 3e3 + x[:, 1]).astype(width)
    plain = linear.solve(x, y).w
    for weight in (1 / 20_000, 1e-30, 1e37):
        np.testing.assert_allclose(linear.solve(x, y, weights=np.full(20_000, weight, width)).w, plain, rtol=1e-3)


def test_a_column_that_float32_does_not_resolve_is_named():
    r = np.random.RandomState(0)
    x = np.c_[r.randn(50), 1e6 + r.randn(50)]
    message = r"column 1 of 'x' varies from 99.* fewer than three digits; subtract its mean"
    with pytest.warns(IllConditionedWarning, match=message):
        linear.solve(x, r.randn(50))


def test_what_overflows_is_refused():
    r = np.random.RandomState(0)
    x, y = r.randn(20, 2), r.randn(20)
    with pytest.raises(ValueError, match=r"linear\.solve: argument 'l2' is beyond float32"):
        linear.solve(x, y, l2=1e300)
    assert np.isfinite(linear.solve(x, y, l2=3e38).w).all()
    with pytest.raises(ValueError, match=r"linear\.solve: argument 'x' with 'y' overflows float32"):
        linear.solve(x, y * 1e38)


def test_params_of_another_model_are_refused():
    x, column = np.ones((4, 3)), linear.Params(np.ones((3, 1)), np.zeros(1))
    message = r"linear\.predict: argument 'params' does not have this model's shapes; got w of shape \(3, 1\)"
    for call in (lambda: linear.predict(column, x), lambda: linear.loss(column, x, np.ones(4))):
        with pytest.raises(ValueError, match=message):
            call()


def test_gradient_through_solve(x64):
    """d b / d y of a tall least-squares problem is the row of its pseudo-inverse."""
    r = np.random.RandomState(0)
    x, y = r.randn(12, 2), r.randn(12)
    slope = jax.grad(lambda y: linear.solve(x, y).b)(jnp.asarray(y))
    np.testing.assert_allclose(slope, np.linalg.pinv(np.c_[x, np.ones(12)])[2], rtol=1e-8)
