"""ACLED's events, in the layouts of 2016, of 2018 to 2023 and since 2024; and its list of deleted events.

One row is one event with its id (``event_id_cnty``), which stays when ACLED edits the row. The account's
source is ACLED, as of the row's last edit (``timestamp``); the papers that it names are references.

- The order of the actors is no direction: actor 1 and its associates are side A, the others side B.
- ``fatalities`` is ACLED's one estimate of those killed, without a range. 0 is kept: none are reported.
- Types of actors come out the same from words (since 2024) as from numbers, so that a new file in another
  layout revises nothing; ``interaction`` only combines the two, and is left out.
- An event type that the vocabulary lacks is "other", and keeps its name as a code.

Also left out: ``year`` (it has to agree with the date), ``data_id``, ``event_id_no_cnty``, ``region`` and
``source_scale``. ACLED's terms do not allow its rows to be passed on; the dataset says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from domain.values import DatasetProfile
from domain.vocabulary import (
    IncidentType,
    Measure,
    ParticipantRole,
    UnknownCode,
    type_of_acled,
)
from service.imports.format import (
    BadRow,
    Cells,
    Format,
    NamedActor,
    TakenBack,
    Told,
    line,
    running_text,
    whole,
)
from service.imports.formats.acled_actors import TYPES, actor_of, type_number
from service.imports.formats.acled_dates import day_of_timestamp, occurred_on
from service.imports.formats.acled_places import place_of

ACLED = DatasetProfile(
    id="acled",
    title="Armed Conflict Location & Event Data (ACLED)",
    license="ACLED's terms of use: for those who have registered there; not to be redistributed",
    citation=(
        "Armed Conflict Location & Event Data (ACLED), https://acleddata.com. Raleigh, Clionadh, Roudabeh "
        "Kishi and Andrew Linke (2023), Political instability patterns are obscured by conflict dataset "
        "scope conditions, sources, and coding choices. Humanities and Social Sciences Communications "
        "10: 74."
    ),
    url="https://acleddata.com",
)

_CODES = (
    ("event_type", "acled-event"),
    ("sub_event_type", "acled-sub-event"),
    ("disorder_type", "acled-disorder"),
    ("civilian_targeting", "acled-civilian-targeting"),
    ("tags", "acled-tags"),
)
_MOST_PARTICIPANTS, _MOST_REFERENCES, _MOST_KILLED = 1_000, 200, 10**12


def tell(cells: Cells) -> Told:
    """What a row of ACLED's events tells. Raises `BadRow`."""
    incident = _needed(cells, "event_id_cnty")
    event_type = _needed(cells, "event_type")
    types = _type_of(cells, "inter1"), _type_of(cells, "inter2")
    account: dict[str, Any] = {
        "title": _title(cells, event_type),
        "type": _incident_type(event_type, cells["sub_event_type"]),
        "occurred": occurred_on(cells["event_date"], cells["year"], cells["time_precision"]),
        "source": {"name": "ACLED", "url": ACLED.url},
        "codes": [*_codes(cells, *types)],
    }
    if place := place_of(cells):
        account["place"] = place
    if figures := _figures(cells):
        account["figures"] = figures
    if summary := running_text(cells["notes"]):
        account["summary"] = summary
    if references := _names(cells, "source", _MOST_REFERENCES):
        account["references"] = [{"name": name} for name in references]
    published = day_of_timestamp(cells["timestamp"], "timestamp")
    return Told(incident, incident, account, _participants(cells, *types), published)


def tell_deleted(cells: Cells) -> TakenBack:
    """What a row of the list of deleted events tells. Raises `BadRow`."""
    return TakenBack(
        _needed(cells, "event_id_cnty"),
        "ACLED has deleted the event.",
        day_of_timestamp(cells["deleted_timestamp"], "deleted_timestamp"),
    )


def _needed(cells: Cells, column: str) -> str:
    found = line(cells[column])
    if found is None:
        raise BadRow("it is empty", column)
    return found


