"""A convolution net: windows of weights over an image, the strongest answers, windows over those, and at the end softmax regression.

    z = net(x),   P(y = j | x) = exp(z_j) / Σ_c exp(z_c),   y ∈ {0, …, k−1}

The mean cross-entropy, with an L2 penalty on all weights but the biases, is

    L(θ) = mean[softplus(mᵢ − z_yᵢ)] + l2/2 ‖kernels‖²

with mean and m as in softmax.  L is not convex: where a descent ends depends on where it starts, and on the order of the rows.
Keras' last layer would be Dense(10, activation='softmax'); here it gives z, from which the loss keeps its digits.
LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition, 1998.
"""

from functools import partial

import jax.numpy as jnp
from jax import Array
from jax.nn import logsumexp, softmax, softplus

from jaxml.models._edge import in_blocks, indicators, one_row_each
from jaxml.models._terms import mean, penalty_on_kernels
from jaxml.nn import Layer, conv2d, dense, flatten, max_pooling2d, sequential

Params = dict  # of the layers' parameters, by their names

model = sequential(
    conv2d(32, (3, 3), activation="relu"),
    max_pooling2d((2, 2)),
    conv2d(64, (3, 3), activation="relu"),
    max_pooling2d((2, 2)),
    conv2d(64, (3, 3), activation="relu"),
    flatten(),
    dense(64, activation="relu"),
    dense(10),
)


def init(key: Array, *, input_shape: tuple[int, int, int] = (28, 28, 1), net: Layer = model) -> Params:
    """Weights drawn as Keras draws them, biases zero.  -> Params.  Raises ValueError, TypeError."""
    return net.init(key, input_shape)[0]


def logits(params: Params, x: Array, *, net: Layer = model, key: Array | None = None) -> Array:
    """z, the log-probabilities up to one constant per row.  (n, h, w, c) -> (n, k).

    `net` stands for layers of your own; with a key, layers of dropout drop.
    Raises ValueError, TypeError.
    """
    return one_row_each("cnn.logits", net.apply(params, x, key=key))


def predict_proba(params: Params, x: Array, *, net: Layer = model) -> Array:
    """P(y = j | x), what model.predict gives in Keras.  (n, h, w, c) -> (n, k).  Raises ValueError, TypeError."""
    return softmax(in_blocks(partial(logits, params, net=net), x))


def predict(params: Params, x: Array, *, net: Layer = model) -> Array:
    """The likeliest label.  (n, h, w, c) -> (n,), 0 to k−1.  Raises ValueError, TypeError."""
    return jnp.argmax(in_blocks(partial(logits, params, net=net), x), axis=1).astype(jnp.int32)


def loss(
    params: Params, x: Array, y: Array, *, weights: Array | None = None, l2: float = 0.0, net: Layer = model, key: Array | None = None,
) -> Array:  # fmt: skip
    """L(θ), in nats.  (n, h, w, c), (n,) -> ().  Raises ValueError, TypeError."""
    z = logits(params, x, net=net, key=key)
    is_y = indicators("cnn.loss", y, z, weights)
    z_y = jnp.sum(is_y * z, axis=1)
    m = logsumexp(jnp.where(is_y == 0, z, -jnp.inf), axis=1)
    return mean(softplus(m - z_y), weights) + penalty_on_kernels(params, l2)
