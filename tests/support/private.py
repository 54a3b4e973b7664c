"""The servers that the programs installed on this machine can be."""

import os
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import psutil

from core.processes import StartFailed, spawn
from core.unprivileged import Account
from tests.support.greetings import AMQP_HELLO, MONGO_HELLO, POSTGRES_HELLO, REDIS_HELLO
from tests.support.mongo.classpath import classpath
from tests.support.programs import java_program, postgres_programs, rabbitmq_program, redis_program
from tests.support.server import Port, Server, replies


@dataclass
class PrivatePostgres(Server):
    """Postgres with full durability; it keeps what it committed."""

    name: ClassVar[str] = "postgres"
    halting: ClassVar[signal.Signals] = signal.SIGINT
    programs: Path = field(default_factory=postgres_programs)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    @property
    def origin(self) -> str:
        return str(self.programs)

    @property
    def url(self) -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port.number}/postgres"

    def start(self) -> None:
        data = self.folder / "data"
        if not data.exists():
            self._initialize(data)
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port.number),
            "unix_socket_directories": "",
            "max_connections": "300",
            "max_wal_size": "2GB",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._launch((self.programs / "postgres", "-D", data, *options), dies_with=signal.SIGINT)

    def answers(self) -> bool:
        return replies(self.port.number, POSTGRES_HELLO) and self._accepts()

    def _accepts(self) -> bool:
        lines = (self.folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split("\n")
        return len(lines) > 7 and lines[7].strip() == "ready"

    def _initialize(self, data: Path) -> None:
        said = subprocess.run(
            [self.programs / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
        builtin = int(said.split()[2].split(".")[0]) >= 17
        locale = (
            ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
            if builtin
            else ("--locale=C.UTF-8",)
        )
        secret = self.folder / "password"
        secret.write_text(self.password, encoding="ascii")
        command = (
            self.programs / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            *locale,
        )
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            **(self.account.process if self.account else {}),
        )
        if done.returncode:
            raise StartFailed(done.stderr)


@dataclass
class PrivateRedis(Server):
    """Redis or Valkey, which keeps nothing."""

    name: ClassVar[str] = "redis"
    program: Path = field(default_factory=redis_program)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    @property
    def origin(self) -> str:
        return str(self.program)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port.number}/0"

    def start(self) -> None:
        configuration = self.folder / "configuration"
        configuration.write_text(f"requirepass {self.password}\n", encoding="ascii")
        options = f"--port {self.port.number} --bind 127.0.0.1 --dir {self.folder} --appendonly no --daemonize no"
        self._launch((self.program, configuration, *options.split(), "--save", ""))

    def answers(self) -> bool:
        return replies(self.port.number, REDIS_HELLO)


@dataclass
class PrivateRabbitmq(Server):
    """A broker node with its own name, folders, cookie, ports and port mapper; it keeps durable queues."""

    name: ClassVar[str] = "rabbitmq"
    program: Path = field(default_factory=rabbitmq_program)
    distribution: Port = field(default_factory=Port)
    mapper: Port = field(default_factory=Port)

    @property
    def origin(self) -> str:
        return str(self.program)

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port.number}/"

    def start(self) -> None:
        (self.folder / "plugins").write_text("[].", encoding="ascii")
        self._launch((self.program,), self._environment)

    def control(self, *words: str) -> None:
        """Have `rabbitmqctl` tell the node something."""
        with (self.folder / "control").open("ab") as log:
            asked = spawn(
                [self.program.with_name("rabbitmqctl"), *words],
                log,
                self.account,
                environment={**os.environ, **self._environment},
            )
            assert asked.wait(120) == 0, (self.folder / "control").read_text("utf-8", "replace")

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": f"gatewright{self.port.number}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port.number),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(self.distribution.number),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "none"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.mapper.number),
        }

    def answers(self) -> bool:
        return replies(self.port.number, AMQP_HELLO)

    def discard(self) -> None:
        super().discard()
        self.distribution.free()
        self.mapper.free()

    def _halt(self) -> None:
        """Ask the node itself: the script that started it would have to start a second machine to reach it."""
        pids = self.pids()
        for process in psutil.process_iter(["pid", "name"]):
            if process.info["pid"] in pids and process.info["name"].startswith("beam"):
                self._signal([process.pid], signal.SIGTERM)


@dataclass
class PrivateMongodb(Server):
    """A server in Java that speaks MongoDB's protocol and keeps its data in a file; it lacks transactions."""

    name: ClassVar[str] = "mongodb"
    java: str = field(default_factory=java_program)
    classes: str = field(default_factory=classpath)
    account: Account | None = None

    @property
    def origin(self) -> str:
        return "mongo-java-server, which speaks its protocol"

    @property
    def url(self) -> str:
        return f"mongodb://127.0.0.1:{self.port.number}"

    def start(self) -> None:
        source = self.folder / "Wrapper.java"
        shutil.copy(Path(__file__).parent / "mongo" / "Wrapper.java", source)
        memory = ("-Xmx256m", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
        self._launch((self.java, *memory, "-cp", self.classes, source, str(self.port.number), self.folder / "data"))

    def answers(self) -> bool:
        return replies(self.port.number, MONGO_HELLO)
