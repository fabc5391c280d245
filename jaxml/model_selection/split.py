"""Rows apart: one training and one test set, or k folds, each of which is the test set once.

The draws come from `numpy.random.RandomState` in scikit-learn's order, so that a seed gives scikit-learn's rows.
"""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.random import RandomState

from jaxml import _arguments
from jaxml._arguments import describe, finite, flag, integer, number, refuse, same_length

Folds = list[tuple[np.ndarray, np.ndarray]]


# ---------------------------------------------------------------- one training and one test set


def train_test_split(
    *arrays: Any,
    test_size: float | int | None = None,
    train_size: float | int | None = None,
    random_state: int | RandomState | None = None,
    shuffle: bool = True,
    stratify: Any = None,
) -> list[Any]:
    """Splits the rows of every array in the same way: a training and a test part of each.

    a (n, …), b (n, …), … -> [a_train, a_test, b_train, b_test, …]; NumPy and jax arrays, DataFrames and Series keep their kind,
    any other sequence becomes a list.
    A size is a share in (0, 1) or a number of rows; without one, a quarter is the test set.  `stratify` holds labels, (n,) or
    (n, several columns), whose shares both parts keep.
    Raises ValueError or TypeError, naming the argument; a class with one member cannot be stratified.  Source: scikit-learn.

    >>> x_train, x_test = train_test_split(np.arange(8), random_state=0)
    >>> x_train.tolist(), x_test.tolist()
    ([1, 7, 3, 0, 5, 4], [6, 2])
    """
    f = "train_test_split"
    n = _n_rows(arrays, stratify)
    n_train, n_test = _sizes(n, test_size, train_size)
    rng = _arguments.random_state(f, random_state)
    if not flag(f, "shuffle", shuffle):
        if stratify is not None:
            refuse(f, "stratify", "needs shuffle=True", describe(stratify), "leave out one of the two")
        train, test = np.arange(n_train), np.arange(n_train, n_train + n_test)
    elif stratify is None:
        order = rng.permutation(n)
        train, test = order[n_test : n_test + n_train], order[:n_test]
    else:
        train, test = _stratified_rows(stratify, n_train, n_test, rng)
    return [_take(a, rows) for a in arrays for rows in (train, test)]


def _n_rows(arrays: tuple[Any, ...], stratify: Any) -> int:
    """The number of rows that all arrays have."""
    f = "train_test_split"
    if not arrays:
        refuse(f, "arrays", "is empty", "no array", "pass one array or more, as in train_test_split(x, y)", TypeError)
    named = {f"arrays[{i}]": a for i, a in enumerate(arrays)} | ({} if stratify is None else {"stratify": stratify})
    for name, a in named.items():
        if isinstance(a, Mapping) or not hasattr(a, "__len__") or getattr(a, "shape", (0,)) == ():
            refuse(f, name, "has no rows", describe(a), "pass an array, a DataFrame or a list", TypeError)
    same_length(f, **named)
    if (n := len(arrays[0])) < 2:
        refuse(f, "arrays[0]", "has too few rows", f"n_samples={n}", "pass two rows or more: one to train and one to test")
    return n


def _sizes(n: int, test_size: Any, train_size: Any) -> tuple[int, int]:
    """How many rows train and how many test; a size that is None is what the other leaves."""
    f = "train_test_split"
    if test_size is None and train_size is not None:
        n_train = _count("train_size", train_size, n)
        n_test = n - n_train
    else:
        n_test = _count("test_size", 0.25 if test_size is None else test_size, n)
        n_train = n - n_test if train_size is None else _count("train_size", train_size, n)
    shares = None not in (test_size, train_size) and test_size < 1 and train_size < 1
    if n_train + n_test > n or (shares and test_size + train_size > 1):
        wrong = f"and test_size={test_size} are more than all rows"
        refuse(f, "train_size", wrong, f"{train_size} with n_samples={n}", "lower one, or leave one out")
    if n_train == 0:
        name, size = ("test_size", test_size) if train_size is None else ("train_size", train_size)
        refuse(f, name, "leaves the training part empty", f"{size} with n_samples={n}", "leave one row or more to train on")
    return n_train, n_test


