"""Runs the examples in one process and makes one page of them.

python -m examples         all
python -m examples 07 13   these

Writes examples/output/index.html, and a picture beside it for each.  The exit status is 1 if an example failed.
"""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
OUTPUT = HERE / "output"
sys.path.insert(0, str(HERE))  # where a script finds _picture, as it does when it runs alone

# before jax and matplotlib are imported: compiled programs are kept from run to run, and no window opens
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(HERE.parent / ".venv" / "jax-cache"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
os.environ.setdefault("MPLBACKEND", "Agg")


class Example(NamedTuple):
    """One script, and what its run left."""

    name: str  # 07_gradient_descent_by_hand
    title: str  # the first line of its docstring
    about: str  # the rest of it
    source: str
    printed: str
    guide: dict[str, str]  # what the guide prints, as it prints it
    ours: dict[str, str]  # what we got, in as many digits
    seconds: float
    drawn: bool  # whether there is a picture
    warnings: list[str]
    failure: str  # the traceback; empty if all went well

    def compared(self) -> list[tuple[str, str, str]]:
        """(what, the guide's, ours), with a dash for what the guide does not say."""
        if self.failure:
            return [(f"failed: {self.failure.strip().splitlines()[-1]}", "", "")]
        return [(name, self.guide.get(name, "–"), value) for name, value in self.ours.items()]


def scripts(wanted: list[str]) -> list[Path]:
    """The numbered scripts, or those whose number is wanted."""
    numbered = {file.name[:2]: file for file in sorted(HERE.glob("[0-9][0-9]_*.py"))}
    if unknown := [number for number in wanted if number.zfill(2) not in numbered]:
        sys.exit(f"examples: there is no {' and no '.join(unknown)}; there are {', '.join(numbered)}")
    return [numbered[number.zfill(2)] for number in wanted] or list(numbered.values())


def run(file: Path) -> Example:
    """Runs one script as `python file` would, and keeps what it prints."""
    import jax

    source, printed, failure = file.read_text(encoding="utf-8"), io.StringIO(), ""
    title, _, about = source.split('"""')[1].strip().partition("\n")
    picture = OUTPUT / f"{file.stem}.png"
    picture.unlink(missing_ok=True)
    variables: dict[str, Any] = {}
    x64, began = jax.config.read("jax_enable_x64"), time.perf_counter()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings(record=True) as caught:
        try:
            variables = runpy.run_path(str(file), run_name="__main__")
        except (Exception, SystemExit):
            failure = traceback.format_exc()
    seconds = time.perf_counter() - began
    jax.config.update("jax_enable_x64", x64)  # a script may turn it on, for itself
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    said = [f"{w.category.__name__}: {w.message}" for w in caught]
    about, guide, ours = about.strip("=\n "), variables.get("guide", {}), variables.get("ours", {})
    return Example(file.stem, title, about, source, printed.getvalue(), guide, ours, seconds, picture.exists(), said, failure)


def main(wanted: list[str]) -> int:
    from _page import page
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Table

    console, done = Console(file=sys.stdout, highlight=False), []
    # on a terminal alone; the scripts' own output is caught, and must not be mixed with the bar's
    columns = (BarColumn(), TextColumn("{task.completed} of {task.total}  {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, redirect_stdout=False, redirect_stderr=False) as bar:
        chosen = scripts(wanted)
        task = bar.add_task("", total=len(chosen))
        for file in chosen:
            bar.update(task, description=file.stem)
            done.append(run(file))
            bar.advance(task)
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / "index.html").write_text(page(done), encoding="utf-8")

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("example")
    for heading in ("the guide says", "we got", "seconds"):
        table.add_column(heading, justify="right", no_wrap=True)
    for example in done:
        style = "bold red" if example.failure else ""
        table.add_row(example.name, "", "", f"{example.seconds:.1f}", style=style or "cyan")
        for name, guide, ours in example.compared():
            table.add_row(f"   {name}", guide, ours, "", style=style)
    console.print(table)
    for example in done:
        for text in example.warnings:
            console.print(f"\n{example.name}: {text}", style="yellow", markup=False)
        if example.failure:
            console.print(f"\n{example.name} failed:\n{example.failure}", style="red", markup=False)
    console.print(f"\nall of it, with pictures: {OUTPUT / 'index.html'}", soft_wrap=True, markup=False)
    return int(any(example.failure for example in done))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
