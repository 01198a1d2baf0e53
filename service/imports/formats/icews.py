"""ICEWS: events that are coded in CAMEO from news, tab separated, 20 columns.

An event's id occurs twice in some years, an id on a day does not: ``32891290-2018-06-01`` is the key.
``NA`` stands for what is missing. Codes of CAMEO are text: ``010`` is a statement, ``10`` a demand.

The file of 2017 has no column of codes, or some that are none (``13y``), and writes its days month first
(``1/31/2017``); no other file has days with slashes. What an event is called, its text, names its code as
certainly, and is taken then. A code that has lost its zeros to a spreadsheet contradicts its text, and the
row is refused.

An actor is, or acts for, its country's state where its sectors say that it is government, military or
police. Of an actor that carries its country in its name ("Police (Kenya)", "Japan") this holds for good; of
a person or a body with a name of its own it is true of this event only (they leave office, and are given
other countries), so the country is then one that the incident concerns.
"""

from __future__ import annotations

import csv
import datetime
import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

from domain.countries import UnknownCountry, find_country
from domain.values import DatasetProfile
from domain.vocabulary import ActorKind, IncidentType, ParticipantRole, UnknownCode, type_of_cameo
from service.imports.format import BadRow, Cells, Format, NamedActor, Told
from service.imports.formats.coded import coordinates, country, identified, stated

MISSING = "NA"

COLUMNS = (
    "Event ID", "Event Date", "Source Name", "Source Sectors", "Source Country", "Event Text",
    "CAMEO Code", "Intensity", "Target Name", "Target Sectors", "Target Country", "Story ID",
    "Sentence Number", "Publisher", "City", "District", "Province", "Country", "Latitude",
    "Longitude",
)  # fmt: skip

_OF_STATES = frozenset({"Government", "Military", "Police"})
_BETWEEN_STATES = "International Government Organization"
_ARMED = frozenset({
    "Insurgents", "International Insurgents", "Rebel", "Separatists", "Organized Violent",
    "Unidentified Forces", "Criminals / Gangs",
})  # fmt: skip
_NOBODY = "Unspecified Actor"

# Countries of ICEWS that are parts of countries, or that it alone calls so.
_COUNTRIES = {
    "Aeolian Islands": "ITA", "Bavaria": "DEU", "Bonaire": "BES", "Cook Island": "COK",
}  # fmt: skip

# What ICEWS calls a code in other words than the table of CAMEO, and codes that it counts otherwise.
_OWN_TEXTS = {
    "Make an appeal or request": "020",
    "Appeal for diplomatic cooperation (such as policy support)": "022",
    "Appeal for easing of political dissent": "0252",
    "Appeal to engage in or accept mediation": "028",
    "Express intent to engage in diplomatic cooperation (such as policy support)": "032",
    "Express intent to provide material aid": "033",
    "Express intent to allow international involvement (non-mediation)": "0355",
    "Meet at a 'third' location": "044",
    "Allow humanitarian access": "0863",
    "Demand material cooperation": "101",
    "Demand diplomatic cooperation (such as policy support)": "102",
    "Demand material aid": "103",
    "Demand that target yields": "105",
    "Demand meeting, negotiation": "106",
    "Demand settling of dispute": "107",
    "Demand mediation": "108",
    "Reject judicial cooperation": "1213",
    "Threaten with sanctions, boycott, embargo": "1312",
    "Threaten with restrictions on political freedoms": "1321",
    "Threaten with political dissent, protest": "133",
    "Threaten with repression": "137",
    "Threaten with military force": "138",
    "Reduce or stop material aid": "162",
    "Conduct suicide, car, or other non-military bombing": "183",
}

_MONTH_FIRST = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_GENERIC = re.compile(r".* \((.+)\)")


def tell(cells: Cells) -> Told:
    """What a row tells. Raises `BadRow`."""
    occurred = _day(cells["Event Date"].strip())
    key = f"{identified(cells, 'Event ID', MISSING)}-{occurred}"
    text = stated(cells["Event Text"], MISSING)
    code, incident_type = _event(stated(cells["CAMEO Code"], MISSING), text)
    source, source_state = _side(cells, "Source")
    target, target_state = _side(cells, "Target")
    place = _place(cells)
    who = " → ".join(actor.name for actor in (source, target) if actor)
    title = ": ".join(filter(None, (text or code, ", ".join(filter(None, (who, _name(place)))))))
    states = dict.fromkeys(state for state in (source_state, target_state) if state)
    return Told(
        incident=key,
        key=key,
        account={
            "title": title if len(title) <= 500 else title[:499] + "…",
            "type": incident_type,
            "occurred": occurred,
            "source": {"name": stated(cells["Publisher"], MISSING) or "ICEWS", "via": "ICEWS"},
            "place": place,
            "countries": [{"code": state, "role": "actor"} for state in states],
            "codes": _codes(cells, code, text),
        },
        participants=(
            *(((source, ParticipantRole.INITIATOR),) if source else ()),
            *(((target, ParticipantRole.TARGET),) if target else ()),
        ),
    )


@lru_cache(maxsize=16_384)
def _day(text: str) -> str:
    try:
        if match := _MONTH_FIRST.fullmatch(text):
            month, day, year = map(int, match.groups())
            return datetime.date(year, month, day).isoformat()
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text[:10]) and text[10:11] in ("", "T", " "):
            return datetime.date.fromisoformat(text[:10]).isoformat()
        raise ValueError
    except ValueError:
        reason = f"{text[:60]!r} is no date such as 2018-06-01, or 6/1/2018 with the month first"
        raise BadRow(reason, "Event Date") from None


