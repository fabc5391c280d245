"""The embedded tables: frozen facts about each, and scikit-learn's loaders as the oracle."""

import re
from importlib.resources import files

import numpy as np
import pytest

from jaxml.datasets import real

SCIKIT_LEARNS = ["iris", "wine", "breast_cancer", "digits", "diabetes"]
NAMES = [*SCIKIT_LEARNS, "diamonds"]
FILES = files("jaxml.datasets") / "files"


def load(name, **options):
    return getattr(real, f"load_{name}")(**options)


# name, options, shape, Σx, Σy, columns 0 to 4 of row 100, the last name of a feature, the names of the target
FROZEN = [
    ("iris", {}, (150, 4), 2078.7, 150, [6.3, 3.3, 6.0, 2.5], "petal width (cm)", ("setosa", "versicolor", "virginica")),
    ("wine", {}, (178, 13), 159975.295999, 167, [12.08, 2.08, 1.7, 17.5, 97.0], "proline", ("class_0", "class_1", "class_2")),
    (
        "breast_cancer",
        {},
        (569, 30),
        1056474.4596356,
        357,
        [13.61, 24.98, 88.05, 582.7, 0.09488],
        "worst fractal dimension",
        ("malignant", "benign"),
    ),
    ("digits", {}, (1797, 64), 561718, 8070, [0, 0, 0, 2, 13], "pixel_7_7", tuple("0123456789")),
    ("diabetes", {"scaled": False}, (442, 10), 276404.2336, 67243, [53, 1, 28, 88, 233], "s6", ("disease progression",)),
    ("diamonds", {}, (53940, 9), 7787310.52, 212135217, [0.75, 2, 6, 2, 63.2], "z", ("price in US dollars",)),
]


@pytest.mark.parametrize(("name", "options", "shape", "sum_x", "sum_y", "row", "last_feature", "target_names"), FROZEN)
def test_frozen(name, options, shape, sum_x, sum_y, row, last_feature, target_names):
    table = load(name, **options)
    assert table.x.shape == shape
    assert table.y.shape == shape[:1]
    assert table.x.dtype == np.float64
    assert table.y.dtype == (np.float64 if name in ("diabetes", "diamonds") else np.int32)
    assert table.x.sum() == pytest.approx(sum_x, rel=1e-13)
    assert table.y.sum() == sum_y
    assert table.x[100, :5].tolist() == row
    assert len(table.feature_names) == shape[1]
    assert table.feature_names[-1] == last_feature
    assert table.target_names == target_names


def test_iris_is_fishers_table_not_ucis():
    x = load("iris").x
    assert x[34].tolist() == [4.9, 3.1, 1.5, 0.2]
    assert x[37].tolist() == [4.9, 3.6, 1.4, 0.1]


def test_diabetes_is_scaled_unless_told():
    x = load("diabetes").x
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-15)
    np.testing.assert_allclose((x**2).sum(axis=0), 1, rtol=1e-14)
    assert x[0, :3].tolist() == pytest.approx([0.038075906433423026, 0.05068011873981862, 0.061696206518683294], rel=1e-14)


def test_diamonds_are_ggplot2s():
    """The ranges in ggplot2's documentation of the table, and the members of each grade as R counts them, the worst first."""
    table = load("diamonds")
    column = dict(zip(table.feature_names, table.x.T, strict=True))
    limits = {"carat": (0.2, 5.01), "x": (0, 10.74), "y": (0, 58.9), "z": (0, 31.8), "depth": (43, 79), "table": (43, 95)}
    for name, (low, high) in limits.items():
        assert (column[name].min(), column[name].max()) == (low, high), name
    assert (table.y.min(), table.y.max()) == (326, 18823)
    grades = {
        "cut": [1610, 4906, 12082, 13791, 21551],
        "color": [2808, 5422, 8304, 11292, 9542, 9797, 6775],
        "clarity": [741, 9194, 13065, 12258, 8171, 5066, 3655, 1790],
    }
    for name, counts in grades.items():
        assert np.bincount(column[name].astype(int)).tolist() == counts, name
    assert table.x[:2].tolist() == [[0.23, 4, 5, 1, 61.5, 55, 3.95, 3.98, 2.43], [0.21, 3, 5, 2, 59.8, 61, 3.89, 3.84, 2.31]]


