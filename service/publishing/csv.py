"""CSV (RFC 4180): a row for each incident or point, under a header; UTF-8, lines end in CRLF.

The lines of incidents are kept finished (`projections.csv`, which says what makes them safe for a
spreadsheet too): what is read of the store is what is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from projections.csv import cells
from projections.flat import NAMES, SERIES_NAMES, Cell
from service.publishing.publication import Format, Publication, SeriesPublication


def write(publication: Publication) -> Iterator[bytes]:
    """The header, then a page of lines at a time."""
    yield _lines([NAMES])
    yield from publication.lines


def write_series(publication: SeriesPublication) -> Iterator[bytes]:
    """The header, then a group at a time."""
    yield _lines([SERIES_NAMES])
    for group in publication.groups:
        yield _lines(group.rows())


def _lines(rows: Iterable[Iterable[Cell]]) -> bytes:
    return "".join(f"{cells(row)[:-1]}\r\n" for row in rows).encode()


FORMAT = Format(
    suffix="csv",
    media_type="text/csv; charset=utf-8; header=present",
    title="CSV",
    incidents=write,
    series=write_series,
)
