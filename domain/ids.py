"""Stream ids: UUIDs as RFC 9562 lays them out.

Incidents reported by hand get a UUIDv7 (ordered by time). What is imported gets a UUIDv8 made from its
dataset and key, so that importing twice names the same stream, and rows that follow each other in a
dataset stay close in the index: 48 bits of a hash of the dataset's name come first, then the row's own
number, or a hash of its key where that is not a number.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from uuid import UUID

ACTORS = "casus:actors"
"""The namespace of actors' streams, whose keys are the actors' slugs."""

DATASETS = "casus:datasets"
"""The namespace of datasets' streams, whose keys are the datasets' slugs."""

_MAX_NUMBER = 1 << 62


def uuid7(milliseconds: int, randomness: int) -> UUID:
    """A UUIDv7 from milliseconds since 1970 and 74 random bits."""
    high = (milliseconds & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | (randomness >> 62) & 0xFFF
    return UUID(int=high << 64 | 0b10 << 62 | randomness & (_MAX_NUMBER - 1))


def uuid8(namespace: str, key: str) -> UUID:
    """The UUIDv8 of a key in a namespace: always the same for the same two texts."""
    head = _head(namespace)
    if _is_plain_number(key):
        middle, tail = 0, int(key)
    else:
        digest = int.from_bytes(sha256(key.encode()).digest()[:10])
        middle, tail = digest >> 64 & 0xFFF | 1, digest & (_MAX_NUMBER - 1)
    return UUID(int=(head << 16 | 0x8000 | middle) << 64 | 0b10 << 62 | tail)


def bounds_of(namespace: str) -> tuple[UUID, UUID]:
    """The first id that a namespace may have, and the first beyond all that it may have."""
    head = _head(namespace)
    return UUID(int=head << 80), UUID(int=min(head + 1 << 80, (1 << 128) - 1))


@lru_cache(maxsize=1_000)
def _head(namespace: str) -> int:
    return int.from_bytes(sha256(namespace.encode()).digest()[:6])


def actor_stream(slug: str) -> UUID:
    """The stream of the actor with this slug; one slug is one stream, so no two actors share one."""
    return uuid8(ACTORS, slug)


def dataset_stream(slug: str) -> UUID:
    """The stream of the dataset with this slug."""
    return uuid8(DATASETS, slug)


def _is_plain_number(key: str) -> bool:
    return key.isascii() and key.isdigit() and len(key) <= 18 and (key == "0" or key[0] != "0")
