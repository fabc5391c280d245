"""Gradients as people wrote them: slips from issue threads, pull requests and homework, and right ones in unusual form.

Each is a plain function of (params, *data) beside the loss that it is meant for, and what check_derivation is to say of it.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxml import linear, logistic, softmax
from jaxml.nn import lstm_cell
from jaxml.nn.lstm import Params, State

RNG = np.random.RandomState(0)
N, D, K, H = 20, 3, 4, 5
X = RNG.randn(N, D)
T = RNG.randn(N)  # a number for each row
Y = (RNG.rand(N) > 0.5).astype(int)  # a class of two
C = RNG.randint(0, K, N)  # a class of K
WEIGHTS = RNG.rand(N) + 0.5


class Setting(NamedTuple):
    loss: Callable[..., Any]
    params: Any
    data: tuple
    hyper: Mapping[str, Any] = MappingProxyType({})


class Exhibit(NamedTuple):
    gradient: Callable[..., Any]
    setting: Setting
    slip: str = "none"
    leaf: str | None = None
    factor: float | None = None
    says: str = ""


SLIPS: list[Exhibit] = []
RIGHT: list[Exhibit] = []


def slip(setting, kind, leaf=None, factor=None, says=""):
    def put(gradient):
        SLIPS.append(Exhibit(gradient, setting, kind, leaf, factor, says))
        return gradient

    return put


def right(setting, says=""):
    def put(gradient):
        RIGHT.append(Exhibit(gradient, setting, says=says))
        return gradient

    return put


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def exp_over_sum(z):
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


# ---------------------------------------------------------------- linear regression

LINE = linear.Params(RNG.randn(D), np.array(0.3))
MSE = Setting(linear.loss, LINE, (X, T))
RIDGE = Setting(linear.loss, LINE, (X, T), {"l2": 0.1})
WEIGHTED = Setting(linear.loss, LINE, (X, T), {"weights": WEIGHTS})


HALF_MSE = Setting(lambda p, x, y: jnp.mean((x @ p.w + p.b - y) ** 2) / 2, LINE, (X, T))
SSE = Setting(lambda p, x, y: jnp.sum((x @ p.w + p.b - y) ** 2), LINE, (X, T))
PENALTY_INSIDE = Setting(lambda p, x, y: jnp.mean((x @ p.w + p.b - y) ** 2) + 0.05 * jnp.sum(p.w**2), LINE, (X, T))
SUM_OVER_N = Setting(lambda p, x, y: (jnp.sum((x @ p.w + p.b - y) ** 2) + 0.4 * jnp.sum(p.w**2)) / len(y), LINE, (X, T))
HALF_OF_BOTH = Setting(lambda p, x, y: 0.5 * (jnp.mean((x @ p.w + p.b - y) ** 2) + 0.2 * jnp.sum(p.w**2)), LINE, (X, T))
COLUMN = Setting(lambda p, x, y: jnp.mean((x @ p.w + p.b - y.ravel()) ** 2), LINE, (X, T[:, None]))
LASSO = Setting(lambda p, x, y, l1: jnp.mean((x @ p.w + p.b - y) ** 2) + l1 * jnp.abs(p.w).sum(), LINE, (X, T), {"l1": 0.2})


@slip(MSE, "factor", factor=0.5, says="half this loss")
def the_guide_example_7(p, x, y):
    """The guide's dw and db: 1/n where the mean squared error has 2/n."""
    n_samples = len(y)
    y_predicted = np.dot(x, p.w) + p.b
    dw = (1 / n_samples) * np.dot(x.T, (y_predicted - y))
    db = (1 / n_samples) * np.sum(y_predicted - y)
    return dw, db


@slip(MSE, "factor", factor=N, says="you summed over the rows where the loss averages")
def sum_for_mean(p, x, y):
    """ML-From-Scratch #124."""
    r = x @ p.w + p.b - y
    return 2 * x.T @ r, 2 * r.sum()


@slip(SSE, "factor", factor=1 / N, says="you averaged over the rows where the loss sums")
def mean_for_sum(p, x, y):
    """ML-From-Scratch PR#126: right for the mean, wrong for the sum."""
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N, 2 * r.mean()


@slip(HALF_MSE, "factor", factor=2.0, says="twice this loss")
def two_kept(p, x, y):
    """dlib #1169: multiplying by 2 does matter."""
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N, 2 * r.mean()


@slip(MSE, "factor", factor=N / 2, says="and a 2 is missing")
def summed_without_the_two(p, x, y):
    r = x @ p.w + p.b - y
    return x.T @ r, r.sum()


@slip(HALF_MSE, "factor", factor=N**2, says="in Python 1 / 2 * n is n/2")
def one_over_two_times_n(p, x, y):
    """homemade-machine-learning #57: 1 / 2 * num_examples is m/2."""
    r = x @ p.w + p.b - y
    return 1 / 2 * N * (2 * x.T @ r), 1 / 2 * N * (2 * r.sum())


@slip(MSE, "factor", factor=1 / D, says="over the columns")
def mean_over_everything(p, x, y):
    """np.mean without an axis, of all products, would be a number: here the mean runs over the columns too."""
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / x.size, 2 * r.sum() / x.size


@slip(MSE, "sign", factor=-1.0, says="residual is reversed")
def residual_reversed(p, x, y):
    """42-AI/bootcamp_machine-learning #64."""
    r = y - (x @ p.w + p.b)
    return 2 * x.T @ r / N, 2 * r.mean()


@slip(MSE, "factor", factor=-0.5, says="wrong sign too")
def half_and_reversed(p, x, y):
    r = y - (x @ p.w + p.b)
    return x.T @ r / N, r.mean()


@slip(MSE, "leaf_factor", leaf="b", factor=N, says="you summed over the rows")
def bias_summed(p, x, y):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N, 2 * np.sum(r)


