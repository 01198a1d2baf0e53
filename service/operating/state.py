"""What one process that serves knows of how it is run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute

from service.imports.jobs.documents import ImportJob
from service.operating.counts import IMPORTED_ROWS, IMPORTS_DONE, IMPORTS_FAILED, Counts
from service.settings import Settings

if TYPE_CHECKING:
    from service.bootstrap import Casus
    from service.operating.tracing import Tracing


@dataclass(frozen=True, slots=True)
class Slot:
    """Which worker of how many a process is, and the file that all of them count in."""

    worker: int = 0
    workers: int = 1
    file: int | None = None

    @property
    def is_first(self) -> bool:
        """Whether it is the one that does what is to be done once on a machine."""
        return self.worker == 0


ALONE = Slot()
"""The only process that serves."""


class Operating:
    """How a process is run: by which settings, what it counts, and whether it is to end."""

    def __init__(self, settings: Settings, routes: Iterable[BaseRoute], slot: Slot) -> None:
        self.settings = settings
        self.slot = slot
        self.stopping = False
        """Whether it was told to end: it is not ready any more, and ends connections with their answers."""
        self.settle: Callable[[], object] = lambda: None
        """Counts what this process has noted up to now; on its event loop."""
        self.tracing: Tracing | None = None
        """Where requests are traced."""
        self.counts = Counts(
            _watched(routes), file=slot.file, worker=slot.worker, workers=slot.workers
        )

    def trace(self, casus: Casus, version: str) -> Tracing | None:
        """Trace requests from now on, if that is configured."""
        if not is_traced(os.environ):
            return None
        from service.operating import logs  # noqa: PLC0415
        from service.operating.tracing import Tracing, fields  # noqa: PLC0415 - it takes memory and time

        self.tracing = Tracing(version, self.slot.worker)
        self.tracing.watch(casus)
        logs.context[:] = [fields]
        return self.tracing

    def close(self) -> None:
        """Send what was traced."""
        if self.tracing:
            self.tracing.close()

    def imported(self, job: ImportJob) -> None:
        """Count an import that is over."""
        self.counts.count(IMPORTS_DONE if job.state == "done" else IMPORTS_FAILED)
        self.counts.count(IMPORTED_ROWS, job.counts.rows if job.counts else 0)


def is_traced(environment: Mapping[str, str]) -> bool:
    """Whether OpenTelemetry's variables say where traces are to be sent."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    named = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    return named != "none" and any(
        environment.get(name)
        for name in (
            "OTEL_TRACES_EXPORTER",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        )
    )


def _watched(routes: Iterable[BaseRoute]) -> Mapping[int, tuple[str, Iterable[str]]]:
    """By each route's id, its template and the methods that it answers to; of files it says nothing."""
    watched = {}
    for route in routes:
        methods = set(getattr(route, "methods", None) or {"GET"})
        if "GET" in methods:
            methods.add("HEAD")  # which is answered as GET
        watched[id(route)] = getattr(route, "path", ""), sorted(methods)
    return watched
