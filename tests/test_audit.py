"""audit: standard errors against NIST, Stata and the book, hidden penalties against scikit-learn, and what it must never say."""

import json
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from jaxml import audit, linear, logistic, newton, softmax, svm
from jaxml.checks._problem import x64 as in_64_bits
from jaxml.datasets import load_iris, make_classification

GUIDE = make_classification(100, 2, n_informative=2, n_redundant=0, n_clusters_per_class=1, random_state=42)

# NIST StRD, public domain: Longley (1967), y and six columns, with the certified coefficients and standard deviations, the intercept first
LONGLEY = np.array([
    [60323, 83.0, 234289, 2356, 1590, 107608, 1947], [61122, 88.5, 259426, 2325, 1456, 108632, 1948],
    [60171, 88.2, 258054, 3682, 1616, 109773, 1949], [61187, 89.5, 284599, 3351, 1650, 110929, 1950],
    [63221, 96.2, 328975, 2099, 3099, 112075, 1951], [63639, 98.1, 346999, 1932, 3594, 113270, 1952],
    [64989, 99.0, 365385, 1870, 3547, 115094, 1953], [63761, 100.0, 363112, 3578, 3350, 116219, 1954],
    [66019, 101.2, 397469, 2904, 3048, 117388, 1955], [67857, 104.6, 419180, 2822, 2857, 118734, 1956],
    [68169, 108.4, 442769, 2936, 2798, 120445, 1957], [66513, 110.8, 444546, 4681, 2637, 121950, 1958],
    [68655, 112.6, 482704, 3813, 2552, 123366, 1959], [69564, 114.2, 502601, 3931, 2514, 125368, 1960],
    [69331, 115.7, 518173, 4806, 2572, 127852, 1961], [70551, 116.9, 554894, 4007, 2827, 130081, 1962],
])  # fmt: skip
LONGLEY_B = np.array([
    -3482258.63459582, 15.0618722713733, -0.0358191792925910, -2.02022980381683, -1.03322686717359, -0.0511041056535807, 1829.15146461355,
])  # fmt: skip
LONGLEY_SD = [
    890420.383607373, 84.9149257747669, 0.0334910077722432, 0.488399681651699, 0.214274163161675, 0.226073200069370, 455.478499142212,
]  # fmt: skip


def params_of(model, coef, intercept):
    return model.Params(np.asarray(coef, float), np.asarray(intercept, float))


def flat(params):
    """The intercept first."""
    return np.r_[np.ravel(params.b), np.ravel(params.w)]


def of_sklearn(oracle):
    if len(oracle.intercept_) == 1:
        return params_of(logistic, oracle.coef_[0], oracle.intercept_[0])
    return params_of(softmax, oracle.coef_.T, oracle.intercept_)


def drawn(seed, n=120, d=3, k=2):
    """x, labels that no plane separates, and numbers."""
    r = np.random.RandomState(seed)
    x = r.randn(n, d) * 10.0 ** r.uniform(-1, 1, d) + r.randn(d)
    z = (x - x.mean(0)) / x.std(0) @ r.randn(d, k)
    return x, (z + 1.5 * r.gumbel(size=z.shape)).argmax(axis=1), z[:, 0] + 0.5 * r.randn(n) + 3


# ---------------------------------------------------------------- standard errors that others computed


def test_longley_is_nists():
    report = audit(linear.loss, params_of(linear, LONGLEY_B[1:], LONGLEY_B[0]), LONGLEY[:, 1:], LONGLEY[:, 0])
    assert report.minimum and report.stationary and report.implied_l2 is None
    assert_allclose(flat(report.standard_errors), LONGLEY_SD, rtol=1e-9)  # the condition number is 5e9


def answers(shared, name):
    return json.loads((shared / "known_answers/known_answers.json").read_text())[name]


def columns(shared, path, *names, separator=None):
    header, *rows = ((shared / "known_answers" / path).read_text()).splitlines()
    header = [name.strip("'") for name in header.split(separator)]
    return np.array([[float(row.split(separator)[header.index(name)]) for name in names] for row in rows])


