"""What a descent returns, and what it raises when it leaves the finite numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Fit(NamedTuple):
    """The end of a descent.  Losses are in the loss's own units; gradient_norm is the Euclidean norm over all parameters."""

    params: Any  # the last parameters, finite always
    losses: np.ndarray  # (n_steps,), each before its step; of mini-batches, the batch's
    converged: bool  # gradient_norm <= tol; without a tol, <= √eps · max(1, |loss|).  newton: as its docstring says
    n_steps: int
    gradient_norm: float  # at params; of mini-batches, the last batch's
    validation_losses: np.ndarray  # (epochs,), each after its epoch; empty without validation data

    def __repr__(self) -> str:
        """Short: a thousand losses are better drawn than printed."""
        losses = f"losses={self.losses[0]:.6g} … {self.losses[-1]:.6g}" if len(self.losses) else "losses=none"
        end = f"converged={self.converged}, n_steps={self.n_steps}, gradient_norm={self.gradient_norm:.3g}"
        return f"Fit(params={self.params}, {losses}, {end})"


class DivergedError(ArithmeticError):
    """The loss or its gradient left the finite numbers, or climbed past 1e3 times its start.

    step: the step that failed, from 0.  rate: the length of its update over that of its gradient.
    largest_stable_rate: 2 / (largest curvature of the loss at the start), the limit for plain gradient descent; None where
    the loss does not curve upwards.  fit: the last finite Fit.
    """

    def __init__(self, function: str, what: str, step: int, rate: float, largest_stable_rate: float | None, fit: Fit) -> None:
        self.step, self.rate, self.largest_stable_rate, self.fit = step, rate, largest_stable_rate, fit
        limit = "" if largest_stable_rate is None else f"; plain gradient descent on this loss is stable below {largest_stable_rate:.3g}"
        text = f"{function}: diverged at step {step}: {what}; the rate there was {rate:.3g}{limit}"
        why = "; checks.autopsy, called as minimize was, says why" if function == "minimize" else ""
        super().__init__(f"{text}. Use a smaller rate, or scale the columns of the data{why}. The last finite Fit is in .fit")
