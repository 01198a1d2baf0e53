"""Sheets of one's own: what their rows tell by a mapping, and whatever their cells hold."""

import csv
import datetime
import io
import json
import pickle
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.checks import faults_of_account
from domain.text import Line, PublicationDate
from domain.vocabulary import ActorKind, IncidentType, Measure, ParticipantRole
from service.imports.format import BadRow, NamedActor, Told
from service.imports.formats.table import TableTeller, format_of, read_mapping
from service.imports.formats.table_mapping import TableMapping
from service.imports.reading.sheets import sheet_rows
from tests.tables import (
    ACCOUNT,
    DATA,
    LEAST,
    account_of,
    cells_of,
    example,
    fault,
    tell,
    tell_all,
)

GUIDE = (Path(__file__).parents[1] / "docs" / "tables.md").read_text()


def test_a_row_in_full():
    first = example("border")[0]
    assert (first.incident, first.key, first.published) == ("1", "1", "2021-06-24")
    assert ACCOUNT.dump_python(account_of(first), mode="json", exclude_defaults=True) == {
        "title": "The crossing is taken (Sherkhan Bandar)",
        "type": "attack",
        "occurred": "2021-06-22",
        "place": {
            "name": "Sherkhan Bandar",
            "country": "AFG",
            "latitude": 37.01,
            "longitude": 68.62,
            "precision": "near",
        },
        "figures": [
            {"measure": "killed", "best": 30},
            {"measure": "wounded", "of": "soldiers", "low": 5, "high": 9},
        ],
        "source": {
            "name": "The Invented Post",
            "via": "A notebook",
            "url": "https://example.org/1",
        },
    }
    assert first.participants == tuple(
        (NamedActor("border-notes", name, name, ActorKind.ARMED_GROUP), ParticipantRole.SIDE_A)
        for name in ("Taliban", "Border police")
    )


def test_what_is_missing_is_left_out_and_what_is_more_is_kept():
    _, second, third, fourth = example("border")
    assert account_of(second).type is IncidentType.DISPLACEMENT  # whatever the case of the cell
    assert account_of(second).figures == ()
    assert [each.url for each in account_of(second).references] == ["https://example.org/2b"]
    assert second.published is None
    assert account_of(third).title == "Shells fall on a field"
    assert account_of(third).place.name == "Tajikistan"  # type: ignore[union-attr]
    assert account_of(third).source.name == "Notes from the border"
    assert third.participants == ()
    assert [(f.low, f.high) for f in account_of(third).figures] == [(30, 40), (None, 12)]
    assert account_of(fourth).type is IncidentType.OTHER
    assert [f.inconsistent for f in account_of(fourth).figures] == [False, True]


def test_several_rows_tell_of_one_incident():
    first, second = example("claims")
    assert (first.incident, first.key) == ("bridge", "bridge / Ministry")
    assert (second.incident, second.key) == ("bridge", "bridge / Villagers")
    assert second.account["occurred"] == "2021-06-22~"
    assert second.published == "2021-06-25"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, flags=re.MULTILINE | re.DOTALL)


def test_the_guides_example_works():
    (sheet,), (mapping,), (shown,) = blocks("csv"), blocks("yaml"), blocks("json")
    first, second = tell_all(mapping, sheet)
    assert isinstance(first, Told)
    assert isinstance(second, Told)
    assert account_of(second) == ACCOUNT.validate_python(json.loads(shown))
    assert [actor.name for actor, _ in first.participants] == ["Group A", "Group B"]


def names_within(class_: Any, known: set[str]) -> set[str]:
    """The names of all fields of a mapping."""
    for field in fields(class_):
        known.add(field.name.rstrip("_"))
        for each in re.findall(r"\w+Rule|Occurred|Published|Choice|Key|Value", str(field.type)):
            inner = getattr(__import__(class_.__module__, fromlist=[each]), each)
            if is_dataclass(inner):
                names_within(inner, known)
    return known


def test_the_guide_names_every_field():
    known = names_within(TableMapping, set()) - {"columns", "hash"} | {"{hash: [Date, Place]}"}
    assert {name for name in known if f"`{name}`" not in GUIDE} - {"column"} == set()


