"""Whose incidents are on a timeline with members: each day of each actor once, however affiliations run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.values import Affiliation
from service.bootstrap import Casus
from service.reading.directory import _Shares
from service.reading.selection import Selection, Share, SubjectKey
from service.recording import Caller
from tests.conftest import a_profile

DAYS = st.integers(0, 30)


@given(st.lists(st.builds(Share, st.sampled_from("ab"), DAYS, DAYS), max_size=30))
def test_shares_are_the_days_that_were_added_and_none_twice(added: list[Share]) -> None:
    shares = _Shares()
    seen: set[tuple[str, int]] = set()
    for share in added:
        days = {(share.id, day) for day in range(share.since, share.until + 1)}
        new = {
            (part.id, day)
            for part in shares.add(share)
            for day in range(part.since, part.until + 1)
        }
        assert new == days - seen
        seen |= days
    found = [
        (share.id, day) for share in shares.all() for day in range(share.since, share.until + 1)
    ]
    assert len(found) == len(set(found))
    assert set(found) == seen


def test_actors_that_all_belong_to_each_other_are_each_there_once(casus: Casus) -> None:
    by = Caller(by="test")
    count = 12
    for number in range(count):
        before = [f"a{other}" for other in range(number)]
        affiliations = tuple(
            Affiliation(actor=other, since=f"20{number:02d}", until=f"20{number + 10:02d}")
            for other in before
        )
        casus.desk.register_actor(
            a_profile(id=f"a{number}", name=f"A{number}", affiliations=affiliations), by
        )
    moment = casus.reader.moment()
    selection = Selection(subject=SubjectKey("actor", "a0"), members=True)
    shares = casus.reader.selected(selection, moment).shares
    assert len(shares) == len({share.id for share in shares}) == count
