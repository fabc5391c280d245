"""What the checks share: a loss in 64 bits as a function of one vector, and names for its coordinates."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from jaxml._arguments import refuse
from jaxml.descent._data import check_loss, data_names, finite_data, finite_params, scalar, split_hyper


def x64() -> AbstractContextManager:
    """64-bit JAX within a `with`; the process' own setting is left alone."""
    home = jax if hasattr(jax, "enable_x64") else importlib.import_module("jax.experimental")  # where jax 0.7 has it
    scope: Callable[[bool], AbstractContextManager] = home.enable_x64
    return scope(True)


class Problem(NamedTuple):
    """L(θ) = loss(params, *data, **hyper), with θ the parameters in one vector."""

    function: str  # the check's name, for its errors
    loss: Callable[..., Array]
    theta: Array  # (p,) float64
    params_of: Callable[[Array], Any]  # θ in the form of the parameters
    data: tuple[Any, ...]
    hyper: dict[str, Any]
    data_names: list[str]
    leaves: dict[str, slice]  # each leaf's name, and its place in θ
    shapes: dict[str, tuple[int, ...]]

    def value(self, theta: Array) -> Array:
        """L(θ).  (p,) -> ()"""
        arrays = {name: value for name, value in self.hyper.items() if all(hasattr(leaf, "dtype") for leaf in jax.tree.leaves(value))}
        constants = {name: value for name, value in self.hyper.items() if name not in arrays}
        # subtle: a net looks at the values of data that are not traced, which it cannot while θ is
        of_traced = jax.jit(lambda data, arrays: self.loss(self.params_of(theta), *data, **arrays, **constants))
        return scalar(self.function, of_traced(self.data, arrays))

    def coordinate(self, i: int) -> str:
        """The name of θᵢ: b, or w[3], or kernel[2, 0]."""
        name, place = next((name, place) for name, place in self.leaves.items() if place.start <= i < place.stop)
        index = np.unravel_index(i - place.start, self.shapes[name])
        return f"{name}[{', '.join(map(str, index))}]" if index else name

    def coordinates(self, names: Sequence[str] | None) -> list[str]:
        """A name for each parameter: names[i] for the i-th of all, or for those of the i-th feature."""
        own = [self.coordinate(i) for i in range(len(self.theta))]
        if names is None:
            return own
        names = [str(name) for name in names]
        if len(names) == len(own):
            return names
        # the first such leaf is what the features enter; a later one, as of biases, may be as long by chance
        leaf = next((leaf for leaf, shape in self.shapes.items() if shape[:1] == (len(names),)), None)
        if leaf is None:
            got, wanted = f"{len(names)} names for {len(own)} parameters", "pass one for each column of the features, or for each parameter"
            refuse(self.function, "names", "fit no parameter", got, wanted)
        for i, (first, *others) in enumerate(np.ndindex(self.shapes[leaf]), self.leaves[leaf].start):
            own[i] = names[first] + (f"[{', '.join(map(str, others))}]" if others else "")
        return own


def read(function: str, loss: Callable[..., Array], params: Any, data: tuple[Any, ...], hyper: dict[str, Any]) -> Problem:
    """The arguments of a check, finite and in float64.  To be called, and its result used, inside x64()."""
    check_loss(function, loss)
    params = in_float64(finite_params(function, params))
    names = data_names(loss, len(data))
    data = in_float64(finite_data(function, names, data))
    arrays, constants = split_hyper(function, hyper)
    theta, params_of = ravel_pytree(params)
    found, _ = jax.tree_util.tree_flatten_with_path(params)
    leaves, shapes, start = {}, {}, 0
    for path, leaf in found:
        name = leaf_name(path)
        leaves[name], shapes[name] = slice(start, start + leaf.size), leaf.shape
        start += leaf.size
    problem = Problem(function, loss, theta, params_of, data, {**in_float64(arrays), **dict(constants)}, names, leaves, shapes)
    refuse_undifferentiable(problem)
    return problem


def in_float64(tree: Any) -> Any:
    """Floating leaves as float64; others as they are."""
    wide = lambda leaf: leaf.astype(jnp.float64) if jnp.issubdtype(jnp.result_type(leaf), jnp.floating) else leaf
    return jax.tree.map(lambda leaf: wide(jnp.asarray(leaf)) if isinstance(leaf, float) or hasattr(leaf, "dtype") else leaf, tree)


def refuse_undifferentiable(problem: Problem) -> None:
    """A loss that leaves JAX, or is not one number, is found before anything is computed."""
    try:
        jax.eval_shape(problem.value, problem.theta)
    except (jax.errors.TracerArrayConversionError, jax.errors.ConcretizationTypeError) as error:
        wanted = "write it with jax.numpy, and jnp.where in place of if"
        refuse(problem.function, "loss", "cannot be differentiated by JAX", str(error).partition("\n")[0][:120], wanted, TypeError)


def leaf_name(path: tuple[Any, ...]) -> str:
    """w for params.w, layer.kernel for params['layer'].kernel, [0] for params[0], params for an array alone."""
    parts = [jax.tree_util.keystr((key,)) for key in path]
    words = [part.removeprefix("['").removesuffix("']") if part.startswith("['") else part.removeprefix(".") for part in parts]
    return "".join(word if word.startswith("[") or i == 0 else f".{word}" for i, word in enumerate(words)) or "params"
