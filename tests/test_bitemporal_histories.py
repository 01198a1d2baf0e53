"""Rectangles of histories with every kind of record, of several incidents that are merged and unmerged.

They are random, also in ways that nobody could have decided on, as reads of the past may find them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import combinations
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.dates import OPEN_FUTURE, OPEN_PAST, iso_of_day
from domain.incidents import incident_at, incidents_at, reported_day
from domain.records import (
    AccountRevised,
    AccountWithdrawn,
    Corrections,
    IncidentCorrected,
    IncidentMerged,
    IncidentRecord,
    IncidentReinstated,
    IncidentRetracted,
    IncidentUnmerged,
    Recorded,
    Replacement,
)
from projections.bitemporal import Merged, Version, change
from tests.conftest import an_account
from tests.rectangles import AT, BY, DAY, STREAM, Stored, followed, recorded

INCIDENTS = 4
KINDS = (
    "account",
    "revised",
    "withdrawn",
    "corrected",
    "retracted",
    "reinstated",
    "merged",
    "unmerged",
)


@dataclass(frozen=True)
class Drawn:
    """A record as hypothesis draws it; `other` says which account, or into which incident."""

    incident: int
    kind: str
    day: int
    other: int


drawn_records = st.builds(
    Drawn,
    incident=st.integers(1, INCIDENTS),
    kind=st.sampled_from([*KINDS, "account", "merged", "merged"]),
    day=st.integers(-2, 4),
    other=st.integers(0, INCIDENTS - 1),
)


def as_recorded(drawn: list[Drawn], first: int, apart: int) -> list[Recorded]:
    """The records in order of the log; each incident's first reports it, whatever was drawn."""
    history: list[Recorded] = []
    versions: dict[int, int] = {}
    for number, each in enumerate(drawn):
        position, stream = first + apart * number, UUID(int=each.incident)
        version = versions[each.incident] = versions.get(each.incident, 0) + 1
        others = [UUID(int=n) for n in versions if n != each.incident]
        if version == 1 or each.kind == "account" or (each.kind == "merged" and not others):
            history.append(recorded(position, each.day, version, stream))
            continue
        record = revision(each, position, each.other % (version - 1) + 1, others)
        history.append(Recorded(position, stream, version, record))
    return history


def revision(drawn: Drawn, position: int, number: int, others: list[UUID]) -> IncidentRecord:
    day = iso_of_day(DAY + drawn.day)
    why = {"reason": "So it is.", "recorded_at": AT, "recorded_by": BY, "reported": day}
    if drawn.kind == "revised":
        account = an_account(title=f"At {position}", published=day)
        return AccountRevised(number=number, account=account, implied=(), origin=None, **why)
    title = Replacement(before="", after=f"Corrected at {position}")
    decide = {
        "withdrawn": partial(AccountWithdrawn, number=number),
        "corrected": partial(IncidentCorrected, changes=Corrections(title=title), implied=()),
        "retracted": IncidentRetracted,
        "reinstated": IncidentReinstated,
        "merged": partial(IncidentMerged, into=others[drawn.other % len(others)] if others else 0),
        "unmerged": partial(IncidentUnmerged, out_of=STREAM),
    }[drawn.kind]
    return decide(basis=None, **why)


histories = st.builds(
    as_recorded,
    st.lists(drawn_records, min_size=1, max_size=10),
    first=st.integers(1, 3),
    apart=st.integers(1, 2),
)
batches = st.lists(st.integers(1, 4), max_size=10)


def moments(history: list[Recorded]) -> list[tuple[int, int]]:
    """Every moment that could be told from another."""
    return [
        (position, day)
        for position in range(history[-1].position + 2)
        for day in (OPEN_PAST, *range(DAY - 3, DAY + 6), OPEN_FUTURE - 1)
    ]


def holds(rectangle: Version | Merged, position: int, day: int) -> bool:
    return (
        rectangle.from_position <= position < rectangle.to_position
        and rectangle.reported_from <= day < rectangle.reported_to
    )


@given(histories, batches, st.booleans())
def test_at_every_moment_the_one_rectangle_that_holds_it_shows_what_the_fold_says(
    history, sizes, together
):
    stored = followed(history, sizes, together=together)
    for stream in {each.stream for each in history}:
        versions, merges = stored.versions.get(stream, []), stored.merged.get(stream, [])
        for position, day in moments(history):
            shown = [v.incident for v in versions if holds(v, position, day)]
            leads_to = [m.survivor for m in merges if holds(m, position, day)]
            expected = incident_at(history, stream, position, day)
            if expected is None or expected.stream == stream:
                assert shown == ([] if expected is None else [expected])
                assert leads_to == []
            else:
                itself = incidents_at(history, position, day)[stream]
                assert shown == []
                assert leads_to == ([expected.stream] if itself.accounts else [])


def comparable(stored: Stored) -> list[list[str]]:
    return sorted(sorted(map(repr, each)) for each in stored.all() if each)


@given(histories, batches, batches)
def test_neither_the_size_of_batches_nor_who_is_followed_together_makes_a_difference(
    history, sizes, others
):
    once = comparable(followed(history, sizes))
    assert comparable(followed(history, others)) == once
    assert comparable(followed(history, sizes, together=False)) == once


@given(histories, batches)
def test_no_rectangle_is_empty_and_no_two_of_an_incident_overlap(history, sizes):
    for of_one in followed(history, sizes).all():
        for each in of_one:
            assert each.from_position < each.to_position
            assert each.reported_from < each.reported_to
        for one, other in combinations(of_one, 2):
            assert (
                one.to_position <= other.from_position
                or other.to_position <= one.from_position
                or one.reported_to <= other.reported_from
                or other.reported_to <= one.reported_from
            )


@given(histories)
def test_a_record_changes_nothing_of_earlier_positions_and_nothing_of_earlier_days(history):
    last = history[-1]
    made = change(history[:-1], [last])
    assert all(each.from_position == last.position for each in (*made.versions, *made.merged))
    assert all(each.position == last.position for each in made.closings)
    for v in made.versions:
        if v.reported_to <= reported_day(last.record):
            stream = v.incident.stream
            before = incident_at(history[:-1], stream, last.position, v.reported_from)
            assert v.incident == before
