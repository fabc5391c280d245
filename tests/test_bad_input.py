"""The battery of bad inputs: every public function against every bad value, one table.

Each is refused with ValueError or TypeError, in one sentence that names the function and the argument; or, where a row says
"works", gives finite numbers.  Nothing is silently wrong.  The ids B01 … N14 are rows of the project's list of faults.
"""

import re
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxml
from jaxml import datasets, forest, linear, logistic, metrics, model_selection, pca, plot, softmax, svm
from jaxml.exceptions import FitFailedWarning
from jaxml.preprocessing import encode_labels, one_hot, standard_scaler

R = np.random.RandomState(0)
X, Y, L, T = R.randn(12, 3), R.randn(12), np.arange(12) % 2, np.arange(12) % 3
KEY, SGD = jax.random.key(0), optax.sgd(0.01)
SCALER = standard_scaler.fit(X)
START = {m: m.init(3) if m is not softmax else m.init(3, 3) for m in (linear, logistic, softmax)}
TARGET = {linear: Y, logistic: L, softmax: T}
RUN = {"optimizer": SGD, "key": KEY, "epochs": 1, "batch_size": 4, "progress": False}
AXES, MACHINES, TREES = pca.solve(X), svm.solve(X, T), forest.grow(KEY, X, T, n_classes=3, n_trees=2)  # of 3 columns, 3 classes
MEANS = forest.grow(KEY, X, Y, n_trees=2)
CURVE = (np.array([4, 8]), np.full((2, 3), 0.9), np.full((2, 3), 0.7))


def runs(model, x=X, y=None, start=None, **settings):
    """The calls of a model and of the descent on it, by name."""
    y, start = TARGET[model] if y is None else y, START[model] if start is None else start
    name = model.__name__.split(".")[-1]
    yield f"{name}.solve", lambda: model.solve(x, y, l2=0.1, **settings)
    yield f"{name}.loss", lambda: model.loss(start, x, y, **settings)
    yield "minimize", lambda: jaxml.minimize(model.loss, start, x, y, optimizer=SGD, steps=2, **settings)
    yield "fit", lambda: jaxml.fit(model.loss, start, x, y, **RUN, **settings)
    yield "newton", lambda: jaxml.newton(model.loss, start, x, y, l2=0.1, **settings)


def curve(x=X, y=L, model=logistic, **settings):
    settings = {"train_sizes": [1.0], "cv": 2, "progress": False} | settings
    return model_selection.learning_curve(model.solve, model.predict, x, y, **settings)


def reads(x=X, axes=AXES, machines=MACHINES, trees=TREES):
    """The calls of a table that read axes, machines or trees, by name."""
    yield "pca.transform", lambda: pca.transform(axes, x)
    yield "pca.inverse_transform", lambda: pca.inverse_transform(axes, x)
    yield "pca.predict", lambda: pca.predict(axes, x)
    yield "pca.loss", lambda: pca.loss(axes, x)
    yield "svm.logits", lambda: svm.logits(machines, x)
    yield "svm.predict", lambda: svm.predict(machines, x)
    yield "forest.outputs", lambda: forest.outputs(trees, x)
    yield "forest.predict", lambda: forest.predict(trees, x)
    yield "forest.predict_proba", lambda: forest.predict_proba(trees, x)
    yield "forest.Soft", lambda: forest.predict(forest.Soft(trees, jnp.float32(1)), x)


def compares(x=X, y=T, machines=MACHINES, trees=TREES):
    """The calls that read machines or trees, and y too."""
    yield "svm.loss", lambda: svm.loss(machines, x, y)
    yield "svm.duality_gap", lambda: svm.duality_gap(machines, x, y)
    yield "forest.loss", lambda: forest.loss(trees, x, y)
    yield "forest.oob_score", lambda: forest.oob_score(trees, x, y)
    yield "forest.permutation_importances", lambda: forest.permutation_importances(KEY, trees, x, y, repeats=1)


def finds(x=X, y=T):
    """The calls that make axes, machines, trees or scores."""
    yield "svm.solve", lambda: svm.solve(x, y)
    yield "forest.grow", lambda: forest.grow(KEY, x, y, n_classes=3, n_trees=2)
    yield "learning_curve", lambda: curve(x, y, softmax)


