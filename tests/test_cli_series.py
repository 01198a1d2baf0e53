"""``casus series``: what it prints, and what it refuses."""

from __future__ import annotations

import json

import pytest

from tests.processes import ask, run


def test_a_series_is_a_table_of_the_periods_that_have_anything(home):
    shown = ask("series", "AFG", "--measure", "killed", "--interval", "year", home=home)
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert lines[0] == ["Afghanistan:", "killed"]
    assert lines[1] == ["when", "low", "best", "high", "incidents"]
    years = [line[0] for line in lines[3:-1]]
    assert years[0] == "2001"
    assert "2010" not in years
    assert years[-1] == "2021"
    assert lines[-1][:2] == ["Read", "at"]


def test_a_series_of_groups_is_one_json_object_a_point(home):
    asked = (
        "--interval",
        "week",
        "--group-by",
        "type",
        "--from",
        "2021-06-21",
        "--to",
        "2021-07-04",
    )
    shown = ask("series", *asked, "--json", home=home)
    points = [json.loads(line) for line in shown.stdout.splitlines()]
    assert {point["period"] for point in points} == {"2021-W25", "2021-W26"}
    assert list(points[0]) == [
        *("key", "name", "period", "start", "end", "low", "best", "high", "incidents")
    ]
    assert sorted({point["key"] for point in points}) == [point["key"] for point in points[::2]]


def test_a_series_is_read_at_any_moment_of_the_clocks(home):
    for clock in (("--position", "0"), ("--reported-by", "1999"), ("--as-of", "1999-01-01")):
        shown = ask(
            "series", "taliban" if clock[0] == "--reported-by" else "AFG", *clock, home=home
        )
        assert "when" not in shown.stdout


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--measure", "kiled"), "'--measure': there are incidents, killed"),
        (("--interval", "day", "--from", "1000", "--to", "2021"), "'--interval': the series"),
        (("--from", "2021-07", "--to", "2021-06"), "the window ends before it starts"),
        (("--interval", "fortnight"), "'--interval'"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_option_that_is_at_fault(home, asked, said):
    refused = run("series", *asked, home=home, COLUMNS="300")
    assert refused.returncode == 2
    assert said in refused.stderr
