"""Reads through the API: whose timeline, narrowed by what, at which moment of the three clocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from domain.countries import COUNTRIES
from domain.values import InvolvedCountry, Participant, Place
from domain.vocabulary import CountryRole, IncidentType, ParticipantRole, Status
from service.api.app import create_app
from service.bootstrap import Casus, open_casus
from service.settings import Settings
from tests.conftest import CALLER, SettableClock, TestClient, a_profile, an_account

Json = dict[str, Any]

UZBEK_BORDER = "/v1/countries/UZB/timeline"


def titles(client, path: str, **parameters: Any) -> list[str]:
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json()["items"]]


@pytest.fixture(scope="module")
def border(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Four incidents at a border, of which each differs from the others in what reads select by."""
    home = tmp_path_factory.mktemp("border")
    casus = open_casus(Settings(CASUS_HOME=home, _env_file=None), SettableClock())
    casus.desk.register_actor(a_profile(), CALLER)
    casus.desk.register_actor(
        a_profile(id="uzbekistan", name="Uzbekistan", kind="state", state="UZB"), CALLER
    )
    for account in (
        an_account(
            title="Attack",
            occurred="2021-06-22",
            place=Place(name="Kunduz", country="AFG", latitude=36.7, longitude=68.9),
            participants=(Participant(actor="taliban", role=ParticipantRole.INITIATOR),),
        ),
        an_account(
            title="Crossing",
            type=IncidentType.BORDER_CROSSING,
            occurred="2021-06-23",
            place=Place(name="Hairatan", country="AFG", latitude=37.2, longitude=67.4),
            countries=(InvolvedCountry(code="UZB", role=CountryRole.AFFECTED),),
            published="2021-07~",
        ),
        an_account(
            title="Statement",
            type=IncidentType.STATEMENT,
            occurred="2021-06-20/2021-06-30",
            participants=(Participant(actor="uzbekistan", role=ParticipantRole.SPEAKER),),
            status=Status.CONFIRMED,
        ),
        an_account(
            title="Plan",
            type=IncidentType.WITHDRAWAL,
            occurred="2021-09-11",
            status=Status.PLANNED,
            place=Place(name="Fiji", country="FJI", latitude=-17.0, longitude=179.5),
        ),
    ):
        casus.desk.report_incident(account, CALLER)
    with TestClient(create_app(casus)) as client:
        yield client


# countries


def test_all_countries_are_listed_with_the_incidents_that_their_timelines_show(
    reading,
) -> None:
    answer = reading.get("/v1/countries").json()
    listed = {country["code"]: country for country in answer["items"]}
    assert list(listed) == list(COUNTRIES)
    assert listed["UZB"]["incidents"] == 2
    assert listed["FJI"]["incidents"] == 0
    assert listed["SUN"]["until"] == COUNTRIES["SUN"].until
    for code in ("AFG", "TJK", "UZB"):
        timeline = reading.get(listed[code]["timeline"]).json()
        assert len(timeline["items"]) == listed[code]["incidents"]


@pytest.mark.parametrize(
    "spelling", ["AFG", "afg", "AF", "Afghanistan", "AFGHANISTAN", "gw:700", "GW:700", " AFG "]
)
def test_a_country_is_understood_in_every_spelling(spelling: str, reading) -> None:
    answer = reading.get(f"/v1/countries/{spelling}/timeline").json()
    assert answer["subject"] == {"kind": "country", "id": "AFG", "name": "Afghanistan"}
    assert answer["items"] == reading.get("/v1/countries/AFG/timeline").json()["items"] != []


def test_a_country_of_which_nothing_is_known_has_an_empty_timeline(reading) -> None:
    answer = reading.get("/v1/countries/FJI/timeline")
    assert answer.status_code == 200
    assert answer.json()["items"] == []
    assert answer.json()["next"] is None


