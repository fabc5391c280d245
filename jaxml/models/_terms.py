"""The two terms that every loss has: a mean over the rows, and a penalty."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array


def mean(values: Array, weights: Any = None) -> Array:
    """Σ wᵢ vᵢ / Σ wᵢ; the plain mean without weights.  (n,) -> ()"""
    return jnp.mean(values) if weights is None else jnp.average(values, weights=jnp.asarray(weights, values.dtype))


def penalty(w: Array, l2: Any) -> Array:
    """l2/2 ‖w‖².  -> ()"""
    return jnp.vdot(l2 / 2 * w, w)  # subtle: in this order 0 · ∞ cannot arise, and l2 = 0 is no penalty however large w is
