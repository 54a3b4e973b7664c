"""Webhooks in Postgres, and what people have them told again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, DateTime, LargeBinary, Table, Text, Uuid, select, text

from core.postgres.base import mapping, refusing, versioned
from core.postgres.database import Database
from core.postgres.grants import KEEPS
from core.postgres.work import SqlWork
from domain.access.models import OWNER
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import PLATFORM, DeliveryId, OrganizationId, WebhookId, uuid7
from domain.webhooks.errors import (
    DeliveryNotFound,
    DeliveryUnderWay,
    PositionAhead,
    TooManyWebhooks,
    WebhookNotFound,
)
from domain.webhooks.models import MOST_WEBHOOKS, Webhook
from domain.webhooks.ports import Makers
from domain.webhooks.readers import WebhookLists, WebhookPlace
from domain.webhooks.repositories import Deliveries, Webhooks
from domain.webhooks.schemas import DeliveryInfo, DeliveryState, WebhookInfo

webhooks = Table(
    "webhooks",
    mapping.metadata,
    Column("id", Uuid, primary_key=True),
    Column("organization_id", Uuid, nullable=False),
    Column("url", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("event_types", ARRAY(Text), nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("disabled_because", Text),
    Column("secret", LargeBinary, nullable=False),
    Column("previous_secret", LargeBinary),
    Column("previous_until", DateTime(timezone=True)),
    Column("created_by", Uuid, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False),
)
mapping.map_imperatively(Webhook, webhooks, **versioned(webhooks))

KEPT: Final = {"fk_webhooks_organization_id": OrganizationNotFound}
TEST: Final = "webhooks.test"

_LOCK: Final = text("SELECT 1 FROM organizations WHERE id = :organization_id FOR UPDATE")
_COUNT: Final = text("SELECT count(*) FROM webhooks WHERE organization_id = :organization_id")
_START: Final = text("INSERT INTO webhook_cursors (webhook_id, position) SELECT :id, position FROM log_head")
_RESET: Final = text("""
UPDATE webhook_cursors SET failing_since = NULL WHERE webhook_id = :id AND failing_since IS NOT NULL
""")
_TEST: Final = text("""
INSERT INTO webhook_deliveries (id, webhook_id, event_id, type, aggregate_id, created_at)
VALUES (:delivery, :id, :event, :type, :id, :now)
""")
_STATE: Final = text("SELECT state FROM webhook_deliveries WHERE id = :delivery AND webhook_id = :id FOR UPDATE")
_ANEW: Final = """
UPDATE webhook_deliveries SET state = 'waiting', attempts = 0, claimed = false, next_at = now(), expires_at = NULL
"""
_AGAIN: Final = text(f"{_ANEW} WHERE id = :delivery AND webhook_id = :id")
_DEAD_AGAIN: Final = text(f"{_ANEW} WHERE webhook_id = :id AND state = 'dead' AND position IS NOT NULL")
_CURSOR: Final = text("SELECT position FROM webhook_cursors WHERE webhook_id = :id FOR UPDATE")
_BACK: Final = text("UPDATE webhook_cursors SET position = :position WHERE webhook_id = :id")
_SHOWN: Final = """
SELECT id, organization_id, url, description, event_types, is_enabled, disabled_because, created_by, created_at,
       updated_at, version
FROM webhooks
"""
_FIND: Final = f"{_SHOWN} WHERE organization_id = $1 AND id = $2"
_LIST: Final = f"""
{_SHOWN} WHERE organization_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
ORDER BY created_at DESC, id DESC LIMIT $4
"""
DELIVERIES: Final = """
SELECT id, event_id, type, position, state, attempts, status, reason, milliseconds, created_at, attempted_at,
       CASE WHEN state = 'waiting' THEN next_at END AS next_at
