"""Keys: who may write, each with a name that stands in what it records.

    casus_0123456789ab_<64 hexadecimal digits>
          id           secret

The id finds the key; the secret proves it, and is shown once. It is 256 random bits, so there is nothing to
guess and no word to try: a plain SHA-256 of it is as safe to keep as a slow hash, which is for what people
think up and would make every request pay. The prefix lets programs that look for secrets find one.

Keys are state beside the log. One that is revoked stays there, so that its name still tells who it was.
"""

from __future__ import annotations

import hmac
import logging
import re
import secrets
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from eventsourcing.persistence import PersistenceError

from service.access.errors import KeyRefused
from service.access.roles import ROLES, Role
from service.reading.clocks import instant_text
from service.recording import fault_of_author
from service.state import Cursor, Schema, State, rows

log = logging.getLogger("casus")

SCHEMA = Schema(
    "keys",
    (
        (
            """CREATE TABLE api_key (
                id TEXT PRIMARY KEY,
                name TEXT NOT NULL,
                role TEXT NOT NULL,
                digest TEXT NOT NULL,
                created TEXT NOT NULL,
                last_used TEXT,
                revoked TEXT)""",
            "CREATE INDEX api_key_by_name ON api_key (name)",
        ),
    ),
)

NOTED = timedelta(minutes=1)
"""How old `last_used` becomes before it is written anew: to use a key is no write."""

PATIENCE = 1.0
"""Seconds that whoever bears a key waits for that to be written down."""

LONGEST_NAME = 100

