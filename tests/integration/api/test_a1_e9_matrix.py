"""Every operation, every kind of caller, an organization of theirs, of others, and none."""

import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from inspect import isfunction, signature
from typing import Any, Final, get_type_hints
from urllib.parse import urlencode
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from litestar import Router
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

import api.routes
from api.route import ROUTE, Route
from tests.integration.api.conftest import PASSWORD, Start, address, bearer, person, tokens
from tests.support.access.matrix import ANYONE, MEMBER, OPERATIONS, PROTOCOLS, QUESTIONS, SIGNED_IN, Platform, Resource
from tests.support.client import Answer, Client

ROLES: Final = ("member", "auditor", "service", "admin", "owner")
PRINCIPALS: Final = ("anonymous", "expired", "deactivated", "outsider", *ROLES, "superuser")
PARTS: Final = 8
ENDING: Final = ("ChangePassword", "RevokeSessions", "SignOut")
"""They end sessions, so nothing comes after them."""
ERASING: Final = "DeleteMe"
"""It leaves nobody: it has people of its own."""
NOBODIES: Final = ("anonymous", "expired", "deactivated")
SAMPLES: Final[Mapping[str, Any]] = {
    "attributes": {},
    "body": {"a": 1},
    "email": "somebody@example.com",
    "event_types": ["*"],
    "external_id": "x",
    "id": "x",
    "kind": "membership",
    "items": [{"type": "document", "external_id": "x"}],
    "name": "sample",
    "password": PASSWORD,
    "permissions": ["document:read"],
    "requests": [["ada", "data", "read"]],
    "resources": [{"type": "document", "external_id": "x"}],
    "role": "member",
    "slug": "sample-slug",
    "type": "document",
}
GRANT: Final = """
INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at, version)
SELECT gen_random_uuid(), $1, 'user', $2, id, now(), 1 FROM roles WHERE organization_id IS NULL AND name = $3
"""
JOIN: Final = "INSERT INTO memberships VALUES (gen_random_uuid(), $1, $2, now(), 1)"
FOUND: Final = "INSERT INTO organizations VALUES ($1, 'Sample', $2, now(), now(), 1)"
RESOURCE: Final = """
INSERT INTO resources (id, organization_id, type, external_id, path, created_at, updated_at, version)
VALUES ($1, $2, 'document', $3, ARRAY[$1::uuid], now(), now(), 1)
"""
WALL: Final = """
WITH made AS (
    INSERT INTO visibility_groups VALUES (gen_random_uuid(), $2, $3, now(), now(), 1) RETURNING id
), hidden AS (
    INSERT INTO visibility_contents (group_id, organization_id, resource_id) SELECT id, $2, $1 FROM made
)
UPDATE resources SET wall_id = id WHERE id = $1
"""
HELD: Final = """
SELECT name, permissions FROM roles WHERE organization_id IS NULL
"""


def handlers() -> Iterator[tuple[str, HTTPRouteHandler, Route]]:
    """Yield every generated route: its path, its handler, and what it was made of."""
    for module in pkgutil.iter_modules(api.routes.__path__, "api.routes."):
        for table in vars(import_module(module.name)).values():
            if isinstance(table, Router):
                found = [table]
            elif isfunction(table) and get_type_hints(table).get("return") is Router:
                flags = signature(table).parameters
                found = [table(**dict.fromkeys(flags, value)) for value in (False, True)]
            else:
                continue
            for router in found:
                for route in router.routes:
                    if isinstance(route, HTTPRoute):
                        for handler in route.route_handlers:
                            if made := handler.opt.get(ROUTE):
                                yield route.path, handler, made


ROUTES: Final = {str(handler.operation_id): (path, handler, made) for path, handler, made in handlers()}


