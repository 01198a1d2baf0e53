"""The OpenAPI document: what FastAPI derives from the signatures, completed where bytes are sent.

`openapi/openapi.json` is this document as committed; a test holds the two together. Its examples are real
answers, of a store that holds the chronicle of 2021: `service/contract_files.py` asks for them and writes
`examples.json`, beside this file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from domain.vocabulary import (
    CROSSWALK,
    ActorKind,
    CountryRole,
    Measure,
    ParticipantRole,
    Status,
)
from service.access.roles import Door, Role, Rule, rule_of
from service.api.documents import ProblemDocument, add_problems
from service.api.problems import PROBLEMS

Json = dict[str, Any]

DESCRIPTION = """Dated conflict incidents, appended to an immutable log and served as the timelines of \
countries and actors: as they stand, or as they stood at any earlier point.

Three clocks can be fixed in every read. **occurred** (`from`, `to`): when it happened. **reported** \
(`reported_by`): what sources had published by then. **recorded** (`as_of` or `position`): what this \
service had been told by then. An answer names the position it was read at; a URL that fixes \
`position` is permanent, and every answer links to its own (`Link: rel="canonical"`). A timeline or an \
incident asked with `Accept-Datetime` leads to its state at that time (Memento, RFC 7089).

What is recorded stays recorded: a revision is one more record, with its reason. It names what it \
revises by `If-Match`, with the ETag of what was read.

Every read answers `HEAD`, `If-None-Match` and `Accept-Encoding: gzip` too, what is published in a \
format answers `Range` as well, and pages of any origin may use it. New fields may come into an answer; \
those there are keep their names and meaning. A timeline, the search and series answer in other formats \
by a suffix (`.{suffix}`), or by its media type in `Accept`. `/ogc` is OGC API - Features, described in \
`/ogc/api` (OpenAPI 3.0). What has to go is announced a year before, by `Deprecation` \
and `Sunset` and in `openapi/CHANGELOG.md`.

