"""Columns on one scale and names as integers: NIST's certified digits, scikit-learn, invariances, and every refusal."""

import json
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jaxml import preprocessing
from jaxml.preprocessing import decode_labels, encode_labels, one_hot, standard_scaler

LARGEST = np.finfo(np.float64).max
X = np.random.RandomState(0).standard_normal((40, 3)) * [1, 10, 0.1] + [0, 100, -5]


def log_relative_error(computed, certified):
    """NIST's count of right digits."""
    return 15.0 if computed == certified else min(15.0, -np.log10(abs(computed - certified) / abs(certified)))


def exact_deviation(column):
    """The standard deviation of floats, in rational arithmetic up to the last square root."""
    values = [Fraction(float(v)) for v in column]
    mean = sum(values) / len(values)
    return float(sum((v - mean) ** 2 for v in values) / len(values)) ** 0.5


# ---------------------------------------------------------------- standard_scaler: known answers

# NumAcc3 and 4 are limited by their decimals: 10000000.2 is not a float
NIST_DIGITS = {"NumAcc1": 15, "NumAcc2": 15, "NumAcc3": 9, "NumAcc4": 8, "Lew": 15, "Lottery": 15, "Mavro": 13, "Michelso": 13.5}


@pytest.mark.parametrize("name", NIST_DIGITS)
def test_nist(shared, name):
    certified = json.loads((shared / "nist" / "univ_certified.json").read_text())[name]
    y = np.loadtxt(shared / "nist" / "univ" / f"{name}.csv", skiprows=1)
    params = standard_scaler.fit(y[:, None])
    n = len(y)
    assert n == certified["n"]
    assert log_relative_error(float(params.mean[0]), float(certified["mean"])) >= 15
    # NIST divides by n - 1
    assert log_relative_error(float(params.scale[0]) * (n / (n - 1)) ** 0.5, float(certified["sd_ddof1"])) >= NIST_DIGITS[name]


def test_by_hand():
    params = standard_scaler.fit([[1, 10], [3, 10], [5, 40]])
    assert params.mean.tolist() == [3, 20]
    assert params.scale == pytest.approx([(8 / 3) ** 0.5, 200**0.5], rel=1e-15)
    assert standard_scaler.transform(params, [[3, 20]]).tolist() == [[0, 0]]
    assert standard_scaler.inverse_transform(params, [[0, 0]]).tolist() == [[3, 20]]


@pytest.mark.parametrize("seed", range(100))
def test_equals_scikit_learn(seed):
    sklearn_preprocessing = pytest.importorskip("sklearn.preprocessing")
    rng = np.random.RandomState(seed)
    n, d = rng.randint(2, 200), rng.randint(1, 8)
    x = rng.standard_normal((n, d)) * 10 ** rng.uniform(-6, 6, d) + rng.standard_normal(d) * 10 ** rng.uniform(-6, 3, d)
    weights = None if seed % 2 else rng.randint(0, 4, n) + (np.arange(n) == 0)
    theirs = sklearn_preprocessing.StandardScaler().fit(x, sample_weight=weights)
    params = standard_scaler.fit(x, weights=weights)
    np.testing.assert_allclose(params.mean, theirs.mean_, rtol=1e-12, atol=1e-12 * params.scale.max())
    np.testing.assert_allclose(params.scale, theirs.scale_, rtol=1e-12)
    z = standard_scaler.transform(params, x)
    bound = 1e-12 * (1 + np.abs(params.mean / params.scale))
    assert (np.abs(z - theirs.transform(x)) <= bound * np.maximum(1, np.abs(z))).all()


# ---------------------------------------------------------------- standard_scaler: constant and nearly constant columns


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [1, 2, 100, 1_000_000])
@pytest.mark.parametrize("value", [0, 0.1, 1e8, 1e-8, 1e38])
@pytest.mark.parametrize("weighted", [False, True])
def test_constant_column_becomes_zero(dtype, n, value, weighted):
    x = np.full((n, 1), value, dtype)
    weights = np.random.RandomState(0).uniform(0.1, 1, n) if weighted else None
    params = standard_scaler.fit(x, weights=weights)
    assert params.scale.tolist() == [1]
    assert params.mean[0] == x[0, 0]
    assert not standard_scaler.transform(params, x).any()


