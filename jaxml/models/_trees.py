"""The machinery of `models/forest.py`: rows walk down trees that are arrays; checks; the search's results on their way to JAX."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxml import _arguments
from jaxml._arguments import describe, is_traced, key_data, random_key, refuse
from jaxml.models import _cart, _edge

FIELDS = ("feature", "threshold", "left", "right", "value", "weight", "out_of_bag", "importances")
Asks = Callable[..., Array]  # of a column's entries and a threshold: whether, or how much, goes left

# ---------------------------------------------------------------- down the trees


def mean_of_leaves(function: str, asks: Asks, trees: Any, x: Any) -> Array:
    """The mean over the trees of the value at the leaf where a row ends.  (n, d) -> (n, k) or (n,)"""
    _edge.fields(function, trees, FIELDS)
    return _mean_of_leaves(asks, trees, _edge.table(function, trees, x, len(trees.importances)))


def mean_of_shared_leaves(function: str, asks: Asks, trees: Any, x: Any, temperature: Array) -> Array:
    """The same where a row goes both ways.  (n, d) -> (n, k) or (n,)"""
    _edge.fields(function, trees, FIELDS)
    _arguments.number(function, "params.temperature", temperature, above=0)
    return _mean_of_shared_leaves(asks, trees, _edge.table(function, trees, x, len(trees.importances)), temperature)


@partial(jax.jit, static_argnums=0)
def _mean_of_leaves(asks: Asks, trees: Any, x: Array) -> Array:
    return _sum_over_trees(lambda tree: tree.value[leaf_of(asks, tree, x)], trees, x) / len(trees.feature)


@partial(jax.jit, static_argnums=0)
@jax.default_matmul_precision("highest")
def _mean_of_shared_leaves(asks: Asks, trees: Any, x: Array, temperature: Array) -> Array:
    return _sum_over_trees(lambda tree: leaf_shares(asks, tree, x, temperature) @ tree.value, trees, x) / len(trees.feature)


def _sum_over_trees(values: Callable[[Any], Array], trees: Any, x: Array) -> Array:
    start = jnp.zeros((len(x), *trees.value.shape[2:]), trees.value.dtype)
    trees = trees._replace(importances=jnp.zeros(len(trees.feature)))  # which belong to no tree
    return jax.lax.scan(lambda total, tree: (total + values(tree), None), start, trees)[0]


def leaf_of(asks: Asks, tree: Any, x: Array) -> Array:
    """The leaf that each row ends in.  (n, d) -> (n,)"""

    def step(node: Array) -> Array:
        x_f = jnp.take_along_axis(x, tree.feature[node][:, None], axis=1)[:, 0]
        return jnp.where(asks(x_f, tree.threshold[node]), tree.left[node], tree.right[node])

    is_inner = tree.left != jnp.arange(len(tree.left), dtype=tree.left.dtype)
    return jax.lax.while_loop(lambda node: is_inner[node].any(), step, jnp.zeros(len(x), tree.left.dtype))


def leaf_shares(asks: Asks, tree: Any, x: Array, temperature: Array) -> Array:
    """How much of each row arrives in each leaf.  -> (n, m), 0 at the inner nodes"""
    m = len(tree.feature)
    node = jnp.arange(m)
    is_leaf = tree.left == node
    goes_left = asks(x[:, tree.feature], tree.threshold, temperature)
    parent, share = jnp.zeros(m, tree.left.dtype), jnp.zeros_like(goes_left).at[:, 0].set(1)
    for child, goes_there in ((tree.left, goes_left), (tree.right, 1 - goes_left)):
        child = jnp.where(is_leaf, m, child)  # past the end, where nothing is written
        parent = parent.at[child].set(node.astype(parent.dtype), mode="drop")
        share = share.at[:, child].set(goes_there, mode="drop")
    # subtle: the product along the way from the root, in strides of 1, 2, 4, … nodes: a loop over the depth could not be differentiated
    for _ in range((m - 1).bit_length()):
        share, parent = share * share[:, parent], parent[parent]
    return jnp.where(is_leaf, share, 0)


# ---------------------------------------------------------------- other numbers of a forest


def of_classes(function: str, params: Any) -> Any:
    """The params, refused where they are a forest of numbers."""
    trees = getattr(params, "trees", params)
    _edge.fields(function, trees, FIELDS)
    if trees.value.ndim == 2:
        refuse(function, "params", "has no classes", "a forest of numbers", "grow it with n_classes, or call forest.predict")
    return params


def as_outputs(function: str, y: Any, f: Array, weights: Any) -> Array:
    """y as what the trees' mean should be: itself, or its indicators.  -> like f"""
    return _edge.targets(function, y, f, weights) if f.ndim == 1 else _edge.indicators(function, y, f, weights)


