"""
Gradient descent by hand, stopped too early
===========================================

The guide writes gradient descent itself, runs it 1,000 times over the five points of example 2, and prints
0.696 and 1.852 where example 2 has 0.600 and 2.200. The descent is on its way to these, and nothing says that it has not arrived.
"""

# %%
import jax
import numpy as np
import optax
from _picture import canvas, save

from jaxml import forecast, linear, minimize, plot
from jaxml.preprocessing import standard_scaler

jax.config.update("jax_enable_x64", True)  # 64 bits, as NumPy in the guide
guide = {"weight": "0.696355", "bias": "1.852128"}
x, y, rate = np.array([[1.0], [2.0], [3.0], [4.0], [5.0]]), np.array([2.0, 4.0, 5.0, 4.0, 5.0]), 0.01

# %%
# The guide's gradient has 1/n where the mean squared error has 2/n: it belongs to *half* the MSE. Autodiff agrees.
half_mse = jax.jit(lambda p: linear.loss(linear.Params(p[:1], p[1]), x, y) / 2)
error = lambda p: x[:, 0] * p[0] + p[1] - y
by_hand = lambda p: np.array([x[:, 0] @ error(p), error(p).sum()]) / len(x)
p = np.array([0.3, 0.7])
g, autodiff = by_hand(p), jax.grad(half_mse)(p)
print(f"gradient at {p}: {g} by hand, {autodiff} of half the MSE by autodiff, {np.abs(g - autodiff).max():.0e} apart")
path = [np.zeros(2)]
for _ in range(1000):
    path.append(path[-1] - rate * by_hand(path[-1]))
fit = minimize(half_mse, np.zeros(2), optimizer=optax.sgd(rate), steps=1000)
exact = np.append(*linear.solve(x, y))
print(f"after 1000 steps: by hand {path[-1]}, by jaxml {fit.params}, exact {exact}")

# %%
# Could one have known? Along an eigenvector of the Hessian with eigenvalue λ, a step multiplies the error by 1 - ηλ. The two λ
# are the bend of the valley's floor and of its walls; their ratio, the condition number, is what makes descent slow.
told = forecast(half_mse, np.zeros(2), learning_rate=rate, losses=fit.losses, names=["weight", "bias"])
print(told)
print(f"not converged: {told.remaining:.1%} of the slow error is left; the condition number {told.condition_number:.0f} asks for "
      f"{told.steps_needed:,} steps")  # fmt: skip
scaled = forecast(linear.loss, linear.init(1), standard_scaler.transform(standard_scaler.fit(x), x), y)
print(f"with x standardised: condition number {scaled.condition_number:.3f}, and {scaled.steps_needed} step at the best rate is enough")

# %%
# A target of shape (n, 1), as in example 3: NumPy makes a table of all differences, jaxml refuses.
print("NumPy:", error(p).shape, "differences become", (x[:, 0] * p[0] + p[1] - y[:, None]).shape)
try:
    linear.loss(linear.init(1), x, y[:, None])
except ValueError as refusal:
    print("jaxml:", refusal)

# %%
figure, (valley, curve) = canvas(2)
plot.descent_path(half_mse, np.array(path), names=("weight", "bias"), title="1,000 steps on the map of half the MSE", ax=valley)
valley.plot(*exact, "*", color="#009E73", markersize=16, markeredgecolor="white", label="the minimum")
valley.legend(loc="lower right")
plot.forecast(forecast(half_mse, np.zeros(2), learning_rate=rate, steps=5000, losses=fit.losses), ax=curve)
save(figure, "07_gradient_descent_by_hand")

# %%
ours = {"weight": f"{fit.params[0]:.6f}", "bias": f"{fit.params[1]:.6f}", "slow error left": f"{told.remaining:.1%}"}
assert guide.items() <= ours.items() and told.disagreement < 1e-6 and not fit.converged, ours
