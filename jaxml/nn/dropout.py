"""Dropout:  y = x·m / (1 − rate),  each mᵢ drawn from {0, 1} with P(mᵢ = 0) = rate, in training alone.

Dividing keeps the mean, so nothing is to be changed where nothing is dropped.
Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, Dropout: a simple way to prevent neural networks from overfitting, 2014.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from jaxml._arguments import number
from jaxml.nn.layer import Layer, checked


def dropout(rate: float) -> Layer:
    """Drops each number with probability `rate` where there is a key, and nothing without one.  Any shape -> the same.  Raises ValueError,
    TypeError.
    """
    rate = number("dropout", "rate", rate, low=0, below=1)

    def apply(params: Any, x: Array, *, key: Array | None, **_: Any) -> Array:
        return x if key is None else jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)

    return checked("dropout", "Dropout", lambda key, input_shape: ((), input_shape), apply, axes="...")
