"""One file, one model: two functions, `loss` and `predict`, and what goes with them."""

from jaxml.models import cnn, forest, linear, logistic, pca, softmax, svm, text_lstm

__all__ = ["cnn", "forest", "linear", "logistic", "pca", "softmax", "svm", "text_lstm"]
