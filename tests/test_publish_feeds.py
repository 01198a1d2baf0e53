"""Atom and JSON Feed: the last changes first, each incident once, those that left as tombstones."""

from __future__ import annotations

import random
from html import unescape
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.revisions import CorrectIncident, MergeIncident, NewValues, RetractIncident
from domain.values import Place, Source
from domain.vocabulary import IncidentType
from service.api.app import create_app
from service.bootstrap import Casus
from service.publishing import atom
from service.reading.clocks import EVERYTHING_REPORTED
from tests.conftest import CALLER, TestClient, an_account
from tests.publishing import items, published, report_odd_incidents
from tests.test_replay_histories import history_at_random, moment_at_random

NAMES = {
    "atom": "http://www.w3.org/2005/Atom",
    "at": "http://purl.org/atompub/tombstones/1.0",
}
ALL = "/v1/incidents"


def atom_at(client: Any, path: str = ALL, **parameters: Any) -> Any:
    """An Atom feed as feedparser reads it, without complaint."""
    answer = published(client, f"{path}.atom", **parameters)
    assert answer.headers["content-type"] == "application/atom+xml"
    feed = feedparser.parse(answer.content)
    assert not feed.bozo, feed.bozo_exception
    assert feed.version == "atom10"
    return feed


def tombstones(client: Any, path: str = ALL, **parameters: Any) -> list[Any]:
    """The deleted entries of an Atom feed, as RFC 6721 has them."""
    root = ET.fromstring(published(client, f"{path}.atom", **parameters).content)
    return root.findall("at:deleted-entry", NAMES)


def json_at(client: Any, path: str = ALL, **parameters: Any) -> Any:
    answer = published(client, f"{path}.feed.json", **parameters)
    assert answer.headers["content-type"] == "application/feed+json"
    feed = answer.json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert item["content_html"]
    return feed


def titles(client: Any, path: str = ALL, **parameters: Any) -> list[str]:
    """The titles of a feed, which are the same in both formats."""
    found = [entry.title for entry in atom_at(client, path, **parameters).entries]
    assert [item["title"] for item in json_at(client, path, **parameters)["items"]] == found
    return found


def report(casus: Casus, **changes: Any) -> UUID:
    return casus.desk.report_incident(an_account(**changes), CALLER).stream


def test_a_feed_of_the_chronicle_has_every_incident_with_its_sources_and_terms(reading):
    path = "/v1/countries/AFG/timeline"
    expected = {f"urn:uuid:{each['id']}": each for each in items(reading, path)}
    feed = atom_at(reading, path)
    assert {entry.id for entry in feed.entries} == expected.keys()
    assert len(feed.entries) == len(expected)
    for entry in feed.entries:
        shown = expected[entry.id]
        assert entry.title == shown["title"]
        assert entry.updated == shown["recorded_at"]
        via = [link.href for link in entry.links if link.rel == "via"]
        assert via == [each["url"] for each in shown["sources"] if each["url"]]
        for source in shown["sources"]:
            assert source["name"] in unescape(entry.content[0].value)
        assert entry.rights.startswith("Afghanistan and its neighbours, summer 2021. CC BY 4.0")
        assert entry.tags[0].term == shown["type"].replace("_", " ")
        place = shown["place"]
        if place and place["latitude"] is not None:
            # GeoRSS has the latitude first, the reader makes GeoJSON of it.
            assert entry.where.coordinates == (place["longitude"], place["latitude"])
    updated = [entry.updated for entry in feed.entries]
    assert updated == sorted(updated, reverse=True)
    json = json_at(reading, path)
    assert [item["id"] for item in json["items"]] == [entry.id for entry in feed.entries]
    for item in json["items"]:
        assert item["_casus"]["incident"] == expected[item["id"]]
        assert item["date_modified"] == expected[item["id"]]["recorded_at"]
        (rights, *_) = item["_casus"]["rights"]
        assert (rights["dataset"], rights["license"][:9]) == ("afghanistan-2021", "CC BY 4.0")


def test_what_was_recorded_last_comes_first_whenever_it_happened(client, casus, clock):
    one = report(casus, title="One", occurred="2021-06-22")
    clock.advance(days=1)
    report(casus, title="Two", occurred="2021-06-01")
    assert titles(client) == ["Two", "One"]
    clock.advance(days=1)
    new = NewValues(title="One, corrected")
    casus.desk.revise_incident(one, CorrectIncident(set=new, reason="So."), CALLER)
    assert titles(client) == ["One, corrected", "Two"]
    feed = atom_at(client)
    newest, other = feed.entries
    assert newest.updated == feed.feed.updated == "2021-07-17T09:00:00.000000Z"
    assert newest.published == "2021-07-15T09:00:00.000000Z"
    assert other.updated == other.published == "2021-07-16T09:00:00.000000Z"


