"""Imports that were asked for over HTTP: what was asked, how far each is, and what came of it.

Each has a folder of its own, in the folder of the store::

    imports/0198…/job.json              what was asked, by whom, and how far it is
    imports/0198…/upload                what was sent, until the import is over; and beside it
    imports/0198…/mapping.yaml, crosswalk.csv
    imports/0198…/upload.rejected.csv   the rows that could not be taken in
    imports/incoming-…/                 what is still being sent
    imports/LOCK                        held by the one process that carries imports out
    imports/ADDING                      held by whoever makes an import that is named by a key

The files are all there is to know; where nodes share a store, each lets the others know (`sharing`).
`queue` starts a process for those that are not over; `process` is that
process, and the only one to write to a folder once it is there. A folder appears whole, by one rename, and
so does every state of ``job.json``. Whatever is cut short is carried out again, which ends as if it had not
been.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from domain.ids import uuid7
from service.imports.jobs.documents import ImportJob
from service.imports.jobs.sharing import SharedImports
from service.imports.rejects import SUFFIX
from service.recording import KeyReused
from service.state import State

KEPT = 100
"""Imports that are over of which the files are kept: the newest."""

MOST_SHARED = 20_000_000
"""Bytes of rejected rows of an import up to which other nodes have them."""

MOST_WAITING = 1_000
"""Imports that may wait at a time."""

ABANDONED = 3_600
"""Seconds after which what is being sent is taken to be left behind, if nothing was added to it."""

JOB, UPLOAD, LOCK, ADDING = "job.json", "upload", "LOCK", "ADDING"
PATIENCE = 10.0
"""Seconds that an import waits for others of its key to be kept."""

MAPPING, CROSSWALK = "mapping.yaml", "crosswalk.csv"
REJECTED = UPLOAD + SUFFIX


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An import as its file has it: with who asked for it, under which key, and how often it was begun."""

    job: ImportJob
    by: str
    key: str | None = None
    fingerprint: str = ""
    begun: int = 0