@slip(MSE, "leaf_factor", leaf="b", factor=0.5)
def two_forgotten_in_the_bias(p, x, y):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N, r.mean()


@slip(MSE, "leaf_factor", leaf="w", factor=-1.0, says="The sign is wrong in w")
def sign_of_w(p, x, y):
    r = x @ p.w + p.b - y
    return -2 * x.T @ r / N, 2 * r.mean()


@slip(MSE, "leaf_zero", leaf="b", factor=0.0, says="0 in b")
def bias_forgotten(p, x, y):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N, 0.0


@slip(MSE, "leaf_zero", factor=0.0, says="0 in every parameter")
def nothing(p, x, y):
    return np.zeros(D), 0.0


@slip(MSE, "factor", factor=0.7, says="the constant 0.7")
def a_rate_left_in(p, x, y):
    r = x @ p.w + p.b - y
    return 0.7 * 2 * x.T @ r / N, 0.7 * 2 * r.mean()


@slip(RIDGE, "penalty_missing", leaf="w", says="The penalty is missing in w")
def ridge_without_penalty(p, x, y):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N, 2 * r.mean()


@slip(RIDGE, "penalty_factor", leaf="w", factor=2.0, says="off by exactly 2")
def penalty_without_its_half(p, x, y, l2):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N + 2 * l2 * p.w, 2 * r.mean()


@slip(RIDGE, "penalty_factor", leaf="w", factor=0.5, says="off by exactly 1/2")
def half_penalty(p, x, y, l2):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N + l2 / 2 * p.w, 2 * r.mean()


@slip(RIDGE, "penalty_factor", leaf="w", factor=1 / N, says="off by exactly 1/n")
def penalty_divided_by_n(p, x, y, l2):
    """homemade-machine-learning: λ/m where the loss has λ."""
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N + l2 / N * p.w, 2 * r.mean()


@slip(RIDGE, "penalty_factor", leaf="w", factor=-1.0, says="wrong sign")
def penalty_subtracted(p, x, y, l2):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N - l2 * p.w, 2 * r.mean()


@slip(RIDGE, "penalty_on_bias", leaf="b", says="does not penalise b")
def penalty_on_everything(p, x, y, l2):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N + l2 * p.w, 2 * r.mean() + l2 * p.b


@slip(RIDGE, "factor", factor=N, says="but for the penalty, which is right")
def summed_beside_a_penalty(p, x, y, l2):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r + l2 * p.w, 2 * r.sum()


@slip(RIDGE, "sign", factor=-1.0, says="but for the penalty, which is right")
def residual_reversed_beside_a_penalty(p, x, y, l2):
    r = y - x @ p.w - p.b
    return 2 * x.T @ r / N + l2 * p.w, 2 * r.mean()


@slip(PENALTY_INSIDE, "penalty_missing", leaf="w")
def penalty_inside_missing(p, x, y):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N, 2 * r.mean()


@slip(HALF_OF_BOTH, "penalty_missing", leaf="w")
def penalty_inside_a_half_missing(p, x, y):
    r = x @ p.w + p.b - y
    return x.T @ r / N, r.mean()


@slip(PENALTY_INSIDE, "penalty_factor", leaf="w", factor=0.5)
def penalty_inside_without_the_two(p, x, y):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N + 0.05 * p.w, 2 * r.mean()


@slip(SUM_OVER_N, "penalty_factor", leaf="w", factor=N, says="n = 20")
def penalty_not_divided(p, x, y):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N + 0.8 * p.w, 2 * r.mean()


@slip(MSE, "penalty_factor", leaf="w", says="a penalty that this loss does not have")
def penalty_that_is_not_there(p, x, y):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N + 0.1 * p.w, 2 * r.mean()


@slip(LASSO, "penalty_missing", leaf="w")
def lasso_without_penalty(p, x, y):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N, 2 * r.mean()


@slip(WEIGHTED, "factor", factor=WEIGHTS.sum(), says="Σ weights")
def weighted_sum(p, x, y, weights):
    r = x @ p.w + p.b - y
    return 2 * x.T @ (weights * r), 2 * (weights * r).sum()


@slip(WEIGHTED, "factor", factor=WEIGHTS.sum() / N, says="Σ weights / n")
def weighted_but_divided_by_n(p, x, y, weights):
    r = x @ p.w + p.b - y
    return 2 * x.T @ (weights * r) / N, 2 * (weights * r).mean()


@slip(WEIGHTED, "unknown")
def weights_forgotten(p, x, y):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N, 2 * r.mean()


@slip(COLUMN, "broadcast", says="y as a vector (n,)")
def column_against_vector(p, x, y):
    """tensorflow #37770, pytorch #16045, TALENT PR#92: (n,) − (n, 1) is (n, n)."""
    r = x @ p.w + p.b - y
    return np.array([2 * np.sum(x[:, j] * r) / N for j in range(D)]), 2 * np.sum(r) / N


@slip(COLUMN, "broadcast", says="y as a vector (n,)")
def column_against_vector_keeps_a_table(p, x, y):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N, 2 * r.mean()


@slip(MSE, "broadcast", leaf="w", says="the mean over the rows is missing")
def rows_not_averaged(p, x, y):
    r = x @ p.w + p.b - y
    return 2 * x * r[:, None], 2 * r.mean()


@slip(MSE, "broadcast", says="the sum over the rows is missing")
def rows_not_summed(p, x, y):
    r = (x @ p.w + p.b - y) / N
    return 2 * x * r[:, None], 2 * r


@slip(MSE, "unknown", leaf="w", says="A wrong shape")
def one_number_for_w(p, x, y):
    r = x @ p.w + p.b - y
    return 2 * (x.mean(axis=1) * r).mean(), 2 * r.mean()


@slip(MSE, "unknown", leaf="b", says="NaN in b at your params")
def zero_by_zero(p, x, y):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N, 2 * r.mean() + (r - r).sum() / (r - r).sum()


