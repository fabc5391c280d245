"""The search behind `forest.grow`: CART, many trees at a time, one level after another, in NumPy on the host.

A hard tree has no gradient, so nothing here descends: at every node each threshold of each drawn column is tried.  The score of a
cut is one formula for both kinds of y, because Gini's impurity is the variance of a class's indicator: a cut into L and R lowers

    Σ wᵢ ‖yᵢ − mean y‖²   by   W/(W_L W_R) ‖Σ_L wᵢ (yᵢ − mean y)‖²,   W = Σ wᵢ.

Sorting is most of the work.  A row's key is its node and its place in the order of the column, packed into 32 bits.
Breiman, Friedman, Olshen, Stone, Classification and Regression Trees (1984); Breiman, Random forests, Machine Learning 45 (2001).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy import ndarray

ENTRIES = 1 << 15  # rows, over all its trees, that a batch takes
EQUAL = 1 - 1e-9  # scores in this ratio are equal but for rounding, which must not choose: it would choose alike in every tree
CELLS = 1 << 15  # rows times columns that are scored at once: what the cache holds


class Table(NamedTuple):
    """The training rows, and each column in its own order."""

    value: ndarray  # (d · n,) column after column, ascending
    row: ndarray  # (d · n,) the row that such a value is of
    place: ndarray  # (d · n,) where in its column's order a row is; uint32
    tied: ndarray  # (d · n,) whether the next value is the same
    y: ndarray  # (n,) the label, or the number
    targets: ndarray  # (c, n) y, centred and scaled, or an indicator of each class but of two only that of the second
    weights: ndarray  # (n,)


class Limits(NamedTuple):
    """What a tree may do."""

    max_features: int
    max_depth: float
    min_samples_leaf: int
    bootstrap: bool


class Level(NamedTuple):
    """The nodes at one depth, of all the trees of a batch."""

    tree: ndarray  # (q,)
    node: ndarray  # (q,) its number in its tree
    feature: ndarray  # (q,)
    threshold: ndarray  # (q,)
    left: ndarray  # (q,) the left child's number; the right one's is one more; a leaf's own number
    weight: ndarray  # (q,)
    value: ndarray  # (q, c) the mean of the targets


class Trees(NamedTuple):
    feature: ndarray  # (t, m) int32
    threshold: ndarray  # (t, m)
    left: ndarray  # (t, m) int32
    right: ndarray  # (t, m) int32
    weight: ndarray  # (t, m)
    value: ndarray  # (t, m, c)
    in_bag: ndarray  # (t, n) bool


def grow_trees(x: ndarray, y: ndarray, weights: ndarray, seed: int, n_classes: int | None, n_trees: int, limits: Limits) -> Trees:
    """The same seed gives the same trees, whatever the number of threads; one tree more leaves the others as they are."""
    used = np.flatnonzero(weights)
    table, unit, offset = sorted_table(x[used], y[used], weights[used], n_classes)
    size = max(1, ENTRIES // len(used))  # subtle: of the table alone: the rounding of a sum depends on the batch
    seeds = draws(np.uint64(seed), np.arange(n_trees))
    with ThreadPoolExecutor(threads()) as pool:
        batches = list(pool.map(lambda i: grow_batch(table, seeds[i : i + size], limits), range(0, n_trees, size)))
    n_nodes = max(int(level.node.max()) + 1 for _, levels in batches for level in levels)
    leaves = np.tile(np.arange(n_nodes, dtype=np.int32), (n_trees, 1))
    trees = Trees(
        feature=np.zeros((n_trees, n_nodes), np.int32),
        threshold=np.zeros((n_trees, n_nodes), x.dtype),
        left=leaves,
        right=leaves.copy(),
        weight=np.zeros((n_trees, n_nodes)),
        value=np.zeros((n_trees, n_nodes, len(table.targets))),
        in_bag=np.zeros((n_trees, len(x)), bool),
    )
    for i, (bags, levels) in enumerate(batches):
        trees.in_bag[i * size : i * size + len(bags), used] = bags > 0
        for level in levels:
            at = level.tree + i * size, level.node
            trees.feature[at], trees.threshold[at], trees.left[at] = level.feature, level.threshold, level.left
            trees.right[at] = level.left + (level.left > level.node)
            trees.weight[at], trees.value[at] = level.weight, level.value * unit + offset
    return trees


def threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def sorted_table(x: ndarray, y: ndarray, weights: ndarray, n_classes: int | None) -> tuple[Table, float, float]:
    """The table, and the unit and offset that give the targets their own units again."""
    row = np.argsort(x.T, axis=1, kind="stable")
    place = np.argsort(row, axis=1).astype(np.uint32)
    value = np.take_along_axis(x.T, row, axis=1)
    y, unit, offset = y if n_classes else y.astype(np.float64), 1.0, 0.0
    if n_classes is None:  # centred and scaled, so that squares neither cancel nor overflow
        offset = float(np.mean(y / 2)) * 2
        unit = float(np.max(np.abs(y / 2 - offset / 2))) * 2 or 1.0
        targets = ((y / 2 - offset / 2) / (unit / 2))[None, :]
    else:
        targets = (y == np.arange(n_classes)[:, None])[1 if n_classes == 2 else 0 :]
    tied = np.zeros(value.shape, bool)
    np.equal(value[:, :-1], value[:, 1:], out=tied[:, :-1])
    table = Table(value.ravel(), row.ravel(), place.ravel(), tied.ravel(), y, targets.astype(np.float64), weights / weights.max())
    return table, unit, offset


def draws(seed: Any, counter: ndarray) -> ndarray:
    """64 random bits for each counter: SplitMix64 (Steele, Lea, Flood, 2014).  No state, so no order in which to draw."""
    with np.errstate(over="ignore"):
        z = seed + (counter.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def bags_of(seeds: ndarray, n: int) -> ndarray:
    """How often each row is drawn, n draws with replacement for every tree.  (t,) -> (t, n)"""
    # subtle: the counters of a tree's bag are those that its nodes, numbered from 0, never reach
    bits = draws(seeds[:, None], np.arange(n) + (1 << 48)) >> np.uint64(32)
    drawn = ((bits * np.uint64(n)) >> np.uint64(32)).astype(np.int64)
    return np.bincount((drawn + n * np.arange(len(seeds))[:, None]).ravel(), minlength=n * len(seeds)).reshape(-1, n)


class Nodes(NamedTuple):
    """Nodes, and their entries, node after node.  An entry i + n t is row i in tree t of the batch."""

    tree: ndarray  # (q,)
    counts: ndarray  # (q,)
    entries: ndarray  # (r,)

    @property
    def starts(self) -> ndarray:
        return np.cumsum(self.counts) - self.counts

    def places(self, some: ndarray) -> ndarray:
        """Where in `entries` those of some of the nodes are."""
        counts = self.counts[some]
        shift = self.starts[some] - (np.cumsum(counts) - counts)
        return np.repeat(shift, counts) + np.arange(counts.sum())


class Cuts(NamedTuple):
    """The best cut of each of some nodes."""

    score: ndarray  # (q,) ‖Σ_L wᵢ (yᵢ − mean y)‖²/(W_L W_R); minus infinity where there is no cut
    feature: ndarray  # (q,)
    threshold: ndarray  # (q,)
    n_left: ndarray  # (q,) entries that go left
    entries: ndarray  # (r,) the nodes' entries, of each node those first that go left


def grow_batch(table: Table, seeds: ndarray, limits: Limits) -> tuple[ndarray, list[Level]]:
    """Some trees, all at once.  -> how often each has each row (t, n), and their nodes by level"""
    n, d, t = len(table.y), len(table.row) // len(table.y), len(seeds)
    bags = bags_of(seeds, n) if limits.bootstrap else np.ones((t, n), np.int64)
    weights = (bags * table.weights).ravel()
    nodes = Nodes(np.arange(t), np.count_nonzero(bags, axis=1), np.flatnonzero(bags))
    number, n_nodes = np.zeros(t, np.int64), np.ones(t, np.int64)
    levels: list[Level] = []
    pull = np.empty(t * n, np.complex128), *np.empty((len(table.targets) - 1, t * n))
    while len(nodes.tree):
        weight, value, pure = statistics(table, weights, nodes, pull)
        is_open = np.flatnonzero(~pure & (nodes.counts >= 2 * limits.min_samples_leaf) & (len(levels) < limits.max_depth))
        opened = Nodes(nodes.tree[is_open], nodes.counts[is_open], nodes.entries[nodes.places(is_open)])
        lots = draws(seeds[opened.tree][:, None], (number[is_open] * d)[:, None] + np.arange(d))
        cuts = search(table, pull, weight[is_open], opened, np.argsort(lots, axis=1), limits)
        found = np.flatnonzero(cuts.score > -np.inf)
        at, tree, n_left = is_open[found], opened.tree[found], cuts.n_left[found]
        # every cut takes the next two numbers of its tree
        left, feature, threshold = number.copy(), np.zeros_like(number), np.zeros(len(number), table.value.dtype)
        left[at] = n_nodes[tree] + 2 * (np.arange(len(tree)) - np.searchsorted(tree, tree))
        feature[at], threshold[at] = cuts.feature[found], cuts.threshold[found]
        levels.append(Level(nodes.tree, number, feature, threshold, left, weight, value))
        n_nodes += 2 * np.bincount(tree, minlength=t)
        number = np.stack([left[at], left[at] + 1], axis=1).ravel()
        counts = np.stack([n_left, opened.counts[found] - n_left], axis=1).ravel()
        nodes = Nodes(np.repeat(tree, 2), counts, cuts.entries[opened.places(found)])
    return bags, levels


def statistics(table: Table, weights: ndarray, nodes: Nodes, pull: tuple[ndarray, ...]) -> tuple[ndarray, ndarray, ndarray]:
    """The weight of each node (q,), the mean of its targets (q, c), and whether all its y are one (q,).

    Writes into `pull`, at each entry, wᵢ and wᵢ (yᵢ − mean y): the first two as one complex number, so that one sum adds both.
    """
    starts, w = nodes.starts, weights.take(nodes.entries)
    rows = nodes.entries - np.repeat(nodes.tree * len(table.y), nodes.counts)
    targets, y = table.targets.take(rows, axis=1), table.y.take(rows)
    weight = np.add.reduceat(w, starts)
    value = np.add.reduceat(w * targets, starts, axis=1) / weight
    pure = np.minimum.reduceat(y, starts) == np.maximum.reduceat(y, starts)
    value[:, pure] = targets[:, starts[pure]]  # without the rounding of a mean
    first, *others = w * (targets - np.repeat(value, nodes.counts, axis=1))
    pull[0].real[nodes.entries], pull[0].imag[nodes.entries] = w, first
    for kept, new in zip(pull[1:], others, strict=True):
        kept[nodes.entries] = new
    return weight, value.T, pure


def search(table: Table, pull: tuple[ndarray, ...], weight: ndarray, nodes: Nodes, columns: ndarray, limits: Limits) -> Cuts:
    """The best cut of each node among its first max_features columns; where these allow none, among the next that do."""
    q, k, uncut = len(nodes.tree), limits.max_features, np.arange(len(nodes.tree))
    zeros = np.zeros(q, np.int64)
    cuts = Cuts(np.full(q, -np.inf), zeros, np.zeros(q, table.value.dtype), zeros.copy(), nodes.entries.copy())
    for j in range(0, columns.shape[1], k):
        for part in chunks(uncut, nodes.counts, k, 2 ** (32 - bits(len(table.y)))):
            places = nodes.places(part)
            picked = Nodes(nodes.tree[part], nodes.counts[part], nodes.entries[places])
            *found, entries = best_cuts(table, pull, weight[part], picked, columns[part, j : j + k], limits.min_samples_leaf)
            for kept, new in zip(cuts, found, strict=False):
                kept[part] = new
            cuts.entries[places] = entries
        uncut = uncut[np.isneginf(cuts.score[uncut])]
    return cuts


def chunks(nodes: ndarray, counts: ndarray, n_columns: int, most: int) -> Iterator[ndarray]:
    """The nodes in runs of about CELLS cells, and of at most that many nodes."""
    chunk = np.cumsum(counts[nodes]) * n_columns // CELLS
    for run in np.split(nodes, np.flatnonzero(np.diff(chunk)) + 1):
        yield from (run[i : i + most] for i in range(0, len(run), most))


def bits(n: int) -> int:
    """How many bits the numbers 0 … n-1 take."""
    return int(n - 1).bit_length()


def best_cuts(table: Table, pull: tuple[ndarray, ...], weight: ndarray, nodes: Nodes, columns: ndarray, min_samples_leaf: int) -> Cuts:
    """The best cut of each node among its columns (q, j); of equals, that of the first column and there the lowest threshold."""
    step = max(1, CELLS // len(nodes.entries))
    best = cuts_in(table, pull, weight, nodes, columns[:, :step].T, min_samples_leaf)
    for j in range(step, columns.shape[1], step):
        other = cuts_in(table, pull, weight, nodes, columns[:, j : j + step].T, min_samples_leaf)
        better = EQUAL * other.score > best.score
        entries = np.where(np.repeat(better, nodes.counts), other.entries, best.entries)
        score, feature, threshold, n_left = (np.where(better, new, old) for old, new in zip(best[:-1], other[:-1], strict=True))
        best = Cuts(score, feature, threshold, n_left, entries)
    return best


def cuts_in(table: Table, pull: tuple[ndarray, ...], weight: ndarray, nodes: Nodes, columns: ndarray, min_samples_leaf: int) -> Cuts:
    """The same for columns (j, q) whose cells are few enough to be scored at once."""
    q, r, n, counts, starts = len(nodes.tree), len(nodes.entries), len(table.y), nodes.counts, nodes.starts
    node, offset = np.repeat(np.arange(q), counts), np.repeat(nodes.tree * n, counts)
    # each node's entries in the order of each of its columns
    cell = np.repeat(columns * n, counts, axis=1)
    key = table.place.take(cell + (nodes.entries - offset))
    key |= (node << bits(n)).astype(np.uint32)
    key.sort(axis=1)
    key &= np.uint32((1 << bits(n)) - 1)
    cell += key
    entry = table.row.take(cell)
    entry += offset
    # the score of a cut after each of them
    sums = pull[0].take(entry).cumsum(axis=1)
    w_left = sums.real - np.repeat(np.cumsum(weight) - weight, counts)
    w_right = np.repeat(weight, counts) - w_left
    score = np.square(sums.imag)
    for other in pull[1:]:
        score += np.square(other.take(entry).cumsum(axis=1))
    w_left *= w_right
    with np.errstate(divide="ignore", invalid="ignore"):  # after the last entry nothing is right of the cut
        score /= w_left
    place = np.arange(r) - np.repeat(starts, counts)
    np.copyto(score, -np.inf, where=(place < min_samples_leaf - 1) | (place >= np.repeat(counts, counts) - min_samples_leaf))
    doubtful = np.flatnonzero(table.tied.take(cell))
    value, following = (table.value.take(cell.take(at, mode="clip")) for at in (doubtful, doubtful + 1))
    score.put(doubtful[value == following], -np.inf)
    # the best
    by_column = np.maximum.reduceat(score, starts, axis=1)
    top, at = by_column.max(axis=0), np.arange(q)
    j = (by_column >= EQUAL * top).argmax(axis=0)
    chosen = np.repeat(j * r, counts) + np.arange(r)
    hits = np.flatnonzero(score.take(chosen) >= np.repeat(EQUAL * top, counts))
    cut = hits[np.searchsorted(hits, starts)]
    low, high = table.value[cell[j, cut]], table.value[cell[j, np.minimum(cut + 1, r - 1)]]
    return Cuts(top, columns[j, at], between(low, high), cut + 1 - starts, entry.take(chosen))


def between(low: ndarray, high: ndarray) -> ndarray:
    """A number t with low <= t < high, strictly between the two where there is one."""
    middle = low / 2 + high / 2
    return np.where((low < middle) & (middle < high), middle, low)
