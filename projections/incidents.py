"""The incidents projection: one row for each version of each incident, with its finished entry and line
of CSV.

The other timelines point at these rows; search by text reads from the index beside them. Where an incident
is merged into another, a row says so instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from domain.incidents import Incident
from domain.records import IncidentRecord, Recorded
from domain.resolution import ShownIncident, resolve
from domain.totals import Total, totals
from domain.values import Place
from domain.vocabulary import Measure
from projections.bitemporal import OPEN_POSITION, Merged, Version, change
from projections.cells import cell_of
from projections.csv import line
from projections.entries import entry_head, participants_key, totals_bytes
from projections.store import VERSIONS, Histories, Row, Statements, Tables

VERSION = 5

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
            cell INTEGER,
            participants BLOB NOT NULL,
            totals BLOB NOT NULL,
            entry BLOB NOT NULL)""",
        # Apart from the versions: those would be fewer on a page of the file, and slower to read.
        """CREATE TABLE incident_line (
            version_id INTEGER PRIMARY KEY,
            before BLOB NOT NULL,
            participants BLOB NOT NULL,
            after BLOB NOT NULL)""",
        """CREATE TABLE incident_merged (
            incident TEXT NOT NULL,
            survivor TEXT NOT NULL,
            from_position INTEGER NOT NULL,
            to_position INTEGER NOT NULL,
            reported_from INTEGER NOT NULL,
            reported_to INTEGER NOT NULL)""",
        "CREATE INDEX incident_merged_by_incident ON incident_merged (incident, to_position)",
        # A rebuild needs this one as well: a later record closes the versions of its incident.
        "CREATE INDEX incident_version_by_incident ON incident_version (incident, to_position)",
        """CREATE VIRTUAL TABLE incident_text USING fts5(
            text, content='', detail=full, tokenize='unicode61 remove_diacritics 2')""",
    ),
    index=(
        # All that decides whether, and where, a version is among all incidents, unless they are narrowed.
        """CREATE INDEX incident_version_by_date ON incident_version
            (earliest, number, latest, from_position, to_position, reported_from, reported_to, status)""",
        """CREATE INDEX incident_version_foretold ON incident_version
            (earliest, number, latest, from_position, to_position, reported_from, reported_to)
            WHERE reported_from < earliest""",
        f"""CREATE INDEX incident_version_long ON incident_version (earliest, number, latest)
            WHERE latest - earliest > {LONG_SPAN}""",
        # All that decides whether, and where, a version is on a page of a map's box.
        """CREATE INDEX incident_version_by_cell ON incident_version
            (cell, earliest, number, latest, latitude, longitude, status, from_position, to_position,
            reported_from, reported_to) WHERE cell IS NOT NULL""",
        # OGC API - Features has a map show what lies nowhere, whichever part of the world it shows.
        """CREATE INDEX incident_version_nowhere ON incident_version
            (earliest, number, latest, from_position, to_position, reported_from, reported_to)
            WHERE latitude IS NULL""",
        # All bounds and the number: what has changed is found without reading the versions themselves.
        """CREATE INDEX incident_version_by_opening ON incident_version
            (from_position, to_position, reported_from, reported_to, number, earliest, latest)""",
        f"""CREATE INDEX incident_version_by_closing ON incident_version
            (to_position, from_position, reported_from, reported_to, number)
            WHERE to_position < {OPEN_POSITION}""",
        "CREATE INDEX incident_merged_by_survivor ON incident_merged (survivor)",
    ),
)


_CLOSE = "UPDATE {} SET to_position = ? WHERE incident = ? AND to_position = ? AND reported_to > ?"


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """A version resolved, with the keys by which timelines refer to it.

    Its id counts the versions of a batch from 1 on.
    """

    id: int
    number: int
    version: Version
    shown: ShownIncident
    totals: Mapping[Measure, Total]


@dataclass(frozen=True, slots=True)
class ClosedVersion:
    """A version stored before, as a record has closed it."""

    version: Version
    shown: ShownIncident


@dataclass(frozen=True, slots=True)
class Written:
    """The versions that records have added, and those stored before that they have closed."""

    added: Sequence[ShownVersion]
    closed: Sequence[ClosedVersion]


