"""What a net's answer depends on: on which steps of a sequence, on which pixels of an image, through which numbers.

    over_time             |∂f/∂x_t|, for every step t of a sequence
    receptive_field       the pixels that one unit is computed from, and its derivative at each
    convolution_matrix    W and b of a layer that is really  f(x) = W x + b

Each takes a function, and arrays or their shape, never a model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxml import _arguments
from jaxml._arguments import describe, integer, refuse

Function = Callable[[Array], Array]
BLOCK = 128  # images that are evaluated at once
MOST_ENTRIES = 10**8  # of a matrix: 400 MB in float32


# ---------------------------------------------------------------- a sequence


class OverTime(NamedTuple):
    """How much f(x) depends on each step of x."""

    norms: np.ndarray  # (t,) or (n, t), the spectral norm of ∂f/∂x_t: how far f(x) moves, at most, for a step of length 1 in x_t
    half_from: np.ndarray  # () or (n,), the last step from which on the norms hold half of their sum; -1 where all are 0
    most_from: np.ndarray  # the same for 99%

    def __str__(self) -> str:
        t = self.norms.shape[-1]
        head = f"|∂f/∂x_t| of {t} steps: how far f(x) moves, at most, for a small move of x_t, over the length of that move."
        rows, half, most = self.norms.reshape(-1, t), self.half_from.ravel(), self.most_from.ravel()
        told = [_decay(*row) for row in zip(rows, half, most, strict=True)]
        if self.norms.ndim == 2:
            rest = [f"And {len(told) - 5} more."] if len(told) > 5 else []
            told = [f"Example {i}: {text}" for i, text in enumerate(told[:5])] + rest
        return "\n".join([head, *told])


def over_time(f: Function, x: Any) -> OverTime:
    """How much f(x) depends on each step of x, by the exact Jacobian.  (t, d) -> (t,), or (n, t, d) -> (n, t).

    f is called with arrays of the shape of x.  Of (t, d) it may return any shape; of (n, t, d) it returns (n, ...), one answer for each
    example from that example alone.  Words have no derivative: pass their vectors, and f from there on.
    A norm of exactly 0 says that no derivative arrives: a step that a mask passes over, or one that faded below the smallest number.
    Raises ValueError for NaN, for another shape, for a derivative that is not finite, and TypeError for integers.
    Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks, 2013.
    """
    name = "sensitivity.over_time"
    _function(name, f)
    x = _sequence(name, x)
    out = _output(name, f, x.shape, x.dtype)
    if x.ndim == 3 and out[:1] != x.shape[:1]:
        refuse(name, "f", "does not return one answer for each example", f"{out} for x {x.shape}", f"return ({len(x)}, ...)")

    def answer(x: Array) -> Array:
        """f(x) in one axis; examples are added up, which leaves each one's derivative as it is."""
        return f(x).reshape(-1) if x.ndim == 2 else f(x).reshape(len(x), -1).sum(axis=0)

    with _on_the_cpu():
        jacobian = np.asarray(jax.jit(jax.jacrev(answer))(x), np.float64)  # (units, t, d) or (units, n, t, d)
    if not np.isfinite(jacobian).all():
        refuse(name, "f", "has a derivative that is not finite", "NaN or infinity", "pass finite parameters, and x where f is smooth")
    norms = np.linalg.norm(np.moveaxis(jacobian, 0, -2), ord=2, axis=(-2, -1))
    return OverTime(norms, _last_from(norms, 0.5), _last_from(norms, 0.99))


def _last_from(norms: np.ndarray, share: float) -> np.ndarray:
    """The last step from which on the norms hold that share of their sum; -1 where the sum is 0."""
    tail = norms[..., ::-1].cumsum(axis=-1)[..., ::-1]
    enough = tail >= share * tail[..., :1]
    return np.where(tail[..., 0] > 0, enough.sum(axis=-1) - 1, -1)


def _decay(norms: np.ndarray, half: int, most: int) -> str:
    if not norms.any():
        return "It is exactly 0 at every step: a small change of x changes nothing."
    above = np.flatnonzero(norms)
    largest, smallest = norms.argmax(), above[norms[above].argmin()]
    extremes = f"It is largest at step {largest} ({norms[largest]:.3g})"
    if smallest != largest:
        extremes += f" and smallest{', but for zeros,' * (len(above) < len(norms))} at step {smallest} ({norms[smallest]:.3g})"
    zeros = np.flatnonzero(norms == 0)
    nothing = f" At {_steps(zeros)} it is exactly 0: a small change there changes nothing." if len(zeros) else ""
    return f"{extremes}. Of the sum over all steps, half comes from step {half} on, and 99% from step {most} on.{nothing}"


