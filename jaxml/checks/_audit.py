"""Are these coefficients a minimum of this loss?  By its first and second derivatives in 64 bits, whoever made the coefficients.

With g = ∇L(θ) and H = ∇²L(θ), Newton's step δ = −H⁻¹g leads to where the quadratic through θ is least, and promises to lower L by
½ gᵀH⁻¹g.  Neither depends on the units of x, and over L the promise does not depend on those of L.  All is computed on parameters that
are scaled so that H has no entry above 1.  Nocedal, Wright, Numerical Optimization, 2nd ed., chapters 2 and 3.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from jaxml._arguments import describe, refuse
from jaxml.checks import _report
from jaxml.checks._problem import Problem, read, x64
from jaxml.checks._standard_errors import Likelihood, covariance, likelihood_of
from jaxml.checks._svm_certificate import Certificate, certify
from jaxml.descent._curvature import DENSE, hessian
from jaxml.descent._data import refuse_bad_rows
from jaxml.models import svm

GAIN = 1e-5  # of the loss: what Newton's step may promise at a stationary point
PRINTED = 1e-2  # the same where the step only adds digits that were not printed
FLAT = 1e-12  # of the largest eigenvalue of the scaled H: what rounding cannot tell from 0
CHANCE = 1e-5  # that a gradient of random direction looks like that of a penalty
CORNERS = (1e-6, 1e-3)  # how near a corner counts, in steps that change the loss by about itself
ROWS = 12  # of the table of coefficients
BLOCK = 16  # places where the loss is evaluated in one call


class Penalty(NamedTuple):
    """The penalty that makes θ a minimum."""

    l2: float
    leaves: tuple[str, ...]
    digits: int  # of l2 that can be told
    replaces: float | None  # the l2 that the loss has
    usual: bool  # l2/2 ‖·‖², and not something else that the loss calls l2


class Audit(NamedTuple):
    """What the derivatives at the coefficients say."""

    stationary: bool | None  # None: not decided
    minimum: bool | None
    gradient_norm: float | None  # |∇L|
    smallest_eigenvalue: float | None  # of the Hessian on scaled parameters: at most 1 or so, 0 where flat
    implied_l2: float | None  # the l2 with which they are a minimum, where they are none of this loss
    standard_errors: Any  # in the form of the parameters, or None
    kind: str  # minimum, many minima, saddle, maximum, flat, penalised, not stationary, corner, too many parameters
    refused: str  # why there are no standard errors; empty where there are
    loss: float
    params: Any  # as NumPy arrays
    names: tuple[str, ...] = ()  # of the p parameters, in the order of ravel_pytree
    covariance: np.ndarray | None = None  # (p, p)
    newton_step: Any = None  # −H⁻¹g, in the form of the parameters
    gain: float | None = None  # how much of the loss Newton's step promises to take away
    rests_on: str = ""  # what makes them stationary: rounding, the digits given, or a promise that is too small
    lower: float | None = None  # a loss near by that settles it
    penalty: Penalty | None = None  # of implied_l2
    likelihood: Likelihood | None = None  # what the loss, without its l2, was found to be
    certificate: Certificate | None = None  # of an svm

    def __repr__(self) -> str:
        shown = {name: getattr(self, name) for name in self._fields[:5]}
        return f"Audit(kind={self.kind!r}, {', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    def __str__(self) -> str:
        if self.certificate is not None:
            return str(self.certificate)
        return _report.text(_found(self), [*_evidence(self), *_table(self)], _notes(self))


def audit(loss: Callable[..., Array], params: Any, *data: Any, names: Sequence[str] | None = None, **hyper: Any) -> Audit:
    """Whether params, from anywhere, is a minimum of loss(params, *data, **hyper); if not, with which L2 penalty it would be one.

    Stationary means: Newton's step promises less than 1e-5 of the loss, or only adds digits to those that were given, or the gradient is
    rounding; and no penalty explains the gradient better.  Standard errors come with a minimum of a mean of −log P(y | x), or of squared
    residuals, over rows; what the loss is, is found by evaluating it.  With svm.loss, the certificate is the duality gap.
    Up to 500 parameters; `names` are the features', or one for each parameter.  Raises ValueError, TypeError.
    Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, sections 3.2, 4.4 and 8.2.2.
    """
    if loss is svm.loss:
        return _of_a_machine(params, certify(params, *data, **hyper))
    with x64():
        problem = _with_l2(read("audit", loss, params, data, hyper))
        return _large(problem) if len(problem.theta) > DENSE else _dense(problem, params, problem.coordinates(names))


# ---------------------------------------------------------------- the loss around θ


class Place(NamedTuple):
    """The loss at θ, and its derivatives there along the columns of a basis."""

    value: float
    gradient: np.ndarray  # (p,)
    hessian: np.ndarray  # (p, p)


class Around:
    """The loss near θ: compiled once for each loss and shape of data."""

    def __init__(self, problem: Problem) -> None:
        self.theta, hyper = np.asarray(problem.theta), problem.hyper
        self.has_l2 = "l2" in hyper
        self.l2 = float(hyper.get("l2", 0.0))
        arrays = {k: v for k, v in hyper.items() if any(hasattr(leaf, "dtype") for leaf in jax.tree.leaves(v))}
        constants = tuple((k, v) for k, v in hyper.items() if k not in arrays)
        self.arrays = arrays
        self.call = (problem.loss, constants, problem.params_of(problem.theta), problem.data)

    def place(self, basis: np.ndarray, l2: float | None = None, step: np.ndarray | None = None) -> Place:
        """At θ + step, with another l2."""
        arrays = self.arrays if l2 is None else {**self.arrays, "l2": jnp.asarray(l2)}
        step = np.zeros(len(self.theta)) if step is None else step
        value, gradient, bend = _derivatives(*self.call, arrays, step, basis)
        return Place(float(value), np.asarray(gradient), np.asarray(bend))

    def along(self, steps: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The loss at θ + step, and its slope there along a direction, for each row.  (m, p), (m, p) -> (m,), (m,)"""
        m = len(steps)
        pad = lambda a: np.concatenate([a, np.zeros((-m % BLOCK, a.shape[1]))]).reshape(-1, BLOCK, a.shape[1])
        found = [_along(*self.call, self.arrays, s, d) for s, d in zip(pad(steps), pad(directions), strict=True)]
        values, slopes = (np.concatenate([np.asarray(f[i]) for f in found])[:m] for i in (0, 1))
        return values, slopes


