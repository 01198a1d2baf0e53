"""The lines of a chronicle's stream: its header, and what comes after it, some at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias, TypeVar

from pydantic import TypeAdapter, ValidationError

from domain.checks import Fault, Faulty
from service.chronicles import ADAPTER
from service.faults import faults_of_validation, in_words
from service.imports.reading.documents import MARKS
from service.imports.reading.outcomes import RAW, Rejected, UnreadableFile
from service.imports.reading.text import ByteStream, Lines, Text

T = TypeVar("T")

BATCH = 500
"""Lines that are read, and loaded, together."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line, by its number in the stream; the first is 1."""

    number: int
    text: str

    def rejected(self, faults: Iterable[Fault]) -> Rejected:
        """The line as one that is not taken in."""
        return Rejected(self.number, None, in_words(faults), self.text[:RAW].strip())


Read: TypeAlias = Line | Rejected
"""A line, or one that is too long or holds NUL."""


class Reading:
    """The lines of a stream after its header, to be read once. Raises `Faulty` if that is at fault."""

    def __init__(self, stream: ByteStream) -> None:
        self._lines = _lines(Text(stream))
        self._broken: UnreadableFile | None = None
        first = next(self._lines, None)
        if not isinstance(first, Line):
            raise Faulty((Fault((), first.reason if first else "it has no header"),))
        self._first = first.text.strip(MARKS)
        try:
            self.header = ADAPTER.validate_json(self._first)
        except ValidationError as error:
            raise Faulty(faults_of_validation(error)) from None

    def batches(self, wanted: Callable[[Read], bool]) -> Iterator[list[Read]]:
        """The lines that are wanted, in batches: to the end, or as far as the stream can be read."""
        some = (line for line in self._lines if wanted(line) and not self._is_header(line))
        while True:
            batch: list[Read] = []
            try:
                batch.extend(islice(some, BATCH))
            except UnreadableFile as failure:
                self._broken = failure
            if batch:
                yield batch
            if len(batch) < BATCH:
                return

    def _is_header(self, line: Read) -> bool:
        return isinstance(line, Line) and line.text.strip(MARKS) == self._first

    def check_end(self) -> None:
        """Raise `UnreadableFile` if that is where the lines ended."""
        if self._broken:
            raise self._broken


def told(
    batch: Iterable[Read], adapter: TypeAdapter[T], rejected: list[Rejected]
) -> Iterator[tuple[Line, T]]:
    """What lines tell; those that cannot be understood are added to the rejected ones."""
    for line in batch:
        if isinstance(line, Rejected):
            rejected.append(line)
            continue
        try:
            yield line, adapter.validate_json(line.text.strip(MARKS))
        except ValidationError as error:
            rejected.append(line.rejected(faults_of_validation(error)))


def _lines(text: Text) -> Iterator[Read]:
    """Lines that are not blank. Raises `UnreadableFile` after the last."""
    held = Lines(text)
    number = 1
    while (line := held.get(number)) is not None:
        held.drop(number)
        if line.strip(MARKS):
            fault = held.fault(number, number + 1) if held.odd else ""
            if fault:
                yield Rejected(number, None, fault, line[:RAW].strip())
            else:
                yield Line(number, line)
        number += 1
    if held.failure:
        raise held.failure.at(number - 1)
