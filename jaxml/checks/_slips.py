"""The catalogue of slips in a derivation.  Each entry says what the gradient would be had this slip been made, and is believed only if
that is what was returned: every coordinate, at every point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxml.checks import _graph
from jaxml.checks._graph import Graph, Rules
from jaxml.checks._problem import Problem

RELATIVE = 1e-9  # sums and cancellation by hand may cost seven of the sixteen digits; no slip is that small
ROUNDING = 1e-13  # of the largest entry anywhere: what stands for zero
MOST_NUMBERS = 10**7  # in the arrays between parameters and loss
MOST_COLUMNS = 256  # of a leaf, for which each is compared with each
ENOUGH_POINTS = 3  # a factor that is the same at fewer may be an accident


class Slip(NamedTuple):
    slip: str
    message: str
    leaf: str | None = None
    factor: float | None = None


class Case(NamedTuple):
    """What is known about a gradient that is not right: both gradients at points where the loss is smooth."""

    problem: Problem
    thetas: np.ndarray  # (m, p)
    true: np.ndarray  # (m, p)
    yours: np.ndarray  # (m, p)
    variants: Iterator[tuple[str, np.ndarray]]  # right ones: your gradient where its arguments come in other shapes

    def wrong_leaves(self) -> list[str]:
        wrong = ~same(self.yours, self.true)
        return [name for name, place in self.problem.leaves.items() if wrong[place].any()]

    def leaf(self) -> str | None:
        """The leaves that are wrong; None where all are."""
        wrong = self.wrong_leaves()
        return None if len(wrong) == len(self.problem.leaves) else " and ".join(wrong)


def same(yours: np.ndarray, expected: np.ndarray, relative: float = RELATIVE) -> np.ndarray:
    """The coordinates in which two gradients agree at every point, but for rounding.  (m, p), (m, p) -> (p,)"""
    scale, largest = np.abs(expected).max(axis=0), max(np.abs(expected).max(), np.abs(yours).max())
    return (np.abs(yours - expected) <= relative * scale + ROUNDING * largest).all(axis=0)


def find(case: Case) -> Slip | None:
    """The simplest entry that explains the gradient."""
    if len(case.thetas) < ENOUGH_POINTS:
        return None
    with np.errstate(all="ignore"):  # a candidate that divides by zero explains nothing
        simple = _broadcast(case) or _multiples(case, np.zeros_like(case.true)) or _transposed(case)
        return simple or _inside(case) or _copied(case)


# ---------------------------------------------------------------- shapes


def _broadcast(case: Case) -> Slip | None:
    for words, yours in case.variants:
        if same(yours, case.true).all():
            return broadcast(words)
    return None


def broadcast(words: str) -> Slip:
    reason = "A column (n, 1) beside a vector (n,) makes a table (n, n) of all pairs."
    return Slip("broadcast", f"Two shapes do not fit: {words} your formula gives the right gradient. {reason}")


def _transposed(case: Case) -> Slip | None:
    wrong = case.wrong_leaves()
    flipped = case.true.copy()
    for name in wrong:
        shape, place = case.problem.shapes[name], case.problem.leaves[name]
        if len(shape) != 2 or shape[0] != shape[1]:
            return None
        flipped[:, place] = case.true[:, place].reshape(-1, *shape).swapaxes(1, 2).reshape(len(flipped), -1)
    if not same(case.yours, flipped).all():
        return None
    leaf = " and ".join(wrong)
    return Slip("transposed", f"Your gradient of {leaf} is the transpose of the true one.", leaf)


# ---------------------------------------------------------------- factors


def _multiples(case: Case, penalty: np.ndarray) -> Slip | None:
    """Yours = a · (the data's part) + r · (the penalty's part), with a number a and a number r for each leaf."""
    fits = {name: _two_factors(case, case.problem.leaves[name], penalty) for name in case.problem.leaves}
    if None in fits.values():
        return None
    found = {name: fit for name, fit in fits.items() if fit is not None and fit != (None, None)}
    wrong = {name: fit for name, fit in found.items() if not set(fit) <= {1.0, None}}
    whole, data, rest = (_one({part(*fit) for fit in wrong.values()}) for part in (_of_both, _of_data, _of_penalty))
    leaf = None if len(wrong) == len(found) else " and ".join(wrong)
    if whole is not None:
        return _factor(case, whole, leaf, "")
    if rest is not None:
        return _penalty_factor(case, rest, case.leaf())
    if data is not None:
        return _factor(case, data, leaf, " but for the penalty, which is right")
    told = [
        f"{name} {_times(a)}" if a == r or r is None else f"{name} {_times(a)}, its penalty {_times(r)}" for name, (a, r) in wrong.items()
    ]
    return Slip("unknown", f"Several slips at once, each a constant factor: {'; '.join(told)}.", case.leaf())


def _two_factors(case: Case, place: slice, penalty: np.ndarray) -> tuple[float | None, float | None] | None:
    """(a, r) of one leaf; None for a part that is zero there; no answer where they do not explain it."""
    yours, true, of_penalty = case.yours[:, place], case.true[:, place], penalty[:, place]
    scale = np.maximum(np.abs(true).max(axis=0), np.abs(of_penalty).max(axis=0)) + np.finfo(float).tiny
    parts = [true - of_penalty, of_penalty]
    zero = [not np.abs(part).max() > ROUNDING * np.abs(case.true).max() for part in parts]
    columns = np.stack(
        [(part / scale).ravel() for part, none in zip(parts, zero, strict=True) if not none] or [np.zeros(yours.size)], axis=1
    )
    solved = np.linalg.lstsq(columns, (yours / scale).ravel())[0].tolist()
    a, r = (None if none else _exact(case, solved.pop(0)) for none in zero)
    expected = (a or 0.0) * parts[0] + (r or 0.0) * parts[1]
    explained = case.true.copy()
    explained[:, place] = expected
    return (a, r) if same(_with(case.true, place, yours), explained)[place].all() else None


def _with(gradients: np.ndarray, place: slice, leaf: np.ndarray) -> np.ndarray:
    changed = gradients.copy()
    changed[:, place] = leaf
    return changed


def _one(factors: set[float | None]) -> float | None:
    """The factor, if there is only one."""
    return factors.pop() if len(factors) == 1 else None


def _of_both(a: float | None, r: float | None) -> float | None:
    return a if r is None or a == r else r if a is None else None


def _of_data(a: float | None, r: float | None) -> float | None:
    return a if r in (1.0, None) else None


def _of_penalty(a: float | None, r: float | None) -> float | None:
    return r if a in (1.0, None) else None


def _factor(case: Case, factor: float, leaf: str | None, but: str) -> Slip:
    where = f"in {leaf}" if leaf else "in every parameter"
    if factor == 0:
        return Slip("leaf_zero", f"Your gradient is 0 {where}{but}: was it forgotten?", leaf, 0.0)
    if factor == -1:
        reason = "the residual is reversed, or the step of the descent stands in the formula"
        return Slip("leaf_factor" if leaf else "sign", f"The sign is wrong {where}{but}: {reason}.", leaf, -1.0)
    name, reason = _meaning(case, factor)
    if leaf and abs(factor) in (2, 0.5):  # of one leaf: no other loss has this gradient
        reason = f": a 2 is {'too much' if abs(factor) == 2 else 'missing'} there"
    return Slip("leaf_factor" if leaf else "factor", f"Off by exactly {name} {where}{but}{reason}.", leaf, factor)


def _penalty_factor(case: Case, factor: float, leaf: str | None) -> Slip:
    where = f" in {leaf}" if leaf else ""
    if factor == 0:
        return Slip("penalty_missing", f"The penalty is missing{where}: the rest is right, its part is left out.", leaf, None)
    if factor == -1:
        return Slip(
            "penalty_factor", f"The penalty's part{where} has the wrong sign: it is added to the loss, so its gradient is too.", leaf, -1.0
        )
    name, _ = _meaning(case, factor)
    reason = {2.0: ": l2/2 ‖w‖² has the gradient l2·w, l2 ‖w‖² has 2·l2·w", 0.5: ": the square's 2 is missing"}.get(factor, "")
    return Slip("penalty_factor", f"The penalty's part{where} is off by exactly {name}{reason}; the rest is right.", leaf, factor)


def _times(factor: float | None) -> str:
    return "right" if factor in (1.0, None) else f"{factor:.6g} times"


def _exact(case: Case, factor: float) -> float:
    """The named number that a fitted factor is, if it is one: 5.0 for 4.9999999999."""
    named = [0.0, 1.0, *(value for value, _, _ in _names(case))]
    near = [value * sign for value in named for sign in (1, -1) if abs(factor - value * sign) <= RELATIVE * max(value, 1e-3)]
    return near[0] + 0.0 if near else float(f"{factor:.10g}")


def _meaning(case: Case, factor: float) -> tuple[str, str]:
    """A factor by name, n = 5, and what it says."""
    sign = ", with the wrong sign too" if factor < 0 else ""
    named = [(name, reason) for value, name, reason in _names(case) if value == abs(factor)]
    if not named:
        return f"the constant {factor:.10g}", ""
    (name, reason), others = named[0], [name for name, _ in named[1:3]]
    also = f" (here also {' and '.join(others)})" if others else ""
    minus = "−" if factor < 0 else ""
    number = "" if name in ("2", "1/2") else f" = {factor:.6g}"
    return f"{minus}{name}{number}{also}", f": {reason}{sign}" if reason else sign


def _names(case: Case) -> Iterator[tuple[float, str, str]]:
    """Numbers that a gradient may be off by: their value, their name, and what they mean; the simplest first."""
    yield 2.0, "2", "it is the gradient of twice this loss"
    yield 0.5, "1/2", "it is the gradient of half this loss, of ½·MSE where the loss is MSE"
    for q, name, many in _quantities(case):
        summed, averaged = f"you summed over {many} where the loss averages", f"you averaged over {many} where the loss sums"
        if name.startswith("Σ"):
            summed, averaged = (
                "you summed where the loss divides by the weights' sum",
                "you divided by the weights' sum where the loss does not",
            )
        yield q, name, summed if many else ""
        yield 1 / q, f"1/{name}", averaged if many else ""
        if many:
            yield 2 * q, f"2{name}", f"{summed}, and a 2 is too much"
            yield q / 2, f"{name}/2", f"{summed}, and a 2 is missing"
            yield 2 / q, f"2/{name}", f"{averaged}, and a 2 is too much"
            yield 1 / (2 * q), f"1/(2{name})", f"{averaged}, and a 2 is missing"
            yield q**2, f"{name}²", f"you multiplied by {name} where the loss divides; in Python 1 / 2 * {name} is {name}/2"
            yield q**2 / 2, f"{name}²/2", f"you multiplied by {name} where the loss divides; in Python 1 / 2 * {name} is {name}/2"


def _quantities(case: Case) -> Iterator[tuple[float, str, str]]:
    """Sizes and strengths of the problem: value, name, and what there are so many of."""
    problem = case.problem
    arrays = [leaf for leaf in jax.tree.leaves(problem.data) if np.ndim(leaf)]
    weights = problem.hyper.get("weights")
    if arrays:
        yield len(arrays[0]), "n", "the rows"
    if weights is not None:
        total = float(np.sum(weights))
        yield total, "Σ weights", "the weighted rows"
        yield total / len(weights), "Σ weights / n", ""
    tables = [np.shape(a) for a in arrays if np.ndim(a) == 2] + [shape for shape in problem.shapes.values() if len(shape) == 2]
    for name, d in zip("dk", dict.fromkeys(shape[1] for shape in tables if shape[1] > 1), strict=False):
        yield d, name, "the columns"
        if arrays:
            yield d * len(arrays[0]), f"{name} n", "rows and columns"
    for name, value in problem.hyper.items():
        if np.ndim(value) == 0 and isinstance(value, (int, float, jax.Array)) and float(value) > 0:
            yield float(value), name, ""


# ---------------------------------------------------------------- inside the loss


def _inside(case: Case) -> Slip | None:
    """The entries that need the loss's own steps."""
    problem = case.problem
    graph = _graph.trace(problem)
    if graph.size > MOST_NUMBERS:
        return None
    values = _graph.values_at(problem, graph, case.thetas)
    found = _links(problem, graph, values)
    rules = _graph.rules(problem, graph, [(link.v, link.u) for link in found], values[0])
    penalty = _penalty(case, graph, rules)
    simple = (_multiples(case, penalty) if penalty.any() else None) or _penalty_on(case, penalty)
    return simple or _wrong_rule(case, graph, rules, values, found)