def _with_l2(problem: Problem) -> Problem:
    """l2 as a number that can be changed, where the loss has it: the one given, else the loss' own."""
    try:
        own = inspect.signature(problem.loss).parameters["l2"].default
    except (TypeError, ValueError, KeyError):
        return problem
    l2 = problem.hyper.get("l2", own)
    return problem._replace(hyper={**problem.hyper, "l2": jnp.asarray(l2, float)}) if isinstance(l2, (int, float, Array)) else problem


@partial(jax.jit, static_argnums=(0, 1))
def _derivatives(loss: Callable, constants: tuple, params: Any, data: tuple, arrays: dict, step: Array, basis: Array) -> tuple:
    theta, params_of = ravel_pytree(params)
    value_of = lambda u: loss(params_of(theta + step + basis @ u), *data, **arrays, **dict(constants))
    start = jnp.zeros_like(theta)
    return *jax.value_and_grad(value_of)(start), hessian(value_of, start)


@partial(jax.jit, static_argnums=(0, 1))
def _along(
    loss: Callable, constants: tuple, params: Any, data: tuple, arrays: dict, steps: Array, directions: Array
) -> tuple[Array, Array]:
    theta, params_of = ravel_pytree(params)
    value_of = lambda t: loss(params_of(t), *data, **arrays, **dict(constants))
    return jax.lax.map(lambda row: jax.jvp(value_of, (theta + row[0],), (row[1],)), (steps, directions))


class Bend(NamedTuple):
    """The eigenvalues of a Hessian on scaled parameters, θ = diag(scale) u."""

    scale: np.ndarray  # (p,)
    eigenvalues: np.ndarray  # (p,), ascending
    axes: np.ndarray  # (p, p): in θ, the columns along which H is diag(eigenvalues)
    flat: np.ndarray  # (p,) bool: eigenvalues that rounding cannot tell from 0

    @property
    def basis(self) -> np.ndarray:
        """The axes at such lengths that H is ±1 along each; along a flat one, as if at the limit of what is flat."""
        size = np.abs(self.eigenvalues)
        return self.axes / np.sqrt(np.maximum(size, FLAT * max(size.max(), 1)))


