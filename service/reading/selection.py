"""What a read selects: whose incidents, in which window, of which kind, in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.dates import OPEN_FUTURE, OPEN_PAST
from projections.timelines import ACTORS, COUNTRIES, TimelineTable

Order = Literal["asc", "desc"]
Match = Literal["possible", "certain"]


@dataclass(frozen=True, slots=True)
class Box:
    """A bounding box in degrees, WGS 84; one whose west is east of its east crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class PageEnd:
    """Where in a timeline's order a page ended."""

    earliest: int
    number: int


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """Whose timeline: a country by its code, or an actor by its slug."""

    kind: Literal["country", "actor"]
    id: str

    @property
    def table(self) -> TimelineTable:
        """The table that its timeline is in."""
        return COUNTRIES if self.kind == "country" else ACTORS


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which incidents, in which order. Days are day numbers; None leaves a filter out.

    The subject is whose timeline it is, and who plays the roles; a country and an actor beside it narrow
    it to what is on their timelines as well. `members` adds what an actor's members did while they were,
    `nowhere` to what is in the box what has no point at all.
    """

    subject: SubjectKey | None = None
    country: str | None = None
    actor: str | None = None
    first_day: int | None = None
    last_day: int | None = None
    match: Match = "possible"
    types: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    box: Box | None = None
    nowhere: bool = False
    text: str | None = None
    order: Order = "asc"
    members: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """Whose incidents are on a timeline: a country's or an actor's, as far as they reach into days."""

    id: str
    since: int = OPEN_PAST
    until: int = OPEN_FUTURE


@dataclass(frozen=True, slots=True)
class Selected:
    """A selection at a moment: whose incidents are its subject's then, and whose its other actor's."""

    selection: Selection
    shares: tuple[Share, ...] = ()
    actors: tuple[str, ...] = ()
