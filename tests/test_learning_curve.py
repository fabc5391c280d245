"""Learning curves against scikit-learn's sizes, prefixes and scores; one program against single calls; what cannot be fitted."""

import json
import re
import subprocess
import sys
import warnings
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from jaxml import linear, logistic, metrics, softmax
from jaxml.datasets import load_diabetes, make_classification
from jaxml.exceptions import FitFailedWarning
from jaxml.model_selection import _learning_curve, k_fold, learning_curve, stratified_k_fold

R = np.random.RandomState(0)
X = R.randn(60, 3)
Y = (X[:, 0] + R.randn(60) > 0).astype(int)
SHARES = np.linspace(0.1, 1, 10)
SLOW = pytest.mark.slow


def penalised(model, l2=0.1):
    return partial(model.solve, l2=l2)


def majority(x, y):
    """A model that no tracer enters: the commonest label."""
    return np.bincount(y).argmax()


def share(x, y, *, weights):
    """A model that compiles in no time: the share of ones."""
    return jnp.sum(weights * y) / jnp.sum(weights)


def above(params, x):
    return (jnp.asarray(x)[:, 0] > params - 0.5).astype(int)


def constant(params, x):
    return np.full(len(x), params)


def rows_seen(x, y):
    return x[:, 0].astype(int).tolist()


def curve_of_rows(y, predict=lambda params, x: np.zeros(len(x)), **settings):
    """The prefixes that solve is given, in the order of the calls: the rows of x are their numbers."""
    seen = []
    x = np.arange(len(y))[:, None]
    curve = learning_curve(lambda x, y: seen.append(rows_seen(x, y)), predict, x, y, scoring=lambda a, b: 0.0, **settings)
    return curve, seen


def same(ours, theirs):
    return all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


# ---------------------------------------------------------------- parity


@pytest.fixture(scope="module")
def oracle():
    return pytest.importorskip("sklearn.model_selection", reason="scikit-learn is the oracle of this test")


@SLOW
def test_support_vectors_of_the_guide_to_the_last_bit(shared):
    """100 scores of scikit-learn's SVC on 1000 rows, computed by its own learning_curve and kept in a file."""
    svm = pytest.importorskip("sklearn.svm")
    x, y = make_classification(1000, 20, n_informative=2, n_redundant=10, random_state=42)[:2]
    known = json.loads((shared / "guide/numbers.json").read_text())["08_svc_learning_curve"]
    ours = learning_curve(lambda x, y: svm.SVC().fit(x, y), lambda fitted, x: fitted.predict(x), x, y, train_sizes=SHARES)
    assert same(ours, [known["train_sizes"], known["train_scores"], known["test_scores"]])


class Recorder:
    """What scikit-learn takes for an estimator: it writes down its rows."""

    def __init__(self, seen):
        self.seen = seen

    def fit(self, x, y):
        self.seen[0].append(rows_seen(x, y))
        return self

    def score(self, x, y):
        self.seen[1].append(rows_seen(x, y))
        return 0.0

    def __sklearn_clone__(self):
        return self

    def __sklearn_tags__(self):
        return pytest.importorskip("sklearn.base").BaseEstimator().__sklearn_tags__()


