"""Support vector machine against LIBSVM's answers and scikit-learn, its optimality conditions, its certificate, and its limits."""

import functools
import itertools
import json
import subprocess
import sys
import warnings
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jaxml
from jaxml import datasets, model_selection
from jaxml.exceptions import ConvergenceWarning
from jaxml.models import svm
from jaxml.models._kernels import Rbf, squared_distances
from jaxml.models._svm import expansion, machines, members_of

SLOW = pytest.mark.slow
STATUS = Path("/proc/self/status")
QUICK_IN_32 = pytest.mark.parametrize("width", ["float32", pytest.param("float64", marks=SLOW)], indirect=True)
QUICK_IN_64 = pytest.mark.parametrize("width", [pytest.param("float32", marks=SLOW), "float64"], indirect=True)
QUICK_FOR_2 = pytest.mark.parametrize("k", [2, pytest.param(3, marks=SLOW)])
N = 60  # rows of most tests: few shapes, so that little is compiled


def blobs(n, k, d=3, seed=0, spread=1.0):
    """Overlapping classes 0 … k−1, as many rows of each as can be."""
    r = np.random.RandomState(seed)
    y = np.arange(n) % k
    return r.randn(k, d)[y] + spread * r.randn(n, d), y


@functools.cache
def kept(width, k, n=N, **hyper):
    """The machine of blobs(n, k), solved once for all tests of a width."""
    del width  # the scope is the caller's; jax.enable_x64 is no argument of solve
    return jax.tree.map(np.asarray, svm.solve(*blobs(n, k), **hyper))  # a look at NumPy arrays compiles nothing


def spread_out(params, n):
    """β over all n rows."""
    beta = np.zeros((n, *params.dual_coef.shape[1:]))
    beta[np.asarray(params.support)] = params.dual_coef
    return beta


def of_all_rows(params, x):
    """The same machine, β = 0 off the support: of one shape whatever the support, so that little is compiled."""
    beta = spread_out(params, len(x)).astype(params.dual_coef.dtype)
    return params._replace(support=np.arange(len(x)), support_vectors=x.astype(beta.dtype), dual_coef=beta)


# ---------------------------------------------------------------- known answers


def heart_scale(shared):
    lines = (shared / "known_answers/libsvm/heart_scale").read_text().splitlines()
    x, y = np.zeros((len(lines), 13)), np.zeros(len(lines), int)
    for i, (label, *entries) in enumerate(line.split() for line in lines):
        y[i] = label == "+1"
        for entry in entries:
            j, value = entry.split(":")
            x[i, int(j) - 1] = float(value)
    return x, y, json.loads((shared / "known_answers/known_answers.json").read_text())["libsvm_heart_scale"]


@jax.jit
def all_compiled(params, x, y):
    return svm.logits(params, x), svm.predict(params, x), svm.loss(params, x, y), svm.duality_gap(params, x, y)


def test_heart_scale_is_libsvms(shared, x64):
    """LIBSVM's FAQ prints objective −100.877286, 132 support vectors, 107 at the bound; at tol 1e-10 libsvm gives three more digits."""
    x, y, known = heart_scale(shared)
    for tol, expected, digits in ((1e-3, known["libsvm_faq"], 1e-6), (1e-10, known["computed_tol_1e_10"], 1e-8)):
        params = svm.solve(x, y, gamma=1 / 13, tol=tol)
        _, labels, loss, gap = all_compiled(of_all_rows(params, x), x, y)
        np.testing.assert_allclose(float(gap) - float(loss), expected["obj"], rtol=digits)
        assert len(params.support) == expected["nSV"] and (np.abs(params.dual_coef) == 1).sum() == expected["nBSV"]
        # within tol the offset is free; libsvm's K is float32
        np.testing.assert_allclose(-np.asarray(params.b), expected["rho"], atol=max(tol, 1e-7))
        assert 0 <= gap < 10 * max(tol, 1e-9)
    assert (np.asarray(labels) == y).mean() == expected["train_accuracy"]


@QUICK_IN_64
def test_two_points_have_a_closed_form(shared, width):
    known = json.loads((shared / "known_answers/known_answers.json").read_text())["libsvm_heart_scale"]["two_point_case"]
    x, y = np.array(known["x"]), (np.array(known["y"]) + 1) // 2
    params = svm.solve(x, y, gamma=known["gamma"], C=known["C"])
    np.testing.assert_array_equal(params.dual_coef, known["y"])
    assert params.b == known["rho"]
    np.testing.assert_allclose(svm.loss(params, x, y), -known["closed_form_obj"], rtol=4 * np.finfo(width).eps)
    np.testing.assert_allclose(svm.duality_gap(params, x, y), 0, atol=4 * np.finfo(width).eps)


