"""Pooling: one number for each window of each channel.

    max:      y[i, j, c] = max_{u, v} x[s i + u, s j + v, c]
    average:  y[i, j, c] = mean_{u, v} x[s i + u, s j + v, c]
    global:   y[c]       = mean_{i, j} x[i, j, c]

With padding "same" the windows at the edges take in fewer numbers: what is outside counts in neither.
"""

from collections.abc import Callable
from functools import partial, reduce

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jaxml.nn._windows import Pair, check_window, framed, padding_of, pair, sizes_after, windows
from jaxml.nn.layer import Layer, Shape, checked


def max_pooling(x: Array, window: Pair, strides: Pair, padding: str) -> Array:
    """(n, h, w, c) -> (n, h', w', c)"""
    x = framed(x, window, strides, padding, -jnp.inf)
    return _largest_of_tiles(window, x) if strides == window else _first_largest(windows(x, window, strides))[0]


def _first_largest(parts: list[Array]) -> tuple[Array, Array]:
    """The largest number at each place, and which of the parts has it first."""
    y, which = parts[0], jnp.zeros(parts[0].shape, np.min_scalar_type(len(parts)))
    for i, x in enumerate(parts[1:], start=1):
        larger = (x > y) | (x != x)  # not where they are equal; NaN, where one is
        y, which = jnp.where(larger, x, y), jnp.where(larger, i, which)
    return y, which


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _largest_of_tiles(window: Pair, x: Array) -> Array:
    """Windows that lie side by side.  Here XLA's gradient of the slices is slow on a CPU: it pads each of them to the whole image."""
    return _first_largest(windows(x, window, window))[0]


@_largest_of_tiles.defjvp
def _jvp(window: Pair, at: tuple[Array], d: tuple[Array]) -> tuple[Array, Array]:
    """y is one entry of its window, so dy is the same entry of dx."""
    y, which = _first_largest(windows(*at, window, window))
    which = lax.optimization_barrier(which)  # without it XLA finds it again for each entry of x
    (u, v), (n, h, w, c), (dx,) = window, y.shape, d
    tiles = dx[:, : h * u, : w * v].reshape(n, h, u, w, v, c)
    chosen = which[:, :, None, :, None] == jnp.arange(u * v).reshape(u, 1, v, 1)
    return y, jnp.sum(jnp.where(chosen, tiles, 0), axis=(2, 4))


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
