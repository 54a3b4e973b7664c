"""Forward authentication, by the nginx of the documentation in front of the service."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from domain.kernel.ids import uuid7
from tests.support.http import Caller, Response
from tests.support.nginx import free_port, nginx
from tests.support.patient import sure
from tests.support.service import Service, Stack, deployed

GUIDE = Path(__file__).parents[3] / "docs" / "forward-auth.md"
FORGED = {"x-auth-subject": "root", "x-auth-session": "root", "x-auth-organization": "root", "x_auth_subject": "root"}


@dataclass
class Proxied:
    """The proxy, and what reached the application behind it."""

    caller: Caller
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    """By the last request, if that was sent with `call`."""

    async def call(self, *words: Any, **more: Any) -> Response:
        """Send a request; again while the verifier cannot tell, of which the proxy shows the status at most."""

        async def ask() -> Response:
            self.asked.clear()
            return await self.caller(*words, **more)

        return await sure(ask, lambda status, _: status in {500, 503})


def application(proxied: Proxied) -> type[BaseHTTPRequestHandler]:
    """Return an application that notes what it is asked."""

    class Application(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            proxied.asked.append((self.command, self.path, headers, body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Application


@contextmanager
def proxying(folder: Path, verifier: int) -> Iterator[Proxied]:
    """Run the nginx of the documentation before an application, and have it ask who listens on the port `verifier`."""
    port = free_port()
    proxied = Proxied(Caller(port))
    app = ThreadingHTTPServer(("127.0.0.1", 0), application(proxied))
    Thread(target=app.serve_forever, daemon=True).start()
    (text,) = re.findall(r"```nginx\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    places = {
        "server gatewright:8000;": f"server 127.0.0.1:{verifier};",
        "server app:8080;": f"server 127.0.0.1:{app.server_port};",
        "listen 80;": f"listen 127.0.0.1:{port};",
    }
    for written, place in places.items():
        assert written in text
        text = text.replace(written, place)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    file = folder / "nginx.conf"
    file.write_text(f"pid {folder}/pid; events {{}} http {{ access_log off; {temporary} {text} }}\n", encoding="utf-8")
    try:
        with nginx(folder, file, port):
            yield proxied
    finally:
        app.shutdown()
        app.server_close()


@pytest.fixture(scope="module")
async def shared(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """The service behind a proxy that it trusts."""
    async with deployed(stack, tmp_path_factory.mktemp("trusting"), TRUSTED_PROXIES="127.0.0.1") as made:
        yield made


@pytest.fixture
async def proxied(shared: Service, tmp_path: Path) -> AsyncIterator[Proxied]:
    with proxying(tmp_path, shared.port.number) as made:
        yield made
        made.caller.drop()


def jar(given: dict[str, str], *, before: str = "") -> dict[str, str]:
    """Return the cookies of a browser that is signed in, among others of the application."""
    ours = f"__Host-gatewright-access={given['access_token']}; __Host-gatewright-refresh={given['refresh_token']}"
    return {"cookie": f"{before}{ours}; __Host-gatewright-device={given['device_token']}; theme=dark"}


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_the_application_is_told_who_asks_and_gets_no_token(proxied: Proxied, shared: Service) -> None:
    given = await shared.tokens(f"{uuid7().hex}@example.com")
    async with shared.patient(given["access_token"]) as own:
        me = (await own("GET", "/auth/me")).json()["id"]

    answer = await proxied.call("POST", "/orders?page=2", {"a": 1}, bearer(given["access_token"]) | FORGED)

    assert answer.status == 200
    [(method, path, headers, body)] = proxied.asked
    assert (method, path, body) == ("POST", "/orders?page=2", b'{"a": 1}')
    assert (headers["x-auth-subject"], headers["x-auth-session"]) == (me, given["session_id"])
    assert not {"x-auth-organization", "x_auth_subject", "authorization"} & headers.keys()


async def test_a_large_body_does_not_keep_the_verifier_waiting(proxied: Proxied, shared: Service) -> None:
    token = await shared.person(f"{uuid7().hex}@example.com")

    answer = await proxied.call("POST", "/upload", headers=bearer(token), body=b"x" * 600_000)

    assert answer.status == 200
    assert len(proxied.asked[0][3]) == 600_000


@pytest.mark.parametrize("credential", [None, "Bearer x.y.z", "Basic YTpi", "Bearer"])
async def test_nobody_else_reaches_the_application(proxied: Proxied, credential: str | None) -> None:
    answer = await proxied.call("GET", "/", headers=FORGED | ({"authorization": credential} if credential else {}))

    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert not proxied.asked


async def test_s5_whoever_signed_out_is_refused_at_once(proxied: Proxied, shared: Service) -> None:
    token = await shared.person(f"{uuid7().hex}@example.com")
    assert (await proxied.call("GET", "/", headers=bearer(token))).status == 200
    async with shared.patient(token) as own:
        out = await own("POST", "/auth/logout")
        assert out.status == 204 or (own.repeated and out.status == 401)

    assert (await proxied.call("GET", "/", headers=bearer(token))).status == 401


async def test_without_the_verifier_nobody_gets_in(tmp_path: Path) -> None:
    with proxying(tmp_path, free_port()) as proxied:
        answer = await proxied.caller("GET", "/", headers=bearer("x.y.z"))
        proxied.caller.drop()

    assert answer.status == 503
    assert not proxied.asked


async def test_the_way_to_the_verifier_is_closed_from_outside(proxied: Proxied, shared: Service) -> None:
    token = await shared.person(f"{uuid7().hex}@example.com")

    for path in ("/_verify", "/_unavailable"):
        assert (await proxied.call("GET", path, headers=bearer(token))).status == 404


@pytest.mark.parametrize(("before", "left"), [("", "theme=dark"), ("lang=en; ", "lang=en; theme=dark")])
async def test_a_link_from_elsewhere_finds_its_reader_signed_in(
    proxied: Proxied, shared: Service, before: str, left: str
) -> None:
    given = await shared.tokens(f"{uuid7().hex}@example.com")

    answer = await proxied.call("GET", "/orders", headers=jar(given, before=before) | {"sec-fetch-site": "cross-site"})

    assert answer.status == 200
    headers = proxied.asked[0][2]
    assert headers["x-auth-session"] == given["session_id"]
    assert headers["cookie"] == left


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, 403),
        ({"session-transport": "cookie"}, 403),
        ({"session-transport": "cookie", "origin": "https://evil.example"}, 403),
        ({"session-transport": "cookie", "sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 403),
        ({"session-transport": "cookie", "sec-fetch-site": "same-origin"}, 200),
    ],
)
async def test_s3_what_changes_something_behind_the_proxy_takes_a_page_of_ours(
    proxied: Proxied, shared: Service, more: dict[str, str], status: int
) -> None:
    given = await shared.tokens(f"{uuid7().hex}@example.com")

    answer = await proxied.call("POST", "/orders", {"a": 1}, jar(given) | {"x-forwarded-method": "GET"} | more)

    assert (answer.status, len(proxied.asked)) == (status, int(status == 200))
