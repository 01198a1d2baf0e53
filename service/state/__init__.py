"""State: what a store keeps beside its log that is no record, such as subscriptions and keys.

It changes and none of it is in the log. Each kind of it has a `Schema` of its own, with SQL that both
databases understand: ``?`` for parameters and no function that only one of them has. Where the log is a
file it is a file beside it, made with the first row and for its owner's eyes only; where the log is in
PostgreSQL it is there too, and every node sees the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

Parameters = Sequence[Any]


class Taken(Exception):
    """Raised when another process holds a lock."""


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of one kind of state: its name, and what leads from each version of them to the next."""

    name: str
    versions: tuple[tuple[str, ...], ...]


class Cursor(Protocol):
    """What statements are carried out on; rows are read by place."""

    def execute(self, sql: str, parameters: Parameters = ()) -> object:
        """Carry out a statement."""

    def executemany(self, sql: str, rows: Iterable[Parameters]) -> object:
        """Carry out a statement for each of the rows."""

    def fetchone(self) -> Any:
        """The next row; None after the last."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""


class State(Protocol):
    """One kind of state. Raises the library's `OperationalError` where the store does not answer."""

    @property
    def exists(self) -> bool:
        """Whether anything was ever written."""

    def reading(self) -> AbstractContextManager[Cursor]:
        """A transaction that sees one state."""

    def writing(self) -> AbstractContextManager[Cursor]:
        """A transaction that has the only right to write, and is on the disk when it is over."""

    def locked(self) -> AbstractContextManager[Callable[[], bool]]:
        """A right that one process has at a time; the system takes it from one that dies.

        It is given with a function that says whether it still is this one's: a connection can be lost.
        Raises `Taken` if another process has it.
        """

    def close(self) -> None:
        """Close the connections; they are opened again where they are needed."""


def rows(state: State, sql: str, parameters: Parameters = ()) -> list[Any]:
    """The rows of one statement that reads; none where nothing was ever written."""
    if not state.exists:
        return []
    with state.reading() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()
