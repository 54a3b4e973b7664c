"""Mailed links in Postgres."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text

from core.postgres.database import Database
from core.postgres.work import SqlWork
from domain.identity.models import EmailAddress, Link, Purpose
from domain.identity.ports import LinkReader
from domain.identity.repositories import Links
from domain.kernel.ids import UserId

_COLUMNS: Final = "user_id, purpose, email, epoch, token_hash, expires_at"
_PUT = text(f"""
INSERT INTO mailed_links ({_COLUMNS}) VALUES (:user_id, :purpose, :email, :epoch, :token_hash, :expires_at)
ON CONFLICT (user_id, purpose) DO UPDATE
SET email = excluded.email, epoch = excluded.epoch, token_hash = excluded.token_hash, expires_at = excluded.expires_at
""")  # noqa: S608 - made of constants
_USE = text(f"""
DELETE FROM mailed_links
WHERE user_id = :user_id AND purpose = :purpose AND token_hash = ANY (CAST(:hashes AS bytea[])) AND expires_at > :at
RETURNING {_COLUMNS}
""")  # noqa: S608 - made of constants
_TURN = text("SELECT pg_try_advisory_xact_lock(hashtextextended('gatewright-links ' || encode(:token_hash, 'hex'), 0))")
_FIND: Final = (
    f"SELECT {_COLUMNS} FROM mailed_links WHERE purpose = $1 AND token_hash = ANY ($2::bytea[]) AND expires_at > $3"  # noqa: S608 - made of constants
)


@dataclass(frozen=True, slots=True)
class SqlLinks(Links):
    """Links that were not used yet, in the transaction of the command."""

    work: SqlWork

    async def take_turn(self, token_hash: bytes) -> bool:
        """See `Links.take_turn`; for the advisory lock it is enough to know the hash."""
        session = await self.work.begin()
        return bool(await session.scalar(_TURN, {"token_hash": token_hash}))

    async def put(self, link: Link) -> None:
        """See `Links.put`."""
        session = await self.work.begin()
        values = {
            "user_id": link.user_id,
            "purpose": link.purpose.value,
            "email": link.email,
            "epoch": link.epoch,
            "token_hash": link.token_hash,
            "expires_at": link.expires_at,
        }
        await session.execute(_PUT, values)

    async def use(self, user_id: UserId, purpose: Purpose, hashes: Sequence[bytes], at: datetime) -> Link | None:
        """See `Links.use`."""
        session = await self.work.begin()
        values = {"user_id": user_id, "purpose": purpose.value, "hashes": list(hashes), "at": at}
        row = (await session.execute(_USE, values)).mappings().first()
        return _link(row) if row else None


@dataclass(frozen=True, slots=True)
class SqlLinkReader(LinkReader):
    """Links as they are at the moment."""

    database: Database

    async def find(self, purpose: Purpose, hashes: Sequence[bytes], at: datetime) -> Link | None:
        """See `LinkReader.find`."""
        async with self.database.read() as connection:
            row = await connection.fetchrow(_FIND, purpose.value, hashes, at)
        return _link(row) if row else None


def _link(row: Any) -> Link:
    return Link(
        user_id=UserId(row["user_id"]),
        purpose=Purpose(row["purpose"]),
        email=EmailAddress(row["email"]),
        epoch=row["epoch"],
        token_hash=row["token_hash"],
        expires_at=row["expires_at"],
    )
