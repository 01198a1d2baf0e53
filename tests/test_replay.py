"""Replays: every step, its totals, and what is left in the end, along each of the three clocks.

What a replay has to show is told here once more: what the naive fold (`tests.naive`) selects at each point
of the clock, one after the other, and what is different between two of them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args
from unittest.mock import patch
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import actors
from domain.dates import OPEN_PAST, day_of_instant, iso_of_day
from domain.edtf import span
from domain.errors import DomainError
from domain.incidents import reported_day
from domain.records import ActorRegistered, Recorded
from domain.resolution import ShownFigure
from domain.revisions import (
    AddAccount,
    CorrectIncident,
    MergeIncident,
    ReinstateIncident,
    RetractIncident,
    ReviseAccount,
    UnmergeIncident,
    WithdrawAccount,
)
from domain.totals import totals
from domain.values import Figure, InvolvedCountry, Source
from domain.vocabulary import CountryRole, Measure, Status
from service.bootstrap import Casus, open_casus
from service.reading import replay as replaying
from service.reading import statements
from service.reading.clocks import Moment
from service.reading.replay import Course, Mark, Step
from service.reading.selection import Selection, SubjectKey
from service.reading.sweeps import Clock
from service.recording import Caller
from service.settings import Settings
from tests.conftest import SettableClock, an_account
from tests.histories import PROFILES, an_account_at_random, new_values_at_random
from tests.naive import View
from tests.reads import a_selection

Json = dict[str, Any]

BY = Caller(by="curator")
CLOCKS = get_args(Clock)
WRITES = 24
TRIES = 4
"""Replays of each history, on each clock."""

each_clock = pytest.mark.parametrize("clock", CLOCKS)


# What there has to be


def naive_steps(
    log: Sequence[Recorded], wanted: Selection, moment: Moment, course: Course
) -> list[Json]:
    """Every step up to a moment, by what the naive fold selects before and after each point."""
    numbers = {each.stream: each.position for each in reversed(log)}
    shown: dict[str, Json] = {}
    steps = []
    for date, after in _states(log, wanted, moment, course):
        for entry in sorted(
            (shown | after).values(), key=lambda entry: numbers[UUID(entry["id"])]
        ):
            one = entry["id"]
            if shown.get(one) == after.get(one):
                continue
            change = "removed" if one not in after else "changed" if one in shown else "added"
            shown = {each: entry for each, entry in shown.items() if each != one}
            shown |= {one: after[one]} if one in after else {}
            steps.append(
                {
                    "step": len(steps) + 1,
                    "date": date,
                    "change": change,
                    "incident": entry,
                    "totals": naive_totals(shown.values()),
                }
            )
    return steps


def _states(
    log: Sequence[Recorded], wanted: Selection, moment: Moment, course: Course
) -> Iterator[tuple[str | None, dict[str, Json]]]:
    """Each date of the clock, and what is selected then; actors are those of the moment all along."""
    of_actors = [each for each in log if not hasattr(each.record, "reported")]
    last = last_position(log, moment, course)

    def selected(position: int, reported_by: int) -> dict[str, Json]:
        there = [each for each in log if each in of_actors or each.position <= position]
        view = View(there, last, reported_by)
        return {entry["id"]: entry for entry in view.timeline(replace(wanted, order="asc"))}

    until = 10**15 if course.until is None else course.until
    if course.clock == "occurred":
        there: dict[str, Json] = {}
        for entry in selected(moment.position, moment.reported_by).values():
            earliest = span(entry["occurred"]["edtf"]).earliest
            if earliest <= until:
                there = {**there, entry["id"]: entry}
                yield None if earliest == OPEN_PAST else iso_of_day(earliest), there
    elif course.clock == "reported":
        days = {reported_day(each.record) for each in log if each not in of_actors}
        for day in sorted(days):
            if day <= min(until, moment.reported_by):
                yield iso_of_day(day), selected(moment.position, day)
    else:
        latest = ""
        for each in log[:last]:
            latest = max(latest, each.record.recorded_at)
            yield latest[:10], selected(each.position, moment.reported_by)


def last_position(log: Sequence[Recorded], moment: Moment, course: Course) -> int:
    """The position that a replay reaches: the moment's, or what was recorded by its last day."""
    if course.clock != "recorded" or course.until is None:
        return moment.position
    there = log[: moment.position]
    days = [day_of_instant(each.record.recorded_at) for each in there]
    return sum(max(days[:number]) <= course.until for number in range(1, len(days) + 1))


def naive_totals(entries: Iterator[Json] | Sequence[Json]) -> Json:
    """How many there are, and what their figures add up to."""
    sums: dict[str, Json] = {}
    incidents = 0
    for entry in entries:
        incidents += 1
        figures = [
            ShownFigure(**{**each, "measure": Measure(each["measure"])})
            for each in entry["figures"]
        ]
        for measure, total in totals(figures).items():
            sum_ = sums.setdefault(str(measure), {"low": 0, "best": 0, "high": 0})
            for bound in sum_:
                sum_[bound] += getattr(total, bound)
    return {"incidents": incidents, "figures": sums}


def played(
    casus: Casus,
    wanted: Selection,
    moment: Moment,
    course: Course,
    after: Mark | None = None,
) -> tuple[list[Step], Json]:
    """The steps of a replay, and its end."""
    replay = casus.reader.replays.begin(wanted, moment, course, after)
    steps = [step for page in replay.pages() for step in page]
    return steps, orjson.loads(replay.end)


def as_json(steps: Sequence[Step]) -> list[Json]:
    return [orjson.loads(step.json) for step in steps]


