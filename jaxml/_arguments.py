"""How every public function reads its arguments: converted, checked, or refused in one sentence.

A message has three parts, `<function>: argument '<name>' <what is wrong>; got <what came>; <what is wanted>`.
Shapes are checked always; values only where there are values: inside `jax.jit` an array has none yet, and the check is skipped.
"""

from __future__ import annotations

import numbers
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

INT32_MAX = 2**31 - 1
FLOAT_MAX = int(np.finfo(np.float64).max)
SEED_END = 2**32


def refuse(function: str, name: str, wrong: str, got: str, wanted: str, kind: type[Exception] = ValueError) -> NoReturn:
    """Raises `kind` with the one sentence that every jaxml error has."""
    raise kind(f"{function}: argument '{name}' {wrong}; got {got}; {wanted}")


def describe(value: Any) -> str:
    """What came, in a few words: an array's dtype and shape, or the value itself."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{value.dtype} of shape {tuple(value.shape)}"
    if hasattr(value, "shape"):
        return f"{type(value).__name__} of shape {tuple(value.shape)}"
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"


def is_traced(value: Any) -> bool:
    """True inside jit, vmap or grad, where an array has a shape and no values."""
    return isinstance(value, jax.core.Tracer)


# ---------------------------------------------------------------- arrays of numbers


def floats(function: str, name: str, value: Any, *, canonical: bool = False) -> Any:
    """`value` as a finite floating array: a jax.Array stays one, anything else becomes NumPy.

    float32 and float64 keep their width; half precision becomes float32; integers, booleans and Python numbers become float64.
    With `canonical`, the width is the one JAX computes in: float32 unless x64 is on.
    """
    value = automatic_sharding(value)
    on_device = isinstance(value, jax.Array)
    array = value if on_device else _numpy(function, name, value)
    if jnp.issubdtype(array.dtype, jnp.complexfloating) or is_typed_key(array):
        refuse(function, name, "is not an array of real numbers", describe(array), "pass real numbers", TypeError)
    dtype = _float_dtype(array.dtype, canonical or on_device)
    if array.dtype != dtype:
        with np.errstate(over="ignore"):
            array = array.astype(dtype)
    finite(function, name, array, original=value)
    return array


def automatic_sharding(value: Any) -> Any:
    """A concrete array on a mesh with explicit axes, moved to the same mesh with automatic ones: XLA then shards what follows from it."""
    sharding = None if is_traced(value) else getattr(value, "sharding", None)
    mesh = getattr(sharding, "mesh", None)
    if sharding is None or mesh is None or all("Auto" in str(kind) for kind in getattr(mesh, "axis_types", ())):
        return value
    return jax.device_put(value, jax.sharding.NamedSharding(jax.sharding.Mesh(mesh.devices, mesh.axis_names), sharding.spec))


def _numpy(function: str, name: str, value: Any) -> np.ndarray:
    """Lists, DataFrames and anything with `__array__`, as real numbers in this machine's byte order."""
    if np.ma.is_masked(value):
        refuse(function, name, "has masked entries", describe(value), "fill them or drop their rows before the call")
    try:
        array = np.asarray(value)
    except ValueError:  # NumPy's word for rows of different lengths
        refuse(function, name, "has rows of different lengths", describe(value), "pass a rectangular array")
    if array.dtype == object:
        entries = array.ravel().tolist()
        strange = next((i for i, v in enumerate(entries) if not isinstance(v, numbers.Real)), None)
        if strange is not None:
            refuse(function, name, "is not numeric", f"{entries[strange]!r} at position {strange}", "pass numbers only", TypeError)
        try:
            array = array.astype(np.float64)
        except OverflowError:
            refuse(function, name, "has a number beyond float64", describe(value), "rescale it")
    if array.dtype.kind not in "fiub" and not jnp.issubdtype(array.dtype, jnp.floating):
        wanted = "pass real numbers; preprocessing.encode_labels makes integers of names"
        refuse(function, name, "is not an array of real numbers", describe(array), wanted, TypeError)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _float_dtype(dtype: Any, canonical: bool) -> Any:
    """The floating dtype that an array of `dtype` is computed in."""
    if jnp.issubdtype(dtype, jnp.floating):
        wide = np.dtype(np.float32) if jnp.finfo(dtype).bits <= 32 else np.dtype(np.float64)
    else:
        wide = np.dtype(np.float64)
    return jax.dtypes.canonicalize_dtype(wide) if canonical else wide


@jax.jit
def _all_finite(array: Array) -> Array:
    return jnp.isfinite(array).all()