@pytest.mark.parametrize("seed", range(100))
def test_nearly_constant_column_is_measured_or_constant(seed):
    """Above the rounding of the entries the deviation is right to 12 digits; below, the scale is 1."""
    rng = np.random.RandomState(seed)
    n, center = rng.randint(2, 300), 10 ** rng.uniform(-8, 8)
    x = (center * (1 + 10 ** rng.uniform(-17, -10) * rng.standard_normal(n)))[:, None]
    deviation, rounding = exact_deviation(x[:, 0]), np.finfo(np.float64).eps * np.abs(x).max()
    scale = standard_scaler.fit(x).scale[0]
    if deviation > 1.001 * rounding:
        assert scale == pytest.approx(deviation, rel=1e-12)
    elif deviation < 0.999 * rounding:
        assert scale == 1


def test_one_outlier_in_a_million_equal_float32_is_not_a_constant():
    x = np.full((1_000_000, 1), 0.1, np.float32)
    x[0] = np.nextafter(x[1], np.float32(1))
    step = float(x[0, 0]) - float(x[1, 0])
    assert standard_scaler.fit(x).scale[0] == pytest.approx(step * (1e-6 * (1 - 1e-6)) ** 0.5, rel=1e-9)


def test_mean_of_twenty_million_float32_ones():
    params = standard_scaler.fit(np.ones((20_000_000, 1), np.float32))
    assert params == (1, 1)


# ---------------------------------------------------------------- standard_scaler: the ends of the floating range


@pytest.mark.parametrize("magnitude", [1e200, 1e308, 1e-200, 1e-308])
def test_extreme_magnitudes(magnitude):
    x = np.array([[1.0], [-1.0], [0.5]]) * magnitude
    params, expected = standard_scaler.fit(x), standard_scaler.fit(x / magnitude)
    assert params.mean / magnitude == pytest.approx(expected.mean, rel=1e-14)
    assert params.scale / magnitude == pytest.approx(expected.scale, rel=1e-14)
    np.testing.assert_allclose(
        standard_scaler.transform(params, x), standard_scaler.transform(expected, x / magnitude), rtol=1e-14, atol=1e-14
    )


anywhere = hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.floats(-LARGEST, LARGEST))


@given(x=anywhere)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_never_a_number_that_is_not_finite(x):
    before = x.copy()
    params = standard_scaler.fit(x)
    assert np.isfinite(params.mean).all()
    assert np.isfinite(params.scale).all()
    assert (params.scale > 0).all()
    try:
        z = standard_scaler.transform(params, x)
    except ValueError as error:
        assert "argument 'x' overflows" in str(error)
    else:
        assert np.isfinite(z).all()
    assert np.array_equal(x, before)


def test_overflow_is_refused_with_its_place():
    tiny = standard_scaler.fit([[0.0], [1e-300]])
    with pytest.raises(ValueError, match=r"standard_scaler.transform: argument 'x' overflows float64.*1e\+300 at row 1, column 0"):
        standard_scaler.transform(tiny, [[0.0], [1e300]])
    huge = standard_scaler.fit([[-1e300], [1e300]])
    with pytest.raises(ValueError, match=r"standard_scaler.inverse_transform: argument 'z' overflows float64.*at row 0, column 0"):
        standard_scaler.inverse_transform(huge, [[1e10]])
    with pytest.raises(ValueError, match=r"argument 'z' overflows float32"):
        standard_scaler.inverse_transform(huge, np.ones((1, 1), np.float32))


# ---------------------------------------------------------------- standard_scaler: invariances


def test_weight_k_repeats_a_row_and_weight_0_removes_it():
    counts = np.random.RandomState(1).randint(0, 5, len(X))
    params, repeated = standard_scaler.fit(X, weights=counts), standard_scaler.fit(np.repeat(X, counts, axis=0))
    np.testing.assert_allclose(params.mean, repeated.mean, rtol=1e-14)
    np.testing.assert_allclose(params.scale, repeated.scale, rtol=1e-14)

    weights = np.random.RandomState(2).uniform(0, 1, len(X)) * (counts > 0)
    spoiled = np.where(weights[:, None] > 0, X, 1e300)
    removed = standard_scaler.fit(X[weights > 0], weights=weights[weights > 0])
    assert np.array_equal(standard_scaler.fit(spoiled, weights=weights), removed)


