"""How streams begin: their first rows, each as well as it can be told before its format is known."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from math import inf
from typing import TypeAlias

from service.imports.reading.headers import FEWEST, SAMPLE
from service.imports.reading.outcomes import NoData, UnreadableFile
from service.imports.reading.quotes import LONGEST_CELL
from service.imports.reading.text import LONGEST_ROW, Text

DELIMITERS = ",\t;"

MOST_COLUMNS = 10_000

Sample: TypeAlias = list[tuple[int, list[str]]]
"""Rows with the numbers of the lines where they begin."""


def first_parted(sample: Sample) -> tuple[float, int]:
    """The first line that a delimiter parts, and into how many cells, the most first."""
    return next(((line, -len(cells)) for line, cells in sample if len(cells) > 1), (inf, 0))


def headed(sample: Sample) -> list[list[str]]:
    """The rows of a sample from the header on: lines of text above it have one cell, and it has several."""
    rows = [cells for _, cells in sample]
    filled = [sum(map(bool, map(str.strip, cells))) for cells in rows[:SAMPLE]]
    first = next((index for index, count in enumerate(filled) if count > 1), 0)
    return rows[first:] if filled and filled[first] > FEWEST else rows


def _width(sample: Sample) -> int:
    return len(sample[0][1]) if sample else 0


def sample_of(text: Text, delimiter: str, count: int = SAMPLE) -> Sample:
    """The first rows of a text, blank ones not, as well as they can be told before its format is known."""
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(text.first_lines(), delimiter=delimiter)
    rows: Sample = []
    begin = 1
    with suppress(csv.Error):
        for cells in reader:
            if any(map(str.strip, cells)):
                rows.append((begin, cells))
            if len(rows) == count:
                break
            begin = reader.line_num + 1
    return rows


def sample_of_lines(text: Text, delimiter: str) -> Sample:
    """The first lines of a text, blank ones not, each as the row that it is if quotes mean nothing."""
    lines = ((number, line.rstrip("\r\n")) for number, line in enumerate(text.first_lines(), 1))
    rows = ((number, line.split(delimiter)) for number, line in lines if line.strip())
    return list(islice(rows, SAMPLE))


def check(text: Text, samples: Sequence[Sample]) -> None:
    """Raise `UnreadableFile` for a text that is no table, by how it begins."""
    if text.head[:1_000].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise NoData(
            text.name, "it is a web page", "see in a browser what it says, and download the data"
        )
    if max(map(len, text.first_lines()[:1]), default=0) > LONGEST_ROW:
        raise UnreadableFile(
            text.name, f"its first line is longer than {LONGEST_ROW:,} characters", "name a table"
        )
    check_width(text.name, samples)


def check_width(name: str, samples: Sequence[Sample]) -> None:
    """Raise `UnreadableFile` for more columns than any table has."""
    widest = max(map(_width, samples))
    if widest > MOST_COLUMNS:
        raise UnreadableFile(
            name,
            f"its first row has {widest:,} columns, and {MOST_COLUMNS:,} are the most",
            "keep the columns that are needed",
        )
