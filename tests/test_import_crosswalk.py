"""Who is who, by the crosswalk that comes with Casus: one actor in every dataset and in the chronicle."""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
import pytest

from domain.actors import actor_at
from domain.records import AccountAdded, IncidentReported
from domain.vocabulary import ParticipantRole
from service.api.app import create_app
from service.bootstrap import Casus
from service.chronicles import BUNDLED
from service.imports.crosswalk import Crosswalk
from service.imports.orders import Order
from service.imports.running import Request, run
from service.log import BEYOND
from tests import test_import_icews, test_import_polecat
from tests.conftest import TestClient
from tests.importing import DATA, write_ged
from tests.test_import_gdelt import BY_ID

SHIPPED = list(
    csv.DictReader((files("service.imports") / "crosswalk.csv").read_text("utf-8").splitlines())
)


def table(path: Path, *rows: dict[str, str], delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def taken_in(casus: Casus, *paths: Path) -> dict[str, list[tuple[str, ParticipantRole]]]:
    """Those who take part, by the keys of the incidents that files were imported as."""
    before = casus.log.head
    request = Request(files=tuple(map(str, paths)), order=Order(by="tests"))
    assert run(casus, request, lambda _: None).counts.rejected == 0
    found = {}
    for recorded in casus.log.follow(before):
        record: Any = recorded.record
        if isinstance(record, IncidentReported | AccountAdded):
            participants = record.account.participants
            found[record.origin.key] = [(each.actor, each.role) for each in participants]
    return found


def test_the_taliban_are_one_actor_of_every_dataset_and_of_the_chronicle(chronicle, tmp_path):
    ged = tmp_path / write_ged(tmp_path / "ged.csv", {"id": "1"})
    with (DATA / "acled" / "2025.csv").open(encoding="utf-8-sig", newline="") as file:
        (tmp_path / "acled.csv").write_text("".join(file.readlines()[:2]))
    event = list(next(iter(BY_ID.values())))
    event[5:8] = ["AFGREBTAL", "TALIBAN", "AFG"]
    (tmp_path / "gdelt.tsv").write_text("\t".join(event) + "\n")
    polecat = test_import_polecat.ROW | {"Actor Name": "Taliban", "Actor Country": "AFG"}
    icews = test_import_icews.ROW | {
        "Source Name": "Taliban",
        "Source Sectors": "Dissident",
        "Source Country": "Afghanistan",
    }
    imported = taken_in(
        chronicle,
        ged,
        tmp_path / "acled.csv",
        tmp_path / "gdelt.tsv",
        table(tmp_path / "polecat.tsv", polecat, delimiter="\t"),
        table(tmp_path / "icews.tsv", icews, delimiter="\t"),
    )
    assert len(imported) == 5
    for key, participants in imported.items():
        assert "taliban" in dict(participants), key
    actor = actor_at(chronicle.log.actor("taliban"), BEYOND)
    assert actor is not None
    assert {(each.scheme, each.id) for each in actor.profile.external_ids} >= {
        ("ucdp", "303"),
        ("acled", "Taliban"),
        ("cameo", "AFGREBTAL"),
        ("polecat", "Taliban"),
        ("icews", "Taliban"),
    }


@pytest.mark.parametrize(
    ("day", "who"), [("2021-08-14", "afghan-government"), ("2021-08-15", "taliban")]
)
def test_the_government_of_afghanistan_is_the_taliban_from_a_day_on(casus, tmp_path, day, who):
    group = {"side_b": "IS", "side_b_new_id": "234", "date_start": day, "date_end": day}
    path = tmp_path / write_ged(tmp_path / "ged.csv", {"id": "1", **group})
    sides = [(who, ParticipantRole.SIDE_A), ("islamic-state", ParticipantRole.SIDE_B)]
    assert taken_in(casus, path) == {"1": sides}


def test_states_of_a_coalition_take_part_each_on_the_timelines_of_its_country(casus, tmp_path):
    names = "Government of Afghanistan, Government of United States of America"
    coalition = {"side_a": names, "side_a_new_id": "1234", "gwnoa": "700;2"}
    path = tmp_path / write_ged(tmp_path / "ged.csv", {"id": "1", **coalition})
    assert taken_in(casus, path) == {
        "1": [
            ("afghan-government", ParticipantRole.SIDE_A),
            ("united-states", ParticipantRole.SIDE_A),
            ("taliban", ParticipantRole.SIDE_B),
        ]
    }
    with TestClient(create_app(casus)) as client:
        for code in ("AFG", "USA"):
            (item,) = client.get(f"/v1/countries/{code}/timeline").json()["items"]
            assert {"code": code, "role": "actor"} in item["countries"]


def test_an_actor_is_called_the_same_and_is_of_one_kind_wherever_it_stands():
    Crosswalk.read()
    ours = {each["id"]: each for each in orjson.loads(BUNDLED.read_bytes())["actors"]}
    said: dict[str, tuple[str, str, str]] = {}
    for row in SHIPPED:
        one = (row["kind"], row["name"], row["state"])
        assert said.setdefault(row["actor"], one) == one
    for slug in said.keys() & ours.keys():
        known = ours[slug]
        assert (known["kind"], known["names"][0]["text"], known.get("state") or "") == said[slug]
    assert len(said.keys() & ours.keys()) > 5
