"""Cursors: where a page of an answer begins, and the moment that its first page was read at.

A cursor fixes the position, so later pages are of the same timeline whatever is recorded meanwhile: no
entry comes twice and none is dropped. It is opaque, and carries a digest of itself, the path and the
parameters; one that was altered, or comes with other parameters, is refused.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson

from service.api.problems import Problem

_DIGEST = 8


@dataclass(frozen=True, slots=True)
class Continuation:
    """Where to go on: a moment, and the sort key of the last entry shown."""

    position: int
    reported_by: int
    after: tuple[Any, ...]


def write_cursor(continuation: Continuation, scope: str) -> str:
    """The cursor for a continuation, valid for this path and these parameters only."""
    payload = orjson.dumps([continuation.position, continuation.reported_by, *continuation.after])
    return _encoded(_digest(payload, scope) + payload)


def read_cursor(cursor: str, scope: str, *kinds: type) -> Continuation:
    """What a cursor stands for, its sort key being of these kinds. Raises `Problem`."""
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        digest, payload = raw[:_DIGEST], raw[_DIGEST:]
        if digest != _digest(payload, scope) or _encoded(raw) != cursor:
            raise ValueError
        values = orjson.loads(payload)
        if [type(value) for value in values] != [int, int, *kinds] or not all(map(_fits, values)):
            raise ValueError
        position, reported_by, *after = values
    except (ValueError, binascii.Error):
        raise bad_cursor() from None
    return Continuation(position, reported_by, tuple(after))


def bad_cursor() -> Problem:
    """The problem of a cursor that was not given out for what it comes with."""
    return Problem("bad-cursor", "the cursor was altered, or belongs to other parameters")


def _fits(value: object) -> bool:
    """The digest tells an accident, not who has read this file: a number must be one that SQLite takes."""
    return not isinstance(value, int) or abs(value) < 2**62


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _digest(payload: bytes, scope: str) -> bytes:
    return blake2b(
        payload, digest_size=_DIGEST, key=b"casus cursor", person=_person(scope)
    ).digest()


def _person(scope: str) -> bytes:
    return blake2b(scope.encode("utf-8", "surrogatepass"), digest_size=16).digest()
