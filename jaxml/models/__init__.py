"""One file, one model: two functions, `loss` and `predict`, and what goes with them."""

from jaxml.models import forest, linear, logistic, pca, softmax, svm

__all__ = ["forest", "linear", "logistic", "pca", "softmax", "svm"]
