"""Backups: a log in one file, with the state that was kept beside it, which stays as it is for ever."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from domain.errors import DomainError
from service.log import Log
from service.upkeep.states import fault_of_states
from service.upkeep.verifying import verify
from service.views.projector import Progress


class NoBackup(DomainError):
    """Raised for a file that is no backup, or not a sound one: says why."""


@contextmanager
def new_backup(file: Path) -> Iterator[Path]:
    """A file to be written that becomes a backup if all goes well. Raises FileExistsError.

    Nobody else may read it, as there are digests of keys in it, and it is one file then, without a journal.
    """
    staged = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        os.close(os.open(staged, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
        yield staged
        with closing(sqlite3.connect(staged)) as database:
            database.execute("PRAGMA journal_mode = DELETE")
        _put(staged, file)
    finally:
        for left in (staged, *(staged.with_name(staged.name + end) for end in ("-wal", "-shm"))):
            left.unlink(missing_ok=True)


def _put(staged: Path, file: Path) -> None:
    """Give a file its name. Raises FileExistsError if another has it."""
    try:
        file.hardlink_to(staged)  # unlike a rename, it puts nothing in the place of another file
    except FileExistsError:
        raise
    except OSError:  # disks that go from hand to hand have no links
        if file.exists():
            raise FileExistsError from None
        staged.rename(file)


@contextmanager
def opened_backup(file: Path, folder: Path, progress: Progress | None = None) -> Iterator[Log]:
    """The log of a backup that was looked through: of a copy in a folder.

    Nothing is written to the backup, which may lie where nothing can be. Raises `NoBackup`.
    """
    scratch_in = folder if folder.is_dir() else None
    with TemporaryDirectory(prefix=".restore-", dir=scratch_in) as scratch:
        copy = Path(scratch) / file.name
        try:
            _copy(file, copy)
            is_log = _has_log(copy)
        except sqlite3.Error as error:
            raise NoBackup(f"{file} can't be read: {error}") from error
        if not is_log:
            raise NoBackup(f"{file} is no backup of a log")
        with closing(Log(copy)) as log:
            if not log.head:
                raise NoBackup(f"{file} has no record")
            faults = (*verify(log, None, progress).faults, *fault_of_states(copy))
            if faults:
                raise NoBackup(f"{file} is not sound, or of a newer Casus: {faults[0]}")
            yield log


def _copy(file: Path, copy: Path) -> None:
    address = file.absolute().as_uri()
    with closing(sqlite3.connect(copy)) as target:
        try:
            with closing(sqlite3.connect(f"{address}?mode=ro", uri=True)) as source:
                source.backup(target)
        except sqlite3.OperationalError:
            # A file with a write-ahead log, where that can't be made anew.
            with closing(sqlite3.connect(f"{address}?immutable=1", uri=True)) as source:
                source.backup(target)


def _has_log(file: Path) -> bool:
    with closing(sqlite3.connect(file)) as database:
        named = "SELECT 1 FROM sqlite_schema WHERE name = 'stored_events'"
        return bool(database.execute(named).fetchall())
