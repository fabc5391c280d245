"""Is autodiff's gradient the slope of the loss?  In a test:  assert check_gradients(loss, params, x, y).ok

With Dₜ = (L(θ + t u) − L(θ − t u)) / 2t, the slope along u is the limit of Dₜ as t falls.  Dₜ errs by t² where L is smooth, and
by rounding / t.  So t is taken from 100 down to 1e-15, two neighbours leave no error of t², and three say how far they can be trusted.
Press, Teukolsky, Vetterling, Flannery, Numerical Recipes, section 5.7.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxml.checks import _problem, _report
from jaxml.checks._operations import dtypes

STEPS = 10.0 ** np.arange(2, -16, -1)  # t
FINEST = 3  # of these steps: nothing but rounding is left there
EVERY = 500  # parameters up to which each is checked; beyond, as many directions: four in five are parameters
TOLERANCE = 1e-6


class Gradients(NamedTuple):
    """Autodiff's gradient beside central differences, in 64 bits."""

    ok: bool
    max_error: float | None  # |autodiff − difference| over the larger of both, at its largest; None where the loss or a slope is not finite
    worst: str  # the parameter where it is
    kinks: tuple[str, ...]  # parameters along which the loss has a corner here; autodiff's slope lies between those of its two sides
    n_checked: int  # parameters and directions
    autodiff: float | None  # the slope along `worst`, by autodiff
    difference: float | None  # and by differences
    wrong: tuple[str, ...]  # parameters whose slope is wrong
    unseen: tuple[str, ...]  # parameters whose slope is lost in the rounding of the loss, for differences
    flat: bool  # every slope is exactly 0

    def __str__(self) -> str:
        if self.max_error is None:
            remedy = (
                "A gradient can be checked only where the loss and its slope are finite: checks.autopsy says which operation is to blame."
            )
            return _report.text(f"Not checked: {self.worst} is not finite at these parameters.", notes=[remedy])
        evidence, notes = [("largest relative error", f"{self.max_error:.1e}, along {self.worst}")], []
        if self.wrong:
            evidence += [
                ("by autodiff", f"{self.autodiff:.9g}"),
                ("by differences", f"{self.difference:.9g}"),
                ("wrong", _some(self.wrong)),
            ]
            notes += ["Autodiff follows custom_vjp, custom_jvp and stop_gradient without a doubt: look for one between these and the loss."]
        if self.kinks:
            evidence += [("kinks", _some(self.kinks))]
            notes += ["At a kink (of |z|, max, ReLU) the loss has two slopes, and autodiff's lies between them: no error."]
        if self.unseen:
            evidence += [("too flat to tell", _some(self.unseen))]
        if self.flat:
            notes += [
                "Every slope is exactly 0: no descent can start. The loss goes in steps, as an error rate does, or lacks the parameters."
            ]
        found = "is the slope of the loss" if self.ok else f"is wrong in {len(self.wrong)}"
        return _report.text(f"Autodiff's gradient {found}: {self.n_checked} slopes were compared with differences.", evidence, notes)


def check_gradients(loss: Callable[..., Array], params: Any, *data: Any, **hyper: Any) -> Gradients:
    """Autodiff's gradient of loss(params, *data, **hyper) against central differences, in 64 bits.

    Each of up to 500 parameters; of more, 400 drawn at random, and 100 random directions through all.  Neither the scale of the loss
    nor that of a parameter matters: an error counts relative to its slope, and is one above 1e-6.  Raises ValueError, TypeError.
    """
    with _problem.x64():
        problem = _problem.read("check_gradients", loss, params, data, hyper)
        # subtle: the data are arguments of a program, not its constants, which XLA would spend seconds on
        both = jax.jit(lambda theta, data: jax.value_and_grad(problem._replace(data=data).value)(theta))
        value, gradient = both(problem.theta, problem.data)
        value, gradient = float(value), np.asarray(gradient)
        if not np.isfinite(value) or not np.isfinite(gradient).all():
            place = f"∂L/∂{problem.coordinate(int(np.argmin(np.isfinite(gradient))))}" if np.isfinite(value) else "the loss"
            return Gradients(False, None, place, (), 0, None, None, (), (), False)
        directions, names = _directions(problem)
        after, before = _along(problem, directions)
        eps = max(float(jnp.finfo(dtype).eps) for dtype in dtypes(jax.make_jaxpr(problem.value)(problem.theta)))
    # of L, and of the parameters that move
    rounding = 4 * eps * (abs(value) + (directions != 0) @ np.abs(gradient * np.asarray(problem.theta)))
    return _judge(names, directions @ gradient, np.abs(directions).max(axis=1), value, after, before, rounding)