def _title(cells: Cells, event_type: str) -> str:
    """What, where, who: Armed clash, Kunduz: Taliban – Military Forces of Afghanistan (2004-2021)."""
    what = line(cells["sub_event_type"]) or event_type
    where = line(cells["location"])
    who = " – ".join([name for name in (line(cells["actor1"]), line(cells["actor2"])) if name])
    title = f"{what}, {where}" if where else what
    return line(f"{title}: {who}" if who else title) or what


@lru_cache(maxsize=1_024)
def _incident_type(event_type: str, sub_event_type: str) -> IncidentType:
    """The type of an event; without a known sub-event type the event type decides, and else it is other."""
    for sub_type in (sub_event_type, None):
        try:
            return type_of_acled(event_type, sub_type)
        except UnknownCode:
            continue
    return IncidentType.OTHER


def _type_of(cells: Cells, column: str) -> int | None:
    text = cells[column]
    try:
        return type_number(text)
    except ValueError:
        reason = f"{text.strip()[:60]!r} is no type of actor, from 1 to 8, or such as State forces"
        raise BadRow(reason, column) from None


def _participants(
    cells: Cells, type_1: int | None, type_2: int | None
) -> tuple[tuple[NamedActor, ParticipantRole], ...]:
    """The actors of both sides, each once: its own columns first, for they say what it is."""
    found: dict[tuple[str, ParticipantRole], NamedActor] = {}
    for number, kind, role in (
        ("1", type_1, ParticipantRole.SIDE_A),
        ("2", type_2, ParticipantRole.SIDE_B),
    ):
        if name := line(cells[f"actor{number}"]):
            found[name, role] = actor_of(name, kind)
        for name in _names(cells, f"assoc_actor_{number}", _MOST_PARTICIPANTS // 2 - 1):
            found.setdefault((name, role), actor_of(name))
    return tuple((actor, role) for (_, role), actor in found.items())


def _names(cells: Cells, column: str, most: int) -> list[str]:
    """The names in a cell, with semicolons between them, each once."""
    text = cells[column]
    if not text:
        return []
    if text.count(";") >= most:
        raise BadRow(f"it names more than {most:,}", column)
    return list(dict.fromkeys([name for part in text.split(";") if (name := line(part))]))


def _figures(cells: Cells) -> list[dict[str, Any]]:
    killed = whole(cells, "fatalities")
    if killed is None:
        return []
    if not 0 <= killed <= _MOST_KILLED:
        raise BadRow(f"{killed} is no number of people killed", "fatalities")
    return [{"measure": Measure.KILLED, "best": killed}]


def _codes(cells: Cells, type_1: int | None, type_2: int | None) -> Iterator[dict[str, str]]:
    for column, scheme in _CODES:
        if code := line(cells[column]):
            yield {"scheme": scheme, "code": code}
    for scheme, number in (("acled-inter1", type_1), ("acled-inter2", type_2)):
        if number:
            yield {"scheme": scheme, "code": str(number), "label": TYPES[number]}


FORMAT = Format(
    name="acled",
    title="ACLED events",
    dataset=ACLED,
    columns={
        "event_id_cnty": (),
        "event_date": (),
        "year": (),
        "time_precision": (),
        "disorder_type": (),
        "event_type": (),
        "sub_event_type": (),
        "actor1": (),
        "assoc_actor_1": ("ally_actor_1",),
        "inter1": (),
        "actor2": (),
        "assoc_actor_2": ("ally_actor_2",),
        "inter2": (),
        "civilian_targeting": (),
        "iso": (),
        "iso3": (),
        "gwno": (),
        "country": (),
        "admin1": (),
        "admin2": (),
        "admin3": (),
        "location": (),
        "latitude": (),
        "longitude": (),
        "geo_precision": (),
        "source": (),
        "notes": (),
        "fatalities": (),
        "tags": (),
        "timestamp": (),
    },
    required=frozenset({"event_id_cnty", "event_date", "event_type"}),
    tell=tell,
)

DELETED = Format(
    name="acled-deleted",
    asked_as="acled",
    title="ACLED's deleted events",
    dataset=ACLED,
    columns={"event_id_cnty": (), "deleted_timestamp": ()},
    required=frozenset({"event_id_cnty", "deleted_timestamp"}),
    tell=tell_deleted,
    is_excerpt=True,
)

FORMATS = (FORMAT, DELETED)
