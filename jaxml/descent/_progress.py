"""How a fit shows that it is alive: rich's bar on a terminal, one line at the end elsewhere."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Silent(AbstractContextManager):
    """Shows nothing."""

    def __exit__(self, *_: Any) -> None: ...

    def during(self, epoch: int, losses: np.ndarray) -> None: ...

    def after(self, epoch: int, losses: np.ndarray, scores: list[float]) -> None: ...


class Line(Silent):
    """One line when the run is over, on standard error."""

    def __init__(self, console: Console) -> None:
        self.console, self.began, self.first, self.steps, self.text = console, time.perf_counter(), np.nan, 0, ""

    def after(self, epoch: int, losses: np.ndarray, scores: list[float]) -> None:
        self.first = float(losses.mean()) if self.steps == 0 else self.first
        self.steps += len(losses)
        epochs = f"{epoch + 1} epoch{'s' if epoch else ''}"
        self.text = f"fit: {epochs}, {self.steps} steps, loss {self.first:.4g} -> {losses.mean():.4g}" + _validation(scores)

    def __exit__(self, *_: Any) -> None:
        if self.text:
            self.console.print(f"{self.text}, {time.perf_counter() - self.began:.1f} s", highlight=False, soft_wrap=True)


class Bar(Silent):
    """A bar over all steps with the loss, on standard error."""

    def __init__(self, console: Console, epochs: int, n_steps: int | None) -> None:
        columns = [
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[loss]}"),
        ]
        self.epochs, self.n_steps, self.bar = epochs, n_steps, Progress(*columns, console=console)
        self.task = self.bar.add_task("fit", total=epochs * n_steps if n_steps else None, loss="")
        self.score = ""

    def __enter__(self) -> Bar:
        self.bar.start()
        return self

    def during(self, epoch: int, losses: np.ndarray) -> None:
        text = f"loss {losses[-50:].mean():.4g}{self.score}" if len(losses) else ""
        done = epoch * self.n_steps + len(losses) if self.n_steps else None
        self.bar.update(self.task, completed=done, description=f"epoch {epoch + 1}/{self.epochs}", loss=text)

    def after(self, epoch: int, losses: np.ndarray, scores: list[float]) -> None:
        self.score = _validation(scores)
        self.during(epoch, losses)

    def __exit__(self, *_: Any) -> None:
        self.bar.stop()


def _validation(scores: list[float]) -> str:
    return f", validation {scores[-1]:.4g}" if scores else ""


def reporter(wanted: bool, epochs: int, n_steps: int | None) -> Silent:
    console = Console(stderr=True)
    if not wanted:
        return Silent()
    return Bar(console, epochs, n_steps) if console.is_terminal else Line(console)
