"""``/v1/incidents/{id}/history``: what it says of each record, at which moment, and in pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.revisions import (
    AddAccount,
    CorrectIncident,
    MergeIncident,
    ReinstateIncident,
    RetractIncident,
    ReviseAccount,
    UnmergeIncident,
    WithdrawAccount,
)
from domain.values import Figure, Source
from domain.vocabulary import Measure
from service.bootstrap import Casus
from service.recording import Caller
from tests.conftest import an_account
from tests.refusals import problem

Json = dict[str, Any]

BY = Caller(by="curator")


def reported(casus: Casus, **changes: Any) -> UUID:
    return casus.desk.report_incident(an_account(**changes), BY).stream


def told(client: Any, stream: UUID, query: str = "") -> list[Json]:
    answer = client.get(f"/v1/incidents/{stream}/history{query}")
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


def differing(item: Json) -> dict[str, tuple[Any, Any]]:
    return {each["field"]: (each["before"], each["after"]) for each in item["changes"]}


def test_each_record_says_who_made_it_when_and_why_and_what_it_changed(casus, clock, client):
    stream = reported(casus, figures=(Figure(measure=Measure.KILLED, best=3),))
    clock.advance(hours=1)
    counted = an_account(
        figures=(Figure(measure=Measure.KILLED, best=5), Figure(measure=Measure.WOUNDED, best=1))
    )
    casus.desk.revise_incident(
        stream, ReviseAccount(number=1, account=counted, reason="counted anew"), Caller(by="Ayşe")
    )
    first, second = told(client, stream)
    assert (first["position"], first["kind"], first["reason"]) == (1, "incident_reported", None)
    assert differing(first)["title"] == (None, "Attack on a border checkpoint")
    assert "summary" not in differing(first)
    assert (second["kind"], second["account"]) == ("account_revised", 1)
    assert (second["recorded_by"], second["reason"]) == ("Ayşe", "counted anew")
    assert second["recorded_at"] == "2021-07-15T10:00:00.000000Z"
    assert second["basis"]["name"] == "A newspaper"
    figures = [(each["before"], each["after"]) for each in second["changes"]]
    assert [(b and b["best"], a and a["best"]) for b, a in figures] == [(3, 5), (None, 1)]


def test_a_retraction_and_its_reversal_change_the_status(casus, client):
    stream = reported(casus)
    source = Source(name="A ministry", published="2021-07-01")
    desk = casus.desk
    desk.revise_incident(stream, RetractIncident(reason="it did not happen", basis=source), BY)
    desk.revise_incident(stream, ReinstateIncident(reason="it did"), BY)
    desk.revise_incident(stream, CorrectIncident(set={"title": "A raid"}, reason="as told"), BY)
    desk.revise_incident(stream, WithdrawAccount(number=1, reason="taken back"), BY)
    _, retracted, reinstated, corrected, withdrawn = told(client, stream)
    assert differing(retracted) == {"status": ("reported", "retracted")}
    assert (retracted["reported"], retracted["basis"]["name"]) == ("2021-07-01", "A ministry")
    assert differing(reinstated) == {"status": ("retracted", "reported")}
    assert differing(corrected) == {"title": ("Attack on a border checkpoint", "A raid")}
    assert differing(withdrawn) == {"status": ("reported", "retracted"), "accounts": (1, 0)}
    assert withdrawn["account"] == 1


def test_a_merged_incident_has_its_own_history_and_leads_to_the_other_s(casus, client):
    merged, other = reported(casus, title="One"), reported(casus, title="Other")
    casus.desk.revise_incident(merged, MergeIncident(into=other, reason="the same"), BY)
    more = AddAccount(account=an_account(title="More"), reason="found")
    casus.desk.revise_incident(merged, more, BY)
    answer = client.get(f"/v1/incidents/{merged}/history")
    assert answer.json()["merged_into"] == str(other)
    assert [item["kind"] for item in answer.json()["items"]] == [
        "incident_reported",
        "incident_merged",
    ]
    last = answer.json()["items"][-1]
    assert (last["into"], last["reason"], last["changes"]) == (str(other), "the same", [])
    link = f'<http://testserver/v1/incidents/{other}/history?position=4>; rel="related"'
    assert link in answer.headers["link"]
    items = client.get(f"/v1/incidents/{other}/history?position=4").json()["items"]
    assert [(item["kind"], item["incident"]) for item in items] == [
        ("incident_reported", str(other)),
        ("incident_merged", str(merged)),
        ("account_added", str(merged)),
    ]
    assert [differing(item)["accounts"] for item in items] == [(None, 1), (1, 2), (2, 3)]


def test_an_incident_that_stands_by_itself_again_shows_what_came_while_it_was_merged(casus, client):
    merged, other = reported(casus, title="One"), reported(casus, title="Other")
    casus.desk.revise_incident(merged, MergeIncident(into=other, reason="the same"), BY)
    more = AddAccount(account=an_account(title="More"), reason="found")
    casus.desk.revise_incident(merged, more, BY)
    casus.desk.revise_incident(merged, UnmergeIncident(reason="two after all"), BY)
    kinds = {item["kind"]: item for item in told(client, merged)}
    assert differing(kinds["account_added"]) == {}
    assert differing(kinds["incident_unmerged"]) == {"accounts": (1, 2)}
    assert kinds["incident_unmerged"]["out_of"] == str(other)
    assert client.get(f"/v1/incidents/{merged}/history").json()["merged_into"] is None


def test_the_clocks_show_the_history_as_it_was_then(casus, clock, client):
    stream = reported(casus, published="2021-06-23")
    later = an_account(title="Later", published="2021-07-10")
    casus.desk.revise_incident(stream, AddAccount(account=later, reason="found"), BY)
    clock.advance(days=1)
    casus.desk.revise_incident(stream, RetractIncident(reason="no"), BY)
    count = {
        query: len(told(client, stream, query))
        for query in ("", "?position=1", "?as_of=2021-07-15", "?reported_by=2021-06-30")
    }
    assert list(count.values()) == [3, 1, 2, 1]
    gone = client.get(f"/v1/incidents/{stream}/history?reported_by=2021-06-22")
    problem(gone, "unknown-incident")


def test_a_long_history_comes_in_pages_of_one_moment(casus, client):
    stream = reported(casus)
    for number in range(6):
        wanted = CorrectIncident(set={"title": f"Title {number}"}, reason="again")
        casus.desk.revise_incident(stream, wanted, BY)
    whole = client.get(f"/v1/incidents/{stream}/history").json()
    page = client.get(f"/v1/incidents/{stream}/history?limit=3")
    items = page.json()["items"]
    casus.desk.revise_incident(stream, RetractIncident(reason="no"), BY)
    while page.json()["next"]:
        assert f'<{page.json()["next"]}>; rel="next"' in page.headers["link"]
        page = client.get(page.json()["next"])
        assert "immutable" in page.headers["cache-control"]
        items += page.json()["items"]
    assert items == whole["items"]
    assert len(items) == 7


def test_a_history_at_a_position_is_the_same_bytes_for_ever(casus, client):
    stream = reported(casus)
    before = client.get(f"/v1/incidents/{stream}/history?position=1")
    assert "immutable" in before.headers["cache-control"]
    casus.desk.revise_incident(stream, RetractIncident(reason="no"), BY)
    assert client.get(f"/v1/incidents/{stream}/history?position=1").content == before.content
    now = client.get(f"/v1/incidents/{stream}/history")
    assert "no-cache" in now.headers["cache-control"]
    held = {"if-none-match": now.headers["etag"]}
    assert client.get(f"/v1/incidents/{stream}/history", headers=held).status_code == 304


def test_an_incident_that_is_not_there_has_no_history(asked):
    for unknown in (UUID(int=0), "not-an-id"):
        problem(asked.get(f"/v1/incidents/{unknown}/history"), "unknown-incident")


def test_what_history_says_of_an_incident_is_linked_from_it(reading):
    stream = reading.get("/v1/incidents?limit=1").json()["items"][0]["id"]
    links = reading.get(f"/v1/incidents/{stream}").headers["link"]
    assert f'/v1/incidents/{stream}/history>; rel="version-history"' in links
