"""The difference of two moments: with it, the entries at the one are those at the other."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from unittest.mock import patch
from uuid import UUID

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.actors import MergeActor, NameActor
from domain.incidents import incidents_at, standing, survivor
from domain.records import Recorded
from domain.resolution import resolve
from domain.values import Participant
from domain.vocabulary import Status
from service.bootstrap import Casus
from service.reading import differences
from service.reading.clocks import EVERYTHING_REPORTED, Moment
from service.reading.difference_statements import Interval
from service.reading.selection import Selection, SubjectKey
from service.recording import Caller
from tests.conftest import a_profile, an_account
from tests.random_logs import (
    CODES,
    REPORTED_DAYS,
    SLUGS,
    TYPES,
    a_log_at_random,
    a_store_of,
)

Json = dict[str, Any]

BY = Caller(by="curator")
EXAMPLES = int(os.environ.get("CASUS_HISTORIES", "40"))
DIFFS_EACH = 30
GONE = {"retracted", "merged", "removed"}
COME = {"added", "reinstated", "unmerged"}


# with the difference, the entries at the one moment are those at the other


def nameless(entry: Json) -> Json:
    """An entry without the names of actors: a new name is no change of an incident."""
    participants = [
        {"actor": each["actor"], "role": each["role"]} for each in entry["participants"]
    ]
    return {**entry, "participants": participants}


def entries(casus: Casus, wanted: Selection, moment: Moment) -> dict[str, Json]:
    """The entries on a timeline, by incident, as its pages have them."""
    subject = SubjectKey("actor", wanted.actor) if wanted.actor else None
    selection = Selection(subject=subject, country=wanted.country, types=wanted.types)
    page = casus.reader.page(selection, moment, None, 1_000)
    return {entry["id"]: nameless(entry) for entry in map(orjson.loads, page.items)}


def found(casus: Casus, wanted: Selection, interval: Interval, limit: int) -> list[Json]:
    """The differences, gathered page by page."""
    items: list[Json] = []
    numbers: list[int] = []
    after: int | None = 0
    while after is not None:
        page, after = casus.reader.differences.page(wanted, interval, after, limit)
        assert len(page) <= limit
        items += (orjson.loads(each.as_json) for each in page)
        numbers += (each.number for each in page)
    assert numbers == sorted(set(numbers))
    return items


def applied(before: dict[str, Json], items: Iterable[Json]) -> dict[str, Json]:
    """The entries with what was added, changed and taken away."""
    after = dict(before)
    for item in items:
        entry = nameless(item["incident"])
        if item["change"] in COME:
            assert entry["id"] not in after
            after[entry["id"]] = entry
        elif item["change"] in GONE:
            del after[entry["id"]]
        else:
            assert after[entry["id"]] != entry
            after[entry["id"]] = entry
    return after


def an_interval(chance: random.Random, head: int) -> Interval:
    """Two moments that differ by one clock; or not at all."""
    days = [*REPORTED_DAYS, EVERYTHING_REPORTED]
    first, last = sorted(chance.choices(range(head + 1), k=2))
    since, until = sorted(chance.choices(days, k=2))
    if chance.random() < 0.5:
        return Interval(Moment(first, None, until), Moment(last, None, until))
    return Interval(Moment(last, None, since), Moment(last, None, until))


def a_timeline(chance: random.Random) -> Selection:
    return Selection(
        country=chance.choice([None, None, *CODES]),
        actor=chance.choice([None, None, *SLUGS]),
        types=chance.choice([(), (), tuple(TYPES[:1])]),
    )


def state(history: Sequence[Recorded], incident: str, moment: Moment) -> str:
    """How it is with an incident at a moment, by the domain's own fold."""
    stream = UUID(incident)
    incidents = incidents_at(history, moment.position, moment.reported_by)
    if survivor(incidents, stream) != stream:
        return "merged" if incidents[stream].accounts else "absent"
    for each in standing(incidents):
        if each.stream == stream:
            return "retracted" if resolve(each).status is Status.RETRACTED else "shown"
    return "absent"


def patched(before: Json, fields: Iterable[Json]) -> Json:
    """An entry with its fields changed, lists in no order."""
    after = {name: members(value) for name, value in before.items()}
    for each in fields:
        assert each["before"] != each["after"]
        if not isinstance(after[each["field"]], Counter):
            assert after[each["field"]] == each["before"]
            after[each["field"]] = each["after"]
            continue
        if each["before"] is not None:
            assert after[each["field"]][orjson.dumps(each["before"])] == 1
        after[each["field"]] -= members([each["before"]] if each["before"] else [])
        after[each["field"]] += members([each["after"]] if each["after"] else [])
    return after


def members(value: Any) -> Any:
    return Counter(map(orjson.dumps, value)) if isinstance(value, list) else value


UNCOMPARED = {"revision", "position", "recorded_at"}


