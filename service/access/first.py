"""The first key: a store that has none gets an administrator's at its first start, in a file of its folder.

So that whoever runs the service can write to it at once, and nobody else. Nothing prints it. A key that is
revoked is a key: none is made again.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from service.access.keys import SCHEMA, Keys
from service.access.roles import Role
from service.settings import Settings
from service.state.places import state_at

FILE = "admin.key"
NAME = "admin"


def make_first_key(settings: Settings) -> Path | None:
    """Make a key if the store never had one; the file that it is in, for its owner's eyes alone.

    None: there was one before. Raises OSError and the library's `PersistenceError`.
    """
    path = settings.home / FILE
    with closing(Keys(state_at(settings.log_place, SCHEMA))) as keys:
        new = keys.create_first(NAME, Role.ADMIN)
        if new is None:
            return None
        try:
            _write(path, f"{new.text}\n")
        except OSError:
            keys.revoke(new.key.id)  # nobody will ever know it
            raise
    return path


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
