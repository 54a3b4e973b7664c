"""Roles and grants over HTTP."""

from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest

from domain.kernel.ids import uuid7
from tests.integration.api.conftest import Start, bearer, person, refused, tokens
from tests.support.client import Client

Headers = dict[str, str]


@dataclass
class Team:
    """An organization in the database, and who is in it."""

    call: Client
    url: str
    id: str = field(default_factory=lambda: str(uuid7()))

    @property
    def path(self) -> str:
        """Where it is served."""
        return f"/auth/organizations/{self.id}"

    async def found(self) -> "Team":
        await self.run("INSERT INTO organizations VALUES ($1, 'Test', $2, now(), now(), 1)", self.id, self.id)
        return self

    async def member(self, *roles: str) -> tuple[str, Headers]:
        """Return the id of a new member who has these roles, and what they present."""
        profile = await person(self.call)
        await self.run("INSERT INTO memberships VALUES ($1, $2, $3, now(), 1)", str(uuid7()), self.id, profile["id"])
        for each in roles:
            await self.run(
                "INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at)"
                " SELECT $1, $2, 'user', $3, id, now() FROM roles WHERE name = $4 AND organization_id IS NULL",
                str(uuid7()),
                self.id,
                profile["id"],
                each,
            )
        return profile["id"], bearer(await tokens(self.call, profile["email"]))

    async def run(self, statement: str, *values: Any) -> None:
        """Run one statement."""
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(statement, *values)
        finally:
            await connection.close()


@pytest.fixture
async def ours(start: Start, api_url: str) -> Team:
    return await Team(await start(), api_url).found()


async def test_a_role_is_made_changed_granted_and_withdrawn(ours: Team) -> None:
    call, (_, owner) = ours.call, await ours.member("owner")
    ada, hers = await ours.member()
    role = {"name": "reader", "permissions": ["members:read", "roles:read"]}
    made = await call.send("POST", f"{ours.path}/roles", role, owner)
    assert (made.status, made.headers["etag"]) == (201, '"1"')
    at = f"{ours.path}/roles/{made.json()['id']}"

    shown = await call("GET", at, headers=owner)
    assert shown.json() == made.json()
    assert (await call("GET", at, headers=owner | {"if-none-match": '"1"'})).status == 304
    changed = await call.send("PATCH", at, {"inherits": ["auditor"]}, owner | {"if-match": '"1"'})
    assert (changed.status, changed.json()["inherits"], changed.headers["etag"]) == (200, ["auditor"], '"2"')
    refused(
        await call.send("PATCH", at, {"name": "x"}, owner | {"if-match": '"1"'}), 412, "request.precondition_failed"
    )

    refused(await call("GET", f"{ours.path}/roles", headers=hers), 403, "access.forbidden")
    wanted = {"subject": {"type": "user", "id": ada}, "role": "reader", "expires_at": "2999-01-01T00:00:00+00:00"}
    grant = await call.send("POST", f"{ours.path}/grants", wanted, owner)
    assert grant.status == 201
    assert grant.json()["subject"] == wanted["subject"]
    listed = await call("GET", f"{ours.path}/grants?subject_id={ada}&role=reader", headers=owner)
    assert [each["id"] for each in listed.json()["items"]] == [grant.json()["id"]]
    assert (await call("GET", f"{ours.path}/roles", headers=hers)).status == 200

    place = f"{ours.path}/grants/{grant.json()['id']}"
    assert (await call("DELETE", place, headers=owner)).status == 204
    refused(await call("GET", place, headers=owner), 404, "access.grant_not_found")
    refused(await call("GET", f"{ours.path}/roles", headers=hers), 403, "access.forbidden")
    assert (await call("DELETE", at, headers=owner)).status == 204


async def test_a4_safe_delegation_holds_over_http(ours: Team) -> None:
    call, (_, owner), (eve, admin) = ours.call, await ours.member("owner"), await ours.member("admin")
    me = {"type": "user", "id": eve}

    role = {"name": "more", "permissions": ["reports:read"]}
    refused(await call.send("POST", f"{ours.path}/roles", role, admin), 403, "access.not_held")
    answer = await call.send("POST", f"{ours.path}/grants", {"subject": me, "role": "owner"}, admin)
    refused(answer, 403, "access.not_held")
    (mine,) = (await call("GET", f"{ours.path}/grants?role=owner", headers=owner)).json()["items"]
    refused(await call("DELETE", f"{ours.path}/grants/{mine['id']}", headers=admin), 403, "access.not_held")
    refused(await call("DELETE", f"{ours.path}/grants/{mine['id']}", headers=owner), 409, "access.last_owner")


async def test_a1_strangers_see_nothing_at_all(ours: Team) -> None:
    call, theirs = ours.call, await Team(ours.call, ours.url).found()
    _, stranger = await theirs.member("owner")
    _, owner = await ours.member("owner")
    listed = await call("GET", f"{ours.path}/grants", headers=owner)
    grant = listed.json()["items"][0]["id"]
    bodies = set()

    for path in (ours.path, f"/auth/organizations/{uuid7()}"):
        for end in ("/roles", "/grants", f"/grants/{grant}", f"/roles/{uuid7()}"):
            answer = await call("GET", f"{path}{end}", headers=stranger)
            refused(answer, 404, "organizations.organization_not_found")
            bodies.add(
                tuple((key, value) for key, value in answer.json().items() if key not in {"trace_id", "instance"})
            )
            assert (await call("GET", f"{path}{end}")).status == 401
    assert len(bodies) == 1
    answer = await call("GET", f"{theirs.path}/grants/{grant}", headers=stranger)
    refused(answer, 404, "access.grant_not_found")


@pytest.mark.parametrize(
    "more",
    [
        {"id": "x"},
        {"organization_id": "x"},
        {"granted_by": "x"},
        {"effect": "maybe"},
        {"subject": {"type": "role", "id": str(uuid7())}},
        {"subject": {"type": "user", "id": "*"}},
        {"expires_at": "2999-01-01T00:00:00"},
        {"on": {"type": "document"}},
    ],
)
async def test_a3_a_grant_takes_what_it_takes_and_nothing_else(ours: Team, more: dict[str, Any]) -> None:
    ada, owner = await ours.member("owner")
    wanted = {"subject": {"type": "user", "id": ada}, "role": "member"} | more

    refused(await ours.call.send("POST", f"{ours.path}/grants", wanted, owner), 400, "request.malformed")


async def test_conditions_come_back_as_they_were_sent(ours: Team) -> None:
    ada, owner = await ours.member("owner")
    condition = {
        "all": [{"resource.status": {"in": ["draft", 1, 0.5, True]}}, {"not": {"subject.id": {"eq": "\u00e9"}}}]
    }
    wanted = {"subject": {"type": "user", "id": ada}, "role": "member", "condition": condition}
    made = await ours.call.send("POST", f"{ours.path}/grants", wanted, owner)

    shown = await ours.call("GET", f"{ours.path}/grants/{made.json()['id']}", headers=owner)
    assert shown.json() == made.json()
    assert shown.json()["condition"] == condition
    wanted["condition"] = {"all": [{"resource.status": {"matches": ".*"}}]}
    answer = await ours.call.send("POST", f"{ours.path}/grants", wanted, owner)
    refused(answer, 422, "access.condition_invalid")
    assert answer.json()["errors"][0]["field"] == "body/condition/all/0/resource.status/matches"
