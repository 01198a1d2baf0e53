"""What folds make: statements in plain SQL, carried out in order in the transaction of one batch.

The SQL is SQLite's, with ``?`` for parameters. A fold never reads the rows that it adds to, so that batches
can be folded apart from each other, in any order and in several processes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from domain.actors import Actor
from domain.datasets import Dataset
from domain.records import IncidentRecord, Recorded

Row = Sequence[Any]


VERSIONS = "$versions"
"""In a statement, how many versions there are before the batch: a fold numbers its own from 1 on."""

COUNT_VERSIONS = "SELECT coalesce(max(version_id), 0) FROM incident_version"


class Statements:
    """What a batch of records comes to: statements in order, each with the rows it is carried out for."""

    def __init__(self) -> None:
        self._all: list[tuple[str, list[Row]]] = []

    def add(self, sql: str, rows: Iterable[Row]) -> None:
        """Carry out a statement for each of the rows, after those before."""
        if self._all and self._all[-1][0] == sql:
            self._all[-1][1].extend(rows)
        else:
            self._all.append((sql, list(rows)))

    def numbered(self, versions: int) -> Iterator[tuple[str, list[Row]]]:
        """The statements for a store that holds so many versions."""
        for sql, rows in self._all:
            yield sql.replace(VERSIONS, str(versions)), rows


class Histories(Protocol):
    """The earlier records of streams, as far as a fold needs them."""

    def ties(self, streams: Collection[UUID]) -> Mapping[UUID, Collection[UUID]]:
        """All incidents that each of these was ever merged with, itself included; those of no merge are
        left out."""

    def before(
        self, streams: Collection[UUID], position: int
    ) -> Iterable[Recorded[IncidentRecord]]:
        """The records of incidents below a position, in log order."""

    def actor(self, slug: str, position: int) -> Actor | None:
        """An actor as it was at a position."""

    def dataset(self, slug: str, position: int) -> Dataset | None:
        """A dataset as it was at a position."""


@dataclass(frozen=True, slots=True)
class Tables:
    """A projection's tables, and the indexes that a rebuild makes once they are filled."""

    create: tuple[str, ...]
    index: tuple[str, ...] = ()
