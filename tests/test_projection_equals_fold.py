"""Reads of the rows equal a naive fold of the records, at any moment of the clocks.

The histories are random: several incidents, accounts recorded in any order of their publication, batches of
any size. The fold is written here once more, without the domain's own, and without rectangles.
"""

from __future__ import annotations

import datetime
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.records import AccountAdded, IncidentReported, Record, Recorded
from domain.values import Account, InvolvedCountry
from domain.vocabulary import CountryRole, IncidentType
from service.bootstrap import Casus, open_casus
from service.reading.clocks import EVERYTHING_REPORTED, Moment
from service.reading.selection import PageEnd, Selection, SubjectKey
from service.settings import Settings
from service.views import projector
from tests.conftest import an_account

EXAMPLES = int(os.environ.get("CASUS_HISTORIES", "60"))
READS_EACH = 40
DAY_ZERO = datetime.date(2021, 1, 1)
BASE = (DAY_ZERO - datetime.date(1970, 1, 1)).days
FAR = 10**15
INCIDENTS = 4
LAST_PUBLISHED = 6
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
    start = draw(st.integers(0, 40) | st.integers(0, 1_200))
    # Spans around the limit at which an index of their own takes over, among short ones.
    end = start + draw(st.sampled_from([0, 0, 0, 1, 30, 365, 366, 367, 368, 900]))
    open_end = draw(st.sampled_from(["", "", "", "", "start", "end"]))
    return Said(
        incident=draw(st.integers(0, INCIDENTS - 1)),
        start=None if open_end == "start" else start,
        end=None if open_end == "end" else end,
        countries=tuple(draw(st.sets(st.sampled_from(COUNTRIES), min_size=0, max_size=3))),
        published=draw(st.integers(0, LAST_PUBLISHED)),
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


def read_at_random(chance: random.Random, positions: int) -> Read:
    """A read; hypothesis draws its seed alone, for forty drawn reads would leave it no room."""
    first = chance.choice([None, chance.randint(-10, 1_300)])
    return Read(
        country=chance.choice([None, *COUNTRIES]),
        position=chance.randint(0, positions),
        reported_by=chance.choice([None, *range(-1, LAST_PUBLISHED + 2)]),
        first=first,
        last=chance.choice([None, chance.randint(first or 0, 1_400)]),
        certain=chance.random() < 0.3,
        descending=chance.random() < 0.4,
        limit=chance.randint(1, 4),
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
            implied=(),
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
    for incident in range(INCIDENTS):
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
    after: PageEnd | None = None
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
@given(st.lists(sayings(), min_size=1, max_size=20), st.integers(0, 2**32).map(random.Random))
def test_every_read_at_every_moment_equals_the_naive_fold(
    history: list[Said], chance: random.Random
) -> None:
    with TemporaryDirectory() as folder:
        casus = open_casus(Settings(CASUS_HOME=Path(folder), _env_file=None))
        records = recorded(history)
        while records:
            size = chance.randint(1, 6)
            casus.log.append(records[:size])
            casus.projector.catch_up()
            records = records[size:]
        wanted = [read_at_random(chance, len(history)) for _ in range(READS_EACH)]
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


@pytest.mark.parametrize("span", [0, 1, 364, 365, 366, 367, 368, 5_000])
def test_an_incident_is_found_up_to_its_last_day_however_long_it_lasts(
    casus: Casus, span: int
) -> None:
    said = Said(incident=0, start=0, end=span, countries=("AFG",), published=0)
    casus.log.append(recorded([said]))
    casus.projector.catch_up()
    for country in (None, "AFG"):
        for first, found in ((span - 1, 1), (span, 1), (span + 1, 0)):
            read = Read(country, 1, None, first, None, certain=False, descending=False, limit=1)
            assert len(actual(casus, read)) == found
