"""A worker: ``python -m service.operating.worker``, started by `workers`, which tells it what to do."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from typing import Any, NoReturn

from service.garbage import look_seldom
from service.operating import logs

LONGEST = 1_000_000
"""Bytes of its orders."""

AT_ONCE = 60.0
"""Seconds beyond drain and grace after which it ends at once, where its parent is gone."""


def main() -> None:
    """Serve until told to end, or until the parent is gone."""
    look_seldom()
    # No KeyboardInterrupt: one that passes through an `exec` of a text, as dataclasses are made by, is
    # remembered by Python, and ends the process with the signal although it is caught.
    signal.signal(signal.SIGTERM, _end)
    _serve(json.loads(_line()))


def _end(*_: object) -> NoReturn:
    raise SystemExit(0)


def _line() -> bytes:
    """What stands on standard input up to a line's end; nothing is taken beyond it."""
    line = bytearray()
    while len(line) < LONGEST and (byte := os.read(0, 1)) and byte != b"\n":
        line += byte
    if not line:
        raise SystemExit(0)  # the parent is gone
    return bytes(line)


def _serve(orders: dict[str, Any]) -> None:
    # Imported here, so that a termination in between is an end in order as well.
    from service.api.app import create_app  # noqa: PLC0415
    from service.bootstrap import open_casus  # noqa: PLC0415
    from service.operating.serving import serve  # noqa: PLC0415
    from service.operating.state import Slot  # noqa: PLC0415
    from service.settings import Settings  # noqa: PLC0415

    settings = Settings(_env_file=None, **orders["settings"])
    logs.begin(settings.log_format, orders["worker"])
    patience = settings.drain + settings.grace + AT_ONCE
    threading.Thread(target=_watch, args=(patience,), daemon=True).start()
    slot = Slot(orders["worker"], settings.workers, orders["counts"])
    casus = open_casus(settings)
    try:
        serve(create_app(casus, slot), socket.socket(fileno=orders["listening"]), is_all=True)
    finally:
        casus.close()


def _watch(patience: float) -> None:
    """End this process in order once the parent is gone: it holds the other end of standard input."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(patience)
    os._exit(1)


if __name__ == "__main__":
    main()
