"""GDELT's events: Events 1.0 (57 and 58 columns, without a header) and 2.0 (61).

One row is one event: who (Actor1) did what (CAMEO) to whom (Actor2) and where, as machines read the news.

- An event dated exactly a year (365 days, or the same day of the calendar) before it was added is dated
  wrongly more often than not: it keeps its date, which is marked uncertain (EDTF ``?``).
- The account's source is the address that GDELT gives first, by its domain, published on the day on which
  GDELT added the event; before April 2013 there are no addresses, and it is GDELT.
- Places are where the action is (``ActionGeo``), with countries from FIPS 10-4. What FIPS knows and ISO
  does not (the oceans) has no country; the code of the place is kept. Towns (types 3 and 4) are found by
  machines and so are near, not exact; 0 north, 0 east is how GDELT writes that it has no coordinates.
- CAMEO's codes are text. A code that does not begin with its root code has lost a zero in a spreadsheet,
  and its row is bad: ``10`` might be ``010``.

Left out: what changes from day to day (``NumMentions``, ``NumSources``, ``NumArticles``, ``AvgTone``), or
each import would revise each event; the places of the actors; and what other columns say again.
"""

from __future__ import annotations

import datetime
from functools import lru_cache
from typing import Any

from domain.countries import UnknownCountry, country_by_fips
from domain.values import PlacePrecision
from domain.vocabulary import ParticipantRole, UnknownCode
from service.imports.format import BadRow, Cells, Format, NamedActor, Told, line, real
from service.imports.formats.gdelt_cameo import CameoEvent, actor_of, event_of
from service.imports.formats.gdelt_mentions import MENTIONS
from service.imports.formats.gdelt_sources import (
    EVENT_ID,
    GDELT,
    day_of,
    event_id,
    source_of,
)

_ACTOR = (
    "Code",
    "Name",
    "CountryCode",
    "KnownGroupCode",
    "EthnicCode",
    "Religion1Code",
    "Religion2Code",
    "Type1Code",
    "Type2Code",
    "Type3Code",
)
_EVENT = (
    "IsRootEvent",
    "EventCode",
    "EventBaseCode",
    "EventRootCode",
    "QuadClass",
    "GoldsteinScale",
    "NumMentions",
    "NumSources",
    "NumArticles",
    "AvgTone",
)
_GEO = ("Type", "FullName", "CountryCode", "ADM1Code", "Lat", "Long", "FeatureID")
_GEO_2 = (*_GEO[:4], "ADM2Code", *_GEO[4:])


def _layout(geo: tuple[str, ...], *last: str) -> tuple[str, ...]:
    return (
        *(EVENT_ID, "SQLDATE", "MonthYear", "Year", "FractionDate"),
        *(f"{actor}{part}" for actor in ("Actor1", "Actor2") for part in _ACTOR),
        *_EVENT,
        *(f"{whose}Geo_{part}" for whose in ("Actor1", "Actor2", "Action") for part in geo),
        *last,
    )


_LAYOUTS = {
    57: _layout(_GEO, "DATEADDED"),
    58: _layout(_GEO, "DATEADDED", "SOURCEURL"),
    61: _layout(_GEO_2, "DATEADDED", "SOURCEURL"),
}
_PLACE = tuple(f"ActionGeo_{part}" for part in _GEO[:6])

_PRECISION = {
    "0": None,
    "1": PlacePrecision.COUNTRY,
    "2": PlacePrecision.ADMIN1,  # a state of the United States
    "3": PlacePrecision.NEAR,  # a town there
    "4": PlacePrecision.NEAR,  # a town elsewhere
    "5": PlacePrecision.ADMIN1,  # a province elsewhere
}
_QUADS = {
    "1": "Verbal cooperation",
    "2": "Material cooperation",
    "3": "Verbal conflict",
    "4": "Material conflict",
}
_A_YEAR = datetime.timedelta(days=365)
_ABBREVIATIONS = frozenset({"EU", "NATO", "UAE", "UK", "UN", "UNICEF", "US", "USA"})


