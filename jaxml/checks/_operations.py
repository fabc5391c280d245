"""A function as its operations, run one by one: which of them makes the first number that is not finite?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.extend.source_info_util
import jax.numpy as jnp
import numpy as np

MOST = 20_000  # operations, with those of every round of a loop
WHOLE = {"cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp", "rev", "sort", "transpose", "dot_general"}  # not entry by entry
SUMS = {"reduce_sum", "dot_general", "conv_general_dilated", "cumsum", "add_any", "reduce_prod", "cumprod", "scatter_add"}
SIGNS = {"add": "{} + {}", "sub": "{} - {}", "mul": "{} · {}", "div": "{} / {}", "pow": "{} to the power {}", "square": "{} squared"}


class Value(NamedTuple):
    """An array, and the operation that made it; None for what was given."""

    array: Any
    made_by: Operation | None = None


class Operation(NamedTuple):
    """One operation as it ran."""

    name: str
    inputs: tuple[Value, ...]
    params: dict[str, Any]
    place: str  # in the source
    inside: str  # round 3 of a loop; empty outside loops


class Culprit(NamedTuple):
    """The operation that made a number not finite of finite ones."""

    kind: (
        str  # overflow; log_of_zero; undefined: a division by zero, a root or logarithm of a negative number; chosen: NaN was written there
    )
    said: str  # exp of 92.1 in float32: …
    place: str  # in the source, and in which round of a loop
    operation: str


class TooLongError(Exception):
    """More operations than can be run one by one."""


def dtypes(closed: Any) -> set[Any]:
    """The floating types that a program's numbers have, and at least that of its result."""
    return {out.dtype for out in closed.out_avals} | {
        v.aval.dtype
        for equation in equations(closed.jaxpr)
        for v in equation.outvars
        if jnp.issubdtype(getattr(v.aval, "dtype", bool), jnp.floating)
    }


def equations(jaxpr: Any) -> Iterator[Any]:
    """Every operation of a program, and of the programs in it: the body of a jit, a loop or a branch."""
    for equation in jaxpr.eqns:
        yield equation
        for value in equation.params.values():
            for one in value if isinstance(value, (tuple, list)) else (value,):
                if hasattr(program := getattr(one, "jaxpr", one), "eqns"):
                    yield from equations(program)


def apply(equation: Any, inputs: list[Any]) -> list[Any]:
    """The results of one operation."""
    kept = equation.primitive.get_bind_params(equation.params)
    functions, kept = kept if isinstance(kept, tuple) else ((), kept)  # a pair before jax 0.10
    results = equation.primitive.bind(*functions, *inputs, **kept)
    return results if equation.primitive.multiple_results else [results]


def blame(function: Callable[..., Any], *arguments: Any) -> Culprit | None:
    """Where the first number of function(*arguments) that is not finite comes from; None where all are, or it takes too long."""
    _, results = _run(function, arguments)
    bad = next((value for value in results if not_finite(value.array).any()), None)
    return None if bad is None or bad.made_by is None else _origin(bad, bad.made_by)


class Seen(NamedTuple):
    """What happens on the way to a function's value."""

    hides: bool  # an operation leaves the finite numbers, and none of them reach the value
    writes_nan: bool  # where() chooses a NaN that the function itself holds


def watch(function: Callable[..., Any], *arguments: Any) -> Seen:
    """function(*arguments), operation by operation; nothing is seen where it takes too long."""
    run, results = _run(function, arguments)
    finite = bool(results) and not any(not_finite(value.array).any() for value in results)
    return Seen(run.left_finite and finite, run.wrote_nan)


def _run(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Run, list[Value]]:
    """What happened, and the results; none where it takes too long."""
    closed, run = jax.make_jaxpr(function)(*arguments), Run()
    try:
        return run, run.closed(closed, [Value(leaf) for leaf in jax.tree.leaves(arguments)], "")
    except TooLongError:
        return run, []


