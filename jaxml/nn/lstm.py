"""LSTM: a memory c that is kept, added to and read through gates, each a number from 0 to 1.

    z = x·K + h·R + b,  cut into  z_i, z_f, z_c, z_o

    i = σ(z_i)          how much of the candidate enters the memory
    f = σ(z_f)          how much of the memory stays
    g = tanh(z_c)       the candidate
    o = σ(z_o)          how much of the memory is seen

    c ← f c + i g
    h ← o tanh(c)

b starts at 1 for z_f, so that a new layer remembers.  In a step that the mask leaves out, h and c stay as they are.
Hochreiter and Schmidhuber, Long short-term memory, 1997; Gers, Schmidhuber and Cummins, Learning to forget, 2000.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.nn import sigmoid

from jaxml._arguments import flag, integer
from jaxml.nn._scan import scan
from jaxml.nn.initializers import glorot_uniform, orthogonal
from jaxml.nn.layer import Layer, Shape, check_state, checked


class Params(NamedTuple):
    kernel: Array  # K  (d, 4 units)
    recurrent_kernel: Array  # R  (units, 4 units)
    bias: Array  # b  (4 units,)


class State(NamedTuple):
    h: Array  # (n, units), what the layer shows
    c: Array  # (n, units), what it remembers


class Gates(NamedTuple):
    i: Array  # (n, units), each of them
    f: Array
    g: Array
    o: Array


def lstm_gates(params: Params, state: State, x: Array) -> Gates:
    """What the gates let through, and the candidate.  (n, units), (n, d) -> (n, units) each"""
    both = jnp.concatenate([params.kernel, params.recurrent_kernel])  # one product in place of two
    z = jnp.concatenate([x, state.h], axis=-1) @ both + params.bias
    z_i, z_f, z_c, z_o = jnp.split(z, 4, axis=-1)
    return Gates(i=sigmoid(z_i), f=sigmoid(z_f), g=jnp.tanh(z_c), o=sigmoid(z_o))


def lstm_cell(params: Params, state: State, x: Array) -> State:
    """The state after one step.  (n, units), (n, d) -> (n, units)"""
    i, f, g, o = lstm_gates(params, state, x)
    c = f * state.c + i * g
    return State(h=o * jnp.tanh(c), c=c)


def lstm_states(params: Params, x: Array, *, mask: Array | None = None, initial_state: State | None = None) -> State:
    """The state after every step.  (n, t, d) -> (n, t, units)"""
    _, states = through_time(params, x, mask, initial_state)
    return jax.tree.map(lambda a: jnp.swapaxes(a, 0, 1), states)


@jax.jit
def through_time(params: Params, x: Array, mask: Array | None, start: State | None) -> tuple[State, State]:
    """The last state (n, units), and the state after every step (t, n, units).  (n, t, d), (n, t)"""

    def step(state: State, now: tuple[Array, Array | None]) -> tuple[State, State]:
        x, keep = now
        new = lstm_cell(params, state, x)
        new = new if keep is None else jax.tree.map(lambda a, b: jnp.where(keep[:, None], a, b), new, state)
        return new, new

    zero = jnp.zeros((len(x), len(params.recurrent_kernel)), x.dtype)
    steps = (jnp.swapaxes(x, 0, 1), None if mask is None else mask.T)
    return scan(step, State(zero, zero) if start is None else start, steps, len(x) * len(params.bias))


def lstm(units: int, *, return_sequences: bool = False, go_backwards: bool = False) -> Layer:
    """The last h, or every h with `return_sequences`.  (n, t, d) -> (n, units) or (n, t, units).  Raises ValueError, TypeError.

    With `go_backwards` the last step comes first, in the output too.
    """
    units = integer("lstm", "units", units, low=1)
    return_sequences, go_backwards = flag("lstm", "return_sequences", return_sequences), flag("lstm", "go_backwards", go_backwards)

    def init(key: Array, input_shape: Shape) -> tuple[Params, Shape]:
        t, d = input_shape
        for_kernel, for_recurrent = jax.random.split(key)
        bias = jnp.zeros(4 * units).at[units : 2 * units].set(1)
        params = Params(glorot_uniform(for_kernel, (d, 4 * units)), orthogonal(for_recurrent, (units, 4 * units)), bias)
        return params, (t, units) if return_sequences else (units,)

    def apply(params: Params, x: Array, *, mask: Array | None, initial_state: State | None = None, **_: Any) -> Array:
        if go_backwards:
            x, mask = x[:, ::-1], None if mask is None else mask[:, ::-1]
        check_state("lstm", initial_state, State, (len(x), units))
        last, every = through_time(params, x, mask, initial_state)
        return jnp.swapaxes(every.h, 0, 1) if return_sequences else last.h

    formula = lambda input_shape: f"LSTM({units}): 4 × ({units} × ({input_shape[-1]} + {units}) + {units})"
    next_mask = lambda x, mask: mask if return_sequences else None
    expects = Params._make([("d", 4 * units), (units, 4 * units), (4 * units,)])
    return checked("lstm", "LSTM", init, apply, axes="t d", expects=expects, formula=formula, next_mask=next_mask)