def _count(name: str, size: Any, n: int) -> int:
    """A size in rows; a share is rounded up for the test part and down for the training part."""
    if isinstance(size, numbers.Integral):
        return integer("train_test_split", name, size, low=1, high=n - 1)
    share = number("train_test_split", name, size, above=0, below=1)
    return math.ceil(share * n) if name == "test_size" else math.floor(share * n)


def _stratified_rows(stratify: Any, n_train: int, n_test: int, rng: RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Training and test rows, in which every class has its share."""
    f = "train_test_split"
    classes, label, counts = _classes(f, "stratify", _one_column(_array(f, "stratify", stratify)))
    if counts.min() < 2:
        wrong = "has a class with 1 member"
        refuse(f, "stratify", wrong, f"class {classes[counts.argmin()]!s}", "give every class two members or more, or drop that class")
    for name, size in (("train_size", n_train), ("test_size", n_test)):
        if size < len(classes):
            refuse(f, name, "is too small to stratify", f"{size} rows for {len(classes)} classes", "leave one row or more per class")

    of_train = _apportion(counts, n_train, rng)
    of_test = _apportion(counts - of_train, n_test, rng)
    train, test = [], []
    for c, (i, j) in enumerate(zip(of_train, of_test, strict=True)):
        rows = np.flatnonzero(label == c)[rng.permutation(counts[c])]
        train.append(rows[:i])
        test.append(rows[i : i + j])
    return rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(test))


def _apportion(counts: np.ndarray, total: int, rng: RandomState) -> np.ndarray:
    """`total` seats shared out like `counts`: each its whole part, the seats left by largest remainder, ties drawn by lot."""
    exact = counts / counts.sum() * total
    seats = np.floor(exact).astype(int)
    remainder, left = exact - seats, total - seats.sum()
    for value in np.unique(remainder)[::-1]:
        if left == 0:
            break
        tied = np.flatnonzero(remainder == value)
        winners = rng.choice(tied, size=min(len(tied), left), replace=False)
        seats[winners] += 1
        left -= len(winners)
    return seats


def _take(a: Any, rows: np.ndarray) -> Any:
    """These rows, in the kind that `a` is."""
    if hasattr(a, "iloc"):
        return a.iloc[rows]
    return a[rows] if hasattr(a, "shape") else [a[i] for i in rows.tolist()]


# ---------------------------------------------------------------- folds


def k_fold(n: int, n_splits: int = 5, *, shuffle: bool = False, random_state: int | RandomState | None = None) -> Folds:
    """Cuts the rows 0 … n-1 into `n_splits` folds whose sizes differ by one at most.

    -> [(training rows, test rows), …], one pair per fold, each ascending.
    Raises ValueError or TypeError, naming the argument.  Source: Hastie, Tibshirani, Friedman, ESL, section 7.10.

    >>> [test.tolist() for train, test in k_fold(5, 2)]
    [[0, 1, 2], [3, 4]]
    """
    n = integer("k_fold", "n", n, low=2)
    rng = _fold_rng("k_fold", n_splits, shuffle, random_state)
    if n_splits > n:
        refuse("k_fold", "n_splits", "is more than there are rows", f"{n_splits} with n_samples={n}", f"pass {n} or fewer")
    fold = np.empty(n, dtype=int)
    fold[rng.permutation(n) if shuffle else np.arange(n)] = np.sort(np.arange(n) % n_splits)
    return _pairs(fold, n_splits)


def stratified_k_fold(y: Any, n_splits: int = 5, *, shuffle: bool = False, random_state: int | RandomState | None = None) -> Folds:
    """Cuts the rows into folds that each have every label's share, to one row.

    y (n,) labels of any kind -> [(training rows, test rows), …], one pair per fold, each ascending.
    Raises ValueError or TypeError, naming the argument, and when every class has fewer members than there are folds; warns
    when one has.  Source: scikit-learn.
    """
    f = "stratified_k_fold"
    labels = _labels(f, "y", y)
    rng = _fold_rng(f, n_splits, shuffle, random_state)
    _, label, counts = _classes(f, "y", labels)
    _few_members(counts, n_splits)

    # the classes in the order in which they first appear: the folds are the same under any renaming of the labels
    first = np.unique(label, return_index=True)[1]
    label = first.argsort().argsort()[label]
    dealt = np.sort(label)  # dealt like cards, one row to each fold in turn
    fold = np.empty(len(label), dtype=int)
    for c in range(len(counts)):
        places = np.repeat(np.arange(n_splits), [np.count_nonzero(dealt[i::n_splits] == c) for i in range(n_splits)])
        if shuffle:
            rng.shuffle(places)
        fold[label == c] = places
    return _pairs(fold, n_splits)


def _fold_rng(function: str, n_splits: Any, shuffle: Any, seed: Any) -> RandomState:
    """The arguments that both have; a seed that nothing would use is refused."""
    integer(function, "n_splits", n_splits, low=2)
    if not flag(function, "shuffle", shuffle) and seed is not None:
        refuse(function, "random_state", "has no effect without shuffling", describe(seed), "pass shuffle=True, or leave it out")
    return _arguments.random_state(function, seed)


def _few_members(counts: np.ndarray, n_splits: int) -> None:
    """Refuses or warns of classes that are not in every fold."""
    if counts.max() < n_splits:
        got = f"{n_splits} with {counts.max()} members in the largest class"
        refuse("stratified_k_fold", "n_splits", "is more than every class has members", got, f"pass {counts.max()} or fewer, or more rows")
    if counts.min() < n_splits:
        warnings.warn(
            f"stratified_k_fold: the smallest class in 'y' has {counts.min()} members for n_splits={n_splits}: some folds have none of it",
            stacklevel=3,
        )


def _pairs(fold: np.ndarray, n_splits: int) -> Folds:
    """The training and the test rows of each fold, from each row's fold."""
    return [(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(n_splits)]


# ---------------------------------------------------------------- labels


def _array(function: str, name: str, value: Any) -> np.ndarray:
    """`value` as NumPy."""
    try:
        return np.asarray(value)
    except ValueError:  # NumPy's word for rows of different lengths
        refuse(function, name, "has rows of different lengths", describe(value), "pass one label per row")


def _labels(function: str, name: str, value: Any) -> np.ndarray:
    """Labels (n,) of any kind; a single column is raveled, a continuous target refused."""
    array = _array(function, name, value)
    if array.ndim == 0 or array.size != len(array):
        refuse(function, name, "is not one column of labels", f"shape {array.shape}", "pass (n,)")
    if len(array) < 2:
        refuse(function, name, "has too few rows", f"n_samples={len(array)}", "pass two rows or more")
    array = array.reshape(-1)
    if array.dtype.kind == "f":
        finite(function, name, array)
        if (continuous := array != np.floor(array)).any():
            got = f"{array[continuous][0]} at row {continuous.argmax()}"
            refuse(function, name, "is continuous, not a label", got, "pass class labels, or use k_fold")
    return array


def _one_column(labels: np.ndarray) -> np.ndarray:
    """(n,) stays; of (n, columns) each row becomes one string."""
    if labels.ndim > 2:
        refuse("train_test_split", "stratify", f"has {labels.ndim} dimensions", f"shape {labels.shape}", "pass (n,) or (n, columns)")
    if labels.dtype.kind == "f":
        finite("train_test_split", "stratify", labels)
    # subtle: strings sort "10" before "9", and the order of the classes is the order of the draws
    return labels if labels.ndim == 1 else np.array([" ".join(row) for row in labels.astype(str)])


def _classes(function: str, name: str, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sorted classes (k,), each row's class as 0 … k-1 (n,), and each class's number of members (k,)."""
    try:
        if (labels != labels).any():
            refuse(function, name, "contains NaN", describe(labels), "remove or replace such rows before the call")
        classes, label, counts = np.unique(labels, return_inverse=True, return_counts=True)
    except TypeError:
        refuse(function, name, "has labels without an order among them", describe(labels), "pass labels of one kind", TypeError)
    return classes, label, counts
