"""Keras' table of a net, from shapes alone, with the formula of every count."""

from __future__ import annotations

import io
import math
from typing import Any, NamedTuple

import jax

from jaxml._arguments import describe, refuse
from jaxml.nn.layer import Layer, Shape
from jaxml.nn.sequential import unique_names

WIDTH = 1000  # of the paper that the table is drawn on: no cell is ever broken


class Row(NamedTuple):
    name: str
    kind: str
    output_shape: Shape
    n_params: int
    n_bytes: int
    formula: str


def summary(layer: Layer, input_shape: Shape) -> str:
    """What goes in and out of each layer, and how many parameters it has and why.  Raises ValueError, TypeError.

    `input_shape` is that of one example: (28, 28, 1).  Nothing is computed: shapes are enough.
    """
    if not isinstance(layer, Layer):
        refuse("summary", "layer", "is not a layer", describe(layer), "pass a sequential, or one layer", TypeError)
    rows = rows_of(layer, input_shape)
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.HEAVY_HEAD, show_lines=True)
    for heading in ("Layer (type)", "Output Shape", "Param #", "Formula"):
        table.add_column(heading, justify="right" if heading == "Param #" else "left")
    for row in rows:
        shape = ", ".join(["None", *map(str, row.output_shape)])
        table.add_row(f"{row.name} ({row.kind})", f"({shape})", f"{row.n_params:,}", row.formula)
    text = io.StringIO()
    Console(file=text, width=WIDTH, no_color=True, highlight=False, force_terminal=False).print(table)
    total, size = sum(row.n_params for row in rows), _size(sum(row.n_bytes for row in rows))
    drawn = "\n".join(line.rstrip() for line in text.getvalue().splitlines())
    footer = f" Total params: {total:,} ({size})\n Trainable params: {total:,} ({size})\n Non-trainable params: 0 (0.00 B)"
    return f'Model: "{layer.name}"\n{drawn}\n{footer}'


def rows_of(layer: Layer, input_shape: Shape) -> list[Row]:
    """One row a layer; of a sequential, those of the layers in it."""
    parts = layer.layers or (layer,)
    rows = []
    for name, part in zip(unique_names(parts), parts, strict=True):
        params, output_shape = shapes_of(part, input_shape)
        sizes = [(math.prod(leaf.shape), leaf.dtype.itemsize) for leaf in jax.tree.leaves(params)]
        n = sum(size for size, _ in sizes)
        formula = part.formula(input_shape)
        rows.append(Row(name, part.kind, output_shape, n, sum(a * b for a, b in sizes), f"{formula} = {n:,}" if formula else ""))
        input_shape = output_shape
    return rows


def shapes_of(layer: Layer, input_shape: Shape) -> tuple[Any, Shape]:
    """What init would return, with shapes in place of the parameters."""
    output_shape: list[Shape] = []

    def init(key: Any) -> Any:
        params, shape = layer.init(key, input_shape)
        output_shape.append(shape)
        return params

    return jax.eval_shape(init, jax.random.key(0)), output_shape[0]


def _size(n_bytes: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if n_bytes < 1024:
            break
        n_bytes, unit = n_bytes / 1024, "TB"
    return f"{n_bytes:.2f} {unit}"
