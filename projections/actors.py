"""The actors projection: what an actor's profile was at each position of the log."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from domain.records import ActorRecord, Recorded
from projections.bitemporal import OPEN_POSITION
from projections.store import Store, Tables

VERSION = 1

TABLES = Tables(
    create=(
        """CREATE TABLE actor_version (
            actor TEXT NOT NULL,
            from_position INTEGER NOT NULL,
            to_position INTEGER NOT NULL,
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            state TEXT,
            profile BLOB NOT NULL,
            PRIMARY KEY (actor, from_position))""",
        # Names and external ids, folded for comparison: aliases lead to the actor.
        """CREATE TABLE actor_alias (
            alias TEXT NOT NULL,
            actor TEXT NOT NULL,
            from_position INTEGER NOT NULL,
            to_position INTEGER NOT NULL)""",
    ),
    index=(
        "CREATE INDEX actor_version_by_position ON actor_version (from_position)",
        "CREATE INDEX actor_alias_by_alias ON actor_alias (alias)",
    ),
)


def fold(store: Store, records: Iterable[Recorded[ActorRecord]]) -> None:
    """Write a version for each actor registered."""
    for recorded in records:
        profile = recorded.record.actor
        store.execute(
            "INSERT INTO actor_version VALUES (?,?,?,?,?,?,?)",
            (
                profile.id,
                recorded.position,
                OPEN_POSITION,
                profile.names[0].text,
                profile.kind,
                profile.state,
                orjson.dumps(profile),
            ),
        )
        aliases = {folded(name.text) for name in profile.names}
        aliases |= {f"{each.scheme}:{each.id}".casefold() for each in profile.external_ids}
        store.executemany(
            "INSERT INTO actor_alias VALUES (?,?,?,?)",
            ((alias, profile.id, recorded.position, OPEN_POSITION) for alias in sorted(aliases)),
        )


def folded(name: str) -> str:
    """A name as aliases are compared: case and runs of space do not count."""
    return " ".join(name.casefold().split())
