"""The rows that were not taken in, written beside the file that they are from.

A cell that a spreadsheet would take for a formula has an apostrophe before it, as in what is published.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self, TypeAlias

from projections.csv import safe
from service.imports.reading.outcomes import Rejected, shown

SUFFIX = ".rejected.csv"
COLUMNS = ("line", "column", "reason", "row", "file")

UNNAMED = Path("casus-import" + SUFFIX)
"""For standard input, and where a name cannot be made of a file's."""

_Identity: TypeAlias = tuple[int, int]
"""What tells a file from every other, whatever it is called: its device and its number there."""

_Write: TypeAlias = Callable[[Iterable[object]], object]


class RejectedRows:
    """A file for each that has rejected rows: ``sheet.csv.rejected.csv``, with the row and the reason.

    It holds what the last import of the file has rejected: one that rejects nothing leaves none. Where
    nothing can be written there, it is written to the folder at hand. It is never one of the files that are
    imported (`inputs`).
    """

    def __init__(self, folder: Path | None = None, inputs: Sequence[str] = ()) -> None:
        self._folder = folder
        self._inputs = frozenset(filter(None, map(_identity, map(Path, inputs))))
        self._paths: dict[str, Path] = {}
        self._writers: dict[Path, _Write] = {}
        self._known: dict[_Identity | None, Path] = {}
        self._stack = ExitStack()
        self.counts: Counter[Path] = Counter()

    def begin(self, name: str) -> None:
        """Forget what an earlier import of a file has rejected."""
        with suppress(
            OSError, ValueError
        ):  # if there are rows to write, it is found out whether they can be
            self._path_of(name).unlink(missing_ok=True)

    def add(self, name: str, member: str, rejected: Rejected) -> None:
        """Write a row of a file down; `member` is how messages call what it is of."""
        path = self._paths.get(name)
        if path is None:
            path = self._paths[name] = self._opened(name)
        self.counts[path] += 1
        self._writers[path](
            map(
                safe, (rejected.line, rejected.column, rejected.reason, rejected.raw, shown(member))
            )
        )

    def _path_of(self, name: str) -> Path:
        """Where the rejected rows of a file are written; those of standard input in the folder at hand."""
        path = UNNAMED if name == "-" else Path(name + SUFFIX)
        return self._spared(self._folder / path.name if self._folder else path)

    def _spared(self, path: Path) -> Path:
        """A path, or one made of it where a file lies that is imported."""
        while self._inputs and _identity(path) in self._inputs:
            path = path.with_name(path.name + SUFFIX)
        return path

    def _places(self, name: str) -> Iterator[Path]:
        path = self._path_of(name)
        yield path
        yield self._spared(Path(path.name))
        yield self._spared(UNNAMED)

    def _opened(self, name: str) -> Path:
        """The file for the rows of another, opened. Raises `OSError` if there can be none."""
        failure: OSError | None = None
        for path in self._places(name):
            if known := self._known.get(_identity(path)):
                return known  # of a file that was named in another way
            try:
                file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            except OSError as error:
                failure = failure or error
                continue
            self._stack.enter_context(file)
            self._writers[path] = csv.writer(file).writerow
            self._writers[path](COLUMNS)
            self._known[_identity(path)] = path
            return path
        raise failure or AssertionError("unreachable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _identity(path: Path) -> _Identity | None:
    """Which file there is at a path; None if there is none."""
    with suppress(OSError, ValueError):
        status = path.stat()
        return status.st_dev, status.st_ino
    return None
