"""A loss step by step: its arrays in between, and its gradient with another rule for some of them.

Reverse mode passes δ_v = ∂L/∂v back from each array v to those it was computed from.  Here a learner's slip in that chain can be made
on purpose: δ_v times a number of our choice, or passed straight on to an earlier array.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.extend.core import ClosedJaxpr, Literal

from jaxml.checks._operations import apply
from jaxml.checks._problem import Problem

CALLS = ("jit", "pjit", "closed_call", "core_call", "remat2", "checkpoint")  # steps that only hold other steps
LINEAR = ("neg", "convert_element_type", "reshape", "squeeze", "copy")  # steps that pass a sum's terms on one by one


class Step(NamedTuple):
    """One line of the traced loss; arrays are known by their place, a number."""

    equation: Any
    takes: list[int]
    gives: list[int]


class Graph(NamedTuple):
    steps: list[Step]
    constants: dict[int, Any]
    inputs: list[int]  # the leaves of the parameters, then those of the data
    loss: int
    leaves_of: dict[int, frozenset[int]]  # the leaves that an array depends on; absent for one that depends on none
    of_data: set[int]  # the arrays that depend on data

    @property
    def between(self) -> list[int]:
        """The places of what depends on parameters and is no parameter itself."""
        return [place for step in self.steps for place in step.gives if place in self.leaves_of]

    @property
    def size(self) -> int:
        """How many numbers there are in all arrays between parameters and loss."""
        return sum(int(np.prod(var.aval.shape)) for step in self.steps for var in step.equation.outvars)

    def terms(self) -> list[int]:
        """The summands of the loss, as far as it is a sum."""
        made_by = {place: step for step in self.steps for place in step.gives}

        def below(place: int) -> list[int]:
            step = made_by.get(place)
            name = step.equation.primitive.name if step else ""
            moving = [i for i in step.takes if i in self.leaves_of] if step else []
            scaled = name == "mul" or (name == "div" and moving == step.takes[:1]) if step else False
            if name in ("add", "add_any", "sub", *LINEAR) or (scaled and len(moving) == 1):
                return [term for i in moving for term in below(i)]
            return [place]

        return below(self.loss)


def leaves_at(problem: Problem, theta: Any) -> list[Array]:
    return jax.tree.leaves(problem.params_of(jnp.asarray(theta)))


def constants_of(problem: Problem) -> list[Array]:
    """What the loss takes beside the parameters: its data, and the keywords that are arrays."""
    return jax.tree.leaves((problem.data, {name: value for name, value in problem.hyper.items() if _traceable(value)}))


def _traceable(value: Any) -> bool:
    return all(hasattr(leaf, "dtype") for leaf in jax.tree.leaves(value))


def trace(problem: Problem) -> Graph:
    """The steps of L, with calls of compiled functions opened."""
    arrays, form = (
        {name: value for name, value in problem.hyper.items() if _traceable(value)},
        jax.tree.structure(problem.params_of(problem.theta)),
    )
    rest = {name: value for name, value in problem.hyper.items() if name not in arrays}
    loss = lambda leaves, data, arrays: problem.loss(jax.tree.unflatten(form, leaves), *data, **arrays, **rest)
    leaves = leaves_at(problem, problem.theta)
    steps, constants, inputs, output = _opened(jax.make_jaxpr(loss)(leaves, problem.data, arrays))
    leaves_of = {place: frozenset([i]) for i, place in enumerate(inputs[: len(leaves)])}
    known = constants | dict(zip(inputs[len(leaves) :], constants_of(problem), strict=True))
    of_data = {place for place, value in known.items() if np.ndim(value) > 0}
    for _, takes, gives in steps:
        on = frozenset().union(*(leaves_of.get(place, ()) for place in takes))
        leaves_of |= dict.fromkeys(gives, on) if on else {}
        of_data |= set(gives) if of_data & set(takes) else set()
    return Graph(steps, constants, inputs, output, leaves_of, of_data)


def _opened(traced: ClosedJaxpr) -> tuple[list[Step], dict[int, Any], list[int], int]:
    """The steps in one list, the values of constants by place, and the places of the inputs and of the output."""
    steps: list[Step] = []
    constants: dict[int, Any] = {}
    count = itertools.count()

    def constant(value: Any) -> int:
        place = next(count)
        constants[place] = value
        return place

    def enter(jaxpr: Any, values: list[Any], inputs: list[int]) -> list[int]:
        places = dict(zip(jaxpr.constvars, map(constant, values), strict=True)) | dict(zip(jaxpr.invars, inputs, strict=True))
        place_of = lambda atom: constant(atom.val) if isinstance(atom, Literal) else places[atom]
        for equation in jaxpr.eqns:
            takes = [place_of(atom) for atom in equation.invars]
            if equation.primitive.name in CALLS and isinstance(equation.params.get("jaxpr"), ClosedJaxpr):
                inner = equation.params["jaxpr"]
                gives = enter(inner.jaxpr, inner.consts, takes)
            else:
                gives = [next(count) for _ in equation.outvars]
                steps.append(Step(equation, takes, gives))
            places.update(zip(equation.outvars, gives, strict=True))
        return [place_of(atom) for atom in jaxpr.outvars]

    inputs = [next(count) for _ in traced.jaxpr.invars]
    (output,) = enter(traced.jaxpr, traced.consts, inputs)
    return steps, constants, inputs, output


def run(graph: Graph, leaves: list[Array], constants: list[Array], change: Callable[[int, Array, dict[int, Any]], Array]) -> dict[int, Any]:
    """Every array of the loss by its place; `change` may replace one that depends on parameters."""
    values = graph.constants | dict(zip(graph.inputs, [*leaves, *constants], strict=True))
    for equation, takes, gives in graph.steps:
        for place, value in zip(gives, apply(equation, [values[place] for place in takes]), strict=True):
            moves = place in graph.leaves_of and jnp.issubdtype(value.dtype, jnp.floating)
            values[place] = change(place, value, values) if moves else value
    return values


@jax.custom_jvp
def _tilted(v: Array, kept: Array, u: Array, added: Array) -> Array:
    """v, whose derivative counts `kept` times, and that of u, added, `added` times."""
    return v


@_tilted.defjvp
def _(primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    v, kept, _, added = primals
    return v, kept * tangents[0] + added * tangents[2]


class Rules(NamedTuple):
    """The gradient of L at any θ, with other rules than the true ones for arrays in between."""

    problem: Problem
    graph: Graph
    pairs: list[tuple[int, int]]  # (v, u): v may pass its derivative on to u, of the same shape and computed before it
    shapes: dict[int, tuple[int, ...]]
    compiled: Callable[..., list[Array]]

    def gradient(self, theta: Any, kept: dict[int, Any], added: dict[tuple[int, int], Any]) -> np.ndarray:
        """∇L where ∂v counts kept[v] times, and ∂u counts added[v, u] times in what v passes on.  (p,) -> (p,)"""
        fill = lambda value, place: np.broadcast_to(np.asarray(value, np.float64), self.shapes[place])
        keep = {v: fill(kept.get(v, 1.0), v) for v in self.shapes}
        add = [fill(added.get(pair, 0.0), pair[0]) for pair in self.pairs]
        grads = self.compiled(leaves_at(self.problem, theta), constants_of(self.problem), keep, add)
        return np.concatenate([np.ravel(leaf) for leaf in grads])


def rules(problem: Problem, graph: Graph, pairs: list[tuple[int, int]], values: dict[int, np.ndarray]) -> Rules:
    """One program for every change of rule, compiled once."""

    def loss(leaves: list[Array], constants: list[Array], keep: dict[int, Array], add: list[Array]) -> Array:
        def change(v: int, value: Array, others: dict[int, Any]) -> Array:
            value = _tilted(value, keep[v], value, jnp.zeros_like(value))
            for (to, u), times in zip(pairs, add, strict=True):
                value = _tilted(value, jnp.ones_like(value), others[u], times) if to == v else value
            return value

        return run(graph, leaves, constants, change)[graph.loss]

    return Rules(problem, graph, pairs, {place: value.shape for place, value in values.items()}, jax.jit(jax.grad(loss)))


def values_at(problem: Problem, graph: Graph, thetas: np.ndarray) -> list[dict[int, np.ndarray]]:
    """For each θ, every floating array that depends on it, by place."""

    @jax.jit
    def every(leaves: list[Array], constants: list[Array]) -> dict[int, Array]:
        found = run(graph, leaves, constants, lambda _, value, __: value)
        return {place: found[place] for place in graph.leaves_of if jnp.issubdtype(found[place].dtype, jnp.floating)}

    found = [every(leaves_at(problem, theta), constants_of(problem)) for theta in thetas]
    return [{place: np.asarray(value) for place, value in values.items()} for values in found]
