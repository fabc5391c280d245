"""One file, one model: two functions, `loss` and `predict`, and what goes with them."""

from jaxml.models import forest, linear, logistic, softmax

__all__ = ["forest", "linear", "logistic", "softmax"]
