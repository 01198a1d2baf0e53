"""Which accounts an import has seen: on disk, for there may be many millions."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Self
from uuid import UUID

AT_ONCE = 500
"""Keys that one statement names."""


class Seen:
    """Accounts by the streams of their incidents and their own keys."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="casus-import-")
        self._database = sqlite3.connect(Path(self._folder.name) / "seen", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("CREATE TABLE seen (key BLOB PRIMARY KEY) WITHOUT ROWID")

    def add(self, keys: Iterable[bytes]) -> None:
        """Note accounts."""
        self._database.execute("BEGIN")
        self._database.executemany("INSERT OR IGNORE INTO seen VALUES (?)", zip(keys, strict=False))
        self._database.execute("COMMIT")

    def among(self, keys: Sequence[bytes]) -> set[bytes]:
        """Those of some accounts that were noted."""
        found: set[bytes] = set()
        for start in range(0, len(keys), AT_ONCE):
            some = keys[start : start + AT_ONCE]
            marks = ",".join("?" * len(some))
            rows = self._database.execute(f"SELECT key FROM seen WHERE key IN ({marks})", some)
            found.update(key for (key,) in rows)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
        self._folder.cleanup()


def key_of(stream: UUID, key: str) -> bytes:
    """An account's key as it is noted: those of incidents that follow each other lie side by side."""
    return stream.bytes + blake2b(key.encode(), digest_size=8).digest()
