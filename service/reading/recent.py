"""The latest changes: what became last of each incident of a selection, the newest in the log first.

It is the last step that a replay along the recorded clock (`service.reading.replay`) takes with each
incident, found from the other end: where an incident has come to the selection, has changed there, or has
left it. Who actors are, and who belongs to whom, is as at the moment all along.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

import orjson

from domain.vocabulary import Status
from service.database import Database
from service.reading.clocks import Moment
from service.reading.difference_statements import as_json_rows, valid
from service.reading.differences import Kind
from service.reading.directory import Directory
from service.reading.selection import Selected, Selection
from service.reading.sweeps import CLOSED, VERSIONS, Place, Sweep, Version

PAGE = 200
"""Keys that are read together."""

FEW = 20_000
"""Versions on a subject's timelines up to which they are sorted; of more, the newest are soon come upon."""


@dataclass(frozen=True, slots=True)
class Latest:
    """What became last of an incident of a selection: at which position, and when that was recorded.

    `entry` is the incident's JSON, of one that has left as it was shown last; `first_recorded_at` is when
    the log first heard of it. `left` is the word for how it left, `survivor` whom it is merged into then;
    None: it is there.
    """

    position: int
    recorded_at: str
    first_recorded_at: str
    entry: bytes
    left: Kind | None = None
    survivor: str | None = None


_Key = tuple[int, ...]
"""What names a version (`service.reading.sweeps`), its point and number first."""

_State = tuple[str | None, str | None]
"""The status of an incident that stands, or the survivor of one that is merged."""


class Recent:
    """The latest changes of the generation of rows that is in use."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self._database, self._directory = database, directory

    def latest(self, selection: Selection, moment: Moment, limit: int) -> Iterator[Latest]:
        """At most `limit` incidents that are or were selected by a moment, the last changed first.

        Between two pages nothing is held but a bit for each incident of the log.
        """
        selected = self._directory.selected(selection, moment)
        sweep = Sweep(selected, moment, "recorded", moment.position)
        steps = islice(self._last_steps(sweep, walk=not self._is_small(selected)), limit)
        while page := list(islice(steps, PAGE)):
            yield from self._told(page, selection, moment)

    def _is_small(self, selected: Selected) -> bool:
        """Whether few versions are on the subject's timelines."""
        subject = selected.selection.subject
        if subject is None:
            return False
        ids = as_json_rows(sorted({share.id for share in selected.shares}))
        found = self._database.rows(
            f"SELECT count(*) FROM (SELECT 1 FROM {subject.table.name}"
            " WHERE subject IN (SELECT value FROM json_each(?)) LIMIT ?)",
            (ids, FEW + 1),
        )
        return int(found[0][0]) <= FEW

    def _last_steps(self, sweep: Sweep, *, walk: bool) -> Iterator[Version]:
        """The version that each incident's last step shows, the newest first."""
        seen = _Numbers(sweep.moment.position)
        for keys in self._pages_of_keys(sweep, walk=walk):
            wanted = orjson.dumps([key for key in keys if key[1] not in seen])
            versions = map(Version._make, self._database.rows(VERSIONS, (wanted,)))
            for (_, number), pair in groupby(versions, key=lambda version: version[:2]):
                shown, *closed = pair
                # A record that counts from a later day closes a version, and opens it alike.
                if number not in seen and not (closed and closed[0][3:] == shown[3:]):
                    seen.add(number)
                    yield shown

    def _pages_of_keys(self, sweep: Sweep, *, walk: bool) -> Iterator[list[_Key]]:
        place: Place | None = None
        more = True
        while more:
            rows = self._database.rows(*sweep.keys_before(place, PAGE + 1, walk=walk))
            if more := len(rows) > PAGE:
                # What is opened and closed of an incident at a point is not parted.
                parted = rows[PAGE][:2]
                while rows[-1][:2] == parted:
                    rows.pop()
            yield rows
            if rows:
                place = Place(*rows[-1][:2])

    def _told(
        self, page: Sequence[Version], selection: Selection, moment: Moment
    ) -> Iterator[Latest]:
        joined = self._directory.entries_at(moment.position)
        entries = [joined(version.entry, version.participants) for version in page]
        gone = [
            orjson.loads(entry)["id"] if version.sign == CLOSED else None
            for version, entry in zip(page, entries, strict=True)
        ]
        states = self._states([each for each in gone if each], moment)
        instants = self._instants([version.number for version in page])
        for version, entry, incident in zip(page, entries, gone, strict=True):
            status, survivor = states.get(incident, (None, None))
            left = _how_it_left(status, survivor, selection) if incident else None
            first = instants[version.number]
            yield Latest(version.point, version.recorded_at, first, entry, left, survivor)

    def _states(self, incidents: Sequence[str], moment: Moment) -> dict[str | None, _State]:
        """The status of incidents that stand at a moment, and the survivors of those that are merged."""
        ids, (is_valid, at) = as_json_rows(incidents), valid(moment)
        rows = self._database.rows(
            "SELECT v.incident, v.status, NULL FROM json_each(?) i"
            f" CROSS JOIN incident_version v ON v.incident = i.value WHERE {is_valid} UNION ALL"
            " SELECT v.incident, NULL, v.survivor FROM json_each(?) i"
            f" CROSS JOIN incident_merged v ON v.incident = i.value WHERE {is_valid}",
            [ids, *at, ids, *at],
        )
        return {incident: (status, survivor) for incident, status, survivor in rows}

    def _instants(self, positions: Sequence[int]) -> dict[int, str]:
        """When positions were recorded."""
        rows = self._database.rows(
            "SELECT p.value, (SELECT recorded_at FROM instant"
            " WHERE position <= p.value ORDER BY position DESC LIMIT 1) FROM json_each(?) p",
            (as_json_rows(positions),),
        )
        return dict(rows)


def _how_it_left(status: str | None, survivor: str | None, selection: Selection) -> Kind:
    if survivor is not None:
        return Kind.MERGED
    was_wanted = Status.RETRACTED in selection.statuses
    return Kind.RETRACTED if status == Status.RETRACTED and not was_wanted else Kind.REMOVED


class _Numbers:
    """Numbers of incidents: a bit for each of a log's positions."""

    def __init__(self, highest: int) -> None:
        self._bits = bytearray(highest // 8 + 1)

    def add(self, number: int) -> None:
        """Add a number."""
        self._bits[number // 8] |= 1 << number % 8

    def __contains__(self, number: int) -> bool:
        """Whether it was added."""
        return bool(self._bits[number // 8] >> number % 8 & 1)
