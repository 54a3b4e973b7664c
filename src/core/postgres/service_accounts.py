"""Service accounts in Postgres.

Whoever locks one and its grants locks the organization first, and then the account: see `Assignments.hold`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Table, Text, Uuid, select

from core.postgres.base import mapping, refusing, versioned
from core.postgres.database import Database
from core.postgres.work import SqlWork
from domain.identity.service_accounts.errors import ServiceAccountNameTaken, ServiceAccountNotFound
from domain.identity.service_accounts.models import ServiceAccount
from domain.identity.service_accounts.readers import ServiceAccountLists, ServiceAccountPlace
from domain.identity.service_accounts.repositories import ServiceAccounts
from domain.identity.service_accounts.schemas import ServiceAccountInfo
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import OrganizationId, ServiceAccountId

accounts = Table(
    "service_accounts",
    mapping.metadata,
    Column("id", Uuid, primary_key=True),
    Column("organization_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False),
)
mapping.map_imperatively(ServiceAccount, accounts, **versioned(accounts))

KEPT: Final = {
    "fk_service_accounts_organization_id": OrganizationNotFound,
    "uq_service_accounts_name": ServiceAccountNameTaken,
}

_SHOWN: Final = """
SELECT id, organization_id, name, description, is_active, created_at, updated_at, version FROM service_accounts
"""
_FIND: Final = f"{_SHOWN} WHERE organization_id = $1 AND id = $2"
_LIST: Final = f"""
{_SHOWN}
WHERE organization_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
ORDER BY created_at DESC, id DESC LIMIT $4
"""


@dataclass(frozen=True, slots=True)
class SqlServiceAccounts(ServiceAccounts):
    """Service accounts, in the transaction of the command."""

    work: SqlWork

    async def add(self, account: ServiceAccount) -> None:
        """See `ServiceAccounts.add`."""
        session = await self.work.begin()
        session.add(account)
        with refusing(KEPT):
            await session.flush()

    async def get(self, organization_id: OrganizationId, account_id: ServiceAccountId) -> ServiceAccount:
        """See `ServiceAccounts.get`."""
        wanted = select(ServiceAccount).where(
            accounts.c.id == account_id, accounts.c.organization_id == organization_id
        )
        session = await self.work.begin()
        if found := await session.scalar(wanted.with_for_update()):
            return found
        raise ServiceAccountNotFound

    async def keep(self, account: ServiceAccount) -> None:  # noqa: ARG002 - the session knows what changed
        """See `ServiceAccounts.keep`."""
        session = await self.work.begin()
        with refusing(KEPT):
            await session.flush()

    async def remove(self, account: ServiceAccount) -> None:
        """See `ServiceAccounts.remove`; grants go by trigger."""
        session = await self.work.begin()
        await session.delete(account)
        await session.flush()


@dataclass(frozen=True, slots=True)
class SqlServiceAccountLists(ServiceAccountLists):
    """Service accounts as they are at the moment, so newer than any command."""

    database: Database

    async def find(self, organization_id: OrganizationId, account_id: ServiceAccountId) -> ServiceAccountInfo | None:
        """See `ServiceAccountLists.find`."""
        async with self.database.read() as connection:
            row = await connection.fetchrow(_FIND, organization_id, account_id)
        return row and ServiceAccountInfo(**row)

    async def list(
        self, organization_id: OrganizationId, after: ServiceAccountPlace | None, most: int
    ) -> Sequence[ServiceAccountInfo]:
        """See `ServiceAccountLists.list`."""
        place = (after.created_at, after.account_id) if after else (None, None)
        async with self.database.read() as connection:
            rows = await connection.fetch(_LIST, organization_id, *place, most)
        return [ServiceAccountInfo(**row) for row in rows]
