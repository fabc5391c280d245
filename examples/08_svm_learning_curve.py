"""
The learning curve of a support vector machine
==============================================

The guide draws a learning curve with scikit-learn's defaults. The 100 scores here are the same, one by one. What the
curve hides: the columns are not scaled, C and gamma are guesses, and five folds in one fixed order are one draw.
"""

# %%
import jax.numpy as jnp
import numpy as np
from _picture import canvas, save

from jaxml import plot, svm
from jaxml.datasets import make_classification
from jaxml.model_selection import learning_curve

guide = {"test, 80 rows": "0.876 ± 0.022", "test, 800 rows": "0.875 ± 0.020", "training, 800 rows": "0.889 ± 0.005"}
sizes = np.linspace(0.1, 1, 10)
x, y = make_classification(1000, 20, n_informative=2, n_redundant=10, random_state=42)

# %%
# 50 machines, one for each size and fold; rows that a machine must not see have weight 0, so all run in one program.
curve = learning_curve(svm.solve, svm.predict, x, y, train_sizes=sizes, cv=5)
for size, train, test in zip(*curve, strict=True):
    print(f"{size:4d} rows: training {train.mean():.3f} ± {train.std():.3f}, test {test.mean():.3f} ± {test.std():.3f}")


# %%
# Scaled columns, by the mean and scale of the rows that each machine sees: the scaler is part of the model.
def scaled_solve(x, y, *, weights):
    mean = jnp.average(x, axis=0, weights=weights)
    scale = jnp.sqrt(jnp.average((x - mean) ** 2, axis=0, weights=weights))
    return mean, scale, svm.solve((x - mean) / scale, y, weights=weights)


scaled_predict = lambda params, x: svm.predict(params[2], (x - params[0]) / params[1])
scaled = learning_curve(scaled_solve, scaled_predict, x, y, train_sizes=sizes, cv=5)
often = learning_curve(svm.solve, svm.predict, x, y, train_sizes=sizes, cv=5, repeats=4, random_state=0)
print(f"scaled columns, 800 rows: {scaled.test_scores[-1].mean():.3f}; as they are: {curve.test_scores[-1].mean():.3f}")
print(f"four times five folds, shuffled: {often.test_scores[-1].mean():.3f} ± {often.test_scores[-1].std():.3f}")
print(f"ten times the rows are worth {np.diff(often.test_scores.mean(axis=1)).sum():+.3f}: more of this kind will hardly help")

# %%
# How far is a machine from the best there is? The duality gap bounds it, without knowing the best.
params = svm.solve(x, y)
gap, objective = svm.duality_gap(params, x, y), svm.loss(params, x, y)
print(f"all 1,000 rows: objective {objective:.3f}, at most {gap:.3f} above the minimum; {len(params.support)} support vectors")

# %%
figure, (left, right) = canvas(2)
plot.learning_curve(curve, ylabel="accuracy", title="The guide's curve", ax=left)
plot.learning_curve(often, labels=("training, 4 x 5 folds", "test, 4 x 5 folds"), ax=right)
title = "Shuffled four times, and with scaled columns"
plot.learning_curve(scaled, labels=("training, scaled", "test, scaled"), color=1, ylabel="accuracy", title=title, ax=right)
left.set_ylim(right.get_ylim())
save(figure, "08_svm_learning_curve")

# %%
(first, *_, last), *_, end = curve.test_scores, curve.train_scores[-1]
scores = zip(guide, (first, last, end), strict=True)
ours = {name: f"{score.mean():.3f} ± {score.std():.3f}" for name, score in scores} | {
    "scaled, 800 rows": f"{scaled.test_scores[-1].mean():.3f}"
}
assert guide.items() <= ours.items(), ours
