"""The servers that a Docker engine can bring, where there is one."""

import secrets
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from core.processes import StartFailed, until
from tests.support.greetings import AMQP_HELLO, MONGO_HELLO, POSTGRES_HELLO, REDIS_HELLO
from tests.support.server import replies


@dataclass(frozen=True)
class Image:
    """An image, and how to reach what runs in it."""

    name: str
    port: int
    address: str
    greeting: bytes
    environment: dict[str, str] = field(default_factory=dict)
    command: str = ""


_SECRET = secrets.token_urlsafe(12)

IMAGES = {
    "postgres": Image(
        "postgres:18-alpine",
        5432,
        f"postgresql://postgres:{_SECRET}@{{}}:{{}}/postgres",
        POSTGRES_HELLO,
        {"POSTGRES_PASSWORD": _SECRET},
        "postgres -c max_connections=300",
    ),
    "redis": Image(
        "redis:8-alpine",
        6379,
        f"redis://:{_SECRET}@{{}}:{{}}/0",
        REDIS_HELLO,
        command=f"redis-server --requirepass {_SECRET} --appendonly no",
    ),
    "rabbitmq": Image("rabbitmq:4-alpine", 5672, "amqp://guest:guest@{}:{}/", AMQP_HELLO),
    "mongodb": Image("mongo:8", 27017, "mongodb://{}:{}", MONGO_HELLO),
}


@cache
def docker_answers() -> bool:
    """Whether there is a Docker engine; asked once."""
    from testcontainers.core.docker_client import DockerClient  # noqa: PLC0415 - slow, and no worker process needs it

    try:
        return bool(DockerClient().client.ping())
    except Exception:  # noqa: BLE001 - there are as many reasons as ways not to have one
        return False


@dataclass
class Container:
    """A container that runs from `start` to `discard`; the engine removes it if this process dies."""

    image: Image
    url: str = ""
    _container: Any = None

    def start(self) -> None:
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - as above

        image = self.image
        self._container = DockerContainer(image.name).with_exposed_ports(image.port)
        for name, value in image.environment.items():
            self._container.with_env(name, value)
        if image.command:
            self._container.with_command(image.command)
        self._container.start()
        host, port = self._container.get_container_host_ip(), int(self._container.get_exposed_port(image.port))
        if not until(lambda: replies(port, image.greeting, host), 90):
            self.discard()
            raise StartFailed(f"{image.name} does not answer")
        self.url = image.address.format(host, port)

    def discard(self) -> None:
        self._container.stop()
