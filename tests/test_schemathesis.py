"""The contract against the live service: requests made from its schemas, right and wrong ones.

schemathesis makes the requests and holds the answers to the contract: no 5xx, documented statuses, media
types, headers and bodies, what is right accepted and what is wrong refused, methods that are not documented
refused. Requests bear an administrator's key, but for those that find out whether one is asked for. The
seed is fixed, so that a run finds what the last one found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pytest
import schemathesis
from schemathesis.engine import events, from_schema

from tests.domain_rules import FORMATS, repaired
from tests.processes import Server, serving

PHASES = ("examples", "coverage", "fuzzing", "stateful")
REQUESTS = 30
"""Random requests to each operation, beside those that cover its schemas one bound at a time."""


PARTS = ("countries", "incidents", "others")
"""The operations in parts, by what their paths begin with, each tested at a server of its own.

Most of the time is taken by parameters that they have in common, for each part anew.
"""


@pytest.mark.parametrize("part", PARTS)
def test_every_operation_keeps_the_contract(part: str, home: Path) -> None:
    with serving(home) as server:
        paths = server.get("/openapi.json").json()["paths"]
        of_part = {path: methods for path, methods in paths.items() if _part(path) == part}
        tested, faults = _run(server, ["examples", "coverage", "fuzzing"], set(of_part))
        _check_end(server)
    assert not faults, "\n\n".join(faults)
    assert len(tested) == sum(map(len, of_part.values()))


def test_operations_one_after_the_other_keep_the_contract(home: Path) -> None:
    with serving(home) as server:
        steps, faults = _run(server, ["stateful"])
        _check_end(server)
    assert not faults, "\n\n".join(faults)
    assert steps


def _part(path: str) -> str:
    return next((part for part in PARTS if path.startswith(f"/v1/{part}")), PARTS[-1])


def _check_end(server: Server) -> None:
    """The server is as well as it was, and has met nothing that it did not expect."""
    readiness = server.get("/readyz").json()
    ended = server.end()
    assert readiness["ready"]
    assert readiness["lag"] == 0
    assert "Traceback" not in ended.errors


def _run(
    server: Server, phases: Sequence[str], paths: Collection[str] | None = None
) -> tuple[set[str], list[str]]:
    """The operations that were asked for anything, and what was wrong, with how to see it again."""
    for name, strategy in FORMATS.items():
        schemathesis.openapi.format(name, strategy)
    config = schemathesis.Config.from_dict(
        {
            "seed": 2021,
            "base-url": server.address,
            "headers": {"Authorization": f"Bearer {server.key}"},
            "continue-on-failure": True,
            "generation": {"max-examples": REQUESTS, "deterministic": True},
            "phases": {name: {"enabled": name in phases} for name in PHASES},
            # If-Match is the only header that is required: RFC 6585 has a status for its absence.
            "checks": {"missing_required_header": {"expected-statuses": [428]}},
        }
    )
    schema = schemathesis.openapi.from_url(f"{server.address}/openapi.json", config=config)
    if paths is not None:
        schema = schema.include(path=sorted(paths))
    schema.hook("map_case")(repaired)

    @schema.hook
    def before_add_examples(
        context: schemathesis.HookContext, examples: list[schemathesis.Case]
    ) -> None:
        examples[:] = [repaired(context, case) for case in examples]

    tested, faults = set(), []
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            faults.append(str(event))
        elif isinstance(event, events.ScenarioFinished):
            tested |= {event.label or str(event.id)} if event.recorder.interactions else set()
            faults += _faults(event)
    return tested, faults


def _faults(scenario: events.ScenarioFinished) -> Iterator[str]:
    for checks in scenario.recorder.checks.values():
        for check in checks:
            if found := check.failure_info:
                failure = found.failure
                yield f"{failure.title}: {failure.message}\n{found.code_sample}"