def test_spector_is_statas(shared):
    known = answers(shared, "spector_logit")
    x, y = columns(shared, "statsmodels/spector.csv", "GPA", "TUCE", "PSI"), columns(shared, "statsmodels/spector.csv", "GRADE").ravel()
    report = audit(logistic.loss, params_of(logistic, known["params"][:3], known["params"][3]), x, y)
    assert report.minimum
    assert_allclose(np.r_[report.standard_errors.w, report.standard_errors.b], known["std_err"], rtol=1e-6)
    order = [3, 0, 1, 2] if report.names[0] == "b" else [0, 1, 2, 3]
    assert_allclose(report.covariance, np.array(known["cov_params"])[np.ix_(order, order)], rtol=1e-6)


@pytest.mark.slow
def test_anes96_is_statas(shared):
    """Stata sets the first class to zero; with all seven free, the minimum is one of many."""
    known = np.array(answers(shared, "anes96_multinomial_logit")["params_6x6_features_by_class1to6"])
    table = columns(shared, "statsmodels/anes96.csv", "popul", "selfLR", "age", "educ", "income", "PID")
    x, y = np.c_[np.log(table[:, 0] + 0.1), table[:, 1:5]], table[:, 5].astype(int)

    def against_the_first(p, x, y):
        return softmax.loss(softmax.Params(jnp.pad(p.w, ((0, 0), (1, 0))), jnp.pad(p.b, (1, 0))), x, y)

    report = audit(against_the_first, params_of(softmax, known[:5], known[5]), x, y)
    assert report.kind == "minimum" and report.likelihood.kind == "nats" and report.standard_errors.w.shape == (5, 6)
    every = params_of(softmax, np.pad(known[:5], ((0, 0), (1, 0))), np.pad(known[5], (1, 0)))
    free = audit(softmax.loss, every, x, y)
    assert free.kind == "many minima" and free.minimum and free.smallest_eigenvalue == 0
    assert free.standard_errors is None and "singular" in free.refused


def prostate(shared):
    _, *rows = (shared / "known_answers/esl/prostate.data").read_text().splitlines()
    numbers, train = np.array([row.split()[1:10] for row in rows], float), np.array([row.split()[10] == "T" for row in rows])
    x = (numbers[:, :8] - numbers[:, :8].mean(0)) / numbers[:, :8].std(0, ddof=1)
    return x[train], numbers[train, 8], answers(shared, "esl_prostate_ols")["book_table_3_2"]


def heart(shared, names):
    header, *rows = (shared / "known_answers/esl/SAheart.csv").read_text().splitlines()
    table = np.array([row.split(",") for row in rows], float)
    return table[:, [header.split(",").index(name) for name in names]], table[:, -1].astype(int)


def test_the_books_table_3_2(shared, x64):
    x, y, table = prostate(shared)
    report = audit(linear.loss, linear.solve(x, y), x, y)
    assert report.minimum
    for (_, row), found in zip(table.items(), flat(report.standard_errors), strict=True):
        assert f"{found:.2f}" == f"{row['se']:.2f}"


@pytest.mark.parametrize("name", ["book_table_4_2", "book_table_4_3"])
def test_the_books_tables_4_2_and_4_3(name, shared, x64):
    """From exact coefficients to every printed digit, and from the book's three decimals nearly so."""
    table = answers(shared, "esl_saheart_logit")[name]
    x, y = heart(shared, list(table)[1:])
    exact = audit(logistic.loss, logistic.solve(x, y), x, y)
    assert exact.minimum
    for row, found in zip(table.values(), flat(exact.standard_errors), strict=True):
        assert f"{found:.3f}" == f"{row['se']:.3f}"
    printed = [row["coef"] for row in table.values()]
    report = audit(logistic.loss, params_of(logistic, printed[1:], printed[0]), x, y)
    assert report.minimum and report.implied_l2 is None
    assert_allclose(flat(report.standard_errors), flat(exact.standard_errors), rtol=0.02)


# ---------------------------------------------------------------- the hidden penalty


@pytest.mark.parametrize(
    ("w", "b", "digits"), [([-1.88643, 3.13179], 2.05150, "0.0100"), ([-1.8869, 3.1344], 2.0546, "0.010")], ids=["converged", "lbfgs"]
)
def test_names_the_guides_hidden_penalty(w, b, digits):
    report = audit(logistic.loss, params_of(logistic, w, b), *GUIDE)
    assert (report.stationary, report.minimum, report.standard_errors) == (False, False, None)
    assert_allclose(report.implied_l2, 0.01, rtol=5e-3)
    first = " ".join(str(report).split())
    verdict = (
        f"Not a minimum of this loss: it is the minimum of this loss plus an L2 penalty of {digits} on w, which scikit-learn calls C = 1.0."
    )
    assert first.startswith(verdict)
    there = audit(logistic.loss, params_of(logistic, w, b), *GUIDE, l2=0.01)
    assert there.minimum and there.refused.startswith("the loss has a penalty, l2 = 0.01")


