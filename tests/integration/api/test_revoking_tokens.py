"""RFC 7009 over HTTP."""

from urllib.parse import urlencode

import pytest

from tests.integration.api.conftest import Start, bearer, person, refused, tokens
from tests.support.client import Answer, Client
from tests.support.nginx import free_port

FORM = {"content-type": "application/x-www-form-urlencoded"}


async def revoke(call: Client, **fields: str) -> Answer:
    return await call("POST", "/auth/revoke", urlencode(fields).encode(), FORM)


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "something_else"])
async def test_t8_a_refresh_token_kills_its_access_tokens_whatever_the_hint(call: Client, hint: str) -> None:
    email = (await person(call))["email"]
    mine, other = await tokens(call, email), await tokens(call, email)

    answer = await revoke(call, token=mine["refresh_token"], token_type_hint=hint)

    assert (answer.status, answer.body) == (200, b"")
    refused(await call("GET", "/auth/me", headers=bearer(mine)), 401, "access.invalid_token")
    again = await call.send("POST", "/auth/refresh", {"refresh_token": mine["refresh_token"]})
    refused(again, 401, "sessions.refresh_refused")
    assert (await call("GET", "/auth/me", headers=bearer(other))).status == 200


async def test_t8_an_access_token_dies_alone_and_in_every_process(start: Start) -> None:
    here, there = await start(), await start()
    mine = await tokens(here, (await person(here))["email"])
    assert (await there("GET", "/auth/verify", headers=bearer(mine))).status == 200

    assert (await revoke(here, token=mine["access_token"])).status == 200

    refused(await here("GET", "/auth/verify", headers=bearer(mine)), 401, "access.invalid_token")
    fresh = await here.send("POST", "/auth/refresh", {"refresh_token": mine["refresh_token"]})
    assert (await here("GET", "/auth/me", headers=bearer(fresh.json()))).status == 200
    assert (await revoke(there, token=mine["access_token"])).status == 200


async def test_t8_unknown_and_twice_is_done(call: Client) -> None:
    mine = await tokens(call, (await person(call))["email"])
    altered = mine["access_token"][:-4] + "AAAA"

    for token in ("garbage", altered, "x" * 9000, mine["refresh_token"], mine["refresh_token"], mine["access_token"]):
        answer = await revoke(call, token=token, surplus="is ignored")
        assert (answer.status, answer.body) == (200, b""), token


async def test_f11_whoever_revokes_is_told_how_often_they_may(start: Start) -> None:
    call = await start(revoke_limit=2)
    mine = await tokens(call, (await person(call))["email"])

    answers = [await revoke(call, token=mine["access_token"]) for _ in range(3)]

    assert [each.status for each in answers] == [200, 200, 429]
    for left, answer in zip((1, 0, 0), answers, strict=True):
        assert answer.headers["ratelimit-policy"] == '"revoke";q=2;w=60'
        assert answer.headers["ratelimit"].startswith(f'"revoke";r={left};t=')


async def test_what_is_no_request_is_refused(call: Client) -> None:
    refused(await revoke(call, token_type_hint="refresh_token"), 400, "request.malformed")
    refused(await revoke(call, token=""), 400, "request.malformed")
    twice = await call("POST", "/auth/revoke", b"token=a&token=b", FORM)
    refused(twice, 400, "request.malformed")
    refused(await call.send("POST", "/auth/revoke", {"token": "a"}), 415, "request.form_required")


async def test_t10_fosite_cve_2020_15223_a_store_that_is_away_is_no_success(start: Start, call: Client) -> None:
    mine = await tokens(call, (await person(call))["email"])
    away = await start(database_url=f"postgresql://nobody:nothing@127.0.0.1:{free_port()}/nowhere")

    for kind in ("refresh_token", "access_token"):
        refused(await revoke(away, token=mine[kind]), 503, "service.unavailable")

    assert (await call("GET", "/auth/me", headers=bearer(mine))).status == 200
