"""Datasets at a moment, told once more: their names and releases, and how many incidents have them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from domain.records import DatasetReleased, Recorded

Json = dict[str, Any]


def datasets(there: Iterable[Recorded], entries: Collection[Json]) -> dict[str, Json]:
    """The datasets that records up to a position make, by id, with the incidents that are shown."""
    taken_in = [each for each in there if isinstance(each.record, DatasetReleased)]
    return {
        slug: _dataset([each for each in taken_in if each.record.dataset.id == slug], entries)
        for slug in sorted({each.record.dataset.id for each in taken_in})
    }


def _dataset(taken_in: Sequence[Recorded], entries: Collection[Json]) -> Json:
    """A dataset as it was named last, with each release from where it came in first."""
    firsts = {(r.record.release, r.record.released): r for r in reversed(taken_in)}
    profile = taken_in[-1].record.dataset
    dataset = {
        **asdict(profile),
        "releases": [
            {
                "release": first.record.release,
                "released": first.record.released,
                "position": first.position,
                "recorded_at": first.record.recorded_at,
            }
            for first in sorted(firsts.values(), key=lambda first: first.position)
        ],
        "incidents": sum(
            profile.id in entry["datasets"] and entry["status"] != "retracted" for entry in entries
        ),
    }
    found: Json = orjson.loads(orjson.dumps(dataset))
    return found
