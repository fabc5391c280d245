"""Activation functions, by Keras' names, elementwise but for softmax."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.nn import elu, relu, selu, sigmoid, silu, softmax, softplus

from jaxml._arguments import describe, refuse
from jaxml.nn.layer import Layer, checked


def linear(z: Array) -> Array:
    """z itself."""
    return z


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "elu": elu,
    "exponential": jnp.exp,
    "gelu": partial(jax.nn.gelu, approximate=False),
    "leaky_relu": partial(jax.nn.leaky_relu, negative_slope=0.2),
    "linear": linear,
    "relu": relu,
    "selu": selu,
    "sigmoid": sigmoid,
    "silu": silu,
    "softmax": softmax,
    "softplus": softplus,
    "tanh": jnp.tanh,
}


def activation(function: str | Callable[[Array], Array]) -> Layer:
    """An activation as a layer of its own.  Any shape -> the same.  Raises ValueError, TypeError."""
    activate = activation_of("activation", function)
    init = lambda key, input_shape: ((), input_shape)
    return checked("activation", "Activation", init, lambda params, x, **_: activate(x), axes="...")


def activation_of(layer: str, value: Any) -> Callable[[Array], Array]:
    """The function that a name, a function or None stands for."""
    if value is None:
        return linear
    if callable(value):
        return value
    if not isinstance(value, str):
        refuse(layer, "activation", "is neither a name nor a function", describe(value), "pass 'relu', say, or jax.nn.relu", TypeError)
    if value not in ACTIVATIONS:
        refuse(layer, "activation", "is not known", repr(value), f"pass one of {', '.join(ACTIVATIONS)}, or a function")
    return ACTIVATIONS[value]
