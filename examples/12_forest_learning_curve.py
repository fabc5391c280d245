"""
A forest's learning curve, on data that are a straight line
===========================================================

The guide draws how a forest's error falls from 80 to 800 rows, and stops there. It does not say that the target is
exactly linear: a straight line gets there with a handful of rows, and the forest never will.
"""

# %%
import jax
import numpy as np
from _picture import canvas, save

from jaxml import forest, linear, plot
from jaxml.datasets import make_regression
from jaxml.metrics import mean_squared_error
from jaxml.model_selection import k_fold, learning_curve

jax.config.update("jax_enable_x64", True)  # in 32 bits the straight line's own rounding is as large as the noise
guide = {"rows": "80 to 800", "MSE with 80 rows": "6608 ± 832", "MSE with 800 rows": "2656 ± 448"}
x, y = make_regression(1000, 10, noise=0.1, random_state=42)
setup = {"train_sizes": np.linspace(0.1, 1, 10), "cv": k_fold(len(x), 5), "scoring": mean_squared_error}

# %%
# 50 forests of 100 trees: one for each of ten sizes and five folds, the same rows as the guide's.
key = jax.random.key(42)
grow = lambda x, y, *, weights: forest.grow(key, x, y, weights=weights)
trees = learning_curve(grow, forest.predict, x, y, **setup)
line = learning_curve(linear.solve, linear.predict, x, y, **setup)
print(f"the target's variance is {np.var(y):,.0f}, that of its noise 0.01")
print(f"{'rows':>5} {'forest, training':>17} {'forest, test':>13} {'straight line, test':>20}")
for i, size in enumerate(trees.train_sizes):
    print(f"{size:5d} {trees.train_scores[i].mean():17,.0f} {trees.test_scores[i].mean():13,.0f} {line.test_scores[i].mean():20.4f}")

# %%
# The forest's error falls like a power of the rows.  Where would it meet the straight line's?
slope, height = np.polyfit(np.log(trees.train_sizes), np.log(trees.test_scores.mean(axis=1)), 1)
needed = np.exp((np.log(line.test_scores[-1].mean()) - height) / slope)
print(f"forest: MSE falls as rows^{slope:.2f}; at that pace it would need 10^{np.log10(needed):.0f} rows to reach the straight line")

# %%
figure, panel = canvas(width=9, height=5.5)
title = "The same data: a forest builds a plane out of steps, a line needs eleven numbers"
labels = [(f"{name}, training rows", f"{name}, test rows") for name in ("forest", "straight line")]
plot.learning_curve(trees, labels=labels[0], log=True, ax=panel)
plot.learning_curve(line, labels=labels[1], color=2, log=True, ylabel="mean squared error (log scale)", title=title, ax=panel)
panel.axhline(0.01, color="#666666", linestyle=":", label="variance of the noise: 0.01")
panel.legend(loc="center right")
save(figure, "12_forest_learning_curve")

# %%
first, *_, last = (f"{scores.mean():.0f} ± {scores.std():.0f}" for scores in trees.test_scores)
ours = {
    "rows": f"{trees.train_sizes[0]} to {trees.train_sizes[-1]}",
    "MSE with 80 rows": first,
    "MSE with 800 rows": last,
    "straight line, 80 rows": f"{line.test_scores[0].mean():.4f}",
}
# scikit-learn's forests draw other rows: their means differ from ours by less than the folds do from each other
within = [abs(np.mean(scores) - value) < 0.05 * value for scores, value in zip(trees.test_scores[[0, -1]], (6608.1, 2655.7), strict=True)]
assert ours["rows"] == guide["rows"] and all(within) and line.test_scores.max() < 0.02, ours