def test_a1_every_operation_is_in_the_table_and_says_the_same() -> None:
    assert sorted(OPERATIONS) == sorted(ROUTES)
    for name, (_, _, made) in ROUTES.items():
        access = made.case.access
        expected = OPERATIONS[name]
        permission = access.permission.value if access.permission else None
        assert (expected == ANYONE) == (not access.signed_in), name
        if isinstance(expected, Platform):
            assert (permission, access.within) == (expected.permission, None), name
        elif isinstance(expected, Resource):
            assert (permission, access.within, access.on) == (expected.permission, "organization_id", "resource_id")
        elif expected in {ANYONE, SIGNED_IN, MEMBER}:
            assert (permission, bool(access.within)) == (None, expected == MEMBER), name
        else:
            assert (permission, bool(access.within), access.on) == (expected, True, None), name


@dataclass
class World:
    """People of every kind, and organizations."""

    call: Client
    connection: Any
    told: Client
    """The service where anyone is told of revocations."""
    people: dict[str, tuple[UUID, dict[str, str]]] = field(default_factory=dict)
    held: dict[str, frozenset[str]] = field(default_factory=dict)

    async def found(self, *, theirs: bool) -> UUID:
        """Return a new organization; if it is theirs, everybody but the outsider and the superuser is in it."""
        made = uuid4()
        await self.connection.execute(FOUND, made, f"s{made.hex}")
        joining = [*ROLES, "deactivated"] if theirs else ["outsider"]
        for name in joining:
            await self.connection.execute(JOIN, made, self.people[name][0])
            role = name if name in ROLES else "owner"
            await self.connection.execute(GRANT, made, self.people[name][0], role)
        return made

    async def resource(self, organization: UUID, *, walled: bool = False) -> UUID:
        """Return a new resource, behind a wall that only those see over who may bypass walls if it is `walled`."""
        made = uuid4()
        await self.connection.execute(RESOURCE, made, organization, f"x{made.hex}")
        if walled:
            await self.connection.execute(WALL, made, organization, f"x{made.hex}")
        return made

    def passes(self, expected: str | Platform | Resource, principal: str, where: str) -> bool:
        """Return whether the caller comes as far as the use case."""
        if expected == ANYONE:
            return True
        if principal in NOBODIES:
            return False
        if expected == SIGNED_IN or principal == "superuser":
            return True
        if isinstance(expected, Platform) or where != "own" or principal == "outsider":
            return False
        needed = expected.permission if isinstance(expected, Resource) else expected
        return needed == MEMBER or needed in self.held[principal]


@pytest.fixture
async def world(start: Start, api_url: str) -> Any:
    call = await start()
    call.peer = "192.0.2.1"  # what is counted against this address is nobody else's
    connection = await asyncpg.connect(api_url)
    made = World(call, connection, await start(revocations_public=True))
    for name in PRINCIPALS:
        if name == "anonymous":
            continue
        profile = await person(call)
        given = bearer(await tokens(call, profile["email"]))
        made.people[name] = UUID(profile["id"]), given
    made.people["expired"][1]["authorization"] += "x"
    await connection.execute(
        GRANT, UUID("00000000-0000-7000-8000-000000000001"), made.people["superuser"][0], "superuser"
    )
    gone, root = made.people["deactivated"][0], made.people["superuser"][1]
    answer = await call.send("POST", f"/auth/users/{gone}/deactivate", {}, headers=root)
    assert answer.status < 300, answer
    made.held = {row["name"]: frozenset(row["permissions"]) for row in await connection.fetch(HELD)}
    yield made
    await connection.close()


async def ask(world: World, name: str, principal: str, organization: UUID, resource: UUID | None = None) -> Answer:
    """Call the operation with a request that is well-formed, and about nothing else that there is."""
    path, handler, made = ROUTES[name]
    filled = path
    for parameter in made.segments:
        known = {"organization_id": organization, "resource_id": resource}
        value = str(known.get(parameter) or uuid4())
        filled = filled.replace(f"{{{parameter}:str}}", value if "_id" in parameter else "sample")
    asked = {**sample(made.query.struct)}
    if "organization_id" in made.query.names:  # left out, the question is the platform's
        asked["organization_id"] = str(organization)
    if asked:
        filled = f"{filled}?{urlencode(asked)}"
    call = world.told if name == "ReadPublicRevocations" else world.call
    given = dict(world.people[principal][1]) if principal != "anonymous" else {}
    if made.matched:
        given["if-match"] = '"999"'
    (method,) = handler.http_methods
    if made.sends is None:
        # Who is let in to follow events is answered for as long as they stay.
        return await call(str(method), filled, headers=given, hang_up=made.media == "text/event-stream")
    body = SAMPLES["body"] if made.whole else sample(made.sends)
    return await call.send(str(method), filled, body, headers=given)