def test_a_workbook_tells_what_its_sheet_tells():
    header, *rows = csv.reader(io.StringIO((DATA / "border.csv").read_text()))
    book = openpyxl.Workbook()
    book.active.append(header)
    for row in rows:
        row[0] = int(row[0])
        if row[1].endswith("00:00:00"):
            row[1] = datetime.datetime(2021, 6, 24)
        book.active.append([cell or None for cell in row])
    file = io.BytesIO()
    book.save(file)

    class Stream:
        name = "border.xlsx"

        def file(self) -> io.BytesIO:
            return file

    read = [row for row in sheet_rows(Stream()) if isinstance(row, tuple)]
    form = format_of(read_mapping((DATA / "border.yaml").read_text()))
    (_, titles), *lines = read
    padded = [line + [""] * (len(titles) - len(line)) for _, line in lines]
    told = [form.tell(cells_of(form.columns, titles, line)) for line in padded]
    assert told == example("border")


def test_a_format_goes_to_other_processes():
    form = format_of(read_mapping((DATA / "border.yaml").read_text()))
    form.tell(dict.fromkeys(form.columns, "") | {"Nr": "1", "Date": "2021-06-22", "Place": "X"})
    again = pickle.loads(pickle.dumps(form))
    assert again == form
    assert isinstance(again.tell, TableTeller)
    assert form.required == frozenset(form.columns)


def test_a_key_is_the_same_in_a_workbook():
    assert tell(Nr="12.0").key == tell(Nr="12").key == "12"
    assert fault(Nr="-")[0] == "Nr"
    assert fault(Nr="x" * 300) == ("Nr", "it is too long to identify a row")


def test_a_hash_identifies_rows_that_nothing_else_does():
    hashed = format_of(read_mapping(LEAST.replace("key: Nr", "key: {hash: [Day, What]}"))).tell
    row = {"Day": "2021-06-22", "What": "A thing"}
    assert hashed(row).key == hashed(row | {"What": " a  THING"}).key
    assert hashed(row).key != hashed(row | {"What": "Another"}).key
    assert hashed({"Day": "2021-06-22", "What": "x"}).key.startswith("row-")


def test_a_key_of_several_columns():
    several = format_of(read_mapping(LEAST.replace("key: Nr", "key: [Day, Nr]"))).tell
    assert several({"Day": "2021-06-22", "Nr": "7", "What": "A"}).key == "2021-06-22 | 7"


def test_marks_beside_an_empty_cell_are_not_left_standing():
    titled = LEAST.replace("title: What", 'title: "{What}: {Place} ({Nr})"')
    tell_ = format_of(read_mapping(titled)).tell
    row = {"Nr": "1", "Day": "2021", "What": "A thing", "Place": "Here"}
    assert tell_(row).account["title"] == "A thing: Here (1)"
    assert tell_(row | {"What": "?"}).account["title"] == "Here (1)"
    assert tell_(row | {"Place": ""}).account["title"] == "A thing: (1)"
    with pytest.raises(BadRow, match="nothing to make a title of"):
        format_of(read_mapping(LEAST)).tell(row | {"What": "-"})


def test_a_type_that_the_mapping_lacks_is_refused():
    by_kind = LEAST.replace("{constant: attack}", "{column: Kind, values: {Überfall: attack}}")
    tell_ = format_of(read_mapping(by_kind)).tell
    row = {"Nr": "1", "Day": "2021", "What": "A thing"}
    assert tell_(row | {"Kind": " ÜBERFALL"}).account["type"] is IncidentType.ATTACK
    assert tell_(row | {"Kind": "protest"}).account["type"] is IncidentType.PROTEST
    with pytest.raises(BadRow, match=r"did you mean 'überfall'.*add it to type"):
        tell_(row | {"Kind": "Uberfall"})
    with pytest.raises(BadRow, match="it is empty"):
        tell_(row | {"Kind": ""})


def test_actors_are_named_once():
    more = "participants: [{column: Who, split: ',', role: target, state: {constant: Kenya}}]"
    told = tell(more, Who="Police , ,Police, unknown,Army")
    assert told.participants == tuple(
        (NamedActor("least", name, name, ActorKind.STATE, "KEN"), ParticipantRole.TARGET)
        for name in ("Police", "Army")
    )
    assert len(tell(more, Who=",".join(map(str, range(1_000)))).participants) == 1_000
    reason = "it has 1001 participants; 1000 are the most"
    assert fault(more, Who=",".join(map(str, range(1_001)))) == (None, reason)


