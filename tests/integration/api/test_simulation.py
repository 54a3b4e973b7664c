"""Simulations, as they are served."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from domain.kernel.ids import uuid7
from tests.integration.api.conftest import refused
from tests.integration.api.office import NOW, Office, Person
from tests.support.client import Answer, Client

PATH = "/access/v1/simulate"


@pytest.fixture
async def office(call: Client, api_url: str) -> AsyncIterator[Office]:
    connection = await asyncpg.connect(api_url)
    yield await Office(call, connection).open()
    await connection.close()


def granting(office: Office, to: Person, role: UUID, **more: Any) -> dict[str, Any]:
    arguments = {"organization_id": str(office.id), "subject": to.subject, "role": str(role), **more}
    return {"operation": "MakeGrant", "arguments": arguments}


async def simulate(office: Office, asker: Person, change: Any, **more: Any) -> Answer:
    body = {"change": change, "context": {"organization_id": str(office.id)}, **more}
    return await office.call.send("POST", PATH, body, asker.headers | NOW)


async def clerk(office: Office) -> Person:
    return await office.member("access:simulate", "grants:write", "roles:write", "document:read")


async def test_tells_who_gains_and_changes_nothing(office: Office) -> None:
    asker, ada, reader = await clerk(office), await office.member(), await office.role("document:read")
    await office.resource("plan")
    answer = await simulate(office, asker, granting(office, ada, reader))

    assert answer.status == 200, answer
    plan = {"type": "document", "id": "plan"}
    gains = [{"permission": "document:read", "on": on} for on in (None, plan)]
    assert answer.json() == {
        "page": {"next_token": "", "count": 1},
        "results": [{"subject": ada.subject, "gains": gains, "loses": [], "more": False}],
    }
    assert not await office.allows(ada, ada, "read", "plan")


async def test_arguments_are_those_of_the_path_the_query_and_the_body(office: Office) -> None:
    asker = await office.member("access:simulate", "resources:write", "document:read", "visibility:bypass")
    plan = await office.resource("plan")
    gone = {"organization_id": str(office.id), "resource_id": str(plan), "below": True}
    change = {"operation": "DeleteResource", "arguments": gone}
    answer = await simulate(office, asker, change, subject=asker.subject)

    loses = [
        {"permission": each, "on": {"type": "document", "id": "plan"}} for each in ("document:read", "resources:write")
    ]
    assert answer.json()["results"] == [{"subject": asker.subject, "gains": [], "loses": loses, "more": False}]


async def test_e9_whoever_may_not_simulate_is_told_so_as_everywhere(office: Office) -> None:
    ada, reader = await office.member(), await office.role("document:read")
    change = granting(office, ada, reader)

    refused(await office.call.send("POST", PATH, {"change": change, "context": {}}), 400, "request.malformed")
    body = {"change": change, "context": {"organization_id": str(office.id)}}
    refused(await office.call.send("POST", PATH, body), 401, "access.unauthenticated")
    refused(await simulate(office, await office.member("grants:write"), change), 403, "access.forbidden")
    refused(await simulate(office, await office.member("access:simulate"), change), 403, "access.forbidden")
    outside, missing = await simulate(office, await office.stranger(), change), Office(office.call, office.connection)
    refused(outside, 404, "organizations.organization_not_found")
    refused(await simulate(missing, await clerk(office), change), 404, "organizations.organization_not_found")
    refused(
        await simulate(office, await clerk(office), granting(missing, ada, reader)),
        404,
        "organizations.organization_not_found",
    )
    everything = await office.role("document:burn")
    refused(await simulate(office, await clerk(office), granting(office, ada, everything)), 403, "access.not_held")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"operation": "SignUp", "arguments": {}}, "change.operation"),
        ({"operation": "LeaveTeam", "arguments": {}}, "change.arguments.organization_id"),
        ({"operation": "LeaveTeam"}, "change.arguments"),
        ({"arguments": {}}, "change.operation"),
        (
            {"operation": "CreateTeam", "arguments": {"organization_id": str(uuid7()), "name": "a", "more": 1}},
            "change.arguments",
        ),
    ],
)
async def test_f9_what_cannot_be_a_change_is_malformed(office: Office, change: Any, field: str) -> None:
    answer = await simulate(office, await clerk(office), change)

    refused(answer, 400, "request.malformed")
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_is_audited_and_the_change_is_not(office: Office) -> None:
    asker, ada, reader = await clerk(office), await office.member(), await office.role("document:read")
    await simulate(office, asker, granting(office, ada, reader))
    await simulate(office, asker, granting(office, ada, await office.role("document:burn")))

    rows = await office.run(
        "SELECT action, outcome FROM audit_pending WHERE actor = $1 UNION ALL"
        " SELECT action, outcome FROM audit WHERE actor = $1 ORDER BY 2",
        f"user:{asker.id}",
    )
    assert [tuple(each) for each in rows if each["action"].startswith("access.")] == [
        ("access.change.simulate", "access.not_held"),
        ("access.change.simulate", "done"),
    ]


async def test_is_described(office: Office) -> None:
    document = (await office.call("GET", "/auth/openapi.json")).json()
    operation = document["paths"][PATH]["post"]
    schema = document["components"]["schemas"]["SimulationRequest"]
    named = schema["properties"]["change"]["discriminator"]["mapping"]

    assert operation["operationId"] == "SimulateChange"
    assert {"MakeGrant", "UpdateTeam", "DeleteVisibilityGroup", "RegisterResources"} <= set(named)
    arguments = document["components"]["schemas"]["MakeGrantArguments"]
    assert arguments["required"] == ["organization_id", "subject", "role"]
    codes = operation["responses"]["409"]["content"]["application/problem+json"]["examples"]
    assert {"access.grant_exists", "request.concurrent_change"} <= set(codes)
