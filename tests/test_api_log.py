"""``/v1/log``: every record, in order and as it is stored, or those that concern somebody."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from eventsourcing.persistence import Notification, StoredEvent
from jsonschema import Draft202012Validator

from domain.ids import dataset_stream
from domain.records import Recorded
from service.api import log
from service.bootstrap import Casus
from service.log.codec import Codec
from service.publishing.cloudevents import Envelopes, NoRecord, read_record
from tests import cloud_events
from tests.conftest import CALLER, an_account
from tests.following import events, positions
from tests.processes import log_rows
from tests.records import EXAMPLES
from tests.refusals import problem, same_headers

Json = dict[str, Any]

RECORDS = Path(__file__).parent / "data" / "records"
TOPICS = sorted(path.stem for path in RECORDS.glob("*.json"))


# what is sent


def test_the_log_is_sent_as_it_is_stored(chronicle: Casus, client) -> None:
    lines = client.get("/v1/log").content.split(b"\n")[:-1]
    sent = [
        (position, each.originator_id.hex, each.originator_version, each.topic, each.state)
        for position, each in map(read_record, lines)
    ]
    rows = log_rows(chronicle.settings.home)
    assert sent == rows
    assert [row[0] for row in rows] == list(range(1, 68))


def envelope(topic: str, state: bytes) -> Json:
    entry = Notification(UUID(int=7), 3, topic, state, 42)
    event: Json = orjson.loads(Envelopes("https://casus.example:81").of(entry))
    return event


@pytest.mark.parametrize("topic", TOPICS)
def test_every_record_that_was_ever_stored_is_a_cloudevent(topic) -> None:
    state = (RECORDS / f"{topic}.json").read_bytes().rstrip(b"\n")
    event = envelope(topic, state)
    cloud_events.check(event)
    record = orjson.loads(state)
    assert event["id"] == "42"
    assert event["source"] == "https://casus.example:81/v1/log"
    assert event["type"] == f"org.casus.{topic}"
    assert event["time"] == record["recorded_at"]
    assert event["datacontenttype"] == "application/json"
    assert (event["position"], event["stream"], event["version"]) == (42, str(UUID(int=7)), 3)
    assert event["data"] == record


@pytest.mark.parametrize(
    ("topic", "subject"),
    [
        ("incident-merged.v1", str(UUID(int=7))),
        ("actor-registered.v2", "taliban"),
        ("actor-named.v1", "taliban"),
        ("dataset-released.v2", "ucdp-ged"),
    ],
)
def test_the_subject_of_a_record_is_what_it_is_of(topic, subject) -> None:
    assert envelope(topic, Codec().encode(EXAMPLES[topic])[1])["subject"] == subject


def test_the_schema_that_an_envelope_refers_to_is_served_and_kept(chronicle: Casus, client) -> None:
    chronicle.desk.append([Recorded(0, dataset_stream("ged"), 1, EXAMPLES["dataset-released.v2"])])
    for event in events(client.get("/v1/log")):
        cloud_events.check(event)
        address, _, pointer = event["dataschema"].partition("#")
        schema = client.get(address).json()
        topic = pointer.removeprefix("/properties/")
        assert event["type"] == f"org.casus.{topic}"
        Draft202012Validator(schema).validate({topic: event["data"]})
        assert topic in schema["properties"]


@pytest.mark.parametrize("topic", ["incident-reported.v1", "account-added.v2"])
def test_a_record_of_an_older_version_names_no_schema_of_today(topic) -> None:
    state = (RECORDS / f"{topic}.json").read_bytes().rstrip(b"\n")
    assert "dataschema" not in envelope(topic, state)


@pytest.mark.parametrize("topic", TOPICS)
def test_what_is_in_an_envelope_is_read_back_in_its_own_bytes(topic) -> None:
    state = (RECORDS / f"{topic}.json").read_bytes().rstrip(b"\n")
    entry = Notification(UUID(int=7), 3, topic, state, 42)
    line = Envelopes("http://casus").of(entry)
    assert read_record(line) == (42, StoredEvent(UUID(int=7), 3, topic, state))
    assert b"\n" not in line


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"<html>",
        b'{"specversion":"1.0","type":"org.casus.x","position":1,"version":1,"data":{}}',
        b'{"specversion":"1.0","type":"com.example.x","position":1,"version":1,"data":{},'
        b'"stream":"00000000-0000-0000-0000-000000000007"}',
        b'{"specversion":"0.3","type":"org.casus.x","position":1,"version":1,"data":{},'
        b'"stream":"00000000-0000-0000-0000-000000000007"}',
    ],
)
def test_what_is_no_record_is_told_from_one(line) -> None:
    with pytest.raises(NoRecord):
        read_record(line)


# which part of it


def test_only_what_comes_after_a_position_is_sent_and_up_to_one(reading) -> None:
    assert positions(reading, "?after=60") == list(range(61, 68))
    assert positions(reading, "?after=60&position=63") == [61, 62, 63]
    assert positions(reading, "?after=67") == []
    assert positions(reading, "?position=0") == []


@pytest.mark.parametrize("limit", [1, 7, 66, 67, 68])
@pytest.mark.parametrize("query", ["", "&country=TJK", "&actor=taliban&type=statement"])
def test_pages_are_the_whole(limit, query, reading) -> None:
    address = f"/v1/log?limit={limit}{query}"
    found: list[bytes] = []
    while address:
        answer = reading.get(address)
        assert 1 <= len(events(answer)) <= limit
        found.append(answer.content)
        address = answer.links.get("next", {}).get("url")
    assert b"".join(found) == reading.get(f"/v1/log?{query}").content


def test_a_page_of_long_records_ends_before_its_limit(chronicle, client, monkeypatch) -> None:
    monkeypatch.setattr(log, "LARGEST_PAGE", 1_500)
    answer = client.get("/v1/log?limit=60&after=30")
    *before, last = [len(line) for line in answer.content.splitlines(keepends=True)]
    assert sum(before) <= 1_500 < sum(before) + last
    assert f"after={31 + len(before)}" in answer.links["next"]["url"]


def test_the_log_ends_where_the_timelines_do(chronicle: Casus, client) -> None:
    record = EXAMPLES["incident-reported.v3"]
    with (
        chronicle.projector._lock
    ):  # the application follows the log, and would be up to it any moment
        chronicle.log.append([Recorded(0, UUID(int=1), 1, record)])
        answer = client.get("/v1/log?after=66")
    shown = answer.headers["casus-position"]
    assert [each["id"] for each in events(answer)] == ["67"]
    assert shown == "67"
    chronicle.projector.catch_up()
    answer = client.get(f"/v1/log?after={shown}")
    assert [each["id"] for each in events(answer)] == ["68"]
    assert answer.headers["casus-position"] == "68"


def test_an_address_with_a_position_answers_the_same_for_ever(chronicle: Casus, client) -> None:
    address = "/v1/log?after=50&position=60&country=AFG"
    before = client.get(address)
    chronicle.desk.report_incident(an_account(), CALLER)
    after = client.get(address)
    assert "immutable" in after.headers["cache-control"]
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
    again = client.get(address, headers={"if-none-match": before.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/v1/log?after=50").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("query", ["", "?limit=5", "?country=AFG"])
def test_head_is_get_without_the_body(query, reading) -> None:
    got, head = (ask(f"/v1/log{query}") for ask in (reading.get, reading.head))
    assert (head.status_code, same_headers(head), head.content) == (200, same_headers(got), b"")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("after=68", "after"),
        ("after=-1", "after"),
        ("after=61&position=60", "after"),
        ("position=68", "position"),
        ("limit=0", "limit"),
        ("limit=10001", "limit"),
        ("country=XYZ", "country"),
        ("actor=nobody", "actor"),
        ("type=war", "type"),
        ("as_of=2021-07-01", "as_of"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(query, parameter, asked) -> None:
    found = problem(asked.get(f"/v1/log?{query}"), "bad-parameter")
    assert found["faults"][0]["path"] == f"$.{parameter}"
