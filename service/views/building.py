"""Folding a long stretch of the log with several processes: they read and fold, this one writes.

A fold only says what is to be written, and batches can be folded apart from each other, so each process
folds every so many-th of them, while this one carries them out in their order. What goes wrong over there
is left to whoever folds on from where the rows stand.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import projections
from projections.store import Statements
from service import workers
from service.log import Log
from service.log.places import LogPlace
from service.views.histories import LogHistories

LONG = 20_000
"""Records from which processes of their own gain more than it costs to start them, half a second."""

BATCH = 1_000
"""Records that a process folds at a time: with 2,000 each took 35 MB more, and was no quicker."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What the records after a position and up to another come to, with the marks of the records there."""

    after: int
    position: int
    before: str
    mark: str
    statements: Statements


@contextmanager
def without_cycles() -> Iterator[None]:
    """Leave the cycle collector out: rows make no cycles, and there are millions of them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def folder(place: LogPlace) -> Callable[[tuple[int, int]], Folded]:
    """What folds stretches of a log."""
    log = Log(place)
    histories = LogHistories(log)

    def fold(positions: tuple[int, int]) -> Folded:
        after, reached = positions
        read = log.stretch(after, reached - after)
        statements = projections.fold(read.records, histories)
        return Folded(after, after + len(read.records), read.before, read.mark, statements)

    return fold


def folded(place: LogPlace, after: int, head: int) -> Generator[Folded]:
    """What the records of a log come to, batch by batch. Raises `workers.Failed`.

    None at all where they are few, or the machine has one processor.
    """
    processes = workers.processors()
    if processes and head - after >= LONG:
        stretches = ((first, min(first + BATCH, head)) for first in range(after, head, BATCH))
        with closing(
            workers.in_order(workers.Work(folder, (place,)), stretches, processes)
        ) as done:
            yield from done
