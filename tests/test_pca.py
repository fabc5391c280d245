"""Principal components against R's and ISLR's printed numbers and scikit-learn, then what must hold whatever the data."""

import csv
import json

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jaxml
from jaxml.exceptions import IllConditionedWarning
from jaxml.models import _pca, pca

EPS = {"float32": 1.2e-7, "float64": 2.3e-16}
SHAPES = [(60, 5), (30, 5), (8, 15), (300, 20), (12, 12), (100, 1)]  # tall, neither, wide, tall, square, one column
SLOW = pytest.mark.slow


def both_widths(shapes, *quick):
    """Every shape in both widths; those that are not among the quick ones are slow: each is compiled anew."""
    every = [(shape, width) for shape in shapes for width in EPS]
    return pytest.mark.parametrize(
        ("shape", "width"), [pytest.param(*case, marks=() if case in quick else SLOW) for case in every], indirect=["width"]
    )


# one of each way, by the covariance and by the singular values
TALL, SHORT = ((60, 5), "float32"), ((30, 5), "float64")
ONE_WIDTH = pytest.mark.parametrize("width", ["float32", pytest.param("float64", marks=SLOW)], indirect=True)


def table_of(shared, name, columns):
    with (shared / f"known_answers/pca/{name}.csv").open() as file:
        return np.array([[float(v) for v in row[1 : 1 + columns]] for row in list(csv.reader(file))[1:]])


def answers(shared, name):
    return json.loads((shared / "known_answers/known_answers.json").read_text())[name]


def test_iris_is_rs(shared, x64):
    """R's prcomp on iris: standard deviations and shares of the variance, to its printed digits."""
    known = answers(shared, "pca_iris")
    params = pca.solve(table_of(shared, "iris_R", 4))
    np.testing.assert_allclose(np.sqrt(params.explained_variance), known["R_prcomp_sdev_published"], atol=5.1e-8)
    np.testing.assert_allclose(params.explained_variance_ratio, known["published_ratio"], atol=5.1e-9)
    np.testing.assert_allclose(params.explained_variance, known["eigenvalues"], rtol=1e-12)


def test_us_arrests_is_islrs(shared, x64):
    """James, Witten, Hastie, Tibshirani, An Introduction to Statistical Learning, table 10.1; its signs are free, so they are left out."""
    known = answers(shared, "pca_usarrests")
    x = table_of(shared, "USArrests", 4)
    params = pca.solve((x - x.mean(axis=0)) / x.std(axis=0, ddof=1))
    np.testing.assert_allclose(np.sqrt(params.explained_variance), known["sdev"], rtol=1e-12)
    published = known["ISLR_published"]
    np.testing.assert_allclose(params.explained_variance_ratio, published["PVE"], atol=5.1e-5)
    for ours, theirs in zip(params.components, (published["PC1"], published["PC2"]), strict=False):
        np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=5.1e-5)


def drawn(r, case, width):
    """A table of one of a few shapes (so that little is compiled), of some scale, offset and spread of variances."""
    n, d = SHAPES[case % len(SHAPES)]
    axes = np.linalg.qr(r.randn(d, d))[0]
    x = 10.0 ** r.uniform(-2, 2) * (r.randn(n, d) * np.geomspace(1, 0.05, d) @ axes + 3 * r.randn(d))
    return x.astype(width).astype(np.float64)


def oracle_of(x, n_components=None, whiten=False):
    """scikit-learn in float64 by the SVD: its own choice for tall data does not centre first and loses digits."""
    return pytest.importorskip("sklearn.decomposition").PCA(n_components, svd_solver="full", whiten=whiten).fit(x)


# of the largest variance; 4e-15 and 8e-7 were seen
TOLERANCE = {"float64": 1e-12, "float32": 5e-6}


