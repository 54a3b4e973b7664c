"""Service accounts in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.identity.service_accounts.errors import ServiceAccountNameTaken, ServiceAccountNotFound
from domain.identity.service_accounts.models import ServiceAccount
from domain.identity.service_accounts.readers import ServiceAccountLists, ServiceAccountPlace
from domain.identity.service_accounts.repositories import ServiceAccounts
from domain.identity.service_accounts.schemas import ServiceAccountInfo
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import OrganizationId, ServiceAccountId
from tests.support.memory.configuration import exists
from tests.support.memory.store import Memory
from tests.support.memory.tables import GRANTS, SERVICE_ACCOUNTS
from tests.support.memory.work import MemoryTables, MemoryWork


@dataclass(frozen=True, slots=True)
class MemoryServiceAccounts(ServiceAccounts):
    work: MemoryWork

    async def add(self, account: ServiceAccount) -> None:
        tables = await self.work.begin()
        if not exists(tables.memory, account.organization_id):
            raise OrganizationNotFound
        self._unique(tables, account)
        tables.table(SERVICE_ACCOUNTS).put(account.id, account)

    async def get(self, organization_id: OrganizationId, account_id: ServiceAccountId) -> ServiceAccount:
        account: ServiceAccount | None = (await self.work.begin()).table(SERVICE_ACCOUNTS).get(account_id)
        if account is None or account.organization_id != organization_id:
            raise ServiceAccountNotFound
        return account

    async def keep(self, account: ServiceAccount) -> None:
        self._unique(await self.work.begin(), account)

    async def remove(self, account: ServiceAccount) -> None:
        tables = await self.work.begin()
        tables.table(SERVICE_ACCOUNTS).remove(account.id)
        for grant in tables.table(GRANTS).values():
            if grant.subject == account.subject:
                tables.table(GRANTS).remove(grant.id)

    def _unique(self, tables: MemoryTables, account: ServiceAccount) -> None:
        others: list[ServiceAccount] = [
            each for each in tables.table(SERVICE_ACCOUNTS).values() if each.id != account.id
        ]
        if (account.organization_id, account.name) in {(each.organization_id, each.name) for each in others}:
            raise ServiceAccountNameTaken


@dataclass(frozen=True, slots=True)
class MemoryServiceAccountLists(ServiceAccountLists):
    memory: Memory

    async def find(self, organization_id: OrganizationId, account_id: ServiceAccountId) -> ServiceAccountInfo | None:
        account: ServiceAccount | None = self.memory.table(SERVICE_ACCOUNTS).get(account_id)
        return account.info if account and account.organization_id == organization_id else None

    async def list(
        self, organization_id: OrganizationId, after: ServiceAccountPlace | None, most: int
    ) -> Sequence[ServiceAccountInfo]:
        accounts: list[ServiceAccount] = sorted(
            self.memory.table(SERVICE_ACCOUNTS).values(), key=lambda each: (each.created_at, each.id), reverse=True
        )
        fitting = [
            each.info
            for each in accounts
            if each.organization_id == organization_id
            and (after is None or (each.created_at, each.id) < (after.created_at, after.account_id))
        ]
        return fitting[:most]
