"""The clocks of recording and reporting: which position and which reported day a read is made at."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from domain.dates import OPEN_FUTURE, iso_of_day
from domain.edtf import span

EVERYTHING_REPORTED = OPEN_FUTURE - 1
"""A reported day beyond every real one: nothing is left out."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The point at which a read is made: all three parts are shown in its answer."""

    position: int
    as_of: str | None
    reported_by: int = EVERYTHING_REPORTED

    @property
    def reported_by_text(self) -> str | None:
        """The reported day as ISO 8601; None where nothing is left out."""
        return None if self.reported_by == EVERYTHING_REPORTED else iso_of_day(self.reported_by)

    def __str__(self) -> str:
        """The moment in words."""
        reported = f", reported by {self.reported_by_text}" if self.reported_by_text else ""
        return f"position {self.position}{reported}"

    @property
    def fields(self) -> dict[str, int | str | None]:
        """The moment as every answer begins with it."""
        return {
            "position": self.position,
            "as_of": self.as_of,
            "reported_by": self.reported_by_text,
        }


class BadInstant(ValueError):
    """Raised when a text is neither an instant nor a day."""

    def __init__(self) -> None:
        super().__init__("an instant is written 2026-11-22T09:00:00Z, a day 2026-11-22")


def parse_instant(text: str) -> str:
    """An instant as the log writes it: UTC with microseconds; a day stands for its last microsecond.

    A time without a zone is UTC. Raises `BadInstant`.
    """
    try:
        if not re.match(r"\d{4}-\d{2}-\d{2}(T|$)", text):
            raise BadInstant
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return f"{datetime.date.fromisoformat(text)}T23:59:59.999999Z"
        # A + that was not escaped arrives as a space.
        instant = datetime.datetime.fromisoformat(re.sub(r" (?=\d\d:?\d\d$)", "+", text))
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=datetime.UTC)
        return instant_text(instant)
    except (ValueError, OverflowError):
        raise BadInstant from None


def instant_text(instant: datetime.datetime) -> str:
    """An aware datetime as the log writes it."""
    utc = instant.astimezone(datetime.UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='microseconds')}Z"


def reported_day(text: str) -> int:
    """The last day that an EDTF text may mean, for ``reported_by``. Raises `BadDate`."""
    return min(span(text).latest, EVERYTHING_REPORTED)
