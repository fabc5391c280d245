"""The pictures of a forecast: what they draw, what their titles say, what they refuse."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest
from numpy.testing import assert_allclose

from jaxml import forecast, minimize, plot

VALLEY = lambda p: p[0] ** 2 + 10 * p[1] ** 2  # curvatures 2 and 20


def report(**what):
    return forecast(VALLEY, np.ones(2), **({"learning_rate": 0.05, "steps": 100} | what))


def lines(ax):
    return {line.get_label(): line.get_xydata().T for line in ax.lines}


@pytest.mark.parametrize("picture", [plot.forecast, plot.rates])
def test_takes_a_title(picture):
    assert picture(report(), title="Mine").get_title(loc="left") == "Mine"


def test_predicted_is_a_line_and_observed_are_dots(x64):
    fit = minimize(VALLEY, jnp.ones(2), optimizer=optax.sgd(0.05), steps=100)
    told = report(losses=fit.losses)
    drawn = lines(plot.forecast(told))
    steps, predicted = drawn["predicted"]
    assert_allclose(predicted, told.predicted)
    assert len(steps) == 101
    dots, observed = drawn["observed"]
    assert 30 <= len(dots) <= 50
    assert_allclose(observed, np.where(dots == 0, 11, 0.9 ** (2 * dots)), atol=1e-14)  # the steep direction is gone after one step
    assert plot.forecast(told).get_yscale() == "log"


def test_titles_say_what_was_found():
    assert plot.forecast(report()).get_title(loc="left") == "Rate 0.05: 66 steps leave 0.1% of the slow error"
    assert plot.forecast(report(learning_rate=0.11)).get_title(loc="left") == "Rate 0.11 diverges: the limit is 0.1"
    assert plot.rates(report()).get_title(loc="left") == "Rates below 0.1 shrink every error; the best is 0.0909"


def test_rates_meet_at_the_best_and_reach_1_at_the_limit():
    told = report(learning_rate=0.11)
    drawn = lines(plot.rates(told))
    at = lambda name, rate: np.interp(rate, *drawn[name])
    assert_allclose(at("steepest direction", told.best_rate), at("flattest direction", told.best_rate), rtol=1e-2)
    assert_allclose(at("slowest error", told.max_rate), 1, rtol=1e-2)
    assert_allclose(drawn["η = 0.11"].ravel(), [0.11, 1.2])


@pytest.mark.parametrize(
    ("picture", "of", "error", "says"),
    [
        (plot.forecast, forecast(VALLEY, np.ones(2)), ValueError, "plot.forecast: argument 'report' has no curve; got neither"),
        (plot.rates, forecast(lambda p: -(p**2), 1.0), ValueError, "plot.rates: argument 'report' has no best rate"),
        (plot.forecast, 3, TypeError, "plot.forecast: argument 'report' is not a forecast"),
    ],
)
def test_refuses(picture, of, error, says):
    with pytest.raises(error) as caught:
        picture(of)
    assert says in str(caught.value)