def _penalty(case: Case, graph: Graph, rules: Rules) -> np.ndarray:
    """The gradient of the loss's summands that no data enters.  (m, p)"""
    terms = graph.terms()
    of_data = {place: 0.0 for place in terms if place in graph.of_data}
    if not of_data or len(of_data) == len(terms):
        return np.zeros_like(case.true)
    return np.stack([rules.gradient(theta, of_data, {}) for theta in case.thetas])


def _penalty_on(case: Case, penalty: np.ndarray) -> Slip | None:
    """Yours − the true one = c θ, in the leaves that are wrong."""
    wrong, leaf = case.wrong_leaves(), case.leaf()
    places = np.concatenate([np.arange(case.problem.leaves[name].start, case.problem.leaves[name].stop) for name in wrong])
    more, theta = (case.yours - case.true)[:, places], case.thetas[:, places]
    c = float((more * theta).sum() / (theta**2).sum())
    expected = case.true.copy()
    expected[:, places] += c * theta
    if not jax.tree.leaves(case.problem.data) or not same(case.yours, expected).all():
        return None
    if penalty.any() and not penalty[:, places].any():
        told = f"The penalty is on {leaf} too: your gradient has {c:.6g} · {leaf} more. The loss does not penalise {leaf}."
        return Slip("penalty_on_bias", told, leaf)
    side, what = ("more", "a penalty that this loss does not have") if c > 0 else ("less", "a penalty is missing, or too weak")
    return Slip("penalty_factor", f"Your gradient has {abs(c):.6g} · {leaf or 'θ'} {side} than this loss's: {what}.", leaf)


