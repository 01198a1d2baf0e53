"""What the columns of a sheet seem to be: by what they are called, and by what they hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.vocabulary import Measure, ParticipantRole
from service.imports.formats.coded import stated
from service.imports.formats.table_cells import (
    country_of,
    degrees_of,
    figures_of,
    in_ascii,
    is_missing,
    pair_of,
    urls_of,
)
from service.imports.formats.table_dates import edtf_of
from service.imports.formats.table_words import (
    GROUPS,
    HIGH,
    IDS,
    LOW,
    MEASURES,
    PARTS,
    ROLES,
    WHOLE,
    bare_words,
)
from service.imports.reading.headers import plain

MOST_ROWS, MOST_COLUMNS = 500, 500
LONGEST_TITLE = 150
"""Characters on average: what is longer is a description, not a title."""

FORMATS = tuple(
    mark.join(parts)
    for year in ("yyyy", "yy")
    for parts in (("dd", "mm", year), ("mm", "dd", year))
    for mark in ("/", ".", "-", " ")
)
"""The ways in which days in figures are written."""


@dataclass(frozen=True)
class Sheet:
    """The columns that can be named in a mapping, with the cells that say something."""

    cells: dict[str, list[str]]
    rows: int
    left_out: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, header: Sequence[str], sample_rows: Iterable[Sequence[str]]) -> Sheet:
        """The sheet with this header and these rows."""
        rows = [row for _, row in zip(range(MOST_ROWS), sample_rows, strict=False)]
        cells: dict[str, list[str]] = {}
        left_out: list[str] = []
        known: set[str] = set()
        for index, title in enumerate(header[:MOST_COLUMNS]):
            column = stated(title, "")
            if not column or plain(column) != plain(title) or plain(column) in known:
                left_out += [title] if title.strip() else []
                continue
            known.add(plain(column))
            told = (stated(row[index], "") for row in rows if index < len(row))
            cells[column] = [
                in_ascii(each) for each in told if each and not is_missing(each, frozenset())
            ]
        return cls(cells, len(rows), left_out + list(header[MOST_COLUMNS:]))


class Guess:
    """What the columns of a sheet seem to be; each is taken once."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.free = dict.fromkeys(sheet.cells)
        self.by_name = {column: _meaning(column) for column in sheet.cells}
        self.dates: dict[str, tuple[str, ...]] = {}
        self.figures: dict[tuple[Measure, str | None], dict[str, str]] = {}
        self.participants: list[tuple[str, ParticipantRole]] = []
        self.found: dict[str, str] = {}
        self._recognise()

    def _recognise(self) -> None:
        for what in ("published", "from", "to", "date"):
            self._take(what, self._is_date)
        if "date" not in self.found and "from" not in self.found:
            self._take_by_content("date", self._is_date)
        if "to" in self.found and "from" not in self.found:
            self.free[self.found.pop("to")] = None
        if "date" in self.found and "from" in self.found:
            self._prefer_one_date()
        self._take("latitude", lambda cell: reads(cell, lambda each: degrees_of(each, "NS")))
        self._take("longitude", lambda cell: reads(cell, lambda each: degrees_of(each, "EW")))
        if ("latitude" in self.found) != ("longitude" in self.found):
            lone = "latitude" if "latitude" in self.found else "longitude"
            self.free[self.found.pop(lone)] = None
        if "latitude" not in self.found:
            self._take("coordinates", lambda cell: reads(cell, pair_of))
        self._take("url", lambda cell: reads(cell, urls_of))
        if "url" not in self.found:
            self._take_by_content("url", lambda cell: reads(cell, urls_of))
        self._take_figures()
        self._take("country", lambda cell: not is_count(cell))
        if "country" not in self.found:
            self._take_by_content("country", lambda cell: len(cell) > 3 and reads(cell, country_of))
        self._take_participants()
        for what in ("admin1", "admin2", "place", "type", "title", "summary", "source"):
            self._take(what, None)
        self._take("key", None)
        self._prefer_a_key()

    def _take(self, what: str, fits: Callable[[str], bool] | None) -> None:
        for column in self.free:
            if what in self.by_name[column] and self._holds(column, fits):
                self._found(what, column)
                return

    def _take_by_content(self, what: str, fits: Callable[[str], bool]) -> None:
        for column in self.free:
            cells = self.sheet.cells[column]
            if cells and not self.by_name[column] and all(map(fits, cells)):
                self._found(what, column)
                return

    def _found(self, what: str, column: str) -> None:
        self.found[what] = column
        del self.free[column]
        if what in ("date", "from", "to", "published"):
            self.dates[column] = _formats(self.sheet.cells[column])

    def _holds(self, column: str, fits: Callable[[str], bool] | None) -> bool:
        """Whether most cells fit. A sheet without rows is taken by its names."""
        cells = self.sheet.cells[column]
        return fits is None or 2 * sum(map(fits, cells)) >= len(cells)

    @staticmethod
    def _is_date(cell: str) -> bool:
        return any(_is_written(cell, each) for each in (None, *FORMATS))

    def _prefer_one_date(self) -> None:
        """Of a date and a span: the span if it has both ends."""
        for what in ("date",) if "to" in self.found else ("from",):
            self.free[self.found.pop(what)] = None

    def _prefer_a_key(self) -> None:
        """A column that is called much as keys are and tells rows apart, if what was found does not."""
        if self._tells_apart(self.found.get("key")):
            return
        for column in self.free:
            if bare_words(column)[-1:] in IDS and self._tells_apart(column):
                if "key" in self.found:
                    self.free[self.found.pop("key")] = None
                self._found("key", column)
                return

    def _tells_apart(self, column: str | None) -> bool:
        """Whether the cells of a column are all there and all different."""
        cells = self.sheet.cells[column] if column else []
        return bool(column) and len(cells) == self.sheet.rows == len(set(cells))

    def _take_figures(self) -> None:
        for column in list(self.free):
            words = bare_words(column)
            measure = next((each for each, named in MEASURES.items() if _among(named, words)), None)
            if measure is None or not self._holds(column, is_count):
                continue
            group = next((each for each, named in GROUPS.items() if _among(named, words)), None)
            number = "low" if _among(LOW, words) else "high" if _among(HIGH, words) else "best"
            numbers = self.figures.setdefault((measure, group), {})
            if number not in numbers:
                numbers[number] = column
                del self.free[column]

    def _take_participants(self) -> None:
        for column in list(self.free):
            words = bare_words(column)
            role = next((each for each, named in ROLES.items() if _among(named, words)), None)
            if role is not None and not self.by_name[column] and not self._holds_counts(column):
                self.participants.append((column, role))
                del self.free[column]

    def _holds_counts(self, column: str) -> bool:
        cells = self.sheet.cells[column]
        return bool(cells) and all(map(is_count, cells))

    @property
    def title(self) -> dict[str, str] | None:
        """What makes a title: a column, or a text made of two."""
        if "title" in self.found:
            return {"column": self.found["title"]}
        summary = self.found.get("summary")
        if summary and _average(self.sheet.cells[summary]) <= LONGEST_TITLE:
            return {"column": summary}
        parts = [self.found[what] for what in ("type", "place", "country") if what in self.found][
            :2
        ]
        if not parts:
            parts = (
                [column for column, _ in self.participants]
                or list(self._texts())
                or list(self.free)
            )
            parts = (parts or [column for column in (summary,) if column])[:1]
        if len(parts) == 2 and not any(set("{}") & set(part) for part in parts):
            return {"text": "{%s}: {%s}" % (parts[0], parts[1])}  # noqa: UP031 - braces are meant
        others = [numbers[each] for numbers in self.figures.values() for each in numbers]
        others += [
            self.found[what] for what in ("key", "source", "admin1", "url") if what in self.found
        ]
        parts = parts or others
        return {"column": parts[0]} if parts else None

    def _texts(self) -> Iterator[str]:
        """The columns left that hold words, the longest first."""
        worded = {
            column: _average(cells)
            for column, cells in self.sheet.cells.items()
            if column in self.free and cells and not self._holds_counts(column)
        }
        yield from sorted(worded, key=worded.__getitem__, reverse=True)

    @property
    def key(self) -> Any:
        """A column whose cells are all there and all different; else columns to hash."""
        column = self.found.get("key")
        if self._tells_apart(column):
            return column
        chosen = [
            self.found[what] for what in ("date", "from", "place", "url") if what in self.found
        ]
        title = self.title or {}
        chosen += (
            [title["column"]]
            if "column" in title
            else re.findall(r"\{([^{}]+)\}", title.get("text", ""))
        )
        return {"hash": list(dict.fromkeys(chosen))}


