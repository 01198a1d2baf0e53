"""GED 19.1, and then 24.1 of Myanmar as the whole of it to 2018: what is recorded of it, and shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from domain.ids import uuid8
from domain.records import AccountRevised, AccountWithdrawn, DatasetReleased, IncidentReported
from service.api.app import create_app
from service.bootstrap import Casus, open_casus
from service.imports.orders import Order
from service.imports.running import Report, Request, run
from service.imports.scope import Scope
from service.settings import Settings
from tests.conftest import TestClient
from tests.ged import FILES, rows

OLDER = Order(by="tests", release="19.1", released="2019-06-01")
NEWER = Order(
    by="tests",
    release="24.1",
    released="2024-06-05",
    complete=True,
    scope=Scope.read("country=MMR,years=1989-2018"),
)
WHOLE = {"limit": 1000, "country": "MMR", "role": "location"}


def take_in(casus: Casus, name: str, order: Order) -> Report:
    return run(casus, Request(files=(str(FILES[name]),), order=order), lambda _: None)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Casus, int, Report]]:
    """A store with both, the position between them, and what came of the newer."""
    home = tmp_path_factory.mktemp("releases") / "home"
    casus = open_casus(Settings(CASUS_HOME=home, _env_file=None))
    take_in(casus, "19.1", OLDER)
    between = casus.log.head
    yield casus, between, take_in(casus, "24.1", NEWER)
    casus.close()


@pytest.fixture(scope="module")
def client(released: tuple[Casus, int, Report]) -> Iterator[TestClient]:
    with TestClient(create_app(released[0])) as client:
        yield client


def recorded_since(casus: Casus, position: int) -> list[Any]:
    return [recorded.record for recorded in casus.log.follow(position)]


def test_only_what_has_changed_in_substance_is_recorded(released):
    casus, between, report = released
    counts = report.counts
    assert (counts.rows, counts.rejected) == (7_374, 0)
    assert (counts.unchanged, counts.revised, counts.withdrawn) == (2_393, 194, 6)
    assert counts.unchanged + counts.revised == 2_587
    made = Counter(type(record) for record in recorded_since(casus, between))
    assert made[AccountRevised] == 194
    assert made[AccountWithdrawn] == 6
    assert made[DatasetReleased] == 2  # it came out, and it is held whole
    assert made[IncidentReported] == counts.new == 7_374 - 2_587
    assert made.total() == 194 + 6 + 2 + counts.new + counts.actors
    assert counts.actors == 3


def test_of_the_years_of_the_older_release_77_are_new(released):
    casus, between, _ = released
    new = [each for each in recorded_since(casus, between) if isinstance(each, IncidentReported)]
    assert sum(each.account.occurred[:4] <= "2018" for each in new) == 77


def test_what_is_gone_is_retracted_and_was_there_until_the_release(released, client):
    casus, between, _ = released
    gone = {row["id"] for row in rows("19.1") if row["country_id"] == "775"}
    gone -= {row["id"] for row in rows("24.1")}
    ids = {str(uuid8("ucdp-ged", key)) for key in gone}
    assert len(ids) == 6
    retracted = client.get("/v1/incidents", params={**WHOLE, "status": "retracted"}).json()
    assert {item["id"] for item in retracted["items"]} == ids
    assert retracted["next"] is None
    for incident in ids:
        body = client.get(f"/v1/incidents/{incident}").json()["incident"]
        assert body["status"] == "retracted"
        for fixed in ({"position": between}, {"reported_by": "2024-06-04"}):
            body = client.get(f"/v1/incidents/{incident}", params=fixed).json()["incident"]
            assert body["status"] == "reported"
    withdrawn = [r for r in recorded_since(casus, between) if isinstance(r, AccountWithdrawn)]
    assert {record.reason for record in withdrawn} == {
        "It is not in release 24.1 of UCDP Georeferenced Event Dataset any more."
    }


def test_an_account_says_what_each_release_says_by_its_day(client):
    incident = f"/v1/incidents/{uuid8('ucdp-ged', '48756')}"
    told = {}
    for day in ("2019-12-31", "2024-06-04", "2024-06-05"):
        body = client.get(incident, params={"reported_by": day}).json()["incident"]
        (killed,) = [each for each in body["figures"] if each["of"] is None]
        told[day] = (killed["best"], body["occurred"]["earliest"])
    older, newer = (
        next(row for row in rows(name) if row["id"] == "48756") for name in ("19.1", "24.1")
    )
    assert told["2019-12-31"] == told["2024-06-04"] == (144, older["date_start"][:10])
    assert told["2024-06-05"] == (22, newer["date_start"][:10])
    assert older["date_start"][:10] != newer["date_start"][:10]


def test_the_same_again_appends_nothing(released):
    casus, _, report = released
    again = take_in(casus, "24.1", NEWER).counts
    assert casus.log.head == report.position
    assert (again.unchanged, again.new, again.revised, again.withdrawn) == (7_374, 0, 0, 0)
    assert take_in(casus, "19.1", OLDER).counts.superseded == 194
    assert casus.log.head == report.position
