"""Proof that a store is what it says: its log is well-formed, and shown as a fresh fold shows it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from eventsourcing.persistence import MapperDeserialisationError

from service.log import Log, Stretch
from service.log.places import LogPlace, in_words
from service.upkeep.copying import Digest, batches_of
from service.views.comparing import NoCopy
from service.views.projector import Progress, Projector
from service.views.store import TRACKED, ViewFolder

_VERSIONS, _NUMBER = "incident_version", "version_id"
_SUMS = ("incidents", "low", "best", "high")

MOST_FAULTS = 20
"""Faults that are told; a log that has more has one cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found: up to which position, the log's digest, and every fault in words."""

    position: int
    digest: str
    faults: tuple[str, ...]


def verify(log: Log, views: Path | None, progress: Progress | None = None) -> Verdict:
    """Look through a log, and compare the rows in a file with those of a fresh fold up to where they are.

    Both may go on meanwhile: the log is looked at up to where it ends now, the rows as they are now.
    """
    faults = [f"the file of the log is damaged: {each}" for each in log.damage()]
    position, digest = log.head, Digest()
    for fault in _faults_of_log(log, position, digest, progress):
        faults.append(fault)
        if len(faults) >= MOST_FAULTS:
            break
    if views is not None and not faults:
        faults += _faults_of_rows(log.place, views, progress)
    return Verdict(position=position, digest=digest.text, faults=tuple(faults[:MOST_FAULTS]))


def fault_of_copy(copy: Log, log: Log) -> str:
    """How a copy that is read in a log's place is none, told at where it ends; empty: it is one."""
    position = copy.head
    mark, logged = copy.mark(position), log.mark(position)
    if mark == logged:
        return ""
    if not logged:
        return (
            f"the read store is not a copy of the log: it has a record at position {position}, and"
            f" the log ({in_words(log.place)}) has none there"
        )
    return f"{NoCopy(position)} ({in_words(log.place)})"


def _faults_of_log(log: Log, end: int, digest: Digest, progress: Progress | None) -> Iterator[str]:
    expected, versions = 1, Counter[UUID | str]()
    for batch in batches_of(log, until=end):
        digest.add(batch)
        for entry in batch:
            if entry.id != expected:
                yield f"position {expected}: there is no record; the next is at {entry.id}"
            expected = entry.id + 1
            versions[entry.originator_id] += 1
            if entry.originator_version != versions[entry.originator_id]:
                yield (
                    f"position {entry.id}: version {entry.originator_version} of stream"
                    f" {entry.originator_id}, of which {versions[entry.originator_id] - 1} came before"
                )
            try:
                log.decoded(entry)
            except MapperDeserialisationError as error:
                yield str(error)
        if progress:
            progress(batch[-1].id, end)
    if expected <= end:
        yield f"position {expected}: there is no record; the log ends at {end}"


class _Until(Log):
    """A log up to a position, whatever was recorded since."""

    def __init__(self, place: LogPlace, end: int) -> None:
        super().__init__(place)
        self._end = end

    @property
    def head(self) -> int:
        """The last position that is looked at."""
        return min(super().head, self._end)

    def stretch(self, after: int, limit: int) -> Stretch:
        """Records beyond a position, in order, with the marks of those around them."""
        return super().stretch(after, min(limit, max(self._end - after, 0)))


def _faults_of_rows(place: LogPlace, views: Path, progress: Progress | None) -> Iterator[str]:
    with (
        TemporaryDirectory(prefix=".verify-", dir=views.parent) as folder,
        closing(sqlite3.connect(f"{views.absolute().as_uri()}?mode=ro", uri=True)) as shown,
    ):
        shown.isolation_level = None
        shown.execute("BEGIN")  # the rows as they are now, whatever is folded meanwhile
        ((reached,),) = shown.execute(
            "SELECT notification_id FROM tracking WHERE application_name = ?", (TRACKED,)
        ).fetchall() or [(0,)]
        with (
            closing(_Until(place, reached)) as log,
            closing(Projector(log, ViewFolder(Path(folder)))) as fresh,
        ):
            fresh.open(progress)
            path = fresh.generation.path
            if fresh.generation.position != reached:
                yield f"the timelines stand at position {reached}, which the log has not reached"
                return
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as other:
            for table in _tables(shown):
                if _rows(shown, table) != _rows(other, table):
                    yield f"the rows of {table} are not those that the log's records come to"
            if _rows(shown, _words(shown)) != _rows(other, _words(other)):
                yield "the words that a search finds are not those that the log's records come to"


def _tables(database: sqlite3.Connection) -> list[str]:
    rows = database.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        " AND name NOT LIKE 'incident_text_%' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    )
    return [row[0] for row in rows]


def _words(database: sqlite3.Connection) -> str:
    """A table of the words of the full-text index, and how often each is there."""
    database.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, incident_text, row)")
    return "temp.words"


def _contents(database: sqlite3.Connection, table: str) -> str:
    """What a table holds, but for what depends on which records are written together.

    That is the numbers of versions, and counts that have come to nothing.
    """
    named = database.execute("SELECT name FROM pragma_table_info(?)", (table,))
    columns = [name for (name,) in named]
    if sums := [column for column in columns if column in _SUMS]:
        return f"SELECT * FROM {table} WHERE {' OR '.join(f'{each} <> 0' for each in sums)}"
    if _NUMBER not in columns:
        return f"SELECT * FROM {table}"
    own = ", ".join(f"t.{column}" for column in columns if column != _NUMBER)
    if table == _VERSIONS:
        return f"SELECT {own} FROM {table} t"
    of_version = "v.incident, v.from_position, v.reported_from"
    return f"SELECT {own}, {of_version} FROM {table} t LEFT JOIN {_VERSIONS} v USING ({_NUMBER})"


def _rows(database: sqlite3.Connection, table: str) -> tuple[int, int]:
    """How many rows a table has, and a digest of them that does not depend on their order."""
    count = total = 0
    # Of the text: Python has the same number for -1 and -2, and for 1 and 1.0.
    for row in database.execute(_contents(database, table)):
        count += 1
        total = (total + hash(repr(row))) & 0xFFFF_FFFF_FFFF_FFFF
    return count, total
