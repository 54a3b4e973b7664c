"""Proving and changing one's e-mail address over HTTP."""

import asyncio
from urllib.parse import urlsplit

import asyncpg
import pytest

from core.settings import Settings
from tests.integration.api.conftest import PASSWORD, Start, address, bearer, person, refused, tokens
from tests.integration.api.organizing import People
from tests.support.client import Client


@pytest.fixture
def people(call: Client, api_url: str, settings: Settings) -> People:
    return People(call, api_url, settings)


async def test_the_link_of_the_sign_up_opens_a_page_and_proves_the_address_once(call: Client, people: People) -> None:
    email = (await person(call))["email"]
    link = urlsplit(await people.link(email))
    body = {"token": link.fragment.removeprefix("token=")}
    assert f"{link.scheme}://{link.netloc}" == people.settings.served_at

    page = await call("GET", link.path)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    answers = await asyncio.gather(*(call.send("POST", "/auth/email/verify", body) for _ in range(4)))

    assert sorted(answer.status for answer in answers) == [204, 403, 403, 403]
    me = await call("GET", "/auth/me", headers=bearer(await tokens(call, email)))
    assert me.json()["email_verified"] is True


async def test_where_it_is_asked_for_nobody_signs_in_before(start: Start, api_url: str, settings: Settings) -> None:
    call = await start(require_verified_email=True)
    email = (await person(call))["email"]
    login = {"email": email, "password": PASSWORD}
    refused(await call.send("POST", "/auth/login", login), 403, "sessions.email_not_verified")
    refused(await call.send("POST", "/auth/login", login | {"password": "not it"}), 401, "sessions.sign_in_refused")

    token = await People(call, api_url, settings).mailed(email)
    assert (await call.send("POST", "/auth/email/verify", {"token": token})).status == 204

    assert (await call.send("POST", "/auth/login", login)).status == 200


async def test_p12_the_token_of_the_new_address_changes_it_once(call: Client, people: People, api_url: str) -> None:
    email, new = (await person(call))["email"], address()
    mine = bearer(await tokens(call, email))
    asked = await call.send("POST", "/auth/email/change", {"email": new, "password": PASSWORD}, headers=mine)
    assert (asked.status, asked.body) == (202, b"")
    token = await people.mailed(new)
    connection = await asyncpg.connect(api_url)
    (kept,) = await connection.fetch("SELECT m::text FROM mailed_links m WHERE email = $1", new)
    await connection.close()
    assert token.encode().hex() not in kept[0]
    assert token not in kept[0]

    answers = await asyncio.gather(
        *(call.send("POST", "/auth/email/change/finish", {"token": token}) for _ in range(4))
    )

    assert sorted(answer.status for answer in answers) == [204, 403, 403, 403]
    me = (await call("GET", "/auth/me", headers=mine)).json()
    assert (me["email"], me["email_verified"]) == (new, True)


async def test_p7_taken_addresses_are_answered_alike_and_stay_with_who_has_them(call: Client, people: People) -> None:
    email, new = (await person(call))["email"], address()
    other = (await person(call))["email"]
    mine = bearer(await tokens(call, email))
    answers = [
        await call.send("POST", "/auth/email/change", {"email": each, "password": PASSWORD}, headers=mine)
        for each in (other, new)
    ]
    assert [(answer.status, answer.body) for answer in answers] == [(202, b"")] * 2
    token = await people.mailed(new)
    signed_up = await call.send("POST", "/auth/signup", {"email": new, "password": PASSWORD})
    assert signed_up.status == 201

    again = await call.send("POST", "/auth/email/change/finish", {"token": token})

    refused(again, 403, "identity.link_refused")
    assert (await call("GET", "/auth/me", headers=mine)).json()["email"] == email
