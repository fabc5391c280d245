"""What a model learned: its scores by the number of rows, the features it used, the directions it found, the rows that hold its border."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from jaxml import _arguments
from jaxml.plot import _style
from jaxml.plot.boundaries import _plane, _points, _rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Band = tuple[np.ndarray, np.ndarray]


# ---------------------------------------------------------------- learning curves


def learning_curve(
    curve: tuple[ArrayLike, ArrayLike, ArrayLike],
    *,
    labels: tuple[str, str] = ("training rows", "test rows"),
    color: int = 0,
    log: bool = False,
    ylabel: str = "score",
    title: str = "Learning curve",
    ax: Axes | None = None,
) -> Axes:
    """The mean score on training rows (dashed) and on test rows, and a band of one standard deviation over the folds on either side.

    curve: (sizes (s,), training scores (s, folds), test scores (s, folds)), as model_selection.learning_curve returns it; scores that
    are nan are left out.  A second curve is drawn into the same `ax` with other labels and another `color`, 0 to 9.
    With `log`, the axis is logarithmic, and so is the standard deviation, a factor up and down: pass errors, all of them positive.
    ValueError for other shapes, and for scores of 0 or less with `log`.
    """
    f = "plot.learning_curve"
    sizes, *scores = _curve(f, curve)
    of_train, of_test = _style.pair(f, "labels", labels)
    shade = _style.color_of(_arguments.integer(f, "color", color, low=0, high=len(_style.COLORS) - 1))
    if _arguments.flag(f, "log", log) and (low := min(np.nanmin(s) for s in scores)) <= 0:
        _arguments.refuse(f, "curve", "has a score without a logarithm", f"{low:g}", "pass positive errors, or leave out log")
    ax = _style.frame(f, ax, title=title, xlabel="training rows seen", ylabel=ylabel)
    styles = [(of_train, (0, (4, 2)), 0.10, "white"), (of_test, "-", 0.22, shade)]
    for values, (name, line, alpha, fill) in zip(scores, styles, strict=True):
        middle, low, high = _band(values, log)
        last = np.flatnonzero(np.isfinite(middle))[-1]
        name = f"{name}: ends at {middle[last]:.4g}"
        ax.fill_between(sizes, low, high, color=shade, alpha=alpha, linewidth=0)
        ax.plot(sizes, middle, color=shade, linestyle=line, linewidth=2, marker="o", markersize=5, markerfacecolor=fill, label=name)
    if log:
        _style.plain_log_axis(ax)
    ax.margins(x=0.03)
    _style.legend(ax, "best")
    return ax


def _curve(f: str, curve: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """sizes (s,), and training and test scores (s, folds) with nan where there are none."""
    if not isinstance(curve, tuple) or len(curve) != 3:
        wanted = "pass (sizes, training scores, test scores), as model_selection.learning_curve returns them"
        _arguments.refuse(f, "curve", "is not a learning curve", _arguments.describe(curve), wanted, TypeError)
    sizes = np.asarray(_arguments.vector(f, "curve", curve[0]), np.float64)
    scores = [_arguments._numpy(f, "curve", part).astype(np.float64) for part in curve[1:]]
    for part in scores:
        if part.ndim != 2 or len(part) != len(sizes) or part.shape[1] == 0:
            got = f"shapes {', '.join(str(np.shape(part)) for part in curve)}"
            _arguments.refuse(f, "curve", "has scores that do not match its sizes", got, "pass scores (sizes, folds)")
        if np.isinf(part).any() or np.isnan(part).all():
            wanted = "a curve needs finite scores; nan marks a fit that failed"
            _arguments.refuse(f, "curve", "has infinite scores, or none at all", f"{part.ravel()[0]}", wanted)
    return sizes, scores[0], scores[1]


def _band(values: np.ndarray, log: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean over folds, and the ends of the band below and above; a size without scores is nan."""
    values = np.ma.masked_invalid(values)
    mean, deviation = values.mean(axis=1), (np.ma.log(values) if log else values).std(axis=1)
    ends = (mean, mean * np.exp(-deviation), mean * np.exp(deviation)) if log else (mean, mean - deviation, mean + deviation)
    middle, low, high = (np.ma.filled(end, np.nan) for end in ends)
    return middle, low, high


# ---------------------------------------------------------------- directions


def noise_band(n: int, d: int, *, draws: int = 200, random_state: int | None = 0) -> Band:
    """What pure noise would give: the middle 95 % of each explained variance ratio of n rows of d independent normal columns.

    -> (low, high), each (d,).  ValueError where n < 2 or draws < 20.
    Horn, "A rationale and test for the number of factors in factor analysis", Psychometrika 30, 179-185 (1965).

    >>> low, high = noise_band(100, 3)
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.36, 0.3, 0.22], [0.46, 0.36, 0.31])
    """
    f = "plot.noise_band"
    n, d = _arguments.integer(f, "n", n, low=2), _arguments.integer(f, "d", d, low=1)
    _arguments.integer(f, "draws", draws, low=20)
    rng = _arguments.random_state(f, random_state)
    ratios = np.empty((draws, d))
    for ratio in ratios:
        x = rng.standard_normal((n, d))
        variances = np.linalg.eigvalsh(np.cov(x, rowvar=False).reshape(d, d))[::-1].clip(0)
        ratio[:] = variances / variances.sum()
    low, high = np.percentile(ratios, [2.5, 97.5], axis=0)
    return low, high


