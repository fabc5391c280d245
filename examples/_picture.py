"""What every example needs besides its mathematics: an empty picture, and a place to keep it."""

import os
import sys
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "Agg")  # no window; a notebook has set its own before

OUTPUT = Path(__file__).parent / "output"
INK, MUTED, FAINT = "#222222", "#6B6B6B", "#E4E4E4"
LOOK = {
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.labelsize": 12,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "legend.fontsize": 11,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.titlesize": 14,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
}


def canvas(columns=1, rows=1, *, width=6.5, height=5):
    """(figure, panel), or (figure, panels) in a grid, as plt.subplots makes them; the size of a panel is in inches."""
    import matplotlib.pyplot as plt

    plt.rcParams.update(LOOK)
    return plt.subplots(rows, columns, figsize=(width * columns, height * rows), dpi=100, layout="constrained")


def save(figure, name):
    """Writes examples/output/<name>.png, from any working directory, and says where."""
    OUTPUT.mkdir(exist_ok=True)
    file = OUTPUT / f"{name}.png"
    figure.savefig(file, dpi=140)
    print(f"picture: {file}", file=sys.stderr)
