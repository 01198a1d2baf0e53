"""Extents: where and when the incidents of a timeline are, as narrow as can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from domain.dates import OPEN_FUTURE, OPEN_PAST
from domain.vocabulary import Status
from service.database import Database
from service.reading.clocks import Moment

_COLUMNS = (
    "count(*), min(v.longitude), min(v.latitude), max(v.longitude), max(v.latitude),"
    " min(v.earliest), max(v.latest)"
)
_VALID = " AND v.to_position > ? AND v.reported_from <= ? AND v.reported_to > ? AND v.status <> ?"


@dataclass(frozen=True, slots=True)
class Extent:
    """How many incidents there are, in which box (west, south, east, north), and from when to when.

    Without any point there is no box; days are None where a span is open.
    """

    incidents: int
    box: tuple[float, float, float, float] | None
    first_day: int | None
    last_day: int | None


class Extents:
    """Reads of extents. They look at every incident, so the last few are kept."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.of_all: Callable[[Moment], Extent] = lru_cache(maxsize=16)(self._of_all)
        self.of_country: Callable[[str, Moment], Extent | None] = lru_cache(maxsize=256)(
            self._of_country
        )
        self.of_countries: Callable[[Moment], Mapping[str, Extent]] = lru_cache(maxsize=16)(
            self._of_countries
        )

    def _of_all(self, moment: Moment) -> Extent:
        """The extent of all incidents."""
        sql = f"SELECT {_COLUMNS} FROM incident_version v WHERE v.from_position <= ?{_VALID}"
        return _extent(self._database.rows(sql, _validity(moment))[0])

    def _of_country(self, code: str, moment: Moment) -> Extent | None:
        """The extent of a country's timeline; None: it shows nothing."""
        sql = (
            f"SELECT {_COLUMNS} FROM country_timeline t CROSS JOIN incident_version v"
            " ON v.version_id = t.version_id WHERE t.subject = ? AND t.from_position <= ?"
        )
        rows = self._database.rows(f"{sql}{_VALID}", (code, *_validity(moment)))
        extent = _extent(rows[0])
        return extent if extent.incidents else None

    def _of_countries(self, moment: Moment) -> dict[str, Extent]:
        """The extents of all countries whose timelines show anything, by code."""
        sql = (
            f"SELECT t.subject, {_COLUMNS} FROM country_timeline t CROSS JOIN incident_version v"
            " ON v.version_id = t.version_id WHERE t.from_position <= ?"
        )
        rows = self._database.rows(
            f"{sql}{_VALID} GROUP BY t.subject ORDER BY t.subject", _validity(moment)
        )
        return {code: _extent(values) for code, *values in rows}


def _validity(moment: Moment) -> tuple[int | str, ...]:
    return (*[moment.position] * 2, *[moment.reported_by] * 2, str(Status.RETRACTED))


def _extent(row: Sequence[Any]) -> Extent:
    incidents, west, south, east, north, first, last = row
    return Extent(
        incidents,
        None if west is None else (west, south, east, north),
        None if first == OPEN_PAST else first,
        None if last == OPEN_FUTURE else last,
    )
