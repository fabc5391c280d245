"""The band on a boundary: its width by the bootstrap's oracle and by hand, and what it refuses."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_allclose
from pictures import legend

from jaxml import audit, logistic
from jaxml.plot import boundary_band
from jaxml.plot.boundaries import _delta_method

RNG = np.random.RandomState(0)
X = RNG.randn(150, 2)
Y = (X @ [1.0, 2.0] + 0.5 + RNG.logistic(size=150) > 0).astype(int)


@pytest.fixture(scope="module")
def fitted():
    params = logistic.solve(X, Y)
    return params, audit(logistic.loss, params, X, Y).covariance


def test_its_legend_names_the_classes(fitted):
    ax = boundary_band(logistic.logits, *fitted, X, Y, resolution=20)
    assert legend(ax) == ["boundary", "95% band", "class 0", "class 1"]


def test_the_deviation_is_the_formula_and_the_bootstraps(fitted):
    """s² = (x, 1) Σ (x, 1)ᵀ; over 200 samples drawn with replacement, z varies as much."""
    params, covariance = fitted
    places = np.array([[0.0, 0.0], [1.0, -1.0], [-2.0, 1.0], [2.0, 2.0]])
    z, deviation = _delta_method("f", logistic.logits, params, covariance, places)
    with_one = np.c_[places, np.ones(4)]
    assert_allclose(deviation, np.sqrt(np.einsum("ij,jk,ik->i", with_one, covariance, with_one)), rtol=1e-5)
    assert_allclose(z, places @ np.asarray(params.w) + float(params.b), rtol=1e-5)
    again = []
    for _ in range(200):
        drawn = RNG.randint(0, 150, 150)
        counts = np.bincount(drawn, minlength=150).astype(float)
        again.append(logistic.logits(logistic.solve(X, Y, weights=counts), places))
    assert_allclose(deviation, np.std(again, axis=0), rtol=0.35)


def test_the_band_is_where_the_interval_for_z_holds_0(fitted):
    """A wider level, a wider band; none where the parameters are certain."""
    area = {}
    for level in (0.5, 0.95):
        ax = boundary_band(logistic.logits, *fitted, X, level=level, resolution=50)
        vertices = ax.collections[0].get_paths()[0].vertices
        area[level] = np.ptp(vertices[np.abs(vertices[:, 0]) < 0.2][:, 1])
    assert area[0.95] > 2 * area[0.5] > 0
    ax = boundary_band(logistic.logits, fitted[0], 0 * fitted[1], X, resolution=20)
    assert not any(len(path.vertices) for path in ax.collections[0].get_paths())


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"covariance": np.eye(2)},
            ValueError,
            r"argument 'covariance' is not that of 3 parameters; got shape \(2, 2\); pass Audit.covariance",
        ),
        ({"covariance": None}, TypeError, "argument 'covariance' is missing"),
        ({"logits": 3}, TypeError, "argument 'logits' is not a function"),
        ({"logits": lambda p, rows: rows}, ValueError, "argument 'logits' returned the wrong shape"),
        ({"level": 1.0}, ValueError, "argument 'level' is out of range"),
        ({"x": X[:, :1]}, ValueError, "argument 'x' has 1 columns, not 2"),
        ({"y": Y + 1}, ValueError, "argument 'y' has a label past the last class"),
        ({"ax": Figure()}, TypeError, "argument 'ax' is not an Axes"),
    ],
)
def test_refuses(change, error, message, fitted):
    arguments = {"logits": logistic.logits, "params": fitted[0], "covariance": fitted[1], "x": X, "y": Y, "resolution": 5} | change
    with pytest.raises(error, match=r"^plot.boundary_band: " + message):
        boundary_band(**arguments)
