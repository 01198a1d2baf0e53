"""The OpenAPI document: what FastAPI derives from the signatures, completed where bytes are sent.

`openapi/openapi.json` is this document as committed; a test holds the two together.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from service.api.documents import ProblemDocument

DESCRIPTION = """Dated conflict incidents, appended to an immutable log and served as the timelines of \
countries and actors: as they stand, or as they stood at any earlier point.

Three clocks can be fixed in every read. **occurred** (`from`, `to`): when it happened. **reported** \
(`reported_by`): what sources had published by then. **recorded** (`as_of` or `position`): what this \
service had been told by then. An answer names the position it was read at; a URL that fixes \
`position` is permanent.

Refusals are RFC 9457 problems; each `type` leads to its explanation."""

TAGS = [
    {"name": "countries", "description": "Countries and their timelines."},
    {"name": "actors", "description": "States, armed groups, organisations, persons."},
    {"name": "incidents", "description": "Incidents, and the accounts they are made of."},
    {"name": "health", "description": "For those who run the service."},
]

_HEADERS = {
    "ETag": {"description": "Validator for If-None-Match.", "schema": {"type": "string"}},
    "Casus-Position": {
        "description": "The log's position that the answer was read at.",
        "schema": {"type": "integer"},
    },
}
_LINK = {"Link": {"description": 'rel="next": the next page.', "schema": {"type": "string"}}}
_LOCATION = {"Location": {"description": "What was recorded.", "schema": {"type": "string"}}}


def contract(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the application."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary="An event-sourced conflict timeline service",
        description=DESCRIPTION,
        routes=app.routes,
        tags=TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    schemas = document["components"]["schemas"]
    problem = TypeAdapter(ProblemDocument).json_schema(
        ref_template="#/components/schemas/{model}", mode="serialization"
    )
    schemas |= problem.pop("$defs", {})
    schemas["ProblemDocument"] = problem
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path in document["paths"].values():
        for operation in path.values():
            _complete(operation)
    return document


def _complete(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    # FastAPI documents its own validation error; ours are documented by each route.
    validation = responses.get("422", {}).get("content", {}).get("application/json", {})
    if "HTTPValidationError" in str(validation):
        del responses["422"]["content"]["application/json"]
        if not responses["422"]["content"]:
            del responses["422"]
    for status, answer in responses.items():
        if status in ("200", "201") and "health" not in operation["tags"]:
            answer["headers"] = dict(_HEADERS)
            answer["headers"] |= _LINK if status == "200" else _LOCATION
