"""ICEWS's rows, all of them invented, in its layouts; and anything else in any cell."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.checks import faults_of_account
from domain.text import Line
from domain.values import Account, InvolvedCountry
from domain.vocabulary import ActorKind, CountryRole, IncidentType, ParticipantRole
from service.imports.format import BadRow, NamedActor, Told
from service.imports.formats.icews import COLUMNS, ICEWS

ACCOUNT = TypeAdapter(Account)

# An invented row.
ROW = dict(
    zip(
        COLUMNS,
        [
            "90000001",
            "2018-06-01",
            "Police (Kenya)",
            "Government,Police",
            "Kenya",
            "Arrest, detain, or charge with legal action",
            "173",
            "-5.0",
            "Jane Invented",
            "Parties,(National) Major Party",
            "Kenya",
            "80000001",
            "3",
            "The Invented Post",
            "Kisumu",
            "NA",
            "Kisumu County",
            "Kenya",
            "-0.10221",
            "34.76171",
        ],
        strict=True,
    )
)


def tell(**cells: str) -> Told:
    told = ICEWS.tell(ROW | {name.replace("_", " "): cell for name, cell in cells.items()})
    assert isinstance(told, Told)
    return told


def account(**cells: str) -> Account:
    return ACCOUNT.validate_python({**tell(**cells).account, "participants": ()})


def fault(**cells: str) -> tuple[str | None, str]:
    with pytest.raises(BadRow) as bad:
        tell(**cells)
    return bad.value.column, bad.value.reason


def source(name: str, sectors: str, country: str) -> NamedActor:
    told = tell(Source_Name=name, Source_Sectors=sectors, Source_Country=country)
    return told.participants[0][0]


def test_a_row_in_full():
    told = tell()
    assert told.incident == told.key == "90000001-2018-06-01"
    assert told.published is None
    assert told.participants == (
        (
            NamedActor("icews", "Police (Kenya)", "Police (Kenya)", ActorKind.STATE, "KEN"),
            ParticipantRole.INITIATOR,
        ),
        (
            NamedActor("icews", "Jane Invented", "Jane Invented", ActorKind.ORGANISATION),
            ParticipantRole.TARGET,
        ),
    )
    assert ACCOUNT.dump_python(account(), mode="json", exclude_defaults=True) == {
        "title": "Arrest, detain, or charge with legal action: Police (Kenya) → Jane Invented, Kisumu",
        "type": "detention",
        "occurred": "2018-06-01",
        "source": {"name": "The Invented Post", "via": "ICEWS"},
        "place": {
            "name": "Kisumu",
            "country": "KEN",
            "admin1": "Kisumu County",
            "latitude": -0.10221,
            "longitude": 34.76171,
            "precision": "exact",
        },
        "codes": [
            {
                "scheme": "cameo",
                "code": "173",
                "label": "Arrest, detain, or charge with legal action",
            },
            {"scheme": "icews-intensity", "code": "-5"},
            {"scheme": "icews-story", "code": "80000001"},
        ],
    }


def test_na_is_missing_everywhere():
    bare = dict.fromkeys(COLUMNS, "NA") | {
        name: ROW[name] for name in ("Event ID", "Event Date", "CAMEO Code")
    }
    told = ICEWS.tell(bare)
    assert isinstance(told, Told)
    assert told.participants == ()
    assert ACCOUNT.dump_python(
        ACCOUNT.validate_python(told.account), mode="json", exclude_defaults=True
    ) == {
        "title": "173",
        "type": "detention",
        "occurred": "2018-06-01",
        "source": {"name": "ICEWS", "via": "ICEWS"},
        "codes": [{"scheme": "cameo", "code": "173"}],
    }


def test_an_id_occurs_again_on_another_day():
    assert tell(Event_Date="2018-06-02").key == "90000001-2018-06-02"


def test_codes_are_text():
    statement = account(CAMEO_Code="010", Event_Text="Make statement")
    demand = account(CAMEO_Code="10", Event_Text="Something")
    assert (statement.type, demand.type) == (IncidentType.STATEMENT, IncidentType.APPEAL)
    assert (statement.codes[0].code, demand.codes[0].code) == ("010", "10")


@pytest.mark.parametrize(
    ("text", "code", "type_"),
    [
        ("Make statement", "010", IncidentType.STATEMENT),
        ("Consult", "040", IncidentType.MEETING),
        ("Use conventional military force", "190", IncidentType.FIGHTING),
        ("fight with small arms and light weapons", "193", IncidentType.FIGHTING),
        ("Demand mediation", "108", IncidentType.APPEAL),
        ("Threaten with repression", "137", IncidentType.THREAT),
        ("Appeal for diplomatic cooperation (such as policy support)", "022", IncidentType.APPEAL),
    ],
)
def test_without_codes_the_text_names_the_code(text, code, type_):
    told = account(CAMEO_Code="", Event_Text=text)
    assert (told.codes[0].code, told.type) == (code, type_)
    assert told == account(CAMEO_Code=code, Event_Text=text)


def test_a_code_that_is_none_gives_way_to_the_text():
    assert account(CAMEO_Code="13y", Event_Text="Threaten with repression").codes[0].code == "137"
    assert fault(CAMEO_Code="13y", Event_Text="Threaten somehow")[0] == "CAMEO Code"
    column, reason = fault(CAMEO_Code="", Event_Text="Threaten somehow")
    assert (column, reason[:22]) == ("Event Text", "there is no CAMEO code")


def test_codes_that_lost_their_zeros_are_refused():
    column, reason = fault(CAMEO_Code="10", Event_Text="Make statement")
    assert column == "CAMEO Code"
    assert reason.startswith("'10' has lost its zeros: 'Make statement' is '010'")
    assert fault(CAMEO_Code="211", Event_Text="Appeal for economic cooperation")[0] == "CAMEO Code"


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2018-06-01", "2018-06-01"),
        ("2018-06-01T00:00:00", "2018-06-01"),
        ("6/1/2017", "2017-06-01"),
        ("12/31/2017", "2017-12-31"),
    ],
)
def test_days(cell, day):
    assert tell(Event_Date=cell).account["occurred"] == day


@pytest.mark.parametrize(
    "cell", ["31/12/2017", "01.06.2017", "1-6-2017", "2018-02-30", "6/1/17", "NA", "2018-W01-1"]
)
def test_days_that_are_none_or_two(cell):
    assert fault(Event_Date=cell)[0] == "Event Date"


def test_who_carries_the_country_in_the_name_is_its_state_for_good():
    for name in ("Military (Kenya)", "Kenya"):
        who = source(name, "Government,Military" if "(" in name else "NA", "Kenya")
        assert (who.kind, who.state) == (ActorKind.STATE, "KEN")
    assert source("Russia", "NA", "Russian Federation").state == "RUS"
    assert source("Citizen (Kenya)", "Social", "Kenya").state is None
    assert source("Militant (Kenya)", "Unidentified Forces", "Kenya").kind is ActorKind.ARMED_GROUP


def test_an_official_acts_for_the_state_in_this_event_only():
    official = {"Source_Name": "Joe Invented", "Source_Sectors": '"Executive,Government"'}
    assert source(*official.values(), "Andorra").state is None
    assert account(**official, Source_Country="Andorra").countries == (
        InvolvedCountry(code="AND", role=CountryRole.ACTOR),
    )
    assert account(Source_Name="Joe Invented", Source_Sectors="Elite").countries == ()


def test_bodies_between_states_are_no_state():
    who = source("Joe Invented", "International Government Organization,Government", "Kenya")
    assert (who.kind, who.state) == (ActorKind.ORGANISATION, None)


def test_nobody_is_not_an_actor():
    told = tell(Target_Name="Unspecified Actor", Target_Sectors="Unspecified", Target_Country="NA")
    assert len(told.participants) == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [("Bavaria", "DEU"), ("Aeolian Islands", "ITA"), ("Cook Island", "COK"), ("Bonaire", "BES"),
     ("the former Yugoslav Republic of Macedonia", "MKD"), ("Moldova, Republic of", "MDA"),
     ("Occupied Palestinian Territory", "PSE")],
)  # fmt: skip
def test_countries_as_icews_calls_them(name, code):
    place = account(Country=name).place
    assert place is not None
    assert place.country == code


@pytest.mark.parametrize(
    ("missing", "name", "precision"),
    [
        ("", "Kisumu", "exact"),
        ("City", "Kisumu East", "admin2"),
        ("City District", "Kisumu County", "admin1"),
        ("City District Province", "Kenya", "country"),
    ],
)
def test_a_place_is_as_exact_as_its_finest_name(missing, name, precision):
    cells = {"District": "Kisumu East"} | dict.fromkeys(missing.split(), "NA")
    place = account(**cells).place
    assert place is not None
    assert (place.name, place.precision) == (name, precision)


def test_what_cannot_be_understood_is_refused_with_its_column():
    assert fault(Latitude="-91")[0] == "Latitude"
    assert fault(Longitude="NA")[0] == "Longitude"
    assert fault(Country="Narnia")[0] == "Country"
    assert fault(Target_Country="Narnia")[0] == "Target Country"
    assert fault(Intensity="low")[0] == "Intensity"
    assert fault(Event_ID="NA") == ("Event ID", "it is empty")


def test_columns_are_those_of_the_files():
    assert len(ICEWS.columns) == 20
    assert "CAMEO Code" not in ICEWS.required
    assert "Research" in (ICEWS.dataset.license or "")


HARD = st.sampled_from([
    "NA", "", "2018-06-01", "6/1/2017", "010", "10", "Make statement", "Kenya", "Police (Kenya)",
    "(Kenya)", "Government", "90", "1e400", "nan", "\u200b", "\ufeff", "\x00", "\u3164", "-0", "13y",
    "x (y) (Kenya)",
])  # fmt: skip
LONG = st.builds(str.__mul__, st.text(min_size=1, max_size=3), st.integers(120, 520))
CELL = st.one_of(HARD, st.text(max_size=20), LONG)


@given(st.dictionaries(st.sampled_from(COLUMNS), CELL))
def test_a_row_is_an_account_or_refused_whatever_its_cells_hold(changes):
    refused = None
    try:
        told = ICEWS.tell(ROW | changes)
    except BadRow as bad:
        refused = bad
    if refused is not None:
        assert refused.column in COLUMNS
        return
    assert isinstance(told, Told)
    validated = ACCOUNT.validate_python({**told.account, "participants": []})
    assert list(faults_of_account(validated, ())) == []
    line = TypeAdapter(Line)
    for text in (told.key, *(text for who, _ in told.participants for text in (who.id, who.name))):
        line.validate_python(text)
    assert pickle.loads(pickle.dumps(told)) == told
