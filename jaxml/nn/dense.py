"""A dense layer:  y = activation(x·W + b)."""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from jaxml._arguments import integer
from jaxml.nn.activations import activation_of
from jaxml.nn.initializers import glorot_uniform
from jaxml.nn.layer import Layer, Shape, checked


class Params(NamedTuple):
    kernel: Array  # (d, units)
    bias: Array  # (units,)


def dense(units: int, *, activation: str | Callable[[Array], Array] | None = None) -> Layer:
    """Every output is a weighted sum of every input.  (..., d) -> (..., units).  Raises ValueError, TypeError."""
    units, activate = integer("dense", "units", units, low=1), activation_of("dense", activation)

    def init(key: Array, input_shape: Shape) -> tuple[Params, Shape]:
        *others, d = input_shape
        return Params(glorot_uniform(key, (d, units)), jnp.zeros(units)), (*others, units)

    def apply(params: Params, x: Array, **_: Array | None) -> Array:
        return activate(x @ params.kernel + params.bias)

    formula = lambda input_shape: f"Dense({units}): {units} × ({input_shape[-1]} + 1)"
    expects = Params._make([("d", units), (units,)])
    return checked("dense", "Dense", init, apply, axes="... d", expects=expects, formula=formula)
