"""Whether what is followed is a copy of the log: it may be another store's, or have gone its own way.

The log itself is asked on a thread of its own, which nobody waits for longer than they want to: where the
primary is gone, timelines follow its replica, and are read, as before.
"""

from __future__ import annotations

import logging
import math
import time
from concurrent.futures import Future
from contextlib import suppress

from eventsourcing.persistence import PersistenceError

from service.apart import apart
from service.database import Unanswered
from service.log import Log

logger = logging.getLogger("casus")

PAUSE = 1.0
"""Seconds between comparisons: a primary that was failed over to has as many records, and others."""


class NoCopy(Unanswered):
    """Raised, or told, where the read store has other records than the log: names where."""

    def __init__(self, position: int) -> None:
        self.position = position
        super().__init__(
            "the read store is not a copy of the log: they differ at position"
            f" {position} or before; name a replica of CASUS_STORE as CASUS_READ_STORE, or none"
        )


class Comparison:
    """Compares what is followed with the log itself, again and again."""

    def __init__(self, followed: Log, log: Log) -> None:
        self._followed, self._log = followed, log
        self._asking: Future[None] | None = None
        self._asked_at = -math.inf
        self.difference: NoCopy | None = None
        """What was found last; what is found stays where the log can't be asked."""

    def begin(self, position: int, mark: str) -> None:
        """Compare the record that rows reach with the log's, unless that was done a moment ago."""
        now = time.monotonic()
        is_asking = self._asking is not None and not self._asking.done()
        if not is_asking and now - self._asked_at >= PAUSE:
            self._asked_at = now
            self._asking = apart(lambda: self._compare(position, mark), "comparing")

    def wait(self, seconds: float) -> None:
        """Wait for what is being asked."""
        if self._asking is not None:
            with suppress(PersistenceError, TimeoutError):
                self._asking.result(seconds)

    def _compare(self, position: int, mark: str) -> None:
        logged = self._log.mark(position)
        if not logged:  # what a commit is about to show may be seen at a replica first
            position = self._log.head
            mark, logged = self._followed.mark(position), self._log.mark(position)
        differs = bool(mark and logged and mark != logged)
        if differs and self.difference is None:
            logger.error("%s", NoCopy(position))
        if self.difference is not None and not differs:
            logger.warning("the read store is a copy of the log")
        self.difference = NoCopy(position) if differs else None