def finite(function: str, name: str, array: Any, original: Any = None) -> None:
    """Refuses NaN and infinity, and names the first place where one stands."""
    if is_traced(array):
        return
    fine = _all_finite(array) if isinstance(array, jax.Array) else np.isfinite(array).all()
    # subtle: inside jit even the answer about a concrete array is traced
    if is_traced(fine) or bool(fine):
        return
    host = np.asarray(array)
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(host))[0])
    where = f"{host[place]} at row {place[0]}" if place else str(host[place])
    where += f", column {place[1]}" if len(place) == 2 else f", index {place}" if len(place) > 2 else ""
    what = "NaN" if np.isnan(host).any() else "infinity"
    before = None if original is None else np.asarray(original)
    if before is not None and before.dtype.kind in "fiu" and before.dtype != host.dtype and np.isfinite(before[place]):
        wanted = "rescale it, or turn x64 on"
        refuse(function, name, f"contains infinity after conversion to {host.dtype}", f"{before[place]} {where[4:]}", wanted)
    refuse(function, name, f"contains {what}", where, "remove or replace such rows before the call")


def matrix(function: str, name: str, value: Any, *, columns: int | None = None, canonical: bool = False) -> Any:
    """A finite table (n, d) with n >= 1 and d >= 1; with `columns`, d must be that number."""
    want_rank(function, name, value, 2)
    array = floats(function, name, value, canonical=canonical)
    if 0 in array.shape:
        refuse(function, name, "is empty", f"shape {array.shape}", "pass at least one row and one column")
    if columns is not None and array.shape[1] != columns:
        wanted = f"pass the {columns} columns that the parameters were made for"
        refuse(function, name, f"has {array.shape[1]} columns, not {columns}", f"shape {array.shape}", wanted)
    return array


def vector(function: str, name: str, value: Any, *, canonical: bool = False) -> Any:
    """A finite vector (n,) with n >= 1; a single column (n, 1) is raveled."""
    want_rank(function, name, value, 1)
    array = floats(function, name, value, canonical=canonical).reshape(-1)
    if array.size == 0:
        refuse(function, name, "is empty", f"shape {array.shape}", "pass at least one value")
    return array


def want_rank(function: str, name: str, value: Any, rank: int) -> None:
    """Refuses an array of another rank, with the reshape to use."""
    if value is None:
        refuse(function, name, "is missing", "None", "pass an array", TypeError)
    shape = shape_of(function, name, value)
    if len(shape) == rank or (rank == 1 and len(shape) == 2 and shape[1] == 1):
        return
    if rank == 2:
        remedy = {0: "reshape(1, 1)", 1: "reshape(-1, 1) for one column, reshape(1, -1) for one row"}
        wanted = f"pass (n, d): {remedy.get(len(shape), 'reshape(len(' + name + '), -1)')}"
    else:
        wanted = "pass (n,)"
    refuse(function, name, f"has {len(shape)} dimensions, not {rank}", f"shape {shape}", wanted)


def shape_of(function: str, name: str, value: Any) -> tuple[int, ...]:
    if hasattr(value, "shape"):
        return tuple(value.shape)
    try:
        return np.asarray(value).shape
    except ValueError:
        refuse(function, name, "has rows of different lengths", describe(value), "pass a rectangular array")


def same_length(function: str, **arrays: Any) -> None:
    """Refuses arrays with different numbers of rows; those that are None are left out."""
    lengths = {name: len(a) for name, a in arrays.items() if a is not None}
    (first, n), *others = lengths.items()
    for name, m in others:
        if m != n:
            refuse(function, name, f"has {m} rows, but '{first}' has {n}", f"lengths {n} and {m}", "pass one entry per row")


def example_weights(function: str, value: Any, n: int, *, canonical: bool = False) -> Any:
    """None, or finite weights (n,), none negative, not all zero."""
    if value is None:
        return None
    array = vector(function, "weights", value, canonical=canonical)
    if array.shape[0] != n:
        refuse(
            function, "weights", f"has {array.shape[0]} rows, but there are {n} examples", f"shape {array.shape}", "pass one weight per row"
        )
    if not is_traced(array) and float(array.min()) < 0:
        refuse(function, "weights", "has a negative entry", str(float(array.min())), "pass weights of zero or more")
    if not is_traced(array) and float(array.max()) <= 0:
        refuse(function, "weights", "is zero everywhere", f"{n} zeros", "give at least one example a positive weight")
    return array


def labels(function: str, name: str, value: Any, *, n_classes: int | None = None) -> Any:
    """Integer labels 0 ... k-1 as int32 (n,); whole floats and booleans are taken too.

    A traced array stays one, and an int32 jax.Array; anything else becomes NumPy.  With `n_classes`, a label of k or more is refused.
    """
    want_rank(function, name, value, 1)
    array = automatic_sharding(value) if isinstance(value, jax.Array) else _numpy(function, name, value)
    array = array.reshape(-1)
    if array.size == 0:
        refuse(function, name, "is empty", f"shape {array.shape}", "pass at least one label")
    if is_traced(array):
        return array
    host = np.asarray(array)
    wanted = "labels are integers 0 ... k-1; preprocessing.encode_labels makes them of anything"
    if host.dtype.kind == "f":
        finite(function, name, host)
        if (host != np.floor(host)).any():
            i = int(np.argmax(host != np.floor(host)))
            refuse(function, name, "is continuous, not a label", f"{host[i]} at row {i}", wanted)
    low, high = float(host.min()), float(host.max())  # half precision cannot hold int32's limit
    if low < 0 or high > INT32_MAX or (n_classes is not None and high >= n_classes):
        bad = (host < 0) | (host.astype(np.float64) > INT32_MAX) | ((host >= n_classes) if n_classes is not None else False)
        i = int(np.argmax(bad))
        what = (
            "has a negative label"
            if host[i] < 0
            else "has a label past the last class"
            if n_classes is not None
            else "has a label beyond int32"
        )
        refuse(function, name, what, f"{host[i]} at row {i}" + (f" with {n_classes} classes" if n_classes is not None else ""), wanted)
    return array if array.dtype == np.int32 else host.astype(np.int32)


