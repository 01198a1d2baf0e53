"""Uploads: bodies of any length, written to a file as they come, with a digest of them.

The body is the file itself or, where a mapping or a crosswalk comes with it, ``multipart/form-data``
(RFC 7578) with the parts ``file``, ``mapping`` and ``crosswalk``. A body that is cut off raises
starlette's `ClientDisconnect`.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import IO, Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from domain.checks import Fault
from service.api.problems import Problem
from service.api.routing import DISCARDED
from service.imports.jobs.store import CROSSWALK, MAPPING, UPLOAD, sync

# What is wrong with a body is told to whoever sent it.
logging.getLogger("python_multipart").setLevel(logging.ERROR)

MULTIPART = "multipart/form-data"

FILES = (
    "application/octet-stream",
    "text/csv",
    "text/tab-separated-values",
    "text/plain",
    "application/gzip",
    "application/x-gzip",
    "application/x-xz",
    "application/zip",
    "application/json",
    "application/geo+json",
    "application/x-ndjson",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)
"""The media types of files. What a file is, is told by its bytes."""

QUIET = 60.0
"""Seconds after which a body is given up of which nothing comes; a long one may take hours."""

AT_ONCE = 1 << 20
"""Bytes that are gathered before they are written, on a thread."""


@dataclass(frozen=True, slots=True)
class Part:
    """A text that is sent beside a file: under which name it is kept, and the most bytes of it."""

    kept_as: str
    most: int


BESIDE = {"mapping": Part(MAPPING, 1_000_000), "crosswalk": Part(CROSSWALK, 10_000_000)}
"""What can be sent beside a file, by the names of the parts."""

_PARTS = ("file", *BESIDE)


@dataclass(frozen=True, slots=True)
class Received:
    """What was sent: bytes of the file and their SHA-256, and the texts that came beside it, by part."""

    size: int
    sha256: str
    beside: Mapping[str, str] = field(default_factory=dict)


class _Taker(Protocol):
    """Takes in the bytes of a body."""

    def write(self, data: bytes) -> object:
        """Take in more."""

    def received(self) -> Received:
        """What it all was. Raises `Problem`."""


async def receive(request: Request, folder: Path, most: int) -> Received:
    """Write the body of a request to a file, ``upload`` in a folder, and what came with it beside it.

    Raises `Problem` if it is empty, does not come, is of more than `most` bytes, or of a media type that
    is not taken.
    """
    kind, boundary = _kind_of(request)
    declared = request.headers.get("content-length", "")
    fits = not declared.isdecimal() or int(declared) <= most
    if not fits and "100-continue" in request.headers.get("expect", "").lower():
        raise _too_large(most)  # it is not sent then
    try:
        with (folder / UPLOAD).open("wb") as file:
            taker: _Taker = _File(file) if kind != MULTIPART else _Form(file, boundary)
            size = await _receive(request, taker, most if fits else 0)
            if size > most or not fits:
                raise _too_large(most)
            received = await run_in_threadpool(taker.received)
            await run_in_threadpool(sync, file.fileno())
        for name, text in received.beside.items():
            (folder / BESIDE[name].kept_as).write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise Problem(
            "busy",
            f"what was sent could not be kept: {os.strerror(error.errno or 0)}",
            headers={"Retry-After": "1", "Connection": "close"},
        ) from error
    return received


async def _receive(request: Request, taker: _Taker, most: int) -> int:
    """Hand a body on in large pieces; how long it is, as far as it is read. Raises `Problem`."""
    gathered, size = bytearray(), 0
    chunks = request.stream()
    while chunk := await _next(chunks, size):
        size += len(chunk)
        if size > most + DISCARDED:
            break
        if size <= most:
            gathered += chunk
        if len(gathered) >= AT_ONCE:
            await run_in_threadpool(taker.write, bytes(gathered))
            gathered.clear()
    if size <= most:
        await run_in_threadpool(taker.write, bytes(gathered))
    return size


async def _next(chunks: AsyncIterator[bytes], size: int) -> bytes:
    """The next piece of a body; empty at its end. Raises `Problem` if none comes."""
    try:
        async with asyncio.timeout(QUIET):
            return await anext(chunks, b"")
    except TimeoutError:
        raise Problem(
            "body-too-slow",
            f"nothing more of the body came for {QUIET:.0f} s; {size} bytes of it had",
            headers={"Connection": "close"},
        ) from None


def _kind_of(request: Request) -> tuple[str, bytes]:
    """The media type of a request, and the boundary of its parts. Raises `Problem`."""
    name, options = parse_options_header(request.headers.get("content-type"))
    kind = name.decode("latin-1") or FILES[0]
    if kind not in (*FILES, MULTIPART):
        raise Problem(
            "unsupported-media-type",
            f"the Content-Type is {kind[:100]}; an import takes {', '.join(FILES)}, and {MULTIPART}"
            f" where {' or '.join(BESIDE)} comes with it",
        )
    boundary = options.get(b"boundary", b"")
    if kind == MULTIPART and not boundary:
        raise Problem("unsupported-media-type", f"the Content-Type {MULTIPART} has no boundary")
    return kind, boundary


def _too_large(most: int) -> Problem:
    return Problem(
        "body-too-large",
        f"the body has more than {most} bytes",
        headers={"Connection": "close"},
    )


def _invalid(part: str, message: str) -> Problem:
    fault = Fault((part,) if part else (), message)
    return Problem("invalid-body", "the body has one fault", faults=(fault,))


def _text_of(part: str, data: bytearray) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _invalid(part, "it is not UTF-8") from None


class _File:
    """A body that is the file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = sha256()
        self._size = 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._size += len(data)

    def received(self) -> Received:
        if not self._size:
            raise _invalid("", "it is empty: send a file")
        self._file.flush()
        return Received(self._size, self._digest.hexdigest())


