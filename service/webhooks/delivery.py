"""One attempt to deliver: a signed POST to an address that was checked, and what came of it.

The body is a batch of CloudEvents (JSON Batch Format, the HTTP binding's batched mode). No redirect is
followed, no proxy or password is taken from the environment, no connection is used twice: each goes to an
address that its own name has led to, while Host and the name in TLS are those of the URL. Whatever the
receiver does, the attempt is over in `DEADLINE` seconds; of its answer the status counts, and the body is
thrown away. What is told of a failure is in words of our own: whoever subscribes is not shown what is said
by whatever else answers at an address.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version

import httpx

from service.webhooks.addresses import (
    BadUrl,
    Resolve,
    Unreachable,
    allowed_addresses,
    checked_url,
    resolve,
)
from service.webhooks.signing import signed_headers

DEADLINE = 15.0
"""Seconds that an attempt may take, from the name to the answer's status."""

CONNECTING = 5.0
"""Seconds of these for each address."""

LINGERING = 1.0
"""Seconds for which the body of an answer is read, so that its sender is not cut off in a sentence."""

MOST_READ = 65_536
"""Bytes of it that are read."""

MOST_ADDRESSES = 4
"""Addresses of a name that are tried."""

LONGEST_ASKED = 86_400.0
"""The most seconds that a receiver's Retry-After is heeded for."""

MEDIA_TYPE = "application/cloudevents-batch+json"

_GONE, _TOO_LARGE = 410, 413


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: the status of the answer if there was one, the error if it failed."""

    status: int | None = None
    error: str | None = None
    retry_after: float = 0.0
    """Seconds that the receiver asks to be left alone for."""

    @property
    def is_gone(self) -> bool:
        """Whether the receiver will never take anything again."""
        return self.status == _GONE

    @property
    def is_too_large(self) -> bool:
        """Whether it might take less."""
        return self.status == _TOO_LARGE


class Sender:
    """Sends deliveries."""

    def __init__(
        self,
        *,
        private: bool,
        resolve: Resolve = resolve,
        deadline: float = DEADLINE,
        trusted: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """A sender, if `private` also to private addresses; `trusted` replaces the usual authorities."""
        self._private, self._resolve = private, resolve
        self._deadline, self._clock = deadline, clock
        self._client = httpx.AsyncClient(
            verify=trusted or True,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(None, connect=CONNECTING),
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={
                "User-Agent": f"Casus/{version('casus')}",
                "Content-Type": MEDIA_TYPE,
                "Accept-Encoding": "identity",
                "Connection": "close",
            },
        )

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def send(self, url: str, secret: str, identifier: str, body: bytes) -> Outcome:
        """Deliver a body under an identifier, which is the same whenever that is tried again."""
        signed = signed_headers(secret, identifier, int(self._clock()), body)
        try:
            async with asyncio.timeout(self._deadline) as limit:
                return await self._to_first(url, signed, body, limit)
        except TimeoutError:
            return Outcome(error=f"there was no answer within {self._deadline:g} seconds")
        except (BadUrl, Unreachable) as refused:
            return Outcome(error=str(refused))
        except httpx.HTTPError as error:
            return Outcome(error=_told(error))

    async def _to_first(
        self, text: str, signed: dict[str, str], body: bytes, limit: asyncio.Timeout
    ) -> Outcome:
        """The outcome at the first address that takes a connection."""
        url = checked_url(text, private=self._private)
        found = await allowed_addresses(url, self._resolve, private=self._private)
        *others, last = found[:MOST_ADDRESSES]
        for address in others:
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._to(url, address, signed, body, limit)
        return await self._to(url, last, signed, body, limit)

    async def _to(
        self,
        url: httpx.URL,
        address: str,
        signed: dict[str, str],
        body: bytes,
        limit: asyncio.Timeout,
    ) -> Outcome:
        async with self._client.stream(
            "POST",
            url.copy_with(host=address),
            headers={"Host": url.netloc.decode("ascii"), **signed},
            content=body,
            extensions={"sni_hostname": url.raw_host.decode("ascii").rstrip(".")},
        ) as answer:
            # It has answered in time, however long it goes on.
            limit.reschedule(asyncio.get_running_loop().time() + 2 * LINGERING)
            with suppress(httpx.HTTPError, TimeoutError):
                async with asyncio.timeout(LINGERING):
                    await _read_some(answer)
            return self._outcome(answer)

    def _outcome(self, answer: httpx.Response) -> Outcome:
        status = answer.status_code
        if answer.is_success:
            return Outcome(status)
        error = f"the answer was {status}"
        if answer.is_redirect:
            error += ", and redirects are not followed"
        return Outcome(status, error, self._wait(answer.headers.get("retry-after", "")))

    def _wait(self, asked: str) -> float:
        """The seconds that Retry-After asks for: a number of them, or a date."""
        seconds = 0.0
        if asked.isascii() and asked.isdigit():
            seconds = float(asked[:9])
        elif asked:
            with suppress(ValueError, OverflowError):
                until = parsedate_to_datetime(asked)
                aware = until if until.tzinfo else until.replace(tzinfo=UTC)
                seconds = (aware - datetime.fromtimestamp(self._clock(), UTC)).total_seconds()
        return min(max(seconds, 0.0), LONGEST_ASKED)


async def _read_some(answer: httpx.Response) -> None:
    size = 0
    async for part in answer.aiter_raw():
        size += len(part)
        if size > MOST_READ:
            return


_CUT = "Server disconnected"
"""How an error begins that has nothing of an answer to quote."""


def _told(error: httpx.HTTPError) -> str:
    """What has failed, without anything that the other side has said."""
    match error:
        case httpx.ConnectTimeout():
            return f"there was no connection within {CONNECTING:g} seconds"
        case httpx.ConnectError():
            return f"there is no connection{_of_tls(error)}"
        case httpx.RemoteProtocolError() if not str(error).startswith(_CUT):
            return "the answer was no HTTP"
    return "the connection broke"


def _of_tls(error: BaseException) -> str:
    """Why TLS failed, if that is why: by its library's own name and what is wrong with the certificate."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if cause is None or not cause.reason:
        return ""
    wrong = getattr(cause, "verify_message", None)
    return f": {cause.reason}" + (f", {wrong}" if wrong else "")
