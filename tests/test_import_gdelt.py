"""GDELT's rows: the real ones of ``data/gdelt``, those made from them, and anything else in any cell."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.text import PublicationDate
from domain.values import Account, ActorName, ExternalId, ForeignCode, Origin, Place, Source
from domain.vocabulary import ActorKind, IncidentType, ParticipantRole
from service.imports.format import BadRow, Format, NamedActor, Telling, Told, ToldMore
from service.imports.formats.gdelt import FORMAT, FORMATS
from service.imports.formats.gdelt_cameo import actor_of, event_of
from service.imports.formats.gdelt_mentions import MENTIONS

DATA = Path(__file__).parent / "data" / "gdelt"
EVENTS = (
    "gdelt1_events_1979_to_2020_57-58col.tsv",
    "gdelt2_events_2015-02-18_2020-03-18_61col.tsv",
)

ACCOUNT = TypeAdapter(Account)
SOURCE = TypeAdapter(Source)


def rows(name: str) -> list[tuple[str, ...]]:
    lines = (DATA / name).read_text(encoding="utf-8").split("\n")
    return [tuple(line.split("\t")) for line in lines if line]


def cells_of(row: tuple[str, ...], form: Format = FORMAT) -> dict[str, str]:
    by_column = dict(zip(form.layouts[len(row)], row, strict=True))
    return {column: by_column.get(column, "") for column in form.columns}


REAL = [row for name in EVENTS for row in rows(name)]
MENTIONED = rows("gdelt2_mentions_16col.tsv")
BY_ID = {row[0]: row for row in REAL}


def told(cells: dict[str, str]) -> Told:
    told = FORMAT.tell(cells)
    assert isinstance(told, Told)
    return told


def edited(event: str, **cells: str) -> dict[str, str]:
    return cells_of(BY_ID[event]) | cells


def account_of(**cells: str) -> Account:
    """The account of a real row, an article on Zimbabwe's army, with other cells."""
    return ACCOUNT.validate_python(told(edited(ARMY, **cells)).account)


def codes_of(**cells: str) -> dict[str, tuple[str, str | None]]:
    return {each.scheme: (each.code, each.label) for each in account_of(**cells).codes}


ARMY = next(row[0] for row in REAL if row[5] == "ZWEMIL")
PLACED = {
    "ActionGeo_Type": "4",
    "ActionGeo_FullName": "Kunduz, Kunduz, Afghanistan",
    "ActionGeo_CountryCode": "AF",
    "ActionGeo_ADM1Code": "AF24",
    "ActionGeo_Lat": "36.729",
    "ActionGeo_Long": "68.857",
}


def place_of(**cells: str) -> Place:
    place = account_of(**PLACED | cells).place
    assert place is not None
    return place


def test_every_real_row_is_told() -> None:
    widths = Counter(len(row) for row in REAL)
    for row in REAL:
        one = told(cells_of(row))
        account = ACCOUNT.validate_python(one.account)
        assert one.incident == one.key == row[0]
        assert account.type is not None
        assert one.published is not None
    assert widths == {57: 40, 58: 60, 61: 100}


def test_a_row_in_full() -> None:
    one = told(cells_of(BY_ID["410412348"]))

    assert one.published == "2015-02-18"
    assert one.participants == (
        (
            NamedActor("cameo", "IND", "India", ActorKind.STATE, "IND"),
            ParticipantRole.TARGET,
        ),
    )
    address = (
        "http://timesofindia.indiatimes.com/city/bengaluru/Feline-beauties-to-strut-their-stuff/"
        "articleshow/46292006.cms"
    )
    assert ACCOUNT.validate_python(one.account) == Account(
        title="Make a visit – Mumbai: Bengaluru",
        type=IncidentType.MEETING,
        occurred="2014-02-18?",
        source=Source(name="timesofindia.indiatimes.com", via="GDELT", url=address),
        place=Place(
            name="Bengaluru",
            country="IND",
            admin1="Karnataka",
            latitude=12.9833,
            longitude=77.5833,
            precision="near",
        ),
        codes=(
            ForeignCode(scheme="cameo", code="042", label="Make a visit"),
            ForeignCode(scheme="gdelt-quad", code="1", label="Verbal cooperation"),
            ForeignCode(scheme="gdelt-goldstein", code="1.9"),
            ForeignCode(scheme="fips", code="IN19"),
        ),
    )


