"""The vocabularies; the crosswalk against lists of the foreign codes written down apart from it."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.vocabulary import (
    CROSSWALK,
    MEASURES,
    ActorKind,
    CountryRole,
    IncidentType,
    Measure,
    ParticipantRole,
    Status,
    UnknownCode,
    type_of_acled,
    type_of_cameo,
    type_of_plover,
    type_of_ucdp,
)

PLOVER = {
    *("AGREE", "CONSULT", "SUPPORT", "CONCEDE", "COOPERATE", "AID", "RETREAT", "YIELD", "REQUEST"),
    *("ACCUSE", "REJECT", "THREATEN", "PROTEST", "SANCTION", "MOBILIZE", "COERCE", "ASSAULT"),
}

ACLED = {
    "Battles": [
        "Armed clash",
        "Government regains territory",
        "Non-state actor overtakes territory",
    ],
    "Explosions/Remote violence": [
        "Chemical weapon",
        "Air/drone strike",
        "Suicide bomb",
        "Shelling/artillery/missile attack",
        "Remote explosive/landmine/IED",
        "Grenade",
    ],
    "Violence against civilians": ["Sexual violence", "Attack", "Abduction/forced disappearance"],
    "Protests": [
        "Peaceful protest",
        "Protest with intervention",
        "Excessive force against protesters",
    ],
    "Riots": ["Violent demonstration", "Mob violence"],
    "Strategic developments": [
        "Agreement",
        "Arrests",
        "Change to group/activity",
        "Disrupted weapons use",
        "Headquarters or base established",
        "Looting/property destruction",
        "Non-violent transfer of territory",
        "Other",
    ],
}

ACLED_BEFORE_2019 = [
    "Battle-No change of territory",
    "Battle-Government regains territory",
    "Battle-Non-state actor overtakes territory",
    "Headquarters or base established",
    "Non-violent transfer of territory",
    "Remote violence",
    "Riots/Protests",
    "Strategic development",
    "Violence against civilians",
]

# Codes of CAMEO 1.1 with their titles there, and what an editor would call such an incident.
CAMEO = {
    "010": ("Make statement", IncidentType.STATEMENT),
    "10": ("DEMAND", IncidentType.APPEAL),
    "0256": ("Appeal for de-escalation of military engagement", IncidentType.APPEAL),
    "036": ("Express intent to meet or negotiate", IncidentType.STATEMENT),
    "042": ("Make a visit", IncidentType.MEETING),
    "046": ("Engage in negotiation", IncidentType.NEGOTIATION),
    "057": ("Sign formal agreement", IncidentType.AGREEMENT),
    "061": ("Cooperate economically", IncidentType.OTHER),
    "073": ("Provide humanitarian aid", IncidentType.AID),
    "0841": ("Return, release person(s)", IncidentType.DETENTION),
    "085": ("Ease economic sanctions, boycott, embargo", IncidentType.SANCTION),
    "0861": ("Receive deployment of peacekeepers", IncidentType.TROOP_MOVEMENT),
    "0863": ("Allow delivery of humanitarian aid", IncidentType.AID),
    "0871": ("Declare truce, ceasefire", IncidentType.AGREEMENT),
    "0874": ("Retreat or surrender militarily", IncidentType.WITHDRAWAL),
    "112": ("Accuse", IncidentType.STATEMENT),
    "138": ("Threaten to use military force", IncidentType.THREAT),
    "1411": ("Demonstrate for leadership change", IncidentType.PROTEST),
    "145": ("Protest violently, riot", IncidentType.RIOT),
    "154": ("Mobilize or increase armed forces", IncidentType.TROOP_MOVEMENT),
    "163": ("Impose embargo, boycott, or sanctions", IncidentType.SANCTION),
    "164": ("Halt negotiations", IncidentType.NEGOTIATION),
    "1661": ("Expel or withdraw peacekeepers", IncidentType.WITHDRAWAL),
    "1712": ("Destroy property", IncidentType.ATTACK),
    "1723": ("Impose curfew", IncidentType.SANCTION),
    "173": ("Arrest, detain, or charge with legal action", IncidentType.DETENTION),
    "174": ("Expel or deport individuals", IncidentType.DISPLACEMENT),
    "175": ("Use tactics of violent repression", IncidentType.VIOLENCE_AGAINST_CIVILIANS),
    "1822": ("Torture", IncidentType.VIOLENCE_AGAINST_CIVILIANS),
    "1831": ("Carry out suicide bombing", IncidentType.BOMBARDMENT),
    "186": ("Assassinate", IncidentType.ATTACK),
    "190": ("Use conventional military force", IncidentType.FIGHTING),
    "192": ("Occupy territory", IncidentType.CHANGE_OF_CONTROL),
    "193": ("Fight with small arms and light weapons", IncidentType.FIGHTING),
    "194": ("Fight with artillery and tanks", IncidentType.BOMBARDMENT),
    "1951": ("Employ precision-guided aerial munitions", IncidentType.BOMBARDMENT),
    "196": ("Violate ceasefire", IncidentType.FIGHTING),
    "201": ("Engage in mass expulsion", IncidentType.DISPLACEMENT),
    "202": ("Engage in mass killings", IncidentType.VIOLENCE_AGAINST_CIVILIANS),
    "2041": ("Use chemical weapons", IncidentType.BOMBARDMENT),
}


def test_the_crosswalk_has_one_entry_for_each_incident_type_in_their_order() -> None:
    assert [entry.type for entry in CROSSWALK] == list(IncidentType)


def test_every_incident_type_has_a_label_and_a_definition_of_its_own() -> None:
    assert len({entry.label for entry in CROSSWALK}) == len(CROSSWALK)
    assert len({entry.definition for entry in CROSSWALK}) == len(CROSSWALK)
    assert all(entry.label and entry.definition.endswith(".") for entry in CROSSWALK)


@pytest.mark.parametrize("scheme", ["cameo", "plover", "acled", "ucdp"])
def test_no_code_is_in_the_crosswalk_twice(scheme: str) -> None:
    codes = Counter(code for entry in CROSSWALK for code in getattr(entry, scheme))
    assert not [code for code, times in codes.items() if times > 1]


@pytest.mark.parametrize("root", [f"{number:02d}" for number in range(1, 21)])
def test_every_cameo_root_leads_to_a_type_and_so_does_its_unspecified_code(root: str) -> None:
    assert type_of_cameo(f"{root}0") is type_of_cameo(root)


@pytest.mark.parametrize(("code", "expected"), [(code, row[1]) for code, row in CAMEO.items()])
def test_a_cameo_code_leads_to_what_its_title_says(code: str, expected: IncidentType) -> None:
    assert type_of_cameo(code) is expected


def test_cameo_codes_are_text_and_keep_their_leading_zero() -> None:
    assert type_of_cameo("010") is not type_of_cameo("10")


def test_the_longest_cameo_code_in_the_table_decides() -> None:
    assert type_of_cameo("0862") is type_of_cameo("08")
    assert type_of_cameo("0872") is type_of_cameo("087") is not type_of_cameo("08")
    assert type_of_cameo("0871") is not type_of_cameo("087")


@pytest.mark.parametrize(
    "code",
    [
        "",
        "1",
        "0",
        "00",
        "21",
        "99",
        "---",
        "X",
        " 190",
        "19a",
        "19000",
        "19\u0669",
        "\uff11\uff19\uff10",
    ],
)
def test_what_is_no_cameo_code_is_refused(code: str) -> None:
    with pytest.raises(UnknownCode) as caught:
        type_of_cameo(code)
    assert (caught.value.scheme, caught.value.code) == ("cameo", code)


def test_plover_is_covered_exactly() -> None:
    assert {code for entry in CROSSWALK for code in entry.plover} == PLOVER
    assert all(type_of_plover(code.lower()) is type_of_plover(code) for code in PLOVER)


def test_acled_is_covered_exactly() -> None:
    pairs = [f"{event}/{sub}" for event, subs in ACLED.items() for sub in subs]
    assert len(pairs) == 25
    known = {code for entry in CROSSWALK for code in entry.acled}
    assert known == {*ACLED, *pairs, *ACLED_BEFORE_2019}


@pytest.mark.parametrize(("event", "sub"), [(e, s) for e, subs in ACLED.items() for s in subs])
def test_an_acled_sub_event_type_may_be_written_in_any_case(event: str, sub: str) -> None:
    assert type_of_acled(event.upper(), f" {sub.lower()} ") is type_of_acled(event, sub)


@pytest.mark.parametrize("event", [*ACLED, *ACLED_BEFORE_2019])
@pytest.mark.parametrize("nothing", [None, "", " "])
def test_an_acled_event_type_alone_is_enough(event: str, nothing: str | None) -> None:
    assert type_of_acled(event, nothing) is type_of_acled(event)


@pytest.mark.parametrize(
    ("event", "sub", "expected"),
    [
        ("Battles", "Armed clash", IncidentType.FIGHTING),
        ("Battles", "Non-state actor overtakes territory", IncidentType.CHANGE_OF_CONTROL),
        ("Explosions/Remote violence", "Grenade", IncidentType.BOMBARDMENT),
        ("Violence against civilians", "Attack", IncidentType.VIOLENCE_AGAINST_CIVILIANS),
        ("Protests", "Peaceful protest", IncidentType.PROTEST),
        ("Riots", "Mob violence", IncidentType.RIOT),
        ("Strategic developments", "Agreement", IncidentType.AGREEMENT),
        ("Strategic developments", "Arrests", IncidentType.DETENTION),
        ("Strategic developments", None, IncidentType.OTHER),
    ],
)
def test_an_acled_sub_event_type_is_more_precise_than_its_event_type(
    event: str, sub: str | None, expected: IncidentType
) -> None:
    assert type_of_acled(event, sub) is expected


@pytest.mark.parametrize(
    ("event", "sub", "code"),
    [
        ("Battles", "Tea party", "Battles/Tea party"),
        ("Riots", "Attack", "Riots/Attack"),
        ("", None, ""),
    ],
)
def test_an_acled_sub_event_type_has_to_belong_to_its_event_type(
    event: str, sub: str | None, code: str
) -> None:
    with pytest.raises(UnknownCode) as caught:
        type_of_acled(event, sub)
    assert (caught.value.scheme, caught.value.code) == ("acled", code)


def test_ucdp_has_three_types_of_violence() -> None:
    assert type_of_ucdp(1) is type_of_ucdp(2) is IncidentType.FIGHTING
    assert type_of_ucdp(3) is IncidentType.VIOLENCE_AGAINST_CIVILIANS
    for number in (0, 4, -1):
        with pytest.raises(UnknownCode, match="ucdp"):
            type_of_ucdp(number)


@given(st.text() | st.text(alphabet="0123456789", max_size=6))
def test_any_text_leads_to_a_type_or_is_an_unknown_code(text: str) -> None:
    for look_up in (type_of_cameo, type_of_plover, type_of_acled):
        with suppress(UnknownCode):
            assert look_up(text) in IncidentType


def test_a_long_code_is_refused_without_being_carried_along() -> None:
    with pytest.raises(UnknownCode) as caught:
        type_of_plover("A" * 1_000_000)
    assert caught.value.code == "A" * 100 + "…"


@pytest.mark.parametrize(
    "vocabulary", [IncidentType, Status, CountryRole, ParticipantRole, ActorKind, Measure]
)
def test_a_word_is_its_member_s_name_in_lower_case(vocabulary: type[StrEnum]) -> None:
    for member in vocabulary:
        assert member.value == str(member) == member.name.lower()
        assert vocabulary(member.value) is member


@pytest.mark.parametrize("vocabulary", [Status, CountryRole, ParticipantRole, ActorKind, Measure])
def test_every_word_is_defined_in_one_line(
    vocabulary: type[Status | CountryRole | ParticipantRole | ActorKind | Measure],
) -> None:
    definitions = [member.definition for member in vocabulary]
    assert all(text.endswith(".") and len(text) <= 100 for text in definitions)
    assert len(set(definitions)) == len(definitions)


def test_every_measure_says_what_it_counts() -> None:
    assert list(MEASURES) == list(Measure)
    assert MEASURES[Measure.CROSSED] == "People who crossed a border."
