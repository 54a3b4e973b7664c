"""Random worlds, and random changes of them that keep what the schema's constraints keep."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from random import Random
from typing import Any, Final
from uuid import UUID

from tests.support.access.oracle import PLATFORM
from tests.support.access.worlds import (
    Content,
    Granted,
    Inherits,
    Membership,
    Planned,
    Resource,
    Role,
    ServiceAccount,
    Team,
    TeamMember,
    User,
    Viewer,
    World,
    path,
    row,
)


def _ids(kind: int, number: int) -> list[UUID]:
    return [UUID(int=(kind << 64) + each) for each in range(1, number + 1)]


BEGINNING: Final = datetime(2026, 1, 1, tzinfo=UTC)
USERS: Final = _ids(1, 5)
ORGANIZATIONS: Final = [PLATFORM, *_ids(2, 2)]
TEAMS: Final = _ids(3, 6)
ROLES: Final = _ids(4, 12)
RESOURCES: Final = _ids(5, 9)
GROUPS: Final = _ids(6, 3)
SERVICE_ACCOUNTS: Final = _ids(8, 3)
SUBJECTS: Final = [*USERS, *SERVICE_ACCOUNTS]
"""Whoever is asked about."""
LINKS: Final = _ids(10, 11)
"""System roles that inherit from each other, in a row that may be too long."""
BYPASS: Final = "visibility:bypass"
PEOPLE: Final = 0.4
"""How many of those who are put behind walls are people."""
ASKED: Final = ["doc:read", "doc:write", "task:read", BYPASS]
"""Permissions that are asked for."""
WRITTEN: Final = [*ASKED, "*", "doc:*", "task:*", "visibility:*", "doc:rea", "doc"]
CONTEXTS: Final[list[dict[str, Any]]] = [{}, {"n": 2, "place": "office", "sizes": [1, 2, 3.0]}]
_numbers = count(1)


def home(table: list[UUID], id_: UUID) -> UUID:
    """Return the organization that a team, resource or group is of, by its place in the table."""
    return ORGANIZATIONS[(table.index(id_) + 1) % 3]


def condition(random: Random, depth: int = 2) -> dict[str, Any]:
    """Return a condition as it is sent."""
    kind = random.choice(["test", "test", "all", "any", "not"]) if depth else "test"
    if kind == "not":
        return {"not": condition(random, depth - 1)}
    if kind != "test":
        return {kind: [condition(random, depth - 1) for _ in range(random.randint(1, 3))]}
    names = ["resource.status", "resource.size", "resource.open", "resource.tags", "resource.owner", "resource.type"]
    names += ["resource.external_id", "subject.id", "subject.email_verified", "context.n", "context.place"]
    names += ["context.sizes"]
    name, operator = random.choice(names), random.choice(["eq", "ne", "lt", "le", "gt", "ge", "in", "contains"])
    values: list[Any] = ["draft", "doc", "office", str(random.choice(USERS)), 1, 2, 2.5, 3.0]
    if operator in {"eq", "ne", "in", "contains"}:
        values += [True, False]
    value = [random.choice(values) for _ in range(random.randint(0, 3))] if operator == "in" else random.choice(values)
    if random.random() < 0.3:
        value = {"attribute": random.choice(names)}
    return {name: {operator: value}}


def attributes(random: Random) -> str:
    """Return attributes of a resource, as JSON."""
    kinds: dict[str, list[Any]] = {
        "status": ["draft", "final", 1],
        "size": [1, 2, 2.0, 3, "2"],
        "open": [True, False, None, 1],
        "tags": [["draft", 2], [], ["doc", True], "draft"],
        "owner": [str(USERS[0])],
        "type": ["task"],
    }
    return json.dumps({name: random.choice(kinds[name]) for name in kinds if random.random() < 0.6})


def planned(random: Random, world: World) -> Planned:
    """Return a resource that is not there yet, in something that is or in nothing."""
    parents = [None, *(each.id for each in world.resources)]
    return Planned(random.choice(["doc", "task"]), random.choice(parents), attributes(random))


def build(random: Random) -> World:
    """Return a world in which there is something of each kind."""
    world = World(users=[User(each, random.random() < 0.9, random.random() < 0.5) for each in USERS[:4]])
    for _ in range(10):
        world = join(random, world)
    for each in ROLES[:8]:
        world = roles(random, world, each)
    for each in TEAMS[:4]:
        world = teams(random, world, each)
    for each in RESOURCES[:6]:
        world = resources(random, world, each)
    for each in SERVICE_ACCOUNTS[:2]:
        world = account(random, world, each)
    for change, times in ((belong, 6), (inherit, 6), (grant, 14), (view, 5), (enclose, 3)):
        for _ in range(times):
            world = change(random, world)
    return world


def person(random: Random, world: World) -> World:
    """Add, deactivate, verify or remove a person."""
    id_ = random.choice(USERS)
    found, leaves = row(world.users, id_), random.random() < 0.2
    world.users = [each for each in world.users if each.id != id_]
    if not found or not leaves:
        world.users.append(User(id_, random.random() < 0.8, random.random() < 0.5))
        return world
    for organization in ORGANIZATIONS:
        world = _leave(world, Membership(organization, id_))
    world.grants = [each for each in world.grants if each.subject_id != id_]
    return world


def account(random: Random, world: World, id_: UUID | None = None) -> World:
    """Add, deactivate or remove a service account."""
    id_ = id_ or random.choice(SERVICE_ACCOUNTS)
    found, goes = row(world.service_accounts, id_), random.random() < 0.2
    world.service_accounts = [each for each in world.service_accounts if each.id != id_]
    if found and goes:
        world.grants = [each for each in world.grants if each.subject_id != id_]
    else:
        made = ServiceAccount(id_, home(SERVICE_ACCOUNTS, id_), random.random() < 0.8)
        world.service_accounts.append(made)
    return world


def join(random: Random, world: World) -> World:
    """Let somebody join an organization, or leave it and everything in it."""
    if not world.users:
        return world
    made = Membership(random.choice(ORGANIZATIONS), random.choice(world.users).id)
    if made not in world.memberships:
        world.memberships.append(made)
        return world
    return _leave(world, made) if random.random() < 0.4 else world


def _leave(world: World, gone: Membership) -> World:
    organization, user = gone
    world.memberships = [each for each in world.memberships if each != gone]
    world.team_members = [m for m in world.team_members if (home(TEAMS, m.team_id), m.user_id) != gone]
    world.viewers = [v for v in world.viewers if (home(GROUPS, v.group_id), v.user_id) != gone]
    world.contents = [c for c in world.contents if (c.organization_id, c.user_id) != gone]
    world.resources = [
        r._replace(owner_id=None) if (r.organization_id, r.owner_id) == gone else r for r in world.resources
    ]
    world.grants = [g for g in world.grants if (g.organization_id, g.subject_id) != (organization, user)]
    return world


def teams(random: Random, world: World, id_: UUID | None = None) -> World:
    """Add a team, move it, or remove one that has none below it."""
    id_ = id_ or random.choice(TEAMS)
    found = row(world.teams, id_)
    if found and random.random() < 0.2 and not any(each.parent_id == id_ for each in world.teams):
        world.teams.remove(found)
        world.team_members = [each for each in world.team_members if each.team_id != id_]
        world.viewers = [each for each in world.viewers if each.team_id != id_]
        world.grants = [each for each in world.grants if each.subject_id != id_]
        return world
    above = [t.id for t in world.teams if home(TEAMS, t.id) == home(TEAMS, id_) and id_ not in path(world.teams, t.id)]
    world.teams = [each for each in world.teams if each.id != id_]
    world.teams.append(Team(id_, home(TEAMS, id_), random.choice([None, *above, *above])))
    return world


def belong(random: Random, world: World) -> World:
    """Put somebody into a team, or take them out."""
    pairs = [(t.id, m.user_id) for t in world.teams for m in world.memberships if m[0] == t.organization_id]
    if pairs:
        world.team_members = _toggled(world.team_members, TeamMember(*random.choice(pairs)))
    return world


def roles(random: Random, world: World, id_: UUID | None = None) -> World:
    """Add a role, edit it, or remove it with what it was granted to."""
    id_ = id_ or random.choice(ROLES)
    found = row(world.roles, id_)
    world.roles = [each for each in world.roles if each.id != id_]
    if found and random.random() < 0.15:
        world.inherits = [each for each in world.inherits if id_ not in each]
        world.grants = [each for each in world.grants if each.role_id != id_]
        return world
    organization = (None, *ORGANIZATIONS[1:], None, PLATFORM)[ROLES.index(id_) % 5]
    likely = ASKED if random.random() < 0.7 else WRITTEN
    world.roles.append(Role(id_, organization, tuple(sorted(random.sample(likely, random.randint(0, 3))))))
    return world


def inherit(random: Random, world: World) -> World:
    """Let a role inherit from another, or no longer; or from a long chain."""
    ids = [each.id for each in world.roles]
    if random.random() < 0.1:
        links = pairwise(ids)
        world.inherits += [made for made in (Inherits(*link) for link in links) if made not in world.inherits]
    elif len(ids) > 1:
        world.inherits = _toggled(world.inherits, Inherits(*random.sample(ids, 2)))
    return world


def chain(random: Random, world: World) -> World:
    """Let somebody hold the first of a row of roles, of which only the last says anything; perhaps one too many."""
    links = LINKS[: random.randint(8, len(LINKS))]
    world.inherits = [each for each in world.inherits if each.role_id not in LINKS and each.inherited_id not in LINKS]
    world.inherits += [Inherits(*link) for link in pairwise(links)]
    world.roles = [each for each in world.roles if each.id not in LINKS]
    world.roles += [Role(each, None, ("doc:read",) if each == links[-1] else ()) for each in links]
    world.grants = [each for each in world.grants if each.role_id not in LINKS]
    made = Granted(
        id=UUID(int=(7 << 64) + next(_numbers)),
        organization_id=random.choice(ORGANIZATIONS[1:]),
        subject_type="user",
        subject_id=random.choice(USERS),
        role_id=links[0],
    )
    world.grants.append(made)
    return world


def turn(world: World, user: UUID) -> World:
    """Deactivate somebody, or let them back in: whatever they were told before is wrong now."""
    before = row(world.users, user) or User(user, is_active=False)
    world.users = [each for each in world.users if each.id != user] + [before._replace(is_active=not before.is_active)]
    return world


def grant(random: Random, world: World) -> World:
    """Grant something to somebody, to a team or a service account, mostly in its own organization."""
    subjects = [("user", each) for each in USERS] + [("team", each.id) for each in world.teams]
    subjects += [("service_account", each.id) for each in world.service_accounts]
    if not world.roles:
        return world
    kind, subject = random.choice(subjects)
    organization = random.choice([*ORGANIZATIONS, *ORGANIZATIONS[1:]])
    if kind == "service_account" and random.random() < 0.8:
        organization = home(SERVICE_ACCOUNTS, subject)
    fitting = [each for each in world.roles if each.organization_id in {None, organization}]
    places = [each.id for each in world.resources if each.organization_id == organization]
    place = random.choice(places) if places and random.random() < 0.6 else None
    deadline = BEGINNING + timedelta(seconds=random.randint(-5, 60))
    made = Granted(
        id=UUID(int=(7 << 64) + next(_numbers)),
        organization_id=organization,
        subject_type=kind,
        subject_id=subject,
        role_id=random.choice(fitting if fitting and random.random() < 0.9 else world.roles).id,
        resource_id=place,
        below=place is not None and random.random() < 0.6,
        effect="deny" if random.random() < 0.2 else "allow",
        condition=json.dumps(condition(random)) if random.random() < 0.4 else None,
        expires_at=deadline if random.random() < 0.3 else None,
    )
    same = (made.subject_id, made.organization_id, made.role_id, made.effect, made.resource_id)
    world.grants = [
        g for g in world.grants if (g.subject_id, g.organization_id, g.role_id, g.effect, g.resource_id) != same
    ]
    world.grants.append(made)
    return world


def withdraw(random: Random, world: World) -> World:
    """Take a grant away."""
    if world.grants:
        world.grants.remove(random.choice(world.grants))
    return world


def resources(random: Random, world: World, id_: UUID | None = None) -> World:
    """Register a resource, move and edit it, or remove one that has none below it."""
    id_ = id_ or random.choice(RESOURCES)
    found = row(world.resources, id_)
    if found and random.random() < 0.2 and not any(each.parent_id == id_ for each in world.resources):
        world.resources.remove(found)
        world.contents = [each for each in world.contents if each.resource_id != id_]
        world.grants = [each for each in world.grants if each.resource_id != id_]
        return world
    ours, all_ = home(RESOURCES, id_), world.resources
    above = [each.id for each in all_ if each.organization_id == ours and id_ not in path(all_, each.id)]
    owner = random.choice([None, *(each.user_id for each in world.memberships if each.organization_id == ours)])
    parent = random.choice([None, *above, *above])
    made = Resource(id_, ours, random.choice(["doc", "task"]), f"x{id_.int % 100}", owner, parent, attributes(random))
    world.resources = [*(each for each in all_ if each.id != id_), made]
    return world


def view(random: Random, world: World) -> World:
    """Let a person or a team see what a group holds, or no longer."""
    made = [Viewer(g, user_id=m.user_id) for g in GROUPS for m in world.memberships if m[0] == home(GROUPS, g)]
    made += [Viewer(g, team_id=t.id) for g in GROUPS for t in world.teams if t.organization_id == home(GROUPS, g)]
    if made:
        world.viewers = _toggled(world.viewers, random.choice(made))
    return world


def enclose(random: Random, world: World) -> World:
    """Put a resource or a person behind a wall, or tear it down; or remove everything from a group."""
    homes = [(each, home(GROUPS, each)) for each in GROUPS]
    made = [Content(g, at, r.id) for g, at in homes for r in world.resources if r.organization_id == at]
    if random.random() < PEOPLE:
        made = [Content(g, at, user_id=m.user_id) for g, at in homes for m in world.memberships if m[0] == at]
    if random.random() < 0.1:
        gone = random.choice(GROUPS)
        world.contents = [each for each in world.contents if each.group_id != gone]
        world.viewers = [each for each in world.viewers if each.group_id != gone]
    elif made:
        world.contents = _toggled(world.contents, random.choice(made))
    return world


def _toggled(rows: list[Any], made: Any) -> list[Any]:
    return [each for each in rows if each != made] if made in rows else [*rows, made]


CHANGES: Final[list[Callable[[Random, World], World]]] = [
    person,
    account,
    join,
    teams,
    belong,
    roles,
    inherit,
    chain,
    grant,
    withdraw,
    resources,
    view,
    enclose,
]