# ---------------------------------------------------------------- links


def sigmoid(z: np.ndarray) -> np.ndarray:
    return np.where(z >= 0, 1.0, np.exp(-np.abs(z))) / (1 + np.exp(-np.abs(z)))


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


Numbers = Callable[[np.ndarray], np.ndarray]


class Function(NamedTuple):
    """a = f(z) and its derivative, from z and from a."""

    name: str
    value: Numbers
    slope: Numbers
    slope_from_output: Numbers
    words: tuple[str, str]


FUNCTIONS = (
    Function("σ", sigmoid, lambda z: sigmoid(z) * sigmoid(-z), lambda a: a * (1 - a), ("σ(z)(1 − σ(z))", "z(1 − z)")),
    Function("tanh", np.tanh, lambda z: 1 - np.tanh(z) ** 2, lambda a: 1 - a**2, ("1 − tanh(z)²", "1 − z²")),
    Function("ReLU", lambda z: np.maximum(z, 0), lambda z: 1.0 * (z > 0), lambda a: 1.0 * (a > 0), ("1 where z > 0, else 0", "")),
    Function("softplus", lambda z: np.logaddexp(0, z), lambda z: sigmoid(z), lambda a: 1 - np.exp(-a), ("σ(z)", "1 − exp(−z)")),
    Function("exp", np.exp, np.exp, lambda a: a, ("exp(z)", "z")),
    Function("softmax", softmax, lambda z: softmax(z) * (1 - softmax(z)), lambda a: a * (1 - a), ("diag(p) − p pᵀ", "")),
)
SIGMOID, TANH, RELU, SOFTPLUS, EXP, SOFTMAX = FUNCTIONS


