"""What a read selects equals a naive filter: of subjects, roles, windows, kinds, places and words, at once.

The dates are the odd ones: open, before the year 1, beyond 9999, of spans about as long as the index of
long spans begins at. The windows begin and end where the dates do, and a day beside.
"""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.actors import register_actor
from domain.edtf import span
from domain.ids import actor_stream
from domain.incidents import incident_at
from domain.records import Recorded
from domain.reporting import Recording, add_account, report_incident
from domain.resolution import ShownIncident, resolve
from domain.values import Account, ActorProfile, InvolvedCountry, Participant, Place
from domain.vocabulary import CountryRole, IncidentType, ParticipantRole, Status
from projections.incidents import LONG_SPAN
from service.bootstrap import Casus, open_casus
from service.reading.clocks import Moment
from service.reading.selection import Box, Selection, SubjectKey
from service.settings import Settings
from tests.conftest import a_profile, an_account

READS_EACH = 50
FAR = 10**16

BY = Recording(at="2021-07-15T09:00:00.000000Z", by="curator")
# fmt: off
DATES = [
    "2021-06-22", "2021-06-22", "2021-06-23", "2021-06", "2021-22", "2021-06-18/2021-06-21", "2020",
    "2021-06-2X", "19XX", "2021", "2020-01-01/2021-01-01", "2020-01-01/2021-01-02", "../2021", "0000",
    "2020-06-22/2021-06-22", "2019-06-21/2021-06-22", "2021/..", "-0043-03-15", "../-0043-03-15",
    "Y-20000", "Y12345", "Y12345-06-22/..", "9999-24",
]
# fmt: on
EDGES = sorted(
    edge + shift
    for text in DATES
    for edge in (span(text).earliest, span(text).latest)
    for shift in (-1, 0, 1, LONG_SPAN, LONG_SPAN + 1)
)
PUBLISHED = ["2021-06-23", "2021-06-24", "2021-06-25", "2021-07"]
ACTORS = {
    "taliban": a_profile(),
    "afghan-army": a_profile(id="afghan-army", name="Afghan army", state="AFG"),
    "nato": a_profile(id="nato", name="NATO"),
}
CODES = ["AFG", "TJK", "UZB"]
WORDS = ["border", "checkpoint", "Kunduz", "river"]
TYPES = [IncidentType.ATTACK, IncidentType.STATEMENT]
STATUSES = [Status.REPORTED, Status.CONFIRMED, Status.PLANNED]
CORNERS = [-180.0, -179.5, -60.0, 0.0, 12.5, 69.2, 179.5, 180.0]


def several(chance: random.Random, of: list, most: int) -> list:
    return [chance.choice(of) for _ in range(chance.randint(0, most))]


def account_at_random(chance: random.Random) -> Account:
    place = Place(
        name=chance.choice(WORDS),
        latitude=chance.choice(CORNERS) / 2,
        longitude=chance.choice(CORNERS),
    )
    return an_account(
        title=f"{chance.choice(WORDS)} {chance.choice(WORDS)}",
        type=chance.choice(TYPES),
        status=chance.choice(STATUSES),
        occurred=chance.choice(DATES),
        published=chance.choice(PUBLISHED),
        place=chance.choice([None, place]),
        countries=tuple(
            InvolvedCountry(code=code, role=chance.choice(list(CountryRole)))
            for code in several(chance, CODES, 3)
        ),
        participants=tuple(
            Participant(actor=actor, role=chance.choice(list(ParticipantRole)))
            for actor in several(chance, list(ACTORS), 3)
        ),
    )


def history_at_random(chance: random.Random) -> list[Recorded]:
    """Actors, and then accounts of a few incidents in any order."""
    records = [
        Recorded(
            0, actor_stream(slug), 1, register_actor(profile, None, ACTORS.keys() - {slug}, BY)
        )
        for slug, profile in ACTORS.items()
    ]
    versions: dict[UUID, int] = {}
    for _ in range(chance.randint(1, 20)):
        stream = UUID(int=chance.randint(1, 10))
        versions[stream] = versions.get(stream, 0) + 1
        decide = add_account if versions[stream] > 1 else report_incident
        record = decide(account_at_random(chance), None, ACTORS, BY)
        records.append(Recorded(0, stream, versions[stream], record))
    return records


