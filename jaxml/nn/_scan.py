"""lax.scan through long sequences, in less memory."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

WHOLE = 2**21  # numbers that a sequence may keep for its gradient; more are returned to the system after each step, which costs time
PIECE = 2**17  # numbers in one piece of a longer sequence


def scan(step: Callable[[Any, Any], tuple[Any, Any]], start: Any, inputs: Any, numbers: int) -> tuple[Any, Any]:
    """lax.scan(step, start, inputs), where a step keeps so many numbers for its gradient.

    Of a long sequence only the states between its pieces are kept, and the gradient computes each piece again.
    """
    t = len(jax.tree.leaves(inputs)[0])
    if t * numbers <= WHOLE:
        return lax.scan(step, start, inputs)
    size = max(1, PIECE // numbers)
    whole = t // size * size
    of_pieces = lambda a: a[:whole].reshape(-1, size, *a.shape[1:])
    piece = jax.checkpoint(lambda state, steps: lax.scan(step, state, steps), prevent_cse=False)
    state, outputs = lax.scan(piece, start, jax.tree.map(of_pieces, inputs))
    state, rest = lax.scan(step, state, jax.tree.map(lambda a: a[whole:], inputs))
    return state, jax.tree.map(lambda a, b: jnp.concatenate([a.reshape(whole, *a.shape[2:]), b]), outputs, rest)
