"""JSON documents after each other, row by row: what they hold in lists is decoded one item at a time.

The text is held as far as the item at hand needs it. Python's own decoder is used, item by item: it is
three times as fast as a parser of events, and an item that it refuses ends the reading and nothing else.
Beyond RFC 8259 it takes control characters in strings, and NaN and Infinity, which become text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from service.imports.reading.outcomes import UnreadableFile, shown
from service.imports.reading.text import LONGEST_ROW, Text

MARKS = " \t\r\n\x1e\ufeff"
"""What may stand between values: white space, the separator of RFC 8142, byte order marks."""

_SPACES = re.compile(f"[{MARKS}]*")

_LONGEST_NUMBER = 4_000
"""Digits of a number; longer ones are text, which costs nothing to convert."""

_BEGUN = re.compile(
    r"t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?|Na?|-?(?:I[a-z]{0,6})?|[.eE]|[eE][+-]|\\?u[0-9a-fA-F]{0,3}"
)
"""What may be left at the end of JSON that was cut off within a word, a number or a character's escape."""

_NEAR = 64
"""Characters before the end of what is held, within which a fault may be due to that end."""


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else digits


def _real(digits: str) -> Decimal | str:
    try:
        return Decimal(digits)
    except ArithmeticError:  # an exponent beyond all measure
        return digits


DECODER = json.JSONDecoder(parse_int=_whole, parse_float=_real, parse_constant=str, strict=False)


class Documents:
    """The rows of documents: the items of those that are lists, and of the lists that objects have.

    An object without such a list is a row itself. Raises `UnreadableFile` after the last that can be read.
    """

    def __init__(self, text: Text, lists: frozenset[str]) -> None:
        self._name = text.name
        self._lists = lists
        self._pieces = text.pieces()
        self._failure: UnreadableFile | None = None
        self._held = ""
        self._at = 0
        self._size = 0
        self._count = 0

    def __iter__(self) -> Iterator[Any]:
        while begins := self._next():
            match begins:
                case "[":
                    rows = self._items()
                case "{":
                    rows = self._page()
                case _:
                    rows = iter([self._value()])
            for row in rows:
                self._count += 1
                yield row
        if self._failure:
            raise self._failure.at(self._count)

    def _items(self) -> Iterator[Any]:
        """The items of the list that begins here."""
        self._at += 1
        if self._next() == "]":
            self._at += 1
            return
        while True:
            yield self._value()
            if self._separator("]") == "]":
                return

    def _page(self) -> Iterator[Any]:
        """The items of the lists that the object has which begins here; itself, if it has none."""
        self._at += 1
        members: dict[str, Any] | None = {}
        size = 0
        more = self._next() != "}"
        if not more:
            self._at += 1
        while more:
            name = self._value()
            size += self._size
            if not isinstance(name, str) or self._separator(":") != ":":
                raise self._fault("a member needs a name and a value")
            if self._next() == "[" and name in self._lists:
                members = None
                yield from self._items()
            else:
                value = self._value()
                size += self._size
                if size > LONGEST_ROW:
                    raise self._too_long()
                if members is not None:
                    members[name] = value
            more = self._separator("}") == ","
        if members is not None:
            yield members

    def _value(self) -> Any:
        self._next()
        while True:
            fault, rest = None, ""
            value, end = None, self._at
            try:
                value, end = DECODER.raw_decode(self._held, self._at)
            except json.JSONDecodeError as error:
                fault, rest = error.msg, self._held[error.pos : error.pos + _NEAR]
                if error.pos < len(self._held) - _NEAR and not fault.startswith("Unterminated"):
                    raise self._fault(fault) from None
            except RecursionError:
                raise self._fault("it is nested too deep") from None
            self._size = end - self._at
            if not fault and end < len(self._held):
                self._at = end
                return value
            if len(self._held) - self._at > LONGEST_ROW:
                raise self._too_long()
            if self._grow():
                continue  # what is held may end within the value
            if fault or (self._failure and not isinstance(value, dict | list | str)):
                raise self._ended(fault, rest)
            self._at += self._size
            return value

    def _next(self) -> str:
        """The next character that is no space; none at the end."""
        while True:
            found = _SPACES.match(self._held, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._held):
                return self._held[self._at]
            if not self._grow():
                return ""

    def _separator(self, either: str) -> str:
        """A comma or another character, which has to follow."""
        found = self._next()
        if not found:
            raise self._ended()
        if found not in {",", either}:
            raise self._fault(f"{found!r} stands where a comma or {either} should")
        self._at += 1
        return found

    def _grow(self) -> bool:
        """Hold twice as much from here on; False if all is held."""
        parts = [self._held[self._at :]]
        wanted = max(1, len(parts[0]))
        while wanted > 0:
            try:
                piece = next(self._pieces, None)
            except UnreadableFile as failure:
                self._failure = failure
                piece = None
            if piece is None:
                break
            parts.append(piece)
            wanted -= len(piece)
        self._held = "".join(parts)
        self._at = 0
        return len(parts) > 1

    def _ended(self, fault: str | None = None, rest: str = "") -> UnreadableFile:
        """Why there is no value at the end: it was cut off, or what is left there is none."""
        if self._failure:
            return self._failure.at(self._count)
        if fault and not fault.startswith("Unterminated") and not _BEGUN.fullmatch(rest.rstrip()):
            return self._fault(fault)
        return self._refused("its JSON ends too early: the file was cut off", "get the file again")

    def _fault(self, fault: str) -> UnreadableFile:
        return self._refused(f"its JSON is not well-formed ({shown(fault)})", "get the file again")

    def _too_long(self) -> UnreadableFile:
        return self._refused(
            f"an item is longer than {LONGEST_ROW:,} characters", "name a file of incidents"
        )

    def _refused(self, reason: str, remedy: str) -> UnreadableFile:
        return UnreadableFile(self._name, reason, remedy, line=self._count)