@pytest.mark.parametrize("cases", [[0, 1, 6, 7, 12, 13], pytest.param(range(200), marks=SLOW)], ids=["few", "200"])
def test_scikit_learns_numbers(cases, width):
    """200 cases: eigenvalues, shares, axes, coordinates, reconstructions; axes as far as their eigenvalues stand apart."""
    r, tolerance = np.random.RandomState(0), TOLERANCE[width]
    for case in cases:
        x = drawn(r, case, width)
        oracle = oracle_of(x)
        params = jax.tree.map(np.asarray, pca.solve(x.astype(width)))
        largest = oracle.explained_variance_[0]
        np.testing.assert_allclose(params.explained_variance, oracle.explained_variance_, rtol=0, atol=tolerance * largest)
        np.testing.assert_allclose(params.explained_variance_ratio, oracle.explained_variance_ratio_, rtol=0, atol=tolerance)
        np.testing.assert_allclose(params.mean, oracle.mean_, rtol=0, atol=tolerance * np.abs(x).max())
        few = np.count_nonzero(oracle.explained_variance_ > 1e-6 * largest)  # past the rank an axis is any
        # an axis turns by the error of the matrix over the gap to the next eigenvalue (Davis, Kahan)
        gaps = -np.diff(np.r_[oracle.explained_variance_, 0]) / largest
        turn = tolerance / np.minimum(gaps, np.r_[1, gaps[:-1]])[:few, None]
        assert (np.abs(params.components - oracle.components_)[:few] <= turn).all()
        z = pca.transform(params, x.astype(width))
        assert (np.abs(z - oracle.transform(x))[:, :few] <= (turn.T + tolerance) * np.abs(x).max() * x.shape[1] ** 0.5).all()
        back = pca.inverse_transform(params, z)
        np.testing.assert_allclose(back, x, rtol=0, atol=20 * EPS[width] * np.abs(x).max() * x.shape[1] ** 0.5)


@both_widths([(60, 5), (30, 5), (200, 6), (30, 8)], TALL, SHORT)
def test_whitened_and_cut_as_in_scikit_learn(shape, width):
    r = np.random.RandomState(0)
    x = (r.randn(*shape) * np.geomspace(8, 1, shape[1]) + 5).astype(width)
    oracle, params = oracle_of(x.astype(np.float64), 3, whiten=True), pca.solve(x, 3)
    atol = 1e-12 if width == "float64" else 2e-5  # of numbers near 1, times the inverse of a gap of about a tenth
    z = np.asarray(pca.transform(params, x, whiten=True))
    np.testing.assert_allclose(z, oracle.transform(x.astype(np.float64)), rtol=0, atol=atol)
    np.testing.assert_allclose(np.cov(np.asarray(z, np.float64).T), np.eye(3), rtol=0, atol=atol)
    np.testing.assert_allclose(pca.inverse_transform(params, z, whiten=True), oracle.inverse_transform(z), rtol=0, atol=10 * atol)
    np.testing.assert_allclose(pca.inverse_transform(params, z, whiten=True), pca.predict(params, x), rtol=0, atol=10 * atol)
    np.testing.assert_allclose(params.explained_variance_ratio, oracle.explained_variance_ratio_, rtol=atol)
    assert np.sum(params.explained_variance_ratio) < 0.99


@pytest.mark.parametrize("shape", [(60, 5), (30, 5), *(pytest.param(shape, marks=SLOW) for shape in ((400, 6), (100_000, 6), (30, 8)))])
@pytest.mark.parametrize("offset", [1e3, -1e3])
def test_an_offset_of_1000_costs_float32_nothing(shape, offset):
    """The oracle computes in float64 from the same rounded data; Σx² − n m² would be wrong by tens of per cent."""
    x = (np.random.RandomState(0).randn(*shape) * np.geomspace(1, 0.1, shape[1]) + offset).astype(np.float32)
    oracle = oracle_of(x.astype(np.float64))
    found = np.asarray(pca.solve(x).explained_variance)
    np.testing.assert_allclose(found, oracle.explained_variance_, rtol=0, atol=1e-5 * oracle.explained_variance_[0])
    one_pass = np.linalg.eigvalsh((x.T @ x - len(x) * np.outer(x.mean(0), x.mean(0))) / (len(x) - 1))[::-1]
    assert np.abs(one_pass - oracle.explained_variance_).max() > 1e-3 * oracle.explained_variance_[0]  # the mutant


