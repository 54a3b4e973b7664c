import logging
from io import StringIO
from time import process_time

import pytest
import structlog

from core.logs import configure_logs
from core.redaction import LONGEST, clean, clean_text
from tests.unit.observability.conftest import Read

HOSTILE = ["\r\n", "\n{}", "\x1b[2J", "\x9b31m", "\x00", "\x08\x08", "\u2028", "\u2029", "\u202e", "\ud800", "\x7f"]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_i9_controls_are_spelled_out_wherever_they_come_from(text: str, stream: StringIO, lines: Read) -> None:
    configure_logs(stream=stream)  # instead of what captures logs for the report, which cannot carry lone surrogates
    evil = f"a{text}b"
    structlog.get_logger("core").info(evil, agent=evil, nested={evil: [evil]})
    logging.getLogger(evil).warning("%s", evil, extra={"path": evil})
    logging.getLogger("core").error("failed", exc_info=ValueError(evil))
    assert len(lines()) == 3
    assert not any(char in str(lines()) for char in text if not char.isprintable())
    assert not any(char in stream.getvalue().replace("\n", "") for char in text if not char.isprintable())


def test_i9_values_are_short_and_collections_narrow_and_flat(lines: Read) -> None:
    deep: object = "bottom"
    for _ in range(100):
        deep = [deep]
    structlog.get_logger("core").info("m" * 1_000_000, agent="%n%s{0}" * 200_000, many=list(range(10_000)), deep=deep)
    [line] = lines()
    assert len(line["event"]) == len(line["agent"]) == LONGEST
    assert len(line["many"]) == 65
    assert len(str(line)) < 2000


def test_i9_wide_mappings_say_how_much_is_left_out() -> None:
    assert clean({str(n): n for n in range(100)})["…"] == "36 more"


def test_i9_format_strings_are_text(lines: Read) -> None:
    structlog.get_logger("core").info("%s %n {0.__class__}", agent="%s%d")
    assert lines()[0]["event"] == "%s %n {0.__class__}"


def test_i9_what_is_logged_cannot_pass_for_another_line(lines: Read) -> None:
    logging.getLogger("core").warning("seen", extra={"level": "critical", "timestamp": "1970", "logger": "root"})
    [line] = lines()
    assert (line["level"], line["logger"]) == ("warning", "core")
    assert line["timestamp"] != "1970"


@pytest.mark.parametrize(
    "text",
    ["token=" * 200_000, "eyJ" * 300_000, "a.-" * 300_000, "://x:" * 200_000, "'\"" * 500_000, "password" * 100_000],
    ids=lambda text: text[:8],
)
def test_i9_a_megabyte_costs_no_more_than_a_page(text: str) -> None:
    started = process_time()
    assert len(clean_text(text)) <= LONGEST
    assert process_time() - started < 2
