"""Unpacking gzip, xz and zip as they are read, within bounds, whatever a file claims about itself.

gzip follows RFC 1952 (several members after each other are one stream), xz the .xz format 1.2 (likewise,
with padding), zip PKWARE's APPNOTE as Python's zipfile reads it. What comes before a fault is handed on, as
far as it could be unpacked, and then `UnreadableFile` is raised.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import IO, Protocol, TypeAlias, cast

from service.imports.reading.outcomes import UnreadableFile, shown

GZIP, XZ = b"\x1f\x8b\x08", b"\xfd7zXZ\x00"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")

MOST = 200_000_000_000
"""Bytes that may come out of one file, all its members together."""

STEEPEST, FREE = 1_000, 100_000_000
"""How many bytes may come out of one byte of a file, once more than `FREE` have: text packs less."""

MOST_MEMORY = 256 << 20
"""Bytes that unpacking xz may take; ``xz -9`` needs 65 MiB."""

MOST_MEMBERS = 10_000

_CHUNK = 1 << 16

Read: TypeAlias = Callable[[int], bytes]
"""Reads up to so many bytes; none at the end."""

_ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""What zipfile raises for files that are not as they should be."""


class Bounds:
    """How much has come out of a file, against how much of it was read. Raises `UnreadableFile`."""

    def __init__(self, name: str, consumed: Callable[[], int]) -> None:
        self._name = name
        self._consumed = consumed
        self._produced = 0

    def spend(self, size: int) -> None:
        """Note that so many bytes came out."""
        self._produced += size
        steep = self._produced > max(FREE, STEEPEST * self._consumed())
        if steep or self._produced > MOST:
            reason = (
                f"it unpacks to more than {STEEPEST:,} times its size, as no data does"
                if steep
                else f"it unpacks to more than {MOST:,} bytes"
            )
            raise UnreadableFile(
                self._name, reason, "unpack it yourself, if you trust it", self._produced
            )


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /, max_length: int) -> bytes: ...


class Unpacked:
    """The bytes that a gzip or xz stream holds."""

    def __init__(self, name: str, kind: str, read: Read, bounds: Bounds) -> None:
        self._name = name
        self._kind = kind
        self._source = read
        self._bounds = bounds
        self._pending = b""
        self._total = 0
        self._unpacker = self._new()

    def _new(self) -> _Unpacker:
        if self._kind == "gzip":
            return zlib.decompressobj(wbits=31)
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MOST_MEMORY)

    def read(self, size: int) -> bytes:
        """Up to so many bytes; none at the end. Raises `UnreadableFile`."""
        while True:
            if self._unpacker.eof and not self._next():
                return b""
            # lzma keeps what it did not take in, zlib gives it back: neither is to be fed on top of that.
            wanting = not self._pending and getattr(self._unpacker, "needs_input", True)
            packed = self._source(_CHUNK) if wanting else self._pending
            try:
                data = self._unpacker.decompress(packed, size)
            except (zlib.error, lzma.LZMAError) as error:
                raise self._fault(
                    f"the {self._kind} data is damaged ({error})", "get the file again"
                ) from None
            self._pending = getattr(self._unpacker, "unconsumed_tail", b"")
            if data:
                self._total += len(data)
                self._bounds.spend(len(data))
                return data
            if wanting and not packed and not self._unpacker.eof:
                raise self._fault(
                    f"the {self._kind} data ends too early: the file was cut off",
                    "get the file again",
                )

    def _next(self) -> bool:
        """Whether another member follows; zeros that fill up a block are passed over."""
        rest = self._unpacker.unused_data.lstrip(b"\0")
        while not rest and (packed := self._source(_CHUNK)):
            rest = packed.lstrip(b"\0")
        if not rest:
            return False
        magic = GZIP if self._kind == "gzip" else XZ
        while len(rest) < len(magic) and (packed := self._source(_CHUNK)):
            rest += packed
        if not rest.startswith(magic):
            raise self._fault(
                f"something else follows the {self._kind} data", "get the file again, or cut it off"
            )
        self._pending = rest
        self._unpacker = self._new()
        return True

    def _fault(self, reason: str, remedy: str) -> UnreadableFile:
        return UnreadableFile(self._name, reason, remedy, self._total)


def open_zip(name: str, file: IO[bytes]) -> zipfile.ZipFile:
    """A zip archive. Raises `UnreadableFile`."""
    try:
        archive = zipfile.ZipFile(file)
    except _ZIP_FAULTS as error:
        raise UnreadableFile(
            name,
            f"its directory of members cannot be read ({_told(error)}): the file was cut off or is damaged",
            "get the file again",
        ) from None
    if len(archive.filelist) > MOST_MEMBERS:
        raise UnreadableFile(
            name, f"it has more than {MOST_MEMBERS:,} members", "unpack it, and name the files"
        )
    return archive


def data_members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members that may be data, in order of name."""
    return sorted(
        (member for member in archive.infolist() if _may_be_data(member)),
        key=lambda member: member.filename,
    )


def _may_be_data(member: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(member.filename)
    return not (
        member.filename.endswith("/")  # `is_dir` fails for a name that is empty
        or "__MACOSX" in path.parts
        or path.name.startswith(".")
        or path.name.lower().startswith(("readme", "license", "licence"))
        or path.suffix.lower() in {".pdf", ".md", ".htm", ".html", ".doc", ".docx", ".rtf"}
    )


def read_member(
    name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo, bounds: Bounds
) -> Read:
    """The bytes of a member, as a function that reads them. Raises `UnreadableFile`, as that does."""
    if member.flag_bits & 0x1:
        raise UnreadableFile(name, "it is encrypted", "unpack it with its password first")
    total = 0

    def fault(error: Exception) -> UnreadableFile:
        match error:
            case NotImplementedError():
                reason = f"it is packed in a way that is not understood ({_told(error)})"
                return UnreadableFile(name, reason, "unpack it first", total)
            case EOFError():
                reason = "it ends too early: the file was cut off"
            case _:
                reason = f"it is damaged ({_told(error)})"
        return UnreadableFile(name, reason, "get the file again", total)

    try:
        opened = cast(zipfile.ZipExtFile, archive.open(member))
    except _ZIP_FAULTS as error:
        raise fault(error) from None

    def read(size: int) -> bytes:
        nonlocal total
        try:
            data = opened.read1(size)
        except _ZIP_FAULTS as error:
            raise fault(error) from None
        total += len(data)
        bounds.spend(len(data))
        return data

    return read


def _told(error: Exception) -> str:
    return shown(str(error)) or type(error).__name__
