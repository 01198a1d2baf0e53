"""First mappings for sheets: what is recognised, by name and by content, and that they always work."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.checks import Faulty
from domain.vocabulary import IncidentType, Measure, ParticipantRole
from service.imports.format import BadRow, Told
from service.imports.formats.table import check_columns, format_of, read_mapping
from service.imports.formats.table_mapping import TableMapping, columns_of
from service.imports.formats.table_suggest import suggest
from service.imports.reading.headers import plain

DATA = Path(__file__).parent / "data" / "tables"


def sheet(name: str, delimiter: str = ",") -> tuple[list[str], list[list[str]]]:
    header, *rows = csv.reader(io.StringIO((DATA / f"{name}.csv").read_text()), delimiter=delimiter)
    return header, rows


def mapped(header: list[str], rows: list[list[str]]) -> TableMapping:
    mapping = read_mapping(suggest(header, rows))
    check_columns(mapping, header)
    return mapping


def told(header: list[str], rows: list[list[str]], text: str | None = None) -> list[Any]:
    mapping = read_mapping(text or suggest(header, rows))
    found = []
    for row in rows:
        cells = {plain(name): cell for name, cell in zip(header, row, strict=False)}
        form = format_of(mapping)
        try:
            found.append(form.tell({name: cells.get(plain(name), "") for name in form.columns}))
        except BadRow as bad:
            found.append(str(bad))
    return found


def test_a_sheet_in_english():
    header, rows = sheet("border")
    mapping = mapped(header, rows)
    assert mapping.key.columns == ("Nr",)
    assert mapping.title.column == "What happened"
    assert mapping.type.column == "Kind"
    assert (mapping.type.values or {})["shelling"] is IncidentType.BOMBARDMENT
    assert mapping.occurred.column == "Date"
    assert mapping.occurred.date_format == "dd/mm/yyyy"
    assert mapping.place is not None
    assert dict(columns_of(mapping.place)) == {
        ("name",): "Place", ("country",): "Country", ("latitude",): "Lat", ("longitude",): "Lon",
    }  # fmt: skip
    assert [(f.measure, f.low, f.best, f.high) for f in mapping.figures] == [
        (Measure.KILLED, None, "Dead", None),
        (Measure.WOUNDED, "Hurt (min)", None, "Hurt (max)"),
    ]
    assert dict(columns_of(mapping.source)) == {("name",): "Source", ("url",): "Link"}
    assert all(isinstance(each, Told) for each in told(header, rows))


def test_a_sheet_in_spanish():
    header, rows = sheet("frontera", ";")
    text = suggest(header, rows, "Frontera norte")
    mapping = read_mapping(text)
    assert (mapping.dataset.id, mapping.dataset.title) == ("frontera-norte", "Frontera norte")
    assert (mapping.occurred.column, mapping.occurred.date_format) == ("Fecha", "dd/mm/yyyy")
    assert mapping.type.values == {
        "Ataque": IncidentType.ATTACK, "Manifestación": IncidentType.PROTEST,
    }  # fmt: skip
    assert "# Fiesta: which type?" in text
    assert [(f.measure, f.best) for f in mapping.figures] == [
        (Measure.KILLED, "Muertos"), (Measure.WOUNDED, "Heridos"),
    ]  # fmt: skip
    assert [(p.column, p.role) for p in mapping.participants] == [
        ("Autores", ParticipantRole.INITIATOR)
    ]
    assert mapping.key.hash == ("Fecha", "Lugar", "Enlace", "Observaciones")
    *first, last = told(header, rows)
    assert all(isinstance(each, Told) for each in first)
    assert last.startswith("País: 'Ekuador' is no country that Casus knows")
    mended = text.replace("# countries:", "countries:").replace(
        "#   Ekuador: which code?", "  Ekuador: ECU"
    )
    *_, last = told(header, rows, mended)
    assert last.account["place"]["country"] == "ECU"


def test_a_sheet_of_claims():
    names = "claim_id event claimant published claimed_start claimed_end detail url"
    header = names.split()
    rows = [
        ["C1", "A bridge is taken", "The army", "2021-06-23", "2021-06-22", "2021-06-22", "", ""],
        [
            "C2",
            "A bridge is taken",
            "A witness",
            "2021-06",
            "2021-06-21T19:00+05:00",
            "",
            "Long.",
            "",
        ],
    ]
    mapping = mapped(header, rows)
    assert mapping.key.columns == ("claim_id",)
    assert mapping.title.column == "event"
    assert mapping.summary is not None
    assert mapping.summary.column == "detail"
    assert (mapping.occurred.from_, mapping.occurred.to) == ("claimed_start", "claimed_end")
    assert set(dict(columns_of(mapping.source)).values()) == {"claimant", "url", "published"}
    assert all(isinstance(each, Told) for each in told(header, rows))


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        (
            "Datum|Ort|Land|Tote|Verletzte|Quelle|Täter|Opfer",
            "occurred place figures source participants",
        ),
        (
            "Date|Lieu|Pays|Morts|Blessés|Source|Auteurs",
            "occurred place figures source participants",
        ),
        ("Дата|Место|Страна|Погибшие|Раненые|Источник", "occurred place figures source"),
        ("التاريخ|المكان|البلد|القتلى|المصدر", "occurred place figures source"),
        (
            "start_date|end_date|location|fatalities|actor1|actor2",
            "occurred place figures participants",
        ),
    ],
)
def test_columns_are_known_by_name_in_several_languages(header, fields):
    mapping = mapped(header.split("|"), [])
    for name in fields.split():
        assert getattr(mapping, name), name
    assert len(dict.fromkeys(name for _, name in columns_of(mapping))) == len(header.split("|"))


def test_columns_are_known_by_what_they_hold():
    header = ["a", "b", "c", "d"]
    rows = [
        ["22.06.2021", "Norway", "https://example.org/1", "Something happened on the pass"],
        ["24.06.2021", "Chad", "https://example.org/2", "Something else happened"],
    ]
    mapping = mapped(header, rows)
    assert (mapping.occurred.column, mapping.occurred.date_format) == ("a", "dd.mm.yyyy")
    assert mapping.place is not None
    assert mapping.place.country is not None
    assert mapping.place.country.column == "b"
    assert dict(columns_of(mapping.source)) == {("url",): "c"}
    assert all(isinstance(each, Told) for each in told(header, rows))


def test_a_name_that_lies_is_not_believed():
    header = ["Date", "What", "Dead", "Latitude", "Longitude"]
    rows = [["2021-06-22", "A thing", "yes, many of them", "north", "east"]]
    text = suggest(header, rows)
    mapping = read_mapping(text)
    assert (mapping.figures, mapping.place) == ((), None)
    assert '#   Dead (such as "yes, many of them")' in text


def test_days_that_can_be_two_are_not_guessed():
    header, rows = ["Date", "What"], [["03/04/2021", "A"], ["05/06/2021", "B"]]
    text = suggest(header, rows)
    assert "date_format: dd/mm/yyyy or mm/dd/yyyy" in text
    assert read_mapping(text).occurred.date_format is None
    assert all("say date_format" in each for each in told(header, rows))


def test_thousands_are_not_guessed():
    header, rows = (
        ["Date", "What", "Killed"],
        [["2021-06-22", "A", "dozens"], ["2021", "B", "1,200"]],
    )
    text = suggest(header, rows)
    assert "# thousands: ','" in text
    assert read_mapping(text).thousands is None
    assert read_mapping(text.replace("# thousands", "thousands")).thousands == ","


@pytest.mark.parametrize("ids", ["1 1", "1 ?"])
def test_a_column_that_does_not_tell_rows_apart_is_no_key(ids):
    header, rows = ["ID", "Date", "What"], [["1", "2021", "A"], ["2", "2022", "B"]]
    assert mapped(header, rows).key.columns == ("ID",)
    rows = [[each, *row[1:]] for each, row in zip(ids.split(), rows, strict=True)]
    assert mapped(header, rows).key.hash == ("Date", "What")


def test_what_is_called_much_as_a_key_is_one_if_it_tells_rows_apart():
    header, rows = (
        ["Case", "Attack ID", "Date", "What"],
        [["1", "a", "2021", "A"], ["1", "b", "2022", "B"]],
    )
    assert mapped(header, rows).key.columns == ("Attack ID",)
    rows[1][1] = "a"
    assert mapped(header, rows).key.hash == ("Date", "What")
    rows[1][0] = "2"
    assert mapped(header, rows).key.columns == ("Case",)


def test_what_is_not_recognised_is_listed():
    header = ["Date", "What", "Colour of the sky", "What", "", "Weather\u200b"]
    text = suggest(header, [["2021-06-22", "A thing", "grey", "", "", ""]])
    assert "#   Colour of the sky (such as grey)" in text
    assert "#   What: its name stands there twice" in text
    assert all(each in text for each in map(str, IncidentType))


def test_a_sheet_without_dates_gets_what_can_be_said():
    text = suggest(["Colour"], [["red"]])
    assert "# occurred: which column?" in text
    with pytest.raises(Faulty):
        read_mapping(text)
    assert "# title: which column?" in suggest([], [])


def test_a_suggestion_decides_the_same_for_the_same_sheet():
    header, rows = sheet("border")
    assert suggest(header, rows) == suggest(header, rows)


WORDS = st.text(max_size=12)
NAMES = WORDS | st.sampled_from([
    "Date", "date", "Fecha", "Start date", "End date", "Published", "Place", "Country", "Day", "to",
    "Actor country", "Killed", "Dead (min)", "Civilians killed", "Source", "Source URL", "lat", "lon",
    "Actor 1", "Type", "Title", "Notes", "ID", "{odd}", "a: b", "- x", "#", "no", "'", '"', "\\", "null",
    "Victims", "GPS", "from", "Status", "\u00a0", "Tab\there", "Two\nlines",
])  # fmt: skip
CELLS = WORDS | st.sampled_from([
    "", "2021-06-22", "22/06/2021", "03/04/2021", "June 2021", "Kabul", "AFG", "Norway", "30", "30-40",
    "1,200", "-", "?", "#REF!", "34.5", "69.1", "34.5, 69.1", "https://example.org/1", "Attack", "1", "2",
    "Group A; Group B",
])  # fmt: skip


@given(st.data())
def test_a_suggestion_is_a_mapping_for_its_sheet(data):
    header = data.draw(st.lists(NAMES, max_size=8))
    header.insert(data.draw(st.integers(0, len(header))), "Date of it")
    header.insert(data.draw(st.integers(0, len(header))), "What it was called")
    rows = data.draw(st.lists(st.lists(CELLS, max_size=10), max_size=6))
    day = header.index("Date of it")
    rows = [[*row, *[""] * (day + 1 - len(row))] for row in rows]
    for row in rows:
        row[day] = data.draw(st.sampled_from(["2021-06-22", "23/06/2021", "03/04/2021"]))
    text = suggest(header, rows, data.draw(st.text(max_size=10)))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\x85]", text)
    mapping = read_mapping(text)
    check_columns(mapping, header)
    assert all(isinstance(each, Told | str) for each in told(header, rows, text))
