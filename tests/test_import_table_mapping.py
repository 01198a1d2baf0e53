"""Mapping files: every fault is named with its path and with what may stand there."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.checks import Faulty
from domain.vocabulary import IncidentType
from service.faults import json_path
from service.imports.formats.table import check_columns, format_of, read_mapping
from service.imports.formats.table_yaml import LONGEST_FILE

LEAST = """
dataset: {id: least, title: Least}
key: Nr
title: What
type: {constant: attack}
occurred: Day
"""


def faults(text: str, header: list[str] | None = None) -> dict[str, str]:
    with pytest.raises(Faulty) as faulty:
        check_columns(read_mapping(text), header or [])
    return {json_path(fault.path): fault.message for fault in faulty.value.faults}


def test_every_fault_is_named_at_once():
    found = faults("""
dataset: {id: Not a slug, licence: x}
key: []
titel: What
type: {constant: atack}
occurred: {date_format: '%d/%m/%Y'}
place: {contry: Land, latitude: Lat}
participants: Who
figures:
  - {meashure: killed}
  - {measure: kiled, best: Dead}
  - killed
source: {url: {constant: nowhere}}
status: {constant: retracted}
thousands: x
""")
    assert found["$.dataset.id"].startswith("an id is lower-case letters")
    assert found["$.dataset.title"] == "this field is required"
    assert found["$.dataset.licence"] == "there is no such field; did you mean 'license'?"
    assert found["$.key"] == "a column, or a hash of columns, is missing"
    assert found["$.title"] == "this field is required"
    assert found["$.titel"].endswith("did you mean 'title'?")
    assert found["$.type.constant"].startswith("'atack' is none of fighting, attack,")
    assert found["$.type.constant"].endswith("did you mean 'attack'?")
    assert "such as dd/mm/yyyy" in found["$.occurred.date_format"]
    assert found["$.place.contry"].endswith("did you mean 'country'?")
    assert found["$.participants"].startswith("here stands a list")
    assert found["$.figures[0].meashure"].endswith("did you mean 'measure'?")
    assert found["$.figures[1].measure"].endswith("did you mean 'killed'?")
    assert found["$.figures[2]"] == "here stand fields, each with its name"
    assert "web address" in found["$.source.url"]
    assert "one of reported, confirmed" in found["$.status.constant"]
    assert found["$.thousands"] == "'x' is none of ',' '.'"


@pytest.mark.parametrize(
    ("more", "path", "message"),
    [
        ("place: {latitude: Lat}", "$.place", "both or not at all"),
        ("place: {precision: near}", "$.place", "a name, a country"),
        ("place: {name: A, coordinates: B, latitude: C, longitude: D}", "$.place", "keep one way"),
        ("place: {country: {constant: Narnia}}", "$.place.country", "no country that Casus knows"),
        ("place: {name: {constant: A, column: B}}", "$.place.name", "exclude each other"),
        ("place: {name: 'A}'}", "$.place.name", "columns stand in single braces"),
        ("figures: [{measure: killed}]", "$.figures[0]", "a column of low, best or high"),
        ("figures: [{measure: killed, best: A}, {measure: killed, low: B}]", "$.figures[1]",
         "say of whom each is"),
        ("participants: [{role: target}]", "$.participants[0]", "a column or a constant is missing"),
        ("references: [{title: A, split: ','}]", "$.references[0]", "split goes with a text alone"),
        ("summary: nr", "$.summary", "written 'Nr' elsewhere"),
        ("status: {column: A, values: {X: disputed, x: planned}}", "$.status.values.x", "same cell"),
        ("countries: {Ekuador: Ecuadorr}", "$.countries.Ekuador", "no country"),
        ("occurred: {to: End}", "$", "the field 'occurred' stands here twice"),
        ("codes: [{scheme: x}]", "$.codes[0].column", "this field is required"),
    ],
)  # fmt: skip
def test_faults_of_one_field(more, path, message):
    ((where, what),) = faults(LEAST + more).items()
    assert where == path
    assert message in what


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a mapping has the fields dataset, key"),
        ("- a", "a mapping has the fields dataset, key"),
        ("a: b: c", "line 1, column 5: this is not YAML"),
        ("a: {", "this is not YAML"),
        ("a: \x00", "this is not YAML"),
        ("a: &x 1\nb: *x", "line 1, column 4: anchors"),
        ("a: 1\n---\nb: 2", "line 2, column 1: a mapping is one document"),
        ("a: " + "[" * 99, "deep in each other"),
        ("[a]: b", "the name of a field is a text"),
        ("a: " + "x" * LONGEST_FILE, "characters"),
    ],
)
def test_files_that_are_no_mapping(text, message):
    ((path, what),) = faults(text).items()
    assert path == "$"
    assert message in what


def test_a_column_that_the_sheet_lacks_is_named_with_the_nearest():
    mapping = LEAST.replace("{constant: attack}", "attack") + "place: {name: Plaec, country: AFG}"
    assert faults(mapping, ["nr", "WHAT", "When", "Place", " "]) == {
        "$.type.column": "the sheet has no column 'attack'; what is the same for all rows is written "
        "{constant: attack}",
        "$.occurred.column": "the sheet has no column 'Day'; it has nr, WHAT, When, Place",
        "$.place.name": "the sheet has no column 'Plaec'; did you mean 'Place'?",
        "$.place.country": "the sheet has no column 'AFG'; what is the same for all rows is written "
        "{constant: AFG}",
    }


def test_a_field_with_nothing_after_it_is_not_there():
    mapping = read_mapping(LEAST + "place:\nfigures:\nsource: {name: , url: Link}")
    assert mapping.place is None
    assert mapping.source is not None
    assert mapping.source.name is None


def test_a_mapping_is_the_same_in_short_and_written_out():
    written_out = """
dataset: {id: least, title: Least}
key: {columns: [Nr]}
title: {column: What}
type: {constant: attack}
occurred: {column: Day}
"""
    assert read_mapping(written_out) == read_mapping(LEAST)
    assert read_mapping(LEAST).type.constant is IncidentType.ATTACK
    assert set(format_of(read_mapping(LEAST)).columns) == {"Nr", "What", "Day"}


PIECES = st.sampled_from(
    [*LEAST.replace("\n", " \n ").split(" "), "key:", "- ", "{", "}", "[", "]", "place:", "figures:",
     "measure: killed", "column:", "constant:", "values:", "\n  ", "\n", "split: ;", "&a", "*a", "!!x"]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(PIECES, max_size=40).map(" ".join), st.just(LEAST)))
@example(LEAST)
def test_a_text_is_a_mapping_or_refused(text):
    found = None
    try:
        assert format_of(read_mapping(text)).required
    except Faulty as faulty:
        found = [json_path(fault.path) for fault in faulty.faults]
    assert found is None or (found and all(path.startswith("$") for path in found))
