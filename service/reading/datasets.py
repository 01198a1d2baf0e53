"""Reads of datasets, as they were at a position of the log."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from service.database import Database
from service.reading.clocks import Moment


class Datasets:
    """The datasets of the generation of rows that is in use."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counts = lru_cache(maxsize=16)(self._counted)

    def all(self, moment: Moment) -> list[bytes]:
        """All datasets as JSON, by id."""
        counts = self._counts(moment.position, moment.reported_by)
        rows = self._database.rows(
            "SELECT dataset, document FROM dataset_version"
            " WHERE from_position <= ? AND to_position > ? ORDER BY dataset",
            (moment.position, moment.position),
        )
        return [_shown(document, counts.get(slug, 0)) for slug, document in rows]

    def get(self, slug: str, moment: Moment) -> bytes | None:
        """A dataset as JSON; None if nothing was taken in of it by then."""
        rows = self._database.rows(
            "SELECT document FROM dataset_version"
            " WHERE dataset = ? AND from_position <= ? AND to_position > ?",
            (slug, moment.position, moment.position),
        )
        if not rows:
            return None
        counts = self._counts(moment.position, moment.reported_by)
        return _shown(rows[0][0], counts.get(slug, 0))

    def slugs(self, position: int) -> list[str]:
        """The ids of all datasets of which something was taken in by a position."""
        rows = self._database.rows(
            "SELECT dataset FROM dataset_version"
            " WHERE from_position <= ? AND to_position > ? ORDER BY dataset",
            (position, position),
        )
        return [row[0] for row in rows]

    def _counted(self, position: int, reported_by: int) -> Mapping[str, int]:
        """How many incidents have an account of each dataset at a moment."""
        rows = self._database.rows(
            "SELECT dataset, sum(incidents) FROM dataset_delta"
            " WHERE position <= ? AND reported <= ? GROUP BY dataset",
            (position, reported_by),
        )
        return dict(rows)


def _shown(document: bytes, incidents: int) -> bytes:
    return b'%b,"incidents":%d}' % (document, incidents)
