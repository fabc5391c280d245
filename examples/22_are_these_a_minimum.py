"""
Are these coefficients a minimum?
=================================

Three settings of one program give three sets of coefficients for the same table. Which of them are a minimum of
the loss, and of what are the others? Two derivatives tell, whoever made the coefficients.
"""

# %%
import numpy as np
from _picture import canvas, save

from jaxml import audit, logistic, svm
from jaxml.datasets import load_breast_cancer
from jaxml.preprocessing import standard_scaler

guide = {}
x, y, names, _ = load_breast_cancer()
chosen = ["mean radius", "mean texture", "mean smoothness"]
x = x[:, [names.index(name) for name in chosen]]
x = standard_scaler.transform(standard_scaler.fit(x), x)

# %%
# scikit-learn's coefficients, typed in with four decimals: w, then b.
typed = {
    "LogisticRegression(C=np.inf)": [-4.9177, -1.6350, -2.0333, 1.0015],
    "LogisticRegression()": [-3.9085, -1.3431, -1.6470, 0.8997],
    'LogisticRegression(solver="liblinear")': [-3.9036, -1.3366, -1.6390, 0.8729],
}
reports = {}
for call, coefficients in typed.items():
    params = logistic.Params(np.array(coefficients[:3]), np.array(coefficients[3]))
    reports[call] = audit(logistic.loss, params, x, y, names=chosen)
    print(f"{call}\n{reports[call]}\n")
free, default, both = reports.values()

# %%
# liblinear penalises the bias too. A support vector machine has no gradient at its minimum: its dual is the proof.
print(f"svm.solve\n{audit(svm.loss, svm.solve(x, y), x, y)}")

# %%
# Along the line from the first coefficients to the second: each of them is lowest on a curve of its own.
along = np.linspace(-0.4, 1.4, 181)
path = [logistic.Params(*(a + t * (b - a) for a, b in zip(free.params, default.params, strict=True))) for t in along]
losses = [np.array([logistic.loss(p, x, y, l2=l2) for p in path]) for l2 in (0.0, default.implied_l2)]
figure, (left, right) = canvas(2)
for losses_along, end, color, name in zip(losses, (0, 1), ("#0072B2", "#D55E00"), ("the loss", "the loss + penalty, C = 1.0"), strict=True):
    right.plot(along, losses_along, color=color, linewidth=2, label=name)
    right.plot(end, np.interp(end, along, losses_along), "o", color=color, markersize=9, markeredgecolor="white")
right.set(title="Each is lowest on a curve of its own", xlabel="along the line from one to the other", ylabel="loss (nats)")
right.set_xticks([0, 1], ["C = inf", "default"])
right.legend()
spots = np.arange(3)
spread = 1.96 * free.standard_errors.w
left.errorbar(spots, free.params.w, spread, fmt="o", color="#0072B2", capsize=5, label="C = inf, ± 1.96 standard errors")
left.plot(spots + 0.12, default.params.w, "s", color="#D55E00", label="default: no standard errors")
left.set(title="What the default penalty does to three weights", ylabel="weight of the scaled column", xlim=(-0.5, 2.6))
left.set_xticks(spots, chosen)
left.legend(loc="lower right")
save(figure, "22_are_these_a_minimum")

# %%
ours = {name: report.kind for name, report in zip(("C = inf", "default", "liblinear"), reports.values(), strict=True)}
ours |= {"hidden penalty": ", ".join(f"{of.implied_l2:.4f} on {' and '.join(of.penalty.leaves)}" for of in (default, both))}
assert free.minimum and abs(default.implied_l2 * len(x) - 1) < 0.01 and both.penalty.leaves == ("w", "b"), ours