def sample(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the required members of a body."""
    fields = [each for each in msgspec.structs.fields(kind) if each.required]
    return {each.encode_name: one(each.encode_name, each.type) for each in fields}


def one(name: str, kind: Any) -> Any:
    """Return a value that may stand under `name`."""
    known = msgspec.inspect.type_info(kind)
    while isinstance(known, msgspec.inspect.UnionType):
        known = next(each for each in known.types if not isinstance(each, msgspec.inspect.NoneType))
    if isinstance(known, msgspec.inspect.StructType):
        return sample(known.cls)
    if isinstance(known, msgspec.inspect.LiteralType):
        return known.values[0]
    if name == "email":
        return address()
    plain: dict[type[Any], Any] = {
        msgspec.inspect.UUIDType: str(uuid4()),
        msgspec.inspect.DateTimeType: "2099-01-01T00:00:00Z",
        msgspec.inspect.IntType: 1,
        msgspec.inspect.BoolType: True,
    }
    return plain.get(type(known)) or SAMPLES.get(name, "sample")


def said(answer: Answer) -> dict[str, Any]:
    """Return what a refusal says, without the request's own id."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json", answer
    return {key: value for key, value in body.items() if key != "trace_id"}


@pytest.mark.parametrize("part", range(PARTS))
async def test_a1_a2_e9_whoever_may_not_comes_no_further(world: World, part: int) -> None:
    for name in sorted(sorted({*OPERATIONS} - {ERASING})[part::PARTS], key=ENDING.__contains__):
        await examine(world, name)


async def test_a1_a2_e9_whoever_may_not_erases_nobody(world: World) -> None:
    await examine(world, ERASING)


async def examine(world: World, name: str) -> None:
    """Call one operation as everybody, about every kind of organization."""
    expected, made = OPERATIONS[name], ROUTES[name][2]
    scoped = "organization_id" in {*made.segments, *made.query.names}
    places = {"own": await world.found(theirs=True), "other": uuid4(), "missing": uuid4()}
    await world.connection.execute(FOUND, places["other"], f"s{places['other'].hex}")
    refusals: list[dict[str, Any]] = []
    for where, organization in places.items() if scoped else [("own", places["own"])]:
        for principal in PRINCIPALS:
            resource = await world.resource(organization) if isinstance(expected, Resource) and where == "own" else None
            answer = await ask(world, name, principal, organization, resource)
            assert answer.status < 500, (principal, where, answer)
            if world.passes(expected, principal, where):
                code = answer.json()["code"] if answer.status >= 400 else None
                assert answer.status != 401 or expected == ANYONE, (principal, where, answer)
                # Of what any member may try, the use case itself may refuse a part.
                assert code != "access.forbidden" or expected == MEMBER, (principal, where, answer)
            elif principal in NOBODIES:
                assert answer.status == 401, (principal, where, answer)
            elif scoped and (where != "own" or principal == "outsider"):
                assert (answer.status, said(answer)["code"]) == (404, "organizations.organization_not_found")
                refusals.append(said(answer))
            else:
                assert (answer.status, said(answer)["code"]) == (403, "access.forbidden"), (principal, where, answer)
    assert all(each == refusals[0] for each in refusals), "an organization of others looks like none"


@pytest.mark.parametrize(
    "name", sorted(each for each, expected in OPERATIONS.items() if isinstance(expected, Resource))
)
async def test_a1_a2_what_may_not_be_read_is_not_there(world: World, name: str) -> None:
    ours = await world.found(theirs=True)
    elsewhere = await world.resource(await world.found(theirs=True))
    for principal in (*ROLES, "superuser"):
        absent = await ask(world, name, principal, ours)
        assert (absent.status, said(absent)["code"]) == (404, "resources.resource_not_found"), (principal, absent)
        foreign = await ask(world, name, principal, ours, elsewhere)
        assert (foreign.status, said(foreign)) == (404, said(absent)), (principal, foreign)
        walled = await ask(world, name, principal, ours, await world.resource(ours, walled=True))
        if principal != "superuser" and "visibility:bypass" not in world.held[principal]:
            assert (walled.status, said(walled)) == (404, said(absent)), (principal, walled)
        elif world.passes(OPERATIONS[name], principal, "own"):
            assert walled.status != 403, (principal, walled)
        else:
            assert (walled.status, said(walled)["code"]) == (403, "access.forbidden"), (principal, walled)


async def test_a1_what_protocols_lay_down_is_in_a_table_too(call: Client) -> None:
    laid_down = {
        str(handler.operation_id): handler.opt[ROUTE].case.access
        for route in call.app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if ROUTE in handler.opt and handler.operation_id not in OPERATIONS
    }
    assert sorted(laid_down) == sorted({**QUESTIONS, **PROTOCOLS})
    for name, expected in PROTOCOLS.items():
        access = laid_down[name]
        permission = access.permission.value if access.permission else None
        needed = expected.permission if isinstance(expected, Platform) else None
        assert (permission, access.within, access.signed_in) == (needed, None, expected != ANYONE), name


@pytest.mark.parametrize("name", sorted(QUESTIONS))
async def test_a1_a2_e9_whoever_may_not_ask_about_others_is_not_answered(world: World, name: str) -> None:
    path = next(each.path for each in world.call.app.routes if name in operations_of(each))
    places = {"own": await world.found(theirs=True), "other": uuid4(), "missing": uuid4()}
    await world.connection.execute(FOUND, places["other"], f"s{places['other'].hex}")
    refusals = []
    for where, organization in places.items():
        for principal in PRINCIPALS:
            given = world.people[principal][1] if principal != "anonymous" else {}
            about = world.people["member" if principal != "member" else "owner"][0]
            answer = await world.call.send("POST", path, asking(name, organization, about), given)
            if principal in NOBODIES:
                assert answer.status == 401, (principal, where, answer)
            elif principal == "superuser" or (where == "own" and QUESTIONS[name] in world.held.get(principal, ())):
                # There is nobody to remove from an organization of others, and nothing to ask of one that is not there.
                absent = where != "own" and name == "SimulateChange"
                assert answer.status == (404 if absent else 200), (principal, where, answer)
                assert absent or b'"error"' not in answer.body, (principal, where, answer)
            elif where != "own" or principal == "outsider":
                assert refused_as(answer) == 404, (principal, where, answer)
                refusals.append(answer.json() | {"trace_id": ""})
            else:
                assert refused_as(answer) == 403, (principal, where, answer)
    assert all(each == refusals[0] for each in refusals), "an organization of others looks like none"


def operations_of(route: Any) -> set[str]:
    """Return the names of the operations of a route."""
    return {str(each.operation_id) for each in route.route_handlers} if isinstance(route, HTTPRoute) else set()


def asking(name: str, organization: UUID, about: UUID) -> dict[str, Any]:
    """Return a question about somebody."""
    if name == "SimulateChange":
        leaving = {"organization_id": str(organization), "user_id": str(about)}
        return {
            "change": {"operation": "RemoveMember", "arguments": leaving},
            "context": {"organization_id": str(organization)},
        }
    question = {
        "subject": {"type": "user", "id": str(about)},
        "action": {"name": "read"},
        "resource": {"type": "document", "id": "x"},
        "context": {"organization_id": str(organization)},
    }
    return {"evaluations": [question, question]} if name == "EvaluateMany" else question


def refused_as(answer: Answer) -> int:
    """Return with which status it is refused: all of several questions have to be."""
    found = answer.json()
    if "evaluations" in found:
        (status,) = {each["context"]["error"]["status"] for each in found["evaluations"]}
        return int(status)
    expected = {403: "access.forbidden", 404: "organizations.organization_not_found"}
    assert found["code"] == expected.get(answer.status), answer
    return answer.status
