"""
Real data: breast cancer and handwritten digits
===============================================

The guide has no real data. Here are two tables of the size that people have: 569 tumours with 30 measurements, and
1,797 digits of 8 x 8 pixels. We do what a careful scikit-learn user does, and the accuracy is the same to the digit.
"""

# %%
import numpy as np
from _picture import canvas, save

from jaxml import logistic, plot, softmax
from jaxml.datasets import load_breast_cancer, load_digits
from jaxml.metrics import accuracy_score, confusion_matrix
from jaxml.model_selection import stratified_k_fold, train_test_split
from jaxml.preprocessing import standard_scaler

# a careful scikit-learn user, with the same split and l2: pipe = make_pipeline(StandardScaler(),
# LogisticRegression(C=1 / (l2 * len(x)), tol=1e-8, max_iter=10_000)); pipe.fit(x, y).score(new_x, new_y)
guide = {"breast cancer, as in scikit-learn": "0.9825", "digits, as in scikit-learn": "0.9639"}
ours = {}


# %%
# Rows with weight 0 are left out, of the scaler too: had it seen the test rows, they would no longer be new.
# In this way every fold has the same shape, and runs in one compiled program.
def predict(model, l2, x, y, weights, new_x):
    scaler = standard_scaler.fit(x, weights=weights)
    params = model.solve(standard_scaler.transform(scaler, x), y, weights=weights, l2=l2)
    return model.predict(params, standard_scaler.transform(scaler, new_x))


# %%
# The penalty is chosen by five folds of the training rows; the test rows are scored once, at the end.
for name, model, table in (("breast cancer", logistic, load_breast_cancer()), ("digits", softmax, load_digits())):
    x, new_x, y, new_y = train_test_split(table.x, table.y, test_size=0.2, random_state=42, stratify=table.y)
    scores = {}
    for l2 in (0.1, 0.01, 0.001, 0.0001):
        guesses = np.zeros_like(y)
        for rest, held in stratified_k_fold(y, 5):
            guesses[held] = predict(model, l2, x, y, np.isin(np.arange(len(y)), rest), x)[held]
        scores[l2] = accuracy_score(y, guesses)
    l2 = max(scores, key=scores.get)
    predicted = predict(model, l2, x, y, np.ones(len(y)), new_x)
    right = accuracy_score(new_y, predicted)
    ours[f"{name}, as in scikit-learn"] = f"{right:.4f}"
    print(f"{name}, right in five folds:", ", ".join(f"{score:.4f} (l2 {k:g})" for k, score in scores.items()))
    print(f"{name}, right of {len(new_y)} new rows: {right:.4f} ± {np.sqrt(right * (1 - right) / len(new_y)):.4f} with l2 {l2:g}")

# %%
figure, (table_panel, images) = canvas(2, width=5.8, height=5.4)
plot.confusion_matrix(confusion_matrix(new_y, predicted), ax=table_panel)
wrong = np.flatnonzero(predicted != new_y)[:12]
for place, row in enumerate(wrong):
    across, down = 10 * (place % 4), 13 * (place // 4)
    images.imshow(new_x[row].reshape(8, 8), cmap="Greys", extent=(across, across + 8, down + 8, down))
    images.text(across + 4, down - 0.6, f"{new_y[row]}, taken for {predicted[row]}", ha="center", fontsize=11)
images.set(title="Digits that were misread", xlim=(-1, 39), ylim=(35, -3))
images.set_axis_off()
save(figure, "15_real_data")

# %%
assert guide == ours, ours