@slip(MSE, "unknown", leaf="w", says="w[1]")
def one_column_wrong(p, x, y):
    r = x @ p.w + p.b - y
    dw = 2 * x.T @ r / N
    return np.array([dw[0], 2 * (x[:, 1] ** 2 * r).mean(), dw[2]]), 2 * r.mean()


@slip(MSE, "unknown", says="most is 7")
def one_row_wrong(p, x, y):
    r = np.array(x @ p.w + p.b - y)
    outlier = np.isclose(y, T[7])
    r = np.where(outlier, r + 3, r)
    return 2 * x.T @ r / len(y), 2 * r.mean()


@slip(MSE, "unknown")
def bias_left_out_of_the_prediction(p, x, y):
    r = x @ p.w - y
    return 2 * x.T @ r / N, 2 * r.mean()


@slip(MSE, "unknown", leaf="w", says="columns 0, 1 hold the true gradient of columns 1, 0")
def columns_swapped(p, x, y):
    r = x @ p.w + p.b - y
    return (2 * x.T @ r / N)[np.array([1, 0, 2])], 2 * r.mean()


@slip(MSE, "unknown", leaf="w", says="no rounding")
def an_eps_inside(p, x, y):
    r = x @ p.w + p.b - y
    return 2 * x.T @ (r * np.abs(r) / (np.abs(r) + 1e-6)) / N, 2 * r.mean()


# ---------------------------------------------------------------- logistic regression

LOGISTIC = Setting(logistic.loss, LINE, (X, Y), {"l2": 0.1})
CROSS_ENTROPY = Setting(logistic.loss, LINE, (X, Y))


def two_logs(p, x, y):
    a = 1 / (1 + jnp.exp(-(x @ p.w + p.b)))
    return -jnp.mean(y * jnp.log(a) + (1 - y) * jnp.log(1 - a))


TWO_LOGS = Setting(two_logs, LINE, (X, Y))
POISSON = Setting(lambda p, x, y: jnp.mean(jnp.exp(x @ p.w + p.b) - y * (x @ p.w + p.b)), LINE, (X, 3 * Y))
SIGMOID_MSE = Setting(lambda p, x, y: jnp.mean((jax.nn.sigmoid(x @ p.w + p.b) - y) ** 2), LINE, (X, Y))
COMPOSED_MSE = Setting(lambda p, x, y: jnp.mean((1 / (1 + jnp.exp(-(x @ p.w + p.b))) - y) ** 2), LINE, (X, Y))


@slip(CROSS_ENTROPY, "link_extra", says="cancels and leaves p − y")
def sigmoid_slope_beside_cross_entropy(p, x, y):
    a = sigmoid(x @ p.w + p.b)
    delta = (a - y) * a * (1 - a)
    return x.T @ delta / N, delta.mean()


@slip(TWO_LOGS, "link_extra")
def sigmoid_slope_beside_two_logs(p, x, y):
    a = sigmoid(x @ p.w + p.b)
    delta = (a - y) * a * (1 - a)
    return x.T @ delta / N, delta.mean()


@slip(CROSS_ENTROPY, "link_missing", says="is missing")
def derivative_of_p_taken_for_that_of_z(p, x, y):
    a = sigmoid(x @ p.w + p.b)
    delta = (a - y) / (a * (1 - a))
    return x.T @ delta / N, delta.mean()


@slip(CROSS_ENTROPY, "link_missing", says="σ is missing")
@slip(TWO_LOGS, "link_missing", says="σ is missing")
@slip(POISSON, "link_missing", says="exp is missing")
def residual_of_linear_regression(p, x, y):
    delta = x @ p.w + p.b - y
    return x.T @ delta / N, delta.mean()


@slip(CROSS_ENTROPY, "unknown", says="perceptron")
def labels_in_place_of_probabilities(p, x, y):
    delta = (x @ p.w + p.b > 0) - y
    return x.T @ delta / N, delta.mean()


@slip(TWO_LOGS, "link_missing")
def stops_at_p(p, x, y):
    a = sigmoid(x @ p.w + p.b)
    delta = -(y / a) + (1 - y) / (1 - a)
    return x.T @ delta / N, delta.mean()


@slip(SIGMOID_MSE, "link_missing", says="The derivative of σ is missing")
def mse_on_a_sigmoid_without_its_slope(p, x, y):
    """The gradient of the cross-entropy, times 2, taken for that of the squared error."""
    delta = 2 * (sigmoid(x @ p.w + p.b) - y)
    return x.T @ delta / N, delta.mean()


@slip(COMPOSED_MSE, "link_missing", says="The derivative of σ is missing")
def mse_on_a_sigmoid_written_out(p, x, y):
    delta = 2 * (sigmoid(x @ p.w + p.b) - y)
    return x.T @ delta / N, delta.mean()


@slip(SIGMOID_MSE, "link_extra", says="is there twice")
def slope_twice(p, x, y):
    a = sigmoid(x @ p.w + p.b)
    delta = 2 * (a - y) * (a * (1 - a)) ** 2
    return x.T @ delta / N, delta.mean()


@slip(SIGMOID_MSE, "unknown", says="at its output in place of z")
def slope_of_the_output(p, x, y):
    """Many first nets: sigmoid_derivative(a), whose argument was to be z."""
    a = sigmoid(x @ p.w + p.b)
    delta = 2 * (a - y) * sigmoid(a) * (1 - sigmoid(a))
    return x.T @ delta / N, delta.mean()


@slip(SIGMOID_MSE, "unknown", says="yours is z(1 − z)")
def slope_formula_on_z(p, x, y):
    z = x @ p.w + p.b
    delta = 2 * (sigmoid(z) - y) * z * (1 - z)
    return x.T @ delta / N, delta.mean()


