"""The chronicle of 2021 as the API tells it: every statement of the article on the timelines it names."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]

CLAIMS = Path(__file__).parent / "data" / "afghanistan_2021_claims.csv"
"""Which claims there are, when each was published and where."""

# What the article says, by the code that the chronicle gives each statement: the days it may mean, and
# the countries and actors whose timelines it is on.
STATEMENTS = {
    "september-11": ("2001-09-11", "2001-09-11", "USA", ""),
    "doha": ("2020-09-12", "2020-09-12", "AFG QAT", "taliban afghan-government"),
    "biden-warning": ("2021-01-20", "2021-04-30", "USA AFG", "taliban joe-biden"),
    "kabulov-spring": ("2021-03-01", "2021-05-31", "RUS AFG", "zamir-kabulov"),
    "withdrawal-begins": ("2021-05-01", "2021-05-01", "AFG USA", "nato united-states"),
    "four-contingents": (
        "2021-05-01",
        "2021-07-31",
        "AFG DEU ITA CZE AUS",
        "germany italy czech-republic australia",
    ),
    "ukchuk": ("2021-06-01", "2021-07-31", "AFG TJK", "taliban tajik-border-troops"),
    "sherkhan-bandar": (
        "2021-06-21",
        "2021-06-22",
        "AFG TJK",
        "taliban afghan-army tajik-border-troops",
    ),
    "uzbek-border-53": ("2021-06-23", "2021-06-23", "AFG UZB", ""),
    "uzbek-border-further": ("2021-06-23", "2021-07-31", "AFG UZB", ""),
    "sixty-counties": ("2021-05-01", "2021-07-31", "AFG", "taliban"),
    "kabulov-300-counties": ("2021-06-01", "2021-07-31", "RUS AFG", "zamir-kabulov"),
    "csto-appeal": ("2021-06-22", "2021-07-31", "TJK", "csto tajikistan"),
    "zainetdinov": ("2021-06-22", "2021-07-31", "TJK", "csto vladimir-zainetdinov"),
    "csto-assembly": ("2021-06-24", "2021-07-29", "TJK", "csto csto-parliamentary-assembly"),
    "sokolov": ("2021-06-22", "2021-07-31", "RUS TJK", "konstantin-sokolov"),
    "zakharova": ("2021-05-01", "2021-07-31", "RUS AFG", "maria-zakharova"),
    "201st-base": ("2021-06-22", "2021-07-31", "AFG TJK RUS", "taliban"),
    "withdrawal-deadline": ("2021-09-11", "2021-09-11", "AFG USA", "nato united-states"),
}


def items(reading, path: str) -> list[Json]:
    answer = reading.get(path)
    assert answer.status_code == 200, answer.text
    page: Json = answer.json()
    assert page["next"] is None
    found: list[Json] = page["items"]
    return found


def codes(item: Json, *schemes: str) -> list[str]:
    return [code["code"] for code in item["codes"] if code["scheme"] in schemes]


def statement(reading, code: str, path: str = "/v1/incidents") -> Json:
    (found,) = [item for item in items(reading, path) if code in codes(item, "article")]
    return found


def figures(item: Json, measure: str) -> list[tuple[int | None, int | None, int | None]]:
    return [(f["low"], f["best"], f["high"]) for f in item["figures"] if f["measure"] == measure]


@pytest.mark.parametrize("code", STATEMENTS)
def test_a_statement_of_the_article_is_on_the_timelines_it_names(code: str, reading) -> None:
    earliest, latest, countries, actors = STATEMENTS[code]
    paths = [f"/v1/countries/{country}/timeline" for country in countries.split()]
    paths += [f"/v1/actors/{actor}/timeline" for actor in actors.split()]
    everywhere = [statement(reading, code, path) for path in ["/v1/incidents", *paths]]
    assert all(found == everywhere[0] for found in everywhere)
    occurred = everywhere[0]["occurred"]
    assert (occurred["earliest"], occurred["latest"]) == (earliest, latest)
    assert {country["code"] for country in everywhere[0]["countries"]} == set(countries.split())


@pytest.mark.parametrize(
    ("code", "country", "role"),
    [
        ("doha", "QAT", "host"),
        ("csto-assembly", "TJK", "host"),
        ("ukchuk", "TJK", "affected"),
        ("uzbek-border-53", "UZB", "affected"),
        ("withdrawal-begins", "USA", "actor"),
        ("sherkhan-bandar", "AFG", "location"),
    ],
)
def test_a_timeline_can_be_asked_for_what_concerns_the_country_in_one_way(
    code: str, country: str, role: str, reading
) -> None:
    statement(reading, code, f"/v1/countries/{country}/timeline?role={role}")


def test_dates_stay_as_vague_as_the_article_leaves_them(reading) -> None:
    assert statement(reading, "kabulov-spring")["occurred"]["edtf"] == "2021-21"
    thursdays = statement(reading, "csto-assembly")["occurred"]["edtf"]
    assert thursdays == "[2021-06-24,2021-07-01,2021-07-08,2021-07-15,2021-07-22,2021-07-29]"
    assert statement(reading, "withdrawal-deadline")["status"] == "planned"


def test_figures_are_no_more_precise_than_the_article(reading) -> None:
    assert figures(statement(reading, "ukchuk"), "crossed") == [(None, 20, None)]
    assert figures(statement(reading, "sixty-counties"), "districts") == [(None, 60, None)]
    first = statement(reading, "uzbek-border-53")
    assert figures(first, "attempted_crossing") == [(None, 53, None)]
    assert figures(first, "returned") == [(None, 53, None)]
    # What the article says of Sherkhan Bandar, beside what others say.
    incident = statement(reading, "sherkhan-bandar")
    accounts = reading.get(f"/v1/incidents/{incident['id']}").json()["accounts"]
    (article,) = [a["account"] for a in accounts if codes(a["account"], "article")]
    assert figures(article, "crossed") == [(130, None, None)]
    assert figures(article, "casualties") == [(None, 100, None)]


def test_every_account_of_the_article_cites_it_as_published_about_july_2021(reading) -> None:
    cited = [
        account["account"]["source"]
        for item in items(reading, "/v1/incidents")
        for account in reading.get(f"/v1/incidents/{item['id']}").json()["accounts"]
        if codes(account["account"], "article")
    ]
    assert len(cited) > len(STATEMENTS)
    assert {source["published"] for source in cited} == {"2021-07~"}
    assert all("RIA Novosti" in (source["via"] or source["name"]) for source in cited)


def test_every_claim_is_the_code_of_one_account_with_its_own_source(reading) -> None:
    sources: dict[str, Json] = {}
    times: Counter[str] = Counter()
    for item in items(reading, "/v1/incidents"):
        for account in reading.get(f"/v1/incidents/{item['id']}").json()["accounts"]:
            for claim in codes(account["account"], "claim"):
                times[claim] += 1
                sources[claim] = account["account"]["source"]
    with CLAIMS.open(encoding="utf-8") as file:
        claims = {row["claim"]: row for row in csv.DictReader(file)}
    assert len(claims) == 23
    assert times == dict.fromkeys(claims, 1)
    for claim, row in claims.items():
        assert sources[claim]["url"] == row["url"], claim
        assert sources[claim]["published"] == row["published"], claim


def test_sources_that_disagree_stay_side_by_side(reading) -> None:
    incident = statement(reading, "sherkhan-bandar")
    accounts = reading.get(f"/v1/incidents/{incident['id']}").json()["accounts"]
    assert incident["accounts"] == len(accounts) == 7
    assert len({account["account"]["occurred"] for account in accounts}) > 1
    assert {account["account"]["type"] for account in accounts} == {"attack", "change_of_control"}


def test_sherkhan_bandar_was_reported_differently_from_week_to_week(reading) -> None:
    incident = statement(reading, "sherkhan-bandar")["id"]
    seen = {
        day: reading.get(f"/v1/incidents/{incident}?reported_by={day}").json()["incident"]
        for day in ("2021-06-22", "2021-06-30", "2021-07-31")
    }
    assert reading.get(f"/v1/incidents/{incident}?reported_by=2021-06-21").status_code == 404
    assert [item["accounts"] for item in seen.values()] == [3, 5, 6]
    first, second, third = seen.values()
    assert figures(first, "casualties") == [(None, 100, None)]
    assert figures(first, "crossed") == figures(second, "crossed") == [(None, 134, None)]
    assert figures(second, "casualties") == [(None, 100, None)] * 2  # another count of whom
    assert figures(third, "crossed") == [(130, 134, None)]
    assert "sherkhan-bandar" not in codes(second, "article")
    assert "sherkhan-bandar" in codes(third, "article")


TIMELINES = {
    "/v1/countries/AFG/timeline?from=2021-05-01&to=2021-06-23": (
        "counter-terrorism-operations kabulov-spring withdrawal-begins C10 C14 C15 offensive"
        " four-contingents sixty-counties zakharova us-motives kabulov-300-counties ukchuk"
        " sherkhan-bandar C11 C13 C22 201st-base uzbek-border-53 uzbek-border-further"
    ),
    "/v1/countries/TJK/timeline": (
        "C15 ukchuk sherkhan-bandar 201st-base csto-appeal sokolov csto-assembly C16 C17 C18"
    ),
    "/v1/countries/UZB/timeline": "uzbek-border-53 uzbek-border-further",
    "/v1/actors/taliban/timeline": (
        "doha biden-warning C10 C14 C15 offensive sixty-counties ukchuk sherkhan-bandar C11 C13"
        " C22 201st-base C23 C16 C17 C19 C20 C21"
    ),
    "/v1/actors/csto/timeline": "csto-appeal sokolov csto-assembly",
}
"""The timelines that tell the story, as the codes of their incidents."""


@pytest.mark.parametrize("path", TIMELINES)
def test_a_timeline_tells_the_story_in_order(path: str, reading) -> None:
    told = items(reading, path)
    expected = TIMELINES[path].split()
    assert len(told) == len(expected)
    for item, code in zip(told, expected, strict=True):
        assert code in codes(item, "article", "claim"), item["title"]
    days = [item["occurred"]["earliest"] for item in told]
    assert days == sorted(days)
