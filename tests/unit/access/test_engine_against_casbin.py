"""Where pycasbin can say the same (roles with domains, allow and deny, teams as roles), it says the same."""

import asyncio
import os
from random import Random
from typing import Any, Final
from uuid import UUID

import casbin
import pytest

from core.access.engine import NOW, AccessEngine
from domain.access.engine.deciding import Question, decide
from domain.kernel.ids import OrganizationId, UserId
from tests.support.access.changing import ASKED, BEGINNING, ORGANIZATIONS, SERVICE_ACCOUNTS, USERS, build, grant, home
from tests.support.access.parts import MemoryParts
from tests.support.access.worlds import Granted, Role, World, row

DEEP = bool(os.environ.get("GATEWRIGHT_DEEP"))
MODEL: Final = """
[request_definition]
r = sub, dom, act
[policy_definition]
p = sub, dom, act, eft
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.act == p.act
"""
DOMAINS: Final = ORGANIZATIONS[1:]
SENTINEL: Final = ["nobody", "nowhere", "nothing", "deny"]


def plain(random: Random) -> World:
    """Return a world that pycasbin can be told of: no conditions, expiry, walls, wildcards, nor grants on things."""
    world = build(random)
    for _ in range(30):
        world = grant(random, world)
    world.roles = [
        each._replace(permissions=tuple(p for p in each.permissions if "*" not in p)) for each in world.roles
    ]
    roles = {each.id: each for each in world.roles[:7]}
    world.inherits = [i for i in world.inherits if i.role_id in roles and _may_inherit(roles, *i)]
    world.users = [each._replace(is_active=True) for each in world.users]
    world.service_accounts = [each._replace(is_active=True) for each in world.service_accounts]
    world.grants = [
        each._replace(resource_id=None, below=False, condition=None, expires_at=None)
        for each in world.grants
        if each.organization_id in DOMAINS and _may_hold(each)
    ]
    world.contents = []
    return world


def _may_hold(grant: Granted) -> bool:
    return grant.subject_type != "service_account" or home(SERVICE_ACCOUNTS, grant.subject_id) == grant.organization_id


def _may_inherit(roles: dict[UUID, Role], lower: UUID, upper: UUID) -> bool:
    return upper in roles and roles[upper].organization_id in {None, roles[lower].organization_id}


def told(world: World) -> Any:
    """Return pycasbin's engine for `world`. Each role is there twice, once for what it allows and once for denies."""
    enforcer = casbin.Enforcer(casbin.Enforcer.new_model(text=MODEL))
    rules, links = [SENTINEL], []
    for organization in DOMAINS:
        domain = f"organization:{organization}"
        for effect in ("allow", "deny"):
            for role in world.roles:
                if role.organization_id in {None, organization}:
                    rules += [[f"{effect}:{role.id}", domain, name, effect] for name in role.permissions]
            links += [[f"{effect}:{i.role_id}", f"{effect}:{i.inherited_id}", domain] for i in world.inherits]
        for team in world.teams:
            if team.organization_id in {organization, ORGANIZATIONS[0]}:
                links += [
                    [f"user:{m.user_id}", f"team:{team.id}", domain] for m in world.team_members if m[0] == team.id
                ]
                links += [[f"team:{team.id}", f"team:{team.parent_id}", domain]] if team.parent_id else []
    for each in world.grants:
        subject, domain = f"{each.subject_type}:{each.subject_id}", f"organization:{each.organization_id}"
        if row(world.roles, each.role_id).organization_id in {None, each.organization_id}:
            links.append([subject, f"{each.effect}:{each.role_id}", domain])
    enforcer.add_policies(rules)
    for link in {tuple(each) for each in links}:
        enforcer.add_named_grouping_policy("g", *link)
    return enforcer


async def compare(seed: int) -> list[bool]:
    """Compare every decision in one world; return them."""
    world = plain(Random(seed))
    oracle, engine = told(world), AccessEngine(MemoryParts(world))
    await engine.refresh(NOW)
    found = []
    for user in [*USERS[:4], *SERVICE_ACCOUNTS[:2]]:
        kind = "user" if user in USERS else "service_account"
        for organization in DOMAINS:
            subject, _ = await engine.known(UserId(user), OrganizationId(organization))
            assert subject
            for permission in ASKED:
                ours = decide(subject, Question(permission), BEGINNING).value == "allowed"
                theirs = oracle.enforce(f"{kind}:{user}", f"organization:{organization}", permission)
                assert ours is theirs, (seed, user, organization, permission)
                found.append(ours)
    return found


@pytest.mark.parametrize("first", range(0, 2000 if DEEP else 20, 20))
def test_a7_pycasbin_decides_the_same_where_it_can(first: int) -> None:
    found = [answer for seed in range(first, first + 20) for answer in asyncio.run(compare(seed))]

    assert len(found) == 20 * 6 * len(DOMAINS) * len(ASKED)
    assert {True, False} == set(found)
