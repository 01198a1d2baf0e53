"""Why a command could not be carried out, told in one plain message to whoever typed it."""

from __future__ import annotations

import sqlite3


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

    if isinstance(error, (DomainError, ProjectionStopped)):
        return str(error)
    if isinstance(error, (sqlite3.Error, EventSourcingError)):
        return f"the store can't be used: {error}"
    if isinstance(error, ValidationError) and error.title == Settings.__name__:
        faults = error.errors(include_url=False)
        return "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in faults)
    return None
