"""Charts for pages of one's own: ``/embed`` after the address of a timeline, the search or a series.

A small page for an iframe of any site: the chart, how to cite it, and links to where it is from. It runs
nothing and loads nothing but the chart, which its Content-Security-Policy holds it to. The chart is at the
position that the page was read at, so both say the same.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from service.api.actors import Actor, lead_on
from service.api.answers import Answer, origin, permanent_url
from service.api.context import casus_of, moment_of
from service.api.countries import Code
from service.api.documents import LED_ON, NOT_MODIFIED, Responses, problem_responses
from service.api.incidents import ALL
from service.api.parameters import Clocks
from service.api.routing import LongReadRoute
from service.api.selections import (
    ChartQuery,
    country_subject,
    datasets_at,
    pages_of,
    series_selected,
    title_of,
)
from service.api.series import SeriesQuery
from service.api.timelines import selection_of
from service.publishing.chart_frame import count
from service.publishing.chart_timeline import MOST, too_many
from service.publishing.citation import Cited, Kind, counted, in_words
from service.publishing.publication import ChartName, Subject, with_suffix
from service.publishing.vegalite import CHART, without_chart
from service.reading.clocks import Moment

router = APIRouter(route_class=LongReadRoute)
searches = APIRouter(route_class=LongReadRoute)
"""Comes before the incidents, for `embed` is no incident's id."""

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; font: 0.8125rem/1.5 system-ui, sans-serif; }
figure { margin: 0; padding: 0.5rem; }
div { overflow-x: auto; }
img { display: block; width: 100%; min-width: 58rem; max-width: 72rem; height: auto; margin: 0 auto; }
figcaption { max-width: 72rem; margin: 0.75rem auto 0; overflow-wrap: anywhere; }
figcaption p { margin: 0.25rem 0; opacity: 0.8; }
a { color: inherit; }
@media (prefers-color-scheme: dark) { img { filter: invert(1) hue-rotate(180deg); } }
"""

_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self';"
    f" style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'",
}
"""It may load its chart, and nothing else. Who may frame it is left open: any site, and a file."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<figure>
<div><img src="{chart}" alt="{alternative}"></div>
<figcaption>
<p>{citation}</p>
<p><a href="{data}" target="_blank" rel="noopener">The data, as it stood</a> ·
<a href="{cite}" target="_blank" rel="noopener">Cite it</a> ·
<a href="{chart}" target="_blank" rel="noopener">The chart alone</a></p>
</figcaption>
</figure>
</body>
</html>
"""


def _responses(*problems: str) -> Responses:
    return {
        200: {
            "description": "The page.",
            "content": {"text/html": {"schema": {"type": "string"}}},
        },
        **NOT_MODIFIED,
        **problem_responses("bad-parameter", *problems),
    }


@router.get(
    "/v1/countries/{code}/timeline/embed",
    tags=["countries"],
    summary="A country's timeline as a chart for an iframe",
    response_class=HTMLResponse,
    responses=_responses("unknown-country"),
)
def country_embed(request: Request, query: Annotated[ChartQuery, Query()], code: Code) -> Response:
    """A page with the chart, how to cite it and a link back, which any site may frame."""
    subject = country_subject(code)
    return _selection_embedded(request, query, subject, moment_of(casus_of(request), query))


@router.get(
    "/v1/actors/{actor}/timeline/embed",
    tags=["actors"],
    summary="An actor's timeline as a chart for an iframe",
    response_class=HTMLResponse,
    responses={**_responses("unknown-actor"), **LED_ON},
)
def actor_embed(request: Request, query: Annotated[ChartQuery, Query()], actor: Actor) -> Response:
    """A page with the chart, how to cite it and a link back, which any site may frame."""
    casus = casus_of(request)
    moment = moment_of(casus, query)
    found = casus.reader.actors.get(actor, moment.position)
    if found is None or found.merged_into:
        return lead_on(request, casus, actor, moment, "/timeline/embed", fixed=query.fixed)
    subject = Subject(kind="actor", id=actor, name=found.name)
    return _selection_embedded(request, query, subject, moment)


@searches.get(
    "/v1/incidents/embed",
    tags=["incidents"],
    summary="All incidents as a chart for an iframe",
    response_class=HTMLResponse,
    responses=_responses(),
)
def incidents_embed(request: Request, query: Annotated[ChartQuery, Query()]) -> Response:
    """A page with the chart, how to cite it and a link back, which any site may frame."""
    return _selection_embedded(request, query, ALL, moment_of(casus_of(request), query))


@router.get(
    "/v1/series/embed",
    tags=["series"],
    summary="Counts and figures over time as a chart for an iframe",
    response_class=HTMLResponse,
    responses=_responses(),
)
def series_embed(request: Request, query: Annotated[SeriesQuery, Query()]) -> Response:
    """A page with the chart, how to cite it and a link back, which any site may frame."""
    casus = casus_of(request)
    moment = moment_of(casus, query)
    title, pages = series_selected(casus, query, moment)
    return _embedded(
        request, query, moment, kind="series", chart="series", title=title, pages=pages
    )


def _selection_embedded(
    request: Request, query: ChartQuery, subject: Subject, moment: Moment
) -> Response:
    casus = casus_of(request)
    selection = selection_of(casus, query, subject, moment)
    return _embedded(
        request,
        query,
        moment,
        kind="timeline" if subject.id else "search",
        chart=query.chart,
        title=title_of(subject, query),
        pages=pages_of(casus, selection, moment, query.limit),
    )


def _embedded(
    request: Request,
    query: Clocks,
    moment: Moment,
    *,
    kind: Kind,
    chart: ChartName | None,
    title: str,
    pages: Iterable[Sequence[bytes]],
) -> Response:
    answer = Answer(request, moment, fixed=query.fixed)
    answer.headers |= HEADERS
    if unchanged := answer.not_modified():
        return unchanged
    incidents, datasets = counted(pages, datasets_at(casus_of(request), moment))
    if chart == CHART and incidents > MOST:
        raise too_many()
    drawn = permanent_url(request, moment).replace("/embed?", "?", 1)
    data = without_chart(drawn)
    if chart is None and incidents > MOST:  # a page that shows it already goes on showing something
        drawn, chart = f"{drawn}&chart=series", "series"
    cited = Cited(
        kind=kind,
        name=kind,
        title=title,
        moment=moment,
        url=data,
        incidents=incidents,
        datasets=datasets,
    )
    shown = {
        "title": title,
        "chart": _path(request, with_suffix(drawn, "svg")),
        "alternative": f"{title}, {chart or CHART}: {count(incidents, 'incident')}, drawn",
        "citation": in_words(cited),
        "data": _path(request, data),
        "cite": _path(request, data.replace("?", "/cite?", 1)),
    }
    page = _PAGE.format(style=_STYLE, **{name: escape(text) for name, text in shown.items()})
    return answer.of(page.encode(), media_type="text/html; charset=utf-8")


def _path(request: Request, address: str) -> str:
    """An address within this service, whatever name and scheme it is reached by."""
    return address.removeprefix(origin(request))
