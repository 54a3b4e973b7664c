"""The parts of a world in memory, with transactions that overlap, and looks that may be held up."""

import asyncio
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from core.access.snapshots import Snapshot
from core.access.source import Change, Look, Source
from domain.access.conditions import parse
from domain.access.engine.parts import Grant, Key, Part, ResourcePart, RolePart, TeamPart, UserPart
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.ids import GrantId, GroupId, OrganizationId, ResourceId, RoleId, TeamId, UserId
from tests.support.access.worlds import Granted, User, World, path, row, wall

LOG = b"worldlog"


@dataclass(slots=True)
class MemoryParts(Source):
    """Numbers transactions when they begin, as Postgres does, and records what they change when they commit."""

    world: World
    held: list[tuple[bool, asyncio.Future[None]]] = field(default_factory=list)
    """Looks that wait, before or after their snapshot is taken; and whether only changes are looked for."""
    holding: bool = False
    server: str = "first run"
    _next: int = 3
    _running: set[int] = field(default_factory=set)
    _changes: list[Change] = field(default_factory=list)

    def begin(self) -> int:
        """Begin a transaction."""
        self._next += 1
        self._running.add(self._next - 1)
        return self._next - 1

    def commit(self, transaction: int, change: Callable[[World], World]) -> ConsistencyToken:
        """Let the world change, and record every key whose rows differ, as triggers do."""
        before, self.world = self.world, change(self.world.copy())
        keys = {key for key, _ in rows(before) ^ rows(self.world)}
        self._changes += [Change(transaction, key) for key in sorted(keys)]
        self._running.remove(transaction)
        return ConsistencyToken(LOG, transaction)

    def roll_back(self, transaction: int) -> None:
        """End a transaction that changed nothing."""
        self._running.remove(transaction)

    async def look(self, since: Snapshot | None, keys: Collection[Key]) -> Look:
        """See `Source.look`."""
        holding = self.holding
        await self._wait(holding, keys)
        world, lowest = self.world, min(self._running, default=self._next)
        snapshot = Snapshot(LOG, lowest, self._next, frozenset(self._running), self.server)
        told = [c for c in self._changes if since is None or c.transaction >= since.xmin]
        parts = {key: part_of(world, key) for key in (*keys, *_along(world, keys))}
        await self._wait(holding, keys)
        return Look(snapshot, None if since is None else told, parts)

    async def find(self, organization_id: OrganizationId, type_: str, external_id: str) -> ResourceId | None:
        """See `Source.find`."""
        natural = (organization_id, type_, external_id)
        found = (
            ResourceId(r.id) for r in self.world.resources if (r.organization_id, r.type, r.external_id) == natural
        )
        return next(found, None)

    async def _wait(self, holding: bool, keys: Collection[Key]) -> None:  # noqa: FBT001 - as it was when the look began
        if holding:
            future = asyncio.get_running_loop().create_future()
            self.held.append((not keys, future))
            await future


def rows(world: World) -> set[tuple[Key, Any]]:
    """Return every row under the keys that triggers record for it, what is derived from other rows included."""
    found: set[tuple[Key, Any]] = {(Key("user", each.id), each) for each in world.users}
    found |= {(Key("user", each.id), each) for each in world.service_accounts}
    found |= {(Key("user", each.user_id), each) for each in world.memberships}
    found |= {(Key("team", each.id), (each, *path(world.teams, each.id))) for each in world.teams}
    found |= {(Key("user", each.user_id), each) for each in world.team_members}
    found |= {(Key("role", each.id), each) for each in world.roles}
    found |= {(Key("role", each.role_id), each) for each in world.inherits}
    found |= {(Key("team" if each.subject_type == "team" else "user", each.subject_id), each) for each in world.grants}
    for each in world.resources:
        along = path(world.resources, each.id)
        found.add((Key("resource", each.id), (each, *along, wall(world, along))))
    found |= {(Key("user", each.user_id), each) for each in world.viewers if each.user_id}
    found |= {(Key("team", each.team_id), each) for each in world.viewers if each.team_id}
    found |= {(Key("resource", each.resource_id), each) for each in world.contents if each.resource_id}
    return found | {(Key("user", each.user_id), each) for each in world.contents if each.user_id}


