"""The accounts of a dataset as they stand at a moment: what exports of it are made of.

They are folded from the log itself, some incidents at a time, so that memory stays flat whatever there is
of them, and the moment is exact on both clocks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from uuid import UUID

from domain.incidents import NONE, HeldAccount, incidents_at, survivor
from domain.records import IncidentRecord, Recorded
from service.log import Log
from service.reading.clocks import Moment

AT_ONCE = 1_000
"""Incidents whose records are held together."""


def accounts_of(log: Log, dataset: str, moment: Moment) -> Iterator[HeldAccount]:
    """The accounts of a dataset, in the order of their incidents' ids: that of their numbers, if they are
    numbers.

    Left out are those that are withdrawn, and those of an incident that is retracted, itself or the one
    that it is merged into.
    """
    every = log.streams_of(dataset)
    while streams := list(islice(every, AT_ONCE)):
        yield from _of_streams(log, dataset, streams, moment)


def _of_streams(
    log: Log, dataset: str, streams: Sequence[UUID], moment: Moment
) -> Iterator[HeldAccount]:
    groups = {stream: stream for stream in streams}
    for tied in log.ties.of(streams).values():
        groups |= dict.fromkeys(tied, min(tied))
    histories: dict[UUID, list[Recorded[IncidentRecord]]] = defaultdict(list)
    for recorded in log.incidents(groups, moment.position + 1):
        histories[groups[recorded.stream]].append(recorded)
    folded = {
        group: incidents_at(history, moment.position, moment.reported_by)
        for group, history in histories.items()
    }
    for stream in streams:
        incidents = folded.get(groups[stream], NONE)
        incident, shown = incidents.get(stream), incidents.get(survivor(incidents, stream))
        if incident is None or shown is None or shown.retracted:
            continue
        for held in incident.accounts:
            if held.origin and held.origin.dataset == dataset and not held.withdrawn:
                yield held