def fold(
    statements: Statements, records: Sequence[Recorded[IncidentRecord]], histories: Histories
) -> Written:
    """Write the versions that records make; return them for the other projections.

    An incident's number is the position of its first record: unique, and the same in every rebuild.
    """
    added: list[ShownVersion] = []
    closed: list[ClosedVersion] = []
    merged: list[Merged] = []
    closings: list[Row] = []
    closings_of_merged: list[Row] = []
    for history in _histories(records, histories):
        made = change(history.earlier, history.new)
        for closing in made.closings:
            which = (closing.position, str(closing.stream), OPEN_POSITION, closing.beyond)
            closings.append(which)
            if len(history.numbers) > 1:
                closings_of_merged.append(which)
        for version in made.versions:
            shown = resolve(version.incident)
            number = history.numbers[version.incident.stream]
            added.append(
                ShownVersion(len(added) + 1, number, version, shown, totals(shown.figures))
            )
        merged += made.merged
        closed += (ClosedVersion(each, resolve(each.incident)) for each in made.closed)
    statements.add(_CLOSE.format("incident_version"), closings)
    statements.add(_CLOSE.format("incident_merged"), closings_of_merged)
    versions = list(map(_row, added))
    statements.add(
        f"INSERT INTO incident_version VALUES (?+{VERSIONS},?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        versions,
    )
    statements.add(f"INSERT INTO incident_line VALUES (?+{VERSIONS},?,?,?)", map(_line, versions))
    statements.add(
        f"INSERT INTO incident_text (rowid, text) VALUES (?+{VERSIONS}, ?)",
        ((each.id, searched_text(each.version.incident, each.shown)) for each in added),
    )
    statements.add(
        "INSERT INTO incident_merged VALUES (?,?,?,?,?,?)",
        (
            (
                str(each.stream),
                str(each.survivor),
                each.from_position,
                each.to_position,
                each.reported_from,
                each.reported_to,
            )
            for each in merged
        ),
    )
    return Written(added, closed)


def searched_text(incident: Incident, shown: ShownIncident) -> str:
    """What a search reads: what is shown, and all accounts' titles, summaries, places and sources."""
    parts: dict[str | None, None] = {}
    for held in incident.accounts:
        account = held.account
        parts[account.title] = parts[account.summary] = parts[account.source.name] = None
        for reference in account.references:
            parts[reference.name] = parts[reference.title] = parts[reference.text] = None
        _add_place(parts, account.place)
    if incident.corrections:
        parts[shown.title] = parts[shown.summary] = None
        _add_place(parts, shown.place)
    return "\n".join(part for part in parts if part)


def _add_place(parts: dict[str | None, None], place: Place | None) -> None:
    if place:
        parts[place.name] = parts[place.admin1] = parts[place.admin2] = None


@dataclass(slots=True)
class _History:
    """New records of incidents that are tied to each other, those before them, and who has which number."""

    new: list[Recorded[IncidentRecord]] = field(default_factory=list)
    earlier: list[Recorded[IncidentRecord]] = field(default_factory=list)
    numbers: dict[UUID, int] = field(default_factory=dict)


def _histories(
    records: Sequence[Recorded[IncidentRecord]], histories: Histories
) -> Iterable[_History]:
    if not records:
        return ()
    found: dict[UUID, _History] = {}
    ties = histories.ties({recorded.stream for recorded in records})
    founded: set[UUID] = set()
    revised: set[UUID] = set()
    for recorded in records:
        stream = recorded.stream
        history = found.get(stream)
        if history is None:
            tied = ties.get(stream, (stream,))
            history = next((found[other] for other in tied if other in found), None) or _History()
            for other in tied:
                found[other] = history
            revised.update(tied)
        history.new.append(recorded)
        if recorded.version == 1:
            founded.add(stream)
            history.numbers[stream] = recorded.position
    for recorded in histories.before(revised - founded, records[0].position):
        history = found[recorded.stream]
        history.earlier.append(recorded)
        if recorded.version == 1:
            history.numbers[recorded.stream] = recorded.position
    return {id(history): history for history in found.values()}.values()


def _row(each: ShownVersion) -> Row:
    version, shown = each.version, each.shown
    latitude = shown.place.latitude if shown.place else None
    longitude = shown.place.longitude if shown.place else None
    incident_id = str(version.incident.stream)
    return (
        each.id,
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
        latitude,
        longitude,
        None if latitude is None or longitude is None else cell_of(latitude, longitude),
        participants_key(shown),
        totals_bytes(each.totals),
        entry_head(incident_id, version.incident, shown),
    )


def _line(version: Row) -> Row:
    """What lines of CSV are made of, given a version's row."""
    *_, participants, _, entry = version
    before, after = line(entry)
    return version[0], before, participants, after
