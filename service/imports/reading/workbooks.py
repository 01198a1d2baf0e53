"""What an Excel workbook would take to read, found out by streaming its parts once, in bounded memory.

openpyxl keeps a row of a sheet, and every other part, as a tree of elements: some hundred bytes for each
that is four bytes long, and packs to none. What no spreadsheet has (ECMA-376; Excel's own limits) is
refused before openpyxl sees it.
"""

from __future__ import annotations

from typing import IO
from xml.etree import ElementTree as ET
from xml.parsers import expat
from zipfile import ZipFile

from service.imports.reading.packed import FREE, STEEPEST

MOST_ROWS = 1_048_576
"""Rows of a sheet, as Excel has it."""

MOST_CELLS = 16_384
"""Cells of a row, as Excel has it."""

MOST_OF_ROW = 4 << 20
"""Bytes of a row, and of one tag: parsing that takes the square of its length."""

MOST_BESIDE = 64 << 20
"""Bytes of a sheet that are of no row."""

MOST_HELD = 128 << 20
"""Bytes of a part that is no sheet: openpyxl holds these in memory, above all the table of texts."""

MOST_UNPACKED = 4 << 30
"""Bytes of all that a workbook unpacks to."""

MOST_ELEMENTS = 200_000
"""Elements of a row, of what a sheet has beside its rows, and of any other part but the table of texts."""

MOST_OF_TEXTS = 2_500_000
"""Elements of the table of texts that sheets share."""

_TYPES = "[Content_Types].xml"
_MAIN = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_SHEET, _TEXTS = f"{_MAIN}worksheet+xml", f"{_MAIN}sharedStrings+xml"
_ROW = "http://schemas.openxmlformats.org/spreadsheetml/2006/main}row"
_CHUNK = 1 << 16


class TooLarge(Exception):
    """Raised where a workbook has more than any spreadsheet; says of what."""


def check_workbook(file: IO[bytes]) -> None:
    """Raise `TooLarge`, or whatever `zipfile` does; the file is at its beginning then."""
    with ZipFile(file) as archive:
        members = archive.infolist()
        unpacked = sum(member.file_size for member in members)
        packed = sum(member.compress_size for member in members)
        if unpacked > min(MOST_UNPACKED, max(FREE, STEEPEST * packed)):
            raise TooLarge(f"{unpacked:,} bytes")
        sheets, texts = _kinds(archive)
        for member in members:
            name = member.filename
            if name not in sheets and member.file_size > MOST_HELD:
                raise TooLarge(f"{member.file_size:,} bytes that are no sheet")
            most = MOST_OF_TEXTS if name in texts else MOST_ELEMENTS
            with archive.open(member) as part:
                if name in sheets:
                    _Sheet().read(part)
                elif name.endswith(".rels"):
                    _Relations(sheets).read(part)
                else:
                    _Part(most).read(part)
    file.seek(0)


def _kinds(archive: ZipFile) -> tuple[set[str], set[str]]:
    """The names of the parts that are sheets, and of those that are tables of texts, and nothing else."""
    with archive.open(_TYPES) as part:
        _Part(MOST_ELEMENTS).read(part)
    kinds: dict[str, set[str]] = {}
    for each in ET.fromstring(archive.read(_TYPES)):  # noqa: S314 - it was seen to declare nothing
        name = each.get("PartName", "").lstrip("/")
        kinds.setdefault(name, set()).add(each.get("ContentType", ""))
    sheets, texts = (
        {name for name, given in kinds.items() if given == {kind}} for kind in (_SHEET, _TEXTS)
    )
    return sheets, texts


class _Part:
    """Counts the elements of a part as they come."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._read = 0
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.StartElementHandler = self._start
        self._parser.StartDoctypeDeclHandler = self._declare

    def read(self, part: IO[bytes]) -> None:
        """Read a part to its end, or to where it is no XML: no parser gets any further."""
        try:
            while chunk := part.read(_CHUNK):
                self._parser.Parse(chunk)
                self._take(len(chunk))
        except expat.ExpatError:
            return

    def _take(self, size: int) -> None:
        """Note that so many bytes more were read."""
        self._read += size
        if self._read - self._parser.CurrentByteIndex > MOST_OF_ROW:
            raise TooLarge(f"a tag of more than {MOST_OF_ROW:,} bytes")

    def _start(self, _: str, __: dict[str, str]) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooLarge("more elements of XML than any has")

    def _declare(self, *_: object) -> None:
        raise TooLarge("declarations of XML, of which it has none")


class _Relations(_Part):
    """Refuses a sheet that is said to be of charts: openpyxl holds all of those."""

    def __init__(self, sheets: set[str]) -> None:
        super().__init__(MOST_ELEMENTS)
        self._names = {name.rpartition("/")[2] for name in sheets}

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        super()._start(name, attributes)
        target = attributes.get("Target", "").rpartition("/")[2]
        if "chartsheet" in attributes.get("Type", "") and target in self._names:
            raise TooLarge("a sheet of charts with rows")


class _Sheet(_Part):
    """Measures a sheet by its rows: what is in a row is let go of at its end, what is beside them never."""

    def __init__(self) -> None:
        super().__init__(MOST_ELEMENTS)
        self._parser.EndElementHandler = self._end
        self._depth = 0  # of elements in a row, and the row
        self._cells = self._elements = self._rows = 0
        self._since = self._beside = 0  # bytes; since a row began or ended

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._depth:
            self._elements += 1
            self._cells += self._depth == 1
            self._depth += 1
            if self._cells > MOST_CELLS or self._elements > MOST_ELEMENTS:
                raise TooLarge(f"a row of more than {MOST_CELLS:,} cells")
        elif name == _ROW:
            self._turn()
            self._depth = 1
            self._cells = self._elements = 0
            self._rows += 1
            if self._rows > MOST_ROWS:
                raise TooLarge(f"more than {MOST_ROWS:,} rows")
        else:
            super()._start(name, attributes)

    def _end(self, _: str) -> None:
        if self._depth:
            self._depth -= 1
            if not self._depth:
                self._turn(in_row=True)

    def _take(self, size: int) -> None:
        super()._take(size)
        self._check(self._read - self._since, in_row=self._depth > 0)

    def _turn(self, *, in_row: bool = False) -> None:
        """Measure what comes to an end: a row, or what is between two."""
        index = self._parser.CurrentByteIndex
        self._check(index - self._since, in_row=in_row)
        if not in_row:
            self._beside += index - self._since
        self._since = index

    def _check(self, size: int, *, in_row: bool) -> None:
        if in_row and size > MOST_OF_ROW:
            raise TooLarge(f"a row of more than {MOST_OF_ROW:,} bytes")
        if not in_row and self._beside + size > MOST_BESIDE:
            raise TooLarge(f"more than {MOST_BESIDE:,} bytes beside its rows")
