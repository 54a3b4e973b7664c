"""People with canaries everywhere are erased, and every byte that is left is looked at."""

import asyncio
import os
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aio_pika
import asyncpg
import pytest

from core.keys import SetupToken
from core.secrets import Secrets
from domain.kernel.ids import uuid7
from tests.faults.test_canaries import dumped, tables
from tests.support.facts import until
from tests.support.http import Caller, once
from tests.support.server import Missing, Server
from tests.support.service import LONG, PASSWORD, SECRET, SOURCES, Service, Stack, deployed, stacked

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600 if LONG else 600)]

PEOPLE: Final = 1000 if LONG else 20
AT_ONCE: Final = 4
MARK: Final = b"canary"
PLAIN: Final = re.compile(rb"canary[0-9a-f]{32}", re.IGNORECASE)
# In base64 the first bytes of a text look in one of three ways, by where it begins.
CODED: Final = tuple(b64encode(b"\0" * before + MARK)[-(-before * 8 // 6) :].rstrip(b"=")[:-1] for before in range(3))
HEXED: Final = MARK.hex().encode()
OURS: Final = ("gatewright.jobs", "gatewright.jobs.dead", "auth.events.unrouted")
# What docs/erasure.md asks of those who run Postgres themselves.
ASKED: Final = """
ALTER SYSTEM SET wal_recycle = off; ALTER SYSTEM SET max_wal_size = '64MB'; ALTER SYSTEM SET min_wal_size = '32MB';
ALTER SYSTEM SET log_error_verbosity = terse; SELECT pg_reload_conf();
"""


@dataclass
class Marked:
    """Somebody whose every field is a canary."""

    email: str
    name: str
    agent: str
    id: str = ""
    token: str = ""

    @classmethod
    def new(cls) -> "Marked":
        return cls(f"{mark()}@example.org", f"Ada {mark()}", f"Mozilla/5.0 {mark()}")

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}", "user-agent": self.agent}


def mark() -> str:
    return f"{MARK.decode()}{uuid7().hex}"


def found(where: str, content: bytes) -> Iterator[str]:
    """Yield where a canary is, however it is spelled."""
    for spelled in (PLAIN, *(re.compile(re.escape(each)) for each in (*CODED, HEXED))):
        if hit := spelled.search(content):
            yield f"{where} at {hit.start()}: {content[max(0, hit.start() - 60) : hit.end() + 40]!r}"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """Servers of this test's own: all their bytes are looked at, and other tests leave canaries, too."""
    with stacked(tmp_path) as made:
        try:
            _ = made.postgres, made.redis, made.rabbit
        except Missing as reason:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(str(reason))
        yield made


async def test_e13_nothing_is_left_of_whoever_was_erased(stack: Stack, tmp_path: Path) -> None:
    async with deployed(
        stack, tmp_path, brokered=True, LOG_LEVEL="DEBUG", ERASURE_SUBSCRIBERS="crm", ARGON2_MEMORY="64"
    ) as service:
        server = await asyncpg.connect(stack.postgres.url)
        for statement in ASKED.split(";"):
            if statement.strip():
                await server.execute(statement)
        await asyncio.to_thread(service.hire)
        async with service.caller(keeps=False) as call:
            root = await administrator(call)
            made = await call("POST", "/auth/organizations", {"name": "Acme", "slug": "acme"}, root)
            people = await each_of([Marked.new() for _ in range(PEOPLE)], service, root, made.json()["id"])
            await until(lambda: delivered(service), 120)
            await exported(service, people[0])
            before = [hit async for where, content in everywhere(service) for hit in found(where, content)]
            before += [hit for where, content in files(stack.rabbit) for hit in found(f"broker {where}", content)]
            told = {hit.split(" ")[0] for hit in before}
            assert {"broker", "mail", "queue", "table"} <= told, "nothing would be found"

            await erased(service, people, root)
            await until(lambda: finished(service), 300)
            await acknowledged(service, people, root)
            feed = await told_of(call, root, people)
        service.api.stop()
        for worker in service.workers:
            worker.stop()
        await asyncio.to_thread(command, service, "erasures", "scrub")
        await asyncio.to_thread(command, service, "audit", "verify")
        await server.close()
        stack.postgres.stop()
        await asyncio.to_thread(stack.rabbit.stop)
        try:
            servers = stack.postgres, stack.redis, stack.rabbit
            left = [hit for each in servers for where, content in files(each) for hit in found(where, content)]
        finally:
            await asyncio.to_thread(stack.postgres.start)
            await asyncio.to_thread(stack.rabbit.start)
        left += [hit async for where, content in everywhere(service) for hit in found(where, content)]
    assert feed
    assert left == []


async def each_of(people: list[Marked], service: Service, root: dict[str, str], organization: str) -> list[Marked]:
    """Have everybody leave traces, a few at a time."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(person: Marked) -> None:
        async with room, service.caller(keeps=False) as call:
            await leave_traces(call, person, root, organization)

    await asyncio.gather(*map(one, people))
    return people


async def administrator(call: Caller) -> dict[str, str]:
    token = str(SetupToken(Secrets(SECRET.encode()).derive("setup")))
    root = {"email": "root@example.org", "password": PASSWORD}
    assert (await call("POST", "/auth/setup", root | {"token": token}, once())).status < 300
    return {"authorization": f"Bearer {(await call('POST', '/auth/login', root)).json()['access_token']}"}


async def leave_traces(call: Caller, person: Marked, root: dict[str, str], organization: str) -> None:
    """Go through every flow that knows somebody."""
    invited = {"email": person.email, "role": "member"}
    made = await call("POST", f"/auth/organizations/{organization}/invitations", invited, root | once())
    assert made.status < 300, made
    account = {"email": person.email, "password": PASSWORD, "full_name": person.name}
    signed_up = await call("POST", "/auth/signup", account, once() | {"user-agent": person.agent})
    assert signed_up.status == 201, signed_up
    person.id = signed_up.json()["id"]
    # What a unique index refuses says whom it refuses.
    assert (await call("POST", "/auth/signup", account, once())).status == 409
    wrong = {"email": person.email, "password": f"{mark()} and it is wrong"}
    await call("POST", "/auth/login", wrong, {"user-agent": person.agent})
    login = {"email": person.email, "password": PASSWORD}
    for _ in range(2):
        entered = await call("POST", "/auth/login", login, {"user-agent": f"{person.agent} {mark()}"} | once())
        person.token = entered.json()["access_token"]
    for path in ("/auth/password/forgot", "/auth/login/email", "/auth/email/verify/request"):
        await call("POST", path, {"email": person.email}, person.headers | once())
    moving = {"email": f"{mark()}@example.org", "password": PASSWORD}
    assert (await call("POST", "/auth/email/change", moving, person.headers)).status == 202
    for name in (mark(), f"{mark()} again"):
        assert (await call("PATCH", "/auth/me", {"full_name": name}, person.headers | once())).status == 200
    assert (await call("PATCH", "/auth/me", {"username": mark()[:32]}, person.headers)).status == 200
    joined = {"user_id": person.id, "role": "member"}
    await call("POST", f"/auth/organizations/{organization}/members", joined, root | once())
    path = f"/auth/organizations/{organization}/configuration/of-{person.id}"
    for version in range(2):
        said = {"of": {"$personal": {"user_id": person.id, "value": [person.email, {mark(): version}]}}, "n": version}
        put = await call("PUT", path, said, root | once() | ({"if-match": f'"{version}"'} if version else {}))
        assert put.json()["body"] == said, put
    await call("GET", f"/auth/users?email={person.email}", None, root)
    await call("GET", f"/auth/{person.email}?email={person.email}", None, person.headers)


async def exported(service: Service, person: Marked) -> None:
    """See that a person's export holds what is there."""
    async with service.caller(keeps=False) as call:
        dossier = (await call("GET", "/auth/me/export", None, person.headers)).json()
    assert dossier["held"]["account"][0]["email"] == person.email
    assert person.name in str(dossier["held"]["events"])
    assert len(dossier["held"]["sessions"]) == 2
    assert [each["version"] for each in dossier["held"]["configuration"]] == [1, 2]
    assert len(dossier["held"]["audit"]) >= 5


async def erased(service: Service, people: list[Marked], root: dict[str, str]) -> None:
    """Erase one half by themselves, and the other by an administrator."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, person: Marked) -> None:
        async with room, service.caller(keeps=False) as call:
            mine = number % 2 == 0
            path, headers = ("/auth/me", person.headers) if mine else (f"/auth/users/{person.id}", root)
            gone = await call("DELETE", path, None, headers | once())
            assert gone.status == 204, gone

    await asyncio.gather(*(one(number, person) for number, person in enumerate(people)))


async def acknowledged(service: Service, people: list[Marked], root: dict[str, str]) -> None:
    async with service.caller(keeps=False) as call:
        for person in people:
            path = f"/auth/erasures/{person.id}"
            assert (await call("PUT", f"{path}/acknowledgements/crm", None, root)).status == 204
            told = (await call("GET", path, None, root)).json()
            assert told["finished_at"]
            assert told["acknowledgements"][0]["acknowledged_at"]


async def told_of(call: Caller, root: dict[str, str], people: list[Marked]) -> bool:
    """Read the whole feed: whoever was erased is told of by id alone."""
    ids, events, cursor = {person.id for person in people}, list[Any](), ""
    while True:
        page = (await call("GET", f"/auth/events?limit=200{cursor}", None, root)).json()
        events += [event for event in page["items"] if event["aggregateid"] in ids]
        if not page["items"]:
            break
        cursor = f"&after={page['next']}"
    ended = [event for event in events if event["type"] == "identity.user.erased"]
    profiles = [event for event in events if "email" in event["data"]]
    assert len(ended) == len(people)
    assert len(profiles) >= 4 * len(people)
    assert {(event["erased"], event["data"]["email"], event["data"]["full_name"]) for event in profiles} == {
        (True, None, None)
    }
    return True


async def delivered(service: Service) -> bool:
    """Whether nothing is on its way."""
    async with service.sql() as sql:
        left = await sql.fetchval("SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM audit_pending)")
        jobs = await sql.fetchval(
            "SELECT count(*) FROM jobs WHERE run_at <= now() + interval '1 minute' AND name LIKE '%mail%'"
        )
        behind = await sql.fetchval(
            "SELECT count(*) FROM events e JOIN delivery_cursors c ON c.slot = e.slot AND e.position > c.position"
        )
        return not (left or jobs or behind)


async def finished(service: Service) -> bool:
    async with service.sql() as sql:
        return bool(await sql.fetchval("SELECT count(finished_at) = $1 FROM erasures", PEOPLE))


async def everywhere(service: Service) -> AsyncIterator[tuple[str, bytes]]:
    """Yield what is kept, as those see it who may ask for it."""
    async for name, text in tables(service):
        yield f"table {name}", text.encode()
    async with service.sql() as sql:
        for row in await sql.fetch("SELECT s::text AS line FROM pg_stats s WHERE schemaname = 'public'"):
            yield "statistics", row["line"].encode()
    async for name, text in dumped(service.stack.redis.url):
        yield f"redis {name}", text.encode("latin-1", "replace")
    async for name, body in queued(service.stack.rabbit.url):
        yield f"queue {name}", body
    for path in sorted((service.folder / "data").rglob("*")):
        if path.is_file():
            yield f"{'mail' if path.suffix == '.eml' else 'file'} {path.name}", path.read_bytes()
    yield "logs", service.logs.encode()


def files(server: Server) -> Iterator[tuple[str, bytes]]:
    """Yield every file of a server."""
    for path in sorted(server.folder.rglob("*")):
        with suppress(FileNotFoundError):
            if path.is_file():
                yield str(path.relative_to(server.folder)), path.read_bytes()


async def queued(url: str) -> AsyncIterator[tuple[str, bytes]]:
    """Yield what is in the queues of ours, which stays there."""
    connection = await aio_pika.connect(url)
    try:
        for name in OURS:
            channel = await connection.channel()
            queue = await channel.get_queue(name)
            while message := await queue.get(fail=False):
                yield name, message.body + str(message.headers).encode()
            await channel.close()
    finally:
        await connection.close()


def command(service: Service, *words: str) -> None:
    """Run the command line."""
    done = subprocess.run(
        [sys.executable, "-m", "api.cli", *words],
        env=service.api.environment,
        cwd=SOURCES,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
