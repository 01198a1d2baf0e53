"""What TimelineJS itself makes of ``.timelinejs.json``: see `tests/js/timelinejs.mjs`."""

from __future__ import annotations

import pytest

from domain.values import Source
from service.publishing.timelinejs import NOTHING, write
from tests import node
from tests.conftest import CALLER, an_account
from tests.publishing import (
    ODD_DAYS,
    ODD_TITLES,
    many_participants,
    published,
    report_odd_incidents,
)
from tests.written import pages_read

AFGHANISTAN = "/v1/countries/AFG/timeline"
EVERYTHING = "/v1/incidents.timelinejs.json"
ZONES = ("America/Los_Angeles", "Asia/Kabul", "Pacific/Kiritimati")


def shown(client, path=EVERYTHING, zone="UTC", **parameters):
    return node.run("timelinejs", published(client, path, **parameters).json(), TZ=zone)


def of_day(iso):
    return [int(part) for part in iso.split("-")]


def test_timelinejs_shows_every_incident_of_the_chronicle(reading):
    page = reading.get(AFGHANISTAN, params={"limit": 1000}).json()
    entries = {entry["id"]: entry for entry in page["items"]}
    document = shown(reading, f"{AFGHANISTAN}.timelinejs.json")
    assert document["errors"] == []
    assert {event["id"]: event["headline"] for event in document["events"]} == {
        entry["id"]: entry["title"] for entry in entries.values()
    }
    assert document["markers"] == len(entries)
    assert set(document["groups"]) == {e["type"].replace("_", " ") for e in entries.values()}
    for event in document["events"]:
        entry = entries[event["id"]]
        addresses = {source["url"] for source in entry["sources"] if source["url"]}
        assert addresses <= set(event["links"])
        assert f"/v1/incidents/{entry['id']}?position={page['position']}" in event["links"][-1]
        assert all(participant["name"] in event["text"] for participant in entry["participants"])


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_is_the_same_day_wherever_it_is_read(reading, zone):
    entries = {
        entry["id"]: entry for entry in reading.get("/v1/incidents?limit=1000").json()["items"]
    }
    document = shown(reading, zone=zone)
    assert len(document["events"]) == len(entries) == 35
    several = 0
    for event in document["events"]:
        occurred = entries[event["id"]]["occurred"]
        earliest, latest = occurred["earliest"], occurred["latest"]
        assert event["start"] == of_day(earliest)
        assert event["end"] == (of_day(latest) if latest != earliest else None)
        several += latest != earliest
    assert several > 0


def test_timelinejs_writes_plain_days_in_its_readers_language_and_casus_all_others(casus, client):
    for day in ("2021-06-22", "2021-06-18/2021-06-21", "2021-06-2X", "2021-06-21T19:00+05:00"):
        casus.desk.report_incident(an_account(title=day, occurred=day), CALLER)
    assert {event["headline"]: event["date"] for event in shown(client)["events"]} == {
        "2021-06-22": "June 22, 2021",
        "2021-06-18/2021-06-21": "June 18, 2021 — June 21, 2021",
        "2021-06-2X": "between 20 June 2021 and 29 June 2021",
        "2021-06-21T19:00+05:00": "21 June 2021, 19:00 (UTC+05:00)",
    }


def test_odd_titles_are_shown_as_they_are_and_nothing_in_them_runs(casus, client):
    report_odd_incidents(casus)
    document = shown(client)
    assert document["errors"] == []
    headlines = {event["headline"]: event for event in document["events"]}
    for title in ODD_TITLES:
        event = headlines[title]
        assert f"{title}A second line, of what is told." in event["text"]
        assert event["links"][0] == "https://example.org/?a=1&b=2"
    assert document["foreign"] == 0


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles"])
def test_odd_days_are_on_the_axis_and_said_in_words(casus, client, zone):
    report_odd_incidents(casus)
    document = shown(client, zone=zone)
    found = {
        event["headline"].removeprefix("On "): (event["start"], event["end"], event["date"])
        for event in document["events"]
        if event["headline"] not in ODD_TITLES
    }
    assert found == {
        "-0043-03-15": ([-44, 3, 15], None, "15 March 44 BC"),
        "0476-09-04": ([476, 9, 4], None, "4 September AD 476"),
        "Y12345": ([12345, 1, 1], [12345, 12, 31], "12345"),
        "../2021-09-11": ([2021, 9, 11], None, "until 11 September 2021"),
        "2021-06-22/..": ([2021, 6, 22], None, "since 22 June 2021"),
        "2021-06~": ([2021, 6, 1], [2021, 6, 30], "about June 2021"),
        "[2021-06-01..2021-06-03]": (
            [2021, 6, 1],
            [2021, 6, 3],
            "between 1 June 2021 and 3 June 2021",
        ),
    }
    assert found.keys() == set(ODD_DAYS)


def test_a_year_before_christ_is_the_one_that_timelinejs_writes(casus, client):
    casus.desk.report_incident(an_account(occurred="-0043-03-15"), CALLER)
    (event,) = shown(client)["events"]
    assert event["written"] == "March 15, 44 <span>BCE</span>"


@pytest.mark.parametrize("year", ["Y400000", "Y-400000", "2021/Y400000"])
def test_years_beyond_javascripts_are_on_the_scale_of_the_cosmos(casus, client, year):
    for day in (year, "2021-06-22"):
        casus.desk.report_incident(an_account(title=day, occurred=day), CALLER)
    document = shown(client)
    assert (document["errors"], document["scale"]) == ([], "cosmological")
    dates = {event["headline"]: event["date"] for event in document["events"]}
    assert dates["2021-06-22"] == "June 22, 2021"
    assert dates.keys() == {year, "2021-06-22"}


def test_when_there_is_nothing_a_slide_says_so(reading, client):
    for empty in (shown(reading, q="nonesuch"), shown(client)):
        assert empty["errors"] == []
        (event,) = empty["events"]
        assert (event["id"], event["headline"]) == (NOTHING, "No incidents")
        assert event["date"].startswith("At position ")
        assert empty["markers"] == 1


def test_texts_are_no_links_unless_they_are_given_as_such(casus, client):
    text = "See www.example.org or https://example.org/x, or ask press@example.org"
    source = Source(name=text, url="https://example.org/www.page", published="2021-06-23")
    casus.desk.report_incident(an_account(title=text, summary=text, source=source), CALLER)
    (event,) = shown(client)["events"]
    assert event["headline"] == text
    assert event["links"][0] == "https://example.org/www.page"
    assert len(event["links"]) == 2


def test_of_many_participants_the_first_are_named(casus, client):
    many_participants(casus, 25)
    (event,) = shown(client)["events"]
    assert "Group 0, Group 1, " in event["text"]
    assert "Group 19, and 5 more" in event["text"]


def test_the_title_names_the_moment_and_whose_data_it_is(reading):
    document = shown(reading, f"{AFGHANISTAN}.timelinejs.json", to="2021-06-23")
    assert document["title"]["headline"].startswith("Afghanistan")
    assert "Read at position 67" in document["title"]["text"]
    (dataset,) = reading.get("/v1/datasets").json()["items"]
    assert dataset["title"] in document["title"]["text"]
    permanent, *_ = document["title"]["links"]
    path = f"/{permanent.split('/', 3)[3]}"
    assert reading.get(path).json()["events"]
    nobodys = shown(reading, q="nonesuch")
    assert dataset["title"] not in nobodys["title"]["text"]


def test_it_is_written_page_by_page(casus):
    casus.desk.report_incident(an_account(), CALLER)
    assert pages_read(casus, write, pages=3) == [1, 2, 3, 3]
