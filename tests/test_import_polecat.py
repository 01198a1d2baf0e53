"""POLECAT's rows, all of them invented, in its layout; and anything else in any cell."""

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.checks import faults_of_account
from domain.text import Line, PublicationDate
from domain.values import Account, ForeignCode, InvolvedCountry
from domain.vocabulary import ActorKind, CountryRole, IncidentType, ParticipantRole
from service.imports.format import BadRow, NamedActor, Told
from service.imports.formats.polecat import COLUMNS, POLECAT
from service.imports.reading.files import open_file
from service.imports.reading.headers import plain
from service.imports.reading.rows import open_rows

ACCOUNT = TypeAdapter(Account)

# An invented row.
ROW = dict.fromkeys(COLUMNS, "None") | {
    "Event ID": "20220301-0001-00000000abcd_ASSAULT_F",
    "Event Date": "2022-02-28",
    "Event Type": "ASSAULT",
    "Event Mode": "firearms",
    "Intensity": "-9.0",
    "Quad Code": "MATERIAL CONFLICT",
    "Contexts": "military; territory",
    "Actor Name": "Invented Front",
    "Actor Country": "Kenya",
    "Actor COW": "501",
    "Primary Actor Sector": "REB",
    "Actor Sectors": "REB",
    "Recipient Country": "KEN",
    "Primary Recipient Sector": "COP",
    "Recipient Sectors": "COP|GOV",
    "Recipient Name Raw": "two policemen",
    "Placename": "Marsabit",
    "City": "Marsabit",
    "District": "Saku",
    "Province": "Marsabit County",
    "Country": "KEN",
    "Latitude": "2.33468",
    "Longitude": "37.99086",
    "GeoNames ID": "187585",
    "Raw Placename": "near Marsabit",
    "Feature Type": "PPLA",
    "Source": "The Invented Post",
    "Publication Date": "2022-03-01",
    "Language": "en",
    "Version": "NGEC_coder-Vers001",
}


def tell(**cells: str) -> Told:
    told = POLECAT.tell(ROW | {name.replace("_", " "): cell for name, cell in cells.items()})
    assert isinstance(told, Told)
    return told


def account(**cells: str) -> Account:
    return ACCOUNT.validate_python({**tell(**cells).account, "participants": ()})


def fault(**cells: str) -> tuple[str | None, str]:
    with pytest.raises(BadRow) as bad:
        tell(**cells)
    return bad.value.column, bad.value.reason


def actor(**cells: str) -> NamedActor:
    return tell(**cells).participants[0][0]


def test_a_row_in_full():
    told = tell()
    assert told.incident == told.key == "20220301-0001-00000000abcd_ASSAULT_F"
    assert told.published == "2022-03-01"
    assert told.participants == (
        (NamedActor("polecat", "Invented Front", "Invented Front"), ParticipantRole.INITIATOR),
        (
            NamedActor("polecat", "KEN COP", "Police (Kenya)", ActorKind.STATE, "KEN"),
            ParticipantRole.TARGET,
        ),
    )
    assert ACCOUNT.dump_python(account(), mode="json", exclude_defaults=True) == {
        "title": "Assault (firearms): Invented Front → Police (Kenya), Marsabit",
        "type": "attack",
        "occurred": "2022-02-28",
        "source": {"name": "The Invented Post", "via": "POLECAT"},
        "place": {
            "name": "Marsabit",
            "country": "KEN",
            "admin1": "Marsabit County",
            "admin2": "Saku",
            "latitude": 2.33468,
            "longitude": 37.99086,
            "precision": "exact",
        },
        "codes": [
            {"scheme": "plover", "code": "ASSAULT"},
            {"scheme": "plover-mode", "code": "firearms"},
            {"scheme": "plover-quad", "code": "MATERIAL CONFLICT"},
            {"scheme": "geonames", "code": "187585"},
            {"scheme": "plover-intensity", "code": "-9"},
            {"scheme": "plover-context", "code": "military"},
            {"scheme": "plover-context", "code": "territory"},
        ],
    }


