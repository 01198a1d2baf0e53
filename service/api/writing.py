"""What writes share: who writes, and the key by which a request names itself."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, Any

import orjson
from fastapi import Header
from starlette.requests import Request
from starlette.responses import Response

from service.access.guard import bearer_of
from service.api.answers import Answer
from service.api.context import casus_of
from service.api.documents import NotShownYet
from service.api.dossiers import Document
from service.api.problems import Problem
from service.log.recorder import KeyedRequest
from service.reading.clocks import Moment
from service.recording import Caller, Written

log = logging.getLogger("casus")

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[!-~]+$",
        description="Repeated with the same body, the request is carried out once and answered alike.",
    ),
]

IfMatch = Annotated[
    str,
    Header(
        alias="If-Match",
        max_length=1_000,
        description="The ETag of what you have read and now revise, or `*` for whatever it is.",
    ),
]

Seen = frozenset[int] | None

_TAG = re.compile(r'"(?:(?P<position>[0-9]{1,18})\.[^"]*|[^"]*)"|W/"[^"]*"')
"""An ETag; those of what can be revised begin with the position of its last change. A weak one is none."""

_KEY = re.compile(r"[!-~]{1,255}")


def author_of(request: Request) -> str:
    """The name under which a request's records are recorded: that of its key or token, and no other."""
    return bearer_of(request).name


def named_by(author: str, key: str) -> str:
    """A request by who has sent it and the key that they name it by, which has no space in it."""
    return f"{author} {key}"


def idempotency_key_of(request: Request) -> str | None:
    """The key that a request names itself by. Raises `Problem`."""
    keys = request.headers.getlist("idempotency-key")
    if len(keys) > 1 or (keys and not _KEY.fullmatch(keys[0])):
        raise Problem(
            "bad-header", "Idempotency-Key is given once, 1 to 255 visible ASCII characters"
        )
    return keys[0] if keys else None


def caller_of(request: Request, key: str | None, body: Any, seen: Seen = None) -> Caller:
    """Who asks for a write; their key comes with a digest of what they ask for."""
    by = author_of(request)
    if key is None:
        return Caller(by=by, seen=seen)
    digest = sha256(f"{request.method} {request.scope['path']}\n".encode())
    digest.update(orjson.dumps(body))
    return Caller(
        by=by,
        request=KeyedRequest(key=named_by(by, key), fingerprint=digest.hexdigest()),
        seen=seen,
    )


def seen_of(if_match: str) -> Seen:
    """The states of a resource, as positions, that If-Match names; None for any. Raises `Problem`."""
    tags = [tag.strip() for tag in if_match.split(",")]
    if tags == [""]:
        raise Problem(
            "precondition-required",
            "If-Match is missing: send the ETag of what you have read, or * to revise it unseen",
        )
    if tags == ["*"]:
        return None
    matches = [_TAG.fullmatch(tag) for tag in tags]
    if not all(matches):
        raise Problem("bad-header", "If-Match is *, or one or several quoted ETags")
    return frozenset(int(match["position"]) for match in matches if match and match["position"])


def recorded(
    request: Request,
    written: Written,
    location: str,
    document: Callable[[Moment], Document | None],
) -> Response:
    """201 with what was recorded, as at its own position; 202 while the timelines can't show it."""
    if written.shown:
        try:
            moment = casus_of(request).reader.moment(written.position)
            if shown := document(moment):
                answer = Answer(request, moment, location=location, changed=shown.changed)
                answer.headers["Location"] = location
                return answer.of(shown.body, status=201)
        except Exception:
            # It is recorded: whatever is wrong with the rows, the client must not send it again.
            log.exception("position %s is recorded, but can't be shown", written.position)
    return Response(
        orjson.dumps(NotShownYet(position=written.position)),
        status_code=202,
        media_type="application/json",
        headers={"Location": location, "Cache-Control": "no-store"},
    )
