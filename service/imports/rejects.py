"""The rows that were not taken in, written beside the file that they are from."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Self, TypeAlias

from service.imports.reading.outcomes import Rejected

SUFFIX = ".rejected.csv"
COLUMNS = ("line", "column", "reason", "row")

_Writer: TypeAlias = tuple[Path, Callable[[Iterable[object]], object]]


class RejectedRows:
    """A file for each that has rejected rows: ``sheet.csv.rejected.csv``, with the row and the reason.

    It holds what the last import of the file has rejected: one that rejects nothing leaves none. Where
    nothing can be written there, it is written to the folder at hand.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._writers: dict[Path, _Writer] = {}
        self._stack = ExitStack()
        self.counts: Counter[Path] = Counter()

    def path_of(self, name: str) -> Path:
        """Where the rejected rows of a file are written; those of standard input in the folder at hand."""
        path = Path("casus-import" if name == "-" else name)
        path = path.with_name(path.name + SUFFIX)
        return self._folder / path.name if self._folder else path

    def begin(self, name: str) -> None:
        """Forget what an earlier import of a file has rejected."""
        self.path_of(name).unlink(missing_ok=True)

    def add(self, name: str, rejected: Rejected) -> None:
        """Write a row down."""
        wanted = self.path_of(name)
        writer = self._writers.get(wanted)
        if writer is None:
            writer = self._writers[wanted] = self._opened(wanted)
        path, write = writer
        self.counts[path] += 1
        write([rejected.line, rejected.column, rejected.reason, rejected.raw])

    def _opened(self, path: Path) -> _Writer:
        try:
            file = path.open("w", encoding="utf-8", newline="")
        except OSError:
            path = Path(path.name)
            file = path.open("w", encoding="utf-8", newline="")
        self._stack.enter_context(file)
        write = csv.writer(file).writerow
        write(COLUMNS)
        return path, write

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
