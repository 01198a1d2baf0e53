"""What vis-timeline itself makes of ``.vis.json``: see `tests/js/vis.mjs`."""

from __future__ import annotations

import datetime
from html import unescape

import pytest

from domain.vocabulary import IncidentType
from service.publishing.vis import write
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

EVERYTHING = "/v1/incidents.vis.json"
ZONES = ("America/Los_Angeles", "Asia/Kabul", "Pacific/Kiritimati")


def drawn(document, zone="UTC"):
    return node.run("vis", document, TZ=zone)


def of_day(iso, later=0):
    day = datetime.date.fromisoformat(iso) + datetime.timedelta(days=later)
    return [day.year, day.month, day.day]


@pytest.mark.parametrize("zone", ZONES)
def test_vis_draws_every_incident_of_the_chronicle_on_its_days(reading, zone):
    entries = {
        entry["id"]: entry for entry in reading.get("/v1/incidents?limit=1000").json()["items"]
    }
    found = drawn(published(reading, EVERYTHING).json(), zone)
    assert len(found["ids"]) == len(set(found["ids"])) == len(entries) == 35
    kinds = set()
    for item in found["items"]:
        entry = entries[item["id"]]
        earliest, latest = entry["occurred"]["earliest"], entry["occurred"]["latest"]
        assert item["starts"] == {"vis": of_day(earliest), "javascript": of_day(earliest)}
        after = of_day(latest, later=1) if latest != earliest else None
        assert item["ends"] == (after and {"vis": after, "javascript": after})
        assert item["drawn"]["as"] == ("RangeItem" if after else "BoxItem")
        assert item["drawn"]["starts"] == of_day(earliest)
        assert item["drawn"].get("ends") == after
        assert item["drawn"]["text"] == entry["title"]
        kinds.add(item["drawn"]["as"])
    assert kinds == {"RangeItem", "BoxItem"}


def test_the_groups_are_the_types_there_are_in_the_order_of_the_vocabulary(reading):
    document = published(reading, EVERYTHING).json()
    types = {item["group"] for item in document["items"]}
    found = drawn(document)
    assert found["groups"] == [[t, t.replace("_", " ")] for t in IncidentType if t in types]
    assert sorted(found["labels"]) == sorted(label for _, label in found["groups"])


def test_an_item_has_what_else_it_may_be_grouped_and_styled_by(reading):
    document = published(reading, EVERYTHING).json()
    entries = {
        entry["id"]: entry for entry in reading.get("/v1/incidents?limit=1000").json()["items"]
    }
    for item in document["items"]:
        entry = entries[item["id"]]
        assert item["countries"] == [each["code"] for each in entry["countries"]]
        assert item["actors"] == [each["actor"] for each in entry["participants"]]
        assert item["className"].split()[:2] == [entry["type"], entry["status"]]
        assert item["url"].endswith(f"/v1/incidents/{entry['id']}?position=67")


