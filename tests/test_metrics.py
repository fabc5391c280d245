"""Metrics: hand-computed values, parity with scikit-learn, invariances, mutants, refusals."""

import warnings

import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from jaxml import metrics

REGRESSION = ["mean_squared_error", "mean_absolute_error", "r2_score"]
RATIOS = ["precision_score", "recall_score", "f1_score"]
LABELS = ["accuracy_score", "confusion_matrix", *RATIOS]


# ---------------------------------------------------------------- by hand


def test_regression_by_hand():
    y, y_hat = [3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0]
    assert metrics.mean_squared_error(y, y_hat) == (0.25 + 0.25 + 0 + 1) / 4
    assert metrics.mean_absolute_error(y, y_hat) == (0.5 + 0.5 + 0 + 1) / 4
    assert metrics.r2_score(y, y_hat) == pytest.approx(1 - 1.5 / 29.1875, abs=1e-15)
    assert metrics.mean_squared_error(y, y_hat, sample_weight=[1, 0, 0, 3]) == (0.25 + 3) / 4


# actual 0: 5 right, 1 called 1.  actual 1: 2 called 0, 3 right.  actual 2: 0, 4 called 1, 6 right.
# no number equals its mirror image: a transposed table or swapped ratios cannot pass
TABLE = np.array([[5, 1, 0], [2, 3, 0], [0, 4, 6]])
ACTUAL, PREDICTED = np.repeat(np.indices((3, 3)).reshape(2, 9), TABLE.ravel(), axis=1)


def test_labels_by_hand():
    assert_array_equal(metrics.confusion_matrix(ACTUAL, PREDICTED), TABLE)
    assert metrics.accuracy_score(ACTUAL, PREDICTED) == 14 / 21
    assert metrics.accuracy_score(ACTUAL, PREDICTED, normalize=False) == 14
    assert_allclose(metrics.precision_score(ACTUAL, PREDICTED, average=None), [5 / 7, 3 / 8, 6 / 6], rtol=1e-15)
    assert_allclose(metrics.recall_score(ACTUAL, PREDICTED, average=None), [5 / 6, 3 / 5, 6 / 10], rtol=1e-15)
    assert_allclose(metrics.f1_score(ACTUAL, PREDICTED, average=None), [10 / 13, 6 / 13, 12 / 16], rtol=1e-15)
    assert metrics.precision_score(ACTUAL == 1, PREDICTED == 1) == 3 / 8
    assert metrics.recall_score(ACTUAL == 1, PREDICTED == 1) == 3 / 5


def test_log_loss_by_hand():
    assert metrics.log_loss([1, 0], [0.8, 0.4]) == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2, abs=1e-15)
    assert metrics.log_loss([1, 0], [0.0, 0.0]) == pytest.approx(-np.log(np.finfo(float).eps) / 2, abs=1e-12)


def pairs_in_order(positive, score, w=None):
    """The definition, pair by pair."""
    w = np.ones(len(score)) if w is None else w
    i, j = np.nonzero(positive)[0], np.nonzero(~positive)[0]
    order = (np.sign(score[i][:, None] - score[j]) + 1) / 2
    pair_weights = w[i][:, None] * w[j]
    return (order * pair_weights).sum() / pair_weights.sum()


@pytest.mark.parametrize("seed", range(20))
def test_auc_is_the_share_of_pairs_in_order(seed):
    rng = np.random.RandomState(seed)
    y, score, w = rng.rand(40) < 0.4, rng.randint(0, 8, 40).astype(float), rng.rand(40)
    assert metrics.roc_auc_score(y, score) == pytest.approx(pairs_in_order(y, score), abs=1e-14)
    assert metrics.roc_auc_score(y, score, sample_weight=w) == pytest.approx(pairs_in_order(y, score, w), abs=1e-14)


# ---------------------------------------------------------------- mutants


def transposed(y, y_hat):
    return metrics.confusion_matrix(y, y_hat).T


def ties_by_position(y, score):
    """A rank for each example, equal scores in the order they came."""
    ranks = np.empty(len(y))
    ranks[np.argsort(score, kind="stable")] = np.arange(1, len(y) + 1)
    m = y.sum()
    return (ranks[y == 1].sum() - m * (m + 1) / 2) / (m * (len(y) - m))


