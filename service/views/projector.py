"""Brings the projections up to the log: batches of records, their rows and the position together.

One projector writes at a time, whatever the number of processes: a batch begins by taking the store's
write lock and reads from there how far the rows reach. A record that cannot be folded stops the
projector at the position before it, loudly: `failure` says why, reads go on at that position, and
nothing is skipped.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from eventsourcing.persistence import PersistenceError

import projections
from service import workers
from service.database import Unanswered, is_of_damage, is_trouble_of_the_store
from service.log import Log
from service.views import building
from service.views.comparing import Comparison, NoCopy
from service.views.histories import LogHistories
from service.views.store import Generation, ViewFolder

logger = logging.getLogger("casus")

BATCH = 1_000
REBUILD_BATCH = 5_000

TRIES = 5
"""Times that the log may be replaced while it is followed before that is given up, till the next look."""

PAUSE = 0.05
"""Seconds between looks for a position that is waited for."""

COMPARED_WITHIN = 2.0
"""Seconds that a comparison with the log itself is waited for by whoever needs what comes of it."""

ANEW = 3
"""Times the records that are folded that are yet to be, from which all are folded anew instead."""

Progress = Callable[[int, int], None]
"""Told the position reached and the position aimed at."""


class ProjectionStopped(Exception):
    """Raised when a record could not be folded: names the position, and the cause."""

    def __init__(self, position: int, cause: Exception) -> None:
        self.position = position
        self.cause = cause
        super().__init__(
            f"the record at position {position} could not be folded"
            f" ({type(cause).__name__}: {cause}); the timelines stand at position {position - 1}"
        )


class _Overtaken(Exception):
    """Raised when another process has written rows that this one was about to write."""


class _Replaced(Unanswered):
    """Raised when the log is another one than that which the rows are of, or does not have all of it."""


class Projector:
    """Follows a log into the generation in use."""

    def __init__(self, log: Log, folder: ViewFolder, primary: Log | None = None) -> None:
        """A projector of what a log has; `primary` is the log itself where this one is its replica."""
        self._log = log
        self._primary = primary or log
        self._comparison = None if self._primary is log else Comparison(log, self._primary)
        self._folder = folder
        self._histories = LogHistories(log)
        self._lock = threading.Lock()
        self._generation: Generation | None = None
        self.listeners: list[Callable[[int], None]] = []
        """Told the position that is shown, whenever the log was looked at; on whichever thread that was."""
        self.forgetters: list[Callable[[], None]] = []
        """Told that the rows are of another log than those before, of which nothing holds any more."""
        self._damaged: Path | None = None
        self.failure: ProjectionStopped | None = None
        self._trouble: PersistenceError | None = None

    @property
    def trouble(self) -> PersistenceError | None:
        """What kept the log from being followed at the last look, or where that is no copy of it."""
        return self._trouble or self.difference

    @property
    def difference(self) -> NoCopy | None:
        """Where what is followed is no copy of the log, as far as that is known."""
        return self._comparison.difference if self._comparison else None

    @property
    def generation(self) -> Generation:
        """The generation that is being written."""
        if self._generation is None:
            raise RuntimeError("the projector was not opened")
        return self._generation

    def open(self, progress: Progress | None = None) -> None:
        """Use the current generation, rebuilt if there is none that can be trusted, and catch up."""
        with self._lock:
            if not self._use_current():
                with self._folder.building():
                    # Another process that started at the same time may have built it meanwhile.
                    if not self._use_current():
                        self._build(progress)
        self.catch_up(progress)
        self.is_of_the_log()

    def _use_current(self) -> bool:
        path = self._folder.current()
        if path is None:
            return False
        generation = Generation(path)
        if generation.is_sound() and not self._is_of_another(generation):
            self._generation = generation
            return True
        generation.close()
        return False

    def catch_up(self, progress: Progress | None = None) -> int:
        """Fold what the log has beyond the rows; the position reached. Raises `ProjectionStopped`."""
        with self._lock:
            self._move_to_current()
            try:
                position = self._brought_up(progress)
            except ProjectionStopped as stopped:
                self.failure = stopped
                self._tell(stopped.position - 1)
                raise
            except PersistenceError as error:
                self._trouble = error
                self._note_if_damaged(error)
                raise
            self.failure = self._trouble = None
            if self._comparison:
                self._comparison.begin(*self.generation.followed)
            self._tell(position)
            return position

    def is_of_the_log(self) -> bool:
        """Whether what the last look has shown is of the log itself, as far as that answers."""
        if self._comparison:
            self._comparison.wait(COMPARED_WITHIN)
        return self.difference is None

    def _brought_up(self, progress: Progress | None) -> int:
        tries = 1
        while True:
            try:
                return self._build_anew(progress) or self._follow(self.generation, BATCH, progress)
            except _Replaced:  # a moment ago: it is looked at once more
                if tries == TRIES:
                    raise
                tries += 1
                self._log.forget()

    def note_damage(self, path: Path) -> None:
        """Note that a file of rows can't be read as it should: it is made anew at the next look."""
        self._damaged = path

    def _tell(self, position: int) -> None:
        for listener in self.listeners:
            listener(position)

    def _build_anew(self, progress: Progress | None) -> int | None:
        """Build all anew where these rows won't do; the position reached. None where they will."""
        if not self._is_to_be_anew():
            return None
        with self._folder.building():
            # Another process that fell behind as well may have built it meanwhile.
            self._move_to_current()
            return self._build(progress) if self._is_to_be_anew() else None

    def _is_to_be_anew(self) -> bool:
        """Whether the rows in use are damaged, of another log, or hardly a beginning.

        The log is another one where a backup was put in its place, or where a primary that failed has taken
        its last records with it. Where most is yet to be folded, rows go in faster without indexes.
        """
        if self._damaged == self.generation.path:
            logger.warning("the timelines are damaged: all are folded anew")
            return True
        if self._is_of_another(self.generation):
            logger.warning("the timelines are of another log: all are folded anew")
            return True
        position = self.generation.position
        return self._log.head - position >= max(building.LONG, ANEW * position)

    def _is_of_another(self, generation: Generation) -> bool:
        """Whether the log has another record where the rows end, or none; a replica may lag behind them."""
        position, followed = generation.followed
        if not position:
            return False
        mark = self._log.mark(position)
        if not mark and self._log is not self._primary:
            try:
                mark = self._primary.mark(position)
            except PersistenceError:
                return False  # it is looked for again when the replica has moved on
        return not mark or mark != followed

    def reach(self, position: int, seconds: float) -> bool:
        """Bring the timelines up to a position, waiting for whoever records it; whether they are there.

        Those of another log never are.
        """
        until = time.monotonic() + seconds
        while self.catch_up() < position:
            if self.difference or time.monotonic() > until:
                return False
            time.sleep(PAUSE)
        return self.difference is None

    def _note_if_damaged(self, error: Exception) -> None:
        """Note it where it is the rows that are damaged, and not the log."""
        if is_of_damage(error) and not self.generation.is_sound():
            self.note_damage(self.generation.path)

    def check(self) -> None:
        """Raise `ProjectionStopped` if the projections can't show what would be recorded now."""
        if self.failure is not None:
            raise self.failure

    def rebuild(self, progress: Progress | None = None) -> int:
        """Fold the whole log into a new generation and switch to it; the position reached.

        Raises `ProjectionStopped`, having changed nothing.
        """
        with self._lock, self._folder.building():
            position = self._build(progress)
            self.failure = None
            return position

    def _build(self, progress: Progress | None) -> int:
        generation = Generation(self._folder.next(), create=True)
        try:
            self._follow(generation, REBUILD_BATCH, progress)
        except ProjectionStopped:
            if self._generation is not None:  # it reaches as far
                generation.close()
                self._folder.discard(generation.path)
                raise
        except _Replaced:
            generation.close()
            self._folder.discard(generation.path)
            raise
        generation.complete()
        with contextlib.suppress(ProjectionStopped, _Replaced):
            self._follow(generation, BATCH, progress)
        self._folder.switch(generation.path)
        self._use(generation)
        return generation.position

    def _use(self, generation: Generation) -> None:
        """Use another generation from now on."""
        before = self._generation
        is_another = (
            before is not None and self._damaged != before.path and self._is_of_another(before)
        )
        self._generation = generation
        if before is not None:
            before.close()
        if is_another:
            self._log.forget()
            self._primary.forget()
            for forget in self.forgetters:
                forget()

    def notice_switch(self) -> bool:
        """Move to the generation that another process has switched to; whether there was one."""
        with self._lock:
            return self._move_to_current()

    def _move_to_current(self) -> bool:
        path = self._folder.current()
        if path is None or path == self.generation.path:
            return False
        generation = Generation(path)
        # Readers come over once it shows all that they have seen.
        with contextlib.suppress(ProjectionStopped, _Replaced):
            self._follow(generation, BATCH, None)
        self._use(generation)
        return True

    def _follow(self, generation: Generation, size: int, progress: Progress | None) -> int:
        self._follow_far(generation, progress)
        position = generation.position
        while (head := self._log.head) > position:
            position = self._fold_batch(generation, size)
            if progress:
                progress(position, max(head, position))
        return position

    def _follow_far(self, generation: Generation, progress: Progress | None) -> None:
        """Write what other processes fold, as far as they get: what stops them is found out after that."""
        head = self._log.head
        with (
            contextlib.suppress(workers.Failed, _Overtaken),
            contextlib.closing(building.folded(self._log.place, generation.position, head)) as far,
            building.without_cycles(),
        ):
            for each in far:
                with generation.batch() as batch:
                    if (batch.position, batch.mark) != (each.after, each.before):
                        raise _Overtaken
                    batch.write(each.statements, each.position, each.mark)
                if progress:
                    progress(each.position, head)

    def _fold_batch(self, generation: Generation, size: int) -> int:
        position = generation.position
        try:
            with generation.batch() as batch:
                position = batch.position
                stretch = self._log.stretch(position, size)
                if stretch.before != batch.mark:
                    raise _Replaced(
                        f"the log is not the one that was folded up to position {position}"
                    )
                if stretch.records:
                    statements = projections.fold(stretch.records, self._histories)
                    position = stretch.records[-1].position
                    batch.write(statements, position, stretch.mark)
                return position
        except Exception as error:
            if is_trouble_of_the_store(error):
                raise  # not the record's: trying again may do
            if size == 1:
                raise ProjectionStopped(position + 1, error) from error
        # Find the record at fault: fold the batch one by one up to it.
        for _ in range(size):
            position = self._fold_batch(generation, 1)
        return position

    def close(self) -> None:
        """Close the store, once whoever is folding is done: a connection is not closed under a thread."""
        with self._lock:
            if self._generation is not None:
                self._generation.close()
