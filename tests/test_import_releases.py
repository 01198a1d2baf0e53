"""Releases in any order: what stands in the end is what stands if they are imported in theirs."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.datasets import dataset_at, release_dataset
from domain.ids import dataset_stream, uuid8
from domain.incidents import incidents_at
from domain.records import AccountWithdrawn, Recorded
from domain.reporting import Recording
from domain.values import DatasetPart
from service.imports.orders import Refused
from service.imports.releases import covers, part_of, scope_of
from service.imports.scope import Scope
from service.log import BEYOND, Log
from service.reading.clocks import reported_day
from tests.imports import TOY, Importer, kinds, row

AFGHANISTAN = Scope("AFG")
KEYS = {"1": "AFG", "2": "AFG", "3": "MMR"}
"""Incidents, by their keys, and the countries that they are in."""


@dataclass(frozen=True)
class Release:
    """A release by its year: the titles of its incidents by their keys, and what it is the whole of."""

    year: int
    titles: dict[str, str]
    whole: Scope | None

    @property
    def order(self) -> dict[str, object]:
        given = {"release": str(self.year), "released": f"{self.year}-06-01"}
        if self.whole is None:
            return given
        return {**given, "complete": True, "scope": self.whole}

    def take(self, log: Log) -> None:
        rows = [
            row(line, key=key, title=title, country=KEYS[key])
            for line, (key, title) in enumerate(self.titles.items())
        ]
        Importer(log)(*rows, **self.order)


def stands(log: Log, reported_by: str = "2030-01-01") -> dict[str, str]:
    """The titles of the accounts that stand, by their keys."""
    titles = {}
    for key in KEYS:
        stream = uuid8("toy", key)
        found = incidents_at(log.incidents((stream,)), BEYOND, reported_day(reported_by))
        for held in found[stream].accounts if found else ():
            if not held.withdrawn:
                assert key not in titles
                titles[key] = held.account.title
    return titles


ALL = Scope()
contents = st.dictionaries(st.sampled_from(sorted(KEYS)), st.sampled_from("ABC"))


@settings(max_examples=60, deadline=None)
@given(titles=st.tuples(contents, contents, contents), order=st.permutations(range(3)))
def test_complete_releases_in_any_order_end_as_the_newest(titles, order, tmp_path_factory):
    log = Log(tmp_path_factory.mktemp("orders") / "log.sqlite")
    releases = [Release(2022 + n, each, ALL) for n, each in enumerate(titles)]
    for _ in range(2):
        for n in order:
            releases[n].take(log)
        assert stands(log) == titles[-1]
    log.close()


@settings(max_examples=150, deadline=None)
@given(
    told=st.lists(
        st.tuples(
            st.sets(st.sampled_from(sorted(KEYS))), st.sampled_from([None, ALL, AFGHANISTAN])
        ),
        min_size=3,
        max_size=4,
    ),
    chance=st.randoms(use_true_random=False),
)
def test_releases_that_are_complete_or_not_end_as_in_their_order(told, chance, tmp_path_factory):
    log = Log(tmp_path_factory.mktemp("orders") / "log.sqlite")
    releases = [
        Release(2020 + n, dict.fromkeys(sorted(keys), "A"), whole)
        for n, (keys, whole) in enumerate(told)
    ]
    taken = []
    for release in chance.sample(releases, len(releases)):
        head = log.head
        try:
            release.take(log)
        except Refused:
            assert log.head == head
        else:
            taken.append(release)
    expected: set[str] = set()
    for release in sorted(taken, key=lambda each: each.year):
        expected |= release.titles.keys()
        expected -= {
            key
            for key, country in KEYS.items()
            if release.whole
            and release.whole.country in (None, country)
            and key not in release.titles
        }
    assert stands(log).keys() == expected
    head = log.head
    for release in taken:
        with suppress(Refused):
            release.take(log)
    assert log.head == head
    log.close()


OLD = Release(2022, {"1": "A", "2": "A"}, ALL)
NEW = Release(2024, {"1": "A", "3": "A"}, ALL)


def test_a_release_withdraws_nothing_that_a_newer_one_has(log: Log) -> None:
    NEW.take(log)
    OLD.take(log)
    assert stands(log) == {"1": "A", "3": "A"}


def test_what_only_an_older_release_has_stood_until_the_newer_one(log: Log) -> None:
    NEW.take(log)
    OLD.take(log)
    assert stands(log, "2023-01-01") == {"2": "A"}
    (withdrawn,) = [r.record for r in log.follow() if isinstance(r.record, AccountWithdrawn)]
    assert withdrawn.reason == "It is not in release 2024 of Toy any more."
    assert (withdrawn.reported, withdrawn.basis.published) == ("2024-06-01", "2024-06-01")


def test_it_is_withdrawn_by_the_first_release_that_did_not_have_it(log: Log) -> None:
    Release(2026, {}, ALL).take(log)
    NEW.take(log)
    Release(2022, {"2": "A"}, None).take(log)
    (withdrawn,) = [
        r.record for r in log.incident(uuid8("toy", "2")) if isinstance(r.record, AccountWithdrawn)
    ]
    assert withdrawn.reported == "2024-06-01"


def test_an_older_release_does_not_change_what_a_newer_one_left_as_it_was(log: Log) -> None:
    Release(2022, {"1": "A"}, ALL).take(log)
    Release(2024, {"1": "A"}, ALL).take(log)
    Release(2023, {"1": "B"}, None).take(log)
    assert stands(log) == {"1": "A"}


@pytest.mark.parametrize("whole", [None, AFGHANISTAN])
def test_an_older_release_is_not_complete_beside_a_newer_one_of_unknown_extent(log, whole) -> None:
    Release(2024, {"1": "A"}, whole).take(log)
    head = log.head
    with pytest.raises(Refused, match=r"release 2024 of Toy is newer than release 2022 of Toy"):
        OLD.take(log)
    assert log.head == head
    Release(2024, {"1": "A"}, ALL).take(log)
    OLD.take(log)
    assert stands(log) == {"1": "A"}


def test_a_release_that_was_recorded_before_it_was_said_what_is_whole_is_of_unknown_extent(
    log: Log,
) -> None:
    by = Recording(at="2025-01-01T00:00:00.000000Z", by="tests")
    record = release_dataset(
        None, TOY.dataset, by, reason="It was imported.", release="2024", released="2024"
    )
    log.append([Recorded(0, dataset_stream("toy"), 1, record)])
    with pytest.raises(Refused, match="not known to be complete"):
        OLD.take(log)


def test_a_release_without_a_day_comes_after_all_before_it(log: Log) -> None:
    NEW.take(log)
    Importer(log)(row(2, title="A"), complete=True)
    assert stands(log) == {"2": "A"}
    OLD.take(log)
    assert stands(log) == {"2": "A"}


def test_an_account_that_its_source_dates_later_is_not_withdrawn(log: Log) -> None:
    importer = Importer(log)
    importer(row(1, published="2024-07-01"), row(2, published="2024-01-01"))
    importer(row(3), complete=True, released="2024-06-01")
    assert set(stands(log)) == {"1", "3"}


def test_that_a_release_is_whole_is_recorded_once_all_of_it_is_in(log: Log) -> None:
    NEW.take(log)
    assert kinds(log)[0] == kinds(log)[-1] == "DatasetReleased"
    Release(2025, {"1": "A", "3": "A"}, AFGHANISTAN).take(log)
    dataset = dataset_at(log.dataset("toy"), BEYOND)
    assert [(each.release, each.part) for each in dataset.wholes] == [
        ("2024", DatasetPart()),
        ("2025", DatasetPart(country="AFG")),
    ]
    Importer(log)(row(1, kind="bad"), complete=True, release="2026", released="2026")
    assert len(dataset_at(log.dataset("toy"), BEYOND).wholes) == 2


@pytest.mark.parametrize(
    ("whole", "part", "does"),
    [
        ("years=1989-2020", "years=1990-2019", True),
        ("years=1989-2020", "years=1989-2021", False),
        ("years=1989-2020", "years=1988-2020", False),
        ("country=MMR", "country=MMR,years=2020", True),
        ("country=MMR,years=2020", "country=MMR", False),
        ("years=2020", "country=MMR,years=2020", True),
        ("country=AFG", "country=MMR", False),
        ("country=AFG", "years=2020", False),
    ],
)
def test_a_part_has_all_of_another_or_not(whole: str, part: str, *, does: bool) -> None:
    assert covers(Scope.read(whole), Scope.read(part)) is does
    assert covers(ALL, Scope.read(part))
    for scope in map(Scope.read, (whole, part)):
        assert scope_of(part_of(scope)) == scope
    assert scope_of(part_of(ALL)) == ALL
