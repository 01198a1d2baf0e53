"""The composition root: settings become one container that serves REST, command line and tests alike."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from service.log import Log
from service.reading import Reader
from service.reading.dossiers import Dossiers
from service.reading.history import Histories
from service.recording import Clock, Desk
from service.settings import Settings
from service.state import Schema, State
from service.state.file import StateFile
from service.views.projector import Progress, ProjectionStopped, Projector
from service.views.store import ViewFolder

LOG = "log.sqlite"
"""The file of the log, in the folder of the store."""


def utc_now() -> datetime.datetime:
    """The time, in UTC."""
    return datetime.datetime.now(datetime.UTC)


@dataclass
class Casus:
    """A store that is open: its log, what is read from it, and the desk where it is written."""

    settings: Settings
    log: Log
    projector: Projector
    desk: Desk
    reader: Reader
    dossiers: Dossiers
    histories: Histories
    closed: bool = field(default=False, init=False)

    def state(self, schema: Schema) -> State:
        """One kind of what is kept beside the log; whoever uses it closes it."""
        return StateFile(self.settings.home, schema)

    def close(self) -> None:
        """Close every connection; a second call does nothing."""
        if not self.closed:
            self.closed = True
            self.reader.close()
            self.projector.close()
            self.log.close()


def open_casus(
    settings: Settings, clock: Clock = utc_now, progress: Progress | None = None
) -> Casus:
    """Open the store that settings name, made if it is not there, with projections that are up to date.

    A record that cannot be folded does not keep the store shut: it is served as far as it is shown.
    """
    log = Log(settings.home / LOG)
    projector = Projector(log, ViewFolder(settings.home / "views"))
    try:
        projector.open(progress)
    except ProjectionStopped as stopped:
        projector.failure = stopped
    return Casus(
        settings=settings,
        log=log,
        projector=projector,
        desk=Desk(log, projector, clock),
        reader=Reader(lambda: projector.generation.path, projector.notice_switch),
        dossiers=Dossiers(log),
        histories=Histories(log),
    )
