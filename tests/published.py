"""What is read of published tables: their lines, their rows, and what these have to be."""

from __future__ import annotations

import csv
import io
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from projections.flat import NAMES, row_of
from service.publishing.publication import Whence
from service.reading.clocks import EVERYTHING_REPORTED, Moment, reported_day

Json = dict[str, Any]


def lines_of(content: bytes) -> list[Json]:
    """The lines of JSON Lines without the trailer, which has to be right."""
    before, _, last = content.rstrip(b"\n").rpartition(b"\n")
    before = before + b"\n" if before else b""
    trailer = json.loads(last)
    assert trailer["type"] == "trailer"
    assert trailer["count"] == before.count(b"\n")
    assert trailer["sha256"] == sha256(before).hexdigest()
    assert content == before + last + b"\n"
    return [json.loads(line) for line in before.splitlines()]


def rows_of(content: bytes) -> list[dict[str, str]]:
    """The rows of CSV, whose lines end as RFC 4180 says."""
    text = content.decode()
    assert text.endswith("\r\n")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert tuple(next(reader)) == NAMES
    return [dict(zip(NAMES, row, strict=True)) for row in reader]


def flat(entries: list[Json], moment: Json) -> list[Json]:
    """The flat rows of entries."""
    reported_by = moment["reported_by"]
    day = reported_day(reported_by) if reported_by else EVERYTHING_REPORTED
    read_at = Moment(moment["position"], moment["as_of"], day)
    whence = Whence(origin="http://testserver", moment=read_at)
    return [
        dict(zip(NAMES, row_of(entry, whence.address_of(entry["id"])), strict=True))
        for entry in entries
    ]


def as_text(cell: object) -> str:
    """A cell as CSV has it: an apostrophe before whatever a spreadsheet would take for a formula."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    text = str(cell)
    if not isinstance(cell, str):
        return text
    for separator in (";", "\t", "\r", "\n"):
        for sign in "=+-@":
            text = text.replace(separator + sign, f"{separator}'{sign}")
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def saved(folder: Path, suffix: str, content: bytes) -> Path:
    path = folder / f"some.{suffix}"
    path.write_bytes(content)
    return path
