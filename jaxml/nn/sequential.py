"""Layers one after the other, which are again a layer.

y = layer_k(… layer_2(layer_1(x)))
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax
from jax import Array

from jaxml import _arguments
from jaxml._arguments import describe, random_key, refuse
from jaxml.nn.layer import Layer, Shape


def sequential(*layers: Layer) -> Layer:
    """A net: what one layer returns, the next one takes.  Raises ValueError, TypeError, with the name of the layer where it happened.

    Its parameters are a dict of the layers' parameters, by the names conv2d, conv2d_1, …; layers without any are left out.
    The mask that an embedding makes goes with the numbers, from layer to layer, until one uses it up.  Each layer has a key of its own.
    """
    for i, each in enumerate(layers):
        if not isinstance(each, Layer):
            wanted = "pass layers, as dense(10); a function is activation(function)"
            refuse("sequential", "layers", "has something that is not a layer", f"{describe(each)} at position {i}", wanted, TypeError)
    if not layers:
        refuse("sequential", "layers", "is empty", "no layers", "pass at least one")
    named = list(zip(unique_names(layers), layers, strict=True))

    def init(key: Array, input_shape: Shape) -> tuple[dict[str, Any], Shape]:
        key, params, shape = random_key("sequential", key), {}, input_shape
        for i, (name, layer) in enumerate(named):
            with error_of(name, layer):
                params[name], shape = layer.init(jax.random.fold_in(key, i), shape)
        return {name: p for name, p in params.items() if p != ()}, shape

    def look(params: Any, x: Any) -> Any:
        check_names(named, params)
        seen: list[Any] = []
        for name, layer in named:
            with error_of(name, layer):  # what comes to the layers after the first is not there yet
                seen.append(layer.look(params.get(name, ()), None if seen else x))
        return seen[0]

    def run(params: dict[str, Any], x: Any, key: Array | None, mask: Any) -> Array:
        for i, (name, layer) in enumerate(named):
            with error_of(name, layer):
                k = None if key is None else jax.random.fold_in(key, i)
                x, mask = layer.apply(params.get(name, ()), x, key=k, mask=mask), layer.next_mask(x, mask)
        return x

    compiled = jax.jit(run)  # outside jit too: one program is sooner there than one for each operation

    def apply(params: dict[str, Any], x: Any, *, key: Array | None = None, mask: Any = None) -> Array:
        key = None if key is None else random_key("sequential", key)
        y = compiled(params, look(params, x), key, mask)
        _arguments.finite("sequential", "params", y)
        return y

    def next_mask(x: Any, mask: Any) -> Any:
        for layer in layers:
            x, mask = None, layer.next_mask(x, mask)
        return mask

    return Layer("sequential", init, apply, "Sequential", next_mask=next_mask, layers=layers, look=look)


def unique_names(layers: tuple[Layer, ...]) -> list[str]:
    """The layers' names, and where one comes again, with a number: conv2d, conv2d_1."""
    seen: Counter[str] = Counter()
    names = []
    for layer in layers:
        names.append(f"{layer.name}_{seen[layer.name]}" if seen[layer.name] else layer.name)
        seen[layer.name] += 1
    return names


def check_names(layers: list[tuple[str, Layer]], params: Any) -> None:
    """Refuses parameters of another net."""
    wanted = {name for name, layer in layers if layer.expects != () or layer.layers}
    if not isinstance(params, dict) or set(params) != wanted:
        got = f"{sorted(params)}" if isinstance(params, dict) else describe(params)
        refuse("sequential", "params", "is not of these layers", got, f"pass the dict that init gave, with {sorted(wanted)}", TypeError)


@contextmanager
def error_of(name: str, layer: Layer) -> Iterator[None]:
    """Says which of several layers of one kind refused its arguments."""
    try:
        yield
    except (ValueError, TypeError) as error:
        if type(error) not in (ValueError, TypeError):  # jax's own errors keep their kind and words
            raise
        text = str(error)
        raise type(error)(name + text.removeprefix(layer.name) if text.startswith(f"{layer.name}:") else f"{name}/{text}") from error