_KEY = re.compile(r"casus_([0-9a-f]{12})_([0-9a-f]{64})")
_NOBODY = sha256(secrets.token_bytes(32)).hexdigest()
"""The digest that is compared with where there is no key, so that it takes as long to say so."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is listed."""

    id: str
    name: str
    role: Role
    created: str
    last_used: str | None
    revoked: str | None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key, and the text that it is used by, which is kept nowhere."""

    key: Key
    text: str


def _now() -> datetime:
    return datetime.now(UTC)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


class Keys:
    """The keys of a store."""

    def __init__(self, state: State, now: Callable[[], datetime] = _now) -> None:
        self.state = state
        self._now = now
        self._noting = threading.Lock()

    def create(self, name: str, role: Role) -> NewKey:
        """Make a key. Raises `KeyRefused`."""
        _check_name(name)
        with self.state.writing() as cursor:
            same = _found(cursor, " WHERE name = ?", name)
            if any(key.revoked is None for key in same):
                raise KeyRefused(
                    f"there is a key {name!r}; revoke it first, or choose another name"
                )
            # A name that was there before may be like another's: both stand in records.
            for key in () if same else _found(cursor, ""):
                if _folded(key.name) == _folded(name):
                    raise KeyRefused(
                        f"there is a key {key.name!r}, or was: the name {name!r} could be taken for that;"
                        " write it the same, or choose another"
                    )
            return self._made(cursor, name, role)

    def create_first(self, name: str, role: Role) -> NewKey | None:
        """Make a key if there never was one; None otherwise."""
        if self.all():
            return None
        with self.state.writing() as cursor:
            return None if _found(cursor, "") else self._made(cursor, name, role)

    def all(self) -> list[Key]:
        """Every key there ever was, the oldest first."""
        return self._select(" ORDER BY created, id")

    def revoke(self, name_or_id: str) -> Key:
        """Let a key no longer be used. Raises `KeyRefused`."""
        known: list[Key] = []
        if self.state.exists:
            with self.state.writing() as cursor:
                known = _found(cursor, " WHERE id = ? OR name = ?", name_or_id, name_or_id)
                # No name looks like an id, and one key of a name is in use at a time.
                for key in known:
                    if key.revoked is None:
                        cursor.execute(
                            "UPDATE api_key SET revoked = ? WHERE id = ?",
                            (instant_text(self._now()), key.id),
                        )
                        return next(iter(_found(cursor, " WHERE id = ?", key.id)))
        if known:
            raise KeyRefused(f"the key {name_or_id!r} was revoked before")
        raise KeyRefused(f"there is no key {name_or_id!r}; casus keys list shows those there are")

    def verify(self, text: str) -> Key | None:
        """The key that a text is, and that it was used; None for any that is wrong, unknown or revoked.

        Whatever is wrong, the same is done.
        """
        match = _KEY.fullmatch(text)
        identifier, secret = match.groups() if match else ("", "")
        sql = f"{_SELECT}, digest FROM api_key WHERE id = ?"
        row = next(iter(rows(self.state, sql, (identifier,))), None)
        *shown, digest = row or (None, _NOBODY)
        is_right = hmac.compare_digest(digest, _digest(secret))
        if row is None or not is_right:
            return None
        key = _key(shown)
        if key.revoked is not None:
            return None
        self._note(key)
        return key

    def has_name(self, name: str) -> bool:
        """Whether any key has a name, or had, in whatever case."""
        return any(_folded(key.name) == _folded(name) for key in self._select(""))

    def close(self) -> None:
        """Close the connections."""
        self.state.close()

    def _select(self, rest: str, *parameters: Any) -> list[Key]:
        return [_key(row) for row in rows(self.state, f"{_SELECT} FROM api_key{rest}", parameters)]

    def _made(self, cursor: Cursor, name: str, role: Role) -> NewKey:
        identifier, secret = secrets.token_hex(6), secrets.token_hex(32)
        cursor.execute(
            "INSERT INTO api_key (id, name, role, digest, created) VALUES (?,?,?,?,?)",
            (identifier, name, role.word, _digest(secret), instant_text(self._now())),
        )
        (key,) = _found(cursor, " WHERE id = ?", identifier)
        return NewKey(key, f"casus_{identifier}_{secret}")

    def _note(self, key: Key) -> None:
        """Write down that a key is used, if that was not done of late."""
        now = self._now()
        if key.last_used is not None and key.last_used > instant_text(now - NOTED):
            return
        if not self._noting.acquire(blocking=False):
            return  # it is written down the next time

        def note() -> None:
            try:
                with self.state.writing() as cursor:
                    cursor.execute(
                        "UPDATE api_key SET last_used = ? WHERE id = ?", (instant_text(now), key.id)
                    )
            except PersistenceError as error:  # the disk is full, or lets itself be read alone
                log.warning("when a key was used last could not be written down: %s", error)
            finally:
                self._noting.release()

        # Where commits wait for a standby that is away, reads go on.
        noting = threading.Thread(target=note, name="noting", daemon=True)
        noting.start()
        noting.join(PATIENCE)


_SELECT = "SELECT id, name, role, created, last_used, revoked"


def _found(cursor: Cursor, rest: str, *parameters: Any) -> list[Key]:
    cursor.execute(f"{_SELECT} FROM api_key{rest}", parameters)
    return [_key(row) for row in cursor.fetchall()]


def _key(row: Any) -> Key:
    identifier, name, role, *times = row
    return Key(identifier, name, ROLES[role], *times)


def _check_name(name: str) -> None:
    """Raise `KeyRefused` for a name that nobody can write under, or that would be taken for an id."""
    if fault := fault_of_name(name):
        raise KeyRefused(fault)
    if re.fullmatch(r"[0-9a-f]{12}", name):
        raise KeyRefused(f"the name {name!r} is not for keys; choose another")


def fault_of_name(name: str) -> str:
    """Why nobody can write under a name: it can't stand in records, or would be taken for another's.

    Empty if somebody can.
    """
    if fault := fault_of_author(name):
        return f"the name: {fault}"
    if len(name) > LONGEST_NAME:
        return f"the name has more than {LONGEST_NAME} characters"
    if fault := _fault_of_letters(name):
        return f"the name {name!r} {fault}: it could be taken for another's"
    if name.casefold().startswith("casus"):  # what the program itself records under
        return f"the name {name!r} is not for keys; choose another"
    return ""


def _fault_of_letters(name: str) -> str:
    """Why a name could be taken for another that looks the same; empty if it could not."""
    if name != name.strip() or "  " in name:
        return "has white space at an end, or more than one space in a row"
    if any(each.isspace() and each != " " for each in name):
        return "has white space that is no plain space"
    if not unicodedata.is_normalized("NFC", name):
        return "has letters in parts that could be one (it is not in the form NFC of Unicode)"
    if any(unicodedata.category(each) in _UNSEEN for each in name):
        return "has characters that cannot be seen"
    return ""


def _folded(name: str) -> str:
    """What names have in common that differ in case, or in how the same letters are written."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


_UNSEEN = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
"""Categories of Unicode: controls, marks of direction and width, what is not assigned."""
