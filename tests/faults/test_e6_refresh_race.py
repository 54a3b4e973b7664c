"""Refreshing one token many times at once, in several processes, some of which are killed.

`GATEWRIGHT_FAULTS_FAMILIES` says how many tokens there are: the long form takes 10,000, and as many pairs of a refresh
and a revocation as a fifth of that.
"""

import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest

from core.refresh_tokens import PREFIX
from tests.faults.crew import PARALLEL, REFUSED, Crew, crew, started
from tests.support.service import LONG, Service

pytestmark = [pytest.mark.faults, pytest.mark.timeout(7200 if LONG else 240)]

Record = Callable[[str, object], None]

FAMILIES: Final = int(os.environ.get("GATEWRIGHT_FAULTS_FAMILIES", "10000" if LONG else "16"))
BATCH: Final = 40 if FAMILIES >= 200 else 8
KILLS: Final = max(1, FAMILIES // 200)
PAIRS: Final = max(16, FAMILIES // 5)
GRACE: Final = 300
"""Seconds; the longest that can be configured."""
STRICT: Final = 200 if LONG else 8
FEW: Final = 12
"""How often each token comes at once in strict mode: all have to be there within `RACE` seconds of the first."""
LATE: Final = 4
"""How often each spent token comes again when the grace is over: once from each process."""
AGE: Final = """
UPDATE refresh_families SET rotations = ARRAY(
    SELECT spent - $1::interval FROM unnest(rotations) WITH ORDINALITY AS r (spent, n) ORDER BY n)
"""
ALIVE: Final = """
SELECT count(*) FROM sessions s JOIN refresh_families f ON f.session_id = s.id
WHERE s.revoked_at IS NULL AND f.revoked_at IS NULL
"""
CAUGHT: Final = """
SELECT count(DISTINCT aggregate_id) FROM (
    SELECT aggregate_id, type, data FROM outbox UNION ALL SELECT aggregate_id, type, data FROM events) facts
WHERE type = 'sessions.session.revoked' AND data ->> 'reason' = 'refresh_token_reuse'
"""
MARKED: Final = """
SELECT count(*) FROM revocations WHERE scope = 'session' AND cutoff > now() + interval '10 minutes'
"""
AUDITED: Final = """
SELECT count(*) FROM (SELECT action, outcome FROM audit_pending UNION ALL SELECT action, outcome FROM audit) entries
WHERE action = 'sessions.session.refresh' AND outcome = $1
"""


async def test_e6_keycloak_cve_2026_1035_one_successor_and_nobody_logged_out(
    service: Service, record_property: Record
) -> None:
    """Also better-auth GHSA-392p-2q2v-4372: looking and then spending would fork a family."""
    # However slow the machine: what is sent again after a kill comes within the grace.
    async with service.sql() as sql, crew(service, grace=GRACE) as refreshers:
        first = list((await started(service, sql, FAMILIES)).values())
        live = list[str]()
        begun = time.monotonic()
        for batch in range(0, FAMILIES, BATCH):
            kill = (batch // BATCH) % max(1, FAMILIES // BATCH // KILLS) == 1
            for outcomes in await refreshers.refresh(first[batch : batch + BATCH], kill=kill):
                assert len(outcomes) == 1, outcomes
                live += [token for token in outcomes if token.startswith(PREFIX)]
        assert refreshers.killed >= KILLS
        told(record_property, "refreshes", refreshers, begun)
        assert len(set(live)) == FAMILIES
        assert await sql.fetch("SELECT DISTINCT generation FROM refresh_families") == [(1,)]
        assert await sql.fetchval(ALIVE) == FAMILIES
        assert await sql.fetchval(CAUGHT) == 0

        # Whoever comes with the first token when the grace is over has a copy, and every one of them is caught.
        await sql.execute(AGE, timedelta(seconds=GRACE + 1))
        for batch in range(0, FAMILIES, BATCH):
            for outcomes in await refreshers.refresh(first[batch : batch + BATCH], parallel=LATE):
                assert outcomes == {REFUSED: LATE}
        assert await sql.fetchval(ALIVE) == 0
        assert await sql.fetchval(CAUGHT) == FAMILIES
        assert await sql.fetchval(AUDITED, REFUSED) == FAMILIES
        for outcomes in await refreshers.refresh(live[:BATCH]):
            assert outcomes == {REFUSED: PARALLEL}


async def test_e6_o5_strict_mode_lets_one_through_and_keeps_what_it_got(service: Service) -> None:
    async with service.sql() as sql, crew(service, grace=0) as refreshers:
        first = list((await started(service, sql, STRICT)).values())
        for batch in range(0, STRICT, BATCH):
            live = list[str]()
            for outcomes in await refreshers.refresh(first[batch : batch + BATCH], parallel=FEW):
                (won,) = [token for token in outcomes if token.startswith(PREFIX)]
                assert outcomes == {won: 1, REFUSED: FEW - 1}
                live.append(won)
            for outcomes in await refreshers.refresh(live, parallel=FEW):
                assert outcomes[REFUSED] == FEW - 1
        assert await sql.fetchval(ALIVE) == STRICT
        assert await sql.fetchval(CAUGHT) == 0

        await sql.execute(AGE, timedelta(seconds=11))
        for batch in range(0, STRICT, BATCH):
            await refreshers.refresh(first[batch : batch + BATCH])
        assert await sql.fetchval(ALIVE) == 0
        assert await sql.fetchval(CAUGHT) == STRICT


async def test_e6_no_refresh_outlives_a_revocation_that_it_met(service: Service, record_property: Record) -> None:
    async with service.sql() as sql, crew(service) as refreshers:
        first = list((await started(service, sql, PAIRS)).values())
        overtook, begun = 0, time.monotonic()
        for batch in range(0, PAIRS, BATCH):
            live = list[str]()
            for refreshed, ended in await refreshers.race(first[batch : batch + BATCH]):
                assert ended == "revoked"
                assert refreshed == REFUSED or refreshed.startswith(PREFIX)
                live += [refreshed] if refreshed.startswith(PREFIX) else []
            overtook += len(live)
            for outcomes in await refreshers.refresh([*live, *first[batch : batch + BATCH]], parallel=1):
                assert outcomes == {REFUSED: 1}
        told(record_property, "pairs", refreshers, begun)
        record_property("refreshed before it was revoked", f"{overtook} of {PAIRS}")
        assert await sql.fetchval(ALIVE) == 0
        assert await sql.fetchval(CAUGHT) == 0
        # Whatever was minted meanwhile falls under the marker of its session, which is dated ahead.
        assert await sql.fetchval(MARKED) == PAIRS


def told(record_property: Record, what: str, refreshers: Crew, begun: float) -> None:
    """Report what was done in how long."""
    seconds = time.monotonic() - begun
    figure = f"{refreshers.asked} requests in {seconds:.1f} s, {refreshers.asked / seconds:.0f} a second"
    record_property(what, f"{figure}, {refreshers.killed} processes killed")
    print(f"{what}: {figure}, {refreshers.killed} processes killed")  # noqa: T201 - for whoever runs it with -s
