"""Signing up, in and out over HTTP."""

import asyncio
from base64 import urlsafe_b64decode
from time import time

import msgspec
import pytest

from tests.integration.api.conftest import PASSWORD, Start, address, bearer, person, refused, tokens
from tests.support.client import Client
from tests.support.facts import until


async def test_the_six_calls_of_the_readme(call: Client) -> None:
    email = address()
    signed_up = await call.send("POST", "/auth/signup", {"email": email, "password": PASSWORD})
    signed_in = await call.send("POST", "/auth/login", {"email": email, "password": PASSWORD})
    first = signed_in.json()
    me = await call("GET", "/auth/me", headers=bearer(first))
    refreshed = await call.send("POST", "/auth/refresh", {"refresh_token": first["refresh_token"]})
    out = await call("POST", "/auth/logout", headers=bearer(first))
    after = await call("GET", "/auth/me", headers=bearer(first))

    assert [each.status for each in (signed_up, signed_in, me, refreshed, out, after)] == [201, 200, 200, 200, 204, 401]
    assert me.json() == signed_up.json()
    assert first["token_type"] == "Bearer"
    assert refreshed.json()["session_id"] == first["session_id"]
    refused(await call("GET", "/auth/me", headers=bearer(refreshed.json())), 401, "access.invalid_token")
    again = await call.send("POST", "/auth/refresh", {"refresh_token": refreshed.json()["refresh_token"]})
    refused(again, 401, "sessions.refresh_refused")


async def test_proxies_are_told_who_asks_in_headers(call: Client) -> None:
    profile = await person(call)
    ada = await tokens(call, profile["email"])

    answer = await call("GET", "/auth/verify", headers=bearer(ada))

    told = {name: answer.headers[f"x-auth-{name}"] for name in ("subject", "session", "organization")}
    assert told == {"subject": profile["id"], "session": ada["session_id"], "organization": ""}
    assert answer.json() == {"subject": profile["id"], "session": ada["session_id"], "organization": None}
    refused(await call("GET", "/auth/verify"), 401, "access.unauthenticated")
    shown = (await call("GET", "/auth/openapi.json")).json()["paths"]["/auth/verify"]["get"]
    assert {*shown["responses"]["200"]["headers"]} == {"X-Auth-Organization", "X-Auth-Session", "X-Auth-Subject"}


async def test_t4_a_refresh_token_is_no_bearer_token_and_an_access_token_refreshes_nothing(call: Client) -> None:
    ada = await tokens(call, (await person(call))["email"])

    for path in ("/auth/me", "/auth/verify"):
        answer = await call("GET", path, headers={"authorization": f"Bearer {ada['refresh_token']}"})
        refused(answer, 401, "access.invalid_token")
    crossed = await call.send("POST", "/auth/refresh", {"refresh_token": ada["access_token"][:512]})
    refused(crossed, 401, "sessions.refresh_refused")


async def test_nobody_and_no_token_of_ours_is_told_to_sign_in(call: Client) -> None:
    nobody = await call("GET", "/auth/me")
    refused(nobody, 401, "access.unauthenticated")
    assert nobody.headers["www-authenticate"] == "Bearer"

    wrong = await call("GET", "/auth/me", headers={"authorization": "Bearer x.y.z"})
    refused(wrong, 401, "access.invalid_token")
    assert wrong.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_what_needs_a_permission_is_refused_to_others(call: Client) -> None:
    ada = await tokens(call, (await person(call))["email"])

    refused(await call("GET", "/auth/users", headers=bearer(ada)), 403, "access.forbidden")
    made = await call.send("POST", "/auth/users", {"email": address()}, headers=bearer(ada))
    refused(made, 403, "access.forbidden")


async def test_p7_sign_in_answers_known_and_unknown_alike(call: Client) -> None:
    email = (await person(call))["email"]

    answers = [
        await call.send("POST", "/auth/login", {"email": each, "password": "not the password"})
        for each in (email, address())
    ]

    known, unknown = [each.json() | {"trace_id": ""} for each in answers]
    refused(answers[0], 401, "sessions.sign_in_refused")
    assert known == unknown
    assert {*answers[0].headers} == {*answers[1].headers}


async def test_lists_and_ends_sessions(call: Client) -> None:
    email = (await person(call))["email"]
    mine, other = await tokens(call, email), await tokens(call, email)

    page = (await call("GET", "/auth/sessions?limit=1", headers=bearer(mine))).json()
    rest = (await call("GET", f"/auth/sessions?cursor={page['next']}", headers=bearer(mine))).json()
    assert [each["current"] for each in page["items"] + rest["items"]] == [False, True]
    assert rest["next"] is None
    ended = await call("DELETE", f"/auth/sessions/{other['session_id']}", headers=bearer(mine))
    assert ended.status == 204
    refused(await call("GET", "/auth/me", headers=bearer(other)), 401, "access.invalid_token")
    again = await call("DELETE", f"/auth/sessions/{other['session_id']}", headers=bearer(mine))
    refused(again, 404, "sessions.session_not_found")
    third = await tokens(call, email)
    assert (await call("DELETE", "/auth/sessions", headers=bearer(mine))).status == 204
    assert (await call("GET", "/auth/me", headers=bearer(third))).status == 401
    assert (await call("GET", "/auth/me", headers=bearer(mine))).status == 200


