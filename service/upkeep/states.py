"""The state of a store in other places: copied to another kind of database, or kept in a backup."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import orjson

from service.access.keys import SCHEMA as KEYS
from service.log.places import LogPlace
from service.state import Schema, State
from service.state.places import state_at
from service.webhooks.store import SCHEMA as SUBSCRIPTIONS

KINDS: tuple[Schema, ...] = (SUBSCRIPTIONS, KEYS)
"""Every kind of state there is."""

Rows = Mapping[str, Sequence[Sequence[Any]]]
"""The rows of the tables of one kind, by the tables' names."""

_KEPT = "CREATE TABLE IF NOT EXISTS state (kind TEXT, version INTEGER, tables BLOB)"


def copy_states(source: LogPlace, target: LogPlace) -> None:
    """Copy every kind of state to a place that has none of it."""
    for schema in KINDS:
        with _opened(source, schema) as state:
            rows = _read(state, schema)
        with _opened(target, schema) as state:
            _write(state, schema, rows)


def keep_states(source: LogPlace, backup: Path) -> None:
    """Put every kind of state into the file of a backup."""
    with closing(sqlite3.connect(backup)) as file, file:
        file.execute(_KEPT)
        for schema in KINDS:
            with _opened(source, schema) as state:
                rows = _read(state, schema)
            kept = (schema.name, len(schema.versions), orjson.dumps(rows))
            file.execute("INSERT INTO state VALUES (?,?,?)", kept)


def restore_states(backup: Path, target: LogPlace) -> None:
    """Put the state that a backup has in its place, where there is none."""
    with closing(sqlite3.connect(f"{backup.absolute().as_uri()}?mode=ro", uri=True)) as file:
        known = file.execute("SELECT 1 FROM sqlite_schema WHERE name = 'state'").fetchall()
        kept = file.execute("SELECT kind, tables FROM state").fetchall() if known else []
    by_kind = {kind: orjson.loads(tables) for kind, tables in kept}
    for schema in KINDS:
        with _opened(target, schema) as state:
            _write(state, schema, by_kind.get(schema.name, {}))


@contextmanager
def _opened(place: LogPlace, schema: Schema) -> Iterator[State]:
    state = state_at(place, schema)
    try:
        yield state
    finally:
        state.close()


def _tables(schema: Schema) -> list[str]:
    text = "\n".join(statement for version in schema.versions for statement in version)
    return re.findall(r"CREATE TABLE (\w+)", text)


def _read(state: State, schema: Schema) -> Rows:
    if not state.exists:
        return {}
    with state.reading() as cursor:
        found = {}
        for table in _tables(schema):
            cursor.execute(f"SELECT * FROM {table}")
            found[table] = [list(row) for row in cursor.fetchall()]
        return found


def _write(state: State, schema: Schema, rows: Rows) -> None:
    """Add rows to tables that have none."""
    if not any(rows.values()):
        return
    with state.writing() as cursor:
        for table in _tables(schema):
            cursor.execute(f"SELECT count(*) FROM {table}")
            if cursor.fetchone()[0] == 0 and (added := rows.get(table)):
                marks = ",".join("?" * len(added[0]))
                cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", added)
