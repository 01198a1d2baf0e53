"""The state of a store in other places: copied to another kind of database, or kept in a backup."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from service.access.keys import SCHEMA as KEYS
from service.log.places import LogPlace
from service.state import Schema, State
from service.state.places import state_at
from service.webhooks.store import SCHEMA as SUBSCRIPTIONS

KINDS: tuple[Schema, ...] = (SUBSCRIPTIONS, KEYS)
"""The kinds of state that go with a log; which imports are under way is a store's own affair."""

Rows = Mapping[str, Sequence[Sequence[Any]]]
"""The rows of the tables of one kind, by the tables' names."""

_KEPT = "CREATE TABLE IF NOT EXISTS state (kind TEXT, version INTEGER, tables BLOB)"


def copy_states(source: LogPlace, target: LogPlace) -> None:
    """Put every kind of state of a place in the place of another's: what was revoked is so there, too."""
    for schema in KINDS:
        with closing(state_at(source, schema)) as state:
            rows = _read(state, schema) if state.exists else _kept_in(source).get(schema.name, {})
        with closing(state_at(target, schema)) as state:
            _write(state, schema, rows)


def keep_states(source: LogPlace, backup: Path) -> None:
    """Put every kind of state into the file of a backup."""
    with closing(sqlite3.connect(backup)) as file, file:
        file.execute(_KEPT)
        for schema in KINDS:
            with closing(state_at(source, schema)) as state:
                rows = _read(state, schema)
            kept = (schema.name, len(schema.versions), orjson.dumps(rows))
            file.execute("INSERT INTO state VALUES (?,?,?)", kept)


def fault_of_states(backup: Path) -> Iterator[str]:
    """What keeps the state in a backup from being restored, in words."""
    known = {schema.name: len(schema.versions) for schema in KINDS}
    with closing(sqlite3.connect(backup)) as file:
        for kind, version in _select(file, "kind, version"):
            if version > known.get(kind, 0):
                yield f"its {kind} are of version {version}, and this Casus knows {known.get(kind, 0)}"


def restore_states(backup: LogPlace, target: LogPlace, *, replacing: bool) -> list[str]:
    """Put the state that a backup has in its place; the kinds of which some is there, and is left.

    Where it is `replacing`, nothing is left.
    """
    kept, left = _kept_in(backup), []
    for schema in KINDS:
        rows = kept.get(schema.name, {})
        with closing(state_at(target, schema)) as state:
            there = _read(state, schema)
            if replacing or not any(there.values()):
                _write(state, schema, rows)
            elif any(rows.values()) and rows != there:
                left.append(schema.name)
    return left


def _kept_in(place: LogPlace) -> Mapping[str, Rows]:
    """The state that is in a file itself, as in a backup."""
    if not isinstance(place, Path):
        return {}
    with closing(sqlite3.connect(f"{place.absolute().as_uri()}?mode=ro", uri=True)) as file:
        return {kind: orjson.loads(tables) for kind, tables in _select(file, "kind, tables")}


def _select(file: sqlite3.Connection, columns: str) -> list[Any]:
    if not file.execute("SELECT 1 FROM sqlite_schema WHERE name = 'state'").fetchall():
        return []
    return file.execute(f"SELECT {columns} FROM state").fetchall()


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
    """Put rows in the place of those that are there."""
    if not state.exists and not any(rows.values()):
        return
    with state.writing() as cursor:
        for table in reversed(_tables(schema)):
            cursor.execute(f"DELETE FROM {table}")
        for table in _tables(schema):
            if added := rows.get(table):
                marks = ",".join("?" * len(added[0]))
                cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", added)