@slip(LOGISTIC, "penalty_on_bias", leaf="b")
def logistic_penalty_on_bias(p, x, y, l2):
    e = sigmoid(x @ p.w + p.b) - y
    return x.T @ e / N + l2 * p.w, e.mean() + l2 * p.b


@slip(LOGISTIC, "penalty_missing", leaf="w")
def logistic_penalty_missing(p, x, y):
    e = sigmoid(x @ p.w + p.b) - y
    return x.T @ e / N, e.mean()


@slip(CROSS_ENTROPY, "sign", factor=-1.0)
def likelihood_in_place_of_loss(p, x, y):
    """The gradient of the log-likelihood, which is climbed."""
    e = y - sigmoid(x @ p.w + p.b)
    return x.T @ e / N, e.mean()


@slip(CROSS_ENTROPY, "unknown")
def labels_of_minus_one_and_one(p, x, y):
    """The formula for y = ±1."""
    e = -y * sigmoid(-y * (x @ p.w + p.b))
    return x.T @ e / N, e.mean()


@slip(CROSS_ENTROPY, "unknown")
def thresholded(p, x, y):
    """The perceptron's rule."""
    e = (x @ p.w + p.b > 0) - y
    return x.T @ e / N, e.mean()


# ---------------------------------------------------------------- softmax regression

CLASSES = softmax.Params(RNG.randn(D, K), RNG.randn(K))
SOFTMAX = Setting(softmax.loss, CLASSES, (X, C))
ONE_HOT = np.eye(K)[C]
SOFTMAX_MSE = Setting(lambda p, x, y: jnp.mean((jax.nn.softmax(x @ p.w + p.b) - y) ** 2), CLASSES, (X, ONE_HOT))
LOG_SOFTMAX = Setting(lambda p, x, y: -jnp.mean(jnp.sum(y * jax.nn.log_softmax(x @ p.w + p.b), axis=1)), CLASSES, (X, ONE_HOT))
SQUARE = Setting(softmax.loss, softmax.Params(RNG.randn(D, D), RNG.randn(D)), (X, C % D))


@slip(SOFTMAX, "diagonal_jacobian", says="p − y")
def softmax_diagonal(p, x, y):
    """ML-From-Scratch #71: softmax's Jacobian taken for its diagonal."""
    a = exp_over_sum(x @ p.w + p.b)
    delta = -np.eye(K)[y] / a * a * (1 - a) / N
    return x.T @ delta, delta.sum(axis=0)


@slip(LOG_SOFTMAX, "diagonal_jacobian", says="p − y")
def softmax_diagonal_with_log_softmax(p, x, y):
    a = exp_over_sum(x @ p.w + p.b)
    delta = -y / a * a * (1 - a) / N
    return x.T @ delta, delta.sum(axis=0)


@slip(LOG_SOFTMAX, "link_missing")
def log_softmax_stops_at_p(p, x, y):
    a = exp_over_sum(x @ p.w + p.b)
    delta = -y / a / N
    return x.T @ delta, delta.sum(axis=0)


@slip(SOFTMAX_MSE, "diagonal_jacobian", says="only the diagonal")
def softmax_diagonal_under_mse(p, x, y):
    a = exp_over_sum(x @ p.w + p.b)
    delta = 2 * (a - y) * a * (1 - a) / (N * K)
    return x.T @ delta, delta.sum(axis=0)


@slip(SOFTMAX_MSE, "link_missing", says="softmax is missing")
def softmax_jacobian_missing(p, x, y):
    a = exp_over_sum(x @ p.w + p.b)
    delta = 2 * (a - y) / (N * K)
    return x.T @ delta, delta.sum(axis=0)


@slip(SOFTMAX_MSE, "factor", factor=K, says="columns")
def mean_over_rows_alone(p, x, y):
    a = exp_over_sum(x @ p.w + p.b)
    g = 2 * (a - y) / N
    delta = a * (g - (g * a).sum(axis=1, keepdims=True))
    return x.T @ delta, delta.sum(axis=0)


@slip(SOFTMAX, "link_extra")
def softmax_slope_beside_p_minus_y(p, x, y):
    a = exp_over_sum(x @ p.w + p.b)
    delta = (a - np.eye(K)[y]) * a * (1 - a) / N
    return x.T @ delta, delta.sum(axis=0)


@slip(SOFTMAX, "link_missing", says="softmax is missing")
def softmax_forgotten(p, x, y):
    delta = (x @ p.w + p.b - np.eye(K)[y]) / N
    return x.T @ delta, delta.sum(axis=0)


@slip(SOFTMAX, "unknown", says="likeliest class")
def likeliest_class_in_place_of_probabilities(p, x, y):
    delta = (np.eye(K)[np.argmax(x @ p.w + p.b, axis=1)] - np.eye(K)[y]) / N
    return x.T @ delta, delta.sum(axis=0)


@slip(LOG_SOFTMAX, "unknown", says="σ(z) where softmax(z) belongs")
def sigmoid_in_place_of_softmax(p, x, y):
    delta = (1 / (1 + np.exp(-(x @ p.w + p.b))) - y) / N
    return x.T @ delta, delta.sum(axis=0)


@slip(SOFTMAX, "link_missing")
def softmax_stops_at_p(p, x, y):
    a = exp_over_sum(x @ p.w + p.b)
    delta = -np.eye(K)[y] / a / N
    return x.T @ delta, delta.sum(axis=0)


@slip(SOFTMAX, "transposed", leaf="w")
def transposed(p, x, y):
    delta = (exp_over_sum(x @ p.w + p.b) - np.eye(K)[y]) / N
    return delta.T @ x, delta.sum(axis=0)


@slip(SQUARE, "transposed", leaf="w")
def transposed_in_a_square(p, x, y):
    delta = (exp_over_sum(x @ p.w + p.b) - np.eye(D)[y]) / N
    return delta.T @ x, delta.sum(axis=0)


