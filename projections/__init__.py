"""What is shown: pure folds from the log's records to rows, all brought forward together.

`fold` is the whole of it: a batch of records, in log order, becomes rows in the store it is handed, in
one transaction that the caller commits with the position reached. A record it does not know, or cannot
fold, raises; nothing is skipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast, get_args

from domain.records import ActorRecord, IncidentRecord, Record, Recorded
from projections import actors, incidents, instants, series, timelines
from projections.store import Histories, Mark, Store, Tables

VERSION = ".".join(str(p.VERSION) for p in (incidents, timelines, series, actors, instants))
"""Changes when any fold changes; rows written by another version are never read."""

TABLES: tuple[Tables, ...] = (
    incidents.TABLES,
    timelines.COUNTRIES.tables,
    timelines.ACTORS.tables,
    timelines.REACH,
    series.TABLES,
    actors.TABLES,
    instants.TABLES,
)


INCIDENT_RECORDS = get_args(IncidentRecord)


READ_MARK = (
    "SELECT (SELECT coalesce(max(version_id), 0) FROM incident_version),"
    " (SELECT coalesce(max(recorded_at), '') FROM instant)"
)
"""The statement that reads the `Mark` of the rows as they stand."""


def fold(store: Store, batch: Sequence[Recorded[Record]], histories: Histories, mark: Mark) -> Mark:
    """Fold a batch of records, in log order, into every projection; the mark that the next goes on from."""
    of_incidents: list[Recorded[IncidentRecord]] = []
    of_actors: list[Recorded[ActorRecord]] = []
    for recorded in batch:
        if isinstance(recorded.record, INCIDENT_RECORDS):
            of_incidents.append(cast("Recorded[IncidentRecord]", recorded))
        else:
            of_actors.append(cast("Recorded[ActorRecord]", recorded))
    actors.fold(store, of_actors, histories)
    written = incidents.fold(store, of_incidents, histories, mark.version_id + 1)
    timelines.fold(store, written.added)
    series.fold(store, written, batch)
    instant = instants.fold(store, batch, mark.instant)
    return Mark(mark.version_id + len(written.added), instant)
