"""The rows that were not taken in, written beside the file that they are from."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from service.imports.reading_outcomes import Rejected

SUFFIX = ".rejected.csv"
COLUMNS = ("line", "column", "reason", "row")


class RejectedRows:
    """A file for each that has rejected rows: ``sheet.csv.rejected.csv``, with the row and the reason.

    It holds what the last import of the file has rejected: one that rejects nothing leaves none.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._writers: dict[Path, Callable[[Iterable[object]], object]] = {}
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
        path = self.path_of(name)
        write = self._writers.get(path)
        if write is None:
            file = self._stack.enter_context(path.open("w", encoding="utf-8", newline=""))
            write = self._writers[path] = csv.writer(file).writerow
            write(COLUMNS)
        self.counts[path] += 1
        write([rejected.line, rejected.column, rejected.reason, rejected.raw])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