class Run:
    """Runs a program; what it calls is run in its place, loops round by round."""

    def __init__(self) -> None:
        self.done, self.left_finite, self.wrote_nan = 0, False, False

    def of(self, jaxpr: Any, constants: Any, arguments: list[Value], inside: str) -> list[Value]:
        names: dict[Any, Value] = dict(zip(jaxpr.constvars, map(Value, constants), strict=True))
        names |= dict(zip(jaxpr.invars, arguments, strict=True))
        read = lambda v: Value(v.val) if hasattr(v, "val") else names[v]
        for equation in jaxpr.eqns:
            names |= dict(zip(equation.outvars, self.one(equation, [read(v) for v in equation.invars], inside), strict=True))
        return [read(v) for v in jaxpr.outvars]

    def closed(self, closed: Any, arguments: list[Value], inside: str) -> list[Value]:
        return self.of(getattr(closed, "jaxpr", closed), getattr(closed, "consts", ()), arguments, inside)

    def one(self, equation: Any, inputs: list[Value], inside: str) -> list[Value]:
        """The results of one operation."""
        name, params = equation.primitive.name, equation.params
        self.done += 1
        if self.done > MOST:
            raise TooLongError
        if name == "scan":
            return self.scan(equation, inputs, inside)
        if name == "while":
            return self.loop(params, inputs, inside)
        if name == "cond":
            return self.closed(params["branches"][int(inputs[0].array)], inputs[1:], inside)
        called = next((params[key] for key in ("jaxpr", "call_jaxpr", "fun_jaxpr") if hasattr(params.get(key), "eqns")), None)
        if called is not None and len(getattr(called, "jaxpr", called).invars) == len(inputs):
            return self.closed(called, inputs, inside)
        results = apply(equation, [value.array for value in inputs])
        if any(not_finite(result).any() for result in results):
            self.left_finite |= not any(not_finite(value.array).any() for value in inputs)
            self.wrote_nan |= name == "select_n" and any(np.isnan(value.array).all() for value in inputs[1:])
        ran = Operation(name, tuple(inputs), params, _place(equation), inside)
        return [Value(result, ran) for result in results]

    def scan(self, equation: Any, inputs: list[Value], inside: str) -> list[Value]:
        params, body = equation.params, getattr(equation.params["jaxpr"], "jaxpr", equation.params["jaxpr"])
        # the body sees a row of what is gone through, and all of the rest; jax 0.12 gives no counts
        whole = lambda outer, inner: sum(a.aval.shape == b.aval.shape for a, b in zip(outer, inner, strict=True))
        carried, passed = whole(equation.outvars, body.outvars), whole(equation.invars, body.invars)
        fixed, state, rows = inputs[: passed - carried], inputs[passed - carried : passed], inputs[passed:]
        order = range(params["length"])
        parts: list[list[Value]] = []
        for i in reversed(order) if params["reverse"] else order:
            here = f"{inside}round {i} of a loop of {len(order)}"
            row = [Value(value.array[i], _link(value)) for value in rows]
            results = self.closed(params["jaxpr"], [*fixed, *state, *row], here)
            state = results[:carried]
            parts.append(results[carried:])
        parts = parts[::-1] if params["reverse"] else parts
        return [*state, *(Value(jnp.stack([part.array for part in column]), _link(*column)) for column in zip(*parts, strict=True))]

    def loop(self, params: dict[str, Any], inputs: list[Value], inside: str) -> list[Value]:
        asked, run = params["cond_nconsts"], params["body_nconsts"]
        condition, body, state = inputs[:asked], inputs[asked : asked + run], inputs[asked + run :]
        i = 0
        while bool(self.closed(params["cond_jaxpr"], [*condition, *state], inside)[0].array):
            state = self.closed(params["body_jaxpr"], [*body, *state], f"{inside}round {i} of a loop")
            i += 1
        return state


def _link(*values: Value) -> Operation:
    """Between a loop's arrays and their rows."""
    return Operation("link", values, {}, "", "")


