"""Flatten: one long row out of every example."""

import math

from jaxml.nn.layer import Layer, checked


def flatten() -> Layer:
    """The same numbers in one axis, the last axis running fastest.  (n, h, w, c) -> (n, h·w·c).  Raises ValueError, TypeError."""
    init = lambda key, input_shape: ((), (math.prod(input_shape),))
    apply = lambda params, x, **_: x.reshape(len(x), -1)
    return checked("flatten", "Flatten", init, apply, axes="...", next_mask=lambda x, mask: None)
