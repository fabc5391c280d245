"""The machinery of `linear.solve`: least squares by an orthogonal factorisation of the centred columns.

The normal equations square the condition number, and serve only where it is small; QR does not.  Centring takes the
intercept out; scaling, where there are more rows than columns, makes the answer equivariant in the units of x.
Golub, Van Loan, Matrix Computations, 4th ed., sections 5.3 and 5.5.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from jaxml._arguments import is_traced, refuse
from jaxml.exceptions import IllConditionedWarning, RankWarning

LANES = 64  # sums that run side by side
APART = 8  # condition number up to which the normal equations cost less than two digits, which the refinement gives back
DELICATE = 30  # condition number above which the refinement's own rounding would show
CERTAIN = 1e-4  # eps times the condition number: above this, fewer than four digits are certain


class Solution(NamedTuple):
    w: Array  # (d,)
    b: Array  # ()
    rank: Array  # () of the centred columns
    condition: Array  # () of the centred columns, scaled where there are more rows than columns; dropped directions are left out


def least_squares(function: str, x: Array, y: Array, weights: Array | None, l2: Any) -> tuple[Array, Array]:
    """The w, b that minimise Σ ωᵢ (w·xᵢ + b − yᵢ)² / Σ ωᵢ + l2/2 ‖w‖²; of several, the w of least norm.  (n, d), (n,) -> (d,), ()"""
    solution = factorise(x, y, weights, l2)
    if not any(is_traced(leaf) for leaf in solution):
        _refuse_or_warn(function, solution, penalised=l2 is not None)
    return solution.w, solution.b


@jax.jit
@jax.default_matmul_precision("highest")
def factorise(x: Array, y: Array, weights: Array | None, l2: Array | None) -> Solution:
    """The same, and what the factorisation saw."""
    n, d = x.shape
    weights = jnp.ones(n, x.dtype) if weights is None else weights / weights.max()
    x, x_mean = centre(x, weights)
    y, y_mean = centre(y[:, None], weights)
    root = jnp.sqrt(weights)[:, None]
    ridge = None if l2 is None else jnp.sqrt(weights.sum()) * jnp.sqrt(l2 / 2)  # the root, which does not overflow
    solve = tall if n > d else wide
    w, sigma, kept = solve(root * x, root * y, root.max() * jnp.abs(x_mean), ridge)
    smallest = jnp.min(jnp.where(kept, sigma, jnp.inf))
    return Solution(w, y_mean[0] - x_mean @ w, kept.sum(), jnp.where(kept.any(), sigma[0] / smallest, 1))


def tall(a: Array, t: Array, offset: Array, ridge: Array | None) -> tuple[Array, Array, Array]:
    """More rows than columns: the R of QR, then its singular values.  -> w (d,), sigma (d,), kept (d,)"""
    scale = column_scale(a, offset)
    a = a / scale
    if ridge is not None:  # the penalty is d more rows, which ask ridge · wⱼ to be 0
        a = jnp.concatenate([a, jnp.diag(ridge / scale)])
        t = jnp.concatenate([t, jnp.zeros_like(t, shape=(len(scale), 1))])
    r = triangle(jnp.concatenate([a, t], axis=1))
    u, sigma, vt = jnp.linalg.svd(r[:, :-1], full_matrices=False)
    kept = is_seen(sigma)
    inverse = jnp.where(kept, 1 / jnp.where(kept, sigma, 1), 0)
    v = vt.T @ (inverse * (u.T @ r[:, -1]))
    # one step of refinement; where the columns are nearly dependent, with a gradient in twice the precision
    delicate = sigma[0] * jnp.max(inverse) > DELICATE
    gradient = jax.lax.cond(delicate, twice_precise_gradient, lambda a, t, v: a.T @ (t - a @ v), a, t[:, 0], v)
    v = v + vt.T @ (inverse**2 * (vt @ gradient))
    w = jax.lax.cond(kept.all(), lambda w, *_: w, least_norm, v / scale, vt.T / scale[:, None], kept)
    return w, sigma, kept


def triangle(columns: Array) -> Array:
    """R of the QR of all columns but the last, and beside it Qᵀ times the last: Q itself is never formed.  (n, d + 1) -> (d, d + 1)

    Where the columns stand well apart, from their products, which is several times as fast; the refinement makes up for it.
    """
    d = columns.shape[1] - 1
    products = (columns.T @ columns)[:d]
    squares = jnp.linalg.eigvalsh(products[:, :d])
    apart = squares[-1] < APART**2 * squares[0]
    products = jnp.where(
        apart, products, jnp.eye(d, d + 1, dtype=products.dtype)
    )  # subtle: under vmap both branches run, and NaN in one spoils the gradient
    return jax.lax.cond(apart, triangle_of_products, lambda _, columns: jnp.linalg.qr(columns, mode="r")[:d], products, columns)


def triangle_of_products(products: Array, _: Array) -> Array:
    """R⁻ᵀ(AᵀA, Aᵀt), where AᵀA = RᵀR.  (d, d + 1) -> (d, d + 1)"""
    r = jnp.linalg.cholesky(products[:, :-1], upper=True)
    return jax.scipy.linalg.solve_triangular(r, products, trans="T")


def wide(a: Array, t: Array, offset: Array, ridge: Array | None) -> tuple[Array, Array, Array]:
    """At most as many rows as columns: the SVD, whose solution has least norm.  -> w (d,), sigma (n,), kept (n,)"""
    u, sigma, vt = jnp.linalg.svd(a, full_matrices=False)
    kept = is_seen(sigma)
    filtered = jnp.where(kept, sigma / jnp.where(kept, sigma**2 + (0 if ridge is None else ridge**2), 1), 0)
    return vt.T @ (filtered * (u.T @ t[:, 0])), sigma, kept


def is_seen(sigma: Array) -> Array:
    """Which singular values stand above rounding, which is about one eps of the largest whatever the shape: ten are allowed.

    subtle: lstsq's usual cut-off, eps·max(n, d), grows with the rows and drops real columns of tall float32 data.
    """
    return sigma > 10 * jnp.finfo(sigma.dtype).eps * sigma[0]


def centre(x: Array, weights: Array) -> tuple[Array, Array]:
    """Columns less their weighted means, and the means.  A second pass removes the rounding of the first."""
    first = weights @ x / weights.sum()
    second = weights @ (x - first) / weights.sum()
    return x - first - second, first + second


def column_scale(a: Array, offset: Array) -> Array:
    """About the columns' lengths; infinite for a column that is constant but for rounding, so that it drops out.  (n, d) -> (d,)"""
    largest = jnp.max(jnp.abs(a), axis=0)
    constant = largest <= 8 * jnp.finfo(a.dtype).eps * offset
    # divided by the largest entry first, so that squares neither overflow nor vanish
    length = largest * jnp.linalg.norm(a / jnp.where(largest == 0, 1, largest), axis=0)
    # a power of two, so that dividing by it rounds nothing
    return jnp.where(constant | (length == 0), jnp.inf, jnp.ldexp(jnp.ones_like(length), jnp.frexp(length)[1]))


