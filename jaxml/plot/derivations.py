"""A gradient derived by hand beside autodiff's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jaxml import _arguments
from jaxml.checks._derivation import Derivation
from jaxml.plot import _style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def derivation(report: Derivation, *, title: str | None = None, ax: Axes | None = None) -> Axes:
    """Every number of both gradients, at all points of the check: a right formula lies on the diagonal.

    A constant factor is a line of another slope; a parameter that is wrong leaves the diagonal alone.
    ValueError where the report holds no numbers: a wrong shape, or NaN.
    """
    f = "plot.derivation"
    if not isinstance(report, Derivation):
        wanted = "pass what checks.check_derivation returned"
        _arguments.refuse(f, "report", "is not a derivation's report", _arguments.describe(report), wanted, TypeError)
    if report.yours is None:
        _arguments.refuse(f, "report", "holds no numbers to draw", repr(report.message), "mend the formula's shape or its NaN first")
    ax = _style.frame(f, ax, title=title or _finding(report), xlabel="gradient by autodiff", ylabel="your gradient")
    everything = np.concatenate([report.autodiff.ravel(), report.yours.ravel()])
    low, high = report.autodiff.min(), report.autodiff.max()
    ax.plot([low, high], [low, high], color=_style.MUTED, linewidth=1.2, label="right")
    for i, (name, place) in enumerate(report.leaves.items()):
        x, y = report.autodiff[:, place].ravel(), report.yours[:, place].ravel()
        ax.plot(x, y, _style.marker_of(i), color=_style.color_of(i), markersize=7, markeredgecolor="white", label=name)
    if everything.max() - everything.min() > 0:
        ax.margins(0.08)
    _style.legend(ax, "best")
    return ax


def _finding(report: Derivation) -> str:
    """The title: what was found, in few words."""
    if report.ok:
        return f"Right, at {len(report.autodiff)} points"
    slip = f"{report.factor:.4g} times the true one" if report.factor else report.slip.replace("_", " ")
    return f"Wrong{f' in {report.leaf}' if report.leaf else ''}: {slip}"
