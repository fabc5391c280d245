"""
Seeing clothes with a convolution net
=====================================

The guide builds this net, prints its summary and stops. Here it is counted with the formula of every number, then trained on 5,000
photographs of clothes, and looked into: what its filters look for, what they answer, and how much of the image a unit sees.
"""

# %%
import jax
import numpy as np
import optax
from _picture import canvas, save

from jaxml import cnn, fit, nn, plot
from jaxml.checks import sensitivity
from jaxml.datasets import load_fashion_mnist
from jaxml.metrics import accuracy_score, confusion_matrix

guide = {"parameters": "93,322"}
print(nn.summary(cnn.model, (28, 28, 1)))

# %%
# Each photograph also in the mirror: a shirt seen from the other side is a shirt. The rate rises, then falls.
data, key, epochs = load_fashion_mnist(), jax.random.key(0), 4
x, y = np.concatenate([data.x, data.x[:, :, ::-1]]), np.concatenate([data.y, data.y])
start, steps = cnn.init(key), epochs * len(x) // 40
rate = optax.warmup_cosine_decay_schedule(0.0004, 0.004, steps // 5, steps)
new = (data.x_test, data.y_test)
end = fit(cnn.loss, start, x, y, optimizer=optax.adam(rate), key=key, epochs=epochs, batch_size=40, validation=new)
params, predicted = end.params, cnn.predict(end.params, data.x_test)
right = accuracy_score(data.y_test, predicted)
print(f"right: {right:.3f} ± {np.sqrt(right * (1 - right) / len(predicted)):.3f} of {len(predicted)} new photographs")
wrong = confusion_matrix(data.y_test, predicted) * (1 - np.eye(10, dtype=int))
most, taken = np.unravel_index(wrong.argmax(), wrong.shape)
print(f"most often: {data.target_names[most]} taken for {data.target_names[taken]}, {wrong.max()} of 100")

# %%
# What a unit is computed from, found by following the numbers: 3 + (3 − 1) · 2 + 1 = 8 in the second layer. The edge is never seen.
image, up_to, fields = data.x_test[np.argmax(data.y_test == 9)], {}, {}
for name, k, unit in (("first", 1, (13, 13, 0)), ("second", 3, (5, 5, 0)), ("third", 5, (1, 1, 0)), ("the net", 8, 0)):
    part = nn.sequential(*cnn.model.layers[:k])
    own = {layer: params[layer] for layer in jax.eval_shape(lambda part=part: part.init(key, (28, 28, 1))[0])}
    up_to[name] = lambda x, part=part, own=own: part.apply(own, x)
    fields[name] = sensitivity.receptive_field(up_to[name], image, unit)
    print(f"{name}: {str(fields[name]).splitlines()[0]}")
one = jax.tree.map(lambda a: a[..., :1], params["conv2d"])  # a convolution of one filter, as the matrix that it is
small = sensitivity.convolution_matrix(lambda x: nn.conv2d(1, 3).apply(one, x), (8, 8, 1))
print(small)

# %%
figure, ((learning, matrix), (looks, answers), (sees, sparse)) = canvas(2, 3, width=8, height=5.4)
plot.loss_curve(end.losses, validation=end.validation_losses, ylabel="loss (nats)", title="Learning", ax=learning)
plot.confusion_matrix(confusion_matrix(data.y_test, predicted), class_names=data.target_names, ax=matrix)
plot.filters(params["conv2d"].kernel, ax=looks)
plot.feature_maps(up_to["first"](image[None])[0], ax=answers)
plot.receptive_field(image, {name: field.mask for name, field in fields.items()}, ax=sees)
plot.sparse_matrix(small.matrix, title="One filter on an image of 8 x 8, as a matrix", ax=sparse)
save(figure, "09_cnn")

# %%
ours = {"parameters": f"{sum(leaf.size for leaf in jax.tree.leaves(params)):,}", "right, new photographs": f"{right:.2f}"}
assert guide.items() <= ours.items() and right > 0.86 and fields["the net"].size == (26, 26), ours
