"""What the commands print, and how: tables on a terminal, plain lines elsewhere, errors apart."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer
from rich.console import Console

if TYPE_CHECKING:
    from service.views.projector import Progress as Tell

# Text is printed as it is: ":fire:" in a title is no emoji.
out = Console(highlight=False, emoji=False)
errors = Console(stderr=True, highlight=False, emoji=False)

PLAIN_EVERY = 5.0
"""Seconds between lines of progress where there is no terminal."""


def write_anything() -> None:
    """Let text through that the terminal's encoding lacks, as an escape instead of an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write_lines(lines: Iterable[bytes]) -> None:
    """Write JSON to standard output as it is: UTF-8 whatever the terminal's encoding, one a line."""
    sys.stdout.flush()
    for line in lines:
        sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def say(text: str) -> None:
    """Print a text as it is, in lines as long as they are."""
    out.print(text, markup=False, soft_wrap=True)


def complain(text: str) -> None:
    """The same, to standard error."""
    errors.print(text, markup=False, soft_wrap=True)


def refuse(message: str) -> NoReturn:
    """Say why it can't be done, and end with status 1."""
    complain(f"casus: {message}")
    raise SystemExit(1)


def usage(message: str, option: str | None = None) -> NoReturn:
    """Say what is wrong with the command line, and with which option, and end with status 2."""
    raise typer.BadParameter(message, param_hint=option and f"'{option}'")


@contextmanager
def progress(task: str) -> Iterator[Tell]:
    """A progress bar on a terminal, a line now and then elsewhere; nothing for short work."""
    if errors.is_terminal:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), console=errors, transient=True) as bar:
            row = bar.add_task(task, visible=False)
            yield lambda done, total: bar.update(row, completed=done, total=total, visible=True)
        return
    last = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= PLAIN_EVERY:
            last = time.monotonic()
            complain(f"{task}: {done} of {total} records")

    yield tell
