"""Bodies of parts: whatever is in them, and however they come in pieces, the file is what was sent."""

from __future__ import annotations

import asyncio
import io
from contextlib import suppress
from hashlib import sha256
from itertools import pairwise
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from service.api import uploads
from service.api.problems import Problem
from service.api.uploads import BESIDE, Received, _Form, receive

BOUNDARY = b"--x"

# Much of it looks like the boundary, or like the end of a line before one.
_files = st.lists(
    st.sampled_from([b"\r\n", b"\r", b"-", b"----x", b"\r\n----x", b"a", b"\x00", b"--x--"])
    | st.binary()
).map(b"".join)


def form(parts: dict[str, bytes], boundary: bytes = BOUNDARY) -> bytes:
    """A body of parts, as RFC 7578 has it."""
    said = b"".join(
        b'--%b\r\nContent-Disposition: form-data; name="%b"; filename="f"\r\nContent-Type: a/b\r\n'
        b"\r\n%b\r\n" % (boundary, name.encode(), value)
        for name, value in parts.items()
    )
    return said + b"--%b--\r\n" % boundary


def taken(pieces: list[bytes]) -> tuple[bytes, Received]:
    """The file that pieces of a body have, and what was received with it."""
    file = io.BytesIO()
    taker = _Form(file, BOUNDARY)
    for piece in pieces:
        taker.write(piece)
    return file.getvalue(), taker.received()


@given(
    file=_files,
    beside=st.dictionaries(st.sampled_from(sorted(BESIDE)), st.text()),
    cuts=st.lists(st.integers(0, 500)),
)
def test_a_file_in_parts_is_what_was_sent_however_it_is_cut(file, beside, cuts):
    file = file.replace(b"\r\n--" + BOUNDARY, b"") or b"a"
    texts = {
        name: text.replace("\ufeff", "").replace("\r\n--", "") for name, text in beside.items()
    }
    parts = {"file": file} | {name: text.encode() for name, text in texts.items()}
    body = form(parts)
    places = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    found, received = taken([body[begin:end] for begin, end in pairwise(places)])
    assert found == file
    assert received == Received(len(file), sha256(file).hexdigest(), texts)


@given(pieces=st.lists(_files))
def test_whatever_comes_is_taken_or_refused_and_nothing_else(pieces):
    with suppress(Problem):
        found, received = taken(pieces)
        assert len(found) == received.size


@given(length=st.integers(0, len(form({"file": b"a,b", "mapping": b"key: a"})) - 5))
def test_a_body_of_parts_that_is_cut_off_is_refused(length):
    body = form({"file": b"a,b", "mapping": b"key: a"})
    with pytest.raises(Problem):
        taken([body[:length]])


@pytest.mark.parametrize("part", BESIDE)
def test_what_comes_beside_a_file_is_bounded(part):
    most = BESIDE[part].most
    assert taken([form({"file": b"a", part: b"#" * most})])[1].beside
    with pytest.raises(Problem):
        taken([form({"file": b"a", part: b"#" * (most + 1)})])


@pytest.mark.parametrize("declared", [True, False])
@given(chunks=st.lists(st.binary(max_size=50)), most=st.integers(1, 200))
def test_no_more_is_kept_than_may_be_sent(declared, chunks, most, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    size = sum(map(len, chunks))
    headers = [(b"content-length", str(size).encode())] if declared else []
    messages = [
        *({"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks),
        {"type": "http.request", "body": b"", "more_body": False},
    ]

    async def said() -> Any:
        return messages.pop(0)

    request = Request({"type": "http", "headers": headers}, said)
    name = None
    try:
        with mock.patch.object(uploads, "AT_ONCE", 20):
            assert asyncio.run(receive(request, folder, most)).size == size
    except Problem as problem:
        name = problem.name
    assert name == ("body-too-large" if size > most else "invalid-body" if not size else None)
    kept = (folder / "upload").read_bytes()
    assert kept == b"".join(chunks) if not name else len(kept) <= most


def test_a_file_of_which_nothing_comes_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "QUIET", 0.01)
    messages = [{"type": "http.request", "body": b"ab", "more_body": True}]

    async def said() -> Any:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop()

    request = Request({"type": "http", "headers": [(b"content-length", b"5000000000")]}, said)
    with pytest.raises(Problem, match="2 bytes") as given_up:
        asyncio.run(receive(request, tmp_path, 10**10))
    assert given_up.value.name == "body-too-slow"
    assert given_up.value.response().headers["connection"] == "close"