def test_the_first_actor_does_it_and_the_second_has_it_done_to_them() -> None:
    one = told(edited(ARMY, Actor1Code="AFGINSTAL", Actor2Code=" AFGGOV"))

    assert one.participants == (
        (actor_of("AFGINSTAL"), ParticipantRole.INITIATOR),
        (actor_of("AFGGOV"), ParticipantRole.TARGET),
    )


def test_a_row_may_name_nobody() -> None:
    one = told(edited(ARMY, Actor1Code="", Actor2Code=" ", Actor1Name="", Actor2Name=""))

    assert one.participants == ()
    assert ACCOUNT.validate_python(one.account).title


@pytest.mark.parametrize(
    ("code", "name", "kind", "state"),
    [
        ("AFG", "Afghanistan", ActorKind.STATE, "AFG"),
        ("AFGGOV", "Afghanistan: Government", ActorKind.STATE, "AFG"),
        ("ROMMIL", "Romania: Military", ActorKind.STATE, "ROU"),
        ("TWNLEG", "Taiwan: Legislature", ActorKind.STATE, "TWN"),
        ("SCGSRB", "Serbia and Montenegro: Serbia", ActorKind.STATE, "SRB"),
        ("SSDGOV", "South Sudan: Government", ActorKind.STATE, "SSD"),
        ("WSBGOV", "West Bank: Government", ActorKind.STATE, "PSE"),
        ("AFGINSTAL", "Afghanistan: Insurgents, Taliban", ActorKind.ARMED_GROUP, None),
        ("TAL", "Taliban", ActorKind.ARMED_GROUP, None),
        ("UAF", "Unaligned Armed Forces", ActorKind.ARMED_GROUP, None),
        ("GOV", "Government", ActorKind.ORGANISATION, None),
        ("AFR", "Africa", ActorKind.ORGANISATION, None),
        ("AFRGOV", "Africa: Government", ActorKind.ORGANISATION, None),
        ("ZAFCVL", "South Africa: Civilian", ActorKind.ORGANISATION, None),
        (
            "MNCUSAMED",
            "Multinational Corporation: United States, Media",
            ActorKind.ORGANISATION,
            None,
        ),
        ("JPNSHN", "Japan: Old Shinto School", ActorKind.ORGANISATION, None),
        ("GMW", "GMW", ActorKind.ORGANISATION, None),
    ],
)
def test_the_parts_of_a_code_say_what_an_actor_is(
    code: str, name: str, kind: ActorKind, state: str | None
) -> None:
    assert actor_of(code) == NamedActor("cameo", code, name, kind, state)


def test_marathi_is_not_morocco() -> None:
    assert actor_of("mar") == NamedActor("cameo-ethnic", "mar", "Marathi", ActorKind.ORGANISATION)
    assert actor_of("MAR").scheme == "cameo"
    assert actor_of("scoGOV").scheme == "cameo-ethnic"


def test_an_actor_has_one_name_whatever_articles_call_it() -> None:
    named = [told(edited(ARMY, Actor1Name=name)).participants[0] for name in ("HARARE", "ARMY")]

    assert named[0] == named[1]


@pytest.mark.parametrize("code", ["---", "AFGG", "Afg", "AFG GOV", "AFG1", "ÄFG", "AFG" * 11])
def test_what_is_no_actors_code_is_refused(code: str) -> None:
    with pytest.raises(BadRow) as bad:
        FORMAT.tell(edited(ARMY, Actor2Code=code))

    assert bad.value.column == "Actor2Code"


def test_gdelts_own_country_column_agrees_with_what_the_code_says() -> None:
    """It has none where it overlooks one (TWNLEG); where it has one, ours is the same."""
    for row in REAL:
        for first in (5, 15):
            code, country = row[first].strip(), row[first + 2]
            if code and country:
                assert actor_of(code).name.startswith(actor_of(country).name) or code.startswith(
                    ("SCG", "MNC")
                )


def test_codes_are_text() -> None:
    assert codes_of(EventCode="010", EventRootCode="01")["cameo"] == (
        "010",
        "Make statement, not specified below",
    )
    assert codes_of(EventCode="10", EventRootCode="10")["cameo"] == ("10", "Demand")
    assert codes_of(EventCode="1951", EventRootCode="19")["cameo"] == ("1951", None)


