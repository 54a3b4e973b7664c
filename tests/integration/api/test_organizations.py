"""Organizations over HTTP, on real servers: who may what, and what happens at once."""

import asyncio
import json
import re
from base64 import b64decode
from collections import Counter
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from core.keys import Keys
from core.secrets import seal
from core.settings import Settings
from tests.integration.api.conftest import PASSWORD, Start, address, bearer, person, refused, tokens
from tests.support.client import Answer, Client

ROUNDS = 6
SUPERUSER = """
INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at, version)
VALUES (gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'user', $1,
    '00000000-0000-7000-8000-000000000002', now(), 1)
"""
OWNERS = """
SELECT array_agg(subject_id) FROM grants
WHERE organization_id = $1 AND role_id = '00000000-0000-7000-8000-000000000003' AND subject_type = 'user'
"""


class People:
    """Makes people and organizations, and reads the mail."""

    def __init__(self, call: Client, url: str, settings: Settings) -> None:
        self.call, self.url, self.settings = call, url, settings

    async def new(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return a new person, and the header by which they are known."""
        made = await person(self.call)
        return made, bearer(await tokens(self.call, made["email"]))

    async def superuser(self) -> tuple[dict[str, Any], dict[str, str]]:
        made, known = await self.new()
        await self.sql(SUPERUSER, made["id"])
        return made, known

    async def organization(self, owner: dict[str, str]) -> dict[str, Any]:
        body = {"name": "Acme", "slug": f"a{uuid4().hex}"}
        answer = await self.call.send("POST", "/auth/organizations", body, headers=owner)
        assert answer.status == 201, answer
        assert answer.headers["etag"] == '"1"'
        return dict(answer.json())

    async def invited(self, by: dict[str, str], organization_id: str, email: str, role: str = "member") -> str:
        """Return the token that was mailed to `email`."""
        path, body = f"/auth/organizations/{organization_id}/invitations", {"email": email, "role": role}
        answer = await self.call.send("POST", path, body, headers=by)
        assert answer.status == 201, answer
        return await self.mailed(email)

    async def joined(
        self, by: dict[str, str], organization_id: str, role: str = "member"
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Return a new person who accepted an invitation."""
        made, known = await self.new()
        token = await self.invited(by, organization_id, made["email"], role)
        answer = await self.call.send("POST", "/auth/invitations/accept", {"token": token}, headers=known)
        assert answer.status == 200, answer
        return made, known

    async def mailed(self, email: str) -> str:
        """Return the token in the last mail to `email`, which nobody but the worker can open."""
        opens = seal(Keys.read(self.settings).secrets)
        connection = await asyncpg.connect(self.url)
        rows = await connection.fetch("SELECT payload FROM jobs WHERE name = 'send_mail' ORDER BY run_at, id")
        await connection.close()
        letters = [
            json.loads(opens.open(b64decode(json.loads(row["payload"])["sealed"]), b"job:send_mail")) for row in rows
        ]
        (token,) = re.findall(r"#token=(\S+)", [each["text"] for each in letters if each["to"] == email][-1])
        return str(token)

    async def sql(self, statement: str, *values: Any) -> Any:
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetchval(statement, *values)
        finally:
            await connection.close()


@pytest.fixture
def people(call: Client, api_url: str, settings: Settings) -> People:
    return People(call, api_url, settings)


async def test_the_life_of_an_organization(call: Client, people: People) -> None:
    _, owner = await people.new()
    made = await people.organization(owner)
    path = f"/auth/organizations/{made['id']}"

    changed = await call.send("PATCH", path, {"name": "Other"}, headers=owner | {"if-match": '"1"'})
    assert (changed.status, changed.headers["etag"], changed.json()["name"]) == (200, '"2"', "Other")
    late = await call.send("PATCH", path, {"name": "Third"}, headers=owner | {"if-match": '"1"'})
    refused(late, 412, "request.precondition_failed")
    taken = await call.send("POST", "/auth/organizations", {"name": "B", "slug": made["slug"]}, headers=owner)
    refused(taken, 409, "organizations.slug_taken")
    for slug in ("A", "a", "a--b", "*"):
        answer = await call.send("POST", "/auth/organizations", {"name": "B", "slug": slug}, headers=owner)
        assert answer.status in {400, 422}
    listed = (await call("GET", "/auth/organizations", headers=owner)).json()
    assert [each["id"] for each in listed["items"]] == [made["id"]]

    stale = await call("DELETE", path, headers=owner | {"if-match": '"1"'})
    refused(stale, 412, "request.precondition_failed")
    assert (await call("DELETE", path, headers=owner)).status == 204
    refused(await call("GET", path, headers=owner), 404, "organizations.organization_not_found")


def said(answer: Answer) -> tuple[int, dict[str, Any]]:
    """Return what a refusal says, without what differs by request."""
    body = answer.json()
    return answer.status, {name: body[name] for name in sorted(body) if name not in {"trace_id", "instance"}}


async def test_a1_an_organization_of_others_looks_like_none(call: Client, people: People) -> None:
    member, owner = await people.new()
    _, stranger = await people.new()
    made, nowhere = await people.organization(owner), str(uuid4())
    invitation = str(uuid4())

    for verb, tail, body in (
        ("GET", "", None),
        ("PATCH", "", {"name": "Mine"}),
        ("DELETE", "", None),
        ("POST", "/leave", None),
        ("POST", "/transfer", {"user_id": member["id"]}),
        ("GET", "/members", None),
        ("POST", "/members", {"user_id": member["id"], "role": "member"}),
        ("GET", f"/members/{member['id']}", None),
        ("DELETE", f"/members/{member['id']}", None),
        ("GET", "/invitations", None),
        ("POST", "/invitations", {"email": address(), "role": "member"}),
        ("DELETE", f"/invitations/{invitation}", None),
        ("POST", f"/invitations/{invitation}/resend", None),
        ("GET", "/configuration/theme", None),
    ):
        answers = []
        for organization_id in (made["id"], nowhere):
            path = f"/auth/organizations/{organization_id}{tail}"
            send = call.send(verb, path, body, headers=stranger) if body else call(verb, path, headers=stranger)
            answers.append(await send)
            refused(answers[-1], 404, "organizations.organization_not_found")
        assert said(answers[0]) == said(answers[1])
        bare = call.send(verb, path, body) if body else call(verb, path)
        refused(await bare, 401, "access.unauthenticated")


async def test_a1_members_see_no_addresses_and_admins_do(call: Client, people: People) -> None:
    ada, owner = await people.new()
    made = await people.organization(owner)
    eve, member = await people.joined(owner, made["id"])
    path = f"/auth/organizations/{made['id']}/members"

    seen = (await call("GET", path, headers=owner)).json()["items"]
    assert [(each["user_id"], each["email"]) for each in seen] == [(eve["id"], eve["email"]), (ada["id"], ada["email"])]
    seen = (await call("GET", path, headers=member)).json()["items"]
    assert [each["email"] for each in seen] == [None, None]
    one = await call("GET", f"{path}/{ada['id']}", headers=member)
    assert (one.json()["email"], "etag" in one.headers) == (None, False)
    refused(await call("DELETE", f"{path}/{ada['id']}", headers=member), 403, "access.forbidden")
    stranger, _ = await people.new()
    missing = await call("GET", f"{path}/{stranger['id']}", headers=member)
    refused(missing, 404, "organizations.member_not_found")


async def test_a5_a_token_of_somebody_else_is_like_one_that_was_never_made(call: Client, people: People) -> None:
    _, owner = await people.new()
    made, other = await people.organization(owner), await people.organization(owner)
    invited, known = await people.new()
    _, mallory = await people.new()
    token = await people.invited(owner, made["id"], invited["email"])

    stolen = await call.send("POST", "/auth/invitations/accept", {"token": token}, headers=mallory)
    made_up = await call.send("POST", "/auth/invitations/accept", {"token": f"gwi_{'A' * 43}"}, headers=mallory)
    assert said(stolen) == said(made_up)
    refused(stolen, 404, "organizations.invitation_not_found")
    swapped = {"token": token, "organization_id": other["id"]}
    assert (await call.send("POST", "/auth/invitations/accept", swapped, headers=known)).status == 400
    accepted = await call.send("POST", "/auth/invitations/accept", {"token": token}, headers=known)
    assert (accepted.status, accepted.json()["organization_id"]) == (200, made["id"])
    again = await call.send("POST", "/auth/invitations/accept", {"token": token}, headers=known)
    refused(again, 404, "organizations.invitation_not_found")


async def test_a5_an_expired_invitation_that_is_still_there_is_refused(call: Client, people: People) -> None:
    _, owner = await people.new()
    made = await people.organization(owner)
    email = address()
    token = await people.invited(owner, made["id"], email)
    await people.sql("UPDATE invitations SET expires_at = now() - interval '1 second' WHERE email = $1", email)

    body = {"token": token, "password": PASSWORD}
    refused(await call.send("POST", "/auth/invitations/sign-up", body), 404, "organizations.invitation_not_found")
    assert await people.sql("SELECT count(*) FROM users WHERE email = $1", email) == 0


async def test_a5_the_table_invites_nobody(people: People) -> None:
    _, owner = await people.new()
    made = await people.organization(owner)
    email = address()
    token = await people.invited(owner, made["id"], email)

    kept = await people.sql("SELECT i::text FROM invitations i WHERE email = $1", email)
    queued = await people.sql("SELECT string_agg(payload::text, '') FROM jobs")
    announced = await people.sql("SELECT string_agg(o::text, '') FROM outbox o WHERE o::text LIKE '%invitation%'")
    for told in (kept, queued, announced or ""):
        assert token not in told
    assert email not in (announced or "")


async def test_of_many_sign_ups_with_one_invitation_one_wins(call: Client, people: People) -> None:
    _, owner = await people.new()
    made = await people.organization(owner)
    email = address()
    body = {"token": await people.invited(owner, made["id"], email), "password": PASSWORD}

    answers = await asyncio.gather(*(call.send("POST", "/auth/invitations/sign-up", body) for _ in range(4)))

    assert Counter(each.status for each in answers)[201] == 1
    assert {each.status for each in answers} <= {201, 404, 409}
    known = bearer(await tokens(call, email))
    me = (await call("GET", "/auth/me", headers=known)).json()
    assert me["email_verified"]
    assert (await call("GET", f"/auth/organizations/{made['id']}", headers=known)).status == 200
    assert (await call.send("PATCH", f"/auth/organizations/{made['id']}", {"name": "x"}, headers=known)).status == 403


async def test_a5_an_invitation_is_accepted_or_withdrawn_never_both(start: Start, people: People) -> None:
    there = await start()
    _, owner = await people.new()
    made = await people.organization(owner)
    path = f"/auth/organizations/{made['id']}"
    for _ in range(ROUNDS):
        invited, known = await people.new()
        token = await people.invited(owner, made["id"], invited["email"])
        offered = (await people.call("GET", f"{path}/invitations", headers=owner)).json()["items"][0]

        accepted, withdrawn = await asyncio.gather(
            there.send("POST", "/auth/invitations/accept", {"token": token}, headers=known),
            people.call("DELETE", f"{path}/invitations/{offered['id']}", headers=owner),
        )

        assert {accepted.status, withdrawn.status} in ({200, 404}, {404, 204})
        seen = await people.call("GET", f"{path}/members/{invited['id']}", headers=owner)
        assert (seen.status == 200) == (accepted.status == 200)


async def test_a4_two_owners_who_remove_each_other_leave_one(start: Start, people: People) -> None:
    there = await start()
    for _ in range(ROUNDS):
        ada, one = await people.new()
        made = await people.organization(one)
        eve, two = await people.joined(one, made["id"], "owner")
        path = f"/auth/organizations/{made['id']}/members"

        answers = await asyncio.gather(
            people.call("DELETE", f"{path}/{eve['id']}", headers=one),
            there("DELETE", f"{path}/{ada['id']}", headers=two),
        )

        assert Counter(each.status for each in answers)[204] == 1
        assert {each.status for each in answers} <= {204, 403, 404, 409}
        owners = await people.sql(OWNERS, made["id"])
        assert len(owners) == 1
        assert await people.sql("SELECT count(*) FROM memberships WHERE organization_id = $1", made["id"]) == 1


async def test_a4_two_owners_who_leave_at_once_leave_one(start: Start, people: People) -> None:
    there = await start()
    for _ in range(ROUNDS):
        _, one = await people.new()
        made = await people.organization(one)
        _, two = await people.joined(one, made["id"], "owner")
        path = f"/auth/organizations/{made['id']}/leave"

        answers = await asyncio.gather(
            people.call("POST", path, headers=one),
            there("POST", path, headers=two),
        )

        assert sorted(each.status for each in answers) == [204, 409]
        assert len(await people.sql(OWNERS, made["id"])) == 1


async def test_a4_an_owner_who_hands_over_to_two_hands_over_once(start: Start, people: People) -> None:
    there = await start()
    for _ in range(ROUNDS):
        ada, owner = await people.new()
        made = await people.organization(owner)
        heirs = [await people.joined(owner, made["id"]) for _ in range(2)]
        path = f"/auth/organizations/{made['id']}/transfer"

        answers = await asyncio.gather(
            people.call.send("POST", path, {"user_id": heirs[0][0]["id"]}, headers=owner),
            there.send("POST", path, {"user_id": heirs[1][0]["id"]}, headers=owner),
        )

        assert sorted(each.status for each in answers) == [204, 403]
        (left,) = await people.sql(OWNERS, made["id"])
        assert str(left) in {heir["id"] for heir, _ in heirs}
        still = await people.call("GET", f"/auth/organizations/{made['id']}/members/{ada['id']}", headers=owner)
        assert still.status == 200


async def test_organizations_are_joined_and_deleted_at_once_without_waiting_in_a_circle(
    start: Start, people: People
) -> None:
    there = await start()
    for _ in range(ROUNDS):
        _, owner = await people.new()
        made = await people.organization(owner)
        joining = [await people.new() for _ in range(3)]
        offered = [await people.invited(owner, made["id"], each["email"]) for each, _ in joining]

        answers = await asyncio.gather(
            *(
                there.send("POST", "/auth/invitations/accept", {"token": token}, headers=known)
                for token, (_, known) in zip(offered, joining, strict=True)
            ),
            people.call("DELETE", f"/auth/organizations/{made['id']}", headers=owner),
        )

        assert answers[-1].status == 204
        assert {each.status for each in answers[:-1]} <= {200, 404}
        for table in ("memberships", "invitations", "grants"):
            count = f"SELECT count(*) FROM {table} WHERE organization_id = $1"
            assert await people.sql(count, made["id"]) == 0


async def test_administrators_of_the_platform_add_people_and_see_all(call: Client, people: People) -> None:
    _, root = await people.superuser()
    _, owner = await people.new()
    made = await people.organization(owner)
    eve, member = await people.new()
    path = f"/auth/organizations/{made['id']}/members"

    required = await call.send("POST", path, {"user_id": eve["id"], "role": "member"}, headers=owner)
    refused(required, 403, "organizations.invitation_required")
    added = await call.send("POST", path, {"email": eve["email"], "role": "member"}, headers=root)
    assert (added.status, added.json()["user_id"]) == (201, eve["id"])
    assert (await call("GET", path, headers=member)).status == 200
    everything = (await call("GET", "/auth/organizations?limit=200", headers=root)).json()["items"]
    assert {made["id"], "00000000-0000-7000-8000-000000000001"} <= {each["id"] for each in everything}
    fixed = await call("DELETE", "/auth/organizations/00000000-0000-7000-8000-000000000001", headers=root)
    refused(fixed, 409, "organizations.platform_fixed")
