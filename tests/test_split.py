"""The splits take scikit-learn's rows, leave the RandomState where it does, keep each array's kind, and refuse what makes no sense."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.random import RandomState

from jaxml.model_selection import k_fold, stratified_k_fold, train_test_split

LETTERS = np.array(list("qwertyui"))


@pytest.fixture(scope="module")
def oracle():
    return pytest.importorskip("sklearn.model_selection", reason="scikit-learn is the oracle of this test")


def same_state(a, b):
    return all(np.array_equal(p, q) for p, q in zip(a.get_state(), b.get_state(), strict=True))


def one_of(rng, *values):
    return values[rng.randint(len(values))]


def draw_labels(rng, n):
    k = rng.randint(1, 8)
    y = rng.choice(k, size=n, p=rng.dirichlet(3 * np.ones(k))) if rng.rand() < 0.5 else rng.permutation(np.arange(n) % k)
    return one_of(rng, y, y - 3, y.astype(float), y > 0, y.tolist(), LETTERS[y], LETTERS[y].tolist(), LETTERS[y].astype(object))


def draw_size(rng, n):
    return one_of(rng, None, rng.uniform(0.02, 0.98), one_of(rng, 0.1, 0.2, 0.25, 0.3, 1 / 3), rng.randint(1, max(2, n)))


def outcome(call):
    """What the call returns, or None if it raises ValueError; its warnings are another test's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return call()
        except ValueError:
            return None


# ---------------------------------------------------------------- parity


@pytest.mark.parametrize("stratified", [False, True])
def test_train_test_split_parity(oracle, stratified):
    rng, compared = RandomState(21), 0
    for seed in range(250):
        n = rng.randint(2, 150)
        x, y = rng.randn(n, 3), draw_labels(rng, n)
        columns = one_of(rng, y, y, np.column_stack([y, y]), np.reshape(y, (-1, 1)))
        arguments = {"test_size": draw_size(rng, n), "train_size": one_of(rng, None, draw_size(rng, n))}
        arguments |= {"stratify": columns} if stratified else {"shuffle": bool(rng.randint(3))}
        a, b = RandomState(seed), RandomState(seed)
        ours = outcome(lambda: train_test_split(x, y, list(range(n)), random_state=a, **arguments))  # noqa: B023  (called at once)
        theirs = outcome(lambda: oracle.train_test_split(x, y, list(range(n)), random_state=b, **arguments))  # noqa: B023
        assert (ours is None) == (theirs is None), arguments
        if ours is not None:
            compared += 1
            assert len(ours) == len(theirs) == 6
            assert all(type(p) is type(q) and np.array_equal(p, q) for p, q in zip(ours, theirs, strict=True)), arguments
            assert same_state(a, b), arguments
    assert compared >= 150


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("stratified", [False, True])
def test_fold_parity(oracle, stratified, shuffle):
    rng, compared = RandomState(22), 0
    for seed in range(150):
        n, n_splits = rng.randint(2, 120), rng.randint(2, 12)
        y = draw_labels(rng, n)
        a, b = (RandomState(seed), RandomState(seed)) if shuffle else (None, None)
        kind = oracle.StratifiedKFold if stratified else oracle.KFold
        theirs = outcome(lambda: list(kind(n_splits, shuffle=shuffle, random_state=b).split(np.zeros(n), y)))  # noqa: B023
        cut, rows = (stratified_k_fold, y) if stratified else (k_fold, n)
        ours = outcome(lambda: cut(rows, n_splits, shuffle=shuffle, random_state=a))  # noqa: B023
        assert (ours is None) == (theirs is None), (y, n_splits)
        if ours is not None:
            compared += 1
            assert all(np.array_equal(p, q) for pair in zip(ours, theirs, strict=True) for p, q in zip(*pair, strict=True)), (y, n_splits)
            assert a is None or same_state(a, b)
    assert compared >= 100


def test_none_is_numpys_global_state(oracle):
    before = np.random.get_state()
    try:
        np.random.seed(3)
        theirs, end = oracle.train_test_split(np.arange(30)), np.random.get_state()[1].copy()
        np.random.seed(3)
        assert np.array_equal(train_test_split(np.arange(30))[0], theirs[0])
        assert np.array_equal(np.random.get_state()[1], end)
    finally:
        np.random.set_state(before)


