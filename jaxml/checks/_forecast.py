"""What plain gradient descent will do, before its first step.

Around its minimum θ* a loss is a valley, L(θ) = L(θ*) + ½ Σ λᵢ cᵢ², with λᵢ the eigenvalues of its Hessian and cᵢ the error θ − θ* along
their eigenvectors.  A step of rate η multiplies each cᵢ by 1 − ηλᵢ, so that after k steps

    L − L(θ*) = ½ Σ λᵢ (1 − ηλᵢ)²ᵏ cᵢ²

Every error shrinks where η < 2/λmax, and the slowest shrinks fastest where η = 2/(λmin + λmax).  For a quadratic loss this is all there is;
any other is such a valley near its minimum alone.
Boyd, Vandenberghe, Convex Optimization, section 9.3; Nesterov, Introductory Lectures on Convex Optimization, section 2.1.5;
Goh, Why momentum really works, 2017.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
from jax import Array
from numpy.typing import ArrayLike

from jaxml._arguments import integer, number, refuse, vector
from jaxml.checks import _report
from jaxml.checks._problem import Problem, read, x64
from jaxml.checks._spectrum import Product, Spectrum, curvature
from jaxml.descent._data import check_optimizer, refuse_bad_start

NEAR = 1e-6  # of the loss: what a Newton step may still gain where params counts as a minimum
MOST = 100_000  # steps whose losses are predicted one by one
SAME = 1e-3  # of the loss: how far the first observed one may lie from that at params; a run in float32 rounds


class Forecast(NamedTuple):
    """What plain gradient descent does with a loss.  An error is a distance from the minimum; None is what is not known."""

    max_rate: float | None  # 2 / λmax: above it every step leads further away
    best_rate: float | None  # 2 / (λmin + λmax), with λmin the smallest that is not 0
    condition_number: float | None  # λmax / λmin, the same two
    eigenvalues: np.ndarray  # of the Hessian at params, the smallest first; of more than 500 parameters, those found
    remaining: float | None  # the share of the error along slow_direction that the steps leave; above 1 where it grows
    steps_needed: int | None  # until that share is tol
    slow_direction: str | None  # where the error shrinks most slowly at learning_rate, or grows fastest
    exact: bool  # the loss is quadratic: what is said holds everywhere, not near params alone
    message: str  # the verdict
    notes: tuple[str, ...]
    steep_direction: str | None = None  # of λmax: it sets the limit
    learning_rate: float | None = None  # the one given, or the best
    factor: float | None = None  # 1 − ηλ of slow_direction: what each step multiplies the error by
    steps: int | None = None
    tol: float = 1e-3
    remaining_overall: float | None = None  # the share of the error in all, from params on
    predicted: np.ndarray | None = None  # (steps + 1,) the loss above its minimum, before the first step and after each; 100,000 at most
    observed: np.ndarray | None = None  # the same of the losses given
    disagreement: float | None = None  # the largest difference of the two, next to predicted[0]

    def __str__(self) -> str:
        return _report.text(self.message, _evidence(self), self.notes)

    def __repr__(self) -> str:
        return f"Forecast(max_rate={self.max_rate}, best_rate={self.best_rate}, exact={self.exact}, message={self.message!r})"


def forecast(
    loss: Callable[..., Array],
    params: Any,
    *data: Any,
    learning_rate: float | None = None,
    steps: int | None = None,
    names: Sequence[str] | None = None,
    tol: float = 1e-3,
    losses: ArrayLike | None = None,
    optimizer: optax.GradientTransformation | None = None,
    **hyper: Any,
) -> Forecast:
    """What plain gradient descent from params will do with loss(params, *data, **hyper), told by its curvature there, in 64 bits.

    Without a learning_rate, at the best.  `names` are the features', or one for each parameter.  `losses` are what a run from params
    observed before each step, as Fit.losses.  `optimizer`, as minimize gets it, may stand for learning_rate: its rate is read, and with
    momentum, Adam or a schedule the report says that it does not apply.
    A loss that is not quadratic is forecast near its minimum only: pass the parameters there.  Elsewhere the limit of the rate is told,
    which holds there.  A kink, as of ReLU or the hinge, has no curvature, and no limit comes from it.
    Raises ValueError, TypeError.  Boyd, Vandenberghe, Convex Optimization, section 9.3.
    """
    f = "forecast"
    if learning_rate is not None and optimizer is not None:
        refuse(f, "optimizer", "comes with a learning_rate", f"learning_rate={learning_rate!r}", "pass one of the two")
    rate = None if learning_rate is None else float(number(f, "learning_rate", learning_rate, above=0))
    tol = float(number(f, "tol", tol, above=0, below=1))
    run = None if losses is None else np.asarray(vector(f, "losses", losses), np.float64)
    steps = (None if run is None else len(run)) if steps is None else integer(f, "steps", steps, low=1)
    with x64():
        problem = read(f, loss, params, data, hyper)
        coordinates = problem.coordinates(names)
        if optimizer is not None:
            rate = _rate_of(optimizer, problem)
        slope, theta = _slope(problem), np.asarray(problem.theta)
        value, gradient = slope(theta)
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            refuse_bad_start(f, partial(loss, **problem.hyper), params, problem.data_names, problem.data)
        product, spectrum = curvature(problem)
        with np.errstate(over="ignore", invalid="ignore"):  # far from params the loss may leave the numbers
            exact = _is_quadratic(theta, slope, gradient, product)
            kinks = not exact and _has_kinks(theta, slope)
    valley = Valley(value, gradient, spectrum, exact, kinks, coordinates)
    report = _limit(valley)
    if optimizer is not None and rate is None:
        found = "Not applicable: a step of this optimizer is not −η times the gradient, as with momentum, Adam, clipping or a schedule."
        report = report._replace(best_rate=None, condition_number=None, slow_direction=None)
        limit = "" if report.max_rate is None else f" Plain gradient descent would be stable below {report.max_rate:.4g}."
        return report._replace(message=found + limit)
    if report.condition_number is None or not valley.leads_to_a_minimum:
        return report
    return _compare(_on_the_way(report, valley, rate, steps, tol), valley, run)


class Valley(NamedTuple):
    """The loss around params, to second order."""

    value: float
    gradient: np.ndarray  # (p,)
    spectrum: Spectrum
    exact: bool
    kinks: bool
    coordinates: list[str]

    @property
    def curved(self) -> np.ndarray:
        """Where the loss curves upwards.  -> (k,) of bool"""
        return self.spectrum.values > self.spectrum.zero

    @property
    def errors(self) -> np.ndarray:
        """c, how far params are from the minimum along each curved direction.  -> (curved,)"""
        return self.spectrum.vectors[:, self.curved].T @ self.gradient / self.spectrum.values[self.curved]

    @property
    def heights(self) -> np.ndarray:
        """½ λ c², how far the loss is above its minimum by each.  -> (curved,)"""
        return self.spectrum.values[self.curved] * self.errors**2 / 2

    @property
    def slopes(self) -> np.ndarray:
        """The slope along each direction without curvature; 0 where rounding may have made it.  -> (k,)"""
        slopes = np.where(self.curved, 0, self.spectrum.vectors.T @ self.gradient)
        rounding = 1e-6 * np.linalg.norm(self.gradient) + 1e-12 * math.sqrt(self.spectrum.values[-1] * abs(self.value))
        return np.where(np.abs(slopes) > rounding, slopes, 0)

    @property
    def leads_to_a_minimum(self) -> bool:
        here = self.spectrum.is_basis and self.heights.sum() <= NEAR * abs(self.value)
        return not self.slopes.any() and bool(self.exact or here)

    def direction(self, i: int) -> str:
        """The i-th eigenvector in the parameters' names: 0.96 b − 0.28 w."""
        vector = self.spectrum.vectors[:, i]
        vector = vector * np.sign(vector[np.abs(vector).argmax()])
        size = np.abs(vector)
        parts = [j for j in np.argsort(-size, kind="stable") if size[j] >= 0.1 * size.max()]
        if size[parts[0]] > 0.995:
            return self.coordinates[parts[0]]
        told = "".join(f" {'−' if vector[j] < 0 else '+'} {size[j]:.2f} {self.coordinates[j]}" for j in parts[:4])
        return told[3:] + " …" * (len(parts) > 4)


