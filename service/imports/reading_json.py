"""JSON as rows: lists of objects, pages of an API, GeoJSON, an object a line, several documents in a file.

A row is an object of a list: the document itself, or what it has under ``Result`` (UCDP's API), ``data``
(ACLED's) or ``features`` (GeoJSON, RFC 7946). A document that has no such list is a row itself. Of a
feature of GeoJSON the properties are the cells; its point says where it is, if they do not.

Documents are read by ijson, which holds one row at a time. Where each line is an object (NDJSON), a line
that is no JSON is rejected and the rest goes on; elsewhere nothing can be read after such a fault.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeAlias

import ijson  # type: ignore[import-untyped]

from service.imports.reading_cells import cell_text
from service.imports.reading_outcomes import RAW, Rejected, UnreadableFile, shown
from service.imports.reading_text import LONGEST_ROW, Lines, Text

LISTS = frozenset({"Result", "data", "features"})
"""The members of a document that hold its rows."""

DEEPEST = 20
"""How deep values may be nested within a row."""

MOST_COLUMNS = 10_000

Object: TypeAlias = tuple[int, dict[str, str]] | Rejected
"""A row's cells by their names in the file, and the number of the item or line, the first being 1."""


_AT_ONCE = 1 << 16
_SCALARS = frozenset({"string", "number", "null", "boolean"})
_STRIPPED = " \t\r\n\x1e\ufeff"  # RFC 8142 begins each text of a sequence with 1E
_SPACE = _STRIPPED.encode()
_FAULTS = (ijson.JSONError, ValueError, ArithmeticError, RecursionError, SystemError)
"""What parsing raises; SystemError is what ijson's in C raises for an integer of thousands of digits."""


def is_json(head: bytes) -> bool:
    """Whether a file that begins so is JSON: a list of objects, or an object."""
    begins = head[:4_096].translate(None, _SPACE)[:2]
    return begins in {b'{"', b"{}", b"[{", b"[]", b"{", b"["}


def is_lines(head: bytes) -> bool:
    """Whether JSON that begins so has a row on each line.

    That is so if the first line is a row or, since it may be at fault, two of the next are.
    """
    lines = [line for line in head.split(b"\n", 6)[:6] if line.strip(_SPACE)]
    rows = [isinstance(found := _loaded(line), dict) and not _is_page(found) for line in lines]
    return rows[:1] == [True] or sum(rows) > 1


def json_lines(text: Text) -> Iterator[Object]:
    """The rows of JSON that has one on each line. Raises `UnreadableFile`, also after rows."""
    held = Lines(text)
    number = 1
    while (line := held.get(number)) is not None:
        held.drop(number)
        if line.strip(_STRIPPED):
            fault = held.fault(number, number + 1) if held.odd else ""
            found = None if fault else _loaded(line)
            if isinstance(found, dict):
                row = _row(number, found)
                yield replace(row, raw=line[:RAW]) if isinstance(row, Rejected) else row
            else:
                yield Rejected(number, None, fault or "it is no JSON object", line[:RAW].strip())
        number += 1
    if held.failure:
        raise held.failure.at(number - 1)


def json_documents(text: Text) -> Iterator[Object]:
    """The rows of JSON documents after each other. Raises `UnreadableFile`, also after rows."""
    number = 0
    try:
        for value in _Parser(text).values():
            number += 1
            yield _row(number, value)
    except UnreadableFile as failure:
        raise failure.at(number) from None
    except _FAULTS as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if "premature EOF" in reason:
            reason = "its JSON ends too early: the file was cut off"
        else:
            reason = f"its JSON is not well-formed ({shown(reason)})"
        raise UnreadableFile(text.name, reason, "get the file again", line=number) from None


