"""Full-batch descent: one compiled loop over all steps.

θ ← θ + optimizer(∇L(θ))
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jax.flatten_util import ravel_pytree

from jaxml._arguments import integer, number
from jaxml.descent._curvature import largest_stable_rate
from jaxml.descent._data import (
    check_loss,
    check_optimizer,
    data_names,
    finite_data,
    finite_params,
    refuse_bad_start,
    scalar,
    split_hyper,
)
from jaxml.descent._result import DivergedError, Fit
from jaxml.exceptions import ConvergenceWarning

CLIMB = 1e3  # a loss this many times its start has diverged


class State(NamedTuple):
    """A descent between two steps: always the last place where loss and gradient were finite."""

    step: Array  # () int32, -1 before the first evaluation
    params: Any
    value: Array  # () the loss at params
    grads: Any
    optimizer: Any
    losses: Array  # (steps,)
    failed: Array  # () bool: the update from here went wrong
    failure: Array  # () the loss that the failed update led to


def minimize(
    loss: Callable[..., Array],
    params: Any,
    *data: Any,
    optimizer: optax.GradientTransformation,
    steps: int,
    tol: float | None = None,
    **hyper: Any,
) -> Fit:
    """The end of `steps` optimizer updates on loss(params, *data, **hyper), all rows in each; fewer if the gradient's norm falls to tol.

    Raises DivergedError on a loss that leaves the finite numbers or climbs past 1e3 times its start, ValueError on bad data.
    Warns with ConvergenceWarning if a tol was given and not reached.
    """
    check_loss("minimize", loss)
    check_optimizer("minimize", optimizer)
    steps = integer("minimize", "steps", steps, low=1)
    tol = None if tol is None else number("minimize", "tol", tol, low=0)
    names = data_names(loss, len(data))
    params, data = finite_params("minimize", params), finite_data("minimize", names, data)
    arrays, constants = split_hyper("minimize", hyper)
    end = _descend(loss, constants, optimizer, steps, params, data, arrays, -1.0 if tol is None else tol)
    return _finish(end, loss, constants, params, names, data, arrays, optimizer, tol)


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _descend(loss: Callable, constants: tuple, optimizer: Any, steps: int, params: Any, data: tuple, arrays: dict, tol: float) -> State:
    """The loop itself, one program."""
    value_of = lambda p: scalar("minimize", loss(p, *data, **arrays, **dict(constants)))
    optimizer = optax.with_extra_args_support(optimizer)

    def update(state: State) -> tuple[Any, Any]:
        extra = {"value": state.value, "grad": state.grads, "value_fn": value_of}
        updates, optimizer_state = optimizer.update(state.grads, state.optimizer, state.params, **extra)
        return optax.apply_updates(state.params, updates), optimizer_state

    def go_on(state: State) -> Array:
        arrived = (state.step >= 0) & (jnp.linalg.norm(ravel_pytree(state.grads)[0]) <= tol)
        return (state.step < steps) & ~state.failed & ~arrived

    def body(state: State) -> State:
        # subtle: the first pass only evaluates, so that the loss is compiled once and not twice
        new_params, new_optimizer = jax.lax.cond(state.step < 0, lambda s: (s.params, s.optimizer), update, state)
        value, grads = jax.value_and_grad(value_of)(new_params)
        # the first two losses: a warm start may lie closer to the minimum than the optimizer's first step leads
        climbed = (state.step > 0) & (value > climb_limit(jnp.max(jnp.abs(state.losses[:2]))))
        fine = all_finite((value, grads, new_params)) & ~climbed
        losses = state.losses.at[state.step + 1].set(value, mode="drop")
        new = State(state.step + 1, new_params, value, grads, new_optimizer, losses, ~fine, value)
        last = state._replace(failed=~fine, failure=value)
        return jax.tree.map(partial(jnp.where, fine), new, last)

    zero = jnp.zeros((), jax.eval_shape(value_of, params).dtype)
    grads = jax.tree.map(jnp.zeros_like, params)
    start = State(jnp.int32(-1), params, zero, grads, optimizer.init(params), jnp.full(steps, zero), jnp.array(False), zero)
    return jax.lax.while_loop(go_on, body, start)


def climb_limit(start: Array) -> Array:
    """The loss that counts as diverged, for a descent whose first losses had the size `start`."""
    return CLIMB * jnp.maximum(start, jnp.finfo(start.dtype).eps)


def all_finite(tree: Any) -> Array:
    """Whether every number in the tree is finite.  -> ()"""
    return jnp.all(jnp.stack([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)]))


def has_settled(value: Any, gradient_norm: float, tol: float | None) -> bool:
    """The `converged` of a Fit."""
    limit = float(np.sqrt(jnp.finfo(value.dtype).eps)) * max(1.0, abs(float(value))) if tol is None else tol
    return gradient_norm <= limit


def norm(tree: Any) -> float:
    """The Euclidean norm over all leaves, safe from overflow in float32."""
    return float(np.linalg.norm(np.concatenate([np.asarray(leaf, np.float64).ravel() for leaf in jax.tree.leaves(tree)])))


def rate_of(optimizer: Any, state: Any, value_of: Callable[[Any], Array]) -> float:
    """The length of the optimizer's next update over that of the gradient: the rate itself, for plain gradient descent."""
    extra = {"value": state.value, "grad": state.grads, "value_fn": value_of}
    updates, _ = optax.with_extra_args_support(optimizer).update(state.grads, state.optimizer, state.params, **extra)
    return norm(updates) / norm(state.grads) if norm(state.grads) > 0 else 0.0


def _finish(
    end: State, loss: Callable, constants: tuple, params: Any, names: list[str], data: tuple, arrays: dict, optimizer: Any,
    tol: float | None,
) -> Fit:  # fmt: skip
    """The Fit of a finished loop, or the error that it ended in."""
    n_steps = int(end.step)
    if n_steps < 0:
        unweighted = {name: value for name, value in arrays.items() if name != "weights"}
        refuse_bad_start("minimize", partial(loss, **unweighted, **dict(constants)), params, names, data)
    gradient_norm = norm(end.grads)
    settled = not end.failed and has_settled(end.value, gradient_norm, tol)
    fit = Fit(end.params, np.asarray(end.losses)[:n_steps], settled, n_steps, gradient_norm, np.zeros(0))
    if end.failed:
        what = f"the loss went from {float(end.value):.3g} to {float(end.failure):.3g}, having started at {float(end.losses[0]):.3g}"
        rate = rate_of(optimizer, end, lambda p: loss(p, *data, **arrays, **dict(constants)))
        raise DivergedError("minimize", what, n_steps, rate, largest_stable_rate(loss, params, data, arrays, constants), fit)
    if tol is not None and not settled:
        text = f"minimize: not converged after {n_steps} steps: the gradient's norm is {gradient_norm:.1e}, tol is {tol:.1e}"
        warnings.warn(f"{text}; allow more steps, or another rate", ConvergenceWarning, stacklevel=3)
    return fit