@pytest.mark.parametrize("scale", [1e8, 1e-8])
@pytest.mark.parametrize("shape", [(60, 5), (30, 5)])
def test_eigenvalues_scale_with_the_square(scale, shape):
    x = np.random.RandomState(0).randn(*shape).astype(np.float32)
    scaled, plain = pca.solve(x * np.float32(scale)), pca.solve(x)
    np.testing.assert_allclose(np.asarray(scaled.explained_variance) / scale**2, plain.explained_variance, rtol=1e-5)
    np.testing.assert_allclose(scaled.explained_variance_ratio, plain.explained_variance_ratio, rtol=1e-5)


@both_widths(SHAPES, TALL, SHORT)
def test_the_largest_entry_of_a_component_is_positive(shape, width):
    for seed in range(5):
        components = np.asarray(pca.solve(np.random.RandomState(seed).randn(*shape)).components)
        assert (components[np.arange(len(components)), np.abs(components).argmax(axis=1)] > 0).all()


@ONE_WIDTH
def test_of_two_equal_entries_the_first_is_positive(width):
    """Two standardised columns: every entry of the components is ±√½, and rounding must not choose the sign."""
    for seed in range(20):
        x = np.random.RandomState(seed).randn(50, 2) @ [[1, 1], [0, 1]]
        components = pca.solve((x - x.mean(axis=0)) / x.std(axis=0)).components
        np.testing.assert_allclose(components, np.array([[1, 1], [1, -1]]) * np.sqrt(0.5), rtol=1e-5)


@both_widths([(60, 5), (30, 5), (8, 15), (200, 6)], TALL, SHORT)
def test_rows_in_any_order_and_weights(shape, width):
    """A weight of 2 is a row twice, of 0 none, and the order does not matter."""
    r = np.random.RandomState(0)
    x = (r.randn(*shape) * np.geomspace(4, 1, shape[1])).astype(width)
    weights = r.permutation(np.arange(len(x)) % 3).astype(width)  # as many rows again, or one less
    k = 3
    rows = np.repeat(np.arange(len(x)), weights.astype(int))
    # the sums round in another order; a gap of about a tenth between eigenvalues multiplies that
    close = lambda a, b: chex.assert_trees_all_close(a, b, rtol=300 * EPS[width], atol=300 * EPS[width] * 4)
    weighted = pca.solve(x, k, weights=weights)
    close(weighted, pca.solve(x[rows], k))
    close(pca.solve(x[r.permutation(len(x))], k), pca.solve(x, k))
    close(pca.loss(weighted, x, weights=weights), pca.loss(weighted, x[rows]))
    keep = weights > 0
    close(pca.solve(x, k, weights=keep.astype(width)), pca.solve(x[keep], k))


@both_widths(SHAPES, TALL, SHORT)
def test_components_are_orthonormal_and_rebuild_x(shape, width):
    x = (np.random.RandomState(0).randn(*shape) + 2).astype(width)
    params = pca.solve(x)
    k = min(shape)
    assert params.mean.shape == shape[1:] and params.components.shape == (k, shape[1])
    assert params.explained_variance.shape == params.explained_variance_ratio.shape == (k,)
    assert all(leaf.dtype == width for leaf in params)
    axes = np.asarray(params.components)
    np.testing.assert_allclose(axes @ axes.T, np.eye(k), atol=20 * EPS[width])
    np.testing.assert_allclose(pca.predict(params, x), x, atol=100 * EPS[width])
    np.testing.assert_allclose(np.sum(params.explained_variance_ratio), 1, rtol=20 * EPS[width])
    assert pca.loss(params, x) < (100 * EPS[width]) ** 2


