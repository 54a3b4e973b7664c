import logging
import subprocess
import sys
from asyncio import create_task
from collections.abc import Iterator
from contextvars import copy_context
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import INVALID_SPAN, SpanKind, StatusCode, Tracer, get_current_span, get_tracer
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.logs import TRACE_ID
from core.spans import install
from core.telemetry import configure_tracing, current_traceparent, linked, remote, span
from core.traced import RequestSpan
from tests.unit.observability.conftest import Read
from tests.unit.observability.traced_service import Service, Taken, request

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
HERE = "ab" * 16


@pytest.fixture(scope="module")
def installed() -> tuple[Tracer, InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    return install(SimpleSpanProcessor(exporter), "gatewright-test"), exporter


@pytest.fixture
def tracer(installed: tuple[Tracer, InMemorySpanExporter]) -> Tracer:
    return installed[0]


@pytest.fixture
def exporter(installed: tuple[Tracer, InMemorySpanExporter]) -> Iterator[InMemorySpanExporter]:
    installed[1].clear()
    yield installed[1]
    installed[1].clear()


async def ignored(event: Any) -> None:
    assert event["type"].startswith("http.response")


async def nothing() -> Any:
    return {"type": "http.request"}


async def ask(tracer: Tracer, service: Service, scope: dict[str, Any]) -> None:
    # A server runs each request in a task, and so in a context, of its own.
    await create_task(RequestSpan(tracer)(service, scope, nothing, ignored))


def named(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def parent(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


async def test_request_use_case_statement_and_published_message_are_one_trace(
    tracer: Tracer, exporter: InMemorySpanExporter
) -> None:
    service = Service()
    await ask(tracer, service, request("/announcements/mine"))
    [traceparent] = service.outbox
    with linked(traceparent), span("publish auth.events", SpanKind.PRODUCER, **{"messaging.system": "rabbitmq"}):
        carried = current_traceparent()
    spans = named(exporter)
    asked, used, read, published = (
        spans[name] for name in ("POST /announcements/{name:str}", "Announce", "SELECT", "publish auth.events")
    )
    assert {span.context.trace_id for span in spans.values()} == {int(HERE, 16)}
    assert len(spans) == 4
    assert (parent(asked), parent(used), parent(read), parent(published)) == (
        None,
        asked.context.span_id,
        used.context.span_id,
        used.context.span_id,
    )
    assert carried == f"00-{HERE}-{published.context.span_id:016x}-01"
    assert (asked.kind, read.kind, published.kind) == (SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER)


async def test_spans_say_what_the_conventions_want_and_no_secret(
    tracer: Tracer, exporter: InMemorySpanExporter
) -> None:
    await ask(tracer, Service("canary-of-a-secret"), request("/announcements/mine"))
    spans = named(exporter)
    assert spans["POST /announcements/{name:str}"].attributes == {
        "http.request.method": "POST",
        "http.response.status_code": 204,
        "http.route": "/announcements/{name:str}",
        "network.protocol.version": "1.1",
        "url.path": "/announcements/mine",
        "url.scheme": "https",
        "gatewright.request_id": HERE,
    }
    assert spans["SELECT"].attributes == {
        "db.system.name": "sqlite",
        "db.namespace": "",
        "db.operation.name": "SELECT",
        "db.query.text": "SELECT ?",
        "server.address": "",
    }
    assert not any("canary" in span.to_json() for span in spans.values())


async def test_the_trace_of_the_caller_is_continued(tracer: Tracer, exporter: InMemorySpanExporter) -> None:
    service = Service()
    await ask(tracer, service, request("/", (b"traceparent", PARENT.encode())))
    asked = named(exporter)["POST /announcements/{name:str}"]
    assert f"{asked.context.trace_id:032x}" == PARENT.split("-")[1]
    assert parent(asked) == int(PARENT.split("-")[2], 16)
    assert service.outbox[0] is not None
    assert service.outbox[0].startswith(PARENT[:36])


@pytest.mark.parametrize(
    "headers",
    [
        [b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01"],
        [PARENT.replace("b7ad6b7169203331", "0" * 16).encode()],
        [b"ff" + PARENT[2:].encode()],
        [PARENT.encode() + b"-more"],
        [PARENT.upper().encode()],
        [PARENT.encode()[:-1]],
        [b"\xff" * 55],
        [b""],
        [PARENT.encode(), PARENT.encode()],
    ],
)
async def test_a_traceparent_that_is_not_valid_is_ignored(
    headers: list[bytes], tracer: Tracer, exporter: InMemorySpanExporter
) -> None:
    await ask(tracer, Service(), request("/", *((b"traceparent", header) for header in headers)))
    asked = named(exporter)["POST /announcements/{name:str}"]
    assert asked.context.trace_id == int(HERE, 16)
    assert asked.parent is None


def test_a_later_version_of_traceparent_is_read_as_far_as_it_is_known() -> None:
    found = remote("01" + PARENT[2:] + "-more")
    assert found is not None
    assert f"{found.trace_id:032x}" == PARENT.split("-")[1]


async def test_a_status_from_500_on_is_an_error(tracer: Tracer, exporter: InMemorySpanExporter) -> None:
    await ask(tracer, Service(), request("/503"))
    asked = named(exporter)["POST /announcements/{name:str}"]
    assert asked.status.status_code is StatusCode.ERROR
    assert asked.attributes
    assert asked.attributes["error.type"] == "503"


async def test_i10_an_exception_is_an_error_without_its_secrets(tracer: Tracer, exporter: InMemorySpanExporter) -> None:
    with pytest.raises(RuntimeError):
        await ask(tracer, Service(), request("/fail"))
    asked = named(exporter)["POST /announcements/{name:str}"]
    assert asked.status.status_code is StatusCode.ERROR
    assert [event.name for event in asked.events] == ["exception"]
    assert "canary" not in asked.to_json()


async def test_a_refusal_is_an_outcome_and_no_error(tracer: Tracer, exporter: InMemorySpanExporter) -> None:
    with pytest.raises(Taken):
        await ask(tracer, Service("taken"), request("/"))
    used = named(exporter)["Announce"]
    assert used.status.status_code is StatusCode.UNSET
    assert used.attributes == {"gatewright.outcome": "test.taken"}


async def test_a_statement_that_fails_is_an_error(tracer: Tracer, exporter: InMemorySpanExporter) -> None:
    service = Service()
    with tracer.start_as_current_span("here"), service.engine.connect() as connection:
        with pytest.raises(OperationalError):
            connection.execute(text("SELECT * FROM nowhere"))
        connection.execute(text("VALUES (1)"))
    spans = named(exporter)
    assert spans["SELECT"].status.status_code is StatusCode.ERROR
    assert spans["SELECT"].attributes
    assert spans["SELECT"].attributes["error.type"] == "OperationalError"
    assert spans["VALUES"].status.status_code is StatusCode.UNSET


@pytest.mark.usefixtures("tracer")
async def test_what_is_not_sampled_makes_no_span(exporter: InMemorySpanExporter) -> None:
    service = Service()

    async def unsampled() -> None:
        TRACE_ID.set(HERE)
        await service(request("/"), nothing, ignored)
        with span("work") as opened, get_tracer("library").start_as_current_span("inside") as theirs:
            assert opened is theirs is INVALID_SPAN
        get_tracer("library").start_span("alone").end()

    await create_task(unsampled())
    assert exporter.get_finished_spans() == ()
    [traceparent] = service.outbox
    assert traceparent is not None
    assert traceparent.startswith(f"00-{HERE}-")
    assert traceparent.endswith("-00")


def test_libraries_add_to_a_trace_that_is_open(tracer: Tracer, exporter: InMemorySpanExporter) -> None:
    with tracer.start_as_current_span("here"), get_tracer("library").start_as_current_span("inside"):
        get_tracer("library").start_span("alone").end()
    assert set(named(exporter)) == {"here", "inside", "alone"}


@pytest.mark.usefixtures("tracer")
def test_log_lines_of_a_relay_bear_the_id_of_the_request(lines: Read, exporter: InMemorySpanExporter) -> None:
    for flags in ("00", "01"):
        with linked(PARENT[:-2] + flags), span("publish"):
            logging.getLogger("core").info("published")
    logging.getLogger("core").info("idle")
    unsampled, sampled, idle = lines()
    assert unsampled["trace_id"] == sampled["trace_id"] == PARENT.split("-")[1]
    assert "span_id" not in unsampled
    assert sampled["span_id"] == f"{exporter.get_finished_spans()[0].context.span_id:016x}"
    assert "trace_id" not in idle


@pytest.mark.parametrize("traceparent", [None, "", "nonsense"])
def test_what_was_written_without_a_trace_is_published_without_one(traceparent: str | None) -> None:
    def outside() -> None:
        with linked(traceparent):
            assert current_traceparent() is None
            assert get_current_span() is INVALID_SPAN

    copy_context().run(outside)


@pytest.mark.parametrize(("endpoint", "share"), [(None, 1.0), ("http://127.0.0.1:4318", 0.0)])
def test_without_a_collector_or_a_share_nothing_is_traced(endpoint: str | None, share: float) -> None:
    assert configure_tracing(endpoint, "gatewright", share) is None


def test_spans_reach_a_collector() -> None:
    program = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.environment_variables import OTEL_EXPORTER_OTLP_COMPRESSION
from core.telemetry import configure_tracing

class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        told = ExportTraceServiceRequest.FromString(body).resource_spans[0]
        service = {each.key: each.value.string_value for each in told.resource.attributes}["service.name"]
        print(self.path, service, told.scope_spans[0].spans[0].name, flush=True)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Collector)
Thread(target=server.serve_forever, daemon=True).start()
tracer = configure_tracing(f"http://127.0.0.1:{server.server_port}/", "gatewright", 0.5)
tracer.start_span("hello").end()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, cwd="src", timeout=30)
    assert done.stdout.decode() == "/v1/traces gatewright hello\n", done.stderr
