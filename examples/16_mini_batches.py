"""
Mini-batches: a few rows at a time
==================================

The guide's descents use every row in every step. Mini-batches use 32 rows a step, in an order drawn anew for each pass:
with the same arithmetic they get much further. Here they train softmax regression on the handwritten digits.
"""

# %%
import jax
import numpy as np
import optax
from _picture import canvas, save

from jaxml import fit, minimize, plot, softmax
from jaxml.datasets import load_digits
from jaxml.metrics import accuracy_score
from jaxml.model_selection import train_test_split
from jaxml.preprocessing import standard_scaler

guide = {}  # the guide has no mini-batches
digits = load_digits()
x, new_x, y, new_y = train_test_split(digits.x, digits.y, test_size=0.2, random_state=42, stratify=digits.y)
scaler = standard_scaler.fit(x)
x, new_x = standard_scaler.transform(scaler, x), standard_scaler.transform(scaler, new_x)
l2 = 0.0001  # as chosen in example 15

# %%
# The key decides the order of the rows, and so every bit of the result: the same key, the same parameters.
start, sgd, key = softmax.init(64, 10), optax.sgd(0.1), jax.random.key(0)
train = lambda: fit(softmax.loss, start, x, y, optimizer=sgd, key=key, epochs=20, batch_size=32, validation=(new_x, new_y), l2=l2)
mini, again = train(), train()
same = np.array_equal(mini.params.w, again.params.w)
print(f"{len(x)} rows, {mini.n_steps} steps in 20 passes; a second run gives the same bits: {same}")

# %%
# Twenty passes over the rows cost the same arithmetic whole or in pieces. In pieces they are many more steps.
whole = minimize(softmax.loss, start, x, y, optimizer=sgd, steps=20, l2=l2)
loss, right = {}, {}
print(f"{'':>30} {'training loss':>14} {'right on 360 new rows':>22}")
for name, params in (("20 steps with all rows", whole.params), ("20 passes in mini-batches", mini.params)):
    loss[name] = float(softmax.loss(params, x, y, l2=l2))
    right[name] = accuracy_score(new_y, softmax.predict(params, new_x))
    print(f"{name:>30} {loss[name]:14.4f} {right[name]:22.4f}")

# %%
figure, panel = canvas(width=9)
by_pass = {"mini-batches, mean of a pass": mini.losses.reshape(20, -1).mean(axis=1), "all rows": whole.losses}
new = {"mini-batches, mean of a pass": mini.validation_losses}
title = "Softmax regression on digits: the same passes, in more steps"
plot.loss_curve(by_pass, validation=new, xlabel="pass over the rows", ylabel="loss (nats)", title=title, ax=panel)
save(figure, "16_mini_batches")

# %%
ours = {f"loss, {name}": f"{value:.2f}" for name, value in loss.items()}
assert same and loss["20 steps with all rows"] > 5 * loss["20 passes in mini-batches"] and min(right.values()) > 0.8, ours