class Link(NamedTuple):
    """Two arrays of the loss with v = f(u)."""

    function: Function
    v: int
    u: int
    name: str


class Candidate(NamedTuple):
    slip: str
    message: str
    change: Callable[[dict[int, np.ndarray]], tuple[dict[int, Any], dict[tuple[int, int], Any]]]


def _links(problem: Problem, graph: Graph, values: list[dict[int, np.ndarray]]) -> list[Link]:
    """The activations, however they are written: found by their values, at every point."""
    arrays = [place for place in graph.between if place in values[0]]
    close = lambda place, at: all(np.allclose(point[place], a, rtol=1e-12, atol=1e-14) for point, a in zip(values, at, strict=True))
    pairs = [
        (f, v, u)
        for f in FUNCTIONS
        for u in [*graph.inputs, *arrays]
        if u in values[0] and (f is not SOFTMAX or values[0][u].shape[-1:] > (1,))
        for at in [[f.value(point[u]) for point in values]]
        if not close(u, at)
        for v in arrays
        if v > u and values[0][v].shape == values[0][u].shape and graph.leaves_of[v] == graph.leaves_of[u] and close(v, at)
    ]
    # later arrays of the same values are copies, and later arguments of the same result only shifted, as z − max(z)
    first = {(f.name, u): v for f, v, u in reversed(pairs)}
    first = {(name, u): v for (name, v), u in {(name, v): u for (name, u), v in sorted(first.items(), reverse=True)}.items()}
    names = list(problem.leaves)
    seen: dict[int, set[str]] = {u: {names[i] for i in graph.leaves_of[u]} for _, _, u in pairs}
    found = []
    for (f_name, u), v in sorted(first.items(), key=lambda item: item[0][1]):
        function = next(f for f in FUNCTIONS if f.name == f_name)
        alike = sorted(place for name, place in first if name == f_name)
        new = seen[u] - set().union(*(seen[w] for w in seen if w < u and seen[w] < seen[u]))
        which = (
            f", number {alike.index(u) + 1} of {len(alike)}, which {' and '.join(n for n in names if n in new)} enter,"
            if len(alike) > 1
            else ""
        )
        found.append(Link(function, v, u, f"{f_name}{which}"))
    return found


