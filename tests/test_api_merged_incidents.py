"""Merged incidents over HTTP: the old id answers with the survivor, and the merge can be undone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.refusals import problem
from tests.revising import INCIDENTS, Curator

ALL = "/v1/incidents"


@pytest.fixture
def curator(casus, client) -> Curator:
    return Curator(casus, client)


def refusal(curator: Curator, target: str, name: str, **changes: Any) -> dict[str, Any]:
    """The conflict for which a revision is refused, having recorded nothing."""
    head = curator.head
    found = problem(curator.post(target, INCIDENTS[name], **changes), "conflict")
    assert curator.head == head
    return found


def test_the_old_id_answers_with_the_survivor_and_the_accounts_move_along(curator):
    before = curator.head
    answer = curator.done("A", "merge")
    assert answer["incident"]["id"] == curator.ids["B"]
    assert answer["merged"] == [curator.ids["A"]]
    assert [(each["incident"], each["number"]) for each in answer["accounts"]] == [
        (curator.ids["A"], 1),
        (curator.ids["B"], 1),
    ]
    assert answer["incident"]["accounts"] == 2
    assert curator.get("A") == curator.get("B") == answer
    assert curator.titles(ALL) == ["Account of A", "Account of C"]
    assert curator.titles(ALL, position=before) == ["Account of A", "Account of B", "Account of C"]
    assert curator.get("A", position=before)["incident"]["id"] == curator.ids["A"]
    assert curator.get("B", position=before)["merged"] == []


def test_a_merge_is_shown_from_the_day_that_it_was_reported(curator):
    curator.done("A", "merge", basis={"name": "A ministry", "published": "2021-06-30"})
    early, late = {"reported_by": "2021-06-29"}, {"reported_by": "2021-06-30"}
    assert curator.get("A", **early)["incident"]["id"] == curator.ids["A"]
    assert curator.get("A", **late)["incident"]["id"] == curator.ids["B"]
    assert len(curator.titles(ALL, **early)) == 3
    assert len(curator.titles(ALL, **late)) == 2


def test_a_chain_of_merges_answers_with_its_end(curator):
    curator.done("A", "merge")
    answer = curator.done("B", "merge", into="C")
    assert answer["incident"]["id"] == curator.ids["C"]
    assert answer["merged"] == sorted([curator.ids["A"], curator.ids["B"]])
    assert curator.get("A") == curator.get("B") == curator.get("C") == answer
    assert len(curator.titles(ALL)) == 1


def test_an_unmerged_incident_stands_by_itself_again(curator):
    curator.done("A", "merge")
    answer = curator.done("A", "unmerge")
    assert answer["incident"]["id"] == curator.ids["A"]
    assert [each["incident"] for each in answer["accounts"]] == [curator.ids["A"]]
    assert curator.get("B")["merged"] == []
    assert curator.titles(ALL) == ["Account of A", "Account of B", "Account of C"]
    assert curator.titles(ALL, position=curator.head - 1) == ["Account of A", "Account of C"]


def test_accounts_of_a_merged_incident_go_on_under_its_own_id(curator):
    curator.done("A", "merge")
    added = curator.done("A", "accounts")
    assert added["incident"]["id"] == curator.ids["B"]
    assert [(each["incident"], each["number"]) for each in added["accounts"]][-1] == (
        curator.ids["A"],
        3,
    )
    withdrawn = curator.done("A", "account-withdrawals")
    assert [bool(each["withdrawn"]) for each in withdrawn["accounts"]] == [True, False, False]
    assert withdrawn["incident"]["title"] == "Account of B"
    curator.done("A", "unmerge")
    assert curator.get("A")["incident"]["title"] == "Another account"


def test_a_survivor_is_retracted_with_everything_that_it_stands_for(curator):
    curator.done("A", "merge")
    curator.done("B", "retraction")
    assert curator.get("A")["incident"]["status"] == "retracted"
    assert curator.titles(ALL) == ["Account of C"]
    curator.done("A", "unmerge")
    assert curator.titles(ALL) == ["Account of A", "Account of C"]


def test_a_survivor_is_on_the_timelines_of_all_that_it_stands_for(curator):
    cis = f"{curator.path('actors', 'cis')}/timeline"
    curator.done("A", "corrections", set={"participants": [{"actor": curator.ids["cis"]}]})
    curator.done(
        "A",
        "account-revisions",
        account={
            "title": "Account of A",
            "type": "attack",
            "occurred": "2021-06-20",
            "participants": [{"actor": curator.ids["tajikistan"]}],
            "source": {"name": "A newspaper", "published": "2021-06-20"},
        },
    )
    assert curator.titles(cis) == ["Account of A"]
    curator.done("A", "merge")
    assert curator.titles(cis) == []  # the correction was of A alone
    tajik = f"{curator.path('actors', 'tajikistan')}/timeline"
    assert curator.titles(tajik) == ["Account of A"]


# What is refused


def test_a_merge_that_cannot_be_is_refused_with_what_it_clashes_with(curator):
    itself = refusal(curator, "A", "merge", into="A")
    assert "not merged into itself" in itself["detail"]
    assert itself["conflict"]["incident"] == curator.ids["A"]
    curator.done("A", "merge")
    merged_at = curator.head
    circle = refusal(curator, "B", "merge", into="A")
    assert "unmerge it first" in circle["detail"]
    assert circle["conflict"]["incident"] == curator.ids["A"]
    elsewhere = refusal(curator, "C", "merge", into="A")
    assert elsewhere["conflict"] == {"incident": curator.ids["B"], "position": merged_at}
    for name in ("merge", "corrections", "retraction", "reinstatement"):
        again = refusal(curator, "A", name)
        assert again["conflict"] == {"incident": curator.ids["B"], "position": merged_at}


def test_a_merge_of_or_into_a_retracted_incident_is_refused(curator):
    curator.done("B", "retraction")
    for target, into in (("A", "B"), ("B", "A")):
        found = refusal(curator, target, "merge", into=into)
        assert "It did not happen." in found["detail"]
        assert found["conflict"] == {"incident": curator.ids["B"], "position": curator.head}


def test_a_merge_into_nothing_is_a_fault(curator):
    for into in ("01945b6e-3c00-7000-8000-000000000001", "nobody", None):
        found = problem(curator.post("A", INCIDENTS["merge"], into=into), "invalid-body")
        assert [fault["path"] for fault in found["faults"]] == ["$.into"]


def test_what_is_not_merged_is_not_unmerged(curator):
    curator.done("A", "merge")
    assert refusal(curator, "B", "unmerge")["detail"] == "it is not merged into another"
    curator.done("A", "unmerge")
    refusal(curator, "A", "unmerge")
