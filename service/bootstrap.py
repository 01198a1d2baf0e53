"""The composition root: settings become one container that serves REST, command line and tests alike."""

from __future__ import annotations

import datetime
import time
from dataclasses import dataclass, field

from service.database import Unusable
from service.log import Log
from service.log.places import LogPlace, in_words, is_there
from service.reading import Reader
from service.reading.dossiers import Dossiers
from service.reading.history import Histories
from service.recording import Clock, Desk
from service.settings import Settings
from service.state import Schema, State
from service.state.places import state_at
from service.views.projector import Progress, ProjectionStopped, Projector
from service.views.store import ViewFolder

READ_STORE_WITHIN = 5.0
"""Seconds in which a read store has a log, or there is none."""

PAUSE = 0.1
"""Seconds between looks for it."""


def utc_now() -> datetime.datetime:
    """The time, in UTC."""
    return datetime.datetime.now(datetime.UTC)


@dataclass
class Casus:
    """A store that is open: its log, what is read from it, and the desk where it is written.

    The log is `followed` where it can be read with no load on its primary, which may lag; what is decided
    is decided on the log itself.
    """

    settings: Settings
    log: Log
    followed: Log
    projector: Projector
    desk: Desk
    reader: Reader
    dossiers: Dossiers
    histories: Histories
    closed: bool = field(default=False, init=False)

    @property
    def is_shared(self) -> bool:
        """Whether other nodes, with folders of their own, may work on the same log."""
        return isinstance(self.log.place, str)

    def state(self, schema: Schema) -> State:
        """One kind of what is kept beside the log; whoever uses it closes it."""
        return state_at(self.log.place, schema)

    def close(self) -> None:
        """Close every connection; a second call does nothing."""
        if not self.closed:
            self.closed = True
            self.reader.close()
            self.projector.close()
            self.log.close()
            if self.followed is not self.log:
                self.followed.close()


def open_casus(
    settings: Settings, clock: Clock = utc_now, progress: Progress | None = None
) -> Casus:
    """Open the store that settings name, made if it is not there, with projections that are up to date.

    A record that cannot be folded does not keep the store shut: it is served as far as it is shown.
    """
    log = Log(settings.log_place)
    followed = _read_store(settings.followed_place) if settings.read_store else log
    projector = Projector(followed, ViewFolder(settings.home / "views"), log)
    try:
        projector.open(progress)
    except ProjectionStopped as stopped:
        projector.failure = stopped
    reader = Reader(
        lambda: projector.generation.path, projector.notice_switch, projector.note_damage
    )
    projector.forgetters.append(reader.forget)
    return Casus(
        settings=settings,
        log=log,
        followed=followed,
        projector=projector,
        desk=Desk(log, projector, clock, lambda alias: reader.actors.named(alias, reader.head)),
        reader=reader,
        dossiers=Dossiers(followed),
        histories=Histories(followed),
    )


def _read_store(place: LogPlace) -> Log:
    """The log that is followed, once it is there: a replica of a store that was just made may lag."""
    until = time.monotonic() + READ_STORE_WITHIN
    while not is_there(place):
        if time.monotonic() > until:
            raise Unusable(
                f"there is no log at the read store ({in_words(place)}), which is never made there;"
                " name a replica of CASUS_STORE as CASUS_READ_STORE, or none"
            )
        time.sleep(PAUSE)
    return Log(place)