def _wrong_rule(case: Case, graph: Graph, rules: Rules, values: list[dict[int, np.ndarray]], links: list[Link]) -> Slip | None:
    """The gradient with another derivative of one function in the loss, or of all of a kind."""
    m = len(case.thetas)

    def explains(candidate: Candidate, points: range, relative: float) -> bool:
        found = np.stack([rules.gradient(case.thetas[k], *candidate.change(values[k])) for k in points])
        return bool(np.isfinite(found).all() and same(case.yours[points], found, relative).all())

    for candidate in (*_at_links(links), *_at_arrays(case, graph, values)):
        if explains(candidate, range(m - 1, m), 1e-6) and explains(candidate, range(m), RELATIVE):
            return Slip(candidate.slip, candidate.message, case.leaf())
    return None


def _at_links(links: list[Link]) -> Iterator[Candidate]:
    kinds = {link.function.name: [other for other in links if other.function is link.function] for link in links}
    groups = [([link], link.name) for link in links] + [(alike, f"every {name}") for name, alike in kinds.items() if len(alike) > 1]
    for group, name in groups:
        f = group[0].function
        (right, in_z), through = f.words, f"what comes back through {name} is to be multiplied by {f.words[0]}"
        rule = lambda slip, message, slope, group=group: Candidate(slip, message, lambda at: _instead(group, slope, at))
        yield rule("link_missing", f"The derivative of {name} is missing: {through}.", lambda z, a: 1.0)
        if f is SOFTMAX:
            told = f"Of softmax's Jacobian, {right}, only the diagonal p(1 − p) is there: p_i depends on every z_j."
            yield rule("diagonal_jacobian", told, lambda z, a: a * (1 - a))
            continue
        yield rule("link_extra", f"The derivative of {name} is there twice: {through}, once.", lambda z, a, f=f: f.slope(z) ** 2)
        if f in (EXP, SOFTPLUS):  # whose derivatives, exp and σ, are the link of a model
            told = f"{right.removesuffix('(z)')} is missing: where {right} is wanted, yours has z."
            yield rule("link_missing", told, lambda z, a: z)
        if in_z:
            told = f"The derivative of {name} is {right}; yours is {in_z}: the formula for the output, applied to z."
            yield rule("unknown", told, lambda z, a, f=f: f.slope_from_output(z))
            told = f"The derivative of {name} is taken at its output in place of z: it is {right}, of z itself."
            yield rule("unknown", told, lambda z, a, f=f: f.slope(a))
    for link in kinds.get("ReLU", []):
        for other in kinds["ReLU"]:
            told = f"The mask of {link.name} is that of {other.name}: it is 1 where its own z > 0."
            yield Candidate("unknown", told, partial(_other_mask, link, other))


