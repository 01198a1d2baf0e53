"""The store that a command works on, opened and closed again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.bootstrap import Casus, open_casus
from service.cli.output import progress, refuse
from service.log.places import in_words, is_there
from service.settings import Settings


@contextmanager
def opened(settings: Settings, *, make: bool = False) -> Iterator[Casus]:
    """The store, up to date. One that is not there is made where a command asks for it.

    A command that only looks does not: a folder that was misspelt is no empty store.
    """
    if not make:
        check_there(settings)
    with progress("bringing the timelines up to the log") as tell:
        casus = open_casus(settings, progress=tell)
    try:
        yield casus
    finally:
        casus.close()


def check_there(settings: Settings) -> None:
    """Refuse to go on unless there is a store; nothing is made to find out."""
    place = settings.log_place
    if not is_there(place):
        where = str(place.parent.absolute()) if isinstance(place, Path) else in_words(place)
        refuse(f"there is no store in {where}; casus serve makes one, and so does casus load")
