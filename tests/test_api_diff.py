"""``/v1/diff``: which moments it compares, what it says of each incident, and that it stays so."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.actors import NameActor
from domain.revisions import (
    CorrectIncident,
    MergeIncident,
    ReinstateIncident,
    RetractIncident,
    ReviseAccount,
    UnmergeIncident,
)
from domain.values import Figure, Place
from domain.vocabulary import IncidentType, Measure
from service.bootstrap import Casus
from service.recording import Caller
from tests.conftest import a_profile, an_account
from tests.refusals import problem

Json = dict[str, Any]

BY = Caller(by="curator")


@pytest.fixture
def story(casus: Casus) -> dict[str, str]:
    """Six incidents of Afghanistan, each of which goes another way between positions 7 and 14."""
    casus.desk.register_actor(a_profile(), BY)
    place = Place(name="Kunduz", country="AFG")
    ids = {
        name: casus.desk.report_incident(an_account(title=name, place=place), BY).stream
        for name in ("stays", "changed", "retracted", "merged", "removed", "reinstated")
    }
    desk = casus.desk
    desk.revise_incident(ids["reinstated"], RetractIncident(reason="doubted"), BY)
    assert casus.reader.head == 8
    killed = an_account(
        title="changed", place=place, figures=(Figure(measure=Measure.KILLED, best=3),)
    )
    desk.revise_incident(
        ids["changed"], ReviseAccount(number=1, account=killed, reason="counted"), BY
    )
    desk.revise_incident(ids["retracted"], RetractIncident(reason="it did not happen"), BY)
    desk.revise_incident(ids["merged"], MergeIncident(into=ids["stays"], reason="told twice"), BY)
    elsewhere = CorrectIncident(
        set={"place": Place(name="Khorog", country="TJK")}, reason="across the river"
    )
    desk.revise_incident(ids["removed"], elsewhere, BY)
    desk.revise_incident(ids["reinstated"], ReinstateIncident(reason="it did happen"), BY)
    ids["added"] = desk.report_incident(an_account(title="added", place=place), BY).stream
    return {name: str(stream) for name, stream in ids.items()}


def ways(answer: Json) -> dict[str, str]:
    return {item["incident"]["title"]: item["change"] for item in answer["items"]}


def test_every_way_in_which_a_country_s_timeline_has_changed_has_a_word(story, client):
    answer = client.get("/v1/diff?from_position=8&to_position=14&country=AFG").json()
    assert answer["subject"] == {"kind": "country", "id": "AFG", "name": "Afghanistan"}
    assert (answer["from"]["position"], answer["to"]["position"]) == (8, 14)
    assert ways(answer) == {name: name for name in story} | {"stays": "changed"}
    items = {item["incident"]["title"]: item for item in answer["items"]}
    assert items["merged"]["into"] == story["stays"]
    assert items["changed"]["fields"] == [
        {
            "field": "figures",
            "before": None,
            "after": {
                "measure": "killed",
                "of": None,
                "low": None,
                "best": 3,
                "high": None,
                "disputed": False,
                "inconsistent": False,
            },
        }
    ]
    assert {"field": "status", "before": "reported", "after": "retracted"} in items["retracted"][
        "fields"
    ]


def test_what_is_merged_comes_back_as_unmerged(story, casus, client):
    stream = UUID(story["merged"])
    casus.desk.revise_incident(stream, UnmergeIncident(reason="two after all"), BY)
    (item,) = (
        each
        for each in client.get("/v1/diff?from_position=14").json()["items"]
        if each["incident"]["id"] == story["merged"]
    )
    assert (item["change"], item["out_of"], item["into"]) == ("unmerged", story["stays"], None)


def test_a_type_narrows_the_difference_to_incidents_that_are_or_were_of_it(story, casus, client):
    casus.desk.revise_incident(
        UUID(story["stays"]),
        CorrectIncident(set={"type": IncidentType.STATEMENT}, reason="no shot"),
        BY,
    )
    since = "/v1/diff?from_position=14"
    assert ways(client.get(f"{since}&type=attack").json()) == {"stays": "removed"}
    assert ways(client.get(f"{since}&type=statement").json()) == {"stays": "added"}
    assert ways(client.get(f"{since}&type=attack&type=statement").json()) == {"stays": "changed"}
    assert client.get(f"{since}&type=bombing_or_so").status_code == 400


def test_instants_lead_to_positions_and_the_newest_is_where_it_ends(story, clock, casus, client):
    clock.advance(days=1)
    casus.desk.report_incident(an_account(title="later"), BY)
    answer = client.get("/v1/diff?from_as_of=2021-07-15").json()
    assert (answer["from"]["position"], answer["to"]["position"]) == (14, 15)
    assert ways(answer) == {"later": "added"}
    assert ways(client.get("/v1/diff?from_as_of=2021-07-15&to_as_of=2021-07-15").json()) == {}


def test_days_of_publication_are_compared_at_one_position(casus, client):
    first = casus.desk.report_incident(an_account(published="2021-06-23"), BY).stream
    casus.desk.report_incident(an_account(title="Known since July", published="2021-07"), BY)
    answer = client.get("/v1/diff?from_reported_by=2021-06-22&to_reported_by=2021-06-30").json()
    assert [item["incident"]["id"] for item in answer["items"]] == [str(first)]
    assert (answer["from"]["reported_by"], answer["to"]["reported_by"]) == (
        "2021-06-22",
        "2021-06-30",
    )
    everything = client.get("/v1/diff?from_reported_by=2021-06-30&position=2").json()
    assert ways(everything) == {"Known since July": "added"}
    assert everything["to"]["reported_by"] is None
    assert ways(client.get("/v1/diff?from_reported_by=2021-06-30&position=1").json()) == {}


def test_a_difference_of_positions_is_of_what_was_reported_by_a_day(casus, client):
    casus.desk.report_incident(an_account(published="2021-06-23"), BY)
    casus.desk.report_incident(an_account(title="Later", published="2021-06-30"), BY)
    answer = client.get("/v1/diff?from_position=0&reported_by=2021-06-25").json()
    assert ways(answer) == {"Attack on a border checkpoint": "added"}


def test_pages_are_of_the_same_two_moments_whatever_is_recorded_meanwhile(story, casus, client):
    whole = client.get("/v1/diff?from_position=8").json()
    page = client.get("/v1/diff?from_position=8&limit=2")
    items = page.json()["items"]
    while page.json()["next"]:
        assert f'<{page.json()["next"]}>; rel="next"' in page.headers["link"]
        casus.desk.report_incident(an_account(title="meanwhile"), BY)
        page = client.get(page.json()["next"])
        assert "immutable" in page.headers["cache-control"]
        assert page.json()["to"] == whole["to"]
        items += page.json()["items"]
    assert items == whole["items"]
    assert len(items) == 7


def test_a_difference_of_two_positions_is_the_same_bytes_for_ever(story, casus, client):
    address = "/v1/diff?from_position=8&to_position=14&country=AFG"
    before = client.get(address)
    assert "immutable" in before.headers["cache-control"]
    casus.desk.revise_actor("taliban", NameActor(text="IEA", shown=True, reason="its own"), BY)
    casus.desk.revise_incident(UUID(story["changed"]), RetractIncident(reason="no"), BY)
    after = client.get(address)
    assert after.content == before.content
    assert after.headers["etag"] == before.headers["etag"]
    casus.projector.rebuild()
    assert client.get(address).content == before.content


@pytest.mark.parametrize(
    ("query", "fixed"),
    [
        ("from_position=8", "from_position=8&to_position=14"),
        ("from_as_of=2021-07-15&country=AFG", "country=AFG&from_position=14&to_position=14"),
        ("from_reported_by=2021-06-22&as_of=2021-07-15", "from_reported_by=2021-06-22&position=14"),
    ],
)
def test_the_canonical_link_fixes_both_moments(query, fixed, story, client):
    answer = client.get(f"/v1/diff?{query}")
    assert answer.headers["link"] == f'<http://testserver/v1/diff?{fixed}>; rel="canonical"'
    assert "no-cache" in answer.headers["cache-control"]
    permanent = client.get(f"/v1/diff?{fixed}")
    assert "immutable" in permanent.headers["cache-control"]
    assert permanent.json() == answer.json()


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("", "from_position"),
        ("country=AFG", "from_position"),
        ("to_position=3", "to_position"),
        ("to_reported_by=2021", "to_reported_by"),
        ("from_position=1&from_as_of=2021", "from_as_of"),
        ("from_position=1&to_as_of=2021-07-01", "to_as_of"),
        ("from_as_of=2021-07-01&to_reported_by=2021", "to_reported_by"),
        ("from_position=3&to_position=2", "to_position"),
        ("from_as_of=2021-07-02&to_as_of=2021-07-01", "to_as_of"),
        ("from_reported_by=2021-07-02&to_reported_by=2021-07-01", "to_reported_by"),
        ("from_position=68", "from_position"),
        ("from_position=1&to_position=68", "to_position"),
        ("from_reported_by=2021&position=68", "position"),
        ("from_position=1&position=2", "position"),
        ("from_as_of=2021-07-01&as_of=2021-07-02", "as_of"),
        ("from_reported_by=2021&reported_by=2021", "reported_by"),
        ("from_reported_by=2021&position=1&as_of=2021-07-02", "as_of"),
        ("from_position=1&actor=talban", "actor"),
        ("from_position=1&country=XYZ", "country"),
        ("from_position=1&from=2021", "from"),
    ],
)
def test_moments_that_cannot_be_told_are_refused_by_name(query, parameter, asked):
    refused = problem(asked.get(f"/v1/diff?{query}"), "bad-parameter")
    assert refused["faults"][0]["path"] == f"$.{parameter}"


def test_a_cursor_of_another_difference_is_refused(asked):
    page = asked.get("/v1/diff?from_position=0&limit=1").json()
    cursor = page["next"].partition("cursor=")[2]
    problem(asked.get(f"/v1/diff?from_position=1&limit=1&cursor={cursor}"), "bad-cursor")
    problem(
        asked.get(f"/v1/diff?from_position=0&limit=1&country=AFG&cursor={cursor}"), "bad-cursor"
    )


def test_an_instant_before_the_first_record_is_before_everything(reading):
    answer = reading.get("/v1/diff?from_as_of=1999-01-01&limit=1000").json()
    assert answer["from"] == {"position": 0, "as_of": None, "reported_by": None}
    assert {item["change"] for item in answer["items"]} == {"added"}
    everything = reading.get("/v1/incidents?limit=1000").json()
    assert len(answer["items"]) == len(everything["items"])