@pytest.mark.parametrize("solver", ["newton-cholesky", "liblinear"])
@pytest.mark.parametrize("seed", range(6))
def test_finds_logistic_regressions_c(solver, seed):
    sklearn = pytest.importorskip("sklearn.linear_model")
    x, y, _ = drawn(seed)
    C = 10.0 ** np.random.RandomState(seed).uniform(-2, 1)
    params = of_sklearn(sklearn.LogisticRegression(C=C, solver=solver, tol=1e-12, max_iter=100_000).fit(x, y))
    report = audit(logistic.loss, params, x, y)
    assert report.kind == "penalised" and report.penalty.leaves == (("w",) if solver == "newton-cholesky" else ("w", "b"))
    assert_allclose(report.implied_l2, 1 / (C * len(x)), rtol=1e-4)
    assert ("on w and b" in " ".join(str(report).split())) == (solver == "liblinear")


@pytest.mark.parametrize("seed", range(4))
def test_finds_the_c_of_several_classes(seed):
    sklearn = pytest.importorskip("sklearn.linear_model")
    x, y, _ = drawn(seed, k=3)
    params = of_sklearn(sklearn.LogisticRegression(C=0.5, solver="newton-cholesky", tol=1e-12).fit(x, y))
    assert_allclose(audit(softmax.loss, params, x, y).implied_l2, 1 / (0.5 * len(x)), rtol=1e-4)
    assert audit(softmax.loss, params, x, y, l2=1 / (0.5 * len(x))).minimum


@pytest.mark.parametrize("seed", range(4))
def test_finds_ridges_alpha_and_weights(seed):
    sklearn = pytest.importorskip("sklearn.linear_model")
    x, _, y = drawn(seed)
    weights = np.random.RandomState(seed).uniform(0.5, 2, len(x))
    ridge = sklearn.Ridge(alpha=3.0, tol=1e-12).fit(x, y, sample_weight=weights)
    report = audit(linear.loss, params_of(linear, ridge.coef_, ridge.intercept_), x, y, weights=weights)
    assert_allclose(report.implied_l2, 2 * 3 / weights.sum(), rtol=1e-5)
    assert "which scikit-learn calls alpha = 3.0" in " ".join(str(report).split())


@pytest.mark.slow
def test_another_penalty_than_the_loss_has():
    x, y, _ = drawn(0)
    with in_64_bits():
        strong, none = logistic.solve(x, y, l2=0.5), logistic.solve(x, y)
    report = audit(logistic.loss, strong, x, y, l2=0.1)
    assert_allclose(report.implied_l2, 0.5, rtol=1e-6)
    assert "with l2 = 0.5 in place of 0.1" in " ".join(str(report).split())
    report = audit(logistic.loss, none, x, y, l2=0.1)
    assert report.implied_l2 == 0 and "without its penalty" in str(report)
    for default in (0.5, 0.1):
        own = lambda p, x, y, l2=default: logistic.loss(p, x, y, l2=l2)
        report = audit(own, strong, x, y)
        assert report.minimum == (default == 0.5) and (report.implied_l2 is None) == report.minimum
        assert report.standard_errors is None and "penal" in report.refused


def test_a_loss_of_ones_own_without_an_l2():
    x, y, _ = drawn(1)
    own = lambda p, x, y: -jnp.mean(jax.nn.log_sigmoid((2 * y - 1) * (x @ p["coef"] + p["intercept"])))
    with in_64_bits():
        w, b = logistic.solve(x, y, l2=0.02)
        free = logistic.solve(x, y)
    report = audit(own, {"coef": w, "intercept": b}, x, y)
    assert_allclose(report.implied_l2, 0.02, rtol=1e-6)
    assert report.penalty.leaves == ("coef",)
    ours, theirs = audit(logistic.loss, free, x, y), audit(own, {"coef": free.w, "intercept": free.b}, x, y)
    assert_allclose(theirs.standard_errors["coef"], ours.standard_errors.w, rtol=1e-9)