def relaxed(function: str, params: Any, temperature: Any) -> tuple[Any, Array]:
    _edge.fields(function, params, FIELDS)
    return params, jnp.asarray(_arguments.number(function, "temperature", temperature, above=0), params.threshold.dtype)


def out_of_bag(function: str, asks: Asks, params: Any, x: Any, y: Any) -> tuple[Array, Array]:
    """For every training row that some tree was not grown on: the mean of those trees' values, and y."""
    _edge.fields(function, params, FIELDS)
    x = _edge.table(function, params, x, len(params.importances))
    n, count = params.out_of_bag.shape[1], np.asarray(params.out_of_bag.sum(axis=0))
    if len(x) != n:
        wanted = f"pass the {n} rows that the forest was grown on, in their order"
        refuse(function, "x", "is not the table of the training", f"{len(x)} rows", wanted)
    if params.value.ndim == 2:
        y = _arguments.vector(function, "y", y)
    else:
        y = _arguments.labels(function, "y", y, n_classes=params.value.shape[2])
    _arguments.same_length(function, x=x, y=y)
    seen = count > 0
    if not seen.any():
        wanted = "grow it with bootstrap=True, and more trees"
        refuse(function, "params", "has no row that some tree was not grown on", f"{len(params.feature)} trees", wanted)
    total = np.asarray(_out_of_bag_sum(asks, params, x))
    return jnp.asarray(total[seen] / count[seen].reshape(-1, *(1,) * (total.ndim - 1))), jnp.asarray(np.asarray(y)[seen])


@partial(jax.jit, static_argnums=0)
def _out_of_bag_sum(asks: Asks, trees: Any, x: Array) -> Array:
    """The sum of the values of the trees that were not grown on a row.  -> (n, …)"""

    def values(tree: Any) -> Array:
        at_leaf = tree.value[leaf_of(asks, tree, x)]
        return jnp.where(tree.out_of_bag.reshape(-1, *(1,) * (at_leaf.ndim - 1)), at_leaf, 0)

    return _sum_over_trees(values, trees, x)


def over_permutations(function: str, loss: Callable[[Array], Array], key: Any, x: Any, repeats: int) -> Array:
    """loss(x with column j shuffled) − loss(x) for every column j, some times over.  -> (repeats, d)"""
    random_key(function, key)
    repeats = _arguments.integer(function, "repeats", repeats, low=1)
    x = jnp.asarray(_arguments.matrix(function, "x", x, canonical=True))
    keys, columns = jax.random.split(key, repeats * x.shape[1]), jnp.tile(jnp.arange(x.shape[1]), repeats)

    def one(drawn: tuple[Array, Array]) -> Array:
        key, j = drawn
        return loss(x.at[:, j].set(jax.random.permutation(key, x[:, j])))

    at_rest = loss(x)
    rise = jax.jit(lambda drawn: jax.lax.map(one, drawn))((keys, columns)).reshape(repeats, -1) - at_rest
    if not is_traced(rise) and not np.isfinite(np.asarray(rise)).all():
        refuse(function, "y", f"overflows {rise.dtype}", "numbers too large to be squared", "rescale y, or turn x64 on")
    return rise


# ---------------------------------------------------------------- the search


def grow(
    function: str, key: Any, x: Any, y: Any, n_classes: Any, n_trees: Any, max_features: Any, max_depth: Any, min_samples_leaf: Any,
    bootstrap: Any, weights: Any,
) -> tuple[Array, ...]:  # fmt: skip
    """The fields of forest.Params, of data checked.  Inside jit and vmap the search runs on the host, and m is its largest: 2n − 1."""
    random_key(function, key)
    integer = partial(_arguments.integer, function)
    n_classes = n_classes if n_classes is None else integer("n_classes", n_classes, low=1)
    x = _arguments.matrix(function, "x", x, canonical=True)
    y = (
        _arguments.vector(function, "y", y, canonical=True)
        if n_classes is None
        else _arguments.labels(function, "y", y, n_classes=n_classes)
    )
    _arguments.same_length(function, x=x, y=y)
    weights = _arguments.example_weights(function, weights, len(x))
    limits = _cart.Limits(
        max_features=_columns(function, max_features, x.shape[1], n_classes),
        max_depth=math.inf if max_depth is None else integer("max_depth", max_depth, low=1),
        min_samples_leaf=integer("min_samples_leaf", min_samples_leaf, low=1),
        bootstrap=_arguments.flag(function, "bootstrap", bootstrap),
    )
    n_trees, (n, d) = integer("n_trees", n_trees, low=1), x.shape
    dtype = x.dtype if n_classes is not None else y.dtype
    given = key_data(key), x, y, weights
    if not any(is_traced(a) for a in given):
        return tuple(jnp.asarray(field) for field in search(*given, n_classes=n_classes, n_trees=n_trees, limits=limits, dtype=dtype))
    m = 2 * n - 1
    run = partial(search, n_classes=n_classes, n_trees=n_trees, limits=limits, dtype=dtype, m=m)
    integers, floats = jax.ShapeDtypeStruct((n_trees, m), np.int32), jax.ShapeDtypeStruct((n_trees, m), dtype)
    fields = (
        *(integers, jax.ShapeDtypeStruct((n_trees, m), x.dtype), integers, integers),
        *(floats if n_classes is None else jax.ShapeDtypeStruct((n_trees, m, n_classes), dtype), floats),
        *(jax.ShapeDtypeStruct((n_trees, n), np.bool_), jax.ShapeDtypeStruct((d,), dtype)),
    )
    return jax.pure_callback(run, fields, *given, vmap_method="sequential")


