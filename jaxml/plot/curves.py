"""Curves: the loss as it falls, and a line through points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from jaxml import _arguments
from jaxml.plot import _style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def loss_curve(
    losses: ArrayLike | Mapping[str, ArrayLike],
    *,
    validation: ArrayLike | Mapping[str, ArrayLike] | None = None,
    log: bool = True,
    xlabel: str = "step",
    ylabel: str = "loss",
    title: str = "Loss during the descent",
    ax: Axes | None = None,
) -> Axes:
    """The loss at each step, with the last value in the legend.  (steps,), or a dict of name -> (steps,).

    `validation` is drawn dashed: (epochs,), or a dict with names of `losses`; a shorter one is spread evenly, so that both end together.
    The axis is logarithmic when `log` and every loss is positive.  ValueError for NaN or infinity.
    """
    from matplotlib.ticker import MaxNLocator

    f = "plot.loss_curve"
    several = isinstance(losses, Mapping)
    solid = _curves(f, "losses", losses, "training")
    dashed = _curves(f, "validation", validation, "training")
    if strange := [name for name in dashed if name not in solid]:
        _arguments.refuse(f, "validation", "names no curve of 'losses'", repr(strange[0]), f"pass names among {list(solid)}")
    ax = _style.frame(f, ax, title=title, xlabel=xlabel, ylabel=ylabel)
    for i, (name, y) in enumerate(solid.items()):
        _line(ax, np.arange(len(y)), y, name if several or dashed else "loss", _style.color_of(i), "-")
        if name in dashed:
            held = dashed[name]
            at = np.arange(1, len(held) + 1) * len(y) / len(held) - 1
            color = _style.color_of(i if several else 1)
            _line(ax, at, held, f"{name}, validation" if several else "validation", color, (0, (4, 2)))
    if log and all(y.min() > 0 for y in [*solid.values(), *dashed.values()]):
        _style.plain_log_axis(ax)
    ax.margins(x=0.02)
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))  # there is no half step
    _style.legend(ax, "best")
    return ax


def _curves(f: str, name: str, value: Any, single: str) -> dict[str, np.ndarray]:
    """Name -> (steps,), in the order given."""
    named = value if isinstance(value, Mapping) else {} if value is None and name == "validation" else {single: value}
    curves = {str(key): np.asarray(_arguments.vector(f, name, y), np.float64) for key, y in named.items()}
    if not curves and value is not None:
        _arguments.refuse(f, name, "is empty", "{}", "pass at least one curve")
    return curves


def _line(ax: Axes, x: np.ndarray, y: np.ndarray, name: str, color: str, style: Any) -> None:
    marker = "o" if len(y) <= 20 else None  # few values are points, many are a line
    ax.plot(x, y, label=f"{name}: ends at {y[-1]:.3g}", color=color, linestyle=style, linewidth=2, marker=marker, markersize=5)


def scatter_with_fit(
    x: ArrayLike,
    y: ArrayLike,
    predict: Callable[[Any], Any] | None = None,
    *,
    residuals: bool = False,
    names: tuple[str, str] = ("x", "y"),
    title: str = "Data and fit",
    ax: Axes | None = None,
) -> Axes:
    """The points of one feature and the line or curve through them.  x (n,) or (n, 1), y (n,); predict (m, 1) -> (m,).

    With `residuals`, the distance from each point to its prediction is drawn, and the legend states the mean of its square: the loss.
    ValueError for NaN, for different lengths, for a `predict` that returns another shape.
    """
    f = "plot.scatter_with_fit"
    x, y = (np.asarray(_arguments.vector(f, name, value)) for name, value in (("x", x), ("y", y)))
    _arguments.same_length(f, x=x, y=y)
    xlabel, ylabel = _style.pair(f, "names", names)
    if residuals and predict is None:
        _arguments.refuse(f, "residuals", "wants a prediction", "predict=None", "pass predict, a function (m, 1) -> (m,)")
    ax = _style.frame(f, ax, title=title, xlabel=xlabel, ylabel=ylabel)
    ax.scatter(x, y, s=36, color=_style.BLUE, edgecolor="white", linewidth=0.6, label="data", zorder=3)
    if predict is None:
        return ax
    _style.function_of_rows(f, "predict", predict)
    margin = 0.03 * (x.max() - x.min())
    line = np.linspace(x.min() - margin, x.max() + margin, 200, dtype=x.dtype)
    ax.plot(line, _fitted(f, predict, line), color=_style.VERMILION, linewidth=2.2, label="fit", zorder=4)
    if residuals:
        y_hat = _fitted(f, predict, x)
        label = f"residuals, mean square {np.mean((y - y_hat) ** 2):.3g}"
        ax.vlines(x, y, y_hat, color=_style.MUTED, linewidth=1, label=label, zorder=2)
    _style.legend(ax, "best")
    return ax


def _fitted(f: str, predict: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    return np.asarray(_arguments.floats(f, "predict", _style.call(f, "predict", predict, x[:, None])))
