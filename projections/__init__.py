"""What is shown: pure folds from the log's records to rows, all brought forward together.

`fold` is the whole of it: a batch of records, in log order, becomes statements that the caller carries out
in one transaction, with the position reached. A record it does not know, or cannot fold, raises; nothing
is skipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast, get_args

from domain.records import ActorRecord, DatasetReleased, IncidentRecord, Record, Recorded
from projections import actors, datasets, incidents, instants, series, timelines
from projections.store import Histories, Statements, Tables

VERSION = ".".join(
    str(p.VERSION) for p in (incidents, timelines, series, actors, datasets, instants)
)
"""Changes when any fold changes; rows written by another version are never read."""

TABLES: tuple[Tables, ...] = (
    incidents.TABLES,
    timelines.COUNTRIES.tables,
    timelines.ACTORS.tables,
    timelines.REACH,
    series.TABLES,
    actors.TABLES,
    datasets.TABLES,
    instants.TABLES,
)


INCIDENT_RECORDS = get_args(IncidentRecord)


def fold(batch: Sequence[Recorded[Record]], histories: Histories) -> Statements:
    """What a batch of records, in log order, comes to in every projection."""
    statements = Statements()
    of_incidents: list[Recorded[IncidentRecord]] = []
    of_actors: list[Recorded[ActorRecord]] = []
    of_datasets: list[Recorded[DatasetReleased]] = []
    for recorded in batch:
        if isinstance(recorded.record, INCIDENT_RECORDS):
            of_incidents.append(cast("Recorded[IncidentRecord]", recorded))
        elif isinstance(recorded.record, DatasetReleased):
            of_datasets.append(cast("Recorded[DatasetReleased]", recorded))
        else:
            of_actors.append(cast("Recorded[ActorRecord]", recorded))
    actors.fold(statements, of_actors, histories)
    written = incidents.fold(statements, of_incidents, histories)
    timelines.fold(statements, written.added)
    series.fold(statements, written, batch)
    datasets.fold(statements, of_datasets, written, histories)
    instants.fold(statements, batch)
    return statements
