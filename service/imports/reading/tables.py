"""Rows of cells, of a text or a sheet, as rows of a format.

Passed over: blank rows; the header, and headers further down, in a file that was joined of several; a row
of HXL tags (``#date+year``) under a header. A header further down may have other columns, in another order:
the rows under it are read by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from service.imports.format import Format
from service.imports.reading.delimited import Line
from service.imports.reading.headers import BYTE_ORDER_MARKS, Take, layout, plain
from service.imports.reading.json import Object
from service.imports.reading.outcomes import RAW, Rejected, Row

_MOST_NAMES = 1_000


class Table:
    """The rows of a format, by their header or, without one, each by its own number of cells.

    `widths` has the numbers of cells that a row may have, as far as it was read; `unknown` the columns that
    the format does not have; `headers` and `tags` count the rows of that kind which were passed over.
    """

    def __init__(self, fmt: Format, header: Sequence[str] | None, delimiter: str = ",") -> None:
        self.widths: dict[int, Take] = {}
        self.unknown: tuple[str, ...] = ()
        self.headers = 0
        self.tags = 0
        self._format = fmt
        self._delimiter = delimiter
        self._phantoms = frozenset(map(plain, fmt.phantoms))
        self._headed = header is not None
        self._under_header = False
        # What a row's first cell holds if the row may be blank or a header.
        self._marks = {"", *(header or ())}
        for column, others in fmt.columns.items():
            for name in (column, *others):
                self._marks |= {name, name.lower(), name.upper(), name.title(), plain(name)}
        self._marks |= {order + mark for order in BYTE_ORDER_MARKS for mark in self._marks}
        if header is None:
            self.widths |= {width: layout(fmt, names).take for width, names in fmt.layouts.items()}
        else:
            self._take_header(header)

    def rows(self, lines: Iterable[Line], header_at: int = 0) -> Iterator[Row | Rejected]:
        """The rows below the line of the header, if there is one; and what is rejected, also above it."""
        widths, marks, names = self.widths, self._marks, tuple(self._format.columns)
        look = self._headed
        for line in lines:
            if isinstance(line, Rejected):
                yield line
                continue
            number, cells = line
            take = widths.get(len(cells))
            if look or take is None or cells[0] in marks:
                outcome = self._looked_at(number, cells, header_at)
                look = number < header_at or self._under_header
                if isinstance(outcome, Rejected):
                    yield outcome
                if outcome is None or isinstance(outcome, Rejected):
                    continue
                take = outcome
            cells.append("")
            yield Row(number, dict(zip(names, take(cells), strict=True)))

    def _looked_at(self, number: int, cells: list[str], header_at: int) -> Take | Rejected | None:
        """How a row is to be read; why it is not; None if it is to be passed over."""
        if not any(map(str.strip, cells)):
            return None
        if number < header_at:
            hint = cells[0].lower().startswith("sep=")  # how spreadsheets name the delimiter
            return None if hint else self._rejected(number, cells, "it stands above the header")
        if number == header_at or self._is_header(cells):
            self._take_header(cells)
            self.headers += 1
            self._under_header = True
            return None
        under_header, self._under_header = self._under_header, False
        if under_header and all(cell.startswith("#") for cell in cells if cell):
            self.tags += 1
            return None
        return self._take(cells) or self._rejected(number, cells, self._count(cells))

    def _is_header(self, cells: list[str]) -> bool:
        needed = max(1, len(self._format.required))
        if sum(cell in self._marks for cell in cells if cell) < needed:
            return False
        return not layout(self._format, cells).missing

    def _take_header(self, header: Sequence[str]) -> None:
        found = layout(self._format, header)
        self.widths.clear()  # in place: who reads the rows asks it
        self.widths[len(header)] = found.take
        there = [name for name in header if plain(name) not in self._phantoms]
        if len(there) < len(header):
            self.widths[len(there)] = layout(self._format, there).take
        self.unknown = tuple(dict.fromkeys((*self.unknown, *found.unknown)))

    def _take(self, cells: list[str]) -> Take | None:
        if take := self.widths.get(len(cells)):
            return take
        width = max(self.widths)
        if self._delimiter == "\t" and len(self.widths) == 1 and not any(cells[width:]):
            del cells[width:]  # tabs at the end of lines, where no text is likely to have them
        return self.widths.get(len(cells))

    def _count(self, cells: list[str]) -> str:
        widths = " or ".join(str(width) for width in sorted(self.widths))
        return f"it has {len(cells)} cells, and should have {widths}"

    def _rejected(self, number: int, cells: list[str], reason: str) -> Rejected:
        return Rejected(number, None, reason, self._delimiter.join(cells)[:RAW])

    def notes(self) -> list[str]:
        """What was found besides rows, a sentence each."""
        notes = []
        if not self._headed:
            notes.append("It has no header: its columns were taken by their number.")
        if self.tags:
            notes.append("A row of HXL tags was passed over.")
        if self.headers > 1:
            notes.append(f"{self.headers - 1:,} more headers were passed over.")
        return notes


class Objects:
    """The rows of a format, by the names that each has with its cells.

    `unknown` are the names that the format does not have, as far as it was read.
    """

    def __init__(self, fmt: Format) -> None:
        self.unknown: tuple[str, ...] = ()
        self._format = fmt
        self._takes: dict[tuple[str, ...], Take] = {}

    def rows(self, items: Iterable[Object]) -> Iterator[Row | Rejected]:
        """The rows, and what is rejected."""
        names, takes = tuple(self._format.columns), self._takes
        for item in items:
            if isinstance(item, Rejected):
                yield item
                continue
            number, cells = item
            header = tuple(cells)
            take = takes.get(header) or self._learnt(header)
            yield Row(number, dict(zip(names, take([*cells.values(), ""]), strict=True)))

    def _learnt(self, header: tuple[str, ...]) -> Take:
        found = layout(self._format, header)
        known = set(self.unknown)
        if len(known) < _MOST_NAMES:
            self.unknown += tuple(name for name in found.unknown if name not in known)
        if len(self._takes) == _MOST_NAMES:
            self._takes.clear()
        self._takes[header] = found.take
        return found.take

    def notes(self) -> list[str]:
        """What was found besides rows: nothing."""
        return []
