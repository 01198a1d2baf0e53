"""``casus replay``: history played on the terminal, day by day along one of the three clocks."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, groupby, islice
from typing import Any

import orjson
from rich.cells import cell_len
from rich.text import Text

from domain.dates import iso_of_day
from service.cli.output import out, say, usage, write_lines
from service.cli.reading import Clocks, days_given, find_subject, window_given
from service.cli.stores import opened
from service.cli.tables import title_of
from service.reading.replay import PAGE, Course, Replay, Step
from service.reading.selection import Match
from service.reading.sweeps import Clock
from service.settings import Settings

EVERYTHING = "all"

_HOW = {
    "occurred": "as it happened",
    "reported": "as it was reported",
    "recorded": "as it was recorded",
}
_MARKS = {"added": "+", "changed": "~", "removed": "-"}


def play(
    settings: Settings,
    subject: str,
    *,
    clock: Clock,
    since: str | None,
    until: str | None,
    speed: float | None,
    first: str | None,
    to: str | None,
    match: Match,
    reported_by: str | None,
    as_of: str | None,
    position: int | None,
    json: bool,
) -> None:
    """Play what is selected, at so many days a second or at once; Ctrl-C ends it quietly."""
    days = days_given("--since", since, "--until", until, "the replay ends before it starts")
    selection = window_given(first, to, match)
    clocks = Clocks.given(position, as_of, reported_by)
    if speed is not None and not 0 < speed < math.inf:
        usage("a speed is more than no days a second", "--speed")
    name = "Everything"
    with _ended_by_interruption(), opened(settings) as casus:
        moment = clocks.moment(casus)
        if subject != EVERYTHING:
            key, name = find_subject(casus, subject, moment)
            selection = replace(selection, subject=key)
        replay = casus.reader.replays.begin(selection, moment, Course(clock, *days))
        wait = Pace(speed).wait if speed else lambda _: None
        if json:
            _write(replay, wait)
        else:
            say(f"{name}, {_HOW[clock]}")
            _show(replay, clock, wait)


@contextmanager
def _ended_by_interruption() -> Iterator[None]:
    """Let Ctrl-C end the process as the system does it: there is nothing to clean up.

    Raised as an exception it may come where it is lost: in a callback of SQLite's.
    """
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


LONGEST_SLEEP = 3_600.0
"""Seconds: what is slower than any clock can tell is waited for all the same."""


class Pace:
    """So many days a second, from the first day that is waited for."""

    def __init__(
        self,
        speed: float,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._speed, self._now, self._sleep = speed, now, sleep
        self._first: int | None = None
        self._began = 0.0

    def wait(self, day: int | None) -> None:
        """Wait for a day; for none that is unknown."""
        if day is None:
            return
        if self._first is None:
            self._first, self._began = day, self._now()
        due = self._began + (day - self._first) / self._speed
        while (left := due - self._now()) > 0:
            self._sleep(min(left, LONGEST_SLEEP))


def _write(replay: Replay, wait: Callable[[int | None], None]) -> None:
    for day, steps in _days(replay):
        wait(day)
        write_lines(step.json for step in steps)
    write_lines([replay.end])


def _show(replay: Replay, clock: Clock, wait: Callable[[int | None], None]) -> None:
    for day, steps in _days(replay):
        wait(day)
        date = "With no known beginning" if day is None else iso_of_day(day)
        out.print(Text(f"\n{date}", style="bold"))
        while some := list(islice(steps, PAGE)):
            lines = (_told(step, clock, date) for step in some)
            say("\n".join(lines))
            totals = some[-1].totals
        out.print(Text(_beside("=", _counted(orjson.loads(totals))), style="dim"), soft_wrap=True)
    say(f"\nPlayed to position {replay.moment.position}.")


def _days(replay: Replay) -> Iterator[tuple[int | None, Iterator[Step]]]:
    return groupby(chain.from_iterable(replay.pages()), key=lambda step: step.day)


def _told(step: Step, clock: Clock, date: str) -> str:
    """A step in words; when it happened is said where that is not the clock's day."""
    entry = orjson.loads(step.incident)
    if clock != "occurred":
        return _beside(_MARKS[step.change], f"{entry['occurred']['edtf']}: {title_of(entry)}")
    edtf = entry["occurred"]["edtf"]
    return _beside(" ", title_of(entry) if edtf == date else f"{edtf}: {title_of(entry)}")


def _counted(totals: dict[str, Any]) -> str:
    """Totals in words."""
    count = totals["incidents"]
    figures = (
        f"{measure.replace('_', ' ')} {_number(**sums)}"
        for measure, sums in totals["figures"].items()
    )
    return ", ".join(["1 incident" if count == 1 else f"{count} incidents", *figures])


def _number(low: int, best: int, high: int) -> str:
    return f"{best}" if low == best == high else f"{best} ({low} to {high})"


def _beside(mark: str, text: str) -> str:
    """Text beside a mark, in as many lines as the width makes of it."""
    width = out.width - 2
    lines = [text] if cell_len(text) <= width else Text(text).wrap(out, width)
    return f"{mark} " + "\n  ".join(str(line).rstrip() for line in lines)
