"""The makers give scikit-learn's arrays bit for bit, leave the RandomState where it does, and refuse what makes no sense."""

import inspect

import numpy as np
import pytest
from numpy.random import RandomState

from jaxml.datasets import synthetic

MAKERS = ("make_classification", "make_regression", "make_blobs", "make_circles", "make_moons")


@pytest.fixture(scope="module")
def oracle():
    return pytest.importorskip("sklearn.datasets", reason="scikit-learn is the oracle of this test")


def same_state(a, b):
    return all(np.array_equal(p, q) for p, q in zip(a.get_state(), b.get_state(), strict=True))


def assert_same(ours, theirs, arguments):
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape and np.array_equal(a, b), arguments
    assert ours[0].dtype == np.float64 and ours[1].dtype == theirs[1].dtype


def one_of(rng, *values):
    return values[rng.randint(len(values))]


def flag(rng):
    return bool(rng.randint(2))


# ---------------------------------------------------------------- random arguments, from a fixed seed


def classification_arguments(rng):
    d = one_of(rng, 1, 2, 3, 4, 7, 7, 10, 30, 31, 64)
    k = rng.randint(1, min(2**d, 6) + 1)
    per_class = rng.randint(1, min(2**d // k, 20) + 1)
    if d == 7 and flag(rng):
        k, per_class = 1, one_of(rng, 126, 127, 128)  # nearly all of the vertices: the reservoir
    redundant, repeated = rng.randint(0, 5), rng.randint(0, 4)
    n_features = d + redundant + repeated + rng.randint(0, 6)
    shares = rng.dirichlet(np.ones(k))
    return {
        "n_samples": rng.randint(1, 200),
        "n_features": n_features,
        "n_informative": d,
        "n_redundant": redundant,
        "n_repeated": repeated,
        "n_classes": k,
        "n_clusters_per_class": per_class,
        "weights": one_of(rng, None, shares, shares.tolist(), shares[:-1], shares * 1.3, shares / 2),
        "flip_y": one_of(rng, 0, 0.01, 0.3, 1.0),
        "class_sep": one_of(rng, 0.1, 0.3, 1, 2.7),
        "hypercube": flag(rng),
        "shift": one_of(rng, None, 0.0, -1.7, rng.randn(n_features), rng.randn(n_features).tolist()),
        "scale": one_of(rng, None, 1.0, 2.3, rng.rand(n_features) + 0.1, (rng.rand(n_features) + 0.1).tolist()),
        "shuffle": flag(rng),
    }


def regression_arguments(rng):
    n_features = rng.randint(1, 60)
    return {
        "n_samples": rng.randint(1, 150),
        "n_features": n_features,
        "n_informative": rng.randint(0, n_features + 5),
        "n_targets": rng.randint(1, 4),
        "bias": one_of(rng, 0.0, 1.7),
        "effective_rank": one_of(rng, None, 1, 3, 20),
        "tail_strength": one_of(rng, 0, 0.01, 0.5, 1.0),
        "noise": one_of(rng, 0, 0.1, 10.0),
        "shuffle": flag(rng),
        "coef": flag(rng),
    }


def blobs_arguments(rng):
    k, d = rng.randint(1, 6), rng.randint(1, 5)
    sizes = rng.randint(0, 20, size=k) + 1
    points, whole = 3 * rng.randn(k, d), rng.randint(-5, 5, size=(k, d)).tolist()
    total, centers = one_of(rng, (rng.randint(1, 90), k), (sizes.tolist(), None), (sizes, points), (rng.randint(1, 90), whole), (50, None))
    blobs = 3 if isinstance(total, int) and centers is None else k
    return {
        "n_samples": total,
        "n_features": d,
        "centers": centers,
        "cluster_std": one_of(rng, 1.0, 0, 0.3, rng.rand(blobs), (3 * rng.rand(blobs)).tolist()),
        "center_box": one_of(rng, (-10.0, 10.0), (0, 1), (-3.5, 8)),
        "shuffle": flag(rng),
        "return_centers": flag(rng),
    }


def moons_arguments(rng):
    total = one_of(rng, rng.randint(1, 200), (rng.randint(0, 50), rng.randint(1, 50)))
    return {"n_samples": total, "shuffle": flag(rng), "noise": one_of(rng, None, 0.0, 0.1, 2)}


def circles_arguments(rng):
    return dict(moons_arguments(rng), factor=one_of(rng, 0, 0.3, 0.8, 0.99))


@pytest.mark.parametrize(
    ("maker", "draw", "count"),
    [
        ("make_classification", classification_arguments, 200),
        ("make_regression", regression_arguments, 120),
        ("make_blobs", blobs_arguments, 100),
        ("make_circles", circles_arguments, 60),
        ("make_moons", moons_arguments, 60),
    ],
)
def test_parity(oracle, maker, draw, count):
    rng = RandomState(20)
    for seed in range(count):
        arguments = draw(rng)
        a, b = RandomState(seed), RandomState(seed)
        ours, theirs = getattr(synthetic, maker)(random_state=a, **arguments), getattr(oracle, maker)(random_state=b, **arguments)
        assert_same(ours, theirs, arguments)
        assert same_state(a, b), arguments


@pytest.mark.parametrize(("end", "count"), [(128, 127), (256, 254), (128, 1), (1024, 10), (1024, 11), (8, 8), (8, 5)])
def test_parity_of_the_vertices(end, count):
    """Each way of drawing without replacement; in the makers some are too rare for the random arguments to tell them apart."""
    oracle = pytest.importorskip("sklearn.utils.random", reason="scikit-learn is the oracle of this test")
    sklearn = pytest.importorskip("sklearn")
    if count == 254 and tuple(int(part) for part in sklearn.__version__.split(".")[:2]) < (1, 7):
        pytest.skip("scikit-learn 1.5 draws nearly all of the vertices in another way")
    for seed in range(200):
        a, b = RandomState(seed), RandomState(seed)
        ours, theirs = synthetic._distinct_integers(end, count, a), oracle.sample_without_replacement(end, count, random_state=b)
        assert np.array_equal(ours, theirs) and same_state(a, b), seed


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("seed", [0, 42, 2**32 - 1, np.int64(7)])
def test_parity_of_the_defaults(oracle, maker, seed):
    assert_same(getattr(synthetic, maker)(random_state=seed), getattr(oracle, maker)(random_state=seed), seed)


@pytest.mark.parametrize("maker", MAKERS)
def test_none_is_numpys_global_state(oracle, maker):
    before = np.random.get_state()
    try:
        np.random.seed(3)
        theirs, end = getattr(oracle, maker)(), np.random.get_state()[1].copy()
        np.random.seed(3)
        assert_same(getattr(synthetic, maker)(), theirs, None)
        assert np.array_equal(np.random.get_state()[1], end)
    finally:
        np.random.set_state(before)


@pytest.mark.parametrize("maker", MAKERS)
def test_signature(oracle, maker):
    ours, theirs = (inspect.signature(getattr(m, maker)).parameters for m in (synthetic, oracle))
    assert [(p.name, p.default, p.kind) for p in ours.values() if p.name in theirs] == [
        (p.name, p.default, p.kind) for p in theirs.values()
    ]
    assert set(ours) - set(theirs) <= {"return_X_y"}  # scikit-learn has it since 1.7


@pytest.mark.parametrize("shuffle", [False, True])
def test_without_return_X_y(oracle, shuffle):
    arguments = {"n_features": 9, "n_informative": 3, "n_repeated": 2, "n_clusters_per_class": 1, "shuffle": shuffle, "random_state": 5}
    ours = synthetic.make_classification(**arguments, return_X_y=False)
    assert sorted(ours.feature_info) == ["informative"] * 3 + ["random"] * 2 + ["redundant"] * 2 + ["repeated"] * 2
    if "return_X_y" not in inspect.signature(oracle.make_classification).parameters:
        pytest.skip("this scikit-learn is older than 1.7: it has no return_X_y")
    theirs = oracle.make_classification(**arguments, return_X_y=False)
    assert_same((ours.X, ours.y), (theirs.X, theirs.y), arguments)
    assert ours.feature_info == theirs.feature_info and ours.parameters == theirs.parameters


# ---------------------------------------------------------------- known answers

# computed by scikit-learn 1.9.1 from the guide's code; a last digit may depend on the processor
FOREST_ROW = [
    -0.49693202511797824, -0.33912227927003874, 0.22914551727222182, -0.18256897437954112, -1.0411025087047472, 0.42154608353656126,
    -1.0151792135118871, 0.7676658444682145, -1.6338187824771577, -0.4539811363745567, -0.12373268009975662, 0.12313375065726179,
    0.9778319991285428, 0.37006111526895535, 0.2668183962954019, 0.15330558460110144, -0.32011851784538964, -1.1792730235085822,
    0.45780560992578473, 0.35600628944411306,
]  # fmt: skip
REGRESSION_ROW = [
    1.5758758095019694, 0.8918630221607488, -0.726774137833843, -0.04779925038478981, -0.6570352370173239, -1.1132948341146311,
    -0.8776173568629051, 0.9945582357416216, -0.29969605666431426, -0.7617603706826457,
]  # fmt: skip


def test_the_guides_classification():
    x, y = synthetic.make_classification(n_samples=1000, n_features=20, n_informative=2, n_redundant=10, random_state=42)
    np.testing.assert_allclose(x[0], FOREST_ROW, rtol=1e-13)
    assert y.sum() == 495


def test_the_guides_regression():
    x, y = synthetic.make_regression(n_samples=1000, n_features=10, noise=0.1, random_state=42)
    np.testing.assert_allclose(x[0], REGRESSION_ROW, rtol=1e-13)
    assert x.shape == (1000, 10) and y.shape == (1000,)


def test_without_noise_the_coefficients_are_exact():
    x, y, w = synthetic.make_regression(n_samples=50, n_features=6, n_informative=4, bias=3.0, coef=True, random_state=0)
    np.testing.assert_allclose(x @ w + 3.0, y, rtol=1e-12)
    assert np.count_nonzero(w) == 4


def test_circles_and_moons_lie_on_their_curves():
    x, y = synthetic.make_circles(101, factor=0.3, random_state=0)
    np.testing.assert_allclose(np.hypot(*x.T), np.where(y == 0, 1, 0.3), rtol=1e-14)
    assert (y == 1).sum() == 51
    x, y = synthetic.make_moons([4, 7], random_state=0)
    np.testing.assert_allclose(np.hypot(*(x - np.where(y[:, None] == 0, 0, [1, 0.5])).T), 1, rtol=1e-14)
    assert np.bincount(y).tolist() == [4, 7]


def test_inputs_are_not_modified():
    shift, scale, weights = np.arange(20.0), np.arange(20.0) + 1, [0.3]
    synthetic.make_classification(shift=shift, scale=scale, weights=weights, random_state=0)
    assert np.array_equal(shift, np.arange(20.0)) and np.array_equal(scale, np.arange(20.0) + 1) and weights == [0.3]
    sizes, centers, stds = [3, 4], np.array([[0.0, 1.0], [2.0, 3.0]]), [1.0, 2.0]
    given = centers.copy()
    synthetic.make_blobs(sizes, centers=centers, cluster_std=stds, random_state=0)
    assert sizes == [3, 4] and np.array_equal(centers, given) and stds == [1.0, 2.0]


# ---------------------------------------------------------------- what is refused

NAN, INF = float("nan"), float("inf")
BAD = {
    "make_classification": [
        *[({"n_samples": v}, "n_samples") for v in (0, -1, 10.0, True, "10", None, [5, 5])],
        *[({"n_features": v}, "n_features") for v in (0, 3, 4.0)],
        ({"n_features": 10, "n_informative": 5, "n_redundant": 4, "n_repeated": 2}, "n_features"),
        *[({"n_informative": v}, "n_informative") for v in (0, 1, 2.5)],
        ({"n_classes": 3, "n_clusters_per_class": 2}, "n_informative"),
        *[({"n_redundant": v}, "n_redundant") for v in (-1, 1.0)],
        *[({"n_repeated": v}, "n_repeated") for v in (-1, None)],
        *[({"n_classes": v}, "n_classes") for v in (0, 2.0)],
        *[({"n_clusters_per_class": v}, "n_clusters_per_class") for v in (0, -2)],
        *[({"weights": v}, "weights") for v in ([0.3, 0.3, 0.4], [], 0.5, [-0.1, 1.1], [1.5], [NAN], ["a"], [[1], [1, 2]], [[0.5]])],
        *[({"flip_y": v}, "flip_y") for v in (-0.1, 1.1, NAN, "0", None)],
        *[({"class_sep": v}, "class_sep") for v in (0, -1, NAN, INF)],
        *[({"shift": v}, "shift") for v in (NAN, INF, [1, 2], "a", [NAN] * 20, np.zeros((100, 1)), np.zeros((1, 20)))],
        *[({"scale": v}, "scale") for v in (0, -1, NAN, [1, 2], [0] * 20, [1, 2, [3]])],
        *[({"hypercube": v}, "hypercube") for v in (1, "no", None)],
        *[({"shuffle": v}, "shuffle") for v in (1, "False")],
        ({"return_X_y": 0}, "return_X_y"),
    ],
    "make_regression": [
        *[({"n_samples": v}, "n_samples") for v in (0, -1, 10.0, None)],
        *[({"n_features": v}, "n_features") for v in (0, 2.0)],
        *[({"n_informative": v}, "n_informative") for v in (-1, 2.0)],
        *[({"n_targets": v}, "n_targets") for v in (0, 1.0)],
        *[({"bias": v}, "bias") for v in (NAN, INF, [1.0], None)],
        *[({"effective_rank": v}, "effective_rank") for v in (0, -1, 2.5)],
        *[({"tail_strength": v}, "tail_strength") for v in (-0.1, 1.1, NAN)],
        *[({"noise": v}, "noise") for v in (-1, NAN, INF, None)],
        ({"shuffle": 1}, "shuffle"),
        ({"coef": "yes"}, "coef"),
    ],
    "make_blobs": [
        *[
            ({"n_samples": v}, "n_samples")
            for v in (0, -1, 10.0, "10", None, [], [0, 0], [3, -1], [3.0, 2.0], np.array(5.0), [[1], [2, 3]])
        ],
        *[({"n_features": v}, "n_features") for v in (0, 2.0)],
        *[({"centers": v}, "centers") for v in (0, -1, 2.0, [1, 2], [[1, 2], [3]], [[1, NAN]], "abc", np.zeros((0, 2)), np.zeros((2, 0)))],
        ({"n_samples": [3, 3], "centers": 2}, "centers"),
        ({"n_samples": [3, 3], "centers": [[1, 2], [3, 4], [5, 6]]}, "centers"),
        *[({"cluster_std": v}, "cluster_std") for v in (-1, NAN, None, "a", [1, 2], [1, 2, -1], [1, 2, NAN])],
        *[({"center_box": v}, "center_box") for v in ((3, 1), (0, INF), (0, NAN), (0, 1, 2), 5, None, (-1e308, 1e308), ("a", "b"))],
        ({"shuffle": 1}, "shuffle"),
        ({"return_centers": None}, "return_centers"),
    ],
    "make_circles": [
        *[({"n_samples": v}, "n_samples") for v in (0, -1, 10.0, None, (0, 0), (1, 2, 3), (5,), (2.0, 3.0), (-1, 3), True)],
        *[({"noise": v}, "noise") for v in (-1, NAN, INF, "0.1", True)],
        *[({"factor": v}, "factor") for v in (1, 1.5, -0.1, NAN, None)],
        ({"shuffle": "no"}, "shuffle"),
    ],
    "make_moons": [
        *[({"n_samples": v}, "n_samples") for v in (0, -1, 10.0, None, (0, 0), (1, 2, 3), (2.0, 3.0), (-1, 3))],
        *[({"noise": v}, "noise") for v in (-1, NAN, INF)],
        ({"shuffle": 0}, "shuffle"),
    ],
}
SEEDS = (-1, 2**32, 1.5, NAN, "0", True, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("maker", "arguments", "name"),
    [(maker, arguments, name) for maker, rows in BAD.items() for arguments, name in rows]
    + [(maker, {"random_state": seed}, "random_state") for maker in MAKERS for seed in SEEDS],
)
def test_refused(maker, arguments, name):
    before = np.random.get_state()[1].copy()
    with pytest.raises((ValueError, TypeError), match=rf"^{maker}: argument '{name}' [^;]+; got [^;]+; \S"):
        getattr(synthetic, maker)(**arguments)
    assert np.array_equal(np.random.get_state()[1], before), "a refused call has drawn nothing"
