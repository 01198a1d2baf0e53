"""Requests to a service: the clocks are in every one, problems are raised, a 503 is asked again.

Only reads, which may be repeated. What a 503 says of when to come back (``Retry-After``, RFC 9110) is kept
to, up to a minute; without a word of it, it is raised at once.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from service.client.errors import Unreachable, refused
from service.client.filters import parameters

LONGEST_WAIT = 60.0
"""Seconds beyond which a caller is better told than kept waiting."""

Query = Mapping[str, Any]


def lines(answer: httpx.Response) -> Iterator[bytes]:
    """The lines of JSON Lines: httpx's own would also break a text at U+2028, which JSON may hold."""
    rest = b""
    for chunk in answer.iter_bytes():
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    if rest:
        yield rest


@dataclass(frozen=True, slots=True)
class Service:
    """A service, and the clocks on which it is read."""

    http: httpx.Client
    attempts: int
    pause: Callable[[float], None]
    clocks: Query = field(default_factory=dict)

    def at(self, **clocks: Any) -> Service:
        """The same on other clocks; those that are None stay as they are."""
        given = {name: value for name, value in clocks.items() if value is not None}
        return replace(self, clocks={**self.clocks, **given})

    def url(self, path: str, query: Query) -> httpx.URL:
        """The address of a path with the clocks and a query."""
        pairs = parameters({**self.clocks, **query})
        return self.http.build_request("GET", path, params=pairs or None).url

    def get(self, path: str, query: Query) -> httpx.Response:
        """The answer to a read. Raises `CasusError`."""
        with self.stream(path, query) as answer:
            with _reached():
                answer.read()
            return answer

    def json(self, path: str, query: Query) -> Any:
        """The document at a path. Raises `CasusError`."""
        return self.get(path, query).json()

    def pages(self, path: str, query: Query) -> Iterator[Any]:
        """The documents from a path on, each when it is wanted: `next` leads from one to the other."""
        document = self.json(path, query)
        yield document
        while document["next"]:
            # Its query alone: a proxy may have another name for the service than itself.
            rest = httpx.URL(document["next"]).query
            document = self._sent(f"{path}?{rest.decode('ascii')}").json()
            yield document

    def _sent(self, address: str) -> httpx.Response:
        with self._answer(self.http.build_request("GET", address)) as answer:
            with _reached():
                answer.read()
            return answer

    @contextmanager
    def stream(self, path: str, query: Query) -> Iterator[httpx.Response]:
        """The answer to a read, to be read as it comes. Raises `CasusError`."""
        with self._answer(self.http.build_request("GET", self.url(path, query))) as answer:
            yield answer

    @contextmanager
    def _answer(self, request: httpx.Request) -> Iterator[httpx.Response]:
        for attempt in range(1, self.attempts + 1):
            with _reached():
                answer = self.http.send(request, stream=True, follow_redirects=True)
            try:
                wait = _wait(answer)
                if wait is None or attempt == self.attempts:
                    _check(answer)
                    with _reached():
                        yield answer
                    return
            finally:
                answer.close()
            self.pause(wait)


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        raise Unreachable(str(error) or type(error).__name__) from error


def _wait(answer: httpx.Response) -> float | None:
    """The seconds after which to ask again; None: not at all."""
    if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
        return None
    text = answer.headers.get("retry-after", "")
    try:
        if text.isdecimal():
            seconds = float(text)
        else:
            due = parsedate_to_datetime(text)
            seconds = max(0.0, (due - datetime.datetime.now(datetime.UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
    return seconds if seconds <= LONGEST_WAIT else None


def _check(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    with _reached():
        answer.read()
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        # It comes from something in between.
        problem = {"title": answer.reason_phrase, "detail": answer.text[:200]}
    raise refused(answer.status_code, problem)
