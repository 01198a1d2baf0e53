"""Lines of delimited text read one by one, where the quotes of a row are not in order.

A line stands in one of two states: a row begins in it, or it goes on within a quoted cell. `piece` reads it
in either, and `Run` puts the pieces of a row together: rows that are still open at the end of the same
line go on alike, so that a line is read once for all of them.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

LONGEST_CELL = 1 << 20
"""Characters in a cell."""

OPEN_AT_THE_END = "unexpected end of data"
"""What the csv reader raises if its input ends within a quoted cell."""

_FAULTS = {
    "new-line": "a carriage return stands in it outside of quotes",
    "field larger": f"a cell is longer than {LONGEST_CELL:,} characters",
}
_STRAY_QUOTE = "text follows a closing quote; within a cell, quotes are doubled"


class State(Enum):
    """How a line ends: with its row, within a quoted cell, or not by the rules."""

    COMPLETE = auto()
    OPEN = auto()
    FAULTY = auto()


@dataclass(frozen=True, slots=True)
class Piece:
    """A line read by itself: how it ends, its cells as far as they go, and what is wrong with it."""

    state: State
    cells: list[str] = field(default_factory=list)
    fault: str = ""


def piece(line: str, delimiter: str, *, quoted: bool) -> Piece:
    """A line in which a row begins or, `quoted`, a cell goes on: that is the first of the cells then."""
    read = ['"' + line if quoted else line]
    try:
        return Piece(State.COMPLETE, next(csv.reader(read, delimiter=delimiter, strict=True), []))
    except csv.Error as error:
        said = str(error)
    if said == OPEN_AT_THE_END:
        return Piece(State.OPEN, next(csv.reader(read, delimiter=delimiter)))
    fault = next((told for start, told in _FAULTS.items() if said.startswith(start)), _STRAY_QUOTE)
    return Piece(State.FAULTY, fault=fault)


class Run:
    """How rows go on that are open at the end of a line, up to the line in which the quoted cell ends.

    `reach` is the last line that was read for it, at least that of the row; `ended` says whether the text
    ended there.
    """

    def __init__(
        self, line: Callable[[int], str | None], delimiter: str, most_lines: int, longest: int
    ) -> None:
        self._line = line
        self._delimiter = delimiter
        self._most_lines = most_lines
        self._longest = longest
        self._start(0)

    def _start(self, number: int) -> None:
        # For each line from `_first` on, as far as the cell stays open: how many cells begin, and how many
        # characters are, in the lines before it.
        self._first = number
        self._cells = [0]
        self._characters = [0]
        self._state = State.OPEN
        self._fault = ""
        self.ended = False
        self.reach = number - 1

    def after(self, number: int, cells: int) -> tuple[int | None, str]:
        """How many cells the row has, of which so many begin in a line that is open at its end.

        If it does not end, or not by the rules: None, and what is wrong.
        """
        begin = number + 1
        if not self._first <= begin < self._first + len(self._cells):
            self._start(begin)
        elif begin - self._first > self._most_lines:
            passed = begin - self._first
            del self._cells[:passed], self._characters[:passed]
            self._first = begin
        at = begin - self._first
        while self._state is State.OPEN and not self.ended:
            if (
                len(self._cells) - at > self._most_lines
                or self._characters[-1] - self._characters[at] > self._longest
            ):
                return None, (
                    f"a quote opens in it that is not closed within {self._most_lines:,} lines"
                    f" or {self._longest:,} characters"
                )
            self._read_on()
        if self._state is State.COMPLETE:
            return cells + self._total - self._cells[at], ""
        return None, self._fault

    def _read_on(self) -> None:
        number = self._first + len(self._cells) - 1
        line = self._line(number)
        if line is None:
            self.ended = True
            self._fault = "a quote opens in it that is not closed before the end of the file"
            return
        self.reach = number
        found = piece(line, self._delimiter, quoted=True)
        self._state = found.state
        total = self._cells[-1] + len(found.cells) - 1
        if found.state is State.OPEN:
            self._cells.append(total)
            self._characters.append(self._characters[-1] + len(line))
        self._total = total
        self._fault = (
            f"a quote opens in it that is not closed rightly (line {number:,}: {found.fault})"
        )