@pytest.mark.parametrize(
    ("code", "root"), [("10", "1"), ("40", "4"), ("211", "2"), ("---", ""), ("", ""), ("010", "10")]
)
def test_a_code_that_has_lost_its_zero_is_refused(code: str, root: str) -> None:
    with pytest.raises(BadRow) as bad:
        FORMAT.tell(edited(ARMY, EventCode=code, EventRootCode=root))

    assert bad.value.column == "EventCode"


def test_every_code_in_the_table_of_events_has_a_wording() -> None:
    assert event_of("193").wording == "Fight with small arms and light weapons"
    assert event_of("010").wording == "Make statement"
    assert event_of("183").wording == "Conduct suicide, car, or other non-military bombing"
    assert event_of("1951").wording == "Employ aerial weapons"
    assert event_of("106").wording == "Demand withdrawal"


@pytest.mark.parametrize(
    ("occurred", "added", "edtf"),
    [
        ("20150218", "20150218230000", "2015-02-18"),
        ("20140218", "20150218230000", "2014-02-18?"),
        ("20190319", "20200318104500", "2019-03-19?"),  # 365 days, over a leap day
        ("20190318", "20200318104500", "2019-03-18?"),
        ("20190317", "20200318", "2019-03-17"),
        ("20140219", "20150218", "2014-02-19"),
        ("19790101", "20130203", "1979-01-01"),
        ("20130402", "20130401", "2013-04-02"),
        ("00010101", "", "0001-01-01"),
    ],
)
def test_a_date_a_year_before_it_was_added_is_uncertain(
    occurred: str, added: str, edtf: str
) -> None:
    assert account_of(SQLDATE=occurred, DATEADDED=added).occurred == edtf


@pytest.mark.parametrize("column", ["SQLDATE", "DATEADDED"])
@pytest.mark.parametrize("text", ["20150229", "2015021", "2015-02-18", "201502182300", "20150218x"])
def test_what_is_no_date_is_refused(column: str, text: str) -> None:
    with pytest.raises(BadRow) as bad:
        FORMAT.tell(edited(ARMY, **{column: text}))

    assert bad.value.column == column


def test_without_a_day_of_adding_the_release_dates_the_account() -> None:
    assert told(edited(ARMY, DATEADDED="")).published is None
    with pytest.raises(BadRow):
        FORMAT.tell(edited(ARMY, SQLDATE=""))


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("http://www.example.org/a?b", ("example.org", "http://www.example.org/a?b")),
        (
            "https://News.Example.ORG:8080/a",
            ("news.example.org", "https://News.Example.ORG:8080/a"),
        ),
        ("http://me@example.org/", ("example.org", "http://me@example.org/")),
        ("BBC Monitoring", ("BBC Monitoring", None)),
        ("http://example.org/a b", ("http://example.org/a b", None)),
        ("http:///a/b/c", ("http:///a/b/c", None)),
        ("http://x.org/" + "a" * 2_000, ("http://x.org/" + "a" * 486 + "…", None)),
    ],
)
def test_a_source_is_called_by_its_domain(address: str, source: tuple[str, str | None]) -> None:
    found = account_of(SOURCEURL=address).source

    assert (found.name, found.url) == source
    assert found.via == "GDELT"


@pytest.mark.parametrize("nothing", ["", " ", "\u200b", "\u3164"])
def test_without_an_address_the_source_is_gdelt(nothing: str) -> None:
    assert account_of(SOURCEURL=nothing).source == Source(name="GDELT")


def test_a_place_is_where_the_action_is() -> None:
    assert place_of() == Place(
        name="Kunduz",
        country="AFG",
        admin1="Kunduz",
        latitude=36.729,
        longitude=68.857,
        precision="near",
    )
    assert place_of(ActionGeo_FullName="Hwange, Zimbabwe (general), Zimbabwe").admin1 is None
    assert place_of(ActionGeo_FullName="Hwange, Zimbabwe (general), Zimbabwe").name == "Hwange"


