"""CAMEO as GDELT uses it: what the codes of events and of actors mean.

The labels are those of ``service/imports/data/cameo.csv``. A code of an event is two to four digits; a code
of an actor is parts of three letters: a country, roles, a known group, religions, and in lower case an
ethnic group (``AFGINSTAL``: Afghanistan, insurgents, Taliban). Codes that are not written so raise
`UnknownCode`; a part that is in no table stands for itself.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from domain.countries import COUNTRIES, UnknownCountry, find_country
from domain.vocabulary import ActorKind, IncidentType, UnknownCode, type_of_cameo
from service.imports.format import NamedActor

SCHEME, ETHNIC_SCHEME = "cameo", "cameo-ethnic"
"""The schemes of actors' ids. Ids are compared without case in Casus, but to CAMEO ``mar`` is Marathi and
``MAR`` Morocco: codes with an ethnic part in lower case have a scheme of their own."""

_STATE_ROLES = frozenset({"GOV", "MIL", "COP", "LEG", "JUD", "SPY"})
_ARMED_ROLES = frozenset({"REB", "UAF", "INS", "SEP", "IMG"})
_ARMED_GROUPS = frozenset(
    {
        *("AAM", "ALQ", "AML", "ANO", "ASL", "DFL", "FIS", "GIA", "GSP"),
        *("HEZ", "HMS", "ISJ", "PFL", "PLF", "PLS", "PMD", "TAL"),
    }
)
"""Of the known groups, those that bear arms."""

_ACTOR_CODE = re.compile(r"(?:[A-Z]{3}|[a-z]{3}){1,10}")


@dataclass(frozen=True, slots=True)
class CameoEvent:
    """What a code of an event means: its type, its label if it has one, and a wording for titles."""

    code: str
    type: IncidentType
    label: str | None
    wording: str


@lru_cache(maxsize=1_024)
def event_of(code: str) -> CameoEvent:
    """What a code of an event means. Raises `UnknownCode`.

    Of a code that the table lacks, the longest beginning that it has gives the wording.
    """
    type_ = type_of_cameo(code)
    beginnings = (code[:length] for length in range(len(code), 1, -1))
    label = next(_LABELS["event"][each] for each in beginnings if each in _LABELS["event"])
    wording = re.sub(r",? not spec(ified)? below$", "", label)
    return CameoEvent(code, type_, _LABELS["event"].get(code), wording)


@lru_cache(maxsize=65_536)
def actor_of(code: str) -> NamedActor:
    """The actor of a code. Raises `UnknownCode`.

    It is called what its code says ("Afghanistan: Government"), not what an article calls it: that differs
    from row to row ("KABUL", "PRESIDENT"), and each would be one more name of the same actor.
    A country by itself, its government, forces, police, parliament, courts and intelligence are the state.
    """
    if not _ACTOR_CODE.fullmatch(code):
        raise UnknownCode(SCHEME, code)
    parts = [code[start : start + 3] for start in range(0, len(code), 3)]
    countries = [part for place, part in enumerate(parts) if _is_country(part, place)]
    # Where CAMEO lacks a code of ISO's, GDELT adds the one that CAMEO has: SCGSRB is Serbia.
    of_cameo = [part for part in countries if part in _LABELS["country"]]
    state = next((_state(part) for part in of_cameo or countries), None)
    roles = {part for part in parts if part not in countries}
    kind = ActorKind.ORGANISATION
    if roles & _ARMED_ROLES or roles & _ARMED_GROUPS:
        kind = ActorKind.ARMED_GROUP
    elif state and (not roles or roles & _STATE_ROLES):
        kind = ActorKind.STATE
    labels = [_label(part, part in countries) for part in parts]
    return NamedActor(
        SCHEME if code.isupper() else ETHNIC_SCHEME,
        code,
        f"{labels[0]}: {', '.join(labels[1:])}" if labels[1:] else labels[0],
        kind,
        state if kind is ActorKind.STATE else None,
    )


def _is_country(part: str, place: int) -> bool:
    """Whether a part is a country's or a region's code: one of CAMEO's, or else of ISO's alone.

    `SHN` is Saint Helena where a code begins with it; after that it is a religion, Shinto.
    """
    if part in _LABELS["country"]:
        return place == 0 or part not in _LABELS["religion"]
    return part in COUNTRIES and part not in _PARTS


def _state(part: str) -> str | None:
    try:
        return find_country(part).code
    except UnknownCountry:
        return None  # a region, such as AFR


def _label(part: str, is_country: bool) -> str:
    if is_country:
        # In Casus's words, but for codes that are less than a country: WSB is the West Bank.
        return COUNTRIES[part].name if part in COUNTRIES else _LABELS["country"][part]
    return _PARTS.get(part, part)


def _read_labels() -> dict[str, dict[str, str]]:
    """Labels by table and code."""
    text = (files("service") / "imports" / "data" / "cameo.csv").read_text(encoding="utf-8")
    labels: dict[str, dict[str, str]] = {}
    for row in csv.DictReader(text.splitlines()):
        labels.setdefault(row["table"], {})[row["code"]] = row["label"]
    return labels


_LABELS = _read_labels()
_PARTS = _LABELS["ethnic"] | _LABELS["religion"] | _LABELS["group"] | _LABELS["type"]
"""What a part of an actor's code stands for that is no country; a role before a group of the same code."""