def _bend(h: np.ndarray) -> Bend:
    """The scaling that makes the largest entry of each row 1 (Ruiz, 2001), and what H is then."""
    scale = np.ones(len(h))
    for _ in range(40):  # each halves the digits by which a row is off
        largest = np.abs(scale[:, None] * h * scale).max(axis=1)
        scale /= np.sqrt(np.where(largest > 0, largest, 1))
    eigenvalues, vectors = np.linalg.eigh(scale[:, None] * h * scale)
    flat = np.abs(eigenvalues) <= FLAT * max(np.abs(eigenvalues).max(), 1)
    return Bend(scale, eigenvalues, scale[:, None] * vectors, flat)


# ---------------------------------------------------------------- the verdict


def _dense(problem: Problem, given: Any, names: list[str]) -> Audit:
    """Up to 500 parameters: all second derivatives."""
    around = Around(problem)
    here = around.place(np.eye(len(around.theta)))
    _refuse_not_finite(problem, here)
    bend = _bend(here.hessian)
    rests_on = _stationary(here, bend, around.theta, given)
    likelihood = likelihood_of(problem, around.theta, bend.scale * np.sqrt(abs(here.value)))
    penalty = None if rests_on == "rounding" else _implied_penalty(problem, around, here, bend, likelihood, given)
    if penalty is None and not rests_on and _only_adds_digits(around, here, bend, given):
        rests_on = "digits"
    kind, lower = "penalised", None
    if penalty is None and rests_on:
        kind, lower = _kind_of_stationary(around, here, bend)
    elif penalty is None:
        kind = "not stationary"
    corner = penalty is None and _has_corner(around, here, bend, CORNERS[:1] if rests_on else CORNERS)
    if corner:
        lower = _lower_place(around, here, bend)
        kind = "corner" if lower is None else "not stationary"
    sigma, refused = covariance(problem, likelihood, kind, around.l2, lambda basis: around.place(basis).hessian, bend.basis, here.value)
    in_form = lambda vector: jax.tree.map(np.asarray, problem.params_of(jnp.asarray(vector)))
    return Audit(
        stationary={"penalised": False, "not stationary": False, "corner": None}.get(kind, True),
        minimum={"minimum": True, "many minima": True, "flat": None, "corner": None}.get(kind, False),
        gradient_norm=float(np.linalg.norm(here.gradient)),
        smallest_eigenvalue=0.0 if bend.flat.any() and bend.eigenvalues[0] >= -FLAT else float(bend.eigenvalues[0]),
        implied_l2=None if penalty is None else penalty.l2,
        standard_errors=None if sigma is None else in_form(np.sqrt(np.diag(sigma))),
        kind=kind,
        refused=refused,
        loss=here.value,
        params=in_form(around.theta),
        names=tuple(names),
        covariance=sigma,
        newton_step=in_form(_newton_step(here, bend)),
        gain=_gain(here, bend),
        rests_on=rests_on,
        lower=lower,
        penalty=penalty,
        likelihood=likelihood,
    )


def _refuse_not_finite(problem: Problem, here: Place) -> None:
    if not (np.isfinite(here.value) and np.isfinite(here.gradient).all() and np.isfinite(here.hessian).all()):
        params = problem.params_of(problem.theta)
        refuse_bad_rows("audit", partial(problem.loss, **problem.hyper), params, problem.data_names, problem.data)
        refuse("audit", "params", "is where the loss or a derivative is not finite", describe(params), "pass finite, smaller coefficients")


def _promises(here: Place, bend: Bend) -> np.ndarray:
    """½ (gᵀv)²/|λ| along each axis.  (p,)"""
    return (bend.basis.T @ here.gradient) ** 2 / 2


def _gain(here: Place, bend: Bend, of: Any = slice(None)) -> float | None:
    """What Newton's step promises, along some of the axes, over |L|; None where the loss is 0 and the gradient is not."""
    promise = _promises(here, bend)[of].sum()
    return float(promise / abs(here.value)) if here.value else (None if promise else 0.0)


