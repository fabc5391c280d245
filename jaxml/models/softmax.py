"""Softmax regression:  P(y = j | x) = exp(z_j) / Σ_c exp(z_c),  z = x·w + b,  y ∈ {0, …, k−1}.

The mean cross-entropy, with an L2 penalty on w alone, is

    L(w, b) = mean[softplus(mᵢ − z_yᵢ)] + l2/2 ‖w‖²

where mean[v] = Σ weightsᵢ vᵢ / Σ weightsᵢ, z_y is z at the row's own label, and m is the logsumexp of z at the other labels.
−log P(y | x) = log(1 + exp(m − z_y)) = softplus(m − z_y).  It equals logsumexp(z) − z_y, which cancels where z_y is far above m.
L is convex.  The C of scikit-learn's LogisticRegression is l2 = 1/(C Σ weightsᵢ), which is 1/(C n) without weights.
Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 4.4.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.nn import logsumexp, softmax, softplus

from jaxml.models._edge import indicators, rows, several_classes
from jaxml.models._newton import newton_on_scaled
from jaxml.models._terms import mean, penalty


class Params(NamedTuple):
    w: Array  # (d, k)
    b: Array  # (k,)


def init(n_features: int, n_classes: int) -> Params:
    """Zeros: L is convex, so from any start a descent can reach the least L."""
    return Params(w=jnp.zeros((n_features, n_classes)), b=jnp.zeros(n_classes))


def logits(params: Params, x: Array) -> Array:
    """z, the log-probabilities up to one constant per row.  (n, d) -> (n, k).  Raises ValueError, TypeError."""
    x = rows("softmax.logits", params, x, ("d", "k"))
    return x @ params.w + params.b


def predict_proba(params: Params, x: Array) -> Array:
    """P(y = j | x).  (n, d) -> (n, k).  Raises ValueError, TypeError."""
    return softmax(logits(params, x))


def predict(params: Params, x: Array) -> Array:
    """The likeliest label.  (n, d) -> (n,), 0 to k−1.  Raises ValueError, TypeError."""
    return jnp.argmax(logits(params, x), axis=1).astype(jnp.int32)


def loss(params: Params, x: Array, y: Array, *, weights: Array | None = None, l2: float = 0.0) -> Array:
    """L(w, b), in nats.  (n, d), (n,) -> ().  Raises ValueError, TypeError."""
    z = logits(params, x)
    is_y = indicators("softmax.loss", y, z, weights)
    z_y = jnp.sum(is_y * z, axis=1)
    m = logsumexp(jnp.where(is_y == 0, z, -jnp.inf), axis=1)
    return mean(softplus(m - z_y), weights) + penalty(params.w, l2)


def solve(x: Array, y: Array, *, weights: Array | None = None, l2: float = 0.0) -> Params:
    """The w, b where L is least, by Newton's method.  (n, d), (n,) of 0 … k−1 -> Params.  Raises ValueError, TypeError.

    One vector added to every column of w, or one number to every b, changes no probability: each row of w, and b, sums to zero here.
    Warns with ConvergenceWarning where L has no minimum (l2 is 0, and some w, b put no class above any row's own, and some row's own
    strictly above another) or Newton stops short of it, and with IllConditionedWarning where float32 hardly resolves a column.
    Where several are least (dependent columns, l2 = 0), one of them, without a warning.
    """
    x, y, weights, l2, k = several_classes("softmax.solve", x, y, weights, l2)
    w, b = newton_on_scaled("softmax.solve", loss, init(x.shape[1], k), x, y, weights, l2)
    return Params(w - w.mean(axis=1, keepdims=True), b - b.mean())
