"""What a classifier says at every place of the plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import ArrayLike

from jaxml import _arguments
from jaxml.plot import _style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PointsAndGrid = tuple[np.ndarray, np.ndarray, np.ndarray]


def decision_boundary(
    predict: Callable[[Any], Any],
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    resolution: int = 200,
    class_names: Sequence[str] | None = None,
    names: tuple[str, str] = ("feature 1", "feature 2"),
    title: str = "Decision regions",
    ax: Axes | None = None,
) -> Axes:
    """The region of each class, with the examples on top.  predict (m, 2) -> labels (m,) 0 ... k-1; x (n, 2), y (n,).

    `predict` is called once, on resolution² places.  ValueError where x has not two columns, or `predict` returns no labels.
    """
    f = "plot.decision_boundary"
    x, across, up = _plane(f, x, resolution)
    labels = _labels_of(f, predict, _rows(across, up)).reshape(len(up), len(across))
    y = None if y is None else np.asarray(_arguments.labels(f, "y", y))
    k = 1 + int(max(labels.max(), 0 if y is None else y.max()))
    said = _style.class_names(f, class_names, k)
    ax = _style.frame(f, ax, title=title, xlabel=_style.pair(f, "names", names)[0], ylabel=names[1], grid=False)
    _regions(ax, labels, across, up, said if y is None else None)
    _points(f, ax, x, y, said)
    _style.legend(ax, "upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    return ax


def probability_contours(
    predict_proba: Callable[[Any], Any],
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    resolution: int = 200,
    class_names: Sequence[str] | None = None,
    names: tuple[str, str] = ("feature 1", "feature 2"),
    title: str = "Probability, and the boundary at 0.5",
    ax: Axes | None = None,
) -> Axes:
    """The probability of class 1 in steps of 0.1, the line of 0.5, the examples.  predict_proba (m, 2) -> (m,) in [0, 1]; x (n, 2), y (n,).

    `predict_proba` is called once, on resolution² places.  ValueError where x has not two columns, or a value lies outside [0, 1].
    """
    f = "plot.probability_contours"
    x, across, up = _plane(f, x, resolution)
    p = _probabilities_of(f, predict_proba, _rows(across, up)).reshape(len(up), len(across))
    y = None if y is None else np.asarray(_arguments.labels(f, "y", y, n_classes=2))
    said = _style.class_names(f, class_names, 2)
    ax = _style.frame(f, ax, title=title, xlabel=_style.pair(f, "names", names)[0], ylabel=names[1], grid=False)
    colors = _style.between(_style.BLUE, "#F7F7F7", _style.VERMILION)
    filled = ax.contourf(across, up, p, levels=np.linspace(0, 1, 11), cmap=colors, alpha=0.55)
    bar = ax.figure.colorbar(filled, ax=ax, ticks=[0, 0.25, 0.5, 0.75, 1], pad=0.02)
    bar.set_label(f"probability of class {said[1]}", fontsize=12, color=_style.INK)
    bar.ax.tick_params(labelsize=11, colors=_style.MUTED, length=0)
    bar.outline.set_visible(False)
    if p.min() < 0.5 < p.max():
        line = ax.contour(across, up, p, levels=[0.5], colors=_style.INK, linewidths=1.8)
        bar.add_lines(line)
        ax.clabel(line, fmt="0.5", fontsize=11)
    _points(f, ax, x, y, said)
    if y is not None:
        _style.legend(ax, "upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)
    return ax


def boundary_band(
    logits: Callable[[Any, Any], Any],
    params: Any,
    covariance: ArrayLike,
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    level: float = 0.95,
    resolution: int = 200,
    class_names: Sequence[str] | None = None,
    names: tuple[str, str] = ("feature 1", "feature 2"),
    title: str = "The boundary, and how far it is known",
    ax: Axes | None = None,
) -> Axes:
    """The line of z = 0, and the places where data as these leave the sign of z open.  logits(params, (m, 2)) -> (m,); x (n, 2), y (n,).

    `covariance` (p, p) is that of the parameters, as checks.audit finds it, in the order of ravel_pytree.  By the delta method z varies by
    s² = ∇z · covariance · ∇z, with the gradient by the parameters; the band holds the places where |z| is below 1.96 s for `level` 0.95:
    at each of them 0 lies in the interval for z.  ValueError where x has not two columns, or the shapes do not fit.
    Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 4.4.
    """
    f = "plot.boundary_band"
    x, across, up = _plane(f, x, resolution)
    level = _arguments.number(f, "level", level, above=0, below=1)
    z, deviation = _delta_method(f, logits, params, covariance, _rows(across, up))
    z, width = z.reshape(len(up), len(across)), NormalDist().inv_cdf((1 + level) / 2) * deviation.reshape(len(up), len(across))
    y = None if y is None else np.asarray(_arguments.labels(f, "y", y, n_classes=2))
    said = _style.class_names(f, class_names, 2)
    ax = _style.frame(f, ax, title=title, xlabel=_style.pair(f, "names", names)[0], ylabel=names[1], grid=False)
    ax.contourf(across, up, np.abs(z) - width, levels=[-np.inf, 0], colors=_style.MUTED, alpha=0.3)
    if z.min() < 0 < z.max():
        ax.contour(across, up, z, levels=[0], colors=_style.INK, linewidths=1.8)
    ax.plot([], [], color=_style.INK, linewidth=1.8, label="boundary")
    ax.fill([], [], color=_style.MUTED, alpha=0.3, label=f"{level:.0%} band")
    _points(f, ax, x, y, said)
    ax.set(xlim=(across[0], across[-1]), ylim=(up[0], up[-1]))
    _style.legend(ax, "upper center", bbox_to_anchor=(0.5, -0.12), ncols=4)
    return ax


def _delta_method(
    f: str, logits: Callable[[Any, Any], Any], params: Any, covariance: Any, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """z and its standard deviation at each row.  (m, 2) -> (m,), (m,)"""
    _style.function_of_rows(f, "logits", logits)
    theta, params_of = ravel_pytree(jax.tree.map(jnp.asarray, params))
    covariance = np.asarray(_arguments.matrix(f, "covariance", covariance), np.float64)
    if covariance.shape != (len(theta), len(theta)):
        wanted = "pass Audit.covariance of the same parameters"
        _arguments.refuse(f, "covariance", f"is not that of {len(theta)} parameters", f"shape {covariance.shape}", wanted)
    of_rows = lambda t: logits(params_of(t), rows)
    z = _style.call(f, "logits", lambda _: of_rows(theta), rows)
    gradients = np.asarray(jax.jit(jax.jacfwd(of_rows))(theta), np.float64).reshape(len(rows), -1)
    variance = np.sum(gradients @ covariance * gradients, axis=1)
    return z, np.sqrt(np.maximum(variance, 0))


def _plane(f: str, x: Any, resolution: int) -> PointsAndGrid:
    """x (n, 2), and the places along both axes: its range and a twentieth more on each side."""
    x = np.asarray(_arguments.matrix(f, "x", x))
    if x.shape[1] != 2:
        wanted = "a plane shows two features: pass x[:, [i, j]], and a predict that fills in the others"
        _arguments.refuse(f, "x", f"has {x.shape[1]} columns, not 2", f"shape {x.shape}", wanted)
    _arguments.integer(f, "resolution", resolution, low=2, high=2000)
    low, high = x.min(axis=0), x.max(axis=0)
    margin = np.where(high > low, 0.05 * (high - low), 0.5)
    across, up = np.linspace(low - margin, high + margin, resolution, dtype=x.dtype).T
    return x, across, up


def _rows(across: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Every place as a row, the lowest first.  -> (len(up) len(across), 2)."""
    return np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)


