"""Mini-batch descent: every epoch goes once through the rows, in an order drawn from the key and the epoch alone.

θ ← θ + optimizer(∇L_B(θ)),    B the next batch_size rows
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from jaxml._arguments import describe, example_weights, flag, integer, refuse
from jaxml.descent._curvature import largest_stable_rate
from jaxml.descent._data import (
    check_key,
    check_loss,
    check_optimizer,
    common_rows,
    data_names,
    finite_data,
    finite_params,
    refuse_bad_rows,
    scalar,
    split_hyper,
)
from jaxml.descent._minimize import CLIMB, all_finite, has_settled, norm, rate_of
from jaxml.descent._result import DivergedError, Fit

TICK = 0.2  # seconds between two looks at a running epoch, about
LOOK = 8  # batches of an iterable between two looks at whether the run is finite


class State(NamedTuple):
    """A descent between two steps: always the last place where all numbers were finite."""

    step: Array  # () int32, within the epoch
    params: Any
    value: Array  # () the last batch's loss
    grads: Any  # the last batch's
    optimizer: Any
    losses: Array  # (steps of an epoch,); of an iterable, not used
    failed: Array  # () bool: the step that came next went wrong


def fit(
    loss: Callable[..., Array],
    params: Any,
    *data: Any,
    optimizer: optax.GradientTransformation,
    key: Array,
    epochs: int,
    batch_size: int = 32,
    validation: tuple[Any, ...] | None = None,
    progress: bool = True,
    **hyper: Any,
) -> Fit:
    """The end of `epochs` passes of optimizer updates on loss(params, *batch, **hyper).  -> Fit

    data is arrays with a common number of rows, shuffled and cut into batches on the device, the last of which may be smaller;
    or one iterable of batches, each a tuple of arrays, taken in its own order.  weights=, one a row, is cut with the rows.
    validation holds the arrays of loss(params, *validation, **hyper), without the weights, after each epoch.
    The same key gives the same bits.  Raises DivergedError on a loss that leaves the finite numbers or climbs past 1e3 times its
    start, ValueError on bad data.
    """
    check_loss("fit", loss)
    check_optimizer("fit", optimizer)
    check_key("fit", key)
    epochs, batch_size = integer("fit", "epochs", epochs, low=1), integer("fit", "batch_size", batch_size, low=1)
    params = finite_params("fit", params)
    weights = hyper.pop("weights", None)
    arrays, constants = split_hyper("fit", hyper)
    run = Run(loss, optimizer, data_names(loss, len(data)), arrays, constants)
    if is_iterable_of_batches(data):
        if weights is not None:
            refuse("fit", "weights", "comes beside an iterable of batches", describe(weights), "put the weights into each batch")
        rows, n_steps, epoch_of = (), None, partial(_through_batches, run, data[0])
    else:
        rows, weights = _rows(run, data, weights, batch_size)
        batch_size = min(batch_size, len(jax.tree.leaves(rows)[0]))
        n_steps = -(-len(jax.tree.leaves(rows)[0]) // batch_size)
        epoch_of = partial(_through_rows, run, batch_size, key, rows, weights)
    held_out = None if validation is None else _held_out(loss, validation)

    from jaxml.descent._progress import reporter  # rich takes 0.05 s to import, so not before it is wanted

    state = _start(params, optimizer, n_steps or 1)
    losses: list[np.ndarray] = []
    scores: list[float] = []
    with reporter(flag("fit", "progress", progress), epochs, n_steps) as report:
        for epoch in range(epochs):
            seen = np.zeros(0)
            for later, seen in epoch_of(state, epoch):
                state = later
                report.during(epoch, seen)
            losses.append(seen)
            if bool(state.failed) or has_climbed(losses):
                _raise_diverged(run, state, params, _result(state, losses, scores), rows)
            if held_out is not None:
                scores.append(_score(run, state.params, held_out))
            report.after(epoch, seen, scores)
    return _result(state, losses, scores)


class Run(NamedTuple):
    """What stays the same from the first step to the last."""

    loss: Callable[..., Array]
    optimizer: optax.GradientTransformation
    names: list[str]  # of the data, as the loss calls them
    arrays: dict[str, Any]  # keyword arguments of the loss
    constants: tuple[tuple[str, Any], ...]  # those that the compiler takes as constants

    def value(self, params: Any, *batch: Any) -> Array:
        return self.loss(params, *batch, **self.arrays, **dict(self.constants))


def _rows(run: Run, data: tuple, weights: Any, batch_size: int) -> tuple[tuple, Array | None]:
    """The data and the weights, one a row, without the rows whose weight is 0: a batch of those alone would be 0/0."""
    rows = finite_data("fit", run.names, data)
    n = common_rows("fit", run.names, rows)
    integer("fit", "batch_size", batch_size, high=n)
    weights = example_weights("fit", weights, n, canonical=True)
    if weights is None or float(weights.min()) > 0:
        return rows, None if weights is None else jnp.asarray(weights)
    kept = np.flatnonzero(np.asarray(weights) > 0)
    return jax.tree.map(lambda a: a[kept], (rows, jnp.asarray(weights)))


def _held_out(loss: Callable, validation: Any) -> tuple:
    if not isinstance(validation, (tuple, list)):
        refuse("fit", "validation", "is not a tuple of arrays", describe(validation), "pass (x_test, y_test), say", TypeError)
    return finite_data("fit", [f"validation: {name}" for name in data_names(loss, len(validation))], tuple(validation))


def _start(params: Any, optimizer: Any, n_steps: int) -> State:
    dtype = jnp.result_type(*jax.tree.leaves(params))
    zero, grads = jnp.zeros((), dtype), jax.tree.map(jnp.zeros_like, params)
    return State(jnp.int32(0), params, zero, grads, optimizer.init(params), jnp.zeros(n_steps, dtype), jnp.array(False))


def _through_rows(
    run: Run, batch_size: int, key: Array, rows: tuple, weights: Any, state: State, epoch: int
) -> Iterator[tuple[State, np.ndarray]]:
    """One epoch over shuffled rows, in runs of steps that each take about TICK seconds."""
    stop, at_once, n_steps = 0, 1, len(state.losses)
    state = state._replace(step=jnp.int32(0))
    while stop < n_steps and not state.failed:
        stop, began = min(stop + at_once, n_steps), time.perf_counter()
        state = _run(run.loss, run.constants, run.optimizer, batch_size, state, rows, weights, run.arrays, key, epoch, stop)
        seen = np.asarray(state.losses)[: int(state.step)]
        at_once = max(1, int(at_once * min(8.0, TICK / max(time.perf_counter() - began, 1e-4))))
        yield state, seen


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _run(
    loss: Callable, constants: tuple, optimizer: Any, batch_size: int, state: State, rows: tuple, weights: Any, arrays: dict,
    key: Array, epoch: Array, stop: Array,
) -> State:  # fmt: skip
    """Steps state.step … stop − 1 of an epoch.  The last batch of an epoch may be smaller: it is a branch of the same program."""
    n = len(jax.tree.leaves(rows)[0])
    order = jax.random.permutation(jax.random.fold_in(key, epoch), n)

    def on_batch(size: int, state: State) -> State:
        chosen = jax.lax.dynamic_slice(order, (state.step * batch_size,), (size,))
        batch, w = jax.tree.map(lambda a: a[chosen], (rows, weights))
        extra = arrays if w is None else {**arrays, "weights": w}
        value_of = lambda p: scalar("fit", loss(p, *batch, **extra, **dict(constants)))
        return _update(optimizer, value_of, state, *jax.value_and_grad(value_of)(state.params))

    def body(state: State) -> State:
        full, rest = divmod(n, batch_size)
        if rest == 0:
            return on_batch(batch_size, state)
        return jax.lax.cond(state.step < full, partial(on_batch, batch_size), partial(on_batch, rest), state)

    return jax.lax.while_loop(lambda s: (s.step < stop) & ~s.failed, body, state)


def _update(optimizer: Any, value_of: Callable, state: State, value: Array, grads: Any) -> State:
    """The state after one step; the same state, marked failed, where that step left the finite numbers."""
    extra = {"value": value, "grad": grads, "value_fn": value_of}
    updates, new_optimizer = optax.with_extra_args_support(optimizer).update(grads, state.optimizer, state.params, **extra)
    params = optax.apply_updates(state.params, updates)
    fine = all_finite((value, grads, params))
    losses = state.losses.at[state.step].set(value.astype(state.losses.dtype), mode="drop")
    new = State(state.step + 1, params, value.astype(state.value.dtype), grads, new_optimizer, losses, ~fine)
    return jax.tree.map(partial(jnp.where, fine), new, state._replace(failed=~fine))


def _through_batches(run: Run, batches: Any, state: State, epoch: int) -> Iterator[tuple[State, np.ndarray]]:
    """One epoch over an iterable of batches, in its own order."""
    values: list[Array] = []
    names = None
    for batch in batches:
        batch = batch if isinstance(batch, (tuple, list)) else (batch,)
        names = names or data_names(run.loss, len(batch))
        state = _step(run.loss, run.constants, run.optimizer, state, finite_data("fit", names, tuple(batch)), run.arrays)
        values.append(state.value)
        if len(values) % LOOK == 0 and state.failed:
            break
        if len(values) % LOOK == 0:
            yield state, np.asarray(jnp.stack(values))
    if not values:
        wanted = "pass something that can be gone through again, as a list or a DataLoader, or epochs=1"
        refuse("fit", "data", f"gave no batch in epoch {epoch}", describe(batches), wanted)
    yield state, np.asarray(jnp.stack(values))


@partial(jax.jit, static_argnums=(0, 1, 2))
def _step(loss: Callable, constants: tuple, optimizer: Any, state: State, batch: tuple, arrays: dict) -> State:
    value_of = lambda p: scalar("fit", loss(p, *batch, **arrays, **dict(constants)))
    value, grads = jax.value_and_grad(value_of)(state.params)
    return jax.lax.cond(state.failed, lambda *_: state, partial(_update, optimizer, value_of), state, value, grads)


def _score(run: Run, params: Any, held_out: tuple) -> float:
    """The loss on the validation data, or the row that it is not defined on."""
    score = float(_value(run.loss, run.constants, params, held_out, run.arrays))
    if not np.isfinite(score):
        refuse_bad_rows("fit", run.value, params, [f"validation: {name}" for name in data_names(run.loss, len(held_out))], held_out)
        refuse("fit", "validation", "has a loss that is not finite", str(score), "rescale it as the training data")
    return score


@partial(jax.jit, static_argnums=(0, 1))
def _value(loss: Callable, constants: tuple, params: Any, held_out: tuple, arrays: dict) -> Array:
    return loss(params, *held_out, **arrays, **dict(constants))


def is_iterable_of_batches(data: tuple[Any, ...]) -> bool:
    """One argument that is neither an array nor a table: a generator, a DataLoader, a list of tuples."""
    if len(data) != 1 or hasattr(data[0], "shape") or not hasattr(data[0], "__iter__") or isinstance(data[0], (dict, str)):
        return False
    if not isinstance(data[0], (list, tuple)):
        return True
    first = data[0][0] if len(data[0]) else None
    return isinstance(first, (tuple, dict)) or (isinstance(first, list) and any(np.ndim(a) for a in first if hasattr(a, "shape")))


def has_climbed(losses: list[np.ndarray]) -> bool:
    """Whether the last quarter of the last epoch averages CLIMB times the first quarter of the first: single batches are too noisy."""
    quarter = lambda a: max(2, len(a) // 4)
    first, last = losses[0][: quarter(losses[0])], losses[-1][-quarter(losses[-1]) :]
    return len(first) > 0 and len(last) > 0 and float(last.mean()) > CLIMB * max(abs(float(first.mean())), float(np.finfo(first.dtype).eps))


def _result(state: State, losses: list[np.ndarray], scores: list[float]) -> Fit:
    every, gradient_norm = np.concatenate(losses), norm(state.grads)
    settled = not bool(state.failed) and has_settled(state.value, gradient_norm, None)
    return Fit(state.params, every, settled, len(every), gradient_norm, np.array(scores))


def _raise_diverged(run: Run, state: State, start: Any, end: Fit, rows: tuple) -> NoReturn:
    if rows:
        refuse_bad_rows("fit", run.value, start, run.names, rows)
    how = "the next loss or gradient is not finite" if state.failed else "the loss averages over 1e3 times its start"
    first, last = (end.losses[0], end.losses[-1]) if end.n_steps else (np.nan, np.nan)
    stable = largest_stable_rate(lambda p: run.value(p, *rows), start) if rows else None
    rate = rate_of(run.optimizer, state, lambda p: state.value)
    raise DivergedError("fit", f"the loss went from {first:.3g} to {last:.3g}, and {how}", end.n_steps, rate, stable, end)