def test_none_is_missing_everywhere():
    bare = dict.fromkeys(COLUMNS, "None") | {
        name: ROW[name] for name in ("Event ID", "Event Date", "Event Type")
    }
    told = POLECAT.tell(bare)
    assert isinstance(told, Told)
    assert (told.participants, told.published) == ((), None)
    assert ACCOUNT.dump_python(
        ACCOUNT.validate_python(told.account), mode="json", exclude_defaults=True
    ) == {
        "title": "Assault",
        "type": "attack",
        "occurred": "2022-02-28",
        "source": {"name": "POLECAT", "via": "POLECAT"},
        "codes": [{"scheme": "plover", "code": "ASSAULT"}],
    }
    assert POLECAT.tell(dict.fromkeys(COLUMNS, "") | {k: ROW[k] for k in list(bare)[:3]}) == told


@pytest.mark.parametrize(
    ("event_type", "type_"),
    [("PROTEST", IncidentType.PROTEST), ("retreat", IncidentType.WITHDRAWAL)],
)
def test_types(event_type, type_):
    assert account(Event_Type=event_type).type is type_


def test_a_type_that_plover_lacks_is_refused():
    assert fault(Event_Type="ATTACK") == ("Event Type", "plover has no code 'ATTACK'")
    assert fault(Event_Type="None")[0] == "Event Type"


def test_several_actors_have_each_their_country_and_sector():
    told = tell(
        Actor_Name="Army of Kenya; Invented Party;Somalia",
        Actor_Country="KEN; UGA; Somalia",
        Primary_Actor_Sector="MIL; PTY; GOV",
        Actor_Sectors="MIL; PTY|GOV; GOV",
    )
    actors = [each for each, role in told.participants if role is ParticipantRole.INITIATOR]
    assert [(each.name, each.kind, each.state) for each in actors] == [
        ("Army of Kenya", ActorKind.STATE, "KEN"),
        ("Invented Party", ActorKind.ORGANISATION, None),
        ("Somalia", ActorKind.STATE, "SOM"),
    ]


def test_lists_of_different_lengths_give_nobody_a_country():
    lists = {"Actor_Name": "Army; Navy; Rebels", "Actor_Country": "KEN; UGA"}
    told = tell(**lists, Primary_Actor_Sector="MIL; MIL; MIL")
    assert [each.state for each, _ in told.participants[:3]] == [None, None, None]


def test_an_official_acts_for_the_state_in_this_event_only():
    official = {
        "Actor_Name": "Jane Invented",
        "Actor_Country": "KEN",
        "Primary_Actor_Sector": "GOV",
        "Actor_Sectors": "GOV",
    }
    for more in ({"Actor_Title": "Minister of Examples"}, {"Story_People": "Doe; Invented"}):
        who = actor(**official, **more)
        assert (who.kind, who.state) == (ActorKind.PERSON, None)
        assert account(**official, **more).countries == (
            InvolvedCountry(code="KEN", role=CountryRole.ACTOR),
        )
    former = official | {"Primary_Actor_Sector": "ELI", "Actor_Title": "Former minister"}
    assert account(**former).countries == ()
    assert actor(**official).state == "KEN"


def test_a_breakaway_is_not_the_state_that_claims_it():
    who = actor(
        Actor_Name="Invented Republic", Actor_Country="Georgia",
        Primary_Actor_Sector="GOV", Actor_Sectors="GOV|PRE",
    )  # fmt: skip
    assert (who.kind, who.state) == (ActorKind.ORGANISATION, None)


@pytest.mark.parametrize("body", ["UNO", "United Nations", "NGO", "IMG", "KEN|UGA"])
def test_bodies_across_countries_have_no_state(body):
    assert actor(Actor_Country=body, Primary_Actor_Sector="GOV").state is None


