"""How a store stands: whether its log answers, how far the timelines are behind it, whether that will do.

The log is asked by a thread of its own, which is waited for only so long: where a database does not answer,
nobody else is kept waiting, and no second thread comes to wait beside the first.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass

from eventsourcing.persistence import MapperDeserialisationError

from service.apart import apart
from service.bootstrap import Casus, utc_now
from service.operating.state import Operating
from service.reading.selection import Selection

log = logging.getLogger("casus")

PATIENCE = 2.0
"""Seconds that the log has to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far log and timelines reach, and what is wrong; None: not known, as the log did not answer."""

    log_position: int | None
    position: int
    lag_seconds: float | None
    failure: str | None

    @property
    def lag(self) -> int | None:
        """How many records the timelines do not show yet."""
        return None if self.log_position is None else max(0, self.log_position - self.position)


class Standings:
    """Tells how the store of an application stands. Used by one event loop."""

    def __init__(self, casus: Casus, operating: Operating, patience: float = PATIENCE) -> None:
        self._casus, self._operating, self._patience = casus, operating, patience
        self._asking: Future[tuple[int, float, str]] | None = None
        self._level_at: float | None
        # What was opened is level with what is followed, which may have been far behind the log for long.
        self._level_at = None if casus.followed is not casus.log else time.monotonic()

    async def now(self) -> Standing:
        """How it stands."""
        failure = self._shown()
        position = self._casus.reader.head
        if self._asking is None or self._asking.done():
            self._asking = apart(lambda: self._ask(position), "readiness")
        try:
            head, seconds, refusal = await asyncio.wait_for(
                asyncio.shield(asyncio.wrap_future(self._asking)), self._patience
            )
        except TimeoutError:
            failure = failure or f"the log has not answered for {self._patience:g} seconds"
            return self._of(None, position, None, failure)
        except Exception as error:
            log.error("the log can't be read: %s", error)
            return self._of(None, position, None, failure or f"the log can't be read: {error}")
        failure = failure or self._behind(head, position, seconds) or refusal or None
        return self._of(head, position, seconds, failure)

    def _of(
        self, head: int | None, position: int, seconds: float | None, failure: str | None
    ) -> Standing:
        if self._operating.stopping:
            failure = failure or "it was told to stop"
        return Standing(log_position=head, position=position, lag_seconds=seconds, failure=failure)

    def _shown(self) -> str | None:
        """Why the timelines can't be read, or stand where they are."""
        casus = self._casus
        failure: Exception | None = casus.projector.failure or casus.projector.difference
        try:
            casus.reader.page(Selection(), casus.reader.moment(), None, 1)
        except Exception as error:
            log.exception("the timelines can't be read")
            failure = failure or error
        return str(failure) if failure else None

    def _behind(self, head: int, position: int, seconds: float) -> str | None:
        """Why the timelines do not follow the log as they should."""
        if head < position:
            return "the timelines are of another log than the one that is there, and are made anew"
        if head == position:
            return None
        if trouble := self._casus.projector.trouble:
            return str(trouble)
        most = self._operating.settings.max_lag
        if seconds <= most:
            return None
        return (
            f"the timelines are {seconds:.0f} seconds behind the log, and may be {most:g}"
            " (CASUS_MAX_LAG)"
        )

    def _ask(self, position: int) -> tuple[int, float, str]:
        """The newest position, for how many seconds timelines were behind it, why nothing can be recorded.

        They are since the first record was recorded that is not shown yet. One that comes from elsewhere
        may have been recorded long ago: it counts from when all was last seen to be shown, if it ever was.
        """
        casus, now = self._casus, time.monotonic()
        head, refusal = casus.log.head, casus.log.refusal()
        beyond = casus.log.entries(position, 1) if head > position else []
        if not beyond:
            self._level_at = now
            return head, 0.0, refusal
        since = [] if self._level_at is None else [now - self._level_at]
        with suppress(MapperDeserialisationError):  # which stops the timelines, and is told as such
            recorded_at = datetime.datetime.fromisoformat(
                casus.log.decoded(beyond[0]).record.recorded_at
            )
            since.append((utc_now() - recorded_at).total_seconds())
        return head, max(0.0, min(since, default=0.0)), refusal
