"""``/metrics``: what Prometheus reads, of all workers of a service whichever of them answers.

Requests are counted as they end (`counts`); what stands in the store is looked up when it is asked for.
What can't be looked up is left out, and `casus_store_up` says so.
"""

from __future__ import annotations

import datetime
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from service.api.kept_files import KeptFiles
from service.bootstrap import Casus, utc_now
from service.imports.jobs.store import Imports
from service.operating.counts import (
    BOUNDS,
    IMPORTED_ROWS,
    IMPORTS_DONE,
    IMPORTS_FAILED,
    PROCESS,
    STREAMS,
)
from service.operating.readiness import Standing
from service.operating.state import Operating
from service.reading.clocks import instant_text
from service.webhooks.store import Subscriptions

log = logging.getLogger("casus")

MEDIA_TYPE = CONTENT_TYPE_LATEST

T = TypeVar("T")


def exposition(state: Any, standing: Standing, version: str) -> bytes:
    """The text that Prometheus reads, of an application's state and how its store stands."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_All(state, standing, version))
    return generate_latest(registry)


class _All(Collector):
    def __init__(self, state: Any, standing: Standing, version: str) -> None:
        self._operating: Operating = state.operating
        self._casus: Casus = state.casus
        self._imports: Imports = state.imports
        self._subscriptions: Subscriptions = state.subscriptions
        self._kept: KeptFiles = state.kept
        self._standing, self._version = standing, version

    def collect(self) -> Iterator[Metric]:
        """Everything that is measured."""
        yield InfoMetricFamily("casus", "The version that serves.", {"version": self._version})
        yield self._requests()
        yield from self._log()
        # Whose store does not answer is asked nothing more: whoever collects this has other things to do.
        of_store = (self._queues, self._webhooks) if self._standing.log_position is not None else ()
        for found in (*of_store, self._exports):
            with suppress(_Unknown):
                yield from found()
        yield from self._workers()

    def _requests(self) -> Metric:
        family = HistogramMetricFamily(
            "casus_http_request_duration_seconds",
            "Seconds from a request's head to the end of its answer, streams included.",
            labels=["method", "route", "status"],
        )
        for each in self._operating.counts.latencies():
            buckets, reached = [], 0
            for bound, more in zip((*map(str, BOUNDS), "+Inf"), each.counts, strict=True):
                reached += more
                buckets.append((bound, float(reached)))
            family.add_metric([each.method, each.route, each.status], buckets, each.seconds)
        return family

    def _log(self) -> Iterator[Metric]:
        standing = self._standing
        yield _gauge(
            "casus_store_up", "Whether the log answered in time.", standing.log_position is not None
        )
        if standing.log_position is not None:
            yield _gauge(
                "casus_log_position", "The newest record of the log.", standing.log_position
            )
        yield _gauge(
            "casus_shown_position", "The newest record that the timelines show.", standing.position
        )
        if standing.lag is not None:
            yield _gauge(
                "casus_projection_lag_positions",
                "Records that the timelines do not show yet.",
                standing.lag,
            )
        if standing.lag_seconds is not None:
            yield _gauge(
                "casus_projection_lag_seconds",
                "Seconds since the oldest of these was recorded; 0 if there is none.",
                standing.lag_seconds,
            )
        yield _gauge(
            "casus_projection_stopped",
            "Whether a record could not be folded, so that the timelines stand before it.",
            self._casus.projector.failure is not None,
        )

    def _queues(self) -> Iterator[Metric]:
        counts = self._operating.counts
        jobs = _known(lambda: [self._imports.get(each) for each in self._imports.waiting()])
        running = [job for job in jobs if job and job.state == "running"]
        yield _gauge(
            "casus_imports_waiting", "Imports that are not begun.", len(jobs) - len(running)
        )
        yield _gauge("casus_imports_running", "Imports that are carried out.", len(running))
        rows, rate = 0, 0.0
        for job in running:
            if job.progress and job.started:
                rows += job.progress.rows
                rate += job.progress.rows / max(1.0, _seconds_since(job.started))
        yield _gauge("casus_import_running_rows", "Rows read by the import that is running.", rows)
        yield _gauge(
            "casus_import_running_rows_per_second", "How many in a second since it began.", rate
        )
        family = CounterMetricFamily(
            "casus_imports", "Imports over HTTP that are over.", labels=["outcome"]
        )
        family.add_metric(["done"], counts.sum(IMPORTS_DONE))
        family.add_metric(["failed"], counts.sum(IMPORTS_FAILED))
        yield family
        yield CounterMetricFamily(
            "casus_import_rows", "Rows that these have read.", counts.sum(IMPORTED_ROWS)
        )

    def _webhooks(self) -> Iterator[Metric]:
        head = self._standing.position
        due, states = _known(lambda: self._due(head))
        yield _gauge(
            "casus_webhooks_due",
            "Subscriptions to which something may be sent now: those that are behind.",
            due,
        )
        family = GaugeMetricFamily(
            "casus_webhooks_subscriptions", "Subscriptions, by state.", labels=["state"]
        )
        for state, number in states.items():
            family.add_metric([state], number)
        yield family

    def _due(self, head: int) -> tuple[int, dict[str, int]]:
        states = dict.fromkeys(("active", "paused", "dead"), 0)
        for kept in self._subscriptions.all():
            states[kept.subscription.state] += 1
        return len(self._subscriptions.due(head, instant_text(utc_now()))), states

    def _exports(self) -> Iterator[Metric]:
        number, size = _known(self._kept.taken)
        yield _gauge("casus_kept_exports", "Long publications that are kept as files.", number)
        yield _gauge("casus_kept_exports_bytes", "Bytes that these take.", size)

    def _workers(self) -> Iterator[Metric]:
        counts = self._operating.counts
        yield _gauge(
            "casus_streams_open", "Answers that are sent as they are written.", counts.sum(STREAMS)
        )
        yield _gauge("casus_workers", "Processes that serve.", counts.workers)
        yield CounterMetricFamily(
            "casus_worker_restarts",
            "How often one of them ended, and another was started in its place.",
            counts.sheet.restarts,
        )
        computed = CounterMetricFamily(
            "casus_worker_cpu_seconds", "Seconds that each has computed.", labels=["worker"]
        )
        resident = GaugeMetricFamily(
            "casus_worker_resident_bytes", "Memory that each has.", labels=["worker"]
        )
        for worker in range(counts.workers):
            with suppress(OSError, ValueError, IndexError):  # it has died, or there is no /proc
                used = _of_process(counts.sheet.get(worker, PROCESS))
                computed.add_metric([str(worker)], used[0])
                resident.add_metric([str(worker)], used[1])
        yield computed
        yield resident


class _Unknown(Exception):
    """Raised when something could not be looked up."""


def _known(look_up: Callable[[], T]) -> T:
    try:
        return look_up()
    except Exception as error:
        log.warning("something of the metrics is not known: %s", error)
        raise _Unknown from error


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, float(value))


def _seconds_since(instant: str) -> float:
    return utc_now().timestamp() - datetime.datetime.fromisoformat(instant).timestamp()


def _of_process(process: int) -> tuple[float, int]:
    """Seconds that a process has computed, and bytes that it has in memory. Raises OSError."""
    folder = Path(f"/proc/{process}")
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    pages = int((folder / "statm").read_text().split()[1])
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds, pages * os.sysconf("SC_PAGE_SIZE")
