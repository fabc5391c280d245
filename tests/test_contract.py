"""What every model promises.  A later model joins by adding a line to MODELS."""

from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxml import linear, logistic, softmax

N, D, K = 24, 3, 4
EPS = {"float32": 1.2e-7, "float64": 2.3e-16}


class Case(NamedTuple):
    model: ModuleType
    init: Callable
    y: Callable  # random state -> targets (N,)
    textbook: Callable  # (y, params, x) -> what xᵀ is multiplied with in the textbook's gradient, before 1/n


MODELS = {
    "linear": Case(
        model=linear,
        init=lambda: linear.init(D),
        y=lambda r: r.randn(N),
        textbook=lambda y, p, x: 2 * (linear.predict(p, x) - y),
    ),
    "logistic": Case(
        model=logistic,
        init=lambda: logistic.init(D),
        y=lambda r: r.randint(2, size=N),
        textbook=lambda y, p, x: logistic.predict_proba(p, x) - y,
    ),
    "softmax": Case(
        model=softmax,
        init=lambda: softmax.init(D, K),
        y=lambda r: r.randint(K, size=N),
        textbook=lambda y, p, x: softmax.predict_proba(p, x) - np.eye(K)[y],
    ),
}


@pytest.fixture(params=MODELS.values(), ids=MODELS.keys())
def case(request):
    return request.param


@pytest.fixture
def some(case, width):
    """Random parameters, x and y in the width under test, away from the start."""
    r = np.random.RandomState(0)
    x, y = r.randn(N, D).astype(width), case.y(r)
    y = y.astype(width) if y.dtype.kind == "f" else y
    params = jax.tree.map(lambda leaf: jnp.asarray(r.standard_normal(leaf.shape), width), case.init())
    return params, x, y


def test_names(case):
    for name in ("Params", "init", "predict", "loss", "solve"):
        assert hasattr(case.model, name)


def test_loss_is_a_finite_scalar(case, some, width):
    for params in (some[0], case.init()):
        value = case.model.loss(params, *some[1:])
        assert value.shape == () and value.dtype == width and np.isfinite(value)


def test_predict_gives_what_y_is(case, some):
    params, x, y = some
    predicted = case.model.predict(params, x)
    assert predicted.shape == y.shape
    assert np.issubdtype(predicted.dtype, np.integer) == np.issubdtype(y.dtype, np.integer)


def test_jit_equals_eager(case, some, width):
    params, x, y = some
    # XLA may fuse a multiplication and an addition: some roundings of difference
    np.testing.assert_allclose(jax.jit(case.model.loss)(params, x, y), case.model.loss(params, x, y), rtol=8 * EPS[width])
    np.testing.assert_allclose(
        jax.jit(case.model.predict)(params, x), case.model.predict(params, x), rtol=8 * EPS[width], atol=8 * EPS[width]
    )


def test_permuted_and_repeated_rows(case, some, width):
    params, x, y = some
    value, order = case.model.loss(params, x, y), np.random.RandomState(1).permutation(N)
    np.testing.assert_allclose(case.model.loss(params, x[order], y[order]), value, rtol=8 * EPS[width])
    np.testing.assert_allclose(case.model.loss(params, np.r_[x, x], np.r_[y, y]), value, rtol=8 * EPS[width])


@pytest.mark.parametrize("function", ["loss", "solve"])
def test_weights_of_0_and_1_equal_a_subset(case, some, width, function):
    params, x, y = some
    keep = np.r_[np.arange(K), np.arange(K, N, 2)]
    y = np.r_[np.arange(K) % (y.max() + 1), y[K:]].astype(y.dtype) if y.dtype.kind == "i" else y
    weights = np.zeros(N, width)
    weights[keep] = 1
    if function == "loss":
        ours, theirs = case.model.loss(params, x, y, weights=weights, l2=0.1), case.model.loss(params, x[keep], y[keep], l2=0.1)
        np.testing.assert_allclose(ours, theirs, rtol=8 * EPS[width])
    else:
        ours, theirs = case.model.solve(x, y, weights=weights, l2=0.1), case.model.solve(x[keep], y[keep], l2=0.1)
        # a sum over other zeros rounds otherwise; l2 = 0.1 bounds how far that moves the minimum
        chex.assert_trees_all_close(ours, theirs, rtol=200 * EPS[width], atol=200 * EPS[width])


def test_a_weight_of_2_is_a_row_twice(case, some, width):
    params, x, y = some
    weights = np.ones(N, width)
    weights[3] = 2
    twice = np.r_[np.arange(N), 3]
    np.testing.assert_allclose(
        case.model.loss(params, x, y, weights=weights), case.model.loss(params, x[twice], y[twice]), rtol=8 * EPS[width]
    )


def test_row_by_row_equals_the_batch(case, some, width):
    params, x, _ = some
    rows = jnp.concatenate([case.model.predict(params, x[i : i + 1]) for i in range(N)])
    np.testing.assert_allclose(rows, case.model.predict(params, x), rtol=8 * EPS[width], atol=8 * EPS[width])


def test_no_second_compile(case, some):
    params, x, y = some
    traces = []
    loss = jax.jit(lambda p, x, y: traces.append(1) or case.model.loss(p, x, y))
    loss(params, x, y)
    loss(params, x + 1, y)
    assert len(traces) == 1


@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_gradient_by_central_differences(case, x64, l2):
    r = np.random.RandomState(0)
    x, y = r.randn(N, D), case.y(r)
    params = jax.tree.map(lambda leaf: jnp.asarray(r.standard_normal(leaf.shape)), case.init())
    check_grads(lambda p: case.model.loss(p, x, y, l2=l2), (params,), order=2, modes=["fwd", "rev"], atol=0, rtol=1e-5, eps=1e-5)


