"""Two workers against one: different pages by ``casus serve --workers``, and what both sides computed.

The load generator has to run somewhere, and on a machine with two processors it runs on the same two: what
it computes is told beside the ratio, and is part of it. No two pages are the same, so that the servers have
all the work to do; they are asked for compressed as well, as browsers do, which leaves little to be read.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import ExitStack

import psutil  # type: ignore[import-untyped]

from tests.benchmarks.load import Client
from tests.benchmarks.pages import ENTRIES, PAGES, find_pages
from tests.benchmarks.report import Measured, alternate, median_ratio, medians
from tests.benchmarks.servers import Server, workers_server
from tests.benchmarks.store import Store

SECONDS = 3.0
"""How long a turn lasts."""

CONNECTIONS = 16


def measure_workers(store: Store) -> list[Measured]:
    """Pages a second of two workers and of one, in turns, plain and compressed."""
    store.open().close()
    with ExitStack() as stack:
        one, two = (stack.enter_context(workers_server(store, number)) for number in (1, 2))
        pages = find_pages(one, PAGES)
        targets = [page.target for page in pages]
        return [
            _measured(one, two, targets, name, headers)
            for name, headers in (("plain", ""), ("compressed", "Accept-Encoding: gzip\r\n"))
        ]


def _measured(one: Server, two: Server, targets: list[str], name: str, headers: str) -> Measured:
    sides = {
        number: _Side(server, [server.address + target for target in targets], headers)
        for number, server in ((2, two), (1, one))
    }
    for side in sides.values():  # every worker has opened what it reads
        side.turn()
        side.costs.clear()
    pairs = alternate(sides[2].turn, sides[1].turn)
    ours, theirs = medians(pairs)
    return Measured(
        name=f"workers, {name}",
        what=f"{PAGES:,} different pages of {ENTRIES} entries in turn, {name}, by two workers",
        against="one worker",
        value=median_ratio(pairs),
        reach=1.7,
        at_least=True,
        ours=f"{ours:,.0f} requests/s",
        theirs=f"{theirs:,.0f} requests/s",
        note=f"{sides[2].told('two workers')}; {sides[1].told('one')};"
        f" {psutil.cpu_count()} processors in all; {CONNECTIONS} connections, turns of {SECONDS:g} s",
    )


class _Side:
    """A server under load: its rate, and the processor seconds of a second that each side took."""

    def __init__(self, server: Server, urls: list[str], headers: str) -> None:
        self._client = Client(urls, headers=headers, connections=CONNECTIONS)
        self._processes = [server.process, *server.process.children(recursive=True)]
        self.costs: list[tuple[float, float, float]] = []

    def turn(self) -> float:
        before = list(self._computed())
        load = self._client.load(SECONDS)
        each = [after - begun for after, begun in zip(self._computed(), before, strict=True)]
        self.costs.append((sum(each) / SECONDS, load.client, max(each) / sum(each)))
        return load.rate

    def _computed(self) -> Iterator[float]:
        for process in self._processes:
            times = process.cpu_times()
            yield float(times.user + times.system)

    def told(self, name: str) -> str:
        """What both sides computed in a second, and how much of it the process did that did most."""
        server, client, most = map(statistics.median, zip(*self.costs, strict=True))
        return (
            f"{name}: {server:.2f} processors by the server, {most:.0%} of it by one process,"
            f" {client:.2f} by the generator"
        )