@pytest.mark.parametrize("weighted", [True, pytest.param(False, marks=SLOW)])
@both_widths([(60, 5), (30, 5), (8, 15), (200, 6)], TALL, SHORT)
def test_the_loss_is_the_variance_left_out(shape, weighted, width):
    """Divided by n, where explained_variance divides by n − 1."""
    r = np.random.RandomState(0)
    x = (r.randn(*shape) + 2).astype(width)
    weights = r.uniform(0.5, 3, len(x)).astype(width) if weighted else None
    total = weights.sum() if weighted else len(x)
    every = np.asarray(pca.solve(x, weights=weights).explained_variance)
    for k in (1, 3):
        left_out = every[k:].sum() * (total - 1) / total
        found = pca.loss(pca.solve(x, k, weights=weights), x, weights=weights)
        np.testing.assert_allclose(found, left_out, rtol=100 * EPS[width])


@ONE_WIDTH
def test_a_descent_reaches_the_same_plane(width):
    """From a random start; the loss sees only the plane, so the projections onto it are compared."""
    r = np.random.RandomState(0)
    x = (r.randn(60, 5) * np.array([3, 2, 1.7, 0.4, 0.2]) @ np.linalg.qr(r.randn(5, 5))[0] + 1).astype(width)
    exact = pca.solve(x, 3)
    start = pca.init(jax.random.key(0), 5, 3)
    fit = jaxml.minimize(pca.loss, start, x, optimizer=optax.sgd(0.02), steps=2000)
    c, c_exact = np.asarray(fit.params.components), np.asarray(exact.components)
    atol = 1e-4 if width == "float32" else 1e-9  # float32: the gradient vanishes in rounding before the plane is exact
    np.testing.assert_allclose(c.T @ c, c_exact.T @ c_exact, atol=atol)
    np.testing.assert_allclose(fit.losses[-1], pca.loss(exact, x), rtol=100 * EPS[width])
    np.testing.assert_allclose(pca.predict(fit.params, x), pca.predict(exact, x), atol=20 * atol)
    for name in ("explained_variance", "explained_variance_ratio"):
        np.testing.assert_array_equal(getattr(fit.params, name), 0)


def test_solve_is_where_the_gradient_vanishes(x64):
    x = np.random.RandomState(0).randn(30, 5) + 3
    params = pca.solve(x, 3)
    grads = jax.tree.map(np.asarray, jax.jit(jax.grad(pca.loss))(params, x))
    chex.assert_trees_all_close(grads, jax.tree.map(np.zeros_like, grads), atol=1e-13)
    hessian = jax.jit(jax.hessian(lambda c, params: pca.loss(params._replace(components=c), x)))
    lowest = lambda params: np.linalg.eigvalsh(hessian(params.components, params).reshape(15, 15))[0]
    assert lowest(params) > -1e-12  # a minimum, flat along turns of the basis
    saddle = jax.tree.map(np.asarray, pca.solve(x))
    saddle = saddle._replace(**{name: getattr(saddle, name)[1:4] for name in pca.Params._fields[1:]})
    assert lowest(saddle) < -1e-3  # other eigenvectors are no minimum


@both_widths([(60, 5), (30, 5)], TALL, SHORT)
def test_inside_jit_and_vmap(shape, width):
    r = np.random.RandomState(0)
    x = (r.randn(*shape) * np.geomspace(4, 1, shape[1])).astype(width)
    weights = r.uniform(0.5, 2, size=(3, len(x))).astype(width)
    together = jax.jit(jax.vmap(lambda w: pca.solve(x, 3, weights=w)))(weights)
    alone = [jax.tree.map(np.asarray, pca.solve(x, 3, weights=w)) for w in weights]
    # the gaps between the eigenvalues are about a tenth, and x is of the size of 10
    close = lambda a, b: chex.assert_trees_all_close(a, b, rtol=300 * EPS[width], atol=300 * EPS[width])
    close(together, jax.tree.map(lambda *leaves: np.stack(leaves), *alone))
    close(jax.jit(lambda x: pca.solve(x, 3))(x), pca.solve(x, 3))
    every = lambda params, x: [f(params, x) for f in (pca.transform, pca.predict, pca.loss)]
    close(jax.jit(every)(alone[0], x), every(alone[0], x))


