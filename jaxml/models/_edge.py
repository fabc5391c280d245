"""Where arrays enter a model: converted to JAX, their shapes checked always, their values wherever there are values.

Inside jit, vmap and grad the checks of values are skipped and cost nothing.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxml import _arguments
from jaxml._arguments import describe, example_weights, is_traced, matrix, number, refuse, same_length, shape_of, vector


def mean(values: Array, weights: Any = None) -> Array:
    """Σ wᵢ vᵢ / Σ wᵢ; the plain mean without weights.  (n,) -> ()"""
    return jnp.mean(values) if weights is None else jnp.average(values, weights=jnp.asarray(weights, values.dtype))


def rows(function: str, params: Any, x: Any) -> Array:
    """x as a finite JAX table with as many columns as params.w has rows; params must be finite too."""
    if not hasattr(params, "_fields"):
        wanted = "pass the Params that init, solve or a descent returned"
        refuse(function, "params", "is not the model's Params", describe(params), wanted, TypeError)
    for name, leaf in params._asdict().items():
        _arguments.finite(function, f"params.{name}", leaf)
    return jnp.asarray(matrix(function, "x", x, columns=len(params.w), canonical=True))


def same_shape(function: str, z: Array, y: Any, weights: Any) -> None:
    """Refuses what JAX would broadcast: (n, 1) against (n,) makes an (n, n) table of differences, and a wrong loss."""
    for name, array in {"y": y, "weights": weights}.items():
        shape = z.shape[:1] if array is None else shape_of(function, name, array)
        if shape != z.shape[:1]:
            remedy = f"pass {name}.ravel()" if shape == (*z.shape[:1], 1) else "pass one entry per row"
            refuse(function, name, f"does not match the {len(z)} predictions", f"shape {shape}", remedy)
    example_weights(function, weights, len(z))


def targets(function: str, y: Any, z: Array, weights: Any) -> Array:
    """y as finite numbers, one for each prediction in z."""
    same_shape(function, z, y, weights)
    return jnp.asarray(vector(function, "y", y, canonical=True))


def probabilities(function: str, y: Any, z: Array, weights: Any) -> Array:
    """y as numbers from 0 to 1, one for each prediction; inside jit, one outside that range becomes NaN."""
    y = targets(function, y, z, weights)
    if is_traced(y):
        return jnp.where((y >= 0) & (y <= 1), y, jnp.nan)
    outside = (np.asarray(y) < 0) | (np.asarray(y) > 1)
    if outside.any():
        i, wanted = int(np.argmax(outside)), "preprocessing.encode_labels makes labels 0 ... k-1 of anything"
        refuse(function, "y", "is not 0 or 1", f"{float(y[i]):g} at row {i}", wanted)
    return y


def indicators(function: str, y: Any, z: Array, weights: Any) -> Array:
    """Labels 0 ... k-1 as rows of zeros with a 1 in column y; inside jit, any other label makes a row of NaN.  -> (n, k)"""
    same_shape(function, z, y, weights)
    n_classes = z.shape[1]
    y = jnp.asarray(_arguments.labels(function, "y", y, n_classes=n_classes))[:, None]
    is_y = y == jnp.arange(n_classes)
    return jnp.where(is_y.any(axis=1, keepdims=True), is_y, jnp.nan).astype(z.dtype)


def regression(function: str, x: Any, y: Any, weights: Any, l2: Any) -> tuple[Array, Array, Array | None, Array | None]:
    """The data of a regression, checked and in one dtype.  l2 comes back as None where it is plainly 0."""
    x, y = matrix(function, "x", x, canonical=True), vector(function, "y", y, canonical=True)
    return _in_one_dtype(function, x, y, weights, l2)


def classification(
    function: str, x: Any, y: Any, weights: Any, l2: Any, n_classes: int | None = None
) -> tuple[Array, Array, Array | None, Array | None, int]:
    """The data of a classification, checked, and its number of classes: the largest label + 1, unless n_classes fixes it."""
    x = matrix(function, "x", x, canonical=True)
    y = _arguments.labels(function, "y", y, n_classes=n_classes)
    if not is_traced(y):
        n_classes = _all_classes(function, np.asarray(y), weights, n_classes)
    elif n_classes is None:
        wanted = "call outside jit, or let the function close over y: the number of classes is read from it"
        refuse(function, "y", "has no values yet", describe(y), wanted, TypeError)
    x, y, weights, l2 = _in_one_dtype(function, x, y, weights, l2)
    return x, y, weights, l2, n_classes


def _all_classes(function: str, y: np.ndarray, weights: Any, n_classes: int | None) -> int:
    """The number of classes, after a look that each has a row, and two of them a weight."""
    known = weights is not None and not is_traced(weights)
    found = np.unique(y[np.asarray(example_weights(function, weights, len(y))) > 0] if known else y)
    if len(found) == 1:
        refuse(function, "y", "has 1 class; 2 or more are needed", f"only {found[0]} in {len(y)} rows", "pass rows of every class")
    n_classes = int(y.max()) + 1 if n_classes is None else n_classes
    absent = np.setdiff1d(np.arange(n_classes), y)
    if len(absent):
        wanted = "labels are integers 0 ... k-1, each in some row; preprocessing.encode_labels makes them of anything"
        refuse(function, "y", f"has no row of class {absent[0]}", f"labels {found[:10].tolist()}", wanted)
    return n_classes


def _in_one_dtype(function: str, x: Any, y: Any, weights: Any, l2: Any) -> tuple[Array, Array, Array | None, Array | None]:
    same_length(function, x=x, y=y)
    weights = example_weights(function, weights, len(x), canonical=True)
    l2 = number(function, "l2", l2, low=0)
    dtype = jnp.result_type(x, y) if jnp.issubdtype(y.dtype, jnp.floating) else x.dtype
    x = jnp.asarray(x, dtype)
    y = jnp.asarray(y, dtype) if jnp.issubdtype(y.dtype, jnp.floating) else jnp.asarray(y)
    weights = None if weights is None else jnp.asarray(weights, dtype)
    return x, y, weights, None if not is_traced(l2) and l2 == 0 else jnp.asarray(l2, dtype)