def test_sizes_and_prefixes_are_scikit_learns(oracle):
    """Random numbers of rows, folds, kinds of size, with and without shuffling: every fit sees the same rows in order."""
    r, compared = np.random.RandomState(1), 0
    for case in range(80):
        n, k, shuffle = r.randint(8, 60), r.randint(2, 5), bool(r.randint(2))
        y = r.permutation(np.arange(n) % 2) if case % 2 else r.randn(n)
        sizes = [np.sort(r.uniform(0.05, 1, 4)), r.randint(1, n // 2, 3), [1.0], (0.3, 0.3), np.float32([0.1, 0.7])][case % 5]
        cv = oracle.StratifiedKFold(k) if case % 2 else oracle.KFold(k)
        random = {"shuffle": True, "random_state": int(r.randint(99))} if shuffle else {}
        seen = [[], []]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            x = np.arange(n)[:, None]
            theirs = oracle.learning_curve(Recorder(seen), x, y, cv=cv, train_sizes=sizes, **random)
            ours, prefixes = curve_of_rows(y, cv=k, train_sizes=sizes, **random)
        assert_array_equal(ours.train_sizes, theirs[0])
        assert ours.test_scores.shape == theirs[2].shape
        folds = len(prefixes) // len(theirs[0])
        by_fold = [prefixes[s * folds + i] for i in range(folds) for s in range(len(theirs[0]))]
        assert by_fold == seen[0]
        compared += len(by_fold)
    assert compared > 400


@pytest.mark.parametrize("shuffle", [False, True])
def test_scores_of_logistic_regression_are_scikit_learns(oracle, shuffle, x64):
    """With a penalty both minimise the same loss; the labels, and so the scores, are equal."""
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y = make_classification(300, 5, n_informative=3, flip_y=0.1, random_state=0)[:2]
    random = {"shuffle": True, "random_state": 7} if shuffle else {}

    class Same(linear_model.LogisticRegression):
        def fit(self, x, y):
            self.C = 1 / (0.1 * len(x))  # a mean loss has another C for every number of rows
            return super().fit(x, y)

    theirs = oracle.learning_curve(Same(tol=1e-12, solver="newton-cholesky"), x, y, train_sizes=SHARES, **random)
    assert same(learning_curve(penalised(logistic), logistic.predict, x, y, train_sizes=SHARES, **random), theirs)


def test_squared_errors_of_a_line_are_scikit_learns(oracle, x64):
    linear_model = pytest.importorskip("sklearn.linear_model")
    table = load_diabetes()
    score = lambda y, y_hat: -metrics.mean_squared_error(y, y_hat)
    theirs = oracle.learning_curve(linear_model.LinearRegression(), table.x, table.y, scoring="neg_mean_squared_error")
    ours = learning_curve(linear.solve, linear.predict, table.x, table.y, scoring=score)
    assert_array_equal(ours.train_sizes, theirs[0])
    assert_allclose(ours.train_scores, theirs[1], rtol=1e-9)
    assert_allclose(ours.test_scores, theirs[2], rtol=1e-9)


def test_a_repeat_is_a_curve_of_its_own_seed(oracle):
    dummy = pytest.importorskip("sklearn.neighbors").KNeighborsClassifier
    fit = {"solve": lambda x, y: dummy(1).fit(x, y), "predict": lambda fitted, x: fitted.predict(x)}
    ours = learning_curve(**fit, x=X, y=Y, cv=3, repeats=4, random_state=5)
    assert ours.test_scores.shape == (5, 12)
    for r in range(4):
        folds = oracle.StratifiedKFold(3, shuffle=True, random_state=5 + r)
        theirs = oracle.learning_curve(dummy(1), X, Y, cv=folds, shuffle=True, random_state=5 + r)
        assert same((ours.train_sizes, *(scores[:, 3 * r : 3 * r + 3] for scores in ours[1:])), theirs)
    assert len({tuple(column) for column in ours.test_scores.T}) > 6  # the draws differ


# ---------------------------------------------------------------- one program, and single calls


@pytest.mark.parametrize(
    ("model", "k", "width"),
    [(logistic, 2, "float64"), pytest.param(linear, 2, "float32", marks=SLOW), pytest.param(softmax, 3, "float32", marks=SLOW)],
)
def test_one_program_and_single_calls_give_the_same_scores(model, k, width, in_width):
    """Rows of weight 0 take no part: the labels, and so the scores, are equal."""
    r = np.random.RandomState(3)
    x = r.randn(90, 4)
    y = (x[:, 0] * 2 + r.randn(90) > 0).astype(int) + (k == 3) * (x[:, 1] > 0)
    predict = (lambda params, x: linear.predict(params, x) > 0.5) if model is linear else model.predict
    score = lambda y, y_hat: metrics.accuracy_score(y > 0, np.asarray(y_hat) > 0) if model is linear else metrics.accuracy_score(y, y_hat)
    run = partial(learning_curve, penalised(model), predict, x, y, train_sizes=[40], cv=3, scoring=score)
    with in_width(width):
        together, single = run(compiled=True), run(compiled=False)
    assert same(together, single)
    assert 0.5 < together.test_scores.mean() < 1


@pytest.mark.parametrize("compiled", [None, True])
def test_the_program_is_traced_once_for_all_cells(compiled):
    traced = []

    def solve(x, y, *, weights):
        traced.append(type(weights))
        return jnp.sum(weights * y) / jnp.sum(weights)

    y = np.arange(40) / 3
    run = partial(learning_curve, solve, lambda p, x: p + 0 * x[:, 0], np.arange(40.0)[:, None], y, scoring=metrics.mean_squared_error)
    curve = run(compiled=compiled)
    assert len(traced) == 1 and issubclass(traced[0], jax.core.Tracer)
    for s, size in enumerate(curve.train_sizes):
        for i, (train, test) in enumerate(k_fold(40)):
            level = y[train[:size]].mean()
            assert_allclose(curve.train_scores[s, i], np.mean((y[train[:size]] - level) ** 2), rtol=1e-5, atol=1e-5)
            assert_allclose(curve.test_scores[s, i], np.mean((y[test] - level) ** 2), rtol=1e-5)


@pytest.mark.parametrize("at_once", [1, 3, 4, 100])
def test_chunks_change_no_score(at_once, monkeypatch):
    """25 fits in calls of 1, 3 and 4: the last call is padded."""
    run = partial(learning_curve, share, above, X, Y)
    whole = run()
    monkeypatch.setattr(_learning_curve, "BYTES", 16 * len(X) * at_once)
    assert same(run(), whole)


def test_solve_without_weights_or_tracing_is_called_alone():
    expected = learning_curve(majority, constant, X, Y)
    assert same(learning_curve(lambda x, y, weights=None: majority(x, y) if weights is None else int(weights[0]), constant, X, Y), expected)


def test_solve_that_swallows_its_weights_does_not_see_the_test_rows():
    """Traced, it would fit all rows every time."""
    for swallows in (lambda x, y, **kw: majority(x, y), lambda x, y, weights=0: (weights + 1, majority(x, y))[1]):
        assert same(learning_curve(swallows, constant, X, Y), learning_curve(majority, constant, X, Y))
    with pytest.raises(ValueError, match=r"^learning_curve: argument 'solve' pays no heed to 'weights'; got function .*; let its"):
        learning_curve(lambda x, y, weights: jnp.mean(y), lambda p, x: p + 0 * x[:, 0], X, Y, compiled=True)


def test_a_row_named_twice_counts_twice():
    train, test = np.array([0, 0, 0, 1]), np.array([2, 3])
    mean = lambda x, y, weights=1.0: jnp.sum(weights * y) / jnp.sum(weights * jnp.ones(len(y)))
    x, y = np.zeros((4, 1)), np.array([1.0, 5.0, 2.0, 2.5])
    run = partial(learning_curve, mean, lambda p, x: p + x[:, 0], x, y, train_sizes=[4], cv=[(train, test)], scoring=lambda y, z: z[0])
    assert run(compiled=True).test_scores == run(compiled=False).test_scores == [[2.0]]


def test_folds_of_ones_own():
    folds = stratified_k_fold(Y, 4, shuffle=True, random_state=3)
    run = partial(learning_curve, share, above, X, Y)
    given = run(cv=folds)
    assert given.train_scores.shape == (5, 4)
    assert same(given, run(cv=[(train.tolist(), test.tolist()) for train, test in folds]))
    assert not np.array_equal(given.test_scores, run(cv=4).test_scores)


def test_names_booleans_lists_columns_and_frames():
    expected = learning_curve(share, above, X, Y)
    for y in (Y.astype(bool), Y[:, None], Y.tolist(), Y.astype(np.float32), jnp.asarray(Y)):
        assert same(learning_curve(share, above, X, y), expected)
    frame = pytest.importorskip("pandas").DataFrame(X)
    assert same(learning_curve(share, above, frame, Y), expected)
    names = np.array(["no", "yes"])[Y]
    commonest = lambda x, y: max(sorted(set(y)), key=y.tolist().count)
    by_name = learning_curve(commonest, lambda name, x: np.full(len(x), name), X, names)
    assert same(by_name, learning_curve(majority, constant, X, Y))


def test_an_integer_cv_is_stratified_for_labels_alone():
    ordered = np.repeat([0, 1], 10)
    _, prefixes = curve_of_rows(ordered, train_sizes=[1.0], cv=2)
    assert prefixes == [train.tolist() for train, _ in stratified_k_fold(ordered, 2)]
    _, prefixes = curve_of_rows(ordered + 0.5, train_sizes=[1.0], cv=2)
    assert prefixes == [train.tolist() for train, _ in k_fold(20, 2)]


# ---------------------------------------------------------------- stratified prefixes


@settings(derandomize=True, deadline=None, max_examples=150)
@given(st.lists(st.integers(0, 3), min_size=8, max_size=120), st.integers(0, 99))
def test_stratified_prefixes_keep_every_labels_share(y, seed):
    y = np.unique(y, return_inverse=True)[1]
    train = np.random.RandomState(seed).permutation(len(y))
    order = _learning_curve._interleaved(train, y)
    assert sorted(order) == sorted(train)
    k = len(np.unique(y))
    counts = np.cumsum(y[order][:, None] == np.arange(k), axis=0)
    assert (counts[k - 1 :] > 0).all()
    exact = np.arange(1, len(y) + 1)[:, None] * counts[-1] / len(y)
    assert np.abs(counts - exact).max() <= max(1, k - 1)
    for c in range(k):
        assert order[y[order] == c].tolist() == train[y[train] == c].tolist()


@SLOW
def test_stratified_prefixes_mend_the_classic_failure():
    """Rows in the order of their labels: the first tenth has one class."""
    order = np.argsort(Y, kind="stable")
    run = partial(learning_curve, penalised(logistic), logistic.predict, X[order], Y[order], train_sizes=[5, 48])
    with pytest.warns(FitFailedWarning):
        plain = run()
    assert np.isnan(plain.test_scores[0, 1:]).all()
    assert np.isfinite(np.r_[run(stratified=True)[1:]]).all()


def test_stratified_prefixes_of_a_shuffle_are_drawn():
    a, b = (curve_of_rows(Y, stratified=True, shuffle=True, random_state=s, cv=2, train_sizes=[10])[1] for s in (0, 1))
    assert a != b
    for prefix in a + b:
        assert abs(Y[prefix].mean() - Y.mean()) <= 0.05 + 1e-12


# ---------------------------------------------------------------- what cannot be fitted


@pytest.mark.parametrize("compiled", [None, *(pytest.param(choice, marks=SLOW) for choice in (True, False))])
def test_a_prefix_with_one_class_is_nan_and_named(compiled):
    y = np.r_[np.zeros(12, int), Y[12:]]
    with pytest.warns(FitFailedWarning) as caught:
        curve = learning_curve(penalised(logistic), logistic.predict, X, y, train_sizes=[5, 30], cv=3, compiled=compiled)
    assert [str(w.message) for w in caught] == [
        f"learning_curve: 5 rows, fold {i}: not fitted, its scores are nan: logistic.solve: argument 'y' has 1 class; 2 or more are "
        "needed; got only 0 in 5 rows; pass rows of every class"
        for i in range(3)
    ]
    assert np.isnan(curve.train_scores[0]).all() and np.isnan(curve.test_scores[0]).all()
    assert np.isfinite(curve.train_scores[1]).all() and np.isfinite(curve.test_scores[1]).all()
    assert caught[0].filename == __file__


@pytest.mark.parametrize("compiled", [None, pytest.param(False, marks=SLOW)])
def test_a_class_missing_from_three(compiled):
    y = np.where(np.arange(60) % 10 == 5, 1, np.repeat([0, 2, 0, 2], 15))
    with pytest.warns(FitFailedWarning) as caught:
        curve = learning_curve(
            penalised(softmax), softmax.predict, X, y, train_sizes=[8, 40], cv=k_fold(60, 3), repeats=2, random_state=3, compiled=compiled
        )
    failed = np.argwhere(np.isnan(curve.test_scores[0])).ravel()
    assert len(failed) == len(caught) and 0 < len(failed) < 6
    said = [re.search(r"8 rows, fold (\d) of repeat (\d): .* 'y' has no row of class 1", str(w.message)).groups() for w in caught]
    assert [3 * int(repeat) + int(fold) for fold, repeat in said] == failed.tolist()


def test_a_model_that_takes_one_class_has_a_score():
    y = np.r_[np.zeros(12, int), Y[12:]]
    assert np.isfinite(learning_curve(majority, constant, X, y, train_sizes=[5], cv=3).train_scores).all()


def test_nan_among_the_params_is_no_score():
    """A traced solve cannot raise: its cell is tried again alone, where it can."""

    def solve(x, y, *, weights=None):
        if weights is None and len(y) < 10:
            raise ArithmeticError("too few rows")
        total = len(y) if weights is None else weights.sum()
        return jnp.where(total < 10, jnp.nan, 1.0)

    predict = lambda p, x: jnp.where(jnp.isnan(p), 0, 1) + jnp.zeros(len(x), int)
    with pytest.warns(FitFailedWarning, match="8 rows, fold [01]: .*: too few rows"):
        curve = learning_curve(solve, predict, X, np.ones(60), train_sizes=[8, 20], cv=2)
    assert np.isnan(curve.test_scores[0]).all()
    assert_array_equal(curve.test_scores[1], 1)


@pytest.mark.parametrize("compiled", [True, False])
def test_nan_among_the_predictions_is_no_score(compiled):
    score = lambda y, y_hat: float(np.mean(y_hat))
    small = lambda x, y, weights=None: len(y) if weights is None else weights.sum()
    predict = lambda total, x: jnp.where(total > 10, 1.0, jnp.nan) + jnp.zeros(len(x))
    with pytest.warns(FitFailedWarning, match="8 rows, fold [01]: not fitted, its scores are nan: predict returned NaN"):
        curve = learning_curve(small, predict, X, X[:, 0], train_sizes=[8, 20], cv=2, scoring=score, compiled=compiled)
    assert_array_equal(curve.train_scores, [[np.nan, np.nan], [1, 1]])


def test_where_nothing_can_be_fitted_the_reason_is_an_error():
    message = (
        r"^learning_curve: argument 'solve' fitted no prefix of any fold; got at the first ValueError: no; call solve\(x, y\) to see why$"
    )

    def never(x, y):
        raise ValueError("no")

    with pytest.raises(ValueError, match=message):
        learning_curve(never, constant, X, Y)


def test_a_true_mistake_is_not_hidden():
    with pytest.raises(TypeError, match="unexpected keyword argument 'penalty'"):
        learning_curve(partial(logistic.solve, penalty=1), logistic.predict, X, Y)
    with pytest.raises(jax.errors.TracerArrayConversionError):
        learning_curve(lambda x, y, weights: np.asarray(weights), constant, X, Y, compiled=True)
    with pytest.raises(ValueError, match=r"logistic.solve: argument 'y' has a label past the last class"):
        learning_curve(logistic.solve, logistic.predict, X, Y + 1)


def test_repeated_sizes_are_fitted_once_with_a_warning():
    with pytest.warns(RuntimeWarning, match="learning_curve: 3 entries of 'train_sizes' are 2 different numbers of rows") as caught:
        curve = learning_curve(majority, constant, X, Y, train_sizes=[0.5, 0.501, 1])
    assert curve.train_sizes.tolist() == [24, 48]
    assert caught[0].filename == __file__


# ---------------------------------------------------------------- refusals

PAIR = (np.arange(40), np.arange(40, 60))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"solve": None}, TypeError, r"'solve' is not a function; got NoneType None; pass a function, e.g. logistic.solve"),
        ({"predict": 3}, TypeError, r"'predict' is not a function; got int 3"),
        ({"scoring": "accuracy"}, TypeError, r"'scoring' is not a function; got str 'accuracy'"),
        ({"x": np.where(np.arange(180).reshape(60, 3) == 16, np.nan, X)}, ValueError, r"'x' contains NaN; got nan at row 5, column 1"),
        ({"x": None}, TypeError, r"'x' has no rows; got NoneType None; pass \(n, d\)"),
        ({"x": np.float64(3)}, TypeError, r"'x' has no rows"),
        ({"x": [[1.0, 2.0]] * 59 + [[1.0]]}, ValueError, r"'x' has rows of different lengths"),
        ({"x": X + 1j}, TypeError, r"'x' is not an array of real numbers"),
        ({"x": X[:1], "y": Y[:1]}, ValueError, r"'x' has too few rows; got n_samples=1; pass two rows or more"),
        ({"x": X[:0], "y": Y[:0]}, ValueError, r"'x' has too few rows; got n_samples=0"),
        ({"y": Y[:-1]}, ValueError, r"'y' has 59 rows, but 'x' has 60"),
        ({"y": np.c_[Y, Y]}, ValueError, r"'y' has 2 dimensions, not 1; got shape \(60, 2\); pass \(n,\)"),
        ({"y": np.where(np.arange(60) == 5, np.nan, Y)}, ValueError, r"'y' contains NaN; got nan at row 5"),
        ({"y": np.array([0, "a", 1] * 20, object)}, TypeError, r"'y' has labels without an order among them"),
        ({"y": None}, TypeError, r"'y' is missing"),
        ({"train_sizes": []}, ValueError, r"'train_sizes' is empty"),
        ({"train_sizes": 0.5}, ValueError, r"'train_sizes' has 0 dimensions, not 1"),
        ({"train_sizes": [0.0, 0.5]}, ValueError, r"'train_sizes' has a share outside \(0, 1\]; got 0.0; pass shares in \(0, 1\], or ints"),
        ({"train_sizes": [0.5, 1.5]}, ValueError, r"'train_sizes' has a share outside \(0, 1\]; got 1.5"),
        ({"train_sizes": [0.5, np.nan]}, ValueError, r"'train_sizes' contains NaN"),
        ({"train_sizes": [0, 5]}, ValueError, r"'train_sizes' has a size outside 1 … 48; got 0; the first fold has 48 training rows"),
        ({"train_sizes": [5, 49]}, ValueError, r"'train_sizes' has a size outside 1 … 48; got 49"),
        ({"train_sizes": [True]}, TypeError, r"'train_sizes' holds no numbers"),
        ({"train_sizes": ["half"]}, TypeError, r"'train_sizes' is not an array of real numbers"),
        ({"cv": 1}, ValueError, r"'cv' is out of range; got 1; pass an int >= 2 and <= 60"),
        ({"cv": 61}, ValueError, r"'cv' is out of range; got 61"),
        ({"cv": 2.5}, TypeError, r"'cv' is not a whole number"),
        ({"cv": "5"}, TypeError, r"'cv' is not a whole number"),
        ({"cv": []}, ValueError, r"'cv' is empty; got no fold; pass a number of folds, or pairs"),
        ({"cv": [PAIR, 3]}, TypeError, r"'cv' is not a list of pairs; got int 3"),
        ({"cv": [PAIR, (PAIR[0], [60])]}, ValueError, r"'cv' has no proper row numbers in fold 1; got .*; pass two arrays of row numbers"),
        ({"cv": [(PAIR[0], [-1])]}, ValueError, r"'cv' has no proper row numbers in fold 0"),
        ({"cv": [(PAIR[0], [])]}, ValueError, r"'cv' has no proper row numbers in fold 0"),
        ({"cv": [(np.ones(60, bool), PAIR[1])]}, ValueError, r"'cv' has no proper row numbers in fold 0; got bool of shape \(60,\)"),
        ({"scoring": lambda y, z: y == z}, TypeError, r"'scoring' returned no number; got bool of shape"),
        ({"scoring": lambda y, z: None}, TypeError, r"'scoring' returned no number; got NoneType None"),
        ({"scoring": lambda y, z: np.nan}, ValueError, r"'scoring' returned nan; got 4 rows; return one number .* a finite one"),
        ({"predict": lambda p, x: np.zeros((len(x), 2))}, ValueError, r"'predict' returned the wrong shape; got \(4, 2\) for 4 rows"),
        ({"predict": lambda p, x: 1.0}, ValueError, r"'predict' returned the wrong shape; got \(\) for 4 rows"),
        ({"shuffle": 1}, TypeError, r"'shuffle' is neither True nor False"),
        ({"stratified": "yes"}, TypeError, r"'stratified' is neither True nor False"),
        ({"y": X[:, 0], "stratified": True}, ValueError, r"'stratified' wants labels in 'y'; got float64 of shape \(60,\)"),
        ({"random_state": 0}, ValueError, r"'random_state' has no effect without shuffling; got int 0; pass shuffle=True or repeats"),
        ({"shuffle": True, "random_state": -1}, ValueError, r"'random_state' is out of range; got -1"),
        ({"repeats": 0}, ValueError, r"'repeats' is out of range; got 0; pass an int >= 1"),
        ({"repeats": 2}, TypeError, r"'random_state' is no seed to count from; got NoneType None; pass an int: repeat r draws"),
        ({"repeats": 2, "random_state": 2**32 - 1}, ValueError, r"'random_state' is out of range; got 4294967296"),
        ({"compiled": 1}, TypeError, r"'compiled' is neither True nor False"),
        ({"compiled": True}, TypeError, r"'solve' takes no 'weights'; got function .*; let it take weights=, or pass compiled=False"),
        ({"progress": "bar"}, TypeError, r"'progress' is neither True nor False"),
    ],
)
def test_refuses(change, error, message):
    arguments = {"solve": majority, "predict": constant, "x": X, "y": Y} | change
    with pytest.raises(error, match=f"^learning_curve: argument {message}"):
        learning_curve(**arguments)


