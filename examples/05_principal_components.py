"""
Principal components of noise
=============================

The guide takes 100 rows of three independent random columns, runs PCA, and shows three bars: 38%, 35%, 27%. They look
like an order of importance. The columns are noise: what do three bars of pure noise look like?
"""

# %%
import numpy as np
from _picture import canvas, save

from jaxml import pca, plot
from jaxml.datasets import load_iris
from jaxml.preprocessing import standard_scaler

guide = {"explained variance": "0.383/0.350/0.267"}
x = np.random.RandomState(42).randn(100, 3)
scaled = standard_scaler.transform(standard_scaler.fit(x), x)

# %%
params = pca.solve(scaled)
ratio = params.explained_variance_ratio
print("explained variance:", "/".join(f"{share:.3f}" for share in ratio))

# %%
# Largest first is a rule of PCA, and sorting makes an order out of anything. 200 tables of noise of the same shape:
low, high = plot.noise_band(100, 3)
for j, share in enumerate(ratio):
    inside = "inside" if low[j] <= share <= high[j] else "outside"
    print(f"component {j + 1}: {share:.3f}, {inside} the middle 95% of pure noise, {low[j]:.3f} to {high[j]:.3f}")

# %%
# Where there is structure, the bars leave the band: four lengths of 150 iris flowers.
flowers, species, *_ = load_iris()
flowers = standard_scaler.transform(standard_scaler.fit(flowers), flowers)
iris = pca.solve(flowers)
above = np.flatnonzero(iris.explained_variance_ratio > plot.noise_band(150, 4)[1])
print(f"iris: {iris.explained_variance_ratio[0]:.1%} along the first component; above the band of noise: {len(above)} of 4")

# %%
# PCA is a minimum, too: no two directions rebuild the rows with less error, and the error is the variance left out.
two = pca.solve(scaled, 2)
error, left_out = pca.loss(two, scaled), params.explained_variance[2] * 99 / 100
print(f"rebuilt from two components: mean squared error {error:.4f}, variance left out {left_out:.4f}")

# %%
figure, (left, right) = canvas(2)
plot.explained_variance(ratio, n_samples=100, title="The guide's bars, and where noise would put them", ax=left)
plot.explained_variance(iris.explained_variance_ratio, n_samples=150, title="150 iris flowers: one bar is no noise", ax=right)
save(figure, "05_principal_components")

# %%
verdict = "no structure" if all(low <= ratio) and all(ratio <= high) else "structure"
ours = {"explained variance": "/".join(f"{share:.3f}" for share in ratio), "against pure noise": verdict}
assert guide.items() <= ours.items() and verdict == "no structure" and abs(error - left_out) < 1e-5, ours