# ---------------------------------------------------------------- known answers, computed by scikit-learn 1.9.1

Y = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 2])


def test_known_rows():
    train, test = train_test_split(np.arange(8), random_state=0)
    assert (train.tolist(), test.tolist()) == ([1, 7, 3, 0, 5, 4], [6, 2])
    train, test = train_test_split(np.arange(10), test_size=0.3, random_state=42, stratify=Y)
    assert (train.tolist(), test.tolist()) == ([9, 0, 5, 7, 4, 1, 6], [8, 3, 2])
    assert [test.tolist() for _, test in k_fold(7, 3, shuffle=True, random_state=1)] == [[1, 2, 6], [0, 4], [3, 5]]
    assert [test.tolist() for _, test in stratified_k_fold(Y, 3, shuffle=True, random_state=1)] == [[0, 5, 6, 8], [2, 3, 7], [1, 4, 9]]


# ---------------------------------------------------------------- kinds, shares, folds


def test_every_kind_of_array_stays_what_it_is():
    pd = pytest.importorskip("pandas", reason="pandas makes the DataFrame")
    rows = np.arange(12)
    table, series = pd.DataFrame({"a": rows, "b": rows * 2}, index=rows + 100), pd.Series(rows, index=rows + 100)
    for shuffle in (True, False):
        parts = train_test_split(
            rows, table, series, rows.tolist(), tuple(rows.tolist()), jnp.asarray(rows), random_state=0, shuffle=shuffle
        )
        for part, kind in zip(parts[::2], (np.ndarray, pd.DataFrame, pd.Series, list, list, jax.Array), strict=True):
            assert isinstance(part, kind)
            assert np.array_equal(np.asarray(part)[:, 0] if kind is pd.DataFrame else np.asarray(part), parts[0])
        assert parts[2].index.tolist() == [i + 100 for i in parts[0]]


def test_labels_of_every_kind_give_the_same_rows():
    pd = pytest.importorskip("pandas", reason="pandas makes the Series")
    kinds = (Y, Y.tolist(), Y[:, None], jnp.asarray(Y), pd.Series(Y), LETTERS[np.argsort(LETTERS)][Y], pd.Series(Y).astype("category"))
    splits = [train_test_split(np.arange(10), stratify=y, random_state=3)[0].tolist() for y in kinds]
    folds = [[test.tolist() for _, test in stratified_k_fold(y, 3, shuffle=True, random_state=3)] for y in kinds]
    assert all(s == splits[0] for s in splits) and all(f == folds[0] for f in folds)


def test_folds_do_not_depend_on_the_labels_names():
    renamed = np.array([7, -2, 4])[Y]
    ours, theirs = stratified_k_fold(Y, 3, shuffle=True, random_state=0), stratified_k_fold(renamed, 3, shuffle=True, random_state=0)
    assert all(np.array_equal(p, q) for pair in zip(ours, theirs, strict=True) for p, q in zip(*pair, strict=True))


@pytest.mark.parametrize("n_splits", [2, 3, 10])
def test_each_row_is_tested_once(n_splits):
    for folds in (k_fold(31, n_splits, shuffle=True, random_state=0), stratified_k_fold(np.arange(31) % 3, n_splits)):
        assert np.array_equal(np.sort(np.concatenate([test for _, test in folds])), np.arange(31))
        assert all(np.array_equal(np.union1d(train, test), np.arange(31)) and len(train) + len(test) == 31 for train, test in folds)


def test_stratified_shares():
    y = np.repeat([0, 1, 2], [600, 300, 100])
    _, test = train_test_split(y, test_size=0.1, stratify=y, random_state=0)
    assert np.bincount(test).tolist() == [60, 30, 10]
    assert all(np.bincount(y[test]).tolist() == [120, 60, 20] for _, test in stratified_k_fold(y, 5))


def test_inputs_are_not_modified():
    x, y = np.arange(10.0), Y.copy()
    train, _, _, _ = train_test_split(x, y, stratify=y, random_state=0)
    train += 1
    stratified_k_fold(y, 3, shuffle=True, random_state=0)
    assert np.array_equal(x, np.arange(10.0)) and np.array_equal(y, Y)


