"""Tables of real measurements, shipped with the library.

Where each comes from, under which licence, and how it was cut: `files/LICENSES.md`.
"""

from __future__ import annotations

from importlib.resources import files
from typing import NamedTuple

import numpy as np

from jaxml._arguments import flag, integer


class Table(NamedTuple):
    """Examples, what is to be predicted, and the names of both."""

    x: np.ndarray  # (n, d) float64
    y: np.ndarray  # (n,) int32 labels, or float64
    feature_names: tuple[str, ...]  # d of them
    target_names: tuple[str, ...]  # the name of label i at i


def load_iris() -> Table:
    """Three species of iris by the four lengths of their flowers, in cm: (150, 4).

    Anderson 1935, Fisher 1936.

    >>> load_iris().target_names
    ('setosa', 'versicolor', 'virginica')
    """
    return _load("iris")


def load_wine() -> Table:
    """Wines of three growers by 13 chemical measurements: (178, 13).

    Forina et al. 1988; Aeberhard, Coomans and de Vel 1992.
    """
    return _load("wine")


def load_breast_cancer() -> Table:
    """Breast masses, malignant (0) or benign (1), by 30 measures of their cell nuclei: (569, 30).

    Street, Wolberg and Mangasarian 1993.
    """
    return _load("breast_cancer")


def load_digits(*, n_class: int = 10) -> Table:
    """Handwritten digits as 8 x 8 images of grey levels 0 to 16, flattened: (1797, 64).

    `n_class` keeps the digits below it.  Raises ValueError unless it is from 1 to 10.  Alpaydin and Kaynak 1998.
    """
    n_class = integer("load_digits", "n_class", n_class, low=1, high=10)
    digits = _load("digits")
    keep = digits.y < n_class
    return Table(digits.x[keep], digits.y[keep], digits.feature_names, digits.target_names[:n_class])


def load_diabetes(*, scaled: bool = True) -> Table:
    """The progression of diabetes in one year, by ten measurements of the patient: (442, 10).

    `scaled`: each column has mean 0 and sum of squares 1.  Otherwise the columns are as measured.
    Efron, Hastie, Johnstone and Tibshirani 2004.
    """
    raw = _load("diabetes")
    if not flag("load_diabetes", "scaled", scaled):
        return raw
    # subtle: in this order the last bits are scikit-learn's; dividing by the column's norm is one ulp off
    x = (raw.x - raw.x.mean(axis=0)) / raw.x.std(axis=0) / np.sqrt(len(raw.x))
    return raw._replace(x=x)


def load_diamonds() -> Table:
    """The prices of round diamonds in US dollars, by weight, grades and measurements: (53940, 9).

    The columns: carat (a fifth of a gram); cut, 0 to 4; color, 0 to 6; clarity, 0 to 7; depth, which is 200 z / (x + y), and table,
    the width of the top, both in percent; x, y, z, the length, width and height in mm.  A grade is its place from the worst:
    cut Fair, Good, Very Good, Premium, Ideal;  color J, I, H, G, F, E, D;  clarity I1, SI2, SI1, VS2, VS1, VVS2, VVS1, IF.
    Nothing was cleaned: 20 stones have a length, width or height of 0.  The rows go by price in long runs: shuffle before you cut folds.
    Wickham 2009.

    >>> load_diamonds().feature_names
    ('carat', 'cut', 'color', 'clarity', 'depth', 'table', 'x', 'y', 'z')
    """
    hundredths = _load("diamonds")
    return hundredths._replace(x=np.ascontiguousarray(hundredths.x) / 100)


def _load(name: str) -> Table:
    """Reads the file anew at each call: what one caller does to its arrays, no other sees."""
    with (files("jaxml.datasets") / "files" / f"{name}.npz").open("rb") as file, np.load(file, allow_pickle=False) as npz:
        names = (tuple(npz[key].tolist()) for key in ("feature_names", "target_names"))
        return Table(npz["x"].astype(np.float64), npz["y"], *names)
