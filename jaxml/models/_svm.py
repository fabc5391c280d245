"""Around the mathematics of `svm`: arguments read, blocks of rows, pairs of classes."""

from __future__ import annotations

import warnings
from itertools import combinations
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxml import _arguments
from jaxml._arguments import describe, is_traced, labels, matrix, number, refuse
from jaxml.exceptions import ConvergenceWarning
from jaxml.models._edge import fields, indicators, several_classes
from jaxml.models._kernels import Kernel, Precomputed
from jaxml.models._smo import Machine, smo

HELD = 2**22  # values of K held at once in prediction: 16 MiB in float32


# ---------------------------------------------------------------- blocks of rows


@jax.jit
@jax.default_matmul_precision("highest")
def expansion(kernel: Any, support_vectors: Array, dual_coef: Array, x: Array) -> Array:
    """Σⱼ βⱼ K(xⱼ, x) for every row of x, some rows at a time.  (n, d) -> (n,) or (n, pairs)"""
    some = min(len(x), max(1, HELD // len(support_vectors)))
    return jax.lax.map(lambda row: kernel(support_vectors, row[None])[:, 0] @ dual_coef, x, batch_size=some)


def scores(function: str, z: Array) -> Array:
    """z, refused where a kernel value left the dtype."""
    if not is_traced(z) and not np.isfinite(np.asarray(z)).all():
        row = int(np.argwhere(~np.isfinite(np.asarray(z)))[0][0])
        refuse(function, "x", f"overflows {z.dtype}", f"a score that is not finite at row {row}", "rescale x, or turn x64 on")
    return z


# ---------------------------------------------------------------- pairs of classes


def pairs_of(k: int) -> list[tuple[int, int]]:
    """The machines, as (class of s = 1, class of s = −1): scikit-learn's order and signs, where of two classes 1 is the positive one."""
    return [(1, 0)] if k == 2 else list(combinations(range(k), 2))


def classes_of(pairs: int) -> int:
    """k, of which there are k(k−1)/2 pairs."""
    return (1 + round((1 + 8 * pairs) ** 0.5)) // 2


def targets(function: str, z: Array, y: Any, C: Any, weights: Any) -> tuple[Array, Array]:
    """s, which is 1 and −1 for the rows of a pair's two classes and 0 for others, and the largest |β|, C weights.  -> both as z"""
    C = number(function, "C", C, above=0, high=float(jnp.finfo(z.dtype).max))
    k = classes_of(1 if z.ndim == 1 else z.shape[1])
    is_class = indicators(function, y, jnp.zeros((len(z), k), z.dtype), weights)
    table = np.zeros((k, len(pairs_of(k))))
    for p, (plus, minus) in enumerate(pairs_of(k)):
        table[plus, p], table[minus, p] = 1, -1
    weights = np.ones(len(z)) if weights is None else weights
    return _signs_and_caps(is_class, jnp.asarray(table, z.dtype), jnp.asarray(C, z.dtype), jnp.asarray(weights, z.dtype), z)


@jax.jit
def _signs_and_caps(is_class: Array, table: Array, C: Array, weights: Array, z: Array) -> tuple[Array, Array]:
    s = jnp.dot(is_class, table, precision="highest").reshape(z.shape)
    return s, C * weights.reshape(-1, *(1,) * (z.ndim - 1)) * jnp.ones_like(z)


def multipliers(function: str, params: Any, x: Any, y: Any, C: Any, weights: Any) -> tuple[Array, Array]:
    """α = s β of the support vectors, and whether β keeps the constraints of D, to rounding.  -> as dual_coef, ()"""
    if params.support.shape[0] and not is_traced(params.support) and int(params.support.max()) >= len(x):
        got, wanted = f"{len(x)} rows, and a support vector from row {int(params.support.max())}", "pass the x and y of training"
        refuse(function, "x", "is not what the parameters were made from", got, wanted)
    s, cap = targets(function, jnp.zeros((len(x), *params.b.shape), params.dual_coef.dtype), y, C, weights)
    s, cap, beta = s[params.support], cap[params.support], params.dual_coef
    eps, alpha = jnp.finfo(beta.dtype).eps, s * beta
    allowed = (alpha >= 0) & (alpha <= (1 + 4 * eps) * cap)
    balanced = jnp.abs(beta.sum(axis=0)) <= eps**0.5 * jnp.abs(beta).sum(axis=0)
    return alpha, allowed.all() & balanced.all()


def votes(z: Array) -> Array:
    """How many pairs each class wins; a pair at exactly 0 goes to its second class, as in libsvm.  (n, pairs) -> (n, k)"""
    k = classes_of(z.shape[1])
    first, second = (np.eye(k, dtype=np.int32)[list(c)] for c in zip(*pairs_of(k), strict=True))
    return jnp.where(z[:, :, None] > 0, first, second).sum(axis=1)


def members_of(y: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows of each pair's two classes and their signs, padded to one length with sign 0.  -> (pairs, m), (pairs, m)"""
    rows = [np.flatnonzero((y == plus) | (y == minus)) for plus, minus in pairs_of(k)]
    members = np.zeros((len(rows), max(map(len, rows))), np.int32)
    s = np.zeros(members.shape)
    for p, (plus, _) in enumerate(pairs_of(k)):
        members[p, : len(rows[p])] = rows[p]
        s[p, : len(rows[p])] = np.where(y[rows[p]] == plus, 1, -1)
    return members, s


# ---------------------------------------------------------------- arguments


def points(function: str, params: Any, x: Any) -> Array:
    """x as a finite table with the columns of the support vectors, after a look at params."""
    fields(function, params, ("support", "support_vectors", "dual_coef", "b", "kernel"))
    if not isinstance(params.kernel, Kernel):
        wanted = "pass the Params that svm.solve returned, or one of its kernels"
        refuse(function, "params.kernel", "is not a kernel of svm", describe(params.kernel), wanted, TypeError)
    for name, leaf in zip(params._fields[1:-1], params[1:-1], strict=True):
        _arguments.finite(function, f"params.{name}", leaf)
    for leaf in jax.tree.leaves(params.kernel):
        _arguments.finite(function, "params.kernel", leaf)
    vectors, dual, b = (jnp.shape(leaf) for leaf in params[1:-1])
    whole = len(b) == 0 or (len(b) == 1 and b[0] > 1 and len(pairs_of(classes_of(b[0]))) == b[0])
    if len(vectors) != 2 or dual != (vectors[0], *b) or not whole:
        got = f"support_vectors of shape {vectors}, dual_coef of shape {dual} and b of shape {b}"
        wanted = "pass dual_coef of shape (m,) and b of shape (), or (m, k(k-1)/2) and (k(k-1)/2,)"
        refuse(function, "params", "does not have this model's shapes", got, wanted)
    return jnp.asarray(matrix(function, "x", x, columns=vectors[1], canonical=True))


def problem(function: str, x: Any, y: Any, weights: Any, kernel: Any) -> tuple[Array, Array | None, np.ndarray, int]:
    """The data of a classification into 0 … k−1, checked: x, weights, y on the host, and k."""
    x, _, weights, _, k = several_classes(function, x, y, weights, 0.0)
    y = np.asarray(labels(function, "y", y))
    if weights is not None and not is_traced(weights):
        absent = np.setdiff1d(np.arange(k), y[np.asarray(weights) > 0])
        if len(absent):
            refuse(
                function, "weights", f"is zero on all of class {absent[0]}", f"{k} classes", "give each class a row with a positive weight"
            )
    if kernel == "precomputed":
        _symmetric(function, x)
    return x, weights, y, k


def _symmetric(function: str, x: Array) -> None:
    if x.shape[0] != x.shape[1]:
        wanted = "with kernel='precomputed' pass K(x, x) of shape (n, n)"
        refuse(function, "x", "is not square", f"shape {x.shape}", wanted)
    if is_traced(x):
        return
    gap = np.abs(np.asarray(x) - np.asarray(x).T)
    if gap.max() > 1e-5 * np.abs(np.asarray(x)).max():
        i, j = (int(c) for c in np.unravel_index(gap.argmax(), gap.shape))
        got = f"{float(x[i, j]):g} at row {i}, column {j}, and {float(x[j, i]):g} at row {j}, column {i}"
        refuse(function, "x", "is not symmetric", got, "with kernel='precomputed' pass K(x, x)")


# ---------------------------------------------------------------- training


@jax.jit
@jax.default_matmul_precision("highest")
def machines(kernel: Any, x: Array, members: Array, s: Array, C: Any, weights: Array | None, tol: Array) -> Machine:
    """Every pair's machine, one after the other.  -> β (n,) and b (), or (n, pairs) and (pairs,), over all rows of x"""
    by_number = isinstance(kernel, Precomputed)  # which knows a point by its row number alone
    cap = C * jnp.ones(len(x), x.dtype) if weights is None else C * weights

    def one(pair: tuple[Array, Array]) -> Machine:
        rows, s = pair
        own = x[rows][:, rows] if by_number else x[rows]
        gram = lambda some: (Precomputed(some) if by_number else kernel)(own[some], own)
        machine = smo(gram, s, cap[rows], tol)
        return machine._replace(beta=jnp.zeros(len(x), x.dtype).at[rows].add(machine.beta))

    beta, b, violation, steps = jax.lax.map(one, (members, s))
    # a pair without rows of a class has no answer: then no part of the model has
    beta, b = (jnp.where(jnp.isfinite(b).all(), leaf, jnp.nan) for leaf in (beta, b))
    return Machine(*((beta[0], b[0]) if len(b) == 1 else (beta.T, b)), violation.max(), steps.max())


def train(function: str, kernel: Any, x: Array, y: np.ndarray, k: int, C: Any, weights: Array | None, tol: Any) -> tuple:
    """support, support_vectors, dual_coef, b and kernel of all pairs.

    Traced, every row is kept, for how many have β ≠ 0 is not known yet.
    """
    limits = jnp.finfo(x.dtype)
    C = number(function, "C", C, above=0, high=float(limits.max))
    tol = max(number(function, "tol", tol, above=0, below=2), float(limits.tiny))  # 2 is the violation at β = 0
    members, s = members_of(y, k)
    end = machines(kernel, x, members, jnp.asarray(s, x.dtype), jnp.asarray(C, x.dtype), weights, jnp.asarray(tol, x.dtype))
    if is_traced(end.b) or is_traced(x):
        return jnp.arange(len(x), dtype=jnp.int32), x, end.beta, end.b, kernel
    _refuse_or_warn(function, end, tol)
    beta = np.asarray(end.beta)
    rows = np.flatnonzero(beta.reshape(len(beta), -1).any(axis=1)).astype(np.int32)
    support = jnp.asarray(rows)
    kernel = Precomputed(support) if isinstance(kernel, Precomputed) else kernel
    return support, jnp.asarray(np.asarray(x)[rows]), jnp.asarray(beta[rows]), end.b, kernel


def _refuse_or_warn(function: str, end: Machine, tol: Any) -> None:
    if not np.isfinite(np.asarray(end.b)).all():
        dtype = end.b.dtype
        refuse(function, "x", f"with these C and weights leaves {dtype}", "numbers too large or too small", "rescale x, or turn x64 on")
    worst = float(end.violation)
    if worst >= tol:
        text = f"{function}: not converged: after {int(end.steps)} steps the optimality conditions are violated by {worst:.1e}, tol is"
        remedy = "Scale the columns (preprocessing.standard_scaler), use a smaller C or a larger tol, or turn x64 on"
        warnings.warn(f"{text} {float(tol):.1e}. {remedy}", ConvergenceWarning, stacklevel=4)
