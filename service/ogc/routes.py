"""The routes of OGC API - Features. Refusals are the problems that all of the service answers with.

No route negotiates: a resource has one representation. Parameters that are not described are refused, as
the standard demands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import Response

from domain.countries import COUNTRIES
from service.access.headers import documenting
from service.api.answers import Answer, origin, url_of
from service.api.context import casus_of, moment_of
from service.api.parameters import Clocks
from service.api.problems import Problem
from service.api.routing import LongReadRoute, ReadRoute
from service.bootstrap import Casus
from service.ogc import documents
from service.ogc.definition import definition
from service.ogc.documents import ALL, HTML, JSON, OPENAPI, SCHEMA, Addresses
from service.ogc.items import feature_answer, items_answer
from service.ogc.parameters import ItemsQuery
from service.ogc.schemas import feature_schema
from service.reading.clocks import Moment
from service.reading.extents import Extent

router = APIRouter(prefix="/ogc", route_class=ReadRoute, include_in_schema=False)
extents = APIRouter(prefix="/ogc", route_class=LongReadRoute, include_in_schema=False)


@router.get("")
@router.get("/")
def ogc_landing_page(request: Request, query: Annotated[Clocks, Query()]) -> Response:
    """Where everything else is."""
    return _document(request, query, documents.landing_page(_addresses(request, query)))


@router.get("/conformance")
def ogc_conformance(request: Request, query: Annotated[Clocks, Query()]) -> Response:
    """The classes of requirements that are met."""
    return _document(request, query, documents.conformance())


@router.get("/api")
def ogc_definition(request: Request, query: Annotated[Clocks, Query()]) -> Response:
    """The definition of the API, OpenAPI 3.0."""
    return _document(request, query, definition(f"{origin(request)}/ogc"), OPENAPI)


@router.get("/api.html")
def ogc_definition_page(request: Request, query: Annotated[Clocks, Query()]) -> Response:
    """The same, to read and to try out."""
    page = get_swagger_ui_html(
        openapi_url="/ogc/api",
        title="Casus: OGC API - Features",
        swagger_js_url="/docs/assets/swagger-ui-bundle.js",
        swagger_css_url="/docs/assets/swagger-ui.css",
        swagger_favicon_url="/docs/assets/favicon-32x32.png",
    )
    body = bytes(page.body)
    return _answer(request, query, body, f"{HTML}; charset=utf-8", documenting(body))


@extents.get("/collections")
def ogc_collections(request: Request, query: Annotated[Clocks, Query()]) -> Response:
    """All collections that there are at a moment."""
    casus = casus_of(request)
    moment = moment_of(casus, query)
    found = casus.reader.extents
    all_of_them = [(None, found.of_all(moment)), *found.of_countries(moment).items()]
    return _document(request, query, documents.collections(all_of_them, _addresses(request, query)))


@extents.get("/collections/{collection}")
def ogc_collection(
    request: Request, query: Annotated[Clocks, Query()], collection: str
) -> Response:
    """A collection."""
    casus = casus_of(request)
    moment = moment_of(casus, query)
    country = _country(collection)
    extent = _extent(casus, country, moment)
    return _document(
        request, query, documents.collection(country, extent, _addresses(request, query))
    )


@extents.get("/collections/{collection}/schema")
def ogc_schema(request: Request, query: Annotated[Clocks, Query()], collection: str) -> Response:
    """What the features of a collection have: the same in all."""
    casus = casus_of(request)
    _extent(casus, _country(collection), moment_of(casus, query))
    return _document(request, query, feature_schema(url_of(request)), SCHEMA)


@router.get("/collections/{collection}/items")
def ogc_items(request: Request, query: Annotated[ItemsQuery, Query()], collection: str) -> Response:
    """A page of a collection's features."""
    country = _country(collection)
    answer = items_answer(request, query, country, _addresses(request, query))
    if answer is None:
        raise _no_such(collection)
    return answer


@router.get("/collections/{collection}/items/{incident}")
def ogc_feature(
    request: Request, query: Annotated[Clocks, Query()], collection: str, incident: str
) -> Response:
    """A feature of a collection."""
    country = _country(collection)
    return feature_answer(request, query, country, incident, _addresses(request, query))


def _addresses(request: Request, query: Clocks) -> Addresses:
    return Addresses.of(origin(request), query)


def _document(
    request: Request, query: Clocks, document: documents.Json, media_type: str = JSON
) -> Response:
    return _answer(request, query, orjson.dumps(document), media_type)


def _answer(
    request: Request,
    query: Clocks,
    body: bytes,
    media_type: str,
    headers: Mapping[str, str] | None = None,
) -> Response:
    moment = moment_of(casus_of(request), query)
    answer = Answer(request, moment, fixed=query.fixed)
    answer.headers |= headers or {}
    return answer.not_modified() or answer.of(body, media_type=media_type)


def _country(collection: str) -> str | None:
    """The country whose collection has this id; None: it is that of all incidents. Raises `Problem`."""
    if collection == ALL:
        return None
    code = collection.upper()
    if code not in COUNTRIES or documents.id_of(code) != collection:
        raise _no_such(collection)
    return code


def _extent(casus: Casus, country: str | None, moment: Moment) -> Extent:
    if country is None:
        return casus.reader.extents.of_all(moment)
    extent = casus.reader.extents.of_country(country, moment)
    if extent is None:
        raise _no_such(documents.id_of(country))
    return extent


def _no_such(collection: str) -> Problem:
    return Problem(
        "unknown-collection",
        f"there is no collection {collection[:100]!r}: there are {ALL!r} and, where a country has any,"
        " its alpha-3 code in lower case",
    )
