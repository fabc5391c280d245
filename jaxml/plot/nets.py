"""Inside a net: its filters, what they answer, its gates, and what it depends on, from arrays alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from jaxml import _arguments
from jaxml.checks.sensitivity import kinds
from jaxml.plot import _style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

PAPER = "#F7F7F7"  # the middle of a diverging scale: 0, beside the white between the tiles
FEW = 10  # different numbers that still get a colour of their own
MOST_CELLS = 100_000  # of a matrix, each drawn by itself
EDGE = 0.4  # points around a cell, which keep it in sight where it is smaller than a pixel


# ---------------------------------------------------------------- convolutions


def filters(
    kernel: ArrayLike,
    *,
    channel: int = 0,
    columns: int | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The weights of each filter on one channel of what comes in, all on one scale centred at 0.  kernel (h, w, c, filters).

    ValueError for another shape, and for a channel that is not there.
    """
    f = "plot.filters"
    weights = _of_rank(f, "kernel", kernel, 4, "pass (h, w, channels, filters), as params['conv2d'].kernel")
    h, w, c, n = weights.shape
    channel = _arguments.integer(f, "channel", channel, low=0, high=c - 1)
    title = f"What each of {n} filters looks for" if title is None else title
    ylabel = "weights" if c == 1 else f"weights on channel {channel} of {c}"
    ax = _style.frame(f, ax, title=title, xlabel=f"{n} filters of {h} × {w}, numbered from 0", ylabel=ylabel, grid=False)
    _tiles(f, ax, np.moveaxis(weights[:, :, channel], -1, 0), columns, "weight", centred=True)
    return ax


