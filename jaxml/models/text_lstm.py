"""Text in two classes: a vector for each word, an LSTM that reads them one after the other, and logistic regression on what it remembers.

    z = net(ids),   P(y = 1 | ids) = σ(z),   y ∈ {0, 1}

The mean cross-entropy, with an L2 penalty on all weights but the biases, is

    L(θ) = mean[y softplus(−zᵢ) + (1 − y) softplus(zᵢ)] + l2/2 ‖kernels‖²

with mean as in logistic.  The id 0 is padding.  With mask_zero the LSTM passes over it; without, as in the popular guide, it reads on
through the padding, and of a short text little is left in h when it ends.
Keras' last layer would be Dense(1, activation='sigmoid'); here it gives z, from which the loss keeps its digits.
Hochreiter and Schmidhuber, Long short-term memory, 1997.
"""

from functools import partial

import jax.numpy as jnp
from jax import Array
from jax.nn import sigmoid, softplus

from jaxml.models._edge import in_blocks, layers_for, one_column, probabilities
from jaxml.models._terms import mean, penalty_on_kernels
from jaxml.nn import Layer, dense, embedding, lstm, sequential

Params = dict  # of the layers' parameters, by their names


def model(vocabulary_size: int, embedding_dim: int = 16, *, mask_zero: bool = True) -> Layer:
    """The layers.  A vocabulary of v words has the ids 1 … v, and with the padding v + 1.  Raises ValueError, TypeError."""
    return sequential(
        embedding(vocabulary_size, embedding_dim, mask_zero=mask_zero),
        lstm(32),
        dense(24, activation="relu"),
        dense(1),
    )


def init(key: Array, *, vocabulary_size: int, embedding_dim: int = 16) -> Params:
    """Weights drawn as Keras draws them.  -> Params of model(vocabulary_size, embedding_dim).  Raises ValueError, TypeError."""
    return model(vocabulary_size, embedding_dim).init(key, (1,))[0]


def logits(params: Params, x: Array, *, mask_zero: bool = True, net: Layer | None = None, key: Array | None = None) -> Array:
    """z, the log-odds of y = 1, of ids.  (n, t) -> (n,).  `net` stands for layers of your own; with a key, layers of dropout drop.

    Raises ValueError, TypeError.
    """
    net = layers_for("text_lstm.logits", model, params, mask_zero) if net is None else net
    return one_column("text_lstm.logits", net.apply(params, x, key=key))


def predict_proba(params: Params, x: Array, *, mask_zero: bool = True, net: Layer | None = None) -> Array:
    """P(y = 1 | ids), what model.predict gives in Keras.  (n, t) -> (n,).  Raises ValueError, TypeError."""
    return sigmoid(in_blocks(partial(logits, params, mask_zero=mask_zero, net=net), x))


def predict(params: Params, x: Array, *, mask_zero: bool = True, net: Layer | None = None) -> Array:
    """The likelier label.  (n, t) -> (n,), 0 or 1.  Raises ValueError, TypeError."""
    return (in_blocks(partial(logits, params, mask_zero=mask_zero, net=net), x) > 0).astype(jnp.int32)


def loss(
    params: Params, x: Array, y: Array, *, weights: Array | None = None, l2: float = 0.0,
    mask_zero: bool = True, net: Layer | None = None, key: Array | None = None,
) -> Array:  # fmt: skip
    """L(θ), in nats; y may be a probability.  (n, t), (n,) -> ().  Raises ValueError, TypeError."""
    z = logits(params, x, mask_zero=mask_zero, net=net, key=key)
    y = probabilities("text_lstm.loss", y, z, weights)
    return mean(y * softplus(-z) + (1 - y) * softplus(z), weights) + penalty_on_kernels(params, l2)
