"""What tests of a running service look at: its metrics, and who runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.processes import Server


def metrics(server: Server) -> dict[str, dict[tuple[str, ...], float]]:
    """The samples of a server by name, then by the values of their labels."""
    return samples_of(once(server, "/metrics").text)


def samples_of(text: str) -> dict[str, dict[tuple[str, ...], float]]:
    """The samples in a text by name, then by the values of their labels."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


def once(server: Server, path: str) -> httpx.Response:
    """The answer to a request by a connection of its own, which any worker may take."""
    return httpx.get(server.address + path, trust_env=False, timeout=60)


def requests_of(server: Server, *labels: str) -> float:
    """How many requests were counted: of a method, a route and a class of status."""
    return metrics(server).get("casus_http_request_duration_seconds_count", {}).get(labels, 0.0)


def children_of(process: int) -> Sequence[int]:
    """The processes that a process has started."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(each) for each in listed]


def is_running(process: int) -> bool:
    """Whether a process is there, and no mere remainder of one."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"
