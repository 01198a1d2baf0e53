"""``casus load``: a chronicle from a file or standard input, all of it or nothing."""

from __future__ import annotations

from pathlib import Path

import typer

from domain.checks import Faulty
from service.chronicles import load_chronicle, parse_chronicle
from service.cli.output import complain, progress, refuse, say, usage
from service.cli.stores import opened
from service.faults import json_path
from service.imports.reading.files import standard_input
from service.imports.reading.outcomes import UnreadableFile
from service.recording import fault_of_author
from service.settings import Settings

STANDARD_INPUT = Path("-")


def load_file(settings: Settings, file: Path, by: str) -> None:
    """Load a chronicle, or name all of its faults and end with status 1."""
    if wrong := fault_of_author(by):
        usage(wrong, "--by")
    name = "standard input" if file == STANDARD_INPUT else str(file)
    try:
        data = standard_input().read() if file == STANDARD_INPUT else file.read_bytes()
    except UnreadableFile as error:
        refuse(str(error))
    try:
        chronicle = parse_chronicle(data)
        with opened(settings, make=True) as casus, progress("loading") as tell:
            loaded = load_chronicle(chronicle, casus.log, casus.desk, by, tell)
    except Faulty as faulty:
        count = len(faulty.faults)
        faults = "one fault" if count == 1 else f"{count} faults"
        complain(f"casus: {name}: nothing was loaded; {faults}:")
        for fault in faulty.faults:
            line = f"  {json_path(fault.path)}: {fault.message}"
            complain(line)
        raise typer.Exit(1) from None
    say(
        f"{chronicle.title}: {loaded.incidents} incidents with {loaded.accounts} accounts,"
        f" {loaded.actors} actors; {loaded.records} records appended, position {loaded.position}"
    )
