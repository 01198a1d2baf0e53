"""``casus rebuild`` and ``casus status``: looking after a store."""

from __future__ import annotations

import time

import orjson

from service.bootstrap import open_casus
from service.cli.output import errors, out, progress
from service.settings import Settings


def rebuild_views(settings: Settings) -> None:
    """Build the projections anew, and say how long it took."""
    casus = open_casus(settings)
    started = time.monotonic()
    with progress("rebuilding the timelines") as tell:
        position = casus.projector.rebuild(tell)
    out.print(
        f"Rebuilt the timelines from {position} records in {time.monotonic() - started:.1f} s.",
        markup=False,
    )
    casus.close()


def show_status(settings: Settings, *, json: bool) -> None:
    """Print the store's place, positions and health; status 1 if the timelines have stopped."""
    casus = open_casus(settings)
    failure = casus.projector.failure
    lines = {
        "home": str(settings.home.absolute()),
        "log_position": casus.log.head,
        "log_bytes": casus.log.path.stat().st_size,
        "position": casus.reader.head,
        "views": casus.projector.generation.path.name,
        "failure": str(failure) if failure else None,
    }
    if json:
        out.print(orjson.dumps(lines).decode(), markup=False, soft_wrap=True)
    else:
        for name, value in lines.items():
            shown = "none" if value is None else value
            out.print(f"{name.replace('_', ' '):<13} {shown}", markup=False, soft_wrap=True)
    casus.close()
    if failure:
        errors.print("casus: the timelines have stopped", markup=False)
        raise SystemExit(1)
