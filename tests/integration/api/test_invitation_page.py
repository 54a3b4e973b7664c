"""Where the link in an invitation leads, as it is configured when nothing is."""

import re
from urllib.parse import urlsplit

import pytest

from core.settings import Settings
from tests.integration.api.conftest import PASSWORD, Start, address, bearer, person, tokens
from tests.integration.api.organizing import People
from tests.support.client import Client


@pytest.fixture
def people(call: Client, api_url: str, settings: Settings) -> People:
    return People(call, api_url, settings)


async def test_the_mailed_link_opens_a_page_of_ours_by_which_people_join(call: Client, people: People) -> None:
    _, owner = await people.new()
    made = await people.organization(owner)
    for known in (False, True):
        email = (await person(call))["email"] if known else address()
        await people.invited(owner, made["id"], email)
        link = urlsplit(await people.link(email))
        assert f"{link.scheme}://{link.netloc}" == people.settings.served_at
        token = link.fragment.removeprefix("token=")

        page = await call("GET", link.path)
        shown = await call.send("POST", "/auth/invitations/show", {"token": token})
        if known:
            given = bearer(await tokens(call, email))
            joined = await call.send("POST", "/auth/invitations/accept", {"token": token}, headers=given)
        else:
            joined = await call.send("POST", "/auth/invitations/sign-up", {"token": token, "password": PASSWORD})

        assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert {"organization": "Acme", "email": email, "registered": known}.items() <= shown.json().items()
        assert joined.status == (200 if known else 201), joined
        again = await call.send("POST", "/auth/invitations/show", {"token": token})
        assert (again.status, again.json()["code"]) == (404, "organizations.invitation_not_found")


async def test_the_link_leads_where_it_is_configured_to(start: Start, api_url: str, settings: Settings) -> None:
    people = People(await start(invitation_url="https://app.example.com/join?from=mail"), api_url, settings)
    _, owner = await people.new()
    made, email = await people.organization(owner), address()
    await people.invited(owner, made["id"], email)

    assert re.fullmatch(r"https://app\.example\.com/join\?from=mail#token=gwi_[\w-]{43}", await people.link(email))
