"""``/v1/series`` as a resource: its permanent URLs, its size, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from domain.values import InvolvedCountry
from domain.vocabulary import CountryRole
from service.bootstrap import Casus
from tests.conftest import CALLER, an_account


def report(casus: Casus, occurred: str, code: str) -> None:
    """An incident on a country's timeline."""
    countries = (InvolvedCountry(code=code, role=CountryRole.LOCATION),)
    casus.desk.report_incident(an_account(occurred=occurred, countries=countries), CALLER)


def series(client, **asked: Any) -> dict[str, Any]:
    answer = client.get("/v1/series", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refusal(client, **asked: Any) -> dict[str, Any]:
    answer = client.get("/v1/series", params=asked)
    assert answer.status_code == 400, answer.text
    return answer.json()


def test_a_series_at_a_fixed_position_is_the_same_bytes_forever(casus, client):
    report(casus, "2021-06-22", "AFG")
    now = client.get("/v1/series?group_by=country")
    canonical = now.headers["link"].split(">")[0].strip("<")
    assert now.headers["cache-control"] == "no-cache"
    fixed = client.get(canonical)
    assert fixed.content == now.content
    assert "immutable" in fixed.headers["cache-control"]
    report(casus, "2021-08-22", "TJK")
    assert client.get(canonical).content == now.content
    held = {"if-none-match": now.headers["etag"]}
    assert client.get("/v1/series?group_by=country", headers=held).status_code == 200
    held = {"if-none-match": fixed.headers["etag"]}
    assert client.get(canonical, headers=held).status_code == 304


def test_a_long_series_is_compressed_for_those_who_take_it(reading):
    answer = reading.get("/v1/series", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json() == series(reading)


@pytest.mark.parametrize("interval", ["week", "month", "year"])
def test_groups_have_the_same_periods_and_certain_never_counts_more_than_possible(
    reading, interval
):
    asked = {"group_by": "country", "interval": interval, "measure": "killed"}
    possible, certain = (
        series(reading, match=match, **asked)["groups"] for match in ("possible", "certain")
    )
    assert [each["key"] for each in possible] == [each["key"] for each in certain]
    periods = [point["period"] for point in possible[0]["points"]]
    for most, least in zip(possible, certain, strict=True):
        assert [point["period"] for point in most["points"]] == periods
        for one, other in zip(most["points"], least["points"], strict=True):
            assert all(one[name] >= other[name] for name in ("low", "best", "high", "incidents"))


# Refusals


def test_more_points_than_are_given_at_once_are_refused_with_advice(asked):
    problem = refusal(asked, interval="day", **{"from": "0001", "to": "2021"})
    assert problem["faults"][0]["path"] == "$.interval"
    assert "738,155 points" in problem["detail"]
    assert "narrow the window" in problem["detail"]
    assert len(series(asked, interval="year", **{"from": "0001", "to": "2021"})["groups"]) == 1


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("measure", "kiled"),
        ("interval", "fortnight"),
        ("group_by", "region"),
        ("limit", "10"),
        ("role", "location"),
        ("include", "members"),
        ("actor", "nobody"),
        ("position", "999"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(asked, parameter, value):
    assert refusal(asked, **{parameter: value})["faults"][0]["path"] == f"$.{parameter}"


def test_a_window_that_ends_before_it_starts_is_refused(asked):
    problem = refusal(asked, **{"from": "2021-07", "to": "2021-06"})
    assert problem["faults"][0]["path"] == "$.to"