@pytest.mark.parametrize(
    ("kind", "full_name", "name", "admin1", "precision"),
    [
        ("1", "Vietnam, Republic Of", "Vietnam, Republic Of", None, "country"),
        ("2", "Ohio, United States", "Ohio", "Ohio", "admin1"),
        ("5", "Johor, Malaysia", "Johor", "Johor", "admin1"),
        ("3", "Dallas, Texas, United States", "Dallas", "Texas", "near"),
        ("4", "Galashiels, Borders, The, UK", "Galashiels, Borders, The, UK", None, "near"),
        ("2", "\u200b, United States", "\u200b, United States", None, "admin1"),
        ("0", "Somewhere", "Somewhere", None, None),
        ("", "Somewhere", "Somewhere", None, None),
    ],
)
def test_a_full_name_is_divided_where_it_is_plain_how(
    kind: str, full_name: str, name: str, admin1: str | None, precision: str | None
) -> None:
    place = place_of(ActionGeo_Type=kind, ActionGeo_FullName=full_name)

    assert (place.name, place.admin1, place.precision) == (name, admin1, precision)


@pytest.mark.parametrize("fips", ["OC", "XX", "", "af"])
def test_a_country_that_iso_does_not_know_is_left_open(fips: str) -> None:
    cells = PLACED | {"ActionGeo_CountryCode": fips, "ActionGeo_ADM1Code": fips}

    assert place_of(**cells).country is None
    assert place_of(**cells).name == "Kunduz, Kunduz, Afghanistan"
    assert codes_of(**cells).get("fips") == ((fips, None) if fips else None)


def test_nothing_north_and_nothing_east_is_no_place_on_the_map() -> None:
    assert place_of(ActionGeo_Lat="0", ActionGeo_Long="0.0").latitude is None
    assert place_of(ActionGeo_Lat="", ActionGeo_Long="").longitude is None
    assert place_of(ActionGeo_Lat="0", ActionGeo_Long="9").latitude == 0


def test_without_a_name_there_is_no_place() -> None:
    account = account_of(**PLACED | {"ActionGeo_FullName": ""})

    assert account.place is None
    assert codes_of(**PLACED | {"ActionGeo_FullName": ""})["fips"] == ("AF24", None)


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("ActionGeo_Lat", "91"),
        ("ActionGeo_Lat", "-1.5.3"),
        ("ActionGeo_Lat", ""),
        ("ActionGeo_Lat", "nan"),
        ("ActionGeo_Long", "-180.1"),
        ("ActionGeo_Long", ""),
        ("ActionGeo_Type", "7"),
        ("QuadClass", "5"),
        ("GoldsteinScale", "11"),
        ("GoldsteinScale", "high"),
        ("GLOBALEVENTID", ""),
        ("GLOBALEVENTID", "-1"),
        ("GLOBALEVENTID", "1.5"),
        ("GLOBALEVENTID", "9" * 19),
    ],
)
def test_a_cell_that_makes_no_sense_is_refused(column: str, text: str) -> None:
    with pytest.raises(BadRow) as bad:
        FORMAT.tell(edited(ARMY, **PLACED | {column: text}))

    assert bad.value.column == column


def test_1_0_and_2_0_write_the_same_in_two_ways() -> None:
    assert codes_of(GoldsteinScale="7.0") == codes_of(GoldsteinScale="7")
    assert codes_of(GoldsteinScale="-0.0") == codes_of(GoldsteinScale="0")
    assert told(edited(ARMY, GLOBALEVENTID="12.0")).incident == "12"


def test_what_changes_from_day_to_day_is_no_column() -> None:
    assert not {"NumMentions", "NumSources", "NumArticles", "AvgTone"} & set(FORMAT.columns)


def test_a_title_says_who_did_what_to_whom_and_where() -> None:
    cells = PLACED | {
        "Actor1Name": "TALIBAN",
        "EventCode": "193",
        "EventRootCode": "19",
        "Actor2Name": "US MILITARY",
    }

    assert account_of(**cells).title == (
        "Taliban – Fight with small arms and light weapons – US Military: Kunduz"
    )


def test_rows_without_a_header_are_known_by_their_look() -> None:
    assert FORMAT.looks_like is not None
    assert MENTIONS.looks_like is not None
    assert all(FORMAT.looks_like(row) and not MENTIONS.looks_like(row) for row in REAL)
    assert all(MENTIONS.looks_like(row) and not FORMAT.looks_like(row) for row in MENTIONED)
    assert not FORMAT.looks_like(FORMAT.layouts[61])
    assert not MENTIONS.looks_like(MENTIONS.layouts[16])
    assert not FORMAT.looks_like(())


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_layouts_have_every_column(form: Format) -> None:
    for width, layout in form.layouts.items():
        assert len(layout) == len(set(layout)) == width
        assert {*form.columns} - {"SOURCEURL"} <= set(layout)
    assert form.required <= set(form.columns)


