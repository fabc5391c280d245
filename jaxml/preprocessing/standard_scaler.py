"""Columns of mean 0 and variance 1: z = (x − μ) / σ.

    μ = Σ wᵢ xᵢ / Σ wᵢ        σ² = Σ wᵢ (xᵢ − μ)² / Σ wᵢ        a constant column has σ = 1

Params are float64 whatever came, so that a float32 column far from zero is centred exactly; z has the width of x.
The sums go in two passes, mean first: the one-pass σ² = Σx²/n − μ² loses every digit where μ is far above σ
(Chan, Golub and LeVeque, "Algorithms for computing the sample variance", The American Statistician 37, 1983).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from jaxml._arguments import example_weights, matrix, refuse


class Params(NamedTuple):
    mean: np.ndarray  # (d,)
    scale: np.ndarray  # (d,)


def fit(x: Any, *, weights: Any = None) -> Params:
    """The mean and the standard deviation (over n, not n − 1) of each column: (n, d) -> (d,), (d,).

    A weight of k counts a row k times, a weight of 0 leaves it out.  A column whose deviation is no larger than the rounding
    of its entries (float64 eps times the largest) is constant and gets scale 1.
    Raises ValueError or TypeError for what is not a finite table, or for weights that are negative, all zero, or not one per row.
    """
    x = np.asarray(matrix("standard_scaler.fit", "x", x))
    weights = example_weights("standard_scaler.fit", weights, len(x))
    if weights is not None:
        weights = np.asarray(weights, dtype=np.float64)
        weights = weights / weights.max()  # so that their sum cannot overflow
        x, weights = x[weights > 0], weights[weights > 0]
    columns = np.ascontiguousarray(x.T, dtype=np.float64)  # subtle: NumPy sums in pairs only along memory
    largest = np.abs(columns).max(axis=1)
    mean, deviation = _moments(columns, weights, unit=_power_of_two(largest))
    constant = deviation <= np.finfo(np.float64).eps * largest
    return Params(mean, np.where(constant, 1.0, deviation))


def transform(params: Params, x: Any) -> np.ndarray:
    """z = (x − μ) / σ: (n, d) -> (n, d).  Raises ValueError for another number of columns, or where z overflows."""
    x = np.asarray(matrix("standard_scaler.transform", "x", x, columns=len(params.mean)))
    with np.errstate(over="ignore"):
        z = ((x - params.mean) / params.scale).astype(x.dtype)
    return _finite("standard_scaler.transform", "x", x, z)


def inverse_transform(params: Params, z: Any) -> np.ndarray:
    """x = μ + σ z: (n, d) -> (n, d).  Raises ValueError for another number of columns, or where x overflows."""
    z = np.asarray(matrix("standard_scaler.inverse_transform", "z", z, columns=len(params.mean)))
    with np.errstate(over="ignore"):
        x = (params.mean + params.scale * z).astype(z.dtype)
    return _finite("standard_scaler.inverse_transform", "z", z, x)


def _moments(columns: np.ndarray, weights: np.ndarray | None, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each row, computed in its own unit: (d, n) -> (d,), (d,)."""
    u = columns / unit[:, None]
    mean = _average(u, weights)
    residual = u - mean
    correction = _average(residual, weights)  # what the rounding of the first mean left
    deviation = np.sqrt(_average((residual - correction) ** 2, weights))
    return (mean + correction)[:, 0] * unit, deviation[:, 0] * unit


def _average(u: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Σ wᵢ uᵢ / Σ wᵢ along each row: (d, n) -> (d, 1)."""
    if weights is None:
        return u.mean(axis=1, keepdims=True)
    return (weights * u).sum(axis=1, keepdims=True) / weights.sum()


def _power_of_two(largest: np.ndarray) -> np.ndarray:
    """Units in which the largest entry is in [1, 2): its square cannot overflow, and dividing by them does not round."""
    return np.ldexp(1.0, np.frexp(largest)[1] - 1)


def _finite(function: str, name: str, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Refuses a result beyond the floating range."""
    if not np.isfinite(after).all():
        row, column = np.argwhere(~np.isfinite(after))[0]
        got = f"{before[row, column]} at row {row}, column {column}"
        refuse(function, name, f"overflows {after.dtype} in the result", got, "rescale it, or fit on values like these")
    return after
