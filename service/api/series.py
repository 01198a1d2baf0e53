"""``/v1/series``: incidents and figures counted by day, week, month or year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from pydantic import AfterValidator, Field, WithJsonSchema
from starlette.requests import Request
from starlette.responses import Response

from domain.periods import Interval
from domain.vocabulary import Measure
from service.api.answers import Answer
from service.api.context import bad_parameter, casus_of, moment_of
from service.api.documents import (
    NOT_MODIFIED,
    AsOf,
    PositionRead,
    ReportedBy,
    problem_responses,
)
from service.api.incidents import ALL
from service.api.parameters import Filters
from service.api.routing import LongReadRoute
from service.api.timelines import selection_of
from service.bootstrap import Casus
from service.reading.clocks import Moment
from service.reading.selection import Match
from service.reading.series import Series, TooManyPoints
from service.reading.series_statements import GroupBy, Shape

router = APIRouter(prefix="/v1/series", tags=["series"], route_class=LongReadRoute)

INCIDENTS = "incidents"
"""The measure that counts incidents; the others are those of figures."""

_MEASURES = (INCIDENTS, *Measure)


def _checked_measure(text: str) -> str:
    if text not in _MEASURES:
        raise ValueError(f"a measure is one of {', '.join(_MEASURES)}")
    return text


_MeasureName = Annotated[
    str,
    AfterValidator(_checked_measure),
    WithJsonSchema({"type": "string", "enum": list(_MEASURES)}),
]


class SeriesQuery(Filters):
    """What is counted, in which periods and groups."""

    match: Annotated[
        Match,
        Field(
            description="How an uncertain date is taken. `possible` counts an incident in every"
            " period that it may have happened in: all that its span of days reaches into. `certain`"
            " counts it in the one period that its span lies within, and nowhere if it reaches across"
            " a border. The truth of a period is at least what `certain` counts, and at most what"
            " `possible` does."
        ),
    ] = "possible"
    interval: Annotated[
        Interval,
        Field(description="How long a period is. Weeks are ISO 8601's: they begin on a Monday."),
    ] = Interval.MONTH
    group_by: Annotated[
        GroupBy | None,
        Field(
            description="A series for each `country` whose timeline incidents are on, for each"
            " `actor` that takes part, or for each `type`. An incident counts once in each group"
            " that it belongs to, so that groups of countries and of actors may add up to more than"
            " there is; actors that are merged are one. Left out: one series of everything."
        ),
    ] = None
    measure: Annotated[
        _MeasureName,
        Field(
            description="What is counted: `incidents`, or what figures of this measure say. An"
            " incident without such a figure adds nothing to the sums."
        ),
    ] = INCIDENTS

    @property
    def asked(self) -> dict[str, str | None]:
        """What is shown of the question in its answer."""
        return {
            "interval": self.interval,
            "group_by": self.group_by,
            "measure": self.measure,
            "match": self.match,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPoint:
    """What is counted in a period."""

    period: Annotated[
        str,
        Field(description="ISO 8601.", examples=["2021-06", "2021-W25", "2021-06-22", "2021"]),
    ]
    start: Annotated[str, Field(description="Its first day, ISO 8601.")]
    end: Annotated[str, Field(description="Its last day, ISO 8601.")]
    low: Annotated[int, Field(ge=0, description="The sum of the `low` that figures give.")]
    best: Annotated[int, Field(ge=0, description="The sum of their `best`.")]
    high: Annotated[
        int,
        Field(
            ge=0, description="The sum of their `high`. Of incidents, all three are their number."
        ),
    ]
    incidents: Annotated[
        int, Field(ge=0, description="How many incidents, with such a figure or without.")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesGroup:
    """A series: every group has the same periods, one after the other, also those without anything."""

    key: Annotated[
        str | None,
        Field(description="The country's code, the actor's id or the type; null: everything."),
    ]
    name: str
    points: tuple[SeriesPoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesAnswer:
    """Series, what was asked for, and the moment that they were read at."""

    position: PositionRead
    as_of: AsOf
    reported_by: ReportedBy
    interval: Interval
    group_by: GroupBy | None
    measure: Annotated[str, Field(json_schema_extra={"enum": list(_MEASURES)})]
    match: Match
    groups: Annotated[
        tuple[SeriesGroup, ...],
        Field(
            description="By key. The periods are those of the window; where that is open, they"
            " begin or end with the first or last in which a span of days does."
        ),
    ]


@router.get(
    "",
    summary="Counts and figures over time",
    responses={
        200: {"model": SeriesAnswer, "description": "The series."},
        **NOT_MODIFIED,
        **problem_responses("bad-parameter"),
    },
)
def get_series(request: Request, query: Annotated[SeriesQuery, Query()]) -> Response:
    """How many incidents, or how many killed, wounded, displaced, period after period.

    A period that the window begins or ends within counts what the window has of it. Retracted incidents
    do not count, unless `status` names them.
    """
    casus = casus_of(request)
    moment = moment_of(casus, query)
    answer = Answer(request, moment, fixed=query.fixed, negotiated=True)
    if unchanged := answer.not_modified():
        return unchanged
    return answer.of(_series_bytes(query, moment, read_series(casus, query, moment)))


def read_series(casus: Casus, query: SeriesQuery, moment: Moment) -> Series:
    """The series that a query asks for. Raises `Problem`."""
    selection = selection_of(casus, query, ALL, moment)
    measure = None if query.measure == INCIDENTS else query.measure
    shape = Shape(query.interval, query.group_by, measure)
    try:
        return casus.reader.series.read(casus.reader.selected(selection, moment), moment, shape)
    except TooManyPoints as many:
        message = f"{many}: narrow the window, or choose a longer interval or fewer groups"
        raise bad_parameter("interval", message) from None


def _series_bytes(query: SeriesQuery, moment: Moment, series: Series) -> bytes:
    groups = (
        b'%b,"points":[%b]}'
        % (
            orjson.dumps({"key": group.key, "name": group.name})[:-1],
            b",".join(series.points(group)),
        )
        for group in series.groups
    )
    return b'%b,"groups":[%b]}' % (
        orjson.dumps(moment.fields | query.asked)[:-1],
        b",".join(groups),
    )
