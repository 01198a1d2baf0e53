"""The rectangles of positions and reported days in which an incident is shown as one version."""

from __future__ import annotations

from itertools import combinations
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.dates import OPEN_FUTURE, OPEN_PAST, iso_of_day
from domain.edtf import span
from domain.incidents import Recording, add_account, incident_at, report_incident, reported_day
from domain.records import Recorded
from projections.bitemporal import OPEN_POSITION, Version, change
from tests.conftest import an_account

DAY = span("2021-06-01").latest


def recorded(position: int, day: int, version: int) -> Recorded:
    """An account that was published so many days after `DAY`."""
    decide = report_incident if version == 1 else add_account
    account = an_account(published=iso_of_day(DAY + day), title=f"At {position}")
    by = Recording(at="2021-07-15T09:00:00.000000Z", by="curator")
    return Recorded(position, UUID(int=1), version, decide(account, None, {}, by))


def a_history(*days: int, first: int = 1, apart: int = 1) -> list[Recorded]:
    """Accounts recorded one after the other, published on these days."""
    return [
        recorded(first + apart * (number - 1), day, number) for number, day in enumerate(days, 1)
    ]


def followed(history: list[Recorded], sizes: list[int]) -> list[Version]:
    """The versions that a store holds which was handed the history in batches of these sizes."""
    stored: list[Version] = []
    done = 0
    for size in [*sizes, len(history)]:
        batch = history[done : done + size]
        made = change(history[:done], batch)
        for closing in made.closings:
            stored = [closed(v, closing.position) if closing.applies_to(v) else v for v in stored]
        stored += made.versions
        done += len(batch)
    return stored


def closed(version: Version, position: int) -> Version:
    return Version(
        version.from_position,
        position,
        version.reported_from,
        version.reported_to,
        version.incident,
    )


def rectangles(versions: list[Version]) -> list[tuple[object, ...]]:
    """Each version's bounds, counted from `DAY`, None where open, and its accounts' positions."""
    return [
        (
            v.from_position,
            None if v.to_position == OPEN_POSITION else v.to_position,
            v.reported_from - DAY,
            None if v.reported_to == OPEN_FUTURE else v.reported_to - DAY,
            " ".join(held.account.title.removeprefix("At ") for held in v.incident.accounts),
        )
        for v in sorted(versions, key=lambda v: (v.from_position, v.reported_from))
    ]


def test_a_first_account_is_shown_from_its_position_and_its_day_on():
    assert rectangles(followed(a_history(5, first=3), [1])) == [(3, None, 5, None, "3")]


def test_a_later_publication_leaves_what_was_known_before_it():
    assert rectangles(followed(a_history(5, 8), [1, 1])) == [
        (1, 2, 5, None, "1"),
        (2, None, 5, 8, "1"),
        (2, None, 8, None, "1 2"),
    ]


def test_an_earlier_publication_founds_the_incident_for_the_days_before():
    assert rectangles(followed(a_history(5, 2), [1, 1])) == [
        (1, 2, 5, None, "1"),
        (2, None, 2, 5, "2"),
        (2, None, 5, None, "1 2"),
    ]


def test_a_publication_of_the_same_day_closes_no_more_than_that_day_on():
    assert rectangles(followed(a_history(5, 8, 8), [1, 1, 1])) == [
        (1, 2, 5, None, "1"),
        (2, None, 5, 8, "1"),
        (2, 3, 8, None, "1 2"),
        (3, None, 8, None, "1 2 3"),
    ]


def test_a_publication_between_two_cuts_the_days_between_them():
    assert rectangles(followed(a_history(2, 8, 5), [1, 1, 1])) == [
        (1, 2, 2, None, "1"),
        (2, 3, 2, 8, "1"),
        (2, 3, 8, None, "1 2"),
        (3, None, 2, 5, "1"),
        (3, None, 5, 8, "1 3"),
        (3, None, 8, None, "1 2 3"),
    ]


def test_nothing_is_closed_where_nothing_is_stored():
    assert change((), a_history(5, 8)).closings == ()


days = st.integers(-2, 4)
histories = st.lists(days, min_size=1, max_size=8).flatmap(
    lambda each: st.builds(
        lambda first, apart: a_history(*each, first=first, apart=apart),
        st.integers(1, 3),
        st.integers(1, 2),
    )
)
batches = st.lists(st.integers(1, 4), max_size=8)


def moments(history: list[Recorded]) -> list[tuple[int, int]]:
    """Every moment that could be told from another."""
    return [
        (position, day)
        for position in range(history[-1].position + 2)
        for day in (OPEN_PAST, *range(DAY - 3, DAY + 6), OPEN_FUTURE - 1)
    ]


def holds(version: Version, position: int, day: int) -> bool:
    return (
        version.from_position <= position < version.to_position
        and version.reported_from <= day < version.reported_to
    )


@given(histories, batches)
def test_at_every_moment_the_one_rectangle_that_holds_it_shows_what_the_fold_says(history, sizes):
    versions = followed(history, sizes)
    for position, day in moments(history):
        shown = [v.incident for v in versions if holds(v, position, day)]
        expected = incident_at(history, position, day)
        assert shown == ([] if expected is None else [expected])


@given(histories, batches, batches)
def test_the_size_of_batches_makes_no_difference(history, sizes, others):
    assert rectangles(followed(history, sizes)) == rectangles(followed(history, others))


@given(histories, batches)
def test_no_rectangle_is_empty_and_no_two_overlap(history, sizes):
    versions = followed(history, sizes)
    for v in versions:
        assert v.from_position < v.to_position
        assert v.reported_from < v.reported_to
    for one, other in combinations(versions, 2):
        assert (
            one.to_position <= other.from_position
            or other.to_position <= one.from_position
            or one.reported_to <= other.reported_from
            or other.reported_to <= one.reported_from
        )


@given(histories, batches)
def test_a_record_changes_nothing_of_earlier_positions_and_nothing_of_earlier_days(history, sizes):
    last = history[-1]
    made = change(history[:-1], [last])
    assert all(v.from_position == last.position for v in made.versions)
    assert all(each.position == last.position for each in made.closings)
    for v in made.versions:
        unchanged = incident_at(history[:-1], last.position, v.reported_from)
        assert (v.incident == unchanged) == (v.reported_to <= reported_day(last.record))


def test_accounts_recorded_in_the_order_of_their_days_make_two_rectangles_each():
    versions = followed(a_history(*range(12)), [3] * 4)
    assert len(versions) == 1 + 11 * 2


def test_accounts_recorded_against_the_order_of_their_days_make_one_rectangle_a_day_each():
    versions = followed(a_history(*reversed(range(12))), [3] * 4)
    assert len(versions) == 12 * 13 // 2