def test_sources_references_codes_and_the_rest():
    more = """
source: {name: By, url: Link, published: {column: Out, date_format: d.m.yyyy}}
references:
  - {text: Cites, split: ";"}
  - {url: Archive, title: {constant: A copy}}
codes: [{scheme: our-code, column: Code, label: Label, split: "|"}]
summary: Long
attributed_to: Word
status: {column: Sure, values: {"yes": confirmed}, otherwise: disputed}
"""
    told = tell(
        more, By="A paper", Link="https://example.org/1", Out="1.7.2021", Cites="One; Two;",
        Archive="https://example.org/2 https://example.org/3", Code="010|-|10", Label="x",
        Long="Two\nlines\x00", Word="the police", Sure="Yes",
    )  # fmt: skip
    account = account_of(told)
    assert told.published == "2021-07-01"
    assert [(each.text, each.title, each.url) for each in account.references] == [
        ("One", None, None),
        ("Two", None, None),
        (None, "A copy", "https://example.org/2"),
        (None, None, "https://example.org/3"),
    ]
    assert [(each.code, each.label) for each in account.codes] == [
        ("010", "x"), ("10", "x"),
    ]  # fmt: skip
    assert (account.summary, account.attributed_to, account.status) == (
        "Two\nlines", "the police", "confirmed",
    )  # fmt: skip


def test_an_address_that_is_none_is_refused():
    assert fault("source: {url: Link}", Link="www.example.org")[0] == "Link"


SHEETS = {name: read_mapping((DATA / f"{name}.yaml").read_text()) for name in ("border", "claims")}
EVERYTHING = read_mapping(
    LEAST.replace("occurred: Day", "occurred: {from: Day, to: Place, date_format: dd/mm/yyyy}")
    .replace("{constant: attack}", "{column: Kind, otherwise: other}")
    .replace("title: What", 'title: "{What} – {Kind}"')
    + """
account: [Who, Day]
place: {name: Place, country: Land, admin1: Who, coordinates: Where, description: What}
participants: [{column: Who, split: ";", state: Land}, {constant: Somebody}]
figures: [{measure: killed, low: Low, best: Dead, high: High}, {measure: wounded, of: x, best: Low}]
source: {name: Who, url: Link, published: {column: Day, date_format: mm/dd/yyyy}}
references: [{text: What, split: ";"}, {url: Link, name: Who, published: Day}]
codes: [{scheme: x, column: Kind, label: Who, split: "|"}]
summary: "{What} {Who}"
attributed_to: Who
status: {column: Kind, otherwise: reported}
"""
)
HARD = st.sampled_from(
    [
        "\u200b", "\ufeff", "#REF!", "1,200", "30-40", ">130", "NA", "-", "2021-06-22",
        "22/06/2021", "03/04/2021", "2021-22", "../2021", "[2021..]", "34.5, 69", "34°31'N 69°E",
        "AFG", "https://example.org/x https://example.org/y", "a;b;;", "\x00", "\x85", "protest",
        "²", "٣٠", "9999-12-31/..", "0000-01-01", "-0001", "1e400", "nan", "Infinity", "about ٣٠",
        "\u3164", "{x}",
    ]
)  # fmt: skip
LONG = st.builds(str.__mul__, st.text(min_size=1, max_size=3), st.integers(120, 700))
CELL = st.one_of(HARD, st.text(max_size=30), LONG)


@given(
    st.sampled_from([*SHEETS.values(), EVERYTHING]).flatmap(
        lambda mapping: st.tuples(
            st.just(mapping), st.fixed_dictionaries(dict.fromkeys(format_of(mapping).columns, CELL))
        )
    )
)
def test_a_row_is_an_account_or_refused_whatever_its_cells_hold(given_):
    mapping, cells = given_
    form = format_of(mapping)
    refused = None
    try:
        told = form.tell(cells)
    except BadRow as bad:
        refused = bad
    if refused is None:
        assert_acceptable(told)
    else:
        assert refused.reason
        assert refused.column is None or refused.column in form.columns


def assert_acceptable(told: Any) -> None:
    assert isinstance(told, Told)
    account = ACCOUNT.validate_python({**told.account, "participants": []})
    assert list(faults_of_account(account, ())) == []
    line = TypeAdapter(Line)
    for text in (told.incident, told.key, *(a.name for a, _ in told.participants)):
        line.validate_python(text)
    if told.published is not None:
        TypeAdapter(PublicationDate).validate_python(told.published)
    assert pickle.loads(pickle.dumps(told)) == told


@given(st.fixed_dictionaries(dict.fromkeys(format_of(EVERYTHING).columns, st.text(max_size=8))))
def test_what_a_sheet_says_is_said_whatever_the_mapping(cells: Mapping[str, str]):
    row = {**cells, "Nr": "7", "What": "A thing", "Day": "2021-06-22", "Place": "", "Land": "",
           "Where": "", "Low": "", "Dead": "3", "High": "", "Link": "", "Who": "Them"}  # fmt: skip
    told = format_of(EVERYTHING).tell(row)
    assert isinstance(told, Told)
    assert_acceptable(told)
    assert told.account["figures"][0]["best"] == 3
    assert told.account["figures"][0]["measure"] is Measure.KILLED
