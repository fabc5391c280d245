"""What gradient descent will do: the predicted error and the observed, and how fast each rate is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jaxml import _arguments
from jaxml.checks._forecast import Forecast
from jaxml.plot import _style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOTS = 40  # from end to end of the picture


def forecast(report: Forecast, *, title: str | None = None, ax: Axes | None = None) -> Axes:
    """The loss above its minimum at each step: predicted as a line, observed as dots.

    ValueError where the report has neither: pass `steps` or `losses` to jaxml.forecast.
    """
    from matplotlib.ticker import MaxNLocator

    f = "plot.forecast"
    _check(f, report)
    curves = {"predicted": report.predicted, "observed": report.observed}
    if report.predicted is None and report.observed is None:
        wanted = "pass steps or losses to jaxml.forecast, for a loss that is quadratic"
        _arguments.refuse(f, "report", "has no curve", "neither predicted nor observed errors", wanted)
    ax = _style.frame(f, ax, title=title or _finding(report), xlabel="step", ylabel="loss above its minimum")
    longest = max(len(curve) for curve in curves.values() if curve is not None)
    for (name, curve), color in zip(curves.items(), (_style.BLUE, _style.VERMILION), strict=True):
        if curve is None:
            continue
        # rounding: a difference of two losses has no more digits than they have
        steps = np.flatnonzero(curve > 1e-15 * np.abs(curve).max())
        if name == "observed":
            steps = steps[:: max(1, longest // DOTS)]
            ax.plot(steps, curve[steps], "o", color=color, markersize=5, label=name, zorder=4)
        else:
            ax.plot(steps, curve[steps], color=color, linewidth=2, label=name, zorder=3)
    _style.plain_log_axis(ax)
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))  # there is no half step
    _style.legend(ax, "best")
    return ax


def rates(report: Forecast, *, title: str | None = None, ax: Axes | None = None) -> Axes:
    """The share of each direction's error that one step leaves, |1 − ηλ|, at every rate η: the flattest, the steepest, and the limit.

    ValueError where the report has no condition number.
    """
    f = "plot.rates"
    _check(f, report)
    if report.max_rate is None or report.best_rate is None or report.condition_number is None:
        wanted = "pass the report of a loss with a minimum: its message says what is missing"
        _arguments.refuse(f, "report", "has no best rate", repr(report.message), wanted)
    if title is None:
        title = f"Rates below {report.max_rate:.3g} shrink every error; the best is {report.best_rate:.3g}"
    ax = _style.frame(f, ax, title=title, xlabel="learning rate η", ylabel="error left by one step, |1 − ηλ|")
    end = 1.2 * report.max_rate
    eta, steep = np.linspace(0, end, 400), 2 / report.max_rate
    left = {"steepest": np.abs(1 - eta * steep), "flattest": np.abs(1 - eta * steep / report.condition_number)}
    for (name, y), color in zip(left.items(), (_style.color_of(4), _style.BLUE), strict=True):
        ax.plot(eta, y, color=color, linewidth=2, label=f"{name} direction")
    ax.plot(eta, np.maximum(*left.values()), color=_style.INK, linewidth=1.2, linestyle=(0, (2, 2)), label="slowest error")
    ax.axvspan(report.max_rate, end, color=_style.VERMILION, alpha=0.12, linewidth=0, label="diverges")
    if report.learning_rate is not None and report.factor is not None and report.learning_rate <= end:
        ax.plot(
            report.learning_rate, abs(report.factor), "o", color=_style.VERMILION, markersize=8, label=f"η = {report.learning_rate:.3g}"
        )
    ax.set(xlim=(-0.02 * end, end), ylim=(-0.04, None))
    _style.legend(ax, "best")
    return ax


def _check(f: str, report: Forecast) -> None:
    if not isinstance(report, Forecast):
        _arguments.refuse(f, "report", "is not a forecast", _arguments.describe(report), "pass what jaxml.forecast returns", TypeError)


def _finding(report: Forecast) -> str:
    """The title: what the forecast says, in few words."""
    if report.learning_rate is None or report.max_rate is None or report.factor is None:
        return "Observed error"
    if report.steps_needed is None:
        goes = "diverges" if abs(report.factor) > 1 + 1e-9 else "does not arrive"
        return f"Rate {report.learning_rate:.3g} {goes}: the limit is {report.max_rate:.3g}"
    return f"Rate {report.learning_rate:.3g}: {report.steps_needed:,} steps leave {100 * report.tol:.3g}% of the slow error"
