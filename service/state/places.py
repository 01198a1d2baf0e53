"""Where the state of a store is: with its log, in files or in tables."""

from __future__ import annotations

from pathlib import Path

from service.log.places import LogPlace
from service.state import Schema, State
from service.state.file import StateFile


def state_at(place: LogPlace, schema: Schema) -> State:
    """One kind of what is kept beside the log at a place; whoever uses it closes it."""
    if isinstance(place, Path):
        return StateFile(place.parent, schema)
    from service.state.tables import StateTables  # noqa: PLC0415 - see `service.log.places`

    return StateTables(place, schema)
