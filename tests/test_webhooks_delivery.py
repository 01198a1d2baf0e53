"""One delivery: what is sent and signed, to which address, and what comes of whatever the receiver does."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from base64 import b64decode
from pathlib import Path

import orjson
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from service.webhooks import delivery
from service.webhooks.delivery import LONGEST_ASKED, Outcome, Sender
from service.webhooks.signing import new_secret
from tests.processes import PATIENCE
from tests.receivers import answering, endless, receiving

SECRET = new_secret()
BODY = orjson.dumps([{"specversion": "1.0", "title": "نقطة \u202e\U0001f54a"}])
LOOPBACK = "127.0.0.1"


def send(url: str, body: bytes = BODY, **options) -> Outcome:
    """What comes of one delivery, to private addresses as well."""

    async def run() -> Outcome:
        sender = Sender(**{"private": True, **options})
        try:
            return await sender.send(url, SECRET, "an-id", body)
        finally:
            await sender.close()

    return asyncio.run(run())


def leading_to(*answers: list[str]):
    """What resolves a name, to other addresses each time that it is asked; the last for ever."""
    asked: list[str] = []

    async def resolve(host: str, _: int) -> list[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return resolve, asked


# What is sent


def test_what_is_sent_is_a_signed_batch_that_the_standard_library_verifies(receiver):
    assert send(receiver.url) == Outcome(204)
    (received,) = receiver.received
    assert (received.path, received.body) == ("/hook", BODY)
    assert received.headers["content-type"] == "application/cloudevents-batch+json"
    assert received.headers["user-agent"].startswith("Casus/")
    assert received.headers["webhook-id"] == "an-id"
    received.verify(SECRET)
    with pytest.raises(WebhookVerificationError):
        received.verify(new_secret())
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(received.body + b" ", received.headers)


def test_a_delivery_that_was_kept_is_too_old_for_who_verifies_it(receiver):
    send(receiver.url, clock=lambda: 1_600_000_000.0)
    with pytest.raises(WebhookVerificationError, match="too old"):
        receiver.received[0].verify(SECRET)


def test_no_two_secrets_are_the_same_and_each_has_as_many_bytes_as_the_standard_asks_for():
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    for secret in made:
        assert secret.startswith("whsec_")
        assert 24 <= len(b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64


def test_query_and_path_are_sent_as_they_were_given(receiver):
    send(f"http://{LOOPBACK}:{receiver.port}/a%2Fb/c?d=e%20f&g")
    assert receiver.received[0].path == "/a%2Fb/c?d=e%20f&g"


def test_proxies_and_passwords_of_the_environment_are_not_used(receiver, monkeypatch, tmp_path):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:1")
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {LOOPBACK} login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert send(receiver.url) == Outcome(204)
    assert "authorization" not in receiver.received[0].headers


# Where it is sent


def test_a_private_address_is_refused_unless_it_is_allowed(receiver):
    outcome = send(receiver.url, private=False)
    assert outcome == Outcome(error="127.0.0.1 is no public address")
    resolve, _ = leading_to([LOOPBACK])
    outcome = send(f"http://hooks.example.org:{receiver.port}/", private=False, resolve=resolve)
    assert outcome == Outcome(error="hooks.example.org leads to no public address")
    assert receiver.received == []


def test_a_connection_goes_to_the_address_that_was_checked_and_names_the_host(receiver):
    # The second answer would be nobody's: a name that is asked for once can't change its mind.
    resolve, asked = leading_to([LOOPBACK], ["192.0.2.1"])
    url = f"http://hooks.example.org:{receiver.port}/hook"
    assert send(url, resolve=resolve) == Outcome(204)
    assert asked == ["hooks.example.org"]
    assert receiver.received[0].headers["host"] == f"hooks.example.org:{receiver.port}"


def test_a_name_is_asked_for_and_checked_at_every_delivery(receiver):
    resolve, asked = leading_to([LOOPBACK], ["169.254.169.254"])

    async def run() -> list[Outcome]:
        sender = Sender(private=True, resolve=resolve)
        url = f"http://hooks.example.org:{receiver.port}/hook"
        outcomes = [await sender.send(url, SECRET, "an-id", BODY) for _ in range(2)]
        await sender.close()
        return outcomes

    first, second = asyncio.run(run())
    assert first == Outcome(204)
    assert second.error == "hooks.example.org leads to no public address"
    assert len(asked) == 2
    assert len(receiver.received) == 1


def test_the_next_address_of_a_name_is_tried_where_one_takes_no_connection(receiver):
    resolve, _ = leading_to(["127.0.0.2", LOOPBACK])
    assert send(f"http://hooks.example.org:{receiver.port}/", resolve=resolve) == Outcome(204)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of hooks.example.org that it has given to itself, with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    name = "hooks.example.org"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    words += ["-nodes", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    made = subprocess.run([*words, "-keyout", "-"], check=True, capture_output=True)
    path.write_bytes(made.stdout)
    return path


def test_in_tls_the_certificate_is_of_the_name_and_not_of_the_address(certificate):
    trusted = ssl.create_default_context(cafile=certificate)
    resolve, _ = leading_to([LOOPBACK])
    with receiving(certificate) as receiver:
        for name, error in (
            ("hooks.example.org", None),
            ("HOOKS.example.org.", None),
            ("other.example.org", "CERTIFICATE_VERIFY_FAILED"),
        ):
            url = f"https://{name}:{receiver.port}/"
            outcome = send(url, resolve=resolve, trusted=trusted)
            assert (outcome.status == 204) == (error is None), outcome
            assert error is None or error in (outcome.error or "")
        untrusted = send(f"https://hooks.example.org:{receiver.port}/", resolve=resolve)
    assert untrusted.error is not None
    assert untrusted.error.startswith("there is no connection: CERTIFICATE_VERIFY_FAILED, self")
    assert len(receiver.received) == 2


# What comes of it


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_whatever_is_2xx_is_accepted(status, receiver):
    receiver.answer = answering(status)
    assert send(receiver.url) == Outcome(status)


@pytest.mark.parametrize("status", [400, 401, 404, 410, 413, 429, 500, 503])
def test_whatever_is_not_has_failed(status, receiver):
    receiver.answer = answering(status, b"a secret of whoever was asked")
    outcome = send(receiver.url)
    assert outcome == Outcome(status, f"the answer was {status}")
    assert outcome.is_gone == (status == 410)
    assert outcome.is_too_large == (status == 413)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status, receiver):
    receiver.answer = answering(status, location=f"http://127.0.0.1:{receiver.port}/other")
    outcome = send(receiver.url)
    assert outcome == Outcome(status, f"the answer was {status}, and redirects are not followed")
    assert [each.path for each in receiver.received] == ["/hook"]


def test_a_receiver_that_hangs_is_given_up(receiver):
    receiver.answer = receiver.hang
    outcome = send(receiver.url, deadline=0.2)
    assert outcome == Outcome(error="there was no answer within 0.2 seconds")


def test_a_receiver_that_sends_its_headers_bit_by_bit_is_given_up(receiver):
    def slowly(handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not receiver.released.wait(0.02):
            handler.wfile.write(b"X: y\r\n")

    receiver.answer = slowly
    assert "no answer within" in (send(receiver.url, deadline=0.2).error or "")


@pytest.mark.parametrize("status", [200, 500])
def test_a_body_without_end_is_cut_off_and_the_status_counts(status, receiver, monkeypatch):
    monkeypatch.setattr(delivery, "LINGERING", 10 * PATIENCE)
    receiver.answer = endless(status)
    assert send(receiver.url).status == status


def test_a_body_that_does_not_come_is_not_waited_for(receiver, monkeypatch):
    monkeypatch.setattr(delivery, "LINGERING", 2.2)

    def begun(handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "10")
        handler.end_headers()
        receiver.hang(handler)

    receiver.answer = begun
    # Its status was there in time.
    assert send(receiver.url, deadline=2.0) == Outcome(200)


def test_a_connection_that_breaks_has_failed(receiver):
    receiver.answer = lambda handler: handler.connection.shutdown(socket.SHUT_RDWR)
    assert send(receiver.url) == Outcome(error="the connection broke")
    receiver.answer = lambda handler: handler.wfile.write(b"HTTP/1.1 20")
    assert send(receiver.url) == Outcome(error="the connection broke")


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.6 of a secret machine\r\n\r\n",
        b"220 secret.internal ESMTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na secret\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: a secret\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: secret\r\n\r\n",
        b"HTTP/1.1 099 secret\r\n\r\n",
        b"HTTP/1.1 200 " + b"secret " * 100_000,
    ],
)
def test_what_another_program_says_is_not_repeated(said, receiver):
    receiver.answer = lambda handler: handler.wfile.write(said)
    outcome = send(receiver.url)
    assert outcome.status is None
    assert outcome.error in ("the answer was no HTTP", "the connection broke")
    if len(said) < 1_000:  # else it may be cut off while it speaks
        assert outcome.error == "the answer was no HTTP"


def test_nobody_there_is_said_so():
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    outcome = send(f"http://127.0.0.1:{port}/")
    assert outcome == Outcome(error="there is no connection")


def test_a_name_that_never_resolves_is_given_up():
    async def resolve(*_: object) -> list[str]:
        return await asyncio.Future()

    outcome = send("http://hooks.example.org/", resolve=resolve, deadline=0.1)
    assert outcome == Outcome(error="there was no answer within 0.1 seconds")


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("-5", 0),
        ("soon", 0),
        ("1.5", 0),
        ("²", 0),
        ("9" * 500, LONGEST_ASKED),
        ("Sun, 22 Nov 2026 09:02:00 GMT", 120),
        ("Sun, 22 Nov 2026 08:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_ASKED),
    ],
)
def test_retry_after_is_heeded_within_bounds(asked, seconds, receiver):
    receiver.answer = answering(503, retry_after=asked)
    outcome = send(receiver.url, clock=lambda: 1_795_338_000.0)
    assert outcome.retry_after == seconds