async def test_s8_a_session_of_somebody_else_is_not_found(call: Client) -> None:
    ada, eve = [await tokens(call, (await person(call))["email"]) for _ in range(2)]

    answer = await call("DELETE", f"/auth/sessions/{ada['session_id']}", headers=bearer(eve))

    refused(answer, 404, "sessions.session_not_found")
    assert (await call("GET", "/auth/me", headers=bearer(ada))).status == 200


async def test_signing_out_reaches_the_other_process(start: Start) -> None:
    here, there = await start(), await start()
    ada = await tokens(here, (await person(here))["email"])
    assert (await there("GET", "/auth/me", headers=bearer(ada))).status == 200

    await here("POST", "/auth/logout", headers=bearer(ada))

    refused(await here("GET", "/auth/me", headers=bearer(ada)), 401, "access.invalid_token")

    async def refused_there() -> bool:
        return (await there("GET", "/auth/me", headers=bearer(ada))).status == 401

    await until(refused_there)


async def test_p11_o4_s1_a_new_password_ends_all_sessions_and_starts_one(call: Client) -> None:
    email = (await person(call))["email"]
    mine, other = await tokens(call, email), await tokens(call, email)
    change = {"current_password": PASSWORD, "new_password": "an entirely new password"}

    refused(
        await call.send("POST", "/auth/password/change", change | {"current_password": "wrong"}, headers=bearer(mine)),
        403,
        "identity.password_wrong",
    )
    answer = await call.send("POST", "/auth/password/change", change, headers=bearer(mine))
    assert answer.status == 200
    new = answer.json()
    assert (await call("GET", "/auth/me", headers=bearer(new))).status == 200
    for dead in (mine, other):
        assert (await call("GET", "/auth/me", headers=bearer(dead))).status == 401
        again = await call.send("POST", "/auth/refresh", {"refresh_token": dead["refresh_token"]})
        refused(again, 401, "sessions.refresh_refused")
    assert (await call.send("POST", "/auth/refresh", {"refresh_token": new["refresh_token"]})).status == 200
    old = await call.send("POST", "/auth/login", {"email": email, "password": PASSWORD})
    refused(old, 401, "sessions.sign_in_refused")


async def test_e6_parallel_refreshes_over_http_log_nobody_out(call: Client) -> None:
    ada = await tokens(call, (await person(call))["email"])

    body = {"refresh_token": ada["refresh_token"]}
    answers = await asyncio.gather(*(call.send("POST", "/auth/refresh", body) for _ in range(10)))

    assert {each.status for each in answers} == {200}
    assert len({each.json()["refresh_token"] for each in answers}) == 1


@pytest.mark.parametrize("environment", ["dev", "test"])
async def test_what_lets_anyone_in_is_there_in_dev_only(start: Start, environment: str) -> None:
    call = await start(environment=environment)
    email = address()

    made = await call.send("POST", "/auth/dev/register", {"email": email})
    got_in = await call.send("POST", "/auth/dev/login", {"email": email})

    if environment == "dev":
        assert (made.status, got_in.status) == (201, 200)
        assert (await call("GET", "/auth/me", headers=bearer(got_in.json()))).json()["email"] == email
    else:
        refused(made, 404, "request.not_found")
        refused(got_in, 404, "request.not_found")
    assert ("/auth/dev/login" in (await call("GET", "/auth/openapi.json")).json()["paths"]) == (environment == "dev")


async def test_sign_ins_from_one_address_are_limited(start: Start) -> None:
    call = await start(sign_in_limit=1)
    call.peer = "192.0.2.77"
    email = (await person(call))["email"]
    await tokens(call, email)

    limited = await call.send("POST", "/auth/login", {"email": email, "password": PASSWORD})

    refused(limited, 429, "request.too_many")
    assert 1 <= int(limited.headers["retry-after"]) <= 60


async def test_s8_whoever_signed_in_long_ago_is_told_to_do_it_again(start: Start) -> None:
    """RFC 9470, section 3."""
    call = await start(recent_authentication_seconds=1)
    email = (await person(call))["email"]
    old, other = await tokens(call, email), await tokens(call, email)
    claims = msgspec.json.decode(urlsafe_b64decode(old["access_token"].split(".")[1] + "=="))

    async def outdated() -> bool:
        return time() > int(claims["auth_time"]) + 2

    await until(outdated, 30)
    answer = await call("DELETE", f"/auth/sessions/{other['session_id']}", headers=bearer(old))

    refused(answer, 401, "access.insufficient_user_authentication")
    assert answer.headers["www-authenticate"] == (
        'Bearer error="insufficient_user_authentication", '
        'error_description="A more recent authentication is required", max_age="1"'
    )
    assert (await call("GET", "/auth/me", headers=bearer(other))).status == 200

    async def ended() -> bool:  # `auth_time` is in whole seconds: who signs in as one ends did so a second ago
        fresh = await tokens(call, email)
        return (await call("DELETE", f"/auth/sessions/{other['session_id']}", headers=bearer(fresh))).status == 204

    await until(ended, 30)
