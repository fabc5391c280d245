"""An embedding:  the row of a table for every id.

    y = E[id]

∂L/∂E is zero but for the rows that were looked up.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from jaxml._arguments import flag, integer, integers, is_traced, refuse, shape_of
from jaxml.nn.initializers import uniform
from jaxml.nn.layer import Layer, checked


class Params(NamedTuple):
    embeddings: Array  # (vocabulary_size, dim)


def embedding(vocabulary_size: int, dim: int, *, mask_zero: bool = False) -> Layer:
    """A vector for every id from 0 to vocabulary_size − 1.  (n, t) -> (n, t, dim).  Raises ValueError, TypeError.

    With `mask_zero` the id 0 is padding: the layers after this one are told to pass over it.  Its row is still a row like any other.
    Inside jit an id out of range gives NaN.
    """
    vocabulary_size, dim = integer("embedding", "vocabulary_size", vocabulary_size, low=1), integer("embedding", "dim", dim, low=1)
    mask_zero = flag("embedding", "mask_zero", mask_zero)
    init = lambda key, input_shape: (Params(uniform(key, (vocabulary_size, dim))), (*input_shape, dim))
    apply = lambda params, x, **_: rows_of(params.embeddings, x)
    next_mask = lambda x, mask: x != 0 if mask_zero else None
    formula = lambda input_shape: f"Embedding({vocabulary_size}, {dim}): {vocabulary_size} × {dim}"
    expects = Params._make([(vocabulary_size, dim)])
    return checked("embedding", "Embedding", init, apply, axes="t", expects=expects, values=ids_of, formula=formula, next_mask=next_mask)


def rows_of(embeddings: Array, ids: Array) -> Array:
    """E[id]; JAX alone would take the last row for an id past the end.  (v, dim), (n, t) -> (n, t, dim)"""
    return embeddings.at[ids].get(mode="fill", fill_value=jnp.nan, wrap_negative_indices=False)


def ids_of(params: Params, x: Any) -> Array:
    """x as ids that have a row.  (n, t)"""
    shape_of("embedding", "x", x)  # refuses rows of different lengths
    ids, v = integers("embedding", "x", x), len(params.embeddings)
    if not is_traced(ids) and ids.size and (ids.min() < 0 or ids.max() >= v):
        bad = ids.min() if ids.min() < 0 else ids.max()
        wanted = f"pass ids from 0 to {v - 1}; a vocabulary needs one row more than it has words, for the padding"
        refuse("embedding", "x", "has an id out of range", f"{bad} with a vocabulary of {v}", wanted)
    return jnp.asarray(ids)
