"""What no single field can tell: rules that tie the parts of an account or a profile together.

Every rule is checked and every fault found is named, each with the path of the field at fault.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from domain.dates import OPEN_FUTURE
from domain.edtf import span
from domain.errors import DomainError
from domain.values import Account, ActorProfile, Affiliation, Figure, Participant, Place

Path = tuple[str | int, ...]
"""Where in a value something stands: field names and positions in lists."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where, what, and what to do about it."""

    path: Path
    message: str

    def within(self, *prefix: str | int) -> Fault:
        """The same fault as seen from a value that contains this one."""
        return Fault((*prefix, *self.path), self.message)


class Faulty(DomainError):
    """Raised when what was handed in breaks rules; carries every fault, never just the first."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("; ".join(fault.message for fault in faults))


def faults_of_account(account: Account, actors: Container[str]) -> Iterator[Fault]:
    """The faults of an account, given the slugs of the actors that it may name."""
    if account.place is not None:
        yield from (fault.within("place") for fault in faults_of_place(account.place))
    for index, figure in enumerate(account.figures):
        yield from (fault.within("figures", index) for fault in _faults_of_figure(figure))
    yield from _figures_given_twice(account)
    yield from faults_of_participants(account.participants, actors)


def faults_of_participants(
    participants: Sequence[Participant], actors: Container[str]
) -> Iterator[Fault]:
    """The faults of participants, given the slugs of the actors that may be named."""
    for index, participant in enumerate(participants):
        if participant.actor not in actors:
            yield Fault(
                ("participants", index, "actor"),
                f"no actor {participant.actor!r} is registered; register it first",
            )


def faults_of_place(place: Place) -> Iterator[Fault]:
    """The faults of a place."""
    if (place.latitude is None) != (place.longitude is None):
        missing = "latitude" if place.latitude is None else "longitude"
        yield Fault((missing,), "latitude and longitude are given both or not at all")


def _faults_of_figure(figure: Figure) -> Iterator[Fault]:
    given = [n for n in (figure.low, figure.best, figure.high) if n is not None]
    if not given:
        yield Fault((), "a figure needs at least one of low, best and high")
    if given != sorted(given) and not figure.inconsistent:
        yield Fault(
            ("low",),
            f"low {figure.low}, best {figure.best}, high {figure.high} do not rise; where the source "
            "itself says so, keep them as given and set inconsistent to true",
        )


def _figures_given_twice(account: Account) -> Iterator[Fault]:
    first: dict[tuple[str, str | None], int] = {}
    for index, figure in enumerate(account.figures):
        before = first.setdefault((figure.measure, figure.of), index)
        if before != index:
            yield Fault(
                ("figures", index),
                f"figures[{before}] gives {figure.measure} of the same people; say of whom each is",
            )


def faults_of_profile(profile: ActorProfile, actors: Container[str]) -> Iterator[Fault]:
    """The faults of an actor's profile, given the slugs of the actors that it may belong to."""
    for index, affiliation in enumerate(profile.affiliations):
        for fault in faults_of_affiliation(affiliation, profile.id, actors):
            yield fault.within("affiliations", index)


def faults_of_affiliation(
    affiliation: Affiliation, slug: str, actors: Container[str]
) -> Iterator[Fault]:
    """The faults of an affiliation of the actor with this slug, given those that it may belong to."""
    if affiliation.actor == slug:
        yield Fault(("actor",), "an actor is not affiliated to itself")
    elif affiliation.actor not in actors:
        yield Fault(("actor",), f"no actor {affiliation.actor!r} is registered; register it first")
    if affiliation.since and affiliation.until:
        first, last = span(affiliation.since).earliest, span(affiliation.until).latest
        if last < first and last != OPEN_FUTURE:
            yield Fault(("until",), "its end is before its start")
