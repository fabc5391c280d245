"""Standard errors of coefficients, from the curvature at a minimum: where the loss is a likelihood, and only there.

If L is the mean over n rows of −log P(y | x), the covariance of the coefficients is (n H)⁻¹.  If it is a mean of squared residuals, it is
σ̂² (XᵀX)⁻¹ with σ̂² = RSS/(n − p); as H = 2/n XᵀX this is 2 L/(n − p) H⁻¹, in which a factor of the loss, as of half the squares, cancels.
What the loss is, is measured: the P(y | x) of a row add up to 1 over its labels; a squared residual is a parabola in y that touches 0.
Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, equations 3.8 and 8.21.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxml.checks._problem import Problem
from jaxml.descent._data import common_rows

CLOSE = 1e-6  # how well sums to 1 and parabolas have to fit
CLASSES = 100  # labels are tried up to here
BLOCK = 1024  # rows at a time


class Likelihood(NamedTuple):
    """What a loss was found to be a mean of."""

    kind: str  # "nats" for −log P(y | x), "squares" for squared residuals, up to a factor
    rows: float  # how many, each counted by its weight
    per_row: float  # the loss over the mean of the rows' losses: 1 for a mean, n for a sum


def likelihood_of(problem: Problem, theta: np.ndarray, away: np.ndarray) -> Likelihood | None:
    """What the loss is without its l2, looked at in θ and in a place away from it; None where it is neither.

    The data are arrays with one entry for each example, the last of them y.
    """
    hyper = {**problem.hyper, "l2": 0.0} if "l2" in problem.hyper else dict(problem.hyper)
    weights = hyper.pop("weights", None)
    try:
        n = common_rows("audit", problem.data_names, problem.data)
    except ValueError:
        return None
    y = problem.data[-1]
    if getattr(y, "shape", None) != (n,) or n < 2:
        return None
    w = np.ones(n) if weights is None else np.asarray(weights)
    arrays = {k: v for k, v in hyper.items() if any(hasattr(leaf, "dtype") for leaf in jax.tree.leaves(v))}
    constants = tuple((k, v) for k, v in hyper.items() if k not in arrays)
    places = [problem.params_of(jnp.asarray(place)) for place in (theta, theta + away * np.where(np.arange(len(theta)) % 2, 1, -1))]
    try:
        rows = [lambda y, p=p: np.asarray(_rows(problem.loss, constants, p, problem.data[:-1], arrays, y)) for p in places]
        weighted = {} if weights is None else {"weights": weights}
        whole = [float(problem.loss(p, *problem.data, **hyper, **weighted)) for p in places]
        with np.errstate(all="ignore"):
            per_row = [total / np.average(row(y), weights=w) for total, row in zip(whole, rows, strict=True)]
            if not np.isfinite(per_row).all() or abs(per_row[0] / per_row[1] - 1) > CLOSE:
                return None
            for kind, fits in (("nats", _are_probabilities), ("squares", _are_squares)):
                if fits(rows, np.asarray(y), w):
                    return Likelihood(kind, float(w.sum()), float(per_row[0]))
    except (TypeError, ValueError, IndexError):  # a loss that does not take rows one by one
        pass
    return None


@partial(jax.jit, static_argnums=(0, 1))
def _rows(loss: Callable, constants: tuple, params: Any, inputs: tuple, arrays: dict, y: Array) -> Array:
    """The loss of each row alone.  -> (n,)"""
    one = lambda row: loss(params, *jax.tree.map(lambda a: a[None], row[0]), row[1][None], **arrays, **dict(constants))
    return jax.lax.map(one, (inputs, y), batch_size=BLOCK)


def _are_probabilities(rows: list[Callable], y: np.ndarray, w: np.ndarray) -> bool:
    """Whether exp(−loss) of each row adds up to 1 over the labels 0 … k−1."""
    if (y != np.floor(y)).any() or y.min() < 0 or y.max() >= CLASSES:
        return False
    labels = range(max(2, int(y.max()) + 1))
    totals = [sum(np.exp(-row(np.full_like(y, label))) for label in labels) for row in rows]
    return all((np.abs(total - 1)[w > 0] <= CLOSE).all() for total in totals)


def _are_squares(rows: list[Callable], y: np.ndarray, w: np.ndarray) -> bool:
    """Whether each row is c (f − y)², with one c: r² + c t² ∓ 2 c r t at y ± t."""
    y, factors = np.asarray(y, float), []
    for row in rows:
        here = row(y)
        unit = np.ptp(y) or 1.0
        for t in (unit, 3 * unit):
            up, down = row(y + t), row(y - t)
            c, slope = (up + down - 2 * here) / (2 * t**2), (up - down) / (2 * t)
            size = np.abs(up) + np.abs(down)
            if not (np.abs(slope**2 - 4 * c * here)[w > 0] <= CLOSE * (c * size)[w > 0]).all():
                return False
            factors.append(c[w > 0])
    c = np.concatenate(factors)
    return bool(c.min() > 0 and c.max() - c.min() <= CLOSE * c.max())


def covariance(
    problem: Problem,
    found: Likelihood | None,
    kind: str,
    l2: float,
    hessian: Callable[[np.ndarray], np.ndarray],
    basis: np.ndarray,
    value: float,
) -> tuple[np.ndarray | None, str]:
    """The covariance (p, p) of the parameters, or why there is none."""
    p, weights = len(basis), problem.hyper.get("weights")
    reasons = {
        "many minima": "the curvature is singular: along some directions the loss does not change, and the data say nothing there",
        "minimum": "",
        "penalised": "these are a minimum of a penalised loss: how far they would scatter is not in its curvature",
    }
    refused = reasons.get(kind, "these are not seen to be a minimum")
    if refused:
        return None, refused
    if l2 > 0:
        return None, f"the loss has a penalty, l2 = {l2:g}: its curvature is not that of a likelihood"
    if found is None:
        return None, (
            "the loss is not seen to be a mean, over rows, of −log P(y | x) or of squared residuals; "
            "pass loss(params, x, y), with labels 0 … k−1 or numbers as y, and without a penalty"
        )
    if weights is not None and (np.asarray(weights) != np.floor(np.asarray(weights))).any():
        return None, "the weights are not whole numbers: they do not count rows"
    if found.kind == "squares" and found.rows <= p:
        return None, f"{found.rows:g} rows leave nothing to tell the noise from, with {p} parameters"
    # subtle: along `basis` H is I but for rounding; found anew there, its inverse loses half as many digits
    inverse = basis @ np.linalg.solve(hessian(basis), basis.T)
    factor = found.per_row / found.rows if found.kind == "nats" else 2 * value / (found.rows - p)
    sigma = factor * (inverse + inverse.T) / 2
    return sigma, ""
