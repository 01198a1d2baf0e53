"""Datasets: what is recorded of one, what it is then, and how many incidents have it at any moment."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from domain.datasets import Dataset, Release, Whole, dataset_at, evolve, release_dataset
from domain.ids import actor_stream, dataset_stream, uuid8
from domain.records import DatasetReleased, Recorded
from domain.reporting import Recording
from domain.revisions import (
    AddAccount,
    MergeIncident,
    ReinstateIncident,
    RetractIncident,
    WithdrawAccount,
)
from domain.values import DatasetPart, DatasetProfile, Origin
from service.bootstrap import Casus
from service.reading.clocks import EVERYTHING_REPORTED, reported_day
from tests.conftest import CALLER, an_account

GED = DatasetProfile(id="ged", title="Georeferenced Events", license="CC BY 4.0")
NEWS = Origin(dataset="news", key="1")


def by(position: int) -> Recording:
    return Recording(at=f"2021-07-15T09:00:00.{position:06d}Z", by="an importer")


class Shelf:
    """One dataset in memory, and the records that made it."""

    def __init__(self) -> None:
        self.history: list[Recorded[DatasetReleased]] = []

    def take_in(
        self,
        release: str | None,
        released: str | None = None,
        profile: DatasetProfile = GED,
        complete: DatasetPart | None = None,
    ) -> DatasetReleased | None:
        """Decide on a release and append its record, if it makes one."""
        position = len(self.history) + 1
        record = release_dataset(
            self.at(position),
            profile,
            by(position),
            reason="It came out.",
            release=release,
            released=released,
            complete=complete,
        )
        if record is not None:
            self.history.append(Recorded(position, dataset_stream("ged"), position, record))
        return record

    def at(self, position: int) -> Dataset | None:
        return dataset_at(self.history, position)


# Decide and evolve


def test_a_release_is_taken_in_once():
    shelf = Shelf()
    assert shelf.take_in("23.1", "2023-06") == DatasetReleased(
        dataset=GED,
        release="23.1",
        released="2023-06",
        reason="It came out.",
        recorded_at=by(1).at,
        recorded_by="an importer",
    )
    assert shelf.take_in("23.1", "2023-06") is None
    assert shelf.take_in("24.1", "2024-06") is not None
    assert shelf.take_in("23.1", "2023-06") is None
    assert shelf.take_in("24.1", "2024-06") is None


def test_the_releases_of_a_dataset_are_each_from_where_they_came_in_first():
    shelf = Shelf()
    shelf.take_in("23.1")
    shelf.take_in("24.1", "2024-06")
    shelf.take_in("23.1", profile=replace(GED, title="Events"))
    first = Release("23.1", None, 1, by(1).at)
    second = Release("24.1", "2024-06", 2, by(2).at)
    assert shelf.at(0) is None
    assert shelf.at(1) == Dataset(GED, (first,), 1)
    assert shelf.at(2) == Dataset(GED, (first, second), 2)
    assert shelf.at(3) == Dataset(replace(GED, title="Events"), (first, second), 3)


@pytest.mark.parametrize(
    ("release", "released"), [("23.1", None), (None, "2023"), ("23.2", "2023")]
)
def test_another_number_or_another_day_is_another_release(release, released):
    shelf = Shelf()
    shelf.take_in("23.1", "2023")
    assert shelf.take_in(release, released) is not None
    assert len(shelf.at(2).releases) == 2


@pytest.mark.parametrize("field", ["title", "license", "citation", "url"])
def test_a_profile_that_changed_is_recorded_and_so_is_the_one_before_it(field):
    shelf = Shelf()
    changed = replace(GED, **{field: "https://example.org/other"})
    shelf.take_in(None)
    assert shelf.take_in(None, profile=changed).dataset == changed
    assert shelf.take_in(None, profile=changed) is None
    assert shelf.take_in(None).dataset == GED
    assert len(shelf.at(3).releases) == 1


def test_a_dataset_without_releases_is_taken_in_once():
    shelf = Shelf()
    shelf.take_in(None)
    assert shelf.take_in(None) is None
    assert evolve(None, shelf.history[0]).releases == (Release(None, None, 1, by(1).at),)


def test_a_release_is_whole_in_one_part_and_another_each_recorded_once():
    shelf = Shelf()
    everything, afghanistan = DatasetPart(), DatasetPart(country="AFG")
    shelf.take_in("24.1", "2024")
    assert shelf.at(1).wholes == ()
    for part in (afghanistan, everything):
        assert shelf.take_in("24.1", "2024", complete=part).complete == part
    for part in (None, afghanistan, everything):
        assert shelf.take_in("24.1", "2024", complete=part) is None
    wholes = Whole("24.1", "2024", afghanistan), Whole("24.1", "2024", everything)
    assert shelf.at(3).wholes == wholes
    assert len(shelf.at(3).releases) == 1
    shelf.take_in("25.1", "2025")
    assert shelf.at(4).wholes == wholes


# What a store shows


def take_in(casus: Casus, slug: str, version: int = 1, release: str | None = None) -> None:
    record = release_dataset(
        None,
        DatasetProfile(id=slug, title=slug.upper()),
        casus.desk.recording("an importer"),
        reason="It came out.",
        release=release,
    )
    casus.desk.append([Recorded(0, dataset_stream(slug), version, record)])


def told(casus: Casus, position: int | None = None, reported_by: str | None = None) -> dict:
    """How many incidents each dataset has at a moment."""
    day = EVERYTHING_REPORTED if reported_by is None else reported_day(reported_by)
    shown = casus.reader.datasets.all(casus.reader.moment(position, reported_by=day))
    return {each["id"]: each["incidents"] for each in map(orjson.loads, shown)}


def test_an_incident_names_the_datasets_of_the_accounts_that_count_in_it(casus):
    stream = casus.desk.report_incident(an_account(published="2021-06-23"), CALLER).stream
    for number, slug in enumerate(("zeta", "alpha", "zeta"), 2):
        account = an_account(published=f"2021-06-{23 + number}")
        origin = Origin(dataset=slug, key=str(number))
        casus.desk.revise_incident(
            stream, AddAccount(account=account, origin=origin, reason="More."), CALLER
        )

    def datasets() -> list[str]:
        entry = casus.reader.incident(str(stream), casus.reader.moment())
        found: list[str] = orjson.loads(entry)["datasets"]
        return found

    assert datasets() == ["zeta", "alpha"]  # in the order of the reports
    casus.desk.revise_incident(stream, WithdrawAccount(number=2, reason="Wrong."), CALLER)
    assert datasets() == ["alpha", "zeta"]
    casus.desk.revise_incident(stream, WithdrawAccount(number=3, reason="Wrong."), CALLER)
    assert datasets() == ["zeta"]


def test_incidents_are_counted_at_every_position_and_day(casus):
    take_in(casus, "news")
    one, other = (casus.desk.report_incident(an_account(), CALLER).stream for _ in range(2))
    for stream, published in ((one, "2021-06-25"), (other, "2021-06-27")):
        account = an_account(published=published)
        casus.desk.revise_incident(
            stream, AddAccount(account=account, origin=NEWS, reason="More."), CALLER
        )
    casus.desk.revise_incident(one, RetractIncident(reason="It did not happen."), CALLER)
    casus.desk.revise_incident(other, WithdrawAccount(number=2, reason="Wrong."), CALLER)
    assert told(casus, 0) == {}
    assert [told(casus, position)["news"] for position in range(1, 8)] == [0, 0, 0, 1, 2, 1, 0]
    days = ["2021-06-24", "2021-06-25", "2021-06-26", "2021-06-27", "2021-07-15"]
    assert [told(casus, 5, day)["news"] for day in days] == [0, 1, 1, 2, 2]
    # The retraction and the withdrawal are of the day that they were recorded.
    assert [told(casus, 7, day)["news"] for day in days] == [0, 1, 1, 2, 0]
    casus.desk.revise_incident(one, ReinstateIncident(reason="It did."), CALLER)
    assert [told(casus, 8, day)["news"] for day in days] == [0, 1, 1, 2, 1]
    assert told(casus, 7)["news"] == 0


def test_incidents_that_are_merged_count_once(casus):
    take_in(casus, "news")
    one, other = (casus.desk.report_incident(an_account(), CALLER).stream for _ in range(2))
    for stream in (one, other):
        account = an_account(title="More")
        revision = AddAccount(account=account, origin=NEWS, reason="More.")
        casus.desk.revise_incident(stream, revision, CALLER)
    assert told(casus) == {"news": 2}
    casus.desk.revise_incident(one, MergeIncident(into=other, reason="Told twice."), CALLER)
    assert told(casus) == {"news": 1}
    casus.projector.rebuild()
    assert told(casus) == {"news": 1}


def test_releases_in_one_batch_and_in_several_make_the_same_rows(casus):
    records = []
    for version, release in enumerate(("1", "2", "3"), 1):
        profile = DatasetProfile(id="ged", title=f"Title {version}")
        record = release_dataset(None, profile, by(version), reason="Out.", release=release)
        records.append(Recorded(0, dataset_stream("ged"), version, record))
    casus.desk.append(records[:1])
    casus.desk.append(records[1:])
    moments = [casus.reader.moment(position) for position in range(4)]
    shown = [casus.reader.datasets.all(moment) for moment in moments]
    assert [[orjson.loads(each)["title"] for each in all_] for all_ in shown] == [
        [],
        ["Title 1"],
        ["Title 2"],
        ["Title 3"],
    ]
    casus.projector.rebuild()
    assert [casus.reader.datasets.all(moment) for moment in moments] == shown


def test_a_stream_is_of_one_kind():
    assert len({dataset_stream("ged"), actor_stream("ged"), uuid8("ged", "ged")}) == 3
