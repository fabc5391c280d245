"""Principal component analysis:  x ≈ x̂ = m + z C,  z = (x − m) Cᵀ,  C of k rows, the components.

The mean squared reconstruction error is

    L(m, C) = mean[‖xᵢ − x̂ᵢ‖²]

where mean[v] = Σ weightsᵢ vᵢ / Σ weightsᵢ.  Least, it is the variance left out, and C any orthonormal basis of the k directions in
which x varies most: `solve` returns the eigenvectors of the covariance.  L is not convex, and yet it has no other minimum.
Baldi, Hornik, Neural Networks 2 (1989) 53-58; Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 14.5.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from jaxml._arguments import example_weights, flag, integer, random_key
from jaxml.models._pca import in_range, points, principal_axes
from jaxml.models._terms import mean


class Params(NamedTuple):
    mean: Array  # (d,)
    components: Array  # (k, d)
    explained_variance: Array  # (k,)
    explained_variance_ratio: Array  # (k,)


def init(key: Array, n_features: int, n_components: int) -> Params:
    """Mean 0, random orthonormal components (0 has no gradient), and variances 0, which a descent leaves.  Raises ValueError, TypeError."""
    random_key("pca.init", key)
    d = integer("pca.init", "n_features", n_features, low=1)
    k = integer("pca.init", "n_components", n_components, low=1, high=d)
    return Params(jnp.zeros(d), jax.nn.initializers.orthogonal()(key, (k, d)), jnp.zeros(k), jnp.zeros(k))


def transform(params: Params, x: Array, *, whiten: bool = False) -> Array:
    """z; with `whiten` scaled to variance 1, or to 0 where there is none.  (n, d) -> (n, k).  Raises ValueError, TypeError."""
    z = (points("pca.transform", params, "x", x, axis=1) - params.mean) @ params.components.T
    spread = jnp.sqrt(params.explained_variance)
    z = z / jnp.where(spread > 0, spread, jnp.inf) if flag("pca.transform", "whiten", whiten) else z
    return in_range("pca.transform", "x", z)


def inverse_transform(params: Params, z: Array, *, whiten: bool = False) -> Array:
    """m + z C, for z from `transform` with the same `whiten`.  (n, k) -> (n, d).  Raises ValueError, TypeError."""
    z = points("pca.inverse_transform", params, "z", z, axis=0)
    z = z * jnp.sqrt(params.explained_variance) if flag("pca.inverse_transform", "whiten", whiten) else z
    return in_range("pca.inverse_transform", "z", params.mean + z @ params.components)


def predict(params: Params, x: Array) -> Array:
    """x̂, the reconstruction of x.  (n, d) -> (n, d).  Raises ValueError, TypeError."""
    return inverse_transform(params, transform(params, x))


def loss(params: Params, x: Array, *, weights: Array | None = None) -> Array:
    """L(m, C), in the units of x squared.  (n, d) -> ().  Raises ValueError, TypeError."""
    x = points("pca.loss", params, "x", x, axis=1)
    weights = example_weights("pca.loss", weights, len(x))
    return mean(((x - predict(params, x)) ** 2).sum(axis=1), weights)


def solve(x: Array, n_components: int | None = None, *, weights: Array | None = None) -> Params:
    """The m, C where L is least.  (n, d) -> Params, of k = min(n, d) unless given.  Raises ValueError, TypeError.

    Signs are scikit-learn's: of each component, the entry largest in absolute value is positive; of equal ones, the first.
    Variances divide by Σ weightsᵢ − 1, or n − 1: a weight of 2 is a row twice.  Those lost in rounding, below about eps of the largest
    (eps² where a column has fewer than 10 rows), are 0.  Warns with IllConditionedWarning where float32 hardly resolves a column.
    """
    return Params(*principal_axes("pca.solve", x, n_components, weights))
