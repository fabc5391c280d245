"""How every picture looks: one palette, one frame, one way to read what pictures share.

The colours are Okabe and Ito's (2008) and three of Paul Tol's: they stay apart in every common form of colour blindness.
Classes also differ by marker, so that a picture survives a grey printer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxml import _arguments

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap

BLUE, VERMILION, INK, MUTED, FAINT = "#0072B2", "#D55E00", "#222222", "#6B6B6B", "#E4E4E4"
COLORS = (BLUE, VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#666666", "#882255", "#999933", "#332288")
MARKERS = "os^DvPX<>*"


def color_of(i: int) -> str:
    return COLORS[i % len(COLORS)]


def marker_of(i: int) -> str:
    return MARKERS[i % len(MARKERS)]


def frame(function: str, ax: Any, *, title: str, xlabel: str, ylabel: str, grid: bool = True) -> Axes:
    """The given Axes, or that of a new figure; with its title and both labels, and no more lines than it needs."""
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    if ax is None:
        ax = Figure(figsize=(8, 5), dpi=100, layout="constrained").add_subplot()
    elif not isinstance(ax, Axes):
        wanted = "pass one Axes, as figure.add_subplot() makes it, or leave it out"
        _arguments.refuse(function, "ax", "is not an Axes", type(ax).__name__, wanted, TypeError)
    ax.set_title(title, loc="left", fontsize=14, color=INK, pad=12)
    ax.set_xlabel(xlabel, fontsize=12, color=INK)
    ax.set_ylabel(ylabel, fontsize=12, color=INK)
    ax.tick_params(labelsize=11, colors=MUTED, length=0)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(MUTED)
    ax.set_axisbelow(True)
    ax.grid(grid, **({"color": FAINT, "linewidth": 0.8} if grid else {}))
    return ax


def legend(ax: Axes, loc: Any, **place: Any) -> None:
    ax.legend(loc=loc, fontsize=11, labelcolor=INK, edgecolor="none", framealpha=0.85, scatteryoffsets=[0.5], **place).set_zorder(10)


def plain_log_axis(ax: Axes) -> None:
    """A logarithmic y-axis with numbers as people write them: 0.1, 0.2, 0.5, 1."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 1e3 * low else (1,)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_locator(NullLocator())


def between(*colors: str) -> LinearSegmentedColormap:
    """A colour map from the first colour through the others to the last."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("jaxml", colors)


# ---------------------------------------------------------------- arguments


def function_of_rows(function: str, name: str, value: Any) -> Callable[[Any], Any]:
    """Refuses what cannot be called."""
    if not callable(value):
        wanted = "pass a function of rows, e.g. lambda rows: model.predict(params, rows)"
        _arguments.refuse(function, name, "is not a function", _arguments.describe(value), wanted, TypeError)
    return value


def call(function: str, name: str, predict: Callable[[Any], Any], rows: np.ndarray) -> np.ndarray:
    """One number for each row.  (m, d) -> (m,)."""
    out = np.asarray(predict(rows))
    if out.shape not in ((len(rows),), (len(rows), 1)):
        wanted = f"return one value per row: ({len(rows)},)"
        _arguments.refuse(function, name, "returned the wrong shape", f"{out.shape} for rows {rows.shape}", wanted)
    return out.reshape(-1)


def pair(function: str, name: str, value: Any) -> tuple[str, str]:
    """Two names, one for each axis."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        _arguments.refuse(function, name, "is not a pair of names", repr(value), "pass two strings: one per axis")
    return str(value[0]), str(value[1])


def class_names(function: str, value: Sequence[Any] | None, k: int, *, exactly: bool = False) -> list[str]:
    """A name for each class; the numbers themselves where none are given."""
    names = [str(i) for i in range(k)] if value is None else [str(name) for name in value]
    if len(names) < k or (exactly and len(names) > k):
        _arguments.refuse(function, "class_names", f"has {len(names)} names for {k} classes", repr(names), "pass one name per class")
    return names
