"""Pictures: what is in the Axes, whose state they touch, what they refuse."""

import os
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pictures import legend, texts

from jaxml import plot

RNG = np.random.RandomState(0)
X2 = RNG.randn(30, 2)
Y2 = (X2[:, 0] > 0).astype(int)
COUNTS = np.array([[50, 3, 0], [2, 38, 9], [0, 7, 91]])
PATH = np.array([[-1.0, 3.5], [0.0, 3.0], [1.5, 1.5]])


def halves(rows):
    return (np.asarray(rows)[:, 0] > 0).astype(int)


def sigmoid(rows):
    return 1 / (1 + np.exp(-np.asarray(rows)[:, 0]))


def bowl(p):
    return (p[0] - 1) ** 2 + 4 * (p[1] - 1) ** 2


def distance(rows):
    return 2 * np.asarray(rows)[:, 0]


SIZES = np.array([10, 20, 40])
TRAIN = np.array([[1.0, 1.0], [0.9, 1.0], [0.9, 0.9]])
TEST = np.array([[0.5, 0.7], [0.7, 0.7], [0.7, 0.9]])


def child(code, **environment):
    clean = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")}
    run = subprocess.run([sys.executable, "-c", code], env=clean | environment, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr


def test_importing_plot_does_not_import_matplotlib():
    child("import sys, jaxml.plot; assert 'matplotlib' not in sys.modules")


def test_works_without_a_display_and_without_pyplot():
    code = """
import sys, io
import numpy as np
from jaxml import plot
x = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 0.5]])
for ax in (
    plot.loss_curve([2.0, 1.0]),
    plot.scatter_with_fit(x[:, 0], x[:, 1], lambda r: r[:, 0]),
    plot.decision_boundary(lambda r: (r[:, 0] > 1).astype(int), x, resolution=9),
    plot.probability_contours(lambda r: r[:, 0] / r.max(), np.abs(x) + 3, resolution=9),
    plot.confusion_matrix([[2, 1], [0, 3]]),
    plot.descent_path(lambda p: (p**2).sum(), x, resolution=9),
    plot.learning_curve(([1, 2], [[1.0], [2.0]], [[3.0], [4.0]]), log=True),
    plot.explained_variance([0.6, 0.4], n_samples=9),
    plot.feature_importances([1.0, 2.0]),
    plot.support_vectors(lambda r: r[:, 0] - 1, x, [0, 1, 1], x[:1], resolution=9),
):
    ax.figure.savefig(io.BytesIO())
assert "matplotlib.pyplot" not in sys.modules
"""
    child(code, MPLBACKEND="TkAgg")  # a backend that needs a display: pyplot would fail here


def test_inputs_are_left_as_they_were():
    x, y, counts, path, losses = X2.copy(), Y2.copy(), COUNTS.copy(), PATH.copy(), np.array([2.0, 1.0])
    for array in (x, y, counts, path, losses):
        array.setflags(write=False)
    plot.loss_curve(losses, validation=losses)
    plot.scatter_with_fit(x[:, 0], y)
    plot.decision_boundary(halves, x, y, resolution=5)
    plot.probability_contours(sigmoid, x, y, resolution=5)
    plot.confusion_matrix(counts, normalize=True)
    plot.descent_path(bowl, path, resolution=5)
    plot.learning_curve((losses, counts[:2], counts[1:]))
    plot.explained_variance(losses / 3, null=(losses / 4, losses / 2))
    plot.feature_importances(losses, std=losses)
    plot.support_vectors(distance, x, y, x[:2], resolution=5)
    for array, before in ((x, X2), (y, Y2), (counts, COUNTS), (path, PATH), (losses, [2.0, 1.0])):
        assert_array_equal(array, before)


# ---------------------------------------------------------------- loss_curve


def test_loss_curve_shows_the_losses():
    ax = plot.loss_curve(jnp.array([4.0, 2.0, 1.0]))
    (line,) = ax.lines
    assert_array_equal(line.get_xydata(), [[0, 4], [1, 2], [2, 1]])
    assert legend(ax) == ["loss: ends at 1"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("step", "loss", "log")


def test_loss_curve_spreads_a_shorter_validation_so_that_both_end_together():
    ax = plot.loss_curve(np.arange(10, 0, -1.0), validation=[3.0, 2.0])
    assert_array_equal(ax.lines[1].get_xydata(), [[4, 3], [9, 2]])
    assert legend(ax) == ["training: ends at 1", "validation: ends at 2"]
    same = plot.loss_curve([3.0, 2.0], validation=[4.0, 3.0])
    assert_array_equal(same.lines[1].get_xdata(), same.lines[0].get_xdata())


def test_loss_curve_compares_several_runs():
    ax = plot.loss_curve({"slow": [4.0, 3.0], "fast": [4.0, 1.0]}, validation={"fast": [5.0, 2.0]}, xlabel="epoch", title="Two rates")
    assert legend(ax) == ["slow: ends at 3", "fast: ends at 1", "fast, validation: ends at 2"]
    slow, fast, held = ax.lines
    assert fast.get_color() == held.get_color() != slow.get_color()
    assert (ax.get_title(loc="left"), ax.get_xlabel()) == ("Two rates", "epoch")


@pytest.mark.parametrize(("losses", "log"), [([1.0, 0.0], True), ([1.0, -1.0], True), ([2.0, 1.0], False)])
def test_loss_curve_is_linear_where_a_logarithm_has_no_place(losses, log):
    assert plot.loss_curve(losses, log=log).get_yscale() == "linear"


@pytest.mark.parametrize("losses", [[5.0], [1.0, 1.0], [1e-200, 1e200], [1e-12, 1e-12]])
def test_loss_curve_of_odd_losses_draws(losses, tmp_path):
    ax = plot.loss_curve(losses)
    ax.figure.savefig(tmp_path / "odd.png")
    assert_array_equal(ax.lines[0].get_ydata(), losses)


# ---------------------------------------------------------------- scatter_with_fit


def test_scatter_shows_points_line_and_residuals():
    x, y = np.array([0.0, 1.0, 2.0]), np.array([[1.0], [2.0], [6.0]])
    ax = plot.scatter_with_fit(x, y, lambda rows: 2 * rows[:, 0] + 1, residuals=True, names=("hours", "points"))
    points, segments = ax.collections
    assert_array_equal(points.get_offsets(), np.c_[x, y])
    line = ax.lines[0].get_xydata()
    assert_allclose(line[:, 1], 2 * line[:, 0] + 1)
    assert line[0, 0] < 0 and line[-1, 0] > 2
    assert_array_equal(segments.get_segments(), [[[0, 1], [0, 1]], [[1, 2], [1, 3]], [[2, 6], [2, 5]]])
    assert legend(ax) == ["data", "fit", f"residuals, mean square {2 / 3:.3g}"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("hours", "points")


def test_scatter_without_a_fit_is_points_alone():
    ax = plot.scatter_with_fit([[1], [2]], [3, 4])
    assert len(ax.lines) == 0 and len(ax.collections) == 1


def test_predict_is_given_a_column_and_may_return_one():
    seen = []
    plot.scatter_with_fit([1.0, 2.0], [1.0, 2.0], lambda rows: seen.append(rows.shape) or rows)
    assert seen == [(200, 1)]


# ---------------------------------------------------------------- decision_boundary, probability_contours


def test_decision_boundary_colours_each_place_by_its_label():
    ax = plot.decision_boundary(halves, X2, Y2, resolution=50, class_names=["left", "right"], names=("u", "v"))
    (image,) = ax.images
    rgb, (x0, x1, _, _) = image.get_array(), image.get_extent()
    middle = x0 + (x1 - x0) * (np.arange(50) + 0.5) / 50
    blue = rgb[..., 2] > rgb[..., 0]  # class 0 is blue, class 1 vermilion
    assert_array_equal(blue, np.tile(middle <= 0, (50, 1)))
    assert legend(ax) == ["left", "right"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("u", "v")
    line = np.concatenate([p.vertices for p in ax.collections[0].get_paths()])
    assert np.abs(line[:, 0]).max() < (x1 - x0) / 50  # where the labels meet, to one place of the grid
    for c in (0, 1):
        assert_array_equal(ax.collections[1 + c].get_offsets(), X2[np.equal(Y2, c)])


def test_decision_boundary_shows_more_classes_and_lays_rows_along_y():
    ax = plot.decision_boundary(lambda r: np.digitize(r[:, 1], [-0.5, 0.5]), X2, resolution=30)
    rgb = ax.images[0].get_array()
    assert (rgb == rgb[:, :1]).all()  # one colour along each row
    assert len(np.unique(rgb[:, 0], axis=0)) == 3
    assert legend(ax) == ["0", "1", "2"]
    assert ax.images[0].origin == "lower"


def test_one_class_everywhere_draws_without_a_line():
    ax = plot.decision_boundary(lambda r: np.zeros(len(r)), X2, resolution=5)
    assert len(ax.collections) == 1


def test_probability_contours_draw_and_name_the_line_of_one_half():
    ax = plot.probability_contours(sigmoid, X2, Y2, resolution=40, class_names=["no", "yes"])
    line = np.concatenate([p.vertices for c in ax.collections for p in c.get_paths() if getattr(c, "levels", [0])[0] == 0.5])
    assert_allclose(line[:, 0], 0, atol=1e-3)
    assert texts(ax) == ["0.5"]
    bar = ax.figure.axes[1]
    assert bar.get_ylabel() == "probability of class yes"
    assert bar.get_ylim() == (0, 1)
    assert legend(ax) == ["no", "yes"]


def test_probability_contours_on_one_side_have_no_line():
    assert texts(plot.probability_contours(lambda r: np.full(len(r), 0.9), X2, resolution=5)) == []


def test_predict_is_called_once_in_the_dtype_of_x():
    seen = []
    plot.decision_boundary(lambda r: seen.append((r.shape, r.dtype)) or halves(r), X2.astype(np.float32), resolution=7)
    assert seen == [((49, 2), np.float32)]


def test_a_constant_feature_still_has_a_plane():
    axes = [plot.decision_boundary(halves, np.c_[X2[:, 0], np.ones(30)], resolution=5)]
    axes.append(plot.probability_contours(sigmoid, np.ones((1, 2)), resolution=5))
    assert all(np.ptp(ax.get_xlim()) > 0 and np.ptp(ax.get_ylim()) > 0 and ax.has_data() for ax in axes)


# ---------------------------------------------------------------- confusion_matrix


def test_confusion_matrix_writes_every_count_at_row_actual_column_predicted():
    ax = plot.confusion_matrix(COUNTS, class_names=["a", "b", "c"])
    assert {t.get_position()[::-1]: t.get_text() for t in ax.texts} == {ij: str(n) for ij, n in np.ndenumerate(COUNTS)}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "actual class")
    assert [t.get_text() for t in ax.get_xticklabels()] == [t.get_text() for t in ax.get_yticklabels()] == ["a", "b", "c"]
    assert ax.get_title(loc="left") == "Confusion matrix: 179 of 200 right (90%)"
    assert ax.yaxis_inverted()  # row 0 is at the top, as printed


def test_confusion_matrix_normalized_shows_the_shares_of_each_row():
    ax = plot.confusion_matrix([[3, 1], [0, 0]], normalize=True)
    assert texts(ax) == ["75%", "25%", "0%", "0%"]


def test_confusion_matrix_of_weights_keeps_the_fractions():
    assert texts(plot.confusion_matrix([[1.5, 0.0], [0.25, 2.0]])) == ["1.5", "0", "0.25", "2"]
    assert plot.confusion_matrix([[1.5, 0.0], [0.25, 2.0]]).get_title(loc="left") == "Confusion matrix"


def light(rgb):
    rgb = np.asarray(rgb[:3])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


def test_the_number_in_every_cell_is_readable():
    from matplotlib.colors import to_rgb

    counts = np.arange(100).reshape(10, 10)
    ax = plot.confusion_matrix(counts)
    image = ax.images[0]
    for text, cell in zip(ax.texts, counts.ravel() / 99, strict=True):
        pair = sorted([light(to_rgb(text.get_color())), light(image.cmap(cell))])
        assert (pair[1] + 0.05) / (pair[0] + 0.05) > 3.4  # WCAG 2 asks for 3 at this size of letters


# ---------------------------------------------------------------- descent_path


def test_descent_path_marks_start_and_end():
    ax = plot.descent_path(bowl, PATH, names=("u", "v"), resolution=30)
    path, start, end = ax.lines
    assert_array_equal(path.get_xydata(), PATH)
    assert_array_equal(start.get_xydata(), PATH[:1])
    assert_array_equal(end.get_xydata(), PATH[-1:])
    assert {"start", "end"} <= set(texts(ax))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("u", "v")
    assert ax.get_title(loc="left") == "Contours of the loss: 29 at the start, 1.25 after 2 steps"


def test_descent_contours_stand_at_equal_ratios_above_the_lowest_loss():
    ax = plot.descent_path(bowl, PATH, resolution=80)
    levels = next(c.levels for c in ax.collections if len(getattr(c, "levels", ())) == 12)
    lowest = levels[0] - (levels[1] - levels[0]) / ((levels[2] - levels[1]) / (levels[1] - levels[0]) - 1)
    ratios = (levels[1:] - lowest) / (levels[:-1] - lowest)
    assert_allclose(ratios, ratios[0], rtol=1e-6)


def test_descent_path_takes_a_loss_of_numpy_or_of_jax():
    ours = plot.descent_path(bowl, PATH, resolution=10)
    theirs = plot.descent_path(lambda p: float(bowl(np.asarray(p))), PATH, resolution=10)
    assert_allclose(ours.collections[0].levels, theirs.collections[0].levels, rtol=1e-5)


@pytest.mark.parametrize("path", [[[1.0, 2.0]], [[1.0, 2.0], [1.0, 2.0]], [[1.0, 2.0], [1.0, 3.0]]])
def test_a_path_that_hardly_moves_draws(path, tmp_path):
    ax = plot.descent_path(bowl, path, resolution=10)
    ax.figure.savefig(tmp_path / "short.png")
    for (low, high), values in zip((ax.get_xlim(), ax.get_ylim()), np.transpose(path), strict=True):
        assert low < values.min() and values.max() < high  # there is room around it


def test_places_where_the_loss_is_not_finite_are_left_white():
    ax = plot.descent_path(lambda p: -jnp.log(p[0]) + p[1] ** 2, [[0.1, 1.0], [2.0, 0.5]], resolution=20)
    ax.figure.draw_without_rendering()
    assert ax.get_xlim()[0] < 0 and np.isfinite([ax.collections[0].zmin, ax.collections[0].zmax]).all()
    flat = plot.descent_path(lambda p: jnp.float32(1.0) + 0 * p[0], PATH, resolution=5)
    flat.figure.draw_without_rendering()
    assert len(flat.lines) > 0


# ---------------------------------------------------------------- learning_curve


def test_learning_curve_shows_means_and_one_standard_deviation():
    ax = plot.learning_curve((SIZES, TRAIN, TEST), ylabel="accuracy", labels=("seen", "new"))
    for scores, line, band in zip((TRAIN, TEST), ax.lines, ax.collections, strict=True):
        assert_array_equal(line.get_xydata(), np.c_[SIZES, scores.mean(1)])
        edge = band.get_paths()[0].vertices
        for size, mean, sd in zip(SIZES, scores.mean(1), scores.std(1), strict=True):
            assert_allclose(np.unique(edge[edge[:, 0] == size, 1].round(12)), np.unique([mean - sd, mean + sd]).round(12))
    assert legend(ax) == ["seen: ends at 0.9", "new: ends at 0.8"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("training rows seen", "accuracy", "linear")


def test_learning_curves_of_two_models_on_one_logarithmic_axis():
    ax = plot.learning_curve((SIZES, 400 * TRAIN, 900 * TEST), log=True, labels=("forest, train", "forest"))
    again = plot.learning_curve((SIZES, TRAIN / 100, TEST / 90), log=True, labels=("line, train", "line"), color=1, ax=ax)
    assert again is ax and ax.get_yscale() == "log"
    forest, line = ax.lines[1], ax.lines[3]
    assert forest.get_color() != line.get_color()
    assert_allclose(forest.get_ydata(), 900 * TEST.mean(1))  # the mean itself, not that of the logarithms
    assert [text.split(":")[0] for text in legend(ax)] == ["forest, train", "forest", "line, train", "line"]
    edge = ax.collections[1].get_paths()[0].vertices
    factor = np.exp(np.log(TEST).std(1))
    assert_allclose(np.unique(edge[edge[:, 0] == 10, 1]), 900 * TEST[0].mean() * np.array([1 / factor[0], factor[0]]), rtol=1e-12)
    bottom, top = ax.get_ylim()
    assert bottom < 0.006 and top > 700


def test_learning_curve_leaves_out_what_was_not_fitted(tmp_path):
    holes = np.where([[True, True], [True, False], [False, False]], np.nan, TEST)
    ax = plot.learning_curve((SIZES, TRAIN, holes))
    assert_array_equal(ax.lines[1].get_ydata(), [np.nan, 0.7, 0.8])
    assert legend(ax)[1] == "test rows: ends at 0.8"
    plot.learning_curve((SIZES, TRAIN, holes[::-1])).figure.savefig(tmp_path / "holes.png")


def test_learning_curve_takes_what_model_selection_returns():
    from jaxml.model_selection import learning_curve

    curve = learning_curve(lambda x, y: 0, lambda params, x: np.zeros(len(x), int), X2, Y2, cv=3)
    assert_array_equal(plot.learning_curve(curve).lines[1].get_xdata(), curve.train_sizes)


# ---------------------------------------------------------------- explained_variance


def test_noise_band_is_the_law_of_one_column_and_of_two():
    """One column has the whole variance; of two, the shares are the roots of a quadratic in the three sums of products."""
    assert_array_equal(plot.noise_band(30, 1, draws=20), [[1.0], [1.0]])
    low, high = plot.noise_band(40, 2, draws=2000)
    r = np.random.RandomState(7)
    x = r.randn(4000, 40, 2)
    x -= x.mean(1, keepdims=True)
    a, b, c = (x[..., 0] ** 2).sum(1), (x[..., 1] ** 2).sum(1), (x[..., 0] * x[..., 1]).sum(1)
    first = 0.5 + np.sqrt((a - b) ** 2 + 4 * c**2) / (a + b) / 2
    assert_allclose([low[0], high[0]], np.percentile(first, [2.5, 97.5]), atol=0.008)  # four standard errors of a quantile
    assert_allclose(low + high[::-1], 1)


def test_noise_band_is_the_same_for_a_seed_and_covers_fresh_noise():
    low, high = plot.noise_band(100, 3)
    assert_array_equal(plot.noise_band(100, 3), (low, high))
    assert not np.array_equal(plot.noise_band(100, 3, random_state=1), (low, high))
    r, inside = np.random.RandomState(3), 0
    for _ in range(200):
        values = np.linalg.svd((x := r.randn(100, 3)) - x.mean(0), compute_uv=False) ** 2
        inside += ((values / values.sum() >= low) & (values / values.sum() <= high)).sum()
    assert 0.9 < inside / 600 < 0.99


def test_noise_band_of_fewer_rows_than_columns():
    low, high = plot.noise_band(3, 5, draws=30)
    assert (low >= 0).all() and (high <= 1).all() and np.allclose(high[2:], 0, atol=1e-12)


def test_explained_variance_shows_shares_and_the_band():
    ratio = np.array([0.5, 0.3, 0.2])
    ax = plot.explained_variance(ratio, null=([0.3, 0.2, 0.1], [0.6, 0.5, 0.4]), title="One of three")
    bars, band = ax.containers
    assert_allclose([b.get_height() for b in bars], ratio)
    assert_allclose([[b.get_y(), b.get_y() + b.get_height()] for b in band], [[0.3, 0.6], [0.2, 0.5], [0.1, 0.4]])
    assert texts(ax) == ["50.0%", "30.0%", "20.0%"]
    assert legend(ax) == ["explained variance", "pure noise: middle 95 %"]
    assert ax.get_ylim()[1] > 0.6
    drawn = plot.explained_variance(ratio, n_samples=50).containers[1]
    assert_allclose([b.get_y() for b in drawn], plot.noise_band(50, 3)[0])


def test_explained_variance_without_a_band_or_of_many_components(tmp_path):
    assert plot.explained_variance([0.5, 0.1]).get_legend() is None
    ax = plot.explained_variance(np.full(64, 1 / 64), n_samples=100)
    assert texts(ax) == [] and len(ax.get_xticks()) <= 12
    ax.figure.savefig(tmp_path / "many.png")


# ---------------------------------------------------------------- feature_importances


def test_feature_importances_are_sorted_with_their_names_and_spread():
    ax = plot.feature_importances([0.1, 0.6, 0.3], names=["a", "b", "c"], std=[0.01, 0.06, 0.03], baseline=1 / 3)
    bars = ax.containers[-1]
    assert_allclose([b.get_width() for b in bars], [0.6, 0.3, 0.1])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["b", "c", "a"]
    assert ax.yaxis_inverted()
    (whiskers,) = (c for c in ax.collections if len(c.get_segments()) == 3)
    assert_allclose([s[:, 0] for s in whiskers.get_segments()], [[0.54, 0.66], [0.27, 0.33], [0.09, 0.11]])
    assert legend(ax) == ["baseline: 0.333"]


def test_feature_importances_keep_the_top_and_draw_negative_ones(tmp_path):
    ax = plot.feature_importances([0.1, -0.2, 0.3, 0.1], top=3)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["feature 2", "feature 0", "feature 3"]
    assert len(plot.feature_importances([0.1, -0.2], top=99).get_yticklabels()) == 2
    plot.feature_importances(np.r_[np.arange(80), -3.0]).figure.savefig(tmp_path / "many.png")


# ---------------------------------------------------------------- support_vectors


def test_support_vectors_draw_border_margins_and_rings():
    ax = plot.support_vectors(distance, X2, Y2, X2[:4], resolution=41, class_names=["left", "right"])
    margins = [c for c in ax.collections if hasattr(c, "levels")]
    found = {}
    for c in margins:
        for level, path in zip(c.levels, c.get_paths(), strict=True):
            assert_allclose(path.vertices[:, 0], level / 2, atol=1e-12)
            found[float(level)] = True
    assert sorted(found) == [-1, 0, 1]
    rings = ax.collections[-1]
    assert_array_equal(rings.get_offsets(), X2[:4])
    assert rings.get_facecolor().size == 0
    assert legend(ax) == ["border, f = 0", "margins, f = ±1", "left", "right", "support vector"]
    assert ax.get_title(loc="left") == "Border and margins: 4 of 30 rows are support vectors"


def test_support_vectors_of_a_border_outside_the_plane(tmp_path):
    ax = plot.support_vectors(lambda r: r[:, 0] + 50, X2, Y2, X2[:1], resolution=5)
    assert not any(hasattr(c, "levels") for c in ax.collections)
    ax.figure.savefig(tmp_path / "outside.png")


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plot.loss_curve([1.0, np.nan]), ValueError, "plot.loss_curve: argument 'losses' contains NaN; got nan at row 1"),
        (lambda: plot.loss_curve({"a": [1.0, np.inf]}), ValueError, "plot.loss_curve: argument 'losses' contains infinity"),
        (lambda: plot.loss_curve([]), ValueError, "plot.loss_curve: argument 'losses' is empty"),
        (lambda: plot.loss_curve({}), ValueError, "plot.loss_curve: argument 'losses' is empty; got {}"),
        (lambda: plot.loss_curve(None), TypeError, "plot.loss_curve: argument 'losses' is missing"),
        (lambda: plot.loss_curve([1.0], validation=[np.nan]), ValueError, "plot.loss_curve: argument 'validation' contains NaN"),
        (
            lambda: plot.loss_curve({"a": [1.0]}, validation={"b": [1.0]}),
            ValueError,
            r"argument 'validation' names no curve of 'losses'; got 'b'; pass names among \['a'\]",
        ),
        (lambda: plot.scatter_with_fit([1, 2], [1]), ValueError, "plot.scatter_with_fit: argument 'y' has 1 rows, but 'x' has 2"),
        (lambda: plot.scatter_with_fit(X2, X2[:, 0]), ValueError, "plot.scatter_with_fit: argument 'x' has 2 dimensions, not 1"),
        (lambda: plot.scatter_with_fit([1, np.nan], [1, 2]), ValueError, "plot.scatter_with_fit: argument 'x' contains NaN"),
        (lambda: plot.scatter_with_fit([1], [1], 3.0), TypeError, "argument 'predict' is not a function; got float 3.0"),
        (
            lambda: plot.scatter_with_fit([1], [1], lambda r: r.T),
            ValueError,
            r"argument 'predict' returned the wrong shape; got \(1, 200\)",
        ),
        (lambda: plot.scatter_with_fit([1], [1], lambda r: r[:, 0] * np.nan), ValueError, "argument 'predict' contains NaN"),
        (lambda: plot.scatter_with_fit([1], [1], residuals=True), ValueError, "argument 'residuals' wants a prediction"),
        (lambda: plot.scatter_with_fit([1], [1], names="xy"), ValueError, "argument 'names' is not a pair of names; got 'xy'"),
        (
            lambda: plot.decision_boundary(halves, np.ones((4, 3))),
            ValueError,
            r"plot.decision_boundary: argument 'x' has 3 columns, not 2; got shape .*; a plane shows two features: pass x\[:, \[i, j\]\]",
        ),
        (lambda: plot.decision_boundary(halves, X2, Y2[:5]), ValueError, "argument 'y' has 5 rows, but 'x' has 30"),
        (lambda: plot.decision_boundary(halves, X2, Y2 - 1), ValueError, "argument 'y' has a negative label"),
        (
            lambda: plot.decision_boundary(sigmoid, X2),
            ValueError,
            "argument 'predict' returned numbers that are no labels; .*plot.probability_contours",
        ),
        (lambda: plot.decision_boundary(lambda r: r, X2), ValueError, r"argument 'predict' returned the wrong shape; got \(40000, 2\)"),
        (lambda: plot.decision_boundary(halves, X2, class_names=["a"]), ValueError, "argument 'class_names' has 1 names for 2 classes"),
        (lambda: plot.decision_boundary(halves, X2, resolution=1), ValueError, "argument 'resolution' is out of range; got 1"),
        (lambda: plot.decision_boundary(halves, X2, resolution=9.5), TypeError, "argument 'resolution' is not a whole number"),
        (
            lambda: plot.probability_contours(sigmoid, np.ones((4, 1))),
            ValueError,
            "plot.probability_contours: argument 'x' has 1 columns, not 2",
        ),
        (
            lambda: plot.probability_contours(lambda r: 9 * r[:, 0], X2),
            ValueError,
            r"argument 'predict_proba' returned a value outside \[0, 1\]; .*not a logit",
        ),
        (lambda: plot.probability_contours(sigmoid, X2, Y2 + 1), ValueError, "argument 'y' has a label past the last class"),
        (
            lambda: plot.confusion_matrix([[1, 2, 3]]),
            ValueError,
            r"plot.confusion_matrix: argument 'matrix' is not square; got shape \(1, 3\)",
        ),
        (lambda: plot.confusion_matrix([[1, -2], [0, 1]]), ValueError, "argument 'matrix' has a negative entry; got -2.0"),
        (lambda: plot.confusion_matrix([[np.nan]]), ValueError, "argument 'matrix' contains NaN"),
        (lambda: plot.confusion_matrix([[1]], class_names=["a", "b"]), ValueError, "argument 'class_names' has 2 names for 1 classes"),
        (lambda: plot.descent_path(bowl, np.ones((4, 3))), ValueError, "plot.descent_path: argument 'path' has 3 columns, not 2"),
        (lambda: plot.descent_path(bowl, [[1.0, np.nan]]), ValueError, "plot.descent_path: argument 'path' contains NaN"),
        (lambda: plot.descent_path(None, PATH), TypeError, "plot.descent_path: argument 'loss' is not a function; got NoneType None"),
        (lambda: plot.descent_path(lambda p: p, PATH), ValueError, r"argument 'loss' does not return a number; got shape \(2,\)"),
        (lambda: plot.descent_path(lambda p: jnp.nan * p[0], PATH), ValueError, "argument 'loss' is finite nowhere on the map"),
        (lambda: plot.learning_curve(SIZES), TypeError, "plot.learning_curve: argument 'curve' is not a learning curve; got int"),
        (lambda: plot.learning_curve((SIZES, TRAIN)), TypeError, "argument 'curve' is not a learning curve"),
        (
            lambda: plot.learning_curve((SIZES, TRAIN, TEST[:2])),
            ValueError,
            r"argument 'curve' has scores that do not match its sizes; got shapes \(3,\), \(3, 2\), \(2, 2\); pass scores \(sizes, folds\)",
        ),
        (lambda: plot.learning_curve((SIZES, TRAIN[:, 0], TEST)), ValueError, "argument 'curve' has scores that do not match"),
        (lambda: plot.learning_curve((SIZES, TRAIN, TEST * np.nan)), ValueError, "argument 'curve' has infinite scores, or none at all"),
        (lambda: plot.learning_curve((SIZES, TRAIN, TEST + np.inf)), ValueError, "'curve' has infinite scores, or none at all; got inf"),
        (lambda: plot.learning_curve(([], TRAIN, TEST)), ValueError, "argument 'curve' is empty"),
        (
            lambda: plot.learning_curve((SIZES, TRAIN, -TEST), log=True),
            ValueError,
            "argument 'curve' has a score without a logarithm; got -0.9; pass positive errors, or leave out log",
        ),
        (lambda: plot.learning_curve((SIZES, TRAIN, TEST), log="yes"), TypeError, "argument 'log' is neither True nor False"),
        (lambda: plot.learning_curve((SIZES, TRAIN, TEST), labels="ab"), ValueError, "argument 'labels' is not a pair of names"),
        (lambda: plot.learning_curve((SIZES, TRAIN, TEST), color=10), ValueError, "argument 'color' is out of range; got 10"),
        (lambda: plot.noise_band(1, 3), ValueError, "plot.noise_band: argument 'n' is out of range; got 1"),
        (lambda: plot.noise_band(9, 0), ValueError, "plot.noise_band: argument 'd' is out of range; got 0"),
        (lambda: plot.noise_band(9, 2, draws=19), ValueError, "argument 'draws' is out of range; got 19; pass an int >= 20"),
        (lambda: plot.noise_band(9, 2, random_state=-1), ValueError, "argument 'random_state' is out of range"),
        (
            lambda: plot.explained_variance([3.0, 1.0]),
            ValueError,
            "plot.explained_variance: argument 'ratio' does not hold shares of one whole; got a sum of 4; pass params.explained",
        ),
        (lambda: plot.explained_variance([0.5, -0.1]), ValueError, "argument 'ratio' does not hold shares of one whole; got -0.1"),
        (lambda: plot.explained_variance([0.5, np.nan]), ValueError, "argument 'ratio' contains NaN"),
        (
            lambda: plot.explained_variance([0.5, 0.2], n_samples=9),
            ValueError,
            r"argument 'ratio' does not hold every component; got a sum of 0.7; pass the ratio of all components, or null=\(low, high\)",
        ),
        (lambda: plot.explained_variance([0.5, 0.5], n_samples=1), ValueError, "argument 'n_samples' is out of range; got 1"),
        (lambda: plot.explained_variance([0.5], n_samples=9, null=([0], [1])), ValueError, "argument 'null' comes with n_samples"),
        (lambda: plot.explained_variance([0.5], null=0.5), ValueError, "argument 'null' is not a pair; got float 0.5"),
        (
            lambda: plot.explained_variance([0.5], null=([0.1], [0.1, 0.2])),
            ValueError,
            "argument 'null' does not fit 'ratio'; got lengths 1 and 2 for 1",
        ),
        (lambda: plot.explained_variance([0.5], null=([0.3], [0.1])), ValueError, "argument 'null' does not fit 'ratio'"),
        (lambda: plot.feature_importances([]), ValueError, "plot.feature_importances: argument 'importances' is empty"),
        (lambda: plot.feature_importances([np.nan]), ValueError, "argument 'importances' contains NaN"),
        (lambda: plot.feature_importances([1, 2], names=["a"]), ValueError, "argument 'names' has 1 rows, but 'importances' has 2"),
        (lambda: plot.feature_importances([1, 2], std=[1]), ValueError, "argument 'std' has 1 rows, but 'importances' has 2"),
        (lambda: plot.feature_importances([1, 2], std=[1, -1]), ValueError, "argument 'std' has a negative entry; got -1"),
        (lambda: plot.feature_importances([1, 2], top=0), ValueError, "argument 'top' is out of range; got 0"),
        (lambda: plot.feature_importances([1, 2], baseline=np.nan), ValueError, "argument 'baseline' is out of range; got nan"),
        (
            lambda: plot.support_vectors(distance, np.ones((4, 3)), [0, 1, 0, 1], X2[:1]),
            ValueError,
            "plot.support_vectors: argument 'x' has 3 columns, not 2",
        ),
        (lambda: plot.support_vectors(distance, X2, Y2 + 1, X2), ValueError, "argument 'y' has a label past the last class"),
        (lambda: plot.support_vectors(distance, X2, Y2[:5], X2), ValueError, "argument 'y' has 5 rows, but 'x' has 30"),
        (lambda: plot.support_vectors(distance, X2, Y2, X2[:, :1]), ValueError, "argument 'support' has 1 columns, not 2"),
        (lambda: plot.support_vectors(None, X2, Y2, X2), TypeError, "argument 'decision' is not a function; got NoneType None"),
        (lambda: plot.support_vectors(lambda r: r, X2, Y2, X2), ValueError, "argument 'decision' returned the wrong shape"),
        (lambda: plot.support_vectors(lambda r: r[:, 0] * np.nan, X2, Y2, X2), ValueError, "argument 'decision' contains NaN"),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
