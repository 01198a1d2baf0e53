"""The rectangles of positions and reported days in which an incident is shown as one version."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.dates import OPEN_FUTURE, iso_of_day
from domain.incidents import incident_at
from domain.records import IncidentMerged, Recorded
from projections.bitemporal import OPEN_POSITION, Merged, change
from tests.rectangles import AT, BY, DAY, STREAM, Stored, a_history, followed, recorded


def rectangles(stored: Stored) -> list[tuple[object, ...]]:
    """Each version's bounds, counted from `DAY`, None where open, and its accounts' positions."""
    return [
        (
            v.from_position,
            None if v.to_position == OPEN_POSITION else v.to_position,
            v.reported_from - DAY,
            None if v.reported_to == OPEN_FUTURE else v.reported_to - DAY,
            " ".join(held.account.title.removeprefix("At ") for held in v.incident.accounts),
        )
        for v in sorted(stored.versions[STREAM], key=lambda v: (v.from_position, v.reported_from))
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


def test_while_it_is_merged_an_incident_has_a_rectangle_that_says_into_which():
    other = UUID(int=2)
    merge = IncidentMerged(
        into=STREAM,
        basis=None,
        reported=iso_of_day(DAY + 7),
        reason="Twice.",
        recorded_at=AT,
        recorded_by=BY,
    )
    history = [
        recorded(1, 5, 1),
        recorded(2, 2, 1, other),
        Recorded(3, other, 2, merge),
    ]
    stored = followed(history, [1, 1, 1])
    assert rectangles(stored) == [
        (1, 3, 5, None, "1"),
        (3, None, 5, 7, "1"),
        (3, None, 7, None, "1 2"),
    ]
    (merged,) = stored.merged[other]
    assert merged == Merged(3, OPEN_POSITION, DAY + 7, OPEN_FUTURE, other, STREAM)
    assert [(v.from_position, v.to_position) for v in stored.versions[other]] == [
        (2, 3),
        (3, OPEN_POSITION),
    ]
    assert stored.versions[other][1].reported_to == DAY + 7


@given(st.lists(st.integers(-2, 4), min_size=1, max_size=8))
def test_a_further_account_shows_in_each_rectangle_from_its_day_on(days):
    history = a_history(*days)
    made = change(history[:-1], history[-1:])
    for v in made.versions:
        before = incident_at(history[:-1], STREAM, len(days), v.reported_from)
        assert (v.incident == before) == (v.reported_to <= DAY + days[-1])


def test_accounts_recorded_in_the_order_of_their_days_make_two_rectangles_each():
    versions = followed(a_history(*range(12)), [3] * 4).versions[STREAM]
    assert len(versions) == 1 + 11 * 2


def test_accounts_recorded_against_the_order_of_their_days_make_one_rectangle_a_day_each():
    versions = followed(a_history(*reversed(range(12))), [3] * 4).versions[STREAM]
    assert len(versions) == 12 * 13 // 2
