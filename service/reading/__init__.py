"""Reads: everything that the API and the command line answer from, at any moment of the clocks.

Nothing here writes, and nothing replays: a read is an index range of the projections' rows. What it
returns is finished JSON where an answer is made of entries.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from domain.dates import OPEN_FUTURE, OPEN_PAST
from domain.vocabulary import Status
from service.database import Database
from service.reading.actors import Actors
from service.reading.clocks import EVERYTHING_REPORTED, Moment
from service.reading.differences import Differences
from service.reading.directory import Directory
from service.reading.replay import Replays
from service.reading.selection import PageEnd, Selected, Selection, Share
from service.reading.series import SeriesReads
from service.reading.statements import (
    found_statement,
    page_statement,
    ranges,
    reach_statement,
)
from service.views.store import TRACKED


class BeyondTheLog(ValueError):
    """Raised when a position is asked for that the log has not reached."""

    def __init__(self, position: int, head: int) -> None:
        self.position, self.head = position, head
        super().__init__(f"the log has reached position {head}, not {position}")


@dataclass(frozen=True, slots=True)
class Page:
    """Entries as JSON, and where the next page begins; None after the last."""

    items: list[bytes]
    next: PageEnd | None


@dataclass(frozen=True, slots=True)
class CountryCount:
    """How many incidents a country's timeline shows."""

    code: str
    incidents: int


class Reader:
    """Reads of the generation of rows that is in use."""

    def __init__(
        self, path: Callable[[], Path], has_moved: Callable[[], bool] = lambda: False
    ) -> None:
        self._database = Database(path, has_moved)
        self._directory = Directory(self._database)
        self.actors = Actors(self._database, self._directory)
        self.replays = Replays(self._database, self._directory, self.selected, self.moment)
        self.differences = Differences(self._database, self._directory, self.selected)
        self.series = SeriesReads(self._database, self._directory)
        self._instant = lru_cache(maxsize=4_096)(self._instant_at)
        self._reach = lru_cache(maxsize=4_096)(self._read_reach)
        self._country_counts = lru_cache(maxsize=16)(self._counted_countries)

    @property
    def head(self) -> int:
        """The newest position that can be read; 0 before the first record."""
        rows = self._database.rows(
            "SELECT notification_id FROM tracking WHERE application_name = ?", (TRACKED,)
        )
        return int(rows[0][0]) if rows else 0

    def moment(
        self,
        position: int | None = None,
        as_of: str | None = None,
        reported_by: int = EVERYTHING_REPORTED,
    ) -> Moment:
        """The moment that a position or an instant stands for. Raises `BeyondTheLog`."""
        head = self.head
        if position is None:
            position = head if as_of is None else self._position_at(as_of, head)
        elif not 0 <= position <= head:
            raise BeyondTheLog(position, head)
        return Moment(position, self._instant(position), reported_by)

    def budget(self) -> AbstractContextManager[None]:
        """Reads within raise `TooLong` where they turn out so."""
        return self._database.budget()

    def page(self, selection: Selection, moment: Moment, after: PageEnd | None, limit: int) -> Page:
        """A page of at most `limit` entries."""
        selected = self.selected(selection, moment)
        subject = selection.subject
        kind = subject.kind if subject else "all"
        subjects = tuple(share.id for share in selected.shares) or ("",)
        reach = self._reach(kind, subjects, moment.position)
        always, *rarely = ranges(selected, moment, reach)
        some = [
            each for each in rarely if self._database.rows(*found_statement(selected, moment, each))
        ]
        statement = page_statement(selected, moment, after, limit + 1, [always, *some])
        rows = self._database.rows(*statement)
        following = PageEnd(rows[limit - 1][0], rows[limit - 1][1]) if len(rows) > limit else None
        del rows[limit:]
        epoch = self._directory.epoch(moment.position)
        render = self._directory.participants
        return Page(
            [
                b'%b,"participants":%b}' % (entry, render(participants, epoch))
                for _, _, participants, entry in rows
            ],
            following,
        )

    def _read_reach(self, kind: str, subjects: tuple[str, ...], position: int) -> tuple[int, int]:
        """The days on which incidents of subjects begin that were recorded by a position."""
        first, last = self._database.rows(*reach_statement(kind, subjects, position))[0]
        return (OPEN_FUTURE, OPEN_PAST) if first is None else (first, last)

    def selected(self, selection: Selection, moment: Moment) -> Selected:
        """A selection, with whoever stands for its actors, or belongs to them, at the moment."""
        subject, position = selection.subject, moment.position
        shares: tuple[Share, ...] = ()
        if subject is not None and subject.kind == "actor":
            survivor = self._directory.survivor(subject.id, position)
            shares = self._directory.shares(survivor, position, members=selection.members)
        elif subject is not None:
            shares = (Share(subject.id),)
        also: tuple[str, ...] = ()
        if selection.actor:
            survivor = self._directory.survivor(selection.actor, position)
            also = (survivor, *self._directory.merged(survivor, position))
        return Selected(selection, shares, also)

    def incident(self, incident: str, moment: Moment) -> bytes | None:
        """The entry of one incident; None if it is not there at the moment."""
        rows = self._database.rows(
            "SELECT participants, entry FROM incident_version WHERE incident = ?"
            " AND from_position <= ? AND to_position > ?"
            " AND reported_from <= ? AND reported_to > ?",
            (incident, *[moment.position] * 2, *[moment.reported_by] * 2),
        )
        if not rows:
            return None
        participants, entry = rows[0]
        epoch = self._directory.epoch(moment.position)
        return b'%b,"participants":%b}' % (entry, self._directory.participants(participants, epoch))

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

    def _position_at(self, instant: str, head: int) -> int:
        rows = self._database.rows(
            "SELECT position FROM instant WHERE recorded_at > ? ORDER BY recorded_at LIMIT 1",
            (instant,),
        )
        return min(rows[0][0] - 1 if rows else head, head)

    def _instant_at(self, position: int) -> str | None:
        rows = self._database.rows(
            "SELECT recorded_at FROM instant WHERE position <= ? ORDER BY position DESC LIMIT 1",
            (position,),
        )
        return rows[0][0] if rows else None

    def close(self) -> None:
        """Close the connections."""
        self._database.close()