def _directions(problem: _problem.Problem) -> tuple[np.ndarray, list[str]]:
    """Where to go from θ: as far along a parameter as it is large, and 1 where it is smaller.  -> (m, p)"""
    p, length = problem.theta.size, np.maximum(1, np.abs(np.asarray(problem.theta)))
    if p <= EVERY:
        return np.diag(length), [problem.coordinate(i) for i in range(p)]
    rng = np.random.default_rng(0)
    some, mixed = np.sort(rng.choice(p, EVERY * 4 // 5, replace=False)), EVERY // 5
    names = [problem.coordinate(i) for i in some] + [f"random direction {i}" for i in range(mixed)]
    return np.concatenate([np.eye(p)[some], rng.standard_normal((mixed, p)) / np.sqrt(p)]) * length, names


def _along(problem: _problem.Problem, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """L(θ + t u) and L(θ − t u) for each direction u and each step t.  -> (m, steps) twice"""
    both_ways = jnp.concatenate([STEPS, -STEPS])

    def along_each(directions: Array, data: tuple) -> Array:
        value = problem._replace(data=data).value
        return jax.lax.map(lambda u: jax.vmap(lambda t: value(problem.theta + t * u))(both_ways), directions)

    values = jax.jit(along_each)(directions, problem.data)
    after, before = np.split(np.asarray(values), 2, axis=1)
    return after, before


def _judge(
    names: list[str], autodiff: np.ndarray, lengths: np.ndarray, value: float, after: np.ndarray, before: np.ndarray, rounding: np.ndarray
) -> Gradients:
    """The report, from autodiff's slopes (m,) along directions so long, and the losses (m, steps) on both sides, exact to rounding (m,)."""
    with np.errstate(all="ignore"):  # a long step may leave the finite numbers: such a slope is not trusted
        slope, doubt, kink = _slopes(autodiff, value, after, before, rounding)
        larger = np.maximum(np.abs(autodiff), np.abs(slope))
        apart = np.abs(autodiff - slope)
        # what rounding leaves open is no error
        apart = np.where(doubt <= TOLERANCE * larger, apart, np.maximum(0, apart - doubt))
        error = np.where(kink | (apart == 0), 0, apart / larger)
    wrong, at = error > TOLERANCE, int(np.argmax(error))
    unseen = ~kink & ~wrong & (doubt > 0.01 * larger) & (larger > 0)
    named = lambda which: tuple(name for name, is_so in zip(names, which, strict=True) if is_so)
    measured = float(autodiff[at] / lengths[at]), float(slope[at] / lengths[at])
    flat = not (autodiff.any() or wrong.any())
    return Gradients(not wrong.any(), float(error[at]), names[at], named(kink), len(names), *measured, named(wrong), named(unseen), flat)


def _slopes(
    autodiff: np.ndarray, value: float, after: np.ndarray, before: np.ndarray, rounding: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By differences: the slope along each direction, how far it may be off, and whether there is a kink with autodiff's slope in it."""
    jump = (after - 2 * value + before) / STEPS  # of the slope, from one side to the other: falls with t, except at a kink
    # subtle: a loss may hold more rounding than its size tells, if large numbers cancel in it; the finest steps show it
    noise = np.fmax(rounding, np.max(np.abs(jump * STEPS)[:, -FINEST:], axis=1))[:, None] / STEPS
    central = (after - before) / (2 * STEPS)
    better = (100 * central[:, 1:] - central[:, :-1]) / 99  # of each two neighbours, for tᵢ / tᵢ₊₁ = 10
    slope = better[:, 1:]
    doubt = 3 * (np.abs(better[:, 1:] - better[:, :-1]) + 4 * noise[:, 2:])
    slope, doubt = np.where(np.isfinite(doubt), slope, 0), np.where(np.isfinite(doubt), doubt, np.inf)
    # the slope is a limit: a longer step counts only if no shorter one contradicts it
    highest, lowest = _over_shorter(np.minimum, slope + doubt), _over_shorter(np.maximum, slope - doubt)
    best = np.argmin(np.where((slope - doubt <= highest) & (slope + doubt >= lowest), doubt, np.inf), axis=1)
    wide, near, middle, noise = np.abs(jump[:, 1:-1]), np.abs(jump[:, 2:]), central[:, 2:], noise[:, 2:]
    seen = near > np.fmax(10 * noise, 1e-4 * np.abs(middle))
    falls = (near < 0.5 * wide) & (wide > 10 * noise)
    between = np.abs(autodiff[:, None] - middle) <= (0.5 + 1e-4) * near + noise
    kink = seen & between & ~_over_shorter(np.logical_or, falls) & (np.arange(seen.shape[1]) >= best[:, None])
    row = np.arange(len(best))
    return slope[row, best], doubt[row, best], kink.any(axis=1)


def _over_shorter(combine: np.ufunc, values: np.ndarray) -> np.ndarray:
    """Over each step and all shorter ones."""
    return combine.accumulate(values[:, ::-1], axis=1)[:, ::-1]


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