def test_the_data_above_catch_a_transposed_table_swapped_ratios_and_ignored_ties():
    assert (transposed(ACTUAL, PREDICTED) != TABLE).any()
    assert not np.isclose(metrics.recall_score(ACTUAL, PREDICTED, average=None), [5 / 7, 3 / 8, 6 / 6]).any()
    for average in ("macro", "weighted"):
        assert metrics.precision_score(ACTUAL, PREDICTED, average=average) != metrics.recall_score(ACTUAL, PREDICTED, average=average)
    y, score = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.4, 0.8])
    assert metrics.roc_auc_score(y, score) == 0.875
    assert ties_by_position(y, score) == 1.0


# ---------------------------------------------------------------- parity with scikit-learn


def assert_same(name, *args, **kwargs):
    """jaxml's number is scikit-learn's to 1e-12, and both warn or neither does."""
    oracle = pytest.importorskip("sklearn.metrics")
    results = []
    for module in (metrics, oracle):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results.append((getattr(module, name)(*args, **kwargs), bool(caught)))
    (ours, we_warn), (theirs, they_warn) = results
    assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12, err_msg=f"{name} {kwargs}")
    assert np.shape(ours) == np.shape(theirs)
    # a confusion matrix of one class is right as it is, and jaxml is silent
    assert we_warn == they_warn or (name == "confusion_matrix" and np.shape(ours) == (1, 1)), (name, kwargs)
    assert isinstance(ours, (float, np.ndarray))


def weights_of(rng, n):
    """None, whole numbers with zeros among them, or fractions."""
    return [None, np.append(rng.randint(0, 4, n - 1), 1), rng.rand(n) + 0.01][rng.randint(3)]


@pytest.mark.parametrize("name", REGRESSION)
@pytest.mark.parametrize("seed", range(20))
def test_parity_regression(name, seed):
    rng = np.random.RandomState(seed)
    n, m = rng.randint(2, 30), rng.randint(1, 4)
    y, y_hat, w = rng.randn(n, m) * 10 ** rng.randint(-3, 4) + 5, rng.randn(n, m), weights_of(rng, n)
    outputs = ["uniform_average", "raw_values"] + [rng.rand(m)] * (m > 1) + ["variance_weighted"] * (name == "r2_score")
    for multioutput in outputs:
        assert_same(name, y, y_hat, sample_weight=w, multioutput=multioutput)
    assert_same(name, y[:, 0].tolist(), y_hat[:, :1], sample_weight=w)


NAMES = [np.array([0, 1, 2, 3]), np.array([-1, 1, 7, 5]), np.array(["ant", "bee", "cat", "dog"]), np.array([0.0, 1.0, 2.0, 3.0])]


@pytest.mark.parametrize("names", NAMES, ids=["0123", "negative", "strings", "floats"])
@pytest.mark.parametrize("seed", range(10))
def test_parity_labels(names, seed):
    rng = np.random.RandomState(seed)
    n, k = rng.randint(3, 40), rng.randint(2, 5)
    y, y_hat, w = names[rng.randint(0, k, n)], names[rng.randint(0, k, n)], weights_of(rng, n)
    y[0], y[1] = names[0], names[1]
    some = rng.permutation(names[:k])[: rng.randint(1, k + 1)]
    some[0] = y[-1] if y[-1] not in some else some[0]  # at least one occurs
    for normalize in (True, False):
        assert_same("accuracy_score", y, y_hat, sample_weight=w, normalize=normalize)
    for normalize in (None, "true", "pred", "all"):
        assert_same("confusion_matrix", y, y_hat, sample_weight=w, normalize=normalize)
        if np.isin(some, y).any():
            assert_same("confusion_matrix", y, y_hat, sample_weight=w, normalize=normalize, labels=some)
    for name in RATIOS:
        for average in ("micro", "macro", "weighted", None):
            for labels in (None, some):
                zero_division = ("warn", 0, 1, np.nan)[rng.randint(4)]
                assert_same(name, y, y_hat, sample_weight=w, average=average, zero_division=zero_division, labels=labels)
        two, two_hat = names[rng.randint(0, 2, n)], names[rng.randint(0, 2, n)]
        two[:2] = names[:2]
        for pos_label in names[:2].tolist():
            assert_same(name, two, two_hat, sample_weight=w, pos_label=pos_label)
            assert_same(name, two, np.full(n, names[0]), sample_weight=w, pos_label=pos_label)


