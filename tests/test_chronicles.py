"""A chronicle is loaded whole or not at all, and its faults are named all at once."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest

from domain.checks import Faulty
from domain.ids import dataset_stream
from domain.records import DatasetReleased, Record, Recorded
from domain.values import DatasetProfile
from service.bootstrap import Casus
from service.chronicles import BUNDLED, load_chronicle, parse_chronicle
from service.faults import json_path


def a_chronicle() -> dict[str, Any]:
    """A chronicle of one actor and two incidents, the second with two accounts."""
    account = {
        "title": "Attack on a border checkpoint",
        "type": "attack",
        "occurred": "2021-06-22",
        "source": {"name": "A newspaper", "published": "2021-06-23"},
        "participants": [{"actor": "taliban", "role": "initiator"}],
        "figures": [{"measure": "killed", "best": 3}],
    }
    return {
        "format": "casus-chronicle/1",
        "dataset": "a-test",
        "title": "A test",
        "actors": [{"id": "taliban", "kind": "armed_group", "names": [{"text": "Taliban"}]}],
        "incidents": [
            {"key": "first", "accounts": [copy.deepcopy(account)]},
            {"key": "second", "accounts": [copy.deepcopy(account), copy.deepcopy(account)]},
        ],
    }


def faults_of_loading(casus: Casus, chronicle: dict[str, Any]) -> list[str]:
    """The paths of the faults for which a chronicle is refused."""
    with pytest.raises(Faulty) as refused:
        load_chronicle(parse_chronicle(orjson.dumps(chronicle)), casus.log, casus.desk, "test")
    assert casus.log.head == 0
    return [json_path(fault.path) for fault in refused.value.faults]


def test_faults_of_shape_and_faults_of_sense_are_named_together(casus: Casus) -> None:
    chronicle = a_chronicle()
    chronicle["incidents"][0]["accounts"][0]["occurred"] = "2021-13-01"
    chronicle["incidents"][1]["accounts"][1]["figures"] = [
        {"measure": "killed", "low": 5, "high": 1}
    ]

    assert faults_of_loading(casus, chronicle) == [
        "$.incidents[0].accounts[0].occurred",
        "$.incidents[1].accounts[1].figures[0].low",
    ]


def test_a_name_given_twice_and_an_actor_that_nobody_registered_are_faults(casus: Casus) -> None:
    chronicle = a_chronicle()
    chronicle["actors"] *= 2
    chronicle["incidents"][1]["key"] = "first"
    chronicle["incidents"][0]["accounts"][0]["participants"][0]["actor"] = "nobody"

    assert faults_of_loading(casus, chronicle) == [
        "$.actors[1].id",
        "$.incidents[1].key",
        "$.incidents[0].accounts[0].participants[0].actor",
    ]


def test_loading_again_appends_only_what_was_added_since(casus: Casus) -> None:
    chronicle = a_chronicle()
    chronicle["incidents"][1]["accounts"][1]["source"]["name"] = "Another newspaper"

    def load() -> int:
        return load_chronicle(
            parse_chronicle(orjson.dumps(chronicle)), casus.log, casus.desk, "test"
        ).records

    assert load() == 5
    assert load() == 0
    added = copy.deepcopy(chronicle["incidents"][0]["accounts"][0])
    added["source"]["name"] = "A third newspaper"
    chronicle["incidents"][0]["accounts"].append(added)
    assert load() == 1
    assert load() == 0


def test_the_same_account_twice_in_a_file_is_one_account(casus: Casus) -> None:
    chronicle = parse_chronicle(orjson.dumps(a_chronicle()))
    assert load_chronicle(chronicle, casus.log, casus.desk, "test").records == 4


def test_the_bundled_chronicle_is_loaded_in_one_transaction(casus: Casus) -> None:
    loaded = load_chronicle(parse_chronicle(BUNDLED.read_bytes()), casus.log, casus.desk, "test")
    assert (loaded.incidents, loaded.accounts, loaded.actors) == (35, 45, 21)
    assert loaded.position == loaded.records == casus.log.head == 67


def load(casus: Casus, chronicle: dict[str, Any]) -> int:
    """Load a chronicle; how many records that has appended."""
    parsed = parse_chronicle(orjson.dumps(chronicle))
    return load_chronicle(parsed, casus.log, casus.desk, "a curator").records


def test_a_chronicle_is_a_dataset_before_anything_of_it_is_recorded(casus: Casus) -> None:
    attribution = ["By the first.", "And by\nthe second."]
    chronicle = a_chronicle() | {"license": "CC BY 4.0", "attribution": attribution}
    load(casus, chronicle)
    first = casus.log.read(0)[0]
    assert (first.stream, first.version) == (dataset_stream("a-test"), 1)
    assert first.record == DatasetReleased(
        dataset=DatasetProfile(
            id="a-test",
            title="A test",
            license="CC BY 4.0",
            citation="By the first.\nAnd by\nthe second.",
        ),
        release=None,
        released=None,
        reason="The chronicle was loaded.",
        recorded_at="2021-07-15T09:00:00.000000Z",
        recorded_by="a curator",
    )
    shown = orjson.loads(casus.reader.datasets.get("a-test", casus.reader.moment()))
    assert shown["incidents"] == 2


def test_a_chronicle_of_another_title_is_the_same_dataset_under_that(casus: Casus) -> None:
    load(casus, a_chronicle())
    assert load(casus, a_chronicle()) == 0
    assert load(casus, a_chronicle() | {"title": "A better test"}) == 1
    assert load(casus, a_chronicle() | {"title": "A better test"}) == 0
    shown = orjson.loads(casus.reader.datasets.get("a-test", casus.reader.moment()))
    assert (shown["title"], len(shown["releases"])) == ("A better test", 1)


def test_a_chronicle_that_is_loaded_twice_at_once_is_taken_in_once(
    casus: Casus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was faster is found when it is decided again."""
    append, raced = casus.desk.append, []

    def append_late(records: list[Recorded[Record]], progress: Any = None) -> int:
        if not raced:
            raced.append(True)
            append(records)
        return append(records, progress)

    monkeypatch.setattr(casus.desk, "append", append_late)
    assert load(casus, a_chronicle()) == 0
    assert [type(each.record).__name__ for each in casus.log.read(0)].count("DatasetReleased") == 1


def test_attributions_too_long_to_be_cited_are_a_fault(casus: Casus) -> None:
    chronicle = a_chronicle() | {"attribution": ["x" * 10_000, "y" * 9_999]}
    assert load(casus, chronicle) == 4
    chronicle["attribution"][0] += "x"
    with pytest.raises(Faulty) as refused:
        load(casus, chronicle)
    assert [json_path(fault.path) for fault in refused.value.faults] == ["$.attribution"]
