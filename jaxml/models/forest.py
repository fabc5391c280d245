"""Random forest: the mean of trees, each of which asks one column at a time.

A node asks whether x_f ≤ θ and sends the row to its left or right child; the leaf that it ends in has a value v: for classes the
shares of the labels there, for numbers their mean.  With T trees

    f(x) = mean over the trees of v_leaf(x),    L = mean[‖f(xᵢ) − yᵢ‖²]

where mean[v] = Σ weightsᵢ vᵢ / Σ weightsᵢ, and a label y counts as its indicator vector: L is then Brier's score, which for one tree
on its own rows is the mean Gini impurity of the leaves.  A row crosses θ or it does not, so ∂L/∂θ is exactly 0: no descent, but a search.
`relax` makes the step x_f ≤ θ the slope σ((θ − x_f)/temperature), and then L has a gradient.
Breiman, Random forests, Machine Learning 45 (2001); Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, chapter 15.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.nn import sigmoid

from jaxml.metrics import accuracy_score, r2_score
from jaxml.models import _trees
from jaxml.models._terms import mean


class Params(NamedTuple):
    """T trees of at most m nodes.  Node 0 is the root; a leaf is its own child."""

    feature: Array  # (T, m) f, the column that is asked for
    threshold: Array  # (T, m) θ
    left: Array  # (T, m)
    right: Array  # (T, m)
    value: Array  # (T, m, k) v for k classes, (T, m) for numbers
    weight: Array  # (T, m) of the training rows there
    out_of_bag: Array  # (T, n) which training rows the tree was not grown on
    importances: Array  # (d,) of all the impurity that the splits remove, the share of each column; sums to 1


class Soft(NamedTuple):
    """Trees whose questions have no sharp answer."""

    trees: Params
    temperature: Array  # () in the units of x


def sharp(x_f: Array, theta: Array) -> Array:
    """Whether a row goes left."""
    return x_f <= theta


def soft(x_f: Array, theta: Array, temperature: Array) -> Array:
    """How much of a row goes left."""
    return sigmoid((theta - x_f) / temperature)


def outputs(params: Params | Soft, x: Array) -> Array:
    """The mean of the trees' values at the leaves.  (n, d) -> (n, k), the shares of k classes, or (n,).  Raises ValueError, TypeError."""
    if isinstance(params, Soft):
        return _trees.mean_of_shared_leaves("forest.outputs", soft, params.trees, x, params.temperature)
    return _trees.mean_of_leaves("forest.outputs", sharp, params, x)


def predict_proba(params: Params | Soft, x: Array) -> Array:
    """f(x) of a forest of classes.  (n, d) -> (n, k).  Raises ValueError, TypeError."""
    return outputs(_trees.of_classes("forest.predict_proba", params), x)


def predict(params: Params | Soft, x: Array) -> Array:
    """The likeliest label, or f(x) in the units of y.  (n, d) -> (n,).  Raises ValueError, TypeError."""
    z = outputs(params, x)
    return z if z.ndim == 1 else jnp.argmax(z, axis=1).astype(jnp.int32)


def loss(params: Params | Soft, x: Array, y: Array, *, weights: Array | None = None) -> Array:
    """L: Brier's score for classes, in the units of y squared for numbers.  (n, d), (n,) -> ().  Raises ValueError, TypeError."""
    z = outputs(params, x)
    off = z - _trees.as_outputs("forest.loss", y, z, weights)
    return mean(jnp.sum(off.reshape(len(z), -1) ** 2, axis=1), weights)


def relax(params: Params, temperature: float) -> Soft:
    """The same trees with soft splits: left with probability σ((θ − x_f)/temperature).  As the temperature, in the units of x, falls to 0,
    they predict what `params` do.  Raises ValueError, TypeError.

    Irsoy, Yıldız, Alpaydın, Soft decision trees, ICPR (2012).
    """
    return Soft(*_trees.relaxed("forest.relax", params, temperature))


def oob_score(params: Params, x: Array, y: Array) -> float:
    """Accuracy, or R², on the training rows, each predicted by the trees that were not grown on it.  Raises ValueError, TypeError."""
    z, y = _trees.out_of_bag("forest.oob_score", sharp, params, x, y)
    return float(r2_score(y, z) if z.ndim == 1 else accuracy_score(y, z.argmax(axis=1)))


def permutation_importances(key: Array, params: Params, x: Array, y: Array, *, repeats: int = 5) -> Array:
    """By how much L rises when a column's entries change places at random.  (n, d), (n,) -> (repeats, d).  Raises ValueError, TypeError."""
    return _trees.over_permutations("forest.permutation_importances", lambda x: loss(params, x, y), key, x, repeats)


def grow(
    key: Array, x: Array, y: Array, *, n_classes: int | None = None, n_trees: int = 100, max_features: int | float | str | None = "auto",
    max_depth: int | None = None, min_samples_leaf: int = 1, bootstrap: bool = True, weights: Array | None = None,
) -> Params:  # fmt: skip
    """Trees by CART, each on rows drawn with replacement.  (n, d), (n,) -> Params.  Raises ValueError, TypeError.

    With `n_classes`, y holds labels 0 … n_classes−1 and cuts lower Gini's impurity; without, numbers, and cuts lower the squared error.
    A node is cut until its y are all one, or it has fewer than 2 `min_samples_leaf` rows, or lies at `max_depth`, or no column varies.
    Each cut looks at `max_features` columns drawn anew, and at more where none of these varies: a number of them, a share of d,
    "sqrt", "log2", None for all; "auto" is the square root of d for classes and all for numbers.
    A row of weight 0 is as good as absent.  The same key gives the same trees, and the first trees of a larger forest.
    """
    return Params(*_trees.grow("forest.grow", key, x, y, n_classes, n_trees, max_features, max_depth, min_samples_leaf, bootstrap, weights))
