"""The store that projections are handed: plain SQL, executed in the transaction of one batch.

The SQL is SQLite's, with ``?`` for parameters.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from domain.actors import Actor
from domain.records import IncidentRecord, Recorded

Row = Sequence[Any]


class Store(Protocol):
    """What a fold may do to its rows: write, and no more, so that it may be done elsewhere."""

    def execute(self, sql: str, parameters: Row = ()) -> None:
        """Run one statement."""

    def executemany(self, sql: str, rows: Iterable[Row]) -> None:
        """Run one statement for each of the rows."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a fold has to know of the rows it goes on from: the last version's id, the latest instant."""

    version_id: int = 0
    instant: str = ""


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


@dataclass(frozen=True, slots=True)
class Tables:
    """A projection's tables, and the indexes that a rebuild makes once they are filled."""

    create: tuple[str, ...]
    index: tuple[str, ...] = ()
