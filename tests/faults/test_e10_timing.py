"""What the time of an answer tells about who exists. The short form counts hashes: `tests/unit/api/test_passwords.py`."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from random import choice, shuffle
from statistics import median
from string import ascii_letters
from time import perf_counter

import pytest

from core.refresh_tokens import PREFIX
from tests.faults.test_stalls import Record
from tests.support.facts import until
from tests.support.http import Caller
from tests.support.service import LONG, PASSWORD, Stack, deployed

pytestmark = [pytest.mark.faults, pytest.mark.skipif(not LONG, reason="the long form measures times")]

TRIALS = 1000
KNOWN = 200
VOLLEY, VOLLEYS = 5, 5
"""Nobody of them is asked for so often that the lockout begins."""
Trial = Callable[[str], Awaitable[None]]


def auc(these: list[float], those: list[float]) -> float:
    """Return how likely one of `these` is greater than one of `those` (Mann-Whitney): 0.5 tells nothing."""
    ranked = sorted([(value, True) for value in these] + [(value, False) for value in those])
    ranks = sum(rank for rank, (_, mine) in enumerate(ranked, 1) if mine)
    return (ranks - len(these) * (len(these) + 1) / 2) / (len(these) * len(those))


async def compared(trial: Trial, record: Record) -> None:
    """Run trials with known and unknown addresses, mixed, and compare how long they took."""
    wanted = [(f"ada{each % KNOWN}@example.org", True) for each in range(TRIALS)]
    wanted += [(f"eve{each}@example.org", False) for each in range(TRIALS)]
    await told_apart(wanted, trial, record)


async def told_apart(wanted: list[tuple[str, bool]], trial: Trial, record: Record) -> None:
    """Fail if the time of a trial tells of which of two kinds it was."""
    shuffle(wanted)
    took: dict[bool, list[float]] = {True: [], False: []}
    for text, known in wanted:
        started = perf_counter()
        await trial(text)
        took[known].append(perf_counter() - started)
    found, gap = auc(took[True], took[False]), median(took[True]) / median(took[False]) - 1
    record("AUC", round(found, 3))
    record("gap of the medians", f"{gap:.1%}")
    assert 0.45 <= found <= 0.55
    assert abs(gap) < 0.03


async def test_p8_e10_signing_in_takes_as_long_for_nobody(
    stack: Stack, tmp_path: Path, record_property: Record
) -> None:
    async with deployed(stack, tmp_path) as service, service.caller() as call:
        await _people(call, 201)

        async def trial(email: str) -> None:
            answer = await call("POST", "/auth/login", {"email": email, "password": "a wrong password it is"})
            assert answer.status == 401

        await compared(trial, record_property)


async def test_p8_e10_private_sign_up_takes_as_long_for_known_addresses(
    stack: Stack, tmp_path: Path, record_property: Record
) -> None:
    async with deployed(stack, tmp_path, SIGNUP_PRIVATE="true") as service, service.caller() as call:
        worker = await asyncio.to_thread(service.hire)
        await _people(call, 202)
        async with service.sql() as sql:

            async def made() -> bool:
                return bool(await sql.fetchval("SELECT count(*) FROM users WHERE email LIKE 'ada%'") == KNOWN)

            await until(made, 120)
        await asyncio.to_thread(worker.kill)

        async def trial(email: str) -> None:
            assert (await call("POST", "/auth/signup", {"email": email, "password": PASSWORD})).status == 202

        await compared(trial, record_property)


@pytest.mark.parametrize("path", ["/auth/password/forgot", "/auth/login/email"])
async def test_p8_e10_asking_for_mail_takes_as_long_for_nobody(
    stack: Stack, tmp_path: Path, record_property: Record, path: str
) -> None:
    """Each known address is asked for as often as it gets mail for."""
    async with deployed(stack, tmp_path) as service, service.caller() as call:
        await _people(call, 201)

        async def trial(email: str) -> None:
            assert (await call("POST", path, {"email": email})).status == 202

        await compared(trial, record_property)


async def test_p8_e10_many_codes_at_once_take_as_long_for_a_challenge_of_nobody(
    stack: Stack, tmp_path: Path, record_property: Record
) -> None:
    """Those for one challenge are judged one at a time: they must not tell by it whether anybody was mailed a code."""
    async with deployed(stack, tmp_path) as service, AsyncExitStack() as open_:
        calls = [await open_.enter_async_context(service.caller()) for _ in range(VOLLEY)]
        worker = await asyncio.to_thread(service.hire)
        await _people(calls[0], 201)
        challenges: dict[bool, list[str]] = {True: [], False: []}
        async with service.sql() as sql:
            for known, name in ((True, "ada"), (False, "eve")):
                for each in range(KNOWN):
                    answer = await calls[0]("POST", "/auth/login/email", {"email": f"{name}{each}@example.org"})
                    challenges[known].append(answer.json()["challenge"])

            async def mailed() -> bool:
                return bool(await sql.fetchval("SELECT count(*) FROM mailed_links WHERE purpose = 'sign_in'") == KNOWN)

            await until(mailed, 240)
        await asyncio.to_thread(worker.kill)

        async def trial(challenge: str) -> None:
            body = {"challenge": challenge, "code": "not a code"}
            answers = await asyncio.gather(*(call("POST", "/auth/login/email/finish", body) for call in calls))
            assert 401 in {answer.status for answer in answers} <= {401, 429}

        # Each several times: some of them while codes are judged, some when there were too many.
        wanted = [(each, known) for known, all_ in challenges.items() for each in all_ for _ in range(VOLLEYS)]
        await told_apart(wanted, trial, record_property)


async def test_e10_it_does_not_show_how_much_of_a_token_is_right(
    stack: Stack, tmp_path: Path, record_property: Record
) -> None:
    async with deployed(stack, tmp_path) as service, service.caller() as call:
        token = (await service.tokens("ada@example.org"))["refresh_token"]
        # The HMAC, after what says whose it is; the last character has bits that must be zero.
        first, last = len(PREFIX) + 35, len(token) - 2
        wanted = [(_altered(token, place), place == first) for place in (first, last) for _ in range(TRIALS)]

        async def trial(altered: str) -> None:
            assert (await call("POST", "/auth/refresh", {"refresh_token": altered})).status == 401

        await told_apart(wanted, trial, record_property)


def _altered(token: str, place: int) -> str:
    return token[:place] + choice([each for each in ascii_letters if each != token[place]]) + token[place + 1 :]


async def _people(call: Caller, status: int) -> None:
    for each in range(KNOWN):
        made = await call("POST", "/auth/signup", {"email": f"ada{each}@example.org", "password": PASSWORD})
        assert made.status == status