def tell(cells: Cells) -> Told:
    """What a row of Events tells. Raises `BadRow`."""
    incident = event_id(cells)
    event = _event(cells)
    added = day_of(cells, "DATEADDED")
    place, place_code = _place(tuple([cells[column] for column in _PLACE]))
    account: dict[str, Any] = {
        "title": _title(cells, event, place),
        "type": event.type,
        "occurred": _occurred(cells, added),
        "source": source_of(cells["SOURCEURL"]),
        "codes": _codes(cells, event, place_code),
    }
    if place:
        account["place"] = place
    participants = []
    if actor := _actor(cells, "Actor1Code"):
        participants.append((actor, ParticipantRole.INITIATOR))
    if actor := _actor(cells, "Actor2Code"):
        participants.append((actor, ParticipantRole.TARGET))
    published = added.isoformat() if added else None
    return Told(incident, incident, account, tuple(participants), published)


def _event(cells: Cells) -> CameoEvent:
    code, root = cells["EventCode"].strip(), cells["EventRootCode"].strip()
    try:
        event = event_of(code)
    except UnknownCode:
        raise BadRow(
            f"{code[:60]!r} is no CAMEO code such as 010; two to four digits, with the zeros before them",
            "EventCode",
        ) from None
    if root and code[:2] != root:
        raise BadRow(
            f"{code!r} does not begin with its root code {root[:60]!r}; where a spreadsheet has dropped "
            "zeros, take the file as GDELT published it",
            "EventCode",
        )
    return event


def _actor(cells: Cells, column: str) -> NamedActor | None:
    code = cells[column].strip()
    try:
        return actor_of(code) if code else None
    except UnknownCode:
        reason = f"{code[:60]!r} is no CAMEO code of an actor: parts of three letters, as in AFGGOV"
        raise BadRow(reason, column) from None


def _occurred(cells: Cells, added: datetime.date | None) -> str:
    """The day of the event; uncertain if it is exactly a year before the day on which it was added."""
    occurred = day_of(cells, "SQLDATE")
    if occurred is None:
        raise BadRow("it is empty", "SQLDATE")
    if added and (added - occurred == _A_YEAR or _same_day_a_year_before(occurred, added)):
        return f"{occurred.isoformat()}?"
    return occurred.isoformat()


def _same_day_a_year_before(occurred: datetime.date, added: datetime.date) -> bool:
    return (occurred.year + 1, occurred.month, occurred.day) == (added.year, added.month, added.day)


@lru_cache(maxsize=65_536)  # what it returns is kept, and not to be changed
def _place(cells: tuple[str, ...]) -> tuple[dict[str, Any] | None, str | None]:
    """A place, if there is one, of the cells in `_PLACE`; and the FIPS code of its province or country."""
    kind, full_name, country_code, admin1_code, latitude, longitude = cells
    kind, fips = kind.strip(), country_code.strip()
    if kind and kind not in _PRECISION:
        raise BadRow(f"{kind[:60]!r} is no type of place, from 0 to 5", "ActionGeo_Type")
    code = line(admin1_code) or line(fips)
    name = line(full_name)
    if name is None:
        return None, code
    place: dict[str, Any] = {"name": name}
    try:
        place["country"] = country_by_fips(fips).code
    except UnknownCountry:
        pass
    else:
        place |= _divided(name, kind)
    if precision := _PRECISION.get(kind):
        place["precision"] = precision
    place |= _coordinates(latitude, longitude)
    return place, code


def _divided(full_name: str, kind: str) -> dict[str, str]:
    """A full name in its parts: "town, province, country", or "province, country".

    Where there are more commas it cannot be told what belongs to what: the name stays whole. A place of no
    province has the country in its stead ("Zimbabwe (general)").
    """
    parts = full_name.split(", ")
    if any(not line(part) for part in parts):
        return {}
    if kind in {"2", "5"} and len(parts) == 2:
        return {"name": parts[0], "admin1": parts[0]}
    if kind in {"3", "4"} and len(parts) == 3:
        if parts[1].endswith("(general)"):
            return {"name": parts[0]}
        return {"name": parts[0], "admin1": parts[1]}
    return {}


