"""Data made from a seed: scikit-learn's makers, with scikit-learn's numbers.

Every maker draws from one `numpy.random.RandomState`, in the order in which its body reads: that order, and not the
distribution alone, fixes the numbers.  The same seed gives scikit-learn's arrays bit for bit, and a RandomState that is passed
in is left where scikit-learn would leave it; with None it is NumPy's global one.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.random import RandomState

from jaxml import _arguments
from jaxml._arguments import describe, flag, floats, integer, matrix, number, refuse, vector


class Classification(NamedTuple):
    """What `make_classification(return_X_y=False)` returns; the four fields have scikit-learn's names."""

    X: np.ndarray  # (n, d)
    y: np.ndarray  # (n,)
    feature_info: list[str]  # of each column: informative, redundant, repeated or random
    parameters: dict[str, Any]  # the arguments of the call


# ---------------------------------------------------------------- classification


def make_classification(
    n_samples: int = 100,
    n_features: int = 20,
    *,
    n_informative: int = 2,
    n_redundant: int = 2,
    n_repeated: int = 0,
    n_classes: int = 2,
    n_clusters_per_class: int = 2,
    weights: Any = None,
    flip_y: float = 0.01,
    class_sep: float = 1.0,
    hypercube: bool = True,
    shift: Any = 0.0,
    scale: Any = 1.0,
    shuffle: bool = True,
    random_state: int | RandomState | None = None,
    return_X_y: bool = True,
) -> tuple[Any, ...]:
    """Gaussian clusters on the vertices of a hypercube with sides 2 class_sep, beside redundant, repeated and random columns.

    -> X (n, d) float64, y (n,) int; with `return_X_y=False` a `Classification`.
    `weights` are the classes' shares, k or k - 1 of them; `flip_y` is the share of labels that are drawn anew;
    `shift` and then `scale` are one number, one per column, or None for random ones.
    Raises ValueError or TypeError, naming the argument.  Source: Guyon (2003), the design of the Madelon data.

    >>> X, y = make_classification(random_state=42)
    >>> X.shape, y[:5].tolist()
    ((100, 20), [0, 0, 1, 1, 0])
    """
    parameters = dict(locals())
    _check_classification(**parameters)
    n, d, k = int(n_samples), int(n_informative), int(n_classes)
    shift, scale = _per_column("shift", shift, n_features), _per_column("scale", scale, n_features, above=0)
    sizes = _cluster_sizes(n, _shares(weights, k), int(n_clusters_per_class))
    rng = _arguments.random_state("make_classification", random_state)

    vertices = _vertices(len(sizes), d, class_sep, hypercube, rng)
    informative, y = _clusters(n, sizes, vertices, k, rng)
    useful = np.hstack([informative, informative @ _uniform_matrix(d, n_redundant, rng)])
    # subtle: rounding makes the first and the last column half as likely as the others
    twins = np.rint((useful.shape[1] - 1) * rng.uniform(size=n_repeated)).astype(int)
    noise = rng.standard_normal(size=(n, n_features - useful.shape[1] - n_repeated))
    x = np.hstack([useful, useful[:, twins], noise])

    flipped = rng.uniform(size=n) < flip_y
    y[flipped] = rng.randint(k, size=flipped.sum())
    x += class_sep * (2 * rng.uniform(size=n_features) - 1) if shift is None else shift
    x *= 1 + 100 * rng.uniform(size=n_features) if scale is None else scale

    rows, columns = _orders(n, n_features, rng) if shuffle else (np.arange(n), np.arange(n_features))
    x, y = x[rows].take(columns, axis=1), y[rows]
    if return_X_y:
        return x, y
    kinds = ["informative"] * d + ["redundant"] * n_redundant + ["repeated"] * n_repeated + ["random"] * noise.shape[1]
    return Classification(x, y, [kinds[j] for j in columns], parameters)


