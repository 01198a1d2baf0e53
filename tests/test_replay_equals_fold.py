"""Reads equal a naive fold of the records, at any moment of the clocks, whatever was recorded before.

Histories are random, and of all kinds of records. Some are decided on at the desk; others are appended by
hand, reported on any day and in any state of things, as reads of the past may find them: a merge without
its unmerge, a correction before any account, mergers in a circle. CASUS_HISTORIES asks for more of them.
"""

from __future__ import annotations

import datetime
import os
import random
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, get_args
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.dates import iso_of_day
from domain.edtf import span
from domain.errors import DomainError
from domain.records import AccountAdded, ActorRecord, IncidentRecord, IncidentReported, Recorded
from domain.values import InvolvedCountry
from domain.vocabulary import CountryRole
from service.bootstrap import Casus, open_casus
from service.reading.clocks import EVERYTHING_REPORTED, Moment, instant_text
from service.reading.selection import Selection, SubjectKey
from service.recording import Caller, NotRecorded, Written
from service.settings import Settings
from service.views import projector
from tests.conftest import SettableClock, an_account
from tests.histories import (
    OF_ACTOR,
    OF_INCIDENT,
    PROFILES,
    a_command,
    a_record,
    an_account_at_random,
    an_actors_command,
    day,
    some,
)
from tests.naive import View, reported_day
from tests.reads import (
    EVERYTHING,
    check_actors,
    check_countries,
    check_document,
    check_pages,
    everything_shown,
    merged,
    pages,
)

EXAMPLES = int(os.environ.get("CASUS_HISTORIES", "40"))
STEPS = 40
MOST_INCIDENTS = 6
SIZES = [1, 2, 3, 7, 5_000]
BY = Caller(by="curator")

chances = st.integers(0, 2**32).map(random.Random)
numbers = st.integers(0, 9)
days = st.integers(0, 12)


class History(RuleBasedStateMachine):
    """A store that is written to, and its records as the log gives them back."""

    recorded: ClassVar[Counter[type]]

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.clock = SettableClock()
        self.clock.advance(days=-8)
        self.casus = opened(Path(self.folder.name) / "store", self.clock)
        self.log: list[Recorded] = []
        self.incidents: list[UUID] = []

    def teardown(self) -> None:
        self.recorded.update(type(each.record) for each in self.log)
        try:
            self.casus.projector.catch_up()
            self.agree_however_made(random.Random(len(self.log)))
        finally:
            self.casus.close()
            self.folder.cleanup()

    # What is written.

    @initialize(chance=chances)
    def register_some(self, chance: random.Random) -> None:
        for slug in some(chance, list(PROFILES), len(PROFILES)):
            self.at_the_desk(lambda slug=slug: self.casus.desk.register_actor(PROFILES[slug], BY))

    @rule(slug=st.sampled_from(list(PROFILES)))
    def register_actor(self, slug: str) -> None:
        self.at_the_desk(lambda: self.casus.desk.register_actor(PROFILES[slug], BY))

    @rule(
        kind=st.sampled_from(OF_ACTOR),
        slug=st.sampled_from(list(PROFILES)),
        other=st.sampled_from(list(PROFILES)),
        chance=chances,
    )
    def revise_actor(self, kind: str, slug: str, other: str, chance: random.Random) -> None:
        command = an_actors_command(kind, chance, other)
        self.at_the_desk(lambda: self.casus.desk.revise_actor(slug, command, BY))

    @rule(by=st.sampled_from([{"hours": 1}, {"days": 1}, {"days": 2}, {"days": -1}]))
    def wait(self, by: dict[str, float]) -> None:
        self.clock.advance(**by)

    def at_the_desk(self, write: Callable[[], Written]) -> None:
        """Let the desk record something. What the domain refuses leaves the log as it was."""
        try:
            write()
        except (DomainError, NotRecorded):
            assert list(self.casus.log.follow()) == self.log
        self.read_log()

    def read_log(self) -> None:
        self.log += self.casus.log.follow(len(self.log))

    @property
    def known(self) -> list[str]:
        """The actors that are registered."""
        return list(View(self.log, len(self.log)).actors.profiles)

    def an_account_of(self, stream: UUID, number: int) -> int:
        """The number of one of an incident's accounts."""
        accounts = [
            each.version
            for each in self.log
            if each.stream == stream and isinstance(each.record, IncidentReported | AccountAdded)
        ]
        return accounts[number % len(accounts)]

    # What is read.

    @invariant()
    def the_log_is_whole(self) -> None:
        assert [each.position for each in self.log] == list(range(1, len(self.log) + 1))
        assert self.casus.log.head == len(self.log)
        versions: dict[UUID, int] = {}
        for each in self.log:
            versions[each.stream] = versions.get(each.stream, 0) + 1
            assert each.version == versions[each.stream]

    @invariant()
    def the_newest_page_is_right(self) -> None:
        newest = self.casus.reader.moment()
        view = View(self.log, newest.position)
        assert pages(self.casus, EVERYTHING, newest, 1_000) == view.timeline(EVERYTHING)

    @rule(chance=chances)
    def read(self, chance: random.Random) -> None:
        for _ in range(3):
            moment = self.moment(chance, self.casus.reader.head)
            view = View(self.log, moment.position, moment.reported_by)
            for _ in range(8):
                check_pages(self.casus, view, moment, chance)
            for stream in self.incidents:
                check_document(self.casus, stream, view, moment)
            assert merged(self.casus, moment) == view.merged(), moment
            check_actors(self.casus, view, moment.position)
            check_countries(self.casus, view, moment)

    @rule(hours=st.integers(-50, 400))
    def read_as_of(self, hours: int) -> None:
        instant = instant_text(self.clock() - datetime.timedelta(hours=hours))
        times = [""]
        for each in self.log[: self.casus.reader.head]:
            times.append(max(times[-1], each.record.recorded_at))
        position = sum(each <= instant for each in times) - 1
        moment = self.casus.reader.moment(as_of=instant)
        assert (moment.position, moment.as_of or "") == (position, times[position])

    @rule(chance=chances)
    def rebuild(self, chance: random.Random) -> None:
        self.casus.projector.catch_up()
        self.agree_however_made(chance)

    def moment(self, chance: random.Random, head: int) -> Moment:
        """A moment at random: at a position up to this one, on a day beside those that are reported."""
        reported = {reported_day(each) for each in self.log if hasattr(each.record, "reported")}
        beside = [day + shift for day in sorted(reported) for shift in (-1, 0)]
        reported_by = chance.choice([EVERYTHING_REPORTED, *beside])
        return self.casus.reader.moment(chance.randint(0, head), reported_by=reported_by)

    def agree_however_made(self, chance: random.Random) -> None:
        """Rows made anew, and those of a store that has a part of the log only, are the same bytes."""
        prefix = chance.randint(0, len(self.log))
        early = [self.moment(chance, prefix) for _ in range(8)]
        late = [self.moment(chance, len(self.log)) for _ in range(8)]
        live = [everything_shown(self.casus, moment) for moment in early + late]
        with patch.object(projector, "REBUILD_BATCH", chance.choice(SIZES)):
            self.casus.projector.rebuild()
        assert [everything_shown(self.casus, moment) for moment in early + late] == live
        with TemporaryDirectory() as folder, closing(opened(Path(folder), self.clock)) as other:
            if prefix:
                other.log.append(self.log[:prefix])
            with patch.object(projector, "BATCH", chance.choice(SIZES)):
                other.projector.catch_up()
            assert [everything_shown(other, moment) for moment in early] == live[: len(early)]


