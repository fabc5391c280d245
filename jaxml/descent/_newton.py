"""Newton's method, with the Hessian from autodiff.

    θ ← θ − t H⁻¹ g,    g = ∇L(θ),  H = ∇²L(θ)

t is halved until L falls.  Directions without curvature are left alone, so that of many minima the one nearest the
start is found.  Nocedal, Wright, Numerical Optimization, 2nd ed., chapters 3 and 7.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from jaxml._arguments import integer, number
from jaxml.descent._curvature import hessian
from jaxml.descent._data import check_loss, data_names, finite_data, finite_params, refuse_bad_start, scalar, split_hyper
from jaxml.descent._minimize import all_finite, norm
from jaxml.descent._result import Fit
from jaxml.exceptions import ConvergenceWarning

DENSE = 100  # parameters up to which H is made and factorised; beyond, only H v, by conjugate gradients
HALVINGS = 40  # of t, before a step counts as hopeless


class State(NamedTuple):
    """Newton's method between two steps."""

    step: Array  # () int32
    theta: Array  # (p,)
    value: Array  # () the loss at theta
    gradient: Array  # (p,)
    first: Array  # () the largest entry of the first gradient
    losses: Array  # (steps,)
    converged: Array  # () bool
    stuck: Array  # () bool: no step lowered the loss


def newton(loss: Callable[..., Array], params: Any, *data: Any, steps: int = 50, tol: float | None = None, **hyper: Any) -> Fit:
    """The minimum of loss(params, *data, **hyper) near params, by Newton's method.  -> Fit

    Stops when a step promises to lower the loss by no more than tol times the loss (rounding, unless tol is given) and
    the gradient falls no further.  Raises ValueError on bad data; warns with ConvergenceWarning if it does not get there.
    Nocedal, Wright, Numerical Optimization, chapter 3.
    """
    check_loss("newton", loss)
    steps = integer("newton", "steps", steps, low=1)
    tol = None if tol is None else number("newton", "tol", tol, above=0)
    names = data_names(loss, len(data))
    params, data = finite_params("newton", params), finite_data("newton", names, data)
    arrays, constants = split_hyper("newton", hyper)
    end, finite_start = _compiled(loss, constants, steps, params, data, arrays, tol)
    if not finite_start:
        refuse_bad_start("newton", partial(loss, **arrays, **dict(constants)), params, names, data)
    n_steps, unravel = int(end.step), ravel_pytree(params)[1]
    fit = Fit(unravel(end.theta), np.asarray(end.losses)[:n_steps], bool(end.converged), n_steps, norm(end.gradient), np.zeros(0))
    if not fit.converged:
        text = f"newton: not converged after {n_steps} steps: the gradient's norm is {fit.gradient_norm:.1e}"
        warnings.warn(f"{text}; allow more steps, or see whether the loss has a minimum", ConvergenceWarning, stacklevel=2)
    return fit


@partial(jax.jit, static_argnums=(0, 1, 2))
def _compiled(loss: Callable, constants: tuple, steps: int, params: Any, data: tuple, arrays: dict, tol: Any) -> tuple[State, Array]:
    theta, unravel = ravel_pytree(params)
    value_of = lambda t: scalar("newton", loss(unravel(t), *data, **arrays, **dict(constants)))
    end = newton_loop(value_of, theta, steps, tol)
    return end, all_finite((end.value, end.gradient))


def newton_loop(f: Callable[[Array], Array], theta: Array, steps: int = 50, tol: Any = None) -> State:
    """The loop itself, for use inside jit.  f: (p,) -> (),  theta: (p,)"""
    tol = jnp.finfo(theta.dtype).eps if tol is None else tol

    def go_on(state: State) -> Array:
        return (state.step < steps) & ~state.converged & ~state.stuck

    def body(state: State) -> State:
        direction, convex = newton_direction(f, state.theta, state.gradient, state.first)
        slope = direction @ state.gradient  # negative; the step promises to lower the loss by half of it
        settled = -slope / 2 <= tol * jnp.abs(state.value)
        t = step_length(f, state, direction, slope)
        value, gradient = jax.value_and_grad(f)(state.theta + t * direction)
        falls = jnp.max(jnp.abs(gradient)) <= jnp.max(jnp.abs(state.gradient)) / 2
        moved = (t > 0) & all_finite((value, gradient)) & (~settled | falls)
        losses = state.losses.at[state.step].set(state.value)
        theta = jnp.where(moved, state.theta + t * direction, state.theta)
        value, gradient = jnp.where(moved, value, state.value), jnp.where(moved, gradient, state.gradient)
        still = jnp.max(jnp.abs(gradient)) <= jnp.finfo(theta.dtype).eps * state.first
        converged = convex & ((settled & ~moved) | still)
        return State(state.step + 1, theta, value, gradient, state.first, losses, converged, ~moved & ~converged)

    value, gradient = jax.value_and_grad(f)(theta)
    no, losses = jnp.array(False), jnp.zeros(steps, value.dtype)
    start = State(jnp.int32(0), theta, value, gradient, jnp.max(jnp.abs(gradient)), losses, no, no)
    return jax.lax.while_loop(go_on, body, start._replace(stuck=~all_finite((value, gradient))))


def newton_direction(f: Callable[[Array], Array], theta: Array, gradient: Array, scale: Array) -> tuple[Array, Array]:
    """−H⁻¹g, with |λ| for the eigenvalues λ of H, so that it points downhill where H is not positive; and whether it is.  -> (p,), ()

    Directions where both λ and g vanish in rounding, next to the first gradient's `scale`, are left alone.
    Of many parameters, by conjugate gradients on H v.
    """
    if len(theta) > DENSE:
        _, product = jax.linearize(jax.grad(f), theta)
        # exact enough for each step to gain digits faster than the last: Nocedal, Wright, section 7.1
        forcing = jnp.minimum(0.5, jnp.sqrt(jnp.max(jnp.abs(gradient)) / scale))
        direction = -jax.scipy.sparse.linalg.cg(product, gradient, tol=forcing, maxiter=len(theta))[0]
        return jnp.where(direction @ gradient < 0, direction, -gradient), jnp.array(True)  # H itself is not seen
    eigenvalues, vectors = jnp.linalg.eigh(hessian(f, theta))
    size, slopes, eps = jnp.abs(eigenvalues), vectors.T @ gradient, jnp.finfo(theta.dtype).eps
    real = (size > 30 * eps * jnp.max(size)) | (jnp.abs(slopes) > 30 * eps * scale)
    direction = -vectors @ jnp.where(real, slopes / jnp.maximum(size, eps * jnp.max(size)), 0)
    return direction, eigenvalues[0] >= -30 * eps * jnp.max(size)


def step_length(f: Callable[[Array], Array], state: State, direction: Array, slope: Array) -> Array:
    """The first of 1, 1/2, 1/4, … along which the loss falls by 1e-4 of what its slope promises (Armijo); 0 if none does."""
    # rounding alone may raise the loss by some eps near the minimum
    allowed = state.value + 4 * jnp.finfo(state.value.dtype).eps * jnp.abs(state.value)
    enough = lambda t: f(state.theta + t * direction) <= allowed + 1e-4 * t * slope
    k = jax.lax.while_loop(lambda k: (k < HALVINGS) & ~enough(0.5**k), lambda k: k + 1, jnp.zeros((), state.theta.dtype))
    return jnp.where(k < HALVINGS, 0.5**k, 0)