Refusals are RFC 9457 problems; each `type` leads to its explanation."""

TAGS = [
    {"name": "countries", "description": "Countries and their timelines."},
    {"name": "actors", "description": "States, armed groups, organisations, persons."},
    {"name": "incidents", "description": "Incidents, and the accounts they are made of."},
    {"name": "datasets", "description": "Whose data it is, on what terms, and which releases."},
    {"name": "imports", "description": "Files of datasets and tables, and what became of them."},
    {"name": "series", "description": "Counts and figures over time."},
    {"name": "replay", "description": "History, step by step."},
    {"name": "log", "description": "Every record, in order, as it is stored; and as it comes."},
    {"name": "subscriptions", "description": "What is recorded, sent as it comes (webhooks)."},
    {"name": "health", "description": "For those who run the service."},
]

_TERMS: Mapping[str, Mapping[str, str]] = {
    "IncidentType": {entry.type: entry.definition for entry in CROSSWALK},
    **{
        terms.__name__: {term: term.definition for term in terms}
        for terms in (Status, CountryRole, ParticipantRole, ActorKind, Measure)
    },
}
"""The words of each closed vocabulary, with what they mean."""

_HEADERS: Json = {
    "Casus-Position": {
        "description": "The log's position that the answer was read at.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "ETag": {
        "description": "Strong validator for If-None-Match and If-Range; each content coding has its own.",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[^"]+"$'},
    },
    "Cache-Control": {
        "description": "`immutable` where the URL fixes a position; `no-cache` (ask again) elsewhere.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Link": {
        "description": "`canonical`: this answer's permanent address, with `position` fixed. `cite-as`: the"
        " address to cite, the same but where a citation is read (RFC 8574). `next`: the"
        " next page. `original`, `timegate`, `timemap`: RFC 7089. `version-history`, `predecessor-version`,"
        " `latest-version`: RFC 5829.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Memento-Datetime": {
        "description": "When the state shown was recorded, where the URL fixes one (RFC 7089).",
        "schema": {"type": "string", "examples": ["Sun, 22 Nov 2026 09:00:00 GMT"]},
    },
    "Accept-Ranges": {
        "description": "`bytes`, where a part of this answer can be asked for by `Range` (RFC 9110).",
        "schema": {"type": "string", "const": "bytes"},
    },
    "Content-Range": {
        "description": "Which bytes these are, and of how many; of a refusal, how many there are.",
        "required": True,
        "schema": {
            "type": "string",
            "pattern": "^bytes ([0-9]+-[0-9]+|\\*)/[0-9]+$",
            "examples": ["bytes 0-999/123456"],
        },
    },
    "Location": {
        "description": "Where it is found.",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "WWW-Authenticate": {
        "description": "What is missing or wrong, as RFC 6750 has it.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Seconds to wait before trying again.",
        "schema": {"type": "integer", "minimum": 0},
    },
}
_SECURITY: Json = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key of the service (`casus_...`, made by `casus keys create`) or a token of the"
        " OpenID provider that it accepts. Either has a name, which is recorded with all that it writes,"
        " and a role: `contributor`, `curator` or `admin`; each may do what those before it may. Reads"
        " take none, unless the service is closed: then any role.",
    }
}
_READ = ("Casus-Position", "ETag", "Cache-Control")
_BY_STATUS = {
    "200": (*_READ, "Link"),
    "201": (*_READ, "Location"),
    "206": (*_READ, "Link", "Accept-Ranges", "Content-Range"),
    "302": ("Location", "Cache-Control", "Link"),
    "202": ("Location",),
    "304": _READ,
    "307": ("Location", "Casus-Position", "Cache-Control"),
    "401": ("WWW-Authenticate",),
    "403": ("WWW-Authenticate",),
    "416": ("Content-Range",),
    "429": ("Retry-After",),
    "503": ("Retry-After",),
}


_ACCEPT_DATETIME: Json = {
    "name": "Accept-Datetime",
    "in": "header",
    "required": False,
    "description": "Lead to the state at this time (RFC 7089): an HTTP date, of whole seconds.",
    "schema": {"type": "string", "format": "http-date"},
}


_RANGE: tuple[Json, ...] = (
    {
        "name": "Range",
        "in": "header",
        "required": False,
        "description": "Send these bytes alone (RFC 9110): `bytes=0-999`, `bytes=1000-` or `bytes=-1000`."
        " Of anything else, such as several ranges, the whole is sent.",
        "schema": {"type": "string"},
    },
    {
        "name": "If-Range",
        "in": "header",
        "required": False,
        "description": "Send the range if the answer still has this ETag, else the whole.",
        "schema": {"type": "string"},
    },
)


def load_examples() -> Json:
    """The examples as they were written last: answers by operation, and problems by name."""
    examples: Json = orjson.loads((files("service.api") / "examples.json").read_bytes())
    return examples


def contract(app: FastAPI, examples: Json | None = None) -> Json:
    """The OpenAPI document of the application."""
    examples = examples or load_examples()
    for route in app.routes:
        if isinstance(route, APIRoute):
            route.operation_id = route.name  # what a generated client calls its functions
            route.response_fields = _models_of(route)
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary="An event-sourced conflict timeline service",
        description=DESCRIPTION,
        routes=app.routes,
        tags=TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    rules = {
        (route.path_format, method.lower()): rule_of(route)
        for route in app.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            _secure(operation, rules[path, method])
    for operation in _operations(document):
        _complete(operation)
        _show(operation, examples["answers"].get(operation["operationId"]))
    components = document["components"]
    components["schemas"] = _schemas(components["schemas"])
    components["examples"] = {
        name: {"summary": kind.title, "value": examples["problems"].get(name) or _bare(name)}
        for name, kind in PROBLEMS.items()
    }
    components["headers"] = dict(_HEADERS)
    _name_by_direction(document)
    _drop_unused(document)
    components["securitySchemes"] = dict(_SECURITY)  # named, and not referred to
    return document


def _models_of(route: APIRoute) -> Any:
    """The models of a route's answers, as FastAPI derives them where it is left to it (`Route`)."""
    return APIRoute(
        route.path, route.endpoint, operation_id=route.name, responses=route.responses
    ).response_fields


def _secure(operation: Json, rule: Rule | None) -> None:
    """Say what an operation takes of whoever asks, and how it refuses them."""
    if rule is Door.OPEN:
        return
    if isinstance(rule, Role):
        operation["security"] = [{"bearer": [rule.word]}]
        operation["description"] += f"\n\nTakes the role of {rule.word}."
    else:
        operation["security"] = [{}, {"bearer": []}]
    refusals = ("key-missing", "key-refused", "role-missing", "too-many-requests")
    add_problems(operation["responses"], *refusals, "issuer-unreachable", "busy")


def _operations(document: Json) -> Iterator[Json]:
    for path in document["paths"].values():
        yield from path.values()


def _bare(name: str) -> Json:
    kind = PROBLEMS[name]
    extra = {"correlation_id": "7f1c51e6-6e0c-4c0e-9c39-1a2f0f6a7a53"} if name == "internal" else {}
    return {
        "type": kind.uri,
        "title": kind.title,
        "status": kind.status,
        "detail": kind.meaning,
        **extra,
    }


