"""Where a log is: a file of SQLite's, or a PostgreSQL database by its URL."""

from __future__ import annotations

import re
from pathlib import Path

from service.log.recorder import LogRecorder

LogPlace = Path | str
"""A file, or the URL of a database."""

FILE = "log.sqlite"
"""The file of a log, in the folder of its store."""

SCHEMES = ("postgresql://", "postgres://")

_HOST_AND_QUERY = re.compile(r"[^@/?]*\?(?=[^@/]*/)[a-z_]+=[^&]*(&[a-z_]+=[^&]*)*")
"""An address without a user and a path, whose query may have an @ behind a /. Where an @ comes first, libpq
takes what is before it for a user and a password, also a ? in it."""


class NoPlace(ValueError):
    """Raised for words that name no place of a log."""


def place_of(text: str) -> LogPlace:
    """The place that an address names: ``postgresql://...``, ``sqlite:FILE`` or ``sqlite:FOLDER``.

    Raises `NoPlace`, which does not repeat it: it may hold a password.
    """
    if text.startswith(SCHEMES):
        where = text.partition("://")[2]
        if _HOST_AND_QUERY.fullmatch(where):
            return text
        # Else a part of a password is looked up as a host, and shown where it is none.
        server, _, rest = where.partition("/")
        host = server.partition("@")[2]
        if any("@" in part.partition("?")[0] for part in (host, rest)):
            raise NoPlace(
                "a store's URL has one @, before the host; in a user, a password or a name of a database"
                " @ : / are written %40 %3A %2F"
            )
        return text
    scheme, _, path = text.partition(":")
    if scheme != "sqlite" or not path:
        raise NoPlace("a store is named as postgresql://... or as sqlite:FILE")
    file = Path(path.removeprefix("//"))
    return file / FILE if file.is_dir() or not file.suffix else file


def in_words(place: LogPlace) -> str:
    """A place as it may be shown: without its password."""
    if isinstance(place, Path):
        return str(place.absolute())
    from service.postgres import named  # noqa: PLC0415

    return named(place)


def is_there(place: LogPlace) -> bool:
    """Whether there is a log at a place; nothing is made to find out."""
    if isinstance(place, Path):
        return place.is_file()
    # A store in a file does not load what talks to a server.
    from service.log.postgres_recorder import has_log  # noqa: PLC0415

    return has_log(place)


def recorder_at(place: LogPlace) -> LogRecorder:
    """What keeps the log at a place."""
    if isinstance(place, Path):
        from service.log.file_recorder import FileRecorder  # noqa: PLC0415

        return FileRecorder(place)
    # The driver takes some megabytes and a tenth of a second, which a store in a file has no use for.
    from service.log.postgres_recorder import PostgresRecorder  # noqa: PLC0415

    return PostgresRecorder(place)
