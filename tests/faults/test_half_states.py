"""Whatever is killed in the middle of commands: afterwards everything fits together, and what was answered is there."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from core.keys import SetupToken
from core.secrets import Secrets
from domain.kernel.ids import uuid7
from tests.faults.soak import AGAIN, Killer
from tests.support.facts import until
from tests.support.http import Broken, Caller, Response
from tests.support.invariants import broken
from tests.support.service import LONG, PASSWORD, SECRET, Service

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600 if LONG else 300)]

CLIENTS, BLOWS = (8, 60) if LONG else (4, 4)
BETWEEN: Final = (1.0, 6.0)
"""Seconds after which something is killed that has just answered."""
VICTIMS: Final = ("api", "postgres")
ROOT: Final = {"email": "root@example.org", "password": PASSWORD}
MANY: Final = 300


@dataclass
class Builder:
    """Somebody who builds up an organization and tears it down, over and over, whatever becomes of a single request."""

    call: Caller
    people: list[str]
    settled: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    founded: dict[str, bool] = field(default_factory=dict)
    """Organizations whose founding was answered, and whether they were seen to be deleted, or may have been."""

    async def build(self) -> None:
        """Do everything once; what was not answered is gone on from as if it had failed."""
        made = await self.send("POST", "/auth/organizations", {"name": "Acme", "slug": f"a{uuid7().hex}"})
        if made is None:
            return
        here = f"/auth/organizations/{made['id']}"
        self.founded[made["id"]] = False
        for each in self.people:
            await self.send("POST", f"{here}/members", {"user_id": each, "role": "member"})
        await self.send("POST", f"{here}/roles", {"name": "reader", "permissions": ["document:read"]})
        teams = [await self.send("POST", f"{here}/teams", {"name": name}) for name in ("upper", "lower")]
        folders = [
            await self.send("POST", f"{here}/resources", {"type": "folder", "external_id": name}) for name in "ab"
        ]
        group = await self.send("POST", f"{here}/visibility-groups", {"name": "hidden"})
        await self.send("POST", f"{here}/resources/bulk", {"resources": list(_documents())})
        works = [
            ("PATCH", f"{here}/resources/{_id(folders[0])}", {"parent": {"type": "folder", "id": "b"}}),
            ("POST", f"{here}/visibility-groups/{_id(group)}/contents", {"resource": {"type": "folder", "id": "b"}}),
            ("PATCH", f"{here}/resources/{_id(folders[0])}", {"parent": None}),
            ("POST", f"{here}/grants", {"subject": {"type": "user", "id": self.people[0]}, "role": "reader"}),
            ("POST", f"{here}/grants", {"subject": {"type": "team", "id": _id(teams[1])}, "role": "reader"}),
            ("PATCH", f"{here}/teams/{_id(teams[1])}", {"parent_id": _id(teams[0])}),
            ("POST", f"{here}/teams/{_id(teams[1])}/members", {"user_id": self.people[1]}),
            ("DELETE", f"{here}/members/{self.people[0]}", None),
            ("DELETE", f"{here}/teams/{_id(teams[1])}", None),
            ("DELETE", f"{here}/visibility-groups/{_id(group)}", None),
            ("POST", f"{here}/transfer", {"user_id": self.people[1]}),
            ("DELETE", f"{here}/resources/{_id(folders[0])}?below=true", None),
        ]
        for method, path, body in works:
            await self.send(method, path, body)
        if random.random() < 0.3:
            self.founded[made["id"]] = True
            await self.send("DELETE", here)

    async def send(self, method: str, path: str, body: Any = None) -> Any:
        """Send it once; return what came of it, None if that cannot be told or it was refused."""
        try:
            found: Response = await self.call(method, path, body, {"if-match": "*"})
        except (Broken, TimeoutError) as error:
            self.settled[type(error).__name__] += 1
            await asyncio.sleep(0.1)
            return None
        self.settled[str(found.status)] += 1
        if found.status in AGAIN:
            await asyncio.sleep(0.1)
        if found.status >= 500 and found.status not in AGAIN:
            self.wrong.append(f"{method} {path}: {found.status} {found.body[:200]!r}")
        return found.json() if found.status in {200, 201} else None


def _documents() -> Any:
    for number in range(MANY):
        parent = {"type": "document", "id": f"d{(number - 1) // 5}"} if number else {"type": "folder", "id": "a"}
        yield {"type": "document", "external_id": f"d{number}", "parent": parent}


def _id(made: Any) -> str:
    return str(made["id"] if made else uuid7())


async def test_nothing_is_left_half_done_whatever_is_killed(
    service: Service, record_property: Callable[[str, object], None]
) -> None:
    setup = str(SetupToken(Secrets(SECRET.encode()).derive("setup")))
    async with service.caller() as call:
        assert (await call("POST", "/auth/setup", ROOT | {"token": setup})).status == 201
        people = [
            (await call("POST", "/auth/signup", {"email": f"p{number}@example.org", "password": PASSWORD})).json()["id"]
            for number in range(2)
        ]
        token = (await call("POST", "/auth/login", ROOT)).json()["access_token"]
    builders = [Builder(service.caller(token, patience=10), people) for _ in range(CLIENTS)]
    killer, done = Killer(service), asyncio.Event()

    async def go(builder: Builder) -> None:
        while not done.is_set():
            await builder.build()

    async def kill() -> None:
        for turn in range(BLOWS):
            await until(_answering(service), 60)
            await asyncio.sleep(random.uniform(*BETWEEN))
            await killer.strike(VICTIMS[turn % len(VICTIMS)])
            killer.killed[VICTIMS[turn % len(VICTIMS)]] += 1
        done.set()

    supervising = asyncio.create_task(killer.supervise())
    try:
        await asyncio.gather(kill(), *(go(each) for each in builders))
    finally:
        supervising.cancel()
        for each in builders:
            each.call.drop()
    await until(_answering(service), 60)
    async with service.sql() as connection:
        wrong = await broken(connection)
        there = {str(row["id"]) for row in await connection.fetch("SELECT id FROM organizations")}
    record_property("settled", dict(sum((each.settled for each in builders), Counter[str]())))
    record_property("killed", dict(killer.killed))
    record_property("organizations", len(there))
    assert wrong == {}
    assert [each.wrong for each in builders if each.wrong] == []
    assert {id_ for each in builders for id_, deleted in each.founded.items() if not deleted} <= there
    assert len(there) > CLIENTS


def _answering(service: Service) -> Callable[[], Any]:
    async def answers() -> bool:
        with suppress(OSError):
            return await asyncio.to_thread(service.answers)
        return False

    return answers
