"""What a complete release no longer has: the accounts that were not seen while it was imported."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Self
from uuid import UUID

from domain.countries import find_country
from domain.dates import OPEN_FUTURE, OPEN_PAST, day_number
from domain.edtf import span
from domain.errors import DomainError
from domain.incidents import HeldAccount


class BadScope(DomainError):
    """Raised for a text that describes no part of a dataset."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} is no scope; write country=MMR, years=1989-2018, or both with a comma between"
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of a dataset: what happened in a country, and what began in some years."""

    country: str | None = None
    first: int = OPEN_PAST
    last: int = OPEN_FUTURE

    @classmethod
    def read(cls, text: str) -> Scope:
        """The scope that ``country=MMR,years=1989-2018`` describes. Raises `BadScope`, `UnknownCountry`."""
        country, first, last = None, OPEN_PAST, OPEN_FUTURE
        for part in text.split(","):
            name, _, value = (each.strip() for each in part.partition("="))
            if name == "country" and value:
                country = find_country(value).code
            elif name == "years" and value:
                begin, _, end = value.partition("-")
                if not (begin.isdecimal() and (end or begin).isdecimal() and len(value) < 12):
                    raise BadScope(text)
                first = day_number(int(begin), 1, 1)
                last = day_number(int(end or begin), 12, 31)
            else:
                raise BadScope(text)
        if first > last:
            raise BadScope(text)
        return cls(country, first, last)

    def holds(self, held: HeldAccount) -> bool:
        """Whether an account is of this part."""
        place = held.account.place
        if self.country and (place is None or place.country != self.country):
            return False
        return self.first <= span(held.account.occurred).earliest <= self.last


class Seen:
    """The keys of accounts that were seen: on disk, for there may be many millions."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="casus-import-")
        self._database = sqlite3.connect(Path(self._folder.name) / "seen", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("CREATE TABLE seen (key BLOB PRIMARY KEY) WITHOUT ROWID")

    def add(self, keys: Iterable[tuple[UUID, str]]) -> None:
        """Note accounts by the streams of their incidents and their own keys."""
        self._database.execute("BEGIN")
        rows = ((_digest(key),) for key in keys)
        self._database.executemany("INSERT OR IGNORE INTO seen VALUES (?)", rows)
        self._database.execute("COMMIT")

    def __contains__(self, key: tuple[UUID, str]) -> bool:
        query = "SELECT 1 FROM seen WHERE key = ?"
        return self._database.execute(query, (_digest(key),)).fetchone() is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
        self._folder.cleanup()


def _digest(key: tuple[UUID, str]) -> bytes:
    stream, own = key
    return blake2b(stream.bytes + own.encode(), digest_size=16).digest()
