"""Sessions in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, UUID, uuid5

from core.postgres.families import RACE
from core.refresh_tokens import RefreshTokens
from domain.identity.models import User
from domain.identity.ports import SessionEnding
from domain.kernel.ids import OrganizationId, SessionId, UserId, uuid7
from domain.kernel.ports import Clock
from domain.kernel.revocation import SLACK, Marker, RevocationScope
from domain.sessions.errors import RefreshRefused, SessionNotFound, SignInOvertaken
from domain.sessions.models import Lifetimes, Session
from domain.sessions.ports import (
    AccessTokenId,
    AccessTokens,
    PresentedToken,
    PresentedTokens,
    RefreshFamilies,
    Reuse,
    Rotation,
    SessionLists,
    SessionPlace,
)
from domain.sessions.repositories import Sessions
from domain.sessions.schemas import SessionInfo
from tests.support.memory.identity import USERS
from tests.support.memory.store import Memory
from tests.support.memory.work import MemoryWork

SESSIONS = "sessions"
"""By id."""
FAMILIES = "refresh_families"
"""By id."""
TOKENS = RefreshTokens({1: b"a key for refresh tokens in tests"})


@dataclass(eq=False)
class Family:
    """A family of refresh tokens."""

    id: UUID
    session_id: SessionId
    user_id: UserId
    expires_at: datetime
    generation: int = 0
    rotations: list[datetime] = field(default_factory=list)
    address: str | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MemorySessions(Sessions):
    work: MemoryWork
    lifetimes: Lifetimes

    async def start(self, session: Session, epoch: int) -> str:
        tables = await self.work.begin()
        user: User | None = tables.table(USERS).get(session.user_id)
        if user is None or not user.is_active or user.epoch != epoch:
            raise SignInOvertaken
        family = Family(uuid7(), session.id, session.user_id, session.expires_at)
        tables.table(SESSIONS).put(session.id, session)
        tables.table(FAMILIES).put(family.id, family)
        return TOKENS.derive(family.id, TOKENS.current_key_id, 0)

    async def live(self, session_id: SessionId) -> Session:
        session: Session | None = (await self.work.begin()).table(SESSIONS).get(session_id)
        if session is None or session.revoked_at is not None:
            raise SessionNotFound
        return session

    async def of(self, user_id: UserId, but: SessionId | None = None) -> Sequence[Session]:
        found: list[Session] = (await self.work.begin()).table(SESSIONS).values()
        since = self.work.clock.now() - self.lifetimes.access
        others = [each for each in found if each.user_id == user_id and each.id != but]
        return [each for each in others if each.revoked_at is None and each.expires_at > since]

    async def end(self, session: Session) -> None:
        tables = await self.work.begin()
        for family in tables.table(FAMILIES).values():
            if family.session_id == session.id:
                family.revoked_at = session.revoked_at


@dataclass(frozen=True, slots=True)
class MemorySessionEnding(SessionEnding):
    work: MemoryWork
    lifetimes: Lifetimes

    async def end_all(self, user_id: UserId, epoch: int, at: datetime) -> Sequence[Marker]:
        tables = await self.work.begin()
        for dead in (*tables.table(SESSIONS).values(), *tables.table(FAMILIES).values()):
            if dead.user_id == user_id and dead.revoked_at is None:
                dead.revoked_at = at
        outlived = at + self.lifetimes.access + SLACK
        return [Marker(RevocationScope.USER, str(user_id), expires_at=outlived, epoch=epoch)]


@dataclass(frozen=True, slots=True)
class MemoryRefreshFamilies(RefreshFamilies):
    memory: Memory
    clock: Clock
    grace: timedelta = timedelta(seconds=30)
    idle: timedelta | None = None

    def whose(self, refresh_token: str) -> UUID | None:
        presented = TOKENS.read(refresh_token)
        return presented.family if presented else None

    async def rotate(self, refresh_token: str, address: str | None = None) -> Rotation | Reuse:
        presented = TOKENS.read(refresh_token)
        if presented is None:
            raise RefreshRefused
        family: Family | None = self.memory.table(FAMILIES).get(presented.family)
        if family is None:
            raise RefreshRefused
        session: Session = self.memory.table(SESSIONS)[family.session_id]
        user: User | None = self.memory.table(USERS).get(family.user_id)
        now = self.clock.now()
        if family.revoked_at or session.revoked_at or family.expires_at <= now or user is None or not user.is_active:
            raise RefreshRefused
        seen = family.rotations[0] if family.rotations else session.created_at
        if self.idle and seen <= now - self.idle:
            raise RefreshRefused
        behind = family.generation - presented.generation
        if behind <= 0:
            family.generation = presented.generation + 1
            family.rotations = [*[now] * (1 - behind), *family.rotations][:8]
            family.address = address or family.address
        elif behind > len(family.rotations) or now - family.rotations[behind - 1] >= (self.grace or RACE):
            return Reuse(family.session_id)
        elif not self.grace:
            raise RefreshRefused
        return Rotation(
            refresh_token=TOKENS.derive(family.id, presented.key_id, family.generation),
            expires_at=min(family.expires_at, family.rotations[0] + self.idle) if self.idle else family.expires_at,
            session_id=session.id,
            user_id=user.id,
            organization_id=session.organization_id,
            epoch=user.epoch,
            factors=session.factors,
            authenticated_at=session.created_at,
        )


@dataclass(frozen=True, slots=True)
class MemorySessionLists(SessionLists):
    memory: Memory
    clock: Clock
    lifetimes: Lifetimes

    async def list(
        self, user_id: UserId, current: SessionId, after: SessionPlace | None, most: int
    ) -> Sequence[SessionInfo]:
        found: list[Session] = sorted(
            self.memory.table(SESSIONS).values(), key=lambda each: (each.created_at, each.id), reverse=True
        )
        live = [
            self._info(each, current)
            for each in found
            if each.user_id == user_id
            and each.revoked_at is None
            and (after is None or (each.created_at, each.id) < (after.created_at, after.session_id))
        ]
        return [each for each in live if each.expires_at > self.clock.now()][:most]

    async def sources(self, user_id: UserId, most: int) -> Sequence[tuple[str | None, str | None]]:
        found: list[Session] = sorted(
            self.memory.table(SESSIONS).values(), key=lambda each: each.created_at, reverse=True
        )
        return [(each.address, each.user_agent) for each in found if each.user_id == user_id][:most]

    def _info(self, session: Session, current: SessionId) -> SessionInfo:
        families = [each for each in self.memory.table(FAMILIES).values() if each.session_id == session.id]
        spent = [each.rotations[0] for each in families if each.rotations]
        seen, idle = max(spent, default=session.created_at), self.lifetimes.idle
        return SessionInfo(
            id=session.id,
            user_agent=session.user_agent,
            address=session.address,
            last_address=next((each.address for each in families if each.address), session.address),
            factors=session.factors,
            created_at=session.created_at,
            last_seen_at=seen,
            expires_at=min(session.expires_at, seen + idle) if idle else session.expires_at,
            current=session.id == current,
        )


@dataclass(frozen=True, slots=True)
class PlainAccessTokens(AccessTokens):
    """Access tokens that say what they are; no two are equal."""

    clock: Clock
    lifetime: int = 900

    def issue(
        self,
        user_id: UserId,
        session_id: SessionId,
        organization_id: OrganizationId | None,
        epoch: int,
        *,
        factors: Sequence[str],
        authenticated_at: datetime,
        until: datetime,
    ) -> tuple[str, int]:
        left = int((until - self.clock.now()).total_seconds())
        return f"{user_id} {session_id} {epoch} {uuid7()}", min(self.lifetime, left)


@dataclass(frozen=True, slots=True)
class MemoryPresentedTokens(PresentedTokens):
    """Reads what `PlainAccessTokens` and `MemoryRefreshFamilies` hand out."""

    memory: Memory

    def whose(self, token: str) -> UUID | None:
        if presented := TOKENS.read(token):
            return presented.family
        sessions: list[Session] = list(self.memory.table(SESSIONS).values())
        return next((each.id for each in sessions if token.startswith(f"{each.user_id} {each.id} ")), None)

    async def read(self, token: str) -> PresentedToken | None:
        if presented := TOKENS.read(token):
            family: Family | None = self.memory.table(FAMILIES).get(presented.family)
            return PresentedToken(family.session_id, None) if family and not family.revoked_at else None
        if (RevocationScope.TOKEN, str(token_id(token))) in self.memory.revocations:
            return None
        for session in self.memory.table(SESSIONS).values():
            if session.revoked_at is None and token.startswith(f"{session.user_id} {session.id} "):
                return PresentedToken(session.id, AccessTokenId(token_id(token), session.expires_at))
        return None


def token_id(token: str) -> UUID:
    """Return the `jti` of a plain access token."""
    return uuid5(NAMESPACE_OID, token)
