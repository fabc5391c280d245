"""What a layer is: an initialisation, a function, and what a table says of it.

A layer holds no numbers.  Its parameters are made by `init`, given to `apply`, and are a NamedTuple in the order of Keras' get_weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from jaxml import _arguments
from jaxml._arguments import describe, random_key, refuse, shape_of

Shape = tuple[int, ...]  # of one example: the axis of the batch is left out


class Layer(NamedTuple):
    name: str  # as Keras names it: conv2d
    init: Callable[[Array, Shape], tuple[Any, Shape]]  # (key, input_shape) -> (params, output_shape)
    apply: Callable[..., Array]  # apply(params, x, *, key=None, mask=None); with a key it is a step of training
    kind: str = "Layer"  # the name of Keras' class: Conv2D
    expects: Any = ()  # the layer's Params, with a shape in place of each array; a letter stands for any size
    formula: Callable[[Shape], str] = lambda input_shape: ""  # the number of parameters as a formula of the sizes
    next_mask: Callable[[Any, Any], Any] = lambda x, mask: mask  # (x, mask) -> the mask for the layer after this one
    layers: tuple[Layer, ...] = ()  # of a sequential
    look: Callable[[Any, Any], Any] = lambda params, x: x  # what apply refuses, before anything is compiled; x may be None


def checked(
    name: str, kind: str, init: Callable, apply: Callable, *, axes: str, expects: Any = (), values: Callable | None = None, **rest: Any,
) -> Layer:  # fmt: skip
    """A Layer whose init and apply look at their arguments first.  `axes` are the names of one example's: "h w c", or "..." for any.

    x is numbers, unless `values` says what else it may be.
    """

    def checked_init(key: Array, input_shape: Shape) -> tuple[Any, Shape]:
        return init(random_key(name, key), _input_shape(name, input_shape, axes))

    def look(params: Any, x: Any) -> Any:
        sizes = check_params(name, expects, params)
        if x is None:
            return None
        x = _numbers(name, x) if values is None else values(params, x)
        _check_axes(name, x.shape, axes)
        last = axes.split()[-1]
        if x.shape[-1] != sizes.get(last, x.shape[-1]):
            wanted = f"pass {last} = {sizes[last]}, for which the parameters were made"
            refuse(name, "x", f"has {x.shape[-1]} numbers in its last axis, not {sizes[last]}", f"shape {x.shape}", wanted)
        return x

    def checked_apply(params: Any, x: Any, *, key: Array | None = None, mask: Any = None, **more: Any) -> Array:
        x = look(params, _given(name, x))
        mask = None if mask is None else _mask(name, mask, x)
        return apply(params, x, key=None if key is None else random_key(name, key), mask=mask, **more)

    return Layer(name, checked_init, checked_apply, kind, expects, look=look, **rest)


def _given(name: str, x: Any) -> Any:
    if x is None:
        refuse(name, "x", "is missing", "None", "pass an array", TypeError)
    return x


def check_params(name: str, expects: Any, params: Any) -> dict[str, int]:
    """Refuses parameters of another layer, or of another size.  -> the sizes that the letters in `expects` stand for"""
    if expects == ():
        if params != ():
            refuse(name, "params", "is not empty, as this layer has none", describe(params), "pass ()")
        return {}
    if getattr(params, "_fields", None) != expects._fields:
        wanted = f"pass the {', '.join(expects._fields)} that init, a descent or from_weights gave"
        refuse(name, "params", "is not this layer's Params", describe(params), wanted, TypeError)
    sizes: dict[str, int] = {}
    for field, shape, leaf in zip(expects._fields, expects, params, strict=True):
        got = shape_of(name, f"params.{field}", leaf)
        for axis, n in zip(shape, got, strict=False):
            if isinstance(axis, str):
                sizes.setdefault(axis, n)
        if got != tuple(sizes.get(axis, axis) for axis in shape):
            wanted = f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
            refuse(name, f"params.{field}", "has not this layer's shape", f"shape {got}", f"pass {wanted}")
        _arguments.finite(name, f"params.{field}", leaf)
    return sizes


def check_state(name: str, state: Any, kind: Any, shape: Shape) -> None:
    """Refuses what is neither None nor that kind of state, of that shape."""
    if state is not None and (not isinstance(state, kind) or {jnp.shape(a) for a in state} != {shape}):
        wanted = f"pass {kind.__name__}({', '.join(kind._fields)}), each of shape {shape}"
        refuse(name, "initial_state", f"is not a {kind.__name__} of this size", describe(state), wanted, TypeError)


def _input_shape(name: str, shape: Any, axes: str) -> Shape:
    wanted = f"pass the sizes of one example, without the batch: {_tuple_of(axes)}"
    if not isinstance(shape, (tuple, list)) or any(isinstance(n, bool) or not hasattr(n, "__index__") for n in shape):
        refuse(name, "input_shape", "is not a tuple of whole numbers", describe(shape), wanted, TypeError)
    sizes = tuple(int(n) for n in shape)
    if not _fits(sizes, axes) or min(sizes) < 1:
        refuse(name, "input_shape", "does not fit this layer", str(sizes), wanted)
    return sizes


def _numbers(name: str, x: Any) -> Array:
    return jnp.asarray(_arguments.floats(name, "x", x, canonical=True))


def _check_axes(name: str, shape: Shape, axes: str) -> None:
    if 0 in shape:
        refuse(name, "x", "is empty", f"shape {shape}", "pass at least one example, and no axis of size 0")
    if not _fits(shape[1:], axes) or not shape:
        remedy = {"h w c": "; one example is x[None], grey images are x[..., None]", "t": "; one example is x[None]"}.get(axes, "")
        refuse(name, "x", f"has {len(shape)} dimensions", f"shape {shape}", f"pass {_tuple_of('n ' + axes)}{remedy}")


def _fits(sizes: Shape, axes: str) -> bool:
    return len(sizes) >= 1 if "..." in axes else len(sizes) == len(axes.split())


def _tuple_of(axes: str) -> str:
    names = axes.split()
    return f"({', '.join(names)}{',' * (len(names) == 1)})"


def _mask(name: str, mask: Any, x: Array) -> Array:
    shape = shape_of(name, "mask", mask)
    if shape != x.shape[:2]:
        refuse(name, "mask", "does not match x", f"shape {shape} and x of shape {x.shape}", f"pass one boolean a step: {x.shape[:2]}")
    mask = jnp.asarray(mask)
    if mask.dtype != bool:
        refuse(name, "mask", "is not boolean", str(mask.dtype), "pass True where there is something, as ids != 0", TypeError)
    return mask