class _Form:
    """A body of parts, of which one is the file."""

    def __init__(self, file: IO[bytes], boundary: bytes) -> None:
        self._file = _File(file)
        self._beside: dict[str, bytearray] = {}
        self._name, self._value = b"", b""
        self._seen: list[str] = []
        self._take: Callable[[bytes], object] = len
        self._is_whole = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._add_to_name,
                    "on_header_value": self._add_to_value,
                    "on_header_end": self._read_header,
                    "on_headers_finished": self._choose,
                    "on_part_data": self._take_data,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise _invalid("", f"its boundary cannot be used: {error}") from None

    def write(self, data: bytes) -> None:
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _invalid("", f"it is no {MULTIPART}: {error}") from None

    def received(self) -> Received:
        if not self._is_whole:
            raise _invalid("", "its last boundary is missing: it is empty, or was cut off")
        if "file" not in self._seen:
            raise _invalid("file", "this part is required")
        received = self._file.received()
        texts = {name: _text_of(name, data) for name, data in self._beside.items()}
        return Received(received.size, received.sha256, texts)

    def _begin(self) -> None:
        self._seen.append("")

    def _add_to_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _read_header(self) -> None:
        if self._name.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            self._seen[-1] = options.get(b"name", b"").decode("utf-8", "replace")
        self._name, self._value = b"", b""

    def _choose(self) -> None:
        part = self._seen[-1]
        if part not in _PARTS:
            raise _invalid(part[:100], f"there is no such part; there are {', '.join(_PARTS)}")
        if self._seen.count(part) > 1:
            raise _invalid(part, "it is sent more than once")
        self._take = self._file.write if part == "file" else partial(self._take_text, part)
        if part != "file":
            self._beside[part] = bytearray()

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        self._take(data[start:end])

    def _take_text(self, part: str, data: bytes) -> None:
        taken, most = self._beside[part], BESIDE[part].most
        taken += data
        if len(taken) > most:
            raise _invalid(part, f"it has more than {most} bytes")

    def _end(self) -> None:
        self._is_whole = True
