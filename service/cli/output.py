"""What the commands print, and how: tables on a terminal, plain lines elsewhere, errors apart."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from service.views.projector import Progress as Tell

out = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

PLAIN_EVERY = 5.0
"""Seconds between lines of progress where there is no terminal."""


def refuse(message: str) -> NoReturn:
    """Say why it can't be done, and end with status 1."""
    errors.print(f"casus: {message}", markup=False, soft_wrap=True)
    raise SystemExit(1)


def usage(message: str) -> NoReturn:
    """Say what is wrong with the command line, and end with status 2."""
    raise typer.BadParameter(message)


@contextmanager
def progress(task: str) -> Iterator[Tell]:
    """A progress bar on a terminal, a line now and then elsewhere; nothing for short work."""
    if errors.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), console=errors, transient=True) as bar:
            row = bar.add_task(task)
            yield lambda done, total: bar.update(row, completed=done, total=total)
        return
    last = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > PLAIN_EVERY:
            last = time.monotonic()
            errors.print(f"{task}: {done} of {total} records", markup=False)

    yield tell
