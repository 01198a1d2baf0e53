"""Heads of requests: their first line and headers, held in memory before anybody is asked who sends them.

uvicorn takes as many bytes of one as come. Here they are bounded, and with them what stands between the
parts of a body: headers that follow it, and what is said beside its chunks.
"""

from __future__ import annotations

from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

LONGEST_HEAD = 65_536
"""Bytes of a head: those of browsers have a thousand or two, and proxies add as many at most."""


class _TooLong(Exception):
    """Raised within the parser where a head that is there in whole is too long."""


class BoundedHeads(HttpToolsProtocol):
    """A connection by which no head comes that is longer than that."""

    taken = 0
    """How often a head was there in whole, or a part of a body."""

    refused = False
    """Whether nothing is taken any more: what still comes is thrown away."""

    unread = 0
    """Bytes that have come since either was there, but for those that came at once with it."""

    _beside = 0
    """Bytes that came at once with the last of either: a head may have begun among them."""

    def data_received(self, data: bytes) -> None:
        """More has come."""
        if self.refused:
            return
        before = self.taken
        self.unread += len(data)
        super().data_received(data)
        if self.taken != before:
            self.unread, self._beside = 0, len(data)
        elif self.unread > LONGEST_HEAD:
            self._refuse_head()

    def on_headers_complete(self) -> None:
        """A head is there."""
        # Counted only where it may be too long: on the way of every page.
        if self.unread + self._beside > LONGEST_HEAD and self._length() > LONGEST_HEAD:
            raise _TooLong
        self.taken += 1
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of a body is there."""
        self.taken += 1
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, or one whose head is too long."""
        if self.unread + self._beside > LONGEST_HEAD and self._length() > LONGEST_HEAD:
            self._refuse_head()
        else:
            super().send_400_response(msg)

    def answer(self, status: HTTPStatus, text: str) -> None:
        """Answer what is no request in whole, as the last of this connection."""
        body = f"{text}\n".encode()
        self.transport.write(
            STATUS_LINE[status] + b"content-type: text/plain; charset=utf-8\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(body), body)
        )

    def _refuse_head(self) -> None:
        if self.refused or self.transport.is_closing():
            return
        self.refused = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False  # those asked for before are answered; then it is ended
            return
        self.answer(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"the request line and the headers have more than {LONGEST_HEAD} bytes; send fewer",
        )
        # Not closed at once: that would take the answer back from a client that is still sending.
        self.transport.write_eof()

    def _length(self) -> int:
        """Bytes of the head as far as they were read, with what stands between them."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
