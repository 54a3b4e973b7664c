"""People and sessions on Postgres, as the suites use them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import time
from typing import Any

from core.access_tokens import AccessTokens
from core.authentication import actor
from core.clock import SystemClock
from core.keyring import KeyRing, generate
from core.markers import on_the_wire
from core.postgres.database import Database
from core.postgres.families import SqlRefreshFamilies
from core.postgres.links import SqlLinkReader, SqlLinks
from core.postgres.people import SqlFailures, SqlPasswordHashes, SqlSuperusers, SqlUsers
from core.postgres.presented_tokens import SqlPresentedTokens
from core.postgres.profiles import SqlCredentials, SqlProfiles
from core.postgres.sessions import SqlSessionEnding, SqlSessionLists, SqlSessions
from core.postgres.work import SqlWork
from core.refresh_tokens import RefreshTokens
from core.setup import SqlSetup
from domain.kernel.ids import SessionId
from domain.kernel.revocation import Marker
from domain.sessions.models import Lifetimes, Session
from gatewright_verifier.revocations import Revocations
from gatewright_verifier.tokens import VerifiedTokens, Verifier
from tests.contracts.people import GRACE, IDLE, LIFETIMES, SETUP, Ports

TOKENS = RefreshTokens({1: b"a key for refresh tokens in tests"})
EMPTY = """
TRUNCATE users, credentials, sign_in_failures, sessions, refresh_families, grants, outbox, audit_pending, jobs,
    revocations, idempotency_keys CASCADE;
UPDATE setup SET completed_at = NULL;
"""
AGE = """
UPDATE sessions SET created_at = created_at - $1::interval, expires_at = expires_at - $1::interval
"""
AGE_FAMILIES = """
UPDATE refresh_families SET expires_at = expires_at - $1::interval,
    rotations = ARRAY(SELECT spent - $1::interval FROM unnest(rotations) WITH ORDINALITY AS r (spent, n) ORDER BY n)
"""
LOSE = """
UPDATE refresh_families SET generation = generation - $2, rotations = rotations[$2::integer + 1:] WHERE session_id = $1
"""

RING = KeyRing.load(generate("ES256"))
NAMES = ("https://auth.example.com", "https://api.example.com")


@dataclass(frozen=True)
class SqlGround:
    database: Database
    revocations: Revocations = field(default_factory=Revocations)

    @property
    def presented(self) -> SqlPresentedTokens:
        verified = VerifiedTokens(Verifier(RING, *NAMES, actor), self.revocations)
        return SqlPresentedTokens(verified, TOKENS, self.database)

    def access_token(self, session: Session, age: float = 0) -> str:
        issuer = AccessTokens(RING, *NAMES, now=lambda: time() - age)
        return issuer.issue(session.user_id, session.id, None, 1, factors=session.factors)[0]

    async def hear(self, marker: Marker) -> None:
        self.revocations.learn([on_the_wire(marker)])

    @property
    def credentials(self) -> SqlCredentials:
        return SqlCredentials(self.database)

    @property
    def links(self) -> SqlLinkReader:
        return SqlLinkReader(self.database)

    @property
    def profiles(self) -> SqlProfiles:
        return SqlProfiles(self.database)

    @property
    def lists(self) -> SqlProfiles:
        return SqlProfiles(self.database)

    @property
    def session_lists(self) -> SqlSessionLists:
        return SqlSessionLists(self.database, LIFETIMES)

    @property
    def idling(self) -> tuple[SqlRefreshFamilies, SqlSessionLists]:
        lists = SqlSessionLists(self.database, Lifetimes(idle=IDLE))
        return SqlRefreshFamilies(self.database, TOKENS, GRACE, IDLE), lists

    @property
    def families(self) -> SqlRefreshFamilies:
        return SqlRefreshFamilies(self.database, TOKENS, GRACE)

    @property
    def strict(self) -> SqlRefreshFamilies:
        return SqlRefreshFamilies(self.database, TOKENS, timedelta())

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Ports]:
        work = SqlWork(self.database, SystemClock(), b"audit key", lambda _: None)
        try:
            yield Ports(
                work,
                SqlUsers(work),
                SqlPasswordHashes(work),
                SqlFailures(work),
                SqlSuperusers(work),
                SqlSetup(work, SETUP),
                SqlSessions(work, TOKENS, LIFETIMES),
                SqlSessionEnding(work, LIFETIMES),
                SqlLinks(work),
            )
            await work.commit()
        finally:
            await work.rollback()

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def lose(self, session_id: SessionId, rotations: int) -> None:
        async with self.database.read() as connection:
            await connection.execute(LOSE, session_id, rotations)

    async def pass_by(self, time: timedelta) -> None:
        async with self.database.read() as connection:
            await connection.execute(AGE, time)
            await connection.execute(AGE_FAMILIES, time)

    async def value(self, query: str, *values: Any) -> Any:
        """Ask for one value."""
        async with self.database.read() as connection:
            return await connection.fetchval(query, *values)
