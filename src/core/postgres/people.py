"""People in Postgres: what commands change."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, DateTime, ForeignKey, Table, Text, Uuid, delete, text
from sqlalchemy.dialects.postgresql import insert

from core.postgres.base import mapping, refusing, versioned
from core.postgres.work import SqlWork
from domain.identity.errors import EmailTaken, LastSuperuser, SetupClosed, UsernameTaken, UserNotFound
from domain.identity.models import Credential, User
from domain.identity.ports import Failures, Superusers
from domain.identity.repositories import PasswordHashes, Users
from domain.identity.verification import FAILURES, NOWHERE, PAUSE
from domain.kernel.ids import PLATFORM, UserId, uuid7

users = Table(
    "users",
    mapping.metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("email_verified", Boolean, nullable=False),
    Column("username", Text, unique=True),
    Column("full_name", Text),
    Column("is_active", Boolean, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False),
)
mapping.map_imperatively(User, users, **versioned(users))

credentials = Table(
    "credentials",
    mapping.metadata,
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)

TAKEN: Final = {"uq_users_email": EmailTaken, "uq_users_username": UsernameTaken}
EVERYWHERE: Final = "*"

# Whether the place is closed is judged by its row once that is locked: of any number at once only so many count.
_COUNT = text(f"""
WITH place AS (
    INSERT INTO sign_in_failures AS old (account, failures, failed_at) VALUES (:place, 1, :at)
    ON CONFLICT (account) DO UPDATE SET failed_at = excluded.failed_at, failures = old.failures + 1
    WHERE old.failures < {FAILURES} OR old.failed_at <= :anew OR right(:place, {len(NOWHERE) + 1}) = '@{NOWHERE}'
    RETURNING account
)
INSERT INTO sign_in_failures AS old (account, failures, failed_at)
SELECT account, 1, :at FROM unnest(CAST(:others AS text[])) WITH ORDINALITY AS other (account, nth)
WHERE right(account, 2) <> '@{EVERYWHERE}' OR EXISTS (SELECT FROM place) ORDER BY nth
ON CONFLICT (account) DO UPDATE SET failed_at = excluded.failed_at, failures = CASE
    WHEN right(old.account, 2) = '@{EVERYWHERE}' AND old.failed_at <= :anew THEN 1 ELSE old.failures + 1
