"""Answers to reads: the headers they share, conditional requests, and compression.

An answer's bytes follow from the URL, the host it was asked at, the moment read and the version of Casus,
so a strong ETag is made of these, before any row is read. Each content coding has its own.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from importlib.metadata import version
from typing import IO
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from service.api.kept_files import chunks_of
from service.api.problems import Problem
from service.api.ranges import asked_range
from service.api.streams import Stream, on_threads
from service.reading.clocks import Moment

CASUS_VERSION = version("casus")

FOREVER = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"

COMPRESS_FROM = 1_000
"""Bytes below which compressing an answer gains nothing."""

_LEVEL, _STREAM_LEVEL = 4, 1
_REFUSED = ("q=0", "q=0.", "q=0.0", "q=0.00", "q=0.000")
_PATH_SAFE = "/:@!$&'()*+,;=~%"
"""With the percent sign: those that are left in a path are of its encoding (`service.api.paths`)."""


def origin(request: Request) -> str:
    """The scheme and host that the client used."""
    scope = request.scope
    host = request.headers.get("host")
    if host is None:
        server = scope.get("server") or ("127.0.0.1", None)
        host = f"{server[0]}:{server[1]}" if server[1] else str(server[0])
    return f"{scope['scheme']}://{host}"


def url_of(request: Request, query: str = "") -> str:
    """The absolute URL of the request's path, with another query."""
    path = request.scope["path"]
    path = _quoted(path) if len(path) < 500 else quote(path, safe=_PATH_SAFE)
    return f"{origin(request)}{path}" + (f"?{query}" if query else "")


@lru_cache(maxsize=4_096)
def _quoted(path: str) -> str:
    return quote(path, safe=_PATH_SAFE)


def etag_of(url: str, query: bytes, moment: Moment) -> str:
    """The strong validator of what a URL answers at a moment."""
    material = repr((CASUS_VERSION, url, query, moment))
    return blake2b(material.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


@lru_cache(maxsize=4_096)
def query_without(query: bytes, *names: str) -> str:
    """A query string without the parameters of these names."""
    pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True)
    return urlencode([pair for pair in pairs if pair[0] not in names])


def and_more(query: str, **parameters: object) -> str:
    """A query string, and after it these parameters."""
    return "&".join(filter(None, [query, urlencode(parameters)]))


@lru_cache(maxsize=4_096)
def _with_position(query: bytes, position: int) -> str:
    """A query string that fixes this position; one with a cursor does so as it is."""
    given = parse_qsl(query.decode("ascii"), keep_blank_values=True)
    if any(name in ("position", "cursor") for name, _ in given):
        return query.decode("ascii")
    return and_more(query_without(query, "as_of", "min_position"), position=position)


def permanent_url(request: Request, moment: Moment) -> str:
    """The absolute URL of the request, with the moment's position fixed."""
    return url_of(request, _with_position(request.scope["query_string"], moment.position))


