"""``casus revise``: a revision of an incident or an actor, from options, a file or standard input.

The body is what the API takes for the same revision; what is recorded, and refused, is the same.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import orjson
from pydantic import TypeAdapter, ValidationError

from domain.checks import Fault, Faulty
from service.bootstrap import Casus
from service.cli.output import complain, refuse, say, usage
from service.cli.stores import opened
from service.faults import faults_of_validation, json_path
from service.recording import Caller, NotRecorded, Stale, Written, fault_of_author
from service.revisions import OF_ACTORS, OF_INCIDENTS
from service.settings import Settings

STANDARD_INPUT = Path("-")


def revise(
    settings: Settings,
    target: str,
    action: str,
    file: Path | None,
    *,
    given: dict[str, str | None],
    changes: list[str],
    by: str,
    seen: int | None,
) -> None:
    """Record a revision, and say where it stands; or name all of its faults and end with status 1."""
    stream = _stream(target)
    kinds = OF_ACTORS if stream is None else OF_INCIDENTS
    if action not in kinds:
        whose = "an actor" if stream is None else "an incident"
        usage(f"{action!r} is no revision of {whose}: there are {', '.join(kinds)}", "REVISION")
    body = _body(file)
    body |= {name: value for name, value in given.items() if value is not None}
    if changes:
        changed = dict(map(_change, changes))
        if action != "corrections":
            body |= changed
        elif isinstance(before := body.get("set", {}), dict):
            body["set"] = before | changed
    if fault := fault_of_author(by):
        usage(fault, "--by")
    caller = Caller(by=by, seen=None if seen is None else frozenset({seen}))
    try:
        revision = TypeAdapter(kinds[action]).validate_json(orjson.dumps(body), strict=True)
        with opened(settings) as casus:
            written = _record(casus, stream, target, revision, caller)
    except ValidationError as error:
        _refuse_faults(faults_of_validation(error))
    except Faulty as faulty:
        _refuse_faults(faulty.faults)
    except orjson.JSONEncodeError as error:
        refuse(f"nothing was recorded: {error}")
    except NotRecorded:
        refuse(f"there is no {'actor' if stream is None else 'incident'} {target!r}")
    except Stale as stale:
        refuse(f"nothing was recorded: {stale}, not {seen}")
    say(f"Recorded at position {written.position}.")


def _record(
    casus: Casus, stream: UUID | None, target: str, revision: Any, caller: Caller
) -> Written:
    if stream is None:
        return casus.desk.revise_actor(target, revision, caller)
    return casus.desk.revise_incident(stream, revision, caller)


def _stream(target: str) -> UUID | None:
    try:
        return UUID(target)
    except ValueError:
        return None


def _body(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    data = sys.stdin.buffer.read() if file == STANDARD_INPUT else file.read_bytes()
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        refuse(f"{file} is not JSON: {error}")
    if not isinstance(body, dict):
        refuse(f"{file} holds no JSON object")
    return body


def _change(text: str) -> tuple[str, Any]:
    """A field and its value: JSON where it is some, else the text itself.

    A number is text as well, but where one is asked for: 2021 is a date.
    """
    name, equals, value = text.partition("=")
    if not equals:
        usage(f"{text!r} is not FIELD=VALUE", "--set")
    try:
        read = orjson.loads(value)
    except orjson.JSONDecodeError:
        return name, value
    is_number = isinstance(read, int | float) and not isinstance(read, bool)
    return name, value if is_number and name != "number" else read


def _refuse_faults(faults: Sequence[Fault]) -> NoReturn:
    complain("casus: nothing was recorded:")
    for fault in faults:
        complain(f"  {json_path(fault.path)}: {fault.message}")
    raise SystemExit(1)
