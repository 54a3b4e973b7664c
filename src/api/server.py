"""The processes that answer requests."""

import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server.common import AbstractServer

from api.rolling import RollingServer, expect
from api.starting import Hopeless, free_port, ready_database
from core.exposition import prepare
from core.logs import SERVER_LOGS, configure_logs
from core.settings import Settings

LARGEST_HEAD = 32_768
"""Bytes of a request line and headers that are taken. The server may have read as much again before it looks: what is
larger than 64 KiB is always refused, with 431."""


def serve_requests(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT: what has begun is answered first. SIGHUP replaces the workers one by one.

    Raise `Hopeless` if it cannot start.
    """
    ready_database(settings)
    if settings.redis_url is None:
        raise Hopeless("GATEWRIGHT_REDIS_URL is not set: set it, or use `gatewright run`, which starts a Valkey.")
    port = free_port(settings)
    # Workers are forked where the system can: imported here, the code is there at once, and once for all of them.
    import_module("api.app")
    configure_logs(settings.log_level, json=settings.log_json)
    with tempfile.TemporaryDirectory(prefix="gatewright-metrics-") as folder:
        expect(Path(folder))
        if settings.workers > 1:
            prepare(Path(folder))
        server("api.app:create", settings.host, port, workers=settings.workers).serve()


def server(target: str, host: str, port: int, *, workers: int, factory: bool = True) -> AbstractServer[Any]:
    """Return the server of the application that `target` names, not yet started."""
    return RollingServer(
        target,
        factory=factory,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=LARGEST_HEAD),
        websockets=False,
        log_dictconfig=SERVER_LOGS,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        process_name="gatewright",
    )
