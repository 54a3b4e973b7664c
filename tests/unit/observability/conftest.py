import logging
import sys
import threading
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import msgspec
import pytest
import structlog

from core.logs import OURS, configure_logs

Read = Callable[[], list[dict[str, Any]]]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clean_logging() -> Iterator[None]:
    handlers, level, hooks = logging.root.handlers[:], logging.root.level, (sys.excepthook, threading.excepthook)
    levels = {name: logging.getLogger(name).level for name in OURS}
    yield
    logging.captureWarnings(False)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    sys.excepthook, threading.excepthook = hooks
    structlog.reset_defaults()


@pytest.fixture
def stream(clean_logging: None) -> StringIO:
    stream = StringIO()
    configure_logs("DEBUG", stream)
    return stream


@pytest.fixture
def lines(stream: StringIO) -> Read:
    def read() -> list[dict[str, Any]]:
        return [msgspec.json.decode(line) for line in stream.getvalue().splitlines()]

    return read


@pytest.fixture
def terminal(clean_logging: None) -> Terminal:
    stream = Terminal()
    configure_logs("INFO", stream, json=False)
    return stream
