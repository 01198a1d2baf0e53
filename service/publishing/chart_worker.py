"""Drawing charts in a process of its own, for what draws them carries a JavaScript engine of over 100 MB.

One process draws one chart at a time. It is started when a chart is wanted, ended when none was for a
while, ended as well when it takes too long, and started again when it came to an end. Whoever asks waits
for those before, unless these are many already.
"""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from math import ceil
from typing import Literal

from service.workers import Failed, Process, Work

Kind = Literal["svg", "png"]
Task = tuple[str, Kind, float]
"""A specification, what to draw it as, and pixels for each of its own."""

VEGA_LITE = "6.4"

DEADLINE = 30.0
"""Seconds that a chart may take, a process that has to be started included."""

IDLE = 60.0
"""Seconds after which a process that draws nothing is ended."""

WAITING = 6
"""Charts that are waited for at the same time, the one that is drawn included."""

CHARTS = 200
"""Charts after which a process is ended, with whatever memory its engine holds on to."""


class NotDrawn(Exception):
    """Raised when a chart could not be drawn, for no fault of whoever asked; says why."""


def drawing() -> Callable[[Task], bytes]:
    """What the process does: draws a specification that has its data within itself."""
    import vl_convert  # noqa: PLC0415 - only there

    def draw(task: Task) -> bytes:
        specification, kind, scale = task
        # Nothing is fetched: a specification with an address in it is refused.
        if kind == "svg":
            return _renumbered(
                vl_convert.vegalite_to_svg(
                    specification, vl_version=VEGA_LITE, allowed_base_urls=[]
                )
            ).encode()
        return vl_convert.vegalite_to_png(
            specification, vl_version=VEGA_LITE, scale=scale, allowed_base_urls=[]
        )

    def draw_in_time(task: Task) -> bytes:
        _end_after(ceil(DEADLINE) + 1)
        try:
            return draw(task)
        finally:
            _end_after(0)

    return draw_in_time


_CLIP = re.compile(r'(<[a-z]+ class="[^"<>]*" clip-path="url\(#clip|<clipPath id="clip)(\d+)')


def _renumbered(svg: str) -> str:
    """An SVG whose clips are counted from its own first: the engine counts those of all that it draws."""
    numbers: dict[str, int] = {}
    return _CLIP.sub(
        lambda found: f"{found[1]}{numbers.setdefault(found[2], len(numbers) + 1)}", svg
    )


def _end_after(seconds: int) -> None:
    """End this process then, also if whoever started it is gone; 0: no longer.

    While it draws none of its threads runs, so none would notice.
    """
    with suppress(AttributeError):  # there is none on Windows
        signal.alarm(seconds)


class Drawer:
    """Has charts drawn by a process that it starts and ends. Used by many threads."""

    deadline: float
    """Seconds that a chart may take."""

    def __init__(self, deadline: float = DEADLINE, idle: float = IDLE) -> None:
        self.deadline = deadline
        self.idle = idle
        self._asking = 0
        self._count = threading.Lock()
        self._turn = threading.Lock()
        self._stack = ExitStack()
        self._process: Process[Task, bytes] | None = None
        self._drawn = 0
        self._leaving: threading.Timer | None = None

    def draw(self, specification: str, kind: Kind, scale: float = 1.0) -> bytes:
        """The chart as an SVG in UTF-8 or a PNG. Raises `NotDrawn`."""
        with self._count:
            if self.is_full:
                raise NotDrawn("too many charts are being drawn")
            self._asking += 1
        try:
            with self._turn:
                return self._draw((specification, kind, scale))
        finally:
            with self._count:
                self._asking -= 1

    @property
    def is_full(self) -> bool:
        """Whether as many charts wait as may: others are to be asked for again later."""
        return self._asking >= WAITING

    def close(self) -> None:
        """End the process; the next chart starts another."""
        with self._turn:
            self._end()

    def _draw(self, task: Task) -> bytes:
        if self._leaving:
            self._leaving.cancel()
        if self._drawn >= CHARTS:
            self._end()
        overdue = threading.Event()
        stack = self._stack

        def end() -> None:
            overdue.set()
            stack.close()

        watch = threading.Timer(self.deadline, end)
        watch.daemon = True
        watch.start()
        try:
            if self._process is None:
                self._process = Process(Work(drawing), stack)
            self._process.hand(task)
            result = self._process.result()
        except (Failed, OSError, ValueError) as failed:  # ValueError: of a pipe that was closed
            watch.cancel()
            watch.join()
            self._end()
            if overdue.is_set():
                raise NotDrawn(f"it took longer than {self.deadline:g} seconds") from None
            raise NotDrawn("the process that draws charts came to an end") from failed
        watch.cancel()
        watch.join()
        self._drawn += 1
        self._leave_later()
        return result

    def _leave_later(self) -> None:
        self._leaving = threading.Timer(self.idle, self._leave)
        self._leaving.daemon = True
        self._leaving.start()

    def _leave(self) -> None:
        # Whoever draws has the turn, and begins to wait anew afterwards.
        if self._turn.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._turn.release()

    def _end(self) -> None:
        if self._leaving:
            self._leaving.cancel()
        with suppress(OSError):
            self._stack.close()
        self._stack = ExitStack()
        self._process, self._drawn = None, 0
