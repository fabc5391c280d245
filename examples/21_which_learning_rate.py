"""
Which learning rate?
====================

A table of 442 patients, a straight line, and a descent that explodes at the rate everybody tries first. No search is
needed: for this loss the curvature tells, before the first step, which rates work and how many steps they take.
"""

# %%
import jax
import numpy as np
import optax
from _picture import canvas, save

from jaxml import DivergedError, forecast, linear, minimize, plot
from jaxml.datasets import load_diabetes
from jaxml.preprocessing import standard_scaler

jax.config.update("jax_enable_x64", True)  # the difference of two nearly equal losses is to be seen
guide = {}
x, y, names, *_ = load_diabetes(scaled=False)
scaled = standard_scaler.transform(standard_scaler.fit(x), x)
start = linear.init(10)

# %%
# The usual way: guess a rate, look, guess again. Every try but the last one explodes.
for rate in (0.01, 0.001, 0.0001, 0.00001):
    try:
        fit = minimize(linear.loss, start, x, y, optimizer=optax.sgd(rate), steps=1000)
        print(f"rate {rate}: {len(fit.losses)} steps, loss {fit.losses[-1]:.0f}; the least is {linear.loss(linear.solve(x, y), x, y):.0f}")
    except DivergedError as error:
        print(f"rate {rate}: diverged at step {error.step}")

# %%
# The other way: ask. The columns are far from 0 and of different sizes, so the loss is a long narrow valley.
raw = forecast(linear.loss, start, x, y, names=names)
print(raw)

# %%
# Columns around 0 and of one size: the same line, in a rounder valley. It is long still where s1, s2, s3 and s5 say nearly the same.
before = forecast(linear.loss, start, scaled, y, names=names)
print(f"scaled: limit {before.max_rate:.4f}, best {before.best_rate:.4f}, condition number {before.condition_number:.0f}")
print(f"slowest: {before.slow_direction}; steps to 0.1%: {raw.steps_needed:,} as it came, {before.steps_needed:,} scaled")

# %%
# Then run it, and compare what was told with what happened.
fit = minimize(linear.loss, start, scaled, y, optimizer=optax.sgd(before.best_rate), steps=before.steps_needed)
after = forecast(linear.loss, start, scaled, y, names=names, losses=fit.losses)
print(f"predicted and observed error differ by {after.disagreement:.0e} of the first at most, over {after.steps:,} steps")
rough = minimize(linear.loss, start, x, y, optimizer=optax.sgd(raw.best_rate), steps=before.steps_needed)
told = forecast(linear.loss, start, x, y, learning_rate=raw.best_rate, losses=rough.losses)
figure, (left, middle, right) = canvas(3, width=5.6)
plot.forecast(told, title=f"As it came, at its best rate {raw.best_rate:.3g}", ax=left)
plot.forecast(after, title=f"Scaled, at its best rate {before.best_rate:.3f}", ax=middle)
left.set(ylim=middle.get_ylim(), yticks=(0.001, 0.1, 10, 1000))
plot.rates(before, title=f"Scaled: the limit is {before.max_rate:.4f}", ax=right)
save(figure, "21_which_learning_rate")

# %%
ours = {
    "limit, as it came": f"{raw.max_rate:.2e}",
    "limit, scaled": f"{before.max_rate:.3f}",
    "condition number": f"{raw.condition_number:.1e} and {before.condition_number:.0f}",
}
assert np.linalg.cond(np.c_[scaled, np.ones(len(y))]) ** 2 / before.condition_number - 1 < 1e-6 and after.disagreement < 1e-6, ours
