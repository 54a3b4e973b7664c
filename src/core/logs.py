"""One JSON line on standard output for every event, whoever logs it: this service or a library."""

import logging
import sys
import threading
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from io import TextIOWrapper
from types import TracebackType
from typing import Any, Final, TextIO

import structlog
from msgspec.json import Encoder
from opentelemetry.trace import get_current_span
from structlog.stdlib import BoundLogger, ExtraAdder, LoggerFactory, ProcessorFormatter

from core.redaction import MASK, clean, clean_error, clean_fields, clean_text, sensitive

OURS: Final = ("alembic", "api", "core", "domain", "gatewright", "_granian")
"""Loggers that follow the level. All others, libraries that is, are heard from WARNING on: some log what they carry."""
LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
TRACE_ID: Final[ContextVar[str | None]] = ContextVar("trace_id", default=None)
"""The request or job at hand: 32 hexadecimal digits. Set by whoever starts one."""

SERVER_LOGS: Final[dict[str, Any]] = {"formatters": {}, "handlers": {}, "loggers": {}}
"""For Granian's `log_dictconfig`: it attaches no handler of its own, so that its lines come out like all others."""

_Fields = MutableMapping[str, Any]
_ENCODER: Final = Encoder()
_ORDER: Final = ("timestamp", "level", "event", "logger", "trace_id", "span_id")
_SPARE: Final = frozenset({"exc_info", "stack", "stack_info", "_record", "_from_structlog", "taskName"})


def configure_logs(level: str = "INFO", stream: TextIO | None = None, *, json: bool = True) -> None:
    """Send everything that is logged to `stream`, standard output by default, from `level` on.

    For people, when `json` is false and `stream` is a terminal; as JSON in every other case. Uncaught errors and
    warnings go the same way. Raise `ValueError` for a level that there is not.
    """
    handler = _Lines(sys.stdout if stream is None else stream)
    coloured = not json and handler.stream.isatty()
    handler.setFormatter(
        _Formatter(foreign_pre_chain=[ExtraAdder()], processors=[_line, _for_people if coloured else _as_json])
    )
    if isinstance(handler.stream, TextIOWrapper):
        handler.stream.reconfigure(encoding="utf-8")
    logging.root.handlers[:] = [handler]
    logging.captureWarnings(True)
    set_level(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            _masked,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=LoggerFactory(),
        wrapper_class=BoundLogger,
        cache_logger_on_first_use=True,
    )
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def set_level(name: str) -> None:
    """Let our own loggers speak from level `name` on (`LEVELS`), at once; libraries never below WARNING."""
    level = name.upper()
    if level not in LEVELS:
        raise ValueError(f"{name!r} is none of {', '.join(LEVELS)}")
    logging.root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    for ours in OURS:
        logging.getLogger(ours).setLevel(level)


class _Lines(logging.StreamHandler[TextIO]):
    """Write lines; of a call that cannot be written, say where it is and not what it was given."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        place = clean_text(f"{record.pathname}:{record.lineno}")
        told = {"timestamp": datetime.now(UTC), "level": "error", "event": "a log call failed", "place": place}
        sys.stderr.write(_ENCODER.encode(told).decode() + "\n")


class _Formatter(ProcessorFormatter):
    """Mask the arguments of a foreign message before they are put into its text."""

    def format(self, record: logging.LogRecord) -> str:
        if record.args:
            record = logging.makeLogRecord({**record.__dict__, "args": _safe(record.args)})
        return super().format(record)


def _masked(_: Any, __: str, fields: _Fields) -> _Fields:
    """Mask the arguments of a message of ours before they are put into its text."""
    if args := fields.get("positional_args"):
        fields["positional_args"] = _safe(args)
    return fields


def _safe(args: Any) -> Any:
    if isinstance(args, Mapping):
        return {name: MASK if sensitive(str(name)) else value for name, value in args.items()}
    if isinstance(args, tuple):
        return tuple(clean(arg) if isinstance(arg, Mapping | list | tuple) else arg for arg in args)
    return args


def _line(_: Any, __: str, fields: _Fields) -> _Fields:
    """Make the line of an event. What was logged with it cannot pass for one of the fields that every line has."""
    record: logging.LogRecord = fields["_record"]
    span = get_current_span().get_span_context()
    line: dict[str, Any] = {
        "timestamp": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
        "level": record.levelname.lower(),
        "event": clean(fields.get("event")),
        "logger": clean_text(record.name),
    }
    if span.is_valid:
        line |= {"trace_id": f"{span.trace_id:032x}", "span_id": f"{span.span_id:016x}"}
    elif trace_id := TRACE_ID.get():
        line["trace_id"] = trace_id
    more = {name: value for name, value in fields.items() if name not in _SPARE and name not in _ORDER}
    line |= clean_fields(more)
    if error := _error(fields.get("exc_info")):
        line["error"] = clean_error(error)
    if stack := fields.get("stack_info") or fields.get("stack"):
        line["stack"] = [clean_text(each) for each in str(stack).splitlines() if each.startswith("  File")]
    return line


def _error(given: Any) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1] if isinstance(given[1], BaseException) else None
    return sys.exception() if given else None


def _as_json(_: Any, __: str, line: _Fields) -> str:
    return _ENCODER.encode(line).decode()


def _for_people(logger: Any, name: str, line: _Fields) -> str:
    parts = line.pop("error", [])
    told = [text for part in reversed(parts) for text in (*part["frames"], f"{part['type']}: {part['message']}")]
    shown = str(_CONSOLE(logger, name, line))
    return "\n    ".join([shown, *told])


_CONSOLE: Final = structlog.dev.ConsoleRenderer(colors=True)


def _uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
    else:
        logging.getLogger("gatewright").critical("uncaught", exc_info=(kind, error, traceback))


def _uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None:
        _uncaught(told.exc_type, told.exc_value, told.exc_traceback)
