"""The largest number of each window, whose gradient XLA computes fast on a CPU.

Where windows lie side by side, each number is in one of them, and its slope is chosen in one pass over the image.  XLA's gradient of
the same slices pads each of them to the whole image, and adds them up.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jaxml.nn._windows import Pair, windows


def largest(x: Array, window: Pair, strides: Pair) -> Array:
    """max over u, v of x[s i + u, s j + v, c]; where several are, the first has the gradient.  (n, h, w, c) -> (n, i, j, c)"""
    return _side_by_side(window, x) if strides == window else _first(windows(x, window, strides))[0]


def _first(parts: list[Array]) -> tuple[Array, Array]:
    """The largest number at each place, and which of the parts has it first."""
    y, which = parts[0], jnp.zeros(parts[0].shape, np.min_scalar_type(len(parts)))
    for i, x in enumerate(parts[1:], start=1):
        larger = (x > y) | (x != x)  # not where they are equal; NaN, where one is
        y, which = jnp.where(larger, x, y), jnp.where(larger, i, which)
    return y, which


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _side_by_side(window: Pair, x: Array) -> Array:
    return _first(windows(x, window, window))[0]


@_side_by_side.defjvp
def _jvp(window: Pair, at: tuple[Array], d: tuple[Array]) -> tuple[Array, Array]:
    """y is one number of its window, so dy is the same number of dx; its transpose is the gradient."""
    y, which = _first(windows(*at, window, window))
    which = lax.optimization_barrier(which)  # without it XLA finds it again for each entry of x
    (u, v), (n, i, j, c), (dx,) = window, y.shape, d
    dx = dx[:, : i * u, : j * v].reshape(n, i, u, j, v, c)
    chosen = which[:, :, None, :, None] == jnp.arange(u * v).reshape(u, 1, v, 1)
    return y, jnp.sum(jnp.where(chosen, dx, 0), axis=(2, 4))
