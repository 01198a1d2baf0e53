"""Timeline pages under load: against constant bytes, against Datasette, and at past positions.

Thousands of pages are asked for in turn, no two of them the same, each of fifty entries: timelines of
countries and actors, in proportion to how many incidents they have, over windows of any length, in both
orders, and pages deep in them, by their cursors.
"""

from __future__ import annotations

import http.client
import random
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlencode, urlsplit

import orjson

from tests.benchmarks.ged import Ged
from tests.benchmarks.load import CONNECTIONS, Client, Load
from tests.benchmarks.report import ROUNDS, Measured, alternate, median_ratio, medians
from tests.benchmarks.servers import Server, casus_server, datasette_server
from tests.benchmarks.store import Store

PAGES = 3_000
ENTRIES = 50
SECONDS = 1.5
"""How long a turn lasts."""

_SEED = 1_996


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was first read: where, from which window, and its size in bytes."""

    target: str
    window: Window
    size: int


@dataclass(frozen=True, slots=True)
class Window:
    """What a page shows: a subject's incidents from one day to another."""

    kind: str
    subject: str
    first: str
    last: str
    order: str

    def target(self, **more: object) -> str:
        """Its path and query for Casus."""
        query = {"from": self.first, "to": self.last, "order": self.order, "limit": ENTRIES}
        return f"/v1/{self.kind}/{self.subject}/timeline?{urlencode({**query, **more})}"

    def datasette_target(self) -> str:
        """The same for the plain table; only countries have a column there."""
        sort = "_sort" if self.order == "asc" else "_sort_desc"
        query = {"country": self.subject, "earliest__gte": self.first, "earliest__lte": self.last}
        shape = {sort: "earliest", "_size": ENTRIES, "_shape": "array"}
        return f"/bench/incidents.json?{urlencode({**query, **shape})}"


def measure_page(store: Store) -> list[Measured]:
    """Pages against constant bytes of their mean size, by the same server; and what memory that took."""
    store.open().close()
    with casus_server(store) as server:
        pages = find_pages(server, PAGES)
        size = round(statistics.mean(page.size for page in pages))
        put_constant(server, b"x" * size)
        theirs = Client([server.address + "/bench/constant"])
        measured = [
            _against(
                server,
                Client([server.address + page.target for page in asked]),
                theirs,
                name=name,
                what=f"a timeline page of {ENTRIES} entries, {which}",
                against="the same server answering constant bytes of that size",
                reach=0.5,
                note=f"{size:,} bytes on average, not compressed",
            )
            for name, which, asked in _asked(pages)
        ]
        memory = server.memory
    return [
        *measured,
        Measured(
            name="memory",
            what=f"memory of the serving process, {store.incidents:,} incidents",
            against="a fixed mark",
            value=memory / 1e6,
            reach=150,
            at_least=False,
            unit="MB",
            note="RSS after all of those requests",
        ),
    ]


def measure_datasette(store: Store) -> list[Measured]:
    """The pages of countries' windows against Datasette on a plain table with an index for them."""
    store.open().close()
    store.make_plain()
    with casus_server(store) as casus, datasette_server(store) as datasette:
        pages = find_pages(casus, PAGES, countries=1.0, walk=1)
        return [
            _against(
                casus,
                Client([casus.address + page.target for page in asked]),
                Client([datasette.address + page.window.datasette_target() for page in asked]),
                name=f"datasette, {name}",
                what=f"a country's page, {which}",
                against="Datasette on the same rows",
                reach=10,
                note="Datasette with an index for the pages, without counts and facets, on an"
                " immutable file",
            )
            for name, which, asked in _asked(pages)
        ]


def _asked(pages: Sequence[Page]) -> Iterator[tuple[str, str, Sequence[Page]]]:
    """The ways in which pages are asked for: one that many ask for, and thousands in turn."""
    mean = statistics.mean(page.size for page in pages)
    usual = min(pages, key=lambda page: abs(page.size - mean))
    yield "page again", "the same again", [usual]
    yield "pages in turn", f"{len(pages):,} different ones in turn", pages


def _against(
    server: Server,
    ours: Client,
    theirs: Client,
    *,
    name: str,
    what: str,
    against: str,
    reach: float,
    note: str,
) -> Measured:
    """One client's rate against another's, in turns."""
    busy: list[float] = []
    costs: list[float] = []
    pairs = alternate(
        lambda: _rate_and_cost(ours, busy, server, costs), lambda: _rate(theirs, busy)
    )
    rate, other = medians(pairs)
    return Measured(
        name=name,
        what=what,
        against=against,
        value=median_ratio(pairs),
        reach=reach,
        at_least=True,
        ours=f"{rate:,.0f} requests/s",
        theirs=f"{other:,.0f} requests/s",
        note=f"{note}; {statistics.median(costs) * 1e6:.0f} µs of the server's processor a page;"
        f" {CONNECTIONS} keep-alive connections of a Python socket client, busy for at most"
        f" {max(busy):.0%} of the time; {ROUNDS} turns of {SECONDS:g} s each",
    )


