"""Pages: together they are the whole answer, whatever is recorded between them; cursors can't be forged."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.records import Recorded
from domain.reporting import add_account
from domain.values import Account, InvolvedCountry, Participant
from domain.vocabulary import CountryRole, IncidentType, ParticipantRole
from service.api.app import create_app
from service.api.cursors import Continuation, write_cursor
from service.bootstrap import Casus, open_casus
from service.recording import LoggedActors
from service.settings import Settings
from tests.conftest import CALLER, SettableClock, TestClient, a_profile, an_account
from tests.refusals import problem

AFG = "/v1/countries/AFG/timeline"

# pages together

DAYS = [
    "2021-06-20",
    "2021-06-21",
    "2021-06-22",
    "2021-06",
    "2019/2021-06-21",
    "../2021",
    "2030/..",
]

ACCOUNTS = st.builds(
    an_account,
    occurred=st.sampled_from(DAYS),
    published=st.sampled_from(["2021-06-23", "2021-07~", None]),
    type=st.sampled_from([IncidentType.ATTACK, IncidentType.APPEAL]),
    countries=st.lists(
        st.sampled_from(["AFG", "TJK"]).map(
            lambda code: InvolvedCountry(code=code, role=CountryRole.AFFECTED)
        ),
        max_size=2,
    ).map(tuple),
    participants=st.lists(
        st.just(Participant(actor="taliban", role=ParticipantRole.INITIATOR)), max_size=1
    ).map(tuple),
)

NEW, FURTHER = "a new incident", "a further account of an incident that is there"

ADDITIONS = st.lists(st.tuples(st.sampled_from([NEW, FURTHER]), ACCOUNTS), max_size=4)
"""What is recorded between two pages."""

QUESTIONS = st.fixed_dictionaries(
    {"limit": st.integers(1, 5)},
    optional={
        "order": st.sampled_from(["asc", "desc"]),
        "from": st.sampled_from(["2021-06-21", "2021-06", "2029"]),
        "to": st.sampled_from(["2021-06-22", "2031"]),
        "match": st.sampled_from(["possible", "certain"]),
        "type": st.lists(st.sampled_from(["attack", "appeal"]), min_size=1, max_size=2),
        "reported_by": st.sampled_from(["2021-06-30", "2021-07-31"]),
        "country": st.sampled_from(["AFG", "Tajikistan"]),
        "actor": st.just("taliban"),
        "q": st.just('"border checkpoint"'),
    },
).filter(lambda asked: not (asked.get("from") == "2029" and asked.get("to") == "2021-06-22"))

PATHS = st.sampled_from(["/v1/incidents", AFG, "/v1/actors/taliban/timeline"])


class Reporters:
    """Those who record while somebody else reads page by page."""

    def __init__(self, casus: Casus) -> None:
        self._casus = casus
        self._incidents: list[Any] = []
        self._versions: dict[Any, int] = {}

    def add(self, what: str, account: Account) -> None:
        """Record a new incident, or a further account of the one that has the fewest."""
        desk = self._casus.desk
        if what == NEW or not self._incidents:
            written = desk.report_incident(account, CALLER)
            self._incidents.append(written.stream)
            self._versions[written.stream] = 1
            return
        stream = min(self._incidents, key=self._versions.__getitem__)
        self._versions[stream] += 1
        actors = LoggedActors(self._casus.log)
        record = add_account(account, None, actors, desk.recording("test"))
        desk.append([Recorded(0, stream, self._versions[stream], record)])


@given(
    path=PATHS,
    asked=QUESTIONS,
    before=st.lists(ACCOUNTS, min_size=3, max_size=12),
    between=st.lists(ADDITIONS, min_size=1, max_size=5),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_pages_together_are_the_whole_answer_whatever_is_recorded_meanwhile(
    path: str, asked: dict[str, Any], before: list[Account], between: list[Any]
) -> None:
    with TemporaryDirectory() as home:
        casus = open_casus(Settings(CASUS_HOME=Path(home), _env_file=None), SettableClock())
        try:
            casus.desk.register_actor(a_profile(), CALLER)
            reporters = Reporters(casus)
            for account in before:
                reporters.add(NEW, account)
            client = TestClient(create_app(casus))
            first = page = client.get(path, params=asked).json()
            read = list(page["items"])
            while page["next"]:
                assert len(page["items"]) == asked["limit"]
                assert len(read) <= len(before)
                for addition in between.pop() if between else ():
                    reporters.add(*addition)
                page = client.get(page["next"]).json()
                assert page["position"] == first["position"]
                read += page["items"]
            whole = {**asked, "limit": 1000, "position": first["position"]}
            assert read == client.get(path, params=whole).json()["items"]
            assert len({item["id"] for item in read}) == len(read)
        finally:
            casus.close()


def test_actors_registered_between_pages_are_on_none_of_them(casus: Casus, client) -> None:
    for slug in ("b", "d", "f", "h"):
        casus.desk.register_actor(a_profile(id=slug), CALLER)
    page = client.get("/v1/actors?limit=1").json()
    read = [actor["id"] for actor in page["items"]]
    for slug in ("a", "c", "e", "i"):
        casus.desk.register_actor(a_profile(id=slug), CALLER)
        page = client.get(page["next"]).json() if page["next"] else page | {"items": []}
        read += [actor["id"] for actor in page["items"]]
    assert read == ["b", "d", "f", "h"]
    assert page["next"] is None


def test_the_last_page_may_be_full_and_has_no_next(reading) -> None:
    total = len(reading.get("/v1/countries/UZB/timeline").json()["items"])
    page = reading.get(f"/v1/countries/UZB/timeline?limit={total}").json()
    assert (len(page["items"]), page["next"]) == (total, None)


def test_a_page_of_another_length_may_follow(reading) -> None:
    whole = reading.get(AFG).json()["items"]
    first = reading.get(f"{AFG}?limit=3").json()
    following = first["next"].replace("limit=3", "limit=1000")
    assert first["items"] + reading.get(following).json()["items"] == whole


# cursors


def a_cursor(asked, address: str) -> str:
    following: str = asked.get(address).json()["next"]
    return following.rpartition("cursor=")[2]


@pytest.mark.parametrize(
    "forge",
    [
        lambda cursor: "AAAA",
        lambda cursor: cursor[:-1],
        lambda cursor: cursor[1:],
        lambda cursor: ("B" if cursor[0] == "A" else "A") + cursor[1:],
        lambda cursor: cursor + "AAAA",
        lambda cursor: cursor + "==",
        lambda cursor: cursor + "!",
        lambda cursor: cursor.upper(),
        lambda cursor: "\N{CYRILLIC SMALL LETTER A}" + cursor,
        lambda cursor: "a" * 500,
    ],
)
@pytest.mark.parametrize("address", [f"{AFG}?limit=5", "/v1/actors?limit=5"])
def test_a_forged_cursor_is_refused(forge, address: str, asked) -> None:
    cursor = forge(a_cursor(asked, address))
    problem(asked.get(address, params={"limit": 5, "cursor": cursor}), "bad-cursor")


@pytest.mark.parametrize(
    "other",
    [
        f"{AFG}?limit=5&order=desc",
        f"{AFG}?limit=5&from=2021",
        f"{AFG}?limit=5&position=60",
        f"{AFG}?limit=5&as_of=2999-01-01",
        f"{AFG}?limit=5&reported_by=2021-06-22",
        "/v1/countries/TJK/timeline?limit=5",
        "/v1/incidents?limit=5&country=AFG",
        "/v1/actors?limit=5",
    ],
)
def test_a_cursor_with_other_parameters_is_refused(other: str, asked) -> None:
    cursor = a_cursor(asked, f"{AFG}?limit=5")
    problem(asked.get(f"{other}&cursor={cursor}"), "bad-cursor")


@pytest.mark.parametrize(
    ("position", "reported_by", "after"),
    [
        (10**6, 0, ("a",)),  # of a log that has come further
        (2**64 - 1, 0, ("a",)),
        (1, 2**64 - 1, ("a",)),
        (1, 0, (1,)),
        (1, 0, ()),
        (1, 0, ("a", "b")),
    ],
)
def test_a_cursor_made_by_who_has_read_the_source_is_refused_all_the_same(
    position: int, reported_by: int, after: tuple[Any, ...], asked
) -> None:
    scope = f"actorsNoneNoneNone{(None, None, None)!r}"
    given = asked.get("/v1/actors?cursor=" + write_cursor(Continuation(1, 0, ("a",)), scope))
    assert given.status_code == 200  # this is how it is made
    forged = write_cursor(Continuation(position, reported_by, after), scope)
    problem(asked.get(f"/v1/actors?cursor={forged}"), "bad-cursor")
