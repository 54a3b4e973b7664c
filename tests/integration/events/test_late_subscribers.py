"""Whoever comes late has everything in the end, and can prove it, although changes go on."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from domain.access.commands.create_role import CreateRole
from domain.access.commands.delete_role import DeleteRole
from domain.access.commands.make_grant import MakeGrant
from domain.access.commands.withdraw_grant import WithdrawGrant
from domain.access.schemas import Grantee
from domain.events.kinds import KINDS
from domain.events.queries.read_digest import ReadDigest
from domain.events.queries.read_feed import ReadFeed
from domain.events.queries.read_snapshot import ReadSnapshot
from domain.events.schemas import Digest, FeedCursor, SnapshotEnd, SnapshotHead
from domain.identity.commands.create_user import CreateUser
from domain.identity.commands.deactivate_user import DeactivateUser
from domain.identity.commands.delete_user import DeleteUser
from domain.identity.commands.update_user import UpdateUser
from domain.kernel.errors import DomainError, Overloaded, Unavailable
from domain.kernel.ids import UserId, uuid7
from domain.organizations.commands.add_member import AddMember
from domain.organizations.commands.create_organization import CreateOrganization
from domain.organizations.commands.delete_organization import DeleteOrganization
from domain.organizations.commands.remove_member import RemoveMember
from domain.resources.commands.create_resource import CreateResource
from domain.resources.commands.delete_resource import DeleteResource
from domain.teams.commands.add_team_member import AddTeamMember
from domain.teams.commands.create_team import CreateTeam
from domain.teams.commands.delete_team import DeleteTeam
from domain.teams.commands.remove_team_member import RemoveTeamMember
from domain.teams.commands.update_team import UpdateTeam
from domain.visibility.commands.add_visibility_member import AddVisibilityMember
from domain.visibility.commands.create_visibility_group import CreateVisibilityGroup
from domain.visibility.commands.delete_visibility_group import DeleteVisibilityGroup
from tests.integration.api.conftest import configured
from tests.support.copying import Copy
from tests.support.facts import number
from tests.support.served import Served, served

WHOLE = [name for name, kind in KINDS.items() if not kind.is_part]


class Changes:
    """Random commands about random things, real ones; those that are refused change nothing."""

    def __init__(self, service: Served, root: UserId, seed: int) -> None:
        self.service, self.root, self.chance = service, root, random.Random(seed)
        self.people: list[Any] = []
        self.organizations: list[Any] = []
        self.inside: dict[str, list[tuple[Any, Any]]] = {}

    async def make(self) -> None:
        """Do one thing."""
        create = len(self.people) < 5 or self.chance.random() < 0.1
        await self._person() if create else await self.chance.choice(self._commands())()

    async def _send(self, message: Any) -> Any:
        try:
            return await self.service.send(message, self.root)
        except Unavailable:
            raise
        except DomainError:
            return None

    async def _person(self) -> None:
        made = await self._send(CreateUser(email=f"{uuid7().hex}@example.com", full_name="Ada"))
        self.people.append(made.id)

    def _commands(self) -> list[Callable[[], Awaitable[Any]]]:
        if not self.organizations:
            return [self._found]
        pick, org, person = self.chance.choice, self.chance.choice(self.organizations), self.chance.choice(self.people)
        name, send = uuid7().hex, self._send

        def about(kind: str, make: Callable[[Any, Any], Any]) -> Callable[[], Awaitable[Any]]:
            async def do() -> None:
                if known := self.inside.get(kind):
                    await send(make(*pick(known)))

            return do

        async def keep(kind: str, message: Any) -> None:
            if made := await send(message):
                self.inside.setdefault(kind, []).append((org, made.id))

        def of(message: Any) -> Callable[[], Awaitable[Any]]:
            return lambda: send(message)

        return [
            self._found,
            of(AddMember(organization_id=org, user_id=person, role="member")),
            of(AddMember(organization_id=org, user_id=pick(self.people), role="admin")),
            of(RemoveMember(organization_id=org, user_id=person)),
            of(UpdateUser(user_id=person, full_name=name)),
            of(DeactivateUser(user_id=person)),
            lambda: keep("team", CreateTeam(organization_id=org, name=name)),
            lambda: keep("role", CreateRole(organization_id=org, name=name[:30], permissions=["document:read"])),
            lambda: keep("group", CreateVisibilityGroup(organization_id=org, name=name)),
            lambda: keep("resource", CreateResource(organization_id=org, type="document", external_id=name)),
            lambda: keep("grant", MakeGrant(organization_id=org, subject=Grantee("user", person), role="auditor")),
            about("team", lambda o, team: AddTeamMember(organization_id=o, team_id=team, user_id=person)),
            about("team", lambda o, team: AddTeamMember(organization_id=o, team_id=team, user_id=pick(self.people))),
            about("team", lambda o, team: RemoveTeamMember(organization_id=o, team_id=team, user_id=person)),
            about("team", lambda o, team: UpdateTeam(organization_id=o, team_id=team, name=name)),
            about("team", lambda o, team: DeleteTeam(organization_id=o, team_id=team)),
            about("role", lambda o, role: DeleteRole(organization_id=o, role_id=role)),
            about("group", lambda o, group: AddVisibilityMember(organization_id=o, group_id=group, user_id=person)),
            about("group", lambda o, group: DeleteVisibilityGroup(organization_id=o, group_id=group)),
            about("resource", lambda o, thing: DeleteResource(organization_id=o, resource_id=thing)),
            about("grant", lambda o, grant: WithdrawGrant(organization_id=o, grant_id=grant)),
            *([self._delete] if self.chance.random() < 0.2 else []),
        ]

    async def _found(self) -> None:
        made = await self._send(CreateOrganization(name="Acme", slug=f"a{uuid7().hex}"))
        self.organizations.append(made.id)

    async def _delete(self) -> None:
        if self.chance.random() < 0.3 and len(self.organizations) > 1:
            gone = self.organizations.pop(self.chance.randrange(len(self.organizations)))
            await self._send(DeleteOrganization(organization_id=gone))
        else:
            await self._send(DeleteUser(user_id=self.chance.choice(self.people)))


class Subscriber:
    """Makes a copy over the queries that HTTP serves."""

    def __init__(self, service: Served, root: UserId) -> None:
        self.service, self.root, self.copy, self.cursors = service, root, Copy(), list[FeedCursor]()

    async def start(self, between: Callable[[], Awaitable[object]], limit: int = 3) -> FeedCursor:
        """Take a snapshot of every kind, in small parts; return where to follow from."""
        for kind in KINDS:
            after = None
            while True:
                asked = ReadSnapshot(kind=kind, limit=limit, after=after)
                stream = await self.service.send(asked, self.root)
                lines = [line for part in [part async for part in stream.parts] for line in part]
                head, end = lines[0], lines[-1]
                assert isinstance(head, SnapshotHead)
                assert isinstance(end, SnapshotEnd)
                self.cursors.append(FeedCursor.parse(head.cursor))
                for line in lines:
                    self.copy.take(line)
                await between()
                if end.complete:
                    break
                after = end.next
        return min(self.cursors, key=lambda each: each.position)

    async def follow(self, start: FeedCursor, end: int) -> FeedCursor:
        """Apply what is between `start` and the position `end`."""
        while start.position < end:
            part = await self.service.send(ReadFeed(after=str(start), limit=min(100, end - start.position)), self.root)
            for event in part.items:
                self.copy.apply(event)
            start = FeedCursor.parse(part.next)
        return start

    def differences(self, found: Digest) -> list[str]:
        """Return the ranges in which the copy is another than it should be."""
        return [each.first for each in found.ranges if self.copy.digest(found.kind, each) != (each.count, each.digest)]


@pytest.fixture
async def service(fresh_database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(configured(tmp_path, database_url=fresh_database_url, redis_url=redis_url)) as made:
        yield made


async def digest(service: Served, root: UserId, kind: str) -> Digest:
    """Ask until it can be told; what is in the way is numbered."""
    with suppress(Overloaded):
        return await service.send(ReadDigest(kind=kind, parts=4), root)  # type: ignore[no-any-return]
    await number(service.connection)
    return await service.send(ReadDigest(kind=kind, parts=4), root)  # type: ignore[no-any-return]


@pytest.mark.parametrize("seed", range(2))
async def test_snapshot_and_feed_become_the_truth_whatever_changes_meanwhile(service: Served, seed: int) -> None:
    root = await service.superuser()
    changes, chance = Changes(service, root, seed), random.Random(seed)
    for _ in range(80):
        await changes.make()

    async def go_on() -> None:
        await changes.make()
        if chance.random() < 0.3:  # until then facts wait, and snapshots are ahead of their cursors
            await number(service.connection)

    subscriber = Subscriber(service, root)
    place = await subscriber.follow(await subscriber.start(go_on), await head(service))
    for kind in WHOLE * 2:
        for _ in range(3):
            await changes.make()
        found = await digest(service, root, kind)
        place = await subscriber.follow(place, FeedCursor.parse(found.cursor).position)
        # Exactly as of the cursor, though facts of the same things are committed and not numbered.
        assert not subscriber.differences(found), kind
    await subscriber.follow(place, await head(service))
    assert subscriber.copy.applied > 50
    await compared(service, root, subscriber.copy)


async def head(service: Served) -> int:
    """Have everything numbered; return where the log ends."""
    await number(service.connection)
    return int(await service.connection.fetchval("SELECT position FROM log_head"))


async def compared(service: Served, root: UserId, copy: Copy) -> None:
    """Fail unless the copy holds what the tables hold, now that nothing changes."""
    truth = Subscriber(service, root)
    await truth.start(lambda: asyncio.sleep(0), limit=1000)
    for kind, mine in copy.held.items():
        theirs = truth.copy.held[kind]
        assert mine.keys() == theirs.keys(), kind
        for id_, thing in mine.items():
            assert KINDS[kind].is_part or thing.version == theirs[id_].version, (kind, id_)
            for name in thing.data.keys() & {"email", "full_name", "name", "user_id", "role", "parent_id"}:
                assert thing.data[name] == theirs[id_].data[name], (kind, name)
