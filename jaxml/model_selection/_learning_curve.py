"""How good a model is by how many rows it has seen.

The model is fitted on the first m training rows of each fold, a prefix, and scored on these and on the fold's test rows.
As `weights`, a prefix is a vector of zeros and ones over all rows: every fit has one shape, and all of them are one compiled program.
Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 7.10.
"""

from __future__ import annotations

import inspect
import numbers
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.random import RandomState

from jaxml import _arguments
from jaxml._arguments import describe, flag, integer, refuse, same_length, shape_of
from jaxml.exceptions import FitFailedWarning
from jaxml.metrics import accuracy_score
from jaxml.model_selection._progress import reporter
from jaxml.model_selection.split import Folds, _classes, k_fold, stratified_k_fold

F = "learning_curve"
FIFTHS = (0.1, 0.325, 0.55, 0.775, 1.0)  # np.linspace(0.1, 1, 5)
BYTES = 2**28  # of weights and predictions in one call of the compiled program: 256 MiB
PARTS = 20  # calls, where a bar shows how far it is


class LearningCurve(NamedTuple):
    """Column r k + i of the scores is fold i of repeat r, of k folds; nan stands where a prefix could not be fitted."""

    train_sizes: np.ndarray  # (sizes,) rows, ascending
    train_scores: np.ndarray  # (sizes, folds), on the rows of the prefix
    test_scores: np.ndarray  # (sizes, folds), on the fold's test rows


class Cell(NamedTuple):
    """One fit: the rows of a prefix, and the test rows of its fold."""

    train: np.ndarray
    test: np.ndarray


Predictions = tuple[np.ndarray, np.ndarray]  # of the rows of the prefix, and of the test rows


