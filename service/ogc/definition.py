"""The definition of the API, OpenAPI 3.0: what clients read before they ask for features."""

from __future__ import annotations

from service.api.answers import CASUS_VERSION
from service.api.problems import MEDIA_TYPE
from service.ogc.documents import GEOJSON, HTML, JSON, OPENAPI, SCHEMA, Json
from service.ogc.parameters import FARTHEST, MOST
from service.ogc.schemas import schemas


def definition(server: str) -> Json:
    """The document, for who finds the API at this address."""
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Casus: OGC API - Features",
            "version": CASUS_VERSION,
            "description": "Dated conflict incidents as features, as they stand or as they stood at any"
            " earlier point.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "servers": [{"url": server}],
        "tags": [
            {"name": "Capabilities", "description": "What there is."},
            {"name": "Data", "description": "The features."},
        ],
        "paths": _paths(),
        "components": {
            "parameters": _parameters(),
            "schemas": schemas(),
            "responses": _refusals(),
        },
    }


_CLOCKS = ("position", "as_of", "reported_by")
_COLLECTION = ("collectionId", *_CLOCKS)
_REFUSED = {"400": "BadRequest", "404": "NotFound", "500": "Internal", "503": "Busy"}


def _paths() -> Json:
    items = (*_COLLECTION, "bbox", "datetime", "limit", "cursor", "offset")
    item = ("collectionId", "featureId", *_CLOCKS)
    return {
        "/": _get("getLandingPage", "The landing page", _CLOCKS, "LandingPage"),
        "/conformance": _get("getConformance", "What it conforms to", _CLOCKS, "Conformance"),
        "/api": _get("getDefinition", "This document", _CLOCKS, "Definition", OPENAPI),
        "/api.html": _get("getDocumentation", "This document, to read", _CLOCKS, "Page", HTML),
        "/collections": _get("getCollections", "The collections", _CLOCKS, "Collections"),
        "/collections/{collectionId}": _get(
            "describeCollection", "A collection", _COLLECTION, "Collection"
        ),
        "/collections/{collectionId}/schema": _get(
            "getSchema", "What features have", _COLLECTION, "Schema", SCHEMA
        ),
        "/collections/{collectionId}/items": _get(
            "getFeatures", "The features of a collection", items, "FeatureCollection", GEOJSON
        ),
        "/collections/{collectionId}/items/{featureId}": _get(
            "getFeature", "A feature", item, "Feature", GEOJSON
        ),
    }


def _get(
    operation: str, summary: str, parameters: tuple[str, ...], schema: str, kind: str = JSON
) -> Json:
    refused = {
        status: {"$ref": f"#/components/responses/{name}"}
        for status, name in _REFUSED.items()
        if status != "404" or "collectionId" in parameters
    }
    content = {kind: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "tags": ["Data" if kind == GEOJSON else "Capabilities"],
            "parameters": [{"$ref": f"#/components/parameters/{each}"} for each in parameters],
            "responses": {
                "200": {"description": summary, "content": content},
                "304": {"description": "It is as the client holds it (If-None-Match)."},
                **refused,
            },
        }
    }


def _parameters() -> Json:
    number = {"type": "number"}
    return {
        "collectionId": _in_path(
            "collectionId",
            "`incidents`, or a country's alpha-3 code in lower case, where it has any.",
        ),
        "featureId": _in_path("featureId", "The incident's id."),
        "bbox": _parameter(
            "bbox",
            "west,south,east,north in degrees (WGS 84), or six numbers with heights, which are passed"
            " over. A box whose west is east of its east crosses the antimeridian. What lies nowhere is"
            " in every box, as the standard demands.",
            {"type": "array", "minItems": 4, "maxItems": 6, "items": number},
        ),
        "datetime": _parameter(
            "datetime",
            "An instant or an interval (RFC 3339), open at one end with `..` or nothing. Incidents are"
            " dated to days of UTC, and are in it where they may have been.",
            {"type": "string"},
        ),
        "limit": _parameter(
            "limit",
            "The most features of a page. Larger numbers mean the largest.",
            {"type": "integer", "minimum": 1, "maximum": MOST, "default": 100},
        ),
        "cursor": _parameter(
            "cursor",
            "Where a page begins, taken from a `next` link.",
            {"type": "string", "minLength": 1, "maxLength": 500},
        ),
        "offset": _parameter(
            "offset",
            "How many features to leave out; following `next` is faster, and steady. Beside a `cursor` it"
            " only counts those before.",
            {"type": "integer", "minimum": 0, "maximum": FARTHEST, "default": 0},
        ),
        "position": _parameter(
            "position",
            "Read as the log stood at this position: such an address is permanent.",
            {"type": "integer", "minimum": 0, "maximum": 2**53},
        ),
        "as_of": _parameter(
            "as_of",
            "Read as the log stood at this instant. Not together with `position`.",
            {"type": "string"},
        ),
        "reported_by": _parameter(
            "reported_by",
            "Only what sources had published by the end of this day.",
            {"type": "string"},
        ),
    }


def _parameter(name: str, description: str, schema: Json) -> Json:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
        "style": "form",
        "explode": False,
    }


def _in_path(name: str, description: str) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
    }


def _refusals() -> Json:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        "BadRequest": {"description": "A parameter is unknown, or its value.", "content": content},
        "NotFound": {"description": "There is no such thing at that moment.", "content": content},
        "Internal": {"description": "A fault of the service.", "content": content},
        "Busy": {"description": "The store did not answer; try again.", "content": content},
    }