def _limit(valley: Valley) -> Forecast:
    """What the eigenvalues tell without a rate, and without a way to a minimum."""
    values, vectors, complete = valley.spectrum
    curved, exact = valley.curved, valley.exact
    report = Forecast(None, None, None, values, None, None, None, exact, "", tuple(_notes(valley)))
    if not curved.any():
        found = "The loss curves upwards in no direction at params" if complete else "No eigenvalue of the Hessian was found"
        return report._replace(message=f"{found}: there is no limit to tell and nothing to forecast.")
    report = report._replace(max_rate=float(2 / values[-1]), steep_direction=valley.direction(len(values) - 1))
    limit = f"{'between the kinks of the loss ' if valley.kinks else ''}the rate must stay below {report.max_rate:.4g}"
    if values[0] < -100 * valley.spectrum.zero:  # beyond any rounding: a valley is not to be called a saddle
        end = "the loss has no minimum" if exact else "params are not near a minimum"
        return report._replace(message=f"It curves downwards along {valley.direction(0)}: {end}. Where it curves upwards, {limit}.")
    if not complete:
        return report._replace(message=f"{limit.capitalize()}. The smallest curvature of {len(vectors):,} parameters was not resolved.")
    first = int(curved.argmax())
    report = report._replace(
        best_rate=float(2 / (values[first] + values[-1])),
        condition_number=float(values[-1] / values[first]),
        slow_direction=valley.direction(first),
        message=f"{limit.capitalize()}; the best is {2 / (values[first] + values[-1]):.4g}.",
    )
    if valley.leads_to_a_minimum:
        return report
    if not exact:
        found = "How it goes on is not known: these parameters are not at a minimum, and on the way there the curvature changes."
        return report._replace(message=f"{limit.capitalize()} here. {found}")
    along = valley.direction(int(np.abs(valley.slopes).argmax()))
    return report._replace(message=f"The loss has no minimum: it falls for ever along {along}. For the other directions {limit}.")


