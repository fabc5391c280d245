"""
Gradient descent on scaled data, and why it works there
=======================================================

The same descent as in example 7 with the same rate and the same 1,000 steps: there it fell short, here it arrives.
The guide does not say why. Nor does it say that its slope of 5.80 is the 2 of y = 2x + 1, in other units.
"""

# %%
import jax
import numpy as np
import optax
from _picture import canvas, save

from jaxml import forecast, linear, minimize, plot
from jaxml.metrics import mean_squared_error
from jaxml.model_selection import train_test_split
from jaxml.preprocessing import standard_scaler

jax.config.update("jax_enable_x64", True)  # NumPy and scikit-learn compute in 64 bits
guide = {"m": "5.800531", "b": "11.009054", "MSE": "0.8574"}
random = np.random.RandomState(42)
x = random.rand(1000, 1) * 10
y = 2 * x[:, 0] + 1 + random.randn(1000)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=42)

# %%
scaler = standard_scaler.fit(x_train)
scaled = standard_scaler.transform(scaler, x_train)
fit = minimize(linear.loss, linear.init(1), scaled, y_train, optimizer=optax.sgd(0.01), steps=1000)
(m,), b = fit.params
predict = lambda rows: linear.predict(fit.params, standard_scaler.transform(scaler, rows))
mse = mean_squared_error(y_test, predict(x_test))
print(f"m {m:.6f}, b {b:.6f}, MSE {mse:.4f}; the gradient has shrunk to {fit.gradient_norm:.0e}")

# %%
# Back to real units: z = (x - μ)/σ, so m z + b = (m/σ) x + (b - m μ/σ).
slope, intercept = m / scaler.scale[0], b - m * scaler.mean[0] / scaler.scale[0]
print(f"in the units of x: y = {slope:.2f} x + {intercept:.2f}")
floor, band = 1.0, np.sqrt(2 / len(y_test))
print(f"noise floor {floor:.1f} ± {band:.1f}: the score of {mse:.2f} lies below it, by {(floor - mse) / band:.1f} times its scatter")

# %%
# Why it works: scaling makes the valley round. The guide's gradient has 2/n here, that of the MSE, and had 1/n in example 7, that of
# half the MSE: the same rate takes steps of half the length there, and leaves more.
half = lambda p, x, y: linear.loss(p, x, y) / 2
losses = {"as they came": (linear.loss, x_train), "scaled, 1/n in place of 2/n": (half, scaled), "scaled": (linear.loss, scaled)}
for name, (loss, rows) in losses.items():
    told = forecast(loss, linear.init(1), rows, y_train, learning_rate=0.01, steps=1000)
    print(f"{name:>27}: condition number {told.condition_number:5.1f}, rate limit {told.max_rate:.3f}, error left {told.remaining:.1e}")

# %%
figure, (left, right) = canvas(2)
plot.scatter_with_fit(x_test, y_test, predict, title=f"200 test points: y = {slope:.2f} x + {intercept:.2f}", ax=left)
raw = minimize(linear.loss, linear.init(1), x_train, y_train, optimizer=optax.sgd(0.01), steps=1000)
least = linear.loss(linear.solve(x_train, y_train), x_train, y_train)
curves = {"x as it came": raw.losses[:800] - least, "x scaled": fit.losses[:800] - least}
plot.loss_curve(curves, ylabel="MSE above its minimum", title="800 steps with rate 0.01, unscaled and scaled", ax=right)
save(figure, "11_gradient_descent_on_scaled_data")

# %%
ours = {"m": f"{m:.6f}", "b": f"{b:.6f}", "MSE": f"{mse:.4f}", "slope in real units": f"{slope:.2f}"}
assert guide.items() <= ours.items() and f"{slope:.2f}" == "1.98" and abs(told.condition_number - 1) < 1e-6, ours
