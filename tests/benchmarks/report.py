"""What is printed: one line a ratio, with what both sides measured, and the machine and day."""

from __future__ import annotations

import datetime
import platform
import re
import sqlite3
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

ROUNDS = 7
"""Turns that each side of a ratio takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A figure that has a mark to reach: a ratio, or megabytes."""

    name: str
    what: str
    against: str
    value: float
    reach: float
    at_least: bool
    unit: str = "x"
    ours: str = ""
    theirs: str = ""
    note: str = ""

    @property
    def reached(self) -> bool:
        """Whether the mark is reached."""
        return self.value >= self.reach if self.at_least else self.value <= self.reach


def alternate(
    ours: Callable[[], float], theirs: Callable[[], float], rounds: int = ROUNDS
) -> list[tuple[float, float]]:
    """What both sides measure, taking turns; who goes first alternates too."""
    pairs = []
    for number in range(rounds):
        if number % 2:
            second = theirs()
            first = ours()
        else:
            first = ours()
            second = theirs()
        pairs.append((first, second))
    return pairs


def median_ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """The median of our measure over theirs."""
    return statistics.median(ours / theirs for ours, theirs in pairs)


def medians(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The median of our measures, and of theirs."""
    ours, theirs = zip(*pairs, strict=True)
    return statistics.median(ours), statistics.median(theirs)


def machine() -> str:
    """The machine and the day, in a line."""
    gigabytes = psutil.virtual_memory().total / 1e9
    return (
        f"{datetime.date.today().isoformat()}: {psutil.cpu_count()} cores ({_processor()}),"
        f" {gigabytes:.0f} GB RAM, {platform.system()} {platform.release()},"
        f" Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def _processor() -> str:
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def table(measured: Sequence[Measured]) -> str:
    """A Markdown table."""
    lines = [
        "| what | against | measured | to reach | ours | theirs |",
        "|---|---|---|---|---|---|",
    ]
    for each in measured:
        word = "at least" if each.at_least else "at most"
        unit = "" if each.unit == "x" else f" {each.unit}"
        verdict = "" if each.reached else " (missed)"
        lines.append(
            f"| {each.what} | {each.against} | **{each.value:,.2f}{unit}**{verdict}"
            f" | {word} {each.reach:g}{unit} | {each.ours} | {each.theirs} |"
        )
    lines += [f"- {each.name}: {each.note}" for each in measured if each.note]
    return "\n".join(lines)
