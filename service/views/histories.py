"""What folds need to know of the records before theirs, from the log."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.actors import Actor, actor_at
from domain.datasets import Dataset, dataset_at
from domain.records import IncidentRecord, Recorded
from service.log import Log


@dataclass(frozen=True, slots=True)
class LogHistories:
    """The earlier records of streams, read from the log as they are asked for."""

    log: Log

    def ties(self, streams: Collection[UUID]) -> Mapping[UUID, Collection[UUID]]:
        """All incidents that each of these was ever merged with."""
        return self.log.ties.of(streams)

    def before(
        self, streams: Collection[UUID], position: int
    ) -> Sequence[Recorded[IncidentRecord]]:
        """The records of incidents below a position, in log order."""
        return self.log.incidents(streams, position) if streams else ()

    def actor(self, slug: str, position: int) -> Actor | None:
        """An actor as it was at a position."""
        return actor_at(self.log.actor(slug), position)

    def dataset(self, slug: str, position: int) -> Dataset | None:
        """A dataset as it was at a position."""
        return dataset_at(self.log.dataset(slug), position)
