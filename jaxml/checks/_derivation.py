"""Is a gradient that was derived by hand the gradient of this loss, and if not, which slip is it?"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxml._arguments import describe, refuse
from jaxml.checks import _problem, _report, _slips
from jaxml.checks._problem import Problem
from jaxml.checks._slips import Case, Slip, same
from jaxml.descent._data import check_loss

NAME = "check_derivation"
DRAWS = 4  # random points beside the given one
CLIMB = 3  # a random point is one whose loss is at most this many times 1 + |loss at the given point|
MOST_ROWS = 200  # that are looked at one by one
MOST_FUNCTION = 300  # numbers in z, for a function of an array whose whole Jacobian is needed
ENTRIES = "The loss returns an array of the shape of params: the derivative of each entry is checked."
SINGLE = 1e-5  # of the size of the gradient: a hundred roundings in 32 bits


class Derivation(NamedTuple):
    """Whether a gradient is that of the loss, and what is wrong with it if not."""

    ok: bool
    slip: str  # none, sign, factor, leaf_factor, leaf_zero, penalty_missing, ..., unknown
    leaf: str | None  # the parameters that are wrong; None where all are, or none
    factor: float | None  # yours divided by the true one
    max_error: float | None  # the largest difference, divided by the largest entry of that parameter's gradient
    message: str
    notes: tuple[str, ...]
    yours: np.ndarray | None  # (points, p), the given point first; None where it has another shape or is not finite
    autodiff: np.ndarray  # (points, p)
    leaves: dict[str, slice]  # the columns of each parameter

    def __str__(self) -> str:
        n = len(self.autodiff)
        evidence = [("points", f"yours and {n - 1} random ones near it" if n > 1 else "yours alone")]
        if self.yours is not None:
            for name, place in self.leaves.items():
                error = np.abs(self.yours[:, place] - self.autodiff[:, place]).max()
                size = np.abs(self.autodiff[:, place]).max()
                right = same(self.yours[:, place], self.autodiff[:, place]).all()
                evidence.append((name, "right" if right else f"off by up to {error:.2g}, where the gradient goes up to {size:.2g}"))
        return _report.text(self.message, evidence, self.notes)

    def __repr__(self) -> str:
        error = None if self.max_error is None else float(f"{self.max_error:.2g}")
        return f"Derivation(ok={self.ok}, slip={self.slip!r}, leaf={self.leaf!r}, factor={self.factor!r}, max_error={error})"


def check_derivation(loss: Callable[..., Array], gradient: Callable[..., Any], params: Any, *data: Any, **hyper: Any) -> Derivation:
    """Whether gradient(params, *data) is ∇loss(params, *data, **hyper), and which slip it has if not.

    `gradient` returns what you derived: an array for each parameter, in the form of params, as a dict, tuple or list, or as one vector.
    It is called with 64-bit JAX arrays, or with NumPy's where it cannot take those, and with the keywords of `hyper` that it accepts.
    Of a function of one array that returns an array of its shape, as an activation does, the derivative of each entry is checked.
    Both gradients are compared at params and at four random points near it, in 64 bits: a verdict holds at all of them.

    slip     none, sign, factor, leaf_factor, leaf_zero, penalty_missing, penalty_factor, penalty_on_bias, link_missing, link_extra,
             diagonal_jacobian, transposed, broadcast, or unknown: not one of these
    factor   yours divided by the true one; of the penalty's part for penalty_factor

    Raises ValueError, TypeError, also where `gradient` raises.
    """
    check_loss(NAME, loss)
    if not callable(gradient):
        refuse(NAME, "gradient", "is not a function", describe(gradient), "pass gradient(params, *data), as you derived it", TypeError)
    with _problem.x64():
        problem = _problem.read(NAME, _summed(loss), params, data, hyper)
        slopes = jax.jit(jax.value_and_grad(lambda theta, data: problem._replace(data=data).value(theta)))
        answer = _answers(problem, gradient, params)
        thetas, true = _points(problem, slopes)
        of_array = list(problem.leaves) == ["params"] and problem.shapes["params"] != () and _is_array(problem, loss)
        if of_array:
            jacobians = _jacobians(problem, loss, thetas)
            if jacobians is not None:
                return _of_matrix(problem, jacobians, [answer(theta)["params"] for theta in thetas])
        return _verdict(problem, slopes, answer, thetas, true, (ENTRIES,) if of_array else ())


Answer = Callable[..., dict[str, np.ndarray]]
Slopes = Callable[[Any, Any], tuple[Array, Array]]


def _summed(loss: Callable[..., Array]) -> Callable[..., Array]:
    """The loss; of a function that returns an array of the shape of its argument, the sum: its gradient holds each entry's derivative."""

    @functools.wraps(loss)
    def total(params: Any, *data: Any, **hyper: Any) -> Array:
        out = loss(params, *data, **hyper)
        return jnp.sum(out) if jnp.shape(out) and hasattr(params, "shape") and jnp.shape(out) == params.shape else out

    return total


