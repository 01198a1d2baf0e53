"""Moments: which position a read is made at, and when that was recorded."""

from __future__ import annotations

from functools import lru_cache

from service.database import Database
from service.reading.clocks import EVERYTHING_REPORTED, Moment
from service.views.store import TRACKED


class BeyondTheLog(ValueError):
    """Raised when a position is asked for that the log has not reached."""

    def __init__(self, position: int, head: int) -> None:
        self.position, self.head = position, head
        super().__init__(f"the log has reached position {head}, not {position}")


class Moments:
    """The moments of the generation of rows that is in use."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._instant = lru_cache(maxsize=4_096)(self._instant_at)

    @property
    def head(self) -> int:
        """The newest position that can be read; 0 before the first record."""
        rows = self._database.rows(
            "SELECT notification_id FROM tracking WHERE application_name = ?", (TRACKED,)
        )
        return int(rows[0][0]) if rows else 0

    def at(
        self,
        position: int | None = None,
        as_of: str | None = None,
        reported_by: int = EVERYTHING_REPORTED,
    ) -> Moment:
        """The moment that a position or an instant stands for. Raises `BeyondTheLog`."""
        head = self.head
        if position is None:
            position = head if as_of is None else self._position_at(as_of, head)
        elif not 0 <= position <= head:
            raise BeyondTheLog(position, head)
        return Moment(position, self._instant(position), reported_by)

    def _position_at(self, instant: str, head: int) -> int:
        rows = self._database.rows(
            "SELECT position FROM instant WHERE recorded_at > ? ORDER BY recorded_at LIMIT 1",
            (instant,),
        )
        return min(rows[0][0] - 1 if rows else head, head)

    def _instant_at(self, position: int) -> str | None:
        rows = self._database.rows(
            "SELECT recorded_at FROM instant WHERE position <= ? ORDER BY position DESC LIMIT 1",
            (position,),
        )
        return rows[0][0] if rows else None