@pytest.mark.parametrize("names", NAMES, ids=["0123", "negative", "strings", "floats"])
@pytest.mark.parametrize("seed", range(10))
def test_parity_probabilities_and_scores(names, seed):
    rng = np.random.RandomState(seed)
    n, k = rng.randint(8, 40), rng.randint(3, 5)
    names = np.sort(names)
    w = rng.rand(n) + 0.01 if seed % 2 else None
    y = names[np.append(np.arange(k), rng.randint(0, k, n - k))]
    p = rng.randint(0, 4, (n, k)) + 0.0  # ties and zeros
    p[:, 0] += 1
    p /= p.sum(axis=1, keepdims=True)
    for normalize in (True, False):
        assert_same("log_loss", y, p, sample_weight=w, normalize=normalize)
        assert_same("log_loss", y[y != y[0]], p[y != y[0]], labels=names[:k], normalize=normalize)
    for average in ("macro", "weighted", "micro", None):
        assert_same("roc_auc_score", y, p, multi_class="ovr", average=average, sample_weight=w)
    for average in ("macro", "weighted"):
        assert_same("roc_auc_score", y, p, multi_class="ovo", average=average)
    two = names[np.append([0, 1], rng.randint(0, 2, n - 2))]
    assert_same("log_loss", two, p[:, 1], sample_weight=w)
    assert_same("log_loss", two, np.c_[1 - p[:, 1], p[:, 1]], sample_weight=w)
    assert_same("log_loss", two[:1], p[:1, 1], labels=names[:2])
    for score in (p[:, 1], rng.randn(n), rng.randint(0, 3, n), np.zeros(n), np.float32(p[:, 1:2])):
        assert_same("roc_auc_score", two, score, sample_weight=w)


def test_parity_corners():
    assert_same("confusion_matrix", [0, 1, 1], [0, 2, 1])  # a class that was never actual gets a row
    assert_same("confusion_matrix", [True, False], [True, True], sample_weight=[True, False])
    assert_same("confusion_matrix", ["b", "a"], ["b", "c"], labels=["c", "a"])
    assert_same("accuracy_score", np.array(["a", "b"], object), ["a", "c"])
    assert_same("log_loss", [0, 1], [1, 0])  # the worst, clipped
    assert_same("log_loss", [0, 1], [[0.5, 0.6], [0.4, 0.6]])  # not a distribution: a warning
    assert_same("r2_score", [1, 1], [1, 1])
    assert_same("r2_score", [1, 1], [1, 2])
    for name in RATIOS:
        for zero_division in ("warn", 0, 1, np.nan):
            for y, y_hat in (([0, 1, 1], [0, 0, 0]), ([0, 0, 0], [0, 1, 0]), ([0, 0], [0, 0]), ([0, 1], [0, 1])):
                assert_same(name, y, y_hat, zero_division=zero_division)
            for average in ("micro", "macro", "weighted", None):
                assert_same(name, [0, 1], [0, 1], labels=[5, 6], average=average, zero_division=zero_division)


@pytest.mark.parametrize("multioutput", ["raw_values", "uniform_average", "variance_weighted"])
@pytest.mark.parametrize("force_finite", [True, False])
@pytest.mark.parametrize("y", [[[1, 1], [1, 2]], [[1, 1], [1, 1]]])
def test_parity_r2_of_a_constant(multioutput, force_finite, y):
    oracle = pytest.importorskip("sklearn.metrics")
    for y_hat in ([[1, 1], [2, 3]], [[1, 1], [1, 1]]):
        with np.errstate(all="ignore"):
            theirs = oracle.r2_score(y, y_hat, multioutput=multioutput, force_finite=force_finite)
        assert_array_equal(metrics.r2_score(y, y_hat, multioutput=multioutput, force_finite=force_finite), theirs)


@pytest.mark.parametrize("n", [2, 3, 6, 7, 10, 100])
def test_r2_of_a_constant_that_has_no_exact_mean(n):
    # scikit-learn 1.9.1 answers -5e31 for n = 3: the rounding of the mean stands in for the variance
    assert metrics.r2_score([0.1] * n, [0.2] * n) == 0.0
    assert metrics.r2_score([0.1] * n, [0.1] * n) == 1.0