def drawn(case):
    """x, y, weights and settings of one of 100 cases.

    libsvm holds K in float32, so that at C = 100 its own answer is off by 1e-4 (linear) where K is rounded.  Here x is on a grid on which
    linear, polynomial and precomputed K are exact in float32; for the RBF kernel C is at most 10.
    """
    r = np.random.RandomState(case)
    kernel = ("linear", "poly", "precomputed", "rbf")[case % 4]
    n, k = ((20, 2), (60, 3), (200, 2), (120, 4), (40, 3))[case // 4 % 5]
    y = np.arange(n) % k
    grid = 8 if kernel == "poly" else 128
    x = np.clip(np.round(grid * (0.8 * r.randn(k, 4)[y] + r.randn(n, 4))) / grid, -4, 4)
    if kernel == "precomputed":
        x = np.exp(-0.2 * ((x[:, None] - x) ** 2).sum(axis=2)).astype(np.float32).astype(np.float64)
    gamma = {"poly": 0.125, "rbf": ("scale", "auto", 0.3)[case // 4 % 3]}.get(kernel, "scale")
    weights = r.randint(1, 9, n) / 4 if case % 3 == 0 else None
    if weights is not None and gamma == "scale":
        gamma = 0.25  # ours is of the weighted rows, scikit-learn's of the plain ones
    C = 10 ** r.uniform(-2, 1 if kernel == "rbf" else 2)
    return x, y, weights, {"C": C, "kernel": kernel, "gamma": gamma, "degree": 2, "coef0": 1.0, "tol": 1e-10}


@jax.jit
def logits_and_gap(params, x, y, C, weights):
    return svm.logits(params, x), svm.predict(params, x), svm.duality_gap(params, x, y, C=C, weights=weights)


@SLOW
def test_scikit_learns_numbers(x64):
    """100 cases at tol 1e-10: decision values, support vectors, votes; and the certificate.  Traced, so that few programs are compiled."""
    oracle = pytest.importorskip("sklearn.svm").SVC
    programs = {}
    for case in range(100):
        x, y, weights, hyper = drawn(case)
        theirs = oracle(decision_function_shape="ovo", **hyper).fit(x, y, sample_weight=weights)
        weights = np.ones(len(y)) if weights is None else weights
        C, static = hyper.pop("C"), tuple(hyper.items())
        key = (x.shape, y.max(), static)
        if key not in programs:
            programs[key] = jax.jit(lambda x, w, C, y=y, hyper=hyper: svm.solve(x, y, weights=w, C=C, **hyper))
        ours = programs[key](x, weights, C)
        z, labels, gap = logits_and_gap(ours, x, y, C, weights)
        np.testing.assert_allclose(z, theirs.decision_function(x), atol=1e-5, err_msg=f"{case}")
        support = np.flatnonzero(np.asarray(ours.dual_coef).reshape(len(x), -1).any(axis=1))
        np.testing.assert_array_equal(support, np.sort(theirs.support_), err_msg=f"{case}")
        np.testing.assert_array_equal(labels, theirs.predict(x), err_msg=f"{case}")
        assert abs(gap) < 1e-8 * C * len(x), case


@pytest.mark.parametrize("of", [slice(0, 10, 3), pytest.param(slice(None), marks=SLOW)], ids=["some sizes", "all sizes"])
def test_the_learning_curve_of_the_guides_example(of, shared):
    """All 100 scores of scikit-learn's SVC() on 5 folds and 10 sizes, exactly, in float32: one compiled program over weights."""
    known = json.loads((shared / "guide/numbers.json").read_text())["08_svc_learning_curve"]
    x, y = datasets.make_classification(1000, 20, n_informative=2, n_redundant=10, random_state=42)
    folds, sizes = model_selection.stratified_k_fold(y, 5), known["train_sizes"][of]
    weights = np.zeros((len(sizes), 5, 1000), np.float32)
    for i, size in enumerate(sizes):
        for fold, (train, _) in enumerate(folds):
            weights[i, fold, train[:size]] = 1
    every = jax.lax.map(lambda w: svm.predict(svm.solve(x, y, weights=w), x), weights.reshape(-1, 1000))
    right = np.asarray(every).reshape(weights.shape) == y
    for i, size in enumerate(sizes):
        for fold, (train, test) in enumerate(folds):
            assert right[i, fold, train[:size]].mean() == known["train_scores"][of][i][fold]
            assert right[i, fold, test].mean() == known["test_scores"][of][i][fold]


@SLOW
def test_the_learning_curve_of_the_guides_example_by_hand(shared):
    """Its smallest and its largest fit, row by row: the rows of a prefix, and no weights."""
    known = json.loads((shared / "guide/numbers.json").read_text())["08_svc_learning_curve"]
    x, y = datasets.make_classification(1000, 20, n_informative=2, n_redundant=10, random_state=42)
    folds, sizes = model_selection.stratified_k_fold(y, 5), known["train_sizes"]
    for i, fold in ((0, 0), (9, 4)):
        train, test = folds[fold]
        params = svm.solve(x[train[: sizes[i]]], y[train[: sizes[i]]])
        assert (np.asarray(svm.predict(params, x[test])) == y[test]).mean() == known["test_scores"][i][fold]


def test_the_ring_of_the_guides_example(shared, x64):
    known = json.loads((shared / "guide/numbers.json").read_text())["14_svc_ring"]
    x = np.random.RandomState(42).randn(1000, 2)
    y = (x[:, 0] ** 2 + x[:, 1] ** 2 > 1).astype(int)
    x_train, x_test, y_train, y_test = model_selection.train_test_split(x, y, test_size=0.2, random_state=42)
    scaler = jaxml.preprocessing.standard_scaler.fit(x_train)
    scaled = lambda x: jaxml.preprocessing.standard_scaler.transform(scaler, x)
    params = svm.solve(scaled(x_train), y_train)
    predicted = svm.predict(params, scaled(x_test))
    assert jaxml.metrics.accuracy_score(y_test, predicted) == known["accuracy"]
    assert jaxml.metrics.confusion_matrix(y_test, predicted).tolist() == known["confusion_matrix"]
    assert np.bincount(y_train[params.support]).tolist() == known["n_support"]
    # both stop within tol = 1e-3
    np.testing.assert_allclose(params.b, known["intercept"][0], atol=1e-3)
    np.testing.assert_allclose(abs(params.dual_coef).sum(), known["dual_coef_abs_sum"], rtol=1e-4)


# ---------------------------------------------------------------- predict


def test_a_tie_goes_where_libsvm_sends_it(x64):
    """f(0) = 0 by symmetry: class 1 of two.  Three classes on a triangle and its centre, and a circle of wins: the first class."""
    params = svm.solve([[1.0], [-1.0]], [1, 0], gamma=1.0)
    assert svm.predict(params, [[0.0]]) == 1 and svm.predict(params, [[-1e-9]]) == 0
    oracle = pytest.importorskip("sklearn.svm").SVC(gamma=1.0).fit([[1.0], [-1.0]], [1, 0])
    assert oracle.decision_function([[0.0]]) == 0 and oracle.predict([[0.0]]) == 1
    x, _ = blobs(N, 3)
    params = kept("float64", 3, gamma=0.3, tol=1e-10)
    for z, label in (
        ([1, -1, 1], 0),
        ([-1, 1, -1], 0),
        ([-1, -1, 1], 1),
        ([-1, -1, 0], 2),
        ([0, 0, 0], 2),
        ([0, 1, -1], 0),
        ([-1, 0, 1], 1),
    ):
        fixed = params._replace(dual_coef=np.zeros(params.dual_coef.shape), b=np.asarray(z, float))
        assert svm.predict(fixed, x[:1]) == label, z


@pytest.mark.parametrize("k", [3, pytest.param(4, marks=SLOW)])
def test_ovo_votes_are_scikit_learns(k, x64):
    oracle = pytest.importorskip("sklearn.svm").SVC
    n = N if k == 3 else 80
    x, y = blobs(n, k, spread=2.0)
    new = np.random.RandomState(1).randn(500, 3) * 3
    np.testing.assert_array_equal(svm.predict(svm.solve(x, y, tol=1e-8), new), oracle(tol=1e-8).fit(x, y).predict(new))


def test_precomputed_is_the_kernel_itself(x64):
    x, y = blobs(N, 3)
    new = np.random.RandomState(1).randn(N, 3)
    gram = lambda a, b: np.exp(-0.3 * ((a[:, None] - b) ** 2).sum(axis=2))
    one = kept("float64", 3, gamma=0.3, tol=1e-10)
    two = svm.solve(gram(x, x), y, kernel="precomputed", tol=1e-10)
    np.testing.assert_array_equal(one.support, two.support)
    np.testing.assert_allclose(svm.logits(two, gram(new, x)), svm.logits(one, new), atol=1e-8)
    loss, gap = all_compiled(two, gram(x, x), y)[2:]
    np.testing.assert_allclose(loss, all_compiled(of_all_rows(one, x), x, y)[2], rtol=1e-8)
    assert abs(gap) < 1e-8


@SLOW
@pytest.mark.skipif(not STATUS.exists(), reason="the peak of a process is read from /proc")
def test_prediction_holds_less_than_a_gibibyte():
    """1e5 rows against 1e3 support vectors, in a process of its own; K alone would be 400 MB, and its making twice that."""
    # subtle: ru_maxrss of a child starts at what its parent held
    code = """
import re, numpy as np, jax.numpy as jnp
from jaxml.models import svm
from jaxml.models._kernels import Rbf
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
x = np.random.RandomState(0).randn(100_000, 20).astype(np.float32)
params = svm.Params(jnp.arange(1000), jnp.asarray(x[:1000]), jnp.ones(1000), jnp.zeros(()), Rbf(jnp.float32(0.05)))
svm.predict(params, x[:10])
before = peak()
svm.predict(params, x).block_until_ready()
print(peak() - before, before)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    more, before = map(float, run.stdout.split())
    assert 0 < more < 256 and more + before < 1024


@QUICK_IN_64
def test_blocks_give_the_rows_of_the_whole(monkeypatch, width):
    x, _ = blobs(N, 3)
    params = kept(width, 3)
    whole = svm.logits(params, x)
    monkeypatch.setattr("jaxml.models._svm.HELD", 16 * len(params.support))
    expansion.clear_cache()
    np.testing.assert_allclose(svm.logits(params, x), whole, atol=100 * np.finfo(width).eps)
    expansion.clear_cache()


# ---------------------------------------------------------------- the kernel in float32


@pytest.mark.parametrize("offset", [0, 10, 100, 1000])
@pytest.mark.parametrize("d", [1, 200, *(pytest.param(d, marks=SLOW) for d in (3, 20))])
def test_rbf_far_from_zero(offset, d):
    """Within 1e-5 of float64, diagonal exactly 1, symmetric, eigenvalues above −1e-5 n."""
    x = (np.random.RandomState(d).randn(120, d) + offset).astype(np.float32)
    wide = x.astype(np.float64)
    exact = np.exp(-((wide[:, None] - wide) ** 2).sum(axis=2) / d)
    k = np.asarray(Rbf(jnp.float32(1 / d))(jnp.asarray(x), jnp.asarray(x)))
    np.testing.assert_allclose(k, exact, atol=1e-5)
    assert (np.diag(k) == 1).all()
    old = tuple(map(int, jax.__version__.split(".")[:2])) < (0, 10)  # whose products round a row and a column in two ways
    np.testing.assert_allclose(k, k.T, rtol=0, atol=1.2e-7 if old else 0)
    assert np.linalg.eigvalsh(k.astype(np.float64)).min() > -1e-5 * len(x)


@QUICK_IN_32
def test_gradients_of_the_kernel_are_finite_at_equal_rows(width):
    x = np.ones((3, 2), width)
    kernel = Rbf(np.asarray(0.5, width))
    for f in (lambda a: squared_distances(a, x).sum(), lambda a: kernel(a, x).sum()):
        assert np.isfinite(jax.jit(jax.grad(f))(x)).all()


@pytest.mark.parametrize("offset", [0, 1000])
def test_float32_far_from_zero_gives_the_same_machine(offset):
    x, y = blobs(700, 2)
    x = np.round(x * 64) / 64  # a grid that 1000 + x is on too
    one, two = svm.solve(x, y), svm.solve(x + offset, y)
    np.testing.assert_array_equal(one.support, two.support)
    z = svm.logits(of_all_rows(one, x), x)
    np.testing.assert_allclose(svm.logits(of_all_rows(two, x + offset), x + offset), z, atol=2e-3)  # tol


# ---------------------------------------------------------------- the solution


def conditions(params, x, y, C, weights=None):
    """How far β and b are from Karush, Kuhn and Tucker: α = 0 where s f > 1, α = C where s f < 1, between only where s f = 1."""
    s, cap = 2 * y - 1, C * (np.ones(len(y)) if weights is None else weights)
    alpha, margin = np.zeros(len(y)), s * np.asarray(svm.logits(of_all_rows(params, x), x))
    alpha[params.support] = s[params.support] * np.asarray(params.dual_coef)
    assert (alpha >= 0).all() and (alpha <= cap * (1 + 1e-6)).all()
    short, over = np.where(alpha < cap * (1 - 1e-6), 1 - margin, 0), np.where(alpha > 0, margin - 1, 0)
    return max(short.max(), over.max()), abs((s * alpha).sum())


EVERY = itertools.product(("rbf", "linear", "poly"), (N, 700), ("float32", "float64"))


@pytest.mark.parametrize(
    ("kernel", "n", "width"), [pytest.param(*case, marks=() if case == ("rbf", 700, "float32") else SLOW) for case in EVERY]
)
def test_the_optimality_conditions_hold(kernel, n, width, in_width):
    """n = 700 is more than one working set."""
    x, y = blobs(n, 2)
    with in_width(width):
        params = svm.solve(x, y, kernel=kernel, C=2.0, coef0=1.0)
        short, unbalanced = conditions(params, x, y, 2.0)
        gap = float(logits_and_gap(of_all_rows(params, x), x, y, 2.0, np.ones(n))[2])
    assert short < 1e-3 * 1.1
    assert unbalanced < n * 20 * np.finfo(width).eps
    assert (np.diff(params.support) > 0).all() and (np.asarray(params.dual_coef) != 0).all()
    assert params.dual_coef.dtype == params.b.dtype == params.support_vectors.dtype == width
    # every row is at most tol short, so the gap is at most C n tol
    assert -1e-5 * n < gap < 2.0 * n * 1e-3


@SLOW
@pytest.mark.parametrize(("C", "apart"), [(0.01, 1e-5), (1.0, 1e-5), (100.0, 1e-2)])
def test_many_working_sets_reach_scikit_learns_machine(C, apart, x64):
    """At C = 100 libsvm's float32 kernel values tell: the certificate of its machine is a hundred times as wide as ours."""
    x, y = blobs(2000, 2, spread=1.5)
    oracle = pytest.importorskip("sklearn.svm").SVC(C=C, tol=1e-6).fit(x, y)
    params = svm.solve(x, y, C=C, tol=1e-6)
    np.testing.assert_allclose(svm.logits(params, x), oracle.decision_function(x), atol=apart)
    assert abs(len(params.support) - len(oracle.support_)) <= (0 if C < 100 else 2)  # rows within that of the margin
    assert abs(svm.duality_gap(params, x, y, C=C)) < 1e-7 * svm.loss(params, x, y, C=C)


SOME = np.arange(30) % 2


@jax.jit
def least_and_other(x, C, step):
    """L and the gap at the solution, L a step away from it; one program for all draws."""
    params = svm.solve(x, SOME, C=C, kernel="poly", gamma=0.3, coef0=1.0)
    away = params._replace(dual_coef=params.dual_coef + C * step[:-1], b=params.b + step[-1])
    return svm.loss(params, x, SOME, C=C), svm.duality_gap(params, x, SOME, C=C), svm.loss(away, x, SOME, C=C)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.integers(0, 10**6), st.floats(-2, 2), st.floats(-6, 0))
def test_no_other_machine_is_better(seed, log_c, log_step):
    """The gap bounds how much lower L can be, at the solution's neighbours and far from it."""
    x, _ = blobs(30, 2, seed=seed)
    C, step = 10**log_c, 10**log_step * np.random.RandomState(seed).randn(31)
    least, gap, other = map(float, least_and_other(x, C, step))
    rounding = 1e-5 * (1 + least)
    assert -rounding <= gap <= 1e-3 * C * 30 + rounding
    assert other >= least - gap - rounding


def test_as_few_steps_as_libsvm(x64):
    """Second-order working sets choose libsvm's pairs; a wrong curvature still converges, and takes more steps."""
    x, y = blobs(N, 2, spread=1.5)
    oracle = pytest.importorskip("sklearn.svm").SVC(C=10.0).fit(x, y)
    members, s = members_of(y, 2)
    end = machines(Rbf(np.asarray(oracle._gamma)), x, members, s, np.asarray(10.0), None, np.asarray(1e-3))
    assert 0.7 < int(end.steps) / oracle.n_iter_[0] < 1.4


@SLOW
def test_descent_on_the_primal_reaches_the_dual(x64):
    """Subgradient descent on L alone, all rows free, knows nothing of the dual; it ends at its value, as near as the kinks allow."""
    x, y = blobs(N, 2)
    solved = kept("float64", 2, tol=1e-10)
    params = solved._replace(support=np.arange(N), support_vectors=x, dual_coef=np.zeros(N), b=np.zeros(()))
    loss = lambda p, x, y: svm.loss(params._replace(dual_coef=p[0], b=p[1]), x, y)
    rate = optax.exponential_decay(0.05, 1000, 0.3)
    fit = jaxml.minimize(loss, (params.dual_coef, params.b), x, y, optimizer=optax.adam(rate), steps=6000)
    best = svm.loss(solved, x, y)
    assert best - 1e-9 <= min(fit.losses) <= best * (1 + 1e-3)


@QUICK_IN_32
def test_certificate_of_another_machine_is_infinite(width):
    x, y = blobs(N, 2)
    params = kept(width, 2)
    beta = np.asarray(params.dual_coef)
    assert np.isfinite(svm.duality_gap(params, x, y))
    for other in (-beta, beta * np.asarray(1.1, width), np.r_[np.zeros(1, width), beta[1:]]):
        assert np.isinf(svm.duality_gap(params._replace(dual_coef=other), x, y))
    assert svm.duality_gap(params._replace(dual_coef=beta / 2), x, y) > 0.1


# ---------------------------------------------------------------- invariances


@jax.jit
def weighted_loss(params, x, y, weights):
    return svm.loss(params, x, y, weights=weights)


@QUICK_FOR_2
def test_weights_of_0_and_1_are_the_subset(k, x64):
    n, m = (N, 40) if k == 2 else (90, 60)  # 40 rows: as the pairs of three classes have
    x, y = blobs(n, k)
    keep = np.random.RandomState(0).permutation(n)[:m]
    keep.sort()
    weights = np.zeros(n)
    weights[keep] = 1
    whole, part = svm.solve(x, y, weights=weights, tol=1e-8), svm.solve(x[keep], y[keep], tol=1e-8)
    np.testing.assert_array_equal(whole.support, keep[part.support])
    np.testing.assert_allclose(whole.kernel.gamma, part.kernel.gamma, rtol=1e-14)
    np.testing.assert_allclose(whole.dual_coef, part.dual_coef, atol=1e-6)
    loss = all_compiled(of_all_rows(part, x[keep]), x[keep], y[keep])[2]
    np.testing.assert_allclose(weighted_loss(of_all_rows(whole, x), x, y, weights), loss, rtol=1e-8)  # tol


def test_a_weight_of_2_is_a_row_twice(x64):
    x, y = blobs(N, 2)
    weights, twice = np.r_[np.ones(N - 3), np.zeros(3)], np.r_[np.arange(N - 3), 3, 3, 10]
    weights[[3, 10]] = 3, 2
    one, two = svm.solve(x, y, weights=weights, tol=1e-10), svm.solve(x[twice], y[twice], tol=1e-10)
    one, two = of_all_rows(one, x), of_all_rows(two, x[twice])
    z, _, loss, _ = all_compiled(one, x[twice], y[twice])
    np.testing.assert_allclose(z, all_compiled(two, x[twice], y[twice])[0], atol=1e-8)
    np.testing.assert_allclose(weighted_loss(one, x, y, weights), loss, rtol=1e-14)
    np.testing.assert_allclose(one.kernel.gamma, two.kernel.gamma, rtol=1e-14)


@QUICK_FOR_2
def test_weights_scale_as_c(k, x64):
    x, y = blobs(N, k)
    one, two = svm.solve(x, y, weights=np.full(N, 2.5), tol=1e-8), svm.solve(x, y, C=2.5, tol=1e-8)
    np.testing.assert_allclose(one.dual_coef, two.dual_coef, atol=1e-6)


def test_permuted_rows_and_swapped_labels(x64):
    x, y = blobs(N, 2)
    params, order = kept("float64", 2, tol=1e-10), np.random.RandomState(1).permutation(N)
    again = svm.solve(x[order], y[order], tol=1e-10)
    np.testing.assert_allclose(spread_out(again, N), spread_out(params, N)[order], atol=1e-7)
    swapped = svm.solve(x, 1 - y, tol=1e-10)
    np.testing.assert_allclose(spread_out(swapped, N), -spread_out(params, N), atol=1e-7)
    np.testing.assert_allclose(swapped.b, -np.asarray(params.b), atol=1e-8)


def test_a_pair_of_three_classes_is_the_machine_of_two(x64):
    """Columns (0, 1), (0, 2), (1, 2); the first class of a pair is positive."""
    x, y = blobs(N, 3)
    params = kept("float64", 3, gamma=0.3, tol=1e-10)
    assert params.dual_coef.shape == (len(params.support), 3) and params.b.shape == (3,)
    z = np.asarray(svm.logits(params, x))
    for pair, (i, j) in enumerate(((0, 1), (0, 2), (1, 2))):
        own = (y == i) | (y == j)
        alone = svm.solve(x[own], (y[own] == i).astype(int), gamma=0.3, tol=1e-10)
        np.testing.assert_allclose(z[:, pair], svm.logits(of_all_rows(alone, x[own]), x), atol=1e-8)


@QUICK_IN_64
def test_duplicate_rows_and_contradictions(width):
    """The same row in both classes, and all rows equal: K is singular, and there is an answer."""
    x, y = blobs(30, 2)
    x, y = np.r_[x, x], np.r_[y, 1 - y]
    params = of_all_rows(svm.solve(x, y), x)
    assert np.isfinite(params.dual_coef).all()
    np.testing.assert_allclose(all_compiled(params, x, y)[0], 0, atol=2e-3)
    equal = svm.solve(np.ones((N, 3)), np.arange(N) % 2)
    assert equal.kernel.gamma == 1 and np.isfinite(equal.b)


def test_same_bits_twice():
    x, y = blobs(700, 2)
    for one, two in zip(jax.tree.leaves(svm.solve(x, y)), jax.tree.leaves(svm.solve(x, y)), strict=True):
        np.testing.assert_array_equal(one, two)


def test_gamma(x64):
    x, y = blobs(N, 2)
    assert svm.solve(x, y).kernel.gamma == pytest.approx(1 / (3 * x.var()), rel=1e-14)
    assert svm.solve(x, y, gamma="auto").kernel.gamma == pytest.approx(1 / 3, rel=1e-15)
    assert svm.solve(x, y, gamma=0.7).kernel.gamma == 0.7


# ---------------------------------------------------------------- inside JAX


OVER = {"vmap": jax.vmap, "map": lambda f: lambda w: jax.lax.map(f, w), "jit": lambda f: f}


@functools.cache
def solver_over(over, k):
    """Parameters and labels as a compiled function of weights, in x64."""

    def one(w):
        x, y = blobs(N, k)
        params = svm.solve(x, y, weights=w, tol=1e-10)
        return params, svm.predict(params, x)

    return jax.jit(OVER[over](one))


@QUICK_FOR_2
@pytest.mark.parametrize("over", ["map", *(pytest.param(over, marks=SLOW) for over in ("vmap", "jit"))])
def test_solve_over_weights(over, k, x64):
    x, y = blobs(N, k)
    weights = np.random.RandomState(3).uniform(0.5, 2, (3, N))
    weights[1, :20] = 0
    if over == "jit":
        weights = weights[1]
    params, labels = solver_over(over, k)(weights)
    for i, w in enumerate(np.atleast_2d(weights)):
        alone = svm.solve(x, y, weights=w, tol=1e-10)
        pick = np.asarray if over == "jit" else (lambda leaf, i=i: np.asarray(leaf)[i])
        together = jax.tree.map(pick, params)
        assert together.support.tolist() == list(range(N))
        np.testing.assert_allclose(together.dual_coef, spread_out(alone, N), atol=1e-7)
        np.testing.assert_allclose(together.b, alone.b, atol=1e-8)
        np.testing.assert_array_equal(pick(labels), all_compiled(of_all_rows(alone, x), x, y)[1])


@QUICK_FOR_2
def test_traced_a_class_without_weight_is_nan(k, x64):
    y = blobs(N, k)[1]
    weights = np.stack([np.ones(N), y != 1, np.ones(N)]).astype(float)
    params = jax.tree.map(np.asarray, solver_over("map", k)(weights)[0])
    assert np.isfinite(params.dual_coef[[0, 2]]).all() and np.isfinite(params.b[[0, 2]]).all()
    assert np.isnan(params.dual_coef[1]).all() and np.isnan(params.b[1]).all()


@QUICK_FOR_2
@QUICK_IN_32
def test_jit_equals_eager(k, width):
    x, y = blobs(N, k)
    params = kept(width, k)
    z, labels, loss, gap = all_compiled(params, x, y)
    for compiled, f in ((z, svm.logits), (labels, svm.predict)):
        np.testing.assert_allclose(compiled, f(params, x), atol=50 * np.finfo(width).eps)
    for compiled, f in ((loss, svm.loss), (gap, svm.duality_gap)):
        np.testing.assert_allclose(compiled, f(params, x, y), atol=1e3 * np.finfo(width).eps)


def test_gradient_of_the_loss_by_central_differences(x64):
    """In β and b, and in gamma and C, which are leaves and arguments like any other."""
    x, y = blobs(N, 3)
    solved = svm.solve(x, y, C=0.7)
    start = (np.asarray(solved.dual_coef) + 0.01, solved.b, solved.kernel.gamma, 0.7)
    f = jax.jit(lambda p: svm.loss(solved._replace(dual_coef=p[0], b=p[1], kernel=Rbf(p[2])), x, y, C=p[3]))
    from jax.test_util import check_grads

    check_grads(f, (start,), order=1, modes=["rev"], rtol=1e-5, eps=1e-6)


def test_the_global_precision_stays():
    before = jax.config.read("jax_enable_x64")
    assert svm.solve(X, Y).b.dtype == (np.float64 if before else np.float32)
    assert jax.config.read("jax_enable_x64") == before


def test_inputs_unchanged():
    x, y = blobs(N, 2)
    copies = x.copy(), y.copy()
    x.setflags(write=False)
    params = svm.solve(x, y)
    svm.duality_gap(params, x, y)
    np.testing.assert_array_equal(x, copies[0])
    np.testing.assert_array_equal(y, copies[1])


# ---------------------------------------------------------------- what is refused

X, Y = blobs(N, 2)
T = np.arange(N) % 3
GRAM = X @ X.T


def fitted():
    return kept("float32", 2)


def with_nan(a):
    a = np.array(a, float)
    a[5] = np.nan
    return a


BAD = {
    "C 0": (lambda: svm.solve(X, Y, C=0), r"svm.solve: argument 'C' is out of range; got 0; pass a number > 0"),
    "C nan": (lambda: svm.solve(X, Y, C=np.nan), r"argument 'C' is out of range; got nan"),
    "C of the loss": (lambda: svm.loss(fitted(), X, Y, C=-1), r"svm.loss: argument 'C' is out of range; got -1; pass a number > 0"),
    "C of the gap": (lambda: svm.duality_gap(fitted(), X, Y, C=0), r"argument 'C' is out of range"),
    "gamma 0": (lambda: svm.solve(X, Y, gamma=0.0), r"svm.solve: argument 'gamma' is out of range; got 0.0; pass a number > 0"),
    "gamma word": (lambda: svm.solve(X, Y, gamma="big"), r"argument 'gamma' is not known; got 'big'; pass 'scale', 'auto' or a number > 0"),
    "kernel": (
        lambda: svm.solve(X, Y, kernel="sigmoid"),
        r"argument 'kernel' is not known; got str 'sigmoid'; pass one of 'rbf'",
    ),
    "kernel list": (lambda: svm.solve(X, Y, kernel=["rbf"]), r"argument 'kernel' is not known"),
    "degree": (lambda: svm.solve(X, Y, kernel="poly", degree=0), r"argument 'degree' is out of range; got 0; pass an int >= 1"),
    "degree 2.5": (lambda: svm.solve(X, Y, kernel="poly", degree=2.5), r"argument 'degree' is not a whole number"),
    "coef0": (lambda: svm.solve(X, Y, kernel="poly", coef0=np.inf), r"argument 'coef0' is out of range"),
    "tol 0": (lambda: svm.solve(X, Y, tol=0), r"argument 'tol' is out of range; got 0; pass a number > 0"),
    "NaN in x": (lambda: svm.solve(with_nan(X), Y), r"svm.solve: argument 'x' contains NaN; got nan at row 5"),
    "NaN in y": (lambda: svm.solve(X, with_nan(Y)), r"argument 'y' contains NaN; got nan at row 5"),
    "NaN in weights": (lambda: svm.solve(X, Y, weights=with_nan(np.ones(N))), r"argument 'weights' contains NaN"),
    "negative weight": (lambda: svm.solve(X, Y, weights=-np.ones(N)), r"argument 'weights' has a negative entry"),
    "short weights": (lambda: svm.solve(X, Y, weights=np.ones(5)), r"argument 'weights' has 5 rows, but there are 60"),
    "lengths": (lambda: svm.solve(X, Y[:-1]), r"argument 'y' has 59 rows, but 'x' has 60"),
    "no rows": (lambda: svm.solve(X[:0], Y[:0]), r"is empty"),
    "one dimension": (lambda: svm.solve(X[:, 0], Y), r"argument 'x' has 1 dimensions, not 2; .*reshape"),
    "one class": (lambda: svm.solve(X, 0 * Y), r"svm.solve: argument 'y' has 1 class; 2 or more are needed"),
    "one row": (lambda: svm.solve(X[:1], [0]), r"argument 'y' has 1 class; 2 or more are needed"),
    "one class has weight": (lambda: svm.solve(X, Y, weights=Y), r"argument 'y' has 1 class; 2 or more are needed"),
    "a class of three has none": (lambda: svm.solve(X, T, weights=T != 1), r"argument 'weights' is zero on all of class 1; got 3 classes"),
    "a gap": (lambda: svm.solve(X, 2 * Y), r"argument 'y' has no row of class 1; .*encode_labels"),
    "fractions": (lambda: svm.solve(X, Y + 0.5), r"argument 'y' is continuous, not a label"),
    "traced y": (lambda: jax.jit(lambda y: svm.solve(X, y).b)(Y), r"argument 'y' has no values yet"),
    "not square": (lambda: svm.solve(X, Y, kernel="precomputed"), r"argument 'x' is not square; got shape \(60, 3\); .*\(n, n\)"),
    "not symmetric": (
        lambda: svm.solve(np.triu(GRAM), Y, kernel="precomputed"),
        r"argument 'x' is not symmetric; got .* at row \d+, column \d+, and 0 at row",
    ),
    "too large": (lambda: svm.solve(X * np.float32(1e30), Y, gamma=0.1), r"argument 'x' .*leaves float32; .*rescale x"),
    "too large to predict": (
        lambda: svm.predict(fitted(), X * np.float32(1e30)),
        r"svm.logits: argument 'x' overflows float32; got .* at row 0",
    ),
    "columns": (lambda: svm.predict(fitted(), X[:, :2]), r"svm.logits: argument 'x' has 2 columns, not 3"),
    "columns of the loss": (lambda: svm.loss(fitted(), X[:, :2], Y), r"argument 'x' has 2 columns, not 3"),
    "NaN to predict": (lambda: svm.predict(fitted(), with_nan(X)), r"svm.logits: argument 'x' contains NaN; got nan at row 5"),
    "NaN params": (lambda: svm.logits(fitted()._replace(b=jnp.nan), X), r"argument 'params.b' contains NaN"),
    "NaN gamma": (lambda: svm.logits(fitted()._replace(kernel=Rbf(jnp.nan)), X), r"argument 'params.kernel' contains NaN"),
    "another model": (lambda: svm.predict(jaxml.logistic.init(3), X), r"svm.logits: argument 'params' is not the model's Params"),
    "no params": (lambda: svm.loss(None, X, Y), r"argument 'params' is not the model's Params"),
    "other shapes": (
        lambda: svm.logits(fitted()._replace(dual_coef=np.ones(2)), X),
        r"argument 'params' does not have this model's shapes",
    ),
    "two pairs": (
        lambda: svm.logits(fitted()._replace(dual_coef=np.ones((len(fitted().support), 2)), b=np.zeros(2)), X),
        r"argument 'params' does not have this model's shapes; .*k\(k-1\)/2",
    ),
    "a column of y": (
        lambda: svm.loss(fitted(), X, Y[:, None]),
        r"svm.loss: argument 'y' does not match the 60 predictions; .*y.ravel\(\)",
    ),
    "label 2": (lambda: svm.loss(fitted(), X, T), r"argument 'y' has a label past the last class; got 2 at row 2 with 2 classes"),
    "other rows": (
        lambda: svm.duality_gap(fitted(), X[:4], Y[:4]),
        r"svm.duality_gap: argument 'x' is not what the parameters were made from",
    ),
}


@pytest.mark.parametrize("call", BAD)
def test_bad_input(call):
    act, text = BAD[call]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises((ValueError, TypeError), match=text):
            act()


def test_a_column_of_y_is_raveled():
    np.testing.assert_array_equal(svm.solve(X, Y[:, None]).dual_coef, fitted().dual_coef)


def test_inside_jit_a_label_out_of_range_is_nan():
    assert np.isfinite(jax.jit(svm.loss)(fitted(), X, Y))
    assert np.isnan(jax.jit(svm.loss)(fitted(), X, np.where(np.arange(N) == 3, 2, Y)))


def test_a_tolerance_that_float32_cannot_reach_is_told():
    x, y = blobs(700, 2)
    with pytest.warns(ConvergenceWarning, match=r"svm.solve: not converged: after \d+ steps .* violated by .*, tol is 1.0e-12\. Scale"):
        params = svm.solve(x, y, tol=1e-12)
    assert conditions(params, x, y, 1.0)[0] < 1e-4
