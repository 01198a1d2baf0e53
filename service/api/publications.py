"""Timelines, the search and the series in other formats: ``timeline.csv``, ``incidents.geojson``.

What is selected, at which moment, is the same as without the suffix; it is the whole of it, and not a page.
A short answer is sent as one, a long one as it is written: page after page is read at the fixed position on
a thread, as fast as the client takes it, so that nothing is held for one that is slow or gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Annotated, TypeAlias

import orjson
from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from service.access.limits import neighbourhood
from service.api.actors import Actor, actor_timeline, lead_on
from service.api.answers import Answer, origin, permanent_url, url_of
from service.api.context import bad_parameter, casus_of, moment_of
from service.api.countries import Code, country_timeline
from service.api.documents import (
    LED_ON,
    MEMENTO,
    NOT_MODIFIED,
    PART,
    Responses,
    problem_responses,
)
from service.api.incidents import ALL, search_incidents
from service.api.kept_files import KeptFiles
from service.api.mementos import memento_headers, memento_links, memento_wanted
from service.api.parameters import Clocks
from service.api.problems import Problem
from service.api.routing import LongReadRoute, ReadRoute
from service.api.selections import (
    ChartQuery,
    country_subject,
    datasets_at,
    lines_of,
    pages_of,
    series_title,
    title_of,
)
from service.api.series import SeriesQuery, get_series, read_series
from service.api.streams import Places
from service.api.timelines import selection_of
from service.bootstrap import Casus
from service.publishing.citation import CitedDataset, counted
from service.publishing.formats import FORMATS, OF_INCIDENTS, OF_SERIES
from service.publishing.publication import (
    Format,
    Group,
    Point,
    Publication,
    SeriesPublication,
    Subject,
    Whence,
)
from service.reading.clocks import Moment

router = APIRouter(route_class=LongReadRoute)

WHOLE = 400_000
"""Bytes up to which an answer is sent as a whole, with its length, and kept for whoever asks again."""


for path, endpoint in (
    ("/v1/countries/{code}/timeline", country_timeline),
    ("/v1/actors/{actor}/timeline", actor_timeline),
    ("/v1/incidents", search_incidents),
    ("/v1/series", get_series),
):
    # The contract has them without the suffix.
    router.add_api_route(
        f"{path}.json", endpoint, include_in_schema=False, route_class_override=ReadRoute
    )

IncidentsSuffix: TypeAlias = Annotated[
    str,
    Path(
        description="The format; `json` is what there is without a suffix.",
        json_schema_extra={"enum": list(OF_INCIDENTS)},
        openapi_examples={"CSV": {"value": "csv"}},
    ),
]
SeriesSuffix: TypeAlias = Annotated[
    str,
    Path(
        description="The format; `json` is what there is without a suffix.",
        json_schema_extra={"enum": list(OF_SERIES)},
        openapi_examples={"CSV": {"value": "csv"}},
    ),
]


def _schema(kind: str, format_: Format) -> dict[str, str]:
    """What an answer of a media type is: JSON by what it says, all else by its characters or bytes."""
    if kind == "application/json" or kind.endswith("+json"):
        return {"type": "object"}
    return {"type": "string"} if format_.is_text else {"type": "string", "format": "binary"}


def _answers(suffixes: Sequence[str], what: str, *problems: str) -> Responses:
    kinds = {FORMATS[suffix].media_type.partition(";")[0]: FORMATS[suffix] for suffix in suffixes}
    return {
        200: {
            "description": f"{what}, as the suffix says.",
            "content": {
                kind: {"schema": _schema(kind, format_)} for kind, format_ in kinds.items()
            },
        },
        **PART,
        **MEMENTO,
        **NOT_MODIFIED,
        **problem_responses(
            "bad-parameter",
            "unknown-format",
            "range-not-satisfiable",
            "chart-not-drawn",
            "busy",
            *problems,
        ),
    }


@router.get(
    "/v1/countries/{code}/timeline.{suffix}",
    tags=["countries"],
    summary="A country's timeline in another format",
    response_class=Response,
    responses=_answers(OF_INCIDENTS, "The timeline", "unknown-country"),
)
def country_publication(
    request: Request,
    query: Annotated[ChartQuery, Query()],
    code: Code,
    suffix: IncidentsSuffix,
) -> Response:
    """The whole of a country's timeline, in a format that other programs read."""
    format_ = _format(suffix, OF_INCIDENTS)
    subject = country_subject(code)
    return _published(request, query, subject, moment_of(casus_of(request), query), format_)


@router.get(
    "/v1/actors/{actor}/timeline.{suffix}",
    tags=["actors"],
    summary="An actor's timeline in another format",
    response_class=Response,
    responses={**_answers(OF_INCIDENTS, "The timeline", "unknown-actor"), **LED_ON},
)
def actor_publication(
    request: Request,
    query: Annotated[ChartQuery, Query()],
    actor: Actor,
    suffix: IncidentsSuffix,
) -> Response:
    """The whole of an actor's timeline, in a format that other programs read."""
    format_ = _format(suffix, OF_INCIDENTS)
    casus = casus_of(request)
    moment = moment_of(casus, query)
    found = casus.reader.actors.get(actor, moment.position)
    if found is None or found.merged_into:
        return lead_on(request, casus, actor, moment, f"/timeline.{suffix}", fixed=query.fixed)
    subject = Subject(kind="actor", id=actor, name=found.name)
    return _published(request, query, subject, moment, format_)


