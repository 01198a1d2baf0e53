"""GED's rows as accounts: who, where, when, how many, who says so; and what is refused, with its column."""

import datetime

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.values import Figure, ForeignCode, Origin, Place, PlacePrecision, Reference, Source
from domain.vocabulary import ActorKind, IncidentType, Measure, ParticipantRole
from service.exports.ucdp_ged import row_of
from service.imports.format import BadRow, NamedActor
from service.imports.formats.ucdp_ged import FORMAT
from service.imports.formats.ucdp_ged_columns import COLUMNS, COLUMNS_19, COLUMNS_SYRIA, UNMAPPED
from tests.ged import FILES, ROW, account, account_of, accounts, cells_of, codes, rows, told

SIDE_A, SIDE_B = ParticipantRole.SIDE_A, ParticipantRole.SIDE_B
KILLED = Measure.KILLED


def refusal(**cells):
    with pytest.raises(BadRow) as caught:
        told(**cells)
    return caught.value


def test_a_row_becomes_an_account_of_who_where_when_and_how_many():
    assert told().incident == told().key == "401115"
    assert told().published is None
    assert told().participants == (
        (
            NamedActor("ucdp", "130", "Government of Afghanistan", ActorKind.STATE, "AFG"),
            SIDE_A,
        ),
        (NamedActor("ucdp", "303", "Taleban", ActorKind.ARMED_GROUP), SIDE_B),
    )
    got = account()
    assert got.title == "Government of Afghanistan - Taleban: Helmand province"
    assert got.type is IncidentType.FIGHTING
    assert got.occurred == "2021-05-28/2021-05-29"
    assert got.source == Source(name="UCDP GED")
    assert got.attributed_to == "Ministry of Defence"
    assert got.summary is None
    assert got.place == Place(
        name="Helmand province",
        country="AFG",
        admin1="Helmand province",
        latitude=31.0,
        longitude=64.0,
        precision=PlacePrecision.ADMIN1,
        description="Helmand",
    )
    assert got.figures == (
        Figure(measure=KILLED, low=3, best=204, high=210),
        Figure(measure=KILLED, of="Government of Afghanistan", best=3),
        Figure(measure=KILLED, of="Taleban", best=200),
        Figure(measure=KILLED, of="unknown", best=1),
    )
    assert got.codes == (
        ForeignCode(scheme="ucdp-type", code="1"),
        ForeignCode(scheme="ucdp-conflict", code="333", label="Afghanistan: Government"),
        ForeignCode(scheme="ucdp-dyad", code="735"),
        ForeignCode(scheme="ucdp-side-a", code="130", label="Government of Afghanistan"),
        ForeignCode(scheme="ucdp-side-b", code="303", label="Taleban"),
        ForeignCode(scheme="ucdp-clarity", code="2"),
    )
    assert got.references == (
        Reference(name="Bakhtar News", title="Two Hundred; Perished", published="2021-05-29"),
        Reference(name="Xinhua", title="15 killed", published="2021-05-30"),
    )


@pytest.mark.parametrize("name", FILES)
def test_every_row_of_every_file_is_told_and_keeps_every_rule(name):
    assert len(accounts(name)) == len(rows(name))


def test_the_sides_keep_their_names_in_the_row_whoever_they_turn_out_to_be():
    kept = codes(side_a="Govt.  of\u00a0Afghanistan")
    assert kept["ucdp-side-a"] == ("130", "Govt. of Afghanistan")


def test_one_sided_violence_is_against_civilians_who_are_no_armed_group():
    row = {"type_of_violence": "3", "side_b": "Civilians", "side_b_new_id": "1"}
    assert account(**row).type is IncidentType.VIOLENCE_AGAINST_CIVILIANS
    assert told(**row).participants[1][0].kind is ActorKind.ORGANISATION


def test_names_of_conflict_and_dyad_are_kept_only_where_the_sides_do_not_tell_them():
    between = "Government of Afghanistan - Taleban"
    assert codes(conflict_name=between)["ucdp-conflict"] == ("333", None)
    assert codes(dyad_name="Janjaweed  - Civilians")["ucdp-dyad"] == (
        "735",
        "Janjaweed - Civilians",
    )
    assert account(dyad_name="").title == f"{between}: Helmand province"


