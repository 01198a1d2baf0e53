"""Bytes as text: UTF-8 with or without a byte order mark, UTF-16 by its mark, and what is neither.

A line that is not UTF-8 is read as Windows-1252 and counted: no byte is lost, and what the file's makers
garbled themselves stays as it is. Lines end with LF or CRLF; with CR alone only in a file that begins so.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from typing import Protocol

from service.imports.reading.outcomes import UnreadableFile

LONGEST_ROW = 4 << 20
"""Characters in a row, and bytes in a line. A longer line is its beginning, filled up with spaces."""

BLOCK = 1 << 18
"""Bytes that are read at a time."""

MOST_LINES = 5_000
"""Lines that a row may run over: a quote that is not closed within them was not meant to open a cell."""

_KEPT = 4_096

_WINDOWS_1252 = "".join(
    chr(byte) if byte in b"\x81\x8d\x8f\x90\x9d" else bytes([byte]).decode("cp1252")
    for byte in range(256)
)
_ESCAPED = re.compile(r"[\udc80-\udcff]+")


class ByteStream(Protocol):
    """What is read: named bytes. `read` gives up to so many, none at the end; raises `UnreadableFile`."""

    name: str

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        ...


class Text:
    """A stream as text, read once: as lines or in pieces. Its first four bytes are to come together.

    `head` is how it begins, as UTF-8 without a byte order mark; `substituted` counts the lines (in pieces:
    the runs of bytes) that were not UTF-8; `odd` says whether there may be lines among those read that are
    too long or hold NUL.
    """

    def __init__(self, stream: ByteStream) -> None:
        self.name = stream.name
        self.substituted = 0
        self.odd = False
        self._stream = stream
        self._utf16: codecs.IncrementalDecoder | None = None
        self._failure: UnreadableFile | None = None
        start = self._raw()
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self._utf16 = codecs.getincrementaldecoder("utf-16")("replace")
        else:
            start = start.removeprefix(codecs.BOM_UTF8)
        self.head = self._as_utf8(start)
        if not self.head:
            self._finish()
        self._held = self.head
        self._carriage_returns = False

    def hold_lines(self, count: int) -> None:
        """Have `head` hold so many lines, or many bytes of them; at least one, if it is not too long."""
        while len(self.head) <= LONGEST_ROW:
            lines = self.head.count(b"\n") or self.head[:-1].count(b"\r")
            if lines >= count or (lines and len(self.head) >= BLOCK) or not (more := self._next()):
                break
            self.head += more
        self._held = self.head
        self._carriage_returns = b"\r" in self.head and b"\n" not in self.head

    def first_lines(self) -> list[str]:
        """The lines of `head`, of which the last may be cut off."""
        text = self.head.decode(errors="replace")
        if self._carriage_returns:
            text = text.replace("\r", "\n")
        return io.StringIO(text, newline="\n").readlines()

    def lines(self) -> Iterator[list[str]]:
        """All lines, each with its end, in lists; raises `UnreadableFile` after the last whole one."""
        for block in self._whole_lines():
            try:
                text = block.decode()
            except UnicodeDecodeError:
                text = "".join(map(self._decoded, block.splitlines(keepends=True)))
            if self._carriage_returns:
                text = text.replace("\r", "\n")
            self.odd = self.odd or "\0" in text or len(text) > LONGEST_ROW
            yield io.StringIO(text, newline="\n").readlines()
        self._finish()

    def pieces(self) -> Iterator[str]:
        """All text, in pieces of any length; raises `UnreadableFile` after the last."""
        decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        while block := self._read():
            yield self._mended(decoder.decode(block))
        yield self._mended(decoder.decode(b"", final=True))
        self._finish()

    def _whole_lines(self) -> Iterator[bytes]:
        end = b"\r" if self._carriage_returns else b"\n"
        begun = bytearray()  # a line whose end was not read yet
        length = 0
        while block := self._read():
            cut = block.rfind(end) + 1
            if not cut:
                length += len(block)
                begun += block[: max(0, LONGEST_ROW - len(begun))]
                continue
            if length > LONGEST_ROW:
                stop = block.find(end)
                yield bytes(begun[:_KEPT]).ljust(LONGEST_ROW + 1) + block[stop:cut]
            else:
                yield bytes(begun) + block[:cut]
            begun = bytearray(block[cut:])
            length = len(begun)
        if begun and not self._failure:
            yield (
                bytes(begun)
                if length <= LONGEST_ROW
                else bytes(begun[:_KEPT]).ljust(LONGEST_ROW + 1)
            )

    def _read(self) -> bytes:
        if self._held:
            block, self._held = self._held, b""
            return block
        return self._next()

    def _next(self) -> bytes:
        while raw := self._raw():
            if block := self._as_utf8(raw):
                return block
        return b""

    def _raw(self) -> bytes:
        try:
            return b"" if self._failure else self._stream.read(BLOCK)
        except UnreadableFile as failure:
            self._failure = failure
            return b""

    def _as_utf8(self, raw: bytes) -> bytes:
        return self._utf16.decode(raw).encode() if self._utf16 else raw

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode()
        except UnicodeDecodeError:
            self.substituted += 1
            return _of_windows_1252(line)

    def _mended(self, text: str) -> str:
        if not text.isascii():
            text, count = _ESCAPED.subn(_windows_1252, text)
            self.substituted += count
        return text

    def _finish(self) -> None:
        if self._failure:
            raise self._failure


class Lines:
    """A window on the lines of a text, numbered from 1. `failure` is what ended it before its end."""

    def __init__(self, text: Text) -> None:
        self.held: list[str] = []
        self.first = 1
        self.failure: UnreadableFile | None = None
        self._gained = 0
        self._text = text
        self._blocks = text.lines()

    @property
    def odd(self) -> bool:
        """Whether `fault` is to be asked about rows."""
        return self._text.odd

    def get(self, number: int) -> str | None:
        """A line that was not dropped; None after the last."""
        while number >= self.first + len(self.held):
            if not self._grow():
                return None
        return self.held[number - self.first]

    def drop(self, number: int) -> None:
        """Let the lines before this one go, once they are most of what is held."""
        passed = number - self.first
        if passed > len(self.held) / 2:
            del self.held[:passed]
            self.first = number

    def grow_for(self, begin: int) -> bool:
        """Hold twice as much of the row that begins in a line; False if it is too long, or all is held."""
        held = self.held[begin - self.first :]
        wanted = sum(map(len, held))
        if wanted > LONGEST_ROW or len(held) > MOST_LINES:
            return False
        grown = False
        while wanted > 0 and self._grow():
            grown = True
            wanted -= self._gained
        return grown

    def fault(self, begin: int, end: int) -> str:
        """What is wrong with the lines from one to before another, if it is not their quotes."""
        lines = self.held[begin - self.first : end - self.first]
        if any("\0" in line for line in lines):
            return "it holds NUL bytes"
        if any(len(line) > LONGEST_ROW for line in lines):
            return f"it is longer than {LONGEST_ROW:,} characters"
        return ""

    def _grow(self) -> bool:
        try:
            block = next(self._blocks, None)
        except UnreadableFile as failure:
            self.failure = failure
            block = None
        if block is None:
            return False
        self.held += block
        self._gained = sum(map(len, block))
        return True


def _windows_1252(found: re.Match[str]) -> str:
    return _of_windows_1252(found[0].encode("utf-8", "surrogateescape"))


def _of_windows_1252(raw: bytes) -> str:
    """Bytes as Windows-1252, of which five stand for nothing: these become the control of their number."""
    return codecs.charmap_decode(raw, "strict", _WINDOWS_1252)[0]