def _steps(steps: np.ndarray) -> str:
    """Ranges of steps in words: step 0, steps 3 to 9."""
    runs = np.split(steps, np.flatnonzero(np.diff(steps) > 1) + 1)
    return "step" + "s" * (len(steps) > 1) + " " + ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


# ---------------------------------------------------------------- an image


class ReceptiveField(NamedTuple):
    """The pixels that a unit is computed from."""

    unit: tuple[int, ...]  # its place in f's output for one image
    rows: range  # from the first to the last pixel
    columns: range
    mask: np.ndarray  # (h, w), True where the unit is computed from the pixel
    derivative: np.ndarray  # (h, w), the length of ∂unit/∂pixel over the channels, at x

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.rows), len(self.columns)

    def __str__(self) -> str:
        (h, w), n = self.size, int(self.mask.sum())
        if n == 0:
            return f"Unit {self.unit} is computed from none of the {self.mask.size:,} pixels."
        gaps = "" if n == h * w else ", with gaps"
        at, still = "1 pixel" if n == 1 else f"{n:,} pixels", int((self.mask & (self.derivative == 0)).sum())
        nothing = ": a small change there changes nothing" if still else ""
        sides = zip((self.rows, self.columns), self.mask.shape, strict=True)
        cut = " It reaches the edge of the image, which may cut it off." if any(r[0] == 0 or r[-1] == m - 1 for r, m in sides) else ""
        return (
            f"Unit {self.unit} is computed from {at} of {self.mask.size:,}: a field of {h} × {w}{gaps}, "
            f"rows {self.rows[0]} to {self.rows[-1]} and columns {self.columns[0]} to {self.columns[-1]}.{cut}\n"
            f"At this image its derivative is 0 at {f'{still:,}' if still else 'none'} of them{nothing}."
        )


def receptive_field(f: Function, x: Any, unit: int | tuple[int, ...]) -> ReceptiveField:
    """The pixels that one unit is computed from.  f (n, h, w, c) -> (n, ...); x (h, w, c), or that shape for a random image.

    `unit` is its index in f's output for one image: (row, column, filter), say.  The field is structural: a weight that happens to be 0,
    a ReLU that is off and a pixel that is not its window's largest count as any other.  It is found by making pixels unknown, NaN: a sum,
    a product and a maximum with an unknown are unknown, so a unit becomes unknown exactly if it is computed from one.  For layers of
    windows k and strides s the side is 1 + Σ (k − 1) ∏ s, the product over the layers before.  `derivative` answers the other question:
    which pixels count at this image, to first order.
    f is evaluated for each row and column, then for the pixels where they meet.  A comparison, as in where(x > 0, x, 0), hides an unknown;
    jnp.maximum does not.
    Raises ValueError for NaN, for a unit that is not there, and for an f that hides NaN from a unit whose derivative is not 0.
    Luo, Li, Urtasun and Zemel, Understanding the effective receptive field in deep convolutional neural networks, 2016.
    """
    name = "sensitivity.receptive_field"
    _function(name, f)
    x = _image(name, x)
    unit = _place(name, unit, _examples(name, f, x.shape, x.dtype))
    value = jax.jit(lambda images: f(images)[(slice(None), *unit)])
    with _on_the_cpu():
        here, gradient = jax.jit(jax.value_and_grad(lambda image: value(image[None])[0]))(x)
    derivative = np.linalg.norm(np.asarray(gradient, np.float64), axis=2)
    if not (np.isfinite(here) and np.isfinite(derivative).all()):
        refuse(name, "f", "or its derivative is not finite at x", f"f(x) = {here}", "pass finite parameters")

    def sees(places: list[tuple[Any, ...]]) -> np.ndarray:
        """For each place, a row, a column or a pixel, whether the unit is computed from any of it.  (m,)"""
        found: list[bool] = []
        with _on_the_cpu(), jax.debug_nans(False):
            for start in range(0, len(places), BLOCK):
                images = np.repeat(x[None], BLOCK, axis=0)  # always as many: compiled once
                for image, place in zip(images, places[start:], strict=False):
                    image[place] = np.nan
                found += np.isnan(value(images)).tolist()
        return np.array(found[: len(places)], bool)

    h, w, _ = x.shape
    rows, columns = np.flatnonzero(sees([(i,) for i in range(h)])), np.flatnonzero(sees([(slice(None), j) for j in range(w)]))
    mask = np.zeros((h, w), bool)
    mask[np.ix_(rows, columns)] = sees([(i, j) for i in rows for j in columns]).reshape(len(rows), len(columns))
    if derivative[~mask].any():
        i, j = np.argwhere((derivative != 0) & ~mask)[0]
        got = f"a number where pixel ({i}, {j}) was NaN, and a derivative that is not 0"
        refuse(name, "f", "turns NaN into a number", got, "pass f without nan_to_num, nanmean or where(x > 0, x, 0)")
    return ReceptiveField(unit, _hull(np.any(mask, axis=1)), _hull(np.any(mask, axis=0)), mask, derivative)