def test_a_feed_has_the_last_hundred_unless_another_number_is_asked_for(client, casus):
    for number in range(105):
        report(casus, title=f"Incident {number}")
    newest = [f"Incident {number}" for number in range(104, -1, -1)]
    assert titles(client) == newest[:100]
    assert titles(client, limit=3) == newest[:3]
    assert titles(client, limit=1_000) == newest


def test_a_retraction_leaves_a_tombstone_with_its_reason_why(client, casus, clock):
    one = report(casus, title="One")
    report(casus, title="Other")
    clock.advance(days=1)
    casus.desk.revise_incident(one, RetractIncident(reason="No."), CALLER)
    assert titles(client) == ["Other"]
    (stone,) = tombstones(client)
    assert stone.attrib == {"ref": f"urn:uuid:{one}", "when": "2021-07-16T09:00:00.000000Z"}
    address = f"http://testserver/v1/incidents/{one}?position=3"
    assert stone.findtext("at:comment", None, NAMES) == f"One: it is retracted; see {address}"
    assert client.get(address).json()["retraction"]["reason"] == "No."
    (removed,) = json_at(client)["_casus"]["removed"]
    assert removed == {
        "id": f"urn:uuid:{one}",
        "position": 3,
        "date_removed": "2021-07-16T09:00:00.000000Z",
        "change": "retracted",
        "into": None,
        "comment": "it is retracted",
    }
    # The feed moved on with it, and its links are its own.
    feed = atom_at(client).feed
    assert feed.updated == "2021-07-16T09:00:00.000000Z"
    assert feed.link == "http://testserver/v1/incidents.json"


def test_what_is_merged_away_or_no_longer_matches_leaves_a_tombstone(client, casus):
    one = report(casus, title="One", type=IncidentType.ATTACK)
    other = report(casus, title="Other", type=IncidentType.ATTACK)
    third = report(casus, title="Third", type=IncidentType.ATTACK)
    casus.desk.revise_incident(one, MergeIncident(into=other, reason="The same."), CALLER)
    new = NewValues(type=IncidentType.PROTEST)
    casus.desk.revise_incident(third, CorrectIncident(set=new, reason="Peaceful."), CALLER)
    attacks = {"type": "attack"}
    # Of two, the survivor has the first account's title, as everywhere.
    assert [entry.id for entry in atom_at(client, **attacks).entries] == [f"urn:uuid:{other}"]
    removed = json_at(client, **attacks)["_casus"]["removed"]
    assert [(each["id"], each["change"], each["into"]) for each in removed] == [
        (f"urn:uuid:{third}", "removed", None),
        (f"urn:uuid:{one}", "merged", str(other)),
    ]
    comments = [each.findtext("at:comment", "", NAMES) for each in tombstones(client, **attacks)]
    assert comments[0].startswith("Third: it is no longer one of these; see ")
    assert comments[1].startswith(f"One: it is the same as incident {other}; see ")
    assert f"urn:uuid:{third}" in [entry.id for entry in atom_at(client).entries]
    assert len(tombstones(client)) == 1


def test_earlier_moments_have_the_feed_that_they_had(client, casus):
    one = report(casus, title="One", published="2021-06-23")
    report(casus, title="Two", published="2021-07-01")
    casus.desk.revise_incident(one, RetractIncident(reason="No."), CALLER)
    assert titles(client) == ["Two"]
    assert titles(client, position=2) == ["Two", "One"]
    assert titles(client, position=1) == ["One"]
    assert titles(client, as_of="2021-07-14") == []
    assert titles(client, reported_by="2021-06-30") == ["One"]
    assert titles(client, **{"from": "2021-07-01"}) == []
    assert tombstones(client, position=2) == []
    assert tombstones(client, reported_by="2021-06-30") == []
    assert len(tombstones(client)) == 1


def test_links_are_absolute_and_a_feed_keeps_its_address_and_id_as_the_log_moves_on(client, casus):
    report(casus)
    before = atom_at(client, limit=5)
    report(casus)
    after = atom_at(client, limit=5)
    links = {link.rel: link.href for link in after.feed.links}
    assert links == {
        "self": "http://testserver/v1/incidents.atom?limit=5",
        "alternate": "http://testserver/v1/incidents.json?limit=5",
        "canonical": "http://testserver/v1/incidents.atom?limit=5&position=2",
    }
    assert before.feed.id == after.feed.id
    assert after.feed.id != atom_at(client).feed.id
    # An entry that did not change is the same, whichever feed it is in.
    assert before.entries[0] == after.entries[1]
    json = json_at(client)
    assert json["feed_url"] == "http://testserver/v1/incidents.feed.json"
    assert json["home_page_url"] == "http://testserver/v1/incidents.json"
    assert [entry.link for entry in after.entries] == [item["url"] for item in json["items"]]
    for item in json["items"]:
        incident = client.get(item["url"]).json()["incident"]
        assert f"urn:uuid:{incident['id']}" == item["id"]


