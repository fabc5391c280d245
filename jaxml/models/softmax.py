"""Softmax regression:  P(y = j | x) = exp(z_j) / Σₖ exp(z_k),  z = x w + b,  y ∈ {0, …, k−1}.

The mean cross-entropy, with an L2 penalty on w alone, is, with m = logsumexp of the other classes' z,

    L(w, b) = mean softplus(mᵢ − z_yᵢ) + l2/2 ‖w‖²

since −log P(y) = logsumexp(z) − z_y = log(1 + exp(m − z_y)): logistic regression of y against the rest.
This form keeps its digits where logsumexp(z) − z_y cancels.  L is convex.
Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 4.4.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.nn import logsumexp, softplus

from jaxml.models._edge import classification, indicators, mean, rows
from jaxml.models._newton import newton_on_scaled


class Params(NamedTuple):
    w: Array  # (d, k)
    b: Array  # (k,)


def init(n_features: int, n_classes: int) -> Params:
    """Zeros: L is convex, so the start does not matter."""
    return Params(w=jnp.zeros((n_features, n_classes)), b=jnp.zeros(n_classes))


def logits(params: Params, x: Array) -> Array:
    """z, the log-probabilities up to a constant of the row.  (n, d) -> (n, k)"""
    x = rows("softmax.logits", params, x)
    return x @ params.w + params.b


def predict_proba(params: Params, x: Array) -> Array:
    """P(y = j | x).  (n, d) -> (n, k)"""
    return jax.nn.softmax(logits(params, x))


def predict(params: Params, x: Array) -> Array:
    """The likeliest label.  (n, d) -> (n,), 0 to k−1"""
    return jnp.argmax(logits(params, x), axis=1).astype(jnp.int32)


def loss(params: Params, x: Array, y: Array, *, weights: Array | None = None, l2: float = 0.0) -> Array:
    """L(w, b), in nats.  (n, d), (n,) -> ()"""
    z = logits(params, x)
    y = indicators("softmax.loss", y, z, weights)
    m, z_y = logsumexp(jnp.where(y == 0, z, -jnp.inf), axis=1), jnp.sum(y * z, axis=1)
    return mean(softplus(m - z_y), weights) + jnp.vdot(l2 / 2 * params.w, params.w)


def solve(x: Array, y: Array, *, weights: Array | None = None, l2: float = 0.0) -> Params:
    """The w, b where L is least, by Newton's method; of several, the ones of least norm.  (n, d), (n,) -> Params

    k is the largest label + 1.  Warns with ConvergenceWarning where L has no minimum: planes separate the classes and l2 is 0.
    """
    x, y, weights, penalty, k = classification("softmax.solve", x, y, weights, l2)
    w, b = newton_on_scaled("softmax.solve", loss, init(x.shape[1], k), x, y, weights, penalty)
    # the same vector added to every class changes no probability; classes that sum to zero have the least norm
    return Params(w - w.mean(axis=1, keepdims=True), b - b.mean())