def _coordinates(latitude: str, longitude: str) -> dict[str, float]:
    columns = {"ActionGeo_Lat": latitude, "ActionGeo_Long": longitude}
    found = {column: real(columns, column) for column in columns}
    north, east = found.values()
    if (north is None) != (east is None):
        column = "ActionGeo_Lat" if north is None else "ActionGeo_Long"
        raise BadRow("it is empty; coordinates come both or not at all", column)
    if north is None or east is None or north == east == 0:
        return {}
    if abs(north) > 90:
        raise BadRow(f"{north} is no latitude, from -90 to 90", "ActionGeo_Lat")
    if abs(east) > 180:
        raise BadRow(f"{east} is no longitude, from -180 to 180", "ActionGeo_Long")
    return {"latitude": north, "longitude": east}


def _title(cells: Cells, event: CameoEvent, place: dict[str, Any] | None) -> str:
    """Who, what, to whom, where: Taliban – Fight with small arms – Afghanistan: Kunduz."""
    parts = [_worded(cells["Actor1Name"]), event.wording, _worded(cells["Actor2Name"])]
    title = " – ".join([part for part in parts if part])
    if place:
        title = f"{title}: {place['name']}"
    return line(title) or event.wording


@lru_cache(maxsize=65_536)
def _worded(name: str) -> str | None:
    """An actor as the article calls it, which GDELT writes in capitals."""
    words = [
        word if word in _ABBREVIATIONS else word.capitalize() for word in (line(name) or "").split()
    ]
    return " ".join(words) or None


def _codes(cells: Cells, event: CameoEvent, place_code: str | None) -> list[dict[str, str]]:
    cameo = {"scheme": "cameo", "code": event.code}
    if event.label:
        cameo["label"] = event.label
    codes = [cameo]
    if quad := cells["QuadClass"].strip():
        if quad not in _QUADS:
            raise BadRow(f"{quad[:60]!r} is no class of events, from 1 to 4", "QuadClass")
        codes.append({"scheme": "gdelt-quad", "code": quad, "label": _QUADS[quad]})
    if (goldstein := real(cells, "GoldsteinScale")) is not None:
        if abs(goldstein) > 10:
            raise BadRow(
                f"{goldstein} is not on Goldstein's scale, from -10 to 10", "GoldsteinScale"
            )
        # Adding 0 makes -0 be 0. Events 1.0 writes 7 or 7.0, and means the same.
        codes.append({"scheme": "gdelt-goldstein", "code": f"{goldstein + 0.0:g}"})
    if place_code:
        codes.append({"scheme": "fips", "code": place_code})
    return codes


def _looks_like(cells: tuple[str, ...]) -> bool:
    if len(cells) not in _LAYOUTS:
        return False
    number, day, code = (cells[index].strip() for index in (0, 1, 26))
    return number.isdecimal() and day.isdecimal() and len(day) == 8 and code.isdecimal()


FORMAT = Format(
    name="gdelt",
    title="GDELT Events 1.0 and 2.0",
    dataset=GDELT,
    columns={
        EVENT_ID: (),
        "SQLDATE": ("Day",),
        "Actor1Code": (),
        "Actor1Name": (),
        "Actor2Code": (),
        "Actor2Name": (),
        "EventCode": (),
        "EventRootCode": (),
        "QuadClass": (),
        "GoldsteinScale": (),
        **dict.fromkeys(_PLACE, ()),
        "DATEADDED": (),
        "SOURCEURL": (),
    },
    required=frozenset({EVENT_ID, "SQLDATE", "EventCode"}),
    tell=tell,
    layouts=_LAYOUTS,
    looks_like=_looks_like,
)

FORMATS = (FORMAT, MENTIONS)
