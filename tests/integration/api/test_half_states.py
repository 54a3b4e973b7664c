"""A command whose process, or whose Postgres, is lost between any two messages has done everything or nothing."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
import pytest

from core.keys import Keys
from core.settings import Settings
from tests.integration.api.conftest import PASSWORD, Start, address, bearer, person, tokens
from tests.support.client import Answer, Client
from tests.support.invariants import broken
from tests.support.proxies import Line, line
from tests.support.service import LONG

TABLES: Final = (
    *("organizations", "memberships", "invitations", "teams", "team_members", "roles", "role_inherits", "grants"),
    *("resources", "visibility_groups", "visibility_members", "visibility_contents", "users", "credentials"),
    *("outbox", "audit_pending", "revocations", "jobs"),
)
STATE: Final = "SELECT " + ", ".join(
    f"(SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {table} t) AS {table}"
    for table in TABLES
)
MANY: Final = 1_100
"""More resources than a statement is about."""
MOST: Final = 200
"""Messages of one command."""


@dataclass
class Scene:
    """An organization with something of each kind, and what it is reached by."""

    near: Client
    """The service as it is."""
    far: Client
    """The service at the other end of a line that dies."""
    line: Line
    connection: Any
    root: dict[str, str]
    large: bool
    """Whether there are more resources than a statement is about."""
    ids: dict[str, str] = field(default_factory=dict)

    async def make(self) -> None:
        """Make another organization."""
        made = await self._sent("POST", "/auth/organizations", {"name": "Acme", "slug": f"a{address()[:32]}"})
        self.ids = {"organization": made["id"]}
        for name in ("heir", "friend"):
            profile = await person(self.near)
            self.ids[name] = profile["id"]
            await self.add("members", {"user_id": profile["id"], "role": "member"})
        self.ids["role"] = (await self.add("roles", {"name": "reader", "permissions": ["document:read"]}))["id"]
        for name, above in (("upper", None), ("lower", None), ("inner", "lower")):
            body = {"name": name, "parent_id": above and self.ids[above]}
            self.ids[name] = (await self.add("teams", body))["id"]
        await self.add(f"teams/{self.ids['inner']}/members", {"user_id": self.ids["friend"]})
        for name in ("shelf", "folder"):
            self.ids[name] = (await self.add("resources", {"type": "folder", "external_id": name}))["id"]
        await self.add("resources/bulk", {"resources": documents("old", MANY if self.large else 3)})
        for kind, subject in (("user", "friend"), ("team", "inner")):
            granted = {"type": "folder", "id": "folder"}
            to = {"type": kind, "id": self.ids[subject]}
            made = await self.add("grants", {"subject": to, "role": "reader", "on": granted, "below": True})
            self.ids["grant"] = made["id"]
        self.ids["group"] = (await self.add("visibility-groups", {"name": "hidden"}))["id"]
        await self.add(f"visibility-groups/{self.ids['group']}/members", {"user_id": self.ids["friend"]})

    async def add(self, path: str, body: Any) -> dict[str, Any]:
        """Make something in the organization."""
        return await self._sent("POST", f"/auth/organizations/{self.ids['organization']}/{path}", body)

    async def run(self, deed: "Deed") -> Answer:
        """Send the command over the line."""
        path = deed.path.format(**self.ids)
        where = path if path.startswith("/") else f"/auth/organizations/{self.ids['organization']}{path and '/'}{path}"
        headers = self.root | {"if-match": "*"}
        if deed.body is None:
            return await self.far(deed.method, where, headers=headers)
        return await self.far.send(deed.method, where, json.loads(filled(deed.body, self.ids)), headers=headers)

    async def state(self) -> Mapping[str, str]:
        """Return how much there is in each table, and a digest of it."""
        return dict(await self.connection.fetchrow(STATE))

    async def _sent(self, method: str, path: str, body: Any) -> dict[str, Any]:
        answer = await self.near.send(method, path, body, headers=self.root)
        assert answer.status in {200, 201}, answer
        return dict(answer.json())


@dataclass(frozen=True)
class Deed:
    """A command that writes more than one thing."""

    name: str
    method: str
    path: str
    body: Any = None
    large: bool = False
    """Whether it is about a tree of many resources."""
    sampled: bool = False
    """Whether it takes so many messages that in the short form each fifth is lost."""


def documents(name: str, count: int) -> list[dict[str, Any]]:
    """Return documents that lie in the folder, and in each other."""
    folder, first = {"type": "folder", "id": "folder"}, {"type": "document", "id": f"{name}0"}
    return [
        {"type": "document", "external_id": f"{name}{number}", "parent": first if number else folder}
        for number in range(count)
    ]


def filled(body: Any, ids: Mapping[str, str]) -> str:
    """Return the body as JSON, with ids instead of their names in brackets."""
    text = json.dumps(body)
    for name, value in ids.items():
        text = text.replace(f"<{name}>", value)
    return text


ON_THE_SHELF: Final = {"parent": {"type": "folder", "id": "shelf"}}
DEEDS: Final = (
    Deed("found an organization", "POST", "/auth/organizations", {"name": "New", "slug": "new-<organization>"}),
    Deed("register many", "POST", "resources/bulk", {"resources": documents("new", MANY)}, sampled=True),
    Deed("move a tree", "PATCH", "resources/{folder}", ON_THE_SHELF, large=True, sampled=True),
    Deed("delete a tree", "DELETE", "resources/{folder}?below=true", large=True, sampled=True),
    Deed("wall a tree", "POST", "visibility-groups/{group}/contents", {"resource": {"type": "folder", "id": "folder"}}),
    Deed("hand over", "POST", "transfer", {"user_id": "<heir>"}),
    Deed("move a team", "PATCH", "teams/{lower}", {"parent_id": "<upper>"}),
    Deed("delete a team", "DELETE", "teams/{inner}"),
    Deed("remove a member", "DELETE", "members/{friend}"),
    Deed("invite", "POST", "invitations", {"email": "<heir>@example.com", "role": "member"}),
    Deed("grant", "POST", "grants", {"subject": {"type": "user", "id": "<heir>"}, "role": "reader"}),
    Deed("withdraw", "DELETE", "grants/{grant}"),
    Deed("delete a role", "DELETE", "roles/{role}"),
    Deed("delete a group", "DELETE", "visibility-groups/{group}"),
    Deed("delete an account", "DELETE", "/auth/users/{friend}"),
    Deed("delete an organization", "DELETE", ""),
)


@pytest.fixture
async def scene(
    start: Start, fresh_database_url: str, settings: Settings, request: pytest.FixtureRequest
) -> AsyncIterator[Scene]:
    async with line(fresh_database_url) as made:
        near = await start(database_url=fresh_database_url, signup_private=False)
        far = await start(database_url=made.url)
        connection = await asyncpg.connect(fresh_database_url)
        root = {"email": address(), "password": PASSWORD, "token": str(Keys.read(settings).setup)}
        assert (await near.send("POST", "/auth/setup", root)).status == 201
        found = Scene(near, far, made, connection, bearer(await tokens(near, root["email"])), request.param.large)
        await found.make()
        yield found
        await connection.close()


@pytest.mark.parametrize(
    ("scene", "deed"), [(each, each) for each in DEEDS], ids=[each.name for each in DEEDS], indirect=["scene"]
)
async def test_what_is_lost_between_two_messages_was_done_or_was_not(
    scene: Scene, deed: Deed, record_property: Callable[[str, object], None]
) -> None:
    """First messages of the service do not arrive; then answers do not, though what they are about may be done."""
    lost, whole = {"asking": 0, "answering": 0}, list[str]()
    for direction in lost:
        before = await scene.state()
        for number in range(1, MOST, 1 if LONG or not deed.sampled else 5):
            scene.line.die(**{direction: number})
            answer = await scene.run(deed)
            died = scene.line.died
            scene.line.die()
            now = await scene.state()
            lost[direction] += answer.status >= 300
            assert answer.status < 300 or (answer.status, died) == (503, True), answer
            assert answer.status >= 300 or now != before
            if now != before:
                # What died came after the commit, or was beside the command, like a look at the log.
                whole = whole or changed(before, now)
                assert changed(before, now) == whole
                assert not await broken(scene.connection)
                await scene.make()
                before = await scene.state()
            if not died:
                break
        else:
            raise AssertionError("it never came to an end")
    record_property("lost", lost)
    assert min(lost.values()) >= 3


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the tables that are not as they were."""
    return [table for table in TABLES if before[table] != now[table]]
