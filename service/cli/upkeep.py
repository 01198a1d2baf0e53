"""``casus rebuild``, ``status``, ``verify``, ``backup``, ``restore``, ``migrate``: care for a store."""

from __future__ import annotations

import dataclasses
import time
from contextlib import closing
from pathlib import Path

import orjson

from service.cli.output import progress, refuse, say, usage, write_lines
from service.cli.stores import check_there, opened
from service.log import Clash, Log
from service.log.places import LogPlace, NoPlace, in_words, is_there, place_of
from service.settings import Settings
from service.upkeep.backups import NoBackup, new_backup, opened_backup
from service.upkeep.copying import Copied, Differs, copy, replace
from service.upkeep.states import copy_states, keep_states, restore_states
from service.upkeep.verifying import fault_of_copy, verify
from service.views.comparing import NoCopy


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
        failure = casus.projector.failure or casus.projector.difference
        lines = {
            "home": str(settings.home.absolute()),
            "log_position": casus.log.head,
            "log": in_words(casus.log.place),
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
    if isinstance(failure, NoCopy):
        refuse("the timelines are not of the log")
    if failure:
        refuse("the timelines have stopped")


def verify_store(settings: Settings, *, json: bool) -> None:
    """Look through the log and the timelines, and print what was found; status 1 for any fault."""
    with opened(settings) as casus, progress("verifying") as tell:
        verdict = verify(casus.followed, casus.projector.generation.path, tell)
        if casus.followed is not casus.log and (fault := fault_of_copy(casus.followed, casus.log)):
            verdict = dataclasses.replace(verdict, faults=(fault, *verdict.faults))
    looked_at = in_words(settings.followed_place)
    if json:
        write_lines([orjson.dumps({"log": looked_at, **dataclasses.asdict(verdict)})])
    else:
        say(f"{looked_at}: {verdict.position} records, {verdict.digest}")
        for fault in verdict.faults:
            say(f"  {fault}")
    if verdict.faults:
        refuse(
            "the store is not sound; timelines are made anew by casus rebuild,"
            " a log is taken from its backup by casus restore"
        )
    if not json:
        say(
            "The log has no gap, every record can be read, and the timelines are what they come to."
        )


def back_up(settings: Settings, file: Path) -> None:
    """Copy the log and what is kept beside it into a new file, while whoever serves goes on."""
    check_there(settings)
    try:
        if file.exists():
            raise FileExistsError
        with new_backup(file) as staged:
            with (
                closing(Log(settings.log_place)) as source,
                closing(Log(staged)) as target,
                progress("copying") as tell,
            ):
                copied = copy(source, target, tell)
            keep_states(settings.log_place, staged)
    except FileExistsError:
        refuse(f"{file} is there already; a backup is a new file")
    say(f"{file}: {copied.position} records, {copied.digest}")


def restore(settings: Settings, file: Path, *, replacing: bool) -> None:
    """Bring a store to what a backup has, while whoever serves goes on."""
    if not file.is_file():
        refuse(f"there is no file {file}")
    try:
        with (
            progress("looking through the backup") as tell,
            opened_backup(file, settings.home, tell) as source,
        ):
            with closing(Log(settings.log_place)) as target:
                copied = _copied(source, target, replacing=replacing)
            left = restore_states(source.place, settings.log_place, replacing=replacing)
    except NoBackup as error:
        refuse(f"nothing was restored: {error}")
    say(f"{in_words(settings.log_place)}: {copied.position} records, {copied.digest}")
    for kind in left:
        say(f"The {kind} that are there stay, and those of the backup are left out (--replace).")


def _copied(source: Log, target: Log, *, replacing: bool) -> Copied:
    try:
        return copy(source, target)
    except Differs as differs:
        if replacing:
            return replace(source, target)
        refuse(
            f"nothing was restored: {differs}; --replace puts the backup in its place, and what is only"
            " in the store is lost"
        )
    except Clash:
        refuse(
            "others have written to the store meanwhile, and what is not there yet was not restored; let"
            " nobody write, and restore once more"
        )


def migrate(origin: str, destination: str) -> None:
    """Copy a log, and what is kept beside it, from one store to another."""
    with (
        closing(Log(_existing(origin, "--from"))) as source,
        closing(Log(_place(destination, "--to"))) as target,
        progress("copying") as tell,
    ):
        try:
            copied = copy(source, target, tell)
        except (Differs, Clash) as error:
            refuse(f"{in_words(target.place)}: {error}; migrate to a store that is empty")
        copy_states(source.place, target.place)
    say(
        f"{in_words(target.place)}: {copied.position} records, {copied.appended} of them copied now,"
        f" {copied.digest}"
    )


def _existing(address: str, option: str) -> LogPlace:
    place = _place(address, option)
    if not is_there(place):
        usage(f"there is no log at {place if isinstance(place, Path) else in_words(place)}", option)
    return place


def _place(address: str, option: str) -> LogPlace:
    try:
        return place_of(address)
    except NoPlace as error:
        usage(str(error), option)