def feature_maps(
    maps: ArrayLike,
    *,
    columns: int | None = None,
    names: Sequence[str] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """What each filter answers at each place of one image, all on one scale.  maps (h, w, filters): layer.apply(params, image[None])[0].

    `names` stand above the maps in place of their numbers.  ValueError for another shape, and for another number of names.
    """
    f = "plot.feature_maps"
    answers = _of_rank(f, "maps", maps, 3, "pass the maps of one image, (h, w, filters)")
    h, w, n = answers.shape
    silent = int((answers == 0).all(axis=(0, 1)).sum())
    of_zeros = f"; {silent} {'is' if silent == 1 else 'are'} 0 everywhere" if silent else ""
    title = f"What each of {n} filters answers" if title is None else title
    said = None if names is None else _named(f, "names", names, n)
    ax = _style.frame(f, ax, title=title, xlabel=f"{n} maps of {h} × {w}{of_zeros}", ylabel="one map for each filter", grid=False)
    _tiles(f, ax, np.moveaxis(answers, -1, 0), columns, "answer", centred=bool(answers.min() < 0), names=said)
    return ax


def _tiles(
    f: str, ax: Axes, tiles: np.ndarray, columns: int | None, label: str, *, centred: bool, names: list[str] | None = None,
) -> None:  # fmt: skip
    """Small images in rows, each in a frame with its number above it.  (n, h, w)"""
    from matplotlib.patches import Rectangle

    n, h, w = tiles.shape
    across = _columns(n, w / h) if columns is None else min(n, _arguments.integer(f, "columns", columns, low=1))
    down = math.ceil(n / across)
    gap, head, size = 0.16 * w, 0.34 * h, min(10, 110 / across, 56 / down)
    style = _scale(tiles, centred)
    for i, tile in enumerate(tiles):
        left, top = (i % across) * (w + gap), (i // across) * (h + head)
        drawn = ax.imshow(tile, extent=(left, left + w, top + h, top), interpolation="nearest", **style)
        ax.add_patch(Rectangle((left, top), w, h, fill=False, edgecolor=_style.MUTED, linewidth=0.6))
        ax.text(left, top - 0.04 * h, str(i) if names is None else names[i], fontsize=size, color=_style.MUTED, ha="left", va="bottom")
    right, bottom = across * (w + gap) - gap / 2, down * (h + head) - 0.8 * head
    ax.set(xlim=(-gap / 2, right), ylim=(bottom, -head), xticks=[], yticks=[])
    ax.set_aspect("equal")
    ax.spines[:].set_visible(False)
    _bar(ax, drawn, label)


def _columns(n: int, shape: float) -> int:
    """How many tiles go side by side for the tiles to be largest, on a page of about 5 : 3.  `shape` is a tile's width over its height."""
    return max(range(1, n + 1), key=lambda across: min(1.7 / (1.16 * shape * across), 1 / (1.34 * math.ceil(n / across))))


def _scale(values: np.ndarray, centred: bool) -> dict[str, Any]:
    """Colours: blue below 0, vermilion above; or, where nothing is below 0, from paper to dark blue."""
    top = float(np.abs(values).max()) or 1.0
    if centred:
        return {"cmap": _style.between(_style.BLUE, PAPER, _style.VERMILION), "vmin": -top, "vmax": top}
    return {"cmap": _rising(), "vmin": 0, "vmax": top}


def _rising() -> Colormap:
    return _style.between(PAPER, _style.BLUE, "#00263D")


def _bar(ax: Axes, drawn: Any, label: str) -> None:
    bar = ax.figure.colorbar(drawn, ax=ax, pad=0.02, shrink=0.85)
    bar.set_label(label, fontsize=12, color=_style.INK)
    bar.ax.tick_params(labelsize=11, colors=_style.MUTED, length=0)
    bar.outline.set_visible(False)


def receptive_field(
    image: ArrayLike,
    mask: ArrayLike | Mapping[str, ArrayLike],
    *,
    title: str = "What a unit sees",
    ax: Axes | None = None,
) -> Axes:
    """An image, and a frame around the pixels that a unit is computed from.  image (h, w), (h, w, 1) or (h, w, 3); mask (h, w) of bool.

    Several units, of several layers say, are a dict of name -> mask.  The side of each frame stands in the legend.
    ValueError for a mask of another shape than the image.
    """
    from matplotlib.collections import LineCollection

    f = "plot.receptive_field"
    pixels = np.asarray(_arguments.floats(f, "image", image), np.float64)
    if pixels.ndim not in (2, 3) or 0 in pixels.shape or (pixels.ndim == 3 and pixels.shape[2] not in (1, 3)):
        _arguments.refuse(f, "image", "is not an image", f"shape {pixels.shape}", "pass (h, w), (h, w, 1) or (h, w, 3)")
    fields = {str(k): _mask(f, m, pixels.shape[:2]) for k, m in (mask if isinstance(mask, Mapping) else {"field": mask}).items()}
    if not fields:
        _arguments.refuse(f, "mask", "is empty", "{}", "pass at least one mask")
    ax = _style.frame(f, ax, title=title, xlabel="column of the image", ylabel="row of the image", grid=False)
    low, high = pixels.min(), pixels.max()
    shown = (pixels - low) / (high - low or 1)
    ax.imshow(shown, cmap="gray", vmin=0, vmax=1.25)  # the lightest grey is not white: every frame is seen on it
    for i, (name, field) in enumerate(fields.items()):
        rows, columns = (np.flatnonzero(field.any(axis=a)) for a in (1, 0))
        side = f"{np.ptp(rows) + 1} × {np.ptp(columns) + 1}" if len(rows) else "no pixel"
        frame = LineCollection(_edges(field), colors=_style.color_of(i + 1), linewidths=2.6, capstyle="projecting", label=f"{name}: {side}")
        ax.add_collection(frame, autolim=False)
    ax.spines[:].set_visible(False)
    _style.legend(ax, "upper left", bbox_to_anchor=(1.02, 1), borderaxespad=0)
    return ax


def _mask(f: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    mask = np.asarray(value)
    if mask.dtype != bool:
        wanted = "pass True where the unit sees, as the mask of sensitivity.receptive_field"
        _arguments.refuse(f, "mask", "is not boolean", _arguments.describe(value), wanted, TypeError)
    if mask.shape != shape:
        _arguments.refuse(f, "mask", "does not match the image", f"shape {mask.shape} for {shape}", "pass one boolean a pixel")
    return mask


def _edges(mask: np.ndarray) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """The sides of pixels between True and False, as lines from (x, y) to (x, y); pixel (i, j) is centred at x = j, y = i."""
    framed = np.pad(mask, 1)
    level = [((j - 1.5, i - 0.5), (j - 0.5, i - 0.5)) for i, j in np.argwhere(framed[1:] != framed[:-1])]
    upright = [((j - 0.5, i - 1.5), (j - 0.5, i - 0.5)) for i, j in np.argwhere(framed[:, 1:] != framed[:, :-1])]
    return level + upright


def sparse_matrix(
    matrix: ArrayLike,
    *,
    xlabel: str = "input",
    ylabel: str = "output",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Where a matrix is not 0, each number in a colour of its own; with more than ten, in a colour by size.  (outputs, inputs).

    Numbers that differ by rounding alone have one colour.  ValueError for NaN or infinity.
    """
    from matplotlib.collections import PolyCollection

    f = "plot.sparse_matrix"
    entries = np.asarray(_arguments.matrix(f, "matrix", matrix))
    rows, columns = np.nonzero(entries)
    found = entries[rows, columns].astype(np.float64)
    if len(found) > MOST_CELLS:
        _arguments.refuse(f, "matrix", "has too many entries that are not 0", f"{len(found):,}", f"pass a part with at most {MOST_CELLS:,}")
    values, kind = kinds(found, entries.dtype)
    share = len(found) / entries.size
    title = f"{len(found):,} of {entries.size:,} entries are not 0 ({share:.1%})" if title is None else title
    ax = _style.frame(f, ax, title=title, xlabel=xlabel, ylabel=ylabel, grid=False)
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    cells = np.stack([columns, rows], axis=1)[:, None] + corners
    few = len(values) <= FEW
    if few:
        for i, value in enumerate(values):
            color, label = _style.color_of(i), f"{value:.3g}".replace("-", "−")
            ax.add_collection(PolyCollection(cells[kind == i], color=color, linewidth=EDGE, label=label), autolim=False)
    else:
        colors = _scale(found, centred=True)
        drawn = PolyCollection(cells, array=found, edgecolor="face", linewidth=EDGE, cmap=colors["cmap"])
        drawn.set_clim(colors["vmin"], colors["vmax"])
        ax.add_collection(drawn, autolim=False)
        _bar(ax, drawn, "entry")
    n_rows, n_columns = entries.shape
    ax.set(xlim=(-0.5, n_columns - 0.5), ylim=(n_rows - 0.5, -0.5))
    if n_rows <= 1.5 * n_columns <= 6 * n_rows:  # others would be a sliver
        ax.set_aspect("equal")
    ax.spines[:].set(visible=True, color=_style.MUTED)
    if few and len(values):
        _style.legend(ax, "upper left", bbox_to_anchor=(1.02, 1), borderaxespad=0, title="entry")
    return ax


# ---------------------------------------------------------------- sequences


def gates(
    values: Mapping[str, ArrayLike] | tuple[ArrayLike, ...],
    words: Sequence[str] | None = None,
    *,
    title: str = "What the gates let through at each word",
    ax: Axes | None = None,
) -> Axes:
    """How far each unit of each gate is open at each step.  A dict of name -> (t, units), or a NamedTuple of them; words (t,).

    The scale runs from 0 to 1; where something lies below 0, as a candidate for the memory does, from −1 to 1.
    ValueError for different shapes, and for numbers beyond the scale.
    """
    f = "plot.gates"
    if hasattr(values, "_asdict"):
        values = values._asdict()
    if not isinstance(values, Mapping) or not values:
        wanted = "pass a dict of name -> (t, units), or the Gates of nn.lstm_gates"
        _arguments.refuse(f, "values", "is not a dict of gates", _arguments.describe(values), wanted, TypeError)
    blocks = {str(name): np.asarray(_arguments.matrix(f, "values", block), np.float64) for name, block in values.items()}
    shape = next(iter(blocks.values())).shape
    for name, block in blocks.items():
        if block.shape != shape:
            got = f"{block.shape} for {name!r} beside {shape}"
            _arguments.refuse(f, "values", "has gates of different shapes", got, "pass (t, units) each")
        if np.abs(block).max() > 1:
            got = f"{block.flat[np.abs(block).argmax()]:.4g} in {name!r}"
            _arguments.refuse(f, "values", "has a number outside [-1, 1]", got, "pass gates, not what goes into them")
    t, units = shape
    said = [str(i) for i in range(t)] if words is None else _named(f, "words", words, t)
    ax = _style.frame(f, ax, title=title, xlabel="step" if words is None else "word", ylabel=f"gate, each with {units} units", grid=False)
    signed = any((block < 0).any() for block in blocks.values())
    gap = 0.12 * units
    style: dict[str, Any] = {"aspect": "auto", "interpolation": "nearest", **_scale(np.ones(1), signed)}
    for i, block in enumerate(blocks.values()):
        top = i * (units + gap)
        drawn = ax.imshow(block.T, extent=(-0.5, t - 0.5, top + units, top), **style)
    ax.set(xlim=(-0.5, t - 0.5), ylim=(len(blocks) * (units + gap) - gap, 0))
    if t <= 40:
        ax.vlines(np.arange(t - 1) + 0.5, 0, len(blocks) * (units + gap), color="white", linewidth=1.5)
    ax.set_yticks([i * (units + gap) + units / 2 for i in range(len(blocks))], list(blocks))
    _steps(ax, said, room=70)
    ax.spines[:].set_visible(False)
    _bar(ax, drawn, "0: shut, 1: open; a candidate goes below 0" if signed else "0: shut, 1: open")
    return ax


def sensitivity(
    norms: ArrayLike | Mapping[str, ArrayLike],
    *,
    words: Sequence[str] | None = None,
    ylabel: str = r"$|\partial h_T \,/\, \partial x_t|$",
    title: str = "How much the last state depends on each step",
    ax: Axes | None = None,
) -> Axes:
    """The sensitivity to each step, on a logarithmic axis with exact zeros at its foot.  (t,), or a dict of name -> (t,).

    `words` (t,) name the steps.  ValueError for a negative number, for NaN, and for curves of different lengths.
    """
    f = "plot.sensitivity"
    curves = norms if isinstance(norms, Mapping) else {"sensitivity": norms}
    lines = {str(name): np.asarray(_arguments.vector(f, "norms", y), np.float64) for name, y in curves.items()}
    if not lines:
        _arguments.refuse(f, "norms", "is empty", "{}", "pass at least one curve")
    for name, y in lines.items():
        if y.min() < 0:
            _arguments.refuse(f, "norms", "has a negative number", f"{y.min():g} in {name!r}", "pass norms")
    t = len(next(iter(lines.values())))
    if strange := [name for name, y in lines.items() if len(y) != t]:
        got = f"{len(lines[strange[0]])} steps for {strange[0]!r} beside {t}"
        _arguments.refuse(f, "norms", "has curves of different lengths", got, "pass (t,) each")
    ax = _style.frame(f, ax, title=title, xlabel="step" if words is None else "word", ylabel=ylabel)
    some = any((y == 0).any() for y in lines.values())
    for i, (name, y) in enumerate(lines.items()):
        style: dict[str, Any] = {"color": _style.color_of(i), "marker": _style.marker_of(i), "markersize": 7, "clip_on": False, "zorder": 3}
        ax.plot(np.where(y > 0, y, np.nan), linewidth=2, label=name, **style)
        beside = (i - (len(lines) - 1) / 2) * 0.16  # two zeros at one step are two marks
        (at,) = np.nonzero(y == 0)
        if len(at):  # subtle: an empty line that is not clipped has its box in the figure's corner, and the layout makes room for that
            ax.plot(at + beside, y[at], linestyle="none", markerfacecolor="white", markeredgewidth=1.8, **style)
    _axis_with_zero(ax, np.concatenate([y[y > 0] for y in lines.values()]), some)
    ax.set_xlim(-0.5, t - 0.5)
    said = [str(i) for i in range(t)] if words is None else _named(f, "words", words, t)
    _steps(ax, said, room=50 if isinstance(norms, Mapping) else 85)
    if isinstance(norms, Mapping):
        _style.legend(ax, "upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    return ax


def _axis_with_zero(ax: Axes, positive: np.ndarray, zeros: bool) -> None:
    """A logarithmic y-axis over those numbers; where there are zeros too, 0 is its lower end, under a dashed line."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    least, most = (positive.min(), positive.max()) if len(positive) else (0.1, 1.0)
    low, high = np.floor(np.log10(least)), np.ceil(np.log10(most))
    if high - low > 2:
        powers = 10.0 ** np.arange(low, high + 1, np.ceil((high - low) / 8))
    else:  # 1, 2, 5, 10, …, and no more of them than the numbers need
        steps = np.outer(10.0 ** np.arange(low - 1, high + 1), (1, 2, 5)).ravel()
        first, last = steps.searchsorted(least, "right") - 1, steps.searchsorted(most)
        powers = steps[first - (first == last) : last + 1]
    low, high = np.log10([powers[0], max(powers[-1], most)])
    bottom = low - 0.2 * (high - low) if zeros else low

    def forward(y: np.ndarray) -> np.ndarray:
        y = np.asarray(y, np.float64)
        return np.log10(y, where=y > 0, out=np.where(np.isnan(y), np.nan, bottom))

    ax.set_yscale("function", functions=(forward, lambda z: np.where(z > bottom, 10.0 ** np.asarray(z, np.float64), 0.0)))
    ticks = [0.0] * zeros + powers.tolist()
    ax.yaxis.set_major_locator(FixedLocator(ticks))
    ax.yaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in ticks]))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_ylim(0 if zeros else ticks[0], 10.0**high)
    if zeros:
        ax.axhline(10.0 ** ((bottom + low) / 2), color=_style.MUTED, linewidth=1, linestyle=(0, (2, 3)))


def _steps(ax: Axes, said: list[str], room: int) -> None:
    """A word under each step: aslant where two neighbours would touch, and not all where they are many.  `room` is in letters."""
    shown = said[:: math.ceil(len(said) / 40)]
    ax.set_xticks(range(0, len(said), math.ceil(len(said) / 40)), shown)
    widest = max((len(a) + len(b) + 2) / 2 for a, b in zip(shown, [*shown[1:], ""], strict=True))
    if widest * len(shown) > room:
        ax.tick_params(axis="x", labelrotation=45)
        for label in ax.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")


# ---------------------------------------------------------------- arguments


def _of_rank(f: str, name: str, value: Any, rank: int, wanted: str) -> np.ndarray:
    """A finite array of that many axes, none of them empty."""
    array = np.asarray(_arguments.floats(f, name, value), np.float64)
    if array.ndim != rank or array.size == 0:
        _arguments.refuse(f, name, f"has {array.ndim} dimensions, not {rank}" if array.size else "is empty", f"shape {array.shape}", wanted)
    return array


def _named(f: str, name: str, value: Any, n: int) -> list[str]:
    """n words."""
    if isinstance(value, str):
        _arguments.refuse(f, name, "is one string", repr(value), "pass a list of strings", TypeError)
    said = [str(word) for word in value]
    if len(said) != n:
        _arguments.refuse(f, name, f"has {len(said)} entries, not {n}", repr(said[:12]), f"pass {n} strings")
    return said
