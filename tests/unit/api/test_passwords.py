"""Passwords over HTTP: what is refused, how soon, and that nothing is hashed for it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from time import process_time
from typing import Any

import msgspec
import pytest

from api.routes.identity import identity
from api.routes.sessions import sessions
from api.serving import serve
from core.hashing import HashingPool
from core.passwords import Argon2Passwords
from tests.support.app import PASSWORD, App
from tests.support.client import JSON, STALL, Answer, Client
from tests.support.foreign_hashes import vectors
from tests.support.memory.store import Memory
from tests.unit.credentials.test_foreign_hashes import HOSTILE

ADA = "ada@example.com"
EMOJI = "😀🦉🌊🏔️🎻🪁🧭🌋🦊🐙" * 7


@dataclass
class Count:
    """Counts hashes that the pool has made or refused."""

    made: int = 0
    refused_: int = 0

    def queued(self, count: int) -> None:
        """Be told how many wait."""

    def took(self, seconds: float) -> None:
        self.made += 1

    def refused(self) -> None:
        self.refused_ += 1


@dataclass
class Looked(Memory):
    """Counts how often somebody looks."""

    looks: int = 0

    def table(self, name: str) -> dict[Any, Any]:
        self.looks += 1
        return super().table(name)


@dataclass
class Edge:
    """The routes of people and sessions over the whole application, with real hashes."""

    count: Count = field(default_factory=Count)
    memory: Looked = field(default_factory=Looked)
    pool: HashingPool = field(init=False)
    app: App = field(init=False)
    call: Client = field(init=False)
    private: Client = field(init=False)

    def __post_init__(self) -> None:
        self.pool = HashingPool(1, patience=600, meter=self.count)
        passwords = Argon2Passwords(self.pool, memory=64, passes=1)
        self.app = App(self.memory, passwords=passwords)  # type: ignore[arg-type]  # real hashes are the point
        self.call, self.private = (
            Client(serve(self.app.dispatch, [identity(private=private, dev=False), sessions(dev=False, told=False)]))
            for private in (False, True)
        )

    async def sign_up(self, password: str, email: str = ADA) -> Answer:
        return await self.call.send("POST", "/auth/signup", {"email": email, "password": password})

    async def sign_in(self, password: str, email: str = ADA) -> Answer:
        return await self.call.send("POST", "/auth/login", {"email": email, "password": password})


@pytest.fixture
async def edge() -> AsyncIterator[Edge]:
    made = Edge()
    yield made
    made.pool.close()


@pytest.mark.parametrize(
    "password",
    [
        "four small word",
        EMOJI[:64],
        "a lantern over the quiet harbour " * 7,
        "".join(chr(0x20000 + at) for at in range(256)),
    ],
    ids=["15", "64 emoji", "231", "256 of four bytes"],
)
async def test_p1_p2_long_passwords_of_any_characters_sign_up_and_in(edge: Edge, password: str) -> None:
    assert (await edge.sign_up(password)).status == 201
    assert (await edge.sign_in(password)).status == 200
    assert (await edge.sign_in(password[:-1])).status == 401


@pytest.mark.parametrize("password", ["four small wor", "x y z " * 43, EMOJI * 4], ids=["14", "258", "emoji"])
async def test_p1_shorter_and_longer_ones_are_refused_with_the_reason_before_hashing(edge: Edge, password: str) -> None:
    answer = await edge.sign_up(password)
    assert (answer.status, answer.json()["code"]) == (422, "identity.password_too_weak")
    assert "characters" in answer.json()["detail"]
    assert edge.count.made == 0


async def test_p2_twins_that_differ_after_72_bytes_differ(edge: Edge) -> None:
    await edge.sign_up("A lantern" * 8 + "B")
    assert (await edge.sign_in("A lantern" * 8 + "C")).status == 401
    assert (await edge.sign_in("A lantern" * 8)).status == 401
    assert (await edge.sign_in("A lantern" * 8 + "B")).status == 200


async def test_p5_nul_is_refused_and_never_cuts(edge: Edge) -> None:
    await edge.sign_up(PASSWORD)
    made = edge.count.made
    assert (await edge.sign_up(f"{PASSWORD}\0", "eve@example.com")).status == 400
    assert (await edge.sign_in(f"{PASSWORD}\0 and more")).status == 400
    assert edge.count.made == made


@pytest.mark.parametrize("path", ["/auth/login", "/auth/signup", "/auth/password/change"])
async def test_p6_500_of_10_mb_at_once_are_refused_unread_and_unhashed(edge: Edge, path: str) -> None:
    started = process_time()
    # The piece that never comes shows that nobody waits for it.
    head = {**JSON, "content-length": "10000000"}
    answers = await asyncio.gather(*(edge.call("POST", path, [STALL], head) for _ in range(500)))
    assert {answer.status for answer in answers} == {413}
    assert (process_time() - started) / 500 < 0.05
    assert edge.count.made == edge.count.refused_ == 0


@pytest.mark.parametrize("length", [1_025, 1_000_000])
async def test_p6_500_of_1_mb_at_once_are_refused_unhashed(edge: Edge, length: int) -> None:
    body = msgspec.json.encode({"email": ADA, "password": "x" * length})
    for path in ("/auth/login", "/auth/signup"):
        started = process_time()
        answers = await asyncio.gather(*(edge.call("POST", path, body, JSON) for _ in range(500)))
        assert {answer.status for answer in answers} == {400}
        assert (process_time() - started) / 500 < 0.05
    assert edge.count.made == edge.count.refused_ == 0


@pytest.mark.parametrize("kept", [*HOSTILE, "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99"], ids=range(len(HOSTILE) + 1))
async def test_p15_e21_hostile_and_malformed_hashes_are_400(edge: Edge, kept: str) -> None:
    edge.call.token = (await edge.app.administrator()).access_token
    made = edge.count.made
    answer = await edge.call.send("POST", "/auth/users", {"email": ADA, "password_hash": kept})
    assert (answer.status, answer.json()["code"]) == (400, "identity.password_hash_unusable")
    assert kept.encode() not in answer.body
    assert edge.count.made == made


async def test_e21_administrators_bring_hashes_along(edge: Edge) -> None:
    password, kept = vectors()["django pbkdf2_sha256"]
    edge.call.token = (await edge.app.administrator()).access_token
    answer = await edge.call.send("POST", "/auth/users", {"email": ADA, "password_hash": kept})
    assert answer.status == 201
    assert kept.encode() not in answer.body
    both = {"email": "eve@example.com", "password_hash": kept, "password": PASSWORD}
    assert (await edge.call.send("POST", "/auth/users", both)).json()["code"] == "identity.two_passwords"
    assert (await edge.sign_in(password)).status == 200


async def test_f14_a_password_that_bcrypt_cannot_take_is_401(edge: Edge) -> None:
    _, kept = vectors()["bcrypt 2b"]
    edge.call.token = (await edge.app.administrator()).access_token
    await edge.call.send("POST", "/auth/users", {"email": ADA, "password_hash": kept})
    edge.call.token = None
    for password in ("x" * 73, "é" * 40, "😀" * 256):
        assert (await edge.sign_in(password)).status == 401


async def test_p7_p8_e10_known_and_unknown_take_as_many_hashes_and_say_the_same(edge: Edge) -> None:
    await edge.sign_up(PASSWORD)
    root = await edge.app.administrator()
    edge.call.token = root.access_token
    _, theirs = vectors()["ldap_salted_sha1"]
    await edge.call.send("POST", "/auth/users", {"email": "theirs@example.com", "password_hash": theirs})
    await edge.call.send("POST", "/auth/users", {"email": "bare@example.com"})
    edge.call.token = None

    told = []
    for email in (ADA, "nobody@example.com", "theirs@example.com", "bare@example.com"):
        before = edge.count.made
        answer = await edge.sign_in("a wrong password it is", email)
        told.append((edge.count.made - before, answer.status, answer.json()["code"], sorted(answer.headers)))
    assert told == [told[0]] * 4

    told.clear()
    for email in (ADA, "fresh@example.com"):
        before = edge.count.made
        answer = await edge.private.send("POST", "/auth/signup", {"email": email, "password": PASSWORD})
        told.append((edge.count.made - before, answer.status, answer.body, sorted(answer.headers)))
    assert told == [(1, 202, *told[0][2:])] * 2


async def test_i11_who_is_turned_away_costs_no_look_into_the_database(edge: Edge) -> None:
    await edge.sign_up(PASSWORD)
    release = threading.Event()
    edge.pool.patience = 0
    busy = asyncio.create_task(edge.pool.run(release.wait, 60))
    await asyncio.sleep(0)
    looks = edge.memory.looks
    answers = await asyncio.gather(*(edge.sign_in(PASSWORD) for _ in range(50)))
    release.set()
    await busy
    assert {(answer.status, answer.json()["code"]) for answer in answers} == {(503, "service.overloaded")}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
    assert edge.memory.looks == looks
