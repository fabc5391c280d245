"""
A random forest, and which of its columns matter
================================================

The guide grows a forest on 20 columns and shows a confusion matrix, nothing else: no interval, no comparison, no word on
which way to read it. Two columns are informative, ten are mixtures of these two, eight are noise.
"""

# %%
import jax
import numpy as np
from _picture import canvas, save

from jaxml import forest, logistic, plot
from jaxml.datasets import make_classification
from jaxml.metrics import accuracy_score, confusion_matrix
from jaxml.model_selection import train_test_split

guide = {"accuracy over 20 seeds": "0.92"}
x, y = make_classification(1000, 20, n_informative=2, n_redundant=10, random_state=42)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=42)

# %%
# A forest is random: the guide's one matrix, with 92.0% right, is one draw. Here are twenty.
forests = [forest.grow(jax.random.key(seed), x_train, y_train, n_classes=2) for seed in range(20)]
scores = [accuracy_score(y_test, forest.predict(params, x_test)) for params in forests]
mean, interval = np.mean(scores), np.sqrt(np.mean(scores) * (1 - np.mean(scores)) / len(y_test))
print(f"20 forests: {mean:.4f} right, ± {np.std(scores):.4f} from forest to forest")
print(f"200 test rows leave ± {interval:.4f} in doubt, which is more than the forests differ")

# %%
# What would less have given? Always the commoner class; one straight line; and no test rows at all: every tree leaves out
# about 37% of the rows, on which it can be tested.
straight = logistic.solve(x_train, y_train, l2=0.01)
print(f"the commoner class: {max(np.mean(y_test), 1 - np.mean(y_test)):.3f}")
print(f"logistic regression: {accuracy_score(y_test, logistic.predict(straight, x_test)):.3f}")
print(f"out of bag, without the test rows: {forest.oob_score(forests[0], x_train, y_train):.3f}")

# %%
# Two kinds of importance. The impurity that a column removes in training is never 0, not even for noise;
# what shuffling it costs on new rows is.
shuffled = forest.permutation_importances(jax.random.key(0), forests[0], x_test, y_test)
informative = np.abs(np.corrcoef(x.T)).sum(axis=0) > 2  # the noise columns go with no other
print(f"the {np.sum(~informative)} noise columns together: {forests[0].importances[~informative].sum():.0%} of the impurity, "
      f"{shuffled.mean(axis=0)[~informative].sum() / shuffled.mean(axis=0).sum():.0%} of what shuffling costs")  # fmt: skip

# %%
names = [f"column {j}" + ("" if known else ", noise") for j, known in enumerate(informative)]
figure, (table, bars) = canvas(2, height=5.6)
predicted = forest.predict(forests[0], x_test)
plot.confusion_matrix(confusion_matrix(y_test, predicted), ax=table)
title = "What shuffling a column costs on the test rows"
mean_cost, std = shuffled.mean(axis=0), shuffled.std(axis=0)
plot.feature_importances(mean_cost, names=names, std=std, xlabel="rise of the Brier score", title=title, ax=bars)
save(figure, "06_random_forest")

# %%
ours = {"accuracy over 20 seeds": f"{mean:.2f}", "interval of 200 rows": f"± {interval:.3f}"}
assert guide.items() <= ours.items() and abs(mean - 0.92175) < 0.015, ours  # 0.92175 is scikit-learn's mean