@pytest.mark.parametrize("factor", [1e-300, 3.0, LARGEST])
def test_only_the_ratios_of_weights_count(factor):
    weights = np.random.RandomState(3).uniform(0.1, 1, len(X))
    np.testing.assert_allclose(standard_scaler.fit(X, weights=weights * factor), standard_scaler.fit(X, weights=weights), rtol=1e-13)


@pytest.mark.parametrize("offset", [0, 1e6, -1e9])
@pytest.mark.parametrize("factor", [1e-8, -3.0, 1e8])
def test_shift_and_scale(offset, factor):
    moved = factor * (X + offset)
    z = standard_scaler.transform(standard_scaler.fit(X), X)
    atol = 1e-14 + 1e-15 * abs(offset) / 0.1
    np.testing.assert_allclose(standard_scaler.transform(standard_scaler.fit(moved), moved), np.sign(factor) * z, atol=atol)


def test_mean_zero_variance_one_and_back():
    params = standard_scaler.fit(X)
    z = standard_scaler.transform(params, X)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(z.var(axis=0), 1, rtol=1e-14)
    np.testing.assert_allclose(standard_scaler.inverse_transform(params, z), X, rtol=1e-14)


def test_far_from_zero_float32_is_centred_exactly():
    x = (1e6 + np.arange(64) / 16).astype(np.float32)[:, None]
    z = standard_scaler.transform(standard_scaler.fit(x), x)
    assert z.dtype == np.float32
    assert abs(z.mean(dtype=np.float64)) < 1e-7  # a float32 mean would leave up to .03


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_width_and_kind(dtype):
    x = X.astype(dtype)
    params = standard_scaler.fit(x)
    assert params.mean.dtype == params.scale.dtype == np.float64
    z = standard_scaler.transform(params, x)
    assert z.dtype == standard_scaler.inverse_transform(params, z).dtype == dtype
    assert type(z) is np.ndarray


def in_frame(x):
    return pytest.importorskip("pandas").DataFrame(x)


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


LAYOUTS = {
    "fortran": np.asfortranarray,
    "strided": lambda x: np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)[::2, ::3],
    "reversed": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": read_only,
    "list": lambda x: x.tolist(),
    "tuple": lambda x: tuple(map(tuple, x.tolist())),
    "frame": in_frame,
    "objects": lambda x: x.astype(object),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_gives_the_same_bits(layout):
    params = standard_scaler.fit(X)
    assert np.array_equal(standard_scaler.fit(LAYOUTS[layout](X)), params)
    assert np.array_equal(standard_scaler.transform(params, LAYOUTS[layout](X)), standard_scaler.transform(params, X))
    assert np.array_equal(standard_scaler.inverse_transform(params, LAYOUTS[layout](X)), standard_scaler.inverse_transform(params, X))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "uint64", "bool", "float16", "float32"])
def test_dtype_gives_the_same_bits(dtype):
    x = np.random.RandomState(4).randint(0, 128, (50, 3)).astype(dtype)
    same = x.astype(np.float64)
    params = standard_scaler.fit(x)
    assert np.array_equal(params, standard_scaler.fit(same))
    z = standard_scaler.transform(params, same)
    assert np.array_equal(standard_scaler.transform(params, x), z.astype(np.float32) if "float" in dtype else z)


def test_jax_arrays(x64):
    assert np.array_equal(standard_scaler.fit(jnp.asarray(X)), standard_scaler.fit(X))
    z = standard_scaler.transform(standard_scaler.fit(X), jnp.asarray(X, jnp.float32))
    assert type(z) is np.ndarray
    assert z.dtype == np.float32