@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_is_the_textbooks(case, some, width, l2, weighted):
    """Xᵀ(mean − y)/n, Bishop, Pattern Recognition and Machine Learning, sections 3.1.3, 4.3.2, 4.3.4; twice that for the squared error."""
    params, x, y = some
    weights = np.random.RandomState(2).uniform(0.5, 2, N).astype(width) if weighted else np.ones(N, width)
    share = (weights / weights.sum()).reshape(-1, *(1,) * (params.w.ndim - 1))
    pull = share * np.asarray(case.textbook(y, params, x))
    expected = case.model.Params(x.T @ pull + l2 * np.asarray(params.w), pull.sum(axis=0))
    grads = jax.grad(case.model.loss)(params, x, y, weights=weights, l2=l2)
    chex.assert_trees_all_close(grads, expected, rtol=50 * EPS[width], atol=50 * EPS[width])


def test_inputs_unchanged(case, some):
    params, x, y = some
    copies = jax.tree.map(np.array, (params, x, y))
    x.setflags(write=False)
    case.model.loss(params, x, y)
    case.model.predict(params, x)
    case.model.solve(x, np.arange(N) % K % (y.max() + 1) if y.dtype.kind == "i" else y, l2=0.1)
    chex.assert_trees_all_equal((params, x, y), copies)


def other_forms(x):
    """The same whole numbers in every form that people hold them in."""
    pd = pytest.importorskip("pandas")
    wide = np.zeros((N, 2 * D), x.dtype)
    wide[:, ::2] = x
    yield "list", x.tolist()
    yield "int64", x.astype(np.int64)
    yield "float16", x.astype(np.float16)
    yield "object", x.astype(object)
    yield "Fortran order", np.asfortranarray(x)
    yield "strided", wide[:, ::2]
    yield "big-endian", x.astype(x.dtype.newbyteorder(">"))
    yield "jax", jnp.asarray(x)
    yield "DataFrame", pd.DataFrame(x)


def test_any_form_of_input_gives_the_same_bits(case, width):
    r = np.random.RandomState(0)
    x = r.randint(-20, 20, size=(N, D)).astype(width)
    y = np.round(3 * r.randn(N)) if case.model is linear else np.arange(N) % (case.y(r).max() + 1)
    params = jax.tree.map(lambda leaf: jnp.asarray(r.standard_normal(leaf.shape), width), case.init())
    functions = [
        lambda x, y: case.model.loss(params, x, y),
        lambda x, y: case.model.predict(params, x),
        lambda x, y: case.model.solve(x, y, l2=0.1),
    ]
    expected = [f(x, y) for f in functions]
    for name, other in other_forms(x):
        if name == "float16" and width == "float64":
            continue  # half precision is computed in float32
        for f, want in zip(functions, expected, strict=True):
            chex.assert_trees_all_equal(f(other, y), want, custom_message=name)
            chex.assert_trees_all_equal(f(x, list(y)), want, custom_message="y as a list")
    chex.assert_trees_all_equal(case.model.solve(x, y[:, None], l2=0.1), expected[2])


def test_uint8_does_not_wrap(case):
    x = np.random.RandomState(0).randint(0, 256, size=(N, D)).astype(np.uint8)
    y = np.arange(N) % K % (case.y(np.random.RandomState(0)).max() + 1) if case.model is not linear else np.arange(N)
    chex.assert_trees_all_equal(case.model.solve(x, y, l2=0.1), case.model.solve(x.astype(np.float32), y, l2=0.1))


def test_solve_is_where_the_gradient_vanishes(case, some, width):
    _, x, y = some
    y = np.r_[np.arange(K) % (y.max() + 1), y[K:]] if y.dtype.kind == "i" else y
    params = case.model.solve(x, y, l2=0.1)
    slopes = jax.tree.leaves(jax.grad(case.model.loss)(params, x, y, l2=0.1))
    assert max(float(abs(s).max()) for s in slopes) < 50 * EPS[width]


def test_solve_inside_jit_and_vmap(case, some, width):
    _, x, y = some
    y = np.r_[np.arange(K) % (y.max() + 1), y[K:]] if y.dtype.kind == "i" else y
    weights = np.random.RandomState(3).uniform(0.5, 2, size=(3, N)).astype(width)
    together = jax.jit(jax.vmap(lambda w: case.model.solve(x, y, weights=w, l2=0.1)))(weights)
    for i in range(3):
        alone = case.model.solve(x, y, weights=weights[i], l2=0.1)
        chex.assert_trees_all_close(jax.tree.map(lambda leaf, i=i: leaf[i], together), alone, rtol=200 * EPS[width], atol=200 * EPS[width])


def test_a_column_of_targets_is_refused(case, some):
    params, x, y = some
    message = rf"loss: argument 'y' does not match the {N} predictions; got shape \({N}, 1\); pass y.ravel\(\)"
    with pytest.raises(ValueError, match=message):
        case.model.loss(params, x, y[:, None])
    with pytest.raises(ValueError, match=message):
        jax.jit(case.model.loss)(params, x, y[:, None])
    with pytest.raises(ValueError, match=r"loss: argument 'weights' does not match"):
        case.model.loss(params, x, y, weights=np.ones((N, 1)))


def test_the_global_precision_stays(case, some):
    before = jax.config.read("jax_enable_x64")
    _, x, y = some
    case.model.solve(x, np.arange(N) % K % (y.max() + 1) if y.dtype.kind == "i" else y, l2=0.1)
    assert jax.config.read("jax_enable_x64") == before