def test_an_entry_carries_all_that_a_timeline_shows(border: TestClient) -> None:
    (entry,) = border.get(UZBEK_BORDER, params={"type": "border_crossing"}).json()["items"]
    (again,) = border.get("/v1/incidents", params={"q": "crossing"}).json()["items"]
    assert entry == again
    identifier = entry.pop("id")
    assert border.get(f"/v1/incidents/{identifier}").json()["incident"] == again
    assert entry == {
        "title": "Crossing",
        "type": "border_crossing",
        "status": "reported",
        "occurred": {
            "edtf": "2021-06-23",
            "earliest": "2021-06-23",
            "latest": "2021-06-23",
            "disputed": False,
        },
        "place": {
            "name": "Hairatan",
            "country": "AFG",
            "admin1": None,
            "admin2": None,
            "admin3": None,
            "latitude": 37.2,
            "longitude": 67.4,
            "precision": None,
            "description": None,
        },
        "summary": None,
        "countries": [
            {"code": "UZB", "role": "affected"},
            {"code": "AFG", "role": "location"},
        ],
        "figures": [],
        "codes": [],
        "accounts": 1,
        "sources": [{"name": "A newspaper", "via": None, "url": None, "published": "2021-07~"}],
        "datasets": [],
        "reported": "2021-07-31",
        "revision": 1,
        "position": 4,
        "recorded_at": "2021-07-15T09:00:00.000000Z",
        "participants": [],
    }


# what a timeline is narrowed by


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({}, ["Statement", "Attack", "Crossing", "Plan"]),
        ({"order": "desc"}, ["Plan", "Crossing", "Attack", "Statement"]),
        ({"from": "2021-06-23"}, ["Statement", "Crossing", "Plan"]),
        ({"to": "2021-06-22"}, ["Statement", "Attack"]),
        ({"from": "2021-06", "to": "2021-06"}, ["Statement", "Attack", "Crossing"]),
        ({"from": "2021-06-21", "to": "2021-06-22"}, ["Statement", "Attack"]),
        ({"from": "2021-06-21", "to": "2021-06-22", "match": "certain"}, ["Attack"]),
        ({"from": "2021-07-01", "to": "2021-08-31"}, []),
        ({"type": "attack"}, ["Attack"]),
        ({"type": ["attack", "statement"]}, ["Statement", "Attack"]),
        ({"status": "planned"}, ["Plan"]),
        ({"status": ["confirmed", "planned"]}, ["Statement", "Plan"]),
        ({"status": "retracted"}, []),
        ({"actor": "taliban"}, ["Attack"]),
        ({"actor": "taliban", "role": "initiator"}, ["Attack"]),
        ({"actor": "taliban", "role": "target"}, []),
        ({"country": "UZB"}, ["Statement", "Crossing"]),
        ({"country": "uzbekistan", "role": "affected"}, ["Crossing"]),
        ({"country": "AFG", "actor": "taliban"}, ["Attack"]),
        ({"country": "UZB", "actor": "taliban"}, []),
        ({"bbox": "67,36,70,38"}, ["Attack", "Crossing"]),
        ({"bbox": "67,37,68,38"}, ["Crossing"]),
        ({"bbox": "179,-20,-179,0"}, ["Plan"]),  # across the antimeridian
        ({"q": "kunduz"}, ["Attack"]),
        ({"q": "KUND*"}, ["Attack"]),
        ({"q": "newspaper"}, ["Statement", "Attack", "Crossing", "Plan"]),
        ({"q": "newspaper kunduz"}, ["Attack"]),
        ({"q": '"a newspaper" fiji'}, ["Plan"]),
        ({"q": "AND OR NOT"}, []),
        ({"limit": 1}, ["Statement"]),
    ],
)
def test_incidents_are_narrowed_by(parameters: Json, found: list[str], border: TestClient) -> None:
    assert titles(border, "/v1/incidents", **parameters) == found


def test_a_timeline_is_narrowed_by_another_country_or_actor_on_it(border: TestClient) -> None:
    assert titles(border, "/v1/countries/AFG/timeline") == ["Attack", "Crossing"]
    assert titles(border, "/v1/countries/AFG/timeline", country="UZB") == ["Crossing"]
    assert titles(border, "/v1/countries/AFG/timeline", actor="taliban") == ["Attack"]
    assert titles(border, "/v1/actors/taliban/timeline", country="AFG") == ["Attack"]
    assert titles(border, "/v1/actors/taliban/timeline", country="UZB") == []


def test_a_search_finds_what_any_account_says_without_accents_or_case(casus, client) -> None:
    casus.desk.report_incident(
        an_account(title="Überfall in Kyïv", place=Place(name="São Tomé")), CALLER
    )
    for text in ("uberfall", "kyiv", "sao tome", "ÜBERFALL"):
        assert titles(client, "/v1/incidents", q=text) == ["Überfall in Kyïv"]


