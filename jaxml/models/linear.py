"""Linear regression:  y ≈ z,  z = x·w + b.

The mean squared error, with an L2 penalty on w alone, is

    L(w, b) = mean[(zᵢ − yᵢ)²] + l2/2 ‖w‖²

where mean[v] = Σ weightsᵢ vᵢ / Σ weightsᵢ.  L is convex and quadratic: its minimum solves one linear system.
The alpha of scikit-learn's Ridge is l2 = 2 alpha / Σ weightsᵢ, which is 2 alpha / n without weights.
Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, sections 3.2 and 3.4.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from jaxml.models._edge import regression, rows, targets
from jaxml.models._least_squares import least_squares
from jaxml.models._terms import mean, penalty


class Params(NamedTuple):
    w: Array  # (d,)
    b: Array  # ()


def init(n_features: int) -> Params:
    """Zeros: L is convex, so from any start a descent can reach the least L."""
    return Params(w=jnp.zeros(n_features), b=jnp.zeros(()))


def predict(params: Params, x: Array) -> Array:
    """z, in the units of y.  (n, d) -> (n,).  Raises ValueError, TypeError."""
    x = rows("linear.predict", params, x, ("d",))
    return x @ params.w + params.b


def loss(params: Params, x: Array, y: Array, *, weights: Array | None = None, l2: float = 0.0) -> Array:
    """L(w, b), in the units of y squared.  (n, d), (n,) -> ().  Raises ValueError, TypeError."""
    z = predict(params, x)
    y = targets("linear.loss", y, z, weights)
    return mean((z - y) ** 2, weights) + penalty(params.w, l2)


def solve(x: Array, y: Array, *, weights: Array | None = None, l2: float = 0.0) -> Params:
    """The w, b where L is least; of several, the w of least norm.  (n, d), (n,) -> Params.  Raises ValueError, TypeError.

    Warns with RankWarning where l2 is 0 and columns are dependent, with IllConditionedWarning where rounding leaves few digits.
    For b = 0: pass x followed by −x, y followed by −y, and any weights twice.
    Golub, Van Loan, Matrix Computations, 4th ed., sections 5.3 and 5.5.
    """
    x, y, weights, l2 = regression("linear.solve", x, y, weights, l2)
    return Params(*least_squares("linear.solve", x, y, weights, l2))