def _is_array(problem: Problem, f: Callable[..., Any]) -> bool:
    out = jax.eval_shape(lambda theta, data: f(problem.params_of(theta), *data, **problem.hyper), problem.theta, problem.data)
    return out.shape != ()


def _points(problem: Problem, slopes: Slopes) -> tuple[np.ndarray, np.ndarray]:
    """θ and random points near it where the loss is of a like size, with the gradient at each.  (m, p), (m, p)"""
    theta, rng = np.asarray(problem.theta), np.random.default_rng(0)
    here, slope = slopes(theta, problem.data)
    if not (np.isfinite(here) and np.isfinite(slope).all()):
        wanted = "pass parameters where the loss is smooth, and check the data"
        refuse(NAME, "params", "is a point where the loss or its gradient is not finite", f"a loss of {float(here):g}", wanted)
    own = np.concatenate(
        [np.full(place.stop - place.start, np.sqrt(np.mean(theta[place] ** 2)) or 1.0) for place in problem.leaves.values()]
    )
    thetas, true = [theta], [np.asarray(slope)]
    for k in range(DRAWS):
        # two points at the parameters' own scale, two farther away: where all of them are near 0, tanh is a straight line
        step = rng.standard_normal(len(theta)) * (own if k < 2 else np.maximum(own, 1.0))
        for _ in range(40):
            value, slope = slopes(theta + step, problem.data)
            if np.isfinite(slope).all() and abs(value) <= CLIMB * (1 + abs(here)):
                thetas.append(theta + step)
                true.append(np.asarray(slope))
                break
            step = step / 2
    return np.stack(thetas), np.stack(true)


# ---------------------------------------------------------------- what the user's function returns


def _answers(problem: Problem, gradient: Callable[..., Any], params: Any) -> Answer:
    """gradient(params, *data) at any θ as one array for each parameter, in the kind of arrays that it can take."""
    try:
        takes = inspect.signature(gradient).parameters.values()
        every = any(p.kind is p.VAR_KEYWORD for p in takes)
        hyper = {name: value for name, value in problem.hyper.items() if every or name in {p.name for p in takes}}
    except (TypeError, ValueError):  # a function without a signature
        hyper = {}

    def call(theta: Any, data: Any, columns: bool, kind: Callable[[Any], Any]) -> Any:
        point = problem.params_of(jnp.asarray(theta))
        if columns:
            point = jax.tree.map(lambda leaf: leaf[:, None] if leaf.ndim == 1 else leaf, point)
        arrays = lambda tree: jax.tree.map(lambda leaf: kind(leaf) if hasattr(leaf, "dtype") else leaf, tree)
        with np.errstate(all="ignore"):  # an overflow that matters is found in what is returned
            return gradient(arrays(point), *arrays(data), **arrays(hyper))

    kind = _kind_of_arrays(lambda kind: call(problem.theta, problem.data, False, kind))

    def answer(theta: Any, data: Any = problem.data, columns: bool = False) -> dict[str, np.ndarray]:
        return _by_leaf(problem, params, call(theta, data, columns, kind))

    return answer


def _kind_of_arrays(call: Callable[[Callable[[Any], Any]], Any]) -> Callable[[Any], Any]:
    """JAX's arrays if the call takes them, else NumPy's; where it takes neither, its error in one sentence."""
    first: Exception | None = None
    try:
        # subtle: in JAX the mean of True and False has 32 bits whatever the mode; in NumPy it has 64
        if not _has_32_bits(call(jnp.asarray)):
            return jnp.asarray
    except Exception as error:
        first = error
    try:
        short = _has_32_bits(call(np.array))  # copies: they may be written to
        return np.array if first or not short else jnp.asarray
    except Exception as second:
        if first is None:
            return jnp.asarray
        told = second if "immutable" in str(first) or "read-only" in str(first) else first
        text = " ".join(f"{type(told).__name__}: {told}".split())
        got = text if len(text) <= 200 else text[:197] + "..."
        refuse(NAME, "gradient", "raised an error", got, "make gradient(params, *data) run by itself first")