def _on_the_way(report: Forecast, valley: Valley, rate: float | None, steps: int | None, tol: float) -> Forecast:
    """The report of a loss with a minimum, with what every step does at a rate: the best if None."""
    curved, best = valley.spectrum.values[valley.curved], report.best_rate or 0.0
    at = f"the best rate, {best:.4g}" if rate is None else f"rate {rate:.4g}"
    rate = best if rate is None else rate
    factors = 1 - rate * curved
    slow = int(np.abs(factors).round(12).argmax())  # at the best rate the first and the last are equal
    factor = float(factors[slow])
    direction = valley.direction(slow + len(valley.curved) - len(curved))
    report = report._replace(
        steps_needed=_steps_to(tol, factor), slow_direction=direction, learning_rate=rate, factor=factor, steps=steps, tol=tol
    )
    if steps is not None:
        with np.errstate(over="ignore", invalid="ignore"):
            left = np.abs(factors) ** steps
            if np.isinf(left[slow]):  # it left the numbers on the way
                return report._replace(message=_verdict(report, at, direction))
            report = report._replace(remaining=float(left[slow]))
            if valley.exact and valley.spectrum.is_basis and (moving := valley.errors != 0).any():
                errors, heights, squares = valley.errors[moving], valley.heights[moving], factors[moving] ** 2
                overall = np.linalg.norm(left[moving] * errors) / np.linalg.norm(errors)
                predicted = np.array([heights @ squares**k for k in range(min(steps, MOST) + 1)])
                report = report._replace(remaining_overall=float(overall), predicted=predicted[np.isfinite(predicted)])
    return report._replace(message=_verdict(report, at, direction))


def _verdict(report: Forecast, at: str, direction: str) -> str:
    factor, near = report.factor or 0.0, "" if report.exact else " near the minimum"
    if report.steps_needed is None and abs(factor) > 1 + 1e-9:
        goes = "descent diverges" if report.exact else "descent cannot settle at this minimum"
        return (
            f"At {at}, {goes}:{near} each step multiplies the error along {direction} by {factor:.4g}. The limit is {report.max_rate:.4g}."
        )
    if report.steps_needed is None:
        goes = "changes its sign at every step and does not shrink" if factor < 0 else "shrinks by less than rounding"
        return f"At {at},{near} the error along {direction} {goes}. The limit is {report.max_rate:.4g}."
    needed = f"{_count(report.steps_needed)} to leave {_share(report.tol)}"
    if report.remaining is None:
        return f"At {at},{near} it takes {needed} of the slow error."
    return f"At {at},{near} {_share(report.remaining)} of the slow error is left after {_count(report.steps)}; it takes {needed}."


