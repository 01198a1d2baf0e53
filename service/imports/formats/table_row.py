"""A row of a sheet, read as what a mapping takes its cells for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import TypeVar

from domain.edtf import span
from domain.text import FIRST_PUBLICATION, LAST_PUBLICATION
from domain.vocabulary import Status
from service.imports.format import BadRow, Cells, running_text
from service.imports.formats.coded import stated
from service.imports.formats.table_cells import (
    BROKEN,
    Figures,
    country_of,
    figures_of,
    in_ascii,
    is_missing,
    urls_of,
)
from service.imports.formats.table_dates import edtf_of
from service.imports.formats.table_mapping import IN_BRACES, Choice, Key, Published, Value

T = TypeVar("T")
W = TypeVar("W", bound=StrEnum)

LONGEST_KEY = 180
"""Characters of a key, so that it stays a line beside another and the marks between them."""

_SPREADSHEET_NUMBER = re.compile(r"([0-9]+)\.0")
_STANDING_ALONE = re.compile(r"^[\s:;,/–—-]+|[\s:;,/–—-]+$")


class Row:
    """A row's cells, read as what a mapping takes them for. Raises `BadRow`, naming the column."""

    __slots__ = ("_cells", "_countries", "_missing")

    def __init__(self, cells: Cells, missing: frozenset[str], countries: Mapping[str, str]) -> None:
        self._cells = cells
        self._missing = missing
        self._countries = countries

    def line(self, column: str | None) -> str | None:
        """A cell as a line; None if nothing is known of it."""
        return self._known(self._cells[column], column) if column is not None else None

    def parts(self, column: str | None, split: str | None) -> Iterator[str]:
        """What a cell lists, each as a line; without a `split`, it is one."""
        if column is not None:
            cell = self._cells[column]
            for each in cell.split(split) if split else [cell]:
                if text := self._known(each, column):
                    yield text

    def _known(self, cell: str, column: str) -> str | None:
        text = stated(cell, "")
        if text is None or is_missing(text, self._missing):
            return None
        if text.casefold() in BROKEN:
            raise BadRow(f"{text!r}: a formula of the sheet failed", column)
        return text

    def text(self, value: Value | None) -> str | None:
        """A value as a line."""
        if value is None:
            return None
        if value.text is None:
            return value.constant or self.line(value.column)
        parts = [
            self.line(part.strip()) if index % 2 else part
            for index, part in enumerate(IN_BRACES.split(value.text))
        ]
        if not any(parts[1::2]):
            return None
        # Where a column is empty, the mark beside it would stand alone.
        joined = re.sub(r"\(\s*\)|\[\s*\]", "", "".join(part or "" for part in parts))
        return stated(_STANDING_ALONE.sub("", joined), "")

    def long_text(self, value: Value | None) -> str | None:
        """A value as running text."""
        if value is None or value.column is None:
            return self.text(value)
        return running_text(self._cells[value.column]) if self.line(value.column) else None

    def read(self, value: Value | None, read: Callable[[str], T]) -> T | None:
        """A value, read by a function that raises ValueError."""
        text = self.text(value)
        if text is None or value is None:
            return None
        return tried(read, in_ascii(text), column_of(value))

    def country(self, value: Value | None) -> str | None:
        """A value as a country's alpha-3 code. NA is no word for "unknown" here: it is Namibia's code."""
        column = value.column if value else None
        if column and self._cells[column].strip().casefold() == "na" and "na" not in self._missing:
            raise BadRow("'NA' can be Namibia or nothing; write NAM, or leave it empty", column)
        return self.read(
            value, lambda text: self._countries.get(text.casefold()) or country_of(text)
        )

    def urls(self, value: Value | None) -> tuple[str, ...]:
        """The web addresses that a value holds."""
        if value is None or value.column is None:
            return self.read(value, urls_of) or ()
        known = self.line(value.column)
        return tried(urls_of, self._cells[value.column], value.column) if known else ()

    def day(self, column: str | None, date_format: str | None) -> str | None:
        """A cell as EDTF."""
        text = self.line(column)
        if text is None:
            return None
        return tried(lambda each: edtf_of(each, date_format), in_ascii(text), column)

    def published(self, rule: Published | None) -> str | None:
        """When a source published, as EDTF with a last day."""
        if rule is None or rule.constant is not None:
            return rule.constant if rule else None
        edtf = self.day(rule.column, rule.date_format)
        if edtf and not FIRST_PUBLICATION <= span(edtf).latest <= LAST_PUBLICATION:
            raise BadRow(f"{edtf!r} has no last day, in the years 1 to 9999", rule.column)
        return edtf

    def figures(self, column: str | None, thousands: str | None) -> Figures:
        """A cell as a count. "None" is no count: it may be 0, or unknown."""
        text = stated(self._cells[column], "") if column else None
        if text and text.casefold() in ("none", "nil") and text.casefold() not in self._missing:
            raise BadRow(f"{text!r} can be 0 or unknown; write 0, or leave it empty", column)
        text = self.line(column)
        if text is None:
            return Figures()
        return tried(lambda each: figures_of(each, thousands), in_ascii(text), column)

    def choice(self, rule: Choice[W], known: Mapping[str, W], what: str) -> W:
        """The word of a vocabulary that a cell stands for; `known` are the cells that are known."""
        if rule.constant is not None:
            return rule.constant
        text = self.line(rule.column)
        found = (known.get(text.casefold()) if text else None) or rule.otherwise
        if found is None:
            near = difflib.get_close_matches((text or "").casefold(), known, n=1, cutoff=0.6)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            reason = f"{text[:60]!r} is not among the values{hint}" if text else "it is empty"
            advice = f"add it to {what} in the mapping, or say otherwise there"
            raise BadRow(f"{reason}; {advice}", rule.column)
        return found

    def key(self, rule: Key) -> str:
        """What identifies the row."""
        columns = rule.columns or rule.hash
        parts = [self.line(column) for column in columns]
        if rule.hash:
            if not any(parts):
                raise BadRow("the columns that identify a row are all empty", columns[0])
            told = "\x1f".join((part or "").casefold() for part in parts)
            return f"row-{sha256(told.encode()).hexdigest()[:24]}"
        for column, part in zip(columns, parts, strict=True):
            if part is None:
                raise BadRow("it is empty; it is what identifies a row", column)
            if len(self._cells[column]) > LONGEST_KEY // len(columns):
                raise BadRow("it is too long to identify a row", column)
        # Readers of Excel give the number 12 as 12.0, those of CSV as it is written.
        return " | ".join(_SPREADSHEET_NUMBER.sub(r"\1", part) for part in parts if part)


def known_cells(rule: Choice[W], words: type[W]) -> dict[str, W]:
    """What a column's cells stand for, in lower case; a word of the vocabulary stands for itself."""
    own = {word.value: word for word in words if word != Status.RETRACTED}
    return own | by_cell(rule.values)


def by_cell(given: Mapping[str, T] | None) -> dict[str, T]:
    """What cells stand for, by the cell in lower case."""
    return {" ".join(cell.casefold().split()): word for cell, word in (given or {}).items()}


def column_of(value: Value | None) -> str | None:
    """The column that a value is taken from, if it is one."""
    if value is None or value.text is None:
        return value.column if value else None
    columns = [each.strip() for each in IN_BRACES.findall(value.text)]
    return columns[0] if len(columns) == 1 else None


def tried(read: Callable[[str], T], text: str, column: str | None) -> T:
    """What a function reads of a text; its ValueError is the column's fault."""
    try:
        return read(text)
    except ValueError as error:
        raise BadRow(str(error), column) from None