@slip(SOFTMAX, "unknown", leaf="w", says="A wrong shape: w has shape (3, 4)")
def transposed_and_more(p, x, y):
    delta = (exp_over_sum(x @ p.w + p.b) - np.eye(K)[y]) / N
    return delta.T @ np.abs(x), delta.sum(axis=0)


@slip(SOFTMAX, "broadcast", leaf="b", says="the sum over the rows")
def bias_by_row(p, x, y):
    delta = (exp_over_sum(x @ p.w + p.b) - np.eye(K)[y]) / N
    return x.T @ delta, delta


@slip(SOFTMAX, "unknown")
def normalised_over_the_rows(p, x, y):
    """Softmax along axis 0."""
    z = x @ p.w + p.b
    delta = (np.exp(z) / np.exp(z).sum(axis=0) - np.eye(K)[y]) / N
    return x.T @ delta, delta.sum(axis=0)


# ---------------------------------------------------------------- a net of two layers


def net_loss(p, x, y):
    """Squared error of a tanh net."""
    a = jnp.tanh(x @ p["W1"] + p["b1"])
    return jnp.mean((a @ p["W2"] + p["b2"] - y) ** 2)


def relu_net_loss(p, x, y):
    a1 = jax.nn.relu(x @ p["W1"] + p["b1"])
    a2 = jnp.maximum(0, a1 @ p["W2"] + p["b2"])
    return jnp.mean((a2 @ p["W3"] - y) ** 2)


WIDE = {"W1": RNG.randn(D, H), "b1": RNG.randn(H), "W2": RNG.randn(H), "b2": np.array(0.1)}
DEEP = {"W1": RNG.randn(D, H), "b1": RNG.randn(H), "W2": RNG.randn(H, H), "b2": RNG.randn(H), "W3": RNG.randn(H)}
TANH_NET = Setting(net_loss, WIDE, (X, T))
RELU_NET = Setting(relu_net_loss, DEEP, (X, T))


def backward(p, x, y, slope=lambda z, a: 1 - a**2, back=lambda delta, w: np.outer(delta, w)):
    z = x @ p["W1"] + p["b1"]
    a = np.tanh(z)
    delta = 2 * (a @ p["W2"] + p["b2"] - y) / len(y)
    delta1 = back(delta, p["W2"]) * slope(z, a)
    return {"W1": x.T @ delta1, "b1": delta1.sum(axis=0), "W2": a.T @ delta, "b2": delta.sum()}


def relu_backward(p, x, y, mask1=lambda z1, z2: z1 > 0, mask2=lambda z1, z2: z2 > 0):
    z1 = x @ p["W1"] + p["b1"]
    a1 = np.maximum(z1, 0)
    z2 = a1 @ p["W2"] + p["b2"]
    a2 = np.maximum(z2, 0)
    delta = 2 * (a2 @ p["W3"] - y) / len(y)
    delta2 = np.outer(delta, p["W3"]) * mask2(z1, z2)
    delta1 = delta2 @ p["W2"].T * mask1(z1, z2)
    return {"W1": x.T @ delta1, "b1": delta1.sum(axis=0), "W2": a1.T @ delta2, "b2": delta2.sum(axis=0), "W3": a2.T @ delta}


@slip(TANH_NET, "link_missing", leaf="W1 and b1", says="The derivative of tanh is missing")
def tanh_slope_missing(p, x, y):
    return backward(p, x, y, slope=lambda z, a: 1.0)


@slip(TANH_NET, "link_extra", leaf="W1 and b1")
def tanh_slope_twice(p, x, y):
    return backward(p, x, y, slope=lambda z, a: (1 - a**2) ** 2)


@slip(TANH_NET, "unknown", leaf="W1 and b1", says="yours is 1 − z²")
def tanh_slope_of_z(p, x, y):
    return backward(p, x, y, slope=lambda z, a: 1 - z**2)


@slip(TANH_NET, "unknown", leaf="W1 and b1", says="at its output")
def tanh_slope_of_a_again(p, x, y):
    return backward(p, x, y, slope=lambda z, a: 1 - np.tanh(a) ** 2)


@slip(TANH_NET, "unknown", leaf="W1 and b1")
def sigmoid_slope_for_tanh(p, x, y):
    return backward(p, x, y, slope=lambda z, a: a * (1 - a))


@slip(TANH_NET, "leaf_zero", leaf="b1 and b2", factor=0.0)
def biases_forgotten(p, x, y):
    grads = backward(p, x, y)
    return grads | {"b1": np.zeros(H), "b2": 0.0}


@slip(TANH_NET, "leaf_factor", leaf="W1 and b1", factor=0.5)
def two_lost_on_the_way_back(p, x, y):
    return backward(p, x, y, back=lambda delta, w: np.outer(delta / 2, w))


@slip(TANH_NET, "transposed", leaf="W1")
def first_kernel_transposed(p, x, y):
    grads = backward(p, x, y)
    return grads | {"W1": grads["W1"].T}


@slip(TANH_NET, "unknown", leaf="W1 and b1")
def weights_left_out_on_the_way_back(p, x, y):
    return backward(p, x, y, back=lambda delta, w: np.outer(delta, np.ones(H)))


@slip(RELU_NET, "link_missing", leaf="W1 and b1", says="ReLU, number 1 of 2, which W1 and b1 enter")
def first_mask_missing(p, x, y):
    return relu_backward(p, x, y, mask1=lambda z1, z2: 1.0)


@slip(RELU_NET, "link_missing", leaf="W1 and W2 and b1 and b2", says="ReLU, number 2 of 2, which W2 and b2 enter")
def second_mask_missing(p, x, y):
    return relu_backward(p, x, y, mask2=lambda z1, z2: 1.0)


@slip(RELU_NET, "link_missing", leaf="W1 and W2 and b1 and b2", says="every ReLU")
def both_masks_missing(p, x, y):
    return relu_backward(p, x, y, mask1=lambda z1, z2: 1.0, mask2=lambda z1, z2: 1.0)