class Answer:
    """An answer to be: what it is made of, so that an unchanged one is never computed."""

    def __init__(
        self,
        request: Request,
        moment: Moment,
        *,
        fixed: bool = False,
        location: str | None = None,
        changed: int | None = None,
        negotiated: bool = False,
        packed: bool = False,
        parted: bool = False,
    ) -> None:
        """What answers a request; `location` is the address of what it shows, if that is another.

        `changed` is the position of the last change of what can be revised: its ETag begins with it.
        What is `negotiated` depends on Accept as well (`service.api.negotiation`).
        What is `packed` as it is (a picture, Parquet) is not compressed again.
        What is `parted` is sent in part to who asks for that (`service.api.ranges`).
        """
        self._gzip = accepts_gzip(request) and not packed
        self._held = _held_tags(request.headers.getlist("if-none-match"))
        if location is None:
            tag = etag_of(url_of(request), request.scope["query_string"], moment)
        else:
            tag = etag_of(location, b"", moment)
        self.tag = tag if changed is None else f"{changed}.{tag}"
        """What names the answer, whatever coding it is sent in: it is made of all that it depends on."""
        self._is_parted = parted
        self._range = asked_range(request, self._etag(zipped=False)) if parted else None
        self._gzip = self._gzip and self._range is None
        self.links: list[str] = []
        if location is None:
            address = permanent_url(request, moment)
            # Apart, though a link may have two relations: many readers take `rel` for one name.
            self.links += [f'<{address}>; rel="cite-as"', f'<{address}>; rel="canonical"']
        self.headers = {
            "Cache-Control": FOREVER if fixed else REVALIDATE,
            "Vary": "Accept-Encoding, Accept" if negotiated else "Accept-Encoding",
            "Casus-Position": str(moment.position),
        }

    def not_modified(self) -> Response | None:
        """304, if the client holds this answer already, in a coding that it still accepts."""
        if self._held:
            for zipped in (True, False) if self._gzip else (False,):
                tag = self._etag(zipped=zipped)
                if tag in self._held:
                    return Response(status_code=304, headers={**self.headers, "ETag": tag})
        return None

    def of(
        self, body: bytes, *, status: int = 200, media_type: str = "application/json"
    ) -> Response:
        """The answer with this body."""
        zipped = self._gzip and len(body) >= COMPRESS_FROM
        headers = self._headers(zipped=zipped)
        if zipped:
            compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
            body = compressor.compress(body) + compressor.flush()
        if status == 200 and "*" in self._held:
            headers.pop("Content-Encoding", None)
            return Response(status_code=304, headers=headers)
        if self._is_parted and not zipped:
            status, part = self._taken(len(body), headers)
            body = body[part.start : part.stop]
        return Response(body, status_code=status, headers=headers, media_type=media_type)

    def streamed(self, chunks: Iterator[bytes], *, media_type: str) -> Response:
        """The answer with a body that is sent as it is written, on threads: the whole, of whatever size."""
        headers = self._headers(zipped=self._gzip)
        if self._gzip:
            chunks = _compressed(chunks)
        return Stream(on_threads(chunks), media_type, headers, ends=True)

    def of_file(self, file: IO[bytes], *, media_type: str) -> Response:
        """The answer whose body is in a file, which is closed in the end. Raises `Problem`."""
        if self._gzip:
            return self.streamed(chunks_of(file), media_type=media_type)
        headers = self._headers(zipped=False)
        try:
            status, part = self._taken(os.fstat(file.fileno()).st_size, headers)
        except Problem:
            file.close()
            raise
        headers["Content-Length"] = str(len(part))
        chunks = chunks_of(file, part.start, len(part))
        return Stream(on_threads(chunks), media_type, headers, ends=True, status=status)

    def _taken(self, size: int, headers: dict[str, str]) -> tuple[int, range]:
        """The status, and which bytes are sent of so many, as the headers then say. Raises `Problem`."""
        headers["Accept-Ranges"] = "bytes"
        if self._range is None:
            return 200, range(size)
        part = self._range.of(size)
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
        return 206, part

    def _headers(self, *, zipped: bool) -> dict[str, str]:
        headers = {**self.headers, "ETag": self._etag(zipped=zipped)}
        if self.links:
            headers["Link"] = ", ".join(self.links)
        if zipped:
            headers["Content-Encoding"] = "gzip"
        return headers

    def _etag(self, *, zipped: bool) -> str:
        return f'"{self.tag}-gzip"' if zipped else f'"{self.tag}"'


def as_it_stands(request: Request, moment: Moment, body: bytes) -> Response:
    """The answer of what is state and not record, named by its bytes: it changes as the log stays."""
    location = f"{url_of(request)}#{blake2b(body, digest_size=12).hexdigest()}"
    answer = Answer(request, moment, location=location)
    return answer.not_modified() or answer.of(body)


def _compressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(_STREAM_LEVEL, zlib.DEFLATED, 31)
    for chunk in chunks:
        if compressed := compressor.compress(chunk):
            yield compressed
    yield compressor.flush()


def _held_tags(values: list[str]) -> set[str]:
    """The tags of If-None-Match, which compares weakly; our tags hold no comma."""
    return {tag.strip().removeprefix("W/") for value in values for tag in value.split(",")}


def accepts_gzip(request: Request) -> bool:
    """Whether the client takes an answer compressed with gzip."""
    return _gzip_is_accepted(",".join(request.headers.getlist("accept-encoding")))


@lru_cache(maxsize=256)
def _gzip_is_accepted(accepted: str) -> bool:
    codings = {}
    for coding in accepted.lower().split(","):
        name, _, parameters = coding.partition(";")
        codings[name.strip()] = parameters.replace(" ", "") not in _REFUSED
    return codings.get("gzip", codings.get("*", False))