def _newton_step(here: Place, bend: Bend) -> np.ndarray:
    """−|H|⁻¹g, downhill; along flat directions 0.  (p,)"""
    basis = np.where(bend.flat, 0, bend.basis)
    return -basis @ (basis.T @ here.gradient)


def _stationary(here: Place, bend: Bend, theta: np.ndarray, given: Any) -> str:
    """What makes θ stationary, "" if nothing does."""
    gain, step = _gain(here, bend), _newton_step(here, bend)
    # what rounding leaves of a sum of terms that cancel: those of H θ, and for θ = 0 of √L √H
    terms = np.abs(here.hessian) @ np.abs(theta) + np.sqrt(abs(here.value)) / bend.scale
    if (np.abs(here.gradient) <= 16 * np.finfo(float).eps * terms).all():
        return "rounding"
    if gain is not None and gain <= GAIN:
        return "promise"
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(given)]
    eps = max(np.finfo(leaf.dtype).eps if leaf.dtype.kind == "f" else 0.0 for leaf in leaves)
    rounding = 4 * eps * np.abs(theta / bend.scale).max()
    still = (_gain(here, bend, bend.flat) or 0.0) <= GAIN
    if still and np.abs(step / bend.scale).max() <= rounding:
        return "rounding"
    return ""


def _only_adds_digits(around: Around, here: Place, bend: Bend, given: Any) -> bool:
    """Whether the minimum near by rounds to the coefficients: to as many decimals as they have at most, or to as many digits."""
    if (_gain(here, bend) or 1.0) > PRINTED:
        return False
    step, leaves = _newton_step(here, bend), [np.asarray(leaf) for leaf in jax.tree.leaves(given)]
    for _ in range(4):
        there = around.place(np.eye(len(step)), step=step)
        step = step + _newton_step(there, _bend(there.hessian))
    digits = [Decimal(str(number)).normalize() for leaf in leaves for number in leaf.ravel()]
    most = max(len(d.as_tuple().digits) for d in digits)
    decimals = 0.5 * 10.0 ** -max(-int(d.as_tuple().exponent) for d in digits)
    significant = np.array([0.5 * 10.0 ** (d.adjusted() + 1 - most) if d else 0.0 for d in digits])
    return most >= 2 and any((np.abs(step) <= 1.001 * half).all() for half in (decimals, significant))


def _implied_penalty(
    problem: Problem, around: Around, here: Place, bend: Bend, likelihood: Likelihood | None, given: Any
) -> Penalty | None:
    """The l2 with which θ is a minimum, if one explains the gradient: on the weights, or on all parameters if that does better."""
    theta, rank = around.theta, int((~bend.flat).sum())
    best, least = None, np.inf
    for leaves, pull, own in _pulls(problem, around, here):
        extra, error = _fitted(here, bend, pull, theta)
        total = extra + (around.l2 if own else 0.0)
        total = 0.0 if abs(total) <= 10 * error * abs(extra) else total
        # a gradient of random direction lies that near to a given line with a chance of about error^(rank - 1),
        # and its l2 that near to a round number, which people choose, with one of about 16 error
        chance = error ** (rank - 1) * (min(1.0, 16 * error) if _is_round(total, 3 * error, likelihood) else 1.0)
        if total < 0 or error > 1e-2 or chance > CHANCE or error > least / 10:
            continue
        if own:
            there = around.place(np.eye(len(theta)), total)
        else:
            value = here.value + extra / 2 * float(pull @ theta)
            there = Place(value, here.gradient + extra * pull, here.hessian + extra * np.diag(pull != 0))
        bent = _bend(there.hessian)
        if _stationary(there, bent, theta, given) and bent.eigenvalues[0] >= -FLAT * bent.eigenvalues[-1]:
            usual, digits = bool(np.allclose(pull[pull != 0], theta[pull != 0])), int(np.clip(-np.log10(max(error, 1e-9)), 1, 3))
            best, least = Penalty(total, leaves, digits, around.l2 or None, usual), error
    return best


def _is_round(l2: float, error: float, likelihood: Likelihood | None) -> bool:
    """Whether l2, or what scikit-learn calls it, is 1, 2 or 5 times a power of ten, to a relative error."""
    if l2 <= 0:
        return False
    numbers = [l2] if likelihood is None else [l2, l2 * likelihood.rows / 2 if likelihood.kind == "squares" else 1 / (l2 * likelihood.rows)]
    near = [abs(n / (nice * 10.0**power) - 1) for n in numbers for power in [np.floor(np.log10(n))] for nice in (1, 2, 5, 10)]
    return min(near) <= error


