"""What is substance: nothing of spelling, order and citation, everything that is said of the incident."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.values import (
    Account,
    Figure,
    ForeignCode,
    InvolvedCountry,
    Participant,
    Place,
    PlacePrecision,
    Reference,
    Source,
)
from domain.vocabulary import CountryRole, IncidentType, Measure, ParticipantRole, Status
from service.imports.substance import same_substance
from tests.ged import accounts, rows

DEATHS = ("low", "best", "high", "deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown")

ACCOUNT = Account(
    title="Shots at Sher Khan Bandar",
    type=IncidentType.FIGHTING,
    occurred="2021-06-22",
    source=Source(name="Reuters", via="AP", url="https://example.org/1", published="2021-06-23"),
    place=Place(
        name="Sher Khan Bandar",
        country="AFG",
        admin1="Kunduz province",
        latitude=37.2,
        longitude=68.6,
        precision=PlacePrecision.NEAR,
        description="at the bridge",
    ),
    countries=(
        InvolvedCountry(code="TJK", role=CountryRole.AFFECTED),
        InvolvedCountry(code="AFG", role=CountryRole.HOST),
    ),
    participants=(
        Participant(actor="taliban", role=ParticipantRole.SIDE_A),
        Participant(actor="afghan-army", role=ParticipantRole.SIDE_B),
    ),
    figures=(
        Figure(measure=Measure.KILLED, low=3, best=4, high=5),
        Figure(measure=Measure.KILLED, of="Civilians", best=1),
    ),
    summary="Fighting at the border.",
    codes=(
        ForeignCode(scheme="ucdp-conflict", code="333", label="Afghanistan: Government"),
        ForeignCode(scheme="cameo", code="190"),
    ),
    references=(Reference(name="TOLOnews", published="2021-06-22"),),
    attributed_to="the police",
)
PLACE = ACCOUNT.place
assert PLACE


def at(**others) -> Account:
    return replace(ACCOUNT, place=replace(PLACE, **others))


def counted(**others) -> Account:
    return replace(ACCOUNT, figures=(replace(ACCOUNT.figures[0], **others), ACCOUNT.figures[1]))


COSMETIC = {
    "the same": replace(ACCOUNT),
    "another release": replace(ACCOUNT, source=replace(ACCOUNT.source, published="2024-06-05")),
    "case": replace(ACCOUNT, title="SHOTS AT SHER KHAN BANDAR", summary="fighting at the border."),
    "white space": replace(
        ACCOUNT, title=" Shots at\u00a0Sher  Khan Bandar", attributed_to="the\npolice "
    ),
    "case of a place": at(name="Sher Khan bandar", admin1="KUNDUZ PROVINCE"),
    "of whom, in case": replace(
        ACCOUNT, figures=(ACCOUNT.figures[0], replace(ACCOUNT.figures[1], of="civilians"))
    ),
    "another reference": replace(ACCOUNT, references=(Reference(text="R 16/2"),)),
    "no reference": replace(ACCOUNT, references=()),
    "what a code is called": replace(
        ACCOUNT,
        codes=(ForeignCode(scheme="ucdp-conflict", code="333", label="Renamed"), ACCOUNT.codes[1]),
    ),
    "a district renamed": at(admin1="Kunduz", admin2="Imam Sahib", admin3="Sher Khan"),
    "no description": at(description=None),
    **{
        f"the order of {name}": replace(ACCOUNT, **{name: getattr(ACCOUNT, name)[::-1]})
        for name in ("participants", "countries", "figures", "codes")
    },
}

SUBSTANTIAL = {
    "title": replace(ACCOUNT, title="Shots at Shir Khan Bandar"),
    "type": replace(ACCOUNT, type=IncidentType.ATTACK),
    "day": replace(ACCOUNT, occurred="2021-06-22/2021-06-23"),
    "status": replace(ACCOUNT, status=Status.DISPUTED),
    "source": replace(ACCOUNT, source=replace(ACCOUNT.source, name="AFP")),
    "via": replace(ACCOUNT, source=replace(ACCOUNT.source, via=None)),
    "address": replace(ACCOUNT, source=replace(ACCOUNT.source, url="https://example.org/2")),
    "summary": replace(ACCOUNT, summary="Fighting near the border."),
    "no summary": replace(ACCOUNT, summary=None),
    "attribution": replace(ACCOUNT, attributed_to="the police, witnesses"),
    "no attribution": replace(ACCOUNT, attributed_to=None),
    "no place": replace(ACCOUNT, place=None),
    "name of the place": at(name="Kunduz city"),
    "country": at(country="TJK"),
    "precision": at(precision=PlacePrecision.EXACT),
    "description": at(description="at the customs house"),
    "latitude": at(latitude=37.200001),
    "longitude": at(longitude=68.5),
    "no coordinates": at(latitude=None, longitude=None),
    "participant": replace(ACCOUNT, participants=ACCOUNT.participants[:1]),
    "role": replace(
        ACCOUNT,
        participants=(
            Participant(actor="taliban", role=ParticipantRole.INITIATOR),
            ACCOUNT.participants[1],
        ),
    ),
    "involved country": replace(ACCOUNT, countries=ACCOUNT.countries[:1]),
    "low": counted(low=2),
    "best": counted(best=None),
    "high": counted(high=50),
    "inconsistent": counted(inconsistent=True),
    "measure": counted(measure=Measure.WOUNDED),
    "of whom": counted(of="soldiers"),
    "a figure less": replace(ACCOUNT, figures=ACCOUNT.figures[:1]),
    "code": replace(ACCOUNT, codes=(ACCOUNT.codes[0], ForeignCode(scheme="cameo", code="19"))),
    "a code less": replace(ACCOUNT, codes=ACCOUNT.codes[:1]),
}


@pytest.mark.parametrize("change", COSMETIC)
def test_what_is_not_substance(change):
    assert same_substance(ACCOUNT, COSMETIC[change])
    assert same_substance(COSMETIC[change], ACCOUNT)


@pytest.mark.parametrize("change", SUBSTANTIAL)
def test_what_is_substance(change):
    assert not same_substance(ACCOUNT, SUBSTANTIAL[change])
    assert not same_substance(SUBSTANTIAL[change], ACCOUNT)


def test_units_of_a_place_without_coordinates_are_substance():
    somewhere = replace(PLACE, latitude=None, longitude=None)
    renamed = replace(somewhere, admin2="Imam Sahib")
    assert not same_substance(replace(ACCOUNT, place=somewhere), replace(ACCOUNT, place=renamed))


def test_no_field_is_new_that_nobody_has_thought_of_here():
    """References alone do not count at all; of a source, the day of publication does not."""
    known = {
        Account: "title type occurred source status place countries participants figures summary codes "
        "references attributed_to",
        Place: "name country admin1 admin2 admin3 latitude longitude precision description",
        Source: "name via url published",
        Figure: "measure of low best high inconsistent",
        ForeignCode: "scheme code label",
    }
    for kind, names in known.items():
        assert " ".join(field.name for field in fields(kind)) == names


KEPT = sorted(set(accounts("19.1")) & set(accounts("24.1")), key=int)


@given(st.sampled_from(KEPT), st.sampled_from(KEPT))
def test_it_is_the_same_for_both_and_for_one_itself(one, other):
    a, b = accounts("19.1")[one], accounts("24.1")[other]
    assert same_substance(a, b) is same_substance(b, a)
    assert same_substance(a, a)


def test_of_five_releases_of_myanmar_194_rows_changed_in_substance_and_18_in_deaths():
    """GED 19.1 has all of Myanmar and Bangladesh to 2018, GED 24.1 Myanmar to 2023."""
    older = {row["id"]: row for row in rows("19.1") if row["country_id"] == "775"}
    newer = {row["id"]: row for row in rows("24.1")}
    until_2018 = [key for key, row in newer.items() if row["year"] <= "2018"]
    assert len(older.keys() & newer.keys()) == len(KEPT) == 2_587
    assert len(older.keys() - newer.keys()) == 6
    assert len(set(until_2018) - older.keys()) == 77
    changed = [
        key for key in KEPT if not same_substance(accounts("19.1")[key], accounts("24.1")[key])
    ]
    in_deaths = [
        key for key in changed if any(older[key][column] != newer[key][column] for column in DEATHS)
    ]
    assert (len(changed), len(in_deaths)) == (194, 18)
    assert "48756" in in_deaths


def test_rows_that_differ_in_their_spelling_only_have_not_changed():
    """Case, white space, digits of coordinates: most rows of a later release differ in one of them."""
    older = {row["id"]: row for row in rows("19.1")}
    newer = {row["id"]: row for row in rows("24.1")}
    columns = rows("19.1")[0].keys() & rows("24.1")[0].keys()
    touched = [key for key in KEPT if any(older[key][c] != newer[key][c] for c in columns)]
    same = [key for key in touched if same_substance(accounts("19.1")[key], accounts("24.1")[key])]
    assert len(touched) > 2_400
    assert len(same) == len(touched) - 194