class TestDeaths:
    def test_bounds_that_contradict_each_other_are_kept_as_given_and_flagged(self):
        assert account(low="300").figures[0] == Figure(
            measure=KILLED, low=300, best=204, high=210, inconsistent=True
        )

    def test_nobody_killed_is_a_figure_and_nobody_of_a_side_is_none(self):
        nobody = dict.fromkeys(
            ("deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown", "best", "high", "low"),
            "0",
        )
        assert account(**nobody).figures == (Figure(measure=KILLED, low=0, best=0, high=0),)

    def test_numbers_that_are_missing_make_no_figure(self):
        assert account(low="", best="", high="").figures[0].of == "Government of Afghanistan"

    @pytest.mark.parametrize("name", ["Taleban", "unknown", "civilians"])
    def test_two_groups_of_one_name_are_told_apart(self, name):
        figures = account(side_a=name, side_b="Taleban", deaths_civilians="7").figures
        assert [figure.of for figure in figures] == [
            *(None, f"{name} (side a)", "Taleban (side b)", "civilians", "unknown")
        ]


class TestCodes:
    @pytest.mark.parametrize("text", ["0", "false", "FALSE", "0.0", " False"])
    def test_a_year_that_is_not_active_has_a_code(self, text):
        assert codes(active_year=text)["ucdp-active"] == ("0", None)

    @pytest.mark.parametrize("text", ["1", "true", "TRUE", "True", "1.0", ""])
    def test_an_active_year_has_none(self, text):
        assert "ucdp-active" not in codes(active_year=text)

    @pytest.mark.parametrize(
        ("days", "precision"),
        [(0, 1), (1, 2), (5, 2), (6, 3), (7, 4), (30, 4), (31, 5), (365, 5)],
    )
    def test_a_date_precision_has_a_code_only_where_the_span_does_not_tell_it(
        self, days, precision
    ):
        first = datetime.date(2021, 1, 1)
        span = {"date_start": str(first), "date_end": str(first + datetime.timedelta(days))}
        for number in range(1, 6):
            code = None if number == precision else (str(number), None)
            assert codes(**span, date_prec=str(number)).get("ucdp-date-prec") == code

    def test_a_year_has_a_code_where_it_is_not_that_of_the_first_day(self):
        assert codes(year="2022")["ucdp-year"] == ("2022", None)
        assert "ucdp-year" not in codes(year="2021")

    def test_a_number_of_sources_has_a_code_where_it_is_not_that_of_the_references(self):
        assert codes(number_of_sources="5")["ucdp-sources"] == ("5", None)
        assert codes(number_of_sources="-1")["ucdp-sources"] == ("-1", None)
        none = dict.fromkeys(("source_office", "source_date", "source_headline"), "")
        assert "ucdp-sources" not in codes(**none, number_of_sources="-1")


@pytest.mark.parametrize(
    "text", ["2021-05-28T00:00:00", "2021-05-28 00:00:00.000", " 2021-05-28", "2021-05-28 13:30"]
)
def test_a_time_after_a_day_is_left_out(text):
    assert account(date_start=text).occurred == "2021-05-28/2021-05-29"
    assert account(date_start=text, date_end=text).occurred == "2021-05-28"


def test_white_space_no_break_spaces_and_line_breaks_are_one_space_and_mojibake_stays():
    got = account(
        where_description="\r\n Kandahar\u00a0 city\r\n",
        where_coordinates="Sar-e PolÃ©",
        source_original="police\n\tand \x92witnesses\x92",
    )
    assert got.place.description == "Kandahar city"
    assert got.place.name == "Sar-e PolÃ©"
    assert got.attributed_to == "police and witnesses"


@pytest.mark.parametrize(
    ("column", "text", "reason"),
    [
        ("id", "", "number"),
        ("id", "-4", "number"),
        ("id", "AFG-1", "no whole number"),
        ("type_of_violence", "4", "1, 2 or 3"),
        ("type_of_violence", "", "1, 2 or 3"),
        ("side_a", " ", "empty"),
        ("side_b_new_id", "", "id"),
        ("country_id", "999", "no country"),
        ("country_id", "", "number"),
        ("gwnoa", "2;999", "no state"),
        ("gwnob", "AFG", "no whole number"),
        ("latitude", "91", "-90 to 90"),
        ("latitude", "", "-90 to 90"),
        ("longitude", "-180.5", "-180 to 180"),
        ("longitude", "", "-180 to 180"),
        ("longitude", "nan", "no number"),
        ("where_prec", "8", "1 to 7"),
        ("date_start", "28/05/2021", "no date"),
        ("date_end", "2021-05-27", "before date_start"),
        ("date_end", "", "no date"),
        ("best", "-1", "cannot have been killed"),
        ("deaths_civilians", "-7", "cannot have been killed"),
        ("high", "2.5", "no whole number"),
        ("active_year", "maybe", "neither"),
        ("number_of_sources", "many", "no whole number"),
    ],
)
def test_a_cell_that_cannot_be_understood_is_refused_and_named(column, text, reason):
    bad = refusal(**{column: text})
    assert bad.column == column
    assert reason in bad.reason


