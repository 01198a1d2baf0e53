"""What every answer tells browsers: to take it for what it says it is, to load nothing, not to frame it.

An answer that needs another policy brings its own: charts for other sites' pages (`service.api.embeds`) may
be framed by anybody, pages that document the API run what they are made of. Caching, CORS and these headers
are all that a browser is told. There are no cookies, so that no site can use what a reader may do.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

NAME = "Content-Security-Policy"
_NAME = NAME.lower().encode()

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; font-src data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Pages of our own have their style in them, as drawings (SVG) have; scripts they have none."""

_POLICY = (_NAME, POLICY.encode())
_ALWAYS = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]

_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def secure(headers: list[tuple[bytes, bytes]]) -> None:
    """Add to the headers of an answer. It is on the way of every page, and makes nothing."""
    headers += _ALWAYS
    for name, _ in headers:
        if name == _NAME:
            return
    headers.append(_POLICY)


def documenting(page: bytes) -> dict[str, str]:
    """The policy of a page that documents the API and tries it out: it runs the scripts that are in it."""
    scripts = " ".join(
        f"'sha256-{b64encode(sha256(script).digest()).decode()}'"
        for script in _SCRIPT.findall(page)
    )
    return {
        NAME: f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'"
    }