@both_widths([(60, 5), (30, 5)], TALL, SHORT)
def test_directions_without_variance_stay_finite(shape, width):
    """A constant column, a twin and a table of one value: variance 0, whitened to 0, and no NaN."""
    r = np.random.RandomState(0)
    x = r.randn(*shape).astype(width)
    x[:, 1], x[:, 2] = 0.1, 2 * x[:, 0]
    params = jax.tree.map(np.asarray, pca.solve(x))
    np.testing.assert_array_equal(params.explained_variance[3:], 0)
    assert (params.explained_variance[:3] > 0.1).all()
    z = np.asarray(pca.transform(params, x, whiten=True))
    np.testing.assert_array_equal(z[:, 3:], 0)
    np.testing.assert_allclose(pca.inverse_transform(params, z, whiten=True), x, atol=100 * EPS[width])
    for value in (0.0, 0.1, -1e8 / 3):
        for weights in (None, r.uniform(0.1, 3, len(x))):
            params = jax.tree.map(np.asarray, pca.solve(np.full(shape, value), weights=weights))
            np.testing.assert_array_equal(params.explained_variance, 0)
            np.testing.assert_array_equal(params.explained_variance_ratio, 0)
            np.testing.assert_allclose(params.components @ params.components.T, np.eye(5), atol=20 * EPS[width])
            assert np.isfinite(pca.transform(params, x, whiten=True)).all()


@ONE_WIDTH
def test_many_columns(width):
    """200 columns, 40 rows of rank 10."""
    r = np.random.RandomState(0)
    variance = np.asarray(pca.solve(r.randn(40, 10) @ r.randn(10, 200)).explained_variance)
    np.testing.assert_array_equal(variance[10:], 0)
    assert (variance[:10] > 1).all()


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(60, 5), (30, 5), (3, 5)]), st.floats(-1e3, 1e3))
def test_a_rotation_and_a_shift_leave_the_variances(seed, shape, shift):
    r = np.random.RandomState(seed)
    x, turn = r.randn(*shape) * [3, 2, 1, 0.5, 0.4], np.linalg.qr(r.randn(5, 5))[0]
    a, b = (jax.tree.map(np.asarray, pca.solve(x)) for x in (x, x @ turn + shift))
    # float32 resolves the shifted entries to eps times the shift
    atol = 3e-6 * (9 + abs(shift))
    np.testing.assert_allclose(b.explained_variance, a.explained_variance, rtol=1e-5, atol=atol * 3)
    assert (np.diff(a.explained_variance) <= 0).all() and (a.explained_variance >= 0).all()
    np.testing.assert_allclose(a.explained_variance.sum(), x.var(axis=0, ddof=1).sum(), rtol=1e-5)


X = np.random.RandomState(0).randn(12, 3)


@pytest.mark.parametrize(
    ("name", "value", "kind", "message"),
    [
        ("x", [[1.0, 2.0, 3.0]], ValueError, r"argument 'x' has n_samples = 1; got shape \(1, 3\); pass two rows or more"),
        ("x", X[0], ValueError, r"argument 'x' has 1 dimension"),
        ("x", np.where(np.arange(3) == 1, np.nan, X), ValueError, r"argument 'x' contains NaN; got nan at row 0, column 1;"),
        ("x", X[:0], ValueError, r"argument 'x' is empty"),
        ("x", [["a", "b"]], TypeError, r"argument 'x' is not an array of real numbers"),
        ("x", X * 1e30, ValueError, r"argument 'x' overflows float32; got numbers too large to be squared; rescale x, or turn x64 on"),
        ("x", X * 1e-25, ValueError, r"argument 'x' underflows float32; got numbers too small to be squared"),
        ("n_components", 0, ValueError, r"argument 'n_components' is out of range; got 0; pass an int >= 1"),
        ("n_components", -1, ValueError, r"argument 'n_components' is out of range; got -1"),
        (
            "n_components",
            4,
            ValueError,
            r"'n_components' is more than min\(n_samples, n_features\); got 4 for x of shape \(12, 3\); pass at most 3",
        ),
        ("n_components", 0.9, TypeError, r"argument 'n_components' is not a whole number; got float 0.9"),
        ("n_components", True, TypeError, r"argument 'n_components' is not a whole number; got bool True"),
        ("n_components", "mle", TypeError, r"argument 'n_components' is not a whole number"),
        ("weights", np.ones(11), ValueError, r"argument 'weights' has 11 rows, but there are 12 examples"),
        ("weights", -np.ones(12), ValueError, r"argument 'weights' has a negative entry"),
        ("weights", np.full(12, 1 / 12), ValueError, r"argument 'weights' does not sum to more than 1; got a sum of 1; pass how often"),
        ("weights", np.arange(12) == 3, ValueError, r"argument 'weights' does not sum to more than 1"),
    ],
)
def test_solve_refuses(name, value, kind, message):
    with pytest.raises(kind, match=r"^pca\.solve: .*" + message):
        pca.solve(**{"x": X, name: value})


