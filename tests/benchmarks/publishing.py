"""Publishing: whole exports against the same bytes sent from a file by the same server, and map queries.

An export is asked for as a client does that has nothing of it yet; the file is sent by Starlette, as
FastAPI's users would. The client only counts bytes. Boxes of a map lie at random around incidents.
"""

from __future__ import annotations

import random
import socket
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from tests.benchmarks.constant_server import FILE
from tests.benchmarks.ged import Ged
from tests.benchmarks.load import Client
from tests.benchmarks.report import Measured, alternate, median_ratio, medians
from tests.benchmarks.servers import Server, casus_server
from tests.benchmarks.store import Store

FORMATS = ("ndjson", "csv")
ROUNDS = 3
BOXES = 60
_BUFFER = 1 << 20


@dataclass(frozen=True, slots=True)
class Download:
    """How many bytes came, how long it took, and how long until the first of them, in seconds."""

    size: int
    seconds: float
    first: float

    @property
    def rate(self) -> float:
        """Megabytes a second."""
        return self.size / self.seconds / 1e6


def measure_publishing(store: Store) -> Sequence[Measured]:
    """Exports of all incidents, and boxes of a map over them."""
    store.open().close()
    measured: list[Measured] = []
    with casus_server(store) as server:
        before = server.memory / 1e6
        for suffix in FORMATS:
            measured += _export(server, store, suffix)
        after = server.memory / 1e6
        measured.append(
            Measured(
                name="export, memory",
                what="memory that exports of all incidents leave a serving process with",
                against="a fixed mark",
                value=after,
                reach=150,
                at_least=False,
                unit="MB",
                note=f"{before:.0f} MB before them",
            )
        )
        measured.append(_boxes(server))
    return measured


def _export(server: Server, store: Store, suffix: str) -> list[Measured]:
    file = store.folder / f"export.{suffix}"
    target = f"/v1/incidents.{suffix}"
    whole = download(server, target, file)
    pairs = alternate(lambda: download(server, target).rate, lambda: _sent(server, file), ROUNDS)
    numbers = count(store.incidents)  # of addresses at which nobody has asked
    asked = (f"{target}?limit={number}" for number in numbers)
    first_pairs = alternate(
        lambda: download(server, next(asked)).rate, lambda: _sent(server, file), ROUNDS
    )
    file.unlink()
    ours, theirs = medians(pairs)
    first, theirs_then = medians(first_pairs)
    firsts = [download(server, f"{target}?limit={2_000 + number}").first for number in range(9)]
    return [
        Measured(
            name=f"export {suffix}",
            what=f"all incidents as {suffix.upper()} ({whole.size / 1e6:,.0f} MB)",
            against="the same server sending the same bytes from a file",
            value=median_ratio(pairs),
            reach=0.5,
            at_least=True,
            ours=f"{ours:,.0f} MB/s",
            theirs=f"{theirs:,.0f} MB/s",
            note="from the file that was kept when it was asked for first",
        ),
        Measured(
            name=f"export {suffix}, first",
            what=f"the same as {suffix.upper()} the first time",
            against="the same",
            value=median_ratio(first_pairs),
            reach=0.5,
            at_least=True,
            ours=f"{first:,.0f} MB/s",
            theirs=f"{theirs_then:,.0f} MB/s",
            note=f"{store.incidents * first / whole.size * 1e6:,.0f} incidents/s",
        ),
        Measured(
            name=f"export {suffix}, first byte",
            what=f"the first byte of an export as {suffix.upper()}",
            against="a fixed mark",
            value=statistics.median(firsts) * 1e3,
            reach=50,
            at_least=False,
            unit="ms",
        ),
    ]


def _sent(server: Server, file: Path) -> float:
    """The rate at which the server sends a file, in megabytes a second."""
    return download(server, f"{FILE}?{urlencode({'path': file.absolute()})}").rate


def download(server: Server, target: str, file: Path | None = None) -> Download:
    """Ask for something and take it to its end; its body is kept in a file, where one is given."""
    parts = urlsplit(server.address)
    request = f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
    began = time.perf_counter()
    with socket.create_connection((parts.hostname, parts.port), timeout=600) as connection:
        connection.sendall(request.encode())
        buffer = memoryview(bytearray(_BUFFER))
        size = connection.recv_into(buffer)
        first = time.perf_counter() - began
        if not bytes(buffer[:12]).endswith(b" 200"):
            raise RuntimeError(f"{target}: {bytes(buffer[:200])!r}")
        received = bytearray(buffer[:size]) if file else None
        while count := connection.recv_into(buffer):
            size += count
            if received is not None:
                received += buffer[:count]
    seconds = time.perf_counter() - began
    if file and received is not None:
        file.write_bytes(_body(bytes(received)))
    return Download(size, seconds, first)


def _body(answer: bytes) -> bytes:
    head, _, rest = answer.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" not in head.lower():
        return rest
    parts, at = [], 0
    while True:
        end = rest.index(b"\r\n", at)
        length = int(rest[at:end], 16)
        if not length:
            return b"".join(parts)
        parts.append(rest[end + 2 : end + 2 + length])
        at = end + 4 + length


def _boxes(server: Server) -> Measured:
    chance = random.Random(1_996)
    places = [each.account.place for each in Ged.read().templates]
    points = [(p.longitude, p.latitude) for p in places if p and p.latitude and p.longitude]
    targets = []
    for longitude, latitude in chance.sample(points, BOXES):
        width, height = chance.uniform(0.2, 4), chance.uniform(0.2, 4)
        west, south = max(-180, longitude - width), max(-90, latitude - height)
        east, north = min(180, longitude + width), min(90, latitude + height)
        box = f"{west:.3f},{south:.3f},{east:.3f},{north:.3f}"
        targets.append(f"{server.address}/v1/incidents?{urlencode({'bbox': box, 'limit': 100})}")
    taken = Client(targets).latencies(BOXES)
    return Measured(
        name="box",
        what="a map's box over all incidents, a page of 100",
        against="a fixed mark",
        value=statistics.median(taken) * 1e3,
        reach=20,
        at_least=False,
        unit="ms",
        note=f"the slowest of {BOXES}: {max(taken) * 1e3:.0f} ms",
    )
