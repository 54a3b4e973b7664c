"""What a page that signs people up and in relies on (Pact), and that the served application keeps it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from pact import Pact, Verifier, generate, match

from tests.support.patient import BOUND
from tests.support.provider_states import provider_states
from tests.support.service import PASSWORD, Service, Stack, deployed

NEW: Final = "new@example.com"
ADA: Final = "ada@example.com"
EVE: Final = "eve@example.com"
ID: Final = "01a20152-8a1e-7b95-bab4-3ecd3b3f6a12"
TOKEN: Final = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
QUESTION: Final = "the question who one is"
JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"


class Page:
    """A client of the API, as small as can be."""

    def __init__(self, address: str) -> None:
        self.client = httpx2.Client(base_url=address)

    def sign_up(self, email: str) -> str:
        answer = self.client.post("/auth/signup", json={"email": email, "password": PASSWORD}).raise_for_status()
        return str(answer.json()["id"])

    def sign_in(self, email: str, password: str = PASSWORD) -> str | None:
        answer = self.client.post("/auth/login", json={"email": email, "password": password})
        if answer.status_code == 401:
            assert answer.json()["code"]
            return None
        return str(answer.raise_for_status().json()["access_token"])

    def me(self, token: str) -> str:
        answer = self.client.get("/auth/me", headers={"authorization": f"Bearer {token}"})
        return str(answer.raise_for_status().json()["email"])


def promise(more: dict[str, Any] | None = None) -> Pact:
    """Return the pact; `more` is relied on in a profile as well."""
    pact = Pact("web_page", "gatewright").with_specification("V4")
    profile = {"id": match.uuid(ID), "email_verified": match.boolean(True)} | (more or {})
    (
        pact.upon_receiving("a sign-up")
        .given("nobody has signed up with an address", {"email": NEW})
        .with_request("POST", "/auth/signup")
        .with_body({"email": NEW, "password": PASSWORD}, JSON)
        .will_respond_with(201)
        .with_body(profile | {"email": NEW}, JSON)
    )
    (
        pact.upon_receiving("a sign-in")
        .given("a person has signed up", {"email": ADA})
        .with_request("POST", "/auth/login")
        .with_body({"email": ADA, "password": PASSWORD}, JSON)
        .will_respond_with(200)
        .with_body({"access_token": match.regex(TOKEN, regex=r"[\w-]+\.[\w-]+\.[\w-]+"), "token_type": "Bearer"}, JSON)
    )
    (
        pact.upon_receiving("a sign-in with a wrong password")
        .given("nobody has signed up with an address", {"email": "nobody@example.com"})
        .with_request("POST", "/auth/login")
        .with_body({"email": "nobody@example.com", "password": "not this one at all"}, JSON)
        .will_respond_with(401)
        .with_body({"code": match.type("identity.sign_in_refused"), "status": 401}, PROBLEM)
    )
    (
        pact.upon_receiving(QUESTION)
        .given("a person is signed in", {"email": EVE})
        .with_request("GET", "/auth/me")
        .with_header(
            "authorization", match.type(f"Bearer {TOKEN}", generator=generate.provider_state("Bearer ${access_token}"))
        )
        .will_respond_with(200)
        .with_body(profile | {"email": EVE}, JSON)
    )
    return pact


def test_the_page_needs_nothing_beyond_what_it_relies_on() -> None:
    with promise().serve() as server:
        page = Page(str(server.url))
        assert page.sign_up(NEW) == ID
        assert page.sign_in(ADA) == TOKEN
        assert page.sign_in("nobody@example.com", "not this one at all") is None
        assert page.me(TOKEN) == EVE


@pytest.fixture
async def service(stack: Stack, tmp_path: Path) -> AsyncIterator[Service]:
    async with deployed(stack, tmp_path) as made:
        yield made


async def test_the_service_keeps_to_it(service: Service, tmp_path: Path) -> None:
    promise().write_file(tmp_path)
    async with provider_states(service) as (url, states):

        def asking() -> Verifier:
            return verifier(service, url, tmp_path).filter(QUESTION)

        others = verifier(service, url, tmp_path).filter("^a sign-")
        await asyncio.to_thread(others.verify)
        assert len(others.results["interactionResults"]) == 3
        assert await errors(asking) == []
        assert {*states.entered} - {""} == {*states.known}

        promise({"shoe_size": match.integer(42)}).write_file(tmp_path, overwrite=True)
        (failed,) = await errors(asking)
        assert "shoe_size" in str(failed)


async def errors(asking: Callable[[], Verifier]) -> list[Any]:
    """Return what is not kept to; ask again while the service cannot tell whether a token was revoked."""
    ends = time.monotonic() + BOUND
    while True:
        made = asking()
        try:
            await asyncio.to_thread(made.verify)
        except RuntimeError:
            found = list(made.results["errors"])
            assert found
            if "but was 503" not in str(found) or time.monotonic() > ends:
                return found
        else:
            return []


def verifier(service: Service, states: str, folder: Path) -> Verifier:
    """Return what sends what the pact in `folder` says, and compares the answers."""
    made = Verifier("gatewright", host="127.0.0.1").set_request_timeout(60_000)
    made.add_transport(url=f"http://127.0.0.1:{service.port.number}")
    return made.state_handler(states, body=True).add_source(folder / "web_page-gatewright.json")
