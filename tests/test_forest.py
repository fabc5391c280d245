"""Forests: against Breiman's table and scikit-learn, against a search written plainly here, and by what must hold in every tree."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from jax.test_util import check_grads

from jaxml import datasets, metrics, model_selection
from jaxml.models import _cart, forest

KEY = jax.random.key(0)
SLOW = pytest.mark.slow
# each is compiled anew: one of classes and one of numbers are quick
KINDS = pytest.mark.parametrize("k", [3, pytest.param(None, marks=SLOW)])
KINDS_AND_WIDTHS = pytest.mark.parametrize(
    ("k", "width"), [(3, "float32"), (None, "float64"), *(pytest.param(*c, marks=SLOW) for c in ((3, "float64"), (None, "float32")))],
    indirect=["width"],
)  # fmt: skip


def table(n=120, d=5, k=3, seed=0):
    r = np.random.RandomState(seed)
    x = r.randn(n, d)
    return x, (np.argmax(x[:, :k] + 0.5 * r.randn(n, k), axis=1) if k else x @ np.arange(d) + r.randn(n))


def grow(*args, **settings):
    """The forest as NumPy arrays: a look at those compiles nothing."""
    return jax.tree.map(np.asarray, forest.grow(*args, **settings))


def same(a, b):
    return all(np.array_equal(u, v) for u, v in zip(a, b, strict=True))


def nodes(params, tree):
    """(node, rows' mask function's pieces) of one tree: inner nodes and leaves that are reached."""
    left, right = np.asarray(params.left[tree]), np.asarray(params.right[tree])
    reached, todo = [], [0]
    while todo:
        i = todo.pop()
        reached.append(i)
        if left[i] != i:
            todo += [left[i], right[i]]
    return reached


def rows_at(params, tree, x):
    """Which rows come to each node of one tree, by walking: {node: rows}."""
    feature, threshold = np.asarray(params.feature[tree]), np.asarray(params.threshold[tree])
    left, right = np.asarray(params.left[tree]), np.asarray(params.right[tree])
    at = {0: np.arange(len(x))}
    for i in nodes(params, tree):
        if left[i] != i:
            goes = x[at[i], feature[i]] <= threshold[i]
            at[int(left[i])], at[int(right[i])] = at[i][goes], at[i][~goes]
    return at


# ---------------------------------------------------------------- known answers


def twonorm(r, n, d=20):
    y = r.randint(2, size=n)
    return r.randn(n, d) + 2 / np.sqrt(d) * (2 * y - 1)[:, None], y


def threenorm(r, n, d=20):
    y, a, sign = r.randint(2, size=n), 2 / np.sqrt(d), r.choice([-1, 1], n)
    return r.randn(n, d) + a * np.where(y[:, None] == 0, sign[:, None], (-1.0) ** np.arange(d)), y


def ringnorm(r, n, d=20):
    y, x = r.randint(2, size=n), r.randn(n, d)
    return np.where(y[:, None] == 0, 2 * x, x + 1 / np.sqrt(d)), y


def waveform(r, n):
    y, u = r.randint(3, size=n), r.rand(n, 1)
    waves = np.array([np.maximum(6 - abs(np.arange(1, 22) - c), 0) for c in (11, 15, 7)])
    first, second = waves[[0, 0, 1]], waves[[1, 2, 2]]
    return u * first[y] + (1 - u) * second[y] + r.randn(n, 21), y


@SLOW
@pytest.mark.parametrize("make, k, percent", [(twonorm, 2, 3.9), (threenorm, 2, 17.5), (ringnorm, 2, 4.9), (waveform, 3, 17.3)])
def test_breimans_table(make, k, percent):
    """Random forests (2001), table 2, one column a cut: 300 training rows, 100 trees, 10 draws; within two standard errors."""
    errors = []
    for seed in range(10):
        r = np.random.RandomState(seed)
        (x, y), (x_test, y_test) = make(r, 300), make(r, 3000)
        params = grow(jax.random.key(seed), x, y, n_classes=k, max_features=1)
        errors.append(100 * np.mean(forest.predict(params, x_test) != y_test))
    assert abs(np.mean(errors) - percent) < 2 * np.std(errors, ddof=1) / np.sqrt(10)


@pytest.mark.parametrize("seeds", [3, pytest.param(20, marks=SLOW)])
def test_guides_accuracy(seeds):
    """Example 06 with 20 seeds: scikit-learn's mean is 92.2 %; 1.5 points are three standard deviations of one seed."""
    x, y = datasets.make_classification(1000, 20, n_informative=2, n_redundant=10, random_state=42)
    x, x_test, y, y_test = model_selection.train_test_split(x, y, test_size=0.2, random_state=42)
    scores = [metrics.accuracy_score(y_test, forest.predict(grow(jax.random.key(s), x, y, n_classes=2), x_test)) for s in range(seeds)]
    assert abs(np.mean(scores) - 0.92175) < 0.015


