"""The incidents projection: one row for each version of each incident, with its finished entry.

The other timelines point at these rows; search by text reads from the index beside them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from domain.incidents import Incident
from domain.records import IncidentRecord, Recorded
from domain.resolution import ShownIncident, resolve
from projections.bitemporal import OPEN_POSITION, Version, change
from projections.entries import entry_head, participants_key
from projections.store import Histories, Row, Store, Tables

VERSION = 1

LONG_SPAN = 366
"""Incidents whose span is longer, in days, have an index of their own: few reach far into a window."""

TABLES = Tables(
    create=(
        """CREATE TABLE incident_version (
            version_id INTEGER PRIMARY KEY,
            incident TEXT NOT NULL,
            number INTEGER NOT NULL,
            earliest INTEGER NOT NULL,
            latest INTEGER NOT NULL,
            from_position INTEGER NOT NULL,
            to_position INTEGER NOT NULL,
            reported_from INTEGER NOT NULL,
            reported_to INTEGER NOT NULL,
            type TEXT NOT NULL,
            status TEXT NOT NULL,
            latitude REAL,
            longitude REAL,
            participants BLOB NOT NULL,
            entry BLOB NOT NULL)""",
        # A rebuild needs this one as well: a later record closes the versions of its incident.
        "CREATE INDEX incident_version_by_incident ON incident_version (incident, to_position)",
        """CREATE VIRTUAL TABLE incident_text USING fts5(
            text, content='', detail=full, tokenize='unicode61 remove_diacritics 2')""",
    ),
    index=(
        """CREATE INDEX incident_version_by_date ON incident_version
            (earliest, number, latest, from_position, to_position)""",
        f"""CREATE INDEX incident_version_long ON incident_version (earliest, number, latest)
            WHERE latest - earliest > {LONG_SPAN}""",
        """CREATE INDEX incident_version_by_latitude ON incident_version (latitude, longitude)
            WHERE latitude IS NOT NULL""",
    ),
)


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """A version resolved, with the keys by which timelines refer to it."""

    version_id: int
    incident: UUID
    number: int
    version: Version
    shown: ShownIncident


def fold(
    store: Store, records: Iterable[Recorded[IncidentRecord]], histories: Histories
) -> list[ShownVersion]:
    """Write the versions that records make; return them for the timelines.

    An incident's number is the position of its first record: unique, and the same in every rebuild.
    """
    next_id = _last_version_id(store) + 1
    added: list[ShownVersion] = []
    for stream, new in _by_stream(records).items():
        first = new[0]
        earlier = histories.before(stream, first.version) if first.version > 1 else ()
        number = (earlier or new)[0].position
        made = change(earlier, new)
        for closing in made.closings:
            store.execute(
                "UPDATE incident_version SET to_position = ?"
                " WHERE incident = ? AND to_position = ? AND reported_to > ?",
                (closing.position, str(stream), OPEN_POSITION, closing.beyond),
            )
        for version in made.versions:
            added.append(
                ShownVersion(
                    next_id + len(added), stream, number, version, resolve(version.incident)
                )
            )
    store.executemany(
        "INSERT INTO incident_version VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", map(_row, added)
    )
    store.executemany(
        "INSERT INTO incident_text (rowid, text) VALUES (?, ?)",
        ((each.version_id, searched_text(each.version.incident)) for each in added),
    )
    return added


def searched_text(incident: Incident) -> str:
    """What a search reads: all accounts' titles, summaries, places and sources."""
    parts: dict[str | None, None] = {}
    for held in incident.accounts:
        account = held.account
        parts[account.title] = parts[account.summary] = parts[account.source.name] = None
        if account.place:
            place = account.place
            parts[place.name] = parts[place.admin1] = parts[place.admin2] = None
    return "\n".join(part for part in parts if part)


def _last_version_id(store: Store) -> int:
    return int(store.execute("SELECT coalesce(max(version_id), 0) FROM incident_version")[0][0])


def _by_stream(
    records: Iterable[Recorded[IncidentRecord]],
) -> dict[UUID, list[Recorded[IncidentRecord]]]:
    streams: dict[UUID, list[Recorded[IncidentRecord]]] = {}
    for recorded in records:
        streams.setdefault(recorded.stream, []).append(recorded)
    return streams


def _row(each: ShownVersion) -> Row:
    version, shown = each.version, each.shown
    incident_id = str(each.incident)
    return (
        each.version_id,
        incident_id,
        each.number,
        shown.earliest,
        shown.latest,
        version.from_position,
        version.to_position,
        version.reported_from,
        version.reported_to,
        shown.type,
        shown.status,
        shown.place.latitude if shown.place else None,
        shown.place.longitude if shown.place else None,
        participants_key(shown),
        entry_head(incident_id, version.incident, shown),
    )
