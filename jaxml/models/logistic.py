"""Logistic regression:  P(y = 1 | x) = σ(z),  z = x·w + b,  y ∈ {0, 1}.

The mean cross-entropy, with an L2 penalty on w alone, is

    L(w, b) = mean[yᵢ softplus(−zᵢ) + (1 − yᵢ) softplus(zᵢ)] + l2/2 ‖w‖²

where mean[v] = Σ weightsᵢ vᵢ / Σ weightsᵢ and softplus(z) = log(1 + exp(z)).  softplus(−z) is −log σ(z); softplus(z) is −log(1 − σ(z)).
The bracket equals softplus(z) − y z, which cancels: at y = 1, z = 20 float32 gives 20 − 20 = 0, where softplus(−20) = 2.1e-9.
L is convex.  The C of scikit-learn's LogisticRegression is l2 = 1/(C Σ weightsᵢ), which is 1/(C n) without weights.
Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 4.4.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.nn import sigmoid, softplus

from jaxml.models._edge import probabilities, rows, two_classes
from jaxml.models._newton import newton_on_scaled
from jaxml.models._terms import mean, penalty


class Params(NamedTuple):
    w: Array  # (d,)
    b: Array  # ()


def init(n_features: int) -> Params:
    """Zeros: L is convex, so from any start a descent can reach the least L."""
    return Params(w=jnp.zeros(n_features), b=jnp.zeros(()))


def logits(params: Params, x: Array) -> Array:
    """z, the log-odds of y = 1.  (n, d) -> (n,).  Raises ValueError, TypeError."""
    x = rows("logistic.logits", params, x, ("d",))
    return x @ params.w + params.b


def predict_proba(params: Params, x: Array) -> Array:
    """P(y = 1 | x).  (n, d) -> (n,).  Raises ValueError, TypeError."""
    return sigmoid(logits(params, x))


def predict(params: Params, x: Array) -> Array:
    """The likelier label.  (n, d) -> (n,), 0 or 1.  Raises ValueError, TypeError."""
    return (logits(params, x) > 0).astype(jnp.int32)


def loss(params: Params, x: Array, y: Array, *, weights: Array | None = None, l2: float = 0.0) -> Array:
    """L(w, b), in nats; y may be a probability.  (n, d), (n,) -> ().  Raises ValueError, TypeError."""
    z = logits(params, x)
    y = probabilities("logistic.loss", y, z, weights)
    return mean(y * softplus(-z) + (1 - y) * softplus(z), weights) + penalty(params.w, l2)


def solve(x: Array, y: Array, *, weights: Array | None = None, l2: float = 0.0) -> Params:
    """The w, b where L is least, by Newton's method.  (n, d), (n,) of 0 and 1 -> Params.  Raises ValueError, TypeError.

    Warns with ConvergenceWarning where L has no minimum (l2 is 0, and a plane has no row on its wrong side and not every row on it)
    or Newton stops short of it, and with IllConditionedWarning where float32 hardly resolves a column.
    Where several are least (dependent columns, l2 = 0), one of them, without a warning.
    """
    x, y, weights, l2 = two_classes("logistic.solve", x, y, weights, l2)
    return newton_on_scaled("logistic.solve", loss, init(x.shape[1]), x, y, weights, l2)
