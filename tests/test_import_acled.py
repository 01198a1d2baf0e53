"""ACLED's rows, all of them invented (``data/acled``), in three layouts; and anything else in any cell."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.checks import faults_of_account
from domain.text import PublicationDate
from domain.values import (
    Account,
    ActorName,
    ExternalId,
    Figure,
    ForeignCode,
    Origin,
    Place,
    Reference,
    Source,
)
from domain.vocabulary import ActorKind, IncidentType, ParticipantRole
from service.imports.format import BadRow, Format, NamedActor, TakenBack, Telling, Told
from service.imports.formats.acled import DELETED, FORMAT
from service.imports.formats.acled_actors import TYPES, actor_of, type_number

DATA = Path(__file__).parent / "data" / "acled"
ACCOUNT = TypeAdapter(Account)
SIDE_A, SIDE_B = ParticipantRole.SIDE_A, ParticipantRole.SIDE_B


def plain(name: str) -> str:
    return name.replace("_", "").casefold()


def rows(name: str, form: Format = FORMAT) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8-sig", newline="") as file:
        header, *lines = csv.reader(file)
    found = {plain(each): index for index, each in enumerate(header)}
    places = {
        column: next(
            (found[plain(name)] for name in (column, *others) if plain(name) in found), None
        )
        for column, others in form.columns.items()
    }
    return [
        {column: "" if place is None else line[place] for column, place in places.items()}
        for line in lines
    ]


OLD, MIDDLE, NEW = (rows(name) for name in ("2016.csv", "2019.csv", "2025.csv"))
CLASH = MIDDLE[0]


def told(cells: dict[str, str], **others: str) -> Told:
    told = FORMAT.tell(cells | others)
    assert isinstance(told, Told)
    return told


def account_of(cells: dict[str, str] = CLASH, **others: str) -> Account:
    return ACCOUNT.validate_python(told(cells, **others).account)


def place_of(**others: str) -> Place:
    place = account_of(**others).place
    assert place is not None
    return place


def fault_of(**others: str) -> BadRow:
    with pytest.raises(BadRow) as bad:
        FORMAT.tell(CLASH | others)
    return bad.value


def test_a_row_in_full() -> None:
    one = told(NEW[1])

    assert (one.incident, one.key, one.published) == ("ECU99903", "ECU99903", "2025-05-21")
    assert ACCOUNT.validate_python(one.account) == Account(
        title="Mob violence, Ejemplo: Rioters (Ecuador) – Civilians (Ecuador)",
        type=IncidentType.RIOT,
        occurred="2025-05-16",
        source=Source(name="ACLED", url="https://acleddata.com"),
        place=Place(
            name="Ejemplo",
            country="ECU",
            admin1="Provincia Inventada",
            admin2="Cantón de Prueba",
            admin3="Parroquia Inventada",
            latitude=-1.1,
            longitude=-78.2,
            precision="exact",
        ),
        figures=(Figure(measure="killed", best=1),),
        summary="Invented for a test: a market is overturned.",
        codes=(
            ForeignCode(scheme="acled-event", code="Riots"),
            ForeignCode(scheme="acled-sub-event", code="Mob violence"),
            ForeignCode(scheme="acled-disorder", code="Political violence; Demonstrations"),
            ForeignCode(scheme="acled-civilian-targeting", code="Civilian targeting"),
            ForeignCode(scheme="acled-tags", code="crowd size=about 40"),
            ForeignCode(scheme="acled-inter1", code="5", label="Rioters"),
            ForeignCode(scheme="acled-inter2", code="7", label="Civilians"),
        ),
        references=(Reference(name="El Diario Inventado"),),
    )
    assert one.participants == (
        (NamedActor("acled", "Rioters (Ecuador)", "Rioters (Ecuador)", ORGANISATION), SIDE_A),
        (NamedActor("acled", "Students (Ecuador)", "Students (Ecuador)", ORGANISATION), SIDE_A),
        (NamedActor("acled", "Civilians (Ecuador)", "Civilians (Ecuador)", ORGANISATION), SIDE_B),
    )


ORGANISATION, STATE, ARMED_GROUP = (
    ActorKind.ORGANISATION,
    ActorKind.STATE,
    ActorKind.ARMED_GROUP,
)


def test_every_invented_row_is_told_but_the_one_of_the_year_25() -> None:
    for cells in (*OLD, *MIDDLE, *NEW[:2]):
        account = account_of(cells)
        assert not list(faults_of_account(account, set()))
    with pytest.raises(BadRow) as bad:
        FORMAT.tell(NEW[2])
    assert bad.value.column == "event_date"
    assert "0025 has stood for 2025" in bad.value.reason


def test_the_layout_of_2016_has_ids_dates_and_allies_of_its_own() -> None:
    march, battle, camp = (told(cells) for cells in OLD)

    assert march.incident == "9001RTA"
    assert march.account["occurred"] == "2016-04-23"
    assert march.account["type"] is IncidentType.PROTEST
    assert march.published is None
    assert battle.account["occurred"] == "2016-04-29/2016-05-05"
    assert battle.account["references"] == [
        {"name": "Invented Wire"},
        {"name": "The Invented Herald"},
    ]
    assert [(actor.name, role) for actor, role in battle.participants] == [
        ("Military Forces of Algeria (1999-)", SIDE_A),
        ("Sample Brigade", SIDE_B),
        ("Sample Front", SIDE_B),
        ("Second Sample Front", SIDE_B),
    ]
    assert camp.account["occurred"] == "2016-06"
    assert "figures" not in camp.account


def test_another_layout_of_the_same_event_says_the_same() -> None:
    """But for the disorder type, which older files lack."""
    older, newer = told(MIDDLE[0]), told(NEW[0])

    assert newer.participants == older.participants
    newer.account["codes"] = [
        code for code in newer.account["codes"] if code["scheme"] != "acled-disorder"
    ]
    assert newer.account == older.account


@pytest.mark.parametrize(
    "text",
    [
        "31/08/2019",
        "2019-08-31",
        "2019-08-31T00:00:00",
        "31 August 2019",
        "31 Aug 2019",
        "31-Aug-2019",
        " 31-AUGUST-2019 ",
    ],
)
def test_a_day_is_written_in_several_ways(text: str) -> None:
    assert account_of(event_date=text).occurred == "2019-08-31"


@pytest.mark.parametrize(
    "text",
    [
        *("", "31", "08/31/2019", "2019-02-29", "31.08.2019", "31 Augst 2019", "31-Aug-19"),
        *("2019-8-31", "0019-08-31", "31/08/0019", "9999-12-31", "٣١/٠٨/٢٠١٩"),
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    assert fault_of(event_date=text, year="").column == "event_date"


def test_the_year_has_to_agree_with_the_date() -> None:
    assert account_of(year="").occurred == "2019-08-31"
    assert account_of(year="2019.0").occurred == "2019-08-31"
    assert fault_of(year="2018").column == "year"


@pytest.mark.parametrize(
    ("precision", "occurred"),
    [
        ("1", "2019-08-31"),
        ("", "2019-08-31"),
        ("2", "2019-08-28/2019-09-03"),
        ("2.0", "2019-08-28/2019-09-03"),
        ("3", "2019-08"),
    ],
)
def test_the_precision_of_time_says_what_a_day_stands_for(precision: str, occurred: str) -> None:
    assert account_of(time_precision=precision).occurred == occurred


@pytest.mark.parametrize(
    ("precision", "stands_for"), [("1", "exact"), ("2", "near"), ("3", "admin1"), ("", None)]
)
def test_the_precision_of_place_says_what_a_point_stands_for(
    precision: str, stands_for: str | None
) -> None:
    assert place_of(geo_precision=precision).precision == stands_for


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("event_id_cnty", " "),
        ("event_type", "\u200b"),
        ("time_precision", "4"),
        ("geo_precision", "0"),
        ("inter1", "9"),
        ("inter2", "Aliens"),
        ("latitude", "90.5"),
        ("longitude", "-181"),
        ("latitude", "34,5"),
        ("longitude", ""),
        ("fatalities", "-1"),
        ("fatalities", "many"),
        ("fatalities", "1e13"),
        ("timestamp", "yesterday"),
        ("timestamp", "1567987200000"),
        ("country", "Afganistan"),
    ],
)
def test_a_cell_that_makes_no_sense_is_refused(column: str, text: str) -> None:
    assert fault_of(**{"iso": "", "iso3": "", column: text}).column == column


@pytest.mark.parametrize(("column", "text"), [("iso", "891"), ("iso3", "AFX"), ("gwno", "1")])
def test_a_code_that_is_no_countrys_of_today_is_refused(column: str, text: str) -> None:
    assert fault_of(**{"country": "", "iso": "", "iso3": "", column: text}).column == column


def test_a_country_that_is_not_known_is_refused_with_the_nearest() -> None:
    assert "Afghanistan" in fault_of(country="Afganistan", iso="", iso3="").reason


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"country": "Ivory Coast"}, "CIV"),
        ({"country": "Kosovo", "iso": "0"}, "XKX"),
        ({"country": "Democratic Republic of Congo", "iso": "180"}, "COD"),
        ({"country": "Lan der Erfindung", "iso": "4"}, "AFG"),
        ({"country": "", "iso": "004"}, "AFG"),
        ({"country": "", "iso3": "AFG"}, "AFG"),
        ({"country": "", "gwno": "501"}, "KEN"),
        ({"country": ""}, None),
        ({"country": "Akrotiri and Dhekelia"}, None),
    ],
)
def test_a_country_is_found_by_its_name_or_a_code(cells: dict[str, str], code: str | None) -> None:
    assert place_of(**{"iso": "", "iso3": ""} | cells).country == code


def test_what_iso_does_not_know_is_kept_in_words() -> None:
    cells = {"iso": "", "iso3": "", "country": "Akrotiri and Dhekelia"}

    assert place_of(**cells).description == "Akrotiri and Dhekelia"


def test_a_place_is_called_by_the_smallest_area_that_has_a_name() -> None:
    assert place_of(location="").name == "Kunduz"
    nowhere = dict.fromkeys(("location", "admin1", "admin2", "admin3"), "")
    assert place_of(**nowhere).name == "Afghanistan"
    assert account_of(**nowhere, country="").place is None


def test_the_dead_are_counted_once_and_none_are_none() -> None:
    assert account_of(fatalities="0").figures == (Figure(measure="killed", best=0),)
    assert account_of(fatalities="7.0").figures == (Figure(measure="killed", best=7),)
    assert account_of(fatalities="").figures == ()


def test_an_event_type_that_is_not_known_is_other_and_keeps_its_name() -> None:
    new = account_of(event_type="Cyber operations", sub_event_type="Intrusion")
    assert new.type is IncidentType.OTHER
    assert [code.code for code in new.codes][:2] == ["Cyber operations", "Intrusion"]
    assert account_of(sub_event_type="Skirmish at sea").type is IncidentType.FIGHTING
    assert account_of(sub_event_type="").title.startswith("Battles, Sampleabad: ")


@pytest.mark.parametrize(
    ("name", "number", "kind", "state"),
    [
        ("Military Forces of Afghanistan (2004-2021)", 1, STATE, "AFG"),
        ("Military Forces of Afghanistan (2004-2021) Border Police", 1, STATE, "AFG"),
        ("Police Forces of the United States (2021-2025)", 1, STATE, "USA"),
        ("Military Forces of France (2017-)", 8, STATE, "FRA"),
        ("Military Forces of Kenya (2022-)", None, STATE, "KEN"),
        ("Government of Chad (1990-2021)", None, STATE, "TCD"),
        ("Military Forces of Ruritania (1894-)", 1, STATE, None),
        ("Military Forces of Ruritania (1894-)", None, ORGANISATION, None),
        ("Former Military Forces of Afghanistan (2004-2021)", None, ORGANISATION, None),
        ("Mutiny of Sample Guards (Chad)", 1, STATE, None),
        ("Taliban", 2, ARMED_GROUP, None),
        ("Sample Party", 3, ARMED_GROUP, None),
        ("Sample Communal Group", 4, ARMED_GROUP, None),
        ("Unidentified Armed Group (Kenya)", None, ARMED_GROUP, None),
        ("Rioters (Kenya)", 5, ORGANISATION, None),
        ("Protesters (Kenya)", 6, ORGANISATION, None),
        ("Civilians (Kenya)", 7, ORGANISATION, None),
        ("Civilians (Kenya)", None, ORGANISATION, None),
        ("UN: United Nations", 8, ORGANISATION, None),
    ],
)
def test_an_actor_is_what_its_type_and_its_name_say(
    name: str, number: int | None, kind: ActorKind, state: str | None
) -> None:
    assert actor_of(name, number) == NamedActor("acled", name, name, kind, state)


@pytest.mark.parametrize("number", TYPES)
def test_types_of_actors_are_numbers_or_words(number: int) -> None:
    assert type_number(str(number)) == type_number(f" {TYPES[number].upper()} ") == number
    assert type_number(f"{number}.0") == number
    assert type_number("0") is None


def test_an_actor_is_on_a_side_once_and_may_be_on_both() -> None:
    others = "Taliban; ; Military Forces of Afghanistan (2004-2021);"
    one = told(CLASH, assoc_actor_1=others, assoc_actor_2="Taliban")

    assert [(actor.name, actor.kind, role) for actor, role in one.participants] == [
        ("Military Forces of Afghanistan (2004-2021)", STATE, SIDE_A),
        ("Taliban", ORGANISATION, SIDE_A),
        ("Taliban", ARMED_GROUP, SIDE_B),
    ]


def test_lists_without_an_end_are_refused() -> None:
    assert fault_of(assoc_actor_2=";x" * 600).column == "assoc_actor_2"
    assert fault_of(source=";x" * 300).column == "source"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1747699200", "2025-05-20"),
        ("1747785599", "2025-05-20"),
        ("1747699200.0", "2025-05-20"),
        ("2025-05-20 23:59:59", "2025-05-20"),
        ("", None),
    ],
)
def test_an_account_is_published_on_the_day_of_the_last_edit(text: str, day: str | None) -> None:
    assert told(CLASH, timestamp=text).published == day


def test_the_deleted_list_takes_events_back() -> None:
    assert [DELETED.tell(cells) for cells in rows("deleted.csv", DELETED)] == [
        TakenBack("AFG99902", "ACLED has deleted the event.", "2025-05-22"),
        TakenBack("ECU99903", "ACLED has deleted the event.", "2025-05-23"),
    ]


@pytest.mark.parametrize("column", ["event_id_cnty", "deleted_timestamp"])
def test_a_deleted_row_needs_an_id_and_a_time_that_is_one(column: str) -> None:
    cells = {"event_id_cnty": "AFG99902", "deleted_timestamp": "1747872000"}
    with pytest.raises(BadRow) as bad:
        DELETED.tell(cells | {column: "\u200b"})

    assert bad.value.column == column


def test_the_dataset_says_that_its_rows_are_not_to_be_passed_on() -> None:
    assert FORMAT.dataset is DELETED.dataset
    assert FORMAT.dataset.license is not None
    assert "not to be redistributed" in FORMAT.dataset.license


ODD = [" ", "\u200b", "\u3164", "\xa0", "\x00", "\x85", "-0", "1e400", "nan", "٣", "²", "--", ";"]
ODD += [
    "0",
    "-1",
    "4",
    "99999999999",
    "0025-01-01",
    "01/01/2100",
    "x" * 30_000,
    "a\r\nb",
    "\u3164;x",
]
ANY_TEXT = st.sampled_from(ODD) | st.text(max_size=40)
INVENTED = [*OLD, *MIDDLE, *NEW]


def rows_with_anything_in_them(form: Format, whole: list[dict[str, str]]):
    """Rows with some cells of other rows, and some of anything."""
    columns = sorted(form.columns)
    cell = st.sampled_from(columns).flatmap(
        lambda column: st.tuples(
            st.just(column), ANY_TEXT | st.sampled_from([cells[column] for cells in whole])
        )
    )
    changed = st.lists(cell, max_size=6).map(dict)
    anything = st.fixed_dictionaries(dict.fromkeys(columns, ANY_TEXT))
    return st.builds(lambda cells, other: cells | other, st.sampled_from(whole), changed) | anything


def told_or_bad(form: Format, cells: dict[str, str]) -> Telling | BadRow:
    try:
        return form.tell(cells)
    except BadRow as bad:
        return bad


@given(rows_with_anything_in_them(FORMAT, INVENTED))
def test_a_row_is_told_or_bad_whatever_its_cells_hold(cells: dict[str, str]) -> None:
    one = told_or_bad(FORMAT, cells)
    if isinstance(one, BadRow):
        assert one.column in FORMAT.columns
        return
    assert isinstance(one, Told)
    account = ACCOUNT.validate_python({**one.account, "participants": []})
    assert not list(faults_of_account(account, set()))
    assert len(one.participants) <= 1_000
    TypeAdapter(Origin).validate_python({"dataset": "acled", "key": one.key})
    if one.published is not None:
        TypeAdapter(PublicationDate).validate_python(one.published)
    for actor, _ in one.participants:
        TypeAdapter(ExternalId).validate_python({"scheme": actor.scheme, "id": actor.id})
        TypeAdapter(ActorName).validate_python({"text": actor.name})


@given(rows_with_anything_in_them(DELETED, rows("deleted.csv", DELETED)))
def test_a_deleted_row_is_told_or_bad_whatever_its_cells_hold(cells: dict[str, str]) -> None:
    back = told_or_bad(DELETED, cells)
    if isinstance(back, BadRow):
        assert back.column in DELETED.columns
        return
    assert isinstance(back, TakenBack)
    TypeAdapter(Origin).validate_python({"dataset": "acled", "key": back.incident})
    if back.published is not None:
        TypeAdapter(PublicationDate).validate_python(back.published)
