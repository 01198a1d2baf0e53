"""Which format rows of cells are of, and where its columns are: by their header, or by their number.

Names are compared without case, spaces and underscores; columns may be in any order. Rows without a header
are of a format that knows rows of their length, and says that the first looks like one of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeAlias

from service.imports.format import Format
from service.imports.reading.outcomes import NoFormat, UnknownFormat, shown

Take: TypeAlias = Callable[[list[str]], tuple[str, ...]]
"""From the cells of a row and one more, the empty text: those of a format's columns, in its order."""

SAMPLE = 10
"""Rows at the beginning of a file, blank ones not counted, among which its header is looked for."""

FEWEST = 2
"""Columns of a format that a row has which may be its header: one of them may be any text's word."""

BYTE_ORDER_MARKS = "\ufeff", "ï»¿"  # the second is the first, read as Windows-1252


def plain(name: str) -> str:
    """A column's name as it is compared."""
    for mark in BYTE_ORDER_MARKS:
        name = name.removeprefix(mark)
    return "".join(name.split()).replace("_", "").casefold()


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the columns of a format are in rows. `unknown` are the columns that it does not have."""

    take: Take
    width: int
    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    known: int


def layout(fmt: Format, header: Sequence[str]) -> Layout:
    """The layout of rows under a header. Of columns of one name the first counts."""
    places: dict[str, int] = {}
    for index, name in enumerate(header):
        places.setdefault(plain(name), index)
    found = {
        column: next(
            (places[each] for name in (column, *others) if (each := plain(name)) in places), None
        )
        for column, others in fmt.columns.items()
    }
    indexes = tuple(len(header) if index is None else index for index in found.values())
    used = set(indexes)
    return Layout(
        take=itemgetter(*indexes) if len(indexes) > 1 else lambda cells: (cells[indexes[0]],),
        width=len(header),
        unknown=tuple(n for i, n in enumerate(header) if i not in used and n.strip()),
        missing=tuple(
            column for column in fmt.columns if column in fmt.required and found[column] is None
        ),
        known=sum(index is not None for index in found.values()),
    )


@dataclass(frozen=True, slots=True)
class Match:
    """A format that a file is of. `header` is the index of its header among the rows, if it has one."""

    format: Format
    header: int | None


def matches(rows: Sequence[Sequence[str]], formats: Sequence[Format]) -> list[Match]:
    """The formats that a file may be of, by its first rows: if it has the header of one, no others."""
    headed = [
        Match(fmt, index) for fmt in formats if (index := _header_among(rows, fmt)) is not None
    ]
    return headed or [Match(fmt, None) for fmt in formats if _has_rows_of(rows, fmt)]


def _header_among(rows: Sequence[Sequence[str]], fmt: Format) -> int | None:
    for index, row in enumerate(rows):
        found = layout(fmt, row)
        if found.known and not found.missing:
            return index
    return None


def _has_rows_of(rows: Sequence[Sequence[str]], fmt: Format) -> bool:
    for row in rows:
        fits = len(row) in fmt.layouts
        if fits and fmt.looks_like and fmt.looks_like(tuple(row)):
            return True
        # Under a header that lacks a column, or is of something else, none are to be taken by their number.
        if layout(fmt, row).known >= FEWEST or (fits and not any(map(_is_number, row))):
            return False
    return False


def _is_number(cell: str) -> bool:
    return cell.strip().lstrip("-").replace(".", "", 1).isdigit()


def several(name: str, found: Sequence[Match]) -> UnknownFormat:
    """The refusal of a file that may be of several formats."""
    names = " or ".join(dict.fromkeys(match.format.family for match in found))
    return UnknownFormat(name, f"it may be {names}: say which")


def another(name: str, named: Format, found: Sequence[Match]) -> UnknownFormat:
    """The refusal of a file that is of another format than the one named."""
    other = found[0].format
    return UnknownFormat(
        name,
        f"it is not {named.family}; this looks like {other.title}: use {other.family}",
        other.family,
    )


def unknown(name: str, rows: Sequence[Sequence[str]], formats: Iterable[Format]) -> UnknownFormat:
    """The refusal of a file that is of none of the formats: what it lacks to be of the nearest."""
    begins = " | ".join(shown(cell, 40) for cell in rows[0][:8]) if rows else ""
    candidates = [(fmt, layout(fmt, row), row) for fmt in formats for row in rows if fmt.required]
    nearest = min(
        candidates, key=lambda each: len(each[1].missing) / len(each[0].required), default=None
    )
    if nearest is None or (nearest[1].known == 0 and not nearest[0].lacking):
        names = ", ".join(dict.fromkeys(fmt.family for fmt in formats))
        return NoFormat(
            name,
            f"it has no column of a known format ({names}); it begins: {begins or 'with no row'}",
        )
    fmt, found, header = nearest
    if fmt.lacking:
        reason = fmt.lacking(header)
    else:
        missing = ", ".join(found.missing)
        reason = (
            f"it is of no known format; to be {fmt.title}, the nearest, it lacks the columns"
            f" {missing}; it begins: {begins}"
        )
    is_none = all(each.known < FEWEST for _, each, _ in candidates)
    return (NoFormat if is_none else UnknownFormat)(name, reason, fmt.family, found.missing)
