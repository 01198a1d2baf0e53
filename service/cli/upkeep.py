"""``casus rebuild`` and ``casus status``: looking after a store."""

from __future__ import annotations

import time

import orjson

from service.cli.output import progress, refuse, say, write_lines
from service.cli.stores import opened
from service.settings import Settings


def rebuild_views(settings: Settings) -> None:
    """Build the projections anew, and say how long it took."""
    with opened(settings) as casus:
        started = time.monotonic()
        with progress("rebuilding the timelines") as tell:
            position = casus.projector.rebuild(tell)
    say(f"Rebuilt the timelines from {position} records in {time.monotonic() - started:.1f} s.")


def show_status(settings: Settings, *, json: bool) -> None:
    """Print the store's place, positions and health; status 1 if the timelines have stopped."""
    with opened(settings) as casus:
        failure = casus.projector.failure
        lines = {
            "home": str(settings.home.absolute()),
            "log_position": casus.log.head,
            "log_bytes": casus.log.size,
            "position": casus.reader.head,
            "views": casus.projector.generation.path.name,
            "failure": str(failure) if failure else None,
        }
    if json:
        write_lines([orjson.dumps(lines)])
    else:
        for name, value in lines.items():
            shown = "none" if value is None else value
            say(f"{name.replace('_', ' '):<13} {shown}")
    if failure:
        refuse("the timelines have stopped")
