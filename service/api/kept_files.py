"""Long publications that were sent to their end, kept as files for whoever asks for the same again.

A file is known by the answer's validator, which is made of its URL, its moment and the version of Casus:
one of another position is another file, so that none is ever out of date. What is kept is bounded, and
whatever was asked for longest ago goes first. It can all be removed at any time; where nothing can be
written, nothing is kept and everything is sent all the same.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import IO

from service.api.streams import begun

MOST = 1_000_000_000
"""Bytes of files that are kept."""

CHUNK = 1 << 18
"""Bytes that are read, and sent, together."""

_PART = ".part"


class KeptFiles:
    """The files of one store."""

    def __init__(self, folder: Path, most: int = MOST) -> None:
        self._folder = folder
        self._most = most
        self._lock = threading.Lock()
        self._unfinished = 0  # bytes of files that are being written

    def begin(self) -> None:
        """Remove what another process has left: it may have been of another version, or killed."""
        with suppress(OSError):
            for path in self._folder.glob("*"):
                path.unlink(missing_ok=True)

    def taken(self) -> tuple[int, int]:
        """How many files there are, and their bytes, unfinished ones included."""
        sizes = []
        with suppress(OSError):  # the folder is made for the first
            for path in self._folder.iterdir():
                with suppress(OSError):
                    sizes.append(path.stat().st_size)
        return len(sizes), sum(sizes)

    def open(self, tag: str) -> IO[bytes] | None:
        """The file that is kept under a tag, to be read and closed; None if there is none."""
        try:
            file = (self._folder / tag).open("rb")
        except OSError:
            return None
        with suppress(OSError):  # of a disk that can only be read
            os.utime(file.fileno())
        return file

    def keeping(self, tag: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The same chunks; once they are all taken they are kept under a tag."""
        part = self._folder / f"{tag}.{token_hex(4)}{_PART}"
        try:
            self._folder.mkdir(exist_ok=True)
            file = part.open("xb", buffering=0)
        except OSError:
            yield from chunks
            return
        size, is_kept = 0, True
        try:
            with file:
                for chunk in chunks:
                    if is_kept:
                        size += len(chunk)
                        is_kept = self._has_room(len(chunk)) and _written(file, chunk)
                        if not is_kept:
                            file.truncate(0)
                    yield chunk
            if is_kept:
                with suppress(OSError):  # another process may remove them, or make room, as well
                    part.replace(self._folder / tag)
                    self._make_room()
        finally:
            self._has_room(-size)
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def _has_room(self, size: int) -> bool:
        """Whether so many bytes more fit into what may be kept; all that is unfinished counts together."""
        with self._lock:
            self._unfinished += size
            return self._unfinished <= self._most

    def _make_room(self) -> None:
        files = [path for path in self._folder.iterdir() if path.suffix != _PART]
        found = sorted(((path.stat(), path) for path in files), key=lambda each: each[0].st_mtime)
        left = sum(stat.st_size for stat, _ in found)
        for stat, path in found:
            if left <= self._most:
                return
            path.unlink(missing_ok=True)
            left -= stat.st_size


def _written(file: IO[bytes], chunk: bytes) -> bool:
    """Whether a chunk could be added."""
    try:
        return file.write(chunk) == len(chunk)
    except OSError:
        return False


def chunks_of(file: IO[bytes], start: int = 0, size: int | None = None) -> Iterator[bytes]:
    """What a file holds, or so many bytes of that; it is closed in the end, and where nobody goes on."""
    return begun(_chunks_of(file, start, size))


def _chunks_of(file: IO[bytes], start: int, size: int | None) -> Iterator[bytes]:
    with file:
        yield b""  # a generator that was never begun would close nothing
        file.seek(start)
        left = sys.maxsize if size is None else size
        while chunk := file.read(min(CHUNK, left)):
            left -= len(chunk)
            yield chunk
