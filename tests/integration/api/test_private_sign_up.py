"""Signing up in private over HTTP, with the worker that makes the account."""

import asyncio
from pathlib import Path

import asyncpg

from api.worker import jobs as made_jobs
from core.jobs.work import JobWork
from tests.integration.api.conftest import PASSWORD, Start, address, configured, tokens
from tests.support.client import Client
from tests.support.databases import patient
from tests.support.facts import until

WRITTEN = """
SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM credentials) AS credentials,
       (SELECT count(*) FROM person_keys) AS keys, (SELECT count(*) FROM outbox) + (SELECT count(*) FROM events) AS facts,
       (SELECT count(*) FROM audit_pending) + (SELECT count(*) FROM audit) AS entries,
       (SELECT count(*) FROM mailed_links) AS links, (SELECT count(*) FROM jobs WHERE name = 'open_account') AS jobs
"""


async def asked(call: Client, email: str) -> tuple[int, bytes, set[str]]:
    answer = await call.send(
        "POST", "/auth/signup", {"email": email, "password": PASSWORD, "full_name": "Ada Lovelace"}
    )
    return answer.status, answer.body, {*answer.headers}


async def test_p7_p8_private_sign_up_answers_the_same_and_writes_the_same(
    start: Start, fresh_database_url: str, tmp_path: Path
) -> None:
    call = await start(database_url=fresh_database_url, signup_private=True)
    settings = configured(tmp_path, database_url=fresh_database_url, signup_private=True)
    known, new = address(), address()
    database = patient(fresh_database_url, 5)
    await database.open()
    connection = await asyncpg.connect(fresh_database_url)

    async def worked() -> None:
        working = asyncio.create_task(JobWork(database, made_jobs(settings, database, None), None, None).run())

        async def idle() -> bool:
            return not await connection.fetchval(
                "SELECT count(*) FROM jobs WHERE name IN ('open_account', 'send_mail')"
            )

        await until(idle)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    first = await asked(call, known)
    assert first[:2] == (202, b"")
    stored = await connection.fetchval("SELECT payload::text FROM jobs WHERE name = 'open_account'")
    assert not any(each in stored for each in (known, "Ada Lovelace", "argon2id"))
    await worked()
    assert await tokens(call, known)

    written = []
    for email in (known, new):
        before = await connection.fetchrow(WRITTEN)
        assert await asked(call, email) == first
        after = await connection.fetchrow(WRITTEN)
        written.append({name: after[name] - before[name] for name in after.keys()})  # noqa: SIM118 - a record
    assert written == [dict.fromkeys(written[0], 0) | {"entries": 1, "jobs": 1}] * 2

    await worked()
    assert await tokens(call, new)
    assert await connection.fetchval("SELECT count(*) FROM users WHERE email IN ($1, $2)", known, new) == 2
    letters = [each.read_text() for each in settings.outbox.iterdir()]
    assert sorted(sum(f"To: {each}" in letter for letter in letters) for each in (known, new)) == [1, 2]
    await connection.close()
    await database.close()
