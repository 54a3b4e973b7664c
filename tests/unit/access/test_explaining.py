"""What an explanation says is missing is what is missing, and it is no more than that."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from uuid import UUID

from core.access.engine import NOW, AccessEngine
from domain.access.engine.deciding import Outcome, Question, decide
from domain.access.engine.explaining import Explanation, Remedy, explain
from domain.kernel.ids import OrganizationId, ResourceId, UserId, uuid7
from tests.support.access.changing import (
    ASKED,
    BEGINNING,
    BYPASS,
    CONTEXTS,
    ORGANIZATIONS,
    RESOURCES,
    SERVICE_ACCOUNTS,
    SUBJECTS,
    USERS,
    build,
)
from tests.support.access.machine import _thing
from tests.support.access.parts import MemoryParts
from tests.support.access.worlds import Granted, Planned, Role, Viewer, World, row

WORLDS = 60
Case = tuple[UUID, UUID, str, UUID | Planned | None, int]


def cases(random: Random, world: World) -> Iterator[Case]:
    parents = [None, *(each.id for each in world.resources)]
    planned = [Planned(random.choice(["doc", "task"]), random.choice(parents)) for _ in range(2)]
    for user in SUBJECTS:
        for organization in ORGANIZATIONS:
            for permission in ASKED:
                for asked in random.sample([None, *RESOURCES, *planned], 3):
                    yield user, organization, permission, asked, random.randrange(len(CONTEXTS))


async def explained(world: World, case: Case) -> Explanation | None:
    """Explain what that world says; None if somebody or something is not there."""
    user, organization, permission, asked, context = case
    engine = AccessEngine(MemoryParts(world))
    await engine.refresh(NOW)
    needed = asked.parent_id if isinstance(asked, Planned) else asked
    ids = [ResourceId(needed)] if needed else []
    subject, found = await engine.known(UserId(user), OrganizationId(organization), ids)
    if subject is None or len(found) < len(ids) or (user in SERVICE_ACCOUNTS and not subject.belongs):
        return None
    question = Question(permission, _thing(asked, found), CONTEXTS[context])
    made = explain(subject, question, BEGINNING)
    assert made.outcome is decide(subject, question, BEGINNING)
    return made


def remedied(world: World, user: UUID, remedy: Remedy, group: UUID | None) -> World:
    """Carry out a remedy, of its groups joining that one."""
    gone = set(remedy.withdraw)
    made = replace(world.copy(), grants=[each for each in world.grants if each.id not in gone])
    if group:
        made.viewers.append(Viewer(group, user_id=user))
    kind = "user" if user in USERS else "service_account"
    for lacking in filter(None, (remedy.grant, remedy.bypass)):
        role = Role(uuid7(), None, (lacking.permission,))
        made.roles.append(role)
        made.grants.append(
            Granted(uuid7(), lacking.organization_id, kind, user, role.id, lacking.resource_id, below=lacking.below)
        )
    return made


def lesser(remedy: Remedy) -> Iterator[Remedy]:
    """Yield the remedy without each of its parts."""
    for each in remedy.withdraw:
        yield replace(remedy, withdraw=tuple(one for one in remedy.withdraw if one != each))
    if remedy.join:
        yield replace(remedy, join=frozenset())
    if remedy.grant:
        yield replace(remedy, grant=None)
    if remedy.bypass:
        yield replace(remedy, bypass=None)


async def test_every_denial_ends_when_its_remedy_is_carried_out_and_not_before() -> None:
    seen = dict.fromkeys(Outcome, 0) | {"withdrawn": 0, "joined": 0, "granted": 0, "let through": 0}
    for seed in range(WORLDS):
        random = Random(seed)
        world = build(random)
        for case in cases(random, world):
            found = await explained(world, case)
            if found is None:
                continue
            seen[found.outcome] += 1
            if found.outcome is Outcome.ALLOWED:
                assert found.remedy is None
                assert found.grants
                continue
            user, remedy = case[0], found.remedy
            assert remedy is not None
            if remedy == Remedy():
                assert not (row(world.users, user) or row(world.service_accounts, user)).is_active
                continue
            seen["withdrawn"] += bool(remedy.withdraw)
            seen["joined"] += bool(remedy.join)
            seen["granted"] += remedy.grant is not None
            seen["let through"] += remedy.bypass is not None
            for group in remedy.join or [None]:
                after = await explained(remedied(world, user, remedy, group), case)
                assert after, case
                assert after.outcome is Outcome.ALLOWED, (seed, case, remedy, after)
            for less in lesser(remedy):
                if case[2] == BYPASS and remedy.grant:
                    continue  # whoever may pass walls needs no group
                after = await explained(remedied(world, user, less, min(less.join, default=None)), case)
                assert after, case
                assert after.outcome is not Outcome.ALLOWED, (seed, case, remedy, less)
    assert all(seen.values()), seen