def measure_positions(store: Store) -> list[Measured]:
    """The latency of the first and the last page of whole timelines, at ten past positions and now.

    There is a revision for every four incidents. The earliest position has a thousand incidents: a page
    then is found among rows of which all but a few were recorded later. With a reported day too, it is one
    that half of the log was reported by.
    """
    store = store.revised
    casus = store.open()
    head = casus.log.head
    casus.close()
    chance = random.Random(_SEED)
    subjects = dict.fromkeys(islice(_subjects(chance, 0.5), 300))
    positions = [min(1_300, head), *(head * tenth // 10 for tenth in range(1, 10)), head]
    with casus_server(store) as server:
        return [
            _at_positions(server, subjects, positions, name, {"reported_by": day} if day else {})
            for name, day in (("positions", None), ("positions, reported", MIDDLE))
        ]


MIDDLE = "2006-06-30"
"""A day that about half of the accounts were published by."""


def _at_positions(
    server: Server,
    subjects: Iterable[tuple[str, str]],
    positions: Sequence[int],
    name: str,
    more: Mapping[str, str],
) -> Measured:
    clients = [Client(_whole_timelines(server, subjects, at, more)) for at in positions]
    taken: list[list[float]] = [[] for _ in clients]
    for _ in range(30):
        for client, latencies in zip(clients, taken, strict=True):
            latencies.extend(client.latencies(20))
    *past, now = map(statistics.median, taken)
    slowest = max(past)
    reported = "".join(f", reported by {day}" for day in more.values())
    return Measured(
        name=name,
        what=f"the page at ten past positions, the earliest included{reported}",
        against="the page now",
        value=slowest / now,
        reach=1.5,
        at_least=False,
        ours=f"{slowest * 1e3:.2f} ms, the slowest median",
        theirs=f"{now * 1e3:.2f} ms",
        note="; ".join(
            f"position {position:,}: {statistics.median(latencies) * 1e3:.2f} ms,"
            f" at most {max(latencies) * 1e3:.1f}"
            for position, latencies in zip(positions, taken, strict=True)
        ),
    )


def _whole_timelines(
    server: Server,
    subjects: Iterable[tuple[str, str]],
    position: int,
    more: Mapping[str, str],
) -> list[str]:
    return [
        f"{server.address}/v1/{kind}/{subject}/timeline?{urlencode(query)}"
        for kind, subject in subjects
        for order in ("asc", "desc")
        for query in [{"order": order, "limit": ENTRIES, "position": position, **more}]
    ]


def find_pages(server: Server, count: int, *, countries: float = 0.5, walk: int = 3) -> list[Page]:
    """Different pages with fifty entries, always the same for the same store.

    A share of them is of countries, the others of actors; up to `walk` pages are read of a window, the
    second and later ones by cursor.
    """
    chance = random.Random(_SEED)
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc)
    subjects = _subjects(chance, countries)
    pages: dict[str, Page] = {}
    for _ in range(count * 20):  # of windows, most have fifty entries
        window = _window(chance, *next(subjects))
        target: str | None = window.target()
        for _ in range(walk):
            if target is None or target in pages:
                break
            connection.request("GET", target)
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise RuntimeError(f"{target}: {body[:500]!r}")
            answer = orjson.loads(body)
            if len(answer["items"]) != ENTRIES:
                break
            pages[target] = Page(target, window, len(body))
            parts = urlsplit(answer["next"] or "")
            target = f"{parts.path}?{parts.query}" if parts.query else None
        if len(pages) >= count:
            connection.close()
            return list(pages.values())[:count]
    raise RuntimeError(f"the store has too few incidents for {count} pages of {ENTRIES}")


def put_constant(server: Server, body: bytes) -> None:
    """Let the route of constant bytes answer these."""
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc)
    connection.request("PUT", "/bench/constant", body)
    if connection.getresponse().status != 204:
        raise RuntimeError("the server did not take the constant bytes")
    connection.close()


def _rate(client: Client, busy: list[float]) -> float:
    load: Load = client.load(SECONDS)
    busy.append(load.client)
    return load.rate


def _rate_and_cost(client: Client, busy: list[float], server: Server, costs: list[float]) -> float:
    """The rate; the seconds that the server computed for each answer are added to the costs."""
    before = server.computed
    rate = _rate(client, busy)
    costs.append((server.computed - before) / (rate * SECONDS))
    return rate


def _subjects(chance: random.Random, countries: float) -> Iterator[tuple[str, str]]:
    """Countries and actors, as often as rows name them."""
    accounts = [template.account for template in Ged.read().templates]
    while True:
        account = chance.choice(accounts)
        place = account.place
        if chance.random() < countries and place and place.country:
            yield "countries", place.country
        else:
            yield "actors", chance.choice(account.participants).actor


def _window(chance: random.Random, kind: str, subject: str) -> Window:
    year, month = chance.randint(1989, 2021), chance.randint(1, 12)
    last = min(year + chance.randint(0, 10), 2022)
    return Window(
        kind,
        subject,
        f"{year}-{month:02d}-{chance.randint(1, 28):02d}",
        f"{last}-12-{chance.randint(28, 31)}",
        chance.choice(("asc", "desc")),
    )