def part_of(world: World, key: Key) -> Part | None:
    """Return one part of a world."""
    makers: Mapping[str, Callable[[World, Any], Part]] = {
        "user": lambda world, found: (_user if isinstance(found, User) else _service_account)(world, found),
        "team": _team,
        "role": _role,
        "resource": _resource,
    }
    tables: Mapping[str, list[Any]] = {
        "user": [*world.users, *world.service_accounts],
        "team": world.teams,
        "role": world.roles,
        "resource": world.resources,
    }
    found = row(tables[key.scope], key.id)
    return None if found is None else makers[key.scope](world, found)


def _along(world: World, keys: Collection[Key]) -> set[Key]:
    users = {key.id for key in keys if key.scope == "user"}
    teams = {above for m in world.team_members if m.user_id in users for above in path(world.teams, m.team_id)}
    subjects = users | teams | {key.id for key in keys if key.scope == "team"}
    roles = {grant.role_id for grant in world.grants if grant.subject_id in subjects}
    for _ in range(8):
        roles |= {each.inherited_id for each in world.inherits if each.role_id in roles}
    return {Key("team", team) for team in teams} | {Key("role", role) for role in roles}


def _user(world: World, user: Any) -> UserPart:
    return UserPart(
        id=UserId(user.id),
        is_active=user.is_active,
        email_verified=user.email_verified,
        organizations=frozenset(OrganizationId(m.organization_id) for m in world.memberships if m.user_id == user.id),
        teams=frozenset(TeamId(m.team_id) for m in world.team_members if m.user_id == user.id),
        groups=frozenset(GroupId(v.group_id) for v in world.viewers if v.user_id == user.id),
        walls=frozenset(
            (OrganizationId(c.organization_id), GroupId(c.group_id)) for c in world.contents if c.user_id == user.id
        ),
        grants=_grants(world, user.id),
    )


def _service_account(world: World, account: Any) -> UserPart:
    return UserPart(
        id=UserId(account.id),
        is_active=account.is_active,
        email_verified=None,
        organizations=frozenset([OrganizationId(account.organization_id)]),
        teams=frozenset(),
        groups=frozenset(),
        walls=frozenset(),
        grants=_grants(world, account.id),
        kind="service_account",
    )


def _team(world: World, team: Any) -> TeamPart:
    return TeamPart(
        id=TeamId(team.id),
        organization_id=OrganizationId(team.organization_id),
        path=tuple(map(TeamId, path(world.teams, team.id))),
        groups=frozenset(GroupId(v.group_id) for v in world.viewers if v.team_id == team.id),
        grants=_grants(world, team.id),
    )


def _role(world: World, role: Any) -> RolePart:
    organization_id = None if role.organization_id is None else OrganizationId(role.organization_id)
    inherits = tuple(RoleId(each.inherited_id) for each in world.inherits if each.role_id == role.id)
    return RolePart(RoleId(role.id), organization_id, frozenset(role.permissions), inherits)


def _resource(world: World, resource: Any) -> ResourcePart:
    along = path(world.resources, resource.id)
    standing = wall(world, along)
    return ResourcePart(
        id=ResourceId(resource.id),
        organization_id=OrganizationId(resource.organization_id),
        type=resource.type,
        external_id=resource.external_id,
        owner_id=None if resource.owner_id is None else UserId(resource.owner_id),
        path=tuple(map(ResourceId, along)),
        wall_id=None if standing is None else ResourceId(standing),
        groups=frozenset(GroupId(c.group_id) for c in world.contents if c.resource_id == resource.id),
        attributes=json.loads(resource.attributes),
    )


def _grants(world: World, subject_id: UUID) -> tuple[Grant, ...]:
    return tuple(_grant(each) for each in world.grants if each.subject_id == subject_id)


def _grant(grant: Granted) -> Grant:
    return Grant(
        id=GrantId(grant.id),
        organization_id=OrganizationId(grant.organization_id),
        role_id=RoleId(grant.role_id),
        resource_id=None if grant.resource_id is None else ResourceId(grant.resource_id),
        below=grant.below,
        allows=grant.effect == "allow",
        condition=None if grant.condition is None else parse(json.loads(grant.condition)),
        expires_at=grant.expires_at,
    )