def test_float32_probabilities_are_clipped_at_their_own_eps():
    p = np.array([1.0, 0.0], np.float32)
    assert metrics.log_loss([0, 1], p) == pytest.approx(-np.log(2.0**-23), rel=1e-14)
    assert metrics.log_loss([0, 1], p) == pytest.approx(pytest.importorskip("sklearn.metrics").log_loss([0, 1], p), rel=1e-6)


# ---------------------------------------------------------------- what may come in


@pytest.mark.parametrize("name", [*REGRESSION, *LABELS])
def test_lists_arrays_columns_and_series_give_one_number(name):
    pandas = pytest.importorskip("pandas")
    y, y_hat = [0, 1, 1, 0, 1, 0], [0, 1, 0, 0, 1, 1]
    expected = getattr(metrics, name)(y, y_hat)
    index = [5, 4, 3, 2, 1, 0]  # a Series is read by position, never aligned by its index
    kinds = [
        np.array,
        jnp.array,
        np.uint8,
        np.float32,
        lambda v: np.array(v)[:, None],
        lambda v: pandas.Series(v, index=index),
        tuple,
    ]
    for first in kinds:
        for second in kinds:
            assert_array_equal(getattr(metrics, name)(first(y), second(y_hat)), expected)


def test_a_column_never_broadcasts():
    y = np.arange(5.0)
    assert metrics.mean_squared_error(y, y[:, None]) == 0.0
    assert metrics.accuracy_score(y, y[:, None]) == 1.0
    assert metrics.roc_auc_score(y > 2, y[:, None]) == 1.0
    assert metrics.log_loss(y > 2, y[:, None] / 4) == metrics.log_loss(y > 2, y / 4)


def test_uint8_does_not_wrap():
    assert metrics.mean_squared_error(np.uint8([0]), np.uint8([255])) == 255.0**2


def test_float16_and_float32_sums_are_made_in_float64():
    y = np.ones(4097, np.float16)
    assert metrics.mean_squared_error(y, 0 * y) == 1.0
    y = np.array([2**24, 1], np.float32)  # float32 has no 2**24 + 1
    assert metrics.mean_absolute_error(y, 0 * y) == 8388608.5


@pytest.mark.parametrize("name", [*REGRESSION, *LABELS])
def test_a_weight_is_a_number_of_copies_and_order_is_nothing(name):
    rng = np.random.RandomState(3)
    y, y_hat, w = rng.randint(0, 2, 30), rng.randint(0, 2, 30), rng.randint(0, 4, 30)
    metric = getattr(metrics, name)
    order = rng.permutation(30)
    assert_allclose(metric(y, y_hat, sample_weight=w), metric(np.repeat(y, w), np.repeat(y_hat, w)), rtol=1e-14)
    assert_allclose(metric(y[order], y_hat[order]), metric(y, y_hat), rtol=1e-14)


def test_inputs_are_left_as_they_were():
    y, p, w = np.array([0, 1, 2, 1]), np.full((4, 3), 1 / 3), np.arange(4.0)
    for array in (y, p, w):
        array.setflags(write=False)
    before = [array.copy() for array in (y, p, w)]
    metrics.log_loss(y, p, sample_weight=w)  # an array that is not to be written to would raise
    metrics.roc_auc_score(y[1:], p[1:, 0] + 0, labels=[1, 2], sample_weight=w[1:])
    metrics.f1_score(y, y, average="macro", sample_weight=w, zero_division=0)
    metrics.r2_score(y, p[:, 0], sample_weight=w)
    for array, copy in zip((y, p, w), before, strict=True):
        np.testing.assert_array_equal(array, copy)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("name", [*REGRESSION, *LABELS])
@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        ([], [], "argument 'y_true' is empty"),
        ([0, np.nan], [0, 1], r"argument 'y_true' contains NaN; got nan at row 1"),
        ([0, 1], [0, np.inf], r"argument 'y_pred' contains infinity; got inf at row 1"),
        ([0, 1, 1], [0, 1], r"argument 'y_pred' has 2 rows, but 'y_true' has 3"),
        (None, [0, 1], "argument 'y_true'"),
        (np.zeros((2, 2, 2)), [0, 1], "argument 'y_true' has 3 dimensions"),
    ],
)
def test_refuses_bad_columns(name, y_true, y_pred, message):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: {message}"):
        getattr(metrics, name)(y_true, y_pred)