def explained_variance(
    ratio: ArrayLike,
    *,
    n_samples: int | None = None,
    null: tuple[ArrayLike, ArrayLike] | None = None,
    title: str = "Explained variance",
    ax: Axes | None = None,
) -> Axes:
    """The share of the variance along each component as bars, and where pure noise would put them.  ratio (k,) of `pca`.

    `null` is (low, high), each (k,).  Given `n_samples` instead, it is `noise_band(n_samples, k)`, for which ratio must hold all k = d
    components, one per column, and every column the same scale (`standard_scaler`).  A bar that ends in its band is no evidence of
    structure.  ValueError for shares outside [0, 1], and where both or a partial ratio are given.
    """
    from matplotlib.ticker import PercentFormatter

    f = "plot.explained_variance"
    shares = np.asarray(_arguments.vector(f, "ratio", ratio), np.float64)
    if shares.min() < 0 or shares.sum() > 1 + 1e-4:
        got = f"{shares.min():g}" if shares.min() < 0 else f"a sum of {shares.sum():g}"
        _arguments.refuse(f, "ratio", "does not hold shares of one whole", got, "pass params.explained_variance_ratio")
    band = _noise(f, shares, n_samples, null)
    ax = _style.frame(f, ax, title=title, xlabel="principal component", ylabel="share of the variance")
    ax.grid(False, axis="x")
    places = np.arange(1, len(shares) + 1)
    bars = ax.bar(places, shares, width=0.62, color=_style.BLUE, alpha=0.85, label="explained variance")
    if len(shares) <= 12:
        for bar, share in zip(bars, shares, strict=True):  # a bar too low for its number has it beside it, on top
            tall = share > 0.12 * shares.max()
            middle, end, color = bar.get_x() + bar.get_width() / 2, share / 2 if tall else share, "white" if tall else _style.INK
            vertical = "center" if tall else "bottom"
            ax.text(middle, end, f"{share:.1%}", ha="center", va=vertical, color=color, fontsize=11, fontweight="bold")
    if band is not None:
        low, high = band
        style: dict[str, Any] = {"width": 0.84, "linewidth": 1.6, "edgecolor": _style.VERMILION, "zorder": 3}
        ax.bar(places, high - low, bottom=low, color="#D55E0040", label="pure noise: middle 95 %", **style)
        _style.legend(ax, "upper right")
    ax.set_xlim(0.4, len(shares) + 0.6)
    ax.set_ylim(0, 1.25 * max(shares.max(), 0 if band is None else band[1].max()))
    ax.set_xticks(places if len(shares) <= 12 else places[:: -(-len(shares) // 12)])
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return ax


def _noise(f: str, shares: np.ndarray, n_samples: Any, null: Any) -> Band | None:
    """(low, high), each (k,); or None, where no band is wanted."""
    if n_samples is not None and null is not None:
        _arguments.refuse(f, "null", "comes with n_samples, which makes one too", f"n_samples={n_samples}", "leave out one of the two")
    if n_samples is not None:
        if abs(shares.sum() - 1) > 1e-4:
            wanted = "pass the ratio of all components, or null=(low, high)"
            _arguments.refuse(f, "ratio", "does not hold every component", f"a sum of {shares.sum():.4g}", wanted)
        return noise_band(_arguments.integer(f, "n_samples", n_samples, low=2), len(shares))
    if null is None:
        return None
    if not isinstance(null, (tuple, list)) or len(null) != 2:
        _arguments.refuse(f, "null", "is not a pair", _arguments.describe(null), "pass (low, high), as plot.noise_band returns them")
    low, high = (np.asarray(_arguments.vector(f, "null", end), np.float64) for end in null)
    if not len(low) == len(high) == len(shares) or (low > high).any():
        got = f"lengths {len(low)} and {len(high)} for {len(shares)} components"
        _arguments.refuse(f, "null", "does not fit 'ratio'", got, "pass (low, high), a pair for each component, low <= high")
    return low, high


# ---------------------------------------------------------------- features


def feature_importances(
    importances: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    std: ArrayLike | None = None,
    top: int | None = None,
    baseline: float | None = None,
    xlabel: str = "importance",
    title: str = "Feature importances",
    ax: Axes | None = None,
) -> Axes:
    """One bar for each feature, the longest on top.  importances (d,); std (d,), drawn on either side of a bar's end.

    `top` keeps the longest.  `baseline` is a line to compare with, such as 1/d, the equal share of shares that sum to 1.
    ValueError for other lengths, and for a negative std.
    """
    f = "plot.feature_importances"
    values = np.asarray(_arguments.vector(f, "importances", importances), np.float64)
    if isinstance(names, str) or not (names is None or hasattr(names, "__len__")):
        _arguments.refuse(f, "names", "is not a list of names", _arguments.describe(names), "pass one entry per row", TypeError)
    said = [f"feature {j}" for j in range(len(values))] if names is None else [str(name) for name in names]
    _arguments.same_length(f, importances=values, names=said)
    spread = None if std is None else np.asarray(_arguments.vector(f, "std", std), np.float64)
    _arguments.same_length(f, importances=values, std=spread)
    if spread is not None and spread.min() < 0:
        _arguments.refuse(f, "std", "has a negative entry", f"{spread.min():g}", "pass standard deviations")
    if baseline is not None:
        _arguments.number(f, "baseline", baseline)
    shown = len(values) if top is None else _arguments.integer(f, "top", top, low=1)
    order = np.argsort(-values, kind="stable")[:shown]
    ax = _style.frame(f, ax, title=title, xlabel=xlabel, ylabel="feature")
    ax.grid(False, axis="y")
    whiskers = None if spread is None else spread[order]
    ends: dict[str, Any] = {"ecolor": _style.INK, "elinewidth": 1.4, "capsize": 3}
    ax.barh(np.arange(len(order)), values[order], xerr=whiskers, height=0.68, color=_style.BLUE, alpha=0.85, error_kw=ends)
    ax.set_yticks(range(len(order)), [said[j] for j in order], fontsize=min(11, 260 / len(order)))
    ax.set_ylim(len(order) - 0.4, -0.6)
    if baseline is not None:
        ax.axvline(baseline, color=_style.VERMILION, linewidth=1.6, linestyle=(0, (4, 2)), label=f"baseline: {baseline:.3g}")
        _style.legend(ax, "lower right")
    return ax


# ---------------------------------------------------------------- margins


def support_vectors(
    decision: Callable[[Any], Any],
    x: ArrayLike,
    y: ArrayLike,
    support: ArrayLike,
    *,
    resolution: int = 200,
    class_names: Sequence[str] | None = None,
    names: tuple[str, str] = ("feature 1", "feature 2"),
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The border f = 0, the margins f = -1 and f = 1, and rings around the rows that hold them.

    decision (m, 2) -> f (m,), positive for class 1; x (n, 2), y (n,) of 0 and 1; support (s, 2), rows of x.
    `decision` is called once, on resolution² places.  ValueError where x or support has not two columns.
    """
    f = "plot.support_vectors"
    x, across, up = _plane(f, x, resolution)
    y = np.asarray(_arguments.labels(f, "y", y, n_classes=2))
    _arguments.same_length(f, x=x, y=y)
    held = np.asarray(_arguments.matrix(f, "support", support))
    if held.shape[1] != 2:
        _arguments.refuse(f, "support", f"has {held.shape[1]} columns, not 2", f"shape {held.shape}", "pass rows of x: (s, 2)")
    places = _style.call(f, "decision", _style.function_of_rows(f, "decision", decision), _rows(across, up))
    heights = np.asarray(_arguments.floats(f, "decision", places), np.float64).reshape(len(up), len(across))
    said = _style.class_names(f, class_names, 2)
    title = f"Border and margins: {len(held)} of {len(x)} rows are support vectors" if title is None else title
    ax = _style.frame(f, ax, title=title, xlabel=_style.pair(f, "names", names)[0], ylabel=names[1], grid=False)
    half_x, half_y = (across[1] - across[0]) / 2, (up[1] - up[0]) / 2
    extent = (across[0] - half_x, across[-1] + half_x, up[0] - half_y, up[-1] + half_y)
    tints = _style.between("#99C7E2", "#FCFCFC", "#EEBF99")
    ax.imshow(heights, extent=extent, origin="lower", aspect="auto", interpolation="bilinear", cmap=tints, vmin=-2, vmax=2)
    ax.set(xlim=(across[0], across[-1]), ylim=(up[0], up[-1]))
    lines: dict[str, tuple[list[int], Any]] = {"border, f = 0": ([0], "-"), "margins, f = ±1": ([-1, 1], (0, (5, 3)))}
    for name, (levels, dashes) in lines.items():
        inside = [level for level in levels if heights.min() < level < heights.max()]
        if inside:
            ax.contour(across, up, heights, levels=inside, colors=_style.INK, linewidths=1.5, linestyles=[dashes])
        ax.plot([], [], color=_style.INK, linewidth=1.5, linestyle=dashes, label=name)
    _points(f, ax, x, y, said)
    ax.scatter(held[:, 0], held[:, 1], s=110, facecolor="none", edgecolor=_style.INK, linewidth=1.3, label="support vector", zorder=4)
    _style.legend(ax, "upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    return ax
