"""Imports of every node, as each of them shows them: a row for each in the database that they share.

An import is carried out by the node that it was sent to, which has its files; the others know of it what
its node has written down here, a second late at most. One whose node is gone waits for it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.state import Schema, State, rows

SCHEMA = Schema(
    "imports",
    (
        (
            """CREATE TABLE import (
                id TEXT PRIMARY KEY,
                node TEXT NOT NULL,
                job TEXT NOT NULL,
                rejected TEXT)""",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Shared:
    """An import as its row has it: its file, and the table of its rejected rows, if there is one."""

    job: str
    rejected: str | None


class SharedImports:
    """The imports of all nodes, and which of them are this one's."""

    def __init__(self, state: State, folder: Path) -> None:
        self._state = state
        self._folder = folder
        self._told: dict[str, str] | None = None

    def tell(self, jobs: Mapping[str, str], rejected: Callable[[str], str | None]) -> None:
        """Write down how this node's imports are by now, if that is news; forget those that are gone.

        They are given by their ids; `rejected` reads the table of rejected rows of one.
        """
        if self._told is None:
            self._told = self._of_this_node()
        news = {name: job for name, job in jobs.items() if self._told.get(name) != job}
        gone = [name for name in self._told if name not in jobs]
        if not news and not gone:
            return
        node = self._node()
        with self._state.writing() as cursor:
            cursor.executemany(
                "INSERT INTO import VALUES (?,?,?,?) ON CONFLICT (id) DO UPDATE"
                " SET job = excluded.job, rejected = excluded.rejected",
                [(name, node, job, rejected(name)) for name, job in news.items()],
            )
            cursor.executemany("DELETE FROM import WHERE id = ?", [(name,) for name in gone])
        self._told = dict(jobs)

    @contextmanager
    def adding(self) -> Iterator[Callable[[str, str], None]]:
        """While no other node makes an import; writes one of this node down, by its id and its file."""
        node = self._node()

        def tell(name: str, job: str) -> None:
            cursor.execute("INSERT INTO import VALUES (?,?,?,NULL)", (name, node, job))

        with self._state.writing() as cursor:
            yield tell

    def _of_this_node(self) -> dict[str, str]:
        """What an earlier run of this node has written down."""
        if not self._state.exists:
            return {}
        with self._state.reading() as cursor:
            cursor.execute("SELECT id, job FROM import WHERE node = ?", (self._node(),))
            return dict(map(tuple, cursor.fetchall()))

    def get(self, identifier: str) -> Shared | None:
        """The import of an id, whichever node has it."""
        return next(iter(self._select(" WHERE id = ?", identifier)), None)

    def others(self) -> Iterable[Shared]:
        """The imports of other nodes, the newest first."""
        return self._select(" WHERE node <> ? ORDER BY id DESC", self._node())

    def _select(self, where: str, *parameters: str) -> list[Shared]:
        found = rows(self._state, f"SELECT job, rejected FROM import{where}", parameters)
        return [Shared(*row) for row in found]

    def _node(self) -> str:
        """What this node's folder is called, given to it once."""
        path = self._folder / "NODE"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            staged = path.with_name(f"NODE.{secrets.token_hex(4)}")
            staged.write_text(secrets.token_hex(8))
            staged.replace(path)
        return path.read_text()

    def close(self) -> None:
        """Close the connections."""
        self._state.close()
