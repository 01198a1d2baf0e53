"""A receiver of webhooks as somebody would run one: an HTTP server on the loopback address.

What it answers is a function of the request, so that it can fail, hang, redirect, or never come to an end::

    with receiving() as receiver:
        receiver.answer = failing(503)
        ...
        until(lambda: len(receiver.received) == 2)
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
from standardwebhooks import Webhook

from tests.processes import PATIENCE

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Received:
    """A request that came in."""

    path: str
    headers: dict[str, str]
    body: bytes
    host: str | None = None

    @property
    def events(self) -> list[dict[str, Any]]:
        """The CloudEvents in it."""
        found: list[dict[str, Any]] = orjson.loads(self.body)
        return found

    @property
    def positions(self) -> list[int]:
        """The positions of the records in it."""
        return [event["position"] for event in self.events]

    def verify(self, secret: str) -> None:
        """Raise unless it was signed with a secret, a moment ago."""
        Webhook(secret).verify(self.body, self.headers, json_parse=False)


@dataclass
class Receiver:
    """A receiver that is running: what it received, and what it answers."""

    url: str = ""
    port: int = 0
    received: list[Received] = field(default_factory=list)
    answer: Answer = field(default_factory=lambda: answering(204))
    released: threading.Event = field(default_factory=threading.Event)
    """Set to let those go on who hang."""

    @property
    def positions(self) -> list[int]:
        """The positions of all records that came, in the order in which they did."""
        return [position for each in list(self.received) for position in each.positions]

    def hang(self, _: BaseHTTPRequestHandler) -> None:
        """An answer that does not come."""
        self.released.wait(PATIENCE)


def answering(status: int, body: bytes = b"", **headers: str) -> Answer:
    """An answer of a status."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        if status != 204:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def endless(status: int) -> Answer:
    """An answer of a status, with a body that goes on for as long as somebody reads it."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.end_headers()
        while True:
            handler.wfile.write(b" " * 65_536)

    return answer


@contextmanager
def receiving(certificate: Path | None = None) -> Iterator[Receiver]:
    """A receiver on a free port, with TLS if it has a certificate."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.received.append(Received(self.path, headers, body))
            with suppress(OSError):  # nobody is there any more
                receiver.answer(self)

        do_GET = do_POST  # noqa: N815 - what a redirect would lead to

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    scheme = "http"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    receiver.port = server.server_address[1]
    receiver.url = f"{scheme}://127.0.0.1:{receiver.port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
