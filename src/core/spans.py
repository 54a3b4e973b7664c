"""Traces that leave this process: OpenTelemetry's SDK, within the limits that `core.telemetry` draws."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import INVALID_SPAN, Span, Tracer, set_tracer_provider
from opentelemetry.trace import TracerProvider as AnyProvider
from opentelemetry.util._decorator import _agnosticcontextmanager

from core.logs import TRACE_ID
from core.telemetry import NAME, sampled


def export(url: str, service: str) -> Tracer:
    """Send every span that ends to the OTLP collector at `url`; return what starts the traces of requests."""
    return install(BatchSpanProcessor(OTLPSpanExporter(url)), service)


def install(processor: SpanProcessor, service: str) -> Tracer:
    """Hand every span that ends to `processor`; return what starts the traces of requests."""
    resource = Resource.create({"service.name": service})
    provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, id_generator=_RequestIds())
    provider.add_span_processor(processor)
    set_tracer_provider(_WithinProvider(provider))
    return provider.get_tracer(NAME)


class _RequestIds(RandomIdGenerator):
    """A trace that starts here bears the id under which its request was logged and answered."""

    def generate_trace_id(self) -> int:
        named = TRACE_ID.get()
        return int(named, 16) if named else super().generate_trace_id()


@dataclass(frozen=True, slots=True)
class _WithinProvider(AnyProvider):
    """Makes tracers that start no trace."""

    provider: TracerProvider

    def get_tracer(self, *args: Any, **kwargs: Any) -> Tracer:
        return _WithinTracer(self.provider.get_tracer(*args, **kwargs))


@dataclass(frozen=True, slots=True)
class _WithinTracer(Tracer):
    """Adds spans to a trace that is open and sampled."""

    tracer: Tracer

    def start_span(self, name: str, context: Context | None = None, *args: Any, **kwargs: Any) -> Span:
        return self.tracer.start_span(name, context, *args, **kwargs) if sampled(context) else INVALID_SPAN

    @_agnosticcontextmanager
    def start_as_current_span(
        self, name: str, context: Context | None = None, *args: Any, **kwargs: Any
    ) -> Iterator[Span]:
        if not sampled(context):
            yield INVALID_SPAN
            return
        with self.tracer.start_as_current_span(name, context, *args, **kwargs) as opened:
            yield opened
