"""What of the log concerns a country, an actor or a type, and that it is enough to fold their timelines."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from domain.actors import MergeActor
from domain.ids import dataset_stream
from domain.records import Recorded
from domain.values import InvolvedCountry, Participant
from domain.vocabulary import CountryRole, IncidentType, ParticipantRole
from service.api.app import create_app
from service.bootstrap import Casus
from service.reading.selection import Selection, SubjectKey
from service.recording import Desk
from tests.conftest import CALLER, TestClient, a_profile, an_account
from tests.following import events, positions
from tests.naive import View
from tests.random_logs import CODES, REPORTED_DAYS, SLUGS, a_log_at_random, a_store_of
from tests.records import EXAMPLES
from tests.stories import UNMERGE, add, correct, merge, retract

Json = dict[str, Any]


def kinds(client: Any, query: str) -> list[str]:
    """The same, of incidents alone and in words."""
    found = [each["type"].split(".")[2] for each in events(client.get(f"/v1/log{query}"))]
    return [each for each in found if not each.startswith("actor")]


AFG, TJK = ((InvolvedCountry(code=code, role=CountryRole.AFFECTED),) for code in ("AFG", "TJK"))


@pytest.fixture
def desk(casus: Casus) -> Desk:
    """The desk of the store that is asked, where two actors are registered."""
    for slug in ("taliban", "haqqani"):
        casus.desk.register_actor(a_profile(id=slug, name=slug), CALLER)
    return casus.desk


def by(slug: str) -> tuple[Participant, ...]:
    return (Participant(actor=slug, role=ParticipantRole.INITIATOR),)


def test_what_became_of_an_incident_concerns_its_country(desk, client) -> None:
    incident = desk.report_incident(an_account(countries=AFG), CALLER).stream
    desk.report_incident(an_account(countries=TJK), CALLER)
    desk.revise_incident(incident, retract(), CALLER)
    assert kinds(client, "?country=AFG") == ["incident-reported", "incident-retracted"]
    assert kinds(client, "?country=UZB") == []


def test_what_has_left_a_timeline_concerns_its_subject_all_the_same(desk, client) -> None:
    incident = desk.report_incident(an_account(countries=AFG), CALLER).stream
    desk.revise_incident(incident, correct(countries=TJK), CALLER)
    desk.revise_incident(incident, correct(title="Across the river"), CALLER)
    assert positions(client, "?country=AFG") == [1, 2, 3, 4, 5]


def test_where_an_incident_comes_to_concern_a_country_what_was_before_is_belated(desk, client):
    incident = desk.report_incident(an_account(countries=TJK), CALLER).stream  # 3
    desk.report_incident(an_account(countries=AFG), CALLER)  # 4
    desk.revise_incident(incident, add(), CALLER)  # 5
    desk.report_incident(an_account(countries=AFG), CALLER)  # 6
    desk.revise_incident(incident, correct(countries=AFG), CALLER)  # 7
    desk.revise_incident(incident, retract(), CALLER)  # 8
    assert positions(client, "?country=AFG") == [1, 2, 4, 6, 3, 5, 7, 8]
    assert positions(client, "?country=AFG&after=6") == [3, 5, 7, 8]
    assert positions(client, "?country=AFG&after=7") == [8]
    assert positions(client, "?country=AFG&after=6&limit=1") == [3, 5, 7]
    assert positions(client, "?country=AFG&position=6") == [1, 2, 4, 6]
    assert positions(client, "?country=TJK") == [1, 2, 3, 5, 7, 8]


def test_a_merge_brings_the_records_of_the_other_incident(desk, client) -> None:
    other = desk.report_incident(an_account(countries=TJK), CALLER).stream  # 3
    incident = desk.report_incident(an_account(countries=AFG), CALLER).stream  # 4
    desk.revise_incident(other, merge(incident), CALLER)  # 5
    desk.revise_incident(other, UNMERGE, CALLER)  # 6
    desk.revise_incident(other, retract(), CALLER)  # 7
    assert positions(client, "?country=AFG") == [1, 2, 4, 3, 5, 6, 7]
    assert positions(client, "?country=TJK") == [1, 2, 3, 4, 5, 6, 7]
    assert positions(client, "?country=AFG&after=5") == [6, 7]


def test_a_merge_of_actors_brings_the_incidents_of_the_other(desk, client) -> None:
    desk.report_incident(an_account(participants=by("haqqani"), countries=AFG), CALLER)  # 3
    desk.report_incident(an_account(participants=by("taliban")), CALLER)  # 4
    desk.report_incident(an_account(participants=by("haqqani")), CALLER)  # 5
    desk.revise_actor("haqqani", MergeActor(into="taliban", reason="One of them."), CALLER)  # 6
    desk.report_incident(an_account(participants=by("taliban")), CALLER)  # 7
    assert positions(client, "?actor=taliban") == [1, 2, 4, 3, 5, 6, 7]
    assert positions(client, "?actor=taliban&country=AFG") == [1, 2, 3, 6]
    assert positions(client, "?actor=haqqani") == [1, 2, 3, 5, 4, 6, 7]
    assert positions(client, "?actor=taliban&after=6") == [7]
    assert positions(client, "?actor=taliban&position=5") == [1, 2, 4]


def test_types_are_those_that_it_ever_was_of(desk, client) -> None:
    attack, statement = IncidentType.ATTACK, IncidentType.STATEMENT
    incident = desk.report_incident(an_account(type=attack), CALLER).stream  # 3
    desk.report_incident(an_account(type=statement), CALLER)  # 4
    desk.revise_incident(incident, correct(type=statement), CALLER)  # 5
    assert positions(client, "?type=attack") == [1, 2, 3, 5]
    assert positions(client, "?type=statement") == [1, 2, 4, 3, 5]
    assert positions(client, "?type=attack&type=statement") == [1, 2, 3, 4, 5]
    assert positions(client, "?type=meeting") == [1, 2]


def test_records_of_actors_and_datasets_concern_everybody(desk, casus: Casus, client) -> None:
    casus.desk.append([Recorded(0, dataset_stream("ged"), 1, EXAMPLES["dataset-released.v2"])])
    assert positions(client, "?country=UZB") == [1, 2, 3]
    assert positions(client, "?actor=taliban&type=meeting") == [1, 2, 3]


INTERESTS = [
    *(f"country={code}" for code in CODES),
    *(f"actor={slug}" for slug in SLUGS[:2]),
    "country=AFG&type=attack",
    "actor=taliban&country=TJK",
]


def timelines(view: View, query: str) -> list[list[Json]]:
    """The timelines that somebody with this interest looks at."""
    wanted = dict(pair.split("=") for pair in query.split("&"))
    kind = "actor" if "actor" in wanted else "country"
    selection = Selection(
        subject=SubjectKey(kind, wanted[kind]),
        country=wanted.get("country") if kind == "actor" else None,
        types=(wanted["type"],) if "type" in wanted else (),
    )
    return [view.timeline(replace(selection, order=order)) for order in ("asc", "desc")]


@pytest.mark.parametrize("seed", range(12))
def test_whoever_holds_the_records_that_concern_a_timeline_can_fold_it_at_every_moment(seed):
    chance = random.Random(seed)
    records = a_log_at_random(chance, length=60, incidents=7)
    by_position = {each.position: each for each in records}
    with a_store_of(records) as casus, TestClient(create_app(casus)) as client:
        for query in INTERESTS:
            sent = positions(client, f"?{query}")
            assert len(sent) == len(set(sent))
            for position in chance.sample(range(len(SLUGS), len(records) + 1), 6):
                held = positions(client, f"?{query}&position={position}")
                # What comes later only ever adds to it, wherever it was cut off.
                cut = chance.randint(0, len(held))
                after = max(held[:cut], default=0)
                rest = positions(client, f"?{query}&after={after}&position={position}")
                assert {*held[:cut], *rest} == set(held)
                assert held == sent[: len(held)]
                log = [by_position[each] for each in sorted(held)]
                for day in chance.sample(REPORTED_DAYS, 3):
                    theirs = timelines(View(log, position, day), query)
                    assert theirs == timelines(View(records, position, day), query)
