"""The history of an incident: what each record changed, so that all of them make what is shown."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.incidents import Incident, incidents_at, standing, survivor
from domain.records import Recorded
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
from service.reading.changes import FIELDS, Shown, shown
from service.reading.clocks import EVERYTHING_REPORTED, Moment
from service.reading.history import HistoryItem
from service.recording import Caller
from tests.conftest import an_account
from tests.random_logs import REPORTED_DAYS, a_log_at_random, a_store_of
from tests.refusals import problem

Json = dict[str, Any]

BY = Caller(by="curator")
HISTORIES_EACH = 25
INCIDENTS = 5


# what is shown is all that a history changed


def gathered(
    casus: Casus, stream: UUID, moment: Moment, limit: int
) -> tuple[list[HistoryItem], UUID | None] | None:
    """A history, page by page, and into which incident it leads."""
    items: list[HistoryItem] = []
    after: int | None = 0
    while after is not None:
        page = casus.histories.page(stream, moment, after, limit)
        if page is None:
            return None
        assert len(page.items) <= limit
        items += page.items
        after = page.next
    return items, page.merged_into


def apart(entry: Shown | None) -> Json:
    """What is shown, field by field, lists in no order; of nothing, nothing."""
    return {name: members(entry[name]) if entry else None for name in FIELDS}


def members(value: Any) -> Any:
    return Counter(map(orjson.dumps, value)) if isinstance(value, list) else value


def something(fields: Json) -> Json:
    """The fields that show anything."""
    return {name: value for name, value in fields.items() if value}


def change(fields: Json, item: HistoryItem) -> None:
    """Carry out what a record changed."""
    for each in item.changes:
        assert each.before != each.after
        held = fields[each.field]
        if each.field in ("countries", "participants", "figures", "codes", "sources"):
            held = held or Counter()
            before = members([each.before] if each.before else [])
            assert before <= held
            fields[each.field] = held - before + members([each.after] if each.after else [])
        else:
            assert held == each.before
            fields[each.field] = each.after


def fold(history: Sequence[Recorded], stream: UUID, moment: Moment) -> Incident | None:
    """The incident as it stands by itself at a moment."""
    incidents = incidents_at(history, moment.position, moment.reported_by)
    return next((each for each in standing(incidents) if each.stream == stream), None)


@settings(max_examples=40)
@given(st.integers(0, 2**32).map(random.Random))
def test_what_is_shown_after_each_record_is_what_the_history_has_changed_by_then(chance):
    records = a_log_at_random(chance, length=chance.randint(1, 40), incidents=INCIDENTS)
    history = [each for each in records if hasattr(each.record, "reported")]
    with a_store_of(records) as casus:
        for _ in range(HISTORIES_EACH):
            stream = UUID(int=chance.randint(1, INCIDENTS))
            moment = Moment(
                chance.randint(0, len(records)),
                None,
                chance.choice([*REPORTED_DAYS, *[EVERYTHING_REPORTED] * 8]),
            )
            told = gathered(casus, stream, moment, chance.choice([1, 2, 100]))
            assert (told is None) == (casus.dossiers.at(stream, moment) is None)
            if told is not None:
                check(history, stream, moment, *told)


def check(
    history: Sequence[Recorded],
    stream: UUID,
    moment: Moment,
    items: Sequence[HistoryItem],
    merged_into: UUID | None,
) -> None:
    incidents = incidents_at(history, moment.position, moment.reported_by)
    other = survivor(incidents, stream)
    assert merged_into == (other if other != stream else None)
    fields = apart(None)
    for item in items:
        change(fields, item)
        there = fold(history, stream, Moment(item.position, None, moment.reported_by))
        if there is None:
            assert item.changes == ()
        else:
            assert something(fields) == something(apart(shown(there)))
    by_position = {each.position: each for each in history}
    assert [item.position for item in items] == sorted({item.position for item in items})
    for item in items:
        recorded = by_position[item.position]
        assert item.incident == recorded.stream
        assert recorded.record.TOPIC.startswith(item.kind.replace("_", "-"))
        assert item.recorded_by == recorded.record.recorded_by
    itself = incidents[stream]
    if itself.merged is None:
        assert len(items) == itself.revision
        assert items[-1].position == itself.position
    else:
        assert items[-1].position == itself.merged.position
        assert (items[-1].kind, items[-1].into) == ("incident_merged", itself.merged_into)


# over HTTP


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


def test_what_histories_compare_is_what_the_rows_show(casus):
    stream = reported(casus, summary="A summary")
    incident = fold(casus.log.incident(stream), stream, casus.reader.moment())
    row = orjson.loads(casus.reader.incident(str(stream), casus.reader.moment()))
    assert {name: row[name] for name in FIELDS} == {name: shown(incident)[name] for name in FIELDS}
