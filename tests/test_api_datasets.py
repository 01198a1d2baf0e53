"""``/v1/datasets``: whose data it is, on what terms, which releases are held, at any position."""

from __future__ import annotations

from typing import Any

import pytest

from domain.datasets import release_dataset
from domain.ids import dataset_stream
from domain.records import Recorded
from domain.revisions import AddAccount, RetractIncident
from domain.values import DatasetProfile, Origin
from service.bootstrap import Casus
from tests.conftest import CALLER, an_account
from tests.refusals import problem

Json = dict[str, Any]

GED = DatasetProfile(
    id="ged",
    title="Georeferenced Events",
    license="CC BY 4.0",
    citation="A paper,\nof 2013.",
    url="https://example.org/ged",
)


@pytest.fixture
def ged(casus: Casus, clock) -> Casus:
    """A store with two releases, at positions 1 and 4 and three days apart, of two incidents and one."""
    take_in(casus, 1, "23.1", "2021-06~")
    report(casus, "2021-06-25")
    clock.advance(days=3)
    take_in(casus, 2, "24.1", None)
    report(casus, "2021-06-27")
    return casus


def take_in(casus: Casus, version: int, release: str, released: str | None) -> None:
    record = release_dataset(
        None, GED, casus.desk.recording("it"), reason="Out.", release=release, released=released
    )
    casus.desk.append([Recorded(0, dataset_stream("ged"), version, record)])


def report(casus: Casus, published: str) -> None:
    """Report an incident, and add what the dataset says of it: two records."""
    stream = casus.desk.report_incident(an_account(published="2021-06-23"), CALLER).stream
    account = an_account(published=published)
    origin = Origin(dataset="ged", key=published)
    revision = AddAccount(account=account, origin=origin, reason="It has it too.")
    casus.desk.revise_incident(stream, revision, CALLER)


def incidents(client, query: str = "") -> int:
    number: int = client.get(f"/v1/datasets/ged{query}").json()["dataset"]["incidents"]
    return number


def test_a_dataset_says_whose_it_is_and_which_releases_are_held(ged, client):
    answer = client.get("/v1/datasets/ged")
    assert answer.json() == {
        "position": 6,
        "as_of": "2021-07-18T09:00:00.000000Z",
        "reported_by": None,
        "dataset": {
            "id": "ged",
            "title": "Georeferenced Events",
            "license": "CC BY 4.0",
            "citation": "A paper,\nof 2013.",
            "url": "https://example.org/ged",
            "releases": [
                {
                    "release": "23.1",
                    "released": "2021-06~",
                    "position": 1,
                    "recorded_at": "2021-07-15T09:00:00.000000Z",
                },
                {
                    "release": "24.1",
                    "released": None,
                    "position": 4,
                    "recorded_at": "2021-07-18T09:00:00.000000Z",
                },
            ],
            "incidents": 2,
        },
    }
    listed = client.get("/v1/datasets").json()
    assert listed["items"] == [answer.json()["dataset"]]
    assert listed.keys() == {"position", "as_of", "reported_by", "items"}


def test_a_dataset_is_read_as_it_was_at_any_position_and_instant(ged, client):
    def releases(query: str) -> list[str]:
        shown = client.get(f"/v1/datasets/ged{query}").json()["dataset"]["releases"]
        return [each["release"] for each in shown]

    assert releases("?position=3") == releases("?as_of=2021-07-16") == ["23.1"]
    assert releases("?position=4") == releases("?as_of=2021-07-18") == ["23.1", "24.1"]
    assert client.get("/v1/datasets?position=0").json()["items"] == []
    problem(client.get("/v1/datasets/ged?as_of=2021-07-14"), "unknown-dataset")


def test_its_incidents_are_those_of_the_position_and_of_the_day_of_publication(ged, client):
    assert [incidents(client, f"?position={n}") for n in range(1, 7)] == [0, 0, 1, 1, 1, 2]
    days = ("2021-06-24", "2021-06-25", "2021-06-27")
    assert [incidents(client, f"?reported_by={day}") for day in days] == [0, 1, 2]


def test_retracted_incidents_are_not_counted(ged, client):
    first = client.get("/v1/incidents?limit=1").json()["items"][0]
    assert first["datasets"] == ["ged"]
    answer = client.post(
        f"/v1/incidents/{first['id']}/retraction",
        headers={"if-match": "*"},
        json={"reason": "It did not happen."},
    )
    assert answer.status_code == 201
    assert incidents(client) == 1
    assert incidents(client, "?position=6") == 2


def test_as_many_incidents_are_counted_as_are_shown(reading):
    (shown,) = reading.get("/v1/datasets").json()["items"]
    items = reading.get("/v1/incidents?limit=1000").json()["items"]
    assert shown["id"] == "afghanistan-2021"
    assert shown["incidents"] == len(items) == 35
    assert all(each["datasets"] == ["afghanistan-2021"] for each in items)


def test_an_answer_at_a_position_stays_as_it_is(ged, client):
    addresses = ("/v1/datasets?position=6", "/v1/datasets/ged?position=6")
    before = [client.get(address) for address in addresses]
    report(ged, "2021-06-28")
    assert incidents(client) == 3
    for address, held in zip(addresses, before, strict=True):
        answer = client.get(address)
        assert (answer.content, answer.headers["etag"]) == (held.content, held.headers["etag"])
        assert "immutable" in answer.headers["cache-control"]


def test_history_and_difference_tell_of_a_dataset_that_came_to_an_incident(ged, client):
    item = client.get("/v1/diff?from_position=2&to_position=3").json()["items"][0]
    (change,) = [each for each in item["fields"] if each["field"] == "datasets"]
    assert change == {"field": "datasets", "before": None, "after": "ged"}
    last = client.get(f"/v1/incidents/{item['incident']['id']}/history").json()["items"][-1]
    assert change in last["changes"]


@pytest.mark.parametrize("dataset", ["afghanistan-2012", "Afghanistan-2021", "%00", "x" * 5_000])
def test_an_unknown_dataset_is_refused_with_the_nearest(dataset, asked):
    found = problem(asked.get(f"/v1/datasets/{dataset}"), "unknown-dataset")
    if dataset.lower().startswith("afghanistan"):
        assert found["nearest"] == [{"id": "afghanistan-2021"}]
        assert "did you mean 'afghanistan-2021'?" in found["detail"]
    assert len(found["detail"]) < 300


def test_a_retracted_incident_of_a_dataset_is_still_of_it(ged, client):
    stream = ged.desk.report_incident(an_account(), CALLER).stream
    origin = Origin(dataset="ged", key="1")
    revision = AddAccount(account=an_account(title="More"), origin=origin, reason="More.")
    ged.desk.revise_incident(stream, revision, CALLER)
    ged.desk.revise_incident(stream, RetractIncident(reason="Never was."), CALLER)
    entry = client.get(f"/v1/incidents/{stream}").json()
    assert entry["incident"]["datasets"] == ["ged"]
    (traced,) = [each for each in entry["traces"] if each["field"] == "datasets"]
    assert [each["number"] for each in traced["accounts"]] == [1, 2]
