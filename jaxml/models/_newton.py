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

from jaxml._arguments import is_traced
from jaxml.descent._newton import newton_loop
from jaxml.exceptions import ConvergenceWarning
from jaxml.models._least_squares import centre, column_scale


class Minimum(NamedTuple):
    params: Any
    converged: Array  # () bool
    separated: Array  # () bool: along some direction no row's margin falls, so the loss has no minimum
    gradient: Array  # () the largest entry of the gradient, on the scaled columns


def newton_on_scaled(function: str, loss: Callable, start: Any, x: Array, y: Array, weights: Array | None, l2: Array | None) -> Any:
    """The params(w, b) where loss(params, x, y, weights=, l2=) is least, and a warning if there is no such place."""
    minimum = _minimum(loss, start, x, y, weights, l2)
    if not is_traced(minimum.converged):
        _warn(function, minimum, penalised=l2 is not None)
    return minimum.params


@partial(jax.jit, static_argnums=0)
@jax.default_matmul_precision("highest")
def _minimum(loss: Callable, start: Any, x: Array, y: Array, weights: Array | None, l2: Array | None) -> Minimum:
    share = jnp.full(len(x), 1 / len(x), x.dtype) if weights is None else weights / weights.sum()
    centred, x_mean = centre(x, share)
    scale = column_scale(jnp.sqrt(share)[:, None] * centred, jnp.abs(x_mean))
    if l2 is not None:  # the penalty curves the loss too: without it here, a narrow column would swamp the others
        scale = jnp.sqrt(scale**2 + 4 * l2)
    scaled = centred / scale
    start = jax.tree.map(lambda leaf: leaf.astype(x.dtype), start)
    theta, unravel = ravel_pytree(start)
    by_column = scale.reshape(-1, *(1,) * (start.w.ndim - 1))

    def value_of(t: Array) -> Array:
        params = unravel(t)
        penalty = 0 if l2 is None else l2 / 2 * jnp.sum((params.w / by_column) ** 2)
        return loss(params, scaled, y, weights=weights) + penalty

    end = newton_loop(value_of, theta)
    found, direction = unravel(end.theta), unravel(end.direction)
    w = found.w / by_column
    separated = is_recession(found, scaled, y, share) | (moves(direction, scaled) & is_recession(direction, scaled, y, share))
    return Minimum(start._replace(w=w, b=found.b - x_mean @ w), end.converged, separated, jnp.max(jnp.abs(end.gradient)))


def moves(params: Any, x: Array) -> Array:
    """Whether a step by params still moves some log-odds: where a minimum exists, Newton's last step does not.  -> () bool"""
    return jnp.max(jnp.abs(x @ params.w + params.b)) > 0.1


def is_recession(params: Any, x: Array, y: Array, share: Array) -> Array:
    """Whether going on along params lowers no row's margin and raises some: a certificate that there is no minimum.  -> () bool"""
    z = x @ params.w + params.b
    if z.ndim == 1:
        margin = jnp.where(y == 1, z, -z)
    else:
        is_y = y[:, None] == jnp.arange(z.shape[1])
        margin = jnp.sum(jnp.where(is_y, z, 0), axis=1) - jnp.max(jnp.where(is_y, -jnp.inf, z), axis=1)
    seen = share > 0
    largest = jnp.max(jnp.where(seen, jnp.abs(margin), 0))
    return (largest > 0) & jnp.all(jnp.where(seen, margin, 0) >= -1e-3 * largest)


def _warn(function: str, minimum: Minimum, penalised: bool) -> None:
    if minimum.separated and not penalised:
        text = f"{function}: separation: a plane separates the classes of 'y', so without a penalty the loss has no minimum and the"
        warnings.warn(f"{text} parameters grow for ever; these are where the descent stopped. Use l2 > 0", ConvergenceWarning, stacklevel=4)
    elif not minimum.converged:
        text = f"{function}: not converged: the largest entry of the gradient is {float(minimum.gradient):.1e} on the scaled columns"
        warnings.warn(f"{text}. Use l2 > 0, or turn x64 on", ConvergenceWarning, stacklevel=4)
