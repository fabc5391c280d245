"""What enters a descent: the loss's arguments by name, converted and checked once, before anything is compiled."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxml._arguments import INT32_MAX, automatic_sharding, describe, example_weights, floats, is_typed_key, number, refuse, shape_of


def check_loss(function: str, loss: Any) -> None:
    if not callable(loss):
        refuse(function, "loss", "is not a function", describe(loss), "pass loss(params, *data) -> scalar", TypeError)


def check_optimizer(function: str, optimizer: Any) -> None:
    if not (hasattr(optimizer, "init") and hasattr(optimizer, "update")):
        refuse(function, "optimizer", "is not an optax optimizer", describe(optimizer), "pass one, as optax.sgd(0.1)", TypeError)


def finite_params(function: str, params: Any) -> Any:
    """Every leaf as a finite floating array."""
    if not jax.tree.leaves(params):
        refuse(function, "params", "has no arrays", describe(params), "pass the start, as init(...) returns it")
    named = lambda path, leaf: jnp.asarray(floats(function, "params" + jax.tree_util.keystr(path), leaf, canonical=True))
    return jax.tree_util.tree_map_with_path(named, params)


def data_names(loss: Callable[..., Any], n: int) -> list[str]:
    """The loss's own names for its data, the parameters left out: x, y for most."""
    try:
        names = [p.name for p in inspect.signature(loss).parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][1:]
    except (TypeError, ValueError):
        names = []
    return [names[i] if i < len(names) else f"data[{i}]" for i in range(n)]


def finite_data(function: str, names: list[str], data: tuple[Any, ...]) -> tuple[Any, ...]:
    """Each argument as JAX arrays: floats finite and in JAX's width, integers within int32; dicts and tuples keep their form."""
    return tuple(_convert(function, name, value) for name, value in zip(names, data, strict=True))


def _convert(function: str, name: str, value: Any) -> Any:
    if isinstance(value, list):
        shape_of(function, name, value)  # refuses rows of different lengths
        value = np.asarray(value)
    leaf = lambda path, v: _leaf(function, name + jax.tree_util.keystr(path), v)
    return jax.tree_util.tree_map_with_path(leaf, value)


def _leaf(function: str, name: str, value: Any) -> Any:
    array = automatic_sharding(value) if isinstance(value, jax.Array) else np.asarray(value)
    if is_typed_key(array):
        return array
    if array.size == 0:
        refuse(function, name, "is empty", f"shape {array.shape}", "pass at least one row")
    if array.dtype.kind not in "iub":
        return jnp.asarray(floats(function, name, array, canonical=True))
    if array.dtype.itemsize > 4 and not jax.config.read("jax_enable_x64") and np.abs(np.asarray(array)).max() > INT32_MAX:
        refuse(function, name, "has integers beyond int32", str(np.abs(array).max()), "turn x64 on, or use smaller integers")
    return jnp.asarray(array)


def split_hyper(function: str, hyper: dict[str, Any]) -> tuple[dict[str, Any], tuple[tuple[str, Any], ...]]:
    """Keyword arguments as arrays, which are data to the compiler, and the rest, which it may take as constants.

    weights and l2 mean in every loss what they mean in the models': none negative.
    """
    if hyper.get("weights") is not None:
        hyper = {**hyper, "weights": example_weights(function, hyper["weights"], len(hyper["weights"]), canonical=True)}
    if "l2" in hyper:
        hyper = {**hyper, "l2": number(function, "l2", hyper["l2"], low=0)}
    arrays = {name: _convert(function, name, value) for name, value in hyper.items() if _holds_numbers(value)}
    constants = {name: value for name, value in hyper.items() if name not in arrays}
    for name, value in constants.items():
        try:
            hash(value)
        except TypeError:
            wanted = "pass numbers, or something that the compiler can take as a constant: text, functions, tuples of them"
            refuse(function, name, "is neither numbers nor a constant", describe(value), wanted, TypeError)
    return arrays, tuple(constants.items())


def _holds_numbers(value: Any) -> bool:
    """Whether a value is data to the compiler: arrays, floats, and what holds numbers alone; not a lone int, nor a net's layer."""
    if isinstance(value, (list, dict, tuple)):
        leaves = jax.tree.leaves(value)
        return bool(leaves) and all(hasattr(leaf, "dtype") or isinstance(leaf, numbers.Number) for leaf in leaves)
    return isinstance(value, float) or hasattr(value, "dtype")


def takes_key(loss: Callable[..., Any]) -> bool:
    """Whether the loss has an argument key=None: one that draws random numbers in training, and none where it gets no key."""
    try:
        key = inspect.signature(loss).parameters.get("key")
    except (TypeError, ValueError):
        return False
    return key is not None and key.default is None


def scalar(function: str, value: Any) -> Array:
    """The value of a loss, which must be one number.  Free inside jit."""
    if getattr(value, "shape", None) != ():
        got = describe(value) if hasattr(value, "shape") else type(value).__name__
        refuse(function, "loss", "does not return one number", got, "return a scalar, as jnp.mean(...) of the rows' losses", TypeError)
    return value


def common_rows(function: str, names: list[str], data: tuple[Any, ...]) -> int:
    """The number of rows that every array of the data has."""
    leaves = [(name, leaf) for name, value in zip(names, data, strict=True) for leaf in jax.tree.leaves(value)]
    if not leaves:
        refuse(function, "data", "is missing", "no arrays", "pass the loss's data, as x and y")
    for name, leaf in leaves:
        if leaf.ndim == 0:
            refuse(function, name, "is a single number", describe(leaf), "pass one entry per row; constants go by keyword")
        if len(leaf) != len(leaves[0][1]):
            got = f"lengths {len(leaves[0][1])} and {len(leaf)}"
            refuse(function, name, f"has {len(leaf)} rows, but '{leaves[0][0]}' has {len(leaves[0][1])}", got, "pass one entry per row")
    return len(leaves[0][1])


def refuse_bad_start(function: str, loss: Callable[..., Array], params: Any, names: list[str], data: tuple[Any, ...]) -> NoReturn:
    """The loss is not finite before the first step, though params and data are: names the row that makes it so, or the start."""
    refuse_bad_rows(function, loss, params, names, data)
    what = "is a bad start: the loss or its gradient there is not finite"
    refuse(function, "params", what, describe(params), "start nearer to zero, or rescale the data")


def refuse_bad_rows(function: str, loss: Callable[..., Array], params: Any, names: list[str], data: tuple[Any, ...]) -> None:
    """Names the first row whose own loss at params is not finite, if the loss can be taken row by row."""
    try:
        n = common_rows(function, names, data)
        row_loss = lambda i: loss(params, *jax.tree.map(lambda a: a[i][None], data))
        bad = ~np.isfinite(np.asarray(jax.lax.map(row_loss, jnp.arange(n))))
    except (TypeError, ValueError, IndexError):  # a loss of another form: it has no rows
        return
    if bad.any():
        row = int(np.argmax(bad))
        show = lambda v: np.array2string(np.asarray(jax.tree.leaves(v)[0][row]), precision=4, threshold=6)
        entries = ", ".join(f"{name} = {show(value)}" for name, value in zip(names, data, strict=True))
        wanted = "pass data that the loss is defined on; labels are 0 ... k-1, as preprocessing.encode_labels makes them"
        refuse(function, names[-1], f"makes the loss at the start not finite, first in row {row}", entries, wanted)
