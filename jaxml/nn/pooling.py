"""Pooling: one number for each window of each channel.

    max:      y[i, j, c] = max_{u, v} x[s i + u, s j + v, c]
    average:  y[i, j, c] = mean_{u, v} x[s i + u, s j + v, c]
    global:   y[c]       = mean_{i, j} x[i, j, c]

With padding "same" the windows at the edges take in fewer numbers: what is outside counts in neither.
"""

from collections.abc import Callable
from functools import reduce

import jax.numpy as jnp
from jax import Array

from jaxml.nn._largest import largest
from jaxml.nn._windows import Pair, check_window, framed, padding_of, pair, sizes_after, windows
from jaxml.nn.layer import Layer, Shape, checked


def max_pooling(x: Array, window: Pair, strides: Pair, padding: str) -> Array:
    """(n, h, w, c) -> (n, h', w', c)"""
    return largest(framed(x, window, strides, padding, -jnp.inf), window, strides)


def average_pooling(x: Array, window: Pair, strides: Pair, padding: str) -> Array:
    """(n, h, w, c) -> (n, h', w', c)"""
    total = lambda a: reduce(jnp.add, windows(framed(a, window, strides, padding, 0), window, strides))
    return total(x) / total(jnp.ones_like(x[:1, :, :, :1]))


def max_pooling2d(pool_size: int | Pair = 2, *, strides: int | Pair | None = None, padding: str = "valid") -> Layer:
    """The largest number of each window; where several are, the first has the gradient.  (n, h, w, c) -> (n, h', w', c).

    `strides` is the pool size unless given.  Raises ValueError, TypeError.
    """
    return _pooling("max_pooling2d", "MaxPooling2D", max_pooling, pool_size, strides, padding)


def average_pooling2d(pool_size: int | Pair = 2, *, strides: int | Pair | None = None, padding: str = "valid") -> Layer:
    """The mean of each window.  (n, h, w, c) -> (n, h', w', c).  `strides` is the pool size unless given.  Raises ValueError, TypeError."""
    return _pooling("average_pooling2d", "AveragePooling2D", average_pooling, pool_size, strides, padding)


def global_average_pooling() -> Layer:
    """The mean of each channel over the image.  (n, h, w, c) -> (n, c).  Raises ValueError, TypeError."""
    init = lambda key, input_shape: ((), input_shape[-1:])
    apply = lambda params, x, **_: x.mean(axis=(1, 2))
    return checked("global_average_pooling2d", "GlobalAveragePooling2D", init, apply, axes="h w c")


def _pooling(name: str, kind: str, pool: Callable[..., Array], pool_size: int | Pair, strides: int | Pair | None, padding: str) -> Layer:
    window, padding = pair(name, "pool_size", pool_size), padding_of(name, padding)
    steps = window if strides is None else pair(name, "strides", strides)

    def init(key: Array, input_shape: Shape) -> tuple[tuple, Shape]:
        *size, c = input_shape
        check_window(name, "input_shape", size, window, padding)
        return (), (*sizes_after(size, window, steps, padding), c)

    def apply(params: tuple, x: Array, **_: Array | None) -> Array:
        check_window(name, "x", x.shape[1:3], window, padding)
        return pool(x, window, steps, padding)

    return checked(name, kind, init, apply, axes="h w c")
