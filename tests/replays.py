"""Replays played to their end, and what they have to show, told here once more.

That is what the naive fold (`tests.naive`) selects at each point of the clock, one after the other, and
what is different between two of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from uuid import UUID

import orjson

from domain.dates import OPEN_PAST, day_of_instant, iso_of_day
from domain.edtf import span
from domain.incidents import reported_day
from domain.records import Recorded
from domain.resolution import ShownFigure
from domain.totals import totals
from domain.vocabulary import Measure
from service.bootstrap import Casus
from service.reading.clocks import EVERYTHING_REPORTED, Moment
from service.reading.replay import Course, Mark, Step
from service.reading.selection import Selection
from tests.naive import Json, View

BOUNDS = ("low", "best", "high")


def played(
    casus: Casus,
    wanted: Selection,
    moment: Moment,
    course: Course,
    after: Mark | None = None,
) -> tuple[list[Step], Json]:
    """The steps of a replay, and its end."""
    replay = casus.reader.replays.begin(wanted, moment, course, after)
    steps = [step for page in replay.pages() for step in page]
    return steps, orjson.loads(replay.end)


def as_json(steps: Sequence[Step]) -> list[Json]:
    return [orjson.loads(step.json) for step in steps]


def read_at_end(casus: Casus, wanted: Selection, end: Json) -> list[Json]:
    """What a read shows at the moment that a replay ended with."""
    by = end["reported_by"]
    day = span(by).latest if by else EVERYTHING_REPORTED
    moment = casus.reader.moment(end["position"], None, day)
    page = casus.reader.page(replace(wanted, order="asc"), moment, None, 1_000)
    return [orjson.loads(item) for item in page.items]


def naive_steps(
    log: Sequence[Recorded], wanted: Selection, moment: Moment, course: Course
) -> list[Json]:
    """Every step up to a moment, by what the naive fold selects before and after each point."""
    numbers = {each.stream: each.position for each in reversed(log)}
    shown: dict[str, Json] = {}
    steps = []
    for date, after in _states(log, wanted, moment, course):
        for entry in sorted((shown | after).values(), key=lambda entry: numbers[UUID(entry["id"])]):
            one = entry["id"]
            if shown.get(one) == after.get(one):
                continue
            change = "removed" if one not in after else "changed" if one in shown else "added"
            shown = {each: entry for each, entry in shown.items() if each != one}
            shown |= {one: after[one]} if one in after else {}
            steps.append(
                {
                    "step": len(steps) + 1,
                    "date": date,
                    "change": change,
                    "incident": entry,
                    "totals": naive_totals(shown.values()),
                }
            )
    return steps


def _states(
    log: Sequence[Recorded], wanted: Selection, moment: Moment, course: Course
) -> Iterator[tuple[str | None, dict[str, Json]]]:
    """Each date of the clock, and what is selected then; actors are those of the moment all along."""
    of_actors = [each for each in log if not hasattr(each.record, "reported")]
    last = last_position(log, moment, course)

    def selected(position: int, reported_by: int) -> dict[str, Json]:
        there = [each for each in log if each in of_actors or each.position <= position]
        view = View(there, last, reported_by)
        return {entry["id"]: entry for entry in view.timeline(replace(wanted, order="asc"))}

    until = 10**15 if course.until is None else course.until
    if course.clock == "occurred":
        there: dict[str, Json] = {}
        for entry in selected(moment.position, moment.reported_by).values():
            earliest = span(entry["occurred"]["edtf"]).earliest
            if earliest <= until:
                there = {**there, entry["id"]: entry}
                yield None if earliest == OPEN_PAST else iso_of_day(earliest), there
    elif course.clock == "reported":
        days = {reported_day(each.record) for each in log if each not in of_actors}
        for day in sorted(days):
            if day <= min(until, moment.reported_by):
                yield iso_of_day(day), selected(moment.position, day)
    else:
        latest = ""
        for each in log[:last]:
            latest = max(latest, each.record.recorded_at)
            yield latest[:10], selected(each.position, moment.reported_by)


def last_position(log: Sequence[Recorded], moment: Moment, course: Course) -> int:
    """The position that a replay reaches: the moment's, or what was recorded by its last day."""
    if course.clock != "recorded" or course.until is None:
        return moment.position
    there = log[: moment.position]
    days = [day_of_instant(each.record.recorded_at) for each in there]
    return sum(max(days[:number]) <= course.until for number in range(1, len(days) + 1))


def naive_totals(entries: Iterable[Json]) -> Json:
    """How many there are, and what their figures add up to."""
    sums: dict[str, Json] = {}
    incidents = 0
    for entry in entries:
        incidents += 1
        figures = [
            ShownFigure(**{**each, "measure": Measure(each["measure"])})
            for each in entry["figures"]
        ]
        for measure, total in totals(figures).items():
            sum_ = sums.setdefault(str(measure), dict.fromkeys(BOUNDS, 0))
            for bound in BOUNDS:
                sum_[bound] += getattr(total, bound)
    return {"incidents": incidents, "figures": sums}