@SLOW
@pytest.mark.parametrize("name", ["friedman1", "diabetes"])
def test_regression_error_is_scikit_learns(name):
    """The mean squared error on test rows, 10 seeds each, within 3 %."""
    ensemble, sk_datasets = pytest.importorskip("sklearn.ensemble"), pytest.importorskip("sklearn.datasets")
    ours, theirs = [], []
    for seed in range(10):
        if name == "friedman1":
            x, y = sk_datasets.make_friedman1(500, noise=1.0, random_state=seed)
        else:
            x, y = datasets.load_diabetes()[:2]
        x, x_test, y, y_test = model_selection.train_test_split(x, y, random_state=seed)
        ours.append(metrics.mean_squared_error(y_test, forest.predict(grow(jax.random.key(seed), x, y), x_test)))
        theirs.append(np.mean((ensemble.RandomForestRegressor(100, random_state=seed).fit(x, y).predict(x_test) - y_test) ** 2))
    assert abs(np.mean(ours) / np.mean(theirs) - 1) < 0.03


@pytest.mark.parametrize("k", [2, 4, None])
@pytest.mark.parametrize("limits", [{"max_depth": 3}, {"max_depth": 6, "min_samples_leaf": 15}])
def test_one_tree_of_all_rows_is_scikit_learns(k, limits, x64):
    """Without draws, with uneven weights and nodes that are not small, the best cut is unique, so the tree is."""
    tree = pytest.importorskip("sklearn.tree")
    x, y = table(200, 4, k or 0)
    x = x.astype(np.float32).astype(np.float64)  # scikit-learn's trees hold x in 32 bits
    x_test = table(500, 4, k or 0, seed=1)[0].astype(np.float32).astype(np.float64)
    w = np.random.RandomState(2).uniform(0.5, 2, len(x))
    ours = grow(KEY, x, y, n_classes=k, n_trees=1, bootstrap=False, max_features=None, weights=w, **limits)
    theirs = (tree.DecisionTreeClassifier if k else tree.DecisionTreeRegressor)(random_state=0, **limits).fit(x, y, sample_weight=w)
    expected = theirs.predict_proba(x_test) if k else theirs.predict(x_test)
    # means of the same rows, summed in another order
    np.testing.assert_allclose(forest.outputs(ours, x_test), expected, rtol=1e-12, atol=1e-12)
    assert len(nodes(ours, 0)) == theirs.tree_.node_count
    np.testing.assert_allclose(ours.importances, theirs.feature_importances_, rtol=1e-9, atol=1e-12)


# ---------------------------------------------------------------- the search


def gain(x, y, w, feature, threshold):
    """By how much a cut lowers Σ wᵢ ‖yᵢ − mean y‖², from the definition."""
    spread = lambda y, w: np.sum(w[:, None] * (y - np.average(y, axis=0, weights=w)) ** 2) if len(w) else 0.0
    goes = x[:, feature] <= threshold
    return spread(y, w) - spread(y[goes], w[goes]) - spread(y[~goes], w[~goes])


def best_gain(x, y, w, min_samples_leaf):
    """The most that any cut lowers it, by trying every one."""
    found = -np.inf
    for j in range(x.shape[1]):
        for t in np.unique(x[:, j])[:-1]:
            n_left = np.sum(x[:, j] <= t)
            if min(n_left, len(x) - n_left) >= min_samples_leaf:
                found = max(found, gain(x, y, w, j, t))
    return found


