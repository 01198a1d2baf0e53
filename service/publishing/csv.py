"""CSV (RFC 4180): a row for each incident or point, under a header; UTF-8, lines end in CRLF.

Safe to open in a spreadsheet: what one would take for a formula (``=``, ``+``, ``-``, ``@``, a tab or a
carriage return where a text begins) has an apostrophe before it. So it has within a text after what
spreadsheets separate cells by elsewhere: ``;`` in most of Europe, tabs, ends of lines. Numbers stay
numbers. A missing number or day is an empty cell.

Most fields of an incident say what those of many others do: where it was, who took part, the source. Their
cells are written once, and found again by the bytes of the field, which is then not even parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import msgspec
import orjson

from service.publishing.flat import NAMES, PARTS, SERIES_NAMES, Cell, Part
from service.publishing.publication import Format, Publication, SeriesPublication

_MISTAKEN = frozenset("=+-@\t\r＝＋－＠")
_MISTAKEN_WITHIN = re.compile(r"(?<=[;\t\r\n])(?=[=+\-@＝＋－＠])")
_TRUTH = {True: "true", False: "false"}

KEPT = 2_048
"""So many different values of a field have their cells kept."""

LARGE = 1_000
"""Bytes of a value from which on its cells are not kept: eight fields have to fit into some megabytes."""


def safe(cell: Cell) -> str | int | float | None:
    """A cell as a spreadsheet can't mistake it."""
    if isinstance(cell, str):
        if _has_separators(cell):
            cell = _MISTAKEN_WITHIN.sub("'", cell)
        return f"'{cell}" if cell[:1] in _MISTAKEN else cell
    return _TRUTH[cell] if isinstance(cell, bool) else cell


def _has_separators(text: str) -> bool:
    """Whether a text has to be quoted: for its quotes, commas and ends of lines as RFC 4180 demands, for
    semicolons and tabs as spreadsheets may separate by these, too."""
    # One look for each: for all at once Python takes the letters one by one.
    return "," in text or ";" in text or '"' in text or "\n" in text or "\r" in text or "\t" in text


def write(publication: Publication) -> Iterator[bytes]:
    """The header, then a page of rows at a time."""
    yield _lines([NAMES])
    address_of = publication.address_of
    for page in publication.pages:
        lines = []
        for values in map(msgspec.structs.astuple, map(_read, page)):
            lines += [cell(value) for cell, value in zip(_WRITERS, values, strict=True)]
            lines.append(f"{address_of(values[0])}\r\n")
        yield "".join(lines).encode()


def write_series(publication: SeriesPublication) -> Iterator[bytes]:
    """The header, then a group at a time."""
    yield _lines([SERIES_NAMES])
    for group in publication.groups:
        yield _lines(group.rows())


def _lines(rows: Iterable[Iterable[Cell]]) -> bytes:
    return "".join(f"{_cells(row)[:-1]}\r\n" for row in rows).encode()


def _cells(row: Iterable[Cell]) -> str:
    """Cells with a comma after each."""
    return "".join(map(_cell, row))


def _cell(cell: Cell) -> str:
    """A cell with a comma after it."""
    told = safe(cell)
    if told is None:
        return ","
    # Python's module for CSV takes longer for a row of short texts than all else there is to do.
    if isinstance(told, str) and _has_separators(told):
        told = '"' + told.replace('"', '""') + '"'
    return f"{told},"


def _written(part: Part) -> Callable[[Any], str]:
    """What writes a field's cells, given its value; of one that has several: its JSON."""
    make = part.cells
    if make is None:
        return _cell

    def written(raw: bytes) -> str:
        return _cells(make(orjson.loads(raw)))

    kept = lru_cache(KEPT)(written)

    def found(raw: msgspec.Raw) -> str:
        data = bytes(raw)
        return kept(data) if len(data) < LARGE else written(data)

    return found


_WRITERS = [_written(part) for part in PARTS]

_read = msgspec.json.Decoder(
    msgspec.defstruct(
        "Line",
        [(part.field, msgspec.Raw if part.cells else str | int | None) for part in PARTS],
    )
).decode

FORMAT = Format(
    suffix="csv",
    media_type="text/csv; charset=utf-8; header=present",
    title="CSV",
    incidents=write,
    series=write_series,
)