def _compare(report: Forecast, valley: Valley, run: np.ndarray | None) -> Forecast:
    """The report with what a run observed."""
    if run is None or (valley.exact and report.predicted is None):
        return report
    if report.predicted is None:
        return report._replace(observed=run - valley.value)
    start = valley.heights.sum()
    if abs(run[0] - valley.value) > SAME * max(start, abs(valley.value)):
        got, wanted = f"{run[0]:.6g} first, where the loss at params is {valley.value:.6g}", "pass the parameters that the run began with"
        refuse("forecast", "losses", "did not start at params", got, wanted)
    observed = run[: len(report.predicted)] - (valley.value - start)
    apart = float(np.abs(observed - report.predicted[: len(observed)]).max() / start)
    return report._replace(observed=observed, disagreement=apart)


def _steps_to(share: float, factor: float) -> int | None:
    """The steps after which |factor|ᵏ <= share; None where it does not shrink."""
    if factor >= 1 or factor <= -1 + 1e-12:
        return None
    return 1 if abs(factor) <= share else math.ceil(math.log(share) / math.log(abs(factor)))


# ---------------------------------------------------------------- what is printed


def _notes(valley: Valley) -> list[str]:
    values, curved = valley.spectrum.values, valley.curved
    notes = ["Exact: the loss is quadratic. At random places, near and far, its gradient is what this one Hessian says."]
    if not valley.exact:
        notes = ["Local: the loss is not quadratic, so that its curvature is another elsewhere."]
    if valley.kinks:
        notes.append(
            "The slope jumps at kinks, as of ReLU or the hinge. They have no curvature, and may need a smaller rate than told here."
        )
    if curved.any() and len(flat := np.flatnonzero(np.abs(values) <= valley.spectrum.zero)) and not valley.slopes.any():
        told = f"Without curvature, to rounding, is {valley.direction(flat[0])}{', as are others' if len(flat) > 1 else ''}"
        notes.append(f"{told}: descent changes nothing along it, and it is left out here.")
    if curved.any() and valley.spectrum.complete and (scaled := _scaled_condition(valley)) < values[-1] / values[curved][0] / 2:
        notes.append(
            f"With each parameter in units in which its own curvature is 1, the condition number would be {scaled:.3g}. "
            "Where columns differ in size, preprocessing.standard_scaler does that, and centres them."
        )
    return [*notes, "This is plain gradient descent on all rows; mini-batches, momentum and Adam have other limits."]


def _scaled_condition(valley: Valley) -> float:
    """The condition number with every parameter in units in which its own curvature is 1."""
    values, vectors, _ = valley.spectrum
    h = (vectors * values) @ vectors.T
    units = np.sqrt(np.where(np.diag(h) > valley.spectrum.zero, np.diag(h), 1))
    scaled = np.linalg.eigvalsh(h / np.outer(units, units))
    return float(scaled[-1] / scaled[scaled > 10 * len(h) * np.finfo(h.dtype).eps * scaled[-1]][0])


def _evidence(report: Forecast) -> list[tuple[str, str]]:
    rows, values = [], report.eigenvalues
    if report.max_rate is not None:
        rows.append(("largest stable rate", f"{report.max_rate:.4g}, set by {report.steep_direction}"))
    if report.best_rate is not None and report.condition_number is not None:
        fewest = _steps_to(report.tol, (report.condition_number - 1) / (report.condition_number + 1))
        there = f", where it takes {_count(fewest)}" if report.factor is not None and fewest is not None else ""
        rows.append(("best rate", f"{report.best_rate:.4g}{there}"))
        rows.append(("condition number", f"{report.condition_number:,.4g} = {values[-1]:.4g} / {values[-1] / report.condition_number:.4g}"))
    if report.slow_direction is not None:
        each = "" if report.factor is None else f": each step multiplies its error by {_factor(report.factor)}"
        rows.append(("slow direction", report.slow_direction + each))
    if report.remaining_overall is not None and report.steps_needed is not None:
        rows.append(("error left in all", f"{_share(report.remaining_overall)} of the distance, after {_count(report.steps)}"))
    if report.disagreement is not None and report.predicted is not None and report.observed is not None:
        end = len(report.observed) - 1
        rows.append(
            (f"at step {end:,}", f"predicted {report.predicted[end]:.4g} above the least loss, observed {report.observed[end]:.4g}")
        )
        rows.append(("furthest apart", f"{report.disagreement:.1g} of what both start with"))
    return rows