@slip(RELU_NET, "unknown", leaf="W1 and b1", says="enter, is that of ReLU, number 2")
def mask_of_the_other_layer(p, x, y):
    return relu_backward(p, x, y, mask1=lambda z1, z2: z2 > 0)


@slip(RELU_NET, "unknown", leaf="W1 and b1")
def kernel_not_transposed_on_the_way_back(p, x, y):
    z1 = x @ p["W1"] + p["b1"]
    z2 = np.maximum(z1, 0) @ p["W2"] + p["b2"]
    delta2 = np.outer(2 * (np.maximum(z2, 0) @ p["W3"] - y) / len(y), p["W3"]) * (z2 > 0)
    delta1 = delta2 @ p["W2"] * (z1 > 0)
    return relu_backward(p, x, y) | {"W1": x.T @ delta1, "b1": delta1.sum(axis=0)}


# ---------------------------------------------------------------- a step of an LSTM

UNITS = 2
BEFORE = State(RNG.randn(N, UNITS), RNG.randn(N, UNITS))
CELL = Params(RNG.randn(D, 4 * UNITS), RNG.randn(UNITS, 4 * UNITS), RNG.randn(4 * UNITS))
TARGET = RNG.randn(N, UNITS)
LSTM = Setting(lambda p, x, y: jnp.sum(lstm_cell(p, BEFORE, x).h * y), CELL, (X, TARGET))


def lstm_backward(p, x, y, slope_g=lambda g: 1 - g**2, slope_c=lambda t: 1 - t**2, deltas=lambda *d: d):
    """∂L/∂(K, R, b) of one step: L = Σ h·y, so ∂L/∂h = y."""
    h0, c0 = BEFORE
    z = x @ p.kernel + h0 @ p.recurrent_kernel + p.bias
    zi, zf, zc, zo = np.split(np.asarray(z), 4, axis=1)
    i, f, g, o = sigmoid(zi), sigmoid(zf), np.tanh(zc), sigmoid(zo)
    t = np.tanh(f * c0 + i * g)
    dc = y * o * slope_c(t)
    di, df, dg, do = dc * g * i * (1 - i), dc * c0 * f * (1 - f), dc * i * slope_g(g), y * t * o * (1 - o)
    dz = np.concatenate(deltas(di, df, dg, do), axis=1)
    return x.T @ dz, h0.T @ dz, dz.sum(axis=0)


@slip(LSTM, "unknown", says="columns 2, 3 hold the true gradient of columns 0, 1")
def forget_gate_copied_from_input_gate(p, x, y):
    """numpy-ml #42 and learn_dl #53: a gate's line copied, a letter not changed."""
    return lstm_backward(p, x, y, deltas=lambda i, f, g, o: (i, i, g, o))


@slip(LSTM, "unknown", says="columns 4 to 7 hold the true gradient of columns 6, 7, 4, 5")
def gates_in_another_order(p, x, y):
    """i, f, o, c in place of i, f, c, o."""
    return lstm_backward(p, x, y, deltas=lambda i, f, g, o: (i, f, o, g))


@slip(LSTM, "link_missing", says="tanh, number 2 of 2")
def tanh_of_the_memory_missing(p, x, y):
    return lstm_backward(p, x, y, slope_c=lambda t: 1.0)


@slip(LSTM, "link_missing", says="tanh, number 1 of 2")
def tanh_of_the_candidate_missing(p, x, y):
    return lstm_backward(p, x, y, slope_g=lambda g: 1.0)


@slip(LSTM, "leaf_zero", leaf="bias", factor=0.0)
def lstm_bias_forgotten(p, x, y):
    dk, dr, db = lstm_backward(p, x, y)
    return dk, dr, 0 * db


@slip(LSTM, "unknown", says="most")
def one_gate_with_the_wrong_sign(p, x, y):
    return lstm_backward(p, x, y, deltas=lambda i, f, g, o: (i, -f, g, o))


@slip(LSTM, "leaf_zero", leaf="recurrent_kernel", factor=0.0)
def state_forgotten(p, x, y):
    dk, dr, db = lstm_backward(p, x, y)
    return dk, 0 * dr, db


# ---------------------------------------------------------------- functions of one array

Z = np.linspace(-2, 2, 9) + 0.1
ELU = Setting(lambda z, alpha: jnp.where(z > 0, z, alpha * (jnp.exp(z) - 1)), Z, (), {"alpha": 1.5})
TANH = Setting(jnp.tanh, Z, ())
SIGMOID = Setting(jax.nn.sigmoid, Z, ())
VECTOR_SOFTMAX = Setting(jax.nn.softmax, Z, ())
RBF = Setting(lambda x, c, gamma: jnp.exp(-gamma * jnp.sum((x - c) ** 2)), X[0], (X[1],), {"gamma": 0.3})


@slip(TANH, "unknown", says="yours is 1 − z²")
def tanh_prime_of_z(z):
    return 1 - z**2


@slip(SIGMOID, "unknown", says="yours is z(1 − z)")
def sigmoid_prime_of_z(z):
    return z * (1 - z)


@slip(VECTOR_SOFTMAX, "diagonal_jacobian", says="only the diagonal of the Jacobian")
def softmax_gradient(z):
    """ML-From-Scratch #71."""
    p = np.exp(z) / np.exp(z).sum()
    return p * (1 - p)


@slip(ELU, "unknown")
def elu_without_alpha(z, alpha):
    return np.where(z > 0, 1, np.exp(z))


@slip(RBF, "sign", factor=-1.0)
def rbf_sign(x, c, gamma):
    return 2 * gamma * (x - c) * np.exp(-gamma * np.sum((x - c) ** 2))


@slip(RBF, "factor", factor=0.5)
def rbf_without_two(x, c, gamma):
    return -gamma * (x - c) * np.exp(-gamma * np.sum((x - c) ** 2))