class DecidedHistory(History):
    """A history in which everything is recorded at the desk."""

    @precondition(lambda self: len(self.incidents) < MOST_INCIDENTS)
    @rule(published=st.none() | days, chance=chances)
    def report(self, published: int | None, chance: random.Random) -> None:
        account = an_account_at_random(chance, published and day(published), self.known)
        written = self.casus.desk.report_incident(account, BY)
        self.incidents.append(written.stream)
        self.read_log()

    @precondition(lambda self: self.incidents)
    @rule(
        kind=st.sampled_from(OF_INCIDENT),
        incident=numbers,
        other=numbers,
        published=st.none() | days,
        chance=chances,
    )
    def revise(
        self, kind: str, incident: int, other: int, published: int | None, chance: random.Random
    ) -> None:
        stream = self.incidents[incident % len(self.incidents)]
        command = a_command(
            kind,
            chance,
            published and day(published),
            number=self.an_account_of(stream, other),
            other=self.incidents[other % len(self.incidents)],
            known=self.known,
        )
        self.at_the_desk(lambda: self.casus.desk.revise_incident(stream, command, BY))


class HandmadeHistory(History):
    """A history in which incidents are revised in any way at all, and shown a few records at a time."""

    @rule(
        kind=st.sampled_from(("report", *OF_INCIDENT)),
        incident=numbers,
        other=numbers,
        reported=days,
        chance=chances,
    )
    def record(
        self, kind: str, incident: int, other: int, reported: int, chance: random.Random
    ) -> None:
        if not self.incidents or (kind == "report" and len(self.incidents) < MOST_INCIDENTS):
            kind, stream = "report", UUID(int=len(self.incidents) + 1)
            self.incidents.append(stream)
        else:
            kind = "accounts" if kind == "report" else kind
            stream = self.incidents[incident % len(self.incidents)]
        record = a_record(
            kind,
            chance,
            day(reported),
            self.casus.desk.recording("hand").at,
            number=1 if kind == "report" else self.an_account_of(stream, other),
            other=self.incidents[other % len(self.incidents)],
            known=self.known,
        )
        version = 1 + sum(each.stream == stream for each in self.log)
        self.casus.log.append([Recorded(0, stream, version, record)])
        self.read_log()

    @rule()
    def show(self) -> None:
        self.casus.projector.catch_up()


@pytest.mark.parametrize("kind", [DecidedHistory, HandmadeHistory])
def test_every_read_of_every_history_equals_the_naive_fold(kind: type[History]) -> None:
    kind.recorded = Counter()
    run_state_machine_as_test(
        kind,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
        ),
    )
    if EXAMPLES >= 40:
        assert kind.recorded.keys() == {*get_args(IncidentRecord), *get_args(ActorRecord)}


def opened(folder: Path, clock: SettableClock) -> Casus:
    return open_casus(Settings(CASUS_HOME=folder, _env_file=None), clock)


@pytest.mark.parametrize("days", [0, 1, 364, 365, 366, 367, 368, 5_000])
def test_an_incident_is_found_up_to_its_last_day_however_long_it_lasts(
    casus: Casus, days: int
) -> None:
    first = span("2001-02-28").earliest
    last = first + days
    account = an_account(
        occurred=f"2001-02-28/{iso_of_day(last)}",
        countries=(InvolvedCountry(code="AFG", role=CountryRole.LOCATION),),
    )
    casus.desk.report_incident(account, BY)
    for subject in (None, SubjectKey("country", "AFG")):
        for since, found in ((last - 1, 1), (last, 1), (last + 1, 0)):
            wanted = Selection(subject=subject, first_day=since)
            assert len(pages(casus, wanted, casus.reader.moment(), 1)) == found
