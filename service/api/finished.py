"""Finished answers: a bounded cache of the bytes that the same URL was answered with.

An answer is a function of its URL, the host and codings it was asked with, and the position it was read
at. The newest position is part of the key, so an answer can't outlive the log it was made from; and so are
the rows it was made of, as another log may have been put in the place of that one.
"""

from __future__ import annotations

from collections import OrderedDict

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.api.answers import accepts_gzip

CAPACITY = 8_000_000
"""Bytes of answers that are kept; the one that was used longest ago goes first."""

LARGEST = 500_000
"""Bytes of the largest answer that is kept."""

LONGEST_KEY = 1_000
"""Bytes of path and query beyond which an answer is not kept."""

_ASKED_FOR = frozenset({b"if-none-match", b"accept-datetime", b"range"})
"""Headers of requests that may be answered otherwise."""

Key = tuple[str, bytes, str | None, str, bool, int, str]


def key_of(request: Request, position: int, rows: str) -> Key | None:
    """The key of what a request asks for at the newest position; None for one that is not kept.

    `rows` names the generation of rows.
    """
    headers, scope = request.headers, request.scope
    if any(name in _ASKED_FOR for name, _ in scope["headers"]):
        return None
    if len(scope["path"]) + len(scope["query_string"]) > LONGEST_KEY:
        return None
    return (
        scope["path"],
        scope["query_string"],
        headers.get("host"),
        scope["scheme"],
        accepts_gzip(request),
        position,
        rows,
    )


class Finished(Response):
    """An answer that is sent again as it was."""

    def __init__(self, answer: Response) -> None:
        self._sent_headers = tuple(answer.raw_headers)
        self._sent_body = bytes(answer.body)
        self.size = len(self._sent_body) + 2 * LONGEST_KEY

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        """Send it. The headers are copied, for middleware adds to them."""
        start = {"type": "http.response.start", "status": 200, "headers": list(self._sent_headers)}
        await send(start)
        await send({"type": "http.response.body", "body": self._sent_body})


class FinishedAnswers:
    """The cache. Used by one thread, the one that serves requests."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._size = 0
        self._answers: OrderedDict[Key, Finished] = OrderedDict()

    def get(self, key: Key) -> Finished | None:
        """The answer kept under a key."""
        found = self._answers.get(key)
        if found is not None:
            self._answers.move_to_end(key)
        return found

    def keep(self, key: Key, answer: Response) -> None:
        """Keep an answer that succeeded, and let others go until there is room for it."""
        if answer.status_code != 200 or not 0 < len(answer.body) <= LARGEST or key in self._answers:
            return  # a stream has no body yet
        finished = Finished(answer)
        self._answers[key] = finished
        self._size += finished.size
        while self._size > self._capacity:
            _, oldest = self._answers.popitem(last=False)
            self._size -= oldest.size
