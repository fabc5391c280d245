"""
A parabola, and the rate at which a descent explodes
====================================================

The guide draws f(x) = x² and says that gradient descent rests on it. Here are three descents on
that curve. They differ in nothing but the rate: one slides down, one swings, one climbs out.
"""

# %%
import jax
import numpy as np
import optax
from _picture import canvas, save

from jaxml import DivergedError, forecast, minimize

guide = {}  # the guide prints no number here
f = lambda x: x**2
start, rates = 4.0, (0.1, 0.9, 1.1)

# %%
# A step moves x against the slope f'(x) = 2x, by the rate η times its size: x becomes
# x - η·2x = (1 - 2η)x. That is nearer to 0 only if η is below 2/f'' = 1.
curvature, limit = jax.grad(jax.grad(f))(start), forecast(f, start).max_rate
print(f"f'' = {curvature:.0f}, so the rate must stay below 2/f'' = {limit:.0f}")

# %%
# The guide never says so: a rate above the limit does not learn faster, it learns nothing. What each rate will do can be
# told before the first step; then it is done.
for rate in rates:
    told = forecast(f, start, learning_rate=rate, names=["x"])
    print(f"rate {rate}: each step multiplies x by {told.factor:+.1f}. Forecast: {told.message}")
    try:
        print(f"          x = {minimize(f, start, optimizer=optax.sgd(rate), steps=50).params:.1e} after 50 steps")
    except DivergedError as error:
        refused = error
        print(f"          {error}")

# %%
# The three walks, step by step.
figure, panels = canvas(3, width=4.6, height=4.6)
curve = np.linspace(-10, 10, 100)
for panel, rate, verdict in zip(panels, rates, ("slides", "swings", "climbs out"), strict=True):
    path = [start]
    for _ in range(5):
        path.append(path[-1] - rate * jax.grad(f)(path[-1]))
    path = np.array(path)
    panel.grid()
    panel.plot(curve, f(curve), color="#0072B2")
    panel.plot(path, f(path), "o-", color="#D55E00", markersize=6, linewidth=1.2)
    for step, name in ((0, "start"), (1, "step 1"), (5, "step 5")):
        side = np.sign(path[step])  # outside the curve
        place = {"xytext": (10 * side, -4), "textcoords": "offset points", "ha": "left" if side > 0 else "right"}
        panel.annotate(name, (path[step], f(path[step])), **place)
    panel.set(title=f"rate {rate}: {verdict}", xlabel="x", ylabel="f(x) = x²", xticks=range(-10, 11, 5), xlim=(-15, 15), ylim=(-4, 108))
save(figure, "01_parabola")

# %%
ours = {"f''": f"{curvature:.0f}", "largest stable rate": f"{refused.largest_stable_rate:.2f}"}
assert ours == {"f''": "2", "largest stable rate": "1.00"} and refused.rate > limit == refused.largest_stable_rate, ours