def _share(x: float) -> str:
    """18.4%, or 2.1e-09 of what would be 0.0%."""
    return f"{100 * x:.3g}%" if x >= 1e-3 else f"{x:.2g}"


def _factor(x: float) -> str:
    """0.9983, or 1 − 2.1e-08."""
    return f"1 − {1 - x:.2g}" if 0 < 1 - x < 1e-4 else f"{x:.4g}"


def _count(steps: int | None) -> str:
    steps = steps or 0
    return f"{steps:,} step" + "s" * (steps != 1)


# ---------------------------------------------------------------- the loss, the optimizer


def _slope(problem: Problem) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """θ ↦ L(θ), ∇L(θ)."""
    program = jax.jit(lambda theta, data: jax.value_and_grad(problem._replace(data=data).value)(theta))

    def slope(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = program(theta, problem.data)
        return float(value), np.asarray(gradient)

    return slope


def _is_quadratic(theta: np.ndarray, slope: Callable, gradient: np.ndarray, product: Product) -> bool:
    """Whether ∇L(θ + Δ) = ∇L(θ) + H Δ in every entry, for random Δ about as long as θ, 1e3 and 1e6 times as long, and for −Δ.

    Kinks fail too: past one, as 0 is of |θ| on the way to Δ or to −Δ, the gradient has jumped where H has not changed.
    """
    random = np.random.default_rng(0)
    drawn = [size * (1 + np.abs(theta)) * random.standard_normal(len(theta)) for size in (1, 1e3, 1e6)]
    for step in [sign * step for step in drawn for sign in (1, -1)]:
        change, found = product(step), slope(theta + step)[1]
        # infinity and NaN, as of an exponential, compare as False
        if not (np.abs(found - gradient - change) <= 1e-6 * (np.abs(found) + np.abs(gradient) + np.abs(change))).all():
            return False
    return True


def _has_kinks(theta: np.ndarray, slope: Callable) -> bool:
    """Whether the gradient jumps, somewhere on a random line through θ.

    The half in which it bends more, next to its size, is halved 30 times: a smooth bend becomes 4 times smaller in each, a jump stays.
    """
    along = (1 + np.abs(theta)) * np.random.default_rng(1).standard_normal(len(theta))
    at, norm = lambda t: slope(theta + t * along)[1], np.linalg.norm
    low, high = -10.0, 10.0
    left, middle, right = at(low), at(0.0), at(high)
    bends, sizes = [], []
    for _ in range(30):
        first, second = at((3 * low + high) / 4), at((low + 3 * high) / 4)
        halves = (left, first, middle), (middle, second, right)
        bend, size = zip(*((norm(2 * m - a - b), norm(a) + norm(b) or 1.0) for a, m, b in halves), strict=True)
        half = int(bend[1] / size[1] >= bend[0] / size[0])
        low, high = ((low, (low + high) / 2), ((low + high) / 2, high))[half]
        left, middle, right = halves[half]
        bends.append(bend[half])
        sizes.append(size[half])
    return bool(bends[-1] > bends[-11] / 2 and bends[-1] > 1e-9 * sizes[-1])


def _rate_of(optimizer: optax.GradientTransformation, problem: Problem) -> float | None:
    """η, if every update is −η times its gradient, whatever the parameters and the steps before; None otherwise."""
    check_optimizer("forecast", optimizer)
    random = np.random.default_rng(0)
    drawn = lambda size: problem.params_of(size * random.standard_normal(len(problem.theta)))
    state = optimizer.init(drawn(1.0))
    if jax.tree.leaves(state):  # momentum, Adam's averages, a schedule's count
        return None
    flat = lambda tree: np.concatenate([np.asarray(leaf).ravel() for leaf in jax.tree.leaves(tree)])
    rates = []
    for size in (1.0, 1e-6, 1e6):  # what clips or normalises shows at one of them
        gradient = drawn(size)
        rates.append(-flat(optimizer.update(gradient, state, drawn(1.0))[0]) / flat(gradient))
    rate = float(f"{np.median(rates):.14g}")
    return rate if rate > 0 and np.allclose(rates, rate, rtol=1e-6, atol=0) else None