def test_an_l2_of_another_meaning_is_the_number_to_pass_and_is_given_no_other_name(x64):
    x, y, _ = drawn(2)
    own = lambda p, x, y, l2=0.0: logistic.loss(p, x, y) + l2 * jnp.sum(p.w**2)
    params = logistic.solve(x, y, l2=0.04)
    report = audit(own, params, x, y)
    assert_allclose(report.implied_l2, 0.02, rtol=1e-6)
    assert "it is the minimum of this loss with l2 = 0.0200." in " ".join(str(report).split()) and "scikit" not in str(report)
    assert audit(own, params, x, y, l2=report.implied_l2).minimum


@pytest.mark.slow
def test_a_small_bias_tells_on_what_the_penalty_is(x64):
    """Where b is almost 0, a penalty on it hardly matters: both explain the gradient, and one of them better."""
    r = np.random.RandomState(0)
    half = r.randn(400, 3)
    z = half @ [1.0, -1.0, 0.5] + r.logistic(size=400) > 0
    x, y = np.r_[half, -half, [[0.1, 0.1, 0.1]]], np.r_[z, ~z, True].astype(int)
    on_both = lambda p, x, y: logistic.loss(p, x, y) + 0.05 * (p.w @ p.w + p.b**2)
    both = newton(on_both, logistic.init(3), x, y).params
    assert 1e-4 < abs(both.b) < 5e-3
    assert audit(logistic.loss, both, x, y).penalty.leaves == ("w", "b")
    assert audit(logistic.loss, logistic.solve(x, y, l2=0.1), x, y).penalty.leaves == ("w",)


def test_one_weight_needs_more_evidence_than_three(x64):
    """Of two parameters, any pair with nearly the right bias has a gradient along w: that is no sign of a penalty."""
    for d, l2, off, named in ((1, 0.0337, 3e-4, False), (3, 0.0337, 3e-4, True), (1, 1 / 120, 2e-5, True), (1, 1.37 / 120, 2e-5, False)):
        x, y, _ = drawn(1, d=d)
        w, b = logistic.solve(x, y, l2=l2)
        report = audit(logistic.loss, logistic.Params(w, b + off), x, y)
        assert (report.implied_l2 is not None) == named, (d, l2)  # C = 1 is round, which is evidence too


def test_a_negative_penalty_is_none(x64):
    x, _, y = drawn(0)
    x, y = x - x.mean(0), y - y.mean()
    h = 2 * x.T @ x / len(x)
    too_long = np.linalg.solve(h - 0.5 * np.linalg.eigvalsh(h)[0] * np.eye(3), 2 * x.T @ y / len(x))
    report = audit(linear.loss, params_of(linear, too_long, 0), x, y)
    assert report.kind == "not stationary" and report.implied_l2 is None


@pytest.mark.slow
def test_never_a_penalty_where_there_is_none():
    """Random coefficients, a descent on its way, and minima as a solver's default tolerance leaves them."""
    sklearn = pytest.importorskip("sklearn.linear_model")
    r = np.random.RandomState(0)
    for seed in range(25):
        x, y, _ = drawn(seed, d=1 + seed % 3)
        for _ in range(4):
            guess = audit(logistic.loss, params_of(logistic, r.randn(x.shape[1]), r.randn()), x, y)
            assert (guess.kind, guess.implied_l2, guess.minimum) == ("not stationary", None, False), seed
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            oracle = sklearn.LogisticRegression(C=np.inf, max_iter=1000 if seed % 2 else 5).fit(x, y)
        assert audit(logistic.loss, of_sklearn(oracle), x, y).implied_l2 is None, seed


@pytest.mark.parametrize("decimals", [2, 3, 4, 6])
def test_coefficients_as_a_paper_prints_them_are_a_minimum(decimals, x64):
    for seed in range(5):
        x, y, _ = drawn(seed)
        x = (x - x.mean(0)) / x.std(0)
        exact = logistic.solve(x, y)
        rounded = jax.tree.map(lambda a: np.round(np.asarray(a), decimals), exact)
        report = audit(logistic.loss, rounded, x, y)
        assert report.minimum and report.implied_l2 is None, seed
        # one unit off in the first of them is no rounding
        off = rounded._replace(w=rounded.w + np.array([0.3, 0, 0]))
        assert not audit(logistic.loss, off, x, y).stationary