def _labels_of(f: str, predict: Callable[[Any], Any], rows: np.ndarray) -> np.ndarray:
    out = _style.call(f, "predict", _style.function_of_rows(f, "predict", predict), rows)
    if out.dtype.kind == "f" and (out != np.floor(out)).any():
        wanted = "return labels 0 ... k-1; plot.probability_contours shows probabilities"
        _arguments.refuse(f, "predict", "returned numbers that are no labels", str(out[out != np.floor(out)][0]), wanted)
    return np.asarray(_arguments.labels(f, "predict", out))


def _probabilities_of(f: str, predict_proba: Callable[[Any], Any], rows: np.ndarray) -> np.ndarray:
    out = _style.call(f, "predict_proba", _style.function_of_rows(f, "predict_proba", predict_proba), rows)
    p = np.asarray(_arguments.floats(f, "predict_proba", out))
    if p.min() < 0 or p.max() > 1:
        bad = p[(p < 0) | (p > 1)][0]
        _arguments.refuse(f, "predict_proba", "returned a value outside [0, 1]", str(bad), "return the probability of class 1, not a logit")
    return p


def _regions(ax: Axes, labels: np.ndarray, across: np.ndarray, up: np.ndarray, said: list[str] | None) -> None:
    """Each class in the tint of its colour, and a line where they meet; named in the legend where no points will do it."""
    from matplotlib.colors import to_rgb

    tints = np.array([to_rgb(_style.color_of(c)) for c in range(labels.max() + 1)]) * 0.3 + 0.7
    half_x, half_y = (across[1] - across[0]) / 2, (up[1] - up[0]) / 2
    extent = (across[0] - half_x, across[-1] + half_x, up[0] - half_y, up[-1] + half_y)
    # colours are blended, not labels: between classes 0 and 2 there is no class 1
    ax.imshow(tints[labels], origin="lower", extent=extent, aspect="auto", interpolation="bilinear")
    if said is not None:
        for c in np.unique(labels):
            ax.fill([], [], color=tints[c], label=said[c])
    for c in np.unique(labels)[1:]:
        ax.contour(across, up, _smooth(labels == c), levels=[0.5], colors=_style.INK, linewidths=1.2)
    ax.set(xlim=(across[0], across[-1]), ylim=(up[0], up[-1]))


def _smooth(inside: np.ndarray) -> np.ndarray:
    """The mean over neighbours, with binomial weights: the border of a region of pixels is a stair, that of this a line."""
    for axis in (0, 1):
        padded = np.pad(inside.astype(np.float64), [(2, 2) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        inside = sum(w * np.take(padded, range(i, i + inside.shape[axis]), axis) for i, w in enumerate(np.array([1, 4, 6, 4, 1]) / 16))
    return inside


def _points(f: str, ax: Axes, x: np.ndarray, y: np.ndarray | None, said: list[str]) -> None:
    """The examples: in one colour, or in the colour and marker of their class."""
    if y is None:
        ax.scatter(x[:, 0], x[:, 1], s=22, color=_style.INK, edgecolor="white", linewidth=0.6, zorder=3)
    else:
        _arguments.same_length(f, x=x, y=y)
        for c in np.unique(y):
            style: dict[str, Any] = {
                "color": _style.color_of(c),
                "marker": _style.marker_of(c),
                "label": f"class {said[c]}" if said[c].isdigit() else said[c],
            }
            ax.scatter(x[y == c, 0], x[y == c, 1], s=38, edgecolor="white", linewidth=0.7, zorder=3, **style)
