"""Why did a descent diverge?  It is run again, by the program that minimize runs, to the step that failed; and that step is looked into.

In order of proof: what stands in the data; a table of differences where rows were meant; a rate above the limit

    η > 2 / λ,    λ the largest eigenvalue of ∇²L;    with heavy-ball momentum β,  η > 2 (1 + β) / λ

above which each step of gradient descent multiplies the error along λ's eigenvector by 1 − ηλ, below −1; an operation that leaves the
finite numbers.  Whatever cannot be shown is "not_identified".
Polyak, Some methods of speeding up the convergence of iteration methods, 1964; Goh, Why momentum really works, Distill, 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jax.flatten_util import ravel_pytree

from jaxml._arguments import integer, number
from jaxml.checks import _operations, _problem, _report
from jaxml.checks._operations import Culprit
from jaxml.checks._spectrum import curvature
from jaxml.descent._data import check_loss, check_optimizer, data_names, finite_data, finite_params, refuse_bad_rows, split_hyper
from jaxml.descent._minimize import CLIMB, State, _descend, all_finite
from jaxml.preprocessing import standard_scaler

LONGEST = 20_000  # steps of the run at half the limit
MARGIN = 1e-4  # by which a rate must be above its limit
NO_LIMIT = "has no limit to exceed: the optimizer is neither plain gradient descent nor heavy-ball momentum"
CAUSES = ("rate_above_limit", "overflow", "log_of_zero", "nan_gradient", "bad_data", "broadcast", "none", "not_identified")

Evidence = tuple[tuple[str, str], ...]


class Autopsy(NamedTuple):
    """Why a run diverged."""

    step: int | None  # the update that failed, from 0, as in DivergedError; None where there was none
    cause: str  # one of CAUSES
    evidence: Evidence  # what was seen, and the numbers
    message: str
    remedy: str
    losses: np.ndarray  # before each update, up to the one that failed
    rate: float | None = None  # the following: of plain gradient descent, and with heavy-ball momentum, where the rate is to blame
    limit: float | None = None
    eigenvalue: float | None = None  # λ
    along: str | None = None  # the parameter that its eigenvector points along most

    def __str__(self) -> str:
        return _report.text(self.message, self.evidence, [self.remedy] if self.remedy else [])

    def __repr__(self) -> str:
        return f"Autopsy(step={self.step}, cause={self.cause!r}, message={self.message!r})"


class Descent(NamedTuple):
    """What minimize was called with."""

    loss: Callable[..., Array]
    params: Any
    data: tuple[Any, ...]
    arrays: dict[str, Any]
    constants: tuple
    optimizer: optax.GradientTransformation
    steps: int
    tol: float
    names: list[str]  # of the data

    def value(self, params: Any) -> Array:
        # subtle: the data are traced, as in minimize; the models look at the values of others
        of_traced = jax.jit(lambda data, arrays: self.loss(params, *data, **arrays, **dict(self.constants)))
        return of_traced(self.data, self.arrays)

    def run(self) -> State:
        """To its end, or to the last place where all was finite: the program of minimize itself."""
        return _descend(self.loss, self.constants, self.optimizer, self.steps, self.params, self.data, self.arrays, self.tol)


def autopsy(
    loss: Callable[..., Array],
    params: Any,
    *data: Any,
    optimizer: optax.GradientTransformation,
    steps: int,
    tol: float | None = None,
    names: Sequence[str] | None = None,
    **hyper: Any,
) -> Autopsy:
    """Why minimize(loss, params, *data, optimizer=..., steps=..., **hyper) diverged, by running it again.

    Call it with what minimize was called with, in the same width; `names` are those of the features, for the report.
    A rate is blamed for plain gradient descent and heavy-ball momentum alone: they have a limit.  Of fit, pass the rows of one batch.
    Raises ValueError and TypeError for what minimize refuses, but for NaN and infinity, which it reports.
    """
    check_loss("autopsy", loss)
    check_optimizer("autopsy", optimizer)
    steps = integer("autopsy", "steps", steps, low=1)
    tol = -1.0 if tol is None else number("autopsy", "tol", tol, low=0)
    called = data_names(loss, len(data))
    bad = _bad_number({"params": params, **dict(zip(called, data, strict=True)), **hyper})
    if bad:
        what, where = bad
        remedy = "Remove or replace such rows; no rate and no stable formula helps against them."
        message = f"The data are bad before the first step: {what} is {where}."
        return Autopsy(None, "bad_data", ((what, where),), message, remedy, np.zeros(0))
    params, data = finite_params("autopsy", params), finite_data("autopsy", called, data)
    arrays, constants = split_hyper("autopsy", hyper)
    descent = Descent(loss, params, data, arrays, constants, optimizer, steps, tol, called)
    try:
        jax.eval_shape(descent.value, params)
    except ValueError as refusal:
        return _refused(descent, refusal)
    end = descent.run()
    broadcast, table = _broadcast(descent, end)
    if broadcast:
        return broadcast
    report = _of_the_end(descent, end, names)
    return report._replace(evidence=report.evidence + table)


# ---------------------------------------------------------------- the data


def _bad_number(arguments: dict[str, Any]) -> tuple[str, str] | None:
    """The first NaN or infinity: in which argument, and where."""
    for name, value in arguments.items():
        for path, leaf in jax.tree_util.tree_flatten_with_path(value)[0]:
            try:
                with np.errstate(over="ignore"):  # beyond float32 is infinity there
                    array = np.asarray(jnp.asarray(leaf if hasattr(leaf, "dtype") else np.asarray(leaf)))
            except (TypeError, ValueError):  # what minimize refuses
                continue
            bad = _operations.not_finite(array)
            if bad.any():
                at = np.argwhere(bad)[0].tolist()
                where = f" at row {at[0]}" * bool(at) + (f", column {at[1]}" if len(at) == 2 else f", index {tuple(at)}" if at[2:] else "")
                more = f", and {bad.sum() - 1} more" if bad.sum() > 1 else ""
                return name + jax.tree_util.keystr(path), f"{array[tuple(at)]}{where}{more}"
    return None


# ---------------------------------------------------------------- a table where rows were meant


def _refused(descent: Descent, refusal: ValueError) -> Autopsy:
    """A loss that refuses its data: if for a column in place of a vector, the report says so."""
    for name, said, changed in _reshaped(descent):
        try:
            jax.eval_shape(changed.value, descent.params)
        except (ValueError, TypeError):
            continue
        evidence = (("the loss says", str(refusal)), ("with the other shape", f"{said} is taken"))
        return Autopsy(None, "broadcast", evidence, f"The loss refuses the shape of {name}.", f"Pass {said}.", np.zeros(0))
    raise refusal


def _reshaped(descent: Descent) -> Iterator[tuple[str, str, Descent]]:
    """The same descent with each column (n, 1) as a vector (n,), or a vector as a column: the argument, how it is reshaped, the descent."""
    for i, (name, value) in enumerate(zip(descent.names, descent.data, strict=True)):
        shape: tuple[int, ...] = getattr(value, "shape", ())
        if len(shape) == 1 or (len(shape) == 2 and shape[1] == 1):
            other, said = (value[:, None], f"{name}[:, None]") if len(shape) == 1 else (value.ravel(), f"{name}.ravel()")
            yield name, said, descent._replace(data=(*descent.data[:i], other, *descent.data[i + 1 :]))


def _broadcast(descent: Descent, end: State) -> tuple[Autopsy | None, Evidence]:
    """A target of shape (n, 1) against predictions (n,): shown by a table (n, n), which is gone with the other shape.

    It is the cause if all goes well with the other shape; if both diverge, no more than evidence.
    """
    for name, said, changed in _reshaped(descent):
        shape = descent.data[descent.names.index(name)].shape
        n = shape[0]
        # subtle: with a row less the table must shrink, or it is one of rows and classes
        if n < 3 or not all(0 <= _tables(changed, *rows) < _tables(descent, *rows) for rows in ((n, n), (n, n - 1))):
            continue
        # subtle: at a start of zeros both may be the same
        given, other = (float(a.value(end.params)) for a in (descent, changed))
        if np.isclose(given, other, rtol=1e-5):
            continue
        table: Evidence = (
            ("the table", f"{n} × {n} numbers, of {n} rows; gone with {said}"),
            ("the loss at the last step", f"{given:.4g}; with {said}, {other:.4g}"),
        )
        if bool(changed.run().failed):
            return None, table if end.failed else ()
        step = int(end.step) if end.failed else None
        message = f"{name} has the shape {shape}: the loss compares every row with every other."
        evidence = (*table, (f"the run with {said}", "does not diverge"))
        return Autopsy(step, "broadcast", evidence, message, f"Pass {said}.", _losses(end)), ()
    return None, ()


def _tables(descent: Descent, rows: int, n: int) -> int:
    """How many operations of the loss make an (n, n) table, if n of the rows are passed; -1 where it cannot be called."""
    cut = lambda a: jax.ShapeDtypeStruct((n, *a.shape[1:]) if a.shape[:1] == (rows,) else a.shape, a.dtype)
    data, arrays = jax.tree.map(cut, (descent.data, descent.arrays))
    loss = lambda params, data, arrays: descent.loss(params, *data, **arrays, **dict(descent.constants))
    try:
        closed = jax.make_jaxpr(loss)(descent.params, data, arrays)
    except (TypeError, ValueError):
        return -1
    return sum(getattr(v.aval, "shape", ()) == (n, n) for equation in _operations.equations(closed.jaxpr) for v in equation.outvars)


# ---------------------------------------------------------------- the step that failed


def _losses(end: State) -> np.ndarray:
    return np.asarray(end.losses)[: max(0, int(end.step))]


def _of_the_end(descent: Descent, end: State, names: Sequence[str] | None) -> Autopsy:
    n, losses = int(end.step), _losses(end)
    if not end.failed:
        message = f"The run did not diverge: in {n} steps the loss went from {float(end.losses[0]):.4g} to {float(end.value):.4g}."
        rose = float(end.value) > float(end.losses[0])
        return Autopsy(None, "none", _limit_at_the_start(descent) if rose else (), message, "It rose: use a smaller rate." * rose, losses)
    step, at = (n, _after_the_update(descent, end)) if n >= 0 else (None, descent.params)
    when = f"at step {n}" if n >= 0 else "before the first step"
    # subtle: the data are arguments of a program, not its constants, which XLA would spend seconds on
    value, grads = jax.jit(lambda p, data: jax.value_and_grad(descent._replace(data=data).value)(p))(at, descent.data)
    shown: Evidence = ()
    if n >= 0:
        shown = (("the loss", f"{float(end.losses[0]):.4g} at the start, {float(end.value):.4g} before, {float(end.failure):.4g} after"),)
    cause, said, remedy, culprit = _operation(descent, at, value, grads)
    rate = _rate(descent, end, names, culprit) if n >= 0 else None
    if culprit:
        shown += (("the operation", culprit.said), *((("where", culprit.place),) if culprit.place else ()))
    if rate:
        return rate._replace(step=step, evidence=rate.evidence + shown, losses=losses)
    if n < 0 and _operations.watch(descent.value, at).writes_nan and (row := _bad_row(descent)):
        message, remedy = "The loss is not defined on a row of the data: it makes NaN of it.", "Mend or remove it; labels are 0 ... k-1."
        return Autopsy(None, "bad_data", (("the row", row),), message, remedy, losses)
    fallen = _fallen(descent, end, at) if n >= 0 and cause in ("overflow", "not_identified") else None
    if fallen is not None:
        said = f"the loss falls without end, from {float(end.losses[0]):.4g} at the start to {fallen:.4g}, and meets no minimum on the way"
        remedy = "Look at the sign of the loss: what should grow, as a likelihood, is minimized with a minus. "
        remedy += "If the sign is right, add a penalty that grows faster than the loss falls."
        cause = "not_identified"
    elif cause == "not_identified" and not culprit:
        why = "cannot be shown to be above a limit" if _rate_and_momentum(descent) else NO_LIMIT
        shown += (("the rate", why),)
    return Autopsy(step, cause, shown, f"Diverged {when}: {said}.", remedy, losses)


def _after_the_update(descent: Descent, end: State) -> Any:
    """The parameters that the failed update led to."""
    optimizer = optax.with_extra_args_support(descent.optimizer)
    extra = {"value": end.value, "grad": end.grads, "value_fn": descent.value}
    updates = jax.jit(lambda grads, state, params: optimizer.update(grads, state, params, **extra)[0])(end.grads, end.optimizer, end.params)
    return optax.apply_updates(end.params, updates)


def _operation(descent: Descent, at: Any, value: Array, grads: Any) -> tuple[str, str, str, Culprit | None]:
    """The cause, in words, the remedy, and the operation, if the loss or the gradient at `at` is not finite."""
    if not all_finite(at):
        return "not_identified", "the update itself left the finite numbers", "Use a smaller rate.", None
    if np.isfinite(value):
        if all_finite(grads):
            said = "the loss climbed past 1,000 times its start, and every number is finite"
            return "not_identified", said, "Try a tenth of the rate, and standardised columns.", None
        culprit = _operations.blame(jax.grad(descent.value), at)
        if culprit is None or (culprit.kind == "overflow" and not _operations.watch(descent.value, at).hides):
            return _words(culprit, "the gradient")
        said = f"the loss is {float(value):.4g}, and its gradient is not finite"
        remedy = "sqrt and norm have no finite slope at 0, and where() differentiates what it leaves out as well: "
        remedy += "put a harmless argument inside, as where(x > 0, sqrt(where(x > 0, x, 1)), 0)."
        return "nan_gradient", said, remedy, culprit
    return _words(_operations.blame(descent.value, at), "the loss")


def _words(culprit: Culprit | None, of: str) -> tuple[str, str, str, Culprit | None]:
    if culprit is None:
        return "not_identified", f"{of} is not finite, and run operation by operation it is", "", None
    if culprit.kind == "overflow":
        remedy = "Use a form that cannot overflow: jax.nn.softplus, logsumexp and log_softmax for exp in a loss; smaller arguments else."
        return "overflow", f"an operation of {of} overflows", remedy, culprit
    if culprit.kind == "log_of_zero":
        remedy = "Use a form from which 0 cannot come: jax.nn.log_sigmoid(z) for log(σ(z)), log_sigmoid(-z) for log(1 − σ(z)), log_softmax."
        return "log_of_zero", f"{of} takes the logarithm of 0", remedy, culprit
    return "not_identified", f"an operation of {of} is not defined there", "Keep its argument where it is defined.", culprit


def _bad_row(descent: Descent) -> str | None:
    """The first row whose own loss is not finite, in words."""
    try:
        constants = {k: v for k, v in {**descent.arrays, **dict(descent.constants)}.items() if k != "weights"}
        refuse_bad_rows("autopsy", partial(descent.loss, **constants), descent.params, descent.names, descent.data)
    except ValueError as error:
        return str(error).partition("first in ")[2].partition("; pass")[0].replace("; got", ":") or None
    return None


def _fallen(descent: Descent, end: State, at: Any) -> float | None:
    """The loss after the failed update, in 64 bits where it can be, if it lies below all others, and far below the size of the first."""
    losses = np.append(_losses(end), float(end.value))
    value = float(end.failure)
    with _problem.x64(), suppress(TypeError):  # a loop that holds to float32
        value = float(_read(descent).value(_theta(at)))
    return value if value < min(losses.min(), -CLIMB * np.abs(losses[:2]).max()) else None


# ---------------------------------------------------------------- the rate


def _rate(descent: Descent, end: State, names: Sequence[str] | None, culprit: Culprit | None) -> Autopsy | None:
    """The report that blames the rate, if it can be shown:

    the optimizer has a limit; the rate is above it where the climb begins and where it ends; at half the limit the run is fine; and
    the climb takes more than one step, or its only one overflows (a logarithm of 0 would be there at other rates too).
    """
    found = _rate_and_momentum(descent)
    if found is None:
        return None
    rate, beta = found
    losses = np.append(_losses(end), float(end.value))
    lowest, last = int(np.argmin(losses)), len(losses) - 1
    if lowest == last and culprit and culprit.kind != "overflow":
        return None
    begin, before = _after(descent, lowest), _after(descent, max(0, last - 1))
    growth, limit_when_scaled = None, None
    with _problem.x64():
        try:
            problem = _read(descent)
            first = _bend(problem, begin)
            final = first if lowest == last else _bend(problem, end.params)
            slopes = jax.jit(lambda theta, data: jax.grad(problem._replace(data=data).value)(theta))
            if lowest < last:
                growth = float(
                    final.vector @ slopes(_theta(end.params), problem.data) / (final.vector @ slopes(_theta(before), problem.data))
                )
            at = int(np.abs(first.vector).argmax())
            column, limit_when_scaled = _column(descent, problem, at, names)
        except (TypeError, ValueError):  # it has no second derivative, or none in 64 bits
            return None
    limits = [2 * (1 + beta) / bend.eigenvalue if bend.eigenvalue > 0 else np.inf for bend in (first, final)]
    if rate <= (1 + MARGIN) * max(limits):
        return None
    safe = 0.5 * min(limits)
    slower = optax.sgd(safe, momentum=beta or None)
    steps = int(min(LONGEST, max(descent.steps, np.ceil(2 * (last + 1) * rate / safe))))
    if bool(descent._replace(optimizer=slower, steps=steps, tol=-1.0).run().failed):
        return None
    limit, along = limits[0], problem.coordinates(names)[at]
    constant = bool(np.isclose(limits[0], limits[1], rtol=0.01))  # as for a quadratic loss
    evidence = [
        ("the limit", f"2{' (1 + β)' if beta else ''} / λ = {limit:.4g}, with λ = {first.eigenvalue:.4g} the largest curvature"),
        (f"at the rate {safe:.3g}", f"{steps} steps do not diverge"),
    ]
    grows = ""
    if not beta:
        a_step = "Each step" if constant else f"The step {lowest}"
        grows = f"{a_step} multiplies the error along {along} by {1 - rate * first.eigenvalue:.4g}."
        if growth is not None:
            if not growth < -1:  # another kind of climb; NaN where the error has no part along it
                return None
            evidence += [("growth of a step", f"{1 - rate * final.eigenvalue:.4g} by λ; {growth:.4g} in the last one of the run")]
    evidence += column
    remedy = f"Use a rate below {limit:.3g}" if constant else f"Use a rate near {safe:.3g}, at which the run is fine"
    if limit_when_scaled and limit_when_scaled * (1 + beta) > 2 * limit:
        remedy += f", or standardise the columns (preprocessing.standard_scaler): then the limit is {limit_when_scaled * (1 + beta):.3g}"
    at_that_step = "" if constant else f" at step {lowest}"
    message = f"Diverged at step {last}: the rate {rate:.4g} is above the limit {limit:.3g} of this loss{at_that_step}. {grows}".strip()
    return Autopsy(None, "rate_above_limit", tuple(evidence), message, f"{remedy}.", losses, rate, limit, first.eigenvalue, along)


def _limit_at_the_start(descent: Descent) -> Evidence:
    """The rate beside its limit, where it has one."""
    found = _rate_and_momentum(descent)
    if found is None:
        return ()
    (rate, beta), largest = found, 0.0
    with _problem.x64(), suppress(TypeError, ValueError):  # it may have no second derivative
        largest = _bend(_read(descent), descent.params).eigenvalue
    if largest <= 0:
        return ()
    return (("the rate", f"{rate:.4g}; the limit at the start is 2{' (1 + β)' if beta else ''} / λ = {2 * (1 + beta) / largest:.4g}"),)


def _rate_and_momentum(descent: Descent) -> tuple[float, float] | None:
    """η and β, if every update is −η (g + β g' + β² g'' + …) of this gradient and those before, and nothing else; None otherwise."""
    with _problem.x64():
        theta, params_of = ravel_pytree(_problem.in_float64(descent.params))
        random = np.random.default_rng(0)
        drawn = lambda size: size * random.standard_normal(len(theta))
        flat = lambda tree: np.concatenate([np.asarray(leaf, np.float64).ravel() for leaf in jax.tree.leaves(tree)])

        def updates(*gradients: np.ndarray) -> list[np.ndarray]:
            """One after the other, at other parameters each."""
            state, out = start, []
            for gradient in gradients:
                update, state = descent.optimizer.update(params_of(jnp.asarray(gradient)), state, params_of(jnp.asarray(drawn(1.0))))
                out.append(flat(update))
            return out

        try:
            start = descent.optimizer.init(params_of(theta))
            if not all(jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in jax.tree.leaves(start)):
                return None  # a count: of Adam, or of a schedule
            g, h = drawn(1.0), drawn(1.0)
            one, two, three = updates(g, 0 * g, 0 * g)
            rate = float(f"{np.median(-one / g):.7g}")
            beta = float(f"{np.median(-two / g) / rate:.7g}") if rate > 0 else 0.0
            close = partial(np.allclose, rtol=1e-5, atol=0)
            fine = (
                rate > 0 and 0 <= beta < 1 and close(one, -rate * g) and close(two, -rate * beta * g) and close(three, -rate * beta**2 * g)
            )
            fine &= close(updates(g, h)[1], -rate * (h + beta * g), atol=1e-6 * rate)
            fine &= all(close(updates(size * g)[0], -rate * size * g) for size in (1e-8, 1e8))  # what clips or normalises shows here
        except (TypeError, ValueError):  # it wants more than the gradient
            return None
    return (rate, beta) if fine else None


@partial(jax.jit, static_argnums=(0, 1, 2))
def _walk(loss: Callable, constants: tuple, optimizer: Any, params: Any, data: tuple, arrays: dict, n: Array) -> Any:
    """The parameters after n updates."""
    gradient = jax.grad(lambda p: loss(p, *data, **arrays, **dict(constants)))

    def step(_: int, now: tuple[Any, Any]) -> tuple[Any, Any]:
        updates, state = optimizer.update(gradient(now[0]), now[1], now[0])
        return optax.apply_updates(now[0], updates), state

    return jax.lax.fori_loop(0, n, step, (params, optimizer.init(params)))[0]


def _after(descent: Descent, n: int) -> Any:
    """The parameters after n updates, in the width of the run."""
    if n == 0:
        return descent.params
    return _walk(descent.loss, descent.constants, descent.optimizer, descent.params, descent.data, descent.arrays, jnp.int32(n))


class Bend(NamedTuple):
    """The largest curvature of the loss at one place."""

    eigenvalue: float
    vector: np.ndarray  # (p,), its eigenvector


def _bend(problem: _problem.Problem, params: Any) -> Bend:
    """To be called inside x64().  ValueError where the loss has no second derivative, or its eigenvalues are not found."""
    values, vectors, _ = curvature(problem._replace(theta=_theta(params)))[1]
    if not len(values):
        raise ValueError
    return Bend(float(values[-1]), vectors[:, -1])


def _theta(params: Any) -> Array:
    return ravel_pytree(_problem.in_float64(params))[0]


def _read(descent: Descent) -> _problem.Problem:
    return _problem.read("autopsy", descent.loss, descent.params, descent.data, {**descent.arrays, **dict(descent.constants)})


def _column(descent: Descent, problem: _problem.Problem, at: int, names: Sequence[str] | None) -> tuple[Evidence, float | None]:
    """The column that a parameter weighs, its size, and the limit with all columns standardised; where that can be told."""
    leaf, place = next((leaf, place) for leaf, place in problem.leaves.items() if place.start <= at < place.stop)
    shape = problem.shapes[leaf]
    tables = [i for i, value in enumerate(problem.data) if getattr(value, "ndim", 0) == 2 and value.shape[1:] == shape[:1]]
    if not tables or not jnp.issubdtype(problem.data[tables[0]].dtype, jnp.floating):
        return (), None
    i, column = tables[0], int(np.unravel_index(at - place.start, shape)[0])
    x = np.asarray(problem.data[i])
    size = np.sqrt(np.mean(x**2, axis=0))
    others = f"; that of the others is {np.median(np.delete(size, column)):.3g} in the middle" if len(size) > 1 else ""
    said = (names[column] if names is not None and len(names) == x.shape[1] else f"column {column}") + f" of {descent.names[i]}"
    evidence = ((said, f"its root mean square is {size[column]:.4g}{others}"),)
    scaled = standard_scaler.transform(standard_scaler.fit(x), x)
    moved = descent._replace(data=(*descent.data[:i], scaled, *descent.data[i + 1 :]))
    largest = _bend(_read(moved), descent.params).eigenvalue
    return evidence, 2 / largest if largest > 0 else None