def _has_32_bits(answer: Any) -> bool:
    return any(getattr(leaf, "dtype", None) == np.float32 for leaf in jax.tree.leaves(answer))


def _by_leaf(problem: Problem, params: Any, answer: Any) -> dict[str, np.ndarray]:
    """What was returned as {name of the parameter: array}."""
    names = list(problem.leaves)
    form: Any = jax.tree.structure(problem.params_of(problem.theta))
    own = list(params) if isinstance(params, dict) and set(params) == set(names) else names
    fields = answer._asdict() if hasattr(answer, "_asdict") else answer
    if form == jax.tree.structure(answer):
        found = dict(zip(names, jax.tree.leaves(answer), strict=True))
    elif isinstance(fields, dict) and set(fields) == set(names):
        found = fields
    elif isinstance(answer, (tuple, list)) and len(answer) == len(names) and (len(names) > 1 or hasattr(answer[0], "shape")):
        found = dict(zip(own, answer, strict=True))
    elif len(names) == 1:
        found = {names[0]: answer}
    elif np.ndim(answer) == 1 and np.size(answer) == len(problem.theta):
        ends = np.cumsum([np.prod(problem.shapes[name], dtype=int) for name in own])
        parts = np.split(np.asarray(answer), ends[:-1])
        found = {name: part.reshape(problem.shapes[name]) for name, part in zip(own, parts, strict=True)}
    else:
        got = (
            describe(answer)
            if hasattr(answer, "shape")
            else f"{type(answer).__name__} of {np.shape(answer) or len(jax.tree.leaves(answer))}"
        )
        wanted = f"return one array for each of {', '.join(names)}, in the form of params"
        refuse(NAME, "gradient", "does not return an array for each parameter", got, wanted, TypeError)
    return {name: _numbers(name, found[name]) for name in names}


def _numbers(name: str, value: Any) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        refuse(NAME, "gradient", f"does not return real numbers for {name}", describe(value), "return an array of floats", TypeError)
    return array.astype(np.float64)


