"""The machinery of `pca.solve`: variances and axes of the centred rows.

Tall tables go by the eigenvalues of the covariance, one product of the table with itself, which squares the condition
number: a variance below about eps of the largest is lost.  All others go by the singular values, which keep it down to eps².
Golub, Van Loan, Matrix Computations, 4th ed., sections 8.3 and 8.6.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxml import _arguments
from jaxml._arguments import example_weights, integer, is_traced, matrix, refuse
from jaxml.models._edge import fields, resolved
from jaxml.models._least_squares import centre, is_seen

TALL = 10  # rows per column from which the covariance is used, as in scikit-learn
EQUAL = 100  # eps by which two numbers may differ and still count as equal


def points(function: str, params: Any, name: str, value: Any, axis: int) -> Array:
    """`value` as a finite JAX table with as many columns as params.components has along `axis`, after a look at params."""
    fields(function, params, ("mean", "components"))
    mean, components = jnp.shape(params.mean), jnp.shape(params.components)
    if len(components) != 2 or mean != components[1:]:
        got = f"mean of shape {mean} and components of shape {components}"
        refuse(function, "params", "does not have this model's shapes", got, "pass mean of shape (d,) and components of shape (k, d)")
    for field, leaf in params._asdict().items():
        _arguments.finite(function, f"params.{field}", leaf)
    return jnp.asarray(matrix(function, name, value, columns=components[axis], canonical=True))


def in_range(function: str, name: str, made: Array) -> Array:
    """What was made of the argument `name`, refused where it left the range of its dtype."""
    if not is_traced(made) and not np.isfinite(np.asarray(made)).all():
        row = int(np.argwhere(~np.isfinite(np.asarray(made)))[0][0])
        refuse(function, name, f"overflows {made.dtype}", f"a result that is not finite at row {row}", "rescale it, or turn x64 on")
    return made


def principal_axes(function: str, x: Any, n_components: Any, weights: Any) -> tuple[Array, Array, Array, Array]:
    """Mean, axes, variances and shares of the variance, largest first.  (n, d) -> (d,), (k, d), (k,), (k,)"""
    x, weights = _sample(function, x, weights)
    n, d = x.shape
    k = min(n, d) if n_components is None else integer(function, "n_components", n_components, low=1)
    if k > min(n, d):
        wanted = f"pass at most {min(n, d)}, or None for all"
        refuse(function, "n_components", "is more than min(n_samples, n_features)", f"{k} for x of shape {x.shape}", wanted)
    found = factorise(x, k, weights)
    if not is_traced(found[0]):
        _refuse_unsquarable(function, x, weights, np.asarray(found[2]))
    return found


def _sample(function: str, x: Any, weights: Any) -> tuple[Any, Any]:
    """A table of two rows or more, and weights whose sum is above 1."""
    x = resolved(function, x, matrix(function, "x", x, canonical=True))
    if len(x) == 1:
        wanted = "pass two rows or more: a variance divides by n_samples - 1"
        refuse(function, "x", "has n_samples = 1", f"shape {x.shape}", wanted)
    weights = example_weights(function, weights, len(x), canonical=True)
    if weights is not None and not is_traced(weights):
        total = np.sum(weights, dtype=np.float64)
        if total <= 1 + EQUAL * np.finfo(x.dtype).eps:
            wanted = "pass how often each row counts: a variance divides by their sum less 1"
            refuse(function, "weights", "does not sum to more than 1", f"a sum of {total:g}", wanted)
    return x, weights


@partial(jax.jit, static_argnums=1)
@jax.default_matmul_precision("highest")
def factorise(x: Array, k: int, weights: Array | None) -> tuple[Array, Array, Array, Array]:
    """The same, on arrays that are checked; inside jit, weights whose sum is at most 1 make NaN."""
    n, d = x.shape
    total = n if weights is None else weights.astype(x.dtype).sum()
    share = jnp.full(n, 1 / n, x.dtype) if weights is None else weights.astype(x.dtype) / total
    mean, variance, axes = (by_covariance if n >= TALL * d else by_singular_values)(x, share)
    variance *= jnp.where(total > 1 + EQUAL * jnp.finfo(x.dtype).eps, total / (total - 1), jnp.nan)
    ratio = variance / jnp.where(variance[0] == 0, 1, variance.sum())
    return mean, with_signs(axes[:k]), variance[:k], ratio[:k]


def by_covariance(x: Array, share: Array) -> tuple[Array, Array, Array]:
    """Many rows: eigenvalues of Σ sᵢ (xᵢ − m)(xᵢ − m)ᵀ − δδᵀ, where δ is the rounding of m.  -> mean (d,), variance (d,), axes (d, d)

    Chan, Golub, LeVeque, Algorithms for computing the sample variance, The American Statistician 37 (1983).
    """
    first = share @ x
    rooted = jnp.sqrt(share)[:, None] * jnp.concatenate([x - first, jnp.ones_like(x[:, :1])], axis=1)
    products = rooted.T @ rooted  # the column of ones makes the last row the mean of x − first, in the same pass
    second = products[-1, :-1]
    covariance = products[:-1, :-1] - jnp.outer(second, second)
    varies = is_varying(jnp.diag(covariance), first)
    variance, axes = jnp.linalg.eigh(jnp.where(varies[:, None] & varies, covariance, 0))
    variance = variance[::-1]
    return first + second, jnp.where(is_seen(variance), variance, 0), axes.T[::-1]


def by_singular_values(x: Array, share: Array) -> tuple[Array, Array, Array]:
    """Few rows for the columns.  -> mean (d,), variance (min(n, d),), axes (min(n, d), d)"""
    centred, mean = centre(x, share)
    varies = is_varying(share @ centred**2, mean)
    _, sigma, axes = jnp.linalg.svd(jnp.sqrt(share)[:, None] * jnp.where(varies, centred, 0), full_matrices=False)
    return mean, jnp.where(is_seen(sigma), sigma**2, 0), axes


def is_varying(variance: Array, mean: Array) -> Array:
    """Which columns vary by more than the rounding of their entries."""
    return jnp.sqrt(jnp.maximum(variance, 0)) > jnp.finfo(mean.dtype).eps * jnp.abs(mean)


def with_signs(axes: Array) -> Array:
    """Each axis turned so that its largest entry is positive; of entries equal but for rounding, the first.  (k, d) -> (k, d)"""
    size = jnp.abs(axes)
    largest = size >= (1 - EQUAL * jnp.finfo(axes.dtype).eps) * size.max(axis=1, keepdims=True)
    return axes * jnp.sign(jnp.take_along_axis(axes, largest.argmax(axis=1)[:, None], axis=1))


def _refuse_unsquarable(function: str, x: Any, weights: Any, variance: np.ndarray) -> None:
    """Refuses what leaves the range of the dtype when it is squared, above or below."""
    limits, wanted = np.finfo(variance.dtype), "rescale x, or turn x64 on"
    if not np.isfinite(variance).all():
        refuse(function, "x", f"overflows {variance.dtype}", "numbers too large to be squared", wanted)
    if variance[0] < limits.tiny / limits.eps:
        counted = np.asarray(x) if weights is None else np.asarray(x)[np.asarray(weights) > 0]
        if (np.ptp(counted, axis=0) > 8 * limits.eps * np.abs(counted).max(axis=0)).any():
            refuse(function, "x", f"underflows {variance.dtype}", "numbers too small to be squared", wanted)
