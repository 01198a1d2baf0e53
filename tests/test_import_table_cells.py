"""The cells of sheets: counts, days and coordinates, and every trap that spreadsheets lay in them."""

from __future__ import annotations

from typing import Any

import pytest

from service.imports.format import BadRow
from service.imports.formats.table import format_of, read_mapping
from tests.tables import LEAST, account_of, fault, tell

KILLED = "figures: [{measure: killed, low: Low, best: Dead, high: High}]"


def killed(dead: str, low: str = "", high: str = "", more: str = "") -> Any:
    (figure,) = account_of(tell(KILLED + more, Dead=dead, Low=low, High=high)).figures or (None,)
    return figure and (figure.low, figure.best, figure.high)


def uncounted(dead: str, low: str = "", high: str = "", more: str = "") -> tuple[str | None, str]:
    return fault(KILLED + more, Dead=dead, Low=low, High=high)


@pytest.mark.parametrize(
    ("cell", "figure"),
    [
        ("30", (None, 30, None)),
        (" 30 ", (None, 30, None)),
        ("30.0", (None, 30, None)),
        ("0", (None, 0, None)),
        ("about 30", (None, 30, None)),
        ("ca. 30", (None, 30, None)),
        ("~30", (None, 30, None)),
        ("unos 30", (None, 30, None)),
        ("30-40", (30, None, 40)),
        ("30 – 40", (30, None, 40)),
        ("between 30 and 40", (30, None, 40)),
        (">130", (130, None, None)),
        ("130+", (130, None, None)),
        ("At least 130", (130, None, None)),
        ("más de 130", (130, None, None)),
        ("<5", (None, None, 5)),
        ("up to 5", (None, None, 5)),
        ("1 200", (None, 1200, None)),
        ("1\u202f200", (None, 1200, None)),
        ("1'200", (None, 1200, None)),
        ("1,200,300", (None, 1200300, None)),
        ("1.200.300", (None, 1200300, None)),
        ("1,200.00", (None, 1200, None)),
        ("more than 1 200", (1200, None, None)),
        ("١٢", (None, 12, None)),
        ("", None),
        ("-", None),
        ("?", None),
        ("Unknown", None),
        ("n/a", None),
        ("desconocido", None),
    ],
)
def test_counts(cell, figure):
    assert killed(cell) == figure


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("1,200", "'1,200' can be a whole number or a fraction"),
        ("1.200", "say thousands: '.' in the mapping"),
        ("about 1,200", "can be a whole number or a fraction"),
        ("dozens", "'dozens' is no count such as 30"),
        ("2.5", "is no count"),
        ("-5", "is no count"),
        ("1e3", "is no count"),
        ("30 (10 children)", "is no count"),
        ("30/40", "is no count"),
        ("1,20", "is no count"),
        ("40-30", "write the smaller number first"),
        ("up to 30 or more", "is no count"),
        ("2021-04-03", "a spreadsheet may have made it of a range"),
        ("none", "can be 0 or unknown"),
        ("9999999999999", "more than 1,000,000,000,000"),
        ("#REF!", "a formula of the sheet failed"),
    ],
)
def test_counts_that_are_none_or_two(cell, reason):
    column, said = uncounted(cell)
    assert column == "Dead"
    assert reason in said


def test_a_sheet_may_say_what_parts_its_thousands():
    assert killed("1,200", more='\nthousands: ","') == (None, 1200, None)
    assert killed("1.200-1.300", more='\nthousands: "."') == (1200, None, 1300)
    assert "fraction" in uncounted("1.200", more='\nthousands: ","')[1]


def test_words_of_its_own_for_unknown():
    assert killed("Dozens", more="\nmissing: [dozens, none]") is None
    assert killed("none", more="\nmissing: [dozens, none]") is None


def test_low_and_high_have_columns_or_are_a_range():
    assert killed("6", "5", "9") == (5, 6, 9)
    assert killed(">5", "", "9") == (5, None, 9)
    assert uncounted("5-9", "4") == ("Low", "Dead gives it as well, as a range")
    assert uncounted("7", "5-9")[0] == "Low"


def test_numbers_that_contradict_each_other_are_kept_and_marked():
    (figure,) = account_of(tell(KILLED, Dead="9", Low="10", High="3")).figures
    assert (figure.low, figure.best, figure.high, figure.inconsistent) == (10, 9, 3, True)


