"""The machinery of `svm.solve`: sequential minimal optimisation on working sets.

One machine maximises  Σ sᵢ βᵢ − ½ βᵀKβ  over β with Σ βᵢ = 0 and each βᵢ between 0 and sᵢ capᵢ.
With the residual  e = s − Kβ,  which is the gradient, β is best where e of every row that may rise is at most e of every row that may fall:
what is missing is the violation, the largest e of the first less the smallest e of the second.

A step moves two rows, one up and one down by the same t.  Of WORKING rows their block of K is at hand, and steps are taken on them alone;
then half of them, the older half, make room for the rows that violate most.  Held are WORKING × n values of K, never n × n.
Fan, Chen, Lin, Working set selection using second order information for training SVM, Journal of Machine Learning Research 6 (2005).
Joachims, Making large-scale SVM learning practical (1998): working sets.  Wen et al., ThunderSVM (2018): the half that stays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

WORKING = 256  # rows of a working set; up to here one set is all of the data
PATIENCE = 50  # working sets in a row without progress, after which rounding is all that moves


class Machine(NamedTuple):
    beta: Array  # (n,)
    b: Array  # ()
    violation: Array  # ()
    steps: Array  # () int32


class State(NamedTuple):
    """Between two working sets."""

    beta: Array  # (n,)
    e: Array  # (n,)
    rows: Array  # (q,) int32, the working set
    block: Array  # (q, n) their rows of K
    round: Array  # () int32
    steps: Array  # () int32
    violation: Array  # ()
    least: Array  # () the smallest violation so far
    most: Array  # () the largest dual objective so far
    idle: Array  # () int32, rounds since either was improved


def smo(gram: Callable[[Array], Array], s: Array, cap: Array, tol: Array) -> Machine:
    """The β and b of one machine.  gram(rows) gives those rows of K, s is (n,) of −1 and 1, cap (n,) is the largest |β|.

    Rows whose cap is 0 keep β = 0, as if they were absent; without a cap on either side there is no machine, and β and b are NaN.
    """
    n, q = len(s), min(len(s), WORKING)
    low, high = jnp.minimum(s * cap, 0), jnp.maximum(s * cap, 0)
    budget = min(max(10_000_000, 100 * n), 2**30)

    def go_on(state: State) -> Array:
        return (state.violation >= tol) & (state.steps < budget) & (state.idle < PATIENCE)

    def body(state: State) -> State:
        rows, block = state.rows, state.block
        if q < n:
            slot = state.round % 2 * (q // 2)
            rows, new = _exchange(rows, slot, state.beta, state.e, low, high)
            block = jax.lax.dynamic_update_slice_in_dim(block, gram(new), slot, axis=0)
        goal = jnp.maximum(0.1 * state.violation, 0.5 * tol) if q < n else tol
        beta, steps = _steps(block[:, rows], state.beta[rows], state.e[rows], low[rows], high[rows], goal)
        e = state.e - (beta - state.beta[rows]) @ block
        beta = state.beta.at[rows].set(beta)
        violation, dual = _violation(beta, e, low, high), 0.5 * jnp.vdot(beta, s + e)
        better = (violation < state.least) | (dual > state.most + 10 * jnp.finfo(e.dtype).eps * jnp.abs(dual))
        least, most = jnp.minimum(violation, state.least), jnp.maximum(dual, state.most)
        idle = jnp.where(better, 0, state.idle + 1)
        return State(beta, e, rows, block, state.round + 1, state.steps + steps, violation, least, most, idle)

    zero, infinity = jnp.int32(0), jnp.asarray(jnp.inf, s.dtype)
    rows = jnp.arange(q, dtype=jnp.int32)
    start = State(jnp.zeros_like(s), s, rows, gram(rows), zero, zero, _violation(0 * s, s, low, high), infinity, -infinity, zero)
    end = jax.lax.while_loop(go_on, body, start)
    exists = jnp.any(low < 0) & jnp.any(high > 0)
    beta, b = (jnp.where(exists, v, jnp.nan) for v in (end.beta, _offset(end.beta, end.e, low, high)))
    return Machine(beta, b, end.violation, end.steps)


def _exchange(rows: Array, slot: Array, beta: Array, e: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """The working set with new rows in one half, from `slot` on, and those rows: the ones that most want to rise and to fall."""
    n, quarter = len(beta), len(rows) // 4
    # subtle: a row must not be in the set twice, so those that cannot move stand behind the others, and those in the set are no choice
    last, never = -jnp.finfo(e.dtype).max, -jnp.inf
    kept = jax.lax.dynamic_update_slice(rows, jnp.full(2 * quarter, n, rows.dtype), (slot,))
    outside = jnp.ones(n, bool).at[kept].set(False, mode="drop")
    _, rising = jax.lax.top_k(jnp.where(outside, jnp.where(beta < high, e, last), never), quarter)
    outside = outside.at[rising].set(False)
    _, falling = jax.lax.top_k(jnp.where(outside, jnp.where(beta > low, -e, last), never), quarter)
    new = jnp.concatenate([rising, falling]).astype(rows.dtype)
    return jax.lax.dynamic_update_slice(rows, new, (slot,)), new


def _steps(k: Array, beta: Array, e: Array, low: Array, high: Array, goal: Array) -> tuple[Array, Array]:
    """β of a working set after steps on two rows each, until the set's own violation is below `goal`; and how many."""
    q, diagonal, index = len(beta), jnp.diagonal(k), jnp.arange(len(beta))

    # argmax as two plain reductions: a fraction of the time of jnp.argmax on a CPU, and the first of equals too
    def largest(values: Array) -> tuple[Array, Array]:
        top = jnp.max(values)
        return top, jnp.min(jnp.where(values == top, index, q - 1))

    def step(state: tuple) -> tuple:
        beta, e, count, _ = state
        e_i, i = largest(jnp.where(beta < high, e, -jnp.inf))
        may_fall = beta > low
        violation = e_i - jnp.min(jnp.where(may_fall, e, jnp.inf))
        k_i = k[i]
        gain = e_i - e
        curvature = jnp.maximum(diagonal[i] + diagonal - 2 * k_i, 1e-12)
        _, j = largest(jnp.where(may_fall & (gain > 0), gain * gain / curvature, -jnp.inf))
        up, down = high[i] - beta[i], beta[j] - low[j]
        t = jnp.minimum(jnp.minimum(gain[j] / curvature[j], up), down)
        t = jnp.where(violation >= goal, t, 0)
        # subtle: β + (high − β) may round to just below high; a row at its bound must equal it
        beta_i = jnp.where(t >= up, high[i], jnp.minimum(beta[i] + t, high[i]))
        beta_j = jnp.where(t >= down, low[j], jnp.maximum(beta[j] - t, low[j]))
        moved = jnp.where(index == i, beta_i, jnp.where(index == j, beta_j, beta))
        beta = jnp.where(violation >= goal, moved, beta)
        return beta, e - t * (k_i - k[j]), count + 1, violation

    def go_on(state: tuple) -> Array:
        return (state[3] >= goal) & (state[2] < 20 * q)

    start = beta, e, jnp.int32(0), jnp.asarray(jnp.inf, e.dtype)
    beta, _, count, _ = jax.lax.while_loop(go_on, step, start)
    return beta, count


def _ends(beta: Array, e: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """The largest e of the rows that may rise, the smallest of those that may fall."""
    return jnp.max(jnp.where(beta < high, e, -jnp.inf)), jnp.min(jnp.where(beta > low, e, jnp.inf))


def _violation(beta: Array, e: Array, low: Array, high: Array) -> Array:
    rising, falling = _ends(beta, e, low, high)
    return rising - falling


def _offset(beta: Array, e: Array, low: Array, high: Array) -> Array:
    """b, as in libsvm: the mean of e over the rows between their bounds; without any, the middle of what the others allow."""
    free = (low < beta) & (beta < high)
    rising, falling = _ends(beta, e, low, high)
    return jnp.where(free.any(), jnp.sum(jnp.where(free, e, 0)) / jnp.maximum(free.sum(), 1), (rising + falling) / 2)
