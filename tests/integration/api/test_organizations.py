"""Organizations over HTTP, on real servers."""

from typing import Any
from uuid import uuid4

import pytest

from core.settings import Settings
from tests.integration.api.conftest import PASSWORD, address, refused
from tests.integration.api.organizing import People
from tests.support.client import Answer, Client


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
    everything = await people.all("/auth/organizations", root)
    assert {made["id"], "00000000-0000-7000-8000-000000000001"} <= {each["id"] for each in everything}
    fixed = await call("DELETE", "/auth/organizations/00000000-0000-7000-8000-000000000001", headers=root)
    refused(fixed, 409, "organizations.platform_fixed")