def test_every_real_mention_is_told() -> None:
    more = [MENTIONS.tell(cells_of(row, MENTIONS)) for row in MENTIONED]

    assert all(isinstance(each, ToldMore) for each in more)
    assert len({each.key for each in more if isinstance(each, ToldMore)}) == len(MENTIONED)
    for each, row in zip(more, MENTIONED, strict=True):
        assert isinstance(each, ToldMore)
        source = SOURCE.validate_python(each.source)
        assert (each.incident, source.url, source.via) == (row[0], row[5], "GDELT")


def test_a_mention_in_full() -> None:
    more = MENTIONS.tell(cells_of(MENTIONED[0], MENTIONS))

    assert isinstance(more, ToldMore)
    assert more.incident == "410412347"
    assert more.key == "410412347:1f4479c32b2636f8"  # in the log of those who have imported it
    assert more.published == "2015-02-18"
    assert more.source["name"] == "dailymaverick.co.za"


@pytest.mark.parametrize(
    ("collection", "document", "name"),
    [
        ("BBC Monitoring", "BBC Monitoring Asia, 2 April", "BBC Monitoring Asia, 2 April"),
        ("JSTOR", "10.2307/123", "JSTOR: 10.2307/123"),
        ("", "10.2307/123", "10.2307/123"),
    ],
)
def test_a_document_that_is_not_on_the_web_is_cited(
    collection: str, document: str, name: str
) -> None:
    cells = cells_of(MENTIONED[0], MENTIONS)
    cells |= {"MentionSourceName": collection, "MentionIdentifier": document}
    more = MENTIONS.tell(cells)

    assert isinstance(more, ToldMore)
    assert more.source == {"name": name, "via": "GDELT"}


@pytest.mark.parametrize("column", ["MentionIdentifier", "MentionTimeDate", "GLOBALEVENTID"])
def test_a_mention_says_what_where_and_when(column: str) -> None:
    with pytest.raises(BadRow) as bad:
        MENTIONS.tell(cells_of(MENTIONED[0], MENTIONS) | {column: " "})

    assert bad.value.column == column


ODD = [
    " ",
    "\u200b",
    "\u3164",
    "\xa0",
    "\x00",
    "\x85",
    "-0",
    "1e400",
    "nan",
    "٣",
    "²",
    "۲۰۲۰",
    "--",
]
ODD += [
    "0",
    "-1",
    "99999999",
    "http://",
    "http://\u200b/xy",
    "https://www./",
    "x" * 30_000,
    "a\r\nb",
]
ANY_TEXT = st.sampled_from(ODD) | st.text(max_size=40)


def rows_with_anything_in_them(form: Format, real: list[tuple[str, ...]]):
    """Real rows with some cells of other rows, and some of anything."""
    whole = [cells_of(row, form) for row in real]
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


@given(rows_with_anything_in_them(FORMAT, REAL))
def test_a_row_is_told_or_bad_whatever_its_cells_hold(cells: dict[str, str]) -> None:
    one = told_or_bad(FORMAT, cells)
    if isinstance(one, BadRow):
        assert one.column in FORMAT.columns
        return
    assert isinstance(one, Told)
    ACCOUNT.validate_python({**one.account, "participants": []})
    TypeAdapter(Origin).validate_python({"dataset": "gdelt", "key": one.key})
    if one.published is not None:
        TypeAdapter(PublicationDate).validate_python(one.published)
    for actor, _ in one.participants:
        TypeAdapter(ExternalId).validate_python({"scheme": actor.scheme, "id": actor.id})
        TypeAdapter(ActorName).validate_python({"text": actor.name})


@given(rows_with_anything_in_them(MENTIONS, MENTIONED))
def test_a_mention_is_told_or_bad_whatever_its_cells_hold(cells: dict[str, str]) -> None:
    more = told_or_bad(MENTIONS, cells)
    if isinstance(more, BadRow):
        assert more.column in MENTIONS.columns
        return
    assert isinstance(more, ToldMore)
    SOURCE.validate_python({**more.source, "published": more.published})
    TypeAdapter(Origin).validate_python({"dataset": "gdelt", "key": more.key})