def _hull(found: np.ndarray) -> range:
    places = np.flatnonzero(found)
    return range(int(places[0]), int(places[-1]) + 1) if len(places) else range(0)


# ---------------------------------------------------------------- a matrix


class ConvolutionMatrix(NamedTuple):
    """f(x).ravel() = matrix @ x.ravel() + bias."""

    matrix: np.ndarray  # (outputs, inputs)
    bias: np.ndarray  # (outputs,), f(0)
    n_places: int  # of the matrix, where something else than 0 stands
    n_different: int  # numbers that stand there

    def __str__(self) -> str:
        outputs, inputs = self.matrix.shape
        share = self.n_places / self.matrix.size
        numbers = "1 number stands" if self.n_different == 1 else f"{self.n_different:,} different numbers stand"
        return (
            f"f is a matrix of {outputs:,} outputs × {inputs:,} inputs, and a constant.\n"
            f"{numbers} at {self.n_places:,} of its {self.matrix.size:,} places; the rest, {1 - share:.1%}, is exactly 0.\n"
            f"A dense layer from the same inputs to the same outputs would have {self.matrix.size:,} numbers to learn."
        )


def convolution_matrix(f: Function, input_shape: tuple[int, ...]) -> ConvolutionMatrix:
    """W and b of  f(x) = W x + b, for a convolution or any other linear layer.  f (n, ...) -> (n, ...); `input_shape` is of one example.

    Row i of W holds the weights that make output i, both in the order of ravel.  f is held to W x + b at random x, small and large:
    one that is not affine, as with a ReLU, is refused.  Numbers that differ by no more than rounding are counted as one.
    Raises ValueError for that, for NaN, and for a matrix of more than 100 million entries.
    """
    name = "sensitivity.convolution_matrix"
    _function(name, f)
    shape = _shape(name, "input_shape", input_shape)
    dtype = jnp.zeros(()).dtype
    n_in, n_out = math.prod(shape), math.prod(_examples(name, f, shape, dtype))
    if n_in * n_out > MOST_ENTRIES:
        got = f"{n_out:,} × {n_in:,} = {n_out * n_in:,}"
        refuse(name, "input_shape", "makes a matrix of more than 100 million entries", got, "pass a smaller image, or f with fewer filters")

    flat = lambda x: f(x.reshape(-1, *shape)).reshape(-1, n_out)
    probes = (np.random.default_rng(0).standard_normal((4, n_in)) * [[1], [1], [100], [100]]).astype(dtype)
    with _on_the_cpu():
        matrix, bias = (np.asarray(a) for a in jax.jit(lambda x: (jax.jacfwd(flat)(x)[0], flat(x)[0]))(np.zeros(n_in, dtype)))
        answers = np.asarray(jax.jit(flat)(probes))
    if not (np.isfinite(matrix).all() and np.isfinite(bias).all() and np.isfinite(answers).all()):
        refuse(name, "f", "or its derivative is not finite", "NaN or infinity", "pass finite parameters")
    _affine(name, matrix, bias, probes, answers)
    found = matrix[matrix != 0]
    return ConvolutionMatrix(matrix, bias, len(found), len(kinds(found, dtype)[0]))