def test_an_incident_that_may_have_lasted_for_years_is_found_within_them(casus, client) -> None:
    casus.desk.report_incident(an_account(title="War", occurred="1978/2021"), CALLER)
    casus.desk.report_incident(an_account(title="Open", occurred="1996-09-27/.."), CALLER)
    casus.desk.report_incident(an_account(title="Since ever", occurred="../1990"), CALLER)
    assert titles(client, "/v1/incidents", **{"from": "1985-01-01", "to": "1985-12-31"}) == [
        "Since ever",
        "War",
    ]
    assert titles(client, "/v1/incidents", **{"from": "2030"}) == ["Open"]
    assert titles(client, "/v1/incidents", **{"from": "2030", "match": "certain"}) == []


def test_dates_beyond_four_digits_and_before_christ_are_shown_and_found(casus, client) -> None:
    casus.desk.report_incident(an_account(title="Ides", occurred="-0043-03-15"), CALLER)
    casus.desk.report_incident(an_account(title="Toba", occurred="Y-74000"), CALLER)
    items = client.get("/v1/incidents").json()["items"]
    assert [item["occurred"]["earliest"] for item in items] == ["Y-74000-01-01", "-0043-03-15"]
    assert titles(client, "/v1/incidents", **{"from": "-0043", "to": "-0043"}) == ["Ides"]


# the clocks of recording and reporting


def test_a_read_at_a_position_shows_what_was_recorded_by_then(border: TestClient) -> None:
    assert titles(border, "/v1/incidents", position=2) == []
    assert titles(border, "/v1/incidents", position=3) == ["Attack"]
    assert titles(border, "/v1/incidents", position=4) == ["Attack", "Crossing"]
    assert border.get("/v1/incidents", params={"position": 4}).json()["position"] == 4
    assert border.get("/v1/actors/uzbekistan", params={"position": 1}).status_code == 404
    assert border.get("/v1/actors/uzbekistan", params={"position": 2}).status_code == 200


def test_a_read_as_of_an_instant_is_one_at_the_last_position_recorded_by_then(
    casus: Casus, clock, client
) -> None:
    casus.desk.report_incident(an_account(title="First"), CALLER)
    clock.advance(days=1)
    casus.desk.report_incident(an_account(title="Second"), CALLER)
    for as_of, found in (
        ("2021-07-14", []),
        ("2021-07-15T08:59:59Z", []),
        ("2021-07-15T09:00:00Z", ["First"]),
        ("2021-07-15T13:30:00+04:30", ["First"]),
        ("2021-07-15", ["First"]),
        ("2021-07-16", ["First", "Second"]),
        ("2999-01-01", ["First", "Second"]),
    ):
        assert titles(client, "/v1/incidents", as_of=as_of) == found, as_of
    answer = client.get("/v1/incidents", params={"as_of": "2021-07-15T23:00:00Z"}).json()
    assert answer["position"] == 1
    assert answer["as_of"] == "2021-07-15T09:00:00.000000Z"


def test_an_uncertain_day_of_publication_counts_from_its_last_day(border: TestClient) -> None:
    assert titles(border, UZBEK_BORDER, reported_by="2021-07-30") == ["Statement"]
    assert titles(border, UZBEK_BORDER, reported_by="2021-07-31") == ["Statement", "Crossing"]
    assert titles(border, UZBEK_BORDER, reported_by="2021-07") == ["Statement", "Crossing"]
    answer = border.get(UZBEK_BORDER, params={"reported_by": "2021-07"}).json()
    assert answer["reported_by"] == "2021-07-31"


def test_the_clocks_are_fixed_together(border: TestClient) -> None:
    parameters = {"position": 4, "reported_by": "2021-06-30"}
    assert titles(border, "/v1/incidents", **parameters) == ["Attack"]
    counted = border.get("/v1/countries", params=parameters).json()["items"]
    assert {c["code"]: c["incidents"] for c in counted if c["incidents"]} == {"AFG": 1}


def test_the_empty_log_is_read_at_position_zero(client) -> None:
    answer = client.get("/v1/incidents").json()
    assert (answer["position"], answer["as_of"], answer["items"]) == (0, None, [])


# health


def test_health_says_how_far_the_timelines_have_come(border: TestClient) -> None:
    assert border.get("/livez").json() == {"alive": True}
    assert border.get("/readyz").json() == {
        "ready": True,
        "log_position": 6,
        "position": 6,
        "lag": 0,
        "lag_seconds": 0.0,
        "failure": None,
    }
