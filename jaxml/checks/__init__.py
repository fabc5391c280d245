"""Is what you were told true?  Each check takes functions and arrays, and returns a report: print it, or read its fields.

    check_gradients     autodiff's gradient against differences, for tests
    check_derivation    your gradient on paper: is it this loss's, and if not, which slip is it?
    forecast            what gradient descent will do, before it does it
    audit               are these coefficients, from anywhere, a minimum of this loss?
    autopsy             why a run diverged
    sensitivity         what an answer depends on

All compute in 64 bits, in a scope of their own; autopsy in the width of the run.
"""

from jaxml.checks import sensitivity
from jaxml.checks._audit import Audit, audit
from jaxml.checks._autopsy import Autopsy, autopsy
from jaxml.checks._derivation import Derivation, check_derivation
from jaxml.checks._forecast import Forecast, forecast
from jaxml.checks._gradients import Gradients, check_gradients

__all__ = [
    "Audit",
    "Autopsy",
    "Derivation",
    "Forecast",
    "Gradients",
    "audit",
    "autopsy",
    "check_derivation",
    "check_gradients",
    "forecast",
    "sensitivity",
]
