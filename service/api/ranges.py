"""A part of an answer: one range of its bytes, as RFC 9110 has it asked for (sections 13.1.5 and 14).

What may be passed over is: several ranges at once, other units, what is malformed, and a range that was
asked for on the condition (``If-Range``) that the client holds a part of another answer. The whole is sent
then. Ranges count the bytes of the answer as it is, so that whoever asks for one is sent none compressed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.requests import Request

from service.api.problems import Problem
from service.api.streams import HEADERS_ONLY

_RANGE = re.compile(
    r"bytes=[ \t]*(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))[ \t]*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class AskedRange:
    """A range from a first byte to a last one, or to the end; without a first, of so many at the end."""

    first: int | None
    last: int | None

    def of(self, size: int) -> range:
        """The bytes that it is of so many. Raises `Problem` where there are none."""
        if self.first is None:
            found = range(max(0, size - (self.last or 0)), size)
        else:
            found = range(self.first, size if self.last is None else min(self.last + 1, size))
        if not found:
            raise Problem(
                "range-not-satisfiable",
                f"there are {size} bytes, and none of the range",
                headers={"Content-Range": f"bytes */{size}"},
            )
        return found


def asked_range(request: Request, etag: str) -> AskedRange | None:
    """The range that a request asks for of the answer with this validator; None: it asks for the whole."""
    asked = request.headers.getlist("range")
    if len(asked) != 1 or request.method != "GET" or HEADERS_ONLY in request.scope:
        return None
    held = request.headers.get("if-range")
    match = _RANGE.fullmatch(asked[0].strip())
    # Compared strongly: a weak validator is never the same as ours, and a date is no validator here.
    if match is None or (held is not None and held.strip() != etag):
        return None
    first, last, at_the_end = match.groups()
    if first is None:
        return AskedRange(None, int(at_the_end))
    if last and int(last) < int(first):
        return None
    return AskedRange(int(first), int(last) if last else None)
