"""
Why NaN?
========

"My loss is NaN": the usual answer is to guess a smaller rate. `autopsy` takes what `minimize` took, runs it again to the
step that failed, and names the cause only where it can show it.
"""

# %%
import jax
import jax.numpy as jnp
import numpy as np
import optax
from _picture import canvas, save

from jaxml import DivergedError, autopsy, linear, minimize, plot
from jaxml.datasets import load_diamonds
from jaxml.preprocessing import standard_scaler

diamonds, columns = load_diamonds(), ["carat", "depth", "table", "x", "y", "z"]
x, y = diamonds.x[::20, [diamonds.feature_names.index(name) for name in columns]], np.log(diamonds.y[::20])

# %%
# Columns as they come: depth and table are near 60, the others near 1. The error names the next call.
guide, run = {}, {"optimizer": optax.sgd(0.1), "steps": 300}
try:
    minimize(linear.loss, linear.init(6), x, y, **run)
except DivergedError as error:
    print(f"{error}\n")
unscaled = autopsy(linear.loss, linear.init(6), x, y, names=columns, **run)
print(f"1. {unscaled}\n")
scaled = minimize(linear.loss, linear.init(6), standard_scaler.transform(standard_scaler.fit(x), x), y, **run)
print(f"standardised, at the same rate: the loss falls from {scaled.losses[0]:.3g} to {scaled.losses[-1]:.3g}\n")

# %%
# The log-loss as it stands in the book: at z = 20, float32 has σ(z) = 1 exactly. A square root that where() leaves out
# is differentiated all the same. And no rate helps against a NaN in the table.
book = lambda w, x, y: -jnp.mean(y * jnp.log(jax.nn.sigmoid(x * w)) + (1 - y) * jnp.log(1 - jax.nn.sigmoid(x * w)))
naive = autopsy(book, np.array(2.0), np.array([-1.0, 0.5, 10.0]), np.array([0.0, 1.0, 0.0]), **run)
masked = autopsy(lambda w: jnp.sum(jnp.where(w > 0, jnp.sqrt(w), 0)), np.array([1.0, 0.0]), **run)
holes = x.copy()
holes[1234, 2] = np.nan
missing = autopsy(linear.loss, linear.init(6), holes, y, **run)
print(f"2. {naive}\n\n3. {masked}\n\n4. {missing}\n")

# %%
# A little above the limit the theory can be watched: each step multiplies the steepest error by 1 - ηλ, the loss by its square.
try:
    minimize(linear.loss, linear.init(6), x, y, optimizer=optax.sgd(1.2 * unscaled.limit), steps=300)
except DivergedError as error:
    losses = error.fit.losses
steps, growth = np.arange(len(losses)), (1 - 1.2 * unscaled.limit * unscaled.eigenvalue) ** 2
figure, (left, right) = canvas(2)
left.semilogy(steps, losses, "o", color="#0072B2", label="the run")
left.semilogy(steps, losses[-1] * growth ** (steps - steps[-1]), color="#D55E00", label=f"theory: times {growth:.2f} a step")
left.set(title="A rate 1.2 times the limit: the loss climbs by the book", xlabel="step", ylabel="mean squared error of log price")
left.grid()
left.legend()
plot.loss_curve(scaled.losses, ylabel="mean squared error of log price", title="Columns standardised: rate 0.1 is safe", ax=right)
save(figure, "23_why_nan")

# %%
ours = {"causes": ", ".join(report.cause for report in (unscaled, naive, masked, missing)), "growth": f"{growth:.2f}"}
measured = losses[-1] / losses[-2]
assert ours["causes"] == "rate_above_limit, log_of_zero, nan_gradient, bad_data" and abs(measured / growth - 1) < 0.01, (ours, measured)