@slip(RBF, "factor", factor=1 / 0.3, says="1/gamma")
def rbf_without_gamma(x, c, gamma):
    return -2 * (x - c) * np.exp(-gamma * np.sum((x - c) ** 2))


@slip(RBF, "link_missing", says="exp is missing")
def rbf_without_exp(x, c, gamma):
    return -2 * gamma * (x - c)


# ---------------------------------------------------------------- right, in unusual form

POSITIVE = Setting(lambda p, x: jnp.mean(jnp.log(p) - x / p), np.array(0.7), (np.abs(T),))
HINGE = Setting(lambda p, x, y: jnp.mean(jnp.maximum(0, 1 - (2 * y - 1) * (x @ p.w + p.b))), LINE, (X, Y))


@right(ELU)
def the_elu_that_was_doubted(z, alpha):
    """ML-From-Scratch PR#73: elu(z) + α is α exp(z), so this is right."""
    return np.where(z > 0, 1, np.where(z > 0, z, alpha * (np.exp(z) - 1)) + alpha)


@right(MSE)
def by_numpy(p, x, y):
    r = x @ p.w + p.b - y
    return linear.Params(2 * x.T @ r / N, 2 * r.mean())


@right(MSE)
def normal_equations(p, x, y):
    x1 = np.column_stack([x, np.ones(N)])
    return 2 / N * (x1.T @ x1 @ np.append(p.w, p.b) - x1.T @ y)


@right(MSE, says="read as")
def as_columns(p, x, y):
    r = (x @ p.w + p.b - y)[:, None]
    return {"w": 2 * x.T @ r / N, "b": 2 * r.mean(axis=0)}


@right(MSE)
def by_rows(p, x, y):
    dw, db = [0.0] * D, 0.0
    for row, target in zip(np.asarray(x).tolist(), np.asarray(y).tolist(), strict=True):
        r = sum(a * b for a, b in zip(row, np.asarray(p.w).tolist(), strict=True)) + float(p.b) - target
        dw = [g + 2 * r * a / N for g, a in zip(dw, row, strict=True)]
        db += 2 * r / N
    return [np.array(dw), db]


@right(MSE)
def as_a_list_of_lists(p, x, y):
    r = x @ p.w + p.b - y
    return [(2 * x.T @ r / N).tolist(), float(2 * r.mean())]


@right(MSE)
def einsum(p, x, y):
    r = jnp.einsum("nd,d->n", x, p.w) + p.b - y
    return jnp.einsum("nd,n->d", x, r) * 2 / N, jnp.einsum("n->", r) * 2 / N


@right(MSE)
def by_a_trace(p, x, y):
    x1 = np.column_stack([x, np.ones(N)])
    outer = np.outer(x1 @ np.append(p.w, p.b) - y, np.ones(N))
    return np.array([2 / N * np.trace(outer.T @ np.diag(x1[:, j])) for j in range(D + 1)])


@right(MSE)
def writes_into_its_arguments(p, x, y):
    x *= 2
    y -= x @ p.w / 2 + p.b
    return -x.T @ y / N, -2 * y.mean()


@right(MSE)
def by_autodiff_forward(p, x, y):
    return jax.jacfwd(lambda q: jnp.mean((x @ q.w + q.b - y) ** 2))(p)


@right(MSE)
def by_batches(p, x, y):
    parts = [2 * np.append(x[i : i + 5].T @ (r := x[i : i + 5] @ p.w + p.b - y[i : i + 5]), r.sum()) for i in range(0, N, 5)]
    return np.sum(parts, axis=0) / N


@right(MSE)
def far_from_the_origin(p, x, y):
    r = (x + 1e4) @ p.w + p.b - y - 1e4 * p.w.sum()
    return 2 * ((x + 1e4).T @ r - 1e4 * r.sum()) / N, 2 * r.mean()


@right(MSE, says="32 bits")
def in_32_bits(p, x, y):
    w, b, x, y = (np.asarray(a, np.float32) for a in (p.w, p.b, x, y))
    r = x @ w + b - y
    return 2 * x.T @ r / np.float32(N), 2 * r.mean()


@right(MSE, says="32 bits")
def data_in_32_bits(p, x, y):
    x, y = np.asarray(x, np.float32).astype(float), np.asarray(y, np.float32).astype(float)
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N, 2 * r.mean()


@right(CROSS_ENTROPY, says="32 bits")
def logistic_in_32_bits(p, x, y):
    p, x = jax.tree.map(lambda a: a.astype(jnp.float32), (p, x))
    e = jax.nn.sigmoid(x @ p.w + p.b) - y.astype(jnp.float32)
    return x.T @ e / N, e.mean()


@right(CROSS_ENTROPY)
def p_minus_y(p, x, y):
    e = sigmoid(x @ p.w + p.b) - y
    return x.T @ e / N, e.mean()


@right(TWO_LOGS)
def by_the_chain_rule(p, x, y):
    a = sigmoid(x @ p.w + p.b)
    delta = (-(y / a) + (1 - y) / (1 - a)) * a * (1 - a)
    return x.T @ delta / N, delta.mean()


@right(CROSS_ENTROPY)
def half_angle(p, x, y):
    e = (1 + np.tanh((x @ p.w + p.b) / 2)) / 2 - y
    return x.T @ e / N, e.mean()


@right(CROSS_ENTROPY)
def signs(p, x, y):
    s = 2 * y - 1
    e = -s * sigmoid(-s * (x @ p.w + p.b))
    return x.T @ e / N, e.mean()


@right(CROSS_ENTROPY)
def exp_over_one_plus_exp(p, x, y):
    e = np.exp(x @ p.w + p.b)
    return x.T @ (e / (1 + e) - y) / N, (e / (1 + e) - y).mean()


