"""Datasets: what is to be recorded of one (decide), and what its records make of it (evolve).

A dataset's stream follows the recorded clock alone. Its profile is the one recorded last; its releases are
all that were ever taken in, each once. One that comes out in no releases, as a chronicle does, has a single
one without a number. Which of them are held whole, or what part of them, is known where it was said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from domain.records import DatasetReleased, Instant, Recorded
from domain.reporting import Recording
from domain.text import Line, PublicationDate
from domain.values import DatasetPart, DatasetProfile


@dataclass(frozen=True, slots=True)
class Release:
    """A release of a dataset, when it was published (EDTF), and where the log first has it."""

    release: Line | None
    released: PublicationDate | None
    position: Annotated[int, Field(ge=1)]
    recorded_at: Instant


@dataclass(frozen=True, slots=True)
class Whole:
    """A release of which a part, or all, is held whole: what it does not have there does not stand."""

    release: Line | None
    released: PublicationDate | None
    part: DatasetPart


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset as its records make it; `position` is of the last of them."""

    profile: DatasetProfile
    releases: tuple[Release, ...]
    position: int
    wholes: tuple[Whole, ...] = ()


def release_dataset(
    dataset: Dataset | None,
    profile: DatasetProfile,
    by: Recording,
    *,
    reason: str,
    release: str | None = None,
    released: str | None = None,
    complete: DatasetPart | None = None,
) -> DatasetReleased | None:
    """The record that takes a dataset, or a release of it, in; None where it is held so already.

    It is where this is the profile that it has now, and the release is one that it has had: whole, where
    it is said to be the whole of a part.
    """
    is_known = (
        dataset is not None
        and dataset.profile == profile
        and _has(dataset.releases, release, released)
        and (complete is None or Whole(release, released, complete) in dataset.wholes)
    )
    if is_known:
        return None
    return DatasetReleased(
        dataset=profile,
        release=release,
        released=released,
        complete=complete,
        reason=reason,
        recorded_at=by.at,
        recorded_by=by.by,
    )


def _has(releases: Iterable[Release], release: str | None, released: str | None) -> bool:
    return any((each.release, each.released) == (release, released) for each in releases)


def evolve(dataset: Dataset | None, recorded: Recorded[DatasetReleased]) -> Dataset:
    """The dataset after one more of its records."""
    record, position = recorded.record, recorded.position
    releases = dataset.releases if dataset else ()
    if not _has(releases, record.release, record.released):
        new = Release(record.release, record.released, position, record.recorded_at)
        releases = (*releases, new)
    wholes = dataset.wholes if dataset else ()
    if record.complete is not None:
        whole = Whole(record.release, record.released, record.complete)
        wholes = wholes if whole in wholes else (*wholes, whole)
    return Dataset(record.dataset, releases, position, wholes)


def dataset_at(history: Iterable[Recorded[DatasetReleased]], position: int) -> Dataset | None:
    """The dataset at a position of the log; None if nothing was taken in of it by then."""
    dataset: Dataset | None = None
    for recorded in history:
        if recorded.position <= position:
            dataset = evolve(dataset, recorded)
    return dataset
