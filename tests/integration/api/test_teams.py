"""Teams and visibility groups over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from domain.kernel.ids import uuid7
from tests.integration.api.conftest import bearer, person, refused, tokens
from tests.support.client import Client

ROLE = "INSERT INTO roles (id, organization_id, name, permissions) VALUES ($1, $2, $3, $4)"
GRANT = """
INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at) VALUES ($1, $2, $3, $4, $5, now())
"""
RESOURCE = """
INSERT INTO resources (id, organization_id, type, external_id, path, created_at, updated_at, version)
VALUES ($1, $2, 'folder', $3, ARRAY[$1::uuid], now(), now(), 1)
"""


@dataclass
class Ground:
    """What other capabilities keep, written straight into the database."""

    call: Client
    connection: Any

    async def organization(self) -> UUID:
        made = uuid7()
        run = self.connection.execute
        await run("INSERT INTO organizations VALUES ($1, 'Test', $2, now(), now(), 1)", made, str(made))
        return made

    async def member(self, organization: UUID, *permissions: str) -> tuple[str, dict[str, str]]:
        """Return the id of a new member, and the header that they present."""
        made = await person(self.call)
        membership = "INSERT INTO memberships VALUES ($1, $2, $3, now(), 1)"
        await self.connection.execute(membership, uuid7(), organization, UUID(made["id"]))
        if permissions:
            await self.grant(organization, "user", made["id"], *permissions)
        return made["id"], bearer(await tokens(self.call, made["email"]))

    async def grant(self, organization: UUID, kind: str, subject: str, *permissions: str) -> None:
        role = uuid7()
        await self.connection.execute(ROLE, role, organization, str(role), list(permissions))
        await self.connection.execute(GRANT, uuid7(), organization, kind, UUID(subject), role)

    async def folder(self, organization: UUID) -> dict[str, str]:
        made = uuid7()
        await self.connection.execute(RESOURCE, made, organization, str(made))
        return {"type": "folder", "id": str(made)}


@pytest.fixture
async def ground(call: Client, api_url: str) -> AsyncIterator[Ground]:
    connection = await asyncpg.connect(api_url)
    yield Ground(call, connection)
    await connection.close()


async def made(call: Client, path: str, body: dict[str, Any], who: dict[str, str]) -> dict[str, Any]:
    """Create something and return it."""
    answer = await call.send("POST", path, body, headers=who)
    assert answer.status == 201, answer
    return dict(answer.json())


async def test_the_life_of_a_team(ground: Ground, call: Client) -> None:
    ours = await ground.organization()
    ada, root = await ground.member(ours, "teams:read", "teams:write")
    teams = f"/auth/organizations/{ours}/teams"

    top = await made(call, teams, {"name": "Top"}, root)
    crew = await made(call, teams, {"name": "Crew", "parent_id": top["id"]}, root)
    one = f"{teams}/{crew['id']}"
    read = await call("GET", one, headers=root)
    assert (read.json(), read.headers["etag"]) == (crew, '"1"')
    renamed = await call.send("PATCH", one, {"name": "Gang"}, headers=root | {"if-match": '"1"'})
    assert (renamed.status, renamed.json()["name"], renamed.headers["etag"]) == (200, "Gang", '"2"')
    stale = await call.send("PATCH", one, {"parent_id": None}, headers=root | {"if-match": '"1"'})
    refused(stale, 412, "request.precondition_failed")
    refused(await call.send("PATCH", one, {"path": []}, headers=root), 400, "request.malformed")
    refused(
        await call.send("PATCH", f"{teams}/{top['id']}", {"parent_id": crew["id"]}, headers=root),
        409,
        "teams.in_itself",
    )
    refused(await call("DELETE", f"{teams}/{top['id']}", headers=root), 409, "teams.has_teams")

    member = await made(call, f"{one}/members", {"user_id": ada, "role": "admin"}, root)
    assert (member["user_id"], member["role"]) == (ada, "admin")
    refused(await call.send("POST", f"{one}/members", {"user_id": ada}, headers=root), 409, "teams.already_in_team")
    refused(
        await call.send("POST", f"{one}/members", {"user_id": ada, "role": "owner"}, headers=root),
        400,
        "request.malformed",
    )
    changed = await call.send("PATCH", f"{one}/members/{ada}", {"role": "member"}, headers=root)
    assert (changed.status, changed.json()["role"]) == (200, "member")
    listed = (await call("GET", f"{one}/members", headers=root)).json()
    assert [each["user_id"] for each in listed["items"]] == [ada]
    assert (await call("POST", f"{one}/leave", headers=root)).status == 204
    await made(call, f"{one}/members", {"user_id": ada}, root)
    assert (await call("DELETE", f"{one}/members/{ada}", headers=root)).status == 204
    refused(await call("DELETE", f"{one}/members/{ada}", headers=root), 404, "teams.member_not_found")

    for query, found in (
        ("", [crew["id"], top["id"]]),
        ("?top=true", [top["id"]]),
        (f"?parent_id={top['id']}", [crew["id"]]),
    ):
        assert [each["id"] for each in (await call("GET", f"{teams}{query}", headers=root)).json()["items"]] == found
    assert (await call("DELETE", one, headers=root)).status == 204
    refused(await call("GET", one, headers=root), 404, "teams.team_not_found")


async def test_a2_what_is_elsewhere_looks_like_what_is_nowhere(ground: Ground, call: Client) -> None:
    ours, theirs = await ground.organization(), await ground.organization()
    _, here = await ground.member(
        ours, "teams:read", "teams:write", "visibility:bypass", "visibility:read", "visibility:write", "resources:read"
    )
    stranger, there = await ground.member(theirs, "teams:read", "teams:write", "visibility:read", "visibility:write")
    teams, groups = f"/auth/organizations/{ours}/teams", f"/auth/organizations/{ours}/visibility-groups"
    other = f"/auth/organizations/{theirs}"
    mine = await made(call, teams, {"name": "Mine"}, here)
    wall = await made(call, groups, {"name": "Mine"}, here)
    team = (await made(call, f"{other}/teams", {"name": "Theirs"}, there))["id"]
    group = (await made(call, f"{other}/visibility-groups", {"name": "Theirs"}, there))["id"]
    folder = await ground.folder(theirs)
    nothing = str(uuid7())

    async def answers(method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        answer = await call.send(method, path, body, headers=here)
        said = {name: value for name, value in answer.json().items() if name not in {"trace_id", "instance"}}
        return answer.status, said

    for method, path, body, known in (
        ("GET", f"{teams}/ID", None, team),
        ("PATCH", f"{teams}/ID", {"name": "X"}, team),
        ("DELETE", f"{teams}/ID", None, team),
        ("GET", f"{teams}/ID/members", None, team),
        ("GET", f"{teams}?parent_id=ID", None, team),
        ("POST", f"{teams}/ID/leave", None, team),
        ("POST", f"{teams}/ID/members", {"user_id": stranger}, team),
        ("POST", teams, {"name": "X", "parent_id": "ID"}, team),
        ("PATCH", f"{teams}/{mine['id']}", {"parent_id": "ID"}, team),
        ("POST", f"{teams}/{mine['id']}/members", {"user_id": "ID"}, stranger),
        ("GET", f"{groups}/ID", None, group),
        ("PATCH", f"{groups}/ID", {"name": "X"}, group),
        ("DELETE", f"{groups}/ID", None, group),
        ("GET", f"{groups}/ID/contents", None, group),
        ("POST", f"{groups}/{wall['id']}/members", {"user_id": "ID"}, stranger),
        ("POST", f"{groups}/{wall['id']}/members", {"team_id": "ID"}, team),
        ("POST", f"{groups}/{wall['id']}/contents", {"user_id": "ID"}, stranger),
        ("POST", f"{groups}/{wall['id']}/contents", {"resource": {"type": "folder", "id": "ID"}}, folder["id"]),
        ("DELETE", f"{groups}/{wall['id']}/contents?resource_type=folder&resource_id=ID", None, folder["id"]),
        ("GET", "/auth/organizations/ID/teams", None, str(theirs)),
        ("POST", "/auth/organizations/ID/teams", {"name": "X"}, str(theirs)),
        ("POST", "/auth/organizations/ID/visibility-groups", {"name": "X"}, str(theirs)),
    ):
        found = [await answers(method, path.replace("ID", each), _with(body, each)) for each in (known, nothing)]
        assert found[0] == found[1], (method, path)
        assert found[0][0] == 404, (method, path, found)
    assert (await call("GET", f"{other}/teams/{team}", headers=there)).headers["etag"] == '"1"'
    assert (await call("GET", f"{other}/visibility-groups/{group}", headers=there)).headers["etag"] == '"1"'


def _with(body: Any, each: str) -> Any:
    """Return `body` with `each` in place of ID."""
    if isinstance(body, dict):
        return {name: _with(value, each) for name, value in body.items()}
    return each if body == "ID" else body


async def test_a4_a_move_is_judged_as_things_were_before_it(ground: Ground, call: Client) -> None:
    ours = await ground.organization()
    ada, manager = await ground.member(ours, "teams:read", "teams:write")
    teams = f"/auth/organizations/{ours}/teams"
    rich, crew = [await made(call, teams, {"name": name}, manager) for name in ("Rich", "Crew")]
    await made(call, f"{teams}/{crew['id']}/members", {"user_id": ada}, manager)
    await ground.grant(ours, "team", rich["id"], "roles:write")

    for body in ({"parent_id": rich["id"]}, {"parent_id": rich["id"], "name": "Rich too"}):
        refused(await call.send("PATCH", f"{teams}/{crew['id']}", body, headers=manager), 403, "access.not_held")
    refused(
        await call.send("POST", f"{teams}/{rich['id']}/members", {"user_id": ada}, headers=manager),
        403,
        "access.not_held",
    )
    same = {"parent_id": None, "name": "Rich"}
    refused(await call.send("PATCH", f"{teams}/{crew['id']}", same, headers=manager), 409, "teams.name_taken")


async def test_a4_an_admin_of_a_team_needs_no_permission_and_goes_no_further(ground: Ground, call: Client) -> None:
    ours = await ground.organization()
    _, manager = await ground.member(ours, "teams:read", "teams:write")
    (boss, admin), (ada, _) = await ground.member(ours, "teams:read"), await ground.member(ours)
    teams = f"/auth/organizations/{ours}/teams"
    crew = await made(call, teams, {"name": "Crew"}, manager)
    one = f"{teams}/{crew['id']}"
    await made(call, f"{one}/members", {"user_id": boss, "role": "admin"}, manager)

    squad = await made(call, teams, {"name": "Squad", "parent_id": crew["id"]}, admin)
    await made(call, f"{teams}/{squad['id']}/members", {"user_id": ada, "role": "admin"}, admin)
    assert (await call("DELETE", f"{teams}/{squad['id']}", headers=admin)).status == 204
    for method, path, body in (
        ("DELETE", one, None),
        ("PATCH", one, {"parent_id": squad["id"]}),
        ("POST", teams, {"name": "Mine"}),
    ):
        refused(await call.send(method, path, body, headers=admin), 403, "access.forbidden")


async def test_a_wall_from_its_first_stone_to_its_last(ground: Ground, call: Client) -> None:
    ours = await ground.organization()
    ada, keeper = await ground.member(ours, "visibility:read", "visibility:write", "resources:read", "teams:write")
    bob, insider = await ground.member(ours, "visibility:read", "visibility:write", "resources:read")
    base = f"/auth/organizations/{ours}"
    group = await made(call, f"{base}/visibility-groups", {"name": "Board"}, keeper)
    one, folder = f"{base}/visibility-groups/{group['id']}", await ground.folder(ours)
    team = await made(call, f"{base}/teams", {"name": "Crew"}, keeper)

    refused(await call.send("POST", f"{one}/members", {"user_id": ada}, headers=keeper), 403, "access.not_held")
    refused(await call.send("POST", f"{one}/members", {}, headers=keeper), 422, "visibility.not_one")
    assert await made(call, f"{one}/members", {"user_id": bob}, keeper) == {"user_id": bob, "team_id": None}
    assert await made(call, f"{one}/members", {"team_id": team["id"]}, keeper) == {
        "user_id": None,
        "team_id": team["id"],
    }
    hidden = await made(call, f"{one}/contents", {"resource": folder}, keeper)
    assert hidden == {"resource": folder, "user_id": None}

    assert (await call("GET", f"{one}/contents", headers=keeper)).json()["items"] == []
    assert (await call("GET", f"{one}/contents", headers=insider)).json()["items"] == [hidden]
    named = f"{one}/contents?resource_type=folder&resource_id={folder['id']}"
    for who in (keeper, insider):
        refused(await call("DELETE", named, headers=who), 403, "visibility.bypass_required")
    refused(await call("DELETE", one, headers=keeper), 403, "visibility.bypass_required")
    assert (await call("DELETE", f"{one}/members?team_id={team['id']}", headers=keeper)).status == 204
    _, over = await ground.member(ours, "visibility:bypass", "visibility:write", "resources:read")
    assert (await call("DELETE", named, headers=over)).status == 204
    refused(await call("DELETE", named, headers=over), 404, "visibility.not_in_group")
    renamed = await call.send("PATCH", one, {"name": "Council"}, headers=keeper | {"if-match": '"6"'})
    assert (renamed.status, renamed.json()["name"], renamed.headers["etag"]) == (200, "Council", '"7"'), renamed
    assert (await call("DELETE", one, headers=over | {"if-match": '"7"'})).status == 204
    assert (await call("GET", f"{base}/visibility-groups", headers=keeper)).json() == {"items": [], "next": None}