def selection_at_random(chance: random.Random) -> Selection:
    def perhaps(*choices: object, share: float) -> object:
        return chance.choice(choices) if chance.random() < share else None

    subject = chance.choice(
        [None, SubjectKey("country", chance.choice(CODES)), SubjectKey("actor", "taliban")]
    )
    roles = list(CountryRole if subject and subject.kind == "country" else ParticipantRole)
    first, last = sorted(chance.choices(EDGES, k=2))
    south, north = sorted(chance.choices(CORNERS, k=2))
    box = Box(chance.choice(CORNERS), south / 2, chance.choice(CORNERS), north / 2)
    return Selection(
        subject=subject,
        roles=tuple(several(chance, roles, 3)) if subject and chance.random() < 0.3 else (),
        country=perhaps(*CODES, share=0.1),
        actor=perhaps(*ACTORS, share=0.1),
        first_day=perhaps(first, share=0.5),
        last_day=perhaps(last, share=0.5),
        match=chance.choice(["possible", "possible", "certain"]),
        types=(chance.choice(TYPES),) if chance.random() < 0.1 else (),
        statuses=tuple(several(chance, [*Status], 3)) if chance.random() < 0.2 else (),
        box=perhaps(box, share=0.1),
        text=perhaps(*WORDS, "kun* border", share=0.1),
        order=chance.choice(["asc", "desc"]),
    )


def selects(wanted: Selection, shown: ShownIncident, words: list[str]) -> bool:
    """Whether an incident is selected: the filters one by one, as a reader of the guide has them."""
    on = [("country", c.code, c.role) for c in shown.countries]
    on += [("actor", p.actor, p.role) for p in shown.participants]
    mine = [role for kind, name, role in on if wanted.subject == SubjectKey(kind, name)]
    first = -FAR if wanted.first_day is None else wanted.first_day
    last = FAR if wanted.last_day is None else wanted.last_day
    if wanted.match == "certain":
        in_window = first <= shown.earliest and shown.latest <= last
    else:
        in_window = first <= shown.latest and shown.earliest <= last
    return (
        (wanted.subject is None or bool(mine))
        and (not wanted.roles or bool(set(mine) & set(wanted.roles)))
        and (wanted.country is None or wanted.country in [n for k, n, _ in on if k == "country"])
        and (wanted.actor is None or wanted.actor in [n for k, n, _ in on if k == "actor"])
        and in_window
        and (not wanted.types or shown.type in wanted.types)
        and (not wanted.statuses or shown.status in wanted.statuses)
        and (wanted.box is None or (shown.place is not None and inside(wanted.box, shown.place)))
        and (wanted.text is None or all(found(term, words) for term in wanted.text.split()))
    )


def inside(box: Box, place: Place) -> bool:
    if box.west <= box.east:
        east_west = box.west <= place.longitude <= box.east
    else:
        east_west = place.longitude >= box.west or place.longitude <= box.east
    return east_west and box.south <= place.latitude <= box.north


def found(term: str, words: list[str]) -> bool:
    if term.endswith("*"):
        return any(word.startswith(term[:-1].lower()) for word in words)
    return term.lower() in words


def naive(history: list[Recorded], wanted: Selection, moment: Moment) -> list[dict]:
    entries = []
    for stream in {each.stream for each in history[len(ACTORS) :]}:
        records = [each for each in history if each.stream == stream]
        incident = incident_at(records, stream, moment.position, moment.reported_by)
        if incident is None:
            continue
        shown = resolve(incident)
        told = " ".join(
            f"{h.account.title} {h.account.place.name if h.account.place else ''} a newspaper"
            for h in incident.accounts
        )
        if selects(wanted, shown, told.lower().split()):
            key = shown.earliest, records[0].position
            entries.append((key, (stream.int, [named(p) for p in shown.participants])))
    return [entry for _, entry in sorted(entries, reverse=wanted.order == "desc")]


def named(participant: Participant) -> dict[str, str]:
    profile: ActorProfile = ACTORS[participant.actor]
    return {"actor": profile.id, "name": profile.names[0].text, "role": str(participant.role)}


def actual(casus: Casus, wanted: Selection, moment: Moment, limit: int) -> list[tuple]:
    entries, after = [], None
    while True:
        page = casus.reader.page(wanted, moment, after, limit)
        for item in map(orjson.loads, page.items):
            entries.append((UUID(item["id"]).int, item["participants"]))
        after = page.next
        if after is None:
            return entries


@settings(max_examples=50)
@given(st.integers(0, 2**32).map(random.Random))
def test_every_selection_finds_what_a_naive_filter_finds(chance):
    with TemporaryDirectory() as folder:
        casus = open_casus(Settings(CASUS_HOME=Path(folder), _env_file=None))
        casus.log.append(history_at_random(chance))
        casus.projector.catch_up()
        history = list(casus.log.follow())
        for _ in range(READS_EACH):
            wanted = selection_at_random(chance)
            position = chance.randint(len(ACTORS) + 1, len(history))
            moment = Moment(position, None, span(chance.choice(PUBLISHED)).latest)
            found_there = actual(casus, wanted, moment, chance.randint(1, 4))
            assert found_there == naive(history, wanted, moment), (wanted, moment)
        casus.close()
