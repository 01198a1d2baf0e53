"""Is this machine's service ready? ``python -m service.operating.probe``: status 0 if it is, else why not.

For what looks after it, such as a container's health check: it needs nothing but Python.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from typing import NoReturn

PATIENCE = 4.0
"""Seconds that it has to answer."""


def main() -> None:
    """Ask, and end with status 0 or 1."""
    host = os.environ.get("HOST") or "127.0.0.1"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what is listened on
    address = f"http://{f'[{host}]' if ':' in host else host}:{os.environ.get('PORT') or 8000}"
    # Never by a proxy: it is this machine that is asked.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{address}/readyz", timeout=PATIENCE):
            return
    except urllib.error.HTTPError as answer:
        try:
            _fail(str(json.load(answer)["failure"]))
        except (ValueError, KeyError, TypeError):
            _fail(f"status {answer.code}")
    except OSError as error:
        _fail(str(error))


def _fail(why: str) -> NoReturn:
    sys.stderr.write(f"not ready: {why}\n")
    raise SystemExit(1)


if __name__ == "__main__":
    main()
