"""How a report reads on a terminal: what was found in one sentence, the evidence in two columns, what to do about it."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable


def text(found: str, evidence: Iterable[tuple[str, str]] = (), notes: Iterable[str] = ()) -> str:
    """Plain text without colours, no wider than the terminal and no wider than 100 columns."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = max(40, min(100, shutil.get_terminal_size().columns))
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None, legacy_windows=False)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for name, said in evidence:
        table.add_row(Text(f"  {name}"), Text(said))
    console.print(Text(found))
    if table.row_count:
        console.print(table)
    for note in notes:
        console.print(Text(note))
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines())
