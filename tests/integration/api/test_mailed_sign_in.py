"""Signing in by mail, over HTTP, with the mail that the worker sends."""

import asyncio
import email as mime
import re
from email import policy
from functools import partial
from pathlib import Path

import asyncpg

from api.worker import jobs as made_jobs
from core.jobs.work import JobWork
from tests.integration.api.conftest import Start, address, configured, person, refused
from tests.support.browser import Browser
from tests.support.databases import patient
from tests.support.facts import until

LINK = re.compile(r"/auth/sign-in#token=(gwm_[\w-]{43})&code=(\d{8})")


async def test_a_code_signs_in_and_so_does_the_page_of_the_link(
    start: Start, fresh_database_url: str, tmp_path: Path
) -> None:
    call = await start(database_url=fresh_database_url)
    ada = (await person(call))["email"]
    asked = await call.send("POST", "/auth/login/email", {"email": ada})
    nobody = await call.send("POST", "/auth/login/email", {"email": address()})
    assert (asked.status, nobody.status) == (202, 202)
    assert {*asked.json()} == {*nobody.json()} == {"challenge"}

    settings = configured(tmp_path, database_url=fresh_database_url)
    database = patient(fresh_database_url, 5)
    await database.open()
    working = asyncio.create_task(JobWork(database, made_jobs(settings, database, None), None, None).run())
    try:
        await until(partial(_mailed, settings.outbox, ada))
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await database.close()
    ((challenge, code),) = LINK.findall(_letter(settings.outbox, ada))
    assert challenge == asked.json()["challenge"]

    body = {"challenge": challenge, "code": code}
    mixed = {"challenge": nobody.json()["challenge"], "code": code}
    refused(await call.send("POST", "/auth/login/email/finish", mixed), 401, "sessions.sign_in_refused")
    browser = Browser(call)
    answers = await asyncio.gather(*(browser("POST", "/auth/login/email/finish", body) for _ in range(4)))
    # Those that come while one is judged are refused for the moment.
    first, *others = sorted(each.status for each in answers)
    assert first == 200
    assert {*others} <= {401, 429}
    assert (await browser("GET", "/auth/me")).json()["email_verified"] is True
    sessions = (await browser("GET", "/auth/sessions")).json()["items"]
    assert [each["factors"] for each in sessions] == [["otp"]]
    connection = await asyncpg.connect(fresh_database_url)
    assert not await connection.fetchval("SELECT count(*) FROM mailed_links WHERE purpose = 'sign_in'")
    await connection.close()


async def test_many_tries_of_one_challenge_hold_up_nobody_else(start: Start, fresh_database_url: str) -> None:
    call = await start(database_url=fresh_database_url)
    connection = await asyncpg.connect(fresh_database_url)
    async with connection.transaction():
        # Whoever is judged first stands still.
        await connection.execute("LOCK TABLE sign_in_failures IN ACCESS EXCLUSIVE MODE")
        body = {"challenge": f"gwm_{'A' * 43}", "code": "12345678"}
        tries = [asyncio.create_task(call.send("POST", "/auth/login/email/finish", body)) for _ in range(40)]
        waiting = set(tries)
        while len(waiting) > 1:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                refused(await each, 429, "request.too_many")
                assert (await each).headers["retry-after"] == "1"
        assert not any(each.done() for each in waiting)
    refused(await waiting.pop(), 401, "sessions.sign_in_refused")
    await connection.close()


def _letter(outbox: Path, to: str) -> str:
    """Return the text of the mail with a code that somebody was sent; empty if there is none."""
    for each in outbox.glob("*.eml") if outbox.exists() else ():
        letter = mime.message_from_bytes(each.read_bytes(), policy=policy.default)
        body = letter.get_body(("plain",))
        if letter["to"] == to and body and "&code=" in body.get_content():
            return str(body.get_content())
    return ""


async def _mailed(outbox: Path, to: str) -> bool:
    return bool(_letter(outbox, to))