def test_a_small_class_warns():
    with pytest.warns(UserWarning, match="stratified_k_fold: the smallest class in 'y' has 3 members for n_splits=4") as caught:
        stratified_k_fold(Y, 4)
    assert caught[0].filename == __file__


# ---------------------------------------------------------------- what is refused

X = np.arange(10)
NAN = float("nan")
SEEDS = (-1, 2**32, 1.5, NAN, "0", True, np.random.default_rng(0))
BAD_SPLITS = [
    *[((X,), {"test_size": v}, "test_size") for v in (0, 0.0, 1.0, 1.5, -1, -0.5, NAN, 10, 11, "a", True, 0.99, [0.2])],
    *[((X,), {"train_size": v}, "train_size") for v in (0, 1.0, 1.5, -1, NAN, 10, "a", 0.01)],
    *[((X,), {"test_size": a, "train_size": b}, "train_size") for a, b in ((0.5, 0.6), (5, 6), (0.95, 0.01), (0.55, 0.46), (9, 0.2))],
    *[((X,), {"random_state": v}, "random_state") for v in SEEDS],
    ((X,), {"random_state": -1, "shuffle": False}, "random_state"),
    *[((X,), {"shuffle": v}, "shuffle") for v in (0, "no", None)],
    ((), {}, "arrays"),
    *[((a,), {}, r"arrays\[0\]") for a in ([], [1], np.ones((1, 2)), None, 5, np.array(5), {1: 2, 3: 4}, iter([1, 2]))],
    *[((X, a), {}, r"arrays\[1\]") for a in (X[:3], None, 3.0)],
    ((X,), {"stratify": Y, "shuffle": False}, "stratify"),
    *[((X,), {"stratify": v}, "stratify") for v in (Y[:5], False, 3, [0] * 9 + [1], Y + NAN, [None] * 5 + [1] * 5, np.ones((10, 2, 2)))],
    *[((X,), {"stratify": v}, "stratify") for v in (np.c_[Y, Y] + NAN, np.array([NAN, 1] * 5, object), [[1], [2, 3]] * 5)],
    ((X,), {"stratify": Y, "test_size": 2}, "test_size"),
    ((X,), {"stratify": Y, "train_size": 2}, "train_size"),
    ((X,), {"stratify": Y, "test_size": 0.8}, "train_size"),
]
BAD_FOLDS = [
    *[(k_fold, (v,), {}, "n") for v in (0, 1, -3, 10.0, None, X, "10")],
    *[(k_fold, (10, v), {}, "n_splits") for v in (0, 1, -1, 11, 2.0, None, True)],
    *[(k_fold, (10,), {"shuffle": v}, "shuffle") for v in (1, "no", None)],
    *[(k_fold, (10,), {"shuffle": True, "random_state": v}, "random_state") for v in SEEDS],
    *[(f, (a,), {"random_state": 1}, "random_state") for f, a in ((k_fold, 10), (stratified_k_fold, Y))],
    *[(stratified_k_fold, (v,), {}, "y") for v in (None, 3, [], [1], np.c_[Y, Y], Y + 0.5, Y + NAN, [None] * 5 + [1] * 5, [[1], [2, 3]])],
    *[(stratified_k_fold, (Y, v), {}, "n_splits") for v in (0, 1, 5, 11, 2.0)],
    *[(stratified_k_fold, (Y, 2), {"shuffle": v}, "shuffle") for v in (1, "no")],
    *[(stratified_k_fold, (Y, 2), {"shuffle": True, "random_state": v}, "random_state") for v in SEEDS],
]


@pytest.mark.parametrize(
    ("function", "positional", "arguments", "name"), [(train_test_split, a, b, name) for a, b, name in BAD_SPLITS] + BAD_FOLDS
)
def test_refused(function, positional, arguments, name):
    before = np.random.get_state()[1].copy()
    with pytest.raises((ValueError, TypeError), match=rf"^{function.__name__}: argument '{name}' [^;]+; got [^;]+; \S"):
        function(*positional, **arguments)
    assert np.array_equal(np.random.get_state()[1], before), "a refused call has drawn nothing"


def test_messages_name_the_class_and_the_samples():
    with pytest.raises(ValueError, match="class with 1 member; got class ham"):
        train_test_split(X, stratify=["egg"] * 9 + ["ham"])
    with pytest.raises(ValueError, match="n_samples=1"):
        train_test_split([1])
