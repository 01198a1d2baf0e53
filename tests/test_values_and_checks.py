"""What a value may hold, field by field, and the rules that tie fields together."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from domain.checks import Fault, Faulty, faults_of_account, faults_of_profile
from domain.text import CountryCode, EdtfDate, LanguageTag, Line, PublicationDate, Slug, Text, Url
from domain.values import (
    Account,
    ActorProfile,
    Affiliation,
    Count,
    Figure,
    InvolvedCountry,
    Latitude,
    Longitude,
    Participant,
    Place,
)
from domain.vocabulary import CountryRole, Measure
from tests.conftest import a_profile, an_account

CONTROLS = [chr(code) for code in (*range(32), *range(127, 160))]


def accepts(kind: object, value: object) -> bool:
    try:
        TypeAdapter(kind).validate_json(orjson.dumps(value), strict=True)
    except ValidationError:
        return False
    return True


KINDS = [
    "line",
    "text",
    "slug",
    "url",
    "language",
    "edtf",
    "publication",
    "country",
    "latitude",
    "longitude",
    "count",
]

TAKEN = [
    (Line, ["a", "Шерхан-Бандар", "شیرخان بندر", " a b ", "a" * 500, "a\u200b"]),
    (Text, ["one\ntwo\tthree\r\n", "x" * 20_000]),
    (Slug, ["taliban", "a", "9", "afghan-army-2", "a" * 100]),
    (Url, ["https://example.org/a?b=c#d", "http://a.b", "https://пример.рф/ü"]),
    (LanguageTag, ["en", "prs-Arab", "zh-Hant-TW", "de-1996"]),
    (EdtfDate, ["2021-06-22", "2021-06~", "../2021-09-11", "[2021,2022]", "-0043-03-15"]),
    (PublicationDate, ["2021-06-22", "2021-07~", "../2021-09-11", "0001-01-01", "9999-12-31"]),
    (CountryCode, ["AFG", "af", "Afghanistan", "gw:700", "the Netherlands"]),
    (Latitude, [-90, 90, 0, 34.123456789]),
    (Longitude, [-180, 180, 69.2]),
    (Count, [0, 1, 10**12, 53.0]),
]

INVISIBLE = ["\u3000", "\u200b", "\u202e \u3164"]

REFUSED = [
    (Line, ["", " ", *INVISIBLE, "a" * 501, *CONTROLS, *(f"a{c}b" for c in CONTROLS), 7, None]),
    (Text, ["", "x" * 20_001, *(f"a{c}b" for c in CONTROLS if c not in "\t\n\r")]),
    (Slug, ["", "Taliban", "a--b", "-a", "a-", "a b", "a_b", "é", "a\n", "a" * 101]),
    (
        Url,
        ["ftp://a.example", "example.org", "https://", "https://a b", "https://a\n", "HTTPS://a.b"],
    ),
    (LanguageTag, ["", "e", "englanguage", "en_GB", "en\n", "en-"]),
    (EdtfDate, ["", "2021-13-01", "tomorrow", "2021/2020", 2021]),
    (PublicationDate, ["2021/..", "-0001", "Y10000", "9999-24"]),
    (CountryCode, ["XYZ", "", "Korea", 700]),
    (Latitude, [90.0001, -91, "34"]),
    (Longitude, [180.5, -181]),
    (Count, [-1, 10**12 + 1, 0.5, 1e300, "3", True]),
]


@pytest.mark.parametrize(("kind", "values"), TAKEN, ids=KINDS)
def test_a_kind_of_text_or_number_takes_these(kind, values):
    assert [each for each in values if not accepts(kind, each)] == []


@pytest.mark.parametrize(("kind", "values"), REFUSED, ids=KINDS)
def test_a_kind_of_text_or_number_refuses_these(kind, values):
    assert [each for each in values if accepts(kind, each)] == []


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e400"])
@pytest.mark.parametrize("kind", [Latitude, Longitude, Count])
def test_a_number_that_is_none_is_refused(kind, number):
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_json(number)


INVISIBLE = {
    *"\u00ad\u115f\u1160\u3164\ufeff\uffa0",
    *map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070))),
}


@given(st.text())
@example("\u00ad")
def test_a_line_is_a_text_in_one_line(text):
    is_shown = any(not char.isspace() and char not in INVISIBLE for char in text)
    is_line = 1 <= len(text) <= 500 and is_shown and not set(text) & set(CONTROLS)
    if all(c not in text for c in "\x85\x1c\x1d\x1e\x1f"):  # on which Python and Unicode differ
        assert accepts(Line, text) == is_line


def test_a_country_is_kept_by_its_code_however_it_came():
    adapter = TypeAdapter(InvolvedCountry)
    for spelling in ("AFG", "af", "AFGHANISTAN", "gw:700"):
        country = adapter.validate_python({"code": spelling, "role": "location"})
        assert country == InvolvedCountry(code="AFG", role=CountryRole.LOCATION)


def test_a_count_that_came_as_a_float_is_kept_as_an_integer():
    count = TypeAdapter(Figure).validate_json(b'{"measure": "killed", "best": 53.0}').best
    assert (count, type(count)) == (53, int)


def test_a_status_that_only_a_curator_gives_is_refused_from_a_source():
    fields = orjson.loads(orjson.dumps(an_account()))
    with pytest.raises(ValidationError):
        TypeAdapter(Account).validate_python({**fields, "status": "retracted"})


@pytest.mark.parametrize("kind", [Account, ActorProfile])
def test_a_field_that_is_not_known_is_refused(kind):
    made = an_account() if kind is Account else a_profile()
    fields = orjson.loads(orjson.dumps(made))
    assert TypeAdapter(kind).validate_python(fields) == made
    with pytest.raises(ValidationError, match="killed"):
        TypeAdapter(kind).validate_python({**fields, "killed": 3})


def test_values_do_not_change():
    with pytest.raises(FrozenInstanceError):
        an_account().title = "Another title"
    assert not hasattr(an_account(), "__dict__")


def faults(account: Account, actors: tuple[str, ...] = ()) -> list[tuple[object, ...]]:
    return [fault.path for fault in faults_of_account(account, actors)]


def killed(**numbers: object) -> Figure:
    return Figure(measure=Measure.KILLED, **numbers)


@pytest.mark.parametrize(
    "figure",
    [
        killed(best=0),
        killed(low=130),
        killed(high=0),
        killed(low=1, best=1, high=1),
        killed(low=1, high=3),
        killed(low=5, best=3, high=1, inconsistent=True),
    ],
)
def test_a_figure_may_be_given_in_part_and_rises(figure):
    assert faults(an_account(figures=(figure,))) == []


@pytest.mark.parametrize(
    ("figure", "path"),
    [
        (killed(), ()),
        (killed(inconsistent=True), ()),
        (killed(low=2, best=1), ("low",)),
        (killed(best=2, high=1), ("low",)),
        (killed(low=2, high=1), ("low",)),
    ],
)
def test_a_figure_that_says_nothing_or_falls_is_at_fault(figure, path):
    account = an_account(figures=(killed(best=1, of="others"), figure))
    assert faults(account) == [("figures", 1, *path)]


def test_coordinates_are_given_both_or_not_at_all():
    assert faults(an_account(place=Place(name="A", latitude=1.0, longitude=2.0))) == []
    assert faults(an_account(place=Place(name="A"))) == []
    assert faults(an_account(place=Place(name="A", latitude=1.0))) == [("place", "longitude")]
    assert faults(an_account(place=Place(name="A", longitude=0.0))) == [("place", "latitude")]


def test_every_fault_is_named_with_its_path():
    account = an_account(
        place=Place(name="A", latitude=1.0),
        figures=(killed(of="others"), killed(low=2, best=1)),
        participants=(Participant(actor="taliban"), Participant(actor="nobody")),
    )
    assert faults(account, ("taliban",)) == [
        ("place", "longitude"),
        ("figures", 0),
        ("figures", 1, "low"),
        ("participants", 1, "actor"),
    ]


def test_a_fault_is_seen_from_what_contains_its_value():
    fault = Fault(("low",), "too high").within("figures", 3).within("accounts", 0)
    assert fault == Fault(("accounts", 0, "figures", 3, "low"), "too high")


def test_a_refusal_says_all_of_its_faults():
    refused = Faulty((Fault(("a",), "this is wrong"), Fault(("b",), "and that")))
    assert str(refused) == "this is wrong; and that"


@pytest.mark.parametrize(
    ("affiliation", "path"),
    [
        (Affiliation(actor="nato"), None),
        (Affiliation(actor="nato", since="2001", until="2001"), None),
        (Affiliation(actor="nato", since="2001-06", until="2001"), None),
        (Affiliation(actor="nato", since="2001", until="2001/.."), None),
        (Affiliation(actor="nato", since="../2001", until="1990"), None),
        (Affiliation(actor="nato", since="2001", until="2000"), "until"),
        (Affiliation(actor="nato", since="2001-07-02", until="2001-07-01"), "until"),
        (Affiliation(actor="nobody"), "actor"),
        (Affiliation(actor="taliban"), "actor"),
    ],
)
def test_an_affiliation_is_to_another_known_actor_and_ends_after_its_start(affiliation, path):
    profile = a_profile(affiliations=(Affiliation(actor="nato"), affiliation))
    found = [fault.path for fault in faults_of_profile(profile, ("nato", "taliban"))]
    assert found == ([("affiliations", 1, path)] if path else [])


def test_one_account_gives_a_measure_of_the_same_people_once() -> None:
    twice = (Figure(measure=Measure.KILLED, best=1), Figure(measure=Measure.KILLED, best=2))
    (fault,) = faults_of_account(an_account(figures=twice), ())
    assert fault.path == ("figures", 1)
    apart = (Figure(measure=Measure.KILLED, best=1), Figure(measure=Measure.KILLED, of="A", best=2))
    assert list(faults_of_account(an_account(figures=apart), ())) == []
