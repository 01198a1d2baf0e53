"""What the formats of imports share: numbers of cells, and the names under which they are asked for."""

from __future__ import annotations

import pytest

from service.imports.format import BadRow, real, whole
from service.imports.formats import FAMILIES


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("53", 53),
        (" 53 ", 53),
        ("053", 53),
        ("-53", -53),
        ("+53", 53),
        ("53.0", 53),
        ("53.", 53),
        ("-53.000", -53),
        ("9007199254740993.0", 9_007_199_254_740_993),
        ("", None),
        (" ", None),
    ],
)
def test_a_whole_number_may_have_zeros_behind_its_point(text, number):
    assert whole({"best": text}, "best") == number


@pytest.mark.parametrize(
    "text",
    [
        "1_000",
        "1e300",
        "5.3e1",
        "1e3",
        "1,000",
        "5.5",
        "--5",
        "٥٣",
        "²",
        "inf",
        "nan",
        "x",
        "9" * 21,
    ],
)
def test_what_is_no_whole_number_is_no_number_of_anything(text):
    with pytest.raises(BadRow, match="is no whole number") as bad:
        whole({"best": text}, "best")
    assert bad.value.column == "best"


@pytest.mark.parametrize(("text", "number"), [("34.50", 34.5), ("-1e-05", -1e-05), ("", None)])
def test_a_decimal_number_may_have_an_exponent(text, number):
    assert real({"latitude": text}, "latitude") == number


@pytest.mark.parametrize("text", ["3_4.5", "٣٤", "1e12", "inf", "nan", "34,5"])
def test_what_only_python_reads_is_no_decimal_number(text):
    with pytest.raises(BadRow, match="is no number"):
        real({"latitude": text}, "latitude")


def test_a_format_is_asked_for_by_the_name_of_its_family():
    assert {name: {each.family for each in family} for name, family in FAMILIES.items()} == {
        name: {name} for name in FAMILIES
    }
