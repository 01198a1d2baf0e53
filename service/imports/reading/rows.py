"""The rows of a stream, in the columns of a format: what each importer's pure function is handed.

What a stream is, is found out from its first bytes: a workbook, JSON, or delimited text (comma, tab or
semicolon); which format it is of, from its header or its first rows. A row at fault is rejected, and the
rest goes on. Memory stays flat, whatever the size of the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, TypeVar

from service.imports.format import Format
from service.imports.reading.delimited import Delimited, Line
from service.imports.reading.files import Stream
from service.imports.reading.headers import SAMPLE, Match, another, matches, several, unknown
from service.imports.reading.json import Object, is_json, is_lines, json_documents, json_lines
from service.imports.reading.outcomes import (
    FileRefused,
    Rejected,
    Row,
    UnknownFormat,
    UnreadableFile,
    shown,
)
from service.imports.reading.packed import ZIP
from service.imports.reading.samples import (
    DELIMITERS,
    Sample,
    check,
    check_width,
    first_parted,
    headed,
    sample_of,
    sample_of_lines,
)
from service.imports.reading.sheets import sheet_rows
from service.imports.reading.tables import Objects, Table
from service.imports.reading.text import BLOCK, Text

__all__ = [
    "FileRefused",
    "Reading",
    "Rejected",
    "Row",
    "UnknownFormat",
    "UnreadableFile",
    "first_rows",
    "open_rows",
]

Item = TypeVar("Item")


class Reading:
    """The rows of a stream, to be read once, and what was found out about it on the way.

    Iterating raises `UnreadableFile` after the last row, if the stream cannot be read to its end.
    """

    def __init__(
        self,
        name: str,
        fmt: Format,
        rows: Iterator[Row | Rejected],
        source: Table | Objects,
        text: Text | None = None,
    ) -> None:
        self.name = name
        self.format = fmt
        self._rows = rows
        self._source = source
        self._text = text

    def __iter__(self) -> Iterator[Row | Rejected]:
        return self._rows

    @property
    def unknown_columns(self) -> tuple[str, ...]:
        """The columns seen so far that the format does not have, and that are left out."""
        return tuple(shown(name, 60) for name in self._source.unknown)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing of how the stream was read so far, a sentence each."""
        notes = self._source.notes()
        if self._text and self._text.substituted:
            notes.append(
                f"It is not UTF-8 in {self._text.substituted:,} places, which were read as Windows-1252."
            )
        return tuple(notes)


def open_rows(
    stream: Stream,
    formats: Sequence[Format],
    named: Sequence[Format] = (),
    *,
    sheet: str | None = None,
) -> Reading:
    """The rows of a stream that is of one of the formats: of those that the user `named`, if any.

    `sheet` names the sheet of a workbook that is to be read, if not the first. Raises `UnknownFormat`, and
    `UnreadableFile` if not even the first rows can be read.
    """
    search = _Search(stream.name, formats, named)
    if stream.peek(4).startswith(ZIP):
        return _of_sheet(stream, sheet, search)
    text = Text(stream)
    text.hold_lines(SAMPLE + 2)
    if is_json(text.head):
        return _of_objects(text, search)
    return _of_text(text, search)


def first_rows(stream: Stream, count: int = SAMPLE, *, sheet: str | None = None) -> list[list[str]]:
    """The first rows of a stream as they stand, of whatever format it is, from the header on.

    Blank ones are left out, and lines of text above the header, which have one cell. Of JSON the first is
    the names of the members. Raises `UnreadableFile`.
    """
    if stream.peek(4).startswith(ZIP):
        return headed(_begun(sheet_rows(stream, sheet), count)[0])
    text = Text(stream)
    text.hold_lines(count + 2)
    if is_json(text.head):
        objects = _objects(_begun(_items(text), count)[0])
        names = _names(objects)
        return [names, *([cells.get(name, "") for name in names] for cells in objects)]
    samples = [sample_of(text, delimiter, count) for delimiter in DELIMITERS]
    check(text, samples)
    rows = headed(min(samples, key=first_parted))
    if 1 < len(rows) < count and len(text.head) >= BLOCK and not text.head.endswith((b"\n", b"\r")):
        rows.pop()  # it was cut off
    return rows