def kinds(numbers: np.ndarray, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """The different ones, ascending, and for each of the numbers which it is; those that rounding in `dtype` may part are one.  (m,)"""
    order = np.argsort(numbers)
    ascending = numbers[order].astype(np.float64)
    new = np.diff(ascending, prepend=-np.inf) > 8 * np.finfo(dtype).eps * np.abs(ascending)
    kind = np.empty(len(numbers), int)
    kind[order] = np.cumsum(new) - 1
    return ascending[new], kind


def _affine(name: str, matrix: np.ndarray, bias: np.ndarray, probes: np.ndarray, answers: np.ndarray) -> None:
    """Refuses answers that are not W x + b, to the rounding of sums of such size."""
    for x, answer in zip(probes, answers, strict=True):
        size = (np.abs(matrix) @ np.abs(x) + np.abs(bias)).max()
        error = np.abs(answer - (matrix @ x + bias)).max()
        if error > 200 * np.finfo(matrix.dtype).eps * size:
            wanted = "pass a layer without its activation: f(x) - f(0) must double when x does"
            refuse(name, "f", "is not W x + b", f"an f(x) that is {error:.3g} away from it", wanted)


# ---------------------------------------------------------------- arguments


@contextmanager
def _on_the_cpu() -> Iterator[None]:
    """The CPU, where there is one beside the accelerator: its convolutions are sums of products as they are written.

    Others may go through Fourier's or Winograd's transforms, or cut the digits: an exact 0 would be lost, and NaN would spread.
    """
    try:
        device = jax.local_devices(backend="cpu")[0]
    except RuntimeError:  # JAX was told to leave the CPU out
        device = None
    with jax.default_device(device):
        yield


def _function(name: str, f: Any) -> None:
    if not callable(f):
        refuse(name, "f", "is not a function", describe(f), "pass a function of arrays, as lambda x: layer.apply(params, x)", TypeError)


def _output(name: str, f: Function, shape: tuple[int, ...], dtype: Any) -> tuple[int, ...]:
    """The shape of f's output, from shapes alone."""
    out = jax.eval_shape(f, jax.ShapeDtypeStruct(shape, dtype))
    if not hasattr(out, "shape") or not jnp.issubdtype(out.dtype, jnp.floating):
        refuse(name, "f", "does not return an array of real numbers", describe(out), "return numbers, as logits do, not labels", TypeError)
    return tuple(out.shape)


def _examples(name: str, f: Function, shape: tuple[int, ...], dtype: Any) -> tuple[int, ...]:
    """The shape of f's output for one example of a batch."""
    out = _output(name, f, (2, *shape), dtype)
    if out[:1] != (2,):
        refuse(name, "f", "does not return one answer for each example", f"{out} for x {(2, *shape)}", "return (2, ...)")
    return out[1:]


def _sequence(name: str, x: Any) -> np.ndarray:
    shape, kind = _arguments.shape_of(name, "x", x), getattr(x, "dtype", None)
    if kind is not None and not jnp.issubdtype(kind, jnp.floating):
        wanted = "word numbers have no derivative: pass their vectors, embeddings[ids], and f from there on"
        refuse(name, "x", "is not of a floating type", describe(x), wanted, TypeError)
    if len(shape) not in (2, 3) or 0 in shape:
        refuse(name, "x", "is not a sequence of vectors", f"shape {shape}", "pass (t, d), or (n, t, d) for n of them")
    return np.asarray(_arguments.floats(name, "x", x, canonical=True))


def _image(name: str, x: Any) -> np.ndarray:
    """The image, or one of uniform random numbers where its shape is given."""
    if isinstance(x, (tuple, list)) and all(hasattr(n, "__index__") for n in x):
        x = np.random.default_rng(0).uniform(size=_shape(name, "x", x))
    shape = _arguments.shape_of(name, "x", x)
    if len(shape) != 3 or 0 in shape:
        wanted = "pass one image (h, w, c), without a batch, or that shape; grey images are x[..., None]"
        refuse(name, "x", "is not an image", f"shape {shape}", wanted)
    return np.asarray(_arguments.floats(name, "x", x, canonical=True))


def _shape(name: str, argument: str, shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, (tuple, list)) or not shape:
        wanted = "pass the sizes of one example, without the batch, as (28, 28, 1)"
        refuse(name, argument, "is not a tuple of whole numbers", describe(shape), wanted, TypeError)
    return tuple(integer(name, argument, n, low=1) for n in shape)


def _place(name: str, unit: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """An index of one number in an array of that shape."""
    unit = tuple(unit) if isinstance(unit, (tuple, list)) else (unit,)
    if len(unit) != len(shape):
        refuse(name, "unit", f"has {len(unit)} indices, not {len(shape)}", str(unit), f"pass one index for each axis of {shape}")
    return tuple(integer(name, "unit", i, low=0, high=n - 1) for i, n in zip(unit, shape, strict=True))