def test_the_shape_of_compiled_predictions_is_looked_at():
    with pytest.raises(ValueError, match=r"'predict' returned the wrong shape; got \(60, 2\) for 60 rows; return one value per row"):
        learning_curve(lambda x, y, weights: weights.sum(), lambda p, x: jnp.zeros((len(x), 2)) + p, X, Y)


# ---------------------------------------------------------------- progress


def test_progress_is_a_line_where_there_is_no_terminal(capfd):
    learning_curve(majority, constant, X, Y, cv=3, progress=True)
    assert re.fullmatch(r"learning_curve: 15 of 15 fits, \d+\.\d s\n", capfd.readouterr().err)
    for progress in (None, False):
        learning_curve(majority, constant, X, Y, cv=3, progress=progress)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("progress", "patience", "shown"),
    [(None, 0.0, True), *(pytest.param(*case, marks=SLOW) for case in ((True, 3.0, True), (None, 60.0, False), (False, 0.0, False)))],
)
def test_progress_is_a_bar_on_a_terminal(progress, patience, shown):
    code = f"""
import numpy as np
from jaxml.model_selection import _progress, learning_curve
_progress.PATIENCE = {patience}
learning_curve(lambda x, y: 0, lambda p, x: np.zeros(len(x), int), np.ones((20, 1)), np.arange(20) % 2, cv=2, progress={progress})
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=terminal())
    assert run.returncode == 0, run.stderr
    assert ("10/10" in run.stderr) == shown
    assert shown or run.stderr.strip() == ""


def terminal():
    import os

    return os.environ | {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "120"}


def test_a_bar_sees_the_program_in_parts(monkeypatch):
    """40 fits in at most 20 calls, so that the bar moves, and the same scores."""
    sizes, calls = np.linspace(0.1, 1, 8), []
    run = partial(learning_curve, share, above, X, Y, train_sizes=sizes)
    whole = run()

    class Counting(_learning_curve.reporter(False, 1).__class__):
        shown = True

        def after(self, done):
            calls.append(done)

    monkeypatch.setattr(_learning_curve, "reporter", lambda wanted, total: Counting())
    assert same(run(), whole)
    assert calls == list(range(1, 41))
