"""What nobody does to a log: its rows are changed behind its back, whichever database it is in."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from service.log.places import LogPlace


def tamper(place: LogPlace, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Carry out a statement on ``LOG``, the table of records, with ``?`` for parameters; its rows."""
    if isinstance(place, Path):
        with closing(sqlite3.connect(place)) as database, database:
            return database.execute(
                sql.replace("LOG", "stored_events").replace("BYTES", "BLOB"), parameters
            ).fetchall()
    with psycopg.connect(place) as server:
        server.execute("ALTER TABLE casus.log DISABLE TRIGGER immutable")
        words = sql.replace("LOG", "casus.log").replace("BYTES", "bytea").replace("?", "%s")
        cursor = server.execute(words.encode(), parameters)
        found = cursor.fetchall() if cursor.description else []
        server.execute("ALTER TABLE casus.log ENABLE TRIGGER immutable")
        return found
