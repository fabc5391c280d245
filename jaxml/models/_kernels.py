"""The kernels of `svm`, each its formula."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.tree_util import register_dataclass

from jaxml._arguments import describe, integer, number, refuse


@register_dataclass
@dataclass(frozen=True)
class Linear:
    """K(a, b) = a·b.  (m, d), (n, d) -> (m, n), as every kernel."""

    def __call__(self, a: Array, b: Array) -> Array:
        return a @ b.T


@register_dataclass
@dataclass(frozen=True)
class Polynomial:
    """K(a, b) = (gamma a·b + coef0)^degree."""

    gamma: Array  # ()
    coef0: Array  # ()
    degree: int = field(metadata={"static": True})

    def __call__(self, a: Array, b: Array) -> Array:
        return (self.gamma * a @ b.T + self.coef0) ** self.degree


@register_dataclass
@dataclass(frozen=True)
class Rbf:
    """K(a, b) = exp(−gamma ‖a − b‖²)."""

    gamma: Array  # ()

    def __call__(self, a: Array, b: Array) -> Array:
        return jnp.exp(-self.gamma * squared_distances(a, b))


@register_dataclass
@dataclass(frozen=True)
class Precomputed:
    """b holds kernel values already, against all training rows; a is known by its row numbers alone."""

    support: Array  # (m,) int32, the row numbers of a

    def __call__(self, a: Array, b: Array) -> Array:
        return b[:, self.support].T


Kernel = Linear | Polynomial | Rbf | Precomputed


@jax.default_matmul_precision("highest")
def squared_distances(a: Array, b: Array) -> Array:
    """‖aᵢ − bⱼ‖², by one product.  (m, d), (n, d) -> (m, n)

    Shifted to the mean of a, so that rows far from 0 keep their digits.
    What rounding alone may have left is 0: a row is at no distance from itself.
    """
    shift = a.mean(axis=0)
    a, b = a - shift, b - shift
    sizes = jnp.sum(a * a, axis=1)[:, None] + jnp.sum(b * b, axis=1)
    d2 = sizes - 2 * a @ b.T
    noise = (4 + a.shape[1] ** 0.5) * jnp.finfo(a.dtype).eps
    # subtle: 0 · sizes and not 0, so that what overflowed becomes NaN and is noticed
    return jnp.where(d2 <= noise * sizes, 0 * sizes, d2)


@jax.jit
def scale(x: Array, weights: Array | None) -> Array:
    """gamma="scale": 1/(d var), var over all entries of x, those of a row counted by its weight; 1 where var is 0.  -> ()"""
    share = jnp.ones(len(x), x.dtype) if weights is None else weights
    # subtle: from one of its own entries, a constant x has a var of exactly 0
    x = x - x[jnp.argmax(share > 0), 0]
    share = (share / share.sum())[:, None] / x.shape[1]
    var = jnp.sum(share * (x - jnp.sum(share * x)) ** 2)
    return jnp.where(var > 0, 1 / (x.shape[1] * jnp.where(var > 0, var, 1)), 1)


def kernel_of(function: str, name: Any, x: Array, weights: Array | None, gamma: Any, coef0: Any, degree: Any) -> Kernel:
    """The kernel of that name, its numbers checked and in the dtype of x."""
    if not isinstance(name, str) or name not in ("rbf", "linear", "poly", "precomputed"):
        refuse(function, "kernel", "is not known", describe(name), "pass one of 'rbf', 'linear', 'poly', 'precomputed'")
    if isinstance(gamma, str) and gamma not in ("scale", "auto"):
        refuse(function, "gamma", "is not known", repr(gamma), "pass 'scale', 'auto' or a number > 0")
    gamma = gamma if isinstance(gamma, str) else number(function, "gamma", gamma, above=0)
    gamma = scale(x, weights) if gamma == "scale" else 1 / x.shape[1] if gamma == "auto" else gamma
    coef0, degree = number(function, "coef0", coef0), integer(function, "degree", degree, low=1, high=100)
    g, c = jnp.asarray(gamma, x.dtype), jnp.asarray(coef0, x.dtype)
    kernels: dict[str, Kernel] = {
        "rbf": Rbf(g),
        "linear": Linear(),
        "poly": Polynomial(g, c, degree),
        "precomputed": Precomputed(jnp.arange(len(x))),
    }
    return kernels[name]
