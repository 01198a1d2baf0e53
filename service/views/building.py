"""Folding a long log with several processes: some read and fold, this one writes.

A fold only says what is to be written, and batches can be folded apart from each other. So each process of
its own reads every so many-th batch of the log and sends what it comes to through a pipe, while this one
carries out the batches in their order. A process is kept a batch or two ahead, no more. What goes wrong
over there is left to whoever folds on from where the rows stand.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import Queue
from typing import IO, cast

import projections
from projections.store import Statements
from service.log import Log
from service.views.histories import LogHistories

LONG = 20_000
"""Records from which a process of its own gains more than it costs to start, half a second."""

BATCH = 2_000

MOST_WORKERS = 4
"""Processes that fold about as fast as one can write."""


class Failed(Exception):
    """Raised when another process could not fold a batch, or came to an end."""


Folded = tuple[int, Statements]
"""The position that a batch of records reaches, and what they come to."""


def workers(head: int) -> int:
    """How many processes of their own a log is worth: none if it is short, or the machine has no more.

    As many as there are processors: this one writes half of the time and waits for the others in the rest.
    """
    processors = os.cpu_count() or 1
    return min(processors, MOST_WORKERS) if head >= LONG and processors > 1 else 0


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


def folded(path: Path, head: int, workers: int) -> Generator[Folded]:
    """What all records of a log come to, up to a position, batch by batch. Raises `Failed`."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with ExitStack() as stack:
        pipes: list[IO[bytes]] = []
        for worker in range(workers):
            command = [sys.executable, "-m", __name__, *map(str, (path, head, worker, workers))]
            process = stack.enter_context(
                subprocess.Popen(  # noqa: S603
                    command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
                )
            )
            stack.callback(process.kill)
            pipes.append(cast("IO[bytes]", process.stdout))
        for number, reached in enumerate(_ends(head)):
            try:
                # It is this program's own output, of this very run.
                statements: Statements = pickle.load(pipes[number % workers])  # noqa: S301
            except (EOFError, pickle.UnpicklingError) as error:
                raise Failed(f"a process ended before position {reached}") from error
            yield reached, statements


def _ends(head: int) -> Iterator[int]:
    """The last positions of all batches."""
    yield from range(BATCH, head, BATCH)
    yield head


def main() -> None:
    """Fold this process's batches of the log that the command line names, and write what they come to."""
    gc.disable()  # a quarter of the time: what folds make is freed without it
    path, (head, worker, workers) = Path(sys.argv[1]), map(int, sys.argv[2:])
    finished: Queue[bytes | None] = Queue(maxsize=1)
    sending = threading.Thread(target=_send, args=(finished,))
    sending.start()
    try:
        log = Log(path)
        histories = LogHistories(log)
        for number, reached in enumerate(_ends(head)):
            if number % workers == worker:
                after = number * BATCH
                statements = projections.fold(log.read(after, reached - after), histories)
                finished.put(pickle.dumps(statements, pickle.HIGHEST_PROTOCOL))
    finally:
        finished.put(None)
        sending.join()


def _send(finished: Queue[bytes | None]) -> None:
    """Write batches as they come, while the next ones are folded."""
    try:
        while (batch := finished.get()) is not None:
            sys.stdout.buffer.write(batch)
            sys.stdout.buffer.flush()
    except OSError:
        os._exit(1)  # whoever was to write them is gone; the folding thread waits for this one


if __name__ == "__main__":
    main()
