"""``/v1/countries``: all countries, and the timeline of each."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from domain.countries import COUNTRIES
from service.api.answers import Answer
from service.api.context import casus_of, moment_of
from service.api.documents import (
    MEMENTO,
    NOT_MODIFIED,
    CountriesAnswer,
    CountryItem,
    problem_responses,
)
from service.api.parameters import Clocks, TimelineQuery
from service.api.routing import ReadRoute
from service.api.selections import country_subject
from service.api.timelines import Timeline, timeline_answer, timeline_start

router = APIRouter(prefix="/v1/countries", tags=["countries"], route_class=ReadRoute)

Code = Annotated[
    str,
    Path(
        description="ISO 3166-1 alpha-3; alpha-2, a name or gw:NUMBER is understood.",
        openapi_examples={"Afghanistan": {"value": "AFG"}},
        json_schema_extra={"format": "country"},
    ),
]


@router.get(
    "",
    summary="All countries",
    responses={
        200: {"model": CountriesAnswer, "description": "All countries, by code."},
        **NOT_MODIFIED,
        **problem_responses("bad-parameter"),
    },
)
def list_countries(request: Request, query: Annotated[Clocks, Query()]) -> Response:
    """Every country and former state that Casus knows, with the incidents its timeline shows."""
    casus = casus_of(request)
    moment = moment_of(casus, query)
    answer = Answer(request, moment, fixed=query.fixed)
    if unchanged := answer.not_modified():
        return unchanged
    counts = {each.code: each.incidents for each in casus.reader.countries(moment)}
    document = CountriesAnswer(
        position=moment.position,
        as_of=moment.as_of,
        reported_by=moment.reported_by_text,
        items=tuple(
            CountryItem(
                code=country.code,
                alpha2=country.alpha2,
                name=country.name,
                gw=country.gw,
                since=country.since,
                until=country.until,
                incidents=counts.get(country.code, 0),
                timeline=f"/v1/countries/{country.code}/timeline",
            )
            for country in COUNTRIES.values()
        ),
    )
    return answer.of(orjson.dumps(document))


@router.get(
    "/{code}/timeline",
    summary="A country's timeline",
    responses={
        200: {"model": Timeline, "description": "A page of the timeline."},
        **MEMENTO,
        **NOT_MODIFIED,
        **problem_responses("bad-parameter", "bad-cursor", "unknown-country"),
    },
)
def country_timeline(
    request: Request, query: Annotated[TimelineQuery, Query()], code: Code
) -> Response:
    """The incidents that concern a country, each once, with the roles that say why."""
    subject = country_subject(code)
    return timeline_answer(request, query, subject, timeline_start(request, query))
