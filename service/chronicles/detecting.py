"""Whether a file is a chronicle, and of which kind, by how it begins: packed or plain, or from a pipe."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from enum import Enum
from typing import IO, Any

import orjson

from service.imports.pipes import is_pipe
from service.imports.reading.files import STANDARD_INPUT, Stream, open_file
from service.imports.reading.outcomes import FileRefused

HEAD = 1 << 16
"""Bytes that are looked at. The header of a stream is within them."""

_MARKS = b"\xef\xbb\xbf \t\r\n"
_FORMAT = re.compile(rb'"format"\s*:\s*"casus-chronicle/')
_BEGINS_WITH_LIST = re.compile(rb'\{\s*"(actors|incidents)"\s*:\s*\[')


class Kind(Enum):
    """The kinds of chronicles."""

    DOCUMENT = "a JSON document"
    STREAM = "a header, and then a line for each actor and incident"
    HEADLESS = "such lines without their header"


def kind_of(stream: Stream) -> Kind | None:
    """The kind of chronicle that a stream of bytes is; None if it is none, as far as one can see."""
    head = stream.peek(HEAD).lstrip(_MARKS)
    if not head.startswith(b"{"):
        return None
    first = _object(head.partition(b"\n")[0])
    if {"actor", "incident"} & first.keys():
        return Kind.HEADLESS
    if not _FORMAT.search(head):
        return Kind.DOCUMENT if _BEGINS_WITH_LIST.match(head) else None
    is_header = "format" in first and not {"actors", "incidents"} & first.keys()
    return Kind.STREAM if is_header else Kind.DOCUMENT


def is_chronicle(name: str, standard_input: IO[bytes] | None = None) -> bool:
    """Whether a file by its path, or what begins as standard input does, is a chronicle.

    What is read once only is not looked at, and counts as none.
    """
    if name != STANDARD_INPUT and is_pipe(name):
        return False
    try:
        with open_file(name, standard_input) as source:
            found = next(source.streams(), None)
            return found is not None and kind_of(found) in (Kind.DOCUMENT, Kind.STREAM)
    except FileRefused:
        return False  # whoever imports it says why


def are_chronicles(files: tuple[str, ...], beginning: bytes) -> bool | None:
    """Whether files are chronicles, all or none, given how standard input begins; None: some are."""
    found = {
        is_chronicle(name, io.BytesIO(beginning) if name == STANDARD_INPUT else None)
        for name in files
    }
    return found.pop() if len(found) == 1 else None


def begun(pipe: IO[bytes]) -> tuple[bytes, IO[bytes]]:
    """How a pipe begins, and what it is to be read from, from its beginning."""
    if pipe.seekable():
        start = pipe.tell()
        beginning = pipe.read(HEAD)
        pipe.seek(start)
        return beginning, pipe
    again = _Begun(pipe)
    return again.beginning, io.BufferedReader(again)


class _Begun(io.RawIOBase):
    """A pipe of which the beginning was read, and is to be read once more."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._read: Callable[[int], bytes] = getattr(pipe, "read1", pipe.read)
        self.beginning = b""
        while len(self.beginning) < HEAD and (data := self._read(HEAD - len(self.beginning))):
            self.beginning += data
        self._held = self.beginning

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as there is something: at least a byte, none at the end."""
        data = self._held or self._read(len(buffer))
        some, self._held = data[: len(buffer)], data[len(buffer) :]
        buffer[: len(some)] = some
        return len(some)


def _object(line: bytes) -> dict[str, Any]:
    """The object that a line is; an empty one if it is none."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
