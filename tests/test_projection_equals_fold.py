"""Reads of the rows equal a naive fold of the records, at any moment of the clocks.

The histories are random: several incidents, accounts recorded in any order of their publication, batches of
any size. The fold is written here once more, without the domain's own, and without rectangles.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.records import AccountAdded, IncidentReported, Record, Recorded
from domain.values import Account, InvolvedCountry
from domain.vocabulary import CountryRole, IncidentType
from service.bootstrap import Casus, open_casus
from service.reading.clocks import EVERYTHING_REPORTED, Moment
from service.reading.selection import Place, Selection, SubjectKey
from service.settings import Settings
from service.views import projector
from tests.conftest import an_account

EXAMPLES = int(os.environ.get("CASUS_HISTORIES", "60"))
READS_EACH = 40
DAY_ZERO = datetime.date(2021, 1, 1)
BASE = (DAY_ZERO - datetime.date(1970, 1, 1)).days
FAR = 10**15
COUNTRIES = ("AFG", "TJK", "UZB")


def day(number: int) -> str:
    """The day so many days after `DAY_ZERO`."""
    return (DAY_ZERO + datetime.timedelta(days=number)).isoformat()


@dataclass(frozen=True)
class Said:
    """One account: of which incident, from when to when, on whose timelines, published when."""

    incident: int
    start: int | None
    end: int | None
    countries: tuple[str, ...]
    published: int

    @property
    def account(self) -> Account:
        """The account in Casus's own terms."""
        start = ".." if self.start is None else day(self.start)
        end = ".." if self.end is None else day(self.end)
        return an_account(
            title=f"{self.incident} as of day {self.published}",
            type=IncidentType.ATTACK if self.incident % 2 else IncidentType.STATEMENT,
            occurred=f"{start}/{end}" if start != end else start,
            published=day(self.published),
            countries=tuple(
                InvolvedCountry(code=code, role=CountryRole.LOCATION) for code in self.countries
            ),
        )


@st.composite
def sayings(draw: st.DrawFn) -> Said:
    start = draw(st.integers(0, 1_200))
    # Spans around the limit at which an index of their own takes over, among short ones.
    end = start + draw(st.sampled_from([0, 0, 0, 1, 30, 365, 366, 367, 368, 900]))
    open_end = draw(st.sampled_from(["", "", "", "", "start", "end"]))
    return Said(
        incident=draw(st.integers(0, 5)),
        start=None if open_end == "start" else start,
        end=None if open_end == "end" else end,
        countries=tuple(draw(st.sets(st.sampled_from(COUNTRIES), min_size=0, max_size=3))),
        published=draw(st.integers(0, 12)),
    )


@dataclass(frozen=True)
class Read:
    """One read at a moment: of all incidents or a country's, in a window, page by page."""

    country: str | None
    position: int
    reported_by: int | None
    first: int | None
    last: int | None
    certain: bool
    descending: bool
    limit: int


@st.composite
def reads(draw: st.DrawFn, positions: int) -> Read:
    first = draw(st.none() | st.integers(-10, 1_300))
    return Read(
        country=draw(st.none() | st.sampled_from(COUNTRIES)),
        position=draw(st.integers(0, positions)),
        reported_by=draw(st.none() | st.integers(-1, 13)),
        first=first,
        last=draw(st.none() | st.integers(first or 0, 1_400)),
        certain=draw(st.booleans()),
        descending=draw(st.booleans()),
        limit=draw(st.integers(1, 4)),
    )


def recorded(history: Sequence[Said]) -> list[Recorded[Record]]:
    """The history as records, in its order."""
    versions: dict[int, int] = {}
    records: list[Recorded[Record]] = []
    for number, said in enumerate(history):
        version = versions[said.incident] = versions.get(said.incident, 0) + 1
        kind = IncidentReported if version == 1 else AccountAdded
        record = kind(
            account=said.account,
            origin=None,
            reported=day(said.published),
            recorded_at=f"2024-01-01T00:00:00.{number:06d}Z",
            recorded_by="test",
        )
        records.append(Recorded(0, UUID(int=said.incident + 1), version, record))
    return records


