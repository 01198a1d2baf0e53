"""The two moments that a difference lies between, by one clock: two positions, two instants, or two days of
publication.

The end may be left out: then it is now, or everything that was reported. The other clock is fixed for both.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.reading.clocks import EVERYTHING_REPORTED, Moment
from service.reading.difference_statements import Interval
from service.reading.moments import BeyondTheLog, Moments


class BadInterval(ValueError):
    """Raised when two moments cannot be told from what was given; `parameter` is the one at fault."""

    def __init__(self, parameter: str, message: str) -> None:
        self.parameter = parameter
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was given of a moment: a position, an instant as the log writes it, a day number."""

    position: int | None = None
    as_of: str | None = None
    reported_by: int | None = None


CLOCKS = ("position", "as_of", "reported_by")


def interval_of(moments: Moments, start: Given, end: Given, both: Given) -> Interval:
    """The interval between two moments, each fixed by `both` as well. Raises `BadInterval`."""
    clock = _clock(start, end)
    _refuse_contradiction(clock, both)
    first, last = getattr(start, clock), getattr(end, clock)
    if last is not None and last < first:
        raise BadInterval(f"to_{clock}", f"it is earlier than from_{clock}")
    if clock == "reported_by":
        at = _moment(moments, both, "", EVERYTHING_REPORTED)
        until = EVERYTHING_REPORTED if last is None else last
        return Interval(Moment(at.position, at.as_of, first), Moment(at.position, at.as_of, until))
    reported = EVERYTHING_REPORTED if both.reported_by is None else both.reported_by
    until_moment = _moment(moments, end, "to_", reported)
    return Interval(_moment(moments, start, "from_", reported), until_moment)


def _clock(start: Given, end: Given) -> str:
    """The one clock by which both moments are given."""
    used = [c for c in CLOCKS if getattr(start, c) is not None or getattr(end, c) is not None]
    if not used:
        raise BadInterval(
            "from_position",
            "give from_position, from_as_of or from_reported_by: the moment to compare with",
        )
    clock, *others = used
    for other in others:
        name = f"from_{other}" if getattr(start, other) is not None else f"to_{other}"
        raise BadInterval(name, f"both moments are given by {clock} already; give one kind of pair")
    if getattr(start, clock) is None:
        raise BadInterval(
            f"to_{clock}", f"give from_{clock} with it; to_{clock} alone may be left out"
        )
    return clock


def _refuse_contradiction(clock: str, both: Given) -> None:
    fixed = ("reported_by",) if clock == "reported_by" else ("position", "as_of")
    for name in fixed:
        if getattr(both, name) is not None:
            raise BadInterval(
                name, f"from_{clock} and to_{clock} fix this clock; give the other one"
            )
    if both.position is not None and both.as_of is not None:
        raise BadInterval(
            "as_of", "position and as_of both fix the recorded clock; give one of them"
        )


def _moment(moments: Moments, given: Given, prefix: str, reported: int) -> Moment:
    try:
        return moments.at(given.position, given.as_of, reported)
    except BeyondTheLog as beyond:
        raise BadInterval(f"{prefix}position", str(beyond)) from None
