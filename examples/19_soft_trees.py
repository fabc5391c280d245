"""
A tree has no gradient, unless it is soft
=========================================

Every other model here descends. A tree cannot: a row crosses a threshold or it does not, so the loss is a staircase
in every threshold, and its slope is exactly 0. That is why CART searches. Soften the step, and the gradient is there.
"""

# %%
import jax
import numpy as np
import optax
from _picture import canvas, save

from jaxml import forest, minimize

guide = {}
random = np.random.RandomState(0)
x = np.sort(random.rand(200, 1) * 6, axis=0)
y = np.sin(x[:, 0]) + 0.1 * random.randn(200)
hard = forest.grow(jax.random.key(0), x, y, n_trees=1, max_depth=3, bootstrap=False)
soft = forest.relax(hard, temperature=0.15)


# %%
# The lesson: the same loss, differentiated by the same thresholds.
def loss(theta, x, y, params):
    trees = (params if params is hard else params.trees)._replace(threshold=theta["threshold"], value=theta["value"])
    return forest.loss(trees if params is hard else params._replace(trees=trees), x, y)


theta = {"threshold": hard.threshold, "value": hard.value}
for name, params in (("hard", hard), ("soft", soft)):
    slope = jax.grad(loss)(theta, x, y, params=params)["threshold"]
    print(f"{name}: loss {loss(theta, x, y, params=params):.4f}, largest slope in a threshold {np.abs(slope).max():.6f}")

# %%
# So the soft tree descends, with any of optax's optimizers: its thresholds move, and so do its leaves.
run = minimize(lambda theta, x, y: loss(theta, x, y, params=soft), theta, x, y, optimizer=optax.adam(0.02), steps=400)
learnt = soft._replace(trees=hard._replace(**run.params))
print(f"after {run.n_steps} steps of Adam: loss {run.losses[-1]:.4f}; the noise alone is {0.1**2:.4f}")
inner = np.flatnonzero(hard.left[0] != np.arange(hard.left.shape[1]))
print("thresholds before:", np.sort(hard.threshold[0, inner]).round(2))
print("thresholds after: ", np.sort(run.params["threshold"][0, inner]).round(2))

# %%
figure, (left, right) = canvas(2)
places = np.linspace(0, 6, 600)[:, None]
left.scatter(x, y, color="#BBBBBB", s=16, label="200 rows: sin x and noise")
for name, params, color in (("hard", hard, "#D55E00"), ("softened", soft, "#56B4E9"), ("softened, then descended", learnt, "#0072B2")):
    left.plot(places, forest.predict(params, places), color=color, linewidth=2, label=f"{name}: loss {forest.loss(params, x, y):.3f}")
left.set(title="One tree of depth 3", xlabel="x", ylabel="y")
root = np.linspace(float(hard.threshold[0, 0]) - 0.4, float(hard.threshold[0, 0]) + 0.4, 401)
for name, params, color in (("hard", hard, "#D55E00"), ("soft", soft, "#56B4E9")):
    along = jax.vmap(lambda t, p=params: loss(theta | {"threshold": hard.threshold.at[0, 0].set(t)}, x, y, params=p))(root)
    right.plot(root, along, color=color, linewidth=2, label=name)
right.set(title="The loss along the root's threshold", xlabel="threshold of the root (units of x)", ylabel="mean squared error")
for panel in (left, right):
    panel.grid()
    panel.legend()
save(figure, "19_soft_trees")

# %%
ours = {"slope of the hard tree": f"{np.abs(jax.grad(loss)(theta, x, y, params=hard)['threshold']).max()}"}
assert ours["slope of the hard tree"] == "0.0" and run.losses[-1] < 0.6 * loss(theta, x, y, params=soft), ours
