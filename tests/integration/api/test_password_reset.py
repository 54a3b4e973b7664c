"""Forgotten passwords over HTTP, with the job that answers them."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from api.worker import jobs
from core.forgotten import MAIL_RESET, SealedAddress
from core.settings import Settings
from domain.kernel.ids import uuid7
from tests.integration.api.conftest import PASSWORD, address, bearer, person, refused, tokens
from tests.integration.api.organizing import People
from tests.support.client import Client
from tests.support.databases import patient

NEW = "an entirely new password"
VARIES = {"date", "x-request-id", "traceparent", "consistency-token"}


@dataclass
class Worker:
    """Does the jobs of forgotten passwords."""

    url: str
    settings: Settings

    async def run(self) -> list[str]:
        """Do what is queued; return the payloads, as they stood in the table."""
        database = patient(self.url, 1)
        await database.open()
        job = jobs(self.settings, database, None)[MAIL_RESET]
        async with database.read() as connection:
            rows = await connection.fetch("DELETE FROM jobs WHERE name = $1 RETURNING payload::text", MAIL_RESET)
        for row in rows:
            await job.handle(SealedAddress(**json.loads(row["payload"])), uuid7())
        await database.close()
        return [row["payload"] for row in rows]


@pytest.fixture
def worker(api_url: str, settings: Settings) -> Worker:
    return Worker(api_url, settings)


@pytest.fixture
def people(call: Client, api_url: str, settings: Settings) -> People:
    return People(call, api_url, settings)


async def forgot(call: Client, email: str) -> Any:
    return await call.send("POST", "/auth/password/forgot", {"email": email})


async def reset(call: Client, token: str, password: str = NEW) -> Any:
    return await call.send("POST", "/auth/password/reset", {"token": token, "password": password})


async def test_p7_t11_answers_alike_and_keeps_nothing_in_clear(
    call: Client, people: People, worker: Worker, api_url: str
) -> None:
    known, unknown = (await person(call))["email"], address()
    answers = [await forgot(call, email) for email in (known, unknown)]
    payloads = await worker.run()
    token = await people.mailed(known)

    assert [answer.status for answer in answers] == [202, 202]
    assert answers[0].body == answers[1].body
    first, second = ({k: v for k, v in answer.headers.items() if k not in VARIES} for answer in answers)
    assert first == second
    assert len({len(each) for each in payloads}) == 1
    connection = await asyncpg.connect(api_url)
    names = [row[0] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    for name in names:
        rows = "\n".join(row[0] for row in await connection.fetch(f'SELECT t::text FROM "{name}" t'))
        assert token not in rows, name
        assert token.encode().hex() not in rows, name
        assert unknown not in rows, name
    await connection.close()


async def test_p12_a_link_of_the_configured_base_resets_once(call: Client, people: People, worker: Worker) -> None:
    ada = await person(call)
    mine = bearer(await tokens(call, ada["email"]))
    await call.send(
        "POST", "/auth/password/forgot", {"email": ada["email"]}, headers={"x-forwarded-host": "evil.example"}
    )
    await worker.run()
    link = urlsplit(await people.link(ada["email"]))
    token = link.fragment.removeprefix("token=")
    assert f"{link.scheme}://{link.netloc}" == people.settings.served_at
    page = await call("GET", link.path)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")

    refused(await reset(call, token, "short"), 422, "identity.password_too_weak")
    ended = sorted([answer.status for answer in await asyncio.gather(*(reset(call, token) for _ in range(4)))])

    assert ended == [204, 403, 403, 403]
    refused(await reset(call, token), 403, "identity.link_refused")
    refused(await call("GET", "/auth/sessions", headers=mine), 401, "access.invalid_token")
    again = await call.send("POST", "/auth/login", {"email": ada["email"], "password": PASSWORD})
    assert again.status == 401
    signed_in = await call.send("POST", "/auth/login", {"email": ada["email"], "password": NEW})
    assert signed_in.status == 200
