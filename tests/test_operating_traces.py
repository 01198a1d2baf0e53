"""Traces, as an OpenTelemetry collector receives them: OTLP over HTTP, decoded from its protobuf."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from service.operating.state import is_traced
from tests.processes import STOPPED, account, loaded, serving

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SDK = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http", "service.operating.tracing")


@dataclass
class Collector:
    address: str
    resources: list[dict[str, str]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    raw: bytes = b""

    def of(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector("")

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.raw += body
            for each in ExportTraceServiceRequest.FromString(body).resource_spans:
                found.resources.append(attributes(each.resource))
                for scope in each.scope_spans:
                    found.spans.extend(scope.spans)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.address = f"http://127.0.0.1:{server.server_port}"
        yield found
        server.shutdown()


def attributes(of: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in of.attributes}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_request_is_a_span_with_what_it_appends_folds_and_reads_below_it(
    workers, collector, home
):
    with serving(
        home,
        CASUS_WORKERS=workers,
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.address,
        OTEL_SERVICE_NAME="casus-test",
        OTEL_RESOURCE_ATTRIBUTES="service.instance.id=node-a,deployment.environment.name=desk",
    ) as server:
        posted = server.client.post(
            "/v1/incidents",
            json=account("Traced"),
            headers={"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-Id": "posted"},
        )
        assert posted.status_code == 201
        read = server.client.get("/v1/incidents?q=swordfish", headers={"X-Request-Id": "read"})
        server.client.get("/v1/countries/XYZ/timeline")
        ended = server.end()
    assert (ended.status, ended.errors) == (0, STOPPED)
    named = ("service.name", "service.instance.id", "deployment.environment.name")
    assert {tuple(each[name] for name in named) for each in collector.resources} == {
        ("casus-test", "node-a", "desk")
    }
    assert all(each["service.version"] for each in collector.resources)

    (post,) = collector.of("POST /v1/incidents")
    assert post.kind == Span.SPAN_KIND_SERVER
    assert (post.trace_id.hex(), post.parent_span_id.hex()) == (TRACE, PARENT)
    assert attributes(post)["http.route"] == "/v1/incidents"
    assert attributes(post)["http.response.status_code"] == 201
    assert attributes(post)["casus.request_id"] == "posted"
    below = [span for span in collector.spans if span.trace_id == post.trace_id and span != post]
    assert {"casus append", "casus fold"} <= {span.name for span in below}
    within = {span.span_id for span in [post, *below]}
    for span in below:
        assert span.parent_span_id in within
        assert post.start_time_unix_nano <= span.start_time_unix_nano
        assert span.end_time_unix_nano <= post.end_time_unix_nano

    (search,) = collector.of("GET /v1/incidents")
    assert read.headers["x-request-id"] == attributes(search)["casus.request_id"] == "read"
    assert any(span.name == "casus read" for span in collector.spans
               if span.parent_span_id == search.span_id)  # fmt: skip
    (missing,) = collector.of("GET /v1/countries/{code}/timeline")
    assert attributes(missing)["http.response.status_code"] == 404
    # What runs by itself, twice a second, is in no trace.
    assert all(span.parent_span_id for span in collector.of("casus fold"))
    assert b"swordfish" not in collector.raw
    assert b"Bearer" not in collector.raw


def test_a_fault_marks_its_span(collector, app, monkeypatch):
    from starlette.testclient import TestClient

    from service.api.app import create_app
    from service.operating import logs

    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{collector.address}/v1/traces")
    monkeypatch.setattr(logs, "context", [])
    casus = app.state.casus
    monkeypatch.setattr(casus.reader, "moment", lambda *_: 1 / 0)
    with TestClient(create_app(casus), raise_server_exceptions=False) as client:
        assert client.get("/v1/countries").status_code == 500
    (span,) = collector.of("GET /v1/countries")
    assert span.status.code == span.status.STATUS_CODE_ERROR


def test_a_collector_that_is_not_there_is_no_trouble(home):
    with serving(home, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9") as server:
        assert server.get("/v1/countries").status_code == 200
        ended = server.end()
    assert ended.status == 0


@pytest.mark.parametrize(
    ("environment", "traced"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, False),
        ({"OTEL_SERVICE_NAME": "casus"}, False),
    ],
)
def test_traces_are_made_where_it_says_where_to_send_them(environment, traced):
    assert is_traced(environment) is traced


def test_nothing_of_it_is_loaded_otherwise(tmp_path):
    program = (
        "from service.settings import Settings\n"
        "from service.bootstrap import open_casus\n"
        "from service.api.app import create_app\n"
        "casus = open_casus(Settings(_env_file=None))\n"
        "create_app(casus)\n"
        "casus.close()"
    )
    assert loaded(program, (*SDK, "prometheus_client"), CASUS_HOME=str(tmp_path)) == []
