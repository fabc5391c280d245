"""One file, one model: two functions, `loss` and `predict`, and what goes with them."""

from jaxml.models import linear, logistic, softmax

__all__ = ["linear", "logistic", "softmax"]
