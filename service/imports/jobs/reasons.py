"""Why an import that came over HTTP failed, for whoever sends requests: without its internals."""

from __future__ import annotations

import errno
import sqlite3

from eventsourcing.persistence import PersistenceError

from domain.errors import DomainError
from service.imports.orders import Refused
from service.imports.reading.outcomes import FileRefused
from service.views.projector import ProjectionStopped
from service.workers import Gone

TROUBLE = (PersistenceError, sqlite3.Error, OSError, Gone)
"""What is neither the file's fault nor a bug: whoever runs the service is to know of it."""

ENDED = (
    "a process that examined its rows was ended before its work was done, maybe for want of memory; send it"
    " again: what is recorded is not recorded twice"
)
NO_SPACE = (
    "no space is left on the disk of the store, or of temporary files; make some, and send it again"
)
NO_ANSWER = "the store did not answer; send it again"

_PARAMETERS = {"--released": "released", "--force": "force=true", "--complete": "complete"}


def reason(error: Exception) -> str | None:
    """The message for an error; None for one that is a bug."""
    match error:
        case Refused():
            return _in_parameters(str(error))
        case FileRefused() | DomainError():
            return str(error)
        case ProjectionStopped():
            return (
                f"the timelines stand before position {error.position}; once that is mended, send it again:"
                " what is recorded is not recorded twice"
            )
        case Gone():
            return ENDED
        case PersistenceError() | sqlite3.Error() | OSError():
            return NO_SPACE if _is_full(error) else NO_ANSWER
        case _:
            return None


def _in_parameters(message: str) -> str:
    """A message to those who type commands, for those who send parameters."""
    for option, parameter in _PARAMETERS.items():
        message = message.replace(option, parameter)
    return message


def _is_full(error: Exception) -> bool:
    """Whether it is a disk that is full."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return "disk is full" in str(error)