def _pulls(problem: Problem, around: Around, here: Place) -> list[tuple[tuple[str, ...], np.ndarray, bool]]:
    """Penalties that θ may have been found with: the leaves they are on, their gradient for l2 = 1, whether the loss' own l2 is theirs."""
    theta, leaves = around.theta, problem.leaves
    found = []
    if around.has_l2:
        pull = around.place(np.eye(len(theta)), around.l2 + 1).gradient - here.gradient
        found.append((tuple(name for name, place in leaves.items() if pull[place].any()), pull, True))
    else:
        most = max(len(shape) for shape in problem.shapes.values())
        is_bias = {n: len(problem.shapes[n]) < most or n.rpartition(".")[2] in ("b", "bias", "intercept") for n in leaves}
        weights = tuple(name for name in leaves if not is_bias[name])
        found.append((weights, np.concatenate([theta[place] * (name in weights) for name, place in leaves.items()]), False))
    if around.l2 == 0:
        found.append((tuple(leaves), theta, False))
    return [(names, pull, own) for names, pull, own in found if pull.any()]


def _fitted(here: Place, bend: Bend, pull: np.ndarray, theta: np.ndarray) -> tuple[float, float]:
    """The λ for which g + λ pull is shortest, and how long it is then over g: measured by the Hessian of the penalised loss."""
    stiffness = np.divide(pull, theta, out=np.zeros_like(pull), where=theta != 0)
    basis = np.diag(bend.scale)
    for _ in range(5):
        g, c = basis.T @ here.gradient, basis.T @ pull
        extra = -float(g @ c) / float(c @ c)
        error = float(np.linalg.norm(g + extra * c) / np.linalg.norm(g))
        basis = _bend(here.hessian + extra * np.diag(stiffness)).basis
    return extra, error


def _kind_of_stationary(around: Around, here: Place, bend: Bend) -> tuple[str, float | None]:
    """Minimum, saddle, maximum or flat; and a lower loss near by where there is one."""
    if not bend.flat.any() and bend.eigenvalues[0] > 0:
        return "minimum", None
    unit = np.sqrt(abs(here.value)) or 1.0  # along an axis of eigenvalue 1, a step that changes the loss by about half of itself
    steps = [sign * t * unit * bend.axes.T for t in (1e-4, 1e-3, 1e-2, 1e-1, 1.0) for sign in (1, -1)]
    values = np.array([around.along(step, step)[0] for step in steps])  # (steps, axes)
    rounding = 1e-9 * abs(here.value) + 2 * _promises(here, bend).sum()
    lower = values < here.value - rounding
    falls = lower.any(axis=0) & (bend.flat | (bend.eigenvalues < 0))
    if falls.any():
        kind = "maximum" if (bend.eigenvalues < 0).all() and not bend.flat.any() else "saddle"
        return kind, float(values[:, falls].min())
    still = (np.abs(values - here.value) <= rounding).all(axis=0)
    if (bend.eigenvalues[~bend.flat] > 0).all() and still[bend.flat].all():
        return "many minima", None
    return "flat", None


def _has_corner(around: Around, here: Place, bend: Bend, reach: tuple[float, ...]) -> bool:
    """Whether a slope of the loss jumps near θ, along some coordinate: |w| at 0, a hinge, a ReLU.

    Over a step the slope changes by about H times the step; where it changes by much more, the place is halved until the jump is all of it.
    """
    size, axes = abs(here.value) or 1.0, np.eye(len(around.theta))
    curvature = np.diag(here.hessian)
    step = 1 / (np.abs(here.gradient) / size + np.sqrt(np.abs(curvature) / size) + np.finfo(float).tiny)
    step = np.where(step < 1e300, step, np.maximum(np.abs(around.theta), 1.0))
    slope = lambda t: around.along(axes * t[:, None], axes * step[:, None])[1]
    for h in reach:
        low, high = -h * step, h * step
        at_low, at_high = slope(low), slope(high)
        jump = np.abs(at_high - at_low)
        suspicious = jump > 10 * h * size
        for _ in range(20 if suspicious.any() else 0):
            middle = (low + high) / 2
            at = slope(middle)
            left = np.abs(at - at_low) > np.abs(at_high - at)
            low, high = np.where(left, low, middle), np.where(left, middle, high)
            at_low, at_high = np.where(left, at_low, at), np.where(left, at, at_high)
        if (suspicious & (np.abs(at_high - at_low) > jump / 10)).any():
            return True
    return False


