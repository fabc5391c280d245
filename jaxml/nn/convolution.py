"""A convolution: one small window of weights, applied everywhere.

    y[i, j, o] = Σ_{u, v, c} x[s i + u, s j + v, c] K[u, v, c, o] + b[o],    s the stride

as nets define it: the kernel is not flipped, so this is the cross-correlation of mathematics.
With padding "same" x is first put into a frame of zeros, so that y has ⌈h / s⌉ rows and ⌈w / s⌉ columns.
LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition, 1998.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from jaxml._arguments import integer
from jaxml.nn._convolve import convolve
from jaxml.nn._windows import Pair, check_window, framed, padding_of, pair, sizes_after
from jaxml.nn.activations import activation_of
from jaxml.nn.initializers import glorot_uniform
from jaxml.nn.layer import Layer, Shape, checked


class Params(NamedTuple):
    kernel: Array  # K  (h, w, c, filters)
    bias: Array  # b  (filters,)


def convolution(params: Params, x: Array, *, strides: Pair = (1, 1), padding: str = "valid") -> Array:
    """y[i, j, o] = Σ x[s i + u, s j + v, c] K[u, v, c, o] + b[o].  (n, h, w, c) -> (n, h', w', filters)"""
    h, w, _, _ = params.kernel.shape
    return convolve(framed(x, (h, w), strides, padding, 0), params.kernel, strides) + params.bias


def conv2d(
    filters: int,
    kernel_size: int | Pair,
    *,
    strides: int | Pair = 1,
    padding: str = "valid",
    activation: str | Callable[[Array], Array] | None = None,
) -> Layer:
    """Each of the filters' answer to each window of an image.  (n, h, w, c) -> (n, h', w', filters).  Raises ValueError, TypeError."""
    filters, window = integer("conv2d", "filters", filters, low=1), pair("conv2d", "kernel_size", kernel_size)
    strides, padding = pair("conv2d", "strides", strides), padding_of("conv2d", padding)
    activate = activation_of("conv2d", activation)

    def init(key: Array, input_shape: Shape) -> tuple[Params, Shape]:
        *size, c = input_shape
        check_window("conv2d", "input_shape", size, window, padding)
        params = Params(glorot_uniform(key, (*window, c, filters)), jnp.zeros(filters))
        return params, (*sizes_after(size, window, strides, padding), filters)

    def apply(params: Params, x: Array, **_: Array | None) -> Array:
        check_window("conv2d", "x", x.shape[1:3], window, padding)
        return activate(convolution(params, x, strides=strides, padding=padding))

    h, w = window
    formula = lambda input_shape: f"Conv2D({filters}, {h}×{w}): {filters} × ({h} × {w} × {input_shape[-1]} + 1)"
    expects = Params._make([(h, w, "c", filters), (filters,)])
    return checked("conv2d", "Conv2D", init, apply, axes="h w c", expects=expects, formula=formula)