PARAMS = pca.Params(np.zeros(3), np.eye(3)[:2], np.ones(2), np.ones(2) / 3)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: pca.transform(PARAMS, X[:, :2]), ValueError, r"^pca\.transform: argument 'x' has 2 columns, not 3"),
        (lambda: pca.inverse_transform(PARAMS, X), ValueError, r"^pca\.inverse_transform: argument 'z' has 3 columns, not 2"),
        (lambda: pca.loss(PARAMS, X * np.nan), ValueError, r"^pca\.loss: argument 'x' contains NaN"),
        (lambda: pca.loss(PARAMS, X, weights=np.ones((12, 1))[:5]), ValueError, r"^pca\.loss: argument 'weights' has 5 rows"),
        (lambda: pca.transform(PARAMS, X, whiten="no"), TypeError, r"^pca\.transform: argument 'whiten' is neither True nor False"),
        (lambda: pca.inverse_transform(PARAMS, X[:, :2], whiten=1), TypeError, r"^pca\.inverse_transform: argument 'whiten' is neither"),
        (lambda: pca.transform(PARAMS._replace(mean=np.zeros(1)), X), ValueError, r"argument 'params' does not have this model's shapes"),
        (lambda: pca.transform(jaxml.linear.init(3), X), TypeError, r"^pca\.transform: argument 'params' is not the model's Params"),
        (lambda: pca.transform(PARAMS._replace(mean=np.full(3, np.nan)), X), ValueError, r"argument 'params\.mean' contains NaN"),
        (lambda: pca.init(jax.random.key(0), 3, 4), ValueError, r"^pca\.init: argument 'n_components' is out of range; got 4"),
    ],
)
def test_the_others_refuse(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_weights_that_sum_to_1_are_nan_inside_jit():
    found = jax.jit(lambda w: pca.solve(X, weights=w))(jnp.full(12, 1 / 12))
    assert np.isnan(found.explained_variance).all()


def test_a_column_that_float32_does_not_resolve_is_named():
    with pytest.warns(IllConditionedWarning, match=r"^pca\.solve: column 1 of 'x' varies from") as caught:
        pca.solve(X + np.array([0, 1e6, 0]))
    assert caught[0].filename == __file__


@ONE_WIDTH
def test_input_unchanged_in_any_form(width):
    x = np.round(X * 9).astype(width)
    x.setflags(write=False)
    expected = pca.solve(x)
    for form in (x.tolist(), x.astype(np.int64), np.asfortranarray(x), jnp.asarray(x), x.astype(object)):
        chex.assert_trees_all_equal(pca.solve(form), expected)


def test_both_ways_agree(x64):
    """The covariance and the singular values on one table."""
    x = jnp.asarray(np.random.RandomState(0).randn(80, 5) + 4)
    share = jnp.asarray(np.random.RandomState(1).dirichlet(np.ones(80)))
    a, b = (jax.tree.map(np.asarray, jax.jit(way)(x, share)) for way in (_pca.by_covariance, _pca.by_singular_values))
    chex.assert_trees_all_close((*a[:2], np.abs(a[2])), (*b[:2], np.abs(b[2])), rtol=1e-12, atol=1e-13)