@pytest.mark.parametrize("name", [*REGRESSION, *LABELS])
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], "'sample_weight' has 2 rows, but 'y_true' has 3"),
        ([1, -1, 1], "'sample_weight' has a negative entry; got -1.0"),
        ([0, 0, 0], "'sample_weight' is zero everywhere"),
        ([1, np.nan, 1], "'sample_weight' contains NaN; got nan at row 1"),
    ],
)
def test_refuses_bad_weights(name, weights, message):
    with pytest.raises(ValueError, match=f"^{name}: argument {message}"):
        getattr(metrics, name)([0, 1, 1], [0, 1, 0], sample_weight=weights)


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize(
    ("y_true", "y_pred", "error", "message"),
    [
        (["a", 1], ["a", "b"], TypeError, "'y_true' mixes strings with other values; got 'a', 1"),
        (["a", None], ["a", "b"], TypeError, "'y_true' mixes strings with other values"),
        ([0, None], [0, 1], TypeError, "'y_true' is not numeric; got None at position 1"),
        (["a", "b"], [0, 1], TypeError, "'y_pred' holds numbers, but 'y_true' holds strings"),
        ([0, 1], [0.2, 0.7], ValueError, r"'y_pred' is continuous, not a label; got 0\.2 at row 0"),
        ([0, 1], [0, 1e300], ValueError, r"'y_pred' is continuous"),
        ([[0, 1], [1, 0]], [[0, 1], [1, 0]], ValueError, "'y_true' has 2 dimensions, not 1"),
        ([b"a", b"b"], [b"a", b"b"], TypeError, "'y_true' is not an array of real numbers"),
        ([[0], [0, 1]], [0, 1], ValueError, "'y_true' has rows of different lengths"),
    ],
)
def test_refuses_what_is_not_a_label(name, y_true, y_pred, error, message):
    with pytest.raises(error, match=f"^{name}: argument {message}"):
        getattr(metrics, name)(y_true, y_pred)


