"""Why a command could not be carried out, told in one plain message to whoever typed it."""

from __future__ import annotations

import sqlite3

NO_SPACE = (
    "there is no space left on the disk of the store, or of temporary files (TMPDIR); make some, and run"
    " the command again"
)
DAMAGED = (
    "the log is damaged, or is none: keep the file as it is, and bring the store back from its last backup,"
    " with casus restore in another folder (docs/operating.md); timelines are not lost, they are made anew"
)
ENDED = (
    "a process that it had started was ended before its work was done, maybe for want of memory; run the"
    " command again: what is recorded already is not recorded twice"
)


def _of_the_store(error: Exception) -> str:
    from service.database import is_of_damage

    if "disk is full" in str(error):
        return NO_SPACE
    return DAMAGED if is_of_damage(error) else f"the store can't be used: {error}"


def reason(error: Exception) -> str | None:
    """The message for an error that the world is to blame for; None for one that is a bug."""
    if isinstance(error, OSError):
        known = error.filename is not None and error.strerror
        return f"{error.filename}: {error.strerror}" if known else error.strerror or str(error)
    # Imported here, as most commands end well.
    from eventsourcing.domain import EventSourcingError
    from pydantic import ValidationError

    from domain.errors import DomainError
    from service.settings import Settings
    from service.views.projector import ProjectionStopped
    from service.workers import Gone

    match error:
        case DomainError() | ProjectionStopped():
            return str(error)
        case sqlite3.Error() | EventSourcingError():
            return _of_the_store(error)
        case Gone():
            return ENDED
        case ValidationError() if error.title == Settings.__name__:
            faults = error.errors(include_url=False)
            return "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in faults)
        case _:
            return None
