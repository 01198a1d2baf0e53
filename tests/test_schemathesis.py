"""schemathesis against the live application."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from collections.abc import Iterator

import pytest
import schemathesis
import uvicorn
from hypothesis import strategies as st

from service.api.app import create_app
from tests.domain_rules import FORMATS, repaired

for name, strategy in FORMATS.items():
    schemathesis.openapi.format(name, strategy)


@pytest.fixture
def address(chronicle) -> Iterator[str]:
    server = uvicorn.Server(
        uvicorn.Config(create_app(chronicle), port=0, log_level="warning", lifespan="on")
    )
    started = threading.Event()
    original = server.startup

    async def startup(sockets=None):
        await original(sockets)
        started.set()

    server.startup = startup
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    started.wait(30)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()



def test_the_service_keeps_its_contract(address: str) -> None:
    import time, collections
    from schemathesis.engine import from_schema, events
    config = schemathesis.Config.from_dict(
        {"seed": 1, "base-url": address, "continue-on-failure": True, "generation": {"max-examples": 30, "deterministic": True}}
    )
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json", config=config)
    schema.hook('map_case')(repaired)
    @schema.hook
    def before_add_examples(context, examples):
        examples[:] = [repaired(context, case) for case in examples]
    found = []
    t=time.time()
    n=collections.Counter()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            n[event.phase.value, event.label]+=len(event.recorder.interactions)
            for case_id, checks in event.recorder.checks.items():
                for c in checks:
                    if c.failure_info:
                        i = event.recorder.interactions.get(case_id)
                        r = i.response if i else None
                        found.append((event.phase.value, event.label, c.name, c.failure_info.failure.title, c.failure_info.failure.message, c.failure_info.code_sample, r.status_code if r else None, r.content[:400] if r else None))
        elif isinstance(event, events.PhaseFinished):
            print(event.phase.name, event.status, time.time()-t)
        elif isinstance(event, events.NonFatalError):
            print("ERR", event)
    for k,v in sorted(n.items()): print(k,v)
    seen=collections.Counter()
    for f in found:
        k=f[:4]
        seen[k]+=1
        if seen[k]<=4: print("-----"); [print("   ", str(x)[:900]) for x in f]
    print(len(found))
    for k,v in seen.items(): print(k,v)
    assert 0