def test_weights_take_a_column_and_integers():
    counts = np.random.RandomState(5).randint(0, 3, len(X))
    for same in (counts[:, None], counts.tolist(), counts.astype(np.uint8), jnp.asarray(counts, jnp.float32)):
        assert type(standard_scaler.fit(X, weights=same).mean) is np.ndarray
        assert np.array_equal(standard_scaler.fit(X, weights=same), standard_scaler.fit(X, weights=counts))


def test_inputs_are_not_modified():
    x, weights = X.copy(), np.arange(len(X), dtype=float)
    params = standard_scaler.fit(x, weights=weights)
    kept = standard_scaler.Params(params.mean.copy(), params.scale.copy())
    z = standard_scaler.transform(params, x)
    kept_z = z.copy()
    standard_scaler.inverse_transform(params, z)
    assert np.array_equal(x, X)
    assert np.array_equal(weights, np.arange(len(X)))
    assert np.array_equal(params, kept)
    assert np.array_equal(z, kept_z)


# ---------------------------------------------------------------- standard_scaler: refusals

BAD_TABLES = [
    ("B01 NaN", [[1, 2], [np.nan, 2]], ValueError, "contains NaN.*row 1, column 0"),
    ("B02 infinity", [[1, 2], [3, -np.inf]], ValueError, "contains infinity.*row 1, column 1"),
    ("B03 no rows", np.zeros((0, 2)), ValueError, r"is empty.*\(0, 2\)"),
    ("B03 no columns", np.zeros((2, 0)), ValueError, r"is empty.*\(2, 0\)"),
    ("B11 None among objects", [[1, 2], [None, 2]], TypeError, "is not numeric.*None at position 2"),
    ("B11 strings", [["1", "2"]], TypeError, "is not an array of real numbers"),
    ("B11 complex", [[1 + 2j, 2]], TypeError, "is not an array of real numbers"),
    ("B11 ragged", [[1, 2], [3]], ValueError, "has rows of different lengths"),
    ("B11 dict among objects", np.array([[{}, 2.0]], dtype=object), TypeError, "is not numeric"),
    ("B13 one dimension", [1.0, 2.0], ValueError, r"has 1 dimensions, not 2.*reshape\(-1, 1\)"),
    ("B13 three dimensions", np.zeros((2, 2, 2)), ValueError, "has 3 dimensions, not 2.*reshape"),
    ("B13 a scalar", 3.0, ValueError, "has 0 dimensions, not 2"),
    ("missing", None, TypeError, "is missing"),
]
PARAMS = standard_scaler.Params(np.zeros(2), np.ones(2))


@pytest.mark.parametrize(("what", "x", "error", "match"), BAD_TABLES, ids=[row[0] for row in BAD_TABLES])
def test_refused_tables(what, x, error, match):
    with pytest.raises(error, match=r"^standard_scaler\.fit: argument 'x'.*" + match):
        standard_scaler.fit(x)
    with pytest.raises(error, match=r"^standard_scaler\.transform: argument 'x'.*" + match):
        standard_scaler.transform(PARAMS, x)
    with pytest.raises(error, match=r"^standard_scaler\.inverse_transform: argument 'z'.*" + match):
        standard_scaler.inverse_transform(PARAMS, x)


def test_refused_number_of_columns():
    with pytest.raises(ValueError, match=r"standard_scaler.transform: argument 'x' has 3 columns, not 2"):
        standard_scaler.transform(PARAMS, np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"standard_scaler.inverse_transform: argument 'z' has 1 columns, not 2"):
        standard_scaler.inverse_transform(PARAMS, np.zeros((4, 1)))


BAD_WEIGHTS = [
    ("B14 wrong length", [1, 1], ValueError, "has 2 rows, but there are 3 examples"),
    ("negative", [1, -1, 1], ValueError, "has a negative entry"),
    ("all zero", [0, 0, 0], ValueError, "is zero everywhere"),
    ("B01 NaN", [1, np.nan, 1], ValueError, "contains NaN"),
    ("B02 infinity", [1, np.inf, 1], ValueError, "contains infinity"),
    ("B13 a table", np.ones((3, 2)), ValueError, "has 2 dimensions, not 1"),
    ("B11 strings", ["a", "b", "c"], TypeError, "is not an array of real numbers"),
]