FROM webhook_deliveries
WHERE webhook_id = $1 AND {chosen} AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
ORDER BY created_at DESC, id DESC LIMIT $4
"""
CHOSEN: Final[Mapping[DeliveryState | None, str]] = {
    None: DELIVERIES.format(chosen="true"),
    **{each: DELIVERIES.format(chosen=f"state = '{each}'") for each in DeliveryState},
}
"""By state, which is part of the statement: an index of some states serves no other."""
_MAKER: Final = """
SELECT email FROM users u WHERE u.id = :created_by AND u.is_active AND u.email IS NOT NULL
"""
_ADDRESSES: Final = text(f"""
WITH maker AS ({_MAKER} AND EXISTS (
    SELECT 1 FROM memberships m WHERE m.user_id = u.id AND m.organization_id = :organization_id
))
SELECT email FROM maker UNION
SELECT u.email FROM grants g JOIN users u ON u.id = g.subject_id
WHERE g.organization_id = :organization_id AND {KEEPS} AND u.is_active AND u.email IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM maker)
""")  # noqa: S608 - made of constants
_OF_THE_PLATFORM: Final = text(_MAKER)


@dataclass(frozen=True, slots=True)
class SqlWebhooks(Webhooks):
    """Webhooks, in the transaction of the command."""

    work: SqlWork

    async def add(self, webhook: Webhook) -> None:
        """See `Webhooks.add`."""
        session, where = await self.work.begin(), {"organization_id": webhook.organization_id}
        if (await session.execute(_LOCK, where)).first() is None:
            raise OrganizationNotFound
        if (await session.scalar(_COUNT, where) or 0) >= MOST_WEBHOOKS:
            raise TooManyWebhooks
        session.add(webhook)
        with refusing(KEPT):
            await session.flush()
        await session.execute(_START, {"id": webhook.id})

    async def get(self, organization_id: OrganizationId, webhook_id: WebhookId) -> Webhook:
        """See `Webhooks.get`."""
        session = await self.work.begin()
        wanted = select(Webhook).where(webhooks.c.id == webhook_id, webhooks.c.organization_id == organization_id)
        if found := await session.scalar(wanted.with_for_update()):
            return found
        raise WebhookNotFound

    async def keep(self, webhook: Webhook) -> None:
        """See `Webhooks.keep`."""
        session = await self.work.begin()
        await session.flush()
        if webhook.is_enabled and webhook.disabled_because is None:
            await session.execute(_RESET, {"id": webhook.id})

    async def remove(self, webhook: Webhook) -> None:
        """See `Webhooks.remove`; cursor and deliveries go with it."""
        session = await self.work.begin()
        await session.delete(webhook)
        await session.flush()


@dataclass(frozen=True, slots=True)
class SqlDeliveries(Deliveries):
    """What people have delivered, in the transaction of the command."""

    work: SqlWork

    async def test(self, webhook: Webhook, now: datetime) -> DeliveryId:
        """See `Deliveries.test`."""
        made = DeliveryId(uuid7())
        await self._run(_TEST, webhook, delivery=made, event=uuid7(), type=TEST, now=now)
        return made

    async def again(self, webhook: Webhook, delivery_id: DeliveryId) -> None:
        """See `Deliveries.again`."""
        row = (await self._run(_STATE, webhook, delivery=delivery_id)).first()
        if row is None:
            raise DeliveryNotFound
        if row.state == DeliveryState.WAITING:
            raise DeliveryUnderWay
        await self._run(_AGAIN, webhook, delivery=delivery_id)

    async def dead_again(self, webhook: Webhook) -> int:
        """See `Deliveries.dead_again`."""
        return int((await self._run(_DEAD_AGAIN, webhook)).rowcount)

    async def since(self, webhook: Webhook, position: int) -> None:
        """See `Deliveries.since`: the cursor goes back, and workers find in the log what is told again."""
        row = (await self._run(_CURSOR, webhook)).one()
        if position > row.position:
            raise PositionAhead
        await self._run(_BACK, webhook, position=position)

    async def _run(self, statement: Any, webhook: Webhook, **values: Any) -> Any:
        session = await self.work.begin()
        return await session.execute(statement, {"id": webhook.id, **values})


@dataclass(frozen=True, slots=True)
class SqlMakers(Makers):
    """People, by whom webhooks were made, or who own the organization."""

    work: SqlWork

    async def addresses(self, webhook: Webhook) -> Sequence[str]:
        """See `Makers.addresses`."""
        session, where, maker = await self.work.begin(), webhook.organization_id, {"created_by": webhook.created_by}
        if where == PLATFORM:
            return list(await session.scalars(_OF_THE_PLATFORM, maker))
        values = {**maker, "organization_id": where, "role_id": OWNER}
        return list(await session.scalars(_ADDRESSES, values))


@dataclass(frozen=True, slots=True)
class SqlWebhookLists(WebhookLists):
    """Webhooks as they are at the moment, so newer than any command."""

    database: Database

    async def find(self, organization_id: OrganizationId, webhook_id: WebhookId) -> WebhookInfo | None:
        """See `WebhookLists.find`."""
        async with self.database.read() as connection:
            row = await connection.fetchrow(_FIND, organization_id, webhook_id)
        return row and WebhookInfo(**row)

    async def list(
        self, organization_id: OrganizationId, after: WebhookPlace | None, most: int
    ) -> Sequence[WebhookInfo]:
        """See `WebhookLists.list`."""
        async with self.database.read() as connection:
            rows = await connection.fetch(_LIST, organization_id, *_place(after), most)
        return [WebhookInfo(**row) for row in rows]

    async def deliveries(
        self, webhook_id: WebhookId, state: DeliveryState | None, after: WebhookPlace | None, most: int
    ) -> Sequence[DeliveryInfo]:
        """See `WebhookLists.deliveries`."""
        async with self.database.read() as connection:
            rows = await connection.fetch(CHOSEN[state], webhook_id, *_place(after), most)
        return [DeliveryInfo(**{**row, "state": DeliveryState(row["state"])}) for row in rows]


def _place(after: WebhookPlace | None) -> tuple[datetime | None, UUID | None]:
    return (after.created_at, after.id) if after else (None, None)
