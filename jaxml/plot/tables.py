"""A table of counts as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from jaxml import _arguments
from jaxml.plot import _style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def confusion_matrix(
    matrix: ArrayLike,
    *,
    class_names: Sequence[str] | None = None,
    normalize: bool = False,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Who was taken for whom: the number in every cell, rows actual, columns predicted.  (k, k), of `metrics.confusion_matrix`.

    With `normalize`, each row is divided by its sum: of the examples of this class, the share that was called so.
    ValueError for a matrix that is not square, or has a negative entry.
    """
    f = "plot.confusion_matrix"
    counts = np.asarray(_arguments.matrix(f, "matrix", matrix), np.float64)
    k = len(counts)
    if counts.shape != (k, k):
        _arguments.refuse(f, "matrix", "is not square", f"shape {counts.shape}", "pass metrics.confusion_matrix(y_true, y_pred)")
    if counts.min() < 0:
        _arguments.refuse(f, "matrix", "has a negative entry", str(counts.min()), "pass counts")
    names = _style.class_names(f, class_names, k, exactly=True)
    size = counts.sum(axis=1, keepdims=True)
    shade = counts / np.where(size > 0, size, 1) if normalize else counts / max(counts.max(), 1e-300)
    ax = _style.frame(f, ax, title=_title(counts) if title is None else title, xlabel="predicted class", ylabel="actual class", grid=False)
    colors = _style.between("#F1F5F9", _style.BLUE, "#004A75")
    ax.imshow(shade, cmap=colors, vmin=0, vmax=1)
    for i, j in np.ndindex(k, k):
        text = f"{shade[i, j]:.0%}" if normalize else f"{counts[i, j]:.4g}" if counts[i, j] % 1 else f"{counts[i, j]:.0f}"
        color = "white" if _luminance(colors(shade[i, j])) < 0.25 else _style.INK
        ax.text(j, i, text, ha="center", va="center", color=color, fontsize=min(16, 90 / k))
    aslant: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if k * max(map(len, names)) > 40 else {}
    ax.set_xticks(range(k), names, **aslant)
    ax.set_yticks(range(k), names)
    ax.hlines(np.arange(k - 1) + 0.5, -0.5, k - 0.5, color="white", linewidth=2)
    ax.vlines(np.arange(k - 1) + 0.5, -0.5, k - 0.5, color="white", linewidth=2)
    ax.spines[:].set_visible(False)
    return ax


def _title(counts: np.ndarray) -> str:
    if counts.sum() == 0 or (counts % 1).any():
        return "Confusion matrix"
    return f"Confusion matrix: {counts.trace():.0f} of {counts.sum():.0f} right ({counts.trace() / counts.sum():.0%})"


def _luminance(rgba: Any) -> float:
    """The light that a colour sends, 0 to 1 (ITU-R BT.709; a power of 2.2 for the sRGB curve)."""
    return float(np.dot((0.2126, 0.7152, 0.0722), np.power(rgba[:3], 2.2)))
