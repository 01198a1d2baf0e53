"""Batches: what is sent next, whatever goes together, and that put together they are the log."""

from __future__ import annotations

import orjson
import pytest

from domain.actors import MergeActor
from domain.values import Participant, Place
from domain.vocabulary import IncidentType, ParticipantRole
from service.bootstrap import Casus
from service.webhooks import batches
from service.webhooks.batches import MOST_BYTES, Batches, Cursor
from service.webhooks.documents import SubscriptionFilter
from tests.conftest import CALLER, a_profile, an_account

ORIGIN = "http://testserver"

FILTERS = [
    {},
    {"country": "AFG"},
    {"country": "TJK", "type": ["attack", "border_crossing"]},
    {"actor": "taliban"},
    {"actor": "csto", "type": ["statement", "meeting"]},
    {"country": "FJI"},
]


def all_batches(
    casus: Casus, most: int = 100, after: int = 0, most_bytes: int = MOST_BYTES, **filters
) -> list[tuple[bytes, ...]]:
    """The events of all batches, one after the other, each read by somebody who begins anew."""
    filter_ = SubscriptionFilter(
        country=filters.get("country"),
        actor=filters.get("actor"),
        type=tuple(map(IncidentType, filters.get("type", ()))),
    )
    cursor, found = Cursor(after), []
    while cursor != Cursor(casus.reader.head):
        reader = Batches(casus.log, casus.reader.actors.ever_one)
        batch = reader.next(
            filter_, ORIGIN, cursor, casus.reader.head, most=most, most_bytes=most_bytes
        )
        assert batch.reached > cursor
        assert len(batch.events) <= most
        assert orjson.loads(batch.body) == [orjson.loads(event) for event in batch.events]
        found.append(batch.events)
        cursor = batch.reached
    return found


def joined(found: list[tuple[bytes, ...]]) -> list[bytes]:
    return [event for events in found for event in events]


@pytest.mark.parametrize("most", [1, 7, 100])
@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_put_together_they_are_the_log_as_it_is_shown_with_the_same_filter(
    filters, most, chronicle, client
):
    shown = client.get("/v1/log", params=filters).content.splitlines()
    assert joined(all_batches(chronicle, most, **filters)) == shown
    assert shown


def test_it_begins_beyond_the_position_that_is_asked_for(chronicle):
    events = [orjson.loads(event) for event in joined(all_batches(chronicle, after=60))]
    assert [event["position"] for event in events] == list(range(61, 68))


@pytest.fixture
def merged(casus: Casus) -> Casus:
    """Incidents of an actor that becomes one with another in the end, and is two actors before."""
    for slug in ("taliban", "emirate"):
        casus.desk.register_actor(a_profile(id=slug, name=slug), CALLER)
    for number in range(9):
        taking_part = Participant(actor="emirate", role=ParticipantRole.INITIATOR)
        account = an_account(title=f"Attack {number}", participants=(taking_part,))
        casus.desk.report_incident(account, CALLER)
    casus.desk.report_incident(an_account(title="Of others"), CALLER)
    merge = MergeActor(into="taliban", reason="They are the same.")
    casus.desk.revise_actor("emirate", merge, CALLER)
    casus.desk.report_incident(an_account(place=Place(name="Elsewhere", country="FJI")), CALLER)
    return casus


@pytest.mark.parametrize("most", [1, 2, 3, 5, 100])
def test_what_one_record_brings_in_is_sent_in_parts_and_none_of_it_twice(most, merged, client):
    shown = client.get("/v1/log?actor=taliban").content.splitlines()
    positions = [orjson.loads(line)["position"] for line in shown]
    assert positions == [1, 2, *range(3, 12), 13]
    found = all_batches(merged, most, actor="taliban")
    assert joined(found) == shown
    assert all(len(events) == most for events in found[:-2])


def test_a_batch_has_no_more_bytes_than_go_together_but_at_least_one_record(chronicle):
    whole = joined(all_batches(chronicle))
    for most in (1, 2_000, 5_000):
        found = all_batches(chronicle, most_bytes=most)
        assert joined(found) == whole
        assert all(len(events) == 1 or sum(map(len, events)) <= most for events in found)


def test_others_have_their_turn_after_so_many_records(chronicle, monkeypatch):
    monkeypatch.setattr(batches, "LOOKED_AT", 10)
    monkeypatch.setattr(batches, "READ_AT_ONCE", 4)
    for filters in FILTERS:
        found = all_batches(chronicle, **filters)
        assert len(found) >= 7
        monkeypatch.undo()
        assert joined(found) == joined(all_batches(chronicle, **filters))
        monkeypatch.setattr(batches, "LOOKED_AT", 10)
