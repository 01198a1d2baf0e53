"""The actors projection: what an actor was at each position of the log, and who belonged to whom."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from domain.actors import Actor, evolve
from domain.dates import OPEN_FUTURE, OPEN_PAST
from domain.edtf import span
from domain.records import ActorRecord, ActorRegistered, Recorded
from projections.bitemporal import OPEN_POSITION
from projections.store import Histories, Statements, Tables

VERSION = 2

TABLES = Tables(
    create=(
        """CREATE TABLE actor_version (
            actor TEXT NOT NULL,
            from_position INTEGER NOT NULL,
            to_position INTEGER NOT NULL,
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            state TEXT,
            merged_into TEXT,
            profile BLOB NOT NULL,
            PRIMARY KEY (actor, from_position))""",
        # Names and external ids, folded for comparison: aliases lead to the actor.
        """CREATE TABLE actor_alias (
            actor TEXT NOT NULL,
            alias TEXT NOT NULL,
            from_position INTEGER NOT NULL,
            to_position INTEGER NOT NULL)""",
        # From the first day that an affiliation may have begun to the last on which it may have lasted.
        """CREATE TABLE actor_affiliation (
            actor TEXT NOT NULL,
            parent TEXT NOT NULL,
            since INTEGER NOT NULL,
            until INTEGER NOT NULL,
            from_position INTEGER NOT NULL,
            to_position INTEGER NOT NULL)""",
        "CREATE INDEX actor_alias_by_actor ON actor_alias (actor, to_position)",
        "CREATE INDEX actor_affiliation_by_actor ON actor_affiliation (actor, to_position)",
    ),
    index=(
        "CREATE INDEX actor_version_by_position ON actor_version (from_position)",
        "CREATE INDEX actor_alias_by_alias ON actor_alias (alias)",
        "CREATE INDEX actor_affiliation_by_parent ON actor_affiliation (parent)",
    ),
)


def fold(
    statements: Statements, records: Iterable[Recorded[ActorRecord]], histories: Histories
) -> None:
    """Write the version that each record makes of its actor."""
    latest: dict[str, Actor | None] = {}
    for recorded in records:
        record, position = recorded.record, recorded.position
        slug = record.actor.id if isinstance(record, ActorRegistered) else record.actor
        if slug not in latest and not isinstance(record, ActorRegistered):
            latest[slug] = histories.actor(slug, position - 1)
        before = latest.get(slug)
        actor = latest[slug] = evolve(before, recorded)
        if before is not None:
            _close(statements, slug, position)
        _open(statements, slug, actor)


def _close(statements: Statements, slug: str, position: int) -> None:
    for table in ("actor_version", "actor_alias", "actor_affiliation"):
        statements.add(
            f"UPDATE {table} SET to_position = ? WHERE actor = ? AND to_position = ?",
            [(position, slug, OPEN_POSITION)],
        )


def _open(statements: Statements, slug: str, actor: Actor) -> None:
    profile, validity = actor.profile, (actor.position, OPEN_POSITION)
    version = (
        slug,
        *validity,
        profile.names[0].text,
        profile.kind,
        profile.state,
        actor.merged_into,
        orjson.dumps(profile),
    )
    statements.add("INSERT INTO actor_version VALUES (?,?,?,?,?,?,?,?)", [version])
    aliases = {folded(name.text) for name in profile.names}
    aliases |= {f"{each.scheme}:{each.id}".casefold() for each in profile.external_ids}
    statements.add(
        "INSERT INTO actor_alias VALUES (?,?,?,?)",
        ((slug, alias, *validity) for alias in sorted(aliases)),
    )
    statements.add(
        "INSERT INTO actor_affiliation VALUES (?,?,?,?,?,?)",
        (
            (
                slug,
                each.actor,
                span(each.since).earliest if each.since else OPEN_PAST,
                span(each.until).latest if each.until else OPEN_FUTURE,
                *validity,
            )
            for each in profile.affiliations
        ),
    )


def folded(name: str) -> str:
    """A name as aliases are compared: case and runs of space do not count."""
    return " ".join(name.casefold().split())
