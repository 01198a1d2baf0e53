"""Work that processes of their own do, in the order in which it was handed out.

By pipes and not by multiprocessing, which would start the caller's main module again. A process has at most
two tasks at a time, so that what is under way stays small whoever is faster; it ends when whoever it works
for does.
"""

from __future__ import annotations

import gc
import importlib
import os
import pickle
import subprocess
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import count
from queue import SimpleQueue
from typing import IO, Any, Generic, TypeVar, cast

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 2
"""Tasks that a process has at a time: one that it works on, and the next."""

MOST = 4
"""Processes that keep one busy with what they make."""

PIPE = 1 << 20
"""Bytes that a pipe holds: the most that Linux gives to anyone."""

TIDIED_EVERY = 100
"""Tasks after which a process looks for cycles; to look for them all the time takes a quarter of it."""


class Failed(Exception):
    """Raised when a process could not do a task, or came to an end."""


class Gone(Failed):
    """Raised when a process came to an end before its work was done: it was killed, most likely."""

    def __init__(self) -> None:
        super().__init__("a process came to an end")


@dataclass(frozen=True, slots=True)
class Work(Generic[T, R]):
    """A function that processes of their own can find: what ``make(*arguments)`` returns there.

    `make` is at the top of a module; the arguments, the tasks and what comes of them can be pickled.
    """

    make: Callable[..., Callable[[T], R]]
    arguments: tuple[Any, ...] = ()

    def here(self) -> Callable[[T], R]:
        """The function, in this process."""
        return self.make(*self.arguments)


def processors() -> int:
    """How many processes of their own are worth starting: none on a machine with one processor.

    As many as there are processors otherwise: whoever hands out and takes in waits half of the time.
    """
    available = os.cpu_count() or 1
    return min(available, MOST) if available > 1 else 0


def environment() -> dict[str, str]:
    """The environment of a process that finds modules where this one does."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def in_order(work: Work[T, R], tasks: Iterable[T], processes: int) -> Generator[R]:
    """What comes of tasks, done by so many processes, in the order of the tasks. Raises `Failed`."""
    with ExitStack() as stack:
        started = [Process(work, stack) for _ in range(processes)]
        under_way: deque[Process[T, R]] = deque()
        for number, task in enumerate(tasks):
            if len(under_way) == AHEAD * processes:
                yield under_way.popleft().result()
            process = started[number % processes]
            process.hand(task)
            under_way.append(process)
        while under_way:
            yield under_way.popleft().result()


class Process(Generic[T, R]):
    """A process that does tasks in order until the stack is closed. Used by one thread at a time."""

    def __init__(self, work: Work[T, R], stack: ExitStack) -> None:
        process = stack.enter_context(
            subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(),
            )
        )
        self._tasks = cast("IO[bytes]", process.stdin)
        stack.callback(self._close_tasks)
        stack.callback(process.kill)
        self._results = cast("IO[bytes]", process.stdout)
        for pipe in (self._tasks, self._results):
            _widen(pipe)
        self._send((f"{work.make.__module__}:{work.make.__qualname__}", work.arguments))

    def _close_tasks(self) -> None:
        with suppress(OSError):  # what nobody reads any more
            self._tasks.close()

    def hand(self, task: T) -> None:
        """Hand it a task. Raises `Failed`."""
        self._send(task)

    def _send(self, value: object) -> None:
        try:
            self._tasks.write(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
            self._tasks.flush()
        except OSError as error:
            raise Gone from error

    def result(self) -> R:
        """What came of the first task whose result was not taken yet. Raises `Failed`."""
        try:
            # It is this program's own output, of this very run.
            done, value = pickle.load(self._results)  # noqa: S301
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise Gone from error
        if not done:
            raise Failed(value)
        return cast("R", value)


def _widen(pipe: IO[bytes]) -> None:
    """Let a pipe hold a whole task where the system can: a thread that fills or empties it in parts has to
    wait for its turn beside the one that works, for each of them."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl  # noqa: PLC0415 - there is none on Windows

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE)


def main() -> None:
    """Do the tasks that come on standard input, one after the other."""
    gc.disable()
    tasks: SimpleQueue[Any] = SimpleQueue()
    results: SimpleQueue[bytes | None] = SimpleQueue()
    threading.Thread(target=_receive, args=(tasks,), daemon=True).start()
    sending = threading.Thread(target=_send_all, args=(results,))
    sending.start()
    try:
        for result in _done(tasks):
            results.put(pickle.dumps(result, pickle.HIGHEST_PROTOCOL))
    finally:
        results.put(None)
        sending.join()


def _done(tasks: SimpleQueue[Any]) -> Iterator[tuple[bool, Any]]:
    try:
        name, arguments = tasks.get()
        module, _, attribute = name.partition(":")
        function = getattr(importlib.import_module(module), attribute)(*arguments)
        for number in count(1):
            (task,) = tasks.get()
            yield True, function(task)
            if number % TIDIED_EVERY == 0:
                gc.collect()
    except Exception:
        yield False, traceback.format_exc()


def _receive(tasks: SimpleQueue[Any]) -> None:
    """Take in tasks as they come, so that whoever hands them out never waits for one that works."""
    with sys.stdin.buffer as pipe:
        try:
            tasks.put(pickle.load(pipe))  # noqa: S301
            while True:
                tasks.put((pickle.load(pipe),))  # noqa: S301
        finally:
            os._exit(1)  # whoever this works for is gone, or is of another version


def _send_all(results: SimpleQueue[bytes | None]) -> None:
    """Hand over results as they come, while the next task is done."""
    try:
        while (result := results.get()) is not None:
            sys.stdout.buffer.write(result)
            sys.stdout.buffer.flush()
    except OSError:
        os._exit(1)


if __name__ == "__main__":
    main()