@pytest.mark.parametrize(("what", "weights", "error", "match"), BAD_WEIGHTS, ids=[row[0] for row in BAD_WEIGHTS])
def test_refused_weights(what, weights, error, match):
    with pytest.raises(error, match=r"^standard_scaler\.fit: argument 'weights' " + match):
        standard_scaler.fit([[1.0], [2.0], [4.0]], weights=weights)


# ---------------------------------------------------------------- labels: what is taken

GOOD_LABELS = [
    ("integers", [7, -5, 7], [1, 0, 1], [-5, 7]),
    ("one and two", np.array([2, 1, 2]), [1, 0, 1], [1, 2]),
    ("strings", ["spam", "ham", "spam"], [1, 0, 1], ["ham", "spam"]),
    ("NumPy strings", np.array(["b", "a"]), [1, 0], ["a", "b"]),
    ("object strings", np.array(["b", "a", "é"], dtype=object), [1, 0, 2], ["a", "b", "é"]),
    ("booleans", [True, False, True], [1, 0, 1], [False, True]),
    ("NumPy booleans", np.array([True, False]), [1, 0], [False, True]),
    ("whole floats", [1.0, 0.0, -0.0], [1, 0, 0], [0.0, 1.0]),
    ("integers and whole floats", [2, 1.0], [1, 0], [1.0, 2.0]),
    ("float32", np.array([3, 1, 3], np.float32), [1, 0, 1], [1.0, 3.0]),
    ("uint8", np.array([255, 0], np.uint8), [1, 0], [0, 255]),
    ("B12 beyond int32", [2**40, 0], [1, 0], [0, 2**40]),
    ("B15 a column", [[3], [1]], [1, 0], [1, 3]),
    ("B05 one class", ["a", "a"], [0, 0], ["a"]),
    ("one label", [5], [0], [5]),
    ("tuple", ("b", "a"), [1, 0], ["a", "b"]),
    ("strided", np.arange(6)[::-2], [2, 1, 0], [1, 3, 5]),
    ("jax", jnp.array([4, 2]), [1, 0], [2, 4]),
]


@pytest.mark.parametrize(("what", "y", "codes", "classes"), GOOD_LABELS, ids=[row[0] for row in GOOD_LABELS])
def test_encode_and_back(what, y, codes, classes):
    encoded = encode_labels(y)
    assert encoded.y.dtype == np.int32
    assert encoded.y.tolist() == codes
    assert encoded.classes.tolist() == classes
    assert [type(c) for c in encoded.classes.tolist()] == [type(c) for c in classes]
    assert decode_labels(encoded.y, encoded.classes).tolist() == np.asarray(y).ravel().tolist()


def test_encode_pandas():
    pandas = pytest.importorskip("pandas")
    texts = ["low", "high", "low", "mid"]
    for y in (
        pandas.Series(texts),
        pandas.Series(texts, dtype="category"),
        pandas.Categorical(texts, categories=["low", "mid", "high"], ordered=True),
        pandas.Series(texts, dtype="string"),
        pandas.DataFrame({"y": texts}),
        pandas.Index(texts),
    ):
        assert encode_labels(y).y.tolist() == [1, 0, 1, 2]  # sorted, whatever order the categories have
        assert encode_labels(y).classes.tolist() == ["high", "low", "mid"]
    assert encode_labels(pandas.Series([3, 1], index=[9, 7], dtype="Int64")).y.tolist() == [1, 0]
    assert encode_labels(pandas.Series([True, False], dtype="boolean")).classes.tolist() == [False, True]


@pytest.mark.parametrize("names", [["a", "b", "c"], [-7, 0, 12], [0.0, 1.0, 5.0], [False, True]])
def test_encode_equals_scikit_learn(names):
    sklearn_preprocessing = pytest.importorskip("sklearn.preprocessing")
    y = np.random.RandomState(0).choice(names, 200)
    theirs, ours = sklearn_preprocessing.LabelEncoder().fit(y), encode_labels(y)
    assert np.array_equal(ours.classes, theirs.classes_)
    assert np.array_equal(ours.y, theirs.transform(y))