@router.get(
    "/v1/incidents.{suffix}",
    tags=["incidents"],
    summary="All incidents in another format",
    response_class=Response,
    responses=_answers(OF_INCIDENTS, "The incidents"),
)
def incidents_publication(
    request: Request, query: Annotated[ChartQuery, Query()], suffix: IncidentsSuffix
) -> Response:
    """All incidents, narrowed by any of the parameters, in a format that other programs read."""
    format_ = _format(suffix, OF_INCIDENTS)
    return _published(request, query, ALL, moment_of(casus_of(request), query), format_)


@router.get(
    "/v1/series.{suffix}",
    tags=["series"],
    summary="Counts and figures over time in another format",
    response_class=Response,
    responses=_answers(OF_SERIES, "The series"),
)
def series_publication(
    request: Request, query: Annotated[SeriesQuery, Query()], suffix: SeriesSuffix
) -> Response:
    """A row for each period of each group."""
    format_ = _format(suffix, OF_SERIES)
    casus = casus_of(request)
    moment = moment_of(casus, query)
    answer = _answer(request, query, moment, format_)
    if unchanged := answer.not_modified():
        return unchanged
    found = read_series(casus, query, moment)
    publication = SeriesPublication(
        title=series_title(query),
        moment=moment,
        origin=origin(request),
        address=permanent_url(request, moment),
        asked=query.asked,
        groups=[
            Group(group.key, group.name, [Point(**orjson.loads(p)) for p in found.points(group)])
            for group in found.groups
        ],
        credited=lambda: _credited(casus, query, moment),
    )
    if format_.series is None:
        raise RuntimeError(f"{format_.suffix} is not of series")
    return _whole_or_streamed(request, answer, format_.series(publication), format_)


def _credited(casus: Casus, query: SeriesQuery, moment: Moment) -> Sequence[CitedDataset]:
    """The datasets that the incidents rest on which series may count."""
    pages = pages_of(casus, selection_of(casus, query, ALL, moment), moment, None)
    _, datasets = counted(pages, datasets_at(casus, moment))
    return datasets


def _format(suffix: str, suffixes: Sequence[str]) -> Format:
    if suffix not in suffixes:
        raise Problem(
            "unknown-format",
            f"there is no format {suffix[:100]!r} here; there are json, {', '.join(suffixes)}",
        )
    return FORMATS[suffix]


def _published(
    request: Request, query: ChartQuery, subject: Subject, moment: Moment, format_: Format
) -> Response:
    if query.chart and not format_.is_chart:
        charts = [f".{each.suffix}" for each in FORMATS.values() if each.is_chart]
        raise bad_parameter("chart", f"only {', '.join(charts)} are charts")
    if past := memento_wanted(request, query):
        return past
    casus = casus_of(request)
    selection = selection_of(casus, query, subject, moment)
    answer = _answer(request, query, moment, format_)
    answer.headers |= memento_headers(query, moment, negotiated=True)
    answer.links += memento_links(request, query)
    if unchanged := answer.not_modified():
        return unchanged
    whence = Whence(origin=origin(request), moment=moment)
    publication = Publication(
        subject=subject,
        title=title_of(subject, query),
        moment=moment,
        origin=whence.origin,
        address=permanent_url(request, moment),
        pages=pages_of(casus, selection, moment, query.limit),
        lines=lines_of(casus, selection, whence, query.limit),
        datasets=datasets_at(casus, moment),
        live=url_of(request, request.scope["query_string"].decode("ascii")),
        limit=query.limit,
        chart=query.chart,
        recent=lambda limit: casus.reader.recent.latest(selection, moment, limit),
    )
    if format_.incidents is None:
        raise RuntimeError(f"{format_.suffix} is not of incidents")
    return _whole_or_streamed(request, answer, format_.incidents(publication), format_)


def _answer(request: Request, query: Clocks, moment: Moment, format_: Format) -> Answer:
    is_packed = not format_.is_text
    return Answer(
        request, moment, fixed=query.fixed, negotiated=True, packed=is_packed, parted=True
    )


def _whole_or_streamed(
    request: Request, answer: Answer, chunks: Iterator[bytes], format_: Format
) -> Response:
    """The answer as one if it is short, else as it is written; what is written first is written now.

    What was written before is sent from the file that was kept, in part if no more is asked for.
    """
    kept: KeptFiles = request.app.state.kept
    places: Places = request.app.state.places
    # A position of another log, put in the place of that one, is another answer's.
    name = f"{casus_of(request).projector.generation.path.stem}-{answer.tag}"
    if file := kept.open(name):
        return answer.of_file(file, media_type=format_.media_type)
    begun, size = [], 0
    for chunk in chunks:
        begun.append(chunk)
        size += len(chunk)
        if size > WHOLE:
            address = neighbourhood(request.client.host if request.client else "")
            whole = places.given(kept.keeping(name, chain(begun, chunks)), address)
            return answer.streamed(whole, media_type=format_.media_type)
    return answer.of(b"".join(begun), media_type=format_.media_type)