# ---------------------------------------------------------------- units


@pytest.mark.parametrize("case", ["minimum", "penalised", "guess"])
@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_no_verdict_depends_on_units(case, unit, x64):
    x, _, y = drawn(2)
    params = {"minimum": linear.solve(x, y), "penalised": linear.solve(x, y, l2=0.1), "guess": linear.Params(jnp.ones(3), jnp.ones(()))}[
        case
    ]
    kept = audit(linear.loss, params, x, y)
    scales = np.array([unit, 1, 1])
    columns = audit(linear.loss, linear.Params(params.w / scales, params.b), x * scales, y)
    target = audit(linear.loss, jax.tree.map(lambda a: a * unit, params), x, unit * y)
    of_the_loss = audit(lambda p, x, y: unit * linear.loss(p, x, y), params, x, y)
    shuffled = audit(linear.loss, params, x[::-1], y[::-1])
    reports = [target, of_the_loss, shuffled] + [columns] * (case != "penalised")  # a penalty has units of its own
    for report in reports:
        assert report.kind == kept.kind
        assert_allclose(report.smallest_eigenvalue, kept.smallest_eigenvalue, rtol=1e-6)
        if case == "guess":
            assert_allclose(report.gain, kept.gain, rtol=1e-6)
    if case == "minimum":
        assert_allclose(columns.standard_errors.w * scales, kept.standard_errors.w, rtol=1e-8)
        assert_allclose(flat(target.standard_errors) / unit, flat(kept.standard_errors), rtol=1e-8)
        assert_allclose(flat(of_the_loss.standard_errors), flat(kept.standard_errors), rtol=1e-8)
    if case == "penalised":
        assert_allclose([target.implied_l2, of_the_loss.implied_l2 / unit], kept.implied_l2, rtol=1e-5)


@settings(derandomize=True, deadline=None, max_examples=12)
@given(st.integers(0, 10**6), st.floats(-3, 3), st.floats(-4, 0))
def test_a_solvers_minimum_is_one_and_a_penalised_one_is_named(seed, power, log_l2):
    x, y, _ = drawn(seed)
    x, l2 = x * 10.0**power, 10.0 ** (log_l2 + 2 * power)
    with in_64_bits():
        free, held = logistic.solve(x, y), logistic.solve(x, y, l2=l2)
    assert audit(logistic.loss, free, x, y).kind == "minimum"
    assert audit(logistic.loss, held, x, y, l2=l2).kind == "minimum"
    assert_allclose(audit(logistic.loss, held, x, y).implied_l2, l2, rtol=1e-3)


def test_float32_parameters_of_noiseless_data():
    x = np.random.RandomState(0).randn(50, 3)
    y = x @ [1.1, -2.3, 3.7] + 0.3  # numbers that float32 does not have
    report = audit(linear.loss, linear.solve(x, y), x, y)
    assert report.minimum and report.rests_on == "rounding"
    assert jnp.zeros(()).dtype == jnp.float32 and report.params.w.dtype == np.float64


# ---------------------------------------------------------------- minimum, saddle, flat, corner

PLACES = {
    "minimum": (lambda t: (t[0] - 1) ** 2 + 3 * t[1] ** 2 + 1, [1.0, 0.0], True, True),
    "saddle": (lambda t: t[0] ** 2 - t[1] ** 2 + 1, [0.0, 0.0], True, False),
    "saddle of zero diagonal": (lambda t: (t[0] * t[1] - 1) ** 2, [0.0, 0.0], True, False),
    "maximum": (lambda t: 5 - t[0] ** 2 - t[1] ** 2, [0.0, 0.0], True, False),
    "many minima": (lambda t: (t[0] + t[1] - 3) ** 2 + 1, [1.0, 2.0], True, True),
    "flat": (lambda t: t[0] ** 4 + t[1] ** 2 + 1, [0.0, 0.0], True, None),
    "saddle of degree 3": (lambda t: t[0] ** 3 + t[1] ** 2 + 1, [0.0, 0.0], True, False),
    "not stationary": (lambda t: t[0] ** 2 + t[1] ** 2 + 1, [1.0, 0.0], False, False),
    "not stationary, without curvature": (lambda t: t[0] + t[1] + 1, [1.0, 0.0], False, False),
    "corner": (lambda t: jnp.abs(t[0]) + (t[0] - 0.3) ** 2 + t[1] ** 2 + 1, [0.0, 0.0], None, None),
    "not stationary, a sharp bend and no corner": (
        lambda t: jnp.hypot(t[0], 1e-4) + (t[0] - 0.3) ** 2 + t[1] ** 2 + 1,
        [3e-4, 0.0],
        False,
        False,
    ),
    "corner near by": (lambda t: jnp.abs(t[0]) + (t[0] - 0.3) ** 2 + t[1] ** 2 + 1, [1e-4, 0.0], None, None),
}