class _Search:
    """Which format a stream is of, among those known or, if there are such, those named."""

    def __init__(self, name: str, formats: Sequence[Format], named: Sequence[Format]) -> None:
        self.name = name
        self.named = named
        self._wanted = named or formats
        self._others = tuple(each for each in formats if named and each not in named)

    def among(self, samples: Sequence[Sample]) -> tuple[Match, int]:
        """The format by which one of the samples can be read, and which of them. Raises `UnknownFormat`."""
        readings = [[cells for _, cells in sample] for sample in samples]
        for index, rows in enumerate(readings):
            if found := matches(rows, self._wanted):
                if len(found) > 1:
                    raise several(self.name, found)
                return found[0], index
        for rows in readings:
            if found := matches(rows, self._others):
                raise another(self.name, self.named[0], found)
        widest = max(readings, key=lambda rows: max(map(len, rows[:1]), default=0))
        raise unknown(self.name, widest, self._wanted)


def _of_text(text: Text, search: _Search) -> Reading:
    samples = [sample_of(text, delimiter) for delimiter in DELIMITERS]
    check(text, samples)
    # If the quotes of the first rows are not in order, their lines may tell what they are.
    samples += [sample_of_lines(text, delimiter) for delimiter in DELIMITERS]
    match, index = search.among(samples)
    delimiter = DELIMITERS[index % len(DELIMITERS)]
    at, header = _header(samples[index], match)
    table = Table(match.format, header, delimiter)
    rows = table.rows(Delimited(text, delimiter, table.widths), at)
    return Reading(search.name, match.format, rows, table, text)


def _of_sheet(stream: Stream, sheet: str | None, search: _Search) -> Reading:
    sample, rows = _begun(sheet_rows(stream, sheet))
    check_width(stream.name, [sample])
    match, _ = search.among([sample])
    at, header = _header(sample, match)
    table = Table(match.format, header)
    return Reading(search.name, match.format, table.rows(_filled_up(rows, table), at), table)


def _of_objects(text: Text, search: _Search) -> Reading:
    first, items = _begun(_items(text))
    sample = _objects(first)
    if not sample and search.named:  # a page of an API that has no results
        fmt = search.named[0]
    else:
        fmt = search.among([[(1, _names(sample))]])[0].format
    objects = Objects(fmt)
    return Reading(search.name, fmt, objects.rows(items), objects, text)


def _header(sample: Sample, match: Match) -> tuple[int, list[str] | None]:
    """The line of the header and its names; 0 and None if there is none."""
    return (0, None) if match.header is None else sample[match.header]


def _items(text: Text) -> Iterator[Object]:
    return json_lines(text) if is_lines(text.head) else json_documents(text)


def _objects(items: Sequence[Object]) -> list[dict[str, str]]:
    return [item[1] for item in items if not isinstance(item, Rejected)]


def _names(objects: Sequence[dict[str, str]]) -> list[str]:
    return list(dict.fromkeys(chain.from_iterable(objects)))


def _begun(items: Iterator[Item], count: int = SAMPLE) -> tuple[list[Item], Iterator[Item]]:
    """The first items; and all of them, with the failure that ended them."""
    first: list[Item] = []
    try:
        for item in items:
            first.append(item)
            if len(first) == count:
                break
    except UnreadableFile as failure:
        if not first:
            raise
        return first, chain(first, _raised(failure))
    return first, chain(first, items)


def _raised(failure: UnreadableFile) -> Iterator[Any]:
    yield from ()
    raise failure


def _filled_up(rows: Iterator[tuple[int, list[str]]], table: Table) -> Iterator[Line]:
    """The rows of a sheet, where the empty cells at their end are left out, with these."""
    for number, cells in rows:
        yield number, cells + [""] * (max(table.widths) - len(cells))
