"""Labels of any kind as integers 0 … k−1, and back."""

from __future__ import annotations

import numbers
from typing import Any, NamedTuple

import numpy as np

from jaxml._arguments import finite, integer, labels, refuse, want_rank

KINDS: dict[str, Any] = {"a boolean": (bool, np.bool_), "a string": str, "a number": numbers.Real}  # in this order: True is a number too


class Labels(NamedTuple):
    y: np.ndarray  # (n,) int32, 0 ... k-1
    classes: np.ndarray  # (k,) the names, sorted; y[i] stands for classes[y[i]]


def encode_labels(y: Any) -> Labels:
    """Integers 0 … k−1 for labels of any one kind, numbered in sorted order: (n,) -> (n,), (k,).

    Takes strings, booleans, integers and whole floats.  Raises TypeError for labels of several kinds or of none,
    ValueError for NaN and for numbers that are not whole.

    >>> encode_labels(["b", "a", "b"]).y.tolist()
    [1, 0, 1]
    """
    classes, codes = np.unique(_names("encode_labels", y), return_inverse=True)
    return Labels(codes.astype(np.int32), classes)


def decode_labels(y: Any, classes: Any) -> np.ndarray:
    """The names again, classes[y]: (n,), (k,) -> (n,).  Raises ValueError for a label outside 0 … k−1."""
    want_rank("decode_labels", "classes", classes, 1)
    classes = np.asarray(classes).reshape(-1)
    if classes.size == 0:
        refuse("decode_labels", "classes", "is empty", "no names", "pass the classes that encode_labels returned")
    return classes[np.asarray(labels("decode_labels", "y", y, n_classes=len(classes)))]


def one_hot(y: Any, n_classes: int | None = None) -> np.ndarray:
    """A row for each label, 1 at its place and 0 elsewhere: (n,) -> (n, k) float64.

    k is n_classes, or the largest label plus one.  Raises ValueError for a label that is negative, not whole, or k and more.
    """
    k = None if n_classes is None else integer("one_hot", "n_classes", n_classes, low=1)
    y = np.asarray(labels("one_hot", "y", y, n_classes=k))
    rows = np.zeros((len(y), k or int(y.max()) + 1))
    rows[np.arange(len(y)), y] = 1.0
    return rows


def _names(function: str, y: Any) -> np.ndarray:
    """Labels of one kind as NumPy (n,): booleans, strings, integers or whole floats."""
    want_rank(function, "y", y, 1)
    # subtle: np.asarray([1, "a"]) is two strings; as objects they stay what they were
    array = (np.asarray(y) if hasattr(y, "dtype") else np.asarray(y, dtype=object)).reshape(-1)
    if array.size == 0:
        refuse(function, "y", "is empty", f"shape {array.shape}", "pass at least one label")
    if array.dtype.kind not in "biufU":
        array = _one_kind(function, array.astype(object))
    if array.dtype.kind == "f":
        finite(function, "y", array)
        whole = array == np.floor(array)
        if not whole.all():
            row = int(np.argmin(whole))
            refuse(function, "y", "is continuous, not labels", f"{array[row]} at row {row}", "pass whole numbers or names")
    return array


def _one_kind(function: str, array: np.ndarray) -> np.ndarray:
    """An array of objects as one of booleans, strings or numbers; the first entry says which."""
    kinds = [_kind(entry) for entry in array]
    for row, (entry, kind) in enumerate(zip(array, kinds, strict=True)):
        if kind is None:
            error = ValueError if isinstance(entry, float) else TypeError
            refuse(function, "y", "has an entry that is no label", f"{entry!r} at row {row}", "pass numbers, strings or booleans", error)
        if kind != kinds[0]:
            wrong, got = f"has {kind} among labels that began with {kinds[0]}", f"{entry!r} at row {row}"
            refuse(function, "y", wrong, got, "pass labels of one kind", TypeError)
    narrow = np.array(array.tolist())
    changed = narrow.astype(object) != array  # subtle: 2**63 beside -1 becomes a float, and its neighbours merge with it
    if changed.any() or narrow.dtype.kind not in "biufU":
        got = f"{array[np.argmax(changed)]!r} at row {np.argmax(changed)}"
        refuse(function, "y", "has an entry that NumPy cannot hold", got, "pass names for them: [str(v) for v in y]")
    return narrow


def _kind(entry: Any) -> str | None:
    """What `entry` is, in words; None for a missing entry and for what cannot be a label."""
    if isinstance(entry, float) and np.isnan(entry):
        return None
    return next((kind for kind, types in KINDS.items() if isinstance(entry, types)), None)
