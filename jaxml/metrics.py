"""How good is a prediction?  Ten numbers, with scikit-learn's names, argument order and values.

    regression       mean_squared_error, mean_absolute_error, r2_score
    labels           accuracy_score, confusion_matrix, precision_score, recall_score, f1_score
    probabilities    log_loss
    scores           roc_auc_score

Everything is computed on the host in float64, whatever comes in: lists, NumPy, jax.Array, pandas.
A column (n, 1) is read as (n,), so that it never broadcasts against a row to (n, n).
`sample_weight` (n,) counts an example as often as its weight says.  Multi-label targets (n, k) are refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import combinations
from typing import Any

import jax
import numpy as np
from numpy.typing import ArrayLike, NDArray

from jaxml._arguments import describe, matrix, refuse, same_length, vector

OptionalArray = ArrayLike | None
Floats = NDArray[np.float64]
Averaged = float | Floats  # a number, or one per output or class when nothing is averaged


# ---------------------------------------------------------------- regression


def mean_squared_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: OptionalArray = None, multioutput: Any = "uniform_average"
) -> Averaged:
    """The mean of (y − ŷ)².  (n,) or (n, m) -> a number; `multioutput` "raw_values" -> (m,), weights (m,) -> their mean.

    >>> mean_squared_error([1, 2, 3], [1, 2, 5])
    1.3333333333333333
    """
    y, y_hat, w = _outputs("mean_squared_error", y_true, y_pred, sample_weight)
    return _over_outputs("mean_squared_error", np.average((y - y_hat) ** 2, axis=0, weights=w), multioutput)


def mean_absolute_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: OptionalArray = None, multioutput: Any = "uniform_average"
) -> Averaged:
    """The mean of |y − ŷ|.  (n,) or (n, m) -> a number; `multioutput` as in `mean_squared_error`."""
    y, y_hat, w = _outputs("mean_absolute_error", y_true, y_pred, sample_weight)
    return _over_outputs("mean_absolute_error", np.average(np.abs(y - y_hat), axis=0, weights=w), multioutput)


def r2_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: OptionalArray = None,
    multioutput: Any = "uniform_average",
    force_finite: bool = True,
) -> Averaged:
    """R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)²: the part of y's variance that ŷ explains.  (n,) or (n, m) -> a number.

    A constant y has no variance: R² is 1 where ŷ = y and 0 elsewhere, or NaN and −∞ without `force_finite`.
    `multioutput` as in `mean_squared_error`, and "variance_weighted".  ValueError for one row.  Source: Wright (1921).
    """
    y, y_hat, w = _outputs("r2_score", y_true, y_pred, sample_weight)
    if len(y) < 2:
        refuse("r2_score", "y_true", "has one row, and so no variance", describe(y_true), "pass two rows or more")
    y_mean = np.average(y, axis=0, weights=w)
    # subtle: the mean of 0.1, 0.1, 0.1 is not 0.1 in floating point, and a variance of 1e-34 would make R² −5e31
    y_mean = np.where((y == y[0]).all(axis=0), y[0], y_mean)
    residual, total = np.average((y - y_hat) ** 2, axis=0, weights=w), np.average((y - y_mean) ** 2, axis=0, weights=w)
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = 1 - residual / total
        if force_finite:
            r2 = np.where(total > 0, r2, residual == 0).astype(np.float64)
        if isinstance(multioutput, str) and multioutput == "variance_weighted":
            return float(np.average(r2, weights=total if total.any() else None))
        return _over_outputs("r2_score", r2, multioutput)


# ---------------------------------------------------------------- labels


def accuracy_score(y_true: ArrayLike, y_pred: ArrayLike, *, normalize: bool = True, sample_weight: OptionalArray = None) -> float:
    """The share of labels that are right; without `normalize`, their number.  (n,), (n,) -> a number.

    >>> accuracy_score(["cat", "dog", "dog"], ["cat", "dog", "cat"])
    0.6666666666666666
    """
    _, (y, y_hat) = _encode("accuracy_score", None, y_true=y_true, y_pred=y_pred)
    w = _read_weights("accuracy_score", sample_weight, len(y))
    right = y == y_hat
    return float(np.average(right, weights=w)) if normalize else float(right @ w)


def confusion_matrix(
    y_true: ArrayLike, y_pred: ArrayLike, *, labels: OptionalArray = None, sample_weight: OptionalArray = None, normalize: str | None = None
) -> NDArray[Any]:
    """C (k, k): C[i, j] counts the examples of class i (row: actual) that were predicted as class j (column).

    The classes are those of y_true and y_pred, sorted; or `labels`, in their order, and then other examples are left out.
    `normalize` divides by the sums of the rows ("true"), of the columns ("pred"), or by the whole sum ("all").
    ValueError when no entry of `labels` occurs in y_true.

    >>> confusion_matrix([0, 0, 1, 1, 1], [0, 1, 1, 1, 0])
    array([[1, 1],
           [1, 2]])
    """
    f, axis = "confusion_matrix", {None: None, "true": 1, "pred": 0, "all": None}
    _one_of(f, "normalize", normalize, tuple(axis))
    classes, (y, y_hat) = _encode(f, labels, y_true=y_true, y_pred=y_pred)
    w, k = _read_weights(f, sample_weight, len(y)), len(classes)
    if y.min() == k:
        refuse(f, "labels", "has no class that occurs in 'y_true'", _names(classes), "pass classes of y_true")
    # position k stands for "none of the labels", and is cut off
    counts = np.bincount(y * (k + 1) + y_hat, weights=w, minlength=(k + 1) ** 2).reshape(k + 1, k + 1)[:k, :k]
    if normalize is not None:
        return _ratio(counts, counts.sum(axis=axis[normalize], keepdims=True))
    return counts.astype(np.int64) if sample_weight is None or np.asarray(sample_weight).dtype.kind in "iub" else counts


def precision_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: OptionalArray = None,
    pos_label: int | str = 1,
    average: str | None = "binary",
    sample_weight: OptionalArray = None,
    zero_division: str | float = "warn",
) -> Averaged:
    """Precision = hits / predicted: of the examples that were called positive, the share that is.  (n,), (n,) -> a number.

    `average`: "binary" for the class `pos_label` of two; "macro", the mean over classes (or over `labels`); "weighted", by the
    number of true examples; "micro", hits and predictions summed over classes first; None, one per class (k,).
    0/0 counts as `zero_division`: 0, 1 or NaN, which is left out of the mean; "warn" is 0 with a warning.

    >>> precision_score([0, 0, 1, 1, 1], [0, 1, 1, 1, 0])
    0.6666666666666666
    """
    hits, predicted, actual = _tally("precision_score", y_true, y_pred, labels, pos_label, average, sample_weight)
    precision = _ratio(hits, predicted, "precision_score", zero_division)
    return _over_classes(precision, actual, average)


def recall_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: OptionalArray = None,
    pos_label: int | str = 1,
    average: str | None = "binary",
    sample_weight: OptionalArray = None,
    zero_division: str | float = "warn",
) -> Averaged:
    """Recall = hits / actual: of the examples that are positive, the share that was found.  Arguments as in `precision_score`."""
    hits, _, actual = _tally("recall_score", y_true, y_pred, labels, pos_label, average, sample_weight)
    recall = _ratio(hits, actual, "recall_score", zero_division)
    return _over_classes(recall, actual, average)


def f1_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: OptionalArray = None,
    pos_label: int | str = 1,
    average: str | None = "binary",
    sample_weight: OptionalArray = None,
    zero_division: str | float = "warn",
) -> Averaged:
    """F₁ = 2 hits / (predicted + actual): the harmonic mean of precision and recall.  Arguments as in `precision_score`."""
    hits, predicted, actual = _tally("f1_score", y_true, y_pred, labels, pos_label, average, sample_weight)
    f1 = _ratio(2 * hits, predicted + actual, "f1_score", zero_division)
    return _over_classes(f1, actual, average)


def _tally(
    f: str, y_true: Any, y_pred: Any, labels: Any, pos_label: Any, average: str | None, sample_weight: Any
) -> tuple[Floats, Floats, Floats]:
    """The weights of the hits, of the predicted and of the actual examples: (k,) each, (1,) for "binary" and "micro"."""
    _one_of(f, "average", average, ("binary", "micro", "macro", "weighted", None))
    classes, (y, y_hat) = _encode(f, None if average == "binary" else labels, y_true=y_true, y_pred=y_pred)
    w, k = _read_weights(f, sample_weight, len(y)), len(classes)
    if average == "binary":
        if k > 2:
            wanted = "pass average='macro', 'micro', 'weighted' or None"
            refuse(f, "y_true", f"has {k} classes with 'y_pred', but average='binary' wants two", _names(classes), wanted)
        if k == 2 and pos_label not in classes.tolist():
            refuse(f, "pos_label", "is not a class", repr(pos_label), f"pass one of {_names(classes)}")
    groups = (y, w * (y == y_hat)), (y_hat, w), (y, w)
    counts = np.stack([np.bincount(at, weights=v, minlength=k + 1)[:k] for at, v in groups])
    if average in ("binary", "micro"):
        counts = counts[:, (classes == pos_label) | (average == "micro")].sum(axis=1, keepdims=True)
    hits, predicted, actual = counts
    return hits, predicted, actual


def _ratio(part: NDArray[Any], whole: NDArray[Any], f: str = "", zero_division: Any = 0) -> Floats:
    """part / whole, and `zero_division` where whole is 0."""
    if zero_division not in ("warn", 0, 1) and zero_division == zero_division:  # NaN alone differs from itself
        refuse(f, "zero_division", "is not a choice", repr(zero_division), "pass 'warn', 0, 1 or nan")
    empty = whole == 0
    if zero_division == "warn" and empty.any():
        warnings.warn(f"{f}: 0/0 in {empty.sum()} of {empty.size} ratios counts as 0; zero_division=0 says that it may", stacklevel=3)
    return np.where(empty, 0 if zero_division == "warn" else zero_division, part / np.where(empty, 1, whole))


def _over_classes(each: Floats, actual: Floats, average: str | None) -> Averaged:
    """The mean over classes that `average` asks for, without those that are NaN."""
    if average is None:
        return each
    defined = ~np.isnan(each)
    by_size = average == "weighted" and actual[defined].any()
    return float(np.average(each[defined], weights=actual[defined] if by_size else None)) if defined.any() else float("nan")


# ---------------------------------------------------------------- probabilities and scores


def log_loss(
    y_true: ArrayLike, y_proba: ArrayLike, *, normalize: bool = True, sample_weight: OptionalArray = None, labels: OptionalArray = None
) -> float:
    """−mean log p(y): the surprise at the true labels, in nats; without `normalize`, the sum.  (n,), (n, k) -> a number.

    The columns are the sorted classes; (n,) is the probability of the second of two.  `labels` names classes that y_true lacks.
    A probability of 0 counts as the eps of its dtype, so that one example costs at most 36.04 (float64) or 15.94 (float32).
    ValueError for a probability outside [0, 1]; a warning where rows do not sum to 1.

    >>> round(log_loss([0, 1], [0.5, 0.5]), 4)  # log 2
    0.6931
    """
    f = "log_loss"
    y, p = _columns_of_classes(f, labels, y_true, "y_proba", y_proba)
    w, eps = _read_weights(f, sample_weight, len(y)), float(np.finfo(p.dtype).eps)
    p = p.astype(np.float64)
    if (outside := (p < 0) | (p > 1)).any():
        row = int(np.argmax(outside.any(axis=1)))
        got = f"{p[row, outside[row]][-1]} at row {row}"  # the last: of a single column c it is c, not 1 − c
        refuse(f, "y_proba", "is outside [0, 1]", got, "pass probabilities; log_loss takes no logits")
    if (np.abs(p.sum(axis=1) - 1) > np.sqrt(eps)).any():
        warnings.warn(f"{f}: rows of 'y_proba' do not sum to 1; they are used as they are", stacklevel=2)
    surprise = -np.log(p.clip(eps, 1 - eps)[np.arange(len(y)), y])
    return float(np.average(surprise, weights=w)) if normalize else float(surprise @ w)


def roc_auc_score(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    average: str | None = "macro",
    sample_weight: OptionalArray = None,
    multi_class: str = "raise",
    labels: OptionalArray = None,
) -> Averaged:
    """The area under the ROC curve: how often a positive example scores above a negative one, a tie counting half.

    Two classes: y_score (n,), and the greater class is the positive one.
    k classes: y_score (n, k) are probabilities, and `multi_class` is "ovr" (each class against the rest: `average` "macro",
    "weighted", "micro" or None) or "ovo" (each pair of classes: "macro" or "weighted", no sample_weight).
    ValueError where a class has no example in y_true.  Sources: Mann and Whitney (1947); for "ovo", Hand and Till (2001).

    >>> roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8])  # of four pairs three are in order, one is a tie
    0.875
    """
    f = "roc_auc_score"
    _one_of(f, "multi_class", multi_class, ("raise", "ovr", "ovo"))
    _one_of(f, "average", average, ("macro", "weighted") if multi_class == "ovo" else ("macro", "weighted", "micro", None))
    if _table(f, "y_score", y_score).shape[1] == 2:
        refuse(f, "y_score", "has 2 columns", describe(y_score), "pass the scores of the positive class: y_score[:, 1]")
    y, score = _columns_of_classes(f, labels, y_true, "y_score", y_score)
    w, k = _read_weights(f, sample_weight, len(y)), score.shape[1]
    member = y[:, None] == np.arange(k)  # (n, k)
    if not (w @ member).all():
        missing = f"none of class {np.argmin(w @ member)} of 0 ... {k - 1}, in sorted order"
        refuse(f, "y_true", "lacks examples of a class, and its curve is undefined", missing, "pass examples of every class")
    if k == 2:
        return _auc(member[:, 1], score[:, 1], w)
    if multi_class == "raise":
        refuse(f, "multi_class", "is not chosen", f"{k} classes", "pass 'ovr' or 'ovo'")
    if not np.allclose(score.sum(axis=1), 1):
        refuse(f, "y_score", "has rows that do not sum to 1", f"sum {score.sum(axis=1)[0]} at row 0", "pass probabilities")
    if multi_class == "ovo":
        if sample_weight is not None:
            refuse(f, "sample_weight", "is not defined for 'ovo'", describe(sample_weight), "leave it out")
        pairs = [(a, b, member[:, a] | member[:, b]) for a, b in combinations(range(k), 2)]
        areas = [(_auc(y[m] == a, score[m, a], w[m]) + _auc(y[m] == b, score[m, b], w[m])) / 2 for a, b, m in pairs]
        return _over_classes(np.array(areas), np.array([float(m.sum()) for _, _, m in pairs]), average)
    if average == "micro":
        return _auc(member.ravel(), score.ravel(), np.repeat(w, k))
    return _over_classes(np.array([_auc(member[:, c], score[:, c], w) for c in range(k)]), w @ member, average)


def _auc(positive: NDArray[np.bool_], score: Floats, w: Floats) -> float:
    """Of all pairs of a positive and a negative example, the share in the right order.  (n,), (n,) -> a number."""
    _, level = np.unique(score, return_inverse=True)
    positives, negatives = np.bincount(level, weights=w * positive), np.bincount(level, weights=w * ~positive)
    below = np.cumsum(negatives) - negatives
    return float(positives @ (below + negatives / 2) / (positives.sum() * negatives.sum()))


# ---------------------------------------------------------------- arguments


def _outputs(f: str, y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[Floats, Floats, Floats]:
    """Both as columns of outputs, and the weights.  (n,) or (n, m), twice -> (n, m), (n, m), (n,)."""
    y, y_hat = (_table(f, name, value).astype(np.float64) for name, value in (("y_true", y_true), ("y_pred", y_pred)))
    same_length(f, y_true=y, y_pred=y_hat)
    if y.shape != y_hat.shape:
        what = f"has {y_hat.shape[1]} outputs, but 'y_true' has {y.shape[1]}"
        refuse(f, "y_pred", what, f"shape {y_hat.shape}", "pass the same number of columns")
    return y, y_hat, _read_weights(f, sample_weight, len(y))


def _table(f: str, name: str, value: Any) -> NDArray[Any]:
    """(n,) as one column, (n, m) as it is."""
    ndim = value.ndim if hasattr(value, "ndim") else np.asarray(value, dtype=object).ndim
    return _on_host(matrix, f, name, value) if ndim == 2 else _on_host(vector, f, name, value)[:, None]


def _on_host(reader: Callable[[str, str, Any], Any], f: str, name: str, value: Any) -> NDArray[Any]:
    # with x64 off, a jax.Array of integers has no float64 to become; a NumPy one has
    return np.asarray(reader(f, name, np.asarray(value) if isinstance(value, jax.Array) else value))


def _over_outputs(f: str, each: Floats, multioutput: Any) -> Averaged:
    """The mean over outputs that `multioutput` asks for.  (m,) -> a number, or (m,) for "raw_values"."""
    if isinstance(multioutput, str):
        _one_of(f, "multioutput", multioutput, ("uniform_average", "raw_values"))
        return each if multioutput == "raw_values" else float(each.mean())
    weights = _on_host(vector, f, "multioutput", multioutput).astype(np.float64)
    if len(weights) != len(each) or weights.sum() == 0:
        wanted = f"pass {len(each)} weights that do not sum to 0"
        refuse(f, "multioutput", "does not weigh the outputs", describe(multioutput), wanted)
    return float(np.average(each, weights=weights))


def _read_weights(f: str, sample_weight: Any, n: int) -> Floats:
    """(n,), all one where none are given; never negative, never all zero."""
    w = np.ones(n) if sample_weight is None else _on_host(vector, f, "sample_weight", sample_weight).astype(np.float64)
    same_length(f, y_true=range(n), sample_weight=w)
    if w.min() < 0 or w.max() == 0:
        what = "has a negative entry" if w.min() < 0 else "is zero everywhere"
        refuse(f, "sample_weight", what, str(float(w.min())), "pass weights of zero or more, one of them positive")
    return w


def _columns_of_classes(f: str, labels: Any, y_true: Any, name: str, value: Any) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """The label as a position, and one column per sorted class; a single column c becomes 1 − c, c.  -> (n,), (n, k)."""
    classes, (y,) = _encode(f, labels, y_true=y_true)
    table = _table(f, name, value)
    same_length(f, **{"y_true": y, name: table})
    if len(classes) < 2:
        refuse(f, "y_true", "has one class", _names(classes), "pass two classes or more, in y_true or named in labels")
    if table.shape[1] == 1 and len(classes) == 2:
        table = np.hstack([1 - table, table])
    if (np.sort(classes) != classes).any():
        refuse(f, "labels", "is not sorted", _names(classes), f"sort it: the columns of '{name}' are the sorted classes")
    if y.max() == len(classes):
        refuse(f, "labels", "lacks a class of 'y_true'", _names(classes), "name every class")
    if table.shape[1] != len(classes):
        what = f"has {table.shape[1]} column(s) for {len(classes)} classes"
        refuse(f, name, what, f"classes {_names(classes)}", "pass one column per class: (n, k)")
    return y, table


def _encode(f: str, labels: Any, **columns: Any) -> tuple[NDArray[Any], list[NDArray[np.intp]]]:
    """The classes (k,), and each column as positions among them (n,); k for a label that is not among them."""
    read = {name: _label_column(f, name, value) for name, value in columns.items()}
    same_length(f, **read)
    if labels is not None:
        read["labels"] = _label_column(f, "labels", labels)
    kinds = {name: "strings" if column.dtype.kind == "U" else "numbers" for name, column in read.items()}
    for name, kind in kinds.items():
        if kind != kinds["y_true"]:
            what = f"holds {kind}, but 'y_true' holds {kinds['y_true']}"
            refuse(f, name, what, _names(read[name]), "pass labels of one kind", TypeError)
    classes = read.pop("labels", np.unique(np.concatenate(list(read.values()))))
    if len(np.unique(classes)) < len(classes):
        refuse(f, "labels", "names a class twice", _names(classes), "pass each class once")
    order = np.argsort(classes)
    at = [order[np.searchsorted(classes, column, sorter=order).clip(max=len(classes) - 1)] for column in read.values()]
    return classes, [np.where(classes[i] == column, i, len(classes)) for i, column in zip(at, read.values(), strict=True)]


def _label_column(f: str, name: str, value: Any) -> NDArray[Any]:
    """Integers, booleans and whole floats as int64, or strings: (n,)."""
    # subtle: NumPy makes two strings of the list ["a", 1]; as objects they stay what they are
    array = np.asarray(value, dtype=None if hasattr(value, "dtype") else object)
    if array.ndim != 1 and array.shape[1:] != (1,):
        refuse(f, name, f"has {array.ndim} dimensions, not 1", f"shape {array.shape}", "pass one label per row: (n,)")
    array = array.ravel()
    strings = [isinstance(v, str) for v in array.tolist()] if array.dtype.kind in "OTU" else [False]
    if array.size and all(strings):
        return array.astype(str)
    if any(strings):
        refuse(f, name, "mixes strings with other values", _names(array), "pass labels of one kind", TypeError)
    numbers = _on_host(vector, f, name, value)
    array = np.asarray(array.tolist()) if array.dtype == object else array
    with np.errstate(invalid="ignore"):
        whole = (array if array.dtype.kind in "biu" else numbers).astype(np.int64)
    if (whole != numbers).any():
        i = int(np.argmax(whole != numbers))
        refuse(f, name, "is continuous, not a label", f"{numbers[i]} at row {i}", "pass integers or strings")
    return whole


def _one_of(f: str, name: str, value: Any, choices: tuple[str | None, ...]) -> None:
    if not (value is None or isinstance(value, str)) or value not in choices:
        refuse(f, name, "is not a choice", repr(value), f"pass one of {', '.join(map(repr, choices))}")


def _names(classes: NDArray[Any]) -> str:
    text = ", ".join(map(repr, classes[:8].tolist()))
    return text if len(classes) <= 8 else f"{text}, ..."
