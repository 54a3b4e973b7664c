"""What is left of people who were deactivated or deleted: nothing, in any process."""

import asyncpg
import jwt
import pytest

from core.settings import Settings
from tests.integration.api.conftest import PASSWORD, Start, bearer, person, refused, tokens
from tests.integration.api.organizing import People
from tests.integration.api.test_cookies import REFRESH, signed_in
from tests.support.browser import Browser
from tests.support.client import Answer, Client
from tests.support.facts import until

CLOSING = pytest.mark.parametrize("closing", ["DELETE /auth/users/{}", "POST /auth/users/{}/deactivate"])
OUTDATED = """
WITH old AS (UPDATE sessions SET expires_at = now() - interval '1 second' WHERE id = $1 RETURNING id)
UPDATE refresh_families SET expires_at = now() - interval '1 second' WHERE session_id IN (SELECT id FROM old)
"""


async def close(people: People, closing: str, user_id: str) -> None:
    """Close an account, as an administrator."""
    _, root = await people.superuser()
    method, _, path = closing.format(user_id).partition(" ")
    answer = await people.call(method, path, headers=root)
    assert answer.status == 204, answer


@CLOSING
async def test_s7_authentik_cve_2025_53942_better_auth_ghsa_2vg6_77g8_24mp_every_session_is_dead_everywhere(
    start: Start, api_url: str, settings: Settings, closing: str
) -> None:
    """Sessions that live on in a cache are what these were about, so the caches of another process are warm."""
    here, there = await start(), await start()
    people = People(here, api_url, settings)
    ada = await person(here)
    mine, other = await tokens(here, ada["email"]), await tokens(there, ada["email"])
    browser = await signed_in(there, ada["email"])
    for call in (here, there):
        for known in (mine, other):
            for path in ("/auth/me", "/auth/verify", "/auth/sessions"):
                assert (await call("GET", path, headers=bearer(known))).status == 200
    assert (await browser("GET", "/auth/me")).status == 200
    old = dict(browser.jar)

    await close(people, closing, ada["id"])

    for known in (mine, other):
        for path in ("/auth/me", "/auth/verify", "/auth/sessions"):
            refused(await here("GET", path, headers=bearer(known)), 401, "access.invalid_token")
    # What can make new tokens asks the database, so it knows in every process with the next answer.
    for call in (here, there):
        for known in (mine, other, {"refresh_token": old[REFRESH]}):
            again = await call.send("POST", "/auth/refresh", {"refresh_token": known["refresh_token"]})
            refused(again, 401, "sessions.refresh_refused")
        refused(await Browser(call, jar=dict(old))("POST", "/auth/refresh"), 401, "sessions.refresh_refused")
        entered = await call.send("POST", "/auth/login", {"email": ada["email"], "password": PASSWORD})
        refused(entered, 401, "sessions.sign_in_refused")

    async def refused_there() -> bool:
        answers = [await there("GET", "/auth/me", headers=bearer(known)) for known in (mine, other)]
        return {each.status for each in [*answers, await browser("GET", "/auth/me")]} == {401}

    await until(refused_there)
    refused(await there("GET", "/auth/verify", headers=bearer(mine)), 401, "access.invalid_token")


@CLOSING
async def test_s7_a5_invitations_of_and_by_somebody_who_is_gone_are_dead(
    start: Start, api_url: str, settings: Settings, closing: str
) -> None:
    call = await start()
    people = People(call, api_url, settings)
    _, owner = await people.new()
    organization = (await people.organization(owner))["id"]
    admin, by_admin = await people.joined(owner, organization, "admin")
    eve, bob = await people.new(), await people.new()
    for_eve = await people.invited(by_admin, organization, eve[0]["email"])
    for_bob = await people.invited(owner, organization, bob[0]["email"])

    await close(people, closing, admin["id"])
    await close(people, closing, bob[0]["id"])

    refused(await accept(call, for_eve, eve[1]), 404, "organizations.invitation_not_found")
    refused(await accept(call, for_bob, bob[1]), 401, "access.invalid_token")
    members = await people.all(f"/auth/organizations/{organization}/members", owner)
    assert eve[0]["id"] not in str(members)


async def test_s6_authentik_cve_2025_64708_a_session_ends_with_nobody_to_clean_up(start: Start, api_url: str) -> None:
    call = await start(session_seconds=300)
    email = (await person(call))["email"]
    old, mine = await tokens(call, email), await tokens(call, email)
    assert 270 <= old["refresh_expires_in"] <= 300
    connection = await asyncpg.connect(api_url)
    await connection.execute(OUTDATED, old["session_id"])
    rows = await connection.fetchval("SELECT count(*) FROM sessions WHERE id = $1", old["session_id"])
    await connection.close()

    assert rows == 1
    again = await call.send("POST", "/auth/refresh", {"refresh_token": old["refresh_token"]})
    refused(again, 401, "sessions.refresh_refused")
    listed = (await call("GET", "/auth/sessions", headers=bearer(mine))).json()["items"]
    assert [each["id"] for each in listed] == [mine["session_id"]]


async def test_s6_no_refresh_moves_the_end_of_a_session_over_http(start: Start) -> None:
    call = await start(session_seconds=300)
    ada = await tokens(call, (await person(call))["email"])
    ends = (await call("GET", "/auth/sessions", headers=bearer(ada))).json()["items"][0]["expires_at"]

    for _ in range(3):
        answer = await call.send("POST", "/auth/refresh", {"refresh_token": ada["refresh_token"]})
        ada = answer.json()

    (listed,) = (await call("GET", "/auth/sessions", headers=bearer(ada))).json()["items"]
    assert listed["expires_at"] == ends
    assert ada["refresh_expires_in"] <= 300


async def test_s6_no_access_token_outlives_its_session_over_http(start: Start) -> None:
    call = await start(session_seconds=300)
    ada = await tokens(call, (await person(call))["email"])
    answer = await call.send("POST", "/auth/refresh", {"refresh_token": ada["refresh_token"]})

    for each in (ada, answer.json()):
        claims = jwt.decode(each["access_token"], options={"verify_signature": False})
        assert 270 <= each["expires_in"] <= 300
        assert claims["exp"] == claims["iat"] + each["expires_in"]


async def accept(call: Client, token: str, by: dict[str, str]) -> Answer:
    return await call.send("POST", "/auth/invitations/accept", {"token": token}, headers=by)
