import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from core.exposition import exposition, serve_metrics
from core.metrics import Metrics
from domain.kernel.access import ANYONE
from domain.kernel.usecases import Command, UseCase, interactor, message, use_case

WORKER = """
import sys
from core.exposition import exposition
from core.metrics import Metrics
metrics = Metrics()
metrics.requests("GET", "/", 200, 0.004, "")
metrics.hashing.queued(3)
metrics.hashing.took(0.02)
metrics.dependencies("redis", up=sys.argv[1] == "up")
metrics.relay.outbox(7, 1.5)
for line in sys.stdin:
    if line == "show\\n":
        print(exposition().decode(), "# EOF", sep="", flush=True)
"""


def samples(shown: bytes) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(shown.decode())
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


@message
class Rename(Command[None]):
    name: str


@interactor(access=ANYONE)
class Renaming:
    async def __call__(self, message: Rename) -> None:
        """Rename nothing."""


@dataclass(slots=True)
class Worker:
    process: subprocess.Popen[str]

    def show(self) -> dict[tuple[str, ...], float]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("show\n")
        self.process.stdin.flush()
        shown = "".join(iter(self.process.stdout.readline, "# EOF\n"))
        return samples(shown.encode())


@pytest.fixture
def case() -> UseCase:
    return use_case(Rename)


def test_requests_are_counted_by_route(case: UseCase) -> None:
    metrics = Metrics(CollectorRegistry())
    for status in (200, 200, 404):
        metrics.requests("GET", "/auth/users/{user_id:uuid}", status, 0.02, "ab" * 16)
    metrics.use_cases(case, "done")
    metrics.use_cases(case, "identity.email_taken")
    shown = samples(exposition(metrics.registry))
    route = ("GET", "/auth/users/{user_id:uuid}", "200")
    assert shown["http_server_request_duration_seconds_count", *route] == 2
    assert shown["http_server_request_duration_seconds_sum", *route] == pytest.approx(0.04)
    assert shown["gatewright_use_cases_total", "done", "Rename"] == 1
    assert shown["gatewright_use_cases_total", "identity.email_taken", "Rename"] == 1


def test_every_measure_is_shown_under_its_name() -> None:
    metrics = Metrics(CollectorRegistry())
    metrics.hashing.queued(2)
    metrics.hashing.took(0.03)
    metrics.hashing.refused()
    metrics.relay.confirmed({"occurred_at": datetime.now(UTC)})
    metrics.relay.outbox(3, 0.5)
    metrics.relay.unlinked(0.25)
    metrics.relay.behind("rabbitmq", 4, 1.5)
    metrics.relay.parked("rabbitmq", 1)
    metrics.jobs(6, 2)
    metrics.dependencies("redis", up=True)
    metrics.dependencies("mongodb", up=False)
    shown = samples(exposition(metrics.registry))
    expected = {
        ("gatewright_hashing_queue",): 2,
        ("gatewright_hashing_seconds_count",): 1,
        ("gatewright_hashing_refused_total",): 1,
        ("gatewright_relay_confirmed_total",): 1,
        ("gatewright_relay_lag_seconds_count",): 1,
        ("gatewright_outbox_pending",): 3,
        ("gatewright_outbox_oldest_seconds",): 0.5,
        ("gatewright_audit_oldest_seconds",): 0.25,
        ("gatewright_delivery_behind", "rabbitmq"): 4,
        ("gatewright_delivery_oldest_seconds", "rabbitmq"): 1.5,
        ("gatewright_events_parked", "rabbitmq"): 1,
        ("gatewright_jobs_pending",): 6,
        ("gatewright_jobs_parked",): 2,
        ("gatewright_dependency_up", "redis"): 1,
        ("gatewright_dependency_up", "mongodb"): 0,
    }
    assert {name: shown[name] for name in expected} == expected


def test_what_decisions_are_made_from_ages_from_the_last_look_on() -> None:
    metrics = Metrics(CollectorRegistry())
    assert samples(exposition(metrics.registry))["gatewright_access_age_seconds",] == float("inf")
    metrics.access(7, 3)
    metrics.access(5, 4)
    shown = samples(exposition(metrics.registry))
    assert 0 <= shown["gatewright_access_age_seconds",] < 5
    assert shown["gatewright_access_parts",] == 5
    assert shown["gatewright_access_looks_total",] == 4


def test_revocations_age_from_their_last_pull_on() -> None:
    metrics = Metrics(CollectorRegistry())
    assert samples(exposition(metrics.registry))["gatewright_revocations_age_seconds",] == float("inf")
    metrics.revocations.pulled()
    first = samples(exposition(metrics.registry))["gatewright_revocations_age_seconds",]
    second = samples(exposition(metrics.registry))["gatewright_revocations_age_seconds",]
    assert 0 <= first < second < 10


def test_a_process_without_an_api_serves_its_own() -> None:
    metrics = Metrics(CollectorRegistry())
    metrics.relay.confirmed({"occurred_at": datetime.now(UTC)})
    server = serve_metrics(0, registry=metrics.registry)
    try:
        host, port = server.server_address[:2]
        assert host == "127.0.0.1"
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            assert samples(answer.read())["gatewright_relay_confirmed_total",] == 1
    finally:
        server.shutdown()
        server.server_close()


def test_a_taken_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        serve_metrics(taken.getsockname()[1])


def test_two_processes_share_their_metrics_and_a_dead_one_leaves_its_counts_behind(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "counter_1.db").write_bytes(b"left by an earlier run")
    parent = f"from pathlib import Path; from core.exposition import prepare; prepare(Path({str(folder)!r}))"
    subprocess.run([sys.executable, "-c", parent], check=True, cwd="src", timeout=30)
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    assert list(folder.iterdir()) == []
    first, second = (
        Worker(
            subprocess.Popen(
                [sys.executable, "-c", WORKER, up],
                cwd="src",
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        for up in ("up", "down")
    )
    request = ("http_server_request_duration_seconds_count", "GET", "/", "200")
    try:
        first.show()
        second.show()
        both = first.show()
        assert both[request] == 2
        assert both["gatewright_hashing_seconds_count",] == 2
        assert both["gatewright_hashing_queue",] == 6
        assert both["gatewright_outbox_pending",] == 7
        assert both["gatewright_dependency_up", "redis"] == 0
        second.process.send_signal(signal.SIGKILL)
        second.process.wait()
        one = first.show()
        assert one[request] == 2
        assert one["gatewright_hashing_queue",] == 3
        assert one["gatewright_dependency_up", "redis"] == 1
    finally:
        for worker in (first, second):
            worker.process.kill()
            worker.process.communicate()


def test_forked_workers_share_although_their_parent_had_chosen_not_to(tmp_path: Path) -> None:
    program = f"""
import os
from pathlib import Path
from prometheus_client import CollectorRegistry
from core.exposition import exposition, prepare
from core.metrics import Metrics
prepare(Path({str(tmp_path)!r}))
for _ in range(2):
    if os.fork() == 0:
        Metrics().requests("GET", "/", 200, 0.004, "")
        os._exit(0)
for _ in range(2):
    assert os.wait()[1] == 0
print(exposition().decode())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, cwd="src", timeout=30)
    assert samples(done.stdout)["http_server_request_duration_seconds_count", "GET", "/", "200"] == 2