@pytest.mark.parametrize("name", REGRESSION)
def test_refuses_outputs_that_do_not_match(name):
    metric = getattr(metrics, name)
    table = np.eye(3)
    with pytest.raises(ValueError, match=f"^{name}: argument 'y_pred' has 1 outputs, but 'y_true' has 3"):
        metric(table, table[:, 0])
    for bad in ([1, 2], [0, 0, 0]):
        with pytest.raises(ValueError, match=f"^{name}: argument 'multioutput' does not weigh the outputs; .*pass 3 weights"):
            metric(table, table, multioutput=bad)
    with pytest.raises(ValueError, match=f"^{name}: argument 'multioutput' is not a choice; got 'mean'"):
        metric(table, table, multioutput="mean")
    with pytest.raises(ValueError, match=f"^{name}: argument 'y_true' has rows of different lengths"):
        metric([[1], [1, 2]], [1, 2])
    with pytest.raises(TypeError, match=f"^{name}: argument 'y_true' is not"):
        metric(["a", "b"], [1, 2])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.r2_score([1], [1]), "r2_score: argument 'y_true' has one row"),
        (
            lambda: metrics.confusion_matrix([0, 1], [0, 1], labels=[7, 8]),
            "confusion_matrix: argument 'labels' has no class that occurs in 'y_true'",
        ),
        (lambda: metrics.confusion_matrix([0, 1], [0, 2], labels=[2]), "'labels' has no class that occurs in 'y_true'; got 2"),
        (lambda: metrics.confusion_matrix([0, 1], [0, 1], labels=[0, 0]), "'labels' names a class twice; got 0, 0"),
        (lambda: metrics.confusion_matrix([0, 1], [0, 1], labels=[]), "'labels' is empty"),
        (
            lambda: metrics.confusion_matrix([0, 1], [0, 1], normalize="rows"),
            "'normalize' is not a choice; got 'rows'; pass one of None, 'true'",
        ),
        (
            lambda: metrics.precision_score([0, 1, 2], [0, 1, 2]),
            "precision_score: argument 'y_true' has 3 classes with 'y_pred', but average='binary'",
        ),
        (
            lambda: metrics.recall_score(["a", "b"], ["a", "b"]),
            "recall_score: argument 'pos_label' is not a class; got 1; pass one of 'a', 'b'",
        ),
        (lambda: metrics.f1_score([0, 1], [0, 1], average="samples"), "f1_score: argument 'average' is not a choice; got 'samples'"),
        (lambda: metrics.f1_score([0, 1], [0, 1], zero_division=0.5), "f1_score: argument 'zero_division' is not a choice; got 0.5"),
        (lambda: metrics.log_loss([0, 1], [0.2, 1.2]), r"log_loss: argument 'y_proba' is outside \[0, 1\]; got 1.2 at row 1"),
        (lambda: metrics.log_loss([0, 1], [-0.2, 0.2]), r"log_loss: argument 'y_proba' is outside \[0, 1\]; got .* at row 0"),
        (lambda: metrics.log_loss([1, 1], [0.2, 0.2]), "log_loss: argument 'y_true' has one class; got 1; .*named in labels"),
        (lambda: metrics.log_loss([0, 1, 2], [0.2, 0.2, 0.2]), r"log_loss: argument 'y_proba' has 1 column\(s\) for 3 classes"),
        (lambda: metrics.log_loss([0, 1], np.eye(3)[:2]), r"log_loss: argument 'y_proba' has 3 column\(s\) for 2 classes"),
        (lambda: metrics.log_loss([0, 2], [0.2, 0.2], labels=[0, 1]), "log_loss: argument 'labels' lacks a class of 'y_true'"),
        (lambda: metrics.log_loss([0, 1], [0.2, 0.2], labels=[1, 0]), "log_loss: argument 'labels' is not sorted; got 1, 0"),
        (lambda: metrics.roc_auc_score([1, 1], [0.2, 0.4]), "roc_auc_score: argument 'y_true' has one class; got 1"),
        (lambda: metrics.roc_auc_score([0, 1], [0.2, 0.4], sample_weight=[1, 0]), "argument 'y_true' lacks examples of a class"),
        (lambda: metrics.roc_auc_score([0, 1, 2], [0.2, 0.4, 0.5]), r"argument 'y_score' has 1 column\(s\) for 3 classes"),
        (lambda: metrics.roc_auc_score([0, 1], np.eye(2)), r"argument 'y_score' has 2 columns; .*; pass .* y_score\[:, 1\]"),
        (lambda: metrics.roc_auc_score([0, 1], [0.2, np.nan]), "argument 'y_score' contains NaN; got nan at row 1"),
        (lambda: metrics.roc_auc_score([0, 1], [0.2, 0.3, 0.4]), "argument 'y_score' has 3 rows, but 'y_true' has 2"),
        (lambda: metrics.roc_auc_score([0, 1, 2], np.eye(3)), "argument 'multi_class' is not chosen"),
        (lambda: metrics.roc_auc_score([0, 1, 2], np.eye(3) / 2, multi_class="ovr"), "argument 'y_score' has rows that do not sum to 1"),
        (
            lambda: metrics.roc_auc_score([0, 1, 1], np.eye(3), multi_class="ovr", labels=[0, 1, 2]),
            "argument 'y_true' lacks .*; got none of class 2",
        ),
        (
            lambda: metrics.roc_auc_score([0, 1, 2], np.eye(3), multi_class="ovo", sample_weight=[1, 1, 1]),
            "argument 'sample_weight' is not defined",
        ),
        (lambda: metrics.roc_auc_score([0, 1, 2], np.eye(3), multi_class="ovo", average="micro"), "argument 'average' is not a choice"),
        (lambda: metrics.roc_auc_score([0, 1], [0, 1], multi_class="both"), "argument 'multi_class' is not a choice"),
    ],
)
def test_refuses_the_rest(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("name", RATIOS)
def test_an_undefined_ratio_warns_once_and_says_how_to_choose(name):
    with pytest.warns(UserWarning, match=f"^{name}: 0/0 in 1 of 1 ratios counts as 0; zero_division=0"):
        assert getattr(metrics, name)([0, 0], [0, 0]) == 0.0