@pytest.mark.parametrize("k", [2, 3, None])
@pytest.mark.parametrize("min_samples_leaf", [1, 3])
@pytest.mark.parametrize("ties", [False, True])
def test_every_cut_is_the_best_there_is(k, min_samples_leaf, ties, x64, monkeypatch):
    """Against all cuts, tried one by one; with few cells at once, so that nodes and columns are cut up in every way."""
    monkeypatch.setattr(_cart, "CELLS", 64)
    x, y = table(60, 3, k or 0)
    x = np.round(x) if ties else x
    w = np.random.RandomState(1).uniform(0.5, 2, len(x))
    limits = {"bootstrap": False, "max_features": None, "min_samples_leaf": min_samples_leaf}
    params = grow(KEY, x, y, n_classes=k, n_trees=1, weights=w, **limits)
    targets, at = np.eye(k)[y] if k else y[:, None], rows_at(params, 0, x)
    inner = [i for i in at if params.left[0, i] != i]
    assert len(inner) >= 5
    for i in inner:
        rows = at[i]
        ours = gain(x[rows], targets[rows], w[rows], int(params.feature[0, i]), float(params.threshold[0, i]))
        np.testing.assert_allclose(ours, best_gain(x[rows], targets[rows], w[rows], min_samples_leaf), rtol=1e-9, atol=1e-12)


def check_trees(params, x, y, k, *, max_depth=np.inf, min_samples_leaf=1):
    """What must hold in every tree: thresholds between the values they part, no leaf too small, no pure node cut, none that could be."""
    in_bag = ~np.asarray(params.out_of_bag)
    for tree in range(len(params.left)):
        left, bag = np.asarray(params.left[tree]), in_bag[tree]
        depth, at = {0: 0}, rows_at(params, tree, x)
        for i, rows in at.items():
            rows = rows[bag[rows]]
            assert len(rows) >= min_samples_leaf
            value = np.asarray(params.value[tree, i])
            if left[i] == i:
                pure = len(np.unique(y[rows])) == 1
                constant = (x[rows] == x[rows[0]]).all()
                assert pure or constant or depth[i] == max_depth or len(rows) < 2 * min_samples_leaf or min_samples_leaf > 1
                assert not pure or np.array_equal(value, np.eye(k)[y[rows[0]]] if k else np.float32(y[rows[0]]))
            else:
                j, t = int(params.feature[tree, i]), np.asarray(params.threshold[tree, i])
                below, above = x[rows, j][x[rows, j] <= t], x[rows, j][x[rows, j] > t]
                assert len(np.unique(y[rows])) > 1
                assert below.max() <= t < above.min()
                assert below.max() < t or np.nextafter(below.max(), above.min()) == above.min()
                depth[int(left[i])] = depth[int(params.right[tree, i])] = depth[i] + 1
        assert max(depth.values()) <= max_depth


@pytest.mark.parametrize("forests", [30, pytest.param(100, marks=SLOW)])
def test_ten_thousand_random_trees(forests):
    r = np.random.RandomState(0)
    for case in range(forests):
        n, d, k = r.randint(1, 12), r.randint(1, 4), (None, 2, 3)[case % 3]
        x = (r.randn(n, d) if case % 2 else r.randint(3, size=(n, d))).astype(np.float32)
        y = r.randint(k, size=n) if k else np.round(r.randn(n), case % 4).astype(np.float32)
        limits = {"max_depth": r.choice([None, 1, 2]), "min_samples_leaf": int(r.choice([1, 1, 2, 3]))}
        limits["min_samples_leaf"] = min(limits["min_samples_leaf"], 1 + n // 8)
        params = grow(jax.random.key(case), x, y, n_classes=k, n_trees=100, max_features=1, **limits)
        limits["max_depth"] = limits["max_depth"] or np.inf
        check_trees(params, x, y, k, **limits)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    x=hnp.arrays(
        np.float32, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)
    ),
    seed=st.integers(0, 99),
    k=st.sampled_from([None, 2, 3]),
)
def test_any_finite_table_grows(x, seed, k):
    """Huge, tiny and neighbouring numbers among them: a threshold stands between, or on the lower of two neighbours."""
    r = np.random.RandomState(seed)
    y = r.randint(k, size=len(x)) if k else x[:, 0]
    params = grow(jax.random.key(seed), x, y, n_classes=k, n_trees=3)
    assert all(np.isfinite(leaf).all() for leaf in params)
    in_bag = ~params.out_of_bag
    for tree in range(3):
        for i, rows in rows_at(params, tree, x).items():
            assert in_bag[tree][rows].any(), f"an empty node {i}"