@pytest.mark.parametrize("name", PLACES)
def test_kinds_of_places(name):
    loss, place, stationary, minimum = PLACES[name]
    report = audit(loss, np.array(place))
    assert (report.stationary, report.minimum) == (stationary, minimum), repr(report)
    assert report.kind == {"corner near by": "corner"}.get(name, name.split(" of ")[0].split(",")[0])
    assert report.standard_errors is None and report.refused
    assert (report.smallest_eigenvalue < 0) == (name in ("saddle", "saddle of zero diagonal", "maximum"))


def test_the_lasso_has_corners_only_where_a_coefficient_is_0():
    lasso = pytest.importorskip("sklearn.linear_model").Lasso
    x, _, y = drawn(0)
    x = (x - x.mean(0)) / x.std(0)
    for alpha, kind in ((0.01, "minimum"), (0.3, "corner")):
        oracle = lasso(alpha=alpha, tol=1e-12).fit(x, y)
        assert (oracle.coef_ == 0).any() == (kind == "corner")
        own = lambda p, x, y, alpha=alpha: linear.loss(p, x, y) / 2 + alpha * jnp.abs(p.w).sum()
        report = audit(own, params_of(linear, oracle.coef_, oracle.intercept_), x, y)
        assert report.kind == kind and report.standard_errors is None
        assert audit(own, params_of(linear, oracle.coef_ + 1, oracle.intercept_), x, y).kind == "not stationary"


def test_dependent_columns_are_many_minima():
    x, _, y = drawn(0)
    twice = np.c_[x, 3 * x[:, 0]]
    coef, *_ = np.linalg.lstsq(np.c_[twice, np.ones(len(x))], y, rcond=None)
    report = audit(linear.loss, params_of(linear, coef[:4], coef[4]), twice, y)
    assert report.kind == "many minima" and report.minimum and report.smallest_eigenvalue == 0
    assert report.standard_errors is None and "singular" in str(report)


def test_separable_data_have_no_minimum_however_far_one_went():
    for far in (1.0, 10.0, 30.0):
        report = audit(logistic.loss, params_of(logistic, far * np.array([-1.886, 3.132]), far * 2.05), *GUIDE)
        assert not report.stationary and report.standard_errors is None, far


# ---------------------------------------------------------------- what the loss is


def test_standard_errors_only_where_rows_are_a_likelihood(x64):
    x, y, target = drawn(3)
    params, line = logistic.solve(x, y), linear.solve(x, target)
    right = flat(audit(logistic.loss, params, x, y).standard_errors)
    summed = audit(lambda p, x, y: len(y) * logistic.loss(p, x, y), params, x, y)
    assert_allclose(flat(summed.standard_errors), right, rtol=1e-9)
    for name, loss in {
        "scaled": lambda p, x, y: 2 * logistic.loss(p, x, y),
        "penalised inside": lambda p, x, y: logistic.loss(p, x, y, l2=1e-9),
        "rows unseen": lambda p: logistic.loss(p, x, y),
    }.items():
        report = audit(loss, params, *(() if name == "rows unseen" else (x, y)))
        if name != "penalised inside":
            assert report.minimum and report.standard_errors is None and "not seen to be a mean" in report.refused, name
    penalised = logistic.solve(x, y, l2=0.1)
    hides = lambda p, x, y: logistic.loss(p, x, y, l2=0.1)
    assert audit(hides, logistic.init(3), x, y).likelihood is None  # there the penalty is 0
    inside = audit(hides, penalised, x, y)
    assert inside.minimum and inside.standard_errors is None and inside.likelihood is None
    half = audit(lambda p, x, y: linear.loss(p, x, y) / 2, line, x, target)
    assert_allclose(flat(half.standard_errors), flat(audit(linear.loss, line, x, target).standard_errors), rtol=1e-9)
    robust = lambda p, x, y: jnp.mean(jnp.sqrt(1 + (x @ p.w + p.b - y) ** 2))
    assert audit(robust, line, x, target).likelihood is None


