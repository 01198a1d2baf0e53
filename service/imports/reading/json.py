"""JSON as rows: lists of objects, pages of an API, GeoJSON, an object a line, several documents in a file.

A row is an object of a list: the document itself, or what it has under ``Result`` (UCDP's API), ``data``
(ACLED's) or ``features`` (GeoJSON, RFC 7946). A document that has no such list is a row itself. Of a
feature of GeoJSON the properties are the cells; its point says where it is, if they do not.

Documents are read row by row, whatever their length (`service.imports.reading.documents`). Where each line
is an object (NDJSON), a line that is no JSON is rejected and the rest goes on; elsewhere nothing can be
read after such a fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeAlias

from service.imports.reading.cells import cell_text
from service.imports.reading.documents import DECODER, MARKS, Documents
from service.imports.reading.outcomes import RAW, Rejected
from service.imports.reading.text import Lines, Text

LISTS = frozenset({"Result", "data", "features"})
"""The members of a document that hold its rows."""

MOST_COLUMNS = 10_000

Object: TypeAlias = tuple[int, dict[str, str]] | Rejected
"""A row's cells by their names in the file, and the number of the item or line, the first being 1."""


class _Flaw(Exception):
    """Raised for a value that is no row."""


def is_json(head: bytes) -> bool:
    """Whether a file that begins so is JSON: a list of objects, or an object."""
    begins = head[:4_096].translate(None, MARKS.encode())[:2]
    return begins in {b'{"', b"{}", b"[{", b"[]", b"{", b"["}


def is_lines(head: bytes) -> bool:
    """Whether JSON that begins so has a row on each line.

    That is so if the first line is a row or, since it may be at fault, two of the next are.
    """
    lines = [line for line in head.decode(errors="replace").split("\n", 6)[:6] if line.strip(MARKS)]
    rows = [isinstance(found := _loaded(line), dict) and not _is_page(found) for line in lines]
    return rows[:1] == [True] or sum(rows) > 1


def json_lines(text: Text) -> Iterator[Object]:
    """The rows of JSON that has one on each line. Raises `UnreadableFile`, also after rows."""
    held = Lines(text)
    number = 1
    while (line := held.get(number)) is not None:
        held.drop(number)
        if line.strip(MARKS):
            fault = held.fault(number, number + 1) if held.odd else ""
            row = Rejected(number, None, fault) if fault else _row(number, _loaded(line))
            yield replace(row, raw=line[:RAW].strip()) if isinstance(row, Rejected) else row
        number += 1
    if held.failure:
        raise held.failure.at(number - 1)


def json_documents(text: Text) -> Iterator[Object]:
    """The rows of JSON documents after each other. Raises `UnreadableFile`, also after rows."""
    for number, value in enumerate(Documents(text, LISTS), 1):
        yield _row(number, value)


def _row(number: int, value: Any) -> Object:
    try:
        return number, _cells(value)
    except _Flaw as flaw:
        return Rejected(number, None, str(flaw))


def _cells(value: Any) -> dict[str, str]:
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
        raise _Flaw("it is nested too deep") from None
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
        coordinates = geometry.get("coordinates")
        point = coordinates if isinstance(coordinates, list) else []
        for column, degrees in zip(("longitude", "latitude"), point, strict=False):
            given = next((name for name in cells if name.lower() == column), column)
            if cells.get(given) is None or cells[given] == "":
                cells[given] = degrees
    return cells


def _loaded(line: str) -> Any:
    """The value that a line is; None if it is no JSON."""
    text = line.strip(MARKS)
    try:
        value, end = DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return value if end == len(text) else None


def _is_page(document: dict[str, Any]) -> bool:
    return any(isinstance(document.get(name), list) for name in LISTS)
