"""Roles and grants as casbin's rules, and back."""

import random
from datetime import timedelta
from pathlib import Path

import casbin
import pytest

from domain.access.commands.import_policy import ImportPolicy
from domain.access.errors import NotHeld
from domain.access.models import SUPERUSER
from domain.access.policies.errors import PolicyInvalid
from domain.access.policies.schemas import PolicyExport, PolicyImported
from domain.access.queries.export_policy import ExportPolicy
from domain.access.queries.list_grants import ListGrants
from domain.access.queries.list_roles import ListRoles
from domain.access.schemas import Grantee
from domain.kernel.errors import Forbidden, OrganizationNotFound
from domain.kernel.ids import OrganizationId, uuid7
from tests.support.app import App
from tests.support.memory.roles import SYSTEM
from tests.unit.access.conftest import Person, World

PERMISSIONS = ("members:read", "roles:read", "grants:read", "teams:read", "resources:read", "resources:write")
RESOURCES = ("a", "a/b", "c.d:e@f")


async def exported(app: App, by: Person, organization_id: OrganizationId) -> PolicyExport:
    return await app.send(ExportPolicy(organization_id=organization_id), as_=by.tokens)


async def imported(
    app: App, by: Person, organization_id: OrganizationId, policy: str, *, dry_run: bool = False
) -> PolicyImported:
    message = ImportPolicy(organization_id=organization_id, policy=policy, dry_run=dry_run)
    return await app.send(message, as_=by.tokens)


async def lines_refused(app: App, by: Person, organization_id: OrganizationId, policy: str) -> list[tuple[str, str]]:
    """Return which lines are wrong and why, and fail if any of the others was done."""
    before = len(app.facts)
    with pytest.raises((PolicyInvalid, NotHeld)) as refused:
        await imported(app, by, organization_id, policy)
    assert len(app.facts) == before
    return [(error.field.removeprefix("body/policy/"), error.code) for error in refused.value.errors]


async def populated(app: App, world: World, ours: OrganizationId, owner: Person, seed: int) -> list[Person]:
    """Fill an organization with roles and grants by chance; return its people."""
    dice = random.Random(seed)
    people = [owner, *[await world.member(ours) for _ in range(3)]]
    for name in RESOURCES:
        world.resource(ours, name)
    roles = ["member", "auditor", "admin", "service"]
    for number in range(dice.randint(1, 5)):
        held = dice.sample(PERMISSIONS, dice.randint(1, 4))
        made = await world.role(
            owner, ours, f"r{number}.x:y-{number}", *held, inherits=dice.sample(roles, dice.randint(0, 2))
        )
        roles.append(made.name)
    taken = set()
    for _ in range(dice.randint(0, 14)):
        person, role, on = dice.choice(people[1:]), dice.choice(roles), dice.choice([None, *RESOURCES])
        effect = dice.choice(["allow", "allow", "deny"])
        if (person.id, role, on, effect) not in taken:
            taken.add((person.id, role, on, effect))
            below = bool(on) and dice.random() < 0.5
            await world.give(owner, ours, person.grantee, role, on, below=below, effect=effect)
    return people


@pytest.mark.parametrize("seed", range(10))
async def test_a7_what_is_exported_is_the_same_after_an_import_into_an_empty_organization(
    app: App, world: World, ours: OrganizationId, owner: Person, seed: int
) -> None:
    people = await populated(app, world, ours, owner, seed)
    first = await exported(app, owner, ours)
    theirs = world.organization()
    for person in people:
        world.join(theirs, person)
    world.grant(theirs, owner.id, "owner")
    for name in RESOURCES:
        world.resource(theirs, name)

    tried = await imported(app, owner, theirs, first.policy, dry_run=True)
    assert (await exported(app, owner, theirs)).policy != first.policy or not tried.roles
    done = await imported(app, owner, theirs, first.policy)
    again = await imported(app, owner, theirs, first.policy)

    assert await exported(app, owner, theirs) == first
    assert first.omitted == []
    assert (tried.roles, tried.grants, tried.dry_run) == (done.roles, done.grants, True)
    assert (again.roles, again.grants) == ([], 0)


