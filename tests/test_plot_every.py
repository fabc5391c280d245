"""What every picture keeps to: title and labels, the Axes that it was given, nobody else's state."""

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from jaxml import check_derivation, forecast, plot

RNG = np.random.RandomState(0)
X = RNG.randn(30, 2)
Y = (X[:, 0] > 0).astype(int)
FIRST = lambda rows: np.asarray(rows)[:, 0]
CURVE = (np.array([10, 20]), np.array([[1.0, 0.9], [0.9, 0.8]]), np.array([[0.5, 0.7], [0.7, 0.7]]))
VALLEY = lambda p, x: jnp.mean((x @ p) ** 2)
FORECAST = forecast(VALLEY, np.ones(2), X, learning_rate=0.1, steps=10)
DERIVATION = check_derivation(VALLEY, lambda p, x: x.T @ (x @ p) / len(x), np.ones(2), X)

PICTURES = {
    "boundary_band": lambda ax=None: plot.boundary_band(lambda p, rows: rows @ p, np.ones(2), np.eye(2), X, resolution=20, ax=ax),
    "confusion_matrix": lambda ax=None: plot.confusion_matrix([[50, 3], [2, 38]], ax=ax),
    "decision_boundary": lambda ax=None: plot.decision_boundary(lambda rows: FIRST(rows) > 0, X, Y, resolution=20, ax=ax),
    "derivation": lambda ax=None: plot.derivation(DERIVATION, ax=ax),
    "descent_path": lambda ax=None: plot.descent_path(lambda p: p[0] ** 2 + 4 * p[1] ** 2, X[:3], resolution=20, ax=ax),
    "explained_variance": lambda ax=None: plot.explained_variance([0.5, 0.3, 0.2], n_samples=50, ax=ax),
    "feature_importances": lambda ax=None: plot.feature_importances([0.2, 0.7, 0.1], std=[0.1, 0.1, 0.0], baseline=0.3, ax=ax),
    "feature_maps": lambda ax=None: plot.feature_maps(RNG.rand(6, 5, 7), ax=ax),
    "filters": lambda ax=None: plot.filters(RNG.randn(3, 2, 4, 5), ax=ax),
    "forecast": lambda ax=None: plot.forecast(FORECAST, ax=ax),
    "gates": lambda ax=None: plot.gates({"i": RNG.rand(4, 3), "g": RNG.rand(4, 3) - 0.5}, list("abcd"), ax=ax),
    "learning_curve": lambda ax=None: plot.learning_curve(CURVE, ax=ax),
    "loss_curve": lambda ax=None: plot.loss_curve([3.0, 1.0, 0.5], validation=[2.0, 1.0], ax=ax),
    "probability_contours": lambda ax=None: plot.probability_contours(lambda rows: FIRST(rows) > 0, X, Y, resolution=20, ax=ax),
    "rates": lambda ax=None: plot.rates(FORECAST, ax=ax),
    "receptive_field": lambda ax=None: plot.receptive_field(RNG.rand(5, 6), np.eye(5, 6) > 0, ax=ax),
    "scatter_with_fit": lambda ax=None: plot.scatter_with_fit(X[:, 0], X[:, 1], FIRST, residuals=True, ax=ax),
    "sensitivity": lambda ax=None: plot.sensitivity({"a": [0.1, 0.2], "b": [0.2, 0.0]}, ax=ax),
    "sparse_matrix": lambda ax=None: plot.sparse_matrix(np.eye(3), ax=ax),
    "support_vectors": lambda ax=None: plot.support_vectors(FIRST, X, Y, X[:3], resolution=20, ax=ax),
}
NOT_HERE = {"noise_band"}  # it draws into a picture that is there


@pytest.fixture(params=PICTURES)
def picture(request):
    return PICTURES[request.param]


def test_every_picture_is_here():
    assert set(PICTURES) | NOT_HERE == set(plot.__all__)


def test_has_a_title_and_both_labels_and_can_be_saved(picture, tmp_path):
    ax = picture()
    assert ax.get_title(loc="left") and ax.get_xlabel() and ax.get_ylabel()
    ax.figure.savefig(tmp_path / "picture.png")
    width, height = plt.imread(tmp_path / "picture.png").shape[1::-1]
    assert (width, height) == (800, 500)


def test_draws_into_the_axes_that_are_given(picture, tmp_path):
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert picture(ax=right) is right
    assert right.get_title(loc="left") and not left.has_data()
    figure.savefig(tmp_path / "picture.png")


def test_leaves_no_pyplot_figure_and_no_setting_behind(picture):
    before = dict(plt.rcParams)
    picture()
    assert plt.get_fignums() == []
    assert dict(plt.rcParams) == before


def test_refuses_what_is_no_axes(picture):
    with pytest.raises(TypeError, match=r"^plot\.\w+: argument 'ax' is not an Axes; got Figure; pass one Axes"):
        picture(ax=Figure())
