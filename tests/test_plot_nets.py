"""Pictures of the inside of a net: what is drawn, and what is refused."""

import subprocess
import sys
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from numpy.testing import assert_allclose, assert_array_equal
from pictures import legend, texts, ticks

from jaxml import plot
from jaxml.plot import _style

RNG = np.random.RandomState(0)
KERNEL = RNG.randn(3, 2, 4, 5)
MAPS = np.abs(RNG.randn(6, 5, 7))
NORMS = np.array([0.001, 0.02, 0.3, 0.0])
MASK = np.zeros((5, 6), bool)
MASK[1:3, 2:5] = True
IMAGE = RNG.rand(5, 6)
MATRIX = np.array([[1.0, -2.0, 0.0, 0.0], [0.0, 1.0, -2.0, 0.0], [0.0, 0.0, 1.0, -2.0]])


class Gates(NamedTuple):
    i: np.ndarray
    g: np.ndarray


GATES = Gates(RNG.rand(4, 3), RNG.rand(4, 3) - 0.5)


def test_works_without_pyplot_and_imports_no_matplotlib_before():
    code = """
import sys, io
import numpy as np
from jaxml import plot
assert "matplotlib" not in sys.modules
for ax in (
    plot.filters(np.ones((2, 2, 1, 3))),
    plot.feature_maps(np.ones((2, 2, 3))),
    plot.gates({"i": np.ones((2, 2))}),
    plot.receptive_field(np.eye(3), np.eye(3) > 0),
    plot.sensitivity([1.0, 0.0]),
    plot.sparse_matrix(np.eye(3)),
):
    ax.figure.savefig(io.BytesIO())
assert "matplotlib.pyplot" not in sys.modules
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr


def test_inputs_are_left_as_they_were():
    originals = KERNEL, MAPS, IMAGE, MASK, NORMS, MATRIX, GATES.i
    arrays = [array.copy() for array in originals]
    for array in arrays:
        array.setflags(write=False)
    kernel, maps, image, mask, norms, matrix, gate = arrays
    plot.filters(kernel)
    plot.feature_maps(maps)
    plot.receptive_field(image, mask)
    plot.sensitivity(norms)
    plot.sparse_matrix(matrix)
    plot.gates({"i": gate})
    for array, original in zip(arrays, originals, strict=True):
        np.testing.assert_array_equal(array, original)


# ---------------------------------------------------------------- filters and maps


def test_filters_are_drawn_on_one_scale_around_0():
    ax = plot.filters(jnp.asarray(KERNEL, jnp.float32), channel=2)
    assert len(ax.images) == 5
    top = np.abs(KERNEL[:, :, 2]).max()
    for i, image in enumerate(ax.images):
        assert_allclose(image.get_array(), KERNEL[:, :, 2, i], rtol=1e-6)
        assert_allclose(image.get_clim(), (-top, top), rtol=1e-6)
        assert image.origin == "upper"
        left, right, bottom, above = image.get_extent()
        assert_allclose((right - left, bottom - above), (2, 3))  # the first row of the weights is on top
    assert_allclose(ax.images[0].cmap(0.5)[:3], to_rgba("#F7F7F7")[:3], atol=0.02)
    assert ax.images[0].cmap(0.0) == to_rgba(_style.BLUE) and ax.images[0].cmap(1.0) == to_rgba(_style.VERMILION)
    assert texts(ax) == list("01234")
    assert ax.get_ylabel() == "weights on channel 2 of 4"
    assert ax.get_xlabel() == "5 filters of 3 × 2, numbered from 0"
    assert ax.figure.axes[1].get_ylabel() == "weight"
    assert plot.filters(KERNEL[:, :, :1]).get_ylabel() == "weights"


def extents(ax):
    return np.array([image.get_extent() for image in ax.images])


def test_tiles_go_by_rows_and_do_not_overlap():
    ax = plot.filters(KERNEL, columns=3)
    left, right, bottom, top = extents(ax).T
    assert (left[0] == left[3]) and (left[1] == left[4]) and (top[0] == top[2]) and (top[3] == top[4])
    assert right[0] < left[1] and right[1] < left[2] and bottom[0] < top[3]
    (low, high), (floor, ceiling) = ax.get_xlim(), ax.get_ylim()
    assert low < left.min() and right.max() < high and ceiling < top.min() and bottom.max() < floor
    assert len(set(extents(plot.filters(KERNEL, columns=9))[:, 2])) == 1  # no more columns than filters


@pytest.mark.parametrize(("n", "columns"), [(1, 1), (6, 3), (10, 5), (32, 8), (64, 11)])
def test_columns_make_the_tiles_large(n, columns):
    ax = plot.filters(np.ones((3, 3, 1, n)))
    assert len(set(extents(ax)[:, 0])) == columns


def test_feature_maps_without_a_negative_answer_start_at_0():
    maps = MAPS.copy()
    maps[..., 2] = 0
    ax = plot.feature_maps(maps, names=list("abcdefg"))
    for i, image in enumerate(ax.images):
        assert_array_equal(image.get_array(), maps[..., i])
        assert image.get_clim() == (0, maps.max())
    assert texts(ax) == list("abcdefg")
    assert ax.get_xlabel() == "7 maps of 6 × 5; 1 is 0 everywhere"
    assert ax.figure.axes[1].get_ylabel() == "answer"


def test_feature_maps_with_negative_answers_are_centred_and_all_zeros_are_drawn(tmp_path):
    ax = plot.feature_maps(-MAPS)
    assert ax.images[0].get_clim() == (-MAPS.max(), MAPS.max()) and ax.get_xlabel() == "7 maps of 6 × 5"
    ax = plot.feature_maps(np.zeros((2, 2, 3)))
    assert ax.images[0].get_clim() == (0, 1) and ax.get_xlabel().endswith("; 3 are 0 everywhere")
    ax.figure.savefig(tmp_path / "zeros.png")


# ---------------------------------------------------------------- receptive_field


def test_receptive_field_frames_the_pixels():
    ax = plot.receptive_field(IMAGE, MASK)
    assert_allclose(ax.images[0].get_array(), (IMAGE - IMAGE.min()) / np.ptp(IMAGE))
    (frame,) = ax.collections
    sides = {tuple(sorted(map(tuple, s.tolist()))) for s in frame.get_segments()}
    # rows 1, 2 and columns 2, 3, 4: from x = 1.5 to 4.5 and y = 0.5 to 2.5, in sides of single pixels
    level = {((x - 0.5, y), (x + 0.5, y)) for x in (2, 3, 4) for y in (0.5, 2.5)}
    upright = {((x, y - 0.5), (x, y + 0.5)) for x in (1.5, 4.5) for y in (1, 2)}
    assert sides == level | upright
    assert legend(ax) == ["field: 2 × 3"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("column of the image", "row of the image")


def test_receptive_fields_of_several_units_have_colours_and_names(tmp_path):
    nothing, everything = np.zeros_like(MASK), np.ones_like(MASK)
    ax = plot.receptive_field(np.full((5, 6, 3), 0.5), {"conv2d": MASK, "dense": everything, "none": nothing})
    assert legend(ax) == ["conv2d: 2 × 3", "dense: 5 × 6", "none: no pixel"]
    assert [tuple(c.get_color()[0]) for c in ax.collections[:2]] == [to_rgba(_style.color_of(i)) for i in (1, 2)]
    assert len(ax.collections[1].get_segments()) == 22  # around the whole image
    ax.figure.savefig(tmp_path / "fields.png")


def test_a_field_with_a_hole_is_framed_inside_too():
    ring = np.ones((3, 3), bool)
    ring[1, 1] = False
    (frame,) = plot.receptive_field(np.eye(3), ring).collections
    assert len(frame.get_segments()) == 12 + 4


# ---------------------------------------------------------------- sparse_matrix


def cells(collection):
    """(row, column) of each cell of a PolyCollection, after a look at its corners."""
    found = []
    for path in collection.get_paths():
        low, high = path.vertices.min(0), path.vertices.max(0)
        assert_allclose(high - low, 1)
        found.append(tuple(((low + high) / 2)[::-1].astype(int).tolist()))
    return found


def test_sparse_matrix_has_a_colour_for_each_number():
    ax = plot.sparse_matrix(MATRIX)
    assert [cells(c) for c in ax.collections] == [[(0, 1), (1, 2), (2, 3)], [(0, 0), (1, 1), (2, 2)]]
    assert [tuple(c.get_facecolor()[0]) for c in ax.collections] == [to_rgba(_style.color_of(i)) for i in (0, 1)]
    assert legend(ax) == ["−2", "1"]
    assert ax.get_title(loc="left") == "6 of 12 entries are not 0 (50.0%)"
    assert ax.get_xlim() == (-0.5, 3.5) and ax.get_ylim() == (2.5, -0.5)  # the first output is on top
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("input", "output")


def test_sparse_matrix_of_many_numbers_has_a_scale():
    matrix = np.diag(np.arange(-6.0, 6.0))
    ax = plot.sparse_matrix(matrix)
    (drawn,) = ax.collections
    assert cells(drawn) == [(i, i) for i in range(12) if i != 6]
    assert_array_equal(drawn.get_array(), [-6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5])
    assert drawn.get_clim() == (-6, 6)
    assert ax.figure.axes[1].get_ylabel() == "entry" and ax.get_legend() is None


def test_sparse_matrix_takes_rounding_for_one_number_and_nothing_for_nothing(tmp_path):
    ax = plot.sparse_matrix(np.array([[0.1 + 0.2, 0.3], [0.0, 0.30001]]))
    assert legend(ax) == ["0.3", "0.3"] and cells(ax.collections[0]) == [(0, 0), (0, 1)]
    ax = plot.sparse_matrix(np.zeros((2, 300)))
    assert len(ax.collections) == 0 and ax.get_legend() is None
    assert ax.get_aspect() == "auto"  # an equal one would be a sliver
    ax.figure.savefig(tmp_path / "zeros.png")


# ---------------------------------------------------------------- gates


def test_gates_stand_below_each_other_over_the_words():
    ax = plot.gates(GATES, ["one", "two", "three", "four"])
    first, second = ax.images
    assert_array_equal(first.get_array(), GATES.i.T)
    assert_array_equal(second.get_array(), GATES.g.T)
    assert first.get_clim() == second.get_clim() == (-1, 1)
    assert first.get_extent() == [-0.5, 3.5, 3, 0] and second.get_extent()[3] > 3
    assert ticks(ax.xaxis) == ["one", "two", "three", "four"] and ticks(ax.yaxis) == ["i", "g"]
    assert_allclose(ax.get_yticks(), [np.mean(image.get_extent()[2:]) for image in ax.images])
    assert ax.get_xlabel() == "word" and "3 units" in ax.get_ylabel()
    assert ax.figure.axes[1].get_ylabel() == "0: shut, 1: open; a candidate goes below 0"


def test_gates_alone_run_from_0_to_1():
    ax = plot.gates({"forget gate": np.full((2, 3), 0.9)})
    assert ax.images[0].get_clim() == (0, 1)
    assert ax.get_xlabel() == "step" and ticks(ax.xaxis) == ["0", "1"] and ticks(ax.yaxis) == ["forget gate"]
    assert ax.figure.axes[1].get_ylabel() == "0: shut, 1: open"


def test_long_words_are_aslant_and_many_are_thinned(tmp_path):
    ax = plot.gates({"i": np.ones((8, 2))}, ["internationalisation"] * 8)
    assert {t.get_rotation() for t in ax.get_xticklabels()} == {45}
    ax.figure.savefig(tmp_path / "long.png")
    eight = ["Deep", "learning", "is", "a", "subset", "of", "machine", "learning"]
    assert {t.get_rotation() for t in plot.gates({"i": np.ones((8, 2))}, eight).get_xticklabels()} == {0}
    ax = plot.sensitivity({"a": np.ones(8)}, words=eight)  # the legend leaves less room
    assert {t.get_rotation() for t in ax.get_xticklabels()} == {45}
    ax = plot.gates({"i": np.ones((200, 2))})
    assert ticks(ax.xaxis)[:3] == ["0", "5", "10"] and len(ax.collections) == 0


# ---------------------------------------------------------------- sensitivity


def test_sensitivity_shows_the_numbers_and_the_zeros():
    ax = plot.sensitivity(NORMS, words=list("abcd"))
    line, zeros, *_ = ax.lines
    assert_array_equal(line.get_ydata(), [0.001, 0.02, 0.3, np.nan])
    assert_array_equal(zeros.get_xydata(), [[3, 0]])
    assert zeros.get_marker() == "o" and zeros.get_markerfacecolor() == "white"
    assert ticks(ax.xaxis) == list("abcd") and ticks(ax.yaxis) == ["0", "0.001", "0.01", "0.1", "1"]
    assert ax.get_legend() is None


def height(ax, y):
    """How high on the picture y stands, from 0 at the foot of the axis to 1 at its top."""
    return ax.transAxes.inverted().transform(ax.transData.transform((0, y)))[1]


def test_the_axis_is_logarithmic_with_0_at_its_foot():
    ax = plot.sensitivity(NORMS)
    steps = np.diff([height(ax, y) for y in (0.001, 0.01, 0.1, 1)])
    assert_allclose(steps, steps[0])
    assert height(ax, 0) == 0 and 0.1 < height(ax, 0.001) < 0.3
    assert_allclose(height(ax, 1), 1)
    assert 0 < height(ax, ax.lines[-1].get_ydata()[0]) < height(ax, 0.001)  # the dashed line between


def test_an_axis_without_zeros_ends_at_the_numbers():
    ax = plot.sensitivity([0.03, 0.3])
    assert ticks(ax.yaxis) == ["0.02", "0.05", "0.1", "0.2", "0.5"]
    assert_allclose(ax.get_ylim(), (0.02, 0.5))
    assert len(ax.lines) == 1  # and no mark for a zero


def test_zeros_of_several_curves_are_side_by_side():
    ax = plot.sensitivity({"masked": [1.0, 0.0], "bias 0": [0.5, 0.0], "read on": [0.2, 0.1]})
    assert legend(ax) == ["masked", "bias 0", "read on"]
    assert_allclose([line.get_xdata() for line in ax.lines[1:4:2]], [[0.84], [1.0]])
    assert [line.get_color() for line in ax.lines[:6:2]] == [_style.color_of(i) for i in range(3)]


@pytest.mark.parametrize(
    "norms", [[0.0, 0.0], [1e-320, 1.0], [1e-300, 0.0, 1.0], [5.0], [1.0, 1.0], [1e300, 0.0], [0.1] * 300, [1e-45, 1e38]]
)
def test_any_norms_can_be_drawn(norms, tmp_path):
    ax = plot.sensitivity(norms)
    ax.figure.savefig(tmp_path / "picture.png")
    places = [height(ax, y) for y in norms]
    assert np.isfinite(places).all() and min(places) >= -1e-9 and max(places) <= 1 + 1e-9
    assert len(ax.get_yticks()) <= 11


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: plot.filters(MAPS),
            ValueError,
            r"^plot.filters: argument 'kernel' has 3 dimensions, not 4; got shape \(6, 5, 7\); pass \(h, w, channels, filters\)",
        ),
        (lambda: plot.filters(KERNEL * np.nan), ValueError, "argument 'kernel' contains NaN"),
        (lambda: plot.filters(KERNEL[..., :0]), ValueError, "argument 'kernel' is empty"),
        (lambda: plot.filters(KERNEL, channel=4), ValueError, "argument 'channel' is out of range; got 4; pass an int >= 0 and <= 3"),
        (lambda: plot.filters(KERNEL, columns=0), ValueError, "argument 'columns' is out of range; got 0"),
        (
            lambda: plot.feature_maps(KERNEL),
            ValueError,
            r"^plot.feature_maps: argument 'maps' has 4 dimensions, not 3; got shape .*; pass the maps of one image, \(h, w, filters\)",
        ),
        (lambda: plot.feature_maps(MAPS, names=["a"]), ValueError, r"argument 'names' has 1 entries, not 7; got \['a'\]; pass 7 strings"),
        (lambda: plot.feature_maps(MAPS, names="abcdefg"), TypeError, "argument 'names' is one string; got 'abcdefg'; pass a list"),
        (
            lambda: plot.receptive_field(np.ones((2, 2, 2)), MASK),
            ValueError,
            r"^plot.receptive_field: argument 'image' is not an image; got shape \(2, 2, 2\)",
        ),
        (
            lambda: plot.receptive_field(IMAGE, MASK.T),
            ValueError,
            r"argument 'mask' does not match the image; got shape \(6, 5\) for \(5, 6\)",
        ),
        (lambda: plot.receptive_field(IMAGE, IMAGE), TypeError, "argument 'mask' is not boolean; got float64 of shape .*; pass True where"),
        (lambda: plot.receptive_field(IMAGE, {}), ValueError, "argument 'mask' is empty; got {}"),
        (lambda: plot.sparse_matrix(NORMS), ValueError, "^plot.sparse_matrix: argument 'matrix' has 1 dimensions, not 2"),
        (lambda: plot.sparse_matrix(MATRIX + np.inf), ValueError, "argument 'matrix' contains infinity"),
        (
            lambda: plot.sparse_matrix(np.ones((400, 300))),
            ValueError,
            "'matrix' has too many entries that are not 0; got 120,000; pass a part",
        ),
        (
            lambda: plot.gates(IMAGE),
            TypeError,
            r"^plot.gates: argument 'values' is not a dict of gates; got float64 of shape \(5, 6\); pass a dict of name -> \(t, units\)",
        ),
        (lambda: plot.gates({}), TypeError, "argument 'values' is not a dict of gates; got dict {}"),
        (
            lambda: plot.gates({"i": IMAGE, "f": IMAGE[:2]}),
            ValueError,
            r"argument 'values' has gates of different shapes; got \(2, 6\) for 'f' beside \(5, 6\); pass \(t, units\) each",
        ),
        (
            lambda: plot.gates({"z": 9 * IMAGE + 1}),
            ValueError,
            r"argument 'values' has a number outside \[-1, 1\]; got .* in 'z'; pass gates",
        ),
        (lambda: plot.gates(GATES, ["a"]), ValueError, "argument 'words' has 1 entries, not 4"),
        (
            lambda: plot.sensitivity([1.0, -1.0]),
            ValueError,
            "^plot.sensitivity: argument 'norms' has a negative number; got -1 in 'sensitivity'",
        ),
        (lambda: plot.sensitivity([np.nan]), ValueError, "argument 'norms' contains NaN"),
        (lambda: plot.sensitivity({}), ValueError, "argument 'norms' is empty; got {}"),
        (
            lambda: plot.sensitivity({"a": [1.0], "b": [1.0, 2.0]}),
            ValueError,
            r"argument 'norms' has curves of different lengths; got 2 steps for 'b' beside 1; pass \(t,\) each",
        ),
        (lambda: plot.sensitivity(MATRIX), ValueError, r"argument 'norms' has 2 dimensions, not 1; got shape \(3, 4\); pass \(n,\)"),
        (lambda: plot.sensitivity(NORMS, words="abcd"), TypeError, "argument 'words' is one string; got 'abcd'"),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