def test_neighbouring_floats_are_parted():
    low = np.float32(1)
    x = np.array([[low], [np.nextafter(low, np.float32(2))]])
    params = grow(KEY, x, [0, 1], n_classes=2, n_trees=1, bootstrap=False)
    assert params.threshold[0, 0] == low
    np.testing.assert_array_equal(forest.predict(params, x), [0, 1])


@pytest.mark.parametrize("k", [5, None, pytest.param(2, marks=SLOW)])
def test_grown_until_pure_it_knows_its_rows_by_heart(k):
    x, y = table(300, 5, k or 0)
    params = grow(KEY, x, y, n_classes=k, n_trees=7, bootstrap=False)
    assert forest.loss(params, x, y) == 0 if k else forest.loss(params, x, y) < 1e-12  # y in 32 bits: the mean of seven equal numbers


def test_a_cut_without_gain_is_made():
    """XOR: no first cut lowers the impurity, and the second ones need it."""
    x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]]), [0, 1, 1, 0]
    params = grow(KEY, x, y, n_classes=2, n_trees=5, bootstrap=False)
    np.testing.assert_array_equal(forest.predict(params, x), y)


def test_constant_columns_are_passed_over():
    x, y = table(100, 2, 2)
    wide = np.c_[np.ones((100, 8)), x]
    params = grow(KEY, wide, y, n_classes=2, n_trees=5, max_features=1, bootstrap=False)
    assert metrics.accuracy_score(y, forest.predict(params, wide)) == 1
    assert not params.importances[:8].any()


# ---------------------------------------------------------------- draws


def test_bags_are_draws_with_replacement():
    bags = _cart.bags_of(_cart.draws(np.uint64(3), np.arange(2000)), 50)
    assert (bags.sum(axis=1) == 50).all()
    # 2000 x 50 draws: the mean count of a row is 1 ± 0.022, the share left out (1 − 1/50)^50 = 0.364 ± 0.0015
    assert np.abs(bags.mean(axis=0) - 1).max() < 4 * 0.0224
    assert abs(np.mean(bags == 0) - 0.98**50) < 4 * 0.0015
    assert abs(np.corrcoef(bags.T) - np.eye(50)).max() < 0.12  # independent rows: −1/49 ± 0.022


def test_columns_are_drawn_evenly():
    """Pure noise in ten columns: each is asked at the root as often as any, 400 ± 19 times in 4000 trees."""
    r = np.random.RandomState(0)
    x, y = r.randn(60, 10), r.randint(2, size=60)
    x = x[:, :1].repeat(10, axis=1)  # ten times one column: only the draw decides
    params = grow(KEY, x, y, n_classes=2, n_trees=4000, max_features=3, max_depth=1)
    assert np.abs(np.bincount(np.asarray(params.feature[:, 0]), minlength=10) - 400).max() < 4 * 19


def test_equal_cuts_are_drawn_evenly():
    """Two rows are parted as well by any column: over 300 trees each of 10 is taken 30 ± 5.2 times, at each of their nodes."""
    r = np.random.RandomState(0)
    x, y = r.randn(40, 10), r.randn(40)
    params = grow(KEY, x, y, n_trees=300, bootstrap=False)
    taken = {}
    for tree in range(300):
        for i, rows in rows_at(params, tree, x).items():
            if len(rows) == 2:
                taken.setdefault(tuple(rows), []).append(params.feature[tree, i])
    counts = np.array([np.bincount(columns, minlength=10) for columns in taken.values() if len(columns) == 300])
    assert len(counts) >= 3 and np.abs(counts - 30).max() < 4 * 5.2


def test_the_key_decides():
    x, y = table()
    grown = grow(KEY, x, y, n_classes=3)
    assert same(grown, grow(KEY, x, y, n_classes=3))
    assert not np.array_equal(grown.out_of_bag, grow(jax.random.key(1), x, y, n_classes=3).out_of_bag)
    assert same(grown, grow(jax.random.key_data(KEY), x, y, n_classes=3)), "an old-style key is the same key"