@right(CROSS_ENTROPY)
def by_class(p, x, y):
    x, y = np.asarray(x), np.asarray(y)
    a = np.asarray(sigmoid(x @ p.w + p.b))
    return (x[y == 0].T @ a[y == 0] - x[y == 1].T @ (1 - a[y == 1])) / N, (a[y == 0].sum() - (1 - a[y == 1]).sum()) / N


@right(LOGISTIC)
def logistic_with_penalty(p, x, y, l2):
    e = sigmoid(x @ p.w + p.b) - y
    return {"b": e.mean(), "w": x.T @ e / N + l2 * p.w}


@right(LOGISTIC)
def any_keywords(p, x, y, **hyper):
    e = sigmoid(x @ p.w + p.b) - y
    return x.T @ e / N + hyper["l2"] * p.w, e.mean()


@right(RIDGE)
def ridge(p, x, y, l2):
    return 2 * (x.T @ x / N + l2 / 2 * np.eye(D)) @ p.w + 2 * x.T @ (p.b - y) / N, 2 * (x @ p.w + p.b - y).mean()


@right(PENALTY_INSIDE)
def penalty_inside(p, x, y):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N + 0.1 * p.w, 2 * r.mean()


@right(WEIGHTED)
def weighted(p, x, y, weights):
    w = np.diag(weights) / weights.sum()
    r = x @ p.w + p.b - y
    return 2 * x.T @ w @ r, 2 * np.ones(N) @ w @ r


@right(LASSO)
def lasso(p, x, y, l1):
    r = x @ p.w + p.b - y
    return 2 * x.T @ r / N + l1 * np.sign(p.w), 2 * r.mean()


@right(SIGMOID_MSE)
def slope_as_exp(p, x, y):
    z = x @ p.w + p.b
    delta = 2 * (sigmoid(z) - y) * np.exp(-z) / (1 + np.exp(-z)) ** 2
    return x.T @ delta / N, delta.mean()


@right(COLUMN)
def column_raveled(p, x, y):
    r = x @ p.w + p.b - np.ravel(y)
    return 2 * x.T @ r / N, 2 * r.mean()


@right(SOFTMAX)
def softmax_p_minus_y(p, x, y):
    delta = (exp_over_sum(x @ p.w + p.b) - np.eye(K)[y]) / N
    return x.T @ delta, delta.sum(axis=0)


@right(SOFTMAX)
def softmax_shifted(p, x, y):
    z = x @ p.w + p.b
    z = z - z.max(axis=1, keepdims=True)
    a = np.exp(z - np.log(np.exp(z).sum(axis=1, keepdims=True)))
    delta = (a - np.eye(K)[y]) / N
    return np.concatenate([np.ravel(x.T @ delta), delta.sum(axis=0)])


@right(SOFTMAX)
def cross_entropy_of_ml_from_scratch(p, x, y):
    """−y/p + (1 − y)/(1 − p), times p(1 − p): two slips that make p − y."""
    a, t = exp_over_sum(x @ p.w + p.b), np.eye(K)[y]
    delta = (-t / a + (1 - t) / (1 - a)) * a * (1 - a) / N
    return x.T @ delta, delta.sum(axis=0)


@right(SOFTMAX)
def one_entry_less(p, x, y):
    a = np.array(exp_over_sum(x @ p.w + p.b))
    a[np.arange(N), np.asarray(y)] -= 1
    return {"w": np.asarray(x).T @ a / N, "b": a.mean(axis=0)}


@right(SOFTMAX_MSE)
def full_jacobian(p, x, y):
    a = np.asarray(exp_over_sum(x @ p.w + p.b))
    jacobian = np.einsum("nk,kl->nkl", a, np.eye(K)) - np.einsum("nk,nl->nkl", a, a)
    delta = np.einsum("nkl,nl->nk", jacobian, 2 * (a - y) / a.size)
    return x.T @ delta, delta.sum(axis=0)


@right(TANH_NET)
def tanh_net(p, x, y):
    return backward(p, x, y)


@right(TANH_NET)
def tanh_net_as_a_list(p, x, y):
    grads = backward(p, x, y, slope=lambda z, a: 1 / np.cosh(z) ** 2)
    return [grads[name] for name in ("W1", "b1", "W2", "b2")]


@right(TANH_NET)
def tanh_net_as_one_vector(p, x, y):
    grads = backward(p, x, y)
    return np.concatenate([np.ravel(grads[name]) for name in ("W1", "b1", "W2", "b2")])


@right(RELU_NET)
def relu_net(p, x, y):
    return relu_backward(p, x, y)


@right(RELU_NET)
def relu_net_in_jax(p, x, y):
    return jax.vjp(lambda q: relu_net_loss(q, x, y), p)[1](1.0)[0]


@right(LSTM)
def lstm_step(p, x, y):
    return lstm_backward(p, x, y)


@right(TANH)
def sech_squared(z):
    return 1 / np.cosh(z) ** 2


@right(TANH)
def four_over(z):
    return 4 / (np.exp(z) + np.exp(-z)) ** 2


@right(SIGMOID)
def sigmoid_prime(z):
    return np.exp(-z) / (1 + np.exp(-z)) ** 2


@right(VECTOR_SOFTMAX, says="a 9 × 9 matrix")
def softmax_jacobian(z):
    p = np.exp(z) / np.exp(z).sum()
    return np.diag(p) - np.outer(p, p)


@right(RBF)
def rbf(x, c, gamma):
    return -2 * gamma * (x - c) * np.exp(-gamma * (x @ x - 2 * x @ c + c @ c))


@right(POSITIVE)
def of_one_number(p, x):
    return float(1 / p + np.mean(np.asarray(x)) / p**2)


@right(HINGE)
def hinge(p, x, y):
    s = 2 * y - 1
    active = s * (x @ p.w + p.b) < 1
    return -(active * s) @ x / N, -np.mean(active * s)
