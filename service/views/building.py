"""Folding a long log with two processes: one reads and folds, the other writes.

A fold only says what is to be written, so it can be done elsewhere: a process of its own reads the log
batch by batch and sends statements with their rows through a pipe, while this one carries out those of the
batch before. The pipe keeps it no more than a batch ahead. What goes wrong over there is left to whoever
folds on from where the rows stand.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

import projections
from projections.store import Mark, Row
from service.log import Log
from service.views.histories import LogHistories

LONG = 20_000
"""Records from which a process of its own gains more than it costs to start, half a second."""

BATCH = 2_000

Statement = tuple[str, list[Row]]


class Failed(Exception):
    """Raised when the other process could not fold a batch, or came to an end."""


@dataclass(slots=True)
class Kept:
    """The store of a fold that keeps what is to be written."""

    statements: list[Statement] = field(default_factory=list)

    def execute(self, sql: str, parameters: Row = ()) -> None:
        """Keep one statement."""
        self.statements.append((sql, [parameters]))

    def executemany(self, sql: str, rows: Iterable[Row]) -> None:
        """Keep one statement for each of the rows."""
        self.statements.append((sql, list(rows)))


Folded = tuple[int, list[Statement]]
"""The position that a batch of records reaches, and what they come to."""


def is_worth_it(head: int) -> bool:
    """Whether a log is long enough for two processes, and there are two processors."""
    return head >= LONG and (os.cpu_count() or 1) > 1


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


def folded(path: Path, head: int) -> Generator[Folded]:
    """What all records of a log come to, up to a position, batch by batch. Raises `Failed`."""
    command = [sys.executable, "-m", __name__, str(path), str(head)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        position, pipe = 0, cast("IO[bytes]", process.stdout)
        try:
            while position < head:
                # It is this program's own output, of this very run.
                batch: Folded = pickle.load(pipe)  # noqa: S301
                position = batch[0]
                yield batch
        except (EOFError, pickle.UnpicklingError) as error:
            raise Failed(f"it ended at position {position}") from error
        finally:
            process.kill()


def main() -> None:
    """Fold the log that the command line names, and write what it comes to."""
    gc.disable()  # a quarter of the time: what folds make is freed without it
    log, head = Log(Path(sys.argv[1])), int(sys.argv[2])
    histories, mark, position = LogHistories(log), Mark(), 0
    while position < head and (records := log.read(position, min(BATCH, head - position))):
        kept = Kept()
        mark = projections.fold(kept, records, histories, mark)
        position = records[-1].position
        pickle.dump((position, kept.statements), sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
