"""Reads through the API: whose timeline, narrowed by what, at which moment of the three clocks."""

from __future__ import annotations

from typing import Any

import pytest

from domain.countries import COUNTRIES
from domain.values import ActorName, ExternalId, Figure, InvolvedCountry, Participant, Place
from domain.vocabulary import CountryRole, IncidentType, Measure, ParticipantRole, Status
from service.bootstrap import Casus
from tests.conftest import a_profile, an_account

Json = dict[str, Any]

UZBEK_BORDER = "/v1/countries/UZB/timeline"


def titles(client, path: str, **parameters: Any) -> list[str]:
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json()["items"]]


@pytest.fixture
def border(casus: Casus) -> Casus:
    """Four incidents at a border, of which each differs from the others in what reads select by."""
    casus.desk.register_actor(a_profile(), by="test")
    casus.desk.register_actor(
        a_profile(id="uzbekistan", name="Uzbekistan", kind="state", state="UZB"), by="test"
    )
    for account in (
        an_account(
            title="Attack",
            occurred="2021-06-22",
            place=Place(name="Kunduz", country="AFG", latitude=36.7, longitude=68.9),
            participants=(Participant(actor="taliban", role=ParticipantRole.INITIATOR),),
            published="2021-06-23",
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
        casus.desk.report_incident(account, by="test")
    return casus


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
    assert len(answer["items"]) == 35


def test_a_country_of_which_nothing_is_known_has_an_empty_timeline(reading) -> None:
    answer = reading.get("/v1/countries/FJI/timeline")
    assert answer.status_code == 200
    assert answer.json()["items"] == []
    assert answer.json()["next"] is None


def test_an_entry_carries_all_that_a_timeline_shows(border: Casus, client) -> None:
    (entry,) = client.get(UZBEK_BORDER, params={"type": "border_crossing"}).json()["items"]
    (again,) = client.get("/v1/incidents", params={"q": "crossing"}).json()["items"]
    assert entry == again
    identifier = entry.pop("id")
    assert client.get(f"/v1/incidents/{identifier}").json()["incident"] == again
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
            "latitude": 37.2,
            "longitude": 67.4,
            "precision": None,
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
def test_incidents_are_narrowed_by(
    parameters: Json, found: list[str], border: Casus, client
) -> None:
    assert titles(client, "/v1/incidents", **parameters) == found


def test_a_timeline_is_narrowed_by_another_country_or_actor_on_it(border: Casus, client) -> None:
    assert titles(client, "/v1/countries/AFG/timeline") == ["Attack", "Crossing"]
    assert titles(client, "/v1/countries/AFG/timeline", country="UZB") == ["Crossing"]
    assert titles(client, "/v1/countries/AFG/timeline", actor="taliban") == ["Attack"]
    assert titles(client, "/v1/actors/taliban/timeline", country="AFG") == ["Attack"]
    assert titles(client, "/v1/actors/taliban/timeline", country="UZB") == []


def test_a_search_finds_what_any_account_says_without_accents_or_case(casus, client) -> None:
    casus.desk.report_incident(
        an_account(title="Überfall in Kyïv", place=Place(name="São Tomé")), by="test"
    )
    for text in ("uberfall", "kyiv", "sao tome", "ÜBERFALL"):
        assert titles(client, "/v1/incidents", q=text) == ["Überfall in Kyïv"]


def test_an_incident_that_may_have_lasted_for_years_is_found_within_them(casus, client) -> None:
    casus.desk.report_incident(an_account(title="War", occurred="1978/2021"), by="test")
    casus.desk.report_incident(an_account(title="Open", occurred="1996-09-27/.."), by="test")
    casus.desk.report_incident(an_account(title="Since ever", occurred="../1990"), by="test")
    assert titles(client, "/v1/incidents", **{"from": "1985-01-01", "to": "1985-12-31"}) == [
        "Since ever",
        "War",
    ]
    assert titles(client, "/v1/incidents", **{"from": "2030"}) == ["Open"]
    assert titles(client, "/v1/incidents", **{"from": "2030", "match": "certain"}) == []


def test_dates_beyond_four_digits_and_before_christ_are_shown_and_found(casus, client) -> None:
    casus.desk.report_incident(an_account(title="Ides", occurred="-0043-03-15"), by="test")
    casus.desk.report_incident(an_account(title="Toba", occurred="Y-74000"), by="test")
    items = client.get("/v1/incidents").json()["items"]
    assert [item["occurred"]["earliest"] for item in items] == ["Y-74000-01-01", "-0043-03-15"]
    assert titles(client, "/v1/incidents", **{"from": "-0043", "to": "-0043"}) == ["Ides"]


# the clocks of recording and reporting


def test_a_read_at_a_position_shows_what_was_recorded_by_then(border: Casus, client) -> None:
    assert titles(client, "/v1/incidents", position=2) == []
    assert titles(client, "/v1/incidents", position=3) == ["Attack"]
    assert titles(client, "/v1/incidents", position=4) == ["Attack", "Crossing"]
    assert client.get("/v1/incidents", params={"position": 4}).json()["position"] == 4
    assert client.get("/v1/actors/uzbekistan", params={"position": 1}).status_code == 404
    assert client.get("/v1/actors/uzbekistan", params={"position": 2}).status_code == 200


def test_a_read_as_of_an_instant_is_one_at_the_last_position_recorded_by_then(
    casus: Casus, clock, client
) -> None:
    casus.desk.report_incident(an_account(title="First"), by="test")
    clock.advance(days=1)
    casus.desk.report_incident(an_account(title="Second"), by="test")
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


def test_an_uncertain_day_of_publication_counts_from_its_last_day(border: Casus, client) -> None:
    assert titles(client, UZBEK_BORDER, reported_by="2021-07-30") == ["Statement"]
    assert titles(client, UZBEK_BORDER, reported_by="2021-07-31") == ["Statement", "Crossing"]
    assert titles(client, UZBEK_BORDER, reported_by="2021-07") == ["Statement", "Crossing"]
    answer = client.get(UZBEK_BORDER, params={"reported_by": "2021-07"}).json()
    assert answer["reported_by"] == "2021-07-31"


def test_the_clocks_are_fixed_together(border: Casus, client) -> None:
    parameters = {"position": 4, "reported_by": "2021-06-30"}
    assert titles(client, "/v1/incidents", **parameters) == ["Attack"]
    counted = client.get("/v1/countries", params=parameters).json()["items"]
    assert {c["code"]: c["incidents"] for c in counted if c["incidents"]} == {"AFG": 1}


def test_the_empty_log_is_read_at_position_zero(client) -> None:
    answer = client.get("/v1/incidents").json()
    assert (answer["position"], answer["as_of"], answer["items"]) == (0, None, [])


# one incident


def test_an_incident_comes_with_every_account_it_is_made_of(casus: Casus, client) -> None:
    written = casus.desk.report_incident(
        an_account(figures=(Figure(measure=Measure.KILLED, best=3),)), by="somebody"
    )
    answer = client.get(f"/v1/incidents/{written.stream}").json()
    (account,) = answer["accounts"]
    assert account["number"] == 1
    assert account["recorded_by"] == "somebody"
    assert account["reported"] == "2021-06-23"
    assert account["origin"] is None
    assert account["account"]["figures"][0]["best"] == 3
    assert account["account"]["title"] == answer["incident"]["title"]


def test_an_incident_is_found_by_its_id_in_upper_case(casus: Casus, client) -> None:
    written = casus.desk.report_incident(an_account(), by="test")
    assert client.get(f"/v1/incidents/{str(written.stream).upper()}").status_code == 200


# actors


def test_actors_are_listed_by_id_and_found_by_part_of_any_name(reading) -> None:
    listed = [actor["id"] for actor in reading.get("/v1/actors").json()["items"]]
    assert listed == sorted(listed)
    assert len(listed) == 21

    def found(**parameters: str) -> list[str]:
        items = reading.get("/v1/actors", params=parameters).json()["items"]
        return [actor["id"] for actor in items]

    assert found(q="одкб") == ["csto", "csto-parliamentary-assembly"]
    assert found(kind="armed_group") == ["taliban"]
    assert found(state="TJK") == ["tajik-border-troops", "tajikistan"]
    assert found(state="tj", q="border") == ["tajik-border-troops"]
    assert found(q="nobody of that name") == []


def test_a_name_or_an_external_id_leads_to_the_actor(casus: Casus, client) -> None:
    casus.desk.register_actor(
        a_profile(
            names=(ActorName(text="Taliban", language="en"), ActorName(text="Талибан")),
            external_ids=(ExternalId(scheme="ucdp", id="303"),),
        ),
        by="test",
    )
    for alias in ("Taliban", "ТАЛИБАН", "ucdp:303", "UCDP:303"):
        answer = client.get(f"/v1/actors/{alias}", follow_redirects=False)
        assert answer.status_code == 307
        assert answer.headers["location"] == "/v1/actors/taliban"
        assert answer.headers["casus-position"] == "1"
    answer = client.get("/v1/actors/ucdp:303/timeline?limit=5&order=desc", follow_redirects=False)
    assert answer.headers["location"] == "/v1/actors/taliban/timeline?limit=5&order=desc"
    assert client.get("/v1/actors/ucdp:303").json()["actor"]["id"] == "taliban"


def test_a_name_that_two_actors_bear_leads_to_neither(casus: Casus, client) -> None:
    for slug in ("taliban", "tehrik-i-taliban"):
        casus.desk.register_actor(a_profile(id=slug, name="The Students"), by="test")
    answer = client.get("/v1/actors/The Students", follow_redirects=False)
    assert answer.status_code == 404


# health


def test_health_says_how_far_the_timelines_have_come(border: Casus, client) -> None:
    assert client.get("/livez").json() == {"alive": True}
    assert client.get("/readyz").json() == {
        "ready": True,
        "log_position": 6,
        "position": 6,
        "lag": 0,
        "failure": None,
    }
