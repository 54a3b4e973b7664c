"""Organizations, when two things happen at once."""

import asyncio
from collections import Counter

import pytest

from core.settings import Settings
from tests.integration.api.conftest import PASSWORD, Start, address, bearer, tokens
from tests.integration.api.organizing import People
from tests.support.client import Client

ROUNDS = 6
OWNERS = """
SELECT array_agg(subject_id) FROM grants
WHERE organization_id = $1 AND role_id = '00000000-0000-7000-8000-000000000003' AND subject_type = 'user'
"""


@pytest.fixture
def people(call: Client, api_url: str, settings: Settings) -> People:
    return People(call, api_url, settings)


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


async def test_a4_owners_who_are_deleted_at_once_leave_one(start: Start, people: People) -> None:
    there = await start()
    _, root = await people.superuser()
    for _ in range(ROUNDS):
        ada, one = await people.new()
        made = await people.organization(one)
        eve, _ = await people.joined(one, made["id"], "owner")

        answers = await asyncio.gather(
            people.call("DELETE", f"/auth/users/{ada['id']}", headers=root),
            there("DELETE", f"/auth/users/{eve['id']}", headers=root),
        )

        assert sorted(each.status for each in answers) == [204, 409]
        refusal = next(each.json() for each in answers if each.status == 409)
        assert (refusal["code"], made["id"] in refusal["detail"]) == ("access.last_owner", True)
        assert len(await people.sql(OWNERS, made["id"])) == 1


async def test_a4_an_heir_who_is_deleted_meanwhile_inherits_nothing(start: Start, people: People) -> None:
    there = await start()
    _, root = await people.superuser()
    for _ in range(ROUNDS):
        _, owner = await people.new()
        made = await people.organization(owner)
        heir, _ = await people.joined(owner, made["id"])

        handed, deleted = await asyncio.gather(
            people.call.send("POST", f"/auth/organizations/{made['id']}/transfer", {"user_id": heir["id"]}, owner),
            there("DELETE", f"/auth/users/{heir['id']}", headers=root),
        )

        assert (handed.status, deleted.status) in {(204, 409), (404, 204)}
        assert len(await people.sql(OWNERS, made["id"])) == 1


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