@pytest.mark.slow
def test_weights_count_rows_or_nothing(x64):
    x, y, _ = drawn(4)
    counts = np.random.RandomState(0).randint(0, 3, len(x)).astype(float)
    params = logistic.solve(x, y, weights=counts)
    counted = audit(logistic.loss, params, x, y, weights=counts)
    repeated = np.repeat(np.arange(len(x)), counts.astype(int))
    written_out = audit(logistic.loss, params, x[repeated], y[repeated])
    assert_allclose(flat(counted.standard_errors), flat(written_out.standard_errors), rtol=1e-9)
    halves = audit(logistic.loss, params, x, y, weights=counts / 2)
    assert halves.minimum and halves.standard_errors is None and "not whole numbers" in halves.refused


def test_as_many_rows_as_parameters_leave_no_noise(x64):
    x, _, y = drawn(5)
    report = audit(linear.loss, linear.solve(x[:4], y[:4]), x[:4], y[:4])
    assert report.standard_errors is None and "leave nothing to tell the noise from" in report.refused


# ---------------------------------------------------------------- support vector machines


def of_svc(oracle, ours):
    """scikit-learn's attributes of two classes, in svm.Params."""
    return ours._replace(
        support=oracle.support_, support_vectors=oracle.support_vectors_, dual_coef=oracle.dual_coef_[0], b=oracle.intercept_[0]
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_svc_of_scikit_learn_is_certified(dtype):
    oracle = pytest.importorskip("sklearn.svm").SVC
    for C in (0.1, 1.0, 30.0):
        found = of_svc(oracle(C=C, gamma=0.5).fit(*GUIDE), svm.solve(*GUIDE, C=C, gamma=0.5))
        found = jax.tree.map(lambda a: a.astype(dtype) if a.dtype == np.float64 else a, found)
        report = audit(svm.loss, found, *GUIDE, C=C)
        certificate = report.certificate
        assert report.minimum and report.stationary and report.standard_errors is None
        assert 0 <= certificate.gap <= 1e-3 * C * 100 and certificate.violation <= 1.1e-3
        assert certificate.balance <= 1e-6 * C * 100 and certificate.support_vectors == len(found.support)
        assert str(report).startswith("A minimum: the loss is at most")
        wrong_b = audit(svm.loss, found._replace(b=found.b + dtype(0.01)), *GUIDE, C=C)
        assert wrong_b.minimum is False and wrong_b.certificate.violation > 5e-3


def test_heart_scale_is_libsvms(shared):
    lines = (shared / "known_answers/libsvm/heart_scale").read_text().splitlines()
    x, y = np.zeros((len(lines), 13)), np.array([line.startswith("+1") for line in lines]).astype(int)
    for row, line in zip(x, lines, strict=True):
        for entry in line.split()[1:]:
            row[int(entry.split(":")[0]) - 1] = entry.split(":")[1]
    known = answers(shared, "libsvm_heart_scale")
    with in_64_bits():
        params = svm.solve(x, y, gamma=1 / 13, tol=1e-10)
    certificate = audit(svm.loss, params, x, y).certificate
    assert_allclose(-certificate.dual, known["computed_tol_1e_10"]["obj"], rtol=1e-8)
    assert (certificate.support_vectors, certificate.at_the_cap) == (known["libsvm_faq"]["nSV"], known["libsvm_faq"]["nBSV"])
    assert certificate.gap <= 1e-8 and certificate.violation <= 1e-9


def test_a_machine_of_another_c_or_of_other_labels_is_refused_its_proof():
    params = svm.solve(*GUIDE)
    x, y = GUIDE
    for report in (audit(svm.loss, params, x, y, C=0.5), audit(svm.loss, params, x, 1 - y)):
        assert report.minimum is False and report.certificate.gap is None and "break a constraint" in str(report)
    loose = audit(svm.loss, params, x, y, C=2.0)
    assert loose.minimum is False and loose.certificate.gap > 0.1 and str(loose).startswith("Not a minimum: row")


@pytest.mark.slow
def test_three_classes_and_weights_of_a_machine():
    x, y, *_ = load_iris()
    weights = np.random.RandomState(0).uniform(0.5, 2, len(x))
    params = svm.solve(x, y, weights=weights)
    report = audit(svm.loss, params, x, y, weights=weights)
    assert report.minimum and 0 <= report.certificate.gap < 0.1
    assert not audit(svm.loss, params, x, y).minimum


# ---------------------------------------------------------------- the report


def test_tells_a_learner():
    x, y = np.arange(1.0, 6)[:, None], np.array([2, 4, 5, 4, 5])
    report = audit(linear.loss, params_of(linear, [0.6], 2.2), x, y)
    words = " ".join(str(report).split())
    assert words.startswith("A minimum of this loss, to rounding. loss 0.48 ")
    assert "estimate ± standard error w[0] 0.6 ± 0.2828 b 2.2 ± 0.9381" in words
    assert repr(report).startswith("Audit(kind='minimum', stationary=True, minimum=True, gradient_norm=")
    early = " ".join(str(audit(linear.loss, params_of(linear, [0.696355], 1.852128), x, y)).split())
    assert early.startswith("Not a minimum of this loss, and no L2 penalty is seen that would make it one. loss 0.502027")
    assert "Newton's step would lower the loss by 4.4e-02 of itself" in early and "Let the descent go on" in early


@pytest.mark.slow
def test_a_long_table_is_cut():
    x = np.random.RandomState(0).randn(60, 20)
    y = x.sum(1) + np.random.RandomState(1).randn(60)
    words = " ".join(str(audit(linear.loss, linear.solve(x, y), x, y)).split())
    assert "w[11]" in words and "w[12]" not in words and "and 9 more, in .standard_errors" in words


def test_many_parameters_are_told_from_a_minimum_by_a_lower_place():
    x = np.random.RandomState(0).randn(5, 600)
    loss = lambda w, x: jnp.mean((x @ w - 1) ** 2)
    start = audit(loss, np.zeros(600), x)
    assert (start.stationary, start.minimum, start.kind) == (False, False, "not stationary") and start.lower < start.loss
    end = audit(loss, np.linalg.lstsq(x, np.ones(5), rcond=None)[0] + 1e-9, x)
    assert (end.stationary, end.minimum, end.kind) in ((None, None, "too many parameters"), (False, False, "not stationary"))
    there = audit(lambda w, x: 1 + loss(w, x), np.linalg.lstsq(x, np.ones(5), rcond=None)[0], x)
    assert (there.stationary, there.minimum, there.kind) == (None, None, "too many parameters")
    assert "600 parameters are more than 500" in there.refused and "Not decided" in str(there)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: audit(3, np.ones(2)), TypeError, "^audit: argument 'loss' is not a function"),
        (lambda: audit(lambda t: t, np.ones(2)), TypeError, "^audit: argument 'loss' does not return one number"),
        (lambda: audit(linear.loss, params_of(linear, [np.nan], 0), np.ones((2, 1)), np.ones(2)), ValueError, "contains NaN"),
        (
            lambda: audit(linear.loss, params_of(linear, [1], 0), np.ones((2, 1)), np.array([1, np.inf])),
            ValueError,
            "^audit: argument 'y' contains",
        ),
        (
            lambda: audit(linear.loss, params_of(linear, [1], 0), np.ones((2, 1)), np.ones((2, 1))),
            ValueError,
            "does not match the 2 predictions",
        ),
        (
            lambda: audit(lambda t: jnp.log(t[0]), np.zeros(2)),
            ValueError,
            "^audit: argument 'params' is where the loss or a derivative is not",
        ),
        (
            lambda: audit(logistic.loss, params_of(logistic, [1], 0), np.ones((2, 1)), np.array([0, 3])),
            ValueError,
            "audit: argument 'y' makes",
        ),
        (lambda: audit(linear.loss, params_of(linear, [1], 0), np.ones((2, 1)), np.ones(2), l2=-1.0), ValueError, "'l2' is out of range"),
        (lambda: audit(svm.loss, params_of(linear, [1], 0), *GUIDE), TypeError, "'params' is not the model's Params"),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
