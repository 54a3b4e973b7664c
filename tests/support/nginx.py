"""The real nginx, for as long as a block."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.processes import until
from tests.support.server import Port
from tests.unit.docker.files import tool

# Started by root nginx gives up root, and then cannot enter the folder of the test.
FOREGROUND = "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"
_held: list[Port] = []


def free_port() -> int:
    """Return a port that nobody listens on, and that nobody is given as long as this process lives."""
    _held.append(Port())
    return _held[-1].number


@contextmanager
def nginx(folder: Path, configuration: Path, port: int) -> Iterator[None]:
    """Run nginx, which listens on `port` by its configuration; its error log is `errors` in `folder`."""
    program = tool("nginx")
    folder.chmod(0o755)
    options = [program, "-p", str(folder), "-e", str(folder / "errors"), "-c", str(configuration)]
    subprocess.run([*options, "-t"], check=True, capture_output=True, timeout=30)
    process = subprocess.Popen([*options, "-g", FOREGROUND])

    def listens() -> bool:
        assert process.poll() is None
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        assert until(listens, 30), "nginx does not listen"
        yield
    finally:
        process.terminate()
        process.wait(10)