def _meaning(column: str) -> frozenset[str]:
    """What a column is by its name alone."""
    words = bare_words(column)
    whole = {what for what, phrases in WHOLE.items() if words in phrases}
    actor = any(_among(named, words) for named in ROLES.values())
    part = next((what for what, phrases in PARTS.items() if _among(phrases, words)), None)
    if part in ("country", "admin1") and actor:
        return frozenset({"an actor's"})
    return frozenset(whole or ({part} if part else ()))


def _among(phrases: frozenset[tuple[str, ...]], words: tuple[str, ...]) -> bool:
    """Whether one of the phrases is among the words, as it stands."""
    return any(
        words[start : start + length] in phrases
        for length in (1, 2, 3)
        for start in range(len(words) - length + 1)
    )


def reads(cell: str, read: Callable[[str], object]) -> bool:
    """Whether a function reads a cell without a ValueError."""
    try:
        read(cell)
    except ValueError:
        return False
    return True


def _is_written(cell: str, date_format: str | None) -> bool:
    return reads(cell, lambda each: edtf_of(each, date_format))


def is_count(cell: str) -> bool:
    """Whether a cell is a count, whatever its marks mean."""
    # Each function is called before there is the next mark.
    return any(reads(cell, lambda each: figures_of(each, mark)) for mark in (",", "."))  # noqa: B023


def _formats(cells: Sequence[str]) -> tuple[str, ...]:
    """The formats that all cells may be in; none if none is needed."""
    if all(_is_written(cell, None) for cell in cells):
        return ()
    fitting = {each: sum(_is_written(cell, each) for cell in cells) for each in FORMATS}
    most = max(fitting.values())
    return tuple(each for each, count in fitting.items() if count == most)


def _average(cells: Sequence[str]) -> float:
    return sum(map(len, cells)) / len(cells) if cells else 0.0
