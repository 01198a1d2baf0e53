"""The history of an incident: what each record changed, so that all of them make what is shown."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.incidents import Incident, incidents_at, standing, survivor
from domain.records import Recorded
from service.bootstrap import Casus
from service.reading.changes import FIELDS, Shown, shown
from service.reading.clocks import EVERYTHING_REPORTED, Moment
from service.reading.history import HistoryItem
from service.recording import Caller
from tests.conftest import an_account
from tests.random_logs import REPORTED_DAYS, a_log_at_random, a_store_of

Json = dict[str, Any]

BY = Caller(by="curator")
EXAMPLES = int(os.environ.get("CASUS_HISTORIES", "40"))
HISTORIES_EACH = 25
INCIDENTS = 5
MEMBERS = ("countries", "participants", "figures", "codes", "sources", "datasets")
"""The fields that are lists."""


# what is shown is all that a history changed


def gathered(
    casus: Casus, stream: UUID, moment: Moment, limit: int
) -> tuple[list[HistoryItem], UUID | None] | None:
    """A history, page by page, and into which incident it leads."""
    items: list[HistoryItem] = []
    after: int | None = 0
    while after is not None:
        page = casus.histories.page(stream, moment, after, limit)
        if page is None:
            return None
        assert len(page.items) <= limit
        items += page.items
        after = page.next
    return items, page.merged_into


def apart(entry: Shown | None) -> Json:
    """What is shown, field by field, lists in no order; of nothing, nothing."""
    return {name: members(entry[name]) if entry else None for name in FIELDS}


def members(value: Any) -> Any:
    return Counter(map(orjson.dumps, value)) if isinstance(value, list) else value


def something(fields: Json) -> Json:
    """The fields that show anything."""
    return {name: value for name, value in fields.items() if value}


def change(fields: Json, item: HistoryItem) -> None:
    """Carry out what a record changed."""
    for each in item.changes:
        assert each.before != each.after
        held = fields[each.field]
        if each.field in MEMBERS:
            held = held or Counter()
            before = members([each.before] if each.before else [])
            assert before <= held
            fields[each.field] = held - before + members([each.after] if each.after else [])
        else:
            assert held == each.before
            fields[each.field] = each.after


def fold(history: Sequence[Recorded], stream: UUID, moment: Moment) -> Incident | None:
    """The incident as it stands by itself at a moment."""
    incidents = incidents_at(history, moment.position, moment.reported_by)
    return next((each for each in standing(incidents) if each.stream == stream), None)


@settings(max_examples=EXAMPLES)
@given(st.integers(0, 2**32).map(random.Random))
def test_what_is_shown_after_each_record_is_what_the_history_has_changed_by_then(chance):
    records = a_log_at_random(chance, length=chance.randint(1, 40), incidents=INCIDENTS)
    history = [each for each in records if hasattr(each.record, "reported")]
    with a_store_of(records) as casus:
        for _ in range(HISTORIES_EACH):
            stream = UUID(int=chance.randint(1, INCIDENTS))
            moment = Moment(
                chance.randint(0, len(records)),
                None,
                chance.choice([*REPORTED_DAYS, *[EVERYTHING_REPORTED] * 8]),
            )
            told = gathered(casus, stream, moment, chance.choice([1, 2, 100]))
            assert (told is None) == (casus.dossiers.at(stream, moment) is None)
            if told is not None:
                check(history, stream, moment, *told)


def check(
    history: Sequence[Recorded],
    stream: UUID,
    moment: Moment,
    items: Sequence[HistoryItem],
    merged_into: UUID | None,
) -> None:
    incidents = incidents_at(history, moment.position, moment.reported_by)
    other = survivor(incidents, stream)
    assert merged_into == (other if other != stream else None)
    fields = apart(None)
    for item in items:
        change(fields, item)
        there = fold(history, stream, Moment(item.position, None, moment.reported_by))
        if there is None:
            assert item.changes == ()
        else:
            assert something(fields) == something(apart(shown(there)))
    by_position = {each.position: each for each in history}
    assert [item.position for item in items] == sorted({item.position for item in items})
    for item in items:
        recorded = by_position[item.position]
        assert item.incident == recorded.stream
        assert recorded.record.TOPIC.startswith(item.kind.replace("_", "-"))
        assert item.recorded_by == recorded.record.recorded_by
    itself = incidents[stream]
    if itself.merged_at is None:
        assert len(items) == itself.revision
        assert items[-1].position == itself.position
    else:
        assert items[-1].position == itself.merged_at
        assert (items[-1].kind, items[-1].into) == ("incident_merged", itself.merged_into)


def test_what_histories_compare_is_what_the_rows_show(casus):
    stream = casus.desk.report_incident(an_account(summary="A summary"), BY).stream
    incident = fold(casus.log.incident(stream), stream, casus.reader.moment())
    row = orjson.loads(casus.reader.incident(str(stream), casus.reader.moment()))
    assert {name: row[name] for name in FIELDS} == {name: shown(incident)[name] for name in FIELDS}