def _long(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _in_shape(problem: Problem, answers: list[dict[str, np.ndarray]]) -> np.ndarray | None:
    """The answers as vectors, axes of length 1 aside; None where one has another shape.  -> (m, p)"""
    if any(_long(answer[name].shape) != _long(shape) for answer in answers for name, shape in problem.shapes.items()):
        return None
    return np.stack([np.concatenate([answer[name].ravel() for name in problem.leaves]) for answer in answers])


# ---------------------------------------------------------------- the verdict


def _verdict(problem: Problem, slopes: Slopes, answer: Answer, thetas: np.ndarray, true: np.ndarray, notes: tuple[str, ...]) -> Derivation:
    answers = [answer(theta) for theta in thetas]
    yours = _in_shape(problem, answers)
    if yours is None:
        variants = _variants(problem, answer, thetas, true)
        return _report_of(problem, _wrong_shape(problem, answers, true, variants), None, true, notes)
    notes += tuple(
        f"Your {answers[0][name].shape} for {name} is read as {shape}."
        for name, shape in problem.shapes.items()
        if answers[0][name].shape != shape
    )
    finite = np.isfinite(yours).all(axis=1)
    if not finite[0] or finite.sum() < min(len(finite), 2):
        return _report_of(problem, _not_finite(problem, yours), None, true, notes)
    if not finite.all():
        notes += (f"{_not_finite(problem, yours).message} Judged where it is finite.",)
        thetas, true, yours = thetas[finite], true[finite], yours[finite]
    smooth = slice(None)
    if not same(yours, true).all() and _has_kink(problem, slopes, thetas[0]):
        smooth = slice(1, None)
        notes += _at_kink(problem, slopes, thetas[0], yours[0], true)
    variants = _variants(problem, answer, thetas[smooth], true[smooth])
    case = Case(problem, thetas[smooth], true[smooth], yours[smooth], variants)
    if same(case.yours, case.true).all():
        slip = Slip("none", f"Right: your formula is the gradient of this loss, at {_count(len(case.thetas), 'point')}.")
    else:
        slip = _slips.find(case) or _in_32_bits(case, slopes, answer) or _unknown(case, slopes, answer)
    return _report_of(problem, slip, yours, true, notes, smooth)


def _report_of(
    problem: Problem, slip: Slip, yours: np.ndarray | None, true: np.ndarray, notes: tuple[str, ...], smooth: slice = slice(None)
) -> Derivation:
    error = None
    if yours is not None:
        largest = np.abs(true).max() or 1.0
        errors = [
            np.abs(yours[smooth, at] - true[smooth, at]).max() / (np.abs(true[:, at]).max() or largest) for at in problem.leaves.values()
        ]
        error = float(max(errors))
    return Derivation(slip.slip == "none", slip.slip, slip.leaf, slip.factor, error, slip.message, notes, yours, true, problem.leaves)


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"


def _not_finite(problem: Problem, yours: np.ndarray) -> Slip:
    k, i = np.argwhere(~np.isfinite(yours))[0].tolist()
    where = "at your params" if k == 0 else "at a point near your params, though not at them"
    bad = ~np.isfinite(yours).all(axis=0)
    leaves = [name for name, place in problem.leaves.items() if bad[place].any()]
    what = "NaN" if np.isnan(yours[k, i]) else "infinite"
    told = f"Your gradient is {what} in {problem.coordinate(i)} {where}: look for 0/0, log(0) and exp of large numbers."
    return Slip("unknown", told, None if len(leaves) == len(problem.leaves) else " and ".join(leaves))


def _variants(problem: Problem, answer: Answer, thetas: np.ndarray, true: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The right gradients that your function gives where vectors come as columns, or columns as vectors."""
    as_column = lambda a: a[:, None] if getattr(a, "ndim", 0) == 1 else a
    as_vector = lambda a: a[:, 0] if getattr(a, "ndim", 0) == 2 and a.shape[1] == 1 and len(problem.data) > 1 else a
    changes = [("a column (n, 1)", as_column), ("a vector (n,)", as_vector), ("", lambda a: a)]
    for (shape, change), columns in itertools.product(changes, (False, True)):
        data = tuple(change(a) for a in problem.data)
        changed = [name for name, new, old in zip(problem.data_names, data, problem.data, strict=True) if new is not old]
        words = [f"with {' and '.join(changed)} as {shape}"] * bool(changed) + ["with w as a column (d, 1)"] * columns
        if not words or bool(changed) != bool(shape):
            continue
        try:
            yours = _in_shape(problem, [answer(theta, data, columns) for theta in thetas[-1:]])
            if yours is not None and same(yours, true[-1:], 1e-6).all():
                yours = _in_shape(problem, [answer(theta, data, columns) for theta in thetas])
                if yours is not None and np.isfinite(yours).all():
                    yield " and ".join(words), yours
        except Exception:  # these shapes are not what it was written for
            continue


def _wrong_shape(
    problem: Problem, answers: list[dict[str, np.ndarray]], true: np.ndarray, variants: Iterator[tuple[str, np.ndarray]]
) -> Slip:
    """Which slip it is where an array has not the shape of its parameter."""
    came = {name: array.shape for name, array in answers[0].items()}
    wrong = {name: (came[name], shape) for name, shape in problem.shapes.items() if _long(came[name]) != _long(shape)}
    leaf = None if len(wrong) == len(problem.shapes) else " and ".join(wrong)
    of = leaf or "every parameter"
    for words, yours in variants:
        if same(yours, true).all():
            return _slips.broadcast(words)

    def mends(repair: Callable[[np.ndarray], np.ndarray]) -> bool:
        mended = _in_shape(problem, [answer | {name: repair(answer[name]) for name in wrong} for answer in answers])
        return mended is not None and bool(same(mended, true).all())

    if mends(np.transpose):
        return Slip("transposed", f"Your gradient of {of} is the transpose of the true one.", leaf)
    n = [len(a) for a in jax.tree.leaves(problem.data) if np.ndim(a)][:1]
    if all(list(came[name][:1]) == n for name in wrong):
        for name, over_rows in (("sum", lambda a: a.sum(axis=0)), ("mean", lambda a: a.mean(axis=0))):
            if mends(over_rows):
                told = f"Your gradient of {of} has one entry for each row of the data: the {name} over the rows is missing."
                return Slip("broadcast", told, leaf)
    told = "; ".join(f"{name} has shape {shape}, your gradient of it {came}" for name, (came, shape) in wrong.items())
    return Slip("unknown", f"A wrong shape: {told}.", leaf)


# ---------------------------------------------------------------- kinks


def _has_kink(problem: Problem, slopes: Slopes, theta: np.ndarray) -> bool:
    """Whether the gradient jumps at θ: over a step a hundred times shorter it still moves as far."""
    unit = np.random.default_rng(1).standard_normal(len(theta)) * (np.abs(theta).max() or 1.0)
    here = np.asarray(slopes(theta, problem.data)[1])
    moved = [np.abs(slopes(theta + step * unit, problem.data)[1] - here).max() for step in (1e-5, -1e-5, 1e-7, -1e-7)]
    return bool(max(moved[2:]) > 0.1 * max(moved[:2]) and max(moved[2:]) > 1e-11 * np.abs(here).max())


def _at_kink(problem: Problem, slopes: Slopes, theta: np.ndarray, yours: np.ndarray, true: np.ndarray) -> tuple[str, ...]:
    """What to say where the loss has a kink at θ: the one-sided derivatives, and yours between them."""
    wrong = np.flatnonzero(~same(yours[None], true[:1]))
    if not len(wrong):
        return ()
    sides = []
    for i in wrong[:100]:
        step = np.zeros(len(theta))
        step[i] = 1e-7 * (np.abs(theta).max() or 1.0)
        sides.append([float(slopes(theta + s * step, problem.data)[1][i]) for s in (-1, 1)])
    low, high = np.sort(sides, axis=1).T
    slack = 1e-5 * np.abs(true).max()
    inside = ((yours[wrong[:100]] >= low - slack) & (yours[wrong[:100]] <= high + slack)).all()
    i = int(wrong[0])
    between = (
        f"left and right of it {problem.coordinate(i)} has the derivatives {sides[0][0]:.4g} and {sides[0][1]:.4g}; yours is {yours[i]:.4g}"
    )
    kind = "yours is a subgradient, another than autodiff's" if inside else "there yours lies not between them: look at your rule for it"
    return (f"The loss has a kink at your params: {between}: {kind}. Judged at the other points.",)


# ---------------------------------------------------------------- what is left


def _in_32_bits(case: Case, slopes: Slopes, answer: Answer) -> Slip | None:
    """Right, as far as 32 bits tell: the difference is small and jumps about as rounding does, or data were rounded to 32 bits."""
    if not same(case.yours, case.true, SINGLE).all():
        return None
    problem, said = case.problem, "Right to 32 bits: your formula is the gradient of this loss"
    short = jax.tree.map(lambda a: a.astype(jnp.float32).astype(a.dtype) if jnp.issubdtype(a.dtype, jnp.floating) else a, problem.data)
    if same(case.yours, np.stack([slopes(theta, short)[1] for theta in case.thetas])).all():
        return Slip("none", f"{said}, with the data rounded to 32 bits.")
    # rounding is not smooth: where θ moves by a thousandth it jumps, and any other difference hardly changes
    rng, off = np.random.default_rng(2), lambda yours, theta, data: yours - slopes(theta, data)[1]
    for data in (problem.data, short):
        jumps = []
        for theta, yours in zip(case.thetas, case.yours, strict=True):
            near = theta * (1 + 1e-3 * rng.standard_normal(len(theta)))
            moved = _in_shape(problem, [answer(near)])
            here, there = off(yours, theta, data), np.inf if moved is None else off(moved[0], near, data)
            jumps.append(np.abs(there - here).max() > 0.05 * np.abs(here).max())
        if np.mean(jumps) > 0.5:
            return Slip("none", f"{said}; what differs is rounding. In 64 bits more digits could be compared.")
    return None


def _unknown(case: Case, slopes: Slopes, answer: Answer) -> Slip:
    """Where the two differ most: the coordinate, and the row of the data."""
    problem = case.problem
    wrong = np.flatnonzero(~same(case.yours, case.true))
    scale = np.concatenate([np.full(at.stop - at.start, np.abs(case.true[:, at]).max() or 1.0) for at in problem.leaves.values()])
    k, i = np.unravel_index(np.argmax(np.abs(case.yours - case.true) / scale), case.true.shape)
    small = (
        ""
        if not same(case.yours, case.true, 1e-4).all()
        else "The difference is small, but it is no rounding: an eps, a clip or a difference quotient? "
    )
    few = f"Only {', '.join(problem.coordinate(int(j)) for j in wrong)} differ{'s' * (len(wrong) == 1)}" if len(wrong) <= 5 else ""
    few = few if len(wrong) < len(problem.theta) else ""
    most = f"Yours and autodiff differ most in {problem.coordinate(int(i))}: {case.yours[k, i]:.6g} and {case.true[k, i]:.6g}."
    row = _row(case, slopes, answer)
    rows = "" if row is None else f" The row of the data that disagrees most is {row}."
    return Slip("unknown", f"Wrong, and not one of the usual slips. {small}{few}{'. ' * bool(few)}{most}{rows}", case.leaf())


def _row(case: Case, slopes: Slopes, answer: Answer) -> int | None:
    """The row whose own gradient is most wrong, where both gradients are means over the rows."""
    problem, theta = case.problem, case.thetas[-1]
    arrays = jax.tree.leaves(problem.data)
    n = len(arrays[0]) if arrays and arrays[0].ndim else 0
    if not 2 <= n <= MOST_ROWS or any(a.ndim == 0 or len(a) != n for a in arrays) or problem.hyper.get("weights") is not None:
        return None
    rows = [jax.tree.map(lambda a, i=i: a[i : i + 1], problem.data) for i in range(n)]
    try:
        true = np.stack([slopes(theta, row)[1] for row in rows])
        yours = _in_shape(problem, [answer(theta, row) for row in rows])
    except Exception:  # a formula that needs all rows
        return None
    if yours is None or not (same(yours.mean(axis=0)[None], case.yours[-1:]).all() and same(true.mean(axis=0)[None], case.true[-1:]).all()):
        return None
    off = (np.abs(yours - true) / (np.abs(true).max(axis=0) + np.finfo(float).tiny)).max(axis=1)
    return int(np.argmax(off)) if off.max() > 2 * np.median(off) else None


# ---------------------------------------------------------------- functions of an array


def _jacobians(problem: Problem, f: Callable[..., Array], thetas: np.ndarray) -> np.ndarray | None:
    """∂f_i/∂z_j at every point, for a function that is not elementwise; None for one that is.  (m, p) -> (m, p, p)"""
    of = lambda theta: f(problem.params_of(theta), *problem.data, **problem.hyper).ravel()
    if len(problem.theta) > MOST_FUNCTION:
        refuse(NAME, "params", f"has more than {MOST_FUNCTION} numbers for a function of an array", str(len(problem.theta)), "pass fewer")
    jacobians = np.stack(list(map(jax.jit(jax.jacrev(of)), jnp.asarray(thetas))))
    return jacobians if jacobians[:, ~np.eye(len(problem.theta), dtype=bool)].any() else None


def _of_matrix(problem: Problem, jacobians: np.ndarray, answers: list[np.ndarray]) -> Derivation:
    """The verdict on a function whose entries depend on several of its argument's, as softmax's do: the derivative is a matrix."""
    m, p, _ = jacobians.shape
    leaves, matrix = {"params": slice(0, p * p)}, jacobians.reshape(m, p * p)
    notes = (f"Entry i of the function depends on other entries than i: its derivative is a {p} × {p} matrix.",)
    sizes = {answer.size for answer in answers}
    yours = np.stack([answer.ravel() for answer in answers]) if len(sizes) == 1 else np.zeros((m, 0))
    if not np.isfinite(yours).all():
        return Derivation(False, "unknown", None, None, None, "Your derivative is not finite.", notes, None, matrix, leaves)
    if sizes == {p * p}:
        error = float(np.abs(yours - matrix).max() / np.abs(matrix).max())
        if same(yours, matrix).all():
            return Derivation(
                True, "none", None, None, error, f"Right: this is the Jacobian, at {_count(m, 'point')}.", notes, yours, matrix, leaves
            )
        return Derivation(False, "unknown", None, None, error, "This is not the Jacobian of this function.", notes, yours, matrix, leaves)
    if sizes == {p} and same(yours, np.einsum("mii->mi", jacobians)).all():
        told = "This is only the diagonal of the Jacobian: ∂f_i/∂z_i. The entries ∂f_i/∂z_j are not 0."
        return Derivation(False, "diagonal_jacobian", None, None, None, told, notes, None, matrix, leaves)
    told = f"A wrong shape: the derivative is a matrix of {p} × {p} numbers, yours has {answers[0].size}."
    return Derivation(False, "unknown", None, None, None, told, notes, None, matrix, leaves)
