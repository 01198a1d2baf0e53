"""One incident by its id, actors by their names: what is behind an entry of a timeline."""

from __future__ import annotations

from domain.values import ActorName, ExternalId, Figure
from domain.vocabulary import Measure
from service.bootstrap import Casus
from service.recording import Caller
from tests.conftest import CALLER, a_profile, an_account
from tests.refusals import problem

# one incident


def test_an_incident_comes_with_every_account_it_is_made_of(casus: Casus, client) -> None:
    written = casus.desk.report_incident(
        an_account(figures=(Figure(measure=Measure.KILLED, best=3),)), Caller(by="somebody")
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
    written = casus.desk.report_incident(an_account(), CALLER)
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
        CALLER,
    )
    for alias in ("Taliban", "ТАЛИБАН", "ucdp:303", "UCDP:303"):
        answer = client.get(f"/v1/actors/{alias}", follow_redirects=False)
        assert answer.status_code == 307
        assert answer.headers["location"] == "/v1/actors/taliban"
        assert answer.headers["casus-position"] == "1"
    answer = client.get("/v1/actors/ucdp:303/timeline?limit=5&order=desc", follow_redirects=False)
    assert answer.headers["location"] == "/v1/actors/taliban/timeline?limit=5&order=desc"
    assert client.get("/v1/actors/ucdp:303").json()["actor"]["id"] == "taliban"


def test_an_external_id_that_leads_to_an_actor_is_no_others(casus: Casus, client) -> None:
    """Whoever may register actors could have its address lead nowhere."""
    taken = (ExternalId(scheme="ucdp", id="303"),)
    casus.desk.register_actor(a_profile(external_ids=taken), CALLER)
    asked = {
        "id": "hij",
        "kind": "organisation",
        "names": [{"text": "x"}],
        "external_ids": [{"scheme": "ucdp", "id": "303"}],
    }
    refused = problem(client.post("/v1/actors", json=asked), "conflict")
    assert "leads to 'taliban' already" in refused["detail"]
    assert refused["conflict"] == {"position": 1}
    assert client.post("/v1/actors", json={**asked, "external_ids": []}).status_code == 201
    identify = {"scheme": "ucdp", "id": "303", "reason": "So it says."}
    answer = client.post("/v1/actors/hij/external-ids", json=identify, headers={"if-match": "*"})
    assert "leads to 'taliban' already" in problem(answer, "conflict")["detail"]
    assert client.get("/v1/actors/ucdp:303").json()["actor"]["id"] == "taliban"
    # One that is merged into the other may have it: it leads to the same.
    merge = {"into": "taliban", "reason": "They are one."}
    merged = client.post("/v1/actors/hij/merge", json=merge, headers={"if-match": "*"})
    assert merged.status_code == 201
    unknown = client.post(
        "/v1/actors/nobody/external-ids", json=identify, headers={"if-match": "*"}
    )
    assert problem(unknown, "unknown-actor")


def test_a_name_that_two_actors_bear_leads_to_neither(casus: Casus, client) -> None:
    for slug in ("taliban", "tehrik-i-taliban"):
        casus.desk.register_actor(a_profile(id=slug, name="The Students"), CALLER)
    answer = client.get("/v1/actors/The Students", follow_redirects=False)
    assert answer.status_code == 404