@settings(max_examples=EXAMPLES)
@given(st.integers(0, 2**32).map(random.Random))
def test_the_entries_at_one_moment_with_the_difference_are_those_at_the_other(chance):
    records = a_log_at_random(chance, length=chance.randint(1, 40), incidents=5)
    history = [each for each in records if hasattr(each.record, "reported")]
    with a_store_of(records) as casus:
        for _ in range(DIFFS_EACH):
            wanted, interval = a_timeline(chance), an_interval(chance, len(records))
            with (
                patch.object(differences, "CANDIDATES_AT_ONCE", chance.choice([1, 2, 2_000])),
                patch.object(differences, "COMPARED_AT_ONCE", chance.choice([1, 2, 100])),
            ):
                items = found(casus, wanted, interval, chance.choice([1, 2, 100]))
            before, after = (entries(casus, wanted, m) for m in (interval.start, interval.end))
            assert applied(before, items) == after, (wanted, interval)
            for item in items:
                check_words(history, item, interval)
                check_fields(casus, item, interval)


def check_words(history: Sequence[Recorded], item: Json, interval: Interval) -> None:
    """The word for a difference is the one for how it was, and is, with the incident."""
    incident = item["incident"]["id"]
    was, is_ = (state(history, incident, each) for each in (interval.start, interval.end))
    words = {
        "added": (("absent", "shown"), ("shown",)),
        "changed": (("shown",), ("shown",)),
        "retracted": (("shown",), ("retracted",)),
        "reinstated": (("retracted",), ("shown",)),
        "merged": (("shown",), ("merged",)),
        "unmerged": (("merged",), ("shown",)),
        "removed": (("shown",), ("absent", "shown")),
    }
    allowed_before, allowed_after = words[item["change"]]
    assert was in allowed_before
    assert is_ in allowed_after
    for name, moment, merged in (
        ("out_of", interval.start, was == "merged"),
        ("into", interval.end, is_ == "merged"),
    ):
        incidents = incidents_at(history, moment.position, moment.reported_by)
        other = str(survivor(incidents, UUID(incident)))
        assert item[name] == (other if merged else None)


def check_fields(casus: Casus, item: Json, interval: Interval) -> None:
    """The fields of a difference lead from the one entry to the other, where there are both."""
    incident = item["incident"]["id"]
    before, after = (
        casus.reader.incident(incident, each) for each in (interval.start, interval.end)
    )
    if before is None or after is None:
        assert item["fields"] == []
        assert item["incident"] == orjson.loads(after or before)
        return
    assert item["incident"] == orjson.loads(after)
    was, is_ = nameless(orjson.loads(before)), nameless(orjson.loads(after))
    expected = patched(is_, ())
    assert {**patched(was, item["fields"]), **{k: is_[k] for k in UNCOMPARED}} == expected


def test_a_difference_is_found_whatever_was_merged_of_actors(casus):
    """Nothing is recorded of the incident, and yet others take part in it."""
    casus.desk.register_actor(a_profile(), BY)
    casus.desk.register_actor(a_profile(id="haqqani", name="Haqqani network"), BY)
    told = an_account(participants=(Participant(actor="haqqani"),))
    incident = str(casus.desk.report_incident(told, BY).stream)
    casus.desk.revise_actor("haqqani", MergeActor(into="taliban", reason="one and the same"), BY)
    interval = Interval(casus.reader.moment(3), casus.reader.moment())
    (everywhere,) = found(casus, Selection(), interval, 10)
    assert (everywhere["change"], everywhere["incident"]["id"]) == ("changed", incident)
    assert [(each["before"], each["after"]) for each in everywhere["fields"]] == [
        ({"actor": "haqqani", "role": "unspecified"}, None),
        (None, {"actor": "taliban", "role": "unspecified"}),
    ]
    (on_its_own,) = found(casus, Selection(actor="taliban"), interval, 10)
    assert (on_its_own["change"], on_its_own["incident"]["id"]) == ("added", incident)


def test_a_timeline_that_an_actor_s_merge_leads_to_another_gains_what_is_on_that(casus):
    for slug in ("taliban", "haqqani"):
        casus.desk.register_actor(a_profile(id=slug, name=slug), BY)
    told = an_account(participants=(Participant(actor="taliban"),))
    incident = str(casus.desk.report_incident(told, BY).stream)
    casus.desk.revise_actor("haqqani", MergeActor(into="taliban", reason="one and the same"), BY)
    interval = Interval(casus.reader.moment(3), casus.reader.moment())
    (item,) = found(casus, Selection(actor="haqqani"), interval, 10)
    assert (item["change"], item["incident"]["id"], item["fields"]) == ("added", incident, [])


def test_a_new_name_of_an_actor_is_no_change_of_its_incidents(casus):
    casus.desk.register_actor(a_profile(), BY)
    casus.desk.report_incident(an_account(participants=(Participant(actor="taliban"),)), BY)
    casus.desk.revise_actor("taliban", NameActor(text="IEA", shown=True, reason="its own"), BY)
    assert (
        found(casus, Selection(), Interval(casus.reader.moment(2), casus.reader.moment()), 9) == []
    )
