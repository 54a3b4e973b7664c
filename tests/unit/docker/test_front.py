import http.client
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import msgspec
import pytest

from tests.support.nginx import free_port, nginx
from tests.unit.docker.files import DOCKER

CONFIGURATION = (DOCKER / "nginx.conf").read_text()
TRUSTED = DOCKER / "trusted_proxies.conf"
SERVED = [
    "/",
    "/auth/me",
    "/auth/docs",
    "/auth/events?after=1",
    "/access/v1/evaluation",
    "/.well-known/openid-configuration",
    "/health/live",
    "/health/ready",
]
NOT_SERVED = [
    "/metrics",
    "/metrics/",
    "//metrics",
    "/auth/../metrics",
    "/auth/%2e%2e/metrics",
    "/health/..%2fmetrics",
    "/%6detrics",
    "/authentic",
    "/healthy",
    "/nginx_status",
    "/.env",
]


class Upstream(BaseHTTPRequestHandler):
    """Notes what it is asked."""

    asked: ClassVar[list[tuple[str, dict[str, str]]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(slots=True)
class Front:
    port: int
    log: Path
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def ask(self, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.putrequest("POST" if body else "GET", path, skip_host=True, skip_accept_encoding=True)
            for name, value in {**headers, **({"content-length": str(len(body))} if body else {})}.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
        finally:
            connection.close()


def configured(folder: Path, upstream: int, port: int, trusted: Path = TRUSTED) -> Path:
    """Return our configuration as it is, but for names and places of the stack."""
    text = CONFIGURATION.replace("server api:8000 resolve;", f"server 127.0.0.1:{upstream};")
    text = text.replace("listen 8080;", f"listen 127.0.0.1:{port};")
    text = text.replace("listen 127.0.0.1:8081;", f"listen 127.0.0.1:{free_port()};")
    text = re.sub(r"(?<= )/tmp/", f"{folder}/", text).replace("/dev/stderr", str(folder / "errors"))
    text = text.replace("/etc/nginx/trusted_proxies.conf", str(trusted))
    file = folder / "nginx.conf"
    file.write_text(text)
    return file


@contextmanager
def running(folder: Path, trusted: Path = TRUSTED) -> Iterator[Front]:
    """Run nginx in `folder`, in front of an upstream that notes what it is asked."""
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    Thread(target=upstream.serve_forever, daemon=True).start()
    port = free_port()
    try:
        with nginx(folder, configured(folder, upstream.server_port, port, trusted), port):
            yield Front(port, folder / "errors", Upstream.asked)
    finally:
        upstream.shutdown()
        upstream.server_close()


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with running(tmp_path_factory.mktemp("nginx")) as made:
        yield made


def test_names_are_asked_again_as_they_change() -> None:
    assert "server api:8000 resolve;" in CONFIGURATION
    assert "resolver 127.0.0.11" in CONFIGURATION


@pytest.mark.parametrize("path", SERVED)
def test_what_is_public_reaches_the_api_as_it_was_sent(path: str, front: Front) -> None:
    front.asked.clear()
    assert front.ask(path, Host="auth.example.org")[0] == 200
    [(asked, headers)] = front.asked
    assert asked == path
    assert headers["host"] == "auth.example.org"


@pytest.mark.parametrize("path", NOT_SERVED)
def test_a12_nothing_else_does(path: str, front: Front) -> None:
    front.asked.clear()
    status, body, headers = front.ask(path, Host="auth.example.org")
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    assert msgspec.json.decode(body)["code"] == "request.not_found"
    assert not front.asked


def test_what_a_client_says_of_its_address_is_replaced(front: Front) -> None:
    front.asked.clear()
    forged = {"X-Forwarded-For": "1.2.3.4", "X-Real-IP": "1.2.3.4", "Forwarded": "for=1.2.3.4"}
    front.ask("/auth/me", None, Host="auth.example.org", **forged)
    [(_, headers)] = front.asked
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert not {"x-real-ip", "forwarded"} & headers.keys()


def test_a_proxy_that_is_named_tells_who_the_client_is_and_nobody_before_it_does(tmp_path: Path) -> None:
    (trusted := tmp_path / "trusted").write_text("set_real_ip_from 127.0.0.1;\nset_real_ip_from 198.51.100.0/24;\n")
    with running(tmp_path, trusted) as front:
        front.asked.clear()
        front.ask("/auth/me", None, Host="a.example", **{"X-Forwarded-For": "1.2.3.4, 203.0.113.7, 198.51.100.9"})
        [(_, headers)] = front.asked
    assert headers["x-forwarded-for"] == "203.0.113.7"


def test_nobody_is_trusted_unless_named() -> None:
    assert not [line for line in TRUSTED.read_text().splitlines() if line and not line.startswith("#")]


def test_bodies_are_limited(front: Front) -> None:
    front.asked.clear()
    assert front.ask("/auth/login", b"x" * 1024 * 1024, Host="auth.example.org")[0] == 200
    status, body, _ = front.ask("/auth/login", b"x" * (1024 * 1024 + 1), Host="auth.example.org")
    assert (status, msgspec.json.decode(body)["code"]) == (413, "request.too_large")
    assert len(front.asked) == 1


def test_an_api_that_is_away_is_unavailable_and_no_query_is_logged(tmp_path: Path) -> None:
    port = free_port()
    with nginx(tmp_path, configured(tmp_path, free_port(), port), port):
        status, body, headers = Front(port, tmp_path).ask("/auth/sso/x/callback?code=canary", Host="a.example")
        assert (status, msgspec.json.decode(body)["code"]) == (503, "service.unavailable")
        assert headers["retry-after"] == "1"
    assert "canary" not in (tmp_path / "errors").read_text()
