"""Mementos: past states by the protocol that web archives speak (RFC 7089), and the links between them.

A timeline or an incident is its own timegate: asked with ``Accept-Datetime`` it answers 302 with the URL
that fixes ``as_of``, and what that answers carries ``Memento-Datetime``. HTTP's dates are of whole seconds,
and stand for the end of theirs. Link relations are those of RFC 7089, RFC 5829 and RFC 8288.
"""

from __future__ import annotations

import datetime
from email.utils import format_datetime, parsedate_to_datetime

from starlette.requests import Request
from starlette.responses import Response

from service.api.answers import REVALIDATE, and_more, query_without, url_of
from service.api.parameters import Clocks
from service.api.problems import Problem
from service.reading.clocks import Moment, instant_text

NEGOTIATED = "Accept-Encoding, Accept-Datetime"
"""``Vary`` of what is its own timegate."""

_CLOCKS = "position", "as_of", "cursor"
"""The parameters that fix the recorded clock."""


def memento_wanted(request: Request, query: Clocks, first: str = "") -> Response | None:
    """302 to the state at the datetime that the request accepts; None if it asks for none.

    A URL that fixes the recorded clock is a memento already, and is not negotiated. A request for a time
    before the `first` memento is led to that. Raises `Problem`.
    """
    accepted = request.headers.get("accept-datetime")
    if accepted is None or query.position is not None or query.as_of is not None:
        return None
    if "cursor" in query.model_fields_set:
        return None
    try:
        wanted = parsedate_to_datetime(accepted).replace(microsecond=999_999)
        if wanted.tzinfo is None:
            wanted = wanted.replace(tzinfo=datetime.UTC)
        instant = max(instant_text(wanted), first)
    except (ValueError, OverflowError):
        raise Problem(
            "bad-header",
            "Accept-Datetime is an HTTP date, as in Wed, 30 Jun 2021 12:00:00 GMT",
        ) from None
    rest = query_without(request.scope["query_string"], *_CLOCKS)
    return Response(
        status_code=302,
        headers={
            "Location": url_of(request, and_more(rest, as_of=instant)),
            "Vary": NEGOTIATED,
            "Cache-Control": REVALIDATE,
            "Link": f'<{url_of(request, rest)}>; rel="original timegate"',
        },
    )


def memento_headers(query: Clocks, moment: Moment, *, negotiated: bool = False) -> dict[str, str]:
    """The headers of an answer about something that is its own timegate.

    What is `negotiated` depends on Accept as well (`service.api.negotiation`).
    """
    headers = {"Vary": f"{NEGOTIATED}, Accept" if negotiated else NEGOTIATED}
    if query.position is not None or query.as_of is not None:
        instant = moment.as_of or query.as_of
        if instant is not None:
            headers["Memento-Datetime"] = http_date(instant)
    return headers


def memento_links(request: Request, query: Clocks) -> list[str]:
    """The links of an answer about something that is its own timegate."""
    original = url_of(request, query_without(request.scope["query_string"], *_CLOCKS))
    links = [f'<{original}>; rel="original timegate"']
    if query.position is not None or query.as_of is not None:
        links.append(f'<{original}>; rel="latest-version"')
    return links


def http_date(instant: str) -> str:
    """An instant of the log as HTTP writes dates: whole seconds, GMT."""
    return format_datetime(datetime.datetime.fromisoformat(instant), usegmt=True)
