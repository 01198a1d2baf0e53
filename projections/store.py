"""The store that projections are handed: plain SQL, executed in the transaction of one batch.

The SQL is SQLite's, with ``?`` for parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from domain.records import IncidentRecord, Recorded

Row = Sequence[Any]


class Store(Protocol):
    """What a fold may do to its rows."""

    def execute(self, sql: str, parameters: Row = ()) -> list[Row]:
        """Run one statement; its rows, if it has any."""

    def executemany(self, sql: str, rows: Iterable[Row]) -> None:
        """Run one statement for each of the rows."""


class Histories(Protocol):
    """The earlier records of streams, as far as a fold needs them."""

    def before(self, stream: UUID, version: int) -> Sequence[Recorded[IncidentRecord]]:
        """A stream's records below a version, in order."""


@dataclass(frozen=True, slots=True)
class Tables:
    """A projection's tables, and the indexes that a rebuild makes once they are filled."""

    create: tuple[str, ...]
    index: tuple[str, ...] = ()
