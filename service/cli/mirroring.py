"""``casus mirror``: the log of another service, copied and followed."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import httpx

from service.cli.output import complain, progress, refuse, say
from service.cli.stores import opened
from service.mirroring import Diverged, Mirror
from service.settings import Settings

RETRY = 2.0
"""Seconds before a service that went away is looked for again."""


def mirror_log(settings: Settings, url: str, *, once: bool, key_file: Path | None) -> None:
    """Copy a log, and follow it until interrupted unless it is for once."""
    told = threading.Event()

    def end(*_: object) -> NoReturn:
        told.set()
        raise KeyboardInterrupt

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, end)
    headers = {"Authorization": f"Bearer {_key_in(key_file)}"} if key_file else {}
    try:
        with (
            contextlib.suppress(KeyboardInterrupt),
            opened(settings, make=True) as casus,
            httpx.Client(base_url=url, timeout=30, headers=headers) as client,
        ):
            mirror = Mirror(casus, client)
            _catch_up(mirror)
            say(f"The log stands at position {casus.log.head}, as that of {url}.")
            if not once:
                _follow(mirror, url, told.is_set)
    except Diverged as diverged:
        refuse(f"this is no mirror of {url}: {diverged}; nothing was changed")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        refuse(f"{url}: {error}")


def _key_in(file: Path) -> str:
    text = file.read_text().strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        refuse(f"{file}: there is no key in it")
    return text


def _catch_up(mirror: Mirror) -> None:
    mirror.check()
    with progress("copying") as tell:
        for done, total in mirror.catch_up():
            tell(done, total)
    if done < total:
        refuse(f"cut off at position {done} of {total}; the same command goes on from there")


def _follow(mirror: Mirror, url: str, is_to_end: Callable[[], bool]) -> None:
    told = ""
    while True:
        try:
            for _ in mirror.follow():
                told = ""
                # What is raised by a signal is lost where Python calls something on its own, as when an
                # object goes; a heartbeat comes soon.
                if is_to_end():
                    return
            trouble = "the service has stopped"
        except httpx.HTTPError as error:
            trouble = _passing(error)
        if not told:  # said once, tried for as long as it lasts
            complain(f"casus: {url}: {trouble}; trying again")
            told = trouble
        time.sleep(RETRY)
        try:
            mirror.check()
        except httpx.HTTPError as error:
            _passing(error)


def _passing(error: httpx.HTTPError) -> str:
    """What is wrong with a service that may be well again soon; raises what will not pass by itself."""
    if isinstance(error, httpx.HTTPStatusError) and error.response.status_code < 500:
        raise error
    return str(error) or type(error).__name__