def learning_curve(
    solve: Callable[..., Any],
    predict: Callable[[Any, Any], Any],
    x: Any,
    y: Any,
    *,
    train_sizes: Any = FIFTHS,
    cv: int | Folds = 5,
    scoring: Callable[[Any, Any], Any] = accuracy_score,
    shuffle: bool = False,
    stratified: bool = False,
    repeats: int = 1,
    random_state: int | RandomState | None = None,
    compiled: bool | None = None,
    progress: bool | None = None,
) -> LearningCurve:
    """The scores of a model fitted on ever more rows.  x (n, …), y (n,) -> sizes (s,), scores (s, folds) on training and on test rows.

    solve(x, y, *, weights=None) -> params;  predict(params, x) -> (n,);  scoring(y_true, y_pred) -> a number, whichever way is better.
    A key, a penalty or another setting enters by closure: `lambda x, y, **kw: forest.grow(key, x, y, **kw)`.

    train_sizes  shares in (0, 1] of the first fold's training rows, rounded down, or whole numbers of rows
    cv           a number of folds, stratified where y holds labels (integers, booleans, names, or floats that are 0 … k-1; pass
                 integers that were measured as floats); or the folds themselves, as k_fold gives them
    shuffle      prefixes are drawn from each fold's training rows in random order; otherwise in the order of the rows
    stratified   every prefix has each label's share, and from k rows on all k labels; prefixes stay nested
    repeats      the whole curve again with random_state, random_state + 1, …: folds (if cv is a number) and prefixes are drawn anew
    compiled     True: all fits in one compiled program, by weights of 0 and 1, at most 256 MiB of them at a time.  False: one call
                 solve(x[rows], y[rows]) after the other.  None: compiled, unless solve takes no `weights` or cannot be traced
    progress     True: a bar on a terminal, one line at the end elsewhere.  None: a bar on a terminal, after three seconds

    Sizes, folds and prefixes are scikit-learn's, for a seed too.  A prefix that cannot be fitted (solve raises ValueError or
    ArithmeticError, or finds NaN) has scores nan, and a FitFailedWarning names it; one that lacks a label is fitted on its own rows in
    any case, so that solve sees what is missing.  Inside the compiled program solve's own warnings are silent.
    Sizes that are the same number of rows are fitted once, with a RuntimeWarning.
    Raises ValueError or TypeError, naming the argument, and when no prefix at all could be fitted.  Source: scikit-learn.
    """
    for name, function in {"solve": solve, "predict": predict, "scoring": scoring}.items():
        if not callable(function):
            refuse(F, name, "is not a function", describe(function), "pass a function, e.g. logistic.solve", TypeError)
    for name, choice in {"compiled": compiled, "progress": progress}.items():
        if choice is not None:
            flag(F, name, choice)
    x, y = _table(x), _target(y)
    if len(x) < 2:
        refuse(F, "x", "has too few rows", f"n_samples={len(x)}", "pass two rows or more: one to train and one to test")
    same_length(F, x=x, y=y)
    labels = _labels(y)
    if flag(F, "stratified", stratified) and labels is None:
        refuse(F, "stratified", "wants labels in 'y'", describe(y), "pass integer labels, or leave it out")

    orders = [order for seed in _seeds(shuffle, repeats, random_state) for order in _folds(cv, len(x), labels, seed, repeats)]
    if stratified and labels is not None:
        orders = [(_interleaved(train, labels), test) for train, test in orders]
    sizes = _sizes(train_sizes, len(orders[0][0]))
    cells = [Cell(train[:size], test) for size in sizes for train, test in orders]
    scores, failed = np.full((len(cells), 2), np.nan), {}
    with reporter(progress, len(cells)) as bar:
        for i, found in enumerate(_fits(solve, predict, x, y, labels, cells, compiled, in_parts=bar.shown)):
            if isinstance(found, Exception):
                failed[i] = found
            else:
                scores[i] = [_score(scoring, y[rows], of) for rows, of in zip(cells[i], found, strict=True)]
            bar.after(i + 1)
    _warn(failed, sizes, len(orders), len(orders) // repeats)
    train_scores, test_scores = scores.T.reshape(2, len(sizes), len(orders))
    return LearningCurve(sizes, train_scores, test_scores)


# ---------------------------------------------------------------- data


def _table(x: Any) -> np.ndarray:
    """x as NumPy: its width, integers and names are left to solve; NaN is refused."""
    if shape_of(F, "x", x) == ():
        refuse(F, "x", "has no rows", describe(x), "pass (n, d)", TypeError)
    return _checked("x", x)


def _target(y: Any) -> np.ndarray:
    """y (n,), numbers or names."""
    _arguments.want_rank(F, "y", y, 1)
    return _checked("y", y).reshape(-1)


def _checked(name: str, value: Any) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind in "US" or (array.dtype.kind == "O" and name == "y"):
        return array
    floats = np.asarray(_arguments.floats(F, name, value))
    return array if array.dtype.kind in "fiub" else floats


def _labels(y: np.ndarray) -> np.ndarray | None:
    """Each row's class as 0 … k-1 where y holds labels; None where it holds measurements."""
    classes, label, _ = _classes(F, "y", y)
    return None if y.dtype.kind == "f" and not np.array_equal(classes, np.arange(len(classes))) else label


# ---------------------------------------------------------------- which rows


def _sizes(train_sizes: Any, n_max: int) -> np.ndarray:
    """The sizes in rows, ascending, without repetition."""
    _arguments.vector(F, "train_sizes", train_sizes)
    sizes = np.asarray(train_sizes).reshape(-1)
    if sizes.dtype.kind == "f":
        if sizes.min() <= 0 or sizes.max() > 1:
            bad = sizes[(sizes <= 0) | (sizes > 1)][0]
            refuse(F, "train_sizes", "has a share outside (0, 1]", str(bad), "pass shares in (0, 1], or ints for numbers of rows")
        rows = np.clip((sizes * n_max).astype(int), 1, n_max)
    elif sizes.dtype.kind in "iu":
        if sizes.min() < 1 or sizes.max() > n_max:
            bad = sizes[(sizes < 1) | (sizes > n_max)][0]
            refuse(F, "train_sizes", f"has a size outside 1 … {n_max}", str(bad), f"the first fold has {n_max} training rows")
        rows = sizes.astype(int)
    else:
        refuse(F, "train_sizes", "holds no numbers", describe(sizes), "pass shares in (0, 1], or ints for numbers of rows", TypeError)
    unique = np.unique(rows)
    if len(unique) < len(rows):
        text = f"{F}: {len(rows)} entries of 'train_sizes' are {len(unique)} different numbers of rows; each is fitted once"
        warnings.warn(text, RuntimeWarning, stacklevel=3)
    return unique


def _seeds(shuffle: Any, repeats: Any, random_state: Any) -> list[Any]:
    """A RandomState for every repeat; [None] where nothing is drawn."""
    integer(F, "repeats", repeats, low=1)
    if repeats > 1:
        if isinstance(random_state, bool) or not isinstance(random_state, numbers.Integral):
            wanted = "pass an int: repeat r draws with random_state + r"
            refuse(F, "random_state", "is no seed to count from", describe(random_state), wanted, TypeError)
        for seed in (random_state, int(random_state) + repeats - 1):
            _arguments.random_state(F, seed)
        flag(F, "shuffle", shuffle)
        return [int(random_state) + r for r in range(repeats)]
    if flag(F, "shuffle", shuffle):
        return [_arguments.random_state(F, random_state)]
    if random_state is not None:
        wanted = "pass shuffle=True or repeats, or leave it out"
        refuse(F, "random_state", "has no effect without shuffling", describe(random_state), wanted)
    return [None]


def _folds(cv: Any, n: int, labels: np.ndarray | None, seed: Any, repeats: int) -> Folds:
    """The folds of one repeat: training rows in the order of the prefixes, and test rows."""
    drawn: dict[str, Any] = {"shuffle": True, "random_state": seed} if repeats > 1 else {}
    if not isinstance(cv, (list, tuple)):
        cv = integer(F, "cv", cv, low=2, high=n)
        most = n if labels is None else int(np.bincount(labels).max())
        if cv > most:
            wanted = "pass fewer folds or more rows; numbers that were measured, as floats"
            refuse(F, "cv", "is more than every class has members", f"{cv} with {most} members in the largest class", wanted)
        folds = k_fold(n, cv, **drawn) if labels is None else stratified_k_fold(labels, cv, **drawn)
    else:
        folds = [_rows_of_fold(fold, i, n) for i, fold in enumerate(cv)]
        if not folds:
            refuse(F, "cv", "is empty", "no fold", "pass a number of folds, or pairs (training rows, test rows)")
    if seed is None:
        return folds
    rng = _arguments.random_state(F, seed)
    return [(rng.permutation(train), test) for train, test in folds]


def _rows_of_fold(fold: Any, i: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(fold, (list, tuple)) or len(fold) != 2:
        refuse(F, "cv", "is not a list of pairs", describe(fold), "pass pairs (training rows, test rows), as k_fold gives them", TypeError)
    train, test = (np.asarray(rows) for rows in fold)
    for rows in (train, test):
        if rows.ndim != 1 or rows.dtype.kind not in "iu" or len(rows) == 0 or rows.min() < 0 or rows.max() >= n:
            wanted = f"pass two arrays of row numbers 0 … {n - 1}, as k_fold gives them"
            refuse(F, "cv", f"has no proper row numbers in fold {i}", describe(rows), wanted)
    return train, test


def _interleaved(train: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The same rows, of which the first m have each label's share; within a label in the order given."""
    label, place = labels[train], np.empty(len(train))
    for c in np.unique(label):
        of_c = np.flatnonzero(label == c)
        place[of_c] = (np.arange(len(of_c)) + 0.5) / len(of_c)
        place[of_c[0]] = 0  # one of each label comes first
    return train[np.argsort(place, kind="stable")]


# ---------------------------------------------------------------- fits


def _fits(
    solve: Callable,
    predict: Callable,
    x: np.ndarray,
    y: np.ndarray,
    labels: np.ndarray | None,
    cells: list[Cell],
    compiled: bool | None,
    in_parts: bool,
) -> Iterator[Predictions | Exception]:
    """For every cell in turn its predictions, or why there are none."""
    # traced weights hide from solve that a label has none: such a cell is left to a call with its rows alone
    seen = [labels is None or len(np.unique(labels[cell.train])) == labels.max() + 1 for cell in cells]
    whole = [cell for cell, complete in zip(cells, seen, strict=True) if complete]
    together = _in_one_program(solve, predict, x, y, whole, compiled, in_parts) if whole else None
    for cell, complete in zip(cells, seen, strict=True):
        found = next(together) if complete and together is not None else None
        yield _alone(solve, predict, x, y, cell) if found is None else found


def _alone(solve: Callable, predict: Callable, x: np.ndarray, y: np.ndarray, cell: Cell) -> Predictions | Exception:
    try:
        params = solve(x[cell.train], y[cell.train])
        outs = [np.asarray(predict(params, x[rows])) for rows in cell]
    except (ValueError, ArithmeticError) as error:
        return error
    of_train, of_test = (_one_per_row(out, len(rows)) for out, rows in zip(outs, cell, strict=True))
    lost = any(out.dtype.kind == "f" and np.isnan(out).any() for out in (of_train, of_test))
    return ValueError("predict returned NaN") if lost else (of_train, of_test)


def _in_one_program(
    solve: Callable, predict: Callable, x: np.ndarray, y: np.ndarray, cells: list[Cell], compiled: bool | None, in_parts: bool
) -> Iterator[Predictions | None] | None:
    """For every cell its predictions, or None if NaN is among its params; no iterator where calls one after the other are wanted."""
    if compiled is False or (not _takes_weights(solve) and compiled is None):
        return None
    if not _takes_weights(solve):
        refuse(F, "solve", "takes no 'weights'", describe(solve), "let it take weights=, or pass compiled=False", TypeError)
    at_once = max(1, min(-(-len(cells) // PARTS) if in_parts else len(cells), BYTES // (16 * len(x))))

    def one(weights: jax.Array) -> tuple[Any, jax.Array]:
        params = solve(x, y, weights=weights)
        inexact = [leaf for leaf in map(jnp.asarray, jax.tree.leaves(params)) if jnp.issubdtype(leaf.dtype, jnp.inexact)]
        return predict(params, x), jnp.array([jnp.isnan(leaf).any() for leaf in inexact], bool).any()

    each = jax.jit(one)
    # measured on CPUs: lax.map is as fast as vmap or faster (a vmapped loop runs until its last fit is done), in a fiftieth of the memory
    weights, every = (jax.ShapeDtypeStruct((*many, len(x)), jnp.result_type(float)) for many in ((), (at_once,)))
    try:
        used = _depends(each.trace(weights).jaxpr.jaxpr)
        lowered = jax.jit(lambda many: jax.lax.map(each, many)).lower(every)
    except (TypeError, jax.errors.JAXIndexError):  # a function of NumPy numbers cannot be traced; a true mistake comes again
        if compiled:
            raise
        return None
    if not used and compiled:  # or every prefix would be all rows, the test rows among them
        refuse(F, "solve", "pays no heed to 'weights'", describe(solve), "let its params depend on them, or pass compiled=False")
    if not used:
        return None
    return _called_in_turn(lowered.compile(), cells, at_once, len(x))


def _depends(jaxpr: Any) -> bool:
    """Whether any output of a traced function follows from its input."""
    needed = {id(v) for v in jaxpr.outvars}
    for equation in reversed(jaxpr.eqns):
        if any(id(v) in needed for v in equation.outvars):
            needed |= {id(v) for v in equation.invars}
    return id(jaxpr.invars[0]) in needed


def _called_in_turn(program: Callable, cells: list[Cell], at_once: int, n: int) -> Iterator[Predictions | None]:
    for start in range(0, len(cells), at_once):
        part = cells[start : start + at_once]
        weights = np.ones((at_once, n))  # the last part may leave rows of ones over
        for row, cell in zip(weights, part, strict=False):
            row[:] = np.bincount(cell.train, minlength=n)  # a row that a fold names twice counts twice
        outs, lost = (np.asarray(out) for out in program(jnp.asarray(weights)))
        for cell, out, nan in zip(part, outs, lost, strict=False):
            out = _one_per_row(out, n)
            nan = nan or (out.dtype.kind == "f" and np.isnan(out).any())
            yield None if nan else (out[cell.train], out[cell.test])


def _takes_weights(solve: Callable) -> bool:
    try:
        parameters = inspect.signature(solve).parameters.values()
    except (ValueError, TypeError):  # some functions written in C have none
        return False
    return any(p.name == "weights" or p.kind is p.VAR_KEYWORD for p in parameters)


def _one_per_row(out: np.ndarray, n: int) -> np.ndarray:
    if out.shape not in ((n,), (n, 1)):
        refuse(F, "predict", "returned the wrong shape", f"{out.shape} for {n} rows", f"return one value per row: ({n},)")
    return out.reshape(-1)


# ---------------------------------------------------------------- scores


def _score(scoring: Callable, y_true: np.ndarray, y_pred: np.ndarray) -> float:
    score = scoring(y_true, y_pred)
    wanted = "return one number for (y_true, y_pred)"
    number = np.asarray(score)
    if number.shape != () or number.dtype.kind not in "fiub":
        refuse(F, "scoring", "returned no number", describe(score), wanted, TypeError)
    if not np.isfinite(number):
        refuse(F, "scoring", f"returned {number}", f"{len(y_true)} rows", f"{wanted}, a finite one; larger 'train_sizes' may help")
    return float(number)


def _warn(failed: dict[int, Exception], sizes: np.ndarray, columns: int, folds: int) -> None:
    """One warning for each cell that has no scores; an error where none has any."""
    if len(failed) == len(sizes) * columns:
        got = " ".join(str(failed[0]).split())
        refuse(F, "solve", "fitted no prefix of any fold", f"at the first {type(failed[0]).__name__}: {got}", "call solve(x, y) to see why")
    for i, error in failed.items():
        size, (repeat, fold) = sizes[i // columns], divmod(i % columns, folds)
        where = f"{size} rows, fold {fold}" + (f" of repeat {repeat}" if columns > folds else "")
        warnings.warn(f"{F}: {where}: not fitted, its scores are nan: {' '.join(str(error).split())}", FitFailedWarning, stacklevel=3)
