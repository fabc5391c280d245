"""
My derivation against autodiff
==============================

A gradient from paper is a function of the parameters and the data. The check compares it with autodiff's at several
points in 64 bits. Where it is wrong, it says which slip it is, or that it is none of the usual ones.
"""

# %%
import jax
import numpy as np
from _picture import canvas, save

from jaxml import linear, logistic, plot, softmax
from jaxml.checks import check_derivation
from jaxml.datasets import load_breast_cancer
from jaxml.preprocessing import standard_scaler

guide = {}
x, y = load_breast_cancer()[:2]
x = standard_scaler.transform(standard_scaler.fit(x), x)[:, :5]
params = logistic.Params(np.full(5, 0.1), np.array(0.2))


# %%
# Logistic regression, three attempts: with the slope of the sigmoid, as in the squared error; with a sum for db; right.
p_of = lambda p, x: 1 / (1 + np.exp(-(x @ p.w + p.b)))
slope = lambda p, x, y: (p_of(p, x) - y) * p_of(p, x) * (1 - p_of(p, x))
first = lambda p, x, y: (x.T @ slope(p, x, y) / len(y), slope(p, x, y).mean())
second = lambda p, x, y: (x.T @ (p_of(p, x) - y) / len(y), (p_of(p, x) - y).sum())
third = lambda p, x, y: (x.T @ (p_of(p, x) - y) / len(y), (p_of(p, x) - y).mean())
attempts = [check_derivation(logistic.loss, attempt, params, x, y) for attempt in (first, second, third)]
print(*attempts, sep="\n\n", end="\n\n")

# %%
# The guide's two gradients of the squared error: example 7 has 1/n, example 11 has 2/n.
points, targets = np.array([[1.0], [2.0], [3.0], [4.0], [5.0]]), np.array([2.0, 4.0, 5.0, 4.0, 5.0])
gradient = lambda p, x, y: (x.T @ (x @ p.w + p.b - y) / len(y), (x @ p.w + p.b - y).mean())
line = linear.Params(np.array([0.3]), np.array(0.7))
seventh = check_derivation(linear.loss, gradient, line, points, targets)
eleventh = check_derivation(linear.loss, lambda *a: jax.tree.map(lambda g: 2 * g, gradient(*a)), line, points, targets)
print(f"example 7:  {seventh.message}\nexample 11: {eleventh.message}")


# %%
# Softmax: p(1 - p) is only the diagonal of its Jacobian.
def diagonal(p, x, y):
    a = np.exp(x @ p.w + p.b)
    a = a / a.sum(axis=1, keepdims=True)
    delta = -np.eye(2)[y] / a * a * (1 - a) / len(y)
    return x.T @ delta, delta.sum(axis=0)


print("softmax:   ", check_derivation(softmax.loss, diagonal, softmax.init(5, 2), x, y).message)

# %%
figure, panels = canvas(3, width=5.5)
for panel, report in zip(panels, attempts, strict=True):
    plot.derivation(report, ax=panel)
save(figure, "20_my_derivation")

# %%
ours = {"slips": ", ".join(report.slip for report in attempts), "example 7": f"{seventh.factor}", "example 11": eleventh.slip}
assert ours == {"slips": "link_extra, leaf_factor, none", "example 7": "0.5", "example 11": "none"} and guide.items() <= ours.items(), ours
