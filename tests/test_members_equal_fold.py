"""The timelines of actors with their members equal a naive fold, however memberships follow each other.

Few actors and few days: memberships overlap, touch, lie apart, lead on to others and round in circles, and
actors are merged among them.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.ids import actor_stream, uuid8
from domain.records import ActorRegistered, ActorsMerged, IncidentReported, Record, Recorded
from domain.values import Affiliation, Participant
from service.reading.selection import Selection, SubjectKey
from tests.conftest import a_profile, an_account
from tests.histories import day
from tests.naive import View
from tests.reads import opened, pages

SLUGS = ["a", "b", "c", "d", "e"]
LAST_DAY = 6
RECORDED = {"recorded_at": "2021-08-01T09:00:00.000000Z", "recorded_by": "hand"}

slugs = st.sampled_from(SLUGS)
ordered_days = st.lists(st.integers(0, LAST_DAY), min_size=2, max_size=2).map(sorted)


@st.composite
def affiliations(draw: st.DrawFn) -> Affiliation:
    first, last = draw(ordered_days)
    return Affiliation(
        actor=draw(slugs),
        since=draw(st.sampled_from([None, day(first), day(first)])),
        until=draw(st.sampled_from([None, day(last), day(last)])),
    )


memberships = st.lists(st.tuples(slugs, affiliations()), max_size=9)
mergers = st.lists(st.tuples(slugs, slugs).filter(lambda pair: pair[1] < pair[0]), max_size=2)


def recorded(
    members: list[tuple[str, Affiliation]], merged: list[tuple[str, str]]
) -> list[Recorded]:
    """Actors, with all their memberships, those merged, and incidents of each, of one day and of two."""
    records: list[Recorded[Record]] = []
    for slug in SLUGS:
        profile = a_profile(
            id=slug, name=slug, affiliations=tuple(each for who, each in members if who == slug)
        )
        record = ActorRegistered(actor=profile, origin=None, **RECORDED)
        records.append(Recorded(0, actor_stream(slug), 1, record))
    for slug, into in dict(merged).items():
        merger = ActorsMerged(actor=slug, into=into, reason="the same", **RECORDED)
        records.append(Recorded(0, actor_stream(slug), 2, merger))
    for slug in SLUGS:
        for first in range(LAST_DAY + 1):
            for last in range(first, min(first + 1, LAST_DAY) + 1):
                account = an_account(
                    occurred=f"{day(first)}/{day(last)}", participants=(Participant(actor=slug),)
                )
                report = IncidentReported(
                    account=account, implied=(), origin=None, reported=day(0), **RECORDED
                )
                stream = uuid8("incidents", f"{slug} {first} {last}")
                records.append(Recorded(0, stream, 1, report))
    return records


@settings(max_examples=60)
@given(memberships, mergers)
def test_members_incidents_are_those_of_the_days_in_which_they_were(members, merged):
    with TemporaryDirectory() as folder, closing(opened(Path(folder))) as casus:
        casus.log.append(recorded(members, merged))
        casus.projector.catch_up()
        moment = casus.reader.moment()
        view = View(list(casus.log.follow()), moment.position)
        for slug in SLUGS:
            for match in ("possible", "certain"):
                subject = SubjectKey("actor", slug)
                wanted = Selection(subject=subject, members=True, match=match)
                found = [each["id"] for each in pages(casus, wanted, moment, 1_000)]
                assert found == [each["id"] for each in view.timeline(wanted)], (slug, match)
