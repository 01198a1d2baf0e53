"""POLECAT: political events that NGEC codes in the PLOVER scheme from news, tab separated, 40 columns.

``None`` stands for what is missing. Several actors in one cell are parted by ``;``, and so are their
countries and sectors, in the same order. An actor that has no name of its own but a country and a sector is
that sector of the country, as PLOVER has it: "KEN COP" are Kenya's police.

An actor is, or acts for, its country's state where its first sector says so: the government, the army, the
police, parliament, courts, intelligence; not where it is a breakaway's (PRE). Of a person this is true only
of this event, so the country is then one that the incident concerns, and not the person's for good.

The Wikipedia ids of actors, and all that is told of the story and not of the event, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from domain.countries import UnknownCountry, find_country
from domain.values import DatasetProfile
from domain.vocabulary import ActorKind, ParticipantRole, UnknownCode, type_of_plover
from service.imports.format import BadRow, Cells, Format, NamedActor, Told, day
from service.imports.formats.coded import coordinates, country, identified, stated

MISSING = "None"

COLUMNS = (
    "Event ID", "Event Date", "Event Type", "Event Mode", "Intensity", "Quad Code", "Contexts",
    "Actor Name", "Actor Country", "Actor COW", "Primary Actor Sector", "Actor Sectors",
    "Actor Title", "Actor Name Raw", "Wikipedia Actor ID", "Recipient Name", "Recipient Country",
    "Recipient COW", "Primary Recipient Sector", "Recipient Sectors", "Recipient Title",
    "Recipient Name Raw", "Wikipedia Recipient ID", "Placename", "City", "District", "Province",
    "Country", "Latitude", "Longitude", "GeoNames ID", "Raw Placename", "Feature Type", "Source",
    "Publication Date", "Story People", "Story Organizations", "Story Locations", "Language",
    "Version",
)  # fmt: skip

_OF_STATES = {
    "GOV": "Government", "MIL": "Military", "COP": "Police", "LEG": "Legislature",
    "JUD": "Judiciary", "SPY": "Intelligence services",
}  # fmt: skip
_ARMED = {"REB": "Rebels", "UAF": "Unidentified armed forces", "PRM": "Paramilitaries",
          "CRM": "Criminals"}  # fmt: skip
_UNARMED = {
    "AGR": "Agricultural labour", "BUS": "Business", "CVL": "Civilians", "EDU": "Education",
    "ELI": "Elites", "JRN": "Journalists", "LAB": "Labour", "MED": "Health workers",
    "OPP": "Opposition", "PTY": "Parties", "REF": "Refugees", "REL": "Religious organisations",
    "SOC": "Civil society",
}  # fmt: skip
_SECTORS = _OF_STATES | _ARMED | _UNARMED
_BREAKAWAY = "PRE"

# PLOVER's countries that are none: bodies between, beside and across them.
_INTERNATIONAL = frozenset({
    "IGO", "UNO", "EUR", "NGO", "ISM", "IMG", "MNC", "INTERNATIONAL GOVERNMENTAL ORGANIZATION",
    "INTERGOVERNMENTAL ORGANIZATION", "UNITED NATIONS", "EUROPEAN UNION",
    "NON-GOVERNMENTAL ORGANIZATION", "INTERNATIONAL SOCIAL MOVEMENT",
    "TRANSNATIONAL MILITARIZED GROUP", "MULTI-NATIONAL CORPORATION",
})  # fmt: skip

# GeoNames feature codes, as far as they say how exact a point is; PPL is a populated place.
_PRECISION = {"PCLI": "country", "PCL": "country", "PCLD": "country", "PCLS": "country",
              "ADM1": "admin1", "ADM2": "admin2", "ADM3": "near", "ADM4": "near",
              "RGN": "area", "AREA": "area", "STM": "area", "MTS": "area", "ISL": "area",
              "SEA": "international", "OCN": "international"}  # fmt: skip


def tell(cells: Cells) -> Told:
    """What a row tells. Raises `BadRow`."""
    key = identified(cells, "Event ID", MISSING)
    event_type = _text(cells, "Event Type")
    try:
        incident_type = type_of_plover(event_type or "")
    except UnknownCode as unknown:
        raise BadRow(str(unknown), "Event Type") from None
    initiators, acting = _side(cells, "Actor")
    targets, acted_on = _side(cells, "Recipient")
    place = _place(cells)
    account: dict[str, Any] = {
        "title": _title(cells, initiators, targets, place),
        "type": incident_type,
        "occurred": day(cells, "Event Date").isoformat(),
        "source": {"name": _text(cells, "Source") or "POLECAT", "via": "POLECAT"},
        "place": place,
        "countries": [
            {"code": code, "role": "actor"} for code in dict.fromkeys((*acting, *acted_on))
        ],
        "codes": _codes(cells),
    }
    published = _text(cells, "Publication Date")
    return Told(
        incident=key,
        key=key,
        account=account,
        participants=(
            *((actor, ParticipantRole.INITIATOR) for actor in initiators),
            *((actor, ParticipantRole.TARGET) for actor in targets),
        ),
        published=day(cells, "Publication Date").isoformat() if published else None,
    )


def _text(cells: Cells, column: str) -> str | None:
    return stated(cells[column], MISSING)


def _side(cells: Cells, side: str) -> tuple[tuple[NamedActor, ...], tuple[str, ...]]:
    """The actors on a side, and the countries that persons among them act for."""
    persons = cells["Story People"]
    lists = (
        cells[f"{side} Name"],
        cells[f"{side} Country"],
        cells[f"Primary {side} Sector"],
        cells[f"{side} Sectors"],
    )
    titled = _text(cells, f"{side} Title") is not None
    return _actors(side, lists, titled, persons if len(persons) < 2_000 else "")


@lru_cache(maxsize=65_536)
def _actors(
    side: str, lists: tuple[str, str, str, str], titled: bool, persons: str
) -> tuple[tuple[NamedActor, ...], tuple[str, ...]]:
    names, countries, first, sectors = lists
    listed = _listed(names)
    codes = [_country(each, f"{side} Country") for each in _listed(countries)]
    firsts, all_sectors = _listed(first), _listed(sectors)
    known_persons = set(re.split(r"\s*[;|]\s*", persons.strip()))
    actors: dict[NamedActor, None] = {}
    acting: dict[str, None] = {}
    for index, cell in enumerate(listed or (MISSING,)):
        # Where the lists are not of one length, it is not known which country goes with which name.
        code = codes[index] if len(codes) == max(len(listed), 1) else None
        sector = firsts[index] if len(firsts) == max(len(listed), 1) else ""
        others = all_sectors[index] if len(all_sectors) == max(len(listed), 1) else sectors
        official = sector in _OF_STATES and _BREAKAWAY not in others
        name = stated(cell, MISSING)
        if name is None:
            if code and sector in _SECTORS and _BREAKAWAY not in others:
                actors[_sector_of(code, sector)] = None
            continue
        person = titled or name in known_persons or name.split()[-1] in known_persons
        own = _is_country(name, code)
        if official and person and code and not own:
            acting[code] = None
        actors[
            NamedActor(
                scheme="polecat",
                id=name,
                name=name,
                kind=_kind(sector, official or own, person and not own),
                state=code if own or (official and not person) else None,
            )
        ] = None
    return tuple(actors), tuple(acting)


def _listed(cell: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in cell.split(";")) if cell.strip() else ()


def _country(cell: str, column: str) -> str | None:
    """The country of an actor; None where it has none, or several."""
    codes = {
        "XKX" if each == "KOS" else country(each, column, MISSING)
        for each in map(str.strip, cell.split("|"))
        if each.upper() not in _INTERNATIONAL
    }
    return codes.pop() if len(codes) == 1 else None


def _sector_of(code: str, sector: str) -> NamedActor:
    return NamedActor(
        scheme="polecat",
        id=f"{code} {sector}",
        name=f"{_SECTORS[sector]} ({find_country(code).name})",
        kind=_kind(sector, sector in _OF_STATES, person=False),
        state=code if sector in _OF_STATES else None,
    )


def _kind(sector: str, official: bool, person: bool) -> ActorKind:
    if person:
        return ActorKind.PERSON
    if official:
        return ActorKind.STATE
    return ActorKind.ARMED_GROUP if sector in _ARMED else ActorKind.ORGANISATION


def _is_country(name: str, code: str | None) -> bool:
    try:
        return code is not None and find_country(name).code == code
    except UnknownCountry:
        return False


def _place(cells: Cells) -> dict[str, Any] | None:
    code = country(cells["Country"], "Country", MISSING)
    province, district = _text(cells, "Province"), _text(cells, "District")
    point = coordinates(cells["Latitude"], cells["Longitude"], MISSING)
    name = _text(cells, "Placename") or _text(cells, "City") or district or province
    name = name or _text(cells, "Raw Placename") or (find_country(code).name if code else None)
    if name is None:
        if point:
            raise BadRow("there are coordinates, but no place has a name", "Placename")
        return None
    feature = _text(cells, "Feature Type") or ""
    return {
        "name": name,
        "country": code,
        "admin1": province,
        "admin2": district,
        "latitude": point[0] if point else None,
        "longitude": point[1] if point else None,
        "precision": "exact" if feature.startswith("PPL") else _PRECISION.get(feature),
    }


def _title(
    cells: Cells,
    initiators: tuple[NamedActor, ...],
    targets: tuple[NamedActor, ...],
    place: dict[str, Any] | None,
) -> str:
    what = (_text(cells, "Event Type") or "").capitalize()
    mode = _text(cells, "Event Mode")
    who = [", ".join(actor.name for actor in side) for side in (initiators, targets) if side]
    where = [place["name"]] if place else []
    title = f"{what} ({mode})" if mode else what
    rest = ", ".join([*([" → ".join(who)] if who else []), *where])
    title = f"{title}: {rest}" if rest else title
    return title if len(title) <= 500 else title[:499] + "…"


def _codes(cells: Cells) -> list[dict[str, Any]]:
    codes: list[dict[str, Any]] = [{"scheme": "plover", "code": _text(cells, "Event Type")}]
    for scheme, column in (
        ("plover-mode", "Event Mode"),
        ("plover-quad", "Quad Code"),
        ("geonames", "GeoNames ID"),
    ):
        if text := _text(cells, column):
            codes.append({"scheme": scheme, "code": text})
    if (intensity := _text(cells, "Intensity")) is not None:
        codes.append({"scheme": "plover-intensity", "code": _number(intensity)})
    return codes + [
        {"scheme": "plover-context", "code": each} for each in _contexts(cells["Contexts"])
    ]


@lru_cache(maxsize=4_096)
def _number(text: str) -> str:
    """A number in one spelling: -9 is what -9.0 is."""
    try:
        return f"{float(text):.6g}"
    except ValueError:
        raise BadRow(f"{text[:60]!r} is no number", "Intensity") from None


@lru_cache(maxsize=4_096)
def _contexts(cell: str) -> tuple[str, ...]:
    found = (stated(each, MISSING) for each in re.split(r"[;|,]", cell))
    contexts: Iterator[str] = (each for each in found if each)
    return tuple(dict.fromkeys(contexts))[:90]


POLECAT = Format(
    name="polecat",
    title="POLECAT",
    dataset=DatasetProfile(
        id="polecat",
        title="POLECAT (POLitical Event Classification, Attributes, and Types)",
        license="Research and educational use; look at the terms on its Dataverse page before you "
        "pass rows on",
        citation="Scarborough, Grace I., Benjamin E. Bagozzi, Andreas Beger, John Berrie, Andrew "
        "Halterman, Philip A. Schrodt and Jevon Spivey (2023), POLECAT Weekly Data, Harvard "
        "Dataverse, doi:10.7910/DVN/AJGVIT.",
        url="https://doi.org/10.7910/DVN/AJGVIT",
    ),
    columns={name: ("Event Intensity",) if name == "Intensity" else () for name in COLUMNS},
    required=frozenset({"Event ID", "Event Date", "Event Type", "Actor Name", "Recipient Name"}),
    tell=tell,
    layouts={len(COLUMNS): COLUMNS},
    phantoms=frozenset({"Headline"}),
)
