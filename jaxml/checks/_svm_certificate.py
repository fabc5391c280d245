"""The proof that a support vector machine is where its loss is least: its dual, which no loss can go below.

The letters are those of `svm`: L is the primal, D the dual, α = s β.  At the solution L = D, Σ β = 0, and of every row
α = 0 where s f ≥ 1,  α = C where s f ≤ 1,  s f = 1 in between:  the conditions of Karush, Kuhn and Tucker.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxml.checks import _report
from jaxml.checks._problem import in_float64, x64
from jaxml.models import svm
from jaxml.models._svm import points, targets

TOL = 2e-3  # twice the violation where scikit-learn and svm.solve stop


class Certificate(NamedTuple):
    """How far a machine is from its solution; of several pairs of classes, sums, and the worst."""

    primal: float  # L
    dual: float | None  # D; None where β breaks a constraint of D
    gap: float | None  # L − D: L is above its minimum by no more
    violation: float  # of the optimality conditions, in units of s f: the worst row
    row: int  # that one
    balance: float  # |Σ α s|, 0 at the solution
    support_vectors: int
    at_the_cap: int  # of them, with α = C
    minimum: bool  # feasible, and no row violates a condition by more than 0.002

    def __str__(self) -> str:
        if self.gap is None:
            found = "Not a minimum: the dual coefficients break a constraint, so that they prove nothing."
            note = "Pass the x, y, C and weights of training, and b and dual_coef in the order and with the signs of svm.Params."
        elif self.minimum:
            found = f"A minimum: the loss is at most {self.gap / self.primal:.2g} of itself above the least there is."
            note = ""
        else:
            found = f"Not a minimum: row {self.row} is on the wrong side of its condition by {self.violation:.3g}."
            note = "Solve with a smaller tol, or look whether C, the kernel and the scaling of x are those of training."
        evidence = [
            ("loss (primal)", f"{self.primal:.8g}"),
            ("dual", "–" if self.dual is None else f"{self.dual:.8g}, which no loss goes below"),
            ("duality gap", "–" if self.gap is None else f"{self.gap:.3g}"),
            ("worst violation", f"{self.violation:.3g} in row {self.row}, in units of the margin; solvers stop at 0.001"),
            ("Σ α s", f"{self.balance:.3g}"),
            ("support vectors", f"{self.support_vectors}, of which {self.at_the_cap} at C"),
        ]
        return _report.text(found, evidence, [note] if note else [])


def certify(params: svm.Params, x: Any, y: Any, *, C: float = 1.0, weights: Any = None) -> Certificate:
    """The certificate of svm.Params, for the x, y, C and weights of training, in 64 bits."""
    with x64():
        points("audit", params, x)
        eps = float(jnp.finfo(jnp.result_type(params.dual_coef)).eps)  # what β was rounded to
        params, x, weights = in_float64(jax.tree.map(jnp.asarray, (params, x, weights)))
        primal = float(svm.loss(params, x, y, C=C, weights=weights))
        beta, support = np.asarray(params.dual_coef), np.asarray(params.support)
        z = svm.logits(params, x)
        s, cap = (np.asarray(a) for a in targets("audit", z, y, C, weights))
        alpha = np.zeros(z.shape)
        alpha[support] = s[support] * beta
        at_cap = (alpha > 0) & (alpha >= (1 - 8 * eps) * cap)
        balance = np.abs(beta.sum(axis=0))
        feasible = (alpha >= 0).all() and (alpha <= (1 + 8 * eps) * cap).all() and (balance <= eps**0.5 * np.abs(beta).sum(axis=0)).all()
        dual = float(alpha.sum() - svm.squared_norm(params) / 2) if feasible else None
        slack = 1 - s * np.asarray(z)  # how far inside the margin
        off = np.where(alpha <= 0, np.maximum(slack, 0), np.where(at_cap, np.maximum(-slack, 0), np.abs(slack)))
        off = np.where((s == 0) | (cap == 0), 0, off).reshape(len(z), -1).max(axis=1)  # rows of other pairs, or without weight, are free
        return Certificate(
            primal=primal,
            dual=dual,
            gap=None if dual is None else primal - dual,
            violation=float(off.max()),
            row=int(off.argmax()),
            balance=float(balance.max()),
            support_vectors=len(support),
            at_the_cap=int(at_cap.reshape(len(z), -1).any(axis=1).sum()),
            minimum=dual is not None and float(off.max()) <= TOL,
        )
