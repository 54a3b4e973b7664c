"""What verifiers of tokens are told over HTTP."""

import asyncio
from typing import Any
from urllib.parse import urlencode

import asyncpg
import pytest

from core.keys import Keys
from core.settings import Settings
from domain.kernel.ids import uuid7
from tests.integration.api.conftest import PASSWORD, Start, address, bearer, person, refused, tokens
from tests.support.client import Answer, Client

FORM = {"content-type": "application/x-www-form-urlencoded"}
GRANT = """
INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at, version)
SELECT gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'user', $1, id, now(), 1
FROM roles WHERE organization_id IS NULL AND name = $2
"""


async def introspect(call: Client, token: str, as_: dict[str, str]) -> Answer:
    return await call("POST", "/auth/introspect", urlencode({"token": token}).encode(), {**FORM, **as_})


@pytest.fixture
async def service(call: Client, api_url: str) -> dict[str, str]:
    """A credential of somebody who has the role `service` on the platform, and nothing else."""
    profile = await person(call)
    connection = await asyncpg.connect(api_url)
    await connection.execute(GRANT, profile["id"], "service")
    await connection.close()
    return bearer(await tokens(call, profile["email"]))


async def test_a_service_hears_of_a_log_out_in_another_process(
    call: Client, start: Start, service: dict[str, str]
) -> None:
    other = await start()
    ada = await tokens(call, (await person(call))["email"])
    cursor = (await call("GET", "/auth/revocations", headers=service)).json()["next"]
    waiting = asyncio.create_task(call("GET", f"/auth/revocations?after={cursor}&wait=10", headers=service))
    assert (await other("POST", "/auth/logout", headers=bearer(ada))).status == 204

    async with asyncio.timeout(9):
        while not (found := await waiting).json()["markers"]:
            following = found.json()["next"]
            waiting = asyncio.create_task(call("GET", f"/auth/revocations?after={following}&wait=10", headers=service))

    assert (found.status, found.headers["cache-control"]) == (200, "no-store")
    assert ada["session_id"] in {each["id"] for each in found.json()["markers"]}


@pytest.mark.parametrize("query", ["after=x", "after=", "wait=-1", "wait=11", "wait=nan", "wait=x", "limit=1"])
async def test_refuses_what_it_cannot_read(call: Client, service: dict[str, str], query: str) -> None:
    answer = await call("GET", f"/auth/revocations?{query}", headers=service)
    assert answer.status == 400, answer


async def test_a_cursor_of_another_log_is_gone(call: Client, service: dict[str, str]) -> None:
    answer = await call("GET", f"/auth/revocations?after={uuid7()}.0.0", headers=service)
    refused(answer, 410, "request.cursor_gone")


async def test_a1_who_may_hear_of_revocations_and_introspect(call: Client, service: dict[str, str]) -> None:
    ada = await tokens(call, (await person(call))["email"])
    for answer in (await call("GET", "/auth/revocations"), await introspect(call, ada["access_token"], {})):
        refused(answer, 401, "access.unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
    for answer in (
        await call("GET", "/auth/revocations", headers=bearer(ada)),
        await introspect(call, ada["access_token"], bearer(ada)),
    ):
        refused(answer, 403, "access.forbidden")
    assert (await call("GET", "/auth/revocations", headers=service)).status == 200
    assert (await introspect(call, ada["access_token"], service)).status == 200


async def test_anyone_is_told_where_that_is_configured(start: Start) -> None:
    call = await start(revocations_public=True)
    found = await call("GET", "/auth/revocations")
    assert found.status == 200
    assert {"markers", "next"} == found.json().keys()


async def test_t9_says_what_an_active_token_says(call: Client, service: dict[str, str], settings: Settings) -> None:
    profile = await person(call)
    ada = await tokens(call, profile["email"])
    answer = await introspect(call, ada["access_token"], service)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    found = answer.json()
    assert found.pop("exp") - found.pop("iat") == settings.access_token_seconds
    assert found.pop("jti")
    assert found == {
        "active": True,
        "iss": settings.served_at,
        "aud": [settings.audience],
        "sub": profile["id"],
        "client_id": "gatewright",
        "sid": ada["session_id"],
        "token_type": "Bearer",
    }


async def test_t9_says_nothing_of_any_other_token(
    call: Client, start: Start, service: dict[str, str], settings: Settings
) -> None:
    ada = await tokens(call, (await person(call))["email"])
    others = await start(audience="somebody-else")
    elsewhere = await tokens(others, (await person(others))["email"])
    out = await tokens(call, (await person(call))["email"])
    assert (await call("POST", "/auth/logout", headers=bearer(out))).status == 204
    for token in (
        out["access_token"],
        elsewhere["access_token"],
        ada["access_token"][:-1],
        ada["refresh_token"],
        str(Keys.read(settings).setup),
        "garbage",
        "",
        "x" * 60_000,
        "\u20ac",
    ):
        answer = await introspect(call, token, service)
        assert (answer.status, answer.body) == (200, b'{"active":false}'), token


async def test_t9_what_another_process_revoked_is_inactive_at_once(
    call: Client, start: Start, service: dict[str, str]
) -> None:
    other = await start(redis_url="redis://127.0.0.1:1")
    ada = await tokens(call, (await person(call))["email"])
    assert (await introspect(call, ada["access_token"], service)).json()["active"]
    assert (await other("POST", "/auth/logout", headers=bearer(ada))).status == 204
    assert (await introspect(call, ada["access_token"], service)).body == b'{"active":false}'


async def test_t9_wants_a_form_with_one_token(call: Client, service: dict[str, str]) -> None:
    answer = await call.send("POST", "/auth/introspect", {"token": "x"}, headers=service)
    refused(answer, 415, "request.form_required")
    for body in (b"", b"token_type_hint=access_token", b"token=a&token=b", b"token", b"token=%ff", b"token=a%00b"):
        refused(await call("POST", "/auth/introspect", body, {**FORM, **service}), 400, "request.malformed")
    hinted = await call("POST", "/auth/introspect", b"token=x&token_type_hint=nonsense&more=1", {**FORM, **service})
    assert hinted.body == b'{"active":false}'


async def test_t4_a_refresh_token_is_no_credential_of_the_caller(call: Client) -> None:
    ada: dict[str, Any] = await tokens(call, (await person(call))["email"])
    as_ = {"authorization": f"Bearer {ada['refresh_token']}"}
    refused(await introspect(call, ada["access_token"], as_), 401, "access.invalid_token")


async def test_the_administrator_may_do_both(start: Start, fresh_database_url: str, settings: Settings) -> None:
    call = await start(database_url=fresh_database_url)
    body = {"email": address(), "password": PASSWORD, "token": str(Keys.read(settings).setup)}
    await call.send("POST", "/auth/setup", body)
    root = await tokens(call, body["email"])
    assert (await call("GET", "/auth/revocations", headers=bearer(root))).status == 200
    assert (await introspect(call, root["access_token"], bearer(root))).json()["active"]