def _other_mask(link: Link, other: Link, at: dict[int, np.ndarray]) -> tuple[dict, dict]:
    """ReLU's derivative at another layer's z, where the layers are of one shape."""
    if at[link.u].shape != at[other.u].shape:
        return {}, {}
    return {link.v: 0.0}, {(link.v, link.u): RELU.slope(at[other.u])}


def _instead(links: list[Link], slope: Callable[[np.ndarray, np.ndarray], Any], at: dict[int, np.ndarray]) -> tuple[dict, dict]:
    """∂v = slope ∂u in place of what is right."""
    return {link.v: 0.0 for link in links}, {(link.v, link.u): slope(at[link.u], at[link.v]) for link in links}


def _at_arrays(case: Case, graph: Graph, values: list[dict[int, np.ndarray]]) -> Iterator[Candidate]:
    """δ of an array z times a derivative that the loss holds in no step of its own: a cross-entropy on logits has no σ."""
    for z in graph.between:
        if z not in values[0] or not values[0][z].ndim:
            continue
        scaled = lambda slip, message, times, z=z: Candidate(slip, message, lambda at: ({z: times(at[z])}, {}))
        for f in (SIGMOID, TANH):
            told = f"There is a factor {f.words[0]} too much, the derivative of {f.name}"
            yield scaled(
                "link_extra", f"{told}: this loss's gradient has none; with the cross-entropy it cancels and leaves p − y.", f.slope
            )
            told = f"The derivative of {f.name}, {f.words[0]}, is missing: your δ is that of {f.name}(z), not of z."
            yield scaled("link_missing", told, lambda z, f=f: 1 / f.slope(z))
        if values[0][z].ndim == 2 and values[0][z].shape[1] > 1:
            told = "There is a factor p(1 − p) too much: the derivative of softmax is in p − y already."
            yield scaled("link_extra", told, SOFTMAX.slope)
            for y in _one_hot(case.problem, values[0][z].shape):
                for slip, told, delta in DELTAS_OF_SOFTMAX:
                    yield scaled(slip, told, lambda z, y=y, delta=delta: delta(z, y) / (softmax(z) - y))
        for y in _between_0_and_1(case.problem, values[0][z].shape):
            for slip, told, delta in DELTAS_OF_SIGMOID:
                yield scaled(slip, told, lambda z, y=y, delta=delta: delta(z, y) / (sigmoid(z) - y))


Delta = tuple[str, str, Callable[[np.ndarray, np.ndarray], np.ndarray]]

