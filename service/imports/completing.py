"""What a complete release does not have, of what is held of its dataset.

An account that its source dates after the release is none of the release's business, and stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from domain.edtf import span
from domain.incidents import HeldAccount
from service.imports.deciding import Decider
from service.imports.releases import Edition
from service.imports.scope import Scope
from service.imports.seen import Seen, key_of


class Missing(NamedTuple):
    """An account that was not seen: the stream that it is in, and its number there."""

    stream: UUID
    number: int


class Held(NamedTuple):
    """How many accounts stand, and which of them were not seen."""

    standing: int
    missing: list[Missing]


def held_of(
    decider: Decider, edition: Edition, streams: Iterable[UUID], scope: Scope, seen: Seen
) -> Held:
    """What a decider holds of the scope of an edition, in some incidents of its dataset."""
    standing = {
        key_of(stream, key): Missing(stream, held.number)
        for stream in streams
        for key, held in decider.standing(stream)
        if scope.holds(held) and not _is_later(held, edition)
    }
    kept = seen.among(list(standing))
    return Held(len(standing), [each for key, each in standing.items() if key not in kept])


def _is_later(held: HeldAccount, edition: Edition) -> bool:
    published, day = held.account.source.published, edition.day
    return bool(published and day is not None and span(published).latest > day)