END
""")  # noqa: S608 - made of constants
# In the order of `_COUNT`: two attempts at once must not wait for each other in a circle.
_FORGET = text("""
DELETE FROM sign_in_failures WHERE account IN (
    SELECT kept.account FROM unnest(CAST(:accounts AS text[])) WITH ORDINALITY AS each (account, nth)
    JOIN sign_in_failures AS kept USING (account) ORDER BY nth FOR UPDATE OF kept
)
""")
_CLEAR = text("DELETE FROM sign_in_failures WHERE starts_with(account, :prefix)")
_NAME = text("""
INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at, version)
SELECT :id, :platform, 'user', :user_id, id, :at, 0 FROM roles WHERE organization_id IS NULL AND name = 'superuser'
ON CONFLICT DO NOTHING
""")
_SUPERUSERS: Final = """
SELECT g.subject_id FROM grants g
JOIN roles r ON r.id = g.role_id AND r.organization_id IS NULL AND r.name = 'superuser'
WHERE g.subject_type = 'user' AND g.organization_id = :platform
"""
_INCLUDES = text(f"{_SUPERUSERS} AND g.subject_id = :user_id")
# Two superusers who remove each other at once would leave none: every such command waits for this row.
_LOCK = text("SELECT 1 FROM organizations WHERE id = :platform FOR UPDATE")
_OTHERS = text(
    f"{_SUPERUSERS} AND g.subject_id <> :user_id AND g.subject_id IN (SELECT id FROM users WHERE is_active)"  # noqa: S608 - made of constants
)
_UNGRANT = text("DELETE FROM grants WHERE subject_type = 'user' AND subject_id = :user_id")
# The person is locked before the hash, as by a change of password: the other way round each would wait for the other.
_RENEW = text("""
WITH person AS (SELECT id FROM users WHERE id = :user_id FOR SHARE)
UPDATE credentials SET password_hash = :after
FROM person WHERE credentials.user_id = person.id AND password_hash = :before
""")
_FINISH = text("UPDATE setup SET completed_at = :at WHERE completed_at IS NULL RETURNING true")


def accounts(user_id: UserId, *places: str) -> list[str]:
    """Return the names under which failures of an account are counted: in each of `places`, and in all.

    Whoever counts locks their rows in this order.
    """
    return [f"{user_id}@{place}" for place in (*places, EVERYWHERE)]


@dataclass(frozen=True, slots=True)
class SqlUsers(Users):
    """People, in the transaction of the command."""

    work: SqlWork

    async def add(self, user: User) -> None:
        """See `Users.add`. The savepoint keeps the transaction usable when the address is taken."""
        session = await self.work.begin()
        with refusing(TAKEN):
            async with session.begin_nested():
                session.add(user)
                await session.flush()

    async def get(self, user_id: UserId) -> User:
        """See `Users.get`."""
        session = await self.work.begin()
        if user := await session.get(User, user_id, with_for_update=True):
            return user
        raise UserNotFound

    async def keep(self, user: User) -> None:  # noqa: ARG002 - the session knows what changed
        """See `Users.keep`."""
        session = await self.work.begin()
        with refusing(TAKEN):
            await session.flush()

    async def remove(self, user: User) -> None:
        """See `Users.remove`; what belongs to the person goes by foreign key, their grants by name."""
        session = await self.work.begin()
        await session.execute(_UNGRANT, {"user_id": user.id})
        await session.delete(user)
        await session.flush()


@dataclass(frozen=True, slots=True)
class SqlPasswordHashes(PasswordHashes):
    """Password hashes, in the transaction of the command."""

    work: SqlWork

    async def put(self, credential: Credential) -> None:
        """See `PasswordHashes.put`."""
        session = await self.work.begin()
        row = insert(credentials).values(
            user_id=credential.user_id, password_hash=credential.password_hash, changed_at=credential.changed_at
        )
        fresh = {"password_hash": row.excluded.password_hash, "changed_at": row.excluded.changed_at}
        await session.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=fresh))

    async def remove(self, user_id: UserId) -> None:
        """See `PasswordHashes.remove`."""
        session = await self.work.begin()
        await session.execute(delete(credentials).where(credentials.c.user_id == user_id))

    async def renew(self, user_id: UserId, before: str, after: str) -> None:
        """See `PasswordHashes.renew`."""
        session = await self.work.begin()
        await session.execute(_RENEW, {"user_id": user_id, "before": before, "after": after})


@dataclass(frozen=True, slots=True)
class SqlFailures(Failures):
    """Failed sign-ins, in the transaction of the command."""

    work: SqlWork

    async def count(self, user_id: UserId, network: str, at: datetime, *more: str) -> None:
        """See `Failures.count`."""
        session = await self.work.begin()
        place, *others = accounts(user_id, network, *more)
        await session.execute(_COUNT, {"place": place, "others": others, "at": at, "anew": at - PAUSE})

    async def forget(self, user_id: UserId, network: str, *more: str) -> None:
        """See `Failures.forget`."""
        session = await self.work.begin()
        await session.execute(_FORGET, {"accounts": accounts(user_id, network, *more)})

    async def clear(self, user_id: UserId) -> None:
        """See `Failures.clear`."""
        session = await self.work.begin()
        await session.execute(_CLEAR, {"prefix": f"{user_id}@"})


@dataclass(frozen=True, slots=True)
class SqlSuperusers(Superusers):
    """Who holds the system role `superuser`, in the transaction of the command."""

    work: SqlWork

    async def name(self, user_id: UserId, at: datetime) -> None:
        """See `Superusers.name`."""
        session = await self.work.begin()
        await session.execute(_NAME, {"id": uuid7(), "platform": PLATFORM, "user_id": user_id, "at": at})

    async def includes(self, user_id: UserId) -> bool:
        """See `Superusers.includes`."""
        session = await self.work.begin()
        return (await session.execute(_INCLUDES, {"platform": PLATFORM, "user_id": user_id})).first() is not None

    async def spare(self, user_id: UserId) -> None:
        """See `Superusers.spare`."""
        if not await self.includes(user_id):
            return
        session = await self.work.begin()
        await session.execute(_LOCK, {"platform": PLATFORM})
        if (await session.execute(_OTHERS, {"platform": PLATFORM, "user_id": user_id})).first() is None:
            raise LastSuperuser


async def finish_setup(work: SqlWork, at: datetime) -> None:
    """Close the setup for ever, or raise `SetupClosed`; a twin waits for the row and then finds it closed."""
    session = await work.begin()
    if (await session.execute(_FINISH, {"at": at})).first() is None:
        raise SetupClosed
