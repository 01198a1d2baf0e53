"""The resolution policy, sentence by sentence: how accounts that disagree become the one shown."""

from __future__ import annotations

import itertools
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dates import OPEN_FUTURE, iso_of_day
from domain.edtf import span
from domain.incidents import HeldAccount, Incident
from domain.resolution import POLICY, ShownFigure, ShownIncident, resolve
from domain.values import (
    Account,
    Figure,
    ForeignCode,
    InvolvedCountry,
    Participant,
    Place,
    Source,
)
from domain.vocabulary import CountryRole, IncidentType, Measure, ParticipantRole, Status
from tests.conftest import an_account

KILLED = Measure.KILLED
STREAM = UUID(int=1)


def shown(*accounts: Account) -> ShownIncident:
    """What accounts make that were entered in this order, each reported when it was published."""
    return resolve(held(*accounts))


def held(*accounts: Account) -> Incident:
    """An incident of accounts at positions 1, 2, 3, ... of its stream."""
    return Incident(STREAM, tuple(account_at(n, each) for n, each in enumerate(accounts, 1)))


def account_at(position: int, account: Account) -> HeldAccount:
    reported = span(account.source.published).latest
    return HeldAccount(
        incident=STREAM,
        number=position,
        account=account,
        implied=(),
        origin=None,
        first_reported=reported,
        position=position,
        reported=reported,
        recorded_at="",
        recorded_by="",
    )


def saying(published: str, *figures: Figure, **changes: object) -> Account:
    return an_account(published=published, figures=figures, **changes)


def figure(*figures: Figure) -> ShownFigure:
    """The one figure that accounts make which give one each, in this order of their days."""
    return shown(*(saying(f"2021-07-0{n}", f) for n, f in enumerate(figures, 1))).figures[0]


def killed(**numbers: object) -> Figure:
    return Figure(measure=KILLED, **numbers)


def numbers(of: ShownFigure) -> tuple[int | None, int | None, int | None]:
    return of.low, of.best, of.high


def test_the_policy_has_a_name_and_a_version():
    assert POLICY == "casus-resolution.v2"


def test_title_type_place_summary_and_date_come_from_the_earliest_account():
    early = an_account(
        published="2021-06-23",
        title="Early",
        type=IncidentType.ATTACK,
        occurred="2021-06~",
        place=Place(name="Here"),
        summary="First.",
    )
    late = an_account(
        published="2021-06-24",
        title="Late",
        type=IncidentType.FIGHTING,
        occurred="2021-06-22",
        place=Place(name="There"),
        summary="Second.",
    )
    for order in ((early, late), (late, early)):
        one = shown(*order)
        assert (one.title, one.type, one.edtf) == ("Early", IncidentType.ATTACK, "2021-06~")
        assert (one.place, one.summary) == (Place(name="Here"), "First.")
        assert (iso_of_day(one.earliest), iso_of_day(one.latest)) == ("2021-06-01", "2021-06-30")
        assert iso_of_day(one.reported) == "2021-06-23"


def test_what_the_earliest_account_leaves_out_is_not_taken_from_another():
    one = shown(an_account(), an_account(published="2021-06-24", summary="More.", title="B"))
    assert (one.place, one.summary) == (None, None)


def test_of_accounts_reported_on_one_day_the_first_in_the_log_is_the_earliest():
    one = shown(an_account(title="First"), an_account(title="Second"))
    assert one.title == "First"


def test_the_status_is_the_latest_accounts():
    planned = an_account(status=Status.PLANNED, published="2021-06-20")
    confirmed = an_account(status=Status.CONFIRMED, published="2021-06-24")
    assert shown(planned, confirmed).status is Status.CONFIRMED
    assert shown(confirmed, planned).status is Status.CONFIRMED