def _place(equation: Any) -> str:
    """file.py:12 (f), of the caller's source."""
    said = jax.extend.source_info_util.summarize(equation.source_info)
    path, _, name = said.partition(" ")
    return f"{os.path.basename(path.rpartition(':')[0])} {name}".strip()


def not_finite(array: Any) -> np.ndarray:
    """Where; nowhere for what are not real numbers."""
    if not jnp.issubdtype(getattr(array, "dtype", np.asarray(array).dtype), jnp.floating):
        return np.zeros(np.shape(array), bool)
    return ~np.isfinite(np.asarray(array))


# ---------------------------------------------------------------- back to the first


def _origin(bad: Value, operation: Operation) -> Culprit:
    """Back from a number that is not finite, through those that made it so, to an operation of finite numbers."""
    value, mask = bad, not_finite(bad.array)
    while True:
        shape = mask.shape
        by_entry = operation.name not in WHOLE and all(np.shape(v.array) in ((), shape) for v in operation.inputs)
        for i, source in enumerate(operation.inputs):
            wrong = not_finite(source.array)
            if operation.name == "select_n":  # subtle: what was not chosen does no harm
                wrong = wrong & (np.asarray(operation.inputs[0].array) == i - 1)
            if by_entry and wrong.shape == shape:
                wrong &= mask
            if wrong.any() and source.made_by is not None:
                value, mask, operation = source, wrong, source.made_by
                break
        else:
            return _culprit(operation, value, mask, by_entry)


def _culprit(operation: Operation, value: Value, mask: np.ndarray, by_entry: bool) -> Culprit:
    at = tuple(np.argwhere(mask)[0])
    result = np.asarray(value.array)[at]
    arrays = [np.asarray(source.array) for source in operation.inputs]
    operands = [float(a[at] if a.shape else a) for a in arrays] if by_entry and operation.name != "select_n" else []
    kind = _kind(operation, operands, result)
    place = ", ".join(part for part in (operation.place, operation.inside) if part)
    return Culprit(kind, _said(operation, operands, arrays, kind, result.dtype), place, operation.name)


def _kind(operation: Operation, operands: list[float], result: Any) -> str:
    name = operation.name
    if any(not_finite(source.array).any() for source in operation.inputs):
        return "chosen"
    if name in SUMS:
        return "overflow"
    if (name == "log" and operands == [0]) or (name == "log1p" and operands == [-1]):
        return "log_of_zero"
    pole = (name == "div" and operands[1:] == [0]) or (name in ("rsqrt", "pow", "integer_pow", "cbrt") and operands[:1] == [0])
    return "undefined" if pole or np.isnan(result) or name in ("atanh", "lgamma", "digamma", "erf_inv") else "overflow"


def _said(operation: Operation, operands: list[float], arrays: list[np.ndarray], kind: str, dtype: Any) -> str:
    name, numbers = operation.name, [f"{operand:.4g}" for operand in operands]
    largest = f"{dtype}: more than {jnp.finfo(dtype).max:.2g}, its largest number"
    if kind == "chosen":
        return "NaN or infinity is written in the loss itself, and chosen for some entry"
    if name == "integer_pow":
        said = f"{numbers[0]} to the power {operation.params['y']}"
    elif name in SIGNS and len(numbers) == SIGNS[name].count("{}"):
        said = SIGNS[name].format(*numbers)
    elif numbers:
        said = f"{name} of {' and '.join(numbers)}"
    else:
        sizes = " and ".join(f"{np.abs(a).max():.4g}" for a in arrays if a.size)
        said = f"{name} of arrays with entries up to {sizes}"
    if kind != "overflow":
        below = operation.inputs[-1].made_by if name == "div" and operands[1] == 0 else None
        return said + (f", the 0 from {below.name}" if below and below.name in ("sqrt", "sub", "reduce_sum", "exp", "abs") else "")
    edge = f"; exp overflows at {float(np.log(jnp.finfo(dtype).max)):.1f}" if name in ("exp", "expm1") else ""
    return f"{said} in {largest}{edge}"
