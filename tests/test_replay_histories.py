"""Replays of random histories: every step, its totals, and what is left in the end, on every clock."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args
from unittest.mock import patch
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from domain import actors
from domain.dates import OPEN_PAST
from domain.edtf import span
from domain.errors import DomainError
from domain.records import Recorded
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
from domain.values import Source
from service.bootstrap import Casus, open_casus
from service.reading import replay, statements
from service.reading.clocks import EVERYTHING_REPORTED, Moment
from service.reading.replay import Course
from service.reading.selection import Selection
from service.reading.sweeps import Clock
from service.recording import Caller
from service.settings import Settings
from tests.conftest import SettableClock
from tests.histories import PROFILES, an_account_at_random, new_values_at_random
from tests.naive import Json
from tests.reads import a_selection
from tests.replays import as_json, naive_steps, naive_totals, played, read_at_end

BY = Caller(by="curator")
WRITES = 24
TRIES = 4
"""Replays of each history on each clock."""


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
                with suppress(DomainError):  # refused, by chance
                    write_at_random(casus, chance, incidents)
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
        reported_by=chance.choice([EVERYTHING_REPORTED, reported_by]),
    )


@settings(max_examples=20)
@given(st.integers(0, 2**32).map(random.Random))
def test_a_replay_of_any_history_is_what_the_naive_fold_shows_from_point_to_point(chance):
    with history_at_random(chance) as (casus, log):
        for clock in get_args(Clock) * TRIES:
            course, moment = course_at_random(chance, clock), moment_at_random(casus, chance)
            wanted = chance.choice([Selection(), a_selection(chance)])
            expected = naive_steps(log, wanted, moment, course)
            since = OPEN_PAST if course.since is None else course.since
            first = next(
                (n for n, each in enumerate(expected) if _day(each) >= since), len(expected)
            )
            case = (wanted, moment, course)
            with (
                patch.object(replay, "PAGE", chance.choice([2, 3, 200])),
                patch.object(replay, "SORTED_AT_ONCE", chance.choice([2, 3, 50_000])),
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
