"""How a long learning curve shows that it is alive: rich's bar on a terminal, one line at the end elsewhere."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import Any

PATIENCE = 3.0  # seconds without a bar, where none was asked for


class Silent(AbstractContextManager):
    """Shows nothing."""

    shown = False

    def __exit__(self, *_: Any) -> None: ...

    def after(self, done: int) -> None: ...


class Bar(Silent):
    """A bar over all fits, on standard error, once `patience` seconds have passed."""

    shown = True

    def __init__(self, console: Any, total: int, patience: float) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()]
        self.bar = Progress(*columns, console=console)
        self.task = self.bar.add_task("learning_curve", total=total)
        self.starts = time.perf_counter() + patience

    def after(self, done: int) -> None:
        self.bar.update(self.task, completed=done)
        if time.perf_counter() >= self.starts:
            self.bar.start()  # does nothing where it has begun

    def __exit__(self, *_: Any) -> None:
        self.bar.stop()


class Line(Silent):
    """One line when the curve is drawn, on standard error."""

    def __init__(self, console: Any, total: int) -> None:
        self.console, self.total, self.done, self.began = console, total, 0, time.perf_counter()

    def after(self, done: int) -> None:
        self.done = done

    def __exit__(self, *_: Any) -> None:
        text = f"learning_curve: {self.done} of {self.total} fits, {time.perf_counter() - self.began:.1f} s"
        self.console.print(text, highlight=False, soft_wrap=True)


def reporter(wanted: bool | None, total: int) -> Silent:
    if wanted is False:
        return Silent()
    from rich.console import Console  # here, and not above: importing jaxml leaves rich out

    console = Console(stderr=True)
    if console.is_terminal:
        return Bar(console, total, 0 if wanted else PATIENCE)
    return Line(console, total) if wanted else Silent()
