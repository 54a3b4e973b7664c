"""ADR 0009, walked row by row each time: slow, plain, and without a line of the engine's."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from tests.support.access.worlds import Granted, Planned, Resource, Somebody, World, path, row, wall

PLATFORM = UUID("00000000-0000-7000-8000-000000000001")
STEPS = 8

Asked = UUID | Planned | Somebody | None


def decide(
    world: World,
    user_id: UUID,
    organization_id: UUID,
    permission: str,
    asked: Asked,
    context: Mapping[str, Any],
    now: datetime,
) -> str:
    """Return `allowed`, `denied`, `hidden`, or `absent` if the organization has no such resource.

    Of somebody who is looked at return `seen`, `hidden`, or `absent` if there is no such person.
    """
    if isinstance(asked, Somebody):
        return _look(world, user_id, organization_id, asked.user_id, now)
    inside = [each for each in world.resources if each.organization_id == organization_id]
    thing = row(inside, asked) if isinstance(asked, UUID) else asked
    if asked is not None and thing is None:
        return "absent"
    user, account = row(world.users, user_id), row(world.service_accounts, user_id)
    if not (user or account) or not (user or account).is_active:
        return "denied"
    kind = "user" if user else "service_account"

    def reads(name: str) -> object:
        scope, key = name.split(".", 1)
        if scope == "context":
            return context.get(key)
        if scope == "subject":
            return str(user_id) if key == "id" else user.email_verified if user else None
        return _of(thing, key) if thing else None

    teams = {above for m in world.team_members if m.user_id == user_id for above in path(world.teams, m.team_id)}
    here = {team for team in teams if row(world.teams, team).organization_id == organization_id}
    ours = here | {team for team in teams if row(world.teams, team).organization_id == PLATFORM}
    live = [
        grant
        for grant in world.grants
        if (grant.subject_id in ours if grant.subject_type == "team" else grant[2:4] == (kind, user_id))
        and (user or grant.organization_id == account.organization_id)
        and (grant.expires_at is None or grant.expires_at > now)
        and _gives(world, grant, permission)
    ]
    wide = [grant for grant in live if grant.organization_id == PLATFORM and grant.resource_id is None]
    verdict = _weigh(wide, reads)
    if verdict:
        return verdict
    along = path(world.resources, thing.parent_id if isinstance(thing, Planned) else thing.id) if thing else []
    if thing and not _visible(world, user_id, organization_id, thing, along, here, now):
        return "hidden"
    applicable = [
        grant
        for grant in live
        if grant.organization_id == organization_id
        and (
            grant.resource_id is None
            or (isinstance(thing, Resource) and grant.resource_id == thing.id)
            or (grant.below and grant.resource_id in along)
        )
    ]
    return _weigh(applicable, reads) or "denied"


def sees(world: World, user_id: UUID, organization_id: UUID, resource_id: UUID, now: datetime) -> bool:
    """Return whether no wall of the organization stands between somebody and a resource."""
    thing = row(world.resources, resource_id)
    teams = {above for m in world.team_members if m.user_id == user_id for above in path(world.teams, m.team_id)}
    here = {team for team in teams if row(world.teams, team).organization_id == organization_id}
    return _visible(world, user_id, organization_id, thing, path(world.resources, thing.id), here, now)


def _weigh(grants: list[Granted], reads: Callable[[str], object]) -> str | None:
    truths = [(g.effect, "yes" if g.condition is None else judge(json.loads(g.condition), reads)) for g in grants]
    if any(effect == "deny" and truth != "no" for effect, truth in truths):
        return "denied"
    return "allowed" if ("allow", "yes") in truths else None


def _gives(world: World, grant: Granted, permission: str) -> bool:
    role = row(world.roles, grant.role_id)
    if role.organization_id not in {None, grant.organization_id}:
        return False
    roles, rim = [role], [role]
    for _ in range(STEPS):
        above = [row(world.roles, i.inherited_id) for each in rim for i in world.inherits if i.role_id == each.id]
        rim = [each for each in above if each.organization_id in {None, role.organization_id} and each not in roles]
        roles += rim
    return any(
        permission in each.permissions
        or (each.organization_id is None and {"*", permission.partition(":")[0] + ":*"} & set(each.permissions))
        for each in roles
    )


def _visible(
    world: World,
    user_id: UUID,
    organization_id: UUID,
    thing: Resource | Planned,
    along: list[UUID],
    teams: set[UUID],
    now: datetime,
) -> bool:
    standing = wall(world, along)
    if standing is None or (isinstance(thing, Resource) and thing.owner_id == user_id):
        return True
    groups = {content.group_id for content in world.contents if content.resource_id == standing}
    return _looks_in(world, user_id, organization_id, groups, teams, now)


def _look(world: World, user_id: UUID, organization_id: UUID, other_id: UUID, now: datetime) -> str:
    looks = row(world.users, user_id) or row(world.service_accounts, user_id)
    if looks is None or row(world.users, other_id) is None:
        return "absent"
    groups = {c.group_id for c in world.contents if (c.organization_id, c.user_id) == (organization_id, other_id)}
    teams = {above for m in world.team_members if m.user_id == user_id for above in path(world.teams, m.team_id)}
    if not groups or other_id == user_id or _looks_in(world, user_id, organization_id, groups, teams, now):
        return "seen"
    return "hidden"


def _looks_in(
    world: World, user_id: UUID, organization_id: UUID, groups: set[UUID], teams: set[UUID], now: datetime
) -> bool:
    if any(v.group_id in groups and (v.user_id == user_id or v.team_id in teams) for v in world.viewers):
        return True
    return decide(world, user_id, organization_id, "visibility:bypass", None, {}, now) == "allowed"


def _of(thing: Resource | Planned, key: str) -> object:
    if key == "type":
        return thing.type
    if key in {"owner", "external_id"}:
        value = getattr(thing, {"owner": "owner_id"}.get(key, key), None)
        return None if value is None else str(value)
    return json.loads(thing.attributes).get(key)


def judge(raw: dict[str, Any], reads: Callable[[str], object]) -> str:
    """Return `yes`, `no` or `unknown`."""
    ((name, inner),) = raw.items()
    if name == "not":
        return {"yes": "no", "no": "yes"}.get(judge(inner, reads), "unknown")
    if name in {"all", "any"}:
        settles, otherwise = ("no", "yes") if name == "all" else ("yes", "no")
        told = [judge(each, reads) for each in inner]
        return settles if settles in told else "unknown" if "unknown" in told else otherwise
    ((operator, value),) = inner.items()
    right = reads(value["attribute"]) if isinstance(value, dict) else value
    return _test(reads(name), operator, right)


def _test(left: object, operator: str, right: Any) -> str:
    if operator == "contains":
        return _test(right, "in", left)
    if operator == "in":
        if _kind(left) == "none" or not isinstance(right, list):
            return "unknown"
        told = {_test(left, "eq", each) for each in right}
        return "yes" if "yes" in told else "unknown" if "unknown" in told else "no"
    if _kind(left) == "none" or _kind(left) != _kind(right):
        return "unknown"
    if operator not in {"eq", "ne"} and _kind(left) == "truth":
        return "unknown"
    signs = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
    sign = "=" if left == right else "<" if str(left) < str(right) else ">"
    if _kind(left) == "number" and left != right:
        sign = "<" if float(str(left)) < float(str(right)) else ">"
    return "yes" if sign in signs[operator] else "no"


def _kind(value: object) -> str:
    kinds = {bool: "truth", int: "number", float: "number", str: "text"}
    return kinds.get(type(value), "none")
