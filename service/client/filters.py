"""By which what is read can be narrowed: the API's own parameters, by their names, and how they are sent.

``from_`` stands for ``from``, which Python keeps to itself. Days may be `datetime.date`, instants
`datetime.datetime`; several types, statuses or roles are a sequence; a box is west, south, east, north.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

Day = str | datetime.date
Value = str | int | float | bool | None
"""What httpx takes in a query."""


class Filters(TypedDict, total=False):
    """What is selected, but for whose it is."""

    from_: Day
    to: Day
    match: Literal["possible", "certain"]
    type: str | Sequence[str]
    status: str | Sequence[str]
    role: str | Sequence[str]
    bbox: str | tuple[float, float, float, float]
    q: str
    include: Literal["members"]


class Selection(Filters, total=False):
    """What is selected, in which order, and how many at most."""

    order: Literal["asc", "desc"]
    limit: int


class Counting(Filters, total=False):
    """What is counted, in which periods and groups."""

    interval: Literal["day", "week", "month", "year"]
    group_by: Literal["country", "actor", "type"]
    measure: str


class Difference(TypedDict, total=False):
    """Two moments, by one pair of these, and whose timeline is compared."""

    from_position: int
    to_position: int
    from_as_of: str | datetime.datetime
    to_as_of: str | datetime.datetime
    from_reported_by: Day
    to_reported_by: Day
    country: str
    actor: str
    type: str | Sequence[str]


def parameters(given: Mapping[str, Any]) -> list[tuple[str, Value]]:
    """What was given as pairs of a query; None is left out."""
    pairs: list[tuple[str, Value]] = []
    for name, value in given.items():
        several = [value] if isinstance(value, str) or not isinstance(value, Sequence) else value
        if name == "bbox" and not isinstance(value, str):
            several = [",".join(map(repr, map(float, value)))]
        pairs += [(name.rstrip("_"), _text(each)) for each in several if each is not None]
    return pairs


def _text(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        aware = value if value.tzinfo else value.astimezone()
        return aware.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, datetime.date) else str(value)
