"""
A logistic boundary, and the penalty that drew it
=================================================

The guide fits scikit-learn's logistic regression and colours two regions. The picture hides two things: the
probability, and a penalty (C = 1) without which these data have no best boundary at all.
"""

# %%
import warnings

import jax
import numpy as np
from _picture import canvas, save

from jaxml import audit, logistic, plot
from jaxml.datasets import make_classification
from jaxml.metrics import accuracy_score

jax.config.update("jax_enable_x64", True)  # scikit-learn computes in 64 bits
guide = {"w": "-1.89, 3.13", "b": "2.05", "training accuracy": "1.0"}
x, y = make_classification(100, 2, n_informative=2, n_redundant=0, n_clusters_per_class=1, random_state=42)

# %%
# scikit-learn minimises C · Σ losses + ½‖w‖². Divided by C n that is our loss with l2 = 1/(C n) = 0.01.
l2 = 1 / (1.0 * len(x))
params = logistic.solve(x, y, l2=l2)
accuracy = accuracy_score(y, logistic.predict(params, x))
print(f"l2 = {l2}: w = [{params.w[0]:.5f}, {params.w[1]:.5f}], b = {params.b:.5f}, training accuracy {accuracy}")
# scikit-learn's own numbers differ in the fourth digit: lbfgs stops where no entry of the gradient is above tol = 1e-4.
# Asked what they are a minimum of, they give the penalty away. No standard errors: those belong to a minimum without one.
sklearn_stop = logistic.Params(np.array([-1.8869, 3.1344]), np.array(2.0546))
slope = jax.jit(jax.grad(logistic.loss))(sklearn_stop, x, y, l2=l2)
print(f"scikit-learn: largest entry of the gradient {np.abs([*slope.w, slope.b]).max():.0e}")
print(hidden := audit(logistic.loss, sklearn_stop, x, y))

# %%
# The hidden penalty decides where the line lies and how sure the model is. Without it there is no minimum.
figure, (left, right, band) = canvas(3, width=6)
for label, color, marker in ((0, "#0072B2", "o"), (1, "#D55E00", "s")):
    right.scatter(*x[y == label].T, color=color, marker=marker, edgecolor="white", label=f"class {label}")
print(f"{'l2':>8} {'‖w‖':>6} {'angle of the line':>18} {'points with probability 0.1 to 0.9':>36}")
for penalty, color in ((0.1, "#56B4E9"), (0.01, "#222222"), (0.001, "#E69F00"), (0.0, "#009E73")):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        p = logistic.solve(x, y, l2=penalty)
    sure, angle = logistic.predict_proba(p, x), np.degrees(np.arctan(-p.w[0] / p.w[1]))
    print(f"{penalty:8g} {np.linalg.norm(p.w):6.1f} {angle:17.0f}° {np.sum((sure > 0.1) & (sure < 0.9)):36d}")
    right.axline((0, -p.b / p.w[1]), slope=-p.w[0] / p.w[1], color=color, linewidth=2, label=f"l2 = {penalty:g}", zorder=4)
print(caught[0].category.__name__, "of l2 = 0:", caught[0].message)
plot.probability_contours(lambda rows: logistic.predict_proba(params, rows), x, y, title="Probability with the guide's penalty", ax=left)
right.set(title="The same data, four penalties", xlabel="feature 1", ylabel="feature 2", xlim=left.get_xlim(), ylim=left.get_ylim())
right.grid()
right.legend()
# Where classes overlap there is a minimum without penalty, and its curvature says how far the data fix the line.
noisy = np.where(np.arange(100) % 10 == 0, 1 - y, y)
free = logistic.solve(x, noisy)
print(known := audit(logistic.loss, free, x, noisy))
plot.boundary_band(logistic.logits, free, known.covariance, x, noisy, title="Every tenth label turned, no penalty", ax=band)
save(figure, "13_logistic_decision_boundary")

ours = {"w": "{:.2f}, {:.2f}".format(*params.w), "b": f"{params.b:.2f}", "training accuracy": f"{accuracy}"}
ours["hidden l2"] = f"{hidden.implied_l2:.2f}"
converged = np.allclose([*params.w, params.b], (-1.88643, 3.13179, 2.05150), atol=5e-6)  # scikit-learn's with tol=1e-10
assert guide.items() <= ours.items() and converged and known.minimum and hidden.standard_errors is None, ours
