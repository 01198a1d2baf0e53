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
    return urlsafe_b64encode(_digest(payload, scope) + payload).rstrip(b"=").decode()


def read_cursor(cursor: str, scope: str) -> Continuation:
    """What a cursor stands for. Raises `Problem`."""
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        digest, payload = raw[:_DIGEST], raw[_DIGEST:]
        if digest != _digest(payload, scope):
            raise ValueError
        position, reported_by, *after = orjson.loads(payload)
    except (ValueError, binascii.Error):
        raise Problem(
            "bad-cursor", "the cursor was altered, or belongs to other parameters"
        ) from None
    return Continuation(position, reported_by, tuple(after))


def _digest(payload: bytes, scope: str) -> bytes:
    return blake2b(
        payload, digest_size=_DIGEST, key=b"casus cursor", person=_person(scope)
    ).digest()


def _person(scope: str) -> bytes:
    return blake2b(scope.encode("utf-8", "surrogatepass"), digest_size=16).digest()
