"""The eigenvalues of a Hessian: all of them up to 500 parameters; beyond, those that Lanczos' method settles.

Golub, Van Loan, Matrix Computations, 4th ed., section 10.1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

from jaxml._arguments import refuse
from jaxml.checks._problem import Problem
from jaxml.descent._curvature import DENSE, hessian

STEPS = 200  # of Lanczos' method, each of which costs one product H v
SETTLED = 1e-8  # the error, next to the largest eigenvalue, at which an eigenvalue counts as found

Product = Callable[[np.ndarray], np.ndarray]


class Spectrum(NamedTuple):
    """Eigenvalues of a symmetric matrix, the smallest first."""

    values: np.ndarray  # (k,)
    vectors: np.ndarray  # (p, k)
    complete: bool  # there are no other values; k may be below p all the same, where some values repeat

    @property
    def is_basis(self) -> bool:
        """Whether every direction is a mixture of the vectors."""
        return self.vectors.shape[1] == len(self.vectors)

    @property
    def zero(self) -> float:
        """The size up to which an eigenvalue is 0 but for rounding."""
        return 10 * len(self.vectors) * float(np.finfo(np.float64).eps * np.abs(self.values).max(initial=0))


def curvature(problem: Problem) -> tuple[Product, Spectrum]:
    """v ↦ H v and the eigenvalues of H = ∇²L(θ).  To be called, and its result used, inside x64()."""
    # subtle: the data are arguments, not constants of the program: XLA would spend seconds on folding them
    if len(problem.theta) <= DENSE:
        h = np.asarray(jax.jit(lambda theta, data: hessian(problem._replace(data=data).value, theta))(problem.theta, problem.data))
        _finite(problem, h)
        return lambda v: h @ v, Spectrum(*np.linalg.eigh(h), complete=True)
    slope = lambda theta, data: jax.grad(problem._replace(data=data).value)(theta)
    product = jax.jit(lambda v, data: jax.jvp(lambda theta: slope(theta, data), (problem.theta,), (v,))[1])
    times = lambda v: _finite(problem, np.asarray(product(v, problem.data)))
    return times, lanczos(times, len(problem.theta))


def lanczos(product: Product, p: int, steps: int = STEPS) -> Spectrum:
    """The settled eigenvalues of a symmetric matrix (p, p) that is known by its products alone.

    From a random start every eigenvalue enters, with probability 1; the outermost settle first, and where the method ends
    by itself it has found each.  Every vector is made orthogonal to all before it, twice, or rounding would bring copies.
    """
    q = np.zeros((min(steps, p), p))  # orthogonal rows, in which the matrix is t
    t = np.zeros((len(q), len(q)))
    w = np.random.default_rng(0).standard_normal(p)
    for k in range(1, len(q) + 1):
        q[k - 1] = w / np.linalg.norm(w)
        w = product(q[k - 1])
        t[k - 1, k - 1] = q[k - 1] @ w
        for _ in range(2):
            w = w - q[:k].T @ (q[:k] @ w)
        beside = np.linalg.norm(w)
        complete = bool(k == p or beside <= 1e-12 * np.abs(t).max())
        if complete or k == len(q) or k % 20 == 0:
            values, mixed = np.linalg.eigh(t[:k, :k])
            size = np.abs(values).max()
            found = complete | (beside * np.abs(mixed[-1]) <= SETTLED * size)
            downwards = bool(values[0] < -1e-3 * size)  # settled or not, its vector is the proof
            if complete or (found[-1] and downwards):  # then there is no minimum, and only the largest is wanted
                break
        if k < len(q):
            t[k - 1, k] = t[k, k - 1] = beside
    found[0] |= downwards
    found &= found[-1]
    return Spectrum(values[found], q[:k].T @ mixed[:, found], complete)


def _finite(problem: Problem, h: np.ndarray) -> np.ndarray:
    if not np.isfinite(h).all():
        wanted = "pass parameters where the loss is smooth"
        refuse(problem.function, "loss", "has a second derivative that is not finite", "NaN or infinity", wanted)
    return h
