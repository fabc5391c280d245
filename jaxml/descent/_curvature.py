"""The second derivative of a loss: the whole Hessian, or its largest eigenvalue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.flatten_util import ravel_pytree

COLUMNS = 8  # of the Hessian, made at a time: bounds the memory, and keeps them in the cache
DENSE = 500  # parameters up to which the largest curvature is read off the whole Hessian


def hessian(f: Callable[[Array], Array], theta: Array) -> Array:
    """∇²f(θ), column by column: the derivative of the gradient along each axis.  (p,) -> (p, p)"""
    _, column = jax.linearize(jax.grad(f), theta)  # what does not depend on the axis is computed once
    h = jax.lax.map(column, jnp.eye(len(theta), dtype=theta.dtype), batch_size=min(len(theta), COLUMNS))
    return (h + h.T) / 2


def largest_curvature(f: Callable[[Array], Array], theta: Array) -> Array:
    """The largest eigenvalue of ∇²f(θ), exact up to 500 parameters, by 100 power iterations beyond.  (p,) -> ()"""
    if len(theta) <= DENSE:
        return jnp.linalg.eigvalsh(hessian(f, theta))[-1]
    product = lambda v: jax.jvp(jax.grad(f), (theta,), (v,))[1]
    unit = lambda v: v / jnp.linalg.norm(v)
    v = jax.lax.fori_loop(0, 100, lambda _, v: unit(product(v)), unit(jax.random.normal(jax.random.key(0), theta.shape, theta.dtype)))
    return v @ product(v)


def largest_stable_rate(loss: Callable[..., Array], params: Any, data: tuple, arrays: dict[str, Any], constants: Any) -> float | None:
    """2 / λ, with λ the largest curvature at params: below it, gradient descent on a quadratic shrinks every error."""
    theta, unravel = ravel_pytree(params)
    value_of = lambda data, arrays: lambda t: loss(unravel(t), *data, **arrays, **dict(constants))
    # subtle: the data must be traced, for a loss looks at the values of those that are not, which it cannot inside jit
    curvature = float(jax.jit(lambda t, data, arrays: largest_curvature(value_of(data, arrays), t))(theta, data, arrays))
    return 2 / curvature if curvature > 0 else None
