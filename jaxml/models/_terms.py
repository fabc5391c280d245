"""The two terms that every loss has: a mean over the rows, and a penalty."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array


def mean(values: Array, weights: Any = None) -> Array:
    """Σ wᵢ vᵢ / Σ wᵢ; the plain mean without weights.  (n,) -> ()"""
    return jnp.mean(values) if weights is None else jnp.average(values, weights=jnp.asarray(weights, values.dtype))


def penalty(w: Array, l2: Any) -> Array:
    """l2/2 ‖w‖².  -> ()"""
    return jnp.vdot(l2 / 2 * w, w)  # subtle: in this order 0 · ∞ cannot arise, and l2 = 0 is no penalty however large w is


def penalty_on_kernels(params: Any, l2: Any) -> Array:
    """l2/2 times the squares of all weights, the biases left out: they alone have one axis.  -> ()"""
    return sum((penalty(leaf.ravel(), l2) for leaf in jax.tree.leaves(params) if jnp.ndim(leaf) > 1), start=jnp.zeros(()))
