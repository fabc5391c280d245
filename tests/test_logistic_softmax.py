"""Logistic and softmax regression against Stata's tables and scikit-learn, at extreme logits, and where no minimum exists."""

import json
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxml import logistic, softmax
from jaxml.exceptions import ConvergenceWarning


def answers(shared, name):
    return json.loads((shared / "known_answers/known_answers.json").read_text())[name]


def columns(shared, path, *names):
    header, *rows = ((shared / "known_answers" / path).read_text()).splitlines()
    header = [name.strip("'") for name in header.split()]
    return np.array([[float(row.split()[header.index(name)]) for name in names] for row in rows])


def test_spector_is_statas(shared, x64):
    """Stata 11's logit on Spector and Mazzeo's 32 students: coefficients, log-likelihood and probabilities, to its printed digits."""
    known = answers(shared, "spector_logit")
    x, y = columns(shared, "statsmodels/spector.csv", "GPA", "TUCE", "PSI"), columns(shared, "statsmodels/spector.csv", "GRADE").ravel()
    params = logistic.solve(x, y)
    np.testing.assert_allclose(np.r_[params.w, params.b], known["params"], rtol=1e-6)
    np.testing.assert_allclose(-len(y) * logistic.loss(params, x, y), known["log_likelihood"], rtol=1e-6)
    np.testing.assert_allclose(logistic.predict_proba(params, x), known["prob"], rtol=1e-6)


def test_anes96_is_statas(shared, x64):
    """Stata 11's mlogit on 944 voters and 7 parties; Stata sets the first class to zero."""
    known = answers(shared, "anes96_multinomial_logit")
    table = columns(shared, "statsmodels/anes96.csv", "popul", "selfLR", "age", "educ", "income", "PID")
    x = np.c_[np.log(table[:, 0] + 0.1), table[:, 1:5]]
    params = softmax.solve(x, table[:, 5])
    every = np.r_[params.w, params.b[None]]
    np.testing.assert_allclose(every[:, 1:] - every[:, :1], known["params_6x6_features_by_class1to6"], rtol=1e-6)
    np.testing.assert_allclose(-len(x) * softmax.loss(params, x, table[:, 5]), known["log_likelihood"], rtol=1e-6)


def drawn(r, case, width):
    """x, y, weights, l2 of one of a few shapes, rounded to the width under test."""
    shapes = [(60, 3, 2, False), (200, 8, 3, True), (500, 20, 2, True), (40, 1, 5, False), (300, 30, 2, False), (120, 6, 4, True)]
    n, d, k, weighted = shapes[case % 6]  # few shapes, so that little is compiled
    x = r.randn(n, d) * 10.0 ** r.uniform(-2, 2, d) + 3 * r.randn(d)
    z = (x - x.mean(0)) / x.std(0) @ r.randn(d, k)
    y = (z + r.gumbel(size=z.shape)).argmax(axis=1)  # a draw from softmax(z)
    y[:k] = np.arange(k)
    weights = r.uniform(0.2, 3, n) if weighted else None
    rounded = lambda a: None if a is None else a.astype(width).astype(np.float64)
    return rounded(x), y, rounded(weights), 10 ** r.uniform(-4, 0), k


@pytest.mark.parametrize(("width", "tolerance"), [(np.float64, 1e-8), pytest.param(np.float32, 1e-5, marks=pytest.mark.slow)])
def test_scikit_learns_numbers(width, tolerance, in_width):
    """200 random cases, both models; scikit-learn's C is 1/(l2 Σ weights) and its intercepts are shifted to sum to zero."""
    linear_model = pytest.importorskip("sklearn.linear_model")
    r, worst = np.random.RandomState(0), 0.0
    for case in range(200):
        x, y, weights, l2, k = drawn(r, case, width)
        total = len(y) if weights is None else weights.sum()
        oracle = linear_model.LogisticRegression(C=1 / (l2 * total), solver="newton-cholesky", tol=1e-14, max_iter=1000)
        oracle.fit(x, y, sample_weight=weights)
        b = oracle.intercept_ - (oracle.intercept_.mean() if k > 2 else 0)
        expected = np.r_[oracle.coef_.ravel(), b]
        with in_width(width):
            params = (logistic if k == 2 else softmax).solve(x, y, weights=weights, l2=l2)
        found = np.r_[np.asarray(params.w, np.float64).T.ravel(), np.ravel(params.b)]
        worst = max(worst, np.linalg.norm(found - expected) / np.linalg.norm(expected))
    assert worst <= tolerance


LOGITS = [0.0, 20.0, -20.0, 88.0, -88.0, 89.0, -89.0, 1e4, -1e4, 1e30, -1e30]


