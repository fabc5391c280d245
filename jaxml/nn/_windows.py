"""What convolution and pooling share: a window that is moved over an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import Array

from jaxml._arguments import describe, integer, refuse


def pair(function: str, name: str, value: Any) -> tuple[int, int]:
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


def check_window(function: str, name: str, size: Sequence[int], window: tuple[int, int], padding: str) -> None:
    """Refuses an image that the window does not fit into even once."""
    if padding == "valid" and (size[0] < window[0] or size[1] < window[1]):
        got = f"{size[0]} x {size[1]} and a window of {window[0]} x {window[1]}"
        refuse(function, name, "is smaller than the window", got, "pass a larger image, or padding='same'")


def sizes_after(size: Sequence[int], window: tuple[int, int], strides: tuple[int, int], padding: str) -> tuple[int, int]:
    """The rows and columns that come out."""
    if padding == "same":
        return -(-size[0] // strides[0]), -(-size[1] // strides[1])
    return (size[0] - window[0]) // strides[0] + 1, (size[1] - window[1]) // strides[1] + 1


def pads(size: Sequence[int], window: tuple[int, int], strides: tuple[int, int], padding: str) -> list[tuple[int, int]]:
    """The frame that "same" puts around an image, (before, after) for rows and columns; the odd one comes after."""
    after = sizes_after(size, window, strides, padding)
    needed = [max((m - 1) * s + k - n, 0) for n, k, s, m in zip(size, window, strides, after, strict=True)]
    return [(p // 2, p - p // 2) if padding == "same" else (0, 0) for p in needed]


def shifted(x: Array, window: tuple[int, int], strides: tuple[int, int], padding: str, fill: float) -> list[Array]:
    """x[s i + u, s j + v] at all i, j, one array for each u, v of the window.  (n, h, w, c) -> h·w of (n, h', w', c)"""
    size = x.shape[1:3]
    (h, w), (step, pace) = sizes_after(size, window, strides, padding), strides
    frame = [(0, 0), *pads(size, window, strides, padding), (0, 0)]
    x = jnp.pad(x, frame, constant_values=fill)
    at = lambda u, v: x[:, u : u + (h - 1) * step + 1 : step, v : v + (w - 1) * pace + 1 : pace]
    return [at(u, v) for u in range(window[0]) for v in range(window[1])]
