"""A convolution whose gradient XLA computes fast on a CPU.

The values, and every derivative, are those of lax.conv_general_dilated; other devices use it as it is.  On a CPU
- in two halves of the images a step of training is sooner by a tenth, at 32 images; at 128 it hardly matters;
- ∂L/∂K as XLA has it is a convolution with a kernel as large as the image.  A product with the image's patches is faster, and some images
  at a time stay in the cache;
- ∂L/∂x inside a loop, where a training's steps are, is fast only if the channels' axes already stand in the order that XLA wants.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.custom_derivatives import SymbolicZero

from jaxml.nn._windows import Pair, windows

IMAGES = 16  # whose patches are in memory at a time, at most


def convolve(x: Array, kernel: Array, strides: Pair) -> Array:
    """Σ x[s i + u, s j + v, c] K[u, v, c, o], without a frame.  (n, h, w, c), (u, v, c, o) -> (n, i, j, o)"""
    fast = jax.default_backend() == "cpu" and jax.__version_info__ >= (0, 10)  # jax 0.7 cannot transpose the scan below
    return _with_fast_gradient(strides, x, kernel) if fast else _plain(strides, x, kernel)


def _plain(strides: Pair, x: Array, kernel: Array) -> Array:
    return lax.conv_general_dilated(x, kernel, strides, "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _with_fast_gradient(strides: Pair, x: Array, kernel: Array) -> Array:
    halves = (x,) if len(x) == 1 else (x[: len(x) // 2], x[len(x) // 2 :])
    return jnp.concatenate([_plain(strides, half, kernel) for half in halves])


def _jvp(strides: Pair, at: tuple[Array, Array], d: tuple[Any, Any]) -> tuple[Array, Array]:
    """dy = dx * K + x * dK; its transpose is the gradient."""
    (x, kernel), (dx, dkernel) = at, d
    y = _with_fast_gradient(strides, x, kernel)
    by_x = 0 if isinstance(dx, SymbolicZero) else _turned(strides, dx, kernel)  # the first layer's images are no parameters
    by_kernel = 0 if isinstance(dkernel, SymbolicZero) else _by_patches(strides, x, dkernel)
    return y, jnp.zeros_like(y) + by_x + by_kernel


_with_fast_gradient.defjvp(_jvp, symbolic_zeros=True)


def _turned(strides: Pair, x: Array, kernel: Array) -> Array:
    """The same convolution; its transpose has the kernel's channels in XLA's order."""
    return lax.conv_general_dilated(x, kernel.swapaxes(2, 3), strides, "VALID", dimension_numbers=("NHWC", "HWOI", "NHWC"))


def _by_patches(strides: Pair, x: Array, kernel: Array) -> Array:
    """The same convolution, as products of patches with the kernel."""

    @jax.checkpoint  # the patches are made again rather than kept
    def product(kernel: Array, x: Array) -> Array:
        # subtle: without the barrier XLA makes each patch inside the product, several times
        patches = lax.optimization_barrier(jnp.concatenate(windows(x, (kernel.shape[0], kernel.shape[1]), strides), axis=-1))
        return patches @ kernel.reshape(-1, kernel.shape[-1])

    some = max(size for size in range(1, IMAGES + 1) if len(x) % size == 0)
    _, y = lax.scan(lambda _, x: (None, product(kernel, x)), None, x.reshape(-1, some, *x.shape[1:]))
    return y.reshape(len(x), *y.shape[2:])