def test_kosovo_has_a_code_of_its_own_in_plover():
    assert actor(Actor_Country="KOS", Primary_Actor_Sector="GOV").state == "XKX"


@pytest.mark.parametrize(
    ("feature", "precision"),
    [("PPL", "exact"), ("ADM1", "admin1"), ("ADM2", "admin2"), ("PCLI", "country"), ("None", None)],
)
def test_the_precision_of_a_place(feature, precision):
    place = account(Feature_Type=feature).place
    assert place is not None
    assert place.precision == precision


def test_what_cannot_be_understood_is_refused_with_its_column():
    assert fault(Event_Date="28/02/2022")[0] == "Event Date"
    assert fault(Publication_Date="soon")[0] == "Publication Date"
    assert fault(Latitude="92")[0] == "Latitude"
    assert fault(Latitude="nan")[0] == "Latitude"
    assert fault(Longitude="None")[0] == "Longitude"
    assert fault(Country="Narnia")[0] == "Country"
    assert fault(Recipient_Country="Narnia")[0] == "Recipient Country"
    assert fault(Intensity="high")[0] == "Intensity"
    assert fault(Event_ID="None") == ("Event ID", "it is empty")


def test_the_spelling_of_a_number_is_no_substance():
    assert tell(Intensity="-9", Latitude="2.3346800").account == tell().account


def test_columns_are_those_of_the_files():
    assert len(POLECAT.columns) == 40
    assert POLECAT.columns["Intensity"] == ("Event Intensity",)
    assert POLECAT.required <= set(map(str, POLECAT.columns))
    names = {plain(name) for name in (*POLECAT.columns, "Event Intensity")}
    assert len(names) == 41
    assert POLECAT.dataset.license is not None


def test_codes_of_another_scheme_stay_text():
    assert ForeignCode(scheme="geonames", code="0187585") in account(GeoNames_ID="0187585").codes


HARD = st.sampled_from(
    ["None", "", ";", "; ;", "A; B", "KEN|UGA", "2022-02-28", "ASSAULT", "GOV", "PRE", "90", "1e400",
     "\u200b", "\ufeff", "\x00", "\u3164", "nan", "-0", "KEN", "NA", "military; |,", "PPL"]
)  # fmt: skip
LONG = st.builds(str.__mul__, st.text(min_size=1, max_size=3), st.integers(120, 520))
CELL = st.one_of(HARD, st.text(max_size=20), LONG)


@given(st.dictionaries(st.sampled_from(COLUMNS), CELL))
def test_a_row_is_an_account_or_refused_whatever_its_cells_hold(changes):
    refused = None
    try:
        told = POLECAT.tell(ROW | changes)
    except BadRow as bad:
        refused = bad
    if refused is None:
        assert_acceptable(told)
    else:
        assert refused.column in COLUMNS


def assert_acceptable(told: Any) -> None:
    assert isinstance(told, Told)
    validated = ACCOUNT.validate_python({**told.account, "participants": []})
    assert list(faults_of_account(validated, ())) == []
    line = TypeAdapter(Line)
    for text in (told.key, *(text for who, _ in told.participants for text in (who.id, who.name))):
        line.validate_python(text)
    if told.published is not None:
        TypeAdapter(PublicationDate).validate_python(told.published)
    assert pickle.loads(pickle.dumps(told)) == told


@pytest.mark.parametrize("at", [0, 7, 40])
def test_a_headline_named_in_the_header_need_not_be_in_the_rows(at, tmp_path):
    names = [*COLUMNS[:at], "Headline", *COLUMNS[at:]]
    short = [ROW[name] for name in COLUMNS]
    whole = [*short[:at], "A headline", *short[at:]]
    file = tmp_path / "polecat.tsv"
    file.write_text("".join("\t".join(row) + "\n" for row in (names, short, whole)))
    with open_file(str(file)) as source:
        rows = list(open_rows(next(source.streams()), (POLECAT,)))
    assert [row.cells for row in rows] == [ROW, ROW]
