"""An incident's line of CSV (RFC 4180) as it is kept: finished, but for its participants and its address.

These two follow the moment at which it is read: actors may be renamed or merged later, and an address names
the position. All the rest is known when the incident changes, and is written then, once.

Safe to open in a spreadsheet: what one would take for a formula (``=``, ``+``, ``-``, ``@``, a tab or a
carriage return where a text begins) has an apostrophe before it. So it has within a text after what
spreadsheets separate cells by elsewhere: ``;`` in most of Europe, tabs, ends of lines. Numbers stay
numbers. A missing number or day is an empty cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import call
from typing import Any

import msgspec
import orjson

from projections.flat import PARTS, Cell, Part, participants_cells

_MISTAKEN = frozenset("=+-@\t\r＝＋－＠")
_MISTAKEN_WITHIN = re.compile(r"(?<=[;\t\r\n])(?=[=+\-@＝＋－＠])")
_TRUTH = {True: "true", False: "false"}

KEPT = 1_024
"""So many different values of a field, and texts, have their cells kept: most fields say what those of many
incidents do (where it was, the source), and their cells are found by the field's bytes, unparsed."""

SHORT, LARGE = 100, 1_000
"""Letters of a text, and bytes of a field's value, from which on its cells are not kept: all of them have
to fit into some megabytes."""


def safe(cell: Cell) -> str | int | float | None:
    """A cell as a spreadsheet can't mistake it."""
    if isinstance(cell, str):
        return _safe(cell)
    return _TRUTH[cell] if isinstance(cell, bool) else cell


def _safe(text: str) -> str:
    if _has_separators(text):
        text = _MISTAKEN_WITHIN.sub("'", text)
    return f"'{text}" if text[:1] in _MISTAKEN else text


def _has_separators(text: str) -> bool:
    """Whether a text has what spreadsheets separate cells by, beside commas, or ends of lines."""
    # One look for each: for all at once Python takes the letters one by one.
    return ";" in text or "\n" in text or "\r" in text or "\t" in text


def cells(row: Iterable[Cell]) -> str:
    """Cells with a comma after each."""
    return "".join(map(_cell, row))


def participants(shown: Sequence[Mapping[str, Any]]) -> str:
    """The cells of participants, of which each has the actor's id, its name and its role."""
    return cells(participants_cells(shown))


def line(head: bytes) -> tuple[bytes, bytes]:
    """What stands before and after the cells of the participants, given an entry up to these.

    The address is yet to be put at the end.
    """
    values = msgspec.structs.astuple(_read(head + b"}"))
    before = "".join(map(call, _WRITERS[:_BEFORE], values[:_BEFORE]))
    return before.encode(), "".join(map(call, _WRITERS[_BEFORE:], values[_BEFORE:])).encode()


def _cell(cell: Cell) -> str:
    """A cell with a comma after it."""
    if isinstance(cell, str):
        return _kept_text(cell) if len(cell) < SHORT else _text(cell)
    return "," if cell is None else f"{safe(cell)},"


def _text(text: str) -> str:
    told = _safe(text)
    # Python's module for CSV takes longer for a row of short texts than all else there is to do.
    if "," in told or '"' in told or _has_separators(told):
        told = '"' + told.replace('"', '""') + '"'
    return f"{told},"


_kept_text = lru_cache(KEPT)(_text)


def _plain(value: object) -> str:
    return f"{value},"


def _written(part: Part) -> Callable[[Any], str]:
    """What writes a field's cells, given its value; of one that has several: its JSON."""
    make = part.cells
    if make is None:
        return _plain if part.is_plain else _cell

    def written(raw: bytes) -> str:
        return cells(make(orjson.loads(raw)))

    kept = lru_cache(KEPT)(written)

    def found(raw: msgspec.Raw) -> str:
        data = bytes(raw)
        return kept(data) if len(data) < LARGE else written(data)

    return found


_FIELDS = [part.field for part in PARTS]
_BEFORE = _FIELDS.index("participants")
_OTHERS = [part for part in PARTS if part.field != "participants"]
_WRITERS = [_written(part) for part in _OTHERS]

_read = msgspec.json.Decoder(
    msgspec.defstruct(
        "Line",
        [(part.field, msgspec.Raw if part.cells else str | int | None) for part in _OTHERS],
    )
).decode
