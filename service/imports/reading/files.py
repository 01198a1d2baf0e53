"""Opening what the user names: a file or standard input, plain or packed, as streams of bytes.

Gzip, xz, zip and workbooks are told by their first bytes, never by the name, also within each other. A zip
archive is as many streams as it has members that may be data; one that turns out to be none raises `NoData`
when it is read. Nothing is unpacked further than it is read, and not without bounds (see
`service.imports.reading.packed`). Every failure is an `UnreadableFile`.
"""

from __future__ import annotations

import codecs
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn, cast

from service.imports.reading.outcomes import NoData, UnreadableFile
from service.imports.reading.packed import (
    GZIP,
    XZ,
    ZIP,
    Bounds,
    Read,
    Unpacked,
    data_members,
    open_zip,
    read_member,
)

STANDARD_INPUT = "-"

DEEPEST = 3
"""How often a file may be packed: a gzip in a zip is packed twice."""

WORKBOOK = "xl/workbook.xml"
"""The member of a zip archive that makes it an Excel workbook (ECMA-376)."""

_CHUNK = 1 << 18

_OTHERS = (
    (0, b"\x28\xb5\x2f\xfd", "zstd data", "unpack it first"),
    (4, b"1AY&SY", "bzip2 data", "unpack it first"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first"),
    (0, b"Rar!\x1a\x07", "a RAR archive", "unpack it first"),
    (257, b"ustar", "a tar archive", "unpack it first, and name the files in it"),
    (0, b"\xd0\xcf\x11\xe0", "an Excel workbook of before 2007", "save it as .xlsx or as CSV"),
    (30, b"mimetypeapplication/vnd.oasis", "an OpenDocument file", "save it as .xlsx or as CSV"),
    (0, b"PAR1\x15", "a Parquet file", "write it as CSV first"),
    (0, b"SQLite format 3\0", "an SQLite database", "write its table as CSV first"),
    (0, b"%PDF-", "a PDF document", "name a file of data"),
)
"""Kinds of files that are told by bytes at an offset, and that are not read."""

_HEAD = 512


class Stream:
    """The bytes of a file, or of one member of an archive, by its name."""

    def __init__(self, name: str, read: Read, file: IO[bytes] | None = None) -> None:
        self.name = name
        self._read = read
        self._file = file
        self._held = b""
        self._failure: UnreadableFile | None = None
        self._spooled = False

    def read(self, size: int) -> bytes:
        """Up to so many bytes, at least one; none at the end. Raises `UnreadableFile`."""
        if self._held:
            data, self._held = self._held[:size], self._held[size:]
            return data
        if self._failure:
            raise self._failure
        return self._read(size)

    def peek(self, size: int) -> bytes:
        """The next so many bytes, or what there is of them, still to be read."""
        try:
            while len(self._held) < size and (data := self._read(size - len(self._held))):
                self._held += data
        except UnreadableFile as failure:
            if not self._held:
                raise
            self._failure = failure
        return self._held[:size]

    def file(self) -> IO[bytes]:
        """All the bytes as a file that can be read in any order; the stream is not to be read then.

        What is no such file already is written to a temporary one. Raises `UnreadableFile`.
        """
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this
            try:
                while data := self.read(_CHUNK):
                    self._file.write(data)
            except OSError as error:
                raise _failed(self.name, error) from None
            self._spooled = True
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Remove the temporary file, if there is one."""
        if self._spooled and self._file:
            self._file.close()


class Source:
    """An opened file. `size` is its length in bytes, packed as it is, if that is known."""

    def __init__(self, name: str, file: IO[bytes], size: int | None, *, seekable: bool) -> None:
        self.name = name
        self.size = size
        self._counted = _Counted(name, file, whole=seekable)
        self._seekable = seekable

    @property
    def position(self) -> int:
        """How many of its bytes were read."""
        read = self._counted.count
        return read if self.size is None else min(read, self.size)

    def called(self, stream: Stream) -> str:
        """A stream of it as rows are told of: the name without a folder, and of a member its own."""
        return Path(self.name).name + stream.name.removeprefix(self.name)

    def streams(self) -> Iterator[Stream]:
        """What it holds; each is to be read before the next is asked for. Raises `UnreadableFile`."""
        counted = self._counted
        file = cast(IO[bytes], counted) if self._seekable else None
        bounds = Bounds(self.name, lambda: self.position)
        return _unpacked(Stream(self.name, counted.read, file), bounds, 0)


def standard_input() -> IO[bytes]:
    """Standard input, as bytes. Raises `UnreadableFile` where the process has none."""
    if sys.stdin is None:
        raise UnreadableFile(
            "standard input", "it is closed", "name a file, or send one through a pipe"
        )
    return sys.stdin.buffer


def read_text(path: Path) -> str:
    """A small file of UTF-8, as text. Raises `UnreadableFile` for other text, and `OSError`."""
    data = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableFile(
            str(path), f"it is not UTF-8, from line {line:,} on", "save it as UTF-8"
        ) from None


@contextmanager
def open_file(name: str, piped: IO[bytes] | None = None) -> Iterator[Source]:
    """Open a file by its path, or standard input, ``-``. Raises `UnreadableFile`."""
    if name == STANDARD_INPUT:
        given = piped or standard_input()
        yield Source("standard input", given, _size(given), seekable=False)
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - closed below
    except FileNotFoundError:
        raise UnreadableFile(name, "there is no such file", "check its path") from None
    except IsADirectoryError:
        raise UnreadableFile(name, "it is a directory", "name the files in it") from None
    except PermissionError:
        raise UnreadableFile(
            name, "you may not read it", "change its permissions, or ask its owner"
        ) from None
    except (OSError, ValueError) as error:
        raise _failed(name, error) from None
    with file:
        yield Source(name, file, _size(file), seekable=file.seekable())


def _unpacked(stream: Stream, bounds: Bounds, depth: int) -> Iterator[Stream]:
    head = stream.peek(_HEAD)
    if not head:
        raise NoData(stream.name, "it is empty", "get the file again")
    packing = "gzip" if head.startswith(GZIP) else "xz" if head.startswith(XZ) else None
    for offset, magic, kind, remedy in _OTHERS:
        if head.startswith(magic, offset):
            raise NoData(stream.name, f"it is {kind}, which is not read", remedy)
    if depth == DEEPEST and (packing or head.startswith(ZIP)):
        raise UnreadableFile(stream.name, f"it is packed {DEEPEST} times over", "unpack it first")
    if packing:
        unpacked = Unpacked(stream.name, packing, stream.read, bounds)
        yield from _unpacked(Stream(stream.name, unpacked.read), bounds, depth + 1)
    elif head.startswith(ZIP):
        yield from _unzipped(stream, bounds, depth)
    else:
        yield stream


def _unzipped(stream: Stream, bounds: Bounds, depth: int) -> Iterator[Stream]:
    try:
        file = stream.file()
        with open_zip(stream.name, file) as archive:
            if WORKBOOK in archive.namelist():
                file.seek(0)
                yield Stream(stream.name, file.read, file)
                return
            members = data_members(archive)
            if not members:
                raise NoData(stream.name, "it has no member that is data", "name another")
            for member in members:
                name = f"{stream.name}/{member.filename}"
                read = read_member(name, archive, member, bounds)
                try:
                    yield from _unpacked(Stream(name, read), bounds, depth + 1)
                except NoData as failure:
                    yield Stream(name, _raising(failure))  # and on to the next member
    finally:
        stream.close()


def _raising(failure: NoData) -> Read:
    def read(_: int) -> NoReturn:
        raise failure

    return read


class _Counted:
    """A file that counts what is read of it, and whose failures are told."""

    def __init__(self, name: str, file: IO[bytes], *, whole: bool) -> None:
        self.count = 0
        self._name = name
        self._file = file
        # Of a pipe, what has arrived is taken at once instead of waiting for a full buffer.
        self._read: Callable[[int], bytes] = (
            file.read if whole else getattr(file, "read1", file.read)
        )
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._read(size)
        except (OSError, ValueError) as error:
            raise _failed(self._name, error, self.count) from None
        self.count += len(data)
        return data


def _size(file: IO[bytes]) -> int | None:
    try:
        status = os.fstat(file.fileno())
    except (OSError, ValueError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _failed(name: str, error: Exception, read: int | None = None) -> UnreadableFile:
    reason = getattr(error, "strerror", None) or str(error)
    return UnreadableFile(
        name, f"it cannot be read ({reason})", "check the path and the disk", read
    )
