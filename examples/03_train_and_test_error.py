"""
Training and test error, and a score that is too good
=====================================================

The guide fits a line on 80 points and scores it on 20 others: MSE 0.0065. We get the same score. But the
noise in these data has variance 0.0100, and nobody can predict noise: how can a score lie below it?
"""

# %%
import numpy as np
from _picture import canvas, save

from jaxml import linear, plot
from jaxml.metrics import mean_squared_error
from jaxml.model_selection import train_test_split

guide = {"MSE": "0.0065"}
noise = 0.1
random = np.random.RandomState(42)
x = random.rand(100, 1)
y = 2 * x[:, 0] + 1 + noise * random.randn(100)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=42)

# %%
params = linear.solve(x_train, y_train)
predict = lambda rows: linear.predict(params, rows)
train_mse = mean_squared_error(y_train, predict(x_train))
test_mse = mean_squared_error(y_test, predict(x_test))
print(f"y = {params.w[0]:.4f} x + {params.b:.4f}; MSE {train_mse:.4f} in training, {test_mse:.4f} in the test")

# %%
# The noise floor: the true line y = 2x + 1 itself has an expected MSE of noise² on new points,
# and with only 20 of them its score scatters by noise² √(2/20).
floor, band = noise**2, noise**2 * np.sqrt(2 / len(y_test))
print(f"noise floor {floor:.4f} ± {band:.4f}: the score lies below it, by {(floor - test_mse) / band:.1f} times its scatter")
print(f"even the true line scores {mean_squared_error(y_test, 2 * x_test[:, 0] + 1):.4f} on these 20 points: their noise is small by luck")

# %%
# The same model on 2,000 other test sets of 20 points: what the guide's score could have been.
new_x = random.rand(2000, 20)
new_y = 2 * new_x + 1 + noise * random.randn(2000, 20)
scores = np.mean((new_y - predict(new_x.reshape(-1, 1)).reshape(new_x.shape)) ** 2, axis=1)
lower = np.mean(scores <= test_mse)
print(f"2000 new test sets: MSE {scores.mean():.4f} ± {scores.std():.4f}; only {lower:.0%} are as low as {test_mse:.4f}")

# %%
figure, (left, right) = canvas(2)
plot.scatter_with_fit(x_test, y_test, predict, residuals=True, title="The 20 test points and the fitted line", ax=left)
right.grid()
right.hist(scores, bins=40, color="#56B4E9", edgecolor="white")
right.axvspan(floor - band, floor + band, color="#009E73", alpha=0.15, label=f"noise floor {floor:.4f} ± {band:.4f}")
right.axvline(floor, color="#009E73", linewidth=2)
right.axvline(test_mse, color="#D55E00", linewidth=2, label=f"the guide's score {test_mse:.4f}")
right.set(title="The same line on 2,000 other test sets", xlabel="MSE on 20 points (units of y, squared)", ylabel="number of test sets")
right.legend()
save(figure, "03_train_and_test_error")

# %%
ours = {"MSE": f"{test_mse:.4f}", "noise floor": f"{floor:.4f} ± {band:.4f}"}
assert guide.items() <= ours.items() and abs(scores.mean() - floor) < band / 5, ours
