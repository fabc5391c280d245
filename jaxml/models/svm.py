"""Support vector machine:  y = 1 where f(x) > 0,  f(x) = Σⱼ βⱼ K(xⱼ, x) + b,  y ∈ {0, 1}.

With s = 2y − 1 and f(x) = ⟨w, φ(x)⟩ + b, where ⟨φ(x), φ(x′)⟩ = K(x, x′) and w = Σⱼ βⱼ φ(xⱼ), so that ‖w‖² = βᵀKβ,

    L(β, b) = ½ ‖w‖² + C Σ weightsᵢ max(0, 1 − sᵢ f(xᵢ))

A sum and not a mean: C is libsvm's.  As max(0, v) is the largest α v over 0 ≤ α ≤ 1, L is least where this is in balance:

    min over w, b, max over 0 ≤ αᵢ ≤ C weightsᵢ, of  ½ ‖w‖² + Σ αᵢ (1 − sᵢ f(xᵢ))

In w that is least at w = Σ αᵢ sᵢ φ(xᵢ), hence βᵢ = αᵢ sᵢ; in b it has a minimum only where Σ βᵢ = 0.  What is left is the dual,

    D(β) = Σ sᵢ βᵢ − ½ βᵀKβ   with   Σ βᵢ = 0   and   0 ≤ sᵢ βᵢ ≤ C weightsᵢ

D(β) ≤ L for every such β, and L − D, the duality gap, is 0 at the solution: it bounds how far L is above its minimum.
Rows with βᵢ ≠ 0 are the support vectors.  k classes: one machine for each pair of classes, on their rows; L and D are sums over pairs.
Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, sections 12.2 and 12.3; Chang, Lin, LIBSVM (2011).
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from jaxml.models._kernels import Kernel, kernel_of
from jaxml.models._svm import expansion, multipliers, points, problem, scores, targets, train, votes


class Params(NamedTuple):
    """For two classes the machine of one pair; for k classes of every pair (0, 1), (0, 2), …, (k−2, k−1)."""

    support: Array  # (m,) int32, their rows in the training data
    support_vectors: Array  # (m, d)
    dual_coef: Array  # β: (m,), or (m, k(k−1)/2) with 0 where a row is no support vector of a pair
    b: Array  # () or (k(k−1)/2,)
    kernel: Kernel

    @property
    def gamma(self) -> Array | None:
        """That of the kernel; None for those that have none."""
        return getattr(self.kernel, "gamma", None)


def logits(params: Params, x: Array) -> Array:
    """f(x): positive for class 1 of two, for the first class of a pair of k.  (n, d) -> (n,) or (n, k(k−1)/2).

    With a precomputed kernel, x is K against all n training rows, (·, n).  In blocks of rows, so that 2²² kernel values are held at most.
    Raises ValueError, TypeError.
    """
    x = points("svm.logits", params, x)
    return scores("svm.logits", expansion(params.kernel, params.support_vectors, params.dual_coef, x) + params.b)


def predict(params: Params, x: Array) -> Array:
    """The class; of k, the one that wins most pairs, and of equals the first.  (n, d) -> (n,).  Raises ValueError, TypeError.

    As in libsvm, f(x) = 0 is class 1 of two, and the second class of a pair.
    """
    z = logits(params, x)
    return (z >= 0).astype(jnp.int32) if z.ndim == 1 else votes(z).argmax(axis=1).astype(jnp.int32)


def squared_norm(params: Params) -> Array:
    """‖w‖² = βᵀKβ, summed over the pairs.  -> ()"""
    w_at_support = expansion(params.kernel, params.support_vectors, params.dual_coef, params.support_vectors)
    return jnp.vdot(params.dual_coef, w_at_support, precision="highest")


def loss(params: Params, x: Array, y: Array, *, C: float = 1.0, weights: Array | None = None) -> Array:
    """L(β, b), summed over the pairs.  (n, d), (n,) -> ().  Raises ValueError, TypeError.

    Convex in β and b.  Descend on these two alone: `lambda p, x, y: svm.loss(params._replace(dual_coef=p[0], b=p[1]), x, y)`.
    """
    z = logits(params, x)
    s, cap = targets("svm.loss", z, y, C, weights)
    return squared_norm(params) / 2 + jnp.sum(cap * jnp.maximum(0, jnp.abs(s) - s * z))


def duality_gap(params: Params, x: Array, y: Array, *, C: float = 1.0, weights: Array | None = None) -> Array:
    """L − D, for the x, y and weights of training; infinite where β breaks a constraint of D.  (n, d), (n,) -> ().

    To rounding, at least L − min L, and so at least 0.  Raises ValueError, TypeError.
    """
    primal = loss(params, x, y, C=C, weights=weights)
    alpha, allowed = multipliers("svm.duality_gap", params, x, y, C, weights)
    return jnp.where(allowed, primal - (jnp.sum(alpha) - squared_norm(params) / 2), jnp.inf)


def solve(
    x: Array, y: Array, *, C: float = 1.0, kernel: str = "rbf", gamma: float | str = "scale", degree: int = 3, coef0: float = 0.0,
    weights: Array | None = None, tol: float = 1e-3,
) -> Params:  # fmt: skip
    """The β, b where L is least, by sequential minimal optimisation on D.  (n, d), (n,) -> Params.  Raises ValueError, TypeError.

    kernel: "rbf" exp(−gamma ‖x − x′‖²), "linear" x·x′, "poly" (gamma x·x′ + coef0)^degree, "precomputed" where x is K itself, (n, n).
    gamma: a number, "auto" 1/d, or "scale" 1/(d var), var the weighted variance of all entries of x (1 where that is 0).
    weights multiply C row by row: a row of weight 2 counts as two, a row of weight 0 is absent.
    Stops where no two rows violate the optimality conditions by tol or more, libsvm's rule; warns with ConvergenceWarning if it cannot.
    Holds 256 rows of K and never all n, whatever n is.
    Inside jit or vmap over weights all n rows are kept, with β = 0 off the support, and a class without weight makes every number NaN.
    """
    x, weights, classes, k = problem("svm.solve", x, y, weights, kernel)
    K = kernel_of("svm.solve", kernel, x, weights, gamma, coef0, degree)
    return Params(*train("svm.solve", K, x, classes, k, C, weights, tol))
