"""Reads: everything that the API and the command line answer from, at any moment of the clocks.

Nothing here writes, and nothing replays: a read is an index range of the projections' rows. What it
returns is finished JSON where an answer is made of entries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from domain.dates import OPEN_FUTURE, OPEN_PAST
from domain.vocabulary import Status
from service.database import Database, TooLarge
from service.reading.actors import Actors
from service.reading.clocks import Moment
from service.reading.datasets import Datasets
from service.reading.differences import Differences
from service.reading.directory import Directory
from service.reading.extents import Extents
from service.reading.moments import Moments
from service.reading.recent import Recent
from service.reading.replay import Replays
from service.reading.selection import PageEnd, Selection
from service.reading.series import SeriesReads
from service.reading.statements import (
    ENTRY_COLUMNS,
    ID,
    LINE_COLUMNS,
    Statement,
    found_statement,
    lines_statement,
    page_statement,
    ranges,
    reach_statement,
)


@dataclass(frozen=True, slots=True)
class Page:
    """Entries as JSON, and where the next page begins; None after the last."""

    items: list[bytes]
    next: PageEnd | None

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.items)

    @property
    def size(self) -> int:
        """Their bytes."""
        return sum(map(len, self.items))


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of CSV, how many they are, and where those after them begin; None after the last."""

    data: bytes
    count: int
    next: PageEnd | None

    @property
    def size(self) -> int:
        """Their bytes."""
        return len(self.data)


@dataclass(frozen=True, slots=True)
class CountryCount:
    """How many incidents a country's timeline shows."""

    code: str
    incidents: int


LARGEST = 20_000_000
"""Bytes of lines that are read together, or more only where one line alone has them."""

_VERSION = (
    "FROM incident_version WHERE incident = ? AND from_position <= ? AND to_position > ?"
    " AND reported_from <= ? AND reported_to > ?"
)


def _of(incident: str, moment: Moment) -> Sequence[str | int]:
    return (incident, *[moment.position] * 2, *[moment.reported_by] * 2)


class Reader:
    """Reads of the generation of rows that is in use."""

    def __init__(
        self,
        path: Callable[[], Path],
        has_moved: Callable[[], bool] = lambda: False,
        damaged: Callable[[Path], None] = lambda _: None,
    ) -> None:
        self._database = Database(path, has_moved, damaged)
        self.forget()

    def forget(self) -> None:
        """Begin with nothing remembered: what is kept by a position holds for one log alone.

        A read that is under way remembers in what is no longer asked.
        """
        self._directory = Directory(self._database)
        self.actors = Actors(self._database, self._directory)
        self.datasets = Datasets(self._database)
        self.extents = Extents(self._database)
        self.moments = Moments(self._database)
        self.moment = self.moments.at
        self.selected = self._directory.selected
        self.replays = Replays(self._database, self._directory, self.moments)
        self.differences = Differences(self._database, self._directory)
        self.recent = Recent(self._database, self._directory)
        self.series = SeriesReads(self._database, self._directory)
        self._reach = lru_cache(maxsize=4_096)(self._read_reach)
        self._country_counts = lru_cache(maxsize=16)(self._counted_countries)

    @property
    def head(self) -> int:
        """The newest position that can be read; 0 before the first record."""
        return self.moments.head

    def budget(self) -> AbstractContextManager[None]:
        """Reads within raise `TooLong` where they turn out so."""
        return self._database.budget()

    def page(self, selection: Selection, moment: Moment, after: PageEnd | None, limit: int) -> Page:
        """A page of at most `limit` entries."""
        statement = self._page_statement(selection, moment, after, limit + 1)
        rows = self._database.rows(*statement)
        following = PageEnd(rows[limit - 1][0], rows[limit - 1][1]) if len(rows) > limit else None
        del rows[limit:]
        entry = self._directory.entries_at(moment.position)
        return Page([entry(head, key) for _, _, key, head in rows], following)

    def lines(
        self,
        selection: Selection,
        moment: Moment,
        after: PageEnd | None,
        limit: int,
        address: tuple[str, str],
    ) -> Lines:
        """Lines of CSV of at most `limit` incidents, whose addresses have `address` around the id.

        Fewer, where they would have more than `LARGEST` bytes.
        """
        before, after_id = address[0], f"{address[1]}\r\n"
        page = self._page_statement(selection, moment, after, limit, LINE_COLUMNS)
        statement = lines_statement(page, (before, after_id))
        cells = self._directory.cells_at(moment.position)
        most = LARGEST if limit > 1 else None
        try:
            [(count, data)] = self._database.text(*statement, most, participants=cells)
        except TooLarge:
            return self.lines(selection, moment, after, limit // 2, address)
        if count < limit:
            return Lines(data or b"", count, None)
        end = len(data) - len(after_id.encode())
        return Lines(data, count, self._end(data[end - ID : end].decode(), moment))

    def _end(self, incident: str, moment: Moment) -> PageEnd:
        """Where a page ends, given the last incident on it."""
        [row] = self._database.rows(f"SELECT earliest, number {_VERSION}", _of(incident, moment))
        return PageEnd(*row)

    def _page_statement(
        self,
        selection: Selection,
        moment: Moment,
        after: PageEnd | None,
        limit: int,
        columns: str = ENTRY_COLUMNS,
    ) -> Statement:
        selected = self.selected(selection, moment)
        subject = selection.subject
        kind = subject.kind if subject else "all"
        subjects = tuple(share.id for share in selected.shares) or ("",)
        reach = self._reach(kind, subjects, moment.position)
        always, *rarely = ranges(selected, moment, reach)
        some = [
            each for each in rarely if self._database.rows(*found_statement(selected, moment, each))
        ]
        return page_statement(selected, moment, after, limit, [always, *some], columns=columns)

    def _read_reach(self, kind: str, subjects: tuple[str, ...], position: int) -> tuple[int, int]:
        """The days on which incidents of subjects begin that were recorded by a position."""
        first, last = self._database.rows(*reach_statement(kind, subjects, position))[0]
        return (OPEN_FUTURE, OPEN_PAST) if first is None else (first, last)

    def incident(self, incident: str, moment: Moment) -> bytes | None:
        """The entry of one incident; None if it is not there at the moment."""
        rows = self._database.rows(f"SELECT participants, entry {_VERSION}", _of(incident, moment))
        if not rows:
            return None
        key, head = rows[0]
        return self._directory.entries_at(moment.position)(head, key)

    def countries(self, moment: Moment) -> list[CountryCount]:
        """The countries whose timelines show anything, by code."""
        return self._country_counts(moment.position, moment.reported_by)

    def _counted_countries(self, position: int, reported_by: int) -> list[CountryCount]:
        rows = self._database.rows(
            "SELECT t.subject, count(*) FROM country_timeline t"
            " CROSS JOIN incident_version v ON v.version_id = t.version_id"
            " WHERE t.from_position <= ? AND v.to_position > ? AND v.reported_from <= ?"
            " AND v.reported_to > ? AND v.status <> ? GROUP BY t.subject ORDER BY t.subject",
            (position, position, reported_by, reported_by, Status.RETRACTED),
        )
        return [CountryCount(*row) for row in rows]

    def close(self) -> None:
        """Close the connections."""
        self._database.close()
