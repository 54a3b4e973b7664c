"""Policies over HTTP, on Postgres."""

from typing import Any

import asyncpg
import pytest

from domain.kernel.ids import uuid7
from tests.integration.api.conftest import bearer, person, refused, tokens
from tests.support.client import Client

RULES = """\
g2, members:read, role:reader
g2, resources:read, role:reader
g2, role:auditor, role:writer
g2, role:reader, role:writer
p, {ada}, organization, *, role:reader, allow
p, {ada}, organization, document/a, role:writer, deny
p, {ada}, organization, document/b/c/*, role:writer, allow
"""
SYSTEM = ("auditor", "owner")


@pytest.fixture
async def owner(call: Client, api_url: str) -> tuple[dict[str, str], list[str], str]:
    """Return the headers of somebody who owns two organizations, these, and a member of both."""
    owner, ada = await person(call), await person(call)
    database = await asyncpg.connect(api_url)
    made = [uuid7(), uuid7()]
    for each in made:
        await database.execute("INSERT INTO organizations VALUES ($1, 'Test', $2, now(), now(), 1)", each, str(each))
        for who in (owner, ada):
            await database.execute("INSERT INTO memberships VALUES ($1, $2, $3, now(), 1)", uuid7(), each, who["id"])
        for name in ("a", "b/c"):
            await database.execute(
                "INSERT INTO resources (id, organization_id, type, external_id, path, created_at, updated_at, version)"
                " VALUES ($1, $2, 'document', $3, ARRAY[$1::uuid], now(), now(), 1)",
                uuid7(),
                each,
                name,
            )
        await database.execute(
            "INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at)"
            " SELECT $1, $2, 'user', $3, id, now() FROM roles WHERE organization_id IS NULL AND name = 'owner'",
            uuid7(),
            each,
            owner["id"],
        )
    await database.close()
    return bearer(await tokens(call, owner["email"])), [str(each) for each in made], f"user:{ada['id']}"


def at(organization_id: str) -> str:
    return f"/auth/organizations/{organization_id}/policy"


def own(policy: str) -> list[str]:
    """Return the rules but those about system roles."""
    return [line for line in policy.splitlines() if not line.endswith(SYSTEM) and "role:owner" not in line]


async def test_a7_an_export_is_imported_elsewhere_and_comes_back_the_same(
    call: Client, owner: tuple[dict[str, str], list[str], str]
) -> None:
    headers, (ours, theirs), ada = owner
    rules = RULES.format(ada=ada)

    made = await call.send("POST", at(ours), {"policy": rules}, headers=headers)
    assert (made.status, made.json()) == (
        200,
        {"roles": ["reader", "writer"], "grants": 3, "unchanged": 0, "dry_run": False},
    )
    first: dict[str, Any] = (await call("GET", at(ours), headers=headers)).json()
    assert own(first["policy"]) == sorted(rules.splitlines())
    assert first["model"].count("[matchers]") == 1
    done = await call.send("POST", at(theirs), {"policy": first["policy"]}, headers=headers)
    assert done.status == 200, done
    assert (await call("GET", at(theirs), headers=headers)).json() == first


async def test_a_dry_run_leaves_nothing_behind_and_answers_the_same_again(
    call: Client, owner: tuple[dict[str, str], list[str], str]
) -> None:
    headers, (ours, _), ada = owner
    keyed = headers | {"idempotency-key": str(uuid7())}
    body = {"policy": RULES.format(ada=ada), "dry_run": True}

    answers = [await call.send("POST", at(ours), body, headers=keyed) for _ in range(2)]

    assert [each.status for each in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert own((await call("GET", at(ours), headers=headers)).json()["policy"]) == []


async def test_a6_all_or_nothing(call: Client, owner: tuple[dict[str, str], list[str], str]) -> None:
    headers, (ours, _), ada = owner
    wrong = f"{RULES}p, {ada}, organization, *, role:reader, perhaps\n".format(ada=ada)
    answer = await call.send("POST", at(ours), {"policy": wrong}, headers=headers)
    refused(answer, 422, "access.policy_invalid")
    assert [error["field"] for error in answer.json()["errors"]] == ["body/policy/8"]
    late = f"{RULES}p, user:{uuid7()}, organization, *, role:reader, allow\n".format(ada=ada)
    answer = await call.send("POST", at(ours), {"policy": late}, headers=headers)
    refused(answer, 422, "access.policy_invalid")

    assert own((await call("GET", at(ours), headers=headers)).json()["policy"]) == []


async def test_a1_strangers_and_members_learn_nothing(
    call: Client, owner: tuple[dict[str, str], list[str], str]
) -> None:
    _, (ours, _), _ = owner
    stranger = bearer(await tokens(call, (await person(call))["email"]))
    refused(await call("GET", at(ours), headers=stranger), 404, "organizations.organization_not_found")
    answer = await call.send("POST", at(ours), {"policy": ""}, headers=stranger)
    refused(answer, 404, "organizations.organization_not_found")
