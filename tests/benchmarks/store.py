"""What the benchmarks read: a Casus store, and a plain table of the same incidents for Datasette.

Both are built once in a folder, and used again where it is kept; a folder that was left half built has no
stamp and is refused.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from domain.dates import iso_of_day
from domain.edtf import span
from domain.incidents import reported_day
from domain.records import IncidentReported, Record, Recorded
from domain.values import Place
from service.bootstrap import Casus, open_casus
from service.log import Log
from service.settings import Settings
from tests.benchmarks.ged import Ged

_TABLE = """CREATE TABLE incidents (
    id TEXT PRIMARY KEY, title TEXT, type TEXT, status TEXT, occurred TEXT, earliest TEXT,
    latest TEXT, place TEXT, country TEXT, admin1 TEXT, admin2 TEXT, latitude REAL, longitude REAL,
    precision TEXT, summary TEXT, countries TEXT, side_a TEXT, side_a_name TEXT, side_b TEXT,
    side_b_name TEXT, killed_low INTEGER, killed_best INTEGER, killed_high INTEGER, codes TEXT,
    source TEXT, via TEXT, published TEXT, reported TEXT, position INTEGER, recorded_at TEXT)"""

_INDEX = "CREATE INDEX incidents_by_country ON incidents (country, earliest)"
"""The primary key's index apart, the one that the page needs."""


@dataclass(frozen=True, slots=True)
class Store:
    """The folder of the stores, how many incidents they hold, and after how many one is revised."""

    folder: Path
    incidents: int
    revised_every: int | None = None

    @property
    def revised(self) -> Store:
        """The same with a revision for every four incidents."""
        return replace(self, revised_every=4)

    @property
    def home(self) -> Path:
        """The folder of the Casus store."""
        return self.folder / f"casus-{self.incidents}{'-revised' if self.revised_every else ''}"

    @property
    def plain(self) -> Path:
        """The plain table's file."""
        return self.folder / f"plain-{self.incidents}" / "bench.db"

    def open(self) -> Casus:
        """The Casus store, built if it is not there."""
        stamp = self.home / "BUILT"
        if not stamp.exists():
            self.home.mkdir(parents=True)
            log = Log(self.home / "log.sqlite")
            for batch in Ged.read().records(self.incidents, self.revised_every):
                log.append(batch)
            log.close()
            open_casus(Settings(CASUS_HOME=self.home)).close()
            stamp.touch()
        return open_casus(Settings(CASUS_HOME=self.home))

    def make_plain(self) -> None:
        """Make the plain table, if it is not there."""
        stamp = self.plain.with_name("BUILT")
        if stamp.exists():
            return
        self.plain.parent.mkdir(parents=True)
        casus = self.open()
        connection = sqlite3.connect(self.plain)
        connection.execute(_TABLE)
        names = {each.id: each.names[0].text for each in Ged.read().actors}
        rows = _flat_rows(casus.log.follow(), names)
        while batch := list(islice(rows, 5_000)):
            connection.executemany(f"INSERT INTO incidents VALUES ({','.join('?' * 30)})", batch)
        connection.execute(_INDEX)
        connection.execute("ANALYZE")
        connection.commit()
        connection.close()
        casus.close()
        stamp.touch()


def _flat_rows(
    records: Iterator[Recorded[Record]], names: dict[str, str]
) -> Iterator[tuple[object, ...]]:
    for recorded in records:
        if isinstance(recorded.record, IncidentReported):
            yield _flat(recorded.record, str(recorded.stream), recorded.position, names)


def _flat(
    record: IncidentReported, incident: str, position: int, names: dict[str, str]
) -> tuple[object, ...]:
    account = record.account
    days = span(account.occurred)
    place = account.place or Place(name="")
    side_a, side_b = (each.actor for each in account.participants)
    (killed,) = account.figures
    return (
        *(incident, account.title, account.type, account.status, account.occurred),
        *(iso_of_day(days.earliest), iso_of_day(days.latest)),
        *(place.name, place.country, place.admin1, place.admin2, place.latitude, place.longitude),
        *(place.precision, account.summary),
        " ".join(f"{each.code}:{each.role}" for each in account.countries),
        *(side_a, names[side_a], side_b, names[side_b]),
        *(killed.low, killed.best, killed.high),
        " ".join(f"{each.scheme}:{each.code}" for each in account.codes),
        *(account.source.name, account.source.via, account.source.published),
        *(iso_of_day(reported_day(record)), position, record.recorded_at),
    )