def test_a_feed_is_found_by_accept_under_its_own_address(client, casus):
    report(casus)
    answer = client.get(ALL, headers={"Accept": "application/atom+xml"})
    feed = feedparser.parse(answer.content)
    assert {link.rel: link.href for link in feed.feed.links}["self"].endswith("/incidents.atom")


def test_odd_incidents_come_back_as_they_were(client, casus):
    ids = report_odd_incidents(casus)
    expected = {each["id"]: each for each in items(client, ALL)}
    feed = atom_at(client)
    assert [entry.id.removeprefix("urn:uuid:") for entry in feed.entries] == ids[::-1]
    root = ET.fromstring(published(client, f"{ALL}.atom").content)
    for entry in root.findall("atom:entry", NAMES):
        one = expected[entry.findtext("atom:id", "", NAMES).removeprefix("urn:uuid:")]
        assert entry.findtext("atom:title", None, NAMES) == one["title"]
        for link in entry.findall("atom:link[@rel='via']", NAMES):
            assert link.get("title") == one["sources"][0]["name"]
            assert link.get("href") == "https://example.org/?a=1&b=2"
        html = entry.findtext("atom:content", "", NAMES)
        assert "<script" not in html
    for item in json_at(client)["items"]:
        one = expected[item["id"].removeprefix("urn:uuid:")]
        assert item["title"] == one["title"]
        assert item["content_text"].startswith(one["summary"] or "")
        assert "<script" not in item["content_html"]


def test_characters_that_no_xml_has_are_left_out(client, casus):
    report(casus, title="A\ufffe\uffffB", summary="one\r\ntwo\tthree\x0bfour".replace("\x0b", ""))
    assert titles(client) == ["AB"]
    assert json_at(client)["items"][0]["content_text"].startswith("one\ntwo\tthree")


def test_a_name_from_right_to_left_does_not_turn_the_sentence_around_it(client, casus):
    source = Source(name="\u202eخبرگزاری", via="an agency", published="2021-07-01")
    report(casus, source=source, place=Place(name="شیرخان بندر", country="AFG"))
    (item,) = json_at(client)["items"]
    assert "Source: \u2068\u202eخبرگزاری\u2069 via an agency, 2021-07-01" in item["content_text"]
    assert "\u2068شیرخان بندر\u2069, Afghanistan." in item["content_text"]


@pytest.mark.parametrize("path", [ALL, "/v1/countries/FJI/timeline"])
def test_a_feed_without_incidents_is_valid(client, path):
    feed = atom_at(client, path)
    assert (feed.entries, feed.feed.updated) == ([], atom.EPOCH)
    json = json_at(client, path)
    assert (json["items"], json["_casus"]["removed"]) == ([], [])


def test_a_long_feed_is_whole(client, casus):
    text = "A long story. " * 1_400
    ids = [report(casus, title=f"Incident {number}", summary=text) for number in range(40)]
    for one in ids[::2]:
        casus.desk.revise_incident(one, RetractIncident(reason="No."), CALLER)
    assert titles(client) == [f"Incident {number}" for number in range(39, 0, -2)]
    removed = [each["id"] for each in json_at(client)["_casus"]["removed"]]
    assert removed == [f"urn:uuid:{one}" for one in ids[-2::-2]]
    assert [each.get("ref") for each in tombstones(client)] == removed


@settings(max_examples=10)
@given(st.integers(0, 2**32).map(random.Random))
def test_the_entries_of_any_feed_are_what_a_read_shows(chance):
    with history_at_random(chance) as (casus, _), TestClient(create_app(casus)) as client:
        for _ in range(4):
            moment = moment_at_random(casus, chance)
            parameters = {"position": moment.position, "type": chance.choice([[], ["attack"]])}
            if moment.reported_by != EVERYTHING_REPORTED:
                parameters["reported_by"] = moment.reported_by_text
            path = chance.choice([ALL, "/v1/countries/AFG/timeline", "/v1/countries/TJK/timeline"])
            expected = {each["id"]: each for each in items(client, path, **parameters)}
            feed = json_at(client, path, **parameters)
            found = [item["_casus"]["incident"] for item in feed["items"]]
            assert sorted(found, key=_id) == sorted(expected.values(), key=_id)
            entries = atom_at(client, path, **parameters).entries
            assert [entry.id for entry in entries] == [item["id"] for item in feed["items"]]
            removed = [each["id"] for each in feed["_casus"]["removed"]]
            gone = [each.get("ref") for each in tombstones(client, path, **parameters)]
            assert gone == removed
            assert not {each.removeprefix("urn:uuid:") for each in removed} & expected.keys()
            assert len(set(removed)) == len(removed)


def _id(entry: dict[str, Any]) -> str:
    return str(entry["id"])