def test_encode_of_new_names_gives_the_same_integers():
    y = np.random.RandomState(1).randint(0, 4, 50)
    for names in (np.array(["a", "b", "c", "d"]), np.array([-5, 7, 8, 100]), np.array([0.0, 1.0, 2.0, 4.0])):
        assert np.array_equal(encode_labels(names[y]).y, encode_labels(y).y)


def test_decode_takes_names_from_a_tuple():
    assert decode_labels([2, 0], ("setosa", "versicolor", "virginica")).tolist() == ["virginica", "setosa"]
    assert decode_labels([[1], [0]], [False, True]).tolist() == [True, False]


@pytest.mark.parametrize("y", [[0, 2, 1], [0.0, 2.0, 1.0], [[0], [2], [1]], np.array([0, 2, 1], np.uint8), jnp.array([0, 2, 1])])
def test_one_hot(y):
    rows = one_hot(y)
    assert rows.dtype == np.float64
    assert rows.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert one_hot(y, 5).shape == (3, 5)
    assert np.array_equal(one_hot(y, 5)[:, :3], rows)
    assert one_hot(y, n_classes=3).argmax(axis=1).tolist() == [0, 2, 1]


def test_one_hot_of_booleans_and_of_one_class():
    assert one_hot([True, False]).tolist() == [[0, 1], [1, 0]]
    assert one_hot([0, 0]).tolist() == [[1], [1]]


def test_one_hot_equals_scikit_learn():
    sklearn_preprocessing = pytest.importorskip("sklearn.preprocessing")
    y = np.random.RandomState(0).randint(0, 5, 100)
    assert np.array_equal(one_hot(y), sklearn_preprocessing.OneHotEncoder(sparse_output=False).fit_transform(y[:, None]))


def test_labels_are_not_modified():
    y, classes = np.array([1, 0, 1]), np.array(["a", "b"])
    kept_y, kept_classes = y.copy(), classes.copy()
    encode_labels(y), one_hot(y), decode_labels(y, classes)[:].fill("z")
    encode_labels(y).y[:] = 9
    assert np.array_equal(y, kept_y)
    assert np.array_equal(classes, kept_classes)


# ---------------------------------------------------------------- labels: refusals

BAD_NAMES = [
    ("B17 number then string", [1, "a"], TypeError, "has a string among labels that began with a number.*'a' at row 1"),
    ("B17 string then number", ["a", "b", 2], TypeError, "has a number among labels that began with a string.*2 at row 2"),
    ("B17 boolean among numbers", [1, True], TypeError, "has a boolean among labels.*True at row 1"),
    ("B17 continuous", [0.0, 0.5], ValueError, "is continuous.*0.5 at row 1"),
    ("B17 continuous NumPy", np.array([1, 2, 2.5], np.float32), ValueError, "is continuous.*2.5 at row 2"),
    ("B11 None", ["a", None], TypeError, "has an entry that is no label.*None at row 1"),
    ("B11 None first", [None, "a"], TypeError, "has an entry that is no label.*None at row 0"),
    ("B01 NaN", [1.0, np.nan], ValueError, "nan at row 1"),
    ("B01 NaN in NumPy", np.array([1.0, np.nan]), ValueError, "contains NaN.*nan at row 1"),
    ("B01 NaN among strings", ["a", "b", float("nan")], ValueError, "has an entry that is no label.*nan at row 2"),
    ("B02 infinity", [1.0, np.inf], ValueError, "contains infinity.*row 1"),
    ("B03 empty", [], ValueError, "is empty"),
    ("B11 complex", [1j, 2.0], TypeError, "has an entry that is no label.*1j at row 0"),
    ("B11 complex NumPy", np.array([1j]), TypeError, "has an entry that is no label"),
    ("B11 dict", [{}, {}], TypeError, "has an entry that is no label"),
    ("B11 bytes", [b"a"], TypeError, "has an entry that is no label.*b'a' at row 0"),
    ("B11 dates", np.array(["2026-01-01"], "M8[D]"), TypeError, "has an entry that is no label"),
    ("B11 ragged", [[1, 2], [3]], ValueError, "has rows of different lengths"),
    ("B12 beyond int64", [2**70, 1], ValueError, f"has an entry that NumPy cannot hold.*{2**70} at row 0"),
    ("B12 merged as floats", [-1, 2**63, 2**63 + 1], ValueError, f"has an entry that NumPy cannot hold.*{2**63 + 1} at row 2"),
    ("B13 two columns", [[1, 2], [3, 4]], ValueError, "has 2 dimensions, not 1"),
    ("B13 a scalar", 3, ValueError, "has 0 dimensions, not 1"),
    ("B13 a bare string", "abc", ValueError, "has 0 dimensions, not 1"),
    ("missing", None, TypeError, "is missing"),
]


