"""The descent: loss in, parameters out.  It knows no model."""

from jaxml.descent._fit import fit
from jaxml.descent._minimize import minimize
from jaxml.descent._newton import newton
from jaxml.descent._result import DivergedError, Fit

__all__ = ["DivergedError", "Fit", "fit", "minimize", "newton"]
