"""The machinery of `logistic.solve` and `softmax.solve`: Newton's method on centred, scaled columns."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.flatten_util import ravel_pytree

from jaxml._arguments import is_traced, refuse
from jaxml.descent._curvature import hessian
from jaxml.descent._newton import newton_loop
from jaxml.exceptions import ConvergenceWarning
from jaxml.models._least_squares import centre, column_scale
from jaxml.models._terms import penalty

SEARCHED = 300  # parameters up to which every direction is searched for separation


class Minimum(NamedTuple):
    params: Any
    converged: Array  # () bool
    separated: Array  # () bool: along some direction no row's margin falls, so the loss has no minimum
    gradient: Array  # () the largest entry of the gradient, on the scaled columns


def newton_on_scaled(function: str, loss: Callable, start: Any, x: Array, y: Array, weights: Array | None, l2: Any) -> Any:
    """The params(w, b) where loss(params, x, y, weights=, l2=) is least, and a warning if there is no such place."""
    minimum = _minimum(loss, start, x, y, weights, l2)
    if not any(is_traced(leaf) for leaf in jax.tree.leaves(minimum)):
        _refuse_or_warn(function, minimum)
    return minimum.params


@partial(jax.jit, static_argnums=0)
@jax.default_matmul_precision("highest")
def _minimum(loss: Callable, start: Any, x: Array, y: Array, weights: Array | None, l2: Array | None) -> Minimum:
    weights = jnp.ones(len(x), x.dtype) if weights is None else weights / weights.max()
    share = weights / weights.sum()
    centred, x_mean = centre(x, share)
    root = jnp.sqrt(share)
    scale = column_scale(root[:, None] * centred, root.max() * jnp.abs(x_mean))
    if l2 is not None:  # the penalty curves the loss too: without it here, a narrow column would swamp the others
        scale = jnp.hypot(scale, 2 * jnp.sqrt(l2))
    scaled = centred / scale
    start = jax.tree.map(lambda leaf: leaf.astype(x.dtype), start)
    theta, unravel = ravel_pytree(start)
    by_column = scale.reshape(-1, *(1,) * (start.w.ndim - 1))

    def value_of(t: Array) -> Array:
        params = unravel(t)
        on_original_columns = params.w / by_column
        return loss(params, scaled, y, weights=share) + (0 if l2 is None else penalty(on_original_columns, l2))

    end = newton_loop(value_of, theta)
    w, b = unravel(end.theta)
    minimum = start._replace(w=w / by_column, b=b - x_mean @ (w / by_column))
    # a label out of range is NaN in the loss: let it be NaN in the answer too
    minimum = jax.tree.map(lambda leaf: jnp.where(jnp.isfinite(end.value), leaf, jnp.nan), minimum)
    separated = jnp.array(False) if l2 is not None else is_separated(value_of, theta, end.theta, unravel, scaled, y, share)
    return Minimum(minimum, end.converged, separated, jnp.max(jnp.abs(end.gradient)))


def is_separated(value_of: Callable, start: Array, end: Array, unravel: Callable, x: Array, y: Array, share: Array) -> Array:
    """Whether the loss has no minimum: the part of the way from start to end along which its curvature died leads down for ever.  -> ()

    The curvature at the end, in units of that at the start, is 0 along every direction in which all rows are decided.
    Of more than SEARCHED parameters only the whole way is tried, which finds a plane that has no row on it.
    """
    whole = is_recession(unravel(end - start), x, y, share, slack=0.0)
    if len(start) > SEARCHED:
        return whole
    first, eps = hessian(value_of, start), jnp.finfo(start.dtype).eps
    curvature, axes = jnp.linalg.eigh(first)
    real = curvature > 30 * eps * curvature[-1]
    units = jnp.where(real, axes / jnp.sqrt(jnp.where(real, curvature, 1)), 0)
    ratio, turned = jnp.linalg.eigh(units.T @ hessian(value_of, end) @ units + jnp.diag(jnp.where(real, 0, 1)))
    directions = units @ turned
    steps = directions.T @ first @ (end - start)
    dead = jnp.stack([directions @ jnp.where(ratio < limit, steps, 0) for limit in (10 * eps, 1e3 * eps, jnp.sqrt(eps))])
    return whole | jax.vmap(lambda d: is_recession(unravel(d), x, y, share, slack=1e-3))(dead).any()


def is_recession(params: Any, x: Array, y: Array, share: Array, slack: float) -> Array:
    """Whether going on along params lowers no row's log-odds against any class and raises some.  -> () bool

    Allowed is `slack` of what the row could move.
    """
    z = x @ params.w + params.b
    could = jnp.abs(x) @ jnp.abs(params.w) + jnp.abs(params.b)
    if z.ndim == 1:
        odds, could = jnp.where(y == 1, z, -z)[:, None], could[:, None]
    else:
        odds = jnp.take_along_axis(z, y[:, None], axis=1) - z
        could = could.max(axis=1, keepdims=True)
    seen = (share > 0)[:, None]
    return jnp.any(seen & (odds > 0.1)) & jnp.all(~seen | (odds >= -slack * could))


def _refuse_or_warn(function: str, minimum: Minimum) -> None:
    if not all(bool(jnp.isfinite(leaf).all()) for leaf in minimum.params):
        dtype = minimum.gradient.dtype
        refuse(function, "x", f"overflows {dtype}", "numbers too large to be squared", "rescale x, or turn x64 on")
    if minimum.separated:
        text = f"{function}: separation: a plane separates classes of 'y', so without a penalty the loss has no minimum and the"
        warnings.warn(f"{text} parameters grow for ever; these are where the descent stopped. Use l2 > 0", ConvergenceWarning, stacklevel=4)
    elif not minimum.converged:
        text = f"{function}: not converged: the largest entry of the gradient is {float(minimum.gradient):.1e} on the scaled columns"
        warnings.warn(f"{text}. Use l2 > 0, or turn x64 on", ConvergenceWarning, stacklevel=4)
