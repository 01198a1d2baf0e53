"""What reading a file comes to: rows, rows that are refused, and why a file cannot be read.

FileRefused
├── UnreadableFile   it cannot be opened, unpacked or read to its end
│   └── NoData       it is of a kind that is not read, or empty
└── UnknownFormat    it is of no known format, of several, or of another than was named
    └── NoFormat     it has nothing to do with any format
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

RAW = 1_000
"""How many characters of a refused row are shown."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row by its place in the file: where in a text it begins (the physical line), else its number.

    `cells` has every column of the format, and no other; what the file lacks is the empty text.
    """

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is not taken in: its place, the column at fault if it is one, why, and how it begins."""

    line: int
    column: str | None
    reason: str
    raw: str | None = None


class FileRefused(Exception):
    """Raised when a file cannot be imported; says what is wrong, where, and what to do."""


class UnreadableFile(FileRefused):
    """Raised when a file cannot be opened, unpacked or read to its end.

    `read` counts the bytes that were read of its contents before that; `line` is the last line, item or row
    of a sheet that was read whole.
    """

    def __init__(
        self, name: str, reason: str, remedy: str, read: int | None = None, line: int | None = None
    ) -> None:
        super().__init__(name, reason, remedy, read, line)
        self.name = name
        self.reason = reason
        self.remedy = remedy
        self.read = read
        self.line = line

    def __str__(self) -> str:
        read = "" if self.read is None else f", after {self.read:,} bytes of its contents"
        line = "" if self.line is None else f", after line {self.line:,}"
        return f"{shown(self.name)}: {self.reason}{read}{line}; {self.remedy}"

    def at(self, line: int) -> UnreadableFile:
        """The same, with the last line that was read whole."""
        return UnreadableFile(self.name, self.reason, self.remedy, self.read, line)


class NoData(UnreadableFile):
    """Raised when a file is of a kind that is not read, such as a document, or empty."""


class UnknownFormat(FileRefused):
    """Raised when a file is of no known format, of several, or of another than was named.

    `missing` are the required columns that the file lacks of the format which it is nearest to.
    """

    def __init__(
        self, name: str, reason: str, nearest: str | None = None, missing: Sequence[str] = ()
    ) -> None:
        super().__init__(name, reason, nearest, tuple(missing))
        self.name = name
        self.reason = reason
        self.nearest = nearest
        self.missing = tuple(missing)

    def __str__(self) -> str:
        return f"{shown(self.name)}: {self.reason}"


class NoFormat(UnknownFormat):
    """Raised when no row at a file's beginning has two columns of any format: it may be no data."""


def shown(text: str, most: int = 200) -> str:
    """Text of a file, or its name, as a message may show it: one line, without control characters."""
    text = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
