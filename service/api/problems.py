"""Problems: every way in which the API refuses, as RFC 9457 describes them, in one table.

``openapi/problems.md`` is written from `PROBLEMS`, and so is the page that a problem's ``type`` leads to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.responses import Response

from domain.checks import Fault
from service.faults import json_path

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem: its name in the type URI, its status, what it means and what to do."""

    name: str
    status: int
    title: str
    meaning: str
    remedy: str

    @property
    def uri(self) -> str:
        """The type URI, relative to the service."""
        return f"/problems/{self.name}"


_TYPES = (
    ProblemType(
        "unknown-country",
        404,
        "No such country",
        "The path names no country that Casus knows.",
        "Use an ISO 3166-1 code, a name or gw:NUMBER; `nearest` lists what is spelled alike, and"
        " /v1/countries all.",
    ),
    ProblemType(
        "unknown-actor",
        404,
        "No such actor",
        "The path names no actor that was registered at the position read.",
        "`nearest` lists actors spelled alike; /v1/actors?q= searches their names.",
    ),
    ProblemType(
        "unknown-dataset",
        404,
        "No such dataset",
        "The path names no dataset of which anything was taken in at the position read.",
        "`nearest` lists datasets spelled alike; /v1/datasets lists all.",
    ),
    ProblemType(
        "unknown-format",
        404,
        "No such format",
        "The suffix of the path names no format in which this is published.",
        "Use one of the suffixes that `detail` lists, or none for JSON.",
    ),
    ProblemType(
        "not-acceptable",
        406,
        "Not acceptable",
        "There is no format of this that the request's `Accept` allows.",
        "Accept one of the media types that `detail` lists, or put a suffix (`.csv`) to the path.",
    ),
    ProblemType(
        "unknown-incident",
        404,
        "No such incident",
        "No incident with this id was visible at the moment read.",
        "Check the id; a read of the past shows only what was recorded and reported by then.",
    ),
    ProblemType(
        "unknown-collection",
        404,
        "No such collection",
        "No collection of features with this id is there at the moment read.",
        "/ogc/collections lists those that are: `incidents`, and one for each country that has any.",
    ),
    ProblemType(
        "unknown-import",
        404,
        "No such import",
        "No import has this id, or it has been over for so long that its files are gone.",
        "/v1/imports lists those that are kept.",
    ),
    ProblemType(
        "unknown-subscription",
        404,
        "No such subscription",
        "No subscription has this id, or none any more.",
        "/v1/subscriptions lists those there are.",
    ),
    ProblemType(
        "not-found",
        404,
        "Nothing here",
        "No resource has this path.",
        "See /docs for the paths there are.",
    ),
    ProblemType(
        "method-not-allowed",
        405,
        "Method not allowed",
        "The resource does not answer to this method.",
        "The Allow header lists the methods it answers to.",
    ),
    ProblemType(
        "key-missing",
        401,
        "A key is missing",
        "This is not for everybody, and the request has no key and no token.",
        "Send `Authorization: Bearer` and a key (`casus keys create`) or a token of the provider that"
        " this service accepts.",
    ),
    ProblemType(
        "key-refused",
        401,
        "The key is not accepted",
        "The key is wrong, unknown or revoked, or the token has expired or is not for this service. A"
        " key that is not accepted is refused even where none is needed.",
        "Send one that is accepted. `detail` says what is wrong with a token; of a key nothing is told.",
    ),
    ProblemType(
        "role-missing",
        403,
        "The role is not enough",
        "The key or the token has not the role that this takes: contributor, curator or admin.",
        "`detail` names the role. Ask whoever runs this service for it.",
    ),
    ProblemType(
        "too-many-requests",
        429,
        "Too many requests",
        "The caller, by the name of the key or token or else by address, has asked for more than this"
        " service takes from one in a minute.",
        "Wait for the seconds of `Retry-After`; `RateLimit` says how many are left.",
    ),
    ProblemType(
        "issuer-unreachable",
        503,
        "Tokens can't be verified now",
        "The keys of the provider that has issued the token can't be fetched, so nobody can tell"
        " whether it is right.",
        "Try again after the seconds of `Retry-After`; if it lasts, tell whoever runs this service.",
    ),
    ProblemType(
        "bad-parameter",
        400,
        "Bad parameter",
        "A query parameter is unknown, or its value is not one that it takes.",
        "`faults` names each parameter and what is wrong with it.",
    ),
    ProblemType(
        "bad-cursor",
        400,
        "Bad cursor",
        "The cursor was not given out by Casus for this path and these parameters.",
        "Follow `next` as it is given; start again without a cursor.",
    ),
    ProblemType(
        "bad-header",
        400,
        "Bad header",
        "A request header has a value that it can't have.",
        "`detail` names the header and what it takes.",
    ),
    ProblemType(
        "range-not-satisfiable",
        416,
        "No such range",
        "The answer has no byte of the range that was asked for.",
        "`Content-Range` says how many bytes there are; ask for some of these, or for the whole.",
    ),
    ProblemType(
        "invalid-body",
        422,
        "The body is not what it should be",
        "The body is not JSON, or breaks rules of its schema or of the domain. Nothing was recorded.",
        "`faults` names every fault by its JSON path.",
    ),
    ProblemType(
        "body-too-large",
        413,
        "The body is too large",
        "The body has more bytes than this service takes in one request. Nothing was recorded.",
        "Send less at once; large sets are imported, by `POST /v1/imports` or `casus import`.",
    ),
    ProblemType(
        "body-too-slow",
        408,
        "The body did not come",
        "The body was not there within a minute, or a minute passed in which nothing came of a file that is"
        " sent to be imported. Nothing was recorded.",
        "Send it again, as one; if the connection is that slow, send less at once.",
    ),
    ProblemType(
        "unsupported-media-type",
        415,
        "Not a type that is taken here",
        "The body's Content-Type is not application/json or, for an import, that of a file.",
        "Send JSON, in UTF-8, with Content-Type: application/json; for an import `detail` lists the"
        " types.",
    ),
    ProblemType(
        "actor-exists",
        409,
        "The actor is registered already",
        "Another actor has this id. Nothing was recorded.",
        "Use the actor that is there, or choose another id.",
    ),
    ProblemType(
        "conflict",
        409,
        "It clashes with what is recorded",
        "What was asked for contradicts the record, or would change nothing. Nothing was recorded.",
        "`detail` says what it clashes with, `conflict` where that is: read it, and decide again.",
    ),
    ProblemType(
        "precondition-failed",
        412,
        "It has changed meanwhile",
        "What is to be revised is no longer as you have read it. Nothing was recorded.",
        "Read it again: its ETag is the one to send as If-Match.",
    ),
    ProblemType(
        "precondition-required",
        428,
        "If-Match is missing",
        "Revisions say what they revise, so that nobody overwrites what they have not seen. Nothing"
        " was recorded.",
        "Send the ETag of what you have read as If-Match; `*` revises it unseen.",
    ),
    ProblemType(
        "idempotency-key-reused",
        409,
        "The key named another request",
        "The Idempotency-Key was used before, with another body or path. Nothing was recorded.",
        "Use a new key for a new request.",
    ),
    ProblemType(
        "import-not-over",
        409,
        "The import is not over",
        "The rows that could not be taken in are known when the import is over.",
        "Follow the import until it is `done` or `failed`, and ask again.",
    ),
    ProblemType(
        "too-many-subscriptions",
        409,
        "Too many subscriptions",
        "There are as many subscriptions as this service keeps.",
        "Delete those that nobody needs, such as the dead ones, and ask again.",
    ),
    ProblemType(
        "projection-stopped",
        503,
        "The timelines have stopped",
        "A record could not be folded into the timelines. They are served as they stood before it,"
        " and nothing new is recorded until that is mended.",
        "Tell whoever runs this service: `casus status` says which record, and why.",
    ),
    ProblemType(
        "chart-not-drawn",
        503,
        "The chart could not be drawn",
        "The process that draws charts took too long, came to an end, or has too many to draw.",
        "Try again; `.vl.json` has the same chart, to be drawn where it is read.",
    ),
    ProblemType(
        "not-yet-shown",
        503,
        "Not shown yet",
        "The log is not shown here up to the `min_position` that was asked for: another node has recorded"
        " it a moment ago, or nobody has.",
        "Try again after `Retry-After`; without `min_position` the answer says which position it is of.",
    ),
    ProblemType(
        "busy",
        503,
        "The service is busy",
        "Another process held the store for longer than a request waits, or its disk failed; or as many"
        " imports wait, or long publications are being written, as may at a time. A write that was refused"
        " so has recorded nothing, unless `detail` says that this is not known.",
        "Try again; if it lasts, tell whoever runs this service: their log has the cause.",
    ),
    ProblemType(
        "internal",
        500,
        "Something went wrong here",
        "A fault of the service, not of the request.",
        "Tell whoever runs this service the `correlation_id`; their log has the rest.",
    ),
)

