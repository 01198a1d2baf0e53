"""OpenTelemetry: a span a request, with one below it for each append, each fold and each read.

It is switched on by OpenTelemetry's own variables, an address to export to
(``OTEL_EXPORTER_OTLP_ENDPOINT``) or ``OTEL_TRACES_EXPORTER``, and configured by the others of them. Where
none is set nothing of this module is loaded, and nothing is wrapped: it costs nothing. Only OTLP over HTTP
is spoken, and ``console``.

A span holds the route, the path, the status and the id of its request, and of what it read how many rows:
no query, no header, no value.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.bootstrap import Casus
from service.operating.logs import ID, Fields

log = logging.getLogger("casus")

FLUSH = 5_000
"""Milliseconds that what was traced has to be sent when the service stops."""

R = TypeVar("R")

_PROPAGATOR = TraceContextTextMapPropagator()


class Tracing:
    """Traces of one process."""

    def __init__(self, version: str, worker: int) -> None:
        """Traces as the environment configures them."""
        ours = {
            "service.name": "casus",
            "service.version": version,
            "service.instance.id": f"{os.getpid()}-{worker}",
        }
        # What the environment says comes last, and so goes before what we say.
        resource = Resource.create().merge(Resource(ours)).merge(OTELResourceDetector().detect())
        # Not the provider of all: FastAPI's own spans would have queries in them.
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(_exporter()))
        self.tracer = self._provider.get_tracer("casus", version)

    def watch(self, casus: Casus) -> None:
        """Have spans made of what a store does within a request."""
        for name, owner, method in (
            ("append", casus.log, "append"),
            ("fold", casus.projector, "catch_up"),
            ("read", casus.reader._database, "rows"),
        ):
            setattr(owner, method, self._traced(name, getattr(owner, method)))

    def _traced(self, name: str, function: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(function)
        def traced(*arguments: Any, **named: Any) -> R:
            if not trace.get_current_span().is_recording():
                return function(*arguments, **named)
            with self.tracer.start_as_current_span(f"casus {name}") as span:
                done = function(*arguments, **named)
                if isinstance(done, list | tuple):
                    span.set_attribute("casus.rows", len(done))
                return done

        return traced

    def close(self) -> None:
        """Send what was traced, if it is taken in time."""
        self._provider.force_flush(FLUSH)
        self._provider.shutdown()


def _exporter() -> SpanExporter:
    named = os.environ.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower()
    if named == "console":
        return ConsoleSpanExporter()
    if named != "otlp":
        log.warning("OTEL_TRACES_EXPORTER=%s is not known here; otlp is used", named[:50])
    return OTLPSpanExporter()


def fields() -> Fields:
    """What stands in a line that is logged within a span."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}


class Traced:
    """Makes a span of a request."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self.app = app
        self._tracer = tracing.tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method = scope["method"]
        attributes = {
            "http.request.method": method,
            "url.scheme": scope["scheme"],
            "url.path": scope["path"],
            "network.protocol.version": scope["http_version"],
            "casus.request_id": scope.get(ID, b"").decode(),
        }
        with self._tracer.start_as_current_span(
            method,
            context=_parent(scope),
            kind=trace.SpanKind.SERVER,
            attributes=attributes,
        ) as span:

            async def send_on(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(trace.StatusCode.ERROR)
                    if route := getattr(scope.get("route"), "path", None):
                        span.set_attribute("http.route", route)
                        span.update_name(f"{method} {route}")
                await send(message)

            await self.app(scope, receive, send_on)


def _parent(scope: Scope) -> Context:
    headers: Mapping[str, str] = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in scope["headers"]
        if name in (b"traceparent", b"tracestate")
    }
    return _PROPAGATOR.extract(headers)
