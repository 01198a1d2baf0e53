"""Actors at a position of the log, told once more: names, merges, and who belonged to whom and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from domain.edtf import Span, span
from domain.records import (
    ActorAffiliated,
    ActorIdentified,
    ActorNamed,
    ActorRegistered,
    ActorReleased,
    ActorsMerged,
    ActorsUnmerged,
    Recorded,
)
from domain.values import ActorProfile

EVER = 10**15
"""Beyond every day."""


@dataclass(frozen=True)
class Stay:
    """Whose incidents are on a timeline, and the days that these have to reach into."""

    whose: str
    since: int = -EVER
    until: int = EVER


def is_within(happened: Span, stays: Iterable[Stay], *, certain: bool) -> bool:
    """Whether something may have happened within any of the stays, or must have, within all together."""
    if not certain:
        return any(
            stay.since <= happened.latest and happened.earliest <= stay.until for stay in stays
        )
    first = happened.earliest
    for stay in sorted(stays, key=lambda stay: stay.since):
        if stay.since <= first <= stay.until:
            first = stay.until + 1
    return first > happened.latest


class Actors:
    """Actors as the records up to a position make them."""

    def __init__(self, records: Iterable[Recorded]) -> None:
        self.profiles: dict[str, ActorProfile] = {}
        self.merged_into: dict[str, str] = {}
        self.changed: dict[str, int] = {}
        for recorded in records:
            self._take(recorded)

    def _take(self, recorded: Recorded) -> None:
        record = recorded.record
        if isinstance(record, ActorRegistered):
            self.profiles[record.actor.id] = record.actor
            self.changed[record.actor.id] = recorded.position
            return
        slug, profile = record.actor, self.profiles[record.actor]
        names, affiliations = list(profile.names), list(profile.affiliations)
        ids = list(profile.external_ids)
        if isinstance(record, ActorNamed):
            if record.name in names:
                names.remove(record.name)
            names.insert(0 if record.shown else len(names), record.name)
        elif isinstance(record, ActorIdentified):
            ids.append(record.external_id)
        elif isinstance(record, ActorAffiliated):
            affiliations.append(record.affiliation)
        elif isinstance(record, ActorReleased):
            for index, each in enumerate(affiliations):
                if each.actor == record.parent and each.until is None:
                    affiliations[index] = replace(each, until=record.until)
        elif isinstance(record, ActorsMerged):
            self.merged_into[slug] = record.into
        elif isinstance(record, ActorsUnmerged):
            del self.merged_into[slug]
        self.profiles[slug] = replace(
            profile,
            names=tuple(names),
            external_ids=tuple(ids),
            affiliations=tuple(affiliations),
        )
        self.changed[slug] = recorded.position

    def shown_as(self, slug: str) -> str:
        """Who stands for an actor."""
        while slug in self.merged_into:
            slug = self.merged_into[slug]
        return slug

    def merged(self, slug: str) -> list[str]:
        """Whom an actor stands for, besides itself."""
        return sorted(each for each in self.merged_into if self.shown_as(each) == slug)

    def known_as(self, scheme: str, id_: str) -> set[str]:
        """Whom an id in another scheme leads to."""
        return {
            self.shown_as(slug)
            for slug, profile in self.profiles.items()
            if any((each.scheme, each.id) == (scheme, id_) for each in profile.external_ids)
        }

    def stays(self, slug: str, *, members: bool) -> set[Stay]:
        """Whose incidents are on the timeline of an actor, or of the one that stands for it."""
        stays = {Stay(self.shown_as(slug))}
        while members:
            found = {each for stay in stays for each in self._members(stay)}
            if found <= stays:
                break
            stays |= found
        return stays

    def _members(self, of: Stay) -> Iterable[Stay]:
        for slug, profile in self.profiles.items():
            for each in profile.affiliations:
                since = max(of.since, span(each.since).earliest if each.since else -EVER)
                until = min(of.until, span(each.until).latest if each.until else EVER)
                if self.shown_as(each.actor) == of.whose and since <= until:
                    yield Stay(self.shown_as(slug), since, until)