PROBLEMS: Mapping[str, ProblemType] = {each.name: each for each in _TYPES}


@dataclass
class Problem(Exception):
    """Raised to answer a request with a problem: its name, and what this occurrence adds."""

    name: str
    detail: str
    faults: Sequence[Fault] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """The answer."""
        kind = PROBLEMS[self.name]
        body: dict[str, Any] = {
            "type": kind.uri,
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
        }
        if self.faults:
            body["faults"] = [
                {"path": json_path(fault.path), "message": fault.message} for fault in self.faults
            ]
        return Response(
            orjson.dumps(body | dict(self.extra)),
            status_code=kind.status,
            media_type=MEDIA_TYPE,
            headers={"Cache-Control": "no-store", **self.headers},
        )


def problems_page() -> str:
    """Markdown that documents every problem type."""
    lines = [
        "# Problem types",
        "",
        "Every refusal is an [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem,"
        f" `{MEDIA_TYPE}`: `type`, `title`, `status`, `detail`, and where it helps `faults`"
        " (each a JSON `path` and a `message`) or `nearest` (what is spelled alike).",
        "A refused request has changed nothing.",
        "",
        "| type | status | meaning | what to do |",
        "|---|---|---|---|",
    ]
    lines += [
        f'| <a id="{each.name}"></a>`{each.uri}` | {each.status} | {each.meaning} | {each.remedy} |'
        for each in _TYPES
    ]
    return "\n".join(lines) + "\n"