@pytest.mark.parametrize("seed", range(5))
async def test_a7_stock_casbin_reads_an_export_as_it_is_meant(
    app: App, world: World, ours: OrganizationId, owner: Person, tmp_path: Path, seed: int
) -> None:
    people = await populated(app, world, ours, owner, seed)
    export = await exported(app, owner, ours)
    model, policy = tmp_path / "model.conf", tmp_path / "policy.csv"
    model.write_text(export.model)
    things = [f"document/{name}" for name in RESOURCES]
    policy.write_text(export.policy + "".join(f"g3, {each}, {each}/*\n" for each in things))
    enforcer = casbin.Enforcer(str(model), str(policy))
    grants = (await app.send(ListGrants(organization_id=ours, limit=200), as_=owner.tokens)).items
    roles = {each.name: each for each in (await app.send(ListRoles(organization_id=ours), as_=owner.tokens)).items}

    def contents(role: str) -> set[str]:
        return {*roles[role].permissions}.union(*(contents(each) for each in roles[role].inherits))

    allowed = 0
    for person in people:
        for thing in RESOURCES:
            for permission in PERMISSIONS:
                effects = {
                    grant.effect
                    for grant in grants
                    if grant.subject.id == person.id
                    and (grant.on is None or grant.on.id == thing)
                    and permission in contents(grant.role)
                }
                question = (f"user:{person.id}", "organization", f"document/{thing}", permission)
                assert enforcer.enforce(*question) == (effects == {"allow"}), question
                allowed += effects == {"allow"}
    assert allowed


async def test_what_the_rules_have_no_words_for_is_left_out_and_said(
    app: App, world: World, ours: OrganizationId, owner: Person, ada: Person
) -> None:
    empty = await world.role(owner, ours, "empty")
    await world.role(owner, ours, "heir", "members:read", inherits=["empty"])
    world.resource(ours, "a,b\np")
    soon = app.clock.now() + timedelta(days=1)
    await world.give(owner, ours, ada.grantee, "auditor", expires_at=soon)
    await world.give(owner, ours, ada.grantee, "admin", condition={"context.mfa": {"eq": True}})
    await world.give(owner, ours, ada.grantee, "heir")
    await world.give(owner, ours, ada.grantee, "service", "a,b\np")

    export = await exported(app, owner, ours)

    assert f"role {empty.id}: it consists of nothing" in export.omitted
    assert sorted(each.partition(": ")[2] for each in export.omitted) == [
        "it consists of nothing",
        "it ends",
        "it has a condition",
        "it inherits from one that is left out",
        "its role is left out",
        "the name of its resource has characters that rules have not",
    ]
    granted = [line for line in export.policy.splitlines() if line.startswith("p, ")]
    assert granted == sorted(
        [
            f"p, user:{ada.id}, organization, *, role:member, allow",
            f"p, user:{owner.id}, organization, *, role:owner, allow",
        ]
    )


async def test_a1_nobody_imports_what_they_do_not_hold(
    app: App, world: World, ours: OrganizationId, owner: Person, admin: Person, ada: Person
) -> None:
    await world.role(owner, ours, "keeper", "grants:write", "roles:write", "grants:read", "roles:read")
    eve = await world.member(ours, "keeper")

    assert await lines_refused(app, eve, ours, "g2, members:write, role:new\n") == [("1", "access.not_held")]
    own = f"p, user:{ada.id}, organization, *, role:owner, allow\n"
    assert await lines_refused(app, admin, ours, own) == [("1", "access.not_held")]
    raised = f"g2, grants:read, role:new\np, user:{eve.id}, organization, *, role:admin, allow\n"
    assert await lines_refused(app, eve, ours, raised) == [("2", "access.not_held")]
    through = f"g2, role:admin, role:new\np, user:{eve.id}, organization, *, role:new, allow\n"
    assert ("1", "access.not_held") in await lines_refused(app, eve, ours, through)
    done = await imported(
        app, eve, ours, f"g2, grants:read, role:new\np, user:{ada.id}, organization, *, role:new, deny"
    )
    assert (done.roles, done.grants) == (["new"], 1)