def naive(history: Sequence[Said], read: Read) -> list[tuple[int, str, int]]:
    """What a read must find: incident, title and count of accounts, in order."""
    found = []
    for incident in range(6):
        positions = [n for n, said in enumerate(history, 1) if said.incident == incident]
        visible = [
            (history[n - 1].published, n)
            for n in positions
            if n <= read.position
            and (read.reported_by is None or history[n - 1].published <= read.reported_by)
        ]
        if not visible:
            continue
        shown = history[min(visible)[1] - 1]
        countries = {code for _, n in visible for code in history[n - 1].countries}
        if read.country is not None and read.country not in countries:
            continue
        start = -FAR if shown.start is None else BASE + shown.start
        end = FAR if shown.end is None else BASE + shown.end
        first = -FAR if read.first is None else BASE + read.first
        last = FAR if read.last is None else BASE + read.last
        inside = (
            (start >= first and end <= last) if read.certain else (end >= first and start <= last)
        )
        if inside:
            found.append(((start, positions[0]), (incident, shown.account.title, len(visible))))
    return [entry for _, entry in sorted(found, reverse=read.descending)]


def actual(casus: Casus, read: Read) -> list[tuple[int, str, int]]:
    """What the rows answer, gathered page by page."""
    selection = Selection(
        subject=SubjectKey("country", read.country) if read.country else None,
        first_day=None if read.first is None else BASE + read.first,
        last_day=None if read.last is None else BASE + read.last,
        match="certain" if read.certain else "possible",
        order="desc" if read.descending else "asc",
    )
    reported_by = EVERYTHING_REPORTED if read.reported_by is None else BASE + read.reported_by
    moment = Moment(read.position, None, reported_by)
    found: list[tuple[int, str, int]] = []
    after: Place | None = None
    while True:
        page = casus.reader.page(selection, moment, after, read.limit)
        assert len(page.items) <= read.limit
        for item in page.items:
            entry = orjson.loads(item)
            found.append((UUID(entry["id"]).int - 1, entry["title"], entry["accounts"]))
        after = page.next
        if after is None:
            return found


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.data())
def test_every_read_at_every_moment_equals_the_naive_fold(data: st.DataObject) -> None:
    history = data.draw(st.lists(sayings(), min_size=1, max_size=14))
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=14, max_size=14))
    with TemporaryDirectory() as folder:
        casus = open_casus(Settings(CASUS_HOME=Path(folder), _env_file=None))
        records = recorded(history)
        for size in sizes:
            casus.log.append(records[:size])
            casus.projector.catch_up()
            records = records[size:]
        wanted = [data.draw(reads(len(history))) for _ in range(READS_EACH)]
        live = [actual(casus, read) for read in wanted]
        for read, answer in zip(wanted, live, strict=True):
            assert answer == naive(history, read), read
        casus.projector.rebuild()
        assert [actual(casus, read) for read in wanted] == live
        casus.close()


@settings(max_examples=15, deadline=None)
@given(st.lists(sayings(), min_size=2, max_size=12), st.sampled_from([1, 2, 3, 1_000]))
def test_rows_are_the_same_bytes_whatever_the_batches(history: list[Said], size: int) -> None:
    everything = Selection()
    with TemporaryDirectory() as folder:
        casus = open_casus(Settings(CASUS_HOME=Path(folder), _env_file=None))
        for one in recorded(history):
            casus.log.append([one])
            casus.projector.catch_up()
        moments = [
            Moment(position, None, BASE + reported)
            for position in range(len(history) + 1)
            for reported in (0, 3, 6, 12)
        ]
        live = [casus.reader.page(everything, moment, None, 1_000).items for moment in moments]
        before, projector.REBUILD_BATCH = projector.REBUILD_BATCH, size
        try:
            casus.projector.rebuild()
        finally:
            projector.REBUILD_BATCH = before
        rebuilt = [casus.reader.page(everything, moment, None, 1_000).items for moment in moments]
        assert rebuilt == live
        casus.close()