@pytest.mark.parametrize(
    ("status", "then"),
    [
        (Status.REPORTED, Status.DISPUTED),
        (Status.CONFIRMED, Status.CONFIRMED),
        (Status.PLANNED, Status.PLANNED),
        (Status.DISPUTED, Status.DISPUTED),
    ],
)
def test_reported_is_shown_as_disputed_where_accounts_contradict_each_other(status, then):
    first = saying("2021-06-23", killed(best=1))
    assert shown(first, saying("2021-06-24", killed(best=2), status=status)).status is then
    other_day = an_account(published="2021-06-24", occurred="2021-06-20", status=status)
    assert shown(first, other_day).status is then
    assert shown(first, saying("2021-06-24", killed(best=1), status=status)).status is status


@pytest.mark.parametrize(
    ("dates", "disputed"),
    [
        (["2021-06-22"], False),
        (["2021-06-22", "2021-06"], False),
        (["2021-06-22", "2021-06-23"], True),
        (["2021-06-18/2021-06-21", "2021-06-21/2021-06-25"], False),
        (["../2021-06-21", "2021-06-22/.."], True),
        (["../2021-06-22", "2021-06-22/.."], False),
        (["2021-06", "2021-06-01/2021-06-10", "2021-06-20"], True),
        (["-0043-03-15", "-0043"], False),
    ],
)
def test_the_date_is_disputed_where_no_day_lies_within_all_spans(dates, disputed):
    for order in itertools.permutations(dates):
        accounts = (an_account(occurred=each) for each in order)
        assert shown(*accounts).date_disputed is disputed


def test_countries_participants_codes_and_sources_are_those_of_all_accounts_together():
    def involved(*codes):
        return tuple(InvolvedCountry(code=c, role=CountryRole.LOCATION) for c in codes)

    taliban = Participant(actor="taliban", role=ParticipantRole.INITIATOR)
    again = Participant(actor="taliban", role=ParticipantRole.TARGET)
    cameo = ForeignCode(scheme="cameo", code="190")
    first = an_account(countries=involved("AFG"), participants=(taliban,), codes=(cameo,))
    second = an_account(
        published="2021-06-24",
        countries=involved("TJK", "AFG"),
        participants=(again, taliban),
        codes=(cameo, ForeignCode(scheme="plover", code="ASSAULT")),
    )
    one = shown(first, second)
    assert one.countries == involved("AFG", "TJK")
    assert one.participants == (taliban, again)
    assert [code.scheme for code in one.codes] == ["cameo", "plover"]
    assert one.sources == (first.source, second.source)
    assert one.accounts == 2


def test_countries_that_an_account_implies_are_shown_after_those_it_names():
    def on(code):
        return InvolvedCountry(code=code, role=CountryRole.LOCATION)

    account = an_account(countries=(on("AFG"),))
    first = replace(held(account).accounts[0], implied=(on("TJK"),))
    second = replace(first, number=2, position=2, implied=(on("UZB"),))
    incident = replace(held(account), accounts=(first, second))
    assert resolve(incident).countries == (on("AFG"), on("TJK"), on("UZB"))


def test_two_accounts_of_one_source_name_it_once():
    source = Source(name="A newspaper", published="2021-06-23")
    one = shown(an_account(source=source), an_account(source=source, title="Again"))
    assert (one.sources, one.accounts) == ((source,), 2)


@pytest.mark.parametrize(
    "given_so",
    [
        killed(best=3),
        killed(low=130),
        killed(high=7),
        killed(low=1, best=2, high=9),
        killed(low=5, best=3, high=1, inconsistent=True),
    ],
)
def test_a_figure_that_one_account_gives_is_shown_as_given(given_so):
    one = shown(saying("2021-06-23", given_so), an_account(published="2021-06-24")).figures
    assert [numbers(each) for each in one] == [(given_so.low, given_so.best, given_so.high)]
    assert (one[0].disputed, one[0].inconsistent) == (False, given_so.inconsistent)