def test_odd_titles_are_drawn_as_they_are_and_nothing_in_them_runs(casus, client):
    report_odd_incidents(casus)
    document = published(client, EVERYTHING).json()
    texts = {item["drawn"]["text"]: item["drawn"] for item in drawn(document)["items"]}
    assert texts.keys() >= set(ODD_TITLES)
    assert all(item["elements"] == ["bdi"] for item in texts.values())
    for item in document["items"]:
        tags = item["title"].replace("<bdi>", "").replace("</bdi>", "").replace("<br>", "")
        assert "<" not in tags
    told = {unescape(item["title"]) for item in document["items"]}
    assert any("<bdi>killed 0 to 3 (1)</bdi>" in each for each in told)


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles"])
def test_odd_days_are_days_to_vis_and_to_javascript(casus, client, zone):
    report_odd_incidents(casus)
    document = published(client, EVERYTHING).json()
    classes = {item["id"]: item["className"].split()[2:] for item in document["items"]}
    found = {}
    for item in drawn(document, zone)["items"]:
        if item["drawn"]["text"] not in ODD_TITLES:
            ends = item["ends"] or {"vis": None, "javascript": None}
            assert item["starts"]["vis"] == item["starts"]["javascript"] == item["drawn"]["starts"]
            assert ends["vis"] == ends["javascript"] == item["drawn"].get("ends")
            kind = item["drawn"]["as"].removesuffix("Item")
            day = item["drawn"]["text"].removeprefix("On ")
            found[day] = (kind, item["starts"]["vis"], ends["vis"], classes[item["id"]])
    assert found == {
        "-0043-03-15": ("Box", [-43, 3, 15], None, []),
        "0476-09-04": ("Box", [476, 9, 4], None, []),
        "Y12345": ("Range", [12345, 1, 1], [12346, 1, 1], ["uncertain"]),
        "../2021-09-11": ("Point", [2021, 9, 11], None, ["uncertain", "open-start"]),
        "2021-06-22/..": ("Point", [2021, 6, 22], None, ["uncertain", "open-end"]),
        "2021-06~": ("Range", [2021, 6, 1], [2021, 7, 1], ["uncertain"]),
        "[2021-06-01..2021-06-03]": ("Range", [2021, 6, 1], [2021, 6, 4], ["uncertain"]),
    }
    assert found.keys() == set(ODD_DAYS)


@pytest.mark.parametrize("zone", ZONES)
def test_years_beyond_javascripts_are_drawn_at_its_end(casus, client, zone):
    for day in ("Y400000", "Y-400000", "2021-06-22/Y400000"):
        casus.desk.report_incident(an_account(title=day, occurred=day), CALLER)
    document = published(client, EVERYTHING).json()
    found = {item["drawn"]["text"]: item["starts"] for item in drawn(document, zone)["items"]}
    for day, end in (("Y-400000", [-271820, 1, 1]), ("Y400000", [275759, 12, 31])):
        assert found[day] == {"vis": end, "javascript": end}
    titles = {item["content"]: item["title"] for item in document["items"]}
    assert titles["<bdi>Y-400000</bdi>"].startswith("<bdi>400001 BC</bdi>")


def test_nothing_is_an_empty_set(reading, client):
    for empty in (published(reading, EVERYTHING, q="nonesuch"), published(client, EVERYTHING)):
        found = drawn(empty.json())
        assert (found["ids"], found["groups"]) == ([], [])


def test_an_incident_of_many_participants_is_an_item(casus, client):
    incident = many_participants(casus, 25)
    document = published(client, EVERYTHING).json()
    (item,) = document["items"]
    assert len(item["actors"]) == 25
    assert drawn(document)["ids"] == [incident]


def test_it_is_written_page_by_page(casus):
    casus.desk.report_incident(an_account(), CALLER)
    assert pages_read(casus, write, pages=3) == [1, 2, 3, 3]


@pytest.mark.parametrize("zone", ZONES)
def test_graph2d_draws_a_series(reading, zone):
    asked = {"measure": "killed", "group_by": "country", "from": "2021-05", "to": "2021-07"}
    series = reading.get("/v1/series", params=asked).json()
    found = drawn(published(reading, "/v1/series.vis.json", **asked).json(), zone)
    points = {
        f"{group['key']}/{point['period']}": point
        for group in series["groups"]
        for point in group["points"]
    }
    assert set(found["ids"]) == points.keys()
    for item in found["items"]:
        point = points[item["id"]]
        assert item["x"] == of_day(point["start"])
        assert item["starts"]["javascript"] == of_day(point["start"])
        assert item["ends"]["javascript"] == of_day(point["end"], later=1)
        assert item["y"] == point["best"]
    assert [group for group, _ in found["groups"]] == [each["key"] for each in series["groups"]]


def test_a_series_without_groups_is_one_group(reading):
    found = drawn(published(reading, "/v1/series.vis.json", measure="killed").json())
    assert found["groups"] == [["all", "<bdi>Everything selected</bdi>"]]
    assert sum(item["y"] for item in found["items"]) > 0


def test_a_series_of_nothing_is_empty(client):
    found = drawn(published(client, "/v1/series.vis.json", group_by="country").json())
    assert (found["ids"], found["groups"]) == ([], [])
