"""Refreshing: the whole use case beside the bare UPDATE that is its core, and over HTTP beside a bare POST."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

import uvloop
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from benchmarks.ground import PASSWORD, Ground
from benchmarks.load import Request, load
from benchmarks.rates import in_turn
from benchmarks.table import Row, Spread, encoded, ratio_row
from core.assembly import Assembly
from core.pipeline import Call
from core.providers import dispatcher
from domain.identity.commands.sign_up import SignUp
from domain.sessions.commands.dev_sign_in import DevSignIn
from domain.sessions.commands.refresh_session import RefreshSession

ROUNDS: Final = 5
SECONDS: Final = 1.5
AT_ONCE: Final = 16
UPDATE: Final = "UPDATE refresh_families SET generation = generation + 1 WHERE id = $1 RETURNING generation"
FAMILIES: Final = "SELECT f.id FROM refresh_families f JOIN users u ON u.id = f.user_id WHERE u.email = $1"


def run(ground: Ground) -> Iterable[Row]:
    """Measure in one process first, then over HTTP."""
    refreshed, updated, signed = uvloop.run(_in_process(ground))
    yield ratio_row(
        "refresh", f"in process, {AT_ONCE} at once", refreshed, updated, "bare UPDATE … RETURNING on its pool", 0.7
    )
    yield ratio_row("refresh", "the same", refreshed, signed, "that UPDATE and a bare ES256 signature", None)
    yield _over_http(ground)


async def _in_process(ground: Ground) -> list[Spread]:
    async with _assembled(ground) as assembly:
        dispatch, pool = dispatcher(assembly), assembly.database.pool

        async def sessions(email: str) -> list[str]:
            await dispatch(SignUp(email=email, password=PASSWORD), Call())
            opened = [await dispatch(DevSignIn(email=email), Call()) for _ in range(AT_ONCE)]
            return [each.result.refresh_token for each in opened]

        tokens = await sessions("chains@example.com")
        await sessions("updates@example.com")
        families = [row["id"] for row in await pool.fetch(FAMILIES, "updates@example.com")]

        async def refresh(number: int) -> None:
            answer = await dispatch(RefreshSession(refresh_token=tokens[number]), Call())
            tokens[number] = answer.result.refresh_token

        async def update(number: int) -> None:
            await pool.fetchval(UPDATE, families[number])

        private, claims = ec.generate_private_key(ec.SECP256R1()), b"x" * 300

        async def update_and_sign(number: int) -> None:
            await update(number)
            private.sign(claims, ec.ECDSA(SHA256()))

        return await in_turn((refresh, update, update_and_sign), at_once=AT_ONCE, seconds=SECONDS, rounds=ROUNDS)


@asynccontextmanager
async def _assembled(ground: Ground) -> AsyncIterator[Assembly]:
    assembly = Assembly.of(ground.settings)
    await assembly.open()
    try:
        yield assembly
    finally:
        await assembly.close()


def _over_http(ground: Ground) -> Row:
    service, bare = ground.service, ground.bare
    email = service.person()
    ours, base = [], []
    for _ in range(ROUNDS):
        bodies = [encoded(refresh_token=service.tokens_at_once(email)["refresh_token"]) for _ in range(AT_ONCE)]
        ours.append(load(Request(f"{service.url}/auth/refresh", SECONDS, AT_ONCE, bodies=bodies, chain=True)))
        base.append(load(Request(f"{bare}/bare", SECONDS, AT_ONCE, bodies=bodies, chain=True)))
    if failed := sum(each.failed for each in ours):
        raise RuntimeError(f"{failed} of the refreshes were refused")
    return ratio_row(
        "refresh",
        f"POST /auth/refresh, {AT_ONCE} connections",
        Spread([each.rate for each in ours]),
        Spread([each.rate for each in base]),
        "bare POST",
        None,
    )
