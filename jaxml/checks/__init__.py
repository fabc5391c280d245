"""Is what you were told true?  Each check takes functions and arrays, and returns a report: print it, or read its fields.

report = checks.sensitivity.over_time(lambda x: layer.apply(params, x), x)
print(report)
"""

from jaxml.checks import sensitivity

__all__ = ["sensitivity"]
