"""
Handwritten digits with a kernel
================================

Real data for the support vector machine: 1,797 digits of 8 x 8 pixels, ten classes, 45 machines, one for each pair.
The accuracy is scikit-learn's; the picture shows which digits the machines lean on, and which they misread.
"""

# %%
import numpy as np
from _picture import canvas, save

from jaxml import plot, softmax, svm
from jaxml.datasets import load_digits
from jaxml.metrics import accuracy_score, confusion_matrix
from jaxml.model_selection import train_test_split

# SVC(C=10).fit(x, y).score(new_x, new_y), with the same split
guide = {"accuracy, as in scikit-learn": "0.9944"}
table = load_digits()
x, new_x, y, new_y = train_test_split(table.x, table.y, test_size=0.2, random_state=42, stratify=table.y)

# %%
params = svm.solve(x, y, C=10)
predicted = svm.predict(params, new_x)
right = accuracy_score(new_y, predicted)
print(f"right: {right:.4f} ± {np.sqrt(right * (1 - right) / len(new_y)):.4f} of {len(new_y)} new digits")
straight = softmax.solve(x / 16, y, l2=0.001)
flat = accuracy_score(new_y, softmax.predict(straight, new_x / 16))
print(f"softmax regression, without a kernel: {flat:.4f}")

# %%
# Of every pair of classes the machine knows the rows at their border. How many machines does a digit hold up?
used = np.asarray(params.dual_coef != 0).sum(axis=1)
print(f"{len(params.support)} of {len(x)} digits are support vectors of some of the {params.b.size} pairs")
print(f"the average one of {used.mean():.1f} pairs, the busiest of {used.max()}")

# %%
# Each pair votes, and the most votes win. Where the votes are close, the machine is in doubt, and mistakes are there.
z = np.asarray(svm.logits(params, new_x))
a, b = np.triu_indices(10, 1)
votes = np.stack([np.sum((z > 0) & (a == c), axis=1) + np.sum((z <= 0) & (b == c), axis=1) for c in range(10)], axis=1)
ahead = np.diff(np.sort(votes, axis=1)[:, -2:], axis=1)[:, 0]
for lead in range(3):
    here = ahead == lead
    print(f"winner ahead by {lead} votes: {here.sum():3d} digits, {np.sum(predicted[here] != new_y[here])} misread")

# %%
figure, (matrix, images) = canvas(2, width=5.8, height=5.4)
plot.confusion_matrix(confusion_matrix(new_y, predicted), ax=matrix)
wrong, busiest = np.flatnonzero(predicted != new_y)[:4], np.argsort(-used)[:8]
shown = [(new_x[i], f"{new_y[i]}, taken for {predicted[i]}", 13 * j, 0) for j, i in enumerate(wrong)]
shown += [
    (x[params.support[i]], f"{y[params.support[i]]}: {used[i]} pairs", 13 * (j % 4), 14 + 13 * (j // 4)) for j, i in enumerate(busiest)
]
for pixels, text, across, down in shown:
    images.imshow(pixels.reshape(8, 8), cmap="Greys", extent=(across, across + 8, down + 8, down))
    images.text(across + 4, down - 0.6, text, ha="center", fontsize=11)
images.set(title="Misread digits; below, the busiest support vectors", xlim=(-2, 50), ylim=(36, -3))
images.set_axis_off()
save(figure, "17_digits_with_a_kernel")

# %%
ours = {"accuracy, as in scikit-learn": f"{right:.4f}", "softmax, without a kernel": f"{flat:.4f}"}
assert guide.items() <= ours.items() and flat < right, ours
