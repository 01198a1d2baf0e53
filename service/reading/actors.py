"""Reads of actors, as they were at a position of the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from projections.actors import folded
from service.database import Database
from service.reading.directory import Directory


@dataclass(frozen=True, slots=True)
class ActorRow:
    """An actor: its profile as JSON, and the position of its last change.

    `merged_into` is who it is shown as, `merged` are those whom it stands for.
    """

    slug: str
    name: str
    profile: bytes
    changed: int
    merged_into: str | None
    merged: tuple[str, ...]


class Actors:
    """The actors of the generation of rows that is in use."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self._database = database
        self._directory = directory

    def get(self, slug: str, position: int) -> ActorRow | None:
        """An actor; None if it was not registered by then."""
        rows = self._database.rows(
            "SELECT name, profile, from_position, merged_into FROM actor_version"
            " WHERE actor = ? AND from_position <= ? AND to_position > ?",
            (slug, position, position),
        )
        if not rows:
            return None
        name, profile, changed, merged_into = rows[0]
        return ActorRow(
            slug,
            name,
            profile,
            changed,
            self._directory.survivor(slug, position) if merged_into else None,
            self._directory.merged(slug, position),
        )

    def named(self, alias: str, position: int) -> str | None:
        """The slug of the one actor that a name, an external id or the slug of a merged actor leads to.

        None if it is none or several. A slug in another case leads to its actor, whoever else has it for a
        name.
        """
        slug = alias.lower()
        if self.get(slug, position):
            return self._directory.survivor(slug, position)
        rows = self._database.rows(
            "SELECT DISTINCT actor FROM actor_alias"
            " WHERE alias = ? AND from_position <= ? AND to_position > ?",
            (folded(alias), position, position),
        )
        found = {self._directory.survivor(row[0], position) for row in rows}
        return found.pop() if len(found) == 1 else None

    def ever_one(self, slug: str, position: int) -> frozenset[str]:
        """All actors that one was ever merged with by a position, itself included."""
        return self._directory.ever_one(slug, position)

    def page(
        self,
        position: int,
        *,
        after: str,
        limit: int,
        kind: str | None = None,
        state: str | None = None,
        text: str | None = None,
    ) -> tuple[list[bytes], str | None]:
        """Profiles as JSON by slug, and the slug that the next page comes after."""
        where = ["actor > ?", "from_position <= ?", "to_position > ?", "merged_into IS NULL"]
        parameters: list[Any] = [after, position, position]
        for column, value in (("kind", kind), ("state", state)):
            if value:
                where.append(f"{column} = ?")
                parameters.append(value)
        if text:
            where.append(
                "actor IN (SELECT actor FROM actor_alias"
                " WHERE instr(alias, ?) > 0 AND from_position <= ? AND to_position > ?)"
            )
            parameters += [folded(text), position, position]
        rows = self._database.rows(
            f"SELECT actor, profile FROM actor_version WHERE {' AND '.join(where)}"
            " ORDER BY actor LIMIT ?",
            [*parameters, limit + 1],
        )
        return [row[1] for row in rows[:limit]], rows[limit - 1][0] if len(rows) > limit else None

    def slugs(self, start: str, position: int, limit: int) -> list[str]:
        """At most `limit` slugs that begin with `start`, of actors registered by a position."""
        rows = self._database.rows(
            "SELECT actor FROM actor_version"
            " WHERE actor >= ? AND actor < ? AND from_position <= ? AND to_position > ? LIMIT ?",
            (start, start + "~", position, position, limit),
        )
        return [row[0] for row in rows]