def test_diamonds_measure_what_they_say():
    """depth is 200 z / (x + y); better cuts of the same stone cost more, once weight is taken out."""
    table = load("diamonds")
    carat, cut, _, _, depth, _, x, y, z = table.x.T
    whole = (table.x[:, 6:] > 0).all(axis=1)
    assert (~whole).sum() == 20
    assert np.median(np.abs(depth - 200 * z / np.where(whole, x + y, np.nan))[whole]) < 0.05  # rounded to 0.1 in the source
    for grade in (cut, *table.x.T[2:4]):
        weight = np.c_[np.ones(len(carat)), np.log(carat), grade]
        assert np.linalg.lstsq(weight, np.log(table.y), rcond=None)[0][2] > 0.02


def test_digits_below_n_class():
    table = load("digits", n_class=3)
    assert table.x.shape == (537, 64)
    assert set(table.y.tolist()) == {0, 1, 2}
    assert table.target_names == ("0", "1", "2")


BAD_N_CLASS = [
    (0, ValueError),
    (11, ValueError),
    (-1, ValueError),
    (2.5, TypeError),
    (True, TypeError),
    ("3", TypeError),
    (None, TypeError),
]


@pytest.mark.parametrize(("n_class", "error"), BAD_N_CLASS)
def test_digits_refuses_n_class(n_class, error):
    with pytest.raises(error, match=r"load_digits: argument 'n_class'"):
        load("digits", n_class=n_class)


def test_diabetes_refuses_scaled():
    with pytest.raises(TypeError, match=r"load_diabetes: argument 'scaled'.*'False'"):
        load("diabetes", scaled="False")


@pytest.mark.parametrize("name", NAMES)
def test_each_call_gives_arrays_of_ones_own(name):
    first = load(name)
    first.x[:], first.y[:] = -1, -1
    second = load(name)
    assert (second.x[0] != -1).any()
    assert second.y.max() > 0
    assert second.x.flags.c_contiguous


def same(ours, theirs, name):
    """Equal; of diabetes, to the last bit or two: scikit-learn 1.6 read the decimals of its text file otherwise than 1.9."""
    return np.allclose(ours, theirs, rtol=4e-16, atol=1e-16) if name == "diabetes" else np.array_equal(ours, theirs)


@pytest.mark.parametrize("name", SCIKIT_LEARNS)
def test_equals_scikit_learn(name):
    sklearn_datasets = pytest.importorskip("sklearn.datasets")
    theirs, ours = getattr(sklearn_datasets, f"load_{name}")(), load(name)
    assert same(ours.x, theirs.data, name)
    assert np.array_equal(ours.y, theirs.target)
    assert ours.feature_names == tuple(theirs.feature_names)
    if name != "diabetes":
        assert ours.target_names == tuple(str(t) for t in theirs.target_names)


@pytest.mark.parametrize(("name", "options"), [("diabetes", {"scaled": False}), ("digits", {"n_class": 4})])
def test_equals_scikit_learn_with_options(name, options):
    sklearn_datasets = pytest.importorskip("sklearn.datasets")
    theirs, ours = getattr(sklearn_datasets, f"load_{name}")(**options), load(name, **options)
    assert same(ours.x, theirs.data, name)
    assert np.array_equal(ours.y, theirs.target)


def test_files_are_small_and_hold_no_pickles():
    sizes = [len((FILES / f"{name}.npz").read_bytes()) for name in NAMES]
    assert sum(sizes) < 600_000
    for name in NAMES:
        with (FILES / f"{name}.npz").open("rb") as file, np.load(file, allow_pickle=False) as npz:
            assert all(npz[key].dtype.kind in "fiuU" for key in npz.files)


@pytest.mark.parametrize("name", NAMES)
def test_licences_tell_of_every_table(name):
    text = (FILES / "LICENSES.md").read_text(encoding="utf-8")
    assert f"`{name}.npz`" in text
    assert f"\n## {name}\n" in text


def test_the_recipe_in_the_licences_makes_the_files(tmp_path, monkeypatch):
    pytest.importorskip("sklearn")
    recipe = re.search(r"```python\n(.*?)```", (FILES / "LICENSES.md").read_text(encoding="utf-8"), re.DOTALL).group(1)
    monkeypatch.chdir(tmp_path)
    exec(recipe, {})
    for name in SCIKIT_LEARNS:
        with np.load(tmp_path / f"{name}.npz") as made, (FILES / f"{name}.npz").open("rb") as file, np.load(file) as shipped:
            assert made.files == shipped.files
            for key in made.files:
                assert made[key].dtype == shipped[key].dtype
                assert same(made[key], shipped[key], name) if made[key].dtype.kind == "f" else np.array_equal(made[key], shipped[key])
