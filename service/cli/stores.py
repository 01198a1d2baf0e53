"""The store that a command works on, opened and closed again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.bootstrap import Casus, open_casus
from service.cli.output import progress, refuse
from service.settings import Settings


@contextmanager
def opened(settings: Settings, *, make: bool = False) -> Iterator[Casus]:
    """The store, up to date. One that is not there is made where a command asks for it.

    A command that only looks does not: a folder that was misspelt is no empty store.
    """
    place = settings.log_place
    if not make and isinstance(place, Path) and not place.is_file():
        refuse(
            f"there is no store in {place.parent.absolute()};"
            " casus serve makes one, and so does casus load"
        )
    with progress("bringing the timelines up to the log") as tell:
        casus = open_casus(settings, progress=tell)
    try:
        yield casus
    finally:
        casus.close()
