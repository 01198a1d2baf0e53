"""Delimited text as rows of cells (RFC 4180; also with tabs or semicolons), without losing more than a row.

Quotes are read strictly: within a quoted cell they are doubled, and a delimiter or the line's end follows
the closing one. Python's csv reader reads what is in order. Where it is not (one quote too many lets a row
run on into others), lines are taken one at a time: the line at fault is rejected, and a row may begin in
the next. A line is read a bounded number of times, however many are at fault.

In text delimited by tabs a quote is often a character like others: a line that is no row by the rules of
quotes, and has the right number of cells as it stands, is taken as it stands.
"""

from __future__ import annotations

import csv
from collections.abc import Container, Generator, Iterator
from typing import TypeAlias

from service.imports.reading.outcomes import RAW, Rejected
from service.imports.reading.quotes import LONGEST_CELL, OPEN_AT_THE_END, Piece, Run, State, piece
from service.imports.reading.text import LONGEST_ROW, MOST_LINES, Lines, Text

WIDE = 16
"""Cells from which on a line that is a row for itself is no part of a longer one by chance."""

Cells: TypeAlias = list[str]
Line: TypeAlias = tuple[int, Cells] | Rejected
"""The cells of a row with the number of the line where it begins, the first being 1; or a line rejected."""


class Delimited:
    """The rows of a text, read once; raises `UnreadableFile` after the last that could be read.

    `widths` are the numbers of cells that a row may have; they may change as rows are read. A row with
    another number is given as well, if its quotes are in order: it is for the caller to reject.
    """

    def __init__(self, text: Text, delimiter: str, widths: Container[int]) -> None:
        csv.field_size_limit(LONGEST_CELL)
        self._lines = Lines(text)
        self._delimiter = delimiter
        self._widths = widths
        self._run = Run(self._lines.get, delimiter, MOST_LINES, LONGEST_ROW)
        self._pieces: dict[int, Piece] = {}
        self._found = {True: 0, False: 0}

    def __iter__(self) -> Iterator[Line]:
        number = 1
        while self._lines.get(number) is not None:
            self._lines.drop(number)
            self._pieces.clear()
            number, trouble = yield from self._in_order(number)
            if trouble:
                number = yield from self._line_by_line(number, trouble)
        if self._lines.failure:
            raise self._lines.failure.at(number - 1)

    def _in_order(self, begin: int) -> Generator[Line, None, tuple[int, int]]:
        """Rows from a line on, as far as they are held and in order.

        Returns where the next row begins and, if it is not in order, the last line that it may run to.
        """
        lines, widths, odd, first = self._lines.held, self._widths, self._lines.odd, begin
        read = map(lines.__getitem__, range(begin - self._lines.first, len(lines)))
        reader = csv.reader(read, delimiter=self._delimiter, strict=True)
        try:
            for cells in reader:
                end = first + reader.line_num
                if odd and self._lines.fault(begin, end):
                    return begin, end - 1
                if len(cells) in widths:
                    if end - begin > 1 and self._runs_too_far(begin, end):
                        return begin, end - 1
                    yield begin, cells
                elif cells:
                    if end - begin > 1:
                        return begin, end - 1
                    yield begin, self._as_it_stands(begin) or cells
                begin = end
        except csv.Error as error:
            if str(error) == OPEN_AT_THE_END and self._lines.grow_for(begin):
                return begin, 0
            return begin, first + reader.line_num - 1
        return begin, 0

    def _runs_too_far(self, begin: int, end: int) -> bool:
        first = self._lines.first
        held = self._lines.held[begin + 1 - first : end - first]
        if len(held) > MOST_LINES or sum(map(len, held)) > LONGEST_ROW:
            return True
        return any(
            line.count(self._delimiter) >= WIDE - 1 and self._is_row(number)
            for number, line in enumerate(held, begin + 1)
        )

    def _line_by_line(self, number: int, until: int) -> Generator[Line, None, int]:
        """Rows from a line on whose quotes are not in order; returns where the next begins."""
        while number <= until and self._lines.get(number) is not None:
            self._lines.drop(number)
            last, line = self._row_at(number)
            if line is not None:
                yield line
            self._pieces.pop(number, None)
            number = last + 1
        return number

    def _row_at(self, number: int) -> tuple[int, Line | None]:
        """The row that begins in a line, or why none does; and the last line that this takes up."""
        if self._lines.odd and (fault := self._lines.fault(number, number + 1)):
            return number, self._rejected(number, fault)
        found = self._piece(number)
        if found.state is State.OPEN:
            return self._open_row_at(number, found)
        if found.state is State.FAULTY or len(found.cells) not in self._widths:
            if cells := self._as_it_stands(number):
                return number, (number, cells)
            if found.state is State.FAULTY:
                return number, self._rejected(number, found.fault)
        return number, (number, found.cells) if found.cells else None

    def _open_row_at(self, number: int, found: Piece) -> tuple[int, Line | None]:
        count, fault = self._run.after(number, len(found.cells))
        last = self._run.reach
        fits = count in self._widths
        if count and fits and (count < WIDE or not self._row_within(number, last)):
            return self._whole(number, last)
        if cells := self._as_it_stands(number):
            return number, (number, cells)
        if count:
            if not fits and not self._row_within(number, last, open_too=True):
                return self._whole(number, last)
            fault = (
                f"a quote opens in it that is not closed before line {last:,}, and rows follow it"
            )
        elif self._run.ended and self._lines.failure and not self._row_within(number, last):
            return last, None  # it is the row in which the file was cut off
        return number, self._rejected(number, fault)

    def _whole(self, number: int, last: int) -> tuple[int, Line]:
        first = self._lines.first
        if self._lines.odd and (fault := self._lines.fault(number, last + 1)):
            return number, self._rejected(number, fault)
        lines = self._lines.held[number - first : last + 1 - first]
        try:
            return last, (number, next(csv.reader(lines, delimiter=self._delimiter, strict=True)))
        except csv.Error:
            return number, self._rejected(
                number, f"a cell is longer than {LONGEST_CELL:,} characters"
            )

    def _row_within(self, number: int, last: int, *, open_too: bool = False) -> bool:
        """Whether a row begins after a line, up to another: one for itself, or one that goes on."""
        if not number < self._found[open_too] <= last:
            self._found[open_too] = next(
                (
                    each
                    for each in range(number + 1, last + 1)
                    if self._is_row(each, open_too=open_too)
                ),
                0,
            )
        return bool(self._found[open_too])

    def _is_row(self, number: int, *, open_too: bool = False) -> bool:
        if self._as_it_stands(number):
            return True
        found = self._piece(number)
        if found.state is State.COMPLETE and len(found.cells) in self._widths:
            # A row's first cell may go on over lines as well: the last of these has one quote, its end.
            return self._held(number).count('"') % 2 == 0
        return open_too and found.state is State.OPEN

    def _as_it_stands(self, number: int) -> Cells | None:
        if self._delimiter != "\t":
            return None
        cells = self._held(number).rstrip("\r\n").split("\t")
        return cells if len(cells) in self._widths else None

    def _piece(self, number: int) -> Piece:
        found = self._pieces.get(number)
        if found is None:
            found = self._pieces[number] = piece(self._held(number), self._delimiter, quoted=False)
        return found

    def _held(self, number: int) -> str:
        return self._lines.held[number - self._lines.first]

    def _rejected(self, number: int, reason: str) -> Rejected:
        return Rejected(number, None, reason, self._held(number)[:RAW].rstrip("\r\n"))
