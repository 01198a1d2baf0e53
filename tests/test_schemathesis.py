"""The contract against the live service: requests made from its schemas, right and wrong ones.

schemathesis makes the requests and holds the answers to the contract: no 5xx, documented statuses, media
types, headers and bodies, what is right accepted and what is wrong refused, methods that are not documented
refused. The seed is fixed, so that a run finds what the last one found.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import schemathesis
from schemathesis.engine import events, from_schema

from tests.domain_rules import FORMATS, repaired
from tests.processes import serving

REQUESTS = 30
"""Random requests to each operation, beside those that cover its schemas one bound at a time."""


def test_the_service_keeps_its_contract(home: Path) -> None:
    with serving(home) as server:
        tested, faults = _run(server.address)
        readiness = server.get("/readyz").json()
        operations = sum(len(path) for path in server.get("/openapi.json").json()["paths"].values())
        ended = server.end()
    assert not faults, "\n\n".join(faults)
    assert len(tested) == operations
    assert readiness["ready"]
    assert readiness["lag"] == 0
    assert "Traceback" not in ended.errors


def _run(address: str) -> tuple[set[str], list[str]]:
    """The operations that were asked for anything, and what was wrong, with how to see it again."""
    for name, strategy in FORMATS.items():
        schemathesis.openapi.format(name, strategy)
    config = schemathesis.Config.from_dict(
        {
            "seed": 2021,
            "base-url": address,
            "continue-on-failure": True,
            "generation": {"max-examples": REQUESTS, "deterministic": True},
            # If-Match is the only header that is required: RFC 6585 has a status for its absence.
            "checks": {"missing_required_header": {"expected-statuses": [428]}},
        }
    )
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json", config=config)
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
            tested |= {event.label} if event.label and event.recorder.interactions else set()
            faults += _faults(event)
    return tested, faults


def _faults(scenario: events.ScenarioFinished) -> Iterator[str]:
    for checks in scenario.recorder.checks.values():
        for check in checks:
            if found := check.failure_info:
                failure = found.failure
                yield f"{failure.title}: {failure.message}\n{found.code_sample}"
