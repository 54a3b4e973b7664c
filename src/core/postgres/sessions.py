"""Sessions in Postgres: what commands change, and what lists show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Table, Text, Uuid, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from core.postgres.base import mapping, versioned
from core.postgres.database import Database
from core.postgres.work import SqlWork
from core.refresh_tokens import RefreshTokens
from domain.identity.ports import SessionEnding
from domain.kernel.ids import SessionId, UserId, uuid7
from domain.kernel.revocation import SLACK, Marker, RevocationScope
from domain.sessions.errors import SessionNotFound, SignInOvertaken
from domain.sessions.models import Lifetimes, Session
from domain.sessions.ports import SessionLists, SessionPlace
from domain.sessions.repositories import Sessions
from domain.sessions.schemas import SessionInfo

sessions = Table(
    "sessions",
    mapping.metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("organization_id", Uuid),
    Column("user_agent", Text),
    Column("address", Text),
    Column("factors", ARRAY(Text), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    Column("version", BigInteger, nullable=False),
)
mapping.map_imperatively(Session, sessions, **versioned(sessions))

# The lock waits for a change of password under way, whose new epoch is then seen; and makes one wait that comes later,
# which then ends this session too.
_START = text("""
WITH person AS (
    SELECT id FROM users WHERE id = :user_id AND is_active AND epoch = :epoch FOR SHARE
), session AS (
    INSERT INTO sessions (id, user_id, organization_id, user_agent, address, factors, created_at, expires_at, version)
    SELECT CAST(:id AS uuid), id, CAST(:organization_id AS uuid), CAST(:user_agent AS text), CAST(:address AS text),
           CAST(:factors AS text[]), CAST(:created_at AS timestamptz), CAST(:expires_at AS timestamptz), :version
    FROM person RETURNING id, user_id, expires_at
)
INSERT INTO refresh_families (id, session_id, user_id, key_id, expires_at)
SELECT CAST(:family AS uuid), id, user_id, CAST(:key_id AS integer), expires_at FROM session RETURNING id
""")
_END_FAMILIES = text("UPDATE refresh_families SET revoked_at = :at WHERE session_id = :id AND revoked_at IS NULL")
_END_ALL = text("""
WITH dead AS (
    UPDATE sessions SET revoked_at = :at WHERE user_id = :user_id AND revoked_at IS NULL
)
UPDATE refresh_families SET revoked_at = :at WHERE user_id = :user_id AND revoked_at IS NULL
""")
_SOURCES: Final = """
SELECT address, user_agent FROM sessions WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2
"""
_LIST: Final = """
SELECT s.id, s.user_agent, s.address, s.factors, s.created_at, s.id = $2 AS current, seen.at AS last_seen_at,
       least(s.expires_at, seen.at + $6::interval) AS expires_at, coalesce(seen.address, s.address) AS last_address
FROM sessions s
CROSS JOIN LATERAL (
    SELECT coalesce(max(f.rotations[1]), s.created_at),
           (array_agg(f.address ORDER BY f.rotations[1] DESC NULLS LAST))[1]
    FROM refresh_families f WHERE f.session_id = s.id
) seen (at, address)
WHERE s.user_id = $1 AND s.revoked_at IS NULL AND least(s.expires_at, seen.at + $6::interval) > now()
  AND ($3::timestamptz IS NULL OR (s.created_at, s.id) < ($3, $4::uuid))
ORDER BY s.created_at DESC, s.id DESC LIMIT $5
"""


@dataclass(frozen=True, slots=True)
class SqlSessions(Sessions):
    """Sessions, in the transaction of the command."""

    work: SqlWork
    tokens: RefreshTokens
    lifetimes: Lifetimes

    async def start(self, session: Session, epoch: int) -> str:
        """See `Sessions.start`."""
        family, key_id = uuid7(), self.tokens.current_key_id
        values = {column.name: getattr(session, column.name) for column in sessions.columns}
        transaction = await self.work.begin()
        made = await transaction.execute(_START, values | {"epoch": epoch, "family": family, "key_id": key_id})
        if made.first() is None:
            raise SignInOvertaken
        return self.tokens.derive(family, key_id, 0)

    async def live(self, session_id: SessionId) -> Session:
        """See `Sessions.live`."""
        transaction = await self.work.begin()
        session = await transaction.get(Session, session_id, with_for_update=True)
        if session is None or session.revoked_at is not None:
            raise SessionNotFound
        return session

    async def of(self, user_id: UserId, but: SessionId | None = None) -> Sequence[Session]:
        """See `Sessions.of`."""
        transaction = await self.work.begin()
        live = (
            select(Session)
            .where(sessions.c.user_id == user_id, sessions.c.revoked_at.is_(None))
            .where(sessions.c.id.is_distinct_from(but))
            .where(sessions.c.expires_at > func.now() - self.lifetimes.access)
            .order_by(sessions.c.id)
            .with_for_update()
        )
        return (await transaction.scalars(live)).all()

    async def end(self, session: Session) -> None:
        """See `Sessions.end`."""
        transaction = await self.work.begin()
        await transaction.execute(_END_FAMILIES, {"id": session.id, "at": session.revoked_at})


@dataclass(frozen=True, slots=True)
class SqlSessionEnding(SessionEnding):
    """End a person's sessions, in the transaction of the command that made them obsolete."""

    work: SqlWork
    lifetimes: Lifetimes

    async def end_all(self, user_id: UserId, epoch: int, at: datetime) -> Sequence[Marker]:
        """See `SessionEnding.end_all`."""
        transaction = await self.work.begin()
        await transaction.execute(_END_ALL, {"user_id": user_id, "at": at})
        outlived = at + self.lifetimes.access + SLACK
        return [Marker(RevocationScope.USER, str(user_id), expires_at=outlived, epoch=epoch)]


@dataclass(frozen=True, slots=True)
class SqlSessionLists(SessionLists):
    """A person's live sessions."""

    database: Database
    lifetimes: Lifetimes

    async def list(
        self, user_id: UserId, current: SessionId, after: SessionPlace | None, most: int
    ) -> Sequence[SessionInfo]:
        """See `SessionLists.list`."""
        place = (after.created_at, after.session_id) if after else (None, None)
        async with self.database.read() as connection:
            rows = await connection.fetch(_LIST, user_id, current, *place, most, self.lifetimes.idle)
        return [SessionInfo(**row) for row in rows]

    async def sources(self, user_id: UserId, most: int) -> Sequence[tuple[str | None, str | None]]:
        """See `SessionLists.sources`."""
        async with self.database.read() as connection:
            return [tuple(row) for row in await connection.fetch(_SOURCES, user_id, most)]