def _lower_place(around: Around, here: Place, bend: Bend) -> float | None:
    """A loss that is lower by a thousandth, if a step against the gradient leads to one; near a corner only that is a proof."""
    downhill = -(bend.scale**2) * here.gradient
    slope = -float(downhill @ here.gradient)
    if slope == 0:
        return None
    steps = np.outer(abs(here.value) / slope * 0.5 ** np.arange(BLOCK), downhill)
    lowest = float(np.nanmin(around.along(steps, steps)[0]))
    return lowest if lowest < here.value - 1e-3 * abs(here.value) else None


def _large(problem: Problem) -> Audit:
    """More than 500 parameters: the gradient alone, and whether a step against it leads lower."""
    value, gradient = jax.jit(jax.value_and_grad(problem.value))(problem.theta)
    here = Place(float(value), np.asarray(gradient), np.zeros((0, 0)))
    _refuse_not_finite(problem, here)
    norm, value_at = float(np.linalg.norm(here.gradient)), jax.jit(problem.value)
    steps = (abs(here.value) / norm**2 * 0.5**k for k in range(BLOCK if norm > 0 else 0))
    losses = (float(value_at(problem.theta - step * gradient)) for step in steps)
    lower = next((found for found in losses if found < (1 - np.sign(here.value) * GAIN) * here.value), None)
    decided = None if lower is None else False
    return Audit(
        stationary=decided,
        minimum=decided,
        gradient_norm=norm,
        smallest_eigenvalue=None,
        implied_l2=None,
        standard_errors=None,
        kind="too many parameters" if lower is None else "not stationary",
        refused=f"{len(gradient):,} parameters are more than {DENSE}: second derivatives were not computed",
        loss=here.value,
        params=jax.tree.map(np.asarray, problem.params_of(problem.theta)),
        lower=lower,
    )


def _of_a_machine(params: Any, certificate: Certificate) -> Audit:
    """An svm's loss has corners: its dual says what derivatives cannot."""
    return Audit(
        stationary=certificate.minimum,
        minimum=certificate.minimum,
        gradient_norm=None,
        smallest_eigenvalue=None,
        implied_l2=None,
        standard_errors=None,
        kind="minimum" if certificate.minimum else "not stationary",
        refused="the loss of a support vector machine is no likelihood",
        loss=certificate.primal,
        params=params,
        certificate=certificate,
    )


# ---------------------------------------------------------------- in words


def _found(audit: Audit) -> str:
    """The verdict in one sentence."""
    if audit.penalty is not None:
        l2, on = _digits(audit.penalty.l2, audit.penalty.digits), " and ".join(audit.penalty.leaves)
        if audit.penalty.l2 == 0:
            return "Not a minimum of this loss: it is the minimum of this loss without its penalty, l2 = 0."
        if audit.penalty.replaces is not None:
            return f"Not a minimum of this loss: it is the minimum of this loss with l2 = {l2} in place of {audit.penalty.replaces:g}."
        names = _elsewhere(audit.penalty, audit.likelihood)
        called = f", which scikit-learn calls {names[0]}" if names else ""
        plus = f"plus an L2 penalty of {l2} on {on}{called}" if audit.penalty.usual else f"with l2 = {l2}"
        return f"Not a minimum of this loss: it is the minimum of this loss {plus}."
    lower = "" if audit.lower is None else f": the loss is {audit.loss:.6g} here, and {audit.lower:.6g} near by"
    rests_on = {"digits": ", to the digits given", "rounding": ", to rounding"}.get(audit.rests_on, "")
    return {
        "minimum": f"A minimum of this loss{rests_on}.",
        "many minima": f"A minimum of this loss{rests_on}, and not the only one: along some directions the loss does not change.",
        "saddle": f"Stationary, but no minimum: a saddle{lower}.",
        "maximum": f"Stationary, but no minimum: a maximum{lower}.",
        "flat": "Stationary; whether a minimum is not decided: along some directions the second derivative is 0.",
        "not stationary": f"Not a minimum of this loss{lower or ', and no L2 penalty is seen that would make it one'}.",
        "corner": "Not decided: the loss has a corner here or very near, and at its minimum its gradient need not be 0.",
        "too many parameters": "Not decided: the gradient alone does not tell, and there are too many parameters for second derivatives.",
    }[audit.kind]


