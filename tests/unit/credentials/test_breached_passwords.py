"""Breached passwords, in files and over HTTP from a server that runs here."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from core.breaches import BreachedFiles, BreachedRanges, breached_passwords
from core.hashing import HashingPool
from core.password_metrics import BreachMetrics
from core.passwords import Argon2Passwords
from core.settings import Misconfigured, Settings
from domain.identity.commands.change_password import ChangePassword
from domain.identity.commands.create_user import CreateUser
from domain.identity.commands.request_account import RequestAccount
from domain.identity.commands.sign_up import SignUp
from domain.identity.errors import PasswordTooWeak
from domain.kernel.ids import UserId
from domain.sessions.commands.sign_in import SignIn
from tests.contracts.breached_passwords import PUBLISHED, STOLEN, BreachedPasswordsContract, digest
from tests.support.app import App

FRESH = "a lantern over the quiet harbour"


def nothing(_: str) -> None:
    """Be told."""


@dataclass
class Ranges:
    """A range API as it is published, which can also behave badly."""

    status: int = 200
    body: bytes | None = None
    location: str = ""
    held: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.held.set()

    def answer(self, prefix: str) -> bytes:
        padding = [f"{digest(f'padding {each}')[5:]}:0" for each in range(20)] + [f"{digest('padded')[5:]}:0"]
        known = [f"{each[5:]}:{at + 1}" for at, each in enumerate(PUBLISHED) if each.startswith(prefix)]
        return "\r\n".join(known + padding).encode()


@contextmanager
def served(ranges: Ranges) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            ranges.asked.append((self.path, self.headers))
            ranges.held.wait(10)
            body = ranges.answer(self.path.rpartition("/")[2]) if ranges.body is None else ranges.body
            self.send_response(ranges.status)
            self.send_header("content-length", str(len(body)))
            if ranges.location:
                self.send_header("location", ranges.location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/range/"
        finally:
            ranges.held.set()
            server.shutdown()
            thread.join()


class TestOneFile(BreachedPasswordsContract):
    @pytest.fixture
    def breached(self, tmp_path: Path) -> BreachedFiles:
        file = tmp_path / "pwned.txt"
        file.write_text("\r\n".join(f"{each}:{at + 1}" for at, each in enumerate(PUBLISHED)))
        return BreachedFiles(file, nothing)


class TestRangesInAFolder(BreachedPasswordsContract):
    @pytest.fixture
    def breached(self, tmp_path: Path) -> BreachedFiles:
        for at, each in enumerate(PUBLISHED):
            # Some tools name the files with an extension, others do not.
            name = f"{each[:5]}.txt" if int(each[:5], 16) % 2 else each[:5]
            with (tmp_path / name).open("a") as file:
                file.write(f"{each[5:]}:{at + 1}\n")
        return BreachedFiles(tmp_path, nothing)


class TestRangesOverHttp(BreachedPasswordsContract):
    @pytest.fixture
    async def breached(self) -> AsyncIterator[BreachedRanges]:
        with served(Ranges()) as url:
            made = BreachedRanges(url, nothing, 30)
            yield made
            await made.close()


async def test_the_range_api_learns_five_characters_and_no_more() -> None:
    with served(ranges := Ranges()) as url:
        breached = BreachedRanges(url, nothing, 30)
        assert await breached.includes(STOLEN[0])
        assert not await breached.includes("padded"), "what has no count is padding"
        await breached.close()
    (path, headers), _ = ranges.asked
    assert path == f"/range/{digest(STOLEN[0])[:5]}"
    assert headers["add-padding"] == "true"
    assert digest(STOLEN[0])[5:] not in str(headers)


@pytest.mark.parametrize("how", ["away", "failing", "refusing", "redirecting", "silent", "endless", "garbled"])
async def test_nobody_is_kept_from_choosing_when_the_range_api_is(how: str, caplog: pytest.LogCaptureFixture) -> None:
    ranges = Ranges()
    told: list[str] = []
    if how == "silent":
        ranges.held.clear()
    ranges.status = {"failing": 500, "refusing": 429, "redirecting": 302}.get(how, 200)
    ranges.location = "/range/elsewhere" if how == "redirecting" else ""
    ranges.body = {"endless": b"A" * (3 << 20), "garbled": b"\xff\xfe" * 100}.get(how)
    with served(ranges) as url:
        breached = BreachedRanges(
            "http://127.0.0.1:9/range" if how == "away" else url, told.append, 0.5 if how == "silent" else 20
        )
        assert not await breached.includes(STOLEN[0])
        await breached.close()
    assert told == ["unknown"]
    assert "cannot be asked" in caplog.text
    assert digest(STOLEN[0])[:5] not in caplog.text
    assert len(ranges.asked) == (how != "away"), "asked once, and nobody else"


async def test_a_file_that_has_gone_is_counted_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    assert not await BreachedFiles(tmp_path / "gone", told.append).includes(STOLEN[0])
    assert told == ["unknown"]
    assert "cannot be read" in caplog.text
    assert digest(STOLEN[0])[:5] not in caplog.text


def test_counts_how_questions_ended() -> None:
    registry = CollectorRegistry()
    BreachMetrics(registry)("found")
    assert registry.get_sample_value("gatewright_breached_passwords_total", {"outcome": "found"}) == 1


def test_is_what_is_configured(tmp_path: Path) -> None:
    def made(**values: str) -> object:
        return breached_passwords(Settings(_env_file=None, **values), nothing)  # type: ignore[arg-type, call-arg]

    assert made() is None
    assert isinstance(made(breached_passwords=str(tmp_path)), BreachedFiles)
    found = made(breached_passwords="https://api.example.com/range", breached_passwords_seconds="2.5")
    assert isinstance(found, BreachedRanges)
    assert found.deadline == 2.5
    with pytest.raises(Misconfigured, match="BREACHED_PASSWORDS"):
        made(breached_passwords=str(tmp_path / "missing"))


async def test_p3_breached_passwords_are_refused_wherever_one_is_chosen(tmp_path: Path) -> None:
    stolen = STOLEN[0]
    (tmp_path / digest(stolen)[:5]).write_text(f"{digest(stolen)[5:]}:7\n")
    for other in {digest(FRESH)[:5], digest(stolen + " anew")[:5]} - {digest(stolen)[:5]}:
        (tmp_path / other).write_text("")
    pool = HashingPool(2, patience=60)
    passwords = Argon2Passwords(pool, memory=64, passes=1, breached=BreachedFiles(tmp_path, nothing))
    app = App(passwords=passwords)  # type: ignore[arg-type]  # real hashes are the point
    await app.send(SignUp(email="root@example.com", password=FRESH))
    mine = await app.send(SignIn(email="root@example.com", password=FRESH))
    app.name_superuser(UserId(next(fact.aggregate_id for fact in app.facts)))
    for message, caller in (
        (SignUp(email="ada@example.com", password=stolen), None),
        (RequestAccount(email="ada@example.com", password=stolen), None),
        (RequestAccount(email="root@example.com", password=stolen), None),
        (CreateUser(email="ada@example.com", password=stolen), mine),
        (ChangePassword(current_password=FRESH, new_password=stolen), mine),
    ):
        with pytest.raises(PasswordTooWeak) as refusal:
            await app.send(message, as_=caller)
        assert refusal.value.detail == "known from a breach of another service"
    await app.send(ChangePassword(current_password=FRESH, new_password=stolen + " anew"), as_=mine)
    pool.close()
