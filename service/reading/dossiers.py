"""Dossiers: an incident with all that it is made of, folded from its own records in the log.

An incident is a handful of records: they are not copied into the projections. What a dossier says is what
the projections' rows say of the same moment, for both are the domain's own fold.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.incidents import (
    NONE,
    Incident,
    absorbed,
    evolve,
    incidents_at,
    reported_day,
    standing_as,
    survivor,
)
from domain.resolution import Trace, trace
from service.log import Log
from service.reading.clocks import Moment


@dataclass(frozen=True, slots=True)
class Dossier:
    """An incident at a moment, the incidents that are merged into it, and where its values come from."""

    incident: Incident
    absorbed: tuple[UUID, ...]
    traces: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class Revised:
    """A point of the log at which an incident changed."""

    position: int
    recorded_at: str


class Dossiers:
    """Dossiers of the incidents of a log."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def at(self, stream: UUID, moment: Moment) -> Dossier | None:
        """The dossier of the incident that stands for this one; None if none is there at the moment."""
        history = self._log.incidents(self._log.tied(stream), moment.position + 1)
        incidents = incidents_at(history, moment.position, moment.reported_by)
        wanted = survivor(incidents, stream)
        incident = standing_as(incidents, wanted)
        if incident is None:
            return None
        return Dossier(incident, absorbed(incidents, wanted), trace(incident))

    def revisions(self, stream: UUID, moment: Moment) -> list[Revised]:
        """The points of the log at which what this incident's id shows has changed, up to a moment."""
        history = self._log.incidents(self._log.tied(stream), moment.position + 1)
        incidents, found = NONE, []
        for recorded in history:
            if reported_day(recorded.record) > moment.reported_by:
                continue
            before, incidents = incidents, evolve(incidents, recorded)
            touched = {survivor(before, stream), survivor(incidents, stream)} & set(incidents)
            shown = survivor(incidents, stream)
            if standing_as(incidents, shown) is None:
                continue
            if any(incidents[each].position == recorded.position for each in touched):
                found.append(Revised(recorded.position, recorded.record.recorded_at))
        return found