@pytest.mark.parametrize("z", LOGITS)
@pytest.mark.parametrize("y", [0, 1])
def test_loss_and_gradient_keep_their_digits_at_any_logit(z, y):
    """float32 against float64 formulas, to rel 1e-6; below 1.2e-38, float32's smallest normal number, XLA gives 0."""
    m = z if y == 0 else -z
    loss, slope = np.logaddexp(0, m), (1 if y == 0 else -1) * np.exp(-np.logaddexp(0, -m))
    params = logistic.Params(jnp.ones(1, jnp.float32), jnp.zeros((), jnp.float32))
    value, grads = jax.value_and_grad(logistic.loss)(params, [[z]], [y])
    np.testing.assert_allclose(value, loss, rtol=1e-6, atol=1.2e-38)
    np.testing.assert_allclose(grads.b, slope, rtol=1e-6, atol=1.2e-38)
    np.testing.assert_allclose(grads.w[0], slope * z, rtol=1e-6, atol=1.2e-38 * max(1, abs(z)))

    params = softmax.Params(jnp.asarray([[0.0, 1.0]], jnp.float32), jnp.zeros(2, jnp.float32))
    value, grads = jax.value_and_grad(softmax.loss)(params, [[z]], [y])
    np.testing.assert_allclose(value, loss, rtol=1e-6, atol=1.2e-38)
    np.testing.assert_allclose(grads.b, [-slope, slope], rtol=1e-6, atol=1.2e-38)


def test_three_classes_far_apart():
    z = jnp.asarray([[1e30, -1e30, 0.0]], jnp.float32)
    params = softmax.Params(z, jnp.zeros(3, jnp.float32))
    for y, expected in ((0, 0), (1, 2e30), (2, 1e30)):
        value, grads = jax.value_and_grad(softmax.loss)(params, [[1.0]], [y])
        np.testing.assert_allclose(value, expected, rtol=1e-6)
        np.testing.assert_allclose(grads.b, np.eye(3)[0] - np.eye(3)[y], atol=1e-6)


def test_the_plain_formulas_would_lose_them():
    """The mutants softplus(z) − y z and logsumexp(z) − z_y: 0 at a logit of 20, where the loss is 2e-9."""
    z = jnp.float32(20)
    assert jax.nn.softplus(z) - z == 0
    assert jax.nn.logsumexp(jnp.stack([jnp.float32(0), z])) - z == 0


def test_two_class_softmax_is_logistic(x64):
    r = np.random.RandomState(0)
    x, y = r.randn(80, 3), r.randint(2, size=80)
    one, two = logistic.solve(x, y, l2=0.1), softmax.solve(x, y, l2=0.2)
    np.testing.assert_allclose(two.w[:, 1] - two.w[:, 0], one.w, rtol=1e-10)
    np.testing.assert_allclose(softmax.predict_proba(two, x)[:, 1], logistic.predict_proba(one, x), rtol=1e-10)


