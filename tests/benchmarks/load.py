"""The load generator: keep-alive connections over raw sockets, one request at a time on each.

It runs in the benchmark's own process while the server runs in another. It reads of an answer only its
status and length, so that it is not what is measured; `Load.client` says how busy it was.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from urllib.parse import urlsplit

CONNECTIONS = 8
_BUFFER = 1 << 20
_LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Load:
    """What a turn under load measured: answers a second, and the share of it the client computed."""

    rate: float
    client: float


class UnexpectedAnswer(Exception):
    """Raised when a server answers anything but 200."""


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    missing: int = 0
    chunked: bool = False


class Client:
    """Asks one server for URLs, in order and round again; turns go on where the last one ended."""

    def __init__(
        self, urls: Sequence[str], headers: str = "", connections: int = CONNECTIONS
    ) -> None:
        parts = urlsplit(urls[0])
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._requests: Iterator[bytes] = cycle([_request(url, headers) for url in urls])
        self._connections = connections
        self._buffer = memoryview(bytearray(_BUFFER))

    def load(self, seconds: float) -> Load:
        """Ask on all connections for so long."""
        selector = selectors.DefaultSelector()
        connections = [self._connect() for _ in range(self._connections)]
        for each in connections:
            selector.register(each.socket, selectors.EVENT_READ, each)
        answered = 0
        began, computed = time.perf_counter(), time.process_time()
        for each in connections:
            each.socket.sendall(next(self._requests))
        while (now := time.perf_counter()) < began + seconds:
            for key, _ in selector.select(1.0):
                connection: _Connection = key.data
                if self._received(connection):
                    answered += 1
                    connection.socket.sendall(next(self._requests))
        load = Load(answered / (now - began), (time.process_time() - computed) / (now - began))
        selector.close()
        for each in connections:
            each.socket.close()
        return load

    def latencies(self, count: int) -> list[float]:
        """Seconds that each of so many answers took, asked one after the other."""
        connection = self._connect()
        taken = []
        for _ in range(count):
            began = time.perf_counter()
            connection.socket.sendall(next(self._requests))
            while not self._received(connection):
                pass
            taken.append(time.perf_counter() - began)
        connection.socket.close()
        return taken

    def _connect(self) -> _Connection:
        connected = socket.create_connection(self._address, timeout=60)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _Connection(connected)

    def _received(self, connection: _Connection) -> bool:
        """Take what has come; whether the answer is complete."""
        size = connection.socket.recv_into(self._buffer)
        if size == 0:
            raise UnexpectedAnswer("the server closed the connection")
        if connection.missing == 0 and not connection.chunked:
            length = _length(bytes(self._buffer[: min(size, 4_096)]))
            connection.chunked, connection.missing = length is None, length or 0
        if connection.chunked:
            # No JSON ends like this: the last chunk does.
            connection.chunked = self._buffer[max(0, size - 5) : size] != _LAST_CHUNK
            return not connection.chunked
        connection.missing -= size
        return connection.missing == 0


def _length(start: bytes) -> int | None:
    """The bytes that an answer has in all, from its head, which comes in one piece; None if chunked."""
    head, end, _ = start.partition(b"\r\n\r\n")
    if not end or head[9:12] != b"200":
        raise UnexpectedAnswer(start[:500].decode("latin-1"))
    _, named, length = head.lower().partition(b"\r\ncontent-length:")
    return len(head) + len(end) + int(length.partition(b"\r\n")[0]) if named else None


def _request(url: str, headers: str) -> bytes:
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n{headers}\r\n".encode()
