"""Citations: ``/cite`` after the address of a timeline, of the search, of an incident or of a series.

It takes the same parameters. JSON has the citation in every style; ``.bib`` and ``.csl.json``, as well as
``Accept``, lead to BibTeX and CSL-JSON alone (`service.publishing.citation`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from service.api.actors import Actor, lead_on
from service.api.answers import Answer, permanent_url
from service.api.context import casus_of, moment_of
from service.api.countries import Code
from service.api.documents import (
    LED_ON,
    NOT_MODIFIED,
    AsOf,
    PositionRead,
    ReportedBy,
    Responses,
    problem_responses,
)
from service.api.incidents import ALL, IncidentId, no_such_incident, stream_of
from service.api.parameters import Clocks
from service.api.problems import Problem
from service.api.routing import LongReadRoute
from service.api.selections import (
    PublicationQuery,
    country_subject,
    datasets_at,
    pages_of,
    series_selected,
    title_of,
)
from service.api.series import SeriesQuery
from service.api.timelines import selection_of
from service.publishing.citation import (
    STYLES,
    Cited,
    CitedDataset,
    Kind,
    bibtex,
    counted,
    csl,
    in_words,
)
from service.publishing.publication import Subject
from service.reading.clocks import Moment

router = APIRouter(route_class=LongReadRoute)
searches = APIRouter(route_class=LongReadRoute)
"""Apart, for it has to be looked for before the incidents by their ids, and nothing else has to be."""

Endpoint = TypeVar("Endpoint", bound=Callable[..., Response])


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationAnswer:
    """How to cite what was read, and whose data is in it."""

    position: PositionRead
    as_of: AsOf
    reported_by: ReportedBy
    url: Annotated[
        str,
        Field(
            description="The permanent address of what is cited.",
            json_schema_extra={"format": "uri"},
        ),
    ]
    citation: Annotated[str, Field(description="In words.")]
    incidents: Annotated[int, Field(ge=0, description="How many are cited.")]
    datasets: Annotated[
        tuple[CitedDataset, ...],
        Field(
            description="Those that the incidents cited rest on, by id. What is reported here by hand"
            " rests on none: its sources are its own."
        ),
    ]
    bibtex: str
    csl: Annotated[
        dict[str, Any],
        Field(description="An item of CSL-JSON (Citation Style Language 1.0)."),
    ]


def _responses(*problems: str) -> Responses:
    return {
        200: {
            "model": CitationAnswer,
            "description": "The citation.",
            "content": {
                STYLES["bib"]: {"schema": {"type": "string"}},
                STYLES["csl.json"]: {"schema": {"type": "array", "items": {"type": "object"}}},
            },
        },
        **NOT_MODIFIED,
        **problem_responses("bad-parameter", "not-acceptable", *problems),
    }


def _cites(
    router: APIRouter, path: str, tag: str, summary: str, responses: Responses
) -> Callable[[Endpoint], Endpoint]:
    """Declare an endpoint at a path, and with the suffix of a style, which the contract leaves out."""

    def declare(endpoint: Endpoint) -> Endpoint:
        router.add_api_route(path, endpoint, tags=[tag], summary=summary, responses=responses)
        router.add_api_route(f"{path}.{{style}}", _styled(endpoint), include_in_schema=False)
        return endpoint

    return declare


def _styled(endpoint: Callable[..., Response]) -> Callable[..., Response]:
    @wraps(endpoint)
    def styled(request: Request, query: Clocks, style: str, **named: str) -> Response:
        if style != "json" and style not in STYLES:
            raise Problem(
                "unknown-format",
                f"there is no format {style[:100]!r} here; there are json, {', '.join(STYLES)}",
            )
        return endpoint(request, query, **named)

    return styled


@_cites(
    router,
    "/v1/countries/{code}/timeline/cite",
    "countries",
    "How to cite a country's timeline",
    _responses("unknown-country"),
)
def country_citation(
    request: Request, query: Annotated[PublicationQuery, Query()], code: Code
) -> Response:
    """The whole selection is cited, not one of its pages; with `position` for ever in the same words."""
    subject = country_subject(code)
    return _selection_cited(request, query, subject, moment_of(casus_of(request), query))


@_cites(
    router,
    "/v1/actors/{actor}/timeline/cite",
    "actors",
    "How to cite an actor's timeline",
    {**_responses("unknown-actor"), **LED_ON},
)
def actor_citation(
    request: Request, query: Annotated[PublicationQuery, Query()], actor: Actor
) -> Response:
    """The whole selection is cited, not one of its pages; with `position` for ever in the same words."""
    casus = casus_of(request)
    moment = moment_of(casus, query)
    found = casus.reader.actors.get(actor, moment.position)
    if found is None or found.merged_into:
        rest = f"/timeline/cite{_suffix(request)}"
        return lead_on(request, casus, actor, moment, rest, fixed=query.fixed)
    subject = Subject(kind="actor", id=actor, name=found.name)
    return _selection_cited(request, query, subject, moment)


@_cites(searches, "/v1/incidents/cite", "incidents", "How to cite a search", _responses())
def search_citation(request: Request, query: Annotated[PublicationQuery, Query()]) -> Response:
    """The whole selection is cited, not one of its pages; with `position` for ever in the same words."""
    return _selection_cited(request, query, ALL, moment_of(casus_of(request), query))


@_cites(
    router,
    "/v1/incidents/{incident_id}/cite",
    "incidents",
    "How to cite an incident",
    _responses("unknown-incident"),
)
def incident_citation(
    request: Request, query: Annotated[Clocks, Query()], incident_id: IncidentId
) -> Response:
    """An incident as shown at a moment, which may have been revised since."""
    casus = casus_of(request)
    moment = moment_of(casus, query)
    dossier = casus.dossiers.at(stream_of(incident_id, moment), moment)
    entry = casus.reader.incident(str(dossier.incident.stream), moment) if dossier else None
    if entry is None:
        raise no_such_incident(incident_id, moment)
    shown = orjson.loads(entry)
    title = f"{shown['title']} ({shown['occurred']['edtf']})"
    return _cited(
        request, query, moment, kind="incident", name=incident_id, title=title, pages=[[entry]]
    )


@_cites(router, "/v1/series/cite", "series", "How to cite a series", _responses())
def series_citation(request: Request, query: Annotated[SeriesQuery, Query()]) -> Response:
    """All incidents that the series may count are cited."""
    casus = casus_of(request)
    moment = moment_of(casus, query)
    title, pages = series_selected(casus, query, moment)
    return _cited(request, query, moment, kind="series", name="series", title=title, pages=pages)


def _selection_cited(
    request: Request, query: PublicationQuery, subject: Subject, moment: Moment
) -> Response:
    casus = casus_of(request)
    selection = selection_of(casus, query, subject, moment)
    return _cited(
        request,
        query,
        moment,
        kind="timeline" if subject.id else "search",
        name=subject.id or "incidents",
        title=title_of(subject, query),
        pages=pages_of(casus, selection, moment, query.limit),
    )


def _cited(
    request: Request,
    query: Clocks,
    moment: Moment,
    *,
    kind: Kind,
    name: str,
    title: str,
    pages: Iterable[Sequence[bytes]],
) -> Response:
    answer = Answer(request, moment, fixed=query.fixed, negotiated=True)
    if unchanged := answer.not_modified():
        return unchanged
    suffix = _suffix(request)
    path, _, rest = permanent_url(request, moment).partition("?")
    url = f"{path.removesuffix(f'/cite{suffix}')}?{rest}"
    answer.links[0] = f'<{url}>; rel="cite-as"'
    incidents, datasets = counted(pages, datasets_at(casus_of(request), moment))
    cited = Cited(
        kind=kind,
        name=name,
        title=title,
        moment=moment,
        url=url,
        incidents=incidents,
        datasets=datasets,
    )
    match suffix:
        case ".bib":
            body = bibtex(cited).encode()
        case ".csl.json":
            body = orjson.dumps([csl(cited)])
        case _:
            return answer.of(orjson.dumps(_document(cited)))
    return answer.of(body, media_type=STYLES[suffix[1:]])


def _suffix(request: Request) -> str:
    """The style that is asked for, as it ends the path: ``.bib``."""
    path: str = request.scope["path"]
    return path.rpartition("/cite")[2]


def _document(cited: Cited) -> CitationAnswer:
    return CitationAnswer(
        position=cited.moment.position,
        as_of=cited.moment.as_of,
        reported_by=cited.moment.reported_by_text,
        url=cited.address,
        citation=in_words(cited),
        incidents=cited.incidents,
        datasets=tuple(cited.datasets),
        bibtex=bibtex(cited),
        csl=csl(cited),
    )