def search(
    key: Any, x: Any, y: Any, weights: Any, *, n_classes: int | None, n_trees: int, limits: _cart.Limits, dtype: Any, m: int | None = None
) -> tuple[np.ndarray, ...]:
    """The fields of forest.Params.  Without m, as many nodes as the largest tree has, rounded up to a power of two: then most forests
    of one size run in the same compiled programs."""
    x, y = np.asarray(x), np.asarray(y)
    weights = np.ones(len(x)) if weights is None else np.asarray(weights, np.float64)
    seed = functools.reduce(lambda a, word: a << 32 | int(word), np.asarray(key).ravel()[-2:], 0)
    trees = _cart.grow_trees(x, y, weights, seed, n_classes, n_trees, limits)
    value = trees.value[..., 0] if n_classes is None else trees.value
    if n_classes == 2:
        value = np.concatenate([1 - value, value], axis=2)
    found = value.shape[1]
    m = 1 << (found - 1).bit_length() if m is None else m
    padded = lambda a: np.concatenate([a, np.zeros((n_trees, m - found, *a.shape[2:]), a.dtype)], axis=1)
    here = np.broadcast_to(np.arange(found, m, dtype=np.int32), (n_trees, m - found))
    left, right = (np.concatenate([child, here], axis=1) for child in (trees.left, trees.right))
    return (
        *(padded(trees.feature), padded(trees.threshold), left, right),
        *(padded(value.astype(dtype)), padded(trees.weight.astype(dtype))),
        *((weights > 0) & ~trees.in_bag, importances(trees, x.shape[1]).astype(dtype)),
    )


def importances(trees: _cart.Trees, d: int) -> np.ndarray:
    """Of all the impurity that a tree's splits remove, the share of each column's; the mean over the trees that split.  -> (d,)

    A split removes W_L W_R / W ‖v_L − v_R‖², which is W times the impurity before, less W_L and W_R times those after.
    """
    tree = np.arange(len(trees.left))[:, None]
    w_left, w_right = trees.weight[tree, trees.left], trees.weight[tree, trees.right]
    apart = np.sum((trees.value[tree, trees.left] - trees.value[tree, trees.right]) ** 2, axis=2)  # 0 in a leaf
    removed = w_left / np.where(trees.weight > 0, trees.weight, 1) * w_right * apart
    by_column = np.zeros((len(tree), d))
    np.add.at(by_column, (tree, trees.feature), removed)
    total = by_column.sum(axis=1, keepdims=True)
    shares = np.divide(by_column, total, out=np.zeros_like(by_column), where=total > 0).sum(axis=0)
    return shares / (shares.sum() or 1)


def _columns(function: str, value: Any, d: int, n_classes: int | None) -> int:
    """How many columns a cut looks at."""
    wanted = f'pass a number of columns from 1 to {d}, a share of them in (0, 1], "sqrt", "log2", "auto" or None'
    named = {None: d, "sqrt": math.isqrt(d), "log2": max(1, int(math.log2(d))), "auto": d if n_classes is None else math.isqrt(d)}
    if value is None or isinstance(value, str):
        if value not in named:
            refuse(function, "max_features", "is not known", repr(value), wanted)
        return named[value]
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        refuse(function, "max_features", "is not a number", describe(value), wanted, TypeError)
    whole = isinstance(value, (int, np.integer))
    if not 0 < value <= (d if whole else 1):
        refuse(function, "max_features", "is out of range", repr(value), wanted)
    return int(value) if whole else max(1, int(value * d))