def integers(function: str, name: str, value: Any) -> Any:
    """Whole numbers of an integer type within int32, of any shape: a jax.Array stays one, anything else becomes NumPy."""
    array = automatic_sharding(value) if isinstance(value, jax.Array) else _numpy(function, name, value)
    if array.size and array.dtype.kind not in "iu":
        refuse(
            function,
            name,
            "is not of an integer type",
            describe(array),
            "pass integers; astype(int) cuts off what is behind the point",
            TypeError,
        )
    if array.size and array.dtype.itemsize >= 4 and not is_traced(array) and array.dtype != np.int32:
        for extreme in (int(array.min()), int(array.max())):
            if abs(extreme) > INT32_MAX:
                refuse(function, name, "has an entry beyond int32", str(extreme), "pass smaller integers")
    return array


# ---------------------------------------------------------------- random keys


def random_key(function: str, value: Any) -> Array:
    """A JAX random key, of the typed kind or of the older one."""
    if not isinstance(value, jax.Array) or not (is_typed_key(value) or value.dtype == np.uint32):
        refuse(function, "key", "is not a JAX random key", describe(value), "pass jax.random.key(0), say", TypeError)
    return value


def key_data(key: Array) -> Array:
    """The numbers of a key of either kind."""
    return jax.random.key_data(key) if is_typed_key(key) else key


def is_typed_key(value: Any) -> bool:
    return hasattr(value, "dtype") and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key)


# ---------------------------------------------------------------- single numbers


def number(
    function: str, name: str, value: Any, *, low: float = -np.inf, high: float = np.inf, above: float = -np.inf, below: float = np.inf
) -> Any:
    """A finite real number in [low, high] and in (above, below).  Traced values pass."""
    if is_traced(value):
        return value
    if isinstance(value, (jax.Array, np.ndarray)) and value.ndim == 0:
        value = value.item()
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        refuse(function, name, "is not a number", describe(value), f"pass a number {_range(low, high, above, below)}".rstrip(), TypeError)
    if isinstance(value, int) and abs(value) > FLOAT_MAX:
        refuse(function, name, "is out of range", "an int beyond float64", f"pass a number {_range(low, high, above, below)}".rstrip())
    value = value if isinstance(value, (int, float)) else float(value)
    if not (low <= value <= high and above < value < below) or not np.isfinite(value):
        refuse(function, name, "is out of range", repr(value), f"pass a number {_range(low, high, above, below)}".rstrip())
    return value


def integer(function: str, name: str, value: Any, *, low: int | None = None, high: int | None = None) -> int:
    """A whole number in [low, high], as a Python int."""
    limits = _range(-np.inf if low is None else low, np.inf if high is None else high, -np.inf, np.inf)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        refuse(function, name, "is not a whole number", describe(value), f"pass an int {limits}".rstrip(), TypeError)
    value = int(value)
    if (low is not None and value < low) or (high is not None and value > high):
        refuse(function, name, "is out of range", repr(value), f"pass an int {limits}".rstrip())
    return value


def _range(low: float, high: float, above: float, below: float) -> str:
    parts = [f">= {low}" if low > -np.inf else "", f"> {above}" if above > -np.inf else ""]
    parts += [f"<= {high}" if high < np.inf else "", f"< {below}" if below < np.inf else ""]
    return " and ".join(p for p in parts if p)


def random_state(function: str, value: Any, name: str = "random_state") -> np.random.RandomState:
    """A `numpy.random.RandomState`: from a seed in [0, 2**32), from None (NumPy's own global one), or the one given."""
    if value is None:
        return np.random.mtrand._rand
    if isinstance(value, np.random.RandomState):
        return value
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        refuse(function, name, "is not a seed", describe(value), "pass an int from 0 to 2**32 - 1, a RandomState, or None", TypeError)
    value = int(value)
    if not 0 <= value < SEED_END:
        refuse(function, name, "is out of range", repr(value), "pass a seed from 0 to 2**32 - 1")
    return np.random.RandomState(value)


def flag(function: str, name: str, value: Any) -> bool:
    """True or False; the string "False", which Python takes for true, is refused."""
    if not isinstance(value, (bool, np.bool_)):
        refuse(function, name, "is neither True nor False", describe(value), "pass True or False", TypeError)
    return bool(value)
