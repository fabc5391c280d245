"""Where arrays enter a model: converted to JAX, their shapes checked always, their values wherever there are values.

Inside jit and vmap the checks of values are skipped and cost nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxml import _arguments
from jaxml._arguments import describe, example_weights, flag, is_traced, matrix, number, refuse, same_length, shape_of, vector
from jaxml.exceptions import IllConditionedWarning

FEW = 1000  # rows that are looked at first
BLOCK = 1000  # examples that go through a net at once


def rows(function: str, params: Any, x: Any, shape: tuple[str, ...]) -> Array:
    """x as a finite JAX table with as many columns as params.w has rows.  `shape` is that of params.w: (d,) or (d, k)."""
    fields(function, params, ("w", "b"))
    w, b = jnp.shape(params.w), jnp.shape(params.b)
    if len(w) != len(shape) or b != w[1:]:
        wanted = f"pass w of shape ({', '.join(shape)}{',' * (len(shape) == 1)}) and b of shape ({'k,' * (len(shape) - 1)})"
        refuse(function, "params", "does not have this model's shapes", f"w of shape {w} and b of shape {b}", wanted)
    return table(function, params, x, w[0])


def fields(function: str, params: Any, names: tuple[str, ...]) -> None:
    """Refuses what is not a model's Params, or another model's."""
    if not set(names) <= set(getattr(params, "_fields", ())):
        wanted = "pass the Params that init, solve or a descent returned"
        refuse(function, "params", "is not the model's Params", describe(params), wanted, TypeError)


def table(function: str, params: Any, x: Any, columns: int) -> Array:
    """x as a finite JAX table with that many columns, after a look at the numbers in params.  -> (n, columns)"""
    for name, leaf in params._asdict().items():
        _arguments.finite(function, f"params.{name}", leaf)
    return jnp.asarray(matrix(function, "x", x, columns=columns, canonical=True))


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
        refuse(function, "y", "is not between 0 and 1", f"{float(y[i]):g} at row {i}", wanted)
    return y


def indicators(function: str, y: Any, z: Array, weights: Any) -> Array:
    """Labels 0 ... k-1 as rows of zeros with a 1 in column y; inside jit, any other label makes a row of NaN.  -> (n, k)"""
    same_shape(function, z, y, weights)
    n_classes = z.shape[1]
    y = jnp.asarray(_arguments.labels(function, "y", y, n_classes=n_classes))[:, None]
    is_y = y == jnp.arange(n_classes)
    return jnp.where(is_y.any(axis=1, keepdims=True), is_y, jnp.nan).astype(z.dtype)


def in_blocks(function: Callable[[Any], Array], x: Any) -> Array:
    """function(x), a thousand examples at a time: what a net keeps in between is many times x.  Inside jit, all at once."""
    if is_traced(x) or len(shape_of("", "x", x)) == 0 or len(x) <= BLOCK:
        return function(x)
    x = x if hasattr(x, "shape") else np.asarray(x)
    return jnp.concatenate([function(x[i : i + BLOCK]) for i in range(0, len(x), BLOCK)])


def one_row_each(function: str, z: Array) -> Array:
    """Refuses what a net gave if it is not a row of numbers for each example.  -> (n, k)"""
    if z.ndim != 2:
        refuse(function, "net", "does not end in one row an example", f"shape {z.shape}", "end it with flatten() and dense(k)")
    return z


def layers_for(function: str, model: Callable[..., Any], params: Any, mask_zero: bool) -> Any:
    """model(vocabulary_size, embedding_dim) of the sizes in params: the same layers each time, so that what was compiled is found again."""
    table = getattr(params.get("embedding"), "embeddings", None) if isinstance(params, dict) else None
    if table is None or jnp.ndim(table) != 2:
        refuse(function, "params", "has no embedding", describe(params), "pass what init, a descent or from_weights gave", TypeError)
    return _made(model, *jnp.shape(table), flag(function, "mask_zero", mask_zero))


@lru_cache
def _made(model: Callable[..., Any], vocabulary_size: int, dim: int, mask_zero: bool) -> Any:
    return model(vocabulary_size, dim, mask_zero=mask_zero)


def one_column(function: str, z: Array) -> Array:
    """Refuses what a net gave if it is not one number for each example.  (n, 1) -> (n,)"""
    if z.shape[1:] != (1,):
        refuse(function, "net", "does not end in one number an example", f"shape {z.shape}", "end it with dense(1)")
    return z[:, 0]


def regression(function: str, x: Any, y: Any, weights: Any, l2: Any) -> tuple[Array, Array, Array | None, Any]:
    """The data of a regression, checked and in one dtype.  l2 comes back as None where it is plainly 0."""
    return _in_one_dtype(function, x, vector(function, "y", y, canonical=True), weights, l2)


def two_classes(function: str, x: Any, y: Any, weights: Any, l2: Any) -> tuple[Array, Array, Array | None, Any]:
    """The data of a classification into 0 and 1, checked and in one dtype."""
    y = _arguments.labels(function, "y", y, n_classes=2)
    if not is_traced(y):
        _every_class(function, np.asarray(y), weights, 2)
    return _in_one_dtype(function, x, y, weights, l2)


def several_classes(function: str, x: Any, y: Any, weights: Any, l2: Any) -> tuple[Array, Array, Array | None, Any, int]:
    """The data of a classification into 0 … k-1, checked and in one dtype, and k: the largest label + 1."""
    y = _arguments.labels(function, "y", y)
    if is_traced(y):
        wanted = "call outside jit, or let the function close over y: the number of classes is read from it"
        refuse(function, "y", "has no values yet", describe(y), wanted, TypeError)
    k = int(y.max()) + 1
    _every_class(function, np.asarray(y), weights, k)
    return (*_in_one_dtype(function, x, y, weights, l2), k)


def _every_class(function: str, y: np.ndarray, weights: Any, k: int) -> None:
    """Refuses labels of which one of 0 … k-1 has no row, or all but one no weight."""
    known = weights is not None and not is_traced(weights)
    found = np.unique(y[np.asarray(example_weights(function, weights, len(y))) > 0] if known else y)
    if len(found) == 1:
        refuse(function, "y", "has 1 class; 2 or more are needed", f"only {found[0]} in {len(y)} rows", "pass rows of every class")
    absent = np.setdiff1d(np.arange(k), y)
    if len(absent):
        wanted = "labels are integers 0 ... k-1, each in some row; preprocessing.encode_labels makes them of anything"
        refuse(function, "y", f"has no row of class {absent[0]}", f"labels {found[:10].tolist()}", wanted)


def _in_one_dtype(function: str, x: Any, y: Any, weights: Any, l2: Any) -> tuple[Array, Array, Array | None, Any]:
    x = resolved(function, x, matrix(function, "x", x, canonical=True))
    same_length(function, x=x, y=y)
    weights = example_weights(function, weights, len(x), canonical=True)
    l2 = number(function, "l2", l2, low=0)
    dtype = jnp.result_type(x, y) if jnp.issubdtype(y.dtype, jnp.floating) else x.dtype
    if not is_traced(l2) and l2 > float(jnp.finfo(dtype).max):
        refuse(function, "l2", f"is beyond {dtype}", repr(l2), "use a smaller one, or turn x64 on")
    x = jnp.asarray(x, dtype)
    y = jnp.asarray(y, dtype) if jnp.issubdtype(y.dtype, jnp.floating) else jnp.asarray(y)
    weights = None if weights is None else jnp.asarray(weights, dtype)
    return x, y, weights, None if not is_traced(l2) and l2 == 0 else jnp.asarray(l2, dtype)


def resolved(function: str, given: Any, x: Any) -> Any:
    """x, after a warning where a column of `given` lies so far from 0 that x's dtype hardly resolves how it varies."""
    if is_traced(x) or isinstance(x, jax.Array) or x.dtype != np.float32:
        return x
    eps, spread = np.finfo(np.float32).eps, np.ptp(np.asarray(x[:FEW], np.float64), axis=0)
    if eps * max(abs(float(x.min())), abs(float(x.max()))) <= 0.9e-3 * spread.min():
        return x  # most tables: the first rows already vary enough, and a minimum by columns is slow
    given = np.asarray(given, np.float64)
    low, high = given.min(axis=0), given.max(axis=0)
    lost = eps * np.maximum(np.abs(low), np.abs(high)) > 1e-3 * (high - low)
    lost &= high > low
    if lost.any():
        j = int(np.argmax(lost))
        text = f"{function}: column {j} of 'x' varies from {low[j]:.9g} to {high[j]:.9g}, of which float32 keeps fewer than three digits"
        remedy = "subtract its mean first (preprocessing.standard_scaler), or turn x64 on"
        warnings.warn(f"{text}; {remedy}", IllConditionedWarning, stacklevel=5)
    return x
