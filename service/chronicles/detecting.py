"""Whether a file is a chronicle, and of which kind, by how it begins: packed or plain, or from a pipe."""

from __future__ import annotations

import io
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from enum import Enum
from typing import IO, Any

import orjson

from service.imports.formats import formats_named
from service.imports.pipes import is_pipe
from service.imports.reading.files import STANDARD_INPUT, Stream, open_file
from service.imports.reading.outcomes import FileRefused, NoData, NoFormat
from service.imports.reading.packed import ZIP
from service.imports.reading.rows import open_rows

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


def begins_as_chronicle(stream: Stream) -> bool:
    """Whether a stream of bytes is a chronicle that can be loaded, as far as one can see."""
    return kind_of(stream) in (Kind.DOCUMENT, Kind.STREAM)


def is_chronicle(name: str, standard_input: IO[bytes] | None = None) -> bool:
    """Whether a file by its path, or what begins as standard input does, is a chronicle.

    An archive is what the first of its members is that is data. What is read once only is not looked at,
    and counts as none.
    """
    if name != STANDARD_INPUT and is_pipe(name):
        return False
    try:
        with open_file(name, standard_input) as source:
            return _is_chronicle(source.name, source.streams())
    except FileRefused:
        return False  # whoever imports it says why


def _is_chronicle(name: str, streams: Iterable[Stream]) -> bool:
    for stream in streams:
        try:
            if stream.name == name or begins_as_chronicle(stream):
                return begins_as_chronicle(stream)
            check_no_data(stream)
        except (NoData, NoFormat):
            continue
        return False
    return False


def check_no_data(stream: Stream) -> None:
    """Raise what says why a member of an archive, which is no chronicle, is none of the data there.

    That is `NoData` or `NoFormat`, or for what may be data all the same another `FileRefused`. A dataset's
    rows raise nothing.
    """
    open_rows(stream, formats_named(None))


def are_chronicles(files: tuple[str, ...], beginning: IO[bytes]) -> bool | None:
    """Whether files are chronicles, all or none, given how standard input begins; None: some are."""
    at = beginning.tell()
    found = {is_chronicle(name, beginning if name == STANDARD_INPUT else None) for name in files}
    beginning.seek(at)
    return found.pop() if len(found) == 1 else None


def begun(pipe: IO[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """How a pipe begins, as a file to look at, and what it is to be read from, from its beginning.

    An archive can't be told by how it begins: it is kept, and both are one file.
    """
    if pipe.seekable():
        start = pipe.tell()
        beginning = pipe.read(HEAD)
        pipe.seek(start)
        whole = pipe
    else:
        again = _Begun(pipe)
        beginning, whole = again.beginning, io.BufferedReader(again)
    if not beginning.startswith(ZIP):
        return io.BytesIO(beginning), whole
    if not pipe.seekable():
        file = tempfile.TemporaryFile()  # noqa: SIM115 - for as long as the command lasts
        shutil.copyfileobj(whole, file)
        file.seek(0)
        whole = file
    return whole, whole


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
