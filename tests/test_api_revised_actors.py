"""What revisions make of actors over HTTP: their names and merges, on timelines now and in the past."""

from __future__ import annotations

from typing import Any

import pytest

from domain.values import Place
from tests.refusals import problem
from tests.revising import ACTORS, EVERYTHING, Curator


@pytest.fixture
def curator(casus, client) -> Curator:
    return Curator(casus, client)


def participants(curator: Curator, **parameters: Any) -> list[dict[str, str]]:
    """Who takes part in the first of all incidents."""
    items = curator.client.get("/v1/incidents", params=parameters).json()["items"]
    found: list[dict[str, str]] = items[0]["participants"]
    return found


def refusal(curator: Curator, target: str, name: str, **changes: Any) -> dict[str, Any]:
    """The conflict for which a revision is refused, having recorded nothing."""
    head = curator.head
    found = problem(curator.post(target, ACTORS[name], **changes), "conflict")
    assert curator.head == head
    return found


# Names


def test_a_renamed_actor_has_its_new_name_on_timelines_and_its_old_one_in_the_past(curator):
    before = curator.head
    answer = curator.done("csto", "names", shown=True)
    assert [name["text"] for name in answer["actor"]["names"]] == ["ОДКБ", "CSTO"]
    assert participants(curator)[0]["name"] == "ОДКБ"
    assert participants(curator, position=before)[0]["name"] == "CSTO"
    subject = curator.client.get(curator.timeline("csto")).json()["subject"]
    assert (subject["id"], subject["name"]) == (curator.ids["csto"], "ОДКБ")
    past = curator.client.get(curator.timeline("csto"), params={"position": before}).json()
    assert past["subject"]["name"] == "CSTO"


def test_an_alias_leads_to_its_actor_from_its_position_on(curator):
    before = curator.head
    curator.done("csto", "names")
    assert participants(curator)[0]["name"] == "CSTO"
    found = curator.client.get("/v1/actors/одкб").json()
    assert found["actor"]["id"] == curator.ids["csto"]
    problem(curator.client.get(f"/v1/actors/одкб?position={before}"), "unknown-actor")
    listed = curator.client.get("/v1/actors", params={"q": "одкб"}).json()["items"]
    assert [actor["id"] for actor in listed] == [curator.ids["csto"]]


def test_an_external_id_leads_to_its_actor_from_its_position_on(curator):
    before = curator.head
    answer = curator.done("csto", "external-ids")
    number = curator.ids["Q318693"]
    assert answer["actor"]["external_ids"] == [{"scheme": "wikidata", "id": number}]
    for address in (f"/v1/actors/wikidata:{number}", f"/v1/actors/WIKIDATA:{number.lower()}"):
        assert curator.client.get(address).json()["actor"]["id"] == curator.ids["csto"]
        problem(curator.client.get(f"{address}?position={before}"), "unknown-actor")
    assert curator.get("csto", position=before)["actor"]["external_ids"] == []


def test_what_clashes_with_an_actor_is_refused_with_where_that_was_recorded(curator):
    curator.done("csto", "names")
    assert refusal(curator, "csto", "names")["conflict"] == {"position": curator.head}
    curator.done("csto", "external-ids")
    assert refusal(curator, "csto", "external-ids")["conflict"] == {"position": curator.head}
    curator.done("csto", "affiliations")
    assert refusal(curator, "csto", "affiliations")["conflict"] == {"position": curator.head}
    curator.done("csto", "releases")
    assert "no open affiliation" in refusal(curator, "csto", "releases")["detail"]
    assert "not merged" in refusal(curator, "csto", "unmerge")["detail"]
    assert "into itself" in refusal(curator, "csto", "merge", into="csto")["detail"]
    curator.done("csto", "merge")
    assert refusal(curator, "cis", "merge", into="csto")["conflict"] == {"position": curator.head}
    for name in ("names", "external-ids", "affiliations", "releases", "merge"):
        assert refusal(curator, "csto", name)["conflict"] == {"position": curator.head}


@pytest.mark.parametrize(
    ("name", "changes", "path"),
    [
        ("names", {"text": ""}, "$.text"),
        ("names", {"language": "not a tag"}, "$.language"),
        ("external-ids", {"scheme": "Not A Slug"}, "$.scheme"),
        ("external-ids", {"id": "\n"}, "$.id"),
        ("affiliations", {"actor": "nobody"}, "$.actor"),
        ("affiliations", {"actor": "csto"}, "$.actor"),
        ("affiliations", {"until": "1991"}, "$.until"),
        ("releases", {"until": "1999-13"}, "$.until"),
        ("merge", {"into": "nobody"}, "$.into"),
        ("merge", {"into": "Not A Slug"}, "$.into"),
    ],
)
def test_the_faults_of_an_actors_revision_are_named_by_their_paths(name, changes, path, curator):
    head = curator.head
    found = problem(curator.post("csto", ACTORS[name], **changes), "invalid-body")
    assert [fault["path"] for fault in found["faults"]] == [path]
    assert curator.head == head


# Merges


