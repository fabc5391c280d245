"""
The sigmoid, its slope, and a logarithm that breaks
===================================================

The guide draws σ(z) = 1/(1 + exp(-z)). Two facts about it decide whether a model learns: its slope is never more
than 1/4, and log(1 - σ(z)), the loss of a wrong answer, must not be computed the way it is written.
"""

# %%
import jax
import jax.numpy as jnp
import numpy as np
from _picture import canvas, save

guide = {}  # the guide prints no number here
sigmoid = lambda z: 1 / (1 + jnp.exp(-z))
z = np.linspace(-10, 10, 101, dtype=np.float32)

# %%
# The slope is σ(1 - σ). Each layer with a sigmoid multiplies the gradient by it.
slope = jax.vmap(jax.grad(sigmoid))(z)
print(f"largest slope {slope.max():.4f} at z = {z[slope.argmax()]:.0f}; through 10 layers at most {slope.max() ** 10:.0e} is left")
print(f"autodiff against σ(1 - σ): largest difference {np.abs(slope - sigmoid(z) * (1 - sigmoid(z))).max():.0e}")

# %%
# The loss of saying z = 20 when the truth is 0. A float32 near 1 has no digits for σ(20) = 1 - 2e-9: it rounds to 1,
# and log(1 - 1) is -inf. The stable form never subtracts from 1: log(1 - σ(z)) = -softplus(z) = -log(1 + exp(z)).
naive = lambda z: -jnp.log(1 - sigmoid(z))
stable = lambda z: jax.nn.softplus(z)
print(f"{'z':>4} {'-log(1-σ(z)) naive':>20} {'softplus(z)':>12} {'gradient naive':>16} {'gradient stable':>16}")
for at in jnp.array([1, 10, 15, 20], jnp.float32):
    print(f"{at:4.0f} {naive(at):20.6f} {stable(at):12.6f} {jax.grad(naive)(at):16.6f} {jax.grad(stable)(at):16.6f}")
print("in float32 one confident mistake makes the naive loss and its gradient infinite; logistic.loss uses softplus")

# %%
figure, (left, right) = canvas(2)
left.grid()
left.plot(z, sigmoid(z), color="#0072B2", linewidth=2, label="σ(z), a probability")
left.plot(z, slope, color="#D55E00", linewidth=2, label="its slope, never above 1/4")
left.axhline(0.25, color="#6B6B6B", linewidth=1, linestyle=(0, (4, 3)))
left.text(10, 0.26, "1/4", ha="right", va="bottom", color="#6B6B6B", fontsize=12)
left.set(title="The sigmoid and its slope", xlabel="z (log-odds)", ylabel="σ(z) and dσ/dz", ylim=(-0.03, 1.03))
left.legend(frameon=False, loc="upper left")

confident = np.linspace(0, 25, 501, dtype=np.float32)
right.grid()
right.plot(confident, stable(confident), color="#0072B2", linewidth=5, alpha=0.45, label="softplus(z): stable")
right.plot(confident, naive(confident), color="#D55E00", linewidth=1.6, label="-log(1 - σ(z)): as written, in float32")
last = confident[np.isfinite(naive(confident))][-1]
right.axvspan(last, 25, color="#D55E00", alpha=0.08)
right.text((last + 25) / 2, 4, f"from z = {last:.1f}\nthe naive form\nis infinite", ha="center", color="#D55E00", fontsize=12)
right.set(title="The loss of a wrong answer", xlabel="z (log-odds of the wrong class)", ylabel="loss (nats)", ylim=(0, 26))
right.legend(frameon=False, loc="upper left")
save(figure, "04_sigmoid")

# %%
ours = {"largest slope": f"{slope.max():.4f}", "log(1-σ(20)), naive": f"{-naive(20.0)}", "log(1-σ(20)), stable": f"{-stable(20.0):.4f}"}
assert list(ours.values()) == ["0.2500", "-inf", "-20.0000"] and not np.isfinite(jax.grad(naive)(20.0)), ours
