"""What revisions make of an incident over HTTP: shown by its id, on timelines, at every moment."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import KEY_NAME
from tests.refusals import problem
from tests.revising import ACCOUNT, ACTORS, INCIDENTS, Curator

ALL = "/v1/incidents"
BASIS = {"name": "A ministry", "published": "2021-06-30"}


@pytest.fixture
def curator(casus, client) -> Curator:
    return Curator(casus, client)


def refusal(curator: Curator, target: str, name: str, **changes: Any) -> dict[str, Any]:
    """The conflict for which a revision is refused, having recorded nothing."""
    head = curator.head
    found = problem(curator.post(target, INCIDENTS[name], **changes), "conflict")
    assert curator.head == head
    return found


def clash(found: dict[str, Any]) -> tuple[Any, Any]:
    return found["conflict"].get("incident"), found["conflict"]["position"]


# Accounts


def test_an_account_that_is_added_is_listed_with_the_first_and_traced(curator):
    answer = curator.done("A", "accounts")
    assert [each["number"] for each in answer["accounts"]] == [1, 2]
    added = answer["accounts"][1]
    assert (added["account"]["title"], added["reported"]) == ("Another account", "2021-06-25")
    assert (answer["incident"]["accounts"], answer["incident"]["revision"]) == (2, 2)
    assert len(answer["incident"]["sources"]) == 2
    traced = {each["field"]: each for each in answer["traces"]}
    assert [key["number"] for key in traced["title"]["accounts"]] == [1]
    assert [key["number"] for key in traced["sources"]["accounts"]] == [1, 2]


def test_an_account_that_is_revised_says_why_and_is_found_by_what_it_says_now(curator):
    before = curator.head
    answer = curator.done("A", "account-revisions")
    (account,) = answer["accounts"]
    assert account["account"]["title"] == answer["incident"]["title"] == "Another account"
    assert (account["first_reported"], account["reported"]) == ("2021-06-23", "2021-06-25")
    assert account["revised"] == {
        "reason": "A misprint.",
        "basis": {"via": None, "url": None, **ACCOUNT["source"]},
        "position": before + 1,
        "reported": "2021-06-25",
        "recorded_at": "2021-07-15T09:00:00.000000Z",
        "recorded_by": KEY_NAME,
    }
    assert curator.titles(ALL, q="another") == ["Another account"]
    assert curator.titles(ALL, q='"account of a"') == []
    assert curator.titles(ALL, q='"account of a"', position=before) == ["Account of A"]
    assert curator.titles(ALL, q='"account of a"', reported_by="2021-06-24") == ["Account of A"]


def test_an_account_that_is_withdrawn_says_why_and_counts_no_more(curator):
    curator.done("A", "accounts")
    answer = curator.done("A", "account-withdrawals", basis=BASIS)
    first, second = answer["accounts"]
    assert (first["withdrawn"]["reason"], first["withdrawn"]["reported"]) == (
        "They were wrong.",
        "2021-06-30",
    )
    assert second["withdrawn"] is None
    assert (answer["incident"]["title"], answer["incident"]["accounts"]) == ("Another account", 1)
    assert curator.get("A", reported_by="2021-06-29")["incident"]["accounts"] == 2


def test_an_incident_without_accounts_is_retracted_for_the_reason_of_the_last_withdrawal(curator):
    answer = curator.done("A", "account-withdrawals")
    assert (answer["incident"]["status"], answer["incident"]["accounts"]) == ("retracted", 0)
    assert answer["retraction"]["reason"] == "They were wrong."
    assert curator.titles(ALL) == ["Account of B", "Account of C"]
    assert curator.titles(ALL, status="retracted") == ["Account of A"]
    curator.done("A", "accounts")
    assert curator.titles(ALL) == ["Account of B", "Another account", "Account of C"]
    assert curator.get("A")["retraction"] is None


def test_accounts_are_refused_with_what_they_clash_with(curator):
    curator.done("A", "accounts")
    head = curator.head
    assert clash(refusal(curator, "A", "accounts")) == (curator.ids["A"], head)
    assert clash(refusal(curator, "A", "account-revisions")) == (curator.ids["A"], head)
    curator.done("A", "account-withdrawals")
    found = refusal(curator, "A", "account-withdrawals")
    assert "They were wrong." in found["detail"]
    assert clash(found) == (curator.ids["A"], head + 1)
    unknown = problem(curator.post("A", INCIDENTS["account-withdrawals"], number=9), "invalid-body")
    assert [fault["path"] for fault in unknown["faults"]] == ["$.number"]


def test_the_faults_of_an_account_are_named_by_their_paths_in_the_body(curator):
    bad = {**ACCOUNT, "participants": [{"actor": "nobody"}], "figures": [{"measure": "killed"}]}
    for name in ("accounts", "account-revisions"):
        found = problem(curator.post("A", INCIDENTS[name], account=bad), "invalid-body")
        assert [fault["path"] for fault in found["faults"]] == [
            "$.account.figures[0]",
            "$.account.participants[0].actor",
        ]


# Corrections


def test_a_correction_is_shown_listed_and_moves_the_incident_between_timelines(curator):
    before = curator.head
    place = {"name": "Termez", "country": "UZB"}
    answer = curator.done("A", "corrections", set={"place": place, "occurred": "2021-06-25"})
    (correction,) = answer["corrections"]
    assert correction["changes"]["occurred"] == {"before": "2021-06-20", "after": "2021-06-25"}
    assert correction["changes"]["place"]["before"] is None
    assert correction["changes"]["title"] is None
    assert (correction["reason"], correction["position"]) == ("A typo.", before + 1)
    assert answer["incident"]["countries"] == [{"code": "UZB", "role": "location"}]
    traced = {each["field"]: each for each in answer["traces"]}
    assert (traced["occurred"]["accounts"], traced["occurred"]["correction"]) == ([], before + 1)
    assert curator.titles("/v1/countries/UZB/timeline") == ["Account of A"]
    assert curator.titles("/v1/countries/UZB/timeline", position=before) == []
    assert curator.titles(ALL) == ["Account of B", "Account of C", "Account of A"]
    assert curator.titles(ALL, position=before)[0] == "Account of A"
    assert curator.titles(ALL, **{"from": "2021-06-25"}) == ["Account of A"]


def test_a_correction_of_participants_moves_the_incident_between_actors(curator):
    curator.done("A", "corrections", set={"participants": [{"actor": curator.ids["cis"]}]})
    assert curator.titles(curator.timeline("csto")) == ["Account of B", "Account of C"]
    cis = f"{curator.path('actors', 'cis')}/timeline"
    assert curator.titles(cis) == ["Account of A"]


def test_a_correction_is_found_by_its_words_beside_those_of_the_accounts(curator):
    curator.done("A", "corrections", set={"title": "Explosion"})
    assert curator.titles(ALL, q="explosion") == ["Explosion"]
    assert curator.titles(ALL, q='"account of a"') == ["Explosion"]


def test_a_correction_counts_from_the_day_of_its_basis(curator):
    curator.done("A", "corrections", basis=BASIS)
    assert curator.get("A", reported_by="2021-06-29")["incident"]["title"] == "Account of A"
    assert curator.get("A", reported_by="2021-06-30")["incident"]["title"] == "Corrected"
    curator.done("B", "corrections")
    assert curator.get("B", reported_by="2021-07-14")["incident"]["title"] == "Account of B"
    assert curator.get("B", reported_by="2021-07-15")["incident"]["title"] == "Corrected"


@pytest.mark.parametrize(
    "wanted", [{}, {"title": "Account of A"}, {"place": None, "summary": None}]
)
def test_a_correction_that_changes_nothing_is_refused(wanted, curator):
    found = refusal(curator, "A", "corrections", set=wanted)
    assert "changes nothing" in found["detail"]
    assert clash(found)[0] == curator.ids["A"]


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ({"status": "retracted"}, "$.set.status"),
        ({"title": None}, "$.set.title"),
        ({"figures": []}, "$.set.figures"),
        ({"occurred": "2021-13-01"}, "$.set.occurred"),
        ({"participants": [{"actor": "nobody"}]}, "$.set.participants[0].actor"),
        ({"place": {"name": "X", "latitude": 1}}, "$.set.place.longitude"),
        (None, "$.set"),
    ],
)
def test_what_cannot_be_corrected_so_is_a_fault(wanted, path, curator):
    head = curator.head
    found = problem(curator.post("A", INCIDENTS["corrections"], set=wanted), "invalid-body")
    assert [fault["path"] for fault in found["faults"]] == [path]
    assert curator.head == head


# Retraction and reinstatement


def test_a_retracted_incident_leaves_the_timelines_and_answers_by_its_id_with_why(curator):
    before = curator.head
    answer = curator.done("A", "retraction", basis=BASIS)
    assert (answer["incident"]["status"], answer["incident"]["title"]) == (
        "retracted",
        "Account of A",
    )
    assert curator.get("A") == answer
    assert answer["retraction"] == {
        "reason": "It did not happen.",
        "basis": {"via": None, "url": None, **BASIS},
        "position": before + 1,
        "reported": "2021-06-30",
        "recorded_at": "2021-07-15T09:00:00.000000Z",
        "recorded_by": KEY_NAME,
    }
    for path in (ALL, curator.timeline("csto")):
        assert curator.titles(path) == ["Account of B", "Account of C"]
        assert curator.titles(path, status="retracted") == ["Account of A"]
        assert len(curator.titles(path, status=["retracted", "reported"])) == 3
        for moment in ({"position": before}, {"reported_by": "2021-06-29"}):
            assert curator.titles(path, **moment)[0] == "Account of A"


def test_a_reinstated_incident_is_back_on_the_timelines(curator):
    curator.done("A", "retraction")
    answer = curator.done("A", "reinstatement")
    assert (answer["incident"]["status"], answer["retraction"]) == ("reported", None)
    assert curator.titles(ALL)[0] == "Account of A"


def test_retracting_twice_or_reinstating_what_stands_is_refused(curator):
    assert refusal(curator, "A", "reinstatement")["detail"] == "it is not retracted"
    curator.done("A", "retraction")
    for name in ("retraction", "corrections", "merge"):
        found = refusal(curator, "A", name)
        assert "It did not happen." in found["detail"]
        assert clash(found) == (curator.ids["A"], curator.head)


def test_an_actor_has_no_revisions_of_incidents(curator):
    answer = curator.client.post(f"{curator.path('actors', 'csto')}/retraction", json={})
    assert answer.status_code == 404
    assert "retraction" not in ACTORS
