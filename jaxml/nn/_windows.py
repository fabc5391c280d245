"""What convolution and pooling share: a window that is moved over an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import Array

from jaxml._arguments import describe, integer, refuse

Pair = tuple[int, int]


def pair(function: str, name: str, value: Any) -> Pair:
    """Two sizes, rows and columns, from one number or from two."""
    if not isinstance(value, (tuple, list)):
        size = integer(function, name, value, low=1)
        return size, size
    if len(value) != 2:
        refuse(function, name, f"has {len(value)} entries, not 2", describe(value), "pass one int, or (rows, columns)")
    return integer(function, name, value[0], low=1), integer(function, name, value[1], low=1)


def padding_of(function: str, value: Any) -> str:
    if value not in ("valid", "same"):
        refuse(function, "padding", "is not known", describe(value), "pass 'valid' or 'same'")
    return value


def check_window(function: str, name: str, size: Sequence[int], window: Pair, padding: str) -> None:
    """Refuses an image that the window does not fit into even once."""
    if padding == "valid" and (size[0] < window[0] or size[1] < window[1]):
        got = f"{size[0]} x {size[1]} and a window of {window[0]} x {window[1]}"
        refuse(function, name, "is smaller than the window", got, "pass a larger image, or padding='same'")


def sizes_after(size: Sequence[int], window: Pair, strides: Pair, padding: str) -> Pair:
    """The rows and columns that come out."""
    if padding == "same":
        return -(-size[0] // strides[0]), -(-size[1] // strides[1])
    return (size[0] - window[0]) // strides[0] + 1, (size[1] - window[1]) // strides[1] + 1


def framed(x: Array, window: Pair, strides: Pair, padding: str, value: float) -> Array:
    """x in the frame that "same" puts around it; where the frame is odd, the wider side comes after.  (n, h, w, c) -> (n, h', w', c)"""
    after = sizes_after(x.shape[1:3], window, strides, padding)
    needed = [max((m - 1) * s + k - n, 0) for n, k, s, m in zip(x.shape[1:3], window, strides, after, strict=True)]
    if padding == "valid" or not any(needed):
        return x
    return jnp.pad(x, [(0, 0), *((p // 2, p - p // 2) for p in needed), (0, 0)], constant_values=value)


def windows(x: Array, window: Pair, strides: Pair) -> list[Array]:
    """x[s i + u, s j + v] at all i, j, one array for each u, v of the window.  (n, h, w, c) -> u·v of (n, i, j, c)"""
    (h, w), (s, t) = sizes_after(x.shape[1:3], window, strides, "valid"), strides
    at = lambda u, v: x[:, u : u + (h - 1) * s + 1 : s, v : v + (w - 1) * t + 1 : t]
    return [at(u, v) for u in range(window[0]) for v in range(window[1])]