def least_norm(w: Array, directions: Array, kept: Array) -> Array:
    """w without its part along the directions that the data do not see.  (d,), (d, d), (d,) -> (d,)"""
    length = jnp.linalg.norm(directions, axis=0)  # 0 along a constant column, which has no weight anyway
    unseen = jnp.where(kept | (length == 0), 0, directions / jnp.where(length == 0, 1, length))
    return w - unseen @ (jnp.linalg.pinv(unseen) @ w)


def twice_precise_gradient(a: Array, t: Array, v: Array) -> Array:
    """Aᵀ(t − Av), each of its two products rounded once at the end.  (n, d), (n,), (d,) -> (d,)"""
    residual = accurate_product(jnp.concatenate([t[:, None], a], axis=1), jnp.concatenate([jnp.ones_like(v[:1]), -v]))
    return accurate_product(a.T, residual)


def accurate_product(a: Array, v: Array) -> Array:
    """a @ v as if in twice the precision.  (m, k), (k,) -> (m,)

    Ogita, Rump, Oishi, Accurate sum and dot product, SIAM J. Sci. Comput. 26 (2005): algorithm 5.3, in LANES sums at a time.
    """
    m, k = a.shape
    terms = jnp.stack(two_product(a.T, v[:, None]))  # (2, k, m): rounded, and what was lost
    terms = jnp.pad(terms, ((0, 0), (0, -k % LANES), (0, 0))).reshape(2, -1, LANES, m)
    lanes = accurate_sum(terms.swapaxes(0, 1))  # (2, LANES, m)
    return accurate_sum(lanes.swapaxes(0, 1)).sum(axis=0)


def accurate_sum(terms: Array) -> Array:
    """The sum of k pairs (rounded, lost), as such a pair.  (k, 2, …) -> (2, …)"""

    def add(total: Array, term: Array) -> tuple[Array, None]:
        rounded, lost = two_sum(total[0], term[0])
        return jnp.stack([rounded, total[1] + term[1] + lost]), None

    return jax.lax.scan(add, jnp.zeros_like(terms[0]), terms)[0]


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """a + b rounded, and exactly what the rounding lost (Knuth)."""
    s = a + b
    bb = s - a
    return s, (a - (s - bb)) + (b - bb)


def two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """a · b to half the digits, and the rest of it: together the product to half as many digits more (Dekker)."""
    (p, _), (ah, al), (bh, bl) = halves(a * b), halves(a), halves(b)
    return p, ((ah * bh - p) + (ah * bl + al * bh)) + al * bl


def halves(a: Array) -> tuple[Array, Array]:
    """a as a sum of two numbers with half the digits each.

    subtle: by its bits, since a compiler that fuses a multiplication with an addition can undo Veltkamp's splitting.
    """
    bits, low = (jnp.uint64, 27) if a.dtype == jnp.float64 else (jnp.uint32, 12)
    high = jax.lax.bitcast_convert_type(jax.lax.bitcast_convert_type(a, bits) >> low << low, a.dtype)
    return high, a - high


def _refuse_or_warn(function: str, solution: Solution, penalised: bool) -> None:
    """Says on the host what the factorisation saw."""
    if not bool(jnp.isfinite(solution.w).all() & jnp.isfinite(solution.b)):
        wanted = "rescale x and y, or turn x64 on"
        refuse(function, "x", f"with 'y' overflows {solution.w.dtype}", "numbers too large to be squared", wanted)
    rank, columns, lost = int(solution.rank), len(solution.w), float(solution.condition * jnp.finfo(solution.w.dtype).eps)
    if rank < columns and not penalised:
        many = f"only {rank} of the {columns} columns of 'x' are independent after centring, so many parameters fit equally well"
        warnings.warn(f"{function}: {many}; these have the least norm. l2 > 0 makes them unique", RankWarning, stacklevel=4)
    if lost > CERTAIN:
        near = f"the columns of 'x' are nearly dependent: condition number {float(solution.condition):.1e} after scaling"
        digits = f"rounding in {solution.w.dtype} changes the parameters by about {lost:.0e} of the largest"
        remedy = ("turn x64 on, " if solution.w.dtype == jnp.float32 else "") + "drop a column, or use l2 > 0"
        warnings.warn(f"{function}: {near}, so {digits}; {remedy}", IllConditionedWarning, stacklevel=4)