class TestFormat:
    def test_the_layouts_are_those_of_the_files(self):
        assert set(FORMAT.layouts) == {41, 42, 49}
        headers = {len(rows(name)[0]): tuple(rows(name)[0]) for name in FILES}
        assert headers[49] == COLUMNS
        assert sorted(headers[42]) == sorted(COLUMNS_19)
        assert sorted(headers[41]) == sorted(COLUMNS_SYRIA)
        assert headers == FORMAT.layouts

    def test_a_first_row_that_is_no_header_is_known_by_its_cells(self):
        for name in FILES:
            row = rows(name)[0]
            assert FORMAT.looks_like(tuple(row.values()))
            assert not FORMAT.looks_like(tuple(row))
            assert not FORMAT.looks_like((*row.values(), "AFG"))

    def test_names_cut_at_ten_characters_are_understood_where_they_are_one_columns(self):
        assert FORMAT.columns["type_of_violence"] == ("type_of_vi",)
        assert FORMAT.columns["conflict_name"] == ()
        assert FORMAT.columns["low"] == ()

    def test_what_is_required_are_columns_and_none_is_left_out_that_is_not_meant_to_be(self):
        assert FORMAT.required <= set(FORMAT.columns)
        assert set(FORMAT.columns) == set(COLUMNS) - UNMAPPED


PLAUSIBLE = {
    "id": st.integers(0, 10**9).map(str),
    "year": st.sampled_from(["", "2021", "1989"]),
    "active_year": st.sampled_from(["1", "0"]),
    "type_of_violence": st.sampled_from("123"),
    "conflict_name": st.sampled_from(["A - B", "Taleban - Taleban", "Chad: Government"]),
    "dyad_name": st.sampled_from(["A - B", "Taleban - Taleban"]),
    "side_a": st.sampled_from(["Taleban", "A, B", "civilians", "Government of Chad, FROLINAT"]),
    "side_b": st.sampled_from(["Taleban", "Civilians", "unknown", "Government of Mali"]),
    "side_a_new_id": st.sampled_from(["130", "72", "6001"]),
    "side_b_new_id": st.sampled_from(["1", "72", "6001"]),
    "number_of_sources": st.sampled_from(["-1", "1", "2"]),
    "where_prec": st.sampled_from("1234567"),
    "adm_1": st.sampled_from(["", "Gaza Strip", "Here"]),
    "country_id": st.sampled_from(["666", "345", "340", "255", "260", "678"]),
    "country": st.sampled_from(["Israel", "Serbia (Yugoslavia)", "Somewhere"]),
    "latitude": st.floats(-90, 90).map(repr),
    "date_prec": st.sampled_from("12345"),
    "date_end": st.dates(min_value=datetime.date(2021, 5, 28)).map(str),
    "deaths_a": st.integers(0, 300).map(str),
    "deaths_b": st.integers(0, 300).map(str),
    "deaths_civilians": st.integers(0, 300).map(str),
    "low": st.integers(0, 300).map(str),
    "gwnoa": st.sampled_from(["2", "2;200", "345"]),
}


@given(st.fixed_dictionaries({}, optional=PLAUSIBLE))
def test_any_plausible_row_comes_back_as_it_was(others):
    row = cells_of(ROW) | others
    exported = row_of(account(**others), Origin(dataset="ucdp-ged", key=row["id"]))
    implied = {column for column in ("year", "gwnoa", "gwnob") if not row[column]}
    for column in row.keys() - implied:
        assert exported[column] == row[column], column


@given(
    st.fixed_dictionaries(
        {},
        optional={
            column: st.text(max_size=12)
            | st.sampled_from(
                ["1", "-1", "0", "9" * 25, "nan", "inf", "1e400", "666", ",", "\u200b"]
            )
            for column in FORMAT.columns
        },
    )
)
def test_anything_in_any_cell_is_told_or_refused(cells):
    try:
        told_now = told(**cells)
    except BadRow as bad:
        event(f"refused: {bad.column}")
        return
    for actor, _ in told_now.participants:
        assert actor.name.strip()
    try:
        got = account_of(told_now)
    except ValidationError:
        return  # what shows nothing, such as a zero-width space, is found where all is validated
    row_of(got, Origin(dataset="ucdp-ged", key=told_now.key))