def _evidence(audit: Audit) -> list[tuple[str, str]]:
    rows = [("loss", f"{audit.loss:.6g}"), ("length of the gradient", f"{audit.gradient_norm:.2e}")]
    if audit.gain is not None and audit.gain <= 1 and audit.kind != "corner":
        rows.append(("Newton's step would", f"lower the loss by {audit.gain:.1e} of itself"))
    if audit.standard_errors is not None:
        shares = [np.abs(s) / np.maximum(e, np.finfo(float).tiny) for s, e in _pairs(audit.newton_step, audit.standard_errors)]
        rows.append(("", f"move a coefficient by at most {max(s.max() for s in shares):.1e} standard errors"))
    if audit.smallest_eigenvalue is not None:
        rows.append(("smallest curvature", f"{audit.smallest_eigenvalue:.2e}, where the largest entries of the Hessian are scaled to 1"))
    if audit.penalty is not None:
        names = _elsewhere(audit.penalty, audit.likelihood)
        rows += [("that penalty in Keras", names[1])] if names else []
    return rows


def _table(audit: Audit) -> list[tuple[str, str]]:
    """Every coefficient with its standard error, or the reason why there is none."""
    if audit.standard_errors is None:
        return [("standard errors", f"none: {audit.refused}")]
    pairs = np.concatenate([np.stack([a.ravel(), e.ravel()], axis=1) for a, e in _pairs(audit.params, audit.standard_errors)])
    rows = [(name, f"{a:.6g} ± {e:.4g}") for name, (a, e) in zip(audit.names[:ROWS], pairs, strict=False)]
    rest = [("", f"and {len(pairs) - ROWS} more, in .standard_errors")] if len(pairs) > ROWS else []
    return [("coefficients", "estimate ± standard error"), *rows, *rest]


def _pairs(a: Any, b: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def _notes(audit: Audit) -> list[str]:
    """What to do about it."""
    if audit.penalty is not None:
        whatever = "A descent from 0 that is stopped early on scaled columns can end at such a place too."
        return [f"Audit again with that penalty in the loss, or fit without it. {whatever}"]
    notes = {
        "not stationary": (
            "Let the descent go on, or look whether x, y and the loss are those that the coefficients were made with. "
            "Where classes are separated by a plane and there is no penalty, there is no minimum to arrive at."
        ),
        "many minima": "Drop a dependent column, leave out a redundant class, or add a penalty: then there is one.",
        "corner": "See whether steps in several directions lower the loss; for a support vector machine, audit svm.loss.",
        "too many parameters": f"Audit a part of up to {DENSE} parameters: a loss of the last layer alone, say.",
    }
    return [notes[audit.kind]] if audit.kind in notes else []


def _elsewhere(penalty: Penalty, likelihood: Likelihood | None) -> list[str]:
    """What others call a penalty of l2/2 ‖w‖² on such a mean."""
    if likelihood is None or not np.isclose(likelihood.per_row, 1) or penalty.l2 == 0 or not penalty.usual:
        return []
    keras = f"regularizers.L2({_digits(penalty.l2 / 2, penalty.digits)})"
    if likelihood.kind == "nats":
        return [f"C = {_digits(1 / (penalty.l2 * likelihood.rows), penalty.digits)}", keras]
    return [f"alpha = {_digits(penalty.l2 * likelihood.rows / 2, penalty.digits)}", keras]


def _digits(number: float, digits: int) -> str:
    """That many digits, as 0.0100 or 1.0, and no zeros past the first behind the point of a larger number."""
    text = f"{number:#.{digits}g}"
    if number < 0.1 or "e" in text:
        return text
    whole, _, behind = text.partition(".")
    return f"{whole}.{behind.rstrip('0') or '0'}"
