"""Real measurements, images and texts, shipped with the library.

Where each comes from, under which licence, and how it was cut: `files/LICENSES.md`.
"""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np

from jaxml._arguments import describe, flag, integer, refuse


class Table(NamedTuple):
    """Examples, what is to be predicted, and the names of both."""

    x: np.ndarray  # (n, d) float64
    y: np.ndarray  # (n,) int32 labels, or float64
    feature_names: tuple[str, ...]  # d of them
    target_names: tuple[str, ...]  # the name of label i at i


class Images(NamedTuple):
    """Grey images and their labels, for training and for testing."""

    x: np.ndarray  # (n, 28, 28, 1) float32, 0 to 1
    y: np.ndarray  # (n,) int32
    x_test: np.ndarray
    y_test: np.ndarray
    target_names: tuple[str, ...]


class Texts(NamedTuple):
    """Texts and their labels."""

    texts: tuple[str, ...]  # n of them
    y: np.ndarray  # (n,) int32
    target_names: tuple[str, ...]


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


def load_fashion_mnist(folder: str | os.PathLike[str] | None = None) -> Images:
    """Photographs of clothes, ten kinds, as 28 x 28 grey levels from 0 (ground) to 1: (5000, 28, 28, 1), and 1000 to test on.

    The kinds take turns, so every slice of a multiple of ten rows is balanced.  They are the first of each kind in the 60,000 and
    10,000 of the original; with `folder`, where its four files are (train-images-idx3-ubyte, packed or not, …), all 70,000 in their order.
    Raises FileNotFoundError for a missing file, ValueError for one that is cut short or something else.
    Xiao, Rasul and Vollgraf 2017.

    >>> load_fashion_mnist().x.shape
    (5000, 28, 28, 1)
    """
    arrays = _arrays("fashion_mnist")
    names = tuple(arrays["target_names"].tolist())
    if folder is not None:
        if not isinstance(folder, (str, os.PathLike)):
            refuse("load_fashion_mnist", "folder", "is not a path", describe(folder), "pass the folder with the four files", TypeError)
        for part, end, most in (("train", "", 60000), ("t10k", "_test", 10000)):
            arrays[f"x{end}"], arrays[f"y{end}"] = _idx(Path(folder), part, most)
    x, x_test = (arrays[key][..., None] / np.float32(255) for key in ("x", "x_test"))
    return Images(x, arrays["y"].astype(np.int32), x_test, arrays["y_test"].astype(np.int32), names)


def load_sms_spam() -> Texts:
    """English text messages, wanted (0, "ham") or advertising nobody asked for (1, "spam"): 5574 of them, 747 spam.

    As they were collected: `&lt;` and `&amp;` stand for < and &, some letters are broken, and some messages are coarse.
    403 messages repeat an earlier one, always with the same label: a split by rows puts copies on both sides, and the test looks
    better than it is.  dict(zip(texts, y)) has each of the 5171 different ones once.  Almeida, Gómez Hidalgo and Yamakami 2011.

    >>> load_sms_spam().texts[1]
    'Ok lar... Joking wif u oni...'
    """
    arrays = _arrays("sms_spam")
    return Texts(tuple(arrays["text"].tobytes().decode().split("\n")), arrays["y"].astype(np.int32), tuple(arrays["target_names"].tolist()))


def _arrays(name: str) -> dict[str, np.ndarray]:
    """Reads the file anew at each call: what one caller does to its arrays, no other sees."""
    with (files("jaxml.datasets") / "files" / f"{name}.npz").open("rb") as file, np.load(file, allow_pickle=False) as npz:
        return {key: npz[key] for key in npz.files}


def _load(name: str) -> Table:
    arrays = _arrays(name)
    names = (tuple(arrays[key].tolist()) for key in ("feature_names", "target_names"))
    return Table(arrays["x"].astype(np.float64), arrays["y"], *names)


# ---------------------------------------------------------------- the idx format


def _idx(folder: Path, part: str, most: int) -> tuple[np.ndarray, np.ndarray]:
    """One part's images (n, 28, 28) and labels (n,), uint8, with 1 <= n <= most."""
    x = _idx_file(folder, f"{part}-images-idx3-ubyte", (most, 28, 28))
    y = _idx_file(folder, f"{part}-labels-idx1-ubyte", (most,))
    if len(x) != len(y):
        _refuse_file(f"{part}-labels-idx1-ubyte", "does not match the images", f"{len(y)} labels for {len(x)} images")
    if y.max() > 9:
        _refuse_file(f"{part}-labels-idx1-ubyte", "has a label past the last kind", f"{y.max()} at row {y.argmax()}")
    return x, y


def _idx_file(folder: Path, name: str, most: tuple[int, ...]) -> np.ndarray:
    """The bytes of one file in the shape that its header gives: (n, *most[1:]) with 1 <= n <= most[0].

    The header: two zeros, 8 for bytes, the number of axes; then the length of each axis; in four bytes, high byte first.
    """
    path = next((p for p in (folder / name, folder / f"{name}.gz") if p.is_file()), None)
    if path is None:
        _refuse_file(name, "is missing", f"'{folder}'", FileNotFoundError)
    size = 4 + 4 * len(most)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            head = file.read(size)
            magic, *shape = struct.unpack(f">{size // 4}I", head.ljust(size, b"\0"))
            if magic != 0x800 + len(most) or not 1 <= shape[0] <= most[0] or tuple(shape[1:]) != most[1:]:
                _refuse_file(path.name, "does not begin as Fashion-MNIST's does", f"the bytes {head.hex(' ', -4)}")
            length = int(np.prod(shape))
            values = np.frombuffer(file.read(length + 1), np.uint8)  # subtle: one more, to notice a longer file; never the whole of it
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        _refuse_file(path.name, "cannot be unpacked", str(error))
    if len(values) != length:
        got = f"more than {length}" if len(values) > length else f"{len(values)} of {length}"
        _refuse_file(path.name, "has another length than its header says", f"{got} bytes after the header")
    return values.reshape(shape)


def _refuse_file(name: str, wrong: str, got: str, kind: type[Exception] = ValueError) -> NoReturn:
    wanted = "pass the folder with Fashion-MNIST's four files, {train,t10k}-{images-idx3,labels-idx1}-ubyte, each as it is or with .gz"
    refuse("load_fashion_mnist", "folder", f"has a file that will not do: {name} {wrong}", got, wanted, kind)