def test_softmax_classes_sum_to_zero(width):
    r = np.random.RandomState(0)
    params = softmax.solve(r.randn(60, 3), np.arange(60) % 3, l2=0.01)
    np.testing.assert_allclose(params.w.sum(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(params.b.sum(), 0, atol=1e-6)


SEPARATION = r"\.solve: separation: a plane separates classes of 'y', .* Use l2 > 0"


@pytest.mark.parametrize("model", [logistic, softmax])
@pytest.mark.parametrize("x", [[[-2.0], [-1.0], [1.0], [2.0]], [[-2.0], [0.0], [0.0], [2.0]]], ids=["complete", "quasi"])
def test_separation_is_named(model, x, width):
    """In the quasi-complete case the two middle rows tie for ever, and the slope still has no limit."""
    with pytest.warns(ConvergenceWarning, match=SEPARATION):
        params = model.solve(x, [0, 0, 1, 1])
    assert all(np.isfinite(leaf).all() for leaf in params)
    model.solve(x, [0, 0, 1, 1], l2=1e-3)  # no warning: the penalty gives a minimum


@pytest.mark.parametrize("model", [logistic, softmax])
@pytest.mark.parametrize("seed", range(10))
def test_no_false_alarm_of_separation(model, seed, width):
    """Overlapping classes, and a twin column: the Hessian is singular and yet there is a minimum."""
    r = np.random.RandomState(seed)
    x = r.randn(100, 2)
    y = (x[:, 0] + 2 * r.randn(100) > 0).astype(int)
    params = model.solve(np.c_[x, x[:, :1]], y)
    np.testing.assert_allclose(params.w[0], params.w[2], rtol=1e-6, atol=1e-6)


def test_breast_cancer_is_separable(width):
    from jaxml.datasets import load_breast_cancer

    table = load_breast_cancer()
    with pytest.warns(ConvergenceWarning):
        params = logistic.solve(table.x, table.y)
        assert all(np.isfinite(leaf).all() for leaf in params)


@pytest.mark.slow
def test_many_parameters_use_conjugate_gradients(width):
    """10 classes x 65 parameters: no Hessian is made; the gradient vanishes all the same."""
    from jaxml.datasets import load_digits

    table = load_digits()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        params = softmax.solve(table.x / 16, table.y, l2=1e-3)
    grads = jax.grad(softmax.loss)(params, table.x / 16, table.y, l2=1e-3)
    assert max(float(abs(g).max()) for g in grads) < (1e-6 if width == "float32" else 1e-11)


def test_labels_of_another_kind_go_through_encode_labels():
    from jaxml.preprocessing import encode_labels

    r = np.random.RandomState(0)
    x, y = r.randn(40, 2), np.arange(40) % 2
    plain = logistic.solve(x, y, l2=0.1)
    for names in ([-5, 7], [1, 2], ["no", "yes"], [False, True], [0.0, 1.0]):
        named = encode_labels(np.array(names)[y])
        again = logistic.solve(x, named.y, l2=0.1)
        np.testing.assert_array_equal(again.w, plain.w)
        np.testing.assert_array_equal(
            named.classes[np.asarray(logistic.predict(again, x))], np.array(names)[np.asarray(logistic.predict(plain, x))]
        )


def has_no_minimum(x, y, k):
    """Exactly, by a linear program: some direction lowers no row's log-odds against any class and raises some."""
    optimize = pytest.importorskip("scipy.optimize")
    rows = np.zeros((len(x), k, x.shape[1] + 1, k))
    one = np.c_[x, np.ones(len(x))]
    for j in range(k):
        rows[np.arange(len(x)), j, :, y] += one
        rows[:, j, :, j] -= one
    rows = rows.reshape(len(x) * k, -1)
    answer = optimize.linprog(-rows.sum(0), A_ub=-rows, b_ub=np.zeros(len(rows)), bounds=(-1, 1))
    return -answer.fun > 1e-6


@pytest.mark.parametrize("k", [2, 3, 5])
def test_separation_is_found_exactly_where_it_is(k, width):
    """Groups of which one lacks a class, overlapping clouds, and a mixture: no miss and no false alarm against the linear program."""
    r, found = np.random.RandomState(k), []
    for case in range(18):
        if case % 3 == 0:
            group = r.randint(5, size=120)
            x, y = np.eye(5)[group], r.randint(k, size=120)
            y = np.where((group == 3) & (case % 2 == 0), 1, y)
        elif case % 3 == 1:
            x = r.randn(120, 5)
            y = (x[:, :1] * np.arange(k) + [0.1, 1.0][case % 2] * r.gumbel(size=(120, k))).argmax(axis=1)
        else:
            x = np.c_[r.randint(2, size=(120, 4)), r.randn(120)]
            y = (r.randn(120, k) + np.eye(k)[0] * [6, 1][case % 2] * x[:, :1]).argmax(axis=1)
        y[:k] = np.arange(k)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            (logistic if k == 2 else softmax).solve(x, y)
        found.append((has_no_minimum(x, y, k), any("separation" in str(w.message) for w in caught)))
    assert all(truth == said for truth, said in found), found
    assert {truth for truth, _ in found} == {True, False}


def test_one_far_point_is_no_separation():
    r = np.random.RandomState(0)
    x, y = np.r_[r.randn(200, 1), [[3000.0]]], np.r_[r.randint(2, size=200), 1]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        logistic.solve(x, y)
    assert not caught


def test_columns_far_from_zero_keep_their_weight(width):
    r = np.random.RandomState(0)
    x = (r.randn(50_000, 2) + np.array([3e3, 0])).astype(width)
    y = (x[:, 0] - 3e3 + x[:, 1] + r.logistic(size=50_000) > 0).astype(int)
    np.testing.assert_allclose(logistic.solve(x, y).w, 1, atol=0.1)


def test_a_huge_scale_with_a_penalty():
    r = np.random.RandomState(0)
    x, y = r.randn(60, 2), np.arange(60) % 2
    scaled = logistic.solve(x * 1e15, y, l2=1e-6)
    np.testing.assert_allclose(scaled.w * 1e15, logistic.solve(x, y, l2=1e-36).w, rtol=1e-3, atol=1e-3)