@lru_cache(maxsize=4_096)
def _event(code: str | None, text: str | None) -> tuple[str, IncidentType]:
    """The code of CAMEO, and the type. Raises `BadRow`."""
    named = _CODES.get((text or "").casefold())
    if code and named and code != named and code == named.lstrip("0"):
        raise BadRow(
            f"{code!r} has lost its zeros: {text!r} is {named!r}; import the file as it was published",
            "CAMEO Code",
        )
    for each in (code, named):
        try:
            if each:
                return each, type_of_cameo(each)
        except UnknownCode:
            continue
    if code:
        raise BadRow(
            f"CAMEO has no code {code[:60]!r}, and calls no event {text!r:.80}", "CAMEO Code"
        )
    raise BadRow(f"there is no CAMEO code, and CAMEO calls no event {text!r:.80}", "Event Text")


def _side(cells: Cells, side: str) -> tuple[NamedActor | None, str | None]:
    return _actor(
        cells[f"{side} Name"], cells[f"{side} Sectors"], cells[f"{side} Country"], f"{side} Country"
    )


@lru_cache(maxsize=65_536)
def _actor(
    cell: str, sectors: str, country_cell: str, column: str
) -> tuple[NamedActor | None, str | None]:
    """An actor, and the country whose state it acts for in this event only."""
    state = _country(country_cell, column)
    name = stated(cell, MISSING)
    if name is None or name == _NOBODY:
        return None, None
    among = {sector.strip().strip('"') for sector in sectors.split(",")}
    official = bool(among & _OF_STATES) and _BETWEEN_STATES not in among
    lasting = state is not None and _carries(name, state, official)
    kind = ActorKind.ORGANISATION
    if official or lasting:
        kind = ActorKind.STATE
    elif among & _ARMED:
        kind = ActorKind.ARMED_GROUP
    actor = NamedActor(
        scheme="icews", id=name, name=name, kind=kind, state=state if lasting else None
    )
    return actor, state if official and not lasting else None


def _carries(name: str, state: str, official: bool) -> bool:
    """Whether the name is that of the country, or of one of its state's bodies: "Police (Kenya)"."""
    generic = _GENERIC.fullmatch(name)
    try:
        return (official or not generic) and find_country(
            generic[1] if generic else name
        ).code == state
    except UnknownCountry:
        return False


@lru_cache(maxsize=4_096)
def _country(cell: str, column: str) -> str | None:
    return _COUNTRIES.get(cell.strip()) or country(cell, column, MISSING)


def _name(place: dict[str, Any] | None) -> str | None:
    return str(place["name"]) if place else None


def _place(cells: Cells) -> dict[str, Any] | None:
    names = (cells["City"], cells["District"], cells["Province"])
    return _located(names, cells["Country"], cells["Latitude"], cells["Longitude"])


@lru_cache(maxsize=65_536)
def _located(
    cells: tuple[str, str, str], country_cell: str, latitude: str, longitude: str
) -> dict[str, Any] | None:
    code = _country(country_cell, "Country")
    point = coordinates(latitude, longitude, MISSING)
    names = [stated(each, MISSING) for each in cells]
    names.append(find_country(code).name if code else None)
    finest = next((index for index, name in enumerate(names) if name), None)
    if finest is None:
        if point:
            raise BadRow("there are coordinates, but no place has a name", "Country")
        return None
    return {
        "name": names[finest],
        "country": code,
        "admin1": names[2],
        "admin2": names[1],
        "latitude": point[0] if point else None,
        "longitude": point[1] if point else None,
        "precision": ("exact", "admin2", "admin1", "country")[finest] if point else None,
    }


def _codes(cells: Cells, code: str, text: str | None) -> list[dict[str, Any]]:
    codes: list[dict[str, Any]] = [{"scheme": "cameo", "code": code, "label": text}]
    if intensity := stated(cells["Intensity"], MISSING):
        codes.append({"scheme": "icews-intensity", "code": _number(intensity)})
    if story := stated(cells["Story ID"], MISSING):
        codes.append({"scheme": "icews-story", "code": story})
    return codes


@lru_cache(maxsize=1_024)
def _number(text: str) -> str:
    """A number in one spelling: -10 is what -10.0 is."""
    try:
        return f"{float(text):.6g}"
    except ValueError:
        raise BadRow(f"{text[:60]!r} is no number", "Intensity") from None


def _codes_by_text() -> dict[str, str]:
    """The codes of three digits and four by what they are called; those of two are headings."""
    table = (files("service.imports") / "data" / "cameo.csv").read_text(encoding="utf-8")
    codes = {
        re.sub(r",? not spec(ified)? below$", "", row["label"]).casefold(): row["code"]
        for row in csv.DictReader(table.splitlines())
        if row["table"] == "event" and len(row["code"]) > 2
    }
    return codes | {text.casefold(): code for text, code in _OWN_TEXTS.items()}


_CODES = _codes_by_text()

ICEWS = Format(
    name="icews",
    title="ICEWS",
    dataset=DatasetProfile(
        id="icews",
        title="ICEWS Coded Event Data",
        license="Research and educational use only (doi:10.7910/DVN/28075); the weekly data "
        "(doi:10.7910/DVN/QI2T9A) are marked CC0 and For Official Use Only at once: ask before you "
        "pass rows on",
        citation="Boschee, Elizabeth, Jennifer Lautenschlager, Sean O'Brien, Steve Shellman, James "
        "Starz and Michael Ward (2015), ICEWS Coded Event Data, Harvard Dataverse, "
        "doi:10.7910/DVN/28075.",
        url="https://doi.org/10.7910/DVN/28075",
    ),
    columns=dict.fromkeys(COLUMNS, ()),
    required=frozenset({"Event ID", "Event Date", "Event Text", "Source Name", "Target Name"}),
    tell=tell,
)
