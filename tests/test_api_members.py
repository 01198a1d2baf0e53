"""``include=members``: what the members of an actor did while they were, at any moment of the clocks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.refusals import problem
from tests.revising import EVERYTHING, Curator


@pytest.fixture
def curator(casus, client) -> Curator:
    """A store in which Tajikistan takes part in incidents of 1991, of 1995 and of 2005."""
    curator = Curator(casus, client)
    for year in (1991, 1995, 2005):
        curator.report(str(year), f"{year}-06-01", "tajikistan")
    return curator


def joined(curator: Curator, member: str, parent: str, **dates: str | None) -> None:
    curator.done(member, "affiliations", actor=parent, **{"since": None, "until": None} | dates)


def of(curator: Curator, actor: str, /, **parameters: Any) -> list[str]:
    """The timeline of an actor and its members."""
    return curator.titles(curator.timeline(actor), include="members", **parameters)


def test_an_actors_members_are_on_its_timeline_only_if_asked_for_and_while_they_were(curator):
    joined(curator, "tajikistan", "csto", since="1994", until="1999-04-02")
    assert curator.titles(curator.timeline("csto")) == EVERYTHING
    assert of(curator, "csto") == ["1995", *EVERYTHING]
    assert of(curator, "tajikistan") == ["1991", "1995", "2005"]


def test_an_affiliation_without_dates_is_for_ever(curator):
    joined(curator, "tajikistan", "csto")
    assert of(curator, "csto") == ["1991", "1995", "2005", *EVERYTHING]


def test_a_member_that_left_and_joined_again_is_on_it_for_both_times(curator):
    joined(curator, "tajikistan", "csto", until="1993")
    joined(curator, "tajikistan", "csto", since="2002")
    assert of(curator, "csto") == ["1991", "2005", *EVERYTHING]
    assert of(curator, "csto", limit=2) == ["1991", "2005"]
    assert of(curator, "csto", order="desc", limit=4) == [*EVERYTHING[::-1], "2005"]


def test_a_member_is_on_the_timeline_as_its_affiliation_was_recorded_by_then(curator):
    before = curator.head
    joined(curator, "tajikistan", "csto", since="1994")
    open_ended = curator.head
    curator.done("tajikistan", "releases", actor="csto")
    assert of(curator, "csto", position=before) == EVERYTHING
    assert of(curator, "csto", position=open_ended) == ["1995", "2005", *EVERYTHING]
    assert of(curator, "csto") == ["1995", *EVERYTHING]


def test_members_of_members_are_on_it_while_both_were(curator):
    joined(curator, "tajikistan", "cis", since="1994")
    joined(curator, "cis", "csto", until="1999")
    assert of(curator, "csto") == ["1995", *EVERYTHING]
    assert of(curator, "cis") == ["1995", "2005"]


def test_actors_that_belong_to_each_other_are_no_endless_story(curator):
    joined(curator, "tajikistan", "csto")
    joined(curator, "csto", "cis")
    joined(curator, "cis", "tajikistan")
    for actor in ("tajikistan", "csto", "cis"):
        assert of(curator, actor) == ["1991", "1995", "2005", *EVERYTHING]


def test_an_incident_of_an_actor_and_its_member_is_on_it_once(curator):
    joined(curator, "tajikistan", "csto", since="2000")
    curator.report("Both", "2006-01-01", "csto", "tajikistan")
    curator.report("Both before", "1990-01-01", "csto", "tajikistan")
    assert of(curator, "csto") == ["Both before", "2005", "Both", *EVERYTHING]


def test_an_uncertain_date_is_possibly_or_certainly_within_a_membership(curator):
    joined(curator, "tajikistan", "csto", since="1994", until="1999-04-02")
    curator.report("In the spring", "1999-04", "tajikistan")
    assert of(curator, "csto") == ["1995", "In the spring", *EVERYTHING]
    assert of(curator, "csto", match="certain") == ["1995", *EVERYTHING]


def test_what_may_have_been_a_membership_counts_as_one(curator):
    """From the first day that it may have begun to the last on which it may have lasted."""
    joined(curator, "tajikistan", "csto", since="1995~", until="2005-06")
    assert of(curator, "csto") == ["1995", "2005", *EVERYTHING]


def test_members_of_a_merged_actor_are_the_survivors(curator):
    joined(curator, "tajikistan", "cis", since="1994", until="1999-04-02")
    assert of(curator, "csto") == EVERYTHING
    curator.done("cis", "merge", into="csto")
    assert of(curator, "csto") == ["1995", *EVERYTHING]


def test_whatever_a_member_stands_for_is_on_it_as_well(curator):
    joined(curator, "cis", "csto", since="1994", until="1999-04-02")
    assert of(curator, "csto") == EVERYTHING
    curator.done("tajikistan", "merge", into="cis")
    assert of(curator, "csto") == ["1995", *EVERYTHING]


def test_a_member_that_was_merged_into_another_counts_as_that_one(curator):
    joined(curator, "cis", "csto", since="1994", until="1999-04-02")
    curator.done("cis", "merge", into="tajikistan")
    assert of(curator, "csto") == ["1995", *EVERYTHING]


def test_other_filters_narrow_a_timeline_with_members(curator):
    joined(curator, "tajikistan", "csto")
    assert of(curator, "csto", **{"from": "1995", "to": "2005"}) == ["1995", "2005"]
    assert of(curator, "csto", role="initiator") == ["1991", "1995", "2005"]
    assert of(curator, "csto", q="account") == EVERYTHING
    assert of(curator, "csto", actor=curator.ids["tajikistan"]) == ["1991", "1995", "2005"]


def test_pages_with_members_are_together_the_whole_timeline(curator):
    joined(curator, "tajikistan", "csto", until="1993")
    joined(curator, "tajikistan", "csto", since="2002")
    whole = of(curator, "csto")
    read, address = [], f"{curator.timeline('csto')}?include=members&limit=2"
    while address:
        page = curator.client.get(address).json()
        read += [item["title"] for item in page["items"]]
        address = page["next"]
    assert read == whole


def test_more_members_than_have_ranges_of_their_own_are_shown_alike(curator, monkeypatch):
    joined(curator, "tajikistan", "csto", until="1993")
    joined(curator, "tajikistan", "csto", since="2002")
    curator.report("Both", "2006-01-01", "csto", "tajikistan")
    asked = [
        {},
        {"order": "desc"},
        {"limit": 2},
        {"match": "certain"},
        {"from": "1991-06-01", "to": "2006"},
        {"role": "initiator"},
        {"position": curator.head - 1},
    ]
    each_apart = [of(curator, "csto", **parameters) for parameters in asked]
    monkeypatch.setattr("service.reading.statements.MOST_ARMS", 1)
    # Asked in other words, or it would be answered as it was before.
    together = [of(curator, "csto", reported_by="2030", **parameters) for parameters in asked]
    assert together == each_apart


def test_only_an_actor_has_members(curator):
    for path in ("/v1/incidents", "/v1/countries/AFG/timeline"):
        problem(curator.client.get(path, params={"include": "members"}), "bad-parameter")
    problem(
        curator.client.get(curator.timeline("csto"), params={"include": "friends"}),
        "bad-parameter",
    )
    everything = curator.titles("/v1/incidents", include="members", actor=curator.ids["tajikistan"])
    assert everything == ["1991", "1995", "2005"]
