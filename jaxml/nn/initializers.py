"""Where the weights of a layer start, as in Keras.

Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.
Saxe, McClelland and Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear neural networks, 2014.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxml._arguments import is_traced, key_data


def glorot_uniform(key: Array, shape: tuple[int, ...]) -> Array:
    """Uniform within ±√(6 / (fan_in + fan_out)), so that signals and gradients keep their size.

    The last two axes are inputs and outputs, and those before them a window that both see.
    """
    *window, n_in, n_out = shape
    limit = math.sqrt(6 / (math.prod(window) * (n_in + n_out)))
    return drawn(key, shape, lambda rng: rng.uniform(-limit, limit, shape))


def orthogonal(key: Array, shape: tuple[int, int]) -> Array:
    """Orthonormal rows, or columns where there are fewer of them: a step of the recurrence then keeps the length of what it carries."""

    def sample(rng: np.random.Generator) -> np.ndarray:
        q, r = np.linalg.qr(rng.normal(size=(max(shape), min(shape))))
        q = q * np.sign(np.diag(r))  # without this the draw would not be uniform over all such matrices
        return q if shape[0] >= shape[1] else q.T

    return drawn(key, shape, sample)


def uniform(key: Array, shape: tuple[int, ...]) -> Array:
    """Uniform within ±0.05, as Keras' embeddings start."""
    return drawn(key, shape, lambda rng: rng.uniform(-0.05, 0.05, shape))


def drawn(key: Array, shape: tuple[int, ...], sample: Callable[[np.random.Generator], np.ndarray]) -> Array:
    """A sample from NumPy's generator, seeded by the key: JAX's own would compile for a second or two before the first step."""
    dtype = jnp.zeros(()).dtype
    draw = lambda seed: sample(np.random.default_rng(np.asarray(seed).tolist())).astype(dtype)
    seed = key_data(key)
    if is_traced(seed):
        return jax.pure_callback(draw, jax.ShapeDtypeStruct(shape, dtype), seed, vmap_method="sequential")
    return jnp.asarray(draw(seed))