@pytest.mark.parametrize(
    ("cell", "date_format", "edtf"),
    [
        ("2021-06-22", None, "2021-06-22"),
        ("2021-06-22 00:00:00", None, "2021-06-22"),
        ("2021-06-22T14:30:00Z", None, "2021-06-22"),
        ("2021/6/2", None, "2021-06-02"),
        ("20210622", None, "2021-06-22"),
        ("22 June 2021", None, "2021-06-22"),
        ("June 22, 2021", None, "2021-06-22"),
        ("22-Jun-2021", None, "2021-06-22"),
        ("22 de junio de 2021", None, "2021-06-22"),
        ("22. März 2021", None, "2021-03-22"),
        ("22 червня 2021", None, "2021-06-22"),
        ("June 2021", None, "2021-06"),
        ("2021", None, "2021"),
        ("2021-06~", None, "2021-06~"),
        ("2021-06-18/2021-06-21", None, "2021-06-18/2021-06-21"),
        ("03/04/2021", "dd/mm/yyyy", "2021-04-03"),
        ("03/04/2021", "MM/DD/YYYY", "2021-03-04"),
        ("3.4.21 14:30", "d.m.yy", "2021-04-03"),
        ("06/2021", "mm/yyyy", "2021-06"),
        ("2021-06-22", "dd/mm/yyyy", "2021-06-22"),
        ("22 June 2021", "dd/mm/yyyy", "2021-06-22"),
        ("2021-04-03", "yyyy-dd-mm", "2021-03-04"),
        ("٢٢/٠٦/٢٠٢١", "dd/mm/yyyy", "2021-06-22"),
    ],
)
def test_days(cell, date_format, edtf):
    more = f", date_format: {date_format}" if date_format else ""
    mapping = LEAST.replace("occurred: Day", f"occurred: {{column: Day{more}}}")
    told = format_of(read_mapping(mapping)).tell({"Nr": "1", "What": "A thing", "Day": cell})
    assert told.account["occurred"] == edtf


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("03/04/2021", "say date_format: dd/mm/yyyy or mm/dd/yyyy in the mapping, for all rows"),
        ("22/06/2021", "say date_format: dd/mm/yyyy in the mapping"),
        ("3.4.21", "say date_format: dd.mm.yy or mm.dd.yy"),
        ("2021-22", "can be two years or a season"),
        ("44369", "Excel's number of a day"),
        ("2021-02-30", "no day 30"),
        ("31 June 2021", "there is no such day"),
        ("yesterday", "is no date"),
        ("", "a row needs a date"),
        ("unknown", "a row needs a date"),
    ],
)
def test_days_that_are_none_or_two(cell, reason):
    column, said = fault(Day=cell)
    assert column == "Day"
    assert reason in said


def test_a_day_that_fits_the_format_and_is_none_is_not_read_another_way():
    mapping = LEAST.replace("occurred: Day", "occurred: {column: Day, date_format: yyyy-dd-mm}")
    with pytest.raises(BadRow, match="there is no such day"):
        format_of(read_mapping(mapping)).tell({"Nr": "1", "What": "A", "Day": "2021-06-22"})


@pytest.mark.parametrize(
    ("first", "last", "edtf"),
    [
        ("2021-06-22", "2021-06-24", "2021-06-22/2021-06-24"),
        ("2021-06-22", "2021-06-22", "2021-06-22"),
        ("2021-06-22", "", "2021-06-22"),
        ("", "2021-06-24", "../2021-06-24"),
        ("2021-06", "2021-07~", "2021-06/2021-07~"),
    ],
)
def test_from_and_to(first, last, edtf):
    mapping = LEAST.replace("occurred: Day", "occurred: {from: Begin, to: End}")
    row = {"Nr": "1", "What": "A thing", "Begin": first, "End": last}
    assert format_of(read_mapping(mapping)).tell(row).account["occurred"] == edtf
    for bad in (("2021-06-24", "2021-06-22"), ("2021/2022", "2023"), ("", "")):
        with pytest.raises(BadRow):
            format_of(read_mapping(mapping)).tell(row | {"Begin": bad[0], "End": bad[1]})


PLACE = "place: {country: Land, coordinates: Where, name: Place}"


@pytest.mark.parametrize(
    "cell",
    [
        "34.5267, 69.1833",
        "34.5267,69.1833",
        "34,5267; 69,1833",
        "٣٤.٥٢٦٧, ٦٩.١٨٣٣",
        "34°31'36.12\"N 69°10'59.88\"E",
    ],
)
def test_coordinates_in_one_cell(cell):
    place = account_of(tell(PLACE, Land="Norway", Where=cell, Place="")).place
    assert place is not None
    assert (place.latitude, place.longitude) == (34.5267, 69.1833)
    assert (place.name, place.country) == ("Norway", "NOR")


@pytest.mark.parametrize("cell", ["34.5", "95, 10", "34, 200", "34.5 E, 69 N", "here", "-3 S, 4"])
def test_coordinates_that_are_none(cell):
    assert fault(PLACE, Land="Norway", Where=cell, Place="")[0] == "Where"


def test_half_a_point_is_refused():
    place = "place: {name: Place, latitude: Lat, longitude: Lon}"
    assert fault(place, Place="A", Lat="34", Lon="?")[0] == "Lon"


def test_countries_by_their_own_words():
    more = PLACE + "\ncountries: {Afganistán: AFG}"
    place = account_of(tell(more, Land="afganistán ", Where="", Place="")).place
    assert place is not None
    assert place.country == "AFG"
    column, reason = fault(PLACE, Land="Afganistán", Where="", Place="")
    assert (column, "nearest: AFG (Afghanistan)" in reason) == ("Land", True)


def test_na_is_namibia_or_nothing():
    assert fault(PLACE, Land="NA", Where="", Place="X")[0] == "Land"
    place = account_of(tell(PLACE + "\nmissing: [na]", Land="NA", Where="", Place="X")).place
    assert place is not None
    assert place.country is None


def test_norway_is_a_country_in_yaml():
    more = "place: {name: Place, country: {constant: NO}}"
    place = account_of(tell(more, Place="Oslo")).place
    assert place is not None
    assert place.country == "NOR"