def _check_classification(**given: Any) -> None:
    """The numbers of `make_classification`, each alone and then together."""
    f = "make_classification"
    for name in ("n_samples", "n_features", "n_informative", "n_classes", "n_clusters_per_class"):
        given[name] = integer(f, name, given[name], low=1)
    for name in ("n_redundant", "n_repeated"):
        integer(f, name, given[name], low=0)
    for name in ("hypercube", "shuffle", "return_X_y"):
        flag(f, name, given[name])
    number(f, "flip_y", given["flip_y"], low=0, high=1)
    number(f, "class_sep", given["class_sep"], above=0)

    useful = given["n_informative"] + given["n_redundant"] + given["n_repeated"]
    if useful > given["n_features"]:
        wrong = "is less than n_informative + n_redundant + n_repeated"
        refuse(f, "n_features", wrong, f"{given['n_features']} against {useful}", f"pass {useful} or more, or fewer of the three")
    clusters = given["n_classes"] * given["n_clusters_per_class"]
    needed = (clusters - 1).bit_length()
    if given["n_informative"] < needed:
        wrong = "gives fewer vertices, 2**n_informative, than there are clusters, n_classes * n_clusters_per_class"
        got = f"2**{given['n_informative']} vertices and {clusters} clusters"
        refuse(f, "n_informative", wrong, got, f"pass n_informative={needed} or more, or fewer clusters")


def _per_column(name: str, value: Any, n_features: int, above: float = -np.inf) -> Any:
    """None, one number, or a vector (n_features,)."""
    if value is None or _is_single(value):
        return value if value is None else number("make_classification", name, value, above=above)
    array = vector("make_classification", name, value)
    if array.shape[0] != n_features:
        wanted = "pass one number per feature, one for all, or None"
        refuse("make_classification", name, f"has {array.shape[0]} entries for {n_features} features", describe(value), wanted)
    if array.min() <= above:
        refuse("make_classification", name, "is out of range", str(array.min()), f"pass numbers > {above}")
    return np.asarray(array)


def _shares(weights: Any, k: int) -> Sequence[float]:
    """Each class's share of the rows; with k - 1 weights the last class has what they leave of 1."""
    if weights is None:
        return [1.0 / k] * k
    shares = floats("make_classification", "weights", weights)
    if shares.shape not in ((k,), (k - 1,)):
        refuse("make_classification", "weights", f"fits no {k} classes", describe(weights), f"pass {k} or {k - 1} weights")
    shares = list(np.asarray(shares))
    if len(shares) < k:
        shares.append(1.0 - sum(shares))
    if min(shares) < -1e-9:  # a last share of a few ulps below zero is rounding
        wanted = f"pass weights of zero or more; {k - 1} of them sum to 1 or less"
        refuse("make_classification", "weights", "leaves a class less than nothing", str(min(shares)), wanted)
    return shares