def test_more_trees_leave_the_first_as_they_are(monkeypatch):
    x, y = table(k=0)
    few, many = grow(KEY, x, y, n_trees=3), grow(KEY, x, y, n_trees=40)
    for a, b in zip(few[:-1], many[:-1], strict=True):
        m = min(a.shape[1], b.shape[1])
        np.testing.assert_array_equal(a[:, :m], b[:3, :m])
    monkeypatch.setattr(_cart, "threads", lambda: 7)
    assert same(many, grow(KEY, x, y, n_trees=40)), "nor does the number of threads matter"


# ---------------------------------------------------------------- the contract


@KINDS_AND_WIDTHS
def test_weights_of_0_and_1_equal_a_subset(k, width):
    x, y = table(k=k or 0)
    keep = np.arange(0, 120, 3)
    weights = np.zeros(120)
    weights[keep] = 1
    ours, theirs = grow(KEY, x, y, n_classes=k, weights=weights), grow(KEY, x[keep], y[keep], n_classes=k)
    assert same(ours._replace(out_of_bag=ours.out_of_bag[:, keep]), theirs)
    assert not ours.out_of_bag[:, np.setdiff1d(np.arange(120), keep)].any()
    # the same sum, over other zeros
    np.testing.assert_allclose(forest.loss(ours, x, y, weights=weights), forest.loss(theirs, x[keep], y[keep]), rtol=1e-5)


