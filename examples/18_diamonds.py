"""
A forest on 53,940 diamonds
===========================

A table of the size that people have: what does a diamond cost, by weight, grades and measurements? A straight line
is the baseline, the rows that a tree left out are the test, and the picture shows what the forest has learnt.
"""

# %%
import jax
import numpy as np
from _picture import canvas, save

from jaxml import forest, linear, plot
from jaxml.datasets import load_diamonds
from jaxml.metrics import mean_absolute_error, r2_score
from jaxml.model_selection import train_test_split

guide = {}
table = load_diamonds()
x, x_test, y, y_test = train_test_split(table.x, table.y, test_size=10_000, random_state=0)

# %%
# A tree's leaves are means, so a target that spans 326 to 18,823 dollars is better grown on its logarithm: then
# an error is a share of the price, whatever the price.
params = forest.grow(jax.random.key(0), x, np.log(y), n_trees=30, min_samples_leaf=3)
line = linear.solve(np.c_[np.log(x[:, 0]), x[:, 1:4]], np.log(y))
prices = {
    "straight line": np.exp(linear.predict(line, np.c_[np.log(x_test[:, 0]), x_test[:, 1:4]])),
    "forest": np.exp(forest.predict(params, x_test)),
}
for name, guess in prices.items():
    print(f"{name:>13}: R² {r2_score(y_test, guess):.4f}, off by {mean_absolute_error(y_test, guess):,.0f} dollars on average, "
          f"by {np.median(np.abs(guess / y_test - 1)):.1%} in the median")  # fmt: skip
print(f"out of bag, R² of the logarithm: {forest.oob_score(params, x, np.log(y)):.4f}")
print(f"on the test rows:                {r2_score(np.log(y_test), forest.predict(params, x_test)):.4f}")

# %%
# carat, x, y and z measure one size.  The column that is asked first takes nearly all of its importance, which
# says what the trees asked, not what a price is made of.
for name, share in sorted(zip(table.feature_names, params.importances, strict=True), key=lambda pair: -pair[1])[:5]:
    print(f"{name:>8} {share:6.1%} of the impurity removed")

# %%
# One stone, with only its clarity changed: what the forest takes a grade to be worth.
one_carat = np.flatnonzero((np.abs(x_test[:, 0] - 1) < 0.02) & (x_test[:, 2] == 3))
grades = ("I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF")
by_grade = []
for grade in range(8):
    stones = x_test[one_carat].copy()
    stones[:, 3] = grade
    by_grade.append(np.exp(forest.predict(params, stones)))
figure, (left, right) = canvas(2)
plot.feature_importances(params.importances, names=table.feature_names, title="Importance, in impurity removed", ax=left)
right.plot(grades, np.median(by_grade, axis=1), "o-", color="#0072B2", linewidth=2, label="median")
right.fill_between(range(8), *np.percentile(by_grade, [10, 90], axis=1), color="#0072B2", alpha=0.15, label="four stones in five")
right.set(title=f"{len(one_carat)} stones of one carat, color G", xlabel="clarity, from the worst", ylabel="price (US dollars)")
right.set_ylim(0)
right.grid()
right.legend()
save(figure, "18_diamonds")

# %%
ours = {name: f"R² {r2_score(y_test, guess):.3f}" for name, guess in prices.items()}
assert r2_score(y_test, prices["forest"]) > 0.97 > r2_score(y_test, prices["straight line"]), ours