class _Flaw(Exception):
    """What is wrong with a value: in its place, or raised."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Parser:
    """Reads the values that are rows; what they must not hold is a `_Flaw` in their place."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._size = 0
        self._flaw: str | None = None
        self._events = self._parsed()

    def values(self) -> Iterator[Any]:
        for event, value in self._events:
            if event == "start_array":
                yield from self._items()
            elif event == "start_map":
                yield from self._page()
            else:
                yield value

    def _parsed(self) -> Iterator[tuple[str, Any]]:
        events = ijson.sendable_list()
        parser = ijson.basic_parse_coro(events, multiple_values=True)
        try:
            for block in self._text.octets():
                for begin in range(0, len(block), _AT_ONCE):
                    parser.send(block[begin : begin + _AT_ONCE])
                    yield from events
                    events.clear()
                    self._size += _AT_ONCE
                    if self._size > LONGEST_ROW:
                        raise UnreadableFile(
                            self._text.name,
                            f"an item is longer than {LONGEST_ROW:,} bytes",
                            "this is no file of incidents",
                        )
            parser.close()
        except _FAULTS:
            yield from events  # what there was before the fault
            raise

    def _items(self) -> Iterator[Any]:
        for event, value in self._events:
            if event == "end_array":
                return
            yield self._item(event, value)

    def _item(self, event: str, value: Any) -> Any:
        self._size = 0
        self._flaw = None
        found = self._value(event, value, DEEPEST)
        return _Flaw(self._flaw) if self._flaw else found

    def _page(self) -> Iterator[Any]:
        """The rows that a document holds; itself, if it holds no list of them."""
        self._size = 0
        self._flaw = None
        members: dict[str, Any] = {}
        listed = False
        for end, key in self._events:
            if end == "end_map":
                break
            event, value = next(self._events)
            if event == "start_array" and key in LISTS:
                listed = True
                yield from self._items()
            elif len(members) < MOST_COLUMNS:
                members[key] = self._value(event, value, DEEPEST)
        if not listed:
            yield _Flaw(self._flaw) if self._flaw else members

    def _value(self, event: str, value: Any, depth: int) -> Any:
        if event not in {"start_map", "start_array"}:
            return value
        if depth == 0:
            self._flaw = f"it is nested more than {DEEPEST} deep"
            self._skip()
            return None
        events = self._events
        if event == "start_array":
            return [
                self._value(kind, inner, depth - 1)
                for kind, inner in iter(events.__next__, ("end_array", None))
            ]
        members: dict[str, Any] = {}
        for end, key in events:
            if end == "end_map":
                break
            kind, inner = next(events)
            members[key] = inner if kind in _SCALARS else self._value(kind, inner, depth - 1)
        return members

    def _skip(self) -> None:
        depth = 1
        for event, _ in self._events:
            depth += event.startswith("start_") - event.startswith("end_")
            if not depth:
                return


def _row(number: int, value: Any) -> Object:
    try:
        return number, _cells(value)
    except _Flaw as flaw:
        return Rejected(number, None, flaw.reason)


def _cells(value: Any) -> dict[str, str]:
    if isinstance(value, _Flaw):
        raise value
    if not isinstance(value, dict):
        raise _Flaw("it is no JSON object")
    if len(value) > MOST_COLUMNS:
        raise _Flaw(f"it has more than {MOST_COLUMNS:,} members")
    if value.get("type") == "Feature" and isinstance(value.get("properties"), dict):
        value = _of_feature(value)
    try:
        cells = {name: cell_text(each) for name, each in value.items()}
        text = "".join(cells.values())
        text.encode()
    except RecursionError:
        raise _Flaw(f"it is nested more than {DEEPEST} deep") from None
    except UnicodeEncodeError:
        raise _Flaw("it holds half of a character, from \\ud800 to \\udfff") from None
    if "\0" in text:
        raise _Flaw("it holds NUL characters")
    return cells


def _of_feature(feature: dict[str, Any]) -> dict[str, Any]:
    """The properties of a GeoJSON feature, with longitude and latitude of its point if they lack them."""
    cells = dict(feature["properties"])
    geometry = feature.get("geometry")
    if isinstance(geometry, dict) and geometry.get("type") == "Point":
        for column, degrees in zip(("longitude", "latitude"), _point(geometry), strict=False):
            given = next((name for name in cells if name.lower() == column), column)
            if cells.get(given) in {None, ""}:
                cells[given] = degrees
    return cells


def _point(geometry: dict[str, Any]) -> list[Any]:
    coordinates = geometry.get("coordinates")
    return coordinates if isinstance(coordinates, list) else []


def _loaded(line: str | bytes) -> Any:
    """The value that a line is; None if it is no JSON."""
    text = line.decode(errors="replace") if isinstance(line, bytes) else line
    try:
        return json.loads(text.strip(_STRIPPED), parse_float=Decimal, parse_constant=_refused)
    except _FAULTS:
        return None


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _is_page(document: dict[str, Any]) -> bool:
    return any(isinstance(document.get(name), list) for name in LISTS)