_KEPT = TypeAdapter(Kept)
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def read_job(folder: Path) -> Kept | None:
    """The import of a folder; None if it is gone, or was written by another version."""
    try:
        return _KEPT.validate_json((folder / JOB).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None


def write_job(folder: Path, kept: Kept, *, durable: bool = True) -> None:
    """Put an import's state in place of the one before, at once; `durable` survives a power cut."""
    staged = folder / f"{JOB}.new"
    with staged.open("wb") as file:
        file.write(_KEPT.dump_json(kept))
        if durable:
            sync(file.fileno())
    staged.replace(folder / JOB)
    if durable:
        _sync_folder(folder)


def sync(file: int) -> None:
    """Bring what was written to an open file to the disk."""
    os.fsync(file)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # where a folder is nothing that can be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def locked(folder: Path, timeout: float, name: str = LOCK) -> Iterator[None]:
    """The only right to carry out imports of a folder; the system takes it from a process that dies.

    Or another right, by its name. Raises sqlite3.OperationalError if another process has it for longer than
    some seconds.
    """
    lock = sqlite3.connect(folder / name, timeout=timeout, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        lock.close()


class Imports:
    """The imports of a store; of nodes that share one each has files of its own, and knows the others'."""

    def __init__(self, home: Path, state: State | None = None) -> None:
        self.folder = (home / "imports").absolute()
        self._shared = SharedImports(state, self.folder) if state else None
        self._adding = threading.Lock()
        self._sharing = threading.Lock()
        self._over: set[str] = set()

    def folder_of(self, identifier: str) -> Path:
        """The folder of an import."""
        return self.folder / identifier

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """A folder for what is being sent, removed again unless an import was made of it."""
        folder = self.folder / f"incoming-{secrets.token_hex(8)}"
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def add(self, incoming: Path, kept: Kept) -> ImportJob:
        """Make an import of what was sent; the one that its key named before, if there is one.

        The id is given here. Raises `KeyReused` if the key named another request.
        """
        with self._alone(kept.key) as tell:
            if known := self._named(kept.key):
                if known.fingerprint != kept.fingerprint:
                    raise KeyReused(kept.key)
                return known.job
            identifier = str(uuid7(time.time_ns() // 1_000_000, secrets.randbits(74)))
            job = replace(kept.job, id=identifier)
            write_job(incoming, replace(kept, job=job))
            incoming.rename(self.folder_of(identifier))
            _sync_folder(self.folder)
            tell(identifier, (self.folder_of(identifier) / JOB).read_text("utf-8"))
        return job

    @contextmanager
    def _alone(self, key: str | None) -> Iterator[Callable[[str, str], None]]:
        """While no worker and no other node makes an import of a key; what lets those know of one."""
        with ExitStack() as stack:
            stack.enter_context(self._adding)
            if key is not None:
                stack.enter_context(locked(self.folder, PATIENCE, ADDING))
            if self._shared is None:
                yield lambda *_: None
            else:
                yield stack.enter_context(self._shared.adding())

    def get(self, identifier: str) -> ImportJob | None:
        """The import of an id; None if there is none, or none any more."""
        if not _ID.fullmatch(identifier):
            return None
        kept = read_job(self.folder_of(identifier))
        if kept is None and self._shared and (shared := self._shared.get(identifier)):
            kept = _KEPT.validate_json(shared.job)
        return kept.job if kept else None

    def rejected_elsewhere(self, identifier: str) -> bytes | None:
        """The table of rejected rows of another node's import; None if there is none."""
        shared = self._shared.get(identifier) if self._shared else None
        return shared.rejected.encode() if shared and shared.rejected is not None else None

    def share(self) -> None:
        """Let other nodes know how this one's imports are."""
        with self._sharing:
            if self._shared:
                jobs = {}
                for name in self._ids():
                    with suppress(FileNotFoundError):  # it is being removed
                        jobs[name] = (self.folder_of(name) / JOB).read_text("utf-8")
                self._shared.tell(jobs, self._rejected)

    def _rejected(self, identifier: str) -> str | None:
        path = self.folder_of(identifier) / REJECTED
        with suppress(FileNotFoundError):
            if path.stat().st_size <= MOST_SHARED:
                return path.read_text("utf-8")
        return None

    def close(self) -> None:
        """Close the connections."""
        if self._shared:
            self._shared.close()

    def all(self) -> list[ImportJob]:
        """Every import, the newest first."""
        return [kept.job for kept in self._known()]

    def waiting(self) -> list[str]:
        """The ids of imports that are not over, the oldest first."""
        found = []
        for identifier in sorted(self._ids()):
            if identifier in self._over:
                continue
            kept = read_job(self.folder_of(identifier))
            if kept and not kept.job.is_over:
                found.append(identifier)
            else:
                self._over.add(identifier)
        return found

    def tidy(self) -> None:
        """Remove all but the newest imports that are over, and what was left behind half sent."""
        waiting = set(self.waiting())
        over = sorted((each for each in self._ids() if each not in waiting), reverse=True)
        for identifier in over[KEPT:]:
            shutil.rmtree(self.folder_of(identifier), ignore_errors=True)
            self._over.discard(identifier)
        for folder in self.folder.glob("incoming-*"):
            with suppress(OSError):
                last = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
                if last < time.time() - ABANDONED:
                    shutil.rmtree(folder, ignore_errors=True)

    def _named(self, key: str | None) -> Kept | None:
        return next((kept for kept in self._known() if kept.key == key), None) if key else None

    def _known(self) -> list[Kept]:
        """Every import that is known of, the newest first."""
        kept = list(self._read())
        if self._shared:
            kept += (_KEPT.validate_json(each.job) for each in self._shared.others())
            kept.sort(key=lambda each: each.job.id, reverse=True)
        return kept

    def _read(self) -> Iterator[Kept]:
        for identifier in sorted(self._ids(), reverse=True):
            if kept := read_job(self.folder_of(identifier)):
                yield kept

    def _ids(self) -> list[str]:
        with suppress(FileNotFoundError):
            # Names are all that is wanted, and this makes no path of each.
            return [name for name in os.listdir(self.folder) if _ID.fullmatch(name)]  # noqa: PTH208
        return []
