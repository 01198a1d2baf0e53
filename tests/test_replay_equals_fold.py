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
from dataclasses import replace
from itertools import product
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
    invariant,
    rule,
    run_state_machine_as_test,
)

from domain.errors import DomainError
from domain.records import Record, Recorded
from projections import timelines
from service.reading import statements
from service.reading.clocks import EVERYTHING_REPORTED, Moment, instant_text
from service.recording import Caller, NotRecorded, Written
from service.views import projector
from tests.conftest import SettableClock
from tests.histories import (
    PROFILES,
    Write,
    a_command,
    a_record,
    an_account_at_random,
    an_actors_command,
    writes,
)
from tests.naive import View, reported_day
from tests.reads import (
    check_actors,
    check_datasets,
    check_document,
    check_everything,
    check_pages,
    check_timelines,
    everything_shown,
    merged,
    opened,
)
from tests.releases import take_in_a_release

EXAMPLES = int(os.environ.get("CASUS_HISTORIES", "40"))
STEPS = 25
MOST_INCIDENTS = 6
REGISTERED_FIRST = list(PROFILES)[:4]
SIZES = [1, 2, 3, 7, 5_000]
BY = Caller(by="curator")

several_writes = st.lists(writes, min_size=1, max_size=6)
chances = st.integers(0, 2**32).map(random.Random)


class History(RuleBasedStateMachine):
    """A store that is written to at the desk, and its records as the log gives them back."""

    recorded: ClassVar[Counter[type]]

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.clock = SettableClock()
        self.clock.advance(days=-8)
        self.casus = opened(Path(self.folder.name) / "store", self.clock)
        self.log: list[Recorded] = []
        self.incidents: list[UUID] = []
        for slug in REGISTERED_FIRST:
            self.casus.desk.register_actor(PROFILES[slug], BY)
        self.log += self.casus.log.follow()

    def teardown(self) -> None:
        self.recorded.update(type(each.record) for each in self.log)
        try:
            self.casus.projector.catch_up()
            self.agree_however_made(random.Random(len(self.log)))
        finally:
            self.casus.close()
            self.folder.cleanup()

    # What is written.

    @rule(wanted=several_writes)
    def write(self, wanted: list[Write]) -> None:
        for each in wanted:
            self.clock.advance(hours=each.hours_later)
            newest = View(self.log, len(self.log))
            if each.kind == "register" or each.kind.startswith("actor-"):
                self.write_of_an_actor(each, newest)
            elif each.kind == "release":
                take_in_a_release(self.casus, random.Random(each.seed))
            elif each.kind != "report" and self.incidents:
                self.write_of_an_incident(each, newest)
            elif len(self.incidents) < MOST_INCIDENTS:
                self.report(each, newest)
            self.log += self.casus.log.follow(len(self.log))
            if each.then_shown:
                self.casus.projector.catch_up()

    def write_of_an_actor(self, write: Write, newest: View) -> None:
        slugs, desk, actors = list(PROFILES), self.casus.desk, newest.actors
        if write.kind == "register":
            profile = PROFILES[slugs[write.which % len(slugs)]]
            self.at_the_desk(lambda: desk.register_actor(profile, BY))
            return
        affiliated = [
            (slug, each.actor, each.until)
            for slug, profile in actors.profiles.items()
            for each in profile.affiliations
        ]
        open_ends = [(slug, parent) for slug, parent, until in affiliated if until is None]
        suited = {
            "actor-affiliations": [(slug, parent) for slug, parent, _ in affiliated],  # once more
            "actor-releases": open_ends,
            "actor-unmerge": [*actors.merged_into.items()],
        }
        everybody = list(product(actors.profiles, slugs))
        among = suited.get(write.kind) or everybody
        if write.other % 4 == 0:
            among = everybody
        slug, other = among[(write.which + 10 * write.other) % len(among)]
        command = an_actors_command(write, random.Random(write.seed), other)
        self.at_the_desk(lambda: desk.revise_actor(slug, command, BY))

    def report(self, write: Write, newest: View) -> None:
        known = list(newest.actors.profiles)
        account = an_account_at_random(random.Random(write.seed), write.published, known)
        self.incidents.append(self.casus.desk.report_incident(account, BY).stream)

    def write_of_an_incident(self, write: Write, newest: View) -> None:
        stream, arguments = self.chosen(write, newest)
        command = a_command(write, random.Random(write.seed), *arguments)
        self.at_the_desk(lambda: self.casus.desk.revise_incident(stream, command, BY))

    def chosen(self, write: Write, newest: View) -> tuple[UUID, tuple[int, UUID, list[str]]]:
        """An incident to write of, likely one that this may be written of; an account, and another one."""
        merged = {each for each, _ in newest.merged()}
        retracted = {
            each for each, entry in newest.entries.items() if entry["status"] == "retracted"
        }
        standing = newest.entries.keys() - retracted
        suited = {"unmerge": merged, "reinstatement": retracted, "merge": standing}
        among = [each for each in self.incidents if each in suited.get(write.kind, ())]
        among = among or self.incidents
        stream = among[write.which % len(among)]
        accounts = [each.number for each in newest.tellings if each.incident == stream]
        return stream, (
            accounts[write.other % len(accounts)],
            self.incidents[write.other % len(self.incidents)],
            list(newest.actors.profiles),
        )

    def at_the_desk(self, write: Callable[[], Written]) -> None:
        """Let the desk record something. What the domain refuses leaves the log as it was."""
        try:
            assert write().shown
        except (DomainError, NotRecorded):
            assert list(self.casus.log.follow()) == self.log

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
        check_everything(self.casus, View(self.log, newest.position), newest)

    @rule(wanted=several_writes, chance=chances)
    def write_and_read(self, wanted: list[Write], chance: random.Random) -> None:
        self.write(wanted)
        if chance.random() < 0.05:
            self.casus.projector.rebuild()
        for _ in range(3):
            moment = self.moment(chance, self.casus.reader.head)
            view = View(self.log, moment.position, moment.reported_by)
            check_everything(self.casus, view, moment)
            for _ in range(6):
                check_pages(self.casus, view, moment, chance)
            for stream in self.incidents:
                check_document(self.casus, stream, view, moment)
            assert merged(self.casus, moment) == view.merged(), moment
            check_actors(self.casus, view, moment.position)
            check_datasets(self.casus, view, moment)
            check_timelines(self.casus, view, moment)
            earlier = datetime.timedelta(hours=chance.randint(-24, 240))
            self.check_as_of(instant_text(self.clock() - earlier))

    def check_as_of(self, instant: str) -> None:
        """An instant is the last position recorded by then, along the log's running maximum."""
        times = [""]
        for each in self.log[: self.casus.reader.head]:
            times.append(max(times[-1], each.record.recorded_at))
        position = sum(each <= instant for each in times) - 1
        moment = self.casus.reader.moment(as_of=instant)
        assert (moment.position, moment.as_of or "") == (position, times[position])

    def moment(self, chance: random.Random, head: int) -> Moment:
        """A moment at random: at a position up to this one, on a day beside those that are reported."""
        reported = {reported_day(each) for each in self.log if hasattr(each.record, "reported")}
        beside = [day + shift for day in sorted(reported) for shift in (-1, 0)]
        reported_by = chance.choice([EVERYTHING_REPORTED, *beside])
        position = chance.choice([head, chance.randint(0, head), chance.randint(0, head)])
        return self.casus.reader.moment(position, reported_by=reported_by)

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