def test_a_merged_actor_leads_to_the_one_that_stands_for_it(curator):
    csto, cis = curator.ids["csto"], curator.ids["cis"]
    before = curator.head
    answer = curator.done("csto", "merge")
    assert (answer["actor"]["id"], answer["merged_into"]) == (csto, cis)
    for rest in ("", "/timeline"):
        led = curator.client.get(
            f"/v1/actors/{csto}{rest}?limit=5" if rest else f"/v1/actors/{csto}",
            follow_redirects=False,
        )
        assert led.status_code == 307
        assert led.headers["location"].partition("?")[0] == f"/v1/actors/{cis}{rest}"
    survivor = curator.client.get(f"/v1/actors/{csto}").json()
    assert (survivor["actor"]["id"], survivor["merged"]) == (cis, [csto])
    past = curator.client.get(f"/v1/actors/{csto}?position={before}").json()
    assert (past["actor"]["id"], past["merged_into"]) == (csto, None)
    listed = curator.client.get("/v1/actors").json()["items"]
    assert csto not in [actor["id"] for actor in listed]
    assert csto in [
        actor["id"] for actor in curator.client.get(f"/v1/actors?position={before}").json()["items"]
    ]


def test_whatever_a_merged_actor_takes_part_in_is_the_survivors(curator):
    curator.report("Both", "2021-06-23", "csto", "cis")
    curator.report("Of the CIS", "2021-06-24", "cis", place=Place(name="X", country="AFG"))
    before = curator.head
    curator.done("csto", "merge")
    whole = [*EVERYTHING, "Both", "Of the CIS"]
    for actor in ("cis", "csto"):
        assert curator.titles(curator.timeline(actor)) == whole
        assert curator.titles(curator.timeline(actor), order="desc") == whole[::-1]
        assert curator.titles("/v1/incidents", actor=curator.ids[actor]) == whole
        asked = {"actor": curator.ids[actor], "country": "AFG"}
        assert curator.titles("/v1/incidents", **asked) == ["Of the CIS"]
        asked = {"actor": curator.ids[actor]}
        assert curator.titles("/v1/countries/AFG/timeline", **asked) == ["Of the CIS"]
    assert curator.titles(curator.timeline("cis"), role="initiator") == ["Both", "Of the CIS"]
    assert curator.titles(curator.timeline("cis"), position=before) == ["Both", "Of the CIS"]
    assert curator.titles(curator.timeline("csto"), position=before) == [*EVERYTHING, "Both"]


def test_pages_of_a_timeline_of_several_show_each_incident_once(curator):
    curator.report("Both", "2021-06-21", "csto", "cis", "tajikistan")
    curator.done("csto", "merge")
    curator.done("tajikistan", "merge")
    whole = curator.titles(curator.timeline("cis"))
    assert whole == ["Account of A", "Account of B", "Both", "Account of C"]
    for limit in (1, 2, 3):
        read, address = [], f"{curator.timeline('cis')}?limit={limit}"
        while address:
            page = curator.client.get(address).json()
            read += [item["title"] for item in page["items"]]
            address = page["next"]
        assert read == whole


def test_a_merged_participant_is_named_as_the_survivor_once(curator):
    curator.report("Both", "2021-06-19", "csto", "cis")
    before = curator.head
    curator.done("csto", "merge")
    assert participants(curator) == [
        {"actor": curator.ids["cis"], "name": "CIS", "role": "initiator"}
    ]
    assert [each["name"] for each in participants(curator, position=before)] == ["CSTO", "CIS"]


def test_an_incident_keeps_the_participants_of_its_accounts_under_their_own_ids(curator):
    curator.done("csto", "merge")
    document = curator.get("A")
    assert document["incident"]["participants"][0]["actor"] == curator.ids["cis"]
    account = document["accounts"][0]["account"]
    assert account["participants"] == [{"actor": curator.ids["csto"], "role": "unspecified"}]


def test_a_chain_of_merged_actors_leads_to_its_end_and_is_undone_in_the_middle(curator):
    curator.done("csto", "merge")
    curator.done("cis", "merge", into="tajikistan")
    end = curator.client.get(f"/v1/actors/{curator.ids['csto']}").json()
    assert end["actor"]["id"] == curator.ids["tajikistan"]
    assert end["merged"] == sorted([curator.ids["csto"], curator.ids["cis"]])
    assert curator.titles(curator.timeline("tajikistan")) == EVERYTHING
    curator.done("cis", "unmerge")
    assert curator.titles(curator.timeline("tajikistan")) == []
    assert curator.titles(curator.timeline("cis")) == EVERYTHING
    assert participants(curator)[0]["name"] == "CIS"


def test_an_unmerged_actor_stands_under_its_own_id_again(curator):
    curator.done("csto", "merge")
    merged = curator.head
    answer = curator.done("csto", "unmerge")
    assert (answer["actor"]["id"], answer["merged_into"]) == (curator.ids["csto"], None)
    assert curator.get("csto") == answer
    assert curator.titles(curator.timeline("csto")) == EVERYTHING
    assert curator.titles(curator.timeline("cis")) == []
    assert curator.titles(curator.timeline("cis"), position=merged) == EVERYTHING


def test_the_names_of_a_merged_actor_lead_to_the_survivor(curator):
    curator.done("csto", "names")
    curator.done("csto", "merge")
    found = curator.client.get("/v1/actors/одкб").json()
    assert found["actor"]["id"] == curator.ids["cis"]


def test_incidents_may_still_be_reported_of_a_merged_actor(curator):
    curator.done("csto", "merge")
    curator.report("Later", "2021-06-30", "csto")
    assert curator.titles(curator.timeline("cis")) == [*EVERYTHING, "Later"]
