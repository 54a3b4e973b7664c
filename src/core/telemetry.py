"""Traces: spans for what is sampled, and next to nothing for the rest.

Whether a request is traced is decided before OpenTelemetry hears of it. Nothing but a request so chosen, or a trace
that was carried here through the outbox, starts one: libraries that know OpenTelemetry only add to what is open.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from random import getrandbits
from typing import Any, Final

from opentelemetry import context as contexts
from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
    get_current_span,
    get_tracer,
    set_span_in_context,
)

from core.logs import TRACE_ID
from core.redaction import clean_fields, clean_text
from domain.kernel.errors import DomainError

NAME: Final = "gatewright"
_OURS: Final = get_tracer(NAME)
_NOTHING: Final[AbstractContextManager[Span]] = nullcontext(INVALID_SPAN)
_SAMPLED: Final = frozenset("13579bdf")
"""The last digit of a traceparent whose flag `sampled` is set."""
_TRACEPARENT: Final = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)


def configure_tracing(endpoint: str | None, service: str, share: float) -> Tracer | None:
    """Send spans to the OTLP collector at `endpoint` (its base URL, HTTP) in the name of `service`.

    Return what starts the traces of requests, of which `share` (0 to 1) are sampled; None when nothing is to be traced.
    Once in a process: OpenTelemetry keeps the first provider that it is given.
    """
    if not endpoint or share <= 0:
        return None
    from core.spans import export  # noqa: PLC0415 - the SDK and its exporter take long to import, and most do without

    return export(f"{endpoint.rstrip('/')}/v1/traces", service)


def sampled(context: Context | None = None) -> bool:
    """Return whether what runs now is traced."""
    return get_current_span(context).get_span_context().trace_flags.sampled


def carries_sample(traceparent: str | None) -> bool:
    """Return whether a traceparent of our own, from `current_traceparent`, belongs to a trace that is sampled."""
    return traceparent is not None and traceparent[-1:] in _SAMPLED


def span(name: str, kind: SpanKind = SpanKind.INTERNAL, /, **attributes: Any) -> AbstractContextManager[Span]:
    """Run what is inside `with` in a span; do nothing at all when the request is not sampled.

    Attributes are cleaned as log lines are; None leaves one out. A refusal is an outcome (`gatewright.outcome`), any
    other exception an error.
    """
    return _open(name, kind, attributes) if sampled() else _NOTHING


def current_traceparent() -> str | None:
    """Return the W3C traceparent of what runs now, for an outbox row or a job, or None outside of requests and jobs.

    What is not sampled has one too, that says so: consumers log the same trace id.
    """
    current = get_current_span().get_span_context()
    if current.is_valid:
        return f"00-{current.trace_id:032x}-{current.span_id:016x}-{current.trace_flags & TraceFlags.SAMPLED:02x}"
    trace_id = TRACE_ID.get()
    return f"00-{trace_id}-{getrandbits(64) | 1:016x}-00" if trace_id else None


def remote(traceparent: str) -> SpanContext | None:
    """Read a traceparent (W3C Trace Context, section 3.2); None when it is not valid."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None or (found[1] == "00" and found[5]):
        return None
    return SpanContext(int(found[2], 16), int(found[3], 16), is_remote=True, trace_flags=TraceFlags(int(found[4], 16)))


@contextmanager
def linked(traceparent: str | None) -> Iterator[None]:
    """Continue the trace of a request in the relay or the worker: log lines carry its id, and spans if it is sampled.

    Only for a traceparent of our own, from `current_traceparent`.
    """
    parent = remote(traceparent) if traceparent else None
    if parent is None:
        yield
        return
    named = TRACE_ID.set(f"{parent.trace_id:032x}")
    attached = contexts.attach(set_span_in_context(NonRecordingSpan(parent))) if parent.trace_flags.sampled else None
    try:
        yield
    finally:
        if attached:
            contexts.detach(attached)
        TRACE_ID.reset(named)


def begun(traceparent: str, name: str, kind: SpanKind, /, **attributes: Any) -> tuple[Callable[[], None], str]:
    """Begin a span in the trace of a request that nothing runs in meanwhile; return what ends it, and its traceparent.

    Only for a traceparent of our own, from `current_traceparent`.
    """
    parent = remote(traceparent)
    if parent is None or not parent.trace_flags.sampled:
        return _nothing, traceparent
    context = set_span_in_context(NonRecordingSpan(parent), Context())
    begins = _OURS.start_span(name, context, kind, clean_fields(attributes))
    own = begins.get_span_context()
    return begins.end, f"00-{own.trace_id:032x}-{own.span_id:016x}-01" if own.is_valid else traceparent


def _nothing() -> None:
    pass


def failed(span: Span, error: BaseException) -> None:
    """Mark `span` as failed. No stack, and the message only as a log line would have it."""
    kind = type(error).__qualname__
    span.set_attribute("error.type", kind)
    span.add_event("exception", {"exception.type": kind, "exception.message": clean_text(str(error))})
    span.set_status(StatusCode.ERROR)


@contextmanager
def _open(name: str, kind: SpanKind, attributes: Mapping[str, Any]) -> Iterator[Span]:
    known = {key: value for key, value in clean_fields(attributes).items() if value is not None}
    with _OURS.start_as_current_span(
        name, kind=kind, attributes=known, record_exception=False, set_status_on_exception=False
    ) as opened:
        try:
            yield opened
        except DomainError as refusal:
            opened.set_attribute("gatewright.outcome", refusal.code)
            raise
        except Exception as error:
            failed(opened, error)
            raise
