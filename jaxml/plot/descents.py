"""The way down: a path of two parameters on the map of their loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from numpy.typing import ArrayLike

from jaxml import _arguments
from jaxml.plot import _style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def descent_path(
    loss: Callable[[Any], Any],
    path: ArrayLike,
    *,
    names: tuple[str, str] = ("w", "b"),
    resolution: int = 150,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Every step on the map of the loss, from start to end.  loss (2,) -> (); path (steps, 2).

    The contours stand at equal ratios of what is left above the lowest loss on the map: near the minimum they stay apart.
    ValueError where path has not two columns, or `loss` is finite nowhere on the map.
    """
    f = "plot.descent_path"
    path = np.asarray(_arguments.matrix(f, "path", path))
    if path.shape[1] != 2:
        _arguments.refuse(f, "path", f"has {path.shape[1]} columns, not 2", f"shape {path.shape}", "pass two parameters: (steps, 2)")
    _style.function_of_rows(f, "loss", loss)
    _arguments.integer(f, "resolution", resolution, low=2, high=2000)
    xlabel, ylabel = _style.pair(f, "names", names)
    across, up = _around(path, resolution)
    heights = _heights(f, loss, np.stack(np.meshgrid(across, up), axis=-1))
    if title is None:
        first, last = _heights(f, loss, path[None, [0, -1]])[0]
        title = f"Contours of the loss: {first:.3g} at the start, {last:.3g} after {len(path) - 1} steps"
    ax = _style.frame(f, ax, title=title, xlabel=xlabel, ylabel=ylabel, grid=False)
    _map(ax, across, up, heights)
    dots = "o" if len(path) <= 200 else None
    ax.plot(path[:, 0], path[:, 1], color=_style.VERMILION, linewidth=1.6, marker=dots, markersize=3.5, label="path", zorder=3)
    _mark(ax, path[0], path[0] - path[min(1, len(path) - 1)], "start", "white")
    _mark(ax, path[-1], path[-1] - path[max(-2, -len(path))], "end", _style.VERMILION)
    return ax


def _around(path: np.ndarray, resolution: int) -> tuple[np.ndarray, np.ndarray]:
    """The places along both axes: the path's range and a quarter more on each side."""
    low, high = path.min(axis=0), path.max(axis=0)
    margin = np.where(high > low, 0.25 * (high - low), 0.5 * max(1.0, float((high - low).max())))
    across, up = np.linspace(low - margin, high + margin, resolution, dtype=path.dtype).T
    return across, up


def _heights(f: str, loss: Callable[[Any], Any], places: np.ndarray) -> np.ma.MaskedArray:
    """The loss at each place; where it is not finite, masked.  (u, a, 2) -> (u, a)."""
    rows = places.reshape(-1, 2)
    try:
        values = np.asarray(jax.vmap(loss)(rows), np.float64)
    except (jax.errors.JAXTypeError, TypeError):  # a function of NumPy numbers cannot be traced
        values = np.array([np.asarray(loss(row)) for row in rows], np.float64)
    if values.shape != (len(rows),):
        _arguments.refuse(f, "loss", "does not return a number", f"shape {values.shape[1:]}", "return a scalar for a point (2,)")
    if not np.isfinite(values).any():
        _arguments.refuse(f, "loss", "is finite nowhere on the map", str(values[0]), "look at the path: has it diverged?")
    return np.ma.masked_invalid(values.reshape(places.shape[:2]))


def _map(ax: Axes, across: np.ndarray, up: np.ndarray, heights: np.ma.MaskedArray) -> None:
    """Contours at L* + equal ratios, darker where the loss is lower."""
    lowest, highest = float(heights.min()), float(heights.max())
    if highest == lowest:
        return
    levels = lowest + (highest - lowest) * np.geomspace(1e-4, 1, 13)
    shades = _style.between("#9DBFD3", "#FBFCFD")(np.linspace(0, 1, len(levels)))
    ax.contourf(across, up, heights, levels=[lowest, *levels], colors=shades)
    lines = ax.contour(across, up, heights, levels=levels[:-1], colors=_style.MUTED, linewidths=0.7, alpha=0.7)
    ax.clabel(lines, levels[5:-1:2], fmt="%.3g", fontsize=10, colors=_style.INK)


def _mark(ax: Axes, place: np.ndarray, away: np.ndarray, name: str, fill: str) -> None:
    """A dot with its name, written on the side that the path does not take."""
    from matplotlib.patheffects import withStroke

    side = 1 if away[0] >= 0 else -1
    x, y = place.tolist()
    ax.plot(x, y, marker="o", markersize=10, color=fill, markeredgecolor=_style.VERMILION, markeredgewidth=2, zorder=4)
    text = ax.annotate(name, (x, y), xytext=(12 * side, 0), textcoords="offset points", ha="left" if side > 0 else "right", va="center")
    text.set(fontsize=13, fontweight="bold", color=_style.INK, zorder=5, path_effects=[withStroke(linewidth=3, foreground="white")])
