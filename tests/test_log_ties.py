"""Ties of merged incidents, and records that are appended only where nothing they rest on has moved."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from uuid import UUID

import pytest

from domain.conflicts import Conflict
from domain.records import IncidentMerged, IncidentUnmerged, Record, Recorded
from service.bootstrap import Casus, open_casus
from service.log import Clash, Log
from service.log.recorder import KeyedRequest, Unmoved
from service.log.ties import Ties
from service.recording import ATTEMPTS, Caller, Stale
from tests.conftest import CALLER, SettableClock, a_profile, an_account
from tests.records import EXAMPLES, a_record
from tests.registers import merge as merge_actor
from tests.stories import A, B, C, D, add, merge, retract

pytestmark = pytest.mark.every_store

GROUNDS: dict[str, Any] = {
    "basis": None,
    "reported": "2021-07-15",
    "reason": "Told twice.",
    "recorded_at": "2021-07-15T09:00:00.000000Z",
    "recorded_by": "test",
}


def a_merge(stream: UUID, version: int, into: UUID) -> Recorded[Record]:
    return Recorded(0, stream, version, IncidentMerged(into=into, **GROUNDS))


def groups(log: Log, *streams: UUID) -> dict[UUID, set[UUID]]:
    return {stream: set(tied) for stream, tied in log.ties.of(streams).items()}


@pytest.fixture
def four(log: Log) -> Log:
    """A log with a record of each of four incidents."""
    log.append([a_record(n) for n in range(1, 5)])
    return log


# Ties


def test_incidents_of_no_merge_are_tied_to_none(four):
    assert groups(four, A, B, UUID(int=99)) == {}
    assert list(four.tied(A)) == [A]


def test_a_merge_ties_both_and_chains_tie_all(four):
    four.append([a_merge(A, 2, B)])
    assert groups(four, A, B, C) == {A: {A, B}, B: {A, B}}
    four.append([a_merge(C, 2, D)])
    assert groups(four, A, D) == {A: {A, B}, D: {C, D}}
    four.append([a_merge(B, 2, C)])
    assert groups(four, A, D) == {A: {A, B, C, D}, D: {A, B, C, D}}
    assert set(four.tied(A)) == {A, B, C, D}


def test_ties_outlast_the_merge_that_made_them(four):
    four.append([a_merge(A, 2, B)])
    four.append([Recorded(0, A, 3, IncidentUnmerged(out_of=B, **GROUNDS))])
    four.append([a_merge(A, 4, C)])
    assert groups(four, B) == {B: {A, B, C}}


def test_ties_are_in_the_same_order_whoever_asks(four):
    four.append([a_merge(D, 2, B)])
    four.append([a_merge(C, 2, D)])
    assert list(four.tied(B)) == list(four.tied(C)) == [B, C, D]


def test_ties_that_another_process_made_are_seen(four):
    with closing(Log(four.place)) as other:
        assert groups(other, A) == {}
        four.append([a_merge(A, 2, B)])
        assert groups(other, A) == {A: {A, B}}
    with closing(Log(four.place)) as again:
        assert groups(again, A) == {A: {A, B}}


def test_each_merge_is_read_once():
    asked: list[int] = []
    stored = [Recorded(n, UUID(int=n), 2, EXAMPLES["incident-merged.v1"]) for n in (7, 9)]

    def merges(after: int) -> list[Recorded[Any]]:
        asked.append(after)
        return [each for each in stored if each.position > after]

    ties = Ties(merges)
    other = EXAMPLES["incident-merged.v1"].into
    for _ in range(2):
        assert set(ties.of([other])[other]) == {other, UUID(int=7), UUID(int=9)}
    assert asked == [0, 9]


def test_records_of_incidents_are_read_together_in_order_of_the_log(four):
    four.append([a_record(1, 2), a_record(3, 2), a_record(2, 2)])
    assert [each.position for each in four.incidents([B, A])] == [1, 2, 5, 7]
    assert [each.position for each in four.incidents([B, A], below=7)] == [1, 2, 5]
    assert four.incidents([]) == four.incidents([UUID(int=99)]) == []


def test_records_of_more_incidents_than_a_statement_names_are_in_order_as_well(log, monkeypatch):
    monkeypatch.setattr("service.log.STREAMS_AT_ONCE", 2)
    log.append([a_record(n) for n in range(1, 6)])
    log.append([a_record(n, 2) for n in range(1, 6)])
    streams = [UUID(int=n) for n in (5, 3, 1, 2)]
    assert [each.position for each in log.incidents(streams)] == [1, 2, 3, 5, 6, 7, 8, 10]


# Appending where nothing has moved


def test_records_are_appended_where_the_streams_they_rest_on_have_not_moved(four):
    assert list(four.append([a_merge(A, 2, B)], unmoved=Unmoved({B: 1, UUID(int=99): 0}))) == [5]


@pytest.mark.parametrize("unmoved", [{B: 0}, {B: 1}, {B: 3}, {C: 1, B: 1}, {UUID(int=99): 1}])
def test_a_stream_that_has_moved_clashes_and_leaves_nothing_behind(unmoved, four):
    four.append([a_record(2, 2)])
    with pytest.raises(Clash):
        four.append([a_merge(A, 2, B)], KeyedRequest("key", "digest"), Unmoved(unmoved))
    assert four.head == 5
    assert four.request("key") is None
    assert list(four.append([a_merge(A, 2, B)], unmoved=Unmoved({B: 2}))) == [6]


# Merges at the same time


def reported(casus: Casus, count: int) -> list[UUID]:
    return [
        casus.desk.report_incident(an_account(title=f"Account {n}"), CALLER).stream
        for n in range(count)
    ]


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each of several threads gets that begin together: what it returns, or raises."""
    barrier = threading.Barrier(len(acts))
    got: list[Any] = [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            got[number] = act()
        except Exception as error:
            got[number] = error

    threads = [threading.Thread(target=run, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def test_of_two_merges_that_would_make_a_circle_one_wins_and_the_other_is_refused(casus):
    for _ in range(10):
        one, other = reported(casus, 2)
        got = at_once(
            lambda one=one, other=other: casus.desk.revise_incident(one, merge(other), CALLER),
            lambda one=one, other=other: casus.desk.revise_incident(other, merge(one), CALLER),
        )
        assert sum(isinstance(each, Conflict) for each in got) == 1, got
        assert casus.reader.head == casus.log.head
    assert len(casus.log.ties.of({each.stream for each in casus.log.follow()})) == 20


def test_of_three_merges_that_would_make_a_circle_two_win_at_most(casus):
    for _ in range(5):
        three = reported(casus, 3)
        pairs = zip(three, [*three[1:], three[0]], strict=True)
        acts = [
            lambda one=one, into=into: casus.desk.revise_incident(one, merge(into), CALLER)
            for one, into in pairs
        ]
        refused = [each for each in at_once(*acts) if isinstance(each, Exception)]
        assert refused
        assert all(isinstance(each, Conflict) for each in refused)


class InBetween:
    """Tells the time; as it is told for the first time, before a record is appended, something happens."""

    def __init__(self, clock: SettableClock, happening: Callable[[], Any]) -> None:
        self._clock, self._happening = clock, happening
        self.told = 0

    def __call__(self) -> Any:
        self.told += 1
        if self.told == 1:
            self._happening()
        return self._clock.now


@pytest.fixture
def slow(casus: Casus, clock: SettableClock) -> Iterator[Callable[..., Any]]:
    """Another process on the same store, in whose decisions something happens that it has not seen."""
    opened: list[Casus] = []

    def open_slow(happening: Callable[[], Any]) -> tuple[Casus, InBetween]:
        ticking = InBetween(clock, happening)
        opened.append(open_casus(casus.settings, ticking))
        return opened[-1], ticking

    yield open_slow
    for each in opened:
        each.close()


def test_a_merge_that_was_turned_around_meanwhile_is_decided_on_again_and_refused(casus, slow):
    one, other = reported(casus, 2)
    slower, clock = slow(lambda: casus.desk.revise_incident(other, merge(one), CALLER))
    with pytest.raises(Conflict, match="unmerge it first"):
        slower.desk.revise_incident(one, merge(other), CALLER)
    assert clock.told == 2
    assert casus.log.head == 3


def test_a_merge_into_what_was_merged_into_a_third_meanwhile_is_refused(casus, slow):
    one, two, three = reported(casus, 3)
    slower, _ = slow(lambda: casus.desk.revise_incident(two, merge(three), CALLER))
    with pytest.raises(Conflict, match=f"it is merged into {three}"):
        slower.desk.revise_incident(one, merge(two), CALLER)
    assert casus.log.head == 4


def test_what_moves_without_standing_against_it_lets_a_merge_be_decided_on_again(casus, slow):
    one, other = reported(casus, 2)
    slower, clock = slow(lambda: casus.desk.revise_incident(other, add(), CALLER))
    written = slower.desk.revise_incident(one, merge(other), CALLER)
    assert (written.position, clock.told) == (4, 2)


def test_what_has_been_seen_before_somebody_else_revised_it_is_stale(casus, slow):
    (one,) = reported(casus, 1)
    slower, _ = slow(lambda: casus.desk.revise_incident(one, add(), CALLER))
    with pytest.raises(Stale) as stale:
        slower.desk.revise_incident(one, retract(), Caller(by="test", seen=frozenset({1})))
    assert stale.value.position == casus.log.head == 2


def test_a_command_that_never_finds_things_still_is_given_up(casus, monkeypatch):
    one, other = reported(casus, 2)
    appended = []

    def clashing(*_: Any) -> Any:
        appended.append(None)
        raise Clash

    monkeypatch.setattr(casus.log, "append", clashing)
    with pytest.raises(Clash):
        casus.desk.revise_incident(one, merge(other), CALLER)
    assert len(appended) == ATTEMPTS


def test_actors_are_not_merged_in_a_circle_at_the_same_time_either(casus):
    for round_ in range(10):
        one, other = f"one-{round_}", f"other-{round_}"
        for slug in (one, other):
            casus.desk.register_actor(a_profile(id=slug), CALLER)
        got = at_once(
            lambda one=one, other=other: casus.desk.revise_actor(one, merge_actor(other), CALLER),
            lambda one=one, other=other: casus.desk.revise_actor(other, merge_actor(one), CALLER),
        )
        assert sum(isinstance(each, Conflict) for each in got) == 1, got
        versions = [len(casus.log.actor(slug)) for slug in (one, other)]
        assert sorted(versions) == [1, 2]


def test_what_depends_on_merges_clashes_where_one_came_in_between(four):
    last = four.last_merge
    four.append([a_merge(A, 2, B)])
    with pytest.raises(Clash):
        four.append([a_merge(C, 2, D)], unmoved=Unmoved({}, last))
    four.append([a_merge(C, 2, D)], unmoved=Unmoved({}, four.last_merge))
    assert four.last_merge == 6
