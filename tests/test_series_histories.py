"""Series of random histories: sums, counted versions and the entries of pages agree, at any moment.

Blocks are small, so that a few records fill many of them.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.edtf import span
from domain.errors import DomainError
from domain.periods import Interval, first_day, period_of_day
from domain.records import Recorded
from domain.vocabulary import IncidentType
from projections import series as rows
from service.bootstrap import Casus, open_casus
from service.reading import statements
from service.reading.clocks import EVERYTHING_REPORTED, Moment
from service.reading.selection import Selection
from service.reading.series import Series
from service.reading.series_statements import Shape
from service.recording import Caller, NotRecorded
from service.settings import Settings
from service.views import projector
from tests.conftest import SettableClock
from tests.histories import PROFILES, Write, a_record, an_actors_command, writes
from tests.naive import Json, View, reported_day
from tests.reads import a_selection, pages
from tests.releases import take_in_a_release

EXAMPLES = int(os.environ.get("CASUS_HISTORIES", "60"))
BY = Caller(by="curator")
INCIDENTS = 5
MONTHS = ["2020", "2021", "2021-06", "2020-06/2021-05", "2021-06/..", "../2021-06"]
"""Windows that begin and end where months do."""


class History:
    """A store to which records are added that nobody has decided on, and actors at the desk."""

    def __init__(self, folder: Path) -> None:
        self.clock = SettableClock()
        self.clock.advance(days=-8)
        self.casus = open_casus(Settings(CASUS_HOME=folder, _env_file=None), self.clock)
        self.versions: Counter[UUID] = Counter()
        self._records: list[Recorded] = []

    def write(self, write: Write) -> None:
        self.clock.advance(hours=write.hours_later)
        chance = random.Random(write.seed)
        if write.kind == "register" or write.kind.startswith("actor-"):
            self.write_of_an_actor(write, chance)
            return
        if write.kind == "release":
            take_in_a_release(self.casus, chance)
            return
        if write.kind == "report" or not self.versions:
            stream = UUID(int=min(len(self.versions), INCIDENTS) + 1)
            write = replace(write, kind="accounts" if stream in self.versions else "report")
        else:
            stream = sorted(self.versions)[write.which % len(self.versions)]
        others = sorted(self.versions) or [stream]
        other = others[write.other % len(others)]
        known = list(View(self.records, self.casus.log.head).actors.profiles)
        number = write.other % (self.versions[stream] or 1) + 1
        at = self.casus.desk.recording("hand").at
        record = a_record(write, chance, number, other, known, at)
        self.versions[stream] += 1
        self.casus.log.append([Recorded(0, stream, self.versions[stream], record)])
        if write.then_shown:
            self.casus.projector.catch_up()

    def write_of_an_actor(self, write: Write, chance: random.Random) -> None:
        slugs, desk = list(PROFILES), self.casus.desk
        slug, other = slugs[write.which % len(slugs)], slugs[write.other % len(slugs)]
        try:
            if write.kind == "register":
                desk.register_actor(PROFILES[slug], BY)
            else:
                desk.revise_actor(slug, an_actors_command(write, chance, other), BY)
        except (DomainError, NotRecorded):
            pass

    @property
    def records(self) -> list[Recorded]:
        self._records += self.casus.log.follow(len(self._records))
        return self._records

    def moment(self, chance: random.Random) -> Moment:
        """A moment at random, on a day beside those that are reported."""
        reported = {reported_day(each) for each in self.records if hasattr(each.record, "reported")}
        beside = [day + shift for day in sorted(reported) for shift in (-1, 0)]
        return self.casus.reader.moment(
            chance.randint(0, self.casus.reader.head),
            reported_by=chance.choice([EVERYTHING_REPORTED, *beside]),
        )


def a_shape(chance: random.Random) -> Shape:
    return Shape(
        interval=chance.choice([Interval.WEEK, Interval.MONTH, Interval.YEAR]),
        group_by=chance.choice([None, "country", "actor", "type"]),
        measure=chance.choice([None, "killed", "wounded"]),
    )


def asked_at_random(chance: random.Random) -> tuple[Selection, Shape]:
    """Any selection, in any shape."""
    wanted = a_selection(chance)
    return replace(wanted, **a_window(chance, wanted)), a_shape(chance)


def asked_of_sums(chance: random.Random) -> tuple[Selection, Shape]:
    """A selection and a shape for which sums are kept."""
    given = a_selection(chance)
    subject = given.subject if given.subject and given.subject.kind == "country" else None
    wanted = Selection(subject=subject, match=given.match, **a_window(chance, given))
    group_by = chance.choice([None, "country"]) if subject is None else None
    return wanted, replace(a_shape(chance), group_by=group_by)


def a_window(chance: random.Random, given: Selection) -> dict[str, int | None]:
    """The window that is given, one of months, or none."""
    if chance.random() < 0.4:
        window = span(chance.choice(MONTHS))
        return {"first_day": window.earliest, "last_day": window.latest}
    # A query has no days beside the open ends of all.
    days = {"first_day": given.first_day, "last_day": given.last_day}
    return {name: day if day and abs(day) < 10**14 else None for name, day in days.items()}


def series_of(casus: Casus, wanted: Selection, moment: Moment, shape: Shape) -> Series:
    return casus.reader.series.read(casus.reader.selected(wanted, moment), moment, shape)


def groups_of(entry: Json, shape: Shape) -> set[str | None]:
    match shape.group_by:
        case "country":
            return {each["code"] for each in entry["countries"]}
        case "actor":
            return {each["actor"] for each in entry["participants"]}
        case "type":
            return {entry["type"]}
        case _:
            return {None}


def adds(entry: Json, measure: str | None) -> tuple[int, int, int, int]:
    """What an entry adds: its figure of everybody, or else those of its groups."""
    if measure is None:
        return (1, 1, 1, 1)
    figures = [each for each in entry["figures"] if each["measure"] == measure]
    figures = [each for each in figures if each["of"] is None] or figures
    sums = [0, 0, 0]
    for figure in figures:
        low, best, high = figure["low"], figure["best"], figure["high"]
        sums[0] += next(n for n in (low, best, high) if n is not None)
        sums[1] += next(n for n in (best, low, high) if n is not None)
        sums[2] += next(n for n in (high, best, low) if n is not None)
    return (*sums, 1)


def within(wanted: Selection, interval: Interval, period: int) -> Selection:
    """The selection, in the part of a period that its window has."""
    first, last = first_day(interval, period), first_day(interval, period + 1) - 1
    if wanted.first_day is not None:
        first = max(first, wanted.first_day)
    if wanted.last_day is not None:
        last = min(last, wanted.last_day)
    return replace(wanted, first_day=first, last_day=last)


def check_series(history: History, chance: random.Random) -> None:
    """A series has what the pages of its periods have."""
    casus, moment = history.casus, history.moment(chance)
    wanted, shape = asked_at_random(chance)
    with patch.object(statements, "MOST_ARMS", chance.choice([1, 60])):
        found = series_of(casus, wanted, moment, shape)
    asked = (wanted, moment, shape)
    entries = [each for each in pages(casus, wanted, moment, 1_000) if groups_of(each, shape)]
    keys = {key for each in entries for key in groups_of(each, shape)}
    assert [each.key for each in found.groups] == sorted(keys if shape.group_by else {None}), asked
    check_periods(found, wanted, entries)
    sample = chance.sample(list(found.periods), min(8, len(found.periods)))
    for period in {*sample, *found.periods[:1], *found.periods[-1:]}:
        there = pages(casus, within(wanted, shape.interval, period), moment, 1_000)
        for group in found.groups:
            of_group = [
                adds(each, shape.measure) for each in there if group.key in groups_of(each, shape)
            ]
            sums = tuple(map(sum, zip(*of_group, strict=True))) or (0, 0, 0, 0)
            assert group.points[period - found.periods.start] == sums, (*asked, period)


def check_sums(history: History, chance: random.Random) -> None:
    """Whatever there are sums for is the same where it is counted."""
    casus, moment = history.casus, history.moment(chance)
    wanted, shape = asked_of_sums(chance)
    otherwise = replace(wanted, types=tuple(IncidentType))
    asked = (wanted, moment, shape)
    found = series_of(casus, wanted, moment, shape)
    assert found == series_of(casus, otherwise, moment, shape), asked


def check_periods(found: Series, wanted: Selection, entries: list[Json]) -> None:
    """Periods reach from the window's edge, or the first day that is known, to the other, or the last."""
    known = [
        span(day).earliest
        for each in entries
        for day in (each["occurred"]["earliest"], each["occurred"]["latest"])
        if day
    ]
    ends = [
        day for day in (wanted.first_day, wanted.last_day) if day is not None and abs(day) < 10**14
    ]
    first, last = wanted.first_day, wanted.last_day
    days = known + ends if entries else []
    start = first if first in ends else min(days, default=None)
    end = last if last in ends else max(days, default=None)
    if start is None or end is None:
        assert not found.periods
    else:
        assert found.periods[0] == period_of_day(found.interval, start)
        assert found.periods[-1] == period_of_day(found.interval, end)


@settings(max_examples=EXAMPLES)
@given(
    st.lists(writes, min_size=1, max_size=40),
    st.integers(0, 2**32).map(random.Random),
)
def test_sums_and_counted_versions_and_entries_in_pages_agree_at_every_moment(
    wanted: list[Write], chance: random.Random
) -> None:
    with (
        TemporaryDirectory() as folder,
        patch.object(rows, "BLOCK", chance.choice([1, 2, 3, 10])),
        patch.object(rows, "REPORTED_BLOCK", chance.choice([1, 2, 5])),
        patch.object(projector, "BATCH", chance.choice([1, 2, 5, projector.BATCH])),
    ):
        history = History(Path(folder))
        with closing(history.casus):
            for each in wanted:
                history.write(each)
            history.casus.projector.catch_up()
            for again in (False, True):
                if again:
                    history.casus.projector.rebuild()
                for _ in range(5):
                    check_series(history, chance)
                for _ in range(20):
                    check_sums(history, chance)