@KINDS
def test_a_weight_of_2_is_a_row_twice(k, x64):
    x, y = table(k=k or 0)
    weights = np.ones(120)
    weights[5] = 2
    twice = np.r_[np.arange(120), 5]
    settings = {"n_classes": k, "bootstrap": False, "n_trees": 1, "max_features": None, "max_depth": 4}
    ours, theirs = grow(KEY, x, y, weights=weights, **settings), grow(KEY, x[twice], y[twice], **settings)
    # sums of the same numbers in another order
    np.testing.assert_allclose(forest.outputs(ours, x), forest.outputs(theirs, x), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(forest.loss(ours, x, y, weights=weights), forest.loss(theirs, x[twice], y[twice]), rtol=1e-12)


@pytest.mark.parametrize("k", [2, *(pytest.param(k, marks=SLOW) for k in (3, None))])
def test_inside_jit_and_vmap_the_same_trees(k):
    x, y = table(60, k=k or 0)
    weights = np.random.RandomState(0).randint(0, 2, size=(3, 60)).astype(np.float32)
    grow = lambda w: forest.grow(KEY, x, y, n_classes=k, n_trees=4, weights=w)
    predict = lambda w: forest.outputs(grow(w), x)
    expected = [np.asarray(predict(w)) for w in weights]
    for together in (jax.jit(jax.vmap(predict)), jax.jit(lambda ws: jax.lax.map(predict, ws))):
        np.testing.assert_allclose(together(weights), expected, rtol=1e-6, atol=1e-6)
    inside, outside = (jax.tree.map(np.asarray, of(weights[0])) for of in (jax.jit(grow), grow))
    m = outside.left.shape[1]
    for name in ("feature", "threshold", "left", "right", "value", "weight"):
        a, b = getattr(inside, name), getattr(outside, name)
        assert np.array_equal(a[:, : min(m, a.shape[1])], b[:, : min(m, a.shape[1])])
    assert inside.left.shape == (4, 119) and inside.left.dtype == outside.left.dtype


@KINDS_AND_WIDTHS
def test_predict_and_loss_are_pure(k, width):
    x, y = table(k=k or 0)
    x = x.astype(width)
    params = grow(KEY, x, y.astype(width) if not k else y, n_classes=k, n_trees=10)
    assert params.value.dtype == width and params.threshold.dtype == width
    labels = forest.predict(params, x)
    assert labels.shape == (120,) and np.issubdtype(labels.dtype, np.integer) == bool(k)
    np.testing.assert_array_equal(jax.jit(forest.predict)(params, x), labels)
    # XLA may fuse a multiplication and an addition
    np.testing.assert_allclose(jax.jit(forest.loss)(params, x, y), forest.loss(params, x, y), rtol=1e-6)
    np.testing.assert_array_equal(np.concatenate([forest.predict(params, x[i : i + 1]) for i in range(120)]), labels)
    order = np.random.RandomState(1).permutation(120)
    np.testing.assert_allclose(forest.loss(params, x[order], y[order]), forest.loss(params, x, y), rtol=1e-6)


def test_shares_are_shares():
    x, y = table()
    shares = np.asarray(forest.predict_proba(grow(KEY, x, y, n_classes=3, min_samples_leaf=5), x))
    assert shares.shape == (120, 3) and (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)


def test_the_loss_of_one_tree_is_its_leaves_impurity(x64):
    x, y = table()
    params = grow(KEY, x, y, n_classes=3, n_trees=1, bootstrap=False, max_depth=3)
    impurity = sum(
        len(rows) / 120 * (1 - np.sum((np.bincount(y[rows], minlength=3) / len(rows)) ** 2))
        for i, rows in rows_at(params, 0, x).items()
        if params.left[0, i] == i
    )
    np.testing.assert_allclose(forest.loss(params, x, y), impurity, rtol=1e-12)


def test_one_class_and_one_row_are_constant():
    x, _ = table()
    params = grow(KEY, x, np.ones(120, int), n_classes=3)
    assert (np.asarray(forest.predict(params, x)) == 1).all() and not np.any(params.importances)
    assert forest.predict(grow(KEY, x[:1], [2.5]), x).tolist() == [2.5] * 120
    assert forest.predict(grow(KEY, x, np.zeros(120, int), n_classes=1), x).tolist() == [0] * 120


def test_units_do_not_matter():
    """Columns in other units are the same trees; a target stretched is stretched."""
    x, y = table(k=0)
    x = np.round(1024 * x) / 1024
    plain = np.asarray(forest.predict(grow(KEY, x, y), x))
    np.testing.assert_array_equal(forest.predict(grow(KEY, x * 1024, y), x * 1024), plain)
    np.testing.assert_array_equal(forest.predict(grow(KEY, x, 2.0**90 * y), x), 2.0**90 * plain)
    far = grow(KEY, x + 64, y)  # columns in whole 1/1024, so that the sum is exact
    np.testing.assert_array_equal(forest.predict(far, x + 64), plain)


# ---------------------------------------------------------------- soft trees


def test_a_hard_tree_has_no_gradient():
    x, y = table()
    params = grow(KEY, x, y, n_classes=3, n_trees=5, max_depth=4)
    hard = lambda t: forest.loss(params._replace(threshold=t), x, y)
    assert not np.any(jax.jit(jax.grad(hard))(params.threshold))
    relaxed = forest.relax(params, 0.3)
    soft = lambda t: forest.loss(relaxed._replace(trees=params._replace(threshold=t)), x, y)
    slope = jax.jit(jax.grad(soft))(params.threshold)
    assert np.isfinite(slope).all() and (np.abs(slope) > 1e-6).sum() > 20


@pytest.mark.parametrize("k", [2, pytest.param(None, marks=SLOW)])
def test_soft_gradient_by_central_differences(k, x64):
    x, y = table(40, k=k or 0)
    params = grow(KEY, x, y, n_classes=k, n_trees=3, max_depth=4)
    relaxed = forest.relax(params, 0.5)

    def soft(threshold, value):
        return forest.loss(relaxed._replace(trees=params._replace(threshold=threshold, value=value)), x, y)

    check_grads(jax.jit(soft), (params.threshold, params.value), order=1, modes=["rev"], atol=0, rtol=1e-6, eps=1e-5)


@KINDS
def test_relaxed_by_the_definition(k, x64):
    """Every leaf's share is the product along its way, walked here node by node."""
    x, y = table(30, k=k or 0)
    params, temperature = grow(KEY, x, y, n_classes=k, n_trees=3), 0.7
    trees = jax.tree.map(np.asarray, params)

    def down(tree, i, row):
        if trees.left[tree, i] == i:
            return trees.value[tree, i]
        p = 1 / (1 + np.exp(-(trees.threshold[tree, i] - row[trees.feature[tree, i]]) / temperature))
        return p * down(tree, trees.left[tree, i], row) + (1 - p) * down(tree, trees.right[tree, i], row)

    expected = [np.mean([down(tree, 0, row) for tree in range(3)], axis=0) for row in x]
    np.testing.assert_allclose(forest.outputs(forest.relax(params, temperature), x), expected, rtol=1e-12, atol=1e-14)


@KINDS
def test_as_the_temperature_falls_to_0_it_is_the_forest(k, x64):
    x, y = table(k=k or 0)
    params = grow(KEY, x, y, n_classes=k, n_trees=10)
    hard = np.asarray(forest.outputs(params, x))
    apart = [np.abs(forest.outputs(forest.relax(params, t), x) - hard).max() for t in (1, 0.1, 1e-3, 1e-9)]
    assert apart[0] > apart[1] > apart[2] > apart[3] and apart[3] < 1e-12
    np.testing.assert_array_equal(forest.predict(forest.relax(params, 1e-9), x), forest.predict(params, x)) if k else None


# ---------------------------------------------------------------- other numbers


def test_oob_score_by_the_definition():
    x, y = table(k=3)
    params = grow(KEY, x, y, n_classes=3, n_trees=20)
    out, single = np.asarray(params.out_of_bag), []
    for tree in range(20):
        one = jax.tree.map(lambda leaf, tree=tree: leaf[tree : tree + 1], params)._replace(importances=params.importances)
        single.append(forest.predict_proba(one, x))
    votes = np.sum(np.where(out[:, :, None], np.array(single), 0), axis=0)
    seen = out.any(axis=0)
    assert forest.oob_score(params, x, y) == pytest.approx(np.mean(votes.argmax(axis=1)[seen] == y[seen]), abs=1e-12)


def test_oob_score_tells_the_test_error():
    """And the training score does not: 600 rows each, ± 0.03 is two standard errors."""
    x, y = datasets.make_classification(1200, 20, n_informative=4, flip_y=0.2, random_state=0)
    params = grow(KEY, x[:600], y[:600], n_classes=2)
    on_test = metrics.accuracy_score(y[600:], forest.predict(params, x[600:]))
    assert abs(forest.oob_score(params, x[:600], y[:600]) - on_test) < 0.04
    assert metrics.accuracy_score(y[:600], forest.predict(params, x[:600])) == 1
    x, y = table(300, k=0)
    assert 0.7 < forest.oob_score(grow(KEY, x, y), x, y) < 1


def test_importances():
    """Of ten columns two matter: both kinds say which, and the noise has next to nothing where rows are many."""
    r = np.random.RandomState(0)
    x = r.randn(1000, 6)
    y = 3 * x[:, 0] + 2 * x[:, 4]
    params = grow(KEY, x, y, n_trees=30)
    assert np.argsort(-params.importances)[:2].tolist() == [0, 4] and params.importances.sum() == pytest.approx(1, abs=1e-6)
    shuffled = np.asarray(forest.permutation_importances(KEY, params, x, y, repeats=3))
    assert shuffled.shape == (3, 6) and np.argsort(-shuffled.mean(axis=0))[:2].tolist() == [0, 4]
    # shuffling column j doubles the variance that it explains: 2 · 3², 2 · 2²; the forest flattens the ends a little
    np.testing.assert_allclose(shuffled.mean(axis=0)[[0, 4]], [18, 8], rtol=0.15)


@SLOW
def test_importances_are_scikit_learns_on_average():
    ensemble = pytest.importorskip("sklearn.ensemble")
    x, y = datasets.load_breast_cancer()[:2]
    ours = [grow(jax.random.key(s), x, y, n_classes=2).importances for s in range(10)]
    theirs = [ensemble.RandomForestClassifier(100, random_state=s).fit(x, y).feature_importances_ for s in range(10)]
    # within four standard errors, which forests of 10 seeds show
    error = np.sqrt((np.var(ours, axis=0, ddof=1) + np.var(theirs, axis=0, ddof=1)) / 10)
    assert (np.abs(np.mean(ours, axis=0) - np.mean(theirs, axis=0)) < 4 * error).all()


def test_inputs_unchanged():
    x, y = table()
    x.setflags(write=False)
    copy = x.copy()
    weights = np.ones(120)
    grow(KEY, x, y, n_classes=3, weights=weights)
    np.testing.assert_array_equal(x, copy)
    np.testing.assert_array_equal(weights, 1)