@pytest.mark.parametrize(("what", "y", "error", "match"), BAD_NAMES, ids=[row[0] for row in BAD_NAMES])
def test_encode_refuses(what, y, error, match):
    with pytest.raises(error, match=r"^encode_labels: argument 'y' .*" + match):
        encode_labels(y)


def test_encode_refuses_pandas_missing():
    pandas = pytest.importorskip("pandas")
    for y in (
        pandas.Series(["a", None], dtype="category"),
        pandas.Series([1, None], dtype="Int64"),
        pandas.Series([1, None]),
        pandas.Series(["a", pandas.NaT], dtype=object),
    ):
        with pytest.raises((TypeError, ValueError), match=r"^encode_labels: argument 'y' .* at row 1"):
            encode_labels(y)


BAD_INTEGERS = [
    ("B18 negative", [0, -1], ValueError, "has a negative label.*-1 at row 1"),
    ("B18 past the last", [0, 3], ValueError, "has a label past the last class.*3 at row 1 with 3 classes"),
    ("B17 fraction", [0.0, 1.5], ValueError, "is continuous.*1.5 at row 1"),
    ("B01 NaN", [0.0, np.nan], ValueError, "contains NaN"),
    ("B02 infinity", [0.0, np.inf], ValueError, "contains infinity"),
    ("B03 empty", [], ValueError, "is empty"),
    ("B11 strings", ["a"], TypeError, "is not an array of real numbers"),
    ("B11 None", [0, None], TypeError, "is not numeric.*None at position 1"),
    ("B12 beyond int32", [2**31 + 5], ValueError, "has a label past the last class"),
    ("B13 a table", np.eye(3), ValueError, "has 2 dimensions, not 1"),
    ("B13 a scalar", 1, ValueError, "has 0 dimensions, not 1"),
    ("missing", None, TypeError, "is missing"),
]


@pytest.mark.parametrize(("what", "y", "error", "match"), BAD_INTEGERS, ids=[row[0] for row in BAD_INTEGERS])
def test_one_hot_and_decode_refuse(what, y, error, match):
    with pytest.raises(error, match=r"^one_hot: argument 'y' " + match):
        one_hot(y, 3)
    with pytest.raises(error, match=r"^decode_labels: argument 'y' " + match):
        decode_labels(y, ["a", "b", "c"])


def test_one_hot_refuses_without_n_classes():
    with pytest.raises(ValueError, match=r"^one_hot: argument 'y' has a label beyond int32"):
        one_hot([2**31 + 5])


@pytest.mark.parametrize(("k", "error"), [(0, ValueError), (-1, ValueError), (2.0, TypeError), (True, TypeError), ("3", TypeError)])
def test_one_hot_refuses_n_classes(k, error):
    with pytest.raises(error, match=r"^one_hot: argument 'n_classes' is "):
        one_hot([0, 1], k)


@pytest.mark.parametrize(
    ("classes", "error", "match"),
    [
        ([], ValueError, "is empty"),
        (None, TypeError, "is missing"),
        (np.eye(2), ValueError, "has 2 dimensions"),
        ("abc", ValueError, "has 0 dim"),
    ],
)
def test_decode_refuses_classes(classes, error, match):
    with pytest.raises(error, match=r"^decode_labels: argument 'classes' " + match):
        decode_labels([0], classes)


def test_public_names():
    for name in ("standard_scaler", "encode_labels", "decode_labels", "one_hot", "Labels"):
        assert hasattr(preprocessing, name)