# what is written in place of σ(z) − y and of softmax(z) − y: slip, message, δ
DELTAS_OF_SIGMOID: tuple[Delta, ...] = (
    ("link_missing", "σ is missing: yours has z − y where σ(z) − y belongs.", lambda z, y: z - y),
    ("unknown", "Yours has 1 where z > 0 and else 0, as the perceptron, where σ(z) belongs.", lambda z, y: (z > 0) - y),
)
DELTAS_OF_SOFTMAX: tuple[Delta, ...] = (
    ("link_missing", "softmax is missing: yours has z − y where softmax(z) − y belongs.", lambda z, y: z - y),
    (
        "unknown",
        "Yours has 1 for the likeliest class and 0 for the others where softmax(z) belongs.",
        lambda z, y: (z == z.max(axis=1, keepdims=True)) - y,
    ),
    ("unknown", "Yours has σ(z) where softmax(z) belongs.", lambda z, y: sigmoid(z) - y),
    (
        "diagonal_jacobian",
        "Of softmax's Jacobian, diag(p) − p pᵀ, only the diagonal p(1 − p) is there: the true δ is p − y.",
        lambda z, y: -y * (1 - softmax(z)),
    ),
    (
        "link_missing",
        "softmax's Jacobian is missing: your δ is that of p, −y/p; the δ of z is p − y.",
        lambda z, y: -y / softmax(z),
    ),
)


def _between_0_and_1(problem: Problem, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """The data that may be the labels of two classes, or their probabilities: one for each entry of z."""
    for leaf in map(np.asarray, jax.tree.leaves(problem.data)):
        if leaf.size == np.prod(shape) and ((leaf >= 0) & (leaf <= 1)).all():
            yield leaf.reshape(shape).astype(float)  # NumPy takes no difference of booleans


def _one_hot(problem: Problem, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """The data that may be the labels of n rows in k classes, as a table of 0 and 1.  (n, k)"""
    for leaf in map(np.asarray, jax.tree.leaves(problem.data)):
        if leaf.shape == shape and np.isin(leaf, (0, 1)).all():
            yield leaf.astype(float)
        elif leaf.shape in (shape[:1], (*shape[:1], 1)) and np.isin(leaf, np.arange(shape[1])).all():
            yield (leaf.reshape(-1, 1) == np.arange(shape[1])).astype(float)


# ---------------------------------------------------------------- copies


def _copied(case: Case) -> Slip | None:
    """Leaves, or columns of leaves, that hold the true gradient of others."""
    told = {name: _copied_leaf(case, name) or _copied_columns(case, name) for name in case.wrong_leaves()}
    if None in told.values():
        return None
    alike = [
        f"{words.format(' and '.join(name for name in told if told[name] == words))}" for words in dict.fromkeys(told.values()) if words
    ]
    return Slip("unknown", f"A copied line? {'; '.join(alike)}.", case.leaf())


def _copied_leaf(case: Case, name: str) -> str | None:
    leaves, shapes = case.problem.leaves, case.problem.shapes
    for other in leaves:
        if other != name and shapes[other] == shapes[name] and same(case.yours[:, leaves[name]], case.true[:, leaves[other]]).all():
            return f"Your gradient of {{}} is the true gradient of {other}"
    return None


def _copied_columns(case: Case, name: str) -> str | None:
    """Which columns hold which, where every wrong column holds another's; the numbers of a vector are columns too."""
    shape, place = case.problem.shapes[name], case.problem.leaves[name]
    if not shape or shape[-1] > MOST_COLUMNS:
        return None
    yours, true = (part[:, place].reshape(len(part), -1, shape[-1]) for part in (case.yours, case.true))
    holds = {}
    for j in range(shape[-1]):
        if not same(yours[..., j], true[..., j]).all():
            holds[j] = [k for k in range(shape[-1]) if k != j and same(yours[..., j], true[..., k]).all()]
    if not holds or not all(len(from_) == 1 for from_ in holds.values()):
        return None
    to, from_ = list(holds), [k for (k,) in holds.values()]
    return f"In your gradient of {{}}, {_range(to)} hold the true gradient of {_range(from_)}"


def _range(columns: list[int]) -> str:
    if len(columns) > 2 and columns == list(range(columns[0], columns[-1] + 1)):
        return f"columns {columns[0]} to {columns[-1]}"
    return f"column{'s' * (len(columns) > 1)} {', '.join(map(str, columns))}"
