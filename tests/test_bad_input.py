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
    settings = {"train_sizes": [1.0], "cv": [(np.arange(12), np.arange(6, 12))], "progress": False} | settings
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
    yield "y", "learning_curve", lambda: curve(X, y, linear, scoring=metrics.r2_score)
    yield "curve", "plot.learning_curve", lambda: plot.learning_curve((y, X, X))
    yield "curve", "plot.learning_curve.scores", lambda: plot.learning_curve((np.arange(12), y[:, None], X))
    yield "curve", "plot.learning_curve.scores", lambda: plot.learning_curve((np.arange(12), X, y[:, None]))
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


def equal(call, wanted):
    """The call gives exactly that, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for got, leaf in zip(jax.tree.leaves(call()), jax.tree.leaves(wanted() if callable(wanted) else wanted), strict=True):
            np.testing.assert_array_equal(got, leaf)


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
    "B03 no rows": (X[:0], r"\(0, 3\)|empty|n_samples=0"),
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
PASS_ON = ("minimize", "fit", "newton", "learning_curve")  # x to a model, which may be the one to refuse it
FITS = ("solve", "grow", "standard_scaler.fit", "learning_curve")
for label, (table, words) in TABLES.items():
    for name, call in takes_table(table):
        if label == "B20 other columns" and (name.endswith(FITS) or name.startswith("plot")):
            continue
        if label == "B02 beyond float32" and (name.startswith(("standard_scaler", "plot"))):
            continue  # these compute in float64, where 1e39 is a number
        # a loss reads x by its model's predict or logits, and so do the descents
        function, argument = ".*" if name in PASS_ON else name.split(".")[0], "z" if name == "pca.inverse_transform" else "x"
        row(*label.split(" ", 1), refused, call, function, argument, words)

NUMBERS = {
    "B01 NaN": (bad(Y, np.nan), "row 5|NaN"),
    "B02 inf": (bad(Y, -np.inf), "row 5|inf"),
    "B03 empty": (Y[:0], ""),
    "B11 strings": (Y.astype(str), ""),
    "B11 complex": (Y + 1j, ""),
}
for label, (target, words) in NUMBERS.items():
    for argument, name, call in takes_numbers(target):
        if label == "B01 NaN" and name == "plot.learning_curve.scores":
            continue  # there NaN marks a fit that failed
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
row("B16", "labels 1 and 2", refused, lambda: svm.solve(X, L + 1), "svm.solve", "y", "no row of class 0.*encode_labels")
row("B16", "labels 1 and 2", refused, lambda: forest.grow(KEY, X, L + 1, n_classes=2), "forest.grow", "y", "2 at row 1.*encode_labels")
row("B16", "labels -5 and 7", refused, lambda: svm.solve(X, np.where(L, 7, -5)), "svm.solve", "y", "encode_labels")
row("B16", "labels -5 and 7", refused, lambda: forest.grow(KEY, X, np.where(L, 7, -5), n_classes=2), "forest.grow", "y", "encode_labels")
row("B16", "labels -5 and 7", refused, lambda: logistic.solve(X, np.where(L, 7, -5)), "logistic.solve", "y", "encode_labels")
for name, call in runs(softmax, y=np.where(np.arange(12) == 7, 3, T)):
    if name != "softmax.solve":  # which would take 3 as a fourth class
        row("B18", "label k", refused, call, ".*", "y", "3")
for _, call in runs(logistic, y=np.where(np.arange(12) == 7, 2, L)):
    row("B18", "label 2 of two classes", refused, call, ".*", "y", "2")
for _, call in (*compares(y=np.where(np.arange(12) == 7, 3, T)), list(finds(y=np.where(np.arange(12) == 7, 3, T)))[1]):
    row("B18", "label k", refused, call, ".*", "y", "3 at row 7 with 3 classes")

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
for calls in (compares, finds):
    for _, call in calls(y=T[:-1]):
        row("B14", "lengths", refused, call, ".*", "y", "11.*12|12.*11")
for _, call in compares(y=Y[:-1], trees=MEANS):
    row("B14", "lengths", refused, call, ".*", "y", "11.*12|12.*11")
for label, weights in {"negative": bad(np.ones(12), -1), "NaN": bad(np.ones(12), np.nan), "zero": np.zeros(12)}.items():
    for name, call in weighed(weights):
        row("B14", f"weights {label}", refused, call, name.split(".")[0], "weights")
for _, call in weighed(np.ones(11)):
    row("B14", "weights", refused, call, ".*", "weights", "11.*12|12.*11")
row("B14", "weights of one row", refused, lambda: pca.solve(X, weights=np.arange(12) == 3), "pca.solve", "weights", "sum to more than 1")
row("B14", "weights of one class", refused, lambda: svm.solve(X, L, weights=L), "svm.solve", "y", "1 class; 2 or more are needed")
row("B14", "weights without a class", refused, lambda: svm.solve(X, T, weights=T != 1), "svm.solve", "weights", "class 1")
NANS = dict(zip(("axes", "machines", "trees"), (jax.tree.map(lambda a: a * np.nan, p) for p in (AXES, MACHINES, TREES)), strict=True))
OTHERS = {"axes": START[linear], "machines": AXES, "trees": MACHINES}
for calls in (reads, compares):
    names = {"axes", "machines", "trees"} if calls is reads else {"machines", "trees"}
    for name, call in calls(**{key: NANS[key] for key in names}):
        row("B01", "NaN params", refused, call, name.split(".")[0], "params", "NaN")
    for name, call in calls(**{key: OTHERS[key] for key in names}):
        row("B20", "params of another model", refused, call, name.split(".")[0], "params", "the model's Params")
    for name, call in calls(**dict.fromkeys(names)):
        row("B20", "no params", refused, call, name.split(".")[0], "params", "the model's Params")
for value in (0.0, -1.0, np.nan, np.inf):
    soft = forest.Soft(TREES, jnp.float32(value))
    row("B01", "NaN params", refused, lambda p=soft: forest.predict(p, X), "forest.outputs", "params.temperature", "number > 0")
row("B20", "params of another model", refused, lambda: forest.relax(AXES, 1.0), "forest.relax", "params", "the model's Params")
row("B20", "numbers", refused, lambda: forest.predict_proba(MEANS, X), "forest.predict_proba", "params", "n_classes")
row("B20", "soft trees", refused, lambda: forest.relax(forest.relax(TREES, 1.0), 1.0), "forest.relax", "params", "the model's Params")
row("B20", "soft trees", refused, lambda: forest.oob_score(forest.relax(TREES, 1.0), X, T), "forest.oob_score", "params")
row("B20", "other rows", refused, lambda: forest.oob_score(TREES, X[:6], T[:6]), "forest.oob_score", "x", "12 rows.*grown on")
row("B20", "other rows", refused, lambda: svm.duality_gap(MACHINES, X[:2], T[:2]), "svm.duality_gap", "x", "of training")
row("B20", "shapes", refused, lambda: pca.predict(AXES._replace(mean=np.zeros(2)), X), "pca.transform", "params", "shapes")
row("B20", "shapes", refused, lambda: svm.predict(MACHINES._replace(b=np.zeros(2)), X), "svm.logits", "params", "shapes")
row("B04", "one row", refused, lambda: pca.solve(X[:1]), "pca.solve", "x", "n_samples = 1")
row("B04", "one row", refused, lambda: svm.solve(X[:1], [0]), "svm.solve", "y", "1 class; 2 or more are needed")
row("B04", "one row", refused, lambda: curve(X[:1], L[:1], cv=2), "learning_curve", "x", "n_samples=1")
row("B04", "one row works", finite, lambda: forest.grow(KEY, X[:1], [0], n_classes=1, n_trees=2))
row("B04", "one row works", finite, lambda: forest.predict(forest.grow(KEY, X[:1], Y[:1], n_trees=2), X))
for n in (2, 12):
    row("B05", "one class works", equal, lambda n=n: forest.predict(forest.grow(KEY, X[:n], np.ones(n, int), n_classes=3, n_trees=2), X), 1)
row("B05", "one value works", equal, lambda: forest.predict(forest.grow(KEY, X, np.full(12, 0.1), n_trees=2), X), np.float32(0.1))
row("B05", "one class", refused, lambda: svm.solve(X, np.zeros(12, int)), "svm.solve", "y", "1 class; 2 or more are needed")
row("B05", "one class", refused, lambda: curve(y=np.zeros(12, int)), "logistic.solve", "y", "1 class; 2 or more are needed")
for model in (logistic, softmax):
    row("B04", "one row", refused, lambda model=model: model.solve(X[:1], [1]), ".*solve", "y", "1 class")
    row("B05", "one class", refused, lambda model=model: model.solve(X, np.zeros(12, int)), ".*solve", "y", "1 class; 2 or more are needed")
row("B04", "one row", refused, lambda: model_selection.train_test_split(X[:1]), "train_test_split", ".*")
row("B04", "one row works", finite, lambda: linear.solve(X[:1], Y[:1]))
row("B04", "one row works", finite, lambda: standard_scaler.transform(standard_scaler.fit(X[:1]), X[:1]))
for constant in (0.0, 0.1, 1e8, 1e-8):
    for model in START:
        row("B06", "constant works", finite, lambda c=constant, m=model: m.solve(np.c_[X, np.full(12, c)], TARGET[m], l2=0.1))
ODD = {  # tables of finite numbers
    "B06 constant columns work": np.c_[X, np.full((12, 3), [0, 0.1, 1e8])],
    "B06 constants work": np.full((12, 3), 0.1),
    "B06 zeros work": np.zeros((12, 3)),
    "B07 twins work": np.c_[X, X],
    "B07 dependent columns work": np.c_[X, X @ np.ones((3, 3))],
    "B07 wide works": X @ R.randn(3, 20),
    "B07 equal rows work": np.tile(X[:1], (12, 1)),
    "B08 scales work": X * [1e8, 1, 1e-8],
    "B08 large works": X * 1e15,
    "B08 small works": X * 1e-15,
    "N03 far from 0 works": X + 1000,
    "N14 neighbours work": np.where(R.rand(12, 3) < 0.5, np.nextafter(np.float32(1), np.float32(2)), np.float32(1)),
}


def answers(x):
    """All that a model makes of x."""
    yield lambda: ((p := pca.solve(x)), pca.transform(p, x, whiten=True), pca.predict(p, x), pca.loss(p, x))
    yield lambda: ((p := svm.solve(x, T)), svm.logits(p, x), svm.loss(p, x, T), svm.duality_gap(p, x, T))
    yield lambda: ((p := forest.grow(KEY, x, T, n_classes=3, n_trees=2)), forest.loss(p, x, T), forest.oob_score(p, x, T))
    yield lambda: ((p := forest.grow(KEY, x, Y, n_trees=2)), forest.predict(p, x), forest.predict(forest.relax(p, 0.1), x))


for label, x in ODD.items():
    for call in answers(x):
        row(*label.split(" ", 1), finite, call)
row("B07", "linear kernel works", finite, lambda: svm.solve(np.c_[X, X], T, kernel="linear"))
for scale in (1e38, 1e-38):
    row("B09", "squares leave float32", refused, lambda s=scale: pca.solve(X * s), "pca.solve", "x", "(over|under)flows float32.*rescale")
row("B09", "squares leave float32", refused, lambda: svm.solve(X * 1e38, L), "svm.solve", "x", "float32.*rescale")
row("B09", "squares leave float32", refused, lambda: svm.predict(MACHINES, X * 1e38), "svm.logits", "x", "float32.*rescale")
row(
    "B09",
    "squares leave float32",
    refused,
    lambda: forest.permutation_importances(KEY, forest.grow(KEY, X, Y * 1e30, n_trees=2), X, Y * 1e30),
    "forest.permutation_importances",
    "y",
    "float32.*rescale",
)
for name, call in list(reads(x=np.where(X > 0, 3e38, -3e38)))[:4]:
    row("B09", "sums leave float32", refused, call, "pca", "z" if "inverse" in name else "x", "float32.*rescale")
row("B09", "beside float32's end works", finite, lambda: forest.predict(forest.grow(KEY, X * 1e38, Y * 1e38, n_trees=2), X * 1e38))
PLAIN = X.astype(np.float16).astype(np.float64)


class Frame:
    """What a DataFrame is to NumPy."""

    shape = PLAIN.shape

    def __array__(self, dtype=None, copy=None):
        return np.array(PLAIN, dtype)


FORMS = {
    "frame": Frame(),
    "list": PLAIN.tolist(),
    "half precision": PLAIN.astype(np.float16),
    "columns first": np.asfortranarray(PLAIN),
    "every other row": np.repeat(PLAIN, 2, axis=0)[::2],
    "other byte order": PLAIN.astype(">f8"),
    "objects": PLAIN.astype(object),
    "JAX": jnp.asarray(PLAIN),
    "float32": PLAIN.astype(np.float32),
}
for label, x in FORMS.items():
    row("B10", f"{label} works", equal, lambda x=x: pca.solve(x), lambda: pca.solve(PLAIN))
    row("B10", f"{label} works", equal, lambda x=x: svm.solve(x, T), lambda: svm.solve(PLAIN, T))
    row(
        "B10",
        f"{label} works",
        equal,
        lambda x=x: forest.grow(KEY, x, T, n_classes=3, n_trees=2),
        lambda: forest.grow(KEY, PLAIN, T, n_classes=3, n_trees=2),
    )
    row("B10", f"{label} works", equal, lambda x=x: curve(x), lambda: curve(PLAIN))
for label, y in {"floats": T + 0.0, "list": T.tolist(), "uint8": T.astype(np.uint8), "JAX": jnp.asarray(T), "column": T[:, None]}.items():
    row("B10", f"labels, {label} works", equal, lambda y=y: svm.solve(X, y), lambda: MACHINES)
    row("B10", f"labels, {label} works", equal, lambda y=y: forest.grow(KEY, X, y, n_classes=3, n_trees=2), lambda: TREES)
row("B07", "twins work", finite, lambda: linear.solve(np.c_[X, X], Y))
row("B07", "wide works", finite, lambda: linear.solve(X[:2], Y[:2]))
for scale in (1e8, 1e-8):
    for model in START:
        row("B08", "scale works", finite, lambda s=scale, m=model: m.solve(X * [s, 1, 1 / s], TARGET[m], l2=0.1))
row("B15", "column works", finite, lambda: linear.solve(X, Y[:, None]))
for model in START:
    for _, call in list(runs(model, y=TARGET[model][:, None]))[1:]:
        row("B15", "column in a loss", refused, call, ".*", "y", "ravel")
for name, call in compares(y=T[:, None]):
    if name != "forest.oob_score":  # which ravels it
        row("B15", "column in a loss", refused, call, ".*", "y", "ravel")
row("B15", "column works", equal, lambda: forest.oob_score(TREES, X, T[:, None]), lambda: forest.oob_score(TREES, X, T))
row("B15", "column works", equal, lambda: curve(y=L[:, None]), lambda: curve())

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
POSITIVE, COUNT, WHOLE = "number > 0", "int >= 1", [0, -1, 2.5, "3", True, np.nan]
SETTINGS = {  # of each function, for each argument: what it refuses, and the words that say what it takes
    "pca.solve": {"n_components": ([*WHOLE, 4], "int >= 1|at most 3")},
    "pca.init": {
        "n_components": ([*WHOLE, 4, None], "int >= 1 and <= 3"),
        "n_features": ([*WHOLE, None], COUNT),
        "key": ([0, None, 1.5], "jax.random.key"),
    },
    "pca.transform": {"whiten": (["no", 1, None], "True or False")},
    "pca.inverse_transform": {"whiten": (["no", 1, None], "True or False")},
    "svm.solve": {
        "C": ([0, -1.0, np.nan, np.inf, "1", None, True], POSITIVE),
        "gamma": ([0, -1.0, np.nan, np.inf, "large", None, True], POSITIVE),
        "degree": ([*WHOLE, None], COUNT),
        "coef0": ([np.nan, np.inf, "0", None], "number"),
        "tol": ([0, -1e-3, np.nan, np.inf, "small", None], POSITIVE),
        "kernel": (["sigmoid", None, 3, ["rbf"]], "'rbf', 'linear', 'poly', 'precomputed'"),
    },
    "svm.loss": {"C": ([0, -1.0, np.nan, np.inf, "1", None], POSITIVE)},
    "forest.grow": {
        "key": ([0, None, 1.5], "jax.random.key"),
        "n_classes": (WHOLE, COUNT),
        "n_trees": ([*WHOLE, None], COUNT),
        "max_depth": (WHOLE, COUNT),
        "min_samples_leaf": ([*WHOLE, None], COUNT),
        "max_features": ([0, -1, 4, 0.0, 1.5, np.nan, "all", True, [1]], 'from 1 to 3, a share of them in .0, 1., "sqrt"'),
        "bootstrap": ([0, 1, None, "no"], "True or False"),
    },
    "forest.relax": {"temperature": ([0, -1.0, np.nan, np.inf, "cold", None], POSITIVE)},
    "forest.permutation_importances": {"repeats": ([*WHOLE, None], COUNT), "key": ([0, None, 1.5], "jax.random.key")},
    "learning_curve": {
        "train_sizes": ([[0.0], [1.5], [-0.5], [np.nan], [0], [13], [True], ["half"], [], 0.5, None, [[0.5, 1.0]]], ""),
        "cv": ([1, 13, 2.5, "5", None, True, [], [3], [(np.arange(6),)], [([0, 1], [12])], [([0, 1], [-1])], [([0, 1], [])]], ""),
        "repeats": ([*WHOLE, None], COUNT),
        "shuffle": ([0, None, "yes"], "True or False"),
        "stratified": ([0, None, "yes"], "True or False"),
        "compiled": ([1, "yes"], "True or False"),
        "progress": ([1, "bar"], "True or False"),
        "scoring": ([None, "accuracy", lambda y, z: np.nan, lambda y, z: None, lambda y, z: y == z], ""),
        "random_state": ([0], "shuffle=True or repeats"),
    },
    "plot.learning_curve": {
        "labels": (["ab", ("train",), None], "two strings"),
        "color": ([-1, 10, 1.5, "red", None], "int >= 0 and <= 9"),
        "log": ([1, "yes", None], "True or False"),
        "curve": ([None, 3, CURVE[:2], [*CURVE], (CURVE[0], CURVE[1][:, 0], CURVE[2]), (*CURVE[:2], CURVE[2][:1])], ""),
        "ax": ([3, "left"], "Axes"),
    },
    "plot.noise_band": {
        "n": ([*WHOLE, 1, None], "int >= 2"),
        "d": ([*WHOLE, None], COUNT),
        "draws": ([*WHOLE, 19, None], "int >= 20"),
        "random_state": ([-1, 2**32, 1.5, "0"], "2..32 - 1"),
    },
    "plot.explained_variance": {
        "ratio": ([[0.5, -0.1], [3.0, 1.0], [], None, 0.5, [[0.5, 0.5]]], ""),
        "n_samples": ([*WHOLE, 1], "int >= 2"),
        "null": ([0.5, ([0.1],), ([0.1], [0.2]), ([0.3] * 2, [0.1] * 2)], "low, high"),
        "ax": ([3, "left"], "Axes"),
    },
    "plot.feature_importances": {
        "importances": ([[], None, 0.5, [[0.5, 0.5]]], ""),
        "names": ([["a"], ["a", "b", "c"], 3], "one entry per row"),
        "std": ([[1.0], [1.0, -1.0], [np.nan, 1.0], 1.0], ""),
        "top": (WHOLE, COUNT),
        "baseline": ([np.nan, np.inf, "0"], "number"),
        "ax": ([3, "left"], "Axes"),
    },
    "plot.support_vectors": {
        "decision": ([None, 3, lambda p: p, lambda p: p[:, 0] * np.nan], ""),
        "y": ([T, L + 1, L[:-1], L - 1, L + 0.5, None], ""),
        "support": ([X, X[:0, :2], X[0, :2], bad(X, np.nan, (1, 1))[:, :2], None], ""),
        "resolution": ([*WHOLE, 1, 2001, None], "int >= 2 and <= 2000"),
        "class_names": ([["a"]], "one name per class"),
        "names": (["ab", ("a",), None], "two strings"),
        "ax": ([3, "left"], "Axes"),
    },
}
CALLS = {  # what they are called with otherwise
    "pca.solve": (pca.solve, {"x": X}),
    "pca.init": (pca.init, {"key": KEY, "n_features": 3, "n_components": 2}),
    "pca.transform": (pca.transform, {"params": AXES, "x": X}),
    "pca.inverse_transform": (pca.inverse_transform, {"params": AXES, "z": X}),
    "svm.solve": (svm.solve, {"x": X, "y": T}),
    "svm.loss": (svm.loss, {"params": MACHINES, "x": X, "y": T}),
    "forest.grow": (forest.grow, {"key": KEY, "x": X, "y": L, "n_classes": 2, "n_trees": 2}),
    "forest.relax": (forest.relax, {"params": TREES, "temperature": 1.0}),
    "forest.permutation_importances": (forest.permutation_importances, {"key": KEY, "params": TREES, "x": X, "y": T}),
    "learning_curve": (curve, {}),
    "plot.learning_curve": (plot.learning_curve, {"curve": CURVE}),
    "plot.noise_band": (plot.noise_band, {"n": 9, "d": 2, "draws": 20}),
    "plot.explained_variance": (plot.explained_variance, {"ratio": [0.75, 0.25]}),
    "plot.feature_importances": (plot.feature_importances, {"importances": [0.75, 0.25]}),
    "plot.support_vectors": (plot.support_vectors, {"decision": lambda p: p[:, 0], "x": X[:, :2], "y": L, "support": X[:2, :2]}),
}
for name, settings in SETTINGS.items():
    function, others = CALLS[name]
    row("B28", f"{name} works", finite, lambda f=function, o=others: () if "plot" in f.__module__ and f(**o) else f(**o))
    for argument, (values, words) in settings.items():
        for value in values:
            row("B28", argument, refused, lambda f=function, o=others | {argument: value}: f(**o), name, argument, words)
for value in (0, -1.0, np.nan, np.inf, "1", None):  # which its loss refuses
    row("B28", "C", refused, lambda c=value: svm.duality_gap(MACHINES, X, T, C=c), "svm", "C", POSITIVE)
for argument, value in {"solve": None, "predict": 3}.items():
    calls = {"solve": logistic.solve, "predict": logistic.predict} | {argument: value}
    row("B28", argument, refused, lambda c=calls: model_selection.learning_curve(x=X, y=L, **c), "learning_curve", argument, "function")
row("B28", "stratified", refused, lambda: curve(y=Y, model=linear, stratified=True), "learning_curve", "stratified", "labels")
row("B28", "repeats", refused, lambda: curve(repeats=2), "learning_curve", "random_state", "pass an int")
row("B28", "cv", refused, lambda: curve(y=np.arange(12), cv=3), "learning_curve", "cv", "3 with 1 members")
row(
    "B28",
    "log",
    refused,
    lambda: plot.learning_curve((CURVE[0], 0 * CURVE[1], CURVE[2]), log=True),
    "plot.learning_curve",
    "curve",
    "positive",
)
row(
    "B28",
    "both",
    refused,
    lambda: plot.explained_variance([0.5, 0.5], n_samples=9, null=([0, 0], [1, 1])),
    "plot.explained",
    "null",
    "one of the two",
)
row("B28", "precomputed", refused, lambda: svm.solve(X, L, kernel="precomputed"), "svm.solve", "x", r"not square.*n, n")
row("B28", "precomputed", refused, lambda: svm.solve(np.triu(X @ X.T), L, kernel="precomputed"), "svm.solve", "x", "not symmetric")
row(
    "B28",
    "no bag",
    refused,
    lambda: forest.oob_score(forest.grow(KEY, X, L, n_classes=2, n_trees=2, bootstrap=False), X, L),
    "forest.oob_score",
    "params",
)
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
    row("B30", "curve", refused, lambda s=seed: curve(shuffle=True, random_state=s), "learning_curve", "random_state")
    row("B30", "curve", refused, lambda s=seed: curve(repeats=2, random_state=s), "learning_curve", "random_state")
    row("B30", "split", refused, lambda s=seed: model_selection.train_test_split(X, random_state=s), "train_test_split", "random_state")
    row("B30", "folds", refused, lambda s=seed: model_selection.k_fold(12, shuffle=True, random_state=s), "k_fold", "random_state")
for value in ([1, "a"], [None, 1], [np.nan, 1.0], [0.5, 1.5]):
    row("B17", "names", refused, lambda v=value: encode_labels(v), "encode_labels", "y")


@pytest.mark.parametrize(("check", "arguments"), CASES)
def test_battery(check, arguments):
    check(*arguments)


def test_the_battery_is_large():
    assert len(CASES) >= 1000


def test_b29_a_prefix_with_one_class_is_nan_and_its_fold_is_named():
    sorted_first = np.r_[np.zeros(4, int), np.arange(8) % 2]
    folds = [(np.arange(8), np.arange(8, 12)), (np.arange(11, 3, -1), np.arange(4))]
    for model in (logistic, svm):
        with pytest.warns(
            FitFailedWarning, match="4 rows, fold 0: not fitted, its scores are nan: .*1 class; 2 or more are needed"
        ) as caught:
            scores = curve(y=sorted_first, model=model, cv=folds, train_sizes=[4, 8])
        assert len(caught) == 1
        for part in scores[1:]:
            np.testing.assert_array_equal(np.isnan(part), [[True, False], [False, False]])


def test_datasets_load_diamonds_is_finite():
    diamonds = datasets.load_diamonds()
    assert np.isfinite(diamonds.x).all() and np.isfinite(diamonds.y).all()
    assert diamonds.x.shape == (53940, 9) and diamonds.y.shape == (53940,)
    assert len(diamonds.feature_names) == 9


# ---------------------------------------------------------------- numeric faults


def test_b08_a_descent_on_huge_columns_diverges_with_an_error():
    with pytest.raises(jaxml.DivergedError):
        jaxml.minimize(linear.loss, START[linear], X * 1e30, Y, optimizer=SGD, steps=5)


EXACT = np.round(X * 1024) / 1024  # float32 holds these, and 1000 more, to the last bit


def test_n03_variances_far_from_zero():
    for x in (EXACT + 1000, np.tile(EXACT, (4, 1)) + 1000):  # few rows, and many for the columns
        right = np.linalg.eigvalsh(np.cov(x, rowvar=False))[::-1]
        np.testing.assert_allclose(pca.solve(x).explained_variance, right, rtol=1e-5)


@pytest.mark.parametrize("offset", [0, 10, 100, 1000])
def test_n04_kernel_values_far_from_zero(offset):
    x = EXACT + offset
    machine = svm.solve(x, L, gamma=0.5)
    d2 = ((x[machine.support] - x[:, None]) ** 2).sum(axis=2)
    right = np.exp(-0.5 * d2) @ np.asarray(machine.dual_coef, np.float64) + float(machine.b)
    # each of at most 12 multipliers, 1 at most, times a kernel value that is 1e-6 off
    np.testing.assert_allclose(svm.logits(machine, x), right, atol=1e-5)
    np.testing.assert_array_equal(machine.support, svm.solve(EXACT, L, gamma=0.5).support)


@pytest.mark.parametrize("low", [1.0, -1.0, 1000.0, -3e38, 3e38, 1e-37])
def test_n14_neighbouring_numbers_are_parted(low):
    lower, low, high = (np.nextafter(np.float32(low), np.float32(end)) for end in (-np.inf, low, np.inf))
    for below, above in ((lower, low), (low, high)):  # the middle of one pair rounds down, and that of the other up
        x = np.where(L, above, below)[:, None]
        trees = forest.grow(KEY, x, L, n_classes=2, n_trees=2, bootstrap=False)
        np.testing.assert_array_equal(forest.predict(trees, x), L)
        assert (np.asarray(trees.threshold)[:, 0] == below).all()


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
