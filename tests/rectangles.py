"""What tests of rectangles share: accounts by their days, and a store that is told of changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from uuid import UUID

from domain.dates import iso_of_day
from domain.edtf import span
from domain.records import IncidentMerged, Recorded
from domain.reporting import Recording, add_account, report_incident
from projections.bitemporal import Change, Merged, Version, change
from tests.conftest import an_account

DAY = span("2021-06-01").latest
AT, BY = "2021-07-15T09:00:00.000000Z", "curator"
STREAM = UUID(int=1)


def recorded(position: int, day: int, version: int, stream: UUID = STREAM) -> Recorded:
    """An account that was published so many days after `DAY`."""
    decide = report_incident if version == 1 else add_account
    account = an_account(published=iso_of_day(DAY + day), title=f"At {position}")
    record = decide(account, None, {}, Recording(at=AT, by=BY))
    return Recorded(position, stream, version, record)


def a_history(*days: int, first: int = 1, apart: int = 1) -> list[Recorded]:
    """Accounts recorded one after the other, published on these days."""
    return [
        recorded(first + apart * (number - 1), day, number) for number, day in enumerate(days, 1)
    ]


@dataclass
class Stored:
    """The rectangles that a store holds which was told of changes, those of an incident together."""

    versions: dict[UUID, list[Version]] = field(default_factory=dict)
    merged: dict[UUID, list[Merged]] = field(default_factory=dict)

    def apply(self, made: Change) -> None:
        """Close what it closes, then add what it adds."""
        for closing in made.closings:
            for rectangles in (self.versions, self.merged):
                rectangles[closing.stream] = [
                    replace(each, to_position=closing.position)
                    if closing.applies_to(each)
                    else each
                    for each in rectangles.get(closing.stream, [])
                ]
        for version in made.versions:
            self.versions.setdefault(version.incident.stream, []).append(version)
        for merged in made.merged:
            self.merged.setdefault(merged.stream, []).append(merged)

    def all(self) -> Iterator[list[Version | Merged]]:
        """The rectangles of each incident."""
        for stream in self.versions.keys() | self.merged.keys():
            yield [*self.versions.get(stream, ()), *self.merged.get(stream, ())]


def followed(history: list[Recorded], sizes: list[int], *, together: bool = True) -> Stored:
    """What a store holds that was handed the history in batches of these sizes.

    All incidents are followed together, or only those that merges have tied by the end of each batch.
    """
    stored, done = Stored(), 0
    streams = {each.stream for each in history}
    for size in [*sizes, len(history)]:
        batch = history[done : done + size]
        earlier = history[:done]
        done += len(batch)
        groups = [streams] if together else tied(history[:done])
        for group in groups:
            new = [each for each in batch if each.stream in group]
            if new:
                stored.apply(change([each for each in earlier if each.stream in group], new))
    return stored


def tied(history: list[Recorded]) -> list[Collection[UUID]]:
    """Incidents in groups of those that merges have tied."""
    groups = {each.stream: {each.stream} for each in history}
    for each in history:
        if isinstance(each.record, IncidentMerged):
            group = groups[each.stream] | groups[each.record.into]
            groups |= dict.fromkeys(group, group)
    return list({id(group): group for group in groups.values()}.values())
