"""Datasets at random: released again and again, under changing titles, often as they are held already."""

from __future__ import annotations

import random

from domain.datasets import dataset_at, release_dataset
from domain.ids import dataset_stream
from domain.records import Recorded
from domain.values import DatasetProfile
from service.bootstrap import Casus
from service.log import BEYOND
from tests.histories import DATASETS, REASONS


def take_in_a_release(casus: Casus, chance: random.Random) -> None:
    """Record a release of a dataset, or what it is called now, unless it is held so already."""
    slug, released = chance.choice(DATASETS), chance.choice([None, "2020", "2021-06~"])
    profile = DatasetProfile(
        id=slug,
        title=f"Title {chance.randint(1, 2)}",
        license=chance.choice([None, "CC BY 4.0"]),
        citation=chance.choice([None, "A paper,\n2020"]),
    )
    history = casus.log.dataset(slug)
    record = release_dataset(
        dataset_at(history, BEYOND),
        profile,
        casus.desk.recording("an importer"),
        release=chance.choice([None, "20.1", "21.1"]),
        released=released,
        reason=chance.choice(REASONS),
    )
    if record is not None:
        casus.log.append([Recorded(0, dataset_stream(slug), len(history) + 1, record)])
