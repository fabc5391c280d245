"""The picture of a derivation: what is in the Axes, and what it refuses."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from pictures import legend

from jaxml import check_derivation
from jaxml.plot import derivation

TABLE = np.random.RandomState(0).randn(8, 2)
PARAMS = {"b": np.array(0.3), "w": np.array([0.5, -1.0])}


def loss(p, x):
    return ((x @ p["w"] + p["b"]) ** 2).mean()


def gradient(p, x):
    r = x @ p["w"] + p["b"]
    return {"w": x.T @ r / len(x), "b": r.mean()}


def test_derivation_draws_every_number_of_every_leaf():
    report = check_derivation(loss, gradient, PARAMS, TABLE)
    ax = derivation(report)
    assert ax.get_title(loc="left") == "Wrong: 0.5 times the true one"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("gradient by autodiff", "your gradient")
    assert legend(ax) == ["right", "b", "w"]
    diagonal, _, w = ax.get_lines()
    assert_array_equal(*diagonal.get_data())
    assert_array_equal(w.get_xdata(), report.autodiff[:, 1:].ravel())
    assert_array_equal(w.get_ydata(), report.yours[:, 1:].ravel())


def test_derivation_says_that_it_is_right():
    report = check_derivation(loss, lambda p, x: {k: 2 * g for k, g in gradient(p, x).items()}, PARAMS, TABLE)
    assert derivation(report).get_title(loc="left") == "Right, at 5 points"


def test_derivation_refuses():
    with pytest.raises(TypeError, match="argument 'report' is not a derivation's report; got int 3; pass what"):
        derivation(3)
    report = check_derivation(loss, lambda p, x: {"w": x, "b": 0.0}, PARAMS, TABLE)
    with pytest.raises(ValueError, match="argument 'report' holds no numbers to draw; got 'A wrong shape: w has shape"):
        derivation(report)
