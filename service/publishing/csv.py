"""CSV (RFC 4180): a row for each incident or point, under a header; UTF-8, lines end in CRLF.

Safe to open in a spreadsheet: a text that one would take for a formula (it begins with ``=``, ``+``,
``-``, ``@``, a tab or a carriage return) has an apostrophe before it. Numbers stay numbers. A missing
number or day is an empty cell.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

import orjson

from service.publishing.flat import NAMES, SERIES_NAMES, Cell, row_of
from service.publishing.publication import Format, Publication, SeriesPublication

_MISTAKEN = frozenset("=+-@\t\r＝＋－＠")
_TRUTH = {True: "true", False: "false"}


def safe(row: Iterable[Cell]) -> list[Cell]:
    """A row as a spreadsheet can't mistake it."""
    return [
        (f"'{cell}" if cell[:1] in _MISTAKEN else cell)
        if cell.__class__ is str
        else _TRUTH[cell]
        if cell.__class__ is bool
        else cell
        for cell in row
    ]


def write(publication: Publication) -> Iterator[bytes]:
    """The header, then a page of rows at a time."""
    yield _lines([NAMES])
    for page in publication.pages:
        yield _lines(row_of(entry, publication) for entry in map(orjson.loads, page))


def write_series(publication: SeriesPublication) -> Iterator[bytes]:
    """The header, then a group at a time."""
    yield _lines([SERIES_NAMES])
    for group in publication.groups:
        yield _lines(group.rows())


def _lines(rows: Iterable[Iterable[Cell]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(map(safe, rows))
    return text.getvalue().encode()


FORMAT = Format(
    suffix="csv",
    media_type="text/csv; charset=utf-8; header=present",
    title="CSV",
    incidents=write,
    series=write_series,
)
