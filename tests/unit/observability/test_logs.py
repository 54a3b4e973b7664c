import logging
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import UUID

import msgspec
import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider

from core.logs import TRACE_ID, configure_logs, set_level
from tests.unit.observability.conftest import Read, Terminal


def test_events_of_ours_and_of_libraries_have_the_same_fields(lines: Read) -> None:
    structlog.get_logger("core.relay").info("connected", sink="rabbit")
    logging.getLogger("api.app").info("listening on %s", 8000)
    logging.getLogger("aiormq").warning("closed", extra={"attempt": 2})
    ours, standard, library = lines()
    assert list(ours)[:4] == list(standard)[:4] == list(library)[:4] == ["timestamp", "level", "event", "logger"]
    assert (ours["level"], ours["event"], ours["logger"], ours["sink"]) == ("info", "connected", "core.relay", "rabbit")
    assert (standard["event"], library["attempt"]) == ("listening on 8000", 2)
    for line in (ours, standard, library):
        # As the access log writes it.
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["timestamp"])
        assert abs(datetime.fromisoformat(line["timestamp"]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_what_cannot_be_json_is_printed(lines: Read) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    structlog.get_logger("core").info("odd", id=UUID(int=7), broken=Broken(), big=10**30, many={1}, raw=b"x", no=None)
    [line] = lines()
    assert line["id"] == "00000000-0000-0000-0000-000000000007"
    assert line["broken"] == "<unprintable test_what_cannot_be_json_is_printed.<locals>.Broken>"
    assert (line["big"], line["many"], line["raw"], line["no"]) == ("[huge number]", [1], "b'x'", None)


def test_a_line_carries_the_trace_of_its_request(lines: Read) -> None:
    before = TRACE_ID.set("ab" * 16)
    logging.getLogger("core").info("inside")
    TRACE_ID.reset(before)
    logging.getLogger("core").info("outside")
    inside, outside = lines()
    assert inside["trace_id"] == "ab" * 16
    assert "trace_id" not in outside


def test_a_line_carries_the_span_that_is_open(lines: Read) -> None:
    with TracerProvider().get_tracer("test").start_as_current_span("work") as span:
        logging.getLogger("core").info("inside")
    context = span.get_span_context()
    [line] = lines()
    assert (line["trace_id"], line["span_id"]) == (f"{context.trace_id:032x}", f"{context.span_id:016x}")


def test_libraries_are_heard_from_warning_on_even_at_debug(lines: Read) -> None:
    logging.getLogger("httpx").info("GET https://example.org/?code=1")
    logging.getLogger("pymongo.command").debug("find")
    logging.getLogger("pymongo.command").error("down")
    logging.getLogger("core.mongo").debug("ours")
    assert [line["event"] for line in lines()] == ["down", "ours"]


def test_the_level_changes_at_once(lines: Read) -> None:
    ours, standard = structlog.get_logger("core.a"), logging.getLogger("core.b")
    set_level("error")
    ours.info("no")
    standard.warning("no")
    logging.getLogger("library").warning("no")
    set_level("INFO")
    ours.info("yes")
    standard.info("yes")
    logging.getLogger("library").warning("yes")
    assert [line["event"] for line in lines()] == ["yes"] * 3


def test_there_are_no_other_levels(stream: StringIO) -> None:
    with pytest.raises(ValueError, match="LOUD"):
        set_level("LOUD")


def test_an_error_is_told_with_its_cause_and_its_frames(lines: Read) -> None:
    def inner() -> None:
        raise KeyError("inner")

    try:
        try:
            inner()
        except KeyError as error:
            raise ValueError("outer") from error
    except ValueError:
        structlog.get_logger("core").exception("it failed")
    [line] = lines()
    outer, cause = line["error"]
    assert (outer["type"], outer["message"], cause["type"]) == ("ValueError", "outer", "KeyError")
    assert cause["frames"][-1].endswith("inner")
    assert line["level"] == "error"


def test_an_error_group_tells_of_each(lines: Read) -> None:
    logging.getLogger("core").error("both", exc_info=ExceptionGroup("two", [ValueError("a"), KeyError("b")]))
    [line] = lines()
    assert [each[0]["type"] for each in line["error"][0]["errors"]] == ["ValueError", "KeyError"]


def test_errors_that_cause_each_other_end(lines: Read) -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    logging.getLogger("core").error("round", exc_info=first)
    assert [part["message"] for part in lines()[0]["error"]] == ["first", "second"]


def test_a_call_with_wrong_arguments_is_reported_without_them() -> None:
    program = """
import logging
from core.logs import configure_logs
configure_logs()
logging.getLogger("core").warning("%s and %s", "canary-of-a-secret")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, cwd="src", timeout=30)
    assert not done.stdout
    told = msgspec.json.decode(done.stderr)
    assert (told["event"], told["place"]) == ("a log call failed", "<string>:5")


def test_errors_that_nobody_caught_are_lines_too(lines: Read) -> None:
    def fail() -> None:
        raise RuntimeError("in a thread")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    sys.excepthook(ValueError, ValueError("at the top"), None)
    assert [line["error"][0]["message"] for line in lines()] == ["in a thread", "at the top"]
    assert {line["level"] for line in lines()} == {"critical"}


def test_people_at_a_terminal_may_ask_for_colours(terminal: Terminal) -> None:
    logging.getLogger("core").error("failed", exc_info=ValueError("no\n\x1b[31mway"))
    text = terminal.getvalue()
    assert "\x1b[" in text
    assert "ValueError: no\\n\\x1b[31mway" in text


def test_whoever_is_no_terminal_gets_json(clean_logging: None) -> None:
    stream = StringIO()
    configure_logs("INFO", stream, json=False)
    logging.getLogger("core").info("hello")
    assert msgspec.json.decode(stream.getvalue())["event"] == "hello"
