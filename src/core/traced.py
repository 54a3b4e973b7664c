"""Where spans begin: requests, use cases, statements."""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

from litestar.types import ASGIApp, Receive, Send
from msgspec.structs import replace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanKind, StatusCode, Tracer, get_tracer, set_span_in_context
from sqlalchemy import Connection, Engine, ExceptionContext, event

from core.logs import TRACE_ID
from core.pipeline import Answer, Call, Dispatcher
from core.redaction import clean_text
from core.telemetry import current_traceparent, failed, remote, sampled, span
from domain.kernel.usecases import Command, Message

R = TypeVar("R")

_LONGEST: Final = 2048
_METHODS: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
_OPEN: Final = "gatewright_span"
_STATEMENTS: Final = get_tracer("gatewright.postgres")


@dataclass(frozen=True, slots=True)
class RequestSpan:
    """Run a request that was sampled inside a server span that is named after its route.

    It continues the trace that the caller names in `traceparent`. Attributes are those of OpenTelemetry's semantic
    conventions for HTTP; no query, no header and no address are among them.
    """

    tracer: Tracer

    async def __call__(self, app: ASGIApp, scope: Any, receive: Receive, send: Send) -> None:
        """Answer the request; a status from 500 on, or an exception, makes the span an error."""
        TRACE_ID.set(scope["trace_id"])
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        with self.tracer.start_as_current_span(
            method,
            _context(scope),
            SpanKind.SERVER,
            {
                "http.request.method": method,
                "url.scheme": scope["scheme"],
                "url.path": clean_text(scope["path"]),
                "network.protocol.version": scope["http_version"],
                "gatewright.request_id": scope["trace_id"],
            },
            record_exception=False,
            set_status_on_exception=False,
        ) as opened:

            async def noted(message: Any) -> None:
                if message["type"] == "http.response.start":
                    status = message["status"]
                    opened.set_attribute("http.response.status_code", status)
                    if status >= 500:  # noqa: PLR2004 - the first status that is our fault
                        opened.set_attribute("error.type", str(status))
                        opened.set_status(StatusCode.ERROR)
                await send(message)

            try:
                await app(scope, receive, noted)
            except Exception as error:
                failed(opened, error)
                raise
            finally:
                if route := scope.get("path_template"):
                    opened.update_name(f"{method} {route}")
                    opened.set_attribute("http.route", route)


@dataclass(frozen=True, slots=True)
class TracedDispatcher:
    """Run each message inside a span named after it, and let the events of a command carry the trace on."""

    dispatch: Dispatcher

    async def __call__(self, message: Message[R], call: Call) -> Answer[R]:
        """Run `message`; raise whatever the dispatcher raises."""
        with span(type(message).__name__):
            if isinstance(message, Command):
                call = replace(call, trace=current_traceparent() or call.trace)
            return await self.dispatch(message, call)


def trace_statements(engine: Engine) -> None:
    """Give each statement on `engine` (of an async engine: its `sync_engine`) a client span in what is sampled.

    The text has placeholders, never values. Costs a look at the current span where nothing is sampled; the
    instrumentation of OpenTelemetry's own costs as much again as a whole statement.
    """
    event.listen(engine, "before_cursor_execute", _begin)
    event.listen(engine, "after_cursor_execute", _end)
    event.listen(engine, "handle_error", _fail)


def _context(scope: Any) -> Context:
    named = [value for name, value in scope["headers"] if name == b"traceparent"]
    parent = remote(named[0].decode("latin-1").strip()) if len(named) == 1 else None
    return set_span_in_context(NonRecordingSpan(parent), Context()) if parent else Context()


def _begin(connection: Connection, _: Any, statement: str, __: Any, context: Any, *___: Any) -> None:
    if not sampled():
        return
    url = connection.engine.url
    operation = (statement.split(maxsplit=1) or ["?"])[0].upper()
    attributes = {
        "db.system.name": connection.dialect.name,
        "db.namespace": url.database or "",
        "db.operation.name": operation,
        "db.query.text": statement[:_LONGEST],
        "server.address": url.host or "",
    }
    vars(context)[_OPEN] = _STATEMENTS.start_span(operation, kind=SpanKind.CLIENT, attributes=attributes)


def _end(_: Connection, __: Any, ___: str, ____: Any, context: Any, *_____: Any) -> None:
    if opened := vars(context).pop(_OPEN, None):
        opened.end()


def _fail(failure: ExceptionContext) -> None:
    if failure.execution_context and (opened := vars(failure.execution_context).pop(_OPEN, None)):
        opened.set_attribute("error.type", type(failure.original_exception).__qualname__)
        opened.set_status(StatusCode.ERROR)
        opened.end()