def read_at_end(casus: Casus, wanted: Selection, end: Json) -> list[Json]:
    """What a read shows at the moment that a replay ended with."""
    by = end["reported_by"]
    day = span(by).latest if by else Moment(0, None).reported_by
    moment = casus.reader.moment(end["position"], None, day)
    page = casus.reader.page(replace(wanted, order="asc"), moment, None, 1_000)
    return [orjson.loads(item) for item in page.items]


# Histories at random


@contextmanager
def history_at_random(chance: random.Random) -> Iterator[tuple[Casus, list[Recorded]]]:
    """A store in which incidents and actors are reported, revised and merged, on several days."""
    clock = SettableClock()
    clock.advance(days=-8)
    with TemporaryDirectory() as folder:
        casus = open_casus(Settings(CASUS_HOME=Path(folder), _env_file=None), clock)
        try:
            for profile in PROFILES.values():
                casus.desk.register_actor(profile, BY)
            incidents: list[UUID] = []
            for _ in range(WRITES):
                clock.advance(hours=chance.choice([0, 0, 0, 5, 24, -30]))
                try:
                    write_at_random(casus, chance, incidents)
                except DomainError:
                    pass  # refused, by chance
            yield casus, list(casus.log.follow())
        finally:
            casus.close()


def write_at_random(casus: Casus, chance: random.Random, incidents: list[UUID]) -> None:
    known = list(PROFILES)
    published = chance.choice([None, *(f"2021-07-{day:02d}" for day in range(1, 12))])
    if len(incidents) < 2 or chance.random() < 0.25:
        account = an_account_at_random(chance, published, known)
        incidents.append(casus.desk.report_incident(account, BY).stream)
        return
    if chance.random() < 0.2:
        slug, other = chance.sample(known, 2)
        command = chance.choice(
            [
                actors.MergeActor(into=other, reason="One and the same."),
                actors.UnmergeActor(reason="Two of them."),
                actors.NameActor(text=f"{slug} anew", language="en", shown=True, reason="So."),
                actors.AffiliateActor(actor=other, since="2021-06-20", reason="It joined."),
            ]
        )
        casus.desk.revise_actor(slug, command, BY)
        return
    one, other = chance.sample(incidents, 2)
    account = an_account_at_random(chance, published, known)
    why: Any = {
        "reason": "So it is.",
        "basis": Source(name="A ministry", published=published) if published else None,
    }
    values: Any = new_values_at_random(chance, known)
    revision = chance.choice(
        [
            AddAccount(account=account, reason="A second paper."),
            AddAccount(account=account, reason="A second paper."),
            ReviseAccount(number=1, account=account, reason="A misprint."),
            WithdrawAccount(number=1, **why),
            CorrectIncident(set=values, **why),
            RetractIncident(**why),
            ReinstateIncident(**why),
            MergeIncident(into=other, **why),
            MergeIncident(into=other, **why),
            UnmergeIncident(**why),
        ]
    )
    casus.desk.revise_incident(one, revision, BY)


def course_at_random(chance: random.Random, clock: Clock) -> Course:
    around = span("2021-06-21" if clock == "occurred" else "2021-07-08").earliest
    since, until = sorted(around + chance.randint(-5, 8) for _ in range(2))
    return Course(clock, chance.choice([None, since]), chance.choice([None, until]))


def moment_at_random(casus: Casus, chance: random.Random) -> Moment:
    reported_by = span(f"2021-07-{chance.randint(1, 15):02d}").latest
    return casus.reader.moment(
        chance.choice([None, chance.randint(0, casus.log.head)]),
        reported_by=chance.choice([Moment(0, None).reported_by, reported_by]),
    )


@settings(max_examples=20)
@given(st.integers(0, 2**32).map(random.Random))
def test_a_replay_of_any_history_is_what_the_naive_fold_shows_from_point_to_point(chance):
    with history_at_random(chance) as (casus, log):
        for clock in CLOCKS * TRIES:
            course, moment = course_at_random(chance, clock), moment_at_random(casus, chance)
            wanted = a_selection(chance, View(log, last_position(log, moment, course)))
            expected = naive_steps(log, wanted, moment, course)
            since = OPEN_PAST if course.since is None else course.since
            first = next(
                (n for n, each in enumerate(expected) if _day(each) >= since), len(expected)
            )
            case = (wanted, moment, course)
            with (
                patch.object(replaying, "PAGE", chance.choice([2, 3, 200])),
                patch.object(replaying, "SORTED_AT_ONCE", chance.choice([2, 3, 50_000])),
                patch.object(statements, "MOST_ARMS", chance.choice([1, 60])),
            ):
                steps, end = played(casus, wanted, moment, course)
                told = [{**each, "step": each["step"] - first} for each in expected[first:]]
                assert as_json(steps) == told, case
                assert end["steps"] == len(told)
                # What is left is what a read shows.
                left = {each["incident"]["id"]: each for each in expected}
                kept = [each["incident"] for each in left.values() if each["change"] != "removed"]
                read = read_at_end(casus, wanted, end)
                if clock == "occurred" and course.until is not None:
                    read = [each for each in read if _first_day(each) <= course.until]
                assert sorted(kept, key=_id) == sorted(read, key=_id), case
                assert end["totals"] == naive_totals(read), case
                # From any step it goes on as it went on.
                for number, step in enumerate(steps):
                    if chance.random() < 0.3:
                        rest = played(casus, wanted, moment, course, step.mark)
                        assert rest == (steps[number + 1 :], end), (case, step.mark)


def _id(entry: Json) -> str:
    return str(entry["id"])


def _day(step: Json) -> int:
    return OPEN_PAST if step["date"] is None else span(step["date"]).earliest


def _first_day(entry: Json) -> int:
    return span(entry["occurred"]["edtf"]).earliest
