"""Series: what is counted in which period and in which group, at which moment."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any
from unittest.mock import patch

import pytest

from domain.actors import MergeActor
from domain.revisions import CorrectIncident, RetractIncident
from domain.values import Figure, InvolvedCountry, Participant
from domain.vocabulary import CountryRole, IncidentType, Measure, ParticipantRole
from service.bootstrap import Casus
from service.reading import statements
from tests.conftest import CALLER, a_profile, an_account

Json = dict[str, Any]
INITIATOR, TARGET = ParticipantRole.INITIATOR, ParticipantRole.TARGET


def report(casus: Casus, occurred: str, *codes: str, **changes: Any) -> Any:
    """An incident on the timelines of countries; its stream."""
    countries = tuple(InvolvedCountry(code=code, role=CountryRole.LOCATION) for code in codes)
    account = an_account(occurred=occurred, countries=countries, **changes)
    return casus.desk.report_incident(account, CALLER).stream


def killed(*numbers: int | None, of: str | None = None) -> Figure:
    low, best, high = numbers
    return Figure(measure=Measure.KILLED, of=of, low=low, best=best, high=high)


def series(client, **asked: Any) -> Json:
    answer = client.get("/v1/series", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def counted(client, **asked: Any) -> dict[str, dict[str, int]]:
    """Of each group, the periods and how many incidents each has."""
    return {
        group["key"]: {point["period"]: point["incidents"] for point in group["points"]}
        for group in series(client, **asked)["groups"]
    }


# What is counted


def test_a_series_says_what_was_asked_and_when_and_begins_and_ends_with_what_there_is(
    casus, client
):
    report(casus, "2021-04-30", figures=(killed(2, 3, None), killed(None, 1, None, of="soldiers")))
    report(casus, "2021-06-22", figures=(killed(1, 1, 1, of="a"), killed(2, 2, 5, of="b")))
    report(casus, "2021-06-23")
    assert series(client, measure="killed") == {
        "position": 3,
        "as_of": "2021-07-15T09:00:00.000000Z",
        "reported_by": None,
        "interval": "month",
        "group_by": None,
        "measure": "killed",
        "match": "possible",
        "groups": [
            {
                "key": None,
                "name": "Everything selected",
                "points": [
                    {
                        "period": "2021-04",
                        "start": "2021-04-01",
                        "end": "2021-04-30",
                        **{"low": 2, "best": 3, "high": 3, "incidents": 1},
                    },
                    {
                        "period": "2021-05",
                        "start": "2021-05-01",
                        "end": "2021-05-31",
                        **{"low": 0, "best": 0, "high": 0, "incidents": 0},
                    },
                    {
                        "period": "2021-06",
                        "start": "2021-06-01",
                        "end": "2021-06-30",
                        **{"low": 3, "best": 3, "high": 6, "incidents": 2},
                    },
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    ("interval", "periods"),
    [
        ("day", ["2021-06-27", "2021-06-28"]),
        ("week", ["2021-W25", "2021-W26"]),
        ("month", ["2021-06"]),
        ("year", ["2021"]),
    ],
)
def test_periods_are_days_iso_weeks_months_and_years(casus, client, interval, periods):
    report(casus, "2021-06-27")
    report(casus, "2021-06-28")
    points = series(client, interval=interval)["groups"][0]["points"]
    assert [point["period"] for point in points] == periods
    assert sum(point["best"] for point in points) == 2


@pytest.mark.parametrize(
    ("occurred", "possible", "certain"),
    [
        ("2021-06-22", [0, 0, 1, 0], [0, 0, 1, 0]),
        ("2021-06", [0, 0, 1, 0], [0, 0, 1, 0]),
        ("2021-05-31/2021-06-01", [0, 1, 1, 0], [0, 0, 0, 0]),
        ("../2021-05-02", [1, 1, 0, 0], [0, 0, 0, 0]),
        ("2021-06-01/..", [0, 0, 1, 1], [0, 0, 0, 0]),
        ("2021", [1, 1, 1, 1], [0, 0, 0, 0]),
    ],
)
def test_an_uncertain_date_counts_wherever_it_may_be_or_only_where_it_must_be(
    casus, client, occurred, possible, certain
):
    report(casus, occurred)
    window = {"from": "2021-04", "to": "2021-07"}
    for match, expected in (("possible", possible), ("certain", certain)):
        (found,) = counted(client, match=match, **window).values()
        assert list(found.values()) == expected
        assert list(found) == ["2021-04", "2021-05", "2021-06", "2021-07"]


def test_without_a_window_an_open_span_reaches_to_the_last_day_that_is_known(casus, client):
    report(casus, "../2021-05-02")
    assert counted(client) == {None: {"2021-05": 1}}
    report(casus, "2021-03-01")
    report(casus, "2021-06-10/..")
    assert counted(client) == {None: {"2021-03": 2, "2021-04": 1, "2021-05": 1, "2021-06": 1}}
    assert counted(client, match="certain") == {
        None: {"2021-03": 1, "2021-04": 0, "2021-05": 0, "2021-06": 0}
    }


def test_a_period_that_the_window_cuts_counts_what_the_window_has_of_it(casus, client):
    for day in ("2021-06-01", "2021-06-14/2021-06-15", "2021-06-30", "2021-07-31"):
        report(casus, day, "AFG")
    window = {"from": "2021-06-15", "to": "2021-07-30"}
    for country in ({}, {"country": "AFG"}):
        assert counted(client, **window, **country) == {None: {"2021-06": 2, "2021-07": 0}}
        certain = counted(client, **window, **country, match="certain")
        assert certain == {None: {"2021-06": 1, "2021-07": 0}}


def test_an_empty_store_has_a_series_without_points_or_of_zeros_in_a_window(client):
    assert counted(client) == {None: {}}
    assert counted(client, **{"from": "2021-06-30", "to": "2021-07"}) == {
        None: {"2021-06": 0, "2021-07": 0}
    }
    assert counted(client, group_by="country") == {}


# Groups


def test_an_incident_counts_once_for_each_country_whose_timeline_it_is_on(casus, client):
    report(casus, "2021-06-22", "AFG", "TJK")
    report(casus, "2021-07-01", "TJK")
    report(casus, "2021-07-02")
    groups = series(client, group_by="country")["groups"]
    assert [(each["key"], each["name"]) for each in groups] == [
        ("AFG", "Afghanistan"),
        ("TJK", "Tajikistan"),
    ]
    by_country = {"AFG": {"2021-06": 1, "2021-07": 0}, "TJK": {"2021-06": 1, "2021-07": 1}}
    assert counted(client, group_by="country") == by_country
    assert counted(client) == {None: {"2021-06": 1, "2021-07": 2}}
    assert counted(client, country="AFG", group_by="country") == {
        "AFG": {"2021-06": 1},
        "TJK": {"2021-06": 1},
    }


@pytest.fixture
def merged(casus: Casus, client) -> Any:
    """An incident with two actors that are one, since the last position."""
    for slug in ("taliban", "islamic-emirate"):
        casus.desk.register_actor(a_profile(id=slug, name=slug), CALLER)
    both = (
        Participant(actor="taliban", role=INITIATOR),
        Participant(actor="islamic-emirate", role=TARGET),
    )
    report(casus, "2021-06-22", participants=both, figures=(killed(1, 2, 3),))
    merge = MergeActor(into="taliban", reason="Another name of it.")
    casus.desk.revise_actor("islamic-emirate", merge, CALLER)
    return client


def test_merged_actors_are_one_group_and_an_incident_of_both_counts_once(merged):
    assert counted(merged, group_by="actor") == {"taliban": {"2021-06": 1}}
    assert counted(merged, group_by="actor", position=3) == {
        "islamic-emirate": {"2021-06": 1},
        "taliban": {"2021-06": 1},
    }


@pytest.mark.parametrize("arms", [1, 60])
def test_an_incident_of_two_actors_that_are_one_is_once_in_their_series(merged, arms):
    with patch.object(statements, "MOST_ARMS", arms):
        for measure, best in (("incidents", 1), ("killed", 2)):
            (group,) = series(merged, actor="taliban", measure=measure)["groups"]
            assert [point["best"] for point in group["points"]] == [best]


def test_types_are_groups_with_names_of_their_own(casus, client):
    report(casus, "2021-06-22")
    report(casus, "2021-06-22", type=IncidentType.BORDER_CROSSING)
    groups = series(client, group_by="type")["groups"]
    assert [(each["key"], each["name"]) for each in groups] == [
        ("attack", "Attack"),
        ("border_crossing", "Border crossing"),
    ]
    assert counted(client, type="attack") == {None: {"2021-06": 1}}


# The clocks


def test_a_retracted_incident_counts_only_where_it_is_asked_for(casus, client):
    stream = report(casus, "2021-06-22", "AFG")
    casus.desk.revise_incident(stream, RetractIncident(reason="It did not happen."), CALLER)
    assert counted(client, country="AFG") == {None: {}}
    assert counted(client, country="AFG", position=1) == {None: {"2021-06": 1}}
    assert counted(client, status="retracted") == {None: {"2021-06": 1}}


def test_a_series_is_as_it_stood_at_a_position_and_as_it_was_reported_by_a_day(casus, client):
    stream = report(casus, "2021-06-22", "AFG", published="2021-06-23")
    report(casus, "2021-06-25", "AFG", published="2021-06-30")
    moved = CorrectIncident(set={"occurred": "2021-05-22"}, reason="A slip of the pen.")
    casus.desk.revise_incident(stream, moved, CALLER)
    for asked in ({}, {"country": "AFG"}, {"type": "attack"}):
        assert counted(client, **asked) == {None: {"2021-05": 1, "2021-06": 1}}
        assert counted(client, **asked, position=2) == {None: {"2021-06": 2}}
        assert counted(client, **asked, position=1) == {None: {"2021-06": 1}}
        # The correction was recorded, and so reported, on 2021-07-15.
        assert counted(client, **asked, reported_by="2021-07-14") == {None: {"2021-06": 2}}
        assert counted(client, **asked, reported_by="2021-06-29") == {None: {"2021-06": 1}}
        assert counted(client, **asked, reported_by="2021-06-22") == {None: {}}


def test_what_leaves_dates_countries_and_figures_as_they_were_adds_no_row(casus, client):
    stream = report(casus, "2021-06-22", "AFG", figures=(killed(1, 2, 3),))
    for title in ("Another title", "A third title"):
        casus.desk.revise_incident(
            stream, CorrectIncident(set={"title": title}, reason="A slip of the pen."), CALLER
        )

    def rows() -> int:
        with closing(sqlite3.connect(casus.projector.generation.path)) as connection:
            return connection.execute("SELECT count(*) FROM series_delta").fetchone()[0]

    # Those of the correction's own day differ from those of the account's by nothing.
    assert rows() == 1
    assert counted(client, measure="killed") == {None: {"2021-06": 1}}
