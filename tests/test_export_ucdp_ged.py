"""GED goes in and comes out equal, and its totals by country and year are those that DuckDB finds."""

from collections import Counter
from pathlib import Path

import duckdb
import pytest

from domain.values import Account, Figure, Origin, Place, Source
from domain.vocabulary import IncidentType, Measure
from service.exports.ucdp_ged import row_of
from service.imports.formats.ucdp_ged_columns import COLUMNS, UNMAPPED
from tests.ged import FILES, account_of, accounts, content, rows, told_of

NUMBERS = {"latitude", "longitude"}


def origin(key: str) -> Origin:
    return Origin(dataset="ucdp-ged", key=key)


def comparable(column: str, text: str) -> object:
    plain = " ".join(text.split())
    if column in ("date_start", "date_end"):
        return plain[:10]
    return float(plain) if column in NUMBERS else plain


@pytest.mark.parametrize("name", FILES)
def test_every_mapped_column_of_every_row_comes_back_equal(name):
    held = accounts(name)
    assert len(held) == len(rows(name))
    unequal = []
    for row in rows(name):
        exported = row_of(held[row["id"]], origin(row["id"]))
        for column in row.keys() - UNMAPPED:
            if comparable(column, row[column]) != comparable(column, exported[column]):
                unequal.append((row["id"], column, row[column], exported[column]))
    assert unequal == []


@pytest.mark.parametrize("name", FILES)
def test_the_grid_cell_and_the_point_follow_from_the_coordinates(name):
    for row in rows(name):
        exported = row_of(accounts(name)[row["id"]], origin(row["id"]))
        assert exported["priogrid_gid"] == row["priogrid_gid"]
        east, north = exported["geom_wkt"].removeprefix("POINT (").removesuffix(")").split()
        assert (float(north), float(east)) == (float(row["latitude"]), float(row["longitude"]))


def test_the_edges_of_the_world_lie_in_the_last_cells_of_the_grid():
    def cell(latitude: float, longitude: float) -> str:
        place = Place(name="A place", latitude=latitude, longitude=longitude)
        return row_of(an_incident(place=place), origin("1"))["priogrid_gid"]

    assert [cell(-90, -180), cell(90, 180), cell(0, 0)] == ["1", "259200", "129961"]


def test_a_row_has_the_columns_of_the_newest_layout_in_their_order():
    assert tuple(rows("24.1")[0]) == COLUMNS
    assert tuple(row_of(accounts("19.1")["209980"], origin("209980"))) == COLUMNS


def an_incident(**others) -> Account:
    given = {
        "title": "Shots at the border",
        "type": IncidentType.FIGHTING,
        "occurred": "2021-06-22",
        "source": Source(name="Reuters"),
    }
    return Account(**given | others)


def test_an_account_of_another_origin_leaves_empty_what_only_ucdp_knows():
    account = an_incident(
        place=Place(name="Sher Khan Bandar", country="AFG", latitude=37.2, longitude=68.6),
        figures=(
            Figure(measure=Measure.KILLED, low=3),
            Figure(measure=Measure.KILLED, of="civilians", low=2),
            Figure(measure=Measure.KILLED, of="unknown", best=1),
            Figure(measure=Measure.WOUNDED, best=9),
        ),
        attributed_to="the police",
    )
    exported = row_of(account, origin("a-key"))
    assert {column: text for column, text in exported.items() if text} == {
        "id": "a-key",
        "year": "2021",
        "number_of_sources": "-1",
        "source_original": "the police",
        "where_coordinates": "Sher Khan Bandar",
        "latitude": "37.2",
        "longitude": "68.6",
        "geom_wkt": "POINT (68.6 37.2)",
        "priogrid_gid": "183378",
        "country": "Afghanistan",
        "country_id": "700",
        "date_prec": "1",
        "date_start": "2021-06-22",
        "date_end": "2021-06-22",
        "deaths_unknown": "1",
        "low": "3",
    }


@pytest.mark.parametrize(
    ("occurred", "days"),
    [
        ("2021-06", ("2021", "4", "2021-06-01", "2021-06-30")),
        ("2021-06-22/..", ("", "", "", "")),
        ("../2021-06-22", ("", "", "", "")),
    ],
)
def test_an_uncertain_date_is_exported_as_its_first_and_last_day_if_it_has_them(occurred, days):
    exported = row_of(an_incident(occurred=occurred), origin("1"))
    columns = ("year", "date_prec", "date_start", "date_end")
    assert tuple(exported[column] for column in columns) == days


def test_an_account_without_a_place_or_of_no_country_of_ucdps_has_no_country_id():
    assert row_of(an_incident(), origin("1"))["country_id"] == ""
    in_aruba = an_incident(place=Place(name="Oranjestad", country="ABW"))
    assert row_of(in_aruba, origin("1"))["country_id"] == ""
    assert row_of(in_aruba, origin("1"))["country"] == ""


def test_what_has_no_column_of_its_own_comes_back_from_a_code():
    row = rows("24.1")[0] | {
        "year": "1990",
        "active_year": "false",
        "number_of_sources": "3",
        "date_prec": "5",
        "country": "Burma",
        "gwnoa": "775;750",
        "gwnob": "700",
        "dyad_name": "Something else",
        "conflict_name": "Something more",
    }
    exported = row_of(account_of(told_of(row)), origin(row["id"]))
    # Numbers of states come in a fixed order, and truth is 1 or 0.
    expected = row | {"active_year": "0", "gwnoa": "750;775"}
    mapped = [column for column in COLUMNS if column not in UNMAPPED]
    assert {column: comparable(column, exported[column]) for column in mapped} == {
        column: comparable(column, expected[column]) for column in mapped
    }


TOTALS = """
    SELECT country_id, year, count(*), sum(low::INT), sum(best::INT), sum(high::INT)
    FROM read_csv(?, header = true, all_varchar = true, delim = ',', quote = '"', escape = '"')
    GROUP BY country_id, year
"""


@pytest.mark.parametrize("name", FILES)
def test_incidents_and_deaths_by_country_and_year_are_those_that_duckdb_counts(
    name, tmp_path: Path
):
    file = tmp_path / "ged.csv"
    file.write_bytes(content(name))
    with duckdb.connect() as database:
        counted = database.execute(TOTALS, [str(file)]).fetchall()
    sums: dict[tuple[str, str], Counter[str]] = {}
    for key, account in accounts(name).items():
        exported = row_of(account, origin(key))
        [killed] = [f for f in account.figures if f.of is None and f.measure is Measure.KILLED]
        total = sums.setdefault((exported["country_id"], account.occurred[:4]), Counter())
        total.update(incidents=1, low=killed.low, best=killed.best, high=killed.high)
    measures = ("incidents", "low", "best", "high")
    assert {(country, year): tuple(numbers) for country, year, *numbers in counted} == {
        key: tuple(total[measure] for measure in measures) for key, total in sums.items()
    }