def _cluster_sizes(n: int, shares: Sequence[float], clusters_per_class: int) -> np.ndarray:
    """Rows per cluster; cluster c belongs to class c mod k, and the rows that rounding leaves go to the first clusters in turn."""
    sizes = np.array([int(n * share / clusters_per_class) for share in shares] * clusters_per_class)
    rest = n - sizes.sum()
    return sizes + (rest // len(sizes) + (np.arange(len(sizes)) < rest % len(sizes)) if rest > 0 else 0)


def _vertices(count: int, d: int, class_sep: float, hypercube: bool, rng: RandomState) -> np.ndarray:
    """The clusters' middles, (count, d): corners of a cube about 0, or of one whose corners and axes are pulled in at random."""
    vertices = class_sep * (2.0 * _distinct_vertices(count, d, rng) - 1)
    if hypercube:
        return vertices
    return vertices * rng.uniform(size=(count, 1)) * rng.uniform(size=(1, d))


def _clusters(n: int, sizes: np.ndarray, vertices: np.ndarray, k: int, rng: RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Normal points (n, d), which each cluster mixes by a matrix of its own and moves to its vertex, and their classes (n,)."""
    d = vertices.shape[1]
    x, y = rng.standard_normal(size=(n, d)), np.zeros(n, dtype=int)
    ends = np.minimum(np.cumsum(sizes), n)  # weights that sum to more than 1 would run past the last row
    for cluster, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        y[start:end] = cluster % k
        x[start:end] = x[start:end] @ _uniform_matrix(d, d, rng) + vertices[cluster]
    return x, y


def _distinct_vertices(count: int, d: int, rng: RandomState) -> np.ndarray:
    """`count` different corners of the unit cube, (count, d): the binary digits, highest first, of integers below 2**d."""
    if d > 30:  # too many for int32: the columns in front are fair coins
        return np.hstack([rng.randint(2, size=(count, d - 30)), _distinct_vertices(count, 30, rng)])
    return _distinct_integers(2**d, count, rng)[:, None] >> np.arange(d)[::-1] & 1


def _distinct_integers(end: int, count: int, rng: RandomState) -> np.ndarray:
    """`count` different integers below `end`: by rejection when few are wanted, by a reservoir when nearly all, else by a permutation."""
    if count < 0.01 * end:
        chosen: dict[int, None] = {}  # a set that keeps its order
        while len(chosen) < count:
            chosen[rng.randint(end)] = None
        return np.array(list(chosen))
    if count < 0.99 * end:
        return rng.permutation(end)[:count]
    reservoir = np.arange(count)
    for i in range(count, end):
        place = rng.randint(0, i + 1)
        if place < count:
            reservoir[place] = i
    return reservoir


def _uniform_matrix(rows: int, columns: int, rng: RandomState) -> np.ndarray:
    """Entries uniform in [-1, 1)."""
    return 2 * rng.uniform(size=(rows, columns)) - 1


# ---------------------------------------------------------------- regression


def make_regression(
    n_samples: int = 100,
    n_features: int = 100,
    *,
    n_informative: int = 10,
    n_targets: int = 1,
    bias: float = 0.0,
    effective_rank: int | None = None,
    tail_strength: float = 0.5,
    noise: float = 0.0,
    shuffle: bool = True,
    coef: bool = False,
    random_state: int | RandomState | None = None,
) -> tuple[np.ndarray, ...]:
    """A linear model with `n_informative` coefficients from [0, 100), the others zero, and Gaussian noise of that standard deviation.

    -> X (n, d) float64, y (n,) or (n, n_targets) float64; with `coef=True` also w (d,) or (d, n_targets).
    Axes of length 1 of y and w are dropped, as in scikit-learn: one row and one target give y of shape ().
    With `effective_rank`, X has a bell of large singular values and a slow tail of share `tail_strength`.
    Raises ValueError or TypeError, naming the argument.  Source: scikit-learn.

    >>> X, y = make_regression(n_samples=5, n_features=2, noise=1, random_state=42)
    >>> y.round(1).tolist()
    [6.7, 37.8, -10.3, 0.4, 42.2]
    """
    f = "make_regression"
    n = integer(f, "n_samples", n_samples, low=1)
    d = integer(f, "n_features", n_features, low=1)
    t = integer(f, "n_targets", n_targets, low=1)
    informative = min(integer(f, "n_informative", n_informative, low=0), d)
    number(f, "bias", bias)
    number(f, "noise", noise, low=0)
    number(f, "tail_strength", tail_strength, low=0, high=1)
    flag(f, "shuffle", shuffle)
    flag(f, "coef", coef)
    rank = None if effective_rank is None else integer(f, "effective_rank", effective_rank, low=1)
    rng = _arguments.random_state(f, random_state)

    x = rng.standard_normal(size=(n, d)) if rank is None else _low_rank_matrix(n, d, rank, tail_strength, rng)
    w = np.zeros((d, t))
    w[:informative] = 100 * rng.uniform(size=(informative, t))
    y = x @ w + bias
    if noise > 0:
        y += rng.normal(scale=noise, size=y.shape)
    if shuffle:
        rows, columns = _orders(n, d, rng)
        x, y, w = x[rows].take(columns, axis=1), y[rows], w[columns]
    return (x, y.squeeze(), w.squeeze()) if coef else (x, y.squeeze())


def _low_rank_matrix(n: int, d: int, rank: int, tail_strength: float, rng: RandomState) -> np.ndarray:
    """U S Vᵀ (n, d): random orthonormal U and V, and singular values that fall like a bell of width `rank` over a slow tail."""
    # jax brings scipy, which ships no types; numpy's qr differs in the last bits
    from scipy.linalg import qr

    r = min(n, d)
    u, _ = qr(rng.standard_normal(size=(n, r)), mode="economic")
    v, _ = qr(rng.standard_normal(size=(d, r)), mode="economic")
    i = np.arange(r)
    s = (1 - tail_strength) * np.exp(-((i / rank) ** 2)) + tail_strength * np.exp(-0.1 * i / rank)
    return u @ np.diag(s) @ v.T  # subtle: (u * s) @ v.T rounds otherwise


# ---------------------------------------------------------------- blobs, circles, moons


def make_blobs(
    n_samples: int | Sequence[int] = 100,
    n_features: int = 2,
    *,
    centers: Any = None,
    cluster_std: Any = 1.0,
    center_box: tuple[float, float] = (-10.0, 10.0),
    shuffle: bool = True,
    random_state: int | RandomState | None = None,
    return_centers: bool = False,
) -> tuple[np.ndarray, ...]:
    """Round Gaussian blobs about `centers`: given, (k, d), or so many drawn uniformly from `center_box` (3 when None).

    -> X (n, d) float64, y (n,) int; with `return_centers=True` also the centers (k, d).
    `n_samples` is the total, or a sequence of k sizes; `cluster_std` is one standard deviation, or k.
    Raises ValueError or TypeError, naming the argument.  Source: scikit-learn.

    >>> X, y = make_blobs(n_samples=10, centers=3, n_features=2, random_state=0)
    >>> y.tolist()
    [0, 0, 1, 0, 2, 2, 2, 1, 1, 0]
    """
    f = "make_blobs"
    d, sizes = integer(f, "n_features", n_features, low=1), _sizes(f, n_samples)
    given = None if centers is None or _is_single(centers) else matrix(f, "centers", centers)
    k = len(given) if given is not None else _n_centers(centers, sizes)
    sizes = [sizes // k + (i < sizes % k) for i in range(k)] if isinstance(sizes, int) else sizes
    if len(sizes) != k:
        refuse(f, "centers", f"has {k} rows for {len(sizes)} sizes in 'n_samples'", describe(centers), "pass one center per size, or None")
    stds, box = _standard_deviations(cluster_std, k), _box(center_box)
    flag(f, "shuffle", shuffle)
    flag(f, "return_centers", return_centers)
    rng = _arguments.random_state(f, random_state)

    middles = rng.uniform(*box, size=(k, d)) if given is None else np.asarray(given)
    x = np.concatenate([rng.normal(m, std, size=(size, len(m))) for m, std, size in zip(middles, stds, sizes, strict=True)])
    y = np.repeat(np.arange(k), sizes)
    if shuffle:
        rows = rng.permutation(len(x))
        x, y = x[rows], y[rows]
    return (x, y, middles) if return_centers else (x, y)


def _n_centers(centers: Any, sizes: int | list[int]) -> int:
    """How many centers to draw."""
    if centers is None:
        return 3 if isinstance(sizes, int) else len(sizes)
    if not isinstance(sizes, int):
        refuse("make_blobs", "centers", "is a count beside a sequence of sizes", describe(centers), "pass the centers themselves, or None")
    return integer("make_blobs", "centers", centers, low=1)


def _standard_deviations(value: Any, k: int) -> Sequence[float]:
    """One for each of the k blobs."""
    if _is_single(value):
        return [number("make_blobs", "cluster_std", value, low=0)] * k
    stds = vector("make_blobs", "cluster_std", value)
    if len(stds) != k:
        refuse(
            "make_blobs", "cluster_std", f"has {len(stds)} entries for {k} centers", describe(value), "pass one per center, or one number"
        )
    if stds.min() < 0:
        refuse("make_blobs", "cluster_std", "is out of range", str(stds.min()), "pass numbers >= 0")
    return stds.tolist()


def _box(value: Any) -> tuple[float, float]:
    """(low, high)."""
    if not isinstance(value, Iterable) or len(pair := tuple(value)) != 2:
        refuse("make_blobs", "center_box", "is not a pair", describe(value), "pass (low, high)")
    low, high = (number("make_blobs", "center_box", end) for end in pair)
    if not 0 <= high - low < np.inf:
        refuse("make_blobs", "center_box", "is not an interval", repr(value), "pass (low, high) with a finite length of zero or more")
    return low, high


def make_circles(
    n_samples: int | Sequence[int] = 100,
    *,
    shuffle: bool = True,
    noise: float | None = None,
    random_state: int | RandomState | None = None,
    factor: float = 0.8,
) -> tuple[np.ndarray, np.ndarray]:
    """The unit circle, label 0, about a circle of radius `factor`, label 1, with Gaussian noise of that standard deviation.

    -> X (n, 2) float64, y (n,) int.  `n_samples` is the total, or (outer, inner); of an odd total the inner circle gets one more.
    Raises ValueError or TypeError, naming the argument.  Source: scikit-learn.
    """
    number("make_circles", "factor", factor, low=0, below=1)

    def outer_and_inner(n_outer: int, n_inner: int) -> tuple[np.ndarray, np.ndarray]:
        return _arc(n_outer, 2 * np.pi, endpoint=False), factor * _arc(n_inner, 2 * np.pi, endpoint=False)

    return _two_curves("make_circles", outer_and_inner, n_samples, shuffle, noise, random_state)


def make_moons(
    n_samples: int | Sequence[int] = 100, *, shuffle: bool = True, noise: float | None = None, random_state: int | RandomState | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles that reach into one another, with Gaussian noise of that standard deviation.

    -> X (n, 2) float64, y (n,) int.  `n_samples` is the total, or (upper, lower); of an odd total the lower moon gets one more.
    Raises ValueError or TypeError, naming the argument.  Source: scikit-learn.
    """

    def upper_and_lower(n_upper: int, n_lower: int) -> tuple[np.ndarray, np.ndarray]:
        # subtle: 1 - y - 0.5 and 0.5 - y differ in the last bit
        return _arc(n_upper, np.pi), 1 - _arc(n_lower, np.pi) - [0, 0.5]

    return _two_curves("make_moons", upper_and_lower, n_samples, shuffle, noise, random_state)


def _arc(n: int, angle: float, endpoint: bool = True) -> np.ndarray:
    """n even steps along the unit circle, (n, 2)."""
    t = np.linspace(0, angle, n, endpoint=endpoint)
    return np.column_stack([np.cos(t), np.sin(t)])


def _two_curves(
    function: str,
    curves: Callable[[int, int], tuple[np.ndarray, np.ndarray]],
    n_samples: int | Sequence[int],
    shuffle: bool,
    noise: float | None,
    seed: int | RandomState | None,
) -> tuple[np.ndarray, np.ndarray]:
    """The points of both curves, labelled 0 and 1: shuffled first, and only then moved by the noise."""
    sizes = _sizes(function, n_samples)
    pair = [sizes // 2, sizes - sizes // 2] if isinstance(sizes, int) else sizes
    if len(pair) != 2:
        refuse(function, "n_samples", f"has {len(pair)} entries, not 2", repr(n_samples), "pass the total, or a pair of sizes")
    flag(function, "shuffle", shuffle)
    if noise is not None:
        number(function, "noise", noise, low=0)
    rng = _arguments.random_state(function, seed)

    x, y = np.concatenate(curves(*pair)), np.repeat([0, 1], pair)
    if shuffle:
        rows = rng.permutation(len(x))
        x, y = x[rows], y[rows]
    if noise is not None:
        x += rng.normal(scale=noise, size=x.shape)
    return x, y


# ---------------------------------------------------------------- what the makers share


def _orders(n: int, d: int, rng: RandomState) -> tuple[np.ndarray, np.ndarray]:
    """A random order of the rows, then one of the columns."""
    return rng.permutation(n), rng.permutation(d)


def _is_single(value: Any) -> bool:
    """One number, not a sequence of them."""
    return isinstance(value, numbers.Number) or getattr(value, "ndim", 1) == 0


def _sizes(function: str, n_samples: Any) -> int | list[int]:
    """The total as an int, or each part's size as a list; in either case at least one row."""
    if _is_single(n_samples) or not isinstance(n_samples, Iterable):
        return integer(function, "n_samples", n_samples, low=1)
    sizes = [integer(function, "n_samples", size, low=0) for size in n_samples]
    if sum(sizes) == 0:
        refuse(function, "n_samples", "asks for no rows", describe(n_samples), "pass sizes that sum to 1 or more")
    return sizes
