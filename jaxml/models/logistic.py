"""Logistic regression:  P(y = 1 | x) = σ(z),  z = w·x + b,  y ∈ {0, 1}.

The mean cross-entropy, with an L2 penalty on w alone, is

    L(w, b) = mean [yᵢ softplus(−zᵢ) + (1 − yᵢ) softplus(zᵢ)] + l2/2 ‖w‖²

where the mean is Σ ωᵢ ℓᵢ / Σ ωᵢ with weights ω, since −log σ(z) = softplus(−z) and −log(1 − σ(z)) = softplus(z).
It is softplus(z) − y z, but keeps its digits where that difference cancels.  L is convex.  scikit-learn's C is l2 = 1/(C n).
Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 4.4.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.nn import sigmoid, softplus

from jaxml.models._edge import mean, penalty, probabilities, rows, two_classes
from jaxml.models._newton import newton_on_scaled


class Params(NamedTuple):
    w: Array  # (d,)
    b: Array  # ()


def init(n_features: int) -> Params:
    """Zeros: L is convex, so the start does not matter."""
    return Params(w=jnp.zeros(n_features), b=jnp.zeros(()))


def logits(params: Params, x: Array) -> Array:
    """z, the log-odds of y = 1.  (n, d) -> (n,).  Raises ValueError, TypeError."""
    x = rows("logistic.logits", params, x, ("d",))
    return x @ params.w + params.b


def predict_proba(params: Params, x: Array) -> Array:
    """P(y = 1 | x).  (n, d) -> (n,)"""
    return sigmoid(logits(params, x))


def predict(params: Params, x: Array) -> Array:
    """The likelier label.  (n, d) -> (n,), 0 or 1"""
    return (logits(params, x) > 0).astype(jnp.int32)


def loss(params: Params, x: Array, y: Array, *, weights: Array | None = None, l2: float = 0.0) -> Array:
    """L(w, b), in nats.  (n, d), (n,) -> ().  Raises ValueError, TypeError."""
    z = logits(params, x)
    y = probabilities("logistic.loss", y, z, weights)
    return mean(y * softplus(-z) + (1 - y) * softplus(z), weights) + penalty(params.w, l2)


def solve(x: Array, y: Array, *, weights: Array | None = None, l2: float = 0.0) -> Params:
    """The w, b where L is least, by Newton's method.  (n, d), (n,) of 0 and 1 -> Params.  Raises ValueError, TypeError.

    Warns with ConvergenceWarning where L has no minimum: l2 is 0 and a plane separates the classes, or all but rows on it.
    """
    x, y, weights, l2 = two_classes("logistic.solve", x, y, weights, l2)
    return newton_on_scaled("logistic.solve", loss, init(x.shape[1]), x, y, weights, l2)