def weighed(weights):
    """The calls of the same models that take weights."""
    yield "pca.solve", lambda: pca.solve(X, weights=weights)
    yield "pca.loss", lambda: pca.loss(AXES, X, weights=weights)
    yield "svm.solve", lambda: svm.solve(X, T, weights=weights)
    yield "svm.loss", lambda: svm.loss(MACHINES, X, T, weights=weights)
    yield "svm.duality_gap", lambda: svm.duality_gap(MACHINES, X, T, weights=weights)
    yield "forest.grow", lambda: forest.grow(KEY, X, T, n_classes=3, n_trees=2, weights=weights)
    yield "forest.loss", lambda: forest.loss(TREES, X, T, weights=weights)


def takes_table(x):
    """Every public function of a table (n, d), with that table."""
    for model in START:
        yield from runs(model, x=x)
        yield f"{model.__name__.split('.')[-1]}.(predict|logits)", lambda model=model: model.predict(START[model], x)
    yield "logistic.logits", lambda: logistic.predict_proba(START[logistic], x)
    yield "softmax.logits", lambda: softmax.predict_proba(START[softmax], x)
    yield "standard_scaler.fit", lambda: standard_scaler.fit(x)
    yield "standard_scaler.transform", lambda: standard_scaler.transform(SCALER, x)
    yield "pca.solve", lambda: pca.solve(x)
    yield "minimize", lambda: jaxml.minimize(pca.loss, AXES, x, optimizer=SGD, steps=2)
    yield from reads(x)
    yield from compares(x)
    yield from finds(x)
    flat = x[:, :2] if hasattr(x, "shape") and x.ndim == 2 else x  # a plane has two columns
    yield "plot.decision_boundary", lambda: plot.decision_boundary(lambda p: p[:, 0] > 0, flat)
    yield "plot.support_vectors", lambda: plot.support_vectors(lambda p: p[:, 0], flat, L, X[:2, :2])


def takes_numbers(y):
    """Every public function of a target (n,), and the argument's name there."""
    yield from (("y", *pair) for pair in runs(linear, y=y))
    for name in ("mean_squared_error", "mean_absolute_error", "r2_score"):
        yield "y_true", name, lambda name=name: getattr(metrics, name)(y, Y)
        yield "y_pred", name, lambda name=name: getattr(metrics, name)(Y, y)
    yield "losses", "plot.loss_curve", lambda: plot.loss_curve(y)
    yield "y", "plot.scatter_with_fit", lambda: plot.scatter_with_fit(X[:, 0], y)
    yield from (("y", *pair) for pair in compares(y=y, trees=MEANS) if pair[0].startswith("forest"))
    yield "y", "forest.grow", lambda: forest.grow(KEY, X, y, n_trees=2)
    yield "(y|solve)", "learning_curve", lambda: curve(X, y, linear, scoring=metrics.r2_score)
    yield "curve", "plot.learning_curve", lambda: plot.learning_curve((y, X, X))
    for place in (1, 2):
        table = np.tile(np.reshape(y, (-1, 1)), (1, 2))
        scores = [X[: len(table)], table][:: 1 if place == 2 else -1]
        yield "curve", "plot.learning_curve", lambda scores=scores: plot.learning_curve((1 + np.arange(len(scores[0])), *scores))
    yield "ratio", "plot.explained_variance", lambda: plot.explained_variance(y)
    yield "null", "plot.explained_variance", lambda: plot.explained_variance(np.full(12, 1 / 12), null=(y, Y + 9))
    yield "importances", "plot.feature_importances", lambda: plot.feature_importances(y)
    yield "std", "plot.feature_importances", lambda: plot.feature_importances(Y, std=y)


def takes_labels(y):
    """Every public function of labels (n,) that must be 0 ... k-1."""
    yield from (("y", *pair) for model in (logistic, softmax) for pair in runs(model, y=y))
    yield "y", "one_hot", lambda: one_hot(y, 3)
    yield from (("y", *pair) for calls in (compares, finds) for pair in calls(y=y))
    yield "y", "plot.decision_boundary", lambda: plot.decision_boundary(lambda p: p[:, 0] > 0, X[:, :2], y)