def _complete(operation: Json) -> None:
    responses: Json = operation["responses"]
    # FastAPI documents its own validation error; ours are documented by each route.
    validation = responses.get("422", {}).get("content", {})
    if "HTTPValidationError" in str(validation.get("application/json")):
        del validation["application/json"]
        if not validation:
            del responses["422"]
    parameters = operation.get("parameters", [])
    for parameter in parameters:
        _complete_parameter(parameter)
        if parameter["name"] == "min_position":
            add_problems(responses, "not-yet-shown")
    if "health" in operation["tags"]:
        return
    is_parted = "206" in responses
    if is_parted:
        parameters += [dict(each) for each in _RANGE]
    is_timegate = "302" in responses
    if is_timegate:
        parameters.append(dict(_ACCEPT_DATETIME))
    for status, answer in responses.items():
        names = _BY_STATUS.get(status, ())
        if is_timegate and status == "200":
            names = (*names, "Memento-Datetime")
        if is_parted and status == "200":
            names = (*names, "Accept-Ranges")
        if names and "headers" not in answer:
            answer["headers"] = {n: {"$ref": f"#/components/headers/{n}"} for n in names}
    operation["responses"] = dict(sorted(responses.items()))


def _complete_parameter(parameter: Json) -> None:
    schema = parameter["schema"]
    # Leaving a parameter out is not giving it the value null.
    kinds = [kind for kind in schema.pop("anyOf", []) if kind != {"type": "null"}]
    for kind in kinds:
        schema |= kind
    for repeated in ("title", "description"):
        schema.pop(repeated, None)
    if schema.get("type") == "array":
        parameter |= {"style": "form", "explode": True}
        if schema.get("default") == []:
            del schema["default"]


def _show(operation: Json, example: Json | None) -> None:
    """Put the real answer to an example request into the operation."""
    if example is None:
        return
    content = operation["responses"][str(example["status"])]["content"][example["media_type"]]
    content["examples"] = {
        "chronicle": {
            "summary": f"{example['method']} {example['path']}",
            "value": example["body"],
        }
    }


def _schemas(derived: Json) -> Json:
    problem = TypeAdapter(ProblemDocument).json_schema(
        ref_template="#/components/schemas/{model}", mode="serialization"
    )
    for optional in ("faults", "nearest", "conflict", "correlation_id"):
        del problem["properties"][optional]["default"]
    conflict = problem["$defs"]["ProblemConflict"]
    for part in conflict["properties"].values():
        del part["default"]
    conflict.pop("required", None)
    schemas: Json = derived | problem.pop("$defs", {}) | {"ProblemDocument": problem}
    for name, terms in _TERMS.items():
        first, _, _ = schemas[name]["description"].partition(". ")
        meanings = [f"- `{term}`: {definition}" for term, definition in terms.items()]
        schemas[name]["description"] = "\n".join([f"{first.rstrip('.')}.", "", *meanings])
    for name, schema in schemas.items():
        _tidy(schema)
        if name.endswith("-Output"):
            # What is sent has every field, and may gain more; only what is taken is closed.
            schema.pop("additionalProperties", None)
            for part in schema["properties"].values():
                part.pop("default", None)
    return schemas


def _tidy(schema: Json) -> None:
    for part in schema.get("properties", {}).values():
        part.pop("title", None)
        for bounded in (part, *part.get("anyOf", [])):
            for bound in ("minimum", "maximum"):
                if isinstance(bounded.get(bound), float) and bounded[bound].is_integer():
                    bounded[bound] = int(bounded[bound])


def _name_by_direction(document: Json) -> None:
    """What is read has the plain name; what is sent, where it differs, is an input."""
    names = {
        name: name.removesuffix("-Output").replace("-Input", "Input")
        for name in document["components"]["schemas"]
    }
    schemas = document["components"]["schemas"]
    document["components"]["schemas"] = {names[n]: s for n, s in sorted(schemas.items())}
    for part in _parts(document):
        reference = part.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/components/schemas/"):
            head, _, name = reference.rpartition("/")
            part["$ref"] = f"{head}/{names[name]}"


def _drop_unused(document: Json) -> None:
    components = document["components"]
    while True:
        used = {part["$ref"] for part in _parts(document) if isinstance(part.get("$ref"), str)}
        unused = [
            (kind, name)
            for kind, named in components.items()
            for name in named
            if f"#/components/{kind}/{name}" not in used
        ]
        if not unused:
            return
        for kind, name in unused:
            del components[kind][name]


def _parts(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _parts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _parts(part)
