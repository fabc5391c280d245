"""The figures behind the tests' thresholds: how exact the solvers are.

python tests/benchmarks/accuracy.py          (the NIST sets come from the folder of known answers beside the checkout, where it is)
"""

import sys
import warnings
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent))
import test_linear
import test_logistic_softmax
from conftest import SHARED, x64_scope

from jaxml import linear, logistic, softmax

warnings.simplefilter("ignore")


def nist():
    table = Table("NIST set", "digits, float64", "floor", "digits, float32", title="linear.solve: least correct digits of any coefficient")
    names = [n for n in test_linear.FLOORS if SHARED.is_dir() or n[:3] in ("NoI", "Wam")]
    read = lambda name: test_linear.from_file(SHARED, name) if SHARED.is_dir() else test_linear.formula(name)
    digits = {}
    for width in ("float64", "float32"):
        with x64_scope(width == "float64"):
            digits[width] = [test_linear.solved_digits(name, *read(name)) for name in names]
    for name, wide, narrow in zip(names, digits["float64"], digits["float32"], strict=True):
        table.add_row(name, f"{wide:.1f}", f"{test_linear.FLOORS[name]:.1f}", f"{max(0, narrow):.1f}")
    table.add_row("mean", f"{np.mean(digits['float64']):.2f}", "11.00" if SHARED.is_dir() else "", "")
    return table


def parity():
    from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

    table = Table("200 random cases", "float64", "float32", title="largest norm-relative difference from scikit-learn in float64")
    worst = {"linear": [], "logistic, softmax": []}
    for width in (np.float64, np.float32):
        r, differences = np.random.RandomState(0), []
        with x64_scope(width == np.float64):
            for case in range(200):
                x, y = (a.astype(width).astype(np.float64) for a in test_linear.drawn(r, case))
                l2 = 10 ** r.uniform(-4, 1) if case % 2 else 0.0
                oracle = (Ridge(alpha=len(y) * l2 / 2, solver="svd") if l2 else LinearRegression()).fit(x, y)
                differences.append(test_linear.norm_relative(linear.solve(x, y, l2=l2), (oracle.coef_, [oracle.intercept_])))
        worst["linear"].append(max(differences))
        r, differences = np.random.RandomState(0), []
        with x64_scope(width == np.float64):
            for case in range(200):
                x, y, weights, l2, k = test_logistic_softmax.drawn(r, case, width)
                total = len(y) if weights is None else weights.sum()
                oracle = LogisticRegression(C=1 / (l2 * total), solver="newton-cholesky", tol=1e-14, max_iter=1000)
                oracle.fit(x, y, sample_weight=weights)
                w, b = (logistic if k == 2 else softmax).solve(x, y, weights=weights, l2=l2)
                expected = oracle.coef_.ravel(), oracle.intercept_ - (oracle.intercept_.mean() if k > 2 else 0)
                differences.append(test_linear.norm_relative((np.asarray(w).T, b), expected))
        worst["logistic, softmax"].append(max(differences))
    for name, (wide, narrow) in worst.items():
        table.add_row(name, f"{wide:.1e}", f"{narrow:.1e}")
    return table


def tall():
    table = Table("rows", "largest relative error", title="linear.solve, float32, 4 columns of scale 1, 0.3, 0.1, 0.03")
    for n in (10_000, 300_000, 1_000_000):
        x = (np.random.RandomState(0).randn(n, 4) * [1, 0.3, 0.1, 0.03]).astype(np.float32)
        w = linear.solve(x, (x.astype(np.float64) @ [1, 2, 3, 4]).astype(np.float32)).w
        table.add_row(f"{n:,}", f"{np.max(np.abs(w / np.arange(1, 5) - 1)):.1e}")
    return table


if __name__ == "__main__":
    for part in (nist, parity, tall):
        Console().print(part())
