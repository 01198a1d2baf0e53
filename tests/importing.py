"""Files for ``casus import`` as a command, and what it says that it did with them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from tests.ged import FILES, ROW, rows

DATA = Path(__file__).parent / "data"
AFGHANISTAN = FILES["Afghanistan"]
INCIDENTS = len(rows("Afghanistan"))


def write_ged(path: Path, *changes: dict[str, str]) -> str:
    """A file of GED whose rows are one and the same but for some cells; its name."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ROW)
        writer.writeheader()
        writer.writerows(ROW | cells for cells in changes)
    return path.name


def counts(text: str) -> dict[str, int]:
    """The numbers of a summary, by what they count."""
    told = re.findall(r"(\d[\d,]*) ((?:[a-z]+ ?)+)", text.partition("after")[0])
    plural = {"incident": "incidents", "account": "accounts", "actor": "actors", "row": "rows"}
    return {
        " ".join(plural.get(word, word) for word in what.split()): int(number.replace(",", ""))
        for number, what in told
    }