def test_figures_are_joined_by_measure_and_by_whom_they_are_of():
    one = shown(
        saying("2021-06-23", killed(best=1), killed(best=2, of="soldiers")),
        saying("2021-06-24", killed(best=1), Figure(measure=Measure.WOUNDED, best=3)),
    )
    assert [(each.measure, each.of, each.best) for each in one.figures] == [
        (KILLED, None, 1),
        (KILLED, "soldiers", 2),
        (Measure.WOUNDED, None, 3),
    ]


def test_best_is_that_of_the_latest_account_that_gives_one():
    assert figure(killed(best=3), killed(best=5), killed(low=1)).best == 5
    assert figure(killed(low=1), killed(high=9)).best is None


def test_low_is_the_least_and_high_the_greatest_that_any_account_gives():
    assert numbers(figure(killed(low=2, best=4), killed(best=3, high=8))) == (2, 3, 8)
    assert numbers(figure(killed(best=3), killed(best=5))) == (3, 5, None)
    assert numbers(figure(killed(best=5), killed(best=3))) == (None, 3, 5)
    assert numbers(figure(killed(low=130), killed(high=100))) == (100, None, 130)


def test_a_bound_that_no_account_gives_stays_open_where_it_says_no_more_than_best():
    assert numbers(figure(killed(best=5), killed(best=5))) == (None, 5, None)
    assert numbers(figure(killed(best=5), killed(low=5))) == (5, 5, None)
    assert numbers(figure(killed(low=130), killed(low=100))) == (100, None, None)


@pytest.mark.parametrize(
    ("figures", "disputed"),
    [
        ([killed(best=3), killed(best=3)], False),
        ([killed(best=3), killed(best=4)], True),
        ([killed(low=2, best=3, high=4), killed(best=4)], False),
        ([killed(low=2, best=3, high=4), killed(best=5)], True),
        ([killed(low=130), killed(best=134)], False),
        ([killed(low=130), killed(best=100)], True),
        ([killed(low=130), killed(low=500)], False),
        ([killed(high=10), killed(best=0)], False),
        ([killed(high=10), killed(best=11)], True),
        ([killed(low=1, best=2), killed(best=3)], True),
        ([killed(low=1, high=5), killed(low=5, high=9), killed(low=3, high=4)], True),
        ([killed(low=9, best=5, high=1, inconsistent=True), killed(best=2)], False),
    ],
)
def test_a_figure_is_disputed_where_the_ranges_given_do_not_overlap(figures, disputed):
    for order in itertools.permutations(figures):
        assert figure(*order).disputed is disputed


def test_a_figure_is_inconsistent_where_one_of_those_joined_is():
    falling = killed(low=9, best=5, high=1, inconsistent=True)
    assert figure(falling, killed(best=5)).inconsistent
    assert not figure(killed(best=5), killed(best=5)).inconsistent


counts = st.none() | st.integers(0, 9)
accounts_at_random = st.builds(
    lambda day, title, low, best, status, occurred: saying(
        f"2021-07-{day:02d}",
        *([killed(low=low, best=best, inconsistent=True)] if (low, best) != (None, None) else []),
        title=title,
        status=status,
        occurred=occurred,
    ),
    st.integers(1, 30),
    st.sampled_from(["A", "B"]),
    counts,
    counts,
    st.sampled_from([Status.REPORTED, Status.CONFIRMED, Status.PLANNED]),
    st.sampled_from(["2021-06-22", "2021-06", "2021-06-20/.."]),
)


@given(
    st.lists(accounts_at_random, min_size=1, max_size=5, unique_by=lambda a: a.source.published),
    st.randoms(use_true_random=False),
)
def test_the_order_in_which_accounts_were_entered_does_not_matter(accounts, chance):
    shuffled = list(accounts)
    chance.shuffle(shuffled)
    assert shown(*shuffled) == shown(*accounts)


def test_an_end_that_is_open_stays_open():
    assert shown(an_account(occurred="2021-06-22/..")).latest == OPEN_FUTURE
