"""Names with a slash or a percent sign in a path: they lead where they should, or are refused by name."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from domain.values import ActorName, ExternalId, Place
from service.bootstrap import Casus
from tests.conftest import CALLER, a_profile, an_account
from tests.processes import serving
from tests.refusals import problem

ITALY = "/v1/countries/Italy%2FSardinia/timeline"
ROME = Place(name="Rome", country="ITA")
NAMES = ("x:a/b", "x:A/B", "The One/The Other", "50%", "%2F", "/", "a//b")


@pytest.fixture
def named(casus: Casus) -> Casus:
    """A store with an actor that has names and ids which are hard to put into a path."""
    names = ("Group", "The One/The Other", "50%", "%2F", "/", "a//b")
    profile = a_profile(
        id="group",
        names=tuple(ActorName(text=each) for each in names),
        external_ids=(ExternalId(scheme="x", id="a/b"),),
    )
    casus.desk.register_actor(profile, CALLER)
    return casus


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "rest",
    [
        *("", "/timeline", "/timeline.json", "/timeline.csv", "/timeline.vis.json"),
        *("/timeline/cite", "/timeline/cite.bib", "/timeline/embed"),
    ],
)
def test_a_name_with_a_slash_leads_to_its_actor(name, rest, named, client) -> None:
    answer = client.get(
        f"/v1/actors/{quote(name, safe='')}{rest}?position=1", follow_redirects=False
    )
    assert answer.status_code == 307
    assert answer.headers["location"] == f"/v1/actors/group{rest}?position=1".replace(
        "/timeline.json", "/timeline"
    )
    assert client.get(answer.headers["location"]).status_code == 200


def test_what_is_accepted_is_found_under_such_a_name_as_well(named, client) -> None:
    answer = client.get("/v1/actors/x:a%2fb/timeline", headers={"accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/actors/a%2Fb", "unknown-actor"),
        ("/v1/actors/a%2Fb/timeline", "unknown-actor"),
        ("/v1/actors/a%2Fb/timeline.csv", "unknown-actor"),
        ("/v1/actors/a%2Fb/timeline/cite", "unknown-actor"),
        ("/v1/actors/a%2Fb/timeline/embed", "unknown-actor"),
        ("/v1/countries/a%2Fb/timeline", "unknown-country"),
        ("/v1/countries/a%2fb/timeline.svg", "unknown-country"),
        ("/v1/incidents/a%2Fb", "unknown-incident"),
        ("/v1/incidents/a%2Fb/history", "unknown-incident"),
        ("/v1/incidents/a%2Fb/cite", "unknown-incident"),
        ("/v1/datasets/a%2Fb", "unknown-dataset"),
        ("/v1/imports/a%2Fb", "unknown-import"),
        ("/v1/subscriptions/a%2Fb", "unknown-subscription"),
        ("/ogc/collections/a%2Fb", "unknown-collection"),
        ("/ogc/collections/incidents/items/a%2Fb", "unknown-incident"),
        ("/v1/incidents.a%2Fb", "unknown-format"),
        ("/problems/a%2Fb", "not-found"),
    ],
)
def test_a_name_that_is_nobodys_is_refused_by_name(path, name, asked) -> None:
    assert "a/b" in problem(asked.get(path), name)["detail"].replace("%2F", "/")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/actors/taliban%2Ftimeline",
        "/v1/actors/taliban%2f",
        "/v1/actors/taliban%252Ftimeline",
        "/v1/countries/AFG%2Ftimeline/timeline",
    ],
)
def test_a_slash_of_a_name_parts_no_path(path, asked) -> None:
    kind = "unknown-actor" if "actors" in path else "unknown-country"
    problem(asked.get(path, follow_redirects=False), kind)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/actors/a%2Fb/names", "unknown-actor"),
        ("/v1/incidents/a%2Fb/retraction", "unknown-incident"),
    ],
)
def test_a_revision_of_what_is_not_there_is_refused_by_name(path, name, asked) -> None:
    body = {"reason": "As it is."} | ({"text": "Another"} if "actors" in path else {})
    refused = problem(asked.post(path, json=body, headers={"if-match": "*"}), name)
    assert "a/b" in refused["detail"]


def test_every_link_of_an_answer_leads_back_to_it(casus, client) -> None:
    for number in range(3):
        casus.desk.report_incident(an_account(title=f"In Italy {number}", place=ROME), CALLER)
    first = client.get(ITALY, params={"limit": 2})
    assert [each["title"] for each in first.json()["items"]] == ["In Italy 0", "In Italy 1"]
    for rel in ("canonical", "next"):
        assert ITALY in first.links[rel]["url"]
    assert client.get(first.links["canonical"]["url"]).json()["items"] == first.json()["items"]
    assert client.get(first.json()["next"]).json()["items"][0]["title"] == "In Italy 2"
    cited = client.get(f"{ITALY}/cite").json()["url"]
    assert len(client.get(cited).json()["items"]) == 3
    assert len(client.get(f"{ITALY}.csv").text.splitlines()) == 4


def test_a_server_hands_such_names_on(home) -> None:
    with serving(home) as server:
        found: Any = server.get("/v1/actors/a%2Fb/timeline").json()
        assert "'a/b'" in found["detail"]
        assert server.get(ITALY).json()["subject"]["id"] == "ITA"
        assert server.get(ITALY.replace("%2F", "/")).json()["type"] == "/problems/not-found"
