"""How fast, beside scikit-learn in the same process: warm calls in turn, and two learning curves as whole processes, cold.

python tests/benchmarks/speed.py            everything: about 15 minutes on 2 cores, most of them scikit-learn's largest forests
python tests/benchmarks/speed.py 1e3 1e4    these sizes only, without the processes
"""

import os
import subprocess
import sys
import tempfile
import time
import warnings

import jax
import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.datasets import make_classification, make_regression
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.svm import SVC

from jaxml import forest, linear, logistic, pca, svm

warnings.simplefilter("ignore")
SIZES = (1_000, 10_000, 100_000)
LARGEST = {"svm.solve": 10_000}  # scikit-learn's SVC takes minutes beyond
FOREST = {"n_jobs": 2, "random_state": 0}
KEY = jax.random.key(0)


def pairs(n):
    """(name, ours, scikit-learn's) for n rows of 20 columns; scikit-learn gets the same 32-bit numbers."""
    x, label = make_classification(n, 20, random_state=0)
    x = x.astype(np.float32)
    rows, target = make_regression(n, 20, noise=1, random_state=0)
    rows, target = rows.astype(np.float32), target.astype(np.float32)
    on_device, rows_on_device = jax.numpy.asarray(x), jax.numpy.asarray(rows)
    yield "pca.solve", lambda: pca.solve(on_device), lambda: PCA().fit(x)
    yield "linear.solve", lambda: linear.solve(rows_on_device, target), lambda: LinearRegression().fit(rows, target)
    yield "logistic.solve", lambda: logistic.solve(on_device, label, l2=1 / n), lambda: LogisticRegression().fit(x, label)
    yield "svm.solve", lambda: svm.solve(on_device, label), lambda: SVC().fit(x, label)
    yield (
        "forest.grow, classes",
        lambda: forest.grow(KEY, x, label, n_classes=2),
        lambda: RandomForestClassifier(100, **FOREST).fit(x, label),
    )
    yield "forest.grow, numbers", lambda: forest.grow(KEY, rows, target), lambda: RandomForestRegressor(100, **FOREST).fit(rows, target)


def seconds(call):
    began = time.perf_counter()
    jax.block_until_ready([leaf for leaf in jax.tree.leaves(call()) if isinstance(leaf, jax.Array)])
    return time.perf_counter() - began


def warm(sizes):
    title = "n x 20, float32, 2 cores; medians, in turn"
    table = Table("", "n", "first call, s", "later, ms", "scikit-learn, ms", "ratio", title=title)
    for n in sizes:
        for name, ours, theirs in pairs(n):
            if n > LARGEST.get(name, n):
                continue
            first, other = seconds(ours), seconds(theirs)
            often = 1 if other > 10 else 3 if other > 1 else 5 if other > 0.1 else 21
            mine, other = np.median([(seconds(ours), seconds(theirs)) for _ in range(often)], axis=0)
            table.add_row(name, f"{n:,}", f"{first:.2f}", f"{1e3 * mine:,.1f}", f"{1e3 * other:,.1f}", f"{mine / other:.2f}")
    return table


OURS = """
import numpy as np
from jaxml import datasets, model_selection, plot, metrics, svm, forest
import jax
sizes = np.linspace(0.1, 1, 10)
if {eight}:
    x, y = datasets.make_classification(1000, 20, n_informative=2, n_redundant=10, random_state=42)
    curve = model_selection.learning_curve(svm.solve, svm.predict, x, y, cv=5, train_sizes=sizes)
else:
    x, y = datasets.make_regression(1000, 10, noise=0.1, random_state=42)
    key = jax.random.key(42)
    grow = lambda x, y, *, weights: forest.grow(key, x, y, weights=weights)
    cv, score = model_selection.k_fold(1000, 5), metrics.mean_squared_error
    curve = model_selection.learning_curve(grow, forest.predict, x, y, cv=cv, train_sizes=sizes, scoring=score)
plot.learning_curve(curve).figure.savefig("curve.png")
"""
THEIRS = """
import numpy as np, matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
from sklearn.datasets import make_classification, make_regression
from sklearn.model_selection import learning_curve
from sklearn.ensemble import RandomForestRegressor
from sklearn.svm import SVC
if {eight}:
    x, y = make_classification(n_samples=1000, n_features=20, n_informative=2, n_redundant=10, random_state=42)
    model, scoring = SVC(kernel="rbf", random_state=42), None
else:
    x, y = make_regression(n_samples=1000, n_features=10, noise=0.1, random_state=42)
    model, scoring = RandomForestRegressor(n_estimators=100, random_state=42), "neg_mean_squared_error"
sizes, train, test = learning_curve(model, x, y, cv=5, n_jobs=-1, train_sizes=np.linspace(0.1, 1.0, 10), scoring=scoring)
plt.plot(sizes, train.mean(axis=1)), plt.plot(sizes, test.mean(axis=1))
plt.fill_between(sizes, test.mean(axis=1) - test.std(axis=1), test.mean(axis=1) + test.std(axis=1), alpha=0.1)
plt.savefig("curve.png")
"""


def cold():
    title = "a whole process, from the imports to the picture, nothing compiled before; medians of 3, in turn"
    table = Table("", "ours, s", "scikit-learn, n_jobs=-1, s", "ratio", title=title)
    settings = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    for name, eight in (("example 08's learning curve", True), ("example 12's learning curve", False)):
        times = []
        for _ in range(3):
            for code in (OURS, THEIRS):
                with tempfile.TemporaryDirectory() as folder:
                    began = time.perf_counter()
                    subprocess.run([sys.executable, "-c", code.format(eight=eight)], check=True, cwd=folder, env=settings)
                    times.append(time.perf_counter() - began)
        mine, other = np.median(np.reshape(times, (3, 2)), axis=0)
        table.add_row(name, f"{mine:.1f}", f"{other:.1f}", f"{mine / other:.2f}")
    return table


if __name__ == "__main__":
    chosen = [int(float(size)) for size in sys.argv[1:]]
    for part in [lambda: warm(chosen)] if chosen else [cold, lambda: warm(SIZES)]:
        Console().print(part())