async def test_a1_it_takes_both_permissions(
    app: App, world: World, ours: OrganizationId, owner: Person, ada: Person
) -> None:
    await world.role(owner, ours, "half", "grants:write", "grants:read")
    eve = await world.member(ours, "half")
    for who in (eve, ada):
        with pytest.raises(Forbidden):
            await exported(app, who, ours)
        with pytest.raises(Forbidden):
            await imported(app, who, ours, "")
    with pytest.raises(OrganizationNotFound):
        await exported(app, await world.person(), ours)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("p, user:x, organization, *, role:member, allow", "subject"),
        ("p, role:member, organization, *, role:member, allow", "subject"),
        ("p, *, organization, *, role:member, allow", "subject"),
        ("p, {ada}, elsewhere, *, role:member, allow", "domain"),
        ("p, {ada}, organization, p.*, role:member, allow", "place"),
        ("p, {ada}, organization, document/*/x, role:member, allow", "place"),
        ("p, {ada}, organization, *, member, allow", "role"),
        ("p, {ada}, organization, *, role:*, allow", "role"),
        ("p, {ada}, organization, *, role:{long}, allow", "role"),
        ("p, {ada}, organization, *, role:member, perhaps", "effect"),
        ("p, {ada}, organization, *, role:member, allow, r.context.mfa", "rule"),
        ('p, "{ada}", organization, *, role:member, allow', "subject"),
        ("g, {ada}, role:member", "rule"),
        ("g2, *, role:new", "permission"),
        ("g2, members:*, role:new", "permission"),
        ("g2, r.sub, role:new", "permission"),
        ("g2, members:read, role:a b", "role"),
        ("g2, members:read, role:", "role"),
        ("g2, role:new, role:new", "circle"),
        ("g2, organizations:own, role:new", "access.role_invalid"),
        ("g2, role:owner, role:new", "access.role_invalid"),
        ("g2, role:nobody, role:new", "access.role_not_found"),
        ("g2, users:write, role:member", "exists"),
        ("p, {ada}, organization, *, role:superuser, allow", "access.role_not_found"),
        ("p, {ada}, organization, document/none, role:member, allow", "access.place_not_found"),
        ("p, user:{nobody}, organization, *, role:member, allow", "access.subject_not_found"),
        ("p, team:{nobody}, organization, *, role:member, allow", "access.subject_not_found"),
    ],
)
async def test_a6_a_line_that_cannot_be_is_named_and_nothing_is_done(
    app: App, ours: OrganizationId, owner: Person, ada: Person, line: str, code: str
) -> None:
    assert SUPERUSER in SYSTEM
    written = line.format(ada=f"user:{ada.id}", nobody=uuid7(), long="x" * 10_000)
    good = f"g2, members:read, role:good\np, user:{ada.id}, organization, *, role:good, allow\n"

    assert await lines_refused(app, owner, ours, f"# all of it\n{good}{written}\n") == [("4", code)]


async def test_f6_a_name_in_a_line_makes_no_second_rule(app: App, ours: OrganizationId, owner: Person) -> None:
    hostile = "g2, members:read, role:x\rg2, roles:read, role:y"
    assert [code for _, code in await lines_refused(app, owner, ours, hostile)] == ["rule"]


async def test_a_dry_run_says_what_would_be_refused(app: App, ours: OrganizationId, owner: Person, ada: Person) -> None:
    before = len(app.facts)
    line = f"g2, members:read, role:new\np, user:{ada.id}, organization, *, role:new, allow\n"
    for key in ("a", "a"):
        message = ImportPolicy(organization_id=ours, policy=line, dry_run=True)
        answer = await app.send(message, as_=owner.tokens, key=key)
        assert answer == PolicyImported(["new"], 1, 0, dry_run=True)
    with pytest.raises(PolicyInvalid):
        await imported(app, owner, ours, f"{line}q\n", dry_run=True)
    assert len(app.facts) == before


async def test_teams_and_places_come_back(
    app: App, world: World, ours: OrganizationId, owner: Person, ada: Person
) -> None:
    team = world.team(ours, ada)
    world.resource(ours, "plan")
    await world.give(owner, ours, Grantee("team", team), "auditor", "plan", below=True, effect="deny")

    line = f"p, team:{team}, organization, document/plan/*, role:auditor, deny"
    assert line in (await exported(app, owner, ours)).policy.splitlines()
    assert (await imported(app, owner, ours, line)).unchanged == 1
    assert await lines_refused(app, owner, ours, line.replace("/*,", ",")) == [("1", "access.grant_exists")]