def bad(x, value, where=(5, 1)):
    x = np.array(x, np.float64)
    x[where[: x.ndim]] = value
    return x


def refused(call, function, argument, words=""):
    """The call raises one sentence `function: argument 'argument' ...; got ...; ...`."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises((ValueError, TypeError)) as caught:
            call()
    text = str(caught.value)
    assert re.match(rf"{function}[.\w]*: argument '{argument}.*' .*; got .*; .+", text, re.DOTALL), text
    assert re.search(words, text), text


def finite(call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for leaf in jax.tree.leaves(call()):
            assert np.isfinite(np.asarray(leaf, np.float64)).all()


CASES = []


def row(row_id, label, check, *arguments):
    CASES.append(pytest.param(check, arguments, id=f"{row_id}-{label}-{len(CASES)}"))


TABLES = {
    "B01 NaN": (bad(X, np.nan), "NaN.*row 5|row 5"),
    "B02 inf": (bad(X, np.inf), "infinity.*row 5|row 5"),
    "B02 beyond float32": (bad(X, 1e39), r"after conversion to float32|1e\+39|inf"),
    "B03 no rows": (X[:0], r"\(0, 3\)|empty"),
    "B03 no columns": (X[:, :0], r"\(12, 0\)|empty|0 columns"),
    "B11 None inside": (np.where(X[1, 1] == X, None, X), ""),
    "B11 strings": (X.astype(str), ""),
    "B11 complex": (X + 1j, ""),
    "B11 ragged": ([[1.0, 2.0, 3.0]] * 11 + [[1.0, 2.0]], ""),
    "B11 dict inside": (np.array([[{}, 1, 2]] * 12, object), ""),
    "B13 one dimension": (X[:, 0], r"reshape|\(12,\)"),
    "B13 three dimensions": (X[:, :, None], r"dimensions|\(12, 3, 1\)"),
    "B13 a number": (np.float64(3), r"dimensions|\(\)"),
    "B20 other columns": (X[:, :2], "2 columns, not 3"),
}
DESCENTS = ("minimize", "fit", "newton")
for label, (table, words) in TABLES.items():
    for name, call in takes_table(table):
        if label == "B20 other columns" and (name.endswith(("solve", "standard_scaler.fit")) or name.startswith("plot")):
            continue
        if label == "B02 beyond float32" and (name.startswith(("standard_scaler", "plot"))):
            continue  # these compute in float64, where 1e39 is a number
        # a loss reads x by its model's predict or logits, and so do the descents
        row(*label.split(" ", 1), refused, call, ".*" if name in DESCENTS else name.split(".")[0], "x", words)

NUMBERS = {
    "B01 NaN": (bad(Y, np.nan), "row 5|NaN"),
    "B02 inf": (bad(Y, -np.inf), "row 5|inf"),
    "B03 empty": (Y[:0], ""),
    "B11 strings": (Y.astype(str), ""),
    "B11 complex": (Y + 1j, ""),
}
for label, (target, words) in NUMBERS.items():
    for argument, _, call in takes_numbers(target):
        if label == "B03 empty":
            argument = ".*"  # either of two arrays of different lengths may be named
        row(*label.split(" ", 1), refused, call, r".*", argument, words)

LABELS = {
    "B01 NaN": (bad(T, np.nan), ""),
    "B11 strings": (np.array(list("abc") * 4), ""),
    "B17 continuous": (T + 0.5, ""),
    "B17 mixed": (np.array([0, "a", 1] * 4, object), ""),
    "B18 negative": (np.where(np.arange(12) == 7, -1, T), "-1"),
    "B12 beyond int32": (np.where(np.arange(12) == 7, 2**31 + 5, T), ""),
}
for label, (target, words) in LABELS.items():
    for argument, name, call in takes_labels(target):
        if label == "B17 continuous" and name in ("logistic.loss", "minimize", "fit", "newton") and "logistic" in str(call.__closure__):
            continue
        row(*label.split(" ", 1), refused, call, r".*", argument, words)
row("B16", "labels 1 and 2", refused, lambda: logistic.solve(X, L + 1), "logistic.solve", "y", "encode_labels")
row("B16", "labels 1 to 3", refused, lambda: softmax.solve(X, T + 1), "softmax.solve", "y", "no row of class 0.*encode_labels")
row("B16", "labels -5 and 7", refused, lambda: logistic.solve(X, np.where(L, 7, -5)), "logistic.solve", "y", "encode_labels")
for name, call in runs(softmax, y=np.where(np.arange(12) == 7, 3, T)):
    if name != "softmax.solve":  # which would take 3 as a fourth class
        row("B18", "label k", refused, call, ".*", "y", "3")
for _, call in runs(logistic, y=np.where(np.arange(12) == 7, 2, L)):
    row("B18", "label 2 of two classes", refused, call, ".*", "y", "2")

for model in START:
    for _, call in runs(model, y=TARGET[model][:-1]):
        row("B14", "lengths", refused, call, ".*", "y", "11.*12|12.*11")
    for _, call in runs(model, weights=np.ones(11)):
        row("B14", "weights", refused, call, ".*", "weights", "11.*12|12.*11")
    for label, weights in {"negative": bad(np.ones(12), -1), "NaN": bad(np.ones(12), np.nan), "zero": np.zeros(12)}.items():
        for name, call in list(runs(model, weights=weights))[:2]:
            row("B14", f"weights {label}", refused, call, name, "weights")
    for name, call in runs(model, start=jax.tree.map(lambda leaf: leaf * np.nan, START[model])):
        if not name.endswith("solve"):
            row("B01", "NaN params", refused, call, ".*", "params", "NaN")
    row("B28", "l2", refused, lambda model=model: model.solve(X, TARGET[model], l2=-1.0), ".*solve", "l2", ">= 0")
    row("B28", "l2", refused, lambda model=model: model.solve(X, TARGET[model], l2=np.nan), ".*solve", "l2", ">= 0")
for model in (logistic, softmax):
    row("B04", "one row", refused, lambda model=model: model.solve(X[:1], [1]), ".*solve", "y", "1 class")
    row("B05", "one class", refused, lambda model=model: model.solve(X, np.zeros(12, int)), ".*solve", "y", "1 class; 2 or more are needed")
row("B04", "one row", refused, lambda: model_selection.train_test_split(X[:1]), "train_test_split", ".*")
row("B04", "one row works", finite, lambda: linear.solve(X[:1], Y[:1]))
row("B04", "one row works", finite, lambda: standard_scaler.transform(standard_scaler.fit(X[:1]), X[:1]))
for constant in (0.0, 0.1, 1e8, 1e-8):
    for model in START:
        row("B06", "constant works", finite, lambda c=constant, m=model: m.solve(np.c_[X, np.full(12, c)], TARGET[m], l2=0.1))
row("B07", "twins work", finite, lambda: linear.solve(np.c_[X, X], Y))
row("B07", "wide works", finite, lambda: linear.solve(X[:2], Y[:2]))
for scale in (1e8, 1e-8):
    for model in START:
        row("B08", "scale works", finite, lambda s=scale, m=model: m.solve(X * [s, 1, 1 / s], TARGET[m], l2=0.1))
row("B15", "column works", finite, lambda: linear.solve(X, Y[:, None]))
for model in START:
    for _, call in list(runs(model, y=TARGET[model][:, None]))[1:]:
        row("B15", "column in a loss", refused, call, ".*", "y", "ravel")

SETTINGS = {
    "steps": [0, -1, 1.5, "10", None, True],
    "tol": [-1.0, np.nan, "small"],
}
for name, values in SETTINGS.items():
    for value in values:
        settings = {"optimizer": SGD, "steps": 5} | {name: value}
        row("B28", name, refused, lambda s=settings: jaxml.minimize(linear.loss, START[linear], X, Y, **s), "minimize", name)
SETTINGS = {
    "epochs": [0, 1.5],
    "batch_size": [0, -3, 13, 2.5],
    "key": [0, None, 1.5],
    "optimizer": [0.1, None],
    "progress": [1],
}
for name, values in SETTINGS.items():
    for value in values:
        row("B28", name, refused, lambda s=RUN | {name: value}: jaxml.fit(linear.loss, START[linear], X, Y, **s), "fit", name)
row("B28", "loss", refused, lambda: jaxml.minimize("mse", START[linear], X, Y, optimizer=SGD, steps=1), "minimize", "loss")
row("B28", "params", refused, lambda: jaxml.minimize(linear.loss, (), X, Y, optimizer=SGD, steps=1), "minimize", "params")
row("B28", "params", refused, lambda: linear.predict(np.ones(3), X), "linear.predict", "params", "Params")
row("B28", "newton steps", refused, lambda: jaxml.newton(linear.loss, START[linear], X, Y, steps=0), "newton", "steps")
for size in (0, 1.5, -0.1, np.nan, 12, "half"):
    row("B28", "test_size", refused, lambda s=size: model_selection.train_test_split(X, test_size=s), "train_test_split", "test_size")
for splits in (1, 13, 2.5):
    row("B28", "n_splits", refused, lambda s=splits: model_selection.k_fold(12, s), "k_fold", "n_splits")
for n in (-1, 2.5, "10"):
    row("B28", "n_samples", refused, lambda n=n: datasets.make_classification(n), "make_classification", "n_samples")
for noise in (-1.0, np.nan):
    row("B28", "noise", refused, lambda n=noise: datasets.make_moons(noise=n), "make_moons", "noise")
for seed in (-1, 2**32, 1.5, "0"):
    for name in ("make_classification", "make_regression", "make_blobs", "make_circles", "make_moons"):
        row("B30", name, refused, lambda s=seed, f=name: getattr(datasets, f)(random_state=s), name, "random_state")
    row("B30", "split", refused, lambda s=seed: model_selection.train_test_split(X, random_state=s), "train_test_split", "random_state")
    row("B30", "folds", refused, lambda s=seed: model_selection.k_fold(12, shuffle=True, random_state=s), "k_fold", "random_state")
for value in ([1, "a"], [None, 1], [np.nan, 1.0], [0.5, 1.5]):
    row("B17", "names", refused, lambda v=value: encode_labels(v), "encode_labels", "y")


@pytest.mark.parametrize(("check", "arguments"), CASES)
def test_battery(check, arguments):
    check(*arguments)


def test_the_battery_is_large():
    assert len(CASES) >= 250


# ---------------------------------------------------------------- numeric faults


def test_b08_a_descent_on_huge_columns_diverges_with_an_error():
    with pytest.raises(jaxml.DivergedError):
        jaxml.minimize(linear.loss, START[linear], X * 1e30, Y, optimizer=SGD, steps=5)


def test_n09_step_numbers_are_integers():
    end = jaxml.minimize(linear.loss, START[linear], X, Y, optimizer=SGD, steps=3)
    assert isinstance(end.n_steps, int)


def test_n10_what_comes_in_decides_the_width(width, x64_flag_is_left_alone):
    solved = linear.solve(X, Y)
    assert solved.w.dtype == width
    assert linear.solve(X.astype(np.float32), Y.astype(np.float32)).w.dtype == np.float32
    assert jaxml.minimize(linear.loss, linear.init(3), X, Y, optimizer=SGD, steps=1).params.w.dtype == width


@pytest.fixture
def x64_flag_is_left_alone():
    before = jax.config.read("jax_enable_x64")
    yield
    assert jax.config.read("jax_enable_x64") == before


def test_n02_gradients_are_finite_at_zero_weights_and_equal_features():
    for model in START:
        for x in (X, np.ones_like(X), np.zeros_like(X)):
            grads = jax.grad(model.loss)(START[model], x, TARGET[model], l2=0.1)
            assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(grads))


def test_inside_jit_a_label_out_of_range_is_nan_and_never_a_number():
    for model, y in ((logistic, L), (softmax, T)):
        loss = jax.jit(model.loss)
        assert np.isfinite(loss(START[model], X, y))
        assert np.isnan(loss(START[model], X, jnp.asarray(y).at[3].set(-1)))
        assert np.isnan(loss(START[model], X, jnp.asarray(y).at[3].set(3)))
