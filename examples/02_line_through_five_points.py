"""
A line through five points, and how far to trust it
===================================================

The guide fits a line to five points and prints its slope and intercept. We get the same two numbers,
a proof that no other line is better, and what the guide leaves out: how uncertain they are.
"""

# %%
from itertools import permutations

import numpy as np
from _picture import canvas, save

from jaxml import linear, plot

guide = {"slope": "0.60", "intercept": "2.20"}
x = np.array([[1], [2], [3], [4], [5]])
y = np.array([2, 4, 5, 4, 5])

# %%
params = linear.solve(x, y)
slope, intercept = float(params.w[0]), float(params.b)
print(f"slope {slope:.2f}, intercept {intercept:.2f}")
print("example 7 gets 0.70 and 1.85 from the same points: no other answer, but a descent to this one that stops too early")

# %%
# The proof. If the residuals had any part along x, or along the constant 1, a turn or a shift
# of the line would make them smaller. At the best line both products are zero, up to rounding.
table = np.column_stack([x, np.ones(5)])
residuals = y - table @ [slope, intercept]
print("residuals", residuals.round(2), " times x and times 1:", np.abs(table.T @ residuals).round(5))

# %%
# Standard errors: the scatter about the line is s² = Σr²/(n - 2), and the covariance of slope
# and intercept is s² (XᵀX)⁻¹.
covariance = residuals @ residuals / (5 - 2) * np.linalg.inv(table.T @ table)
slope_error, intercept_error = np.sqrt(np.diag(covariance))
print(f"slope {slope:.2f} ± {slope_error:.2f}, intercept {intercept:.2f} ± {intercept_error:.2f} (one standard error)")

# %%
# Could the rise be chance? Put the same five y in every order: how often is the line as steep?
slopes = np.array([np.polyfit(x[:, 0], order, 1)[0] for order in permutations(y)])
as_steep = np.mean(np.abs(slopes) > slope - 1e-6)
print(f"of all {len(slopes)} orders of these y, {as_steep:.0%} give a line as steep, up or down: five points prove no rise")

# %%
figure, panel = canvas(width=8)
title = f"y = ({slope:.2f} ± {slope_error:.2f}) x + ({intercept:.2f} ± {intercept_error:.2f})"
plot.scatter_with_fit(x, y, lambda rows: linear.predict(params, rows), residuals=True, title=title, ax=panel)
line = np.column_stack([np.linspace(0.9, 5.1), np.ones(50)])
middle, error = line @ [slope, intercept], np.sqrt(np.sum(line @ covariance * line, axis=1))
panel.fill_between(line[:, 0], middle - error, middle + error, color="#D55E00", alpha=0.12, label="± one standard error of the line")
panel.legend(loc="lower right")
save(figure, "02_line_through_five_points")

# %%
ours = {"slope": f"{slope:.2f}", "intercept": f"{intercept:.2f}", "error of the slope": f"{slope_error:.2f}"}
assert guide.items() <= ours.items() and np.abs(table.T @ residuals).max() < 1e-4, ours