class HandmadeHistory(History):
    """A history whose incidents are revised in any way at all, and are shown a few records at a time."""

    def report(self, write: Write, newest: View) -> None:
        self.incidents.append(UUID(int=len(self.incidents) + 1))
        self.append(replace(write, kind="report"), self.incidents[-1], (1, self.incidents[0], []))

    def write_of_an_incident(self, write: Write, newest: View) -> None:
        self.append(write, *self.chosen(write, newest))

    def append(self, write: Write, stream: UUID, arguments: tuple[int, UUID, list[str]]) -> None:
        at = self.casus.desk.recording("hand").at
        record = a_record(write, random.Random(write.seed), *arguments, at)
        version = 1 + sum(each.stream == stream for each in self.log)
        self.casus.log.append([Recorded(0, stream, version, record)])


@pytest.mark.parametrize("kind", [History, HandmadeHistory])
def test_every_read_of_every_history_equals_the_naive_fold(kind: type[History]) -> None:
    kind.recorded = Counter()
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    chosen = settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS, suppress_health_check=checks
    )
    # Blocks of so few positions that a history is in several.
    with patch.object(timelines, "BLOCK", 8), patch.object(statements, "BLOCK", 8):
        run_state_machine_as_test(kind, settings=chosen)
    if EXAMPLES >= 40:
        assert kind.recorded.keys() == {*get_args(Record)}
