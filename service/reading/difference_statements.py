"""The conditions that find what may have changed between two moments.

Versions have bounds on both clocks. Where the moments differ by one of them, the versions that are valid at
the one and not at the other have a bound in between, which an index finds; by the other clock they are
valid at both moments.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from projections.bitemporal import OPEN_POSITION
from service.reading.clocks import Moment
from service.reading.selection import Selected

Condition = tuple[str, list[Any]]
"""A condition on the version `v`, and its parameters."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From one moment to another, which is later by one clock and the same by the other."""

    start: Moment
    end: Moment

    @property
    def is_of_reports(self) -> bool:
        """Whether the moments differ in what was reported, and not in what was recorded."""
        return self.start.position == self.end.position


_POSITION, _REPORTED = ("from_position", "to_position"), ("reported_from", "reported_to")


def valid(moment: Moment) -> Condition:
    """That the version `v` is valid at a moment."""
    return (
        "v.from_position <= ? AND v.to_position > ? AND v.reported_from <= ? AND v.reported_to > ?",
        [*[moment.position] * 2, *[moment.reported_by] * 2],
    )


def _axes(interval: Interval) -> tuple[tuple[str, str], tuple[str, str], int, int, int]:
    """The bounds by the clock that differs and by the other, where it differs from and to, the other."""
    start, end = interval.start, interval.end
    if interval.is_of_reports:
        return _REPORTED, _POSITION, start.reported_by, end.reported_by, end.position
    return _POSITION, _REPORTED, start.position, end.position, end.reported_by


def gained(selected: Selected, interval: Interval) -> Condition:
    """The versions valid at the end and not at the start that may be on the timeline there."""
    (since, until), (other_since, other_until), first, last, other = _axes(interval)
    filters, parameters = _filters(selected)
    return (
        f"v.{since} > ? AND v.{since} <= ? AND v.{until} > ?"
        f" AND v.{other_since} <= ? AND v.{other_until} > ?{filters}",
        [first, last, last, other, other, *parameters],
    )


def lost(selected: Selected, interval: Interval) -> Condition:
    """The versions valid at the start and not at the end that may be on the timeline there."""
    (since, until), (other_since, other_until), first, last, other = _axes(interval)
    filters, parameters = _filters(selected)
    # The index of closed versions holds no others, and is used where the statement says so.
    closed = "" if interval.is_of_reports else f" AND v.to_position < {OPEN_POSITION}"
    return (
        f"v.{until} > ? AND v.{until} <= ? AND v.{since} <= ?{closed}"
        f" AND v.{other_since} <= ? AND v.{other_until} > ?{filters}",
        [first, last, first, other, other, *parameters],
    )


def taken_part_in_by(actors: Collection[str], interval: Interval) -> Condition:
    """The versions valid at both moments in which any of these actors takes part."""
    (at_start, start), (at_end, end) = valid(interval.start), valid(interval.end)
    return (
        "v.version_id IN (SELECT version_id FROM actor_timeline"
        f" WHERE subject IN (SELECT value FROM json_each(?))) AND {at_start} AND {at_end}",
        [as_json_rows(sorted(actors)), *start, *end],
    )


def _filters(selected: Selected) -> Condition:
    """That the version `v` may be on the timeline. The sign keeps it from being what is looked up by."""
    country, types = selected.selection.country, selected.selection.types
    sql = ""
    parameters: list[Any] = []
    if types:
        sql += f" AND v.type IN ({','.join('?' * len(types))})"
        parameters += types
    for table, subjects in (
        ("country_timeline", (country,) if country else ()),
        ("actor_timeline", selected.actors),
    ):
        if subjects:
            sql += (
                f" AND +v.version_id IN (SELECT version_id FROM {table}"
                " WHERE subject IN (SELECT value FROM json_each(?)))"
            )
            parameters.append(as_json_rows(subjects))
    return sql, parameters


def as_json_rows(values: Sequence[object]) -> str:
    """Values as one parameter, which ``json_each`` makes rows of."""
    return orjson.dumps(values).decode()
