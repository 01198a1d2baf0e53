"""The datasets projection: what a dataset was at each position of the log, and how many incidents have it.

The number of incidents at a position and a reported day is a sum of rows: each says by how many it grows
from there on, on both clocks. An incident of several datasets counts in each of them, a retracted one in
none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Annotated

import orjson
from pydantic import Field

from domain.datasets import Dataset, Release, evolve
from domain.dates import OPEN_FUTURE
from domain.records import DatasetReleased, Recorded
from domain.resolution import ShownIncident
from domain.vocabulary import Status
from projections.bitemporal import OPEN_POSITION, Version
from projections.incidents import Written
from projections.store import Histories, Row, Statements, Tables

VERSION = 1

TABLES = Tables(
    create=(
        """CREATE TABLE dataset_version (
            dataset TEXT NOT NULL,
            from_position INTEGER NOT NULL,
            to_position INTEGER NOT NULL,
            document BLOB NOT NULL,
            PRIMARY KEY (dataset, from_position))""",
        """CREATE TABLE dataset_delta (
            dataset TEXT NOT NULL,
            position INTEGER NOT NULL,
            reported INTEGER NOT NULL,
            incidents INTEGER NOT NULL,
            PRIMARY KEY (dataset, position, reported)) WITHOUT ROWID""",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetHead:
    """All that is shown of a dataset but the number of its incidents."""

    id: Annotated[str, Field(examples=["ucdp-ged"])]
    title: str
    license: str | None
    citation: Annotated[
        str | None, Field(description="How to name it where its incidents are shown.")
    ]
    url: str | None
    releases: Annotated[
        tuple[Release, ...],
        Field(
            description="Those taken in, in order; a single one without a number if it has none."
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDataset(DatasetHead):
    """A dataset: whose it is, on what terms it may be used, and what of it is held."""

    incidents: Annotated[
        int,
        Field(ge=0, description="How many incidents have an account of it; retracted ones aside."),
    ]


def fold(
    statements: Statements,
    records: Iterable[Recorded[DatasetReleased]],
    written: Written,
    histories: Histories,
) -> None:
    """Write the version that each record makes of its dataset, and count the incidents of all."""
    latest: dict[str, Dataset | None] = {}
    for recorded in records:
        slug, position = recorded.record.dataset.id, recorded.position
        if slug not in latest:
            latest[slug] = histories.dataset(slug, position - 1)
        before = latest[slug]
        latest[slug] = after = evolve(before, recorded)
        if before is not None:
            statements.add(
                "UPDATE dataset_version SET to_position = ? WHERE dataset = ? AND to_position = ?",
                [(position, slug, OPEN_POSITION)],
            )
        version = (slug, position, OPEN_POSITION, _document(after))
        statements.add("INSERT INTO dataset_version VALUES (?,?,?,?)", [version])
    statements.add(
        "INSERT INTO dataset_delta VALUES (?,?,?,?)"
        " ON CONFLICT DO UPDATE SET incidents = incidents + excluded.incidents",
        _counted(written),
    )


def _document(dataset: Dataset) -> bytes:
    """The bytes of what is shown of a dataset up to the number of incidents, without the closing brace."""
    head = DatasetHead(**asdict(dataset.profile), releases=dataset.releases)
    return orjson.dumps(head)[:-1]


def _counted(written: Written) -> list[Row]:
    """What versions opened and closed add to the numbers of their datasets, and from where on."""
    rows: list[Row] = []
    revised: Counter[tuple[str, int, int]] = Counter()
    for added in written.added:
        version, shown = added.version, added.shown
        if version.to_position == OPEN_POSITION and version.reported_to == OPEN_FUTURE:
            # As most are: a row for each dataset, of which there is one.
            if shown.status is not Status.RETRACTED:
                at = version.from_position, version.reported_from
                rows += [(dataset, *at, 1) for dataset in shown.datasets]
            continue
        _count(revised, version, shown, version.from_position, 1)
        if version.to_position != OPEN_POSITION:
            _count(revised, version, shown, version.to_position, -1)
    for closed in written.closed:
        _count(revised, closed.version, closed.shown, closed.version.to_position, -1)
    return [*rows, *((*key, grown) for key, grown in revised.items() if grown)]


def _count(
    revised: Counter[tuple[str, int, int]],
    version: Version,
    shown: ShownIncident,
    position: int,
    times: int,
) -> None:
    if shown.status is Status.RETRACTED:
        return
    for dataset in shown.datasets:
        revised[dataset, position, version.reported_from] += times
        if version.reported_to != OPEN_FUTURE:
            revised[dataset, position, version.reported_to] -= times
