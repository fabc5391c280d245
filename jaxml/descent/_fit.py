"""Mini-batch descent: every epoch goes once through the rows, in an order drawn from the key and the epoch alone.

θ ← θ + optimizer(∇L_B(θ)),    B the next batch_size rows
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from jaxml._arguments import describe, example_weights, flag, integer, random_key, refuse
from jaxml.descent._checkpoint import Course, description, read, write
from jaxml.descent._curvature import largest_stable_rate
from jaxml.descent._data import (
    check_loss,
    check_optimizer,
    common_rows,
    data_names,
    finite_data,
    finite_params,
    refuse_bad_rows,
    scalar,
    split_hyper,
    takes_key,
)
from jaxml.descent._minimize import CLIMB, all_finite, has_settled, norm, rate_of
from jaxml.descent._result import DivergedError, Fit

TICK = 0.2  # seconds between two looks at a running epoch, about
NO_EPOCH = 2**32 - 1  # a number that no epoch has
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
    patience: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool = True,
    **hyper: Any,
) -> Fit:
    """The end of `epochs` passes of optimizer updates on loss(params, *batch, **hyper).  -> Fit

    data is arrays with a common number of rows, shuffled and cut into batches on the device, the last of which may be smaller;
    or one iterable of batches, each a tuple of arrays, taken in its own order.  weights=, one a row, is cut with the rows.
    validation holds the arrays of loss(params, *validation, **hyper), without the weights, after each epoch.
    patience: stop after that many epochs in a row without a new lowest validation loss; params are then those after the epoch
    with the lowest, however the run ends, and losses those of all epochs run (Keras' EarlyStopping, restore_best_weights=True).
    checkpoint: a file, replaced after each epoch.  If it is there at the start, the run goes on after the last epoch in it, and
    ends in the same bits as in one go; of an iterable, if all its passes are alike.  The file knows another run by the names, shapes
    and numbers of the call: not by the values in the data, nor by the optimizer's rate, which may change.
    A loss with an argument key=None gets another random key in each step, and none in validation: so dropout is switched on and off.
    The same key gives the same bits.  Raises DivergedError on a loss that leaves the finite numbers or climbs past 1e3 times its
    start, ValueError on bad data or another run's checkpoint, OSError where the checkpoint cannot be written.
    """
    check_loss("fit", loss)
    check_optimizer("fit", optimizer)
    random_key("fit", key)
    epochs, batch_size = integer("fit", "epochs", epochs, low=1), integer("fit", "batch_size", batch_size, low=1)
    params = finite_params("fit", params)
    run = _read(loss, optimizer, key, data, batch_size, validation, patience, hyper)

    from jaxml.descent._progress import reporter  # rich takes 0.05 s to import, so not before it is wanted

    course = _start(run, params)
    words = {} if checkpoint is None else run.in_words(course)
    course = course if checkpoint is None else read(checkpoint, course, words, epochs)
    with reporter(flag("fit", "progress", progress), epochs, run.n_steps) as report:
        while len(course.losses) < epochs and not course.has_stalled(run.patience):
            course = _next(run, course, params, report)
            if checkpoint is not None:
                write(checkpoint, course, words)
    return _result(course.best or course.state, course)


class Run(NamedTuple):
    """What stays the same from the first step to the last."""

    loss: Callable[..., Array]
    optimizer: optax.GradientTransformation
    key: Array
    names: list[str]  # of the data, as the loss calls them
    arrays: dict[str, Any]  # keyword arguments of the loss
    constants: tuple[tuple[str, Any], ...]  # those that the compiler takes as constants
    rows: tuple  # the data; of an iterable of batches, nothing
    weights: Array | None  # (n,)
    batch_size: int
    batches: Any  # the iterable
    held_out: tuple | None  # the validation data
    patience: int | None

    def value(self, params: Any, *batch: Any) -> Array:
        return self.loss(params, *batch, **self.arrays, **dict(self.constants))

    @property
    def n_steps(self) -> int | None:
        """Of an epoch; None for an iterable, before it is gone through."""
        return -(-len(jax.tree.leaves(self.rows)[0]) // self.batch_size) if self.rows else None

    def in_words(self, start: Course) -> dict[str, Any]:
        named = {"data": self.rows, "weights": self.weights, "validation": self.held_out, "patience": self.patience is not None}
        size = self.batch_size if self.rows else None
        return description(self.loss, start.state.optimizer, self.key, size, self.arrays | dict(self.constants) | named)


def _read(
    loss: Callable, optimizer: Any, key: Array, data: tuple, batch_size: int, validation: Any, patience: Any, hyper: dict[str, Any]
) -> Run:
    """The run, its data checked and on the device."""
    weights = hyper.pop("weights", None)
    arrays, constants = split_hyper("fit", hyper)
    names, rows, batches = data_names(loss, len(data)), (), None
    if not is_iterable_of_batches(data):
        rows, weights = _rows(names, data, weights, batch_size)
        batch_size = min(batch_size, len(jax.tree.leaves(rows)[0]))
    elif weights is None:
        batches = data[0]
    else:
        refuse("fit", "weights", "comes beside an iterable of batches", describe(weights), "put the weights into each batch")
    held_out = None if validation is None else _held_out(loss, validation)
    if patience is not None:
        patience = integer("fit", "patience", patience, low=1)
        if held_out is None:
            refuse("fit", "patience", "comes without validation data", str(patience), "pass validation=(x_test, y_test), say")
    return Run(loss, optimizer, key, names, arrays, constants, rows, weights, batch_size, batches, held_out, patience)


def _rows(names: list[str], data: tuple, weights: Any, batch_size: int) -> tuple[tuple, Array | None]:
    """The data and the weights, one a row, without the rows whose weight is 0: a batch of those alone would be 0/0."""
    rows = finite_data("fit", names, data)
    n = common_rows("fit", names, rows)
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


def _start(run: Run, params: Any) -> Course:
    dtype = jnp.result_type(*jax.tree.leaves(params))
    zero, grads, losses = jnp.zeros((), dtype), jax.tree.map(jnp.zeros_like, params), jnp.zeros(run.n_steps or 1, dtype)
    state = State(jnp.int32(0), params, zero, grads, run.optimizer.init(params), losses, jnp.array(False))
    return Course(state, [], [], None if run.patience is None else state._replace(optimizer=()))


def _next(run: Run, course: Course, start: Any, report: Any) -> Course:
    """The course after one more epoch, or the error that it ended in."""
    epoch, state, seen = len(course.losses), course.state._replace(step=jnp.int32(0)), np.zeros(0)
    for later, seen in (_through_rows if run.rows else _through_batches)(run, state, epoch):
        state = later
        report.during(epoch, seen)
    losses = [*course.losses, seen]
    if bool(state.failed) or has_climbed(losses):
        _raise_diverged(run, state, start, _result(state, course._replace(losses=losses)))
    scores = course.scores if run.held_out is None else [*course.scores, _score(run, state.params, run.held_out)]
    report.after(epoch, seen, scores)
    is_best = run.patience is not None and scores[-1] < min([*course.scores, np.inf])
    return Course(state, losses, scores, state._replace(optimizer=()) if is_best else course.best)


def _through_rows(run: Run, state: State, epoch: int) -> Iterator[tuple[State, np.ndarray]]:
    """One epoch over shuffled rows, in runs of steps that each take about TICK seconds."""
    stop, at_once, n_steps = 0, 1, len(state.losses)
    while stop < n_steps and not state.failed:
        stop, began = min(stop + at_once, n_steps), time.perf_counter()
        state = _run(run.loss, run.constants, run.optimizer, run.batch_size, state, run.rows, run.weights, run.arrays, run.key, epoch, stop)
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
        extra = arrays | ({} if w is None else {"weights": w}) | _drawn(loss, key, epoch, state.step)
        value_of = lambda p: scalar("fit", loss(p, *batch, **extra, **dict(constants)))
        return _update(optimizer, value_of, state, *jax.value_and_grad(value_of)(state.params))

    def body(state: State) -> State:
        full, rest = divmod(n, batch_size)
        if rest == 0:
            return on_batch(batch_size, state)
        return jax.lax.cond(state.step < full, partial(on_batch, batch_size), partial(on_batch, rest), state)

    return jax.lax.while_loop(lambda s: (s.step < stop) & ~s.failed, body, state)


def _drawn(loss: Callable, key: Array, epoch: Array, step: Array) -> dict[str, Array]:
    """The key of one step, for a loss that takes one.  Free inside jit."""
    if not takes_key(loss):
        return {}
    # subtle: fold_in(key, epoch) shuffles the rows, and splitting a key gives what folding 0, 1, … into it does
    noise = jax.random.fold_in(key, NO_EPOCH)
    return {"key": jax.random.fold_in(jax.random.fold_in(noise, epoch), step)}


def _update(optimizer: Any, value_of: Callable, state: State, value: Array, grads: Any) -> State:
    """The state after one step; the same state, marked failed, where that step left the finite numbers."""
    extra = {"value": value, "grad": grads, "value_fn": value_of}
    updates, new_optimizer = optax.with_extra_args_support(optimizer).update(grads, state.optimizer, state.params, **extra)
    params = optax.apply_updates(state.params, updates)
    fine = all_finite((value, grads, params))
    losses = state.losses.at[state.step].set(value.astype(state.losses.dtype), mode="drop")
    new = State(state.step + 1, params, value.astype(state.value.dtype), grads, new_optimizer, losses, ~fine)
    return jax.tree.map(partial(jnp.where, fine), new, state._replace(failed=~fine))


def _through_batches(run: Run, state: State, epoch: int) -> Iterator[tuple[State, np.ndarray]]:
    """One epoch over an iterable of batches, in its own order."""
    values: list[Array] = []
    names = None
    for batch in run.batches:
        batch = batch if isinstance(batch, (tuple, list)) else (batch,)
        names = names or data_names(run.loss, len(batch))
        batch = finite_data("fit", names, tuple(batch))
        state = _step(run.loss, run.constants, run.optimizer, state, batch, run.arrays, run.key, epoch)
        values.append(state.value)
        if len(values) % LOOK == 0 and state.failed:
            break
        if len(values) % LOOK == 0:
            yield state, np.asarray(jnp.stack(values))
    if not values:
        wanted = "pass something that can be gone through again, as a list or a DataLoader, or epochs=1"
        refuse("fit", "data", f"gave no batch in epoch {epoch}", describe(run.batches), wanted)
    yield state, np.asarray(jnp.stack(values))


@partial(jax.jit, static_argnums=(0, 1, 2))
def _step(loss: Callable, constants: tuple, optimizer: Any, state: State, batch: tuple, arrays: dict, key: Array, epoch: Array) -> State:
    extra = arrays | _drawn(loss, key, epoch, state.step)
    value_of = lambda p: scalar("fit", loss(p, *batch, **extra, **dict(constants)))
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


def _result(end: State, course: Course) -> Fit:
    every, gradient_norm = np.concatenate(course.losses), norm(end.grads)
    settled = not bool(end.failed) and has_settled(end.value, gradient_norm, None)
    return Fit(end.params, every, settled, len(every), gradient_norm, np.array(course.scores))


def _raise_diverged(run: Run, state: State, start: Any, end: Fit) -> NoReturn:
    if run.rows:
        refuse_bad_rows("fit", run.value, start, run.names, run.rows)
    how = "the next loss or gradient is not finite" if state.failed else "the loss averages over 1e3 times its start"
    first, last = (end.losses[0], end.losses[-1]) if end.n_steps else (np.nan, np.nan)
    arrays = run.arrays | ({} if run.weights is None else {"weights": run.weights})
    stable = largest_stable_rate(run.loss, start, run.rows, arrays, run.constants) if run.rows else None
    rate = rate_of(run.optimizer, state, lambda p: state.value)
    raise DivergedError("fit", f"the loss went from {first:.3g} to {last:.3g}, and {how}", end.n_steps, rate, stable, end)
