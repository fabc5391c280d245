"""The warnings that jaxml gives; each says what is wrong and what to do.  Errors are ValueError, TypeError and DivergedError."""


class ConvergenceWarning(UserWarning):
    """The minimum was not reached, or does not exist."""


class RankWarning(UserWarning):
    """The columns are linearly dependent: many parameters fit equally well, and the ones of least norm were returned."""


class IllConditionedWarning(UserWarning):
    """The columns are so nearly dependent that rounding leaves few correct digits."""


class FitFailedWarning(UserWarning):
    """One of many fits failed; its scores are nan."""
