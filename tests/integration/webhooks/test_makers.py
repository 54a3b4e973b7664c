"""Somebody is told when a webhook is disabled, whoever has left."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from core.clock import SystemClock
from core.postgres.webhooks import SqlMakers
from core.postgres.work import SqlWork
from domain.access.models import OWNER
from domain.kernel.ids import PLATFORM, OrganizationId, UserId
from tests.contracts.webhooks import a_webhook
from tests.integration.webhooks.ground import SqlGround
from tests.integration.webhooks.test_delivery import somebody
from tests.support.served import GRANT

JOIN = "INSERT INTO memberships VALUES (gen_random_uuid(), $1, $2, now(), 1)"
GONE = {
    "left": "DELETE FROM memberships WHERE user_id = $1",
    "deactivated": "UPDATE users SET is_active = false WHERE id = $1",
    "erased": "DELETE FROM users WHERE id = $1",
}


async def told(ground: SqlGround, where: OrganizationId, maker: UUID) -> Sequence[str]:
    work = SqlWork(ground.database, SystemClock(), b"audit key", lambda _: None)
    try:
        return sorted(await SqlMakers(work).addresses(a_webhook(where, created_by=UserId(maker))))
    finally:
        await work.rollback()


async def owned(ground: SqlGround) -> tuple[OrganizationId, list[str]]:
    """Return an organization, and the addresses of its two active owners; a third is inactive."""
    made, owners = await ground.organization(), [await somebody(ground) for _ in range(3)]
    for each in owners:
        await ground.run(JOIN, made, each)
        await ground.run(GRANT, made, each, OWNER)
    await ground.run(GONE["deactivated"], owners.pop())
    return made, sorted(f"{each}@example.com" for each in owners)


async def test_i7_whoever_made_a_webhook_is_told_while_they_belong_there(ground: SqlGround) -> None:
    (where, _), maker = await owned(ground), await somebody(ground)
    await ground.run(JOIN, where, maker)
    assert await told(ground, where, maker) == [f"{maker}@example.com"]


@pytest.mark.parametrize("gone", GONE)
async def test_i7_owners_are_told_otherwise(ground: SqlGround, gone: str) -> None:
    (where, owners), (elsewhere, _), maker = await owned(ground), await owned(ground), await somebody(ground)
    await ground.run(JOIN, where, maker)
    await ground.run(GONE[gone], maker)
    await ground.run(JOIN, elsewhere, maker if gone == "left" else await somebody(ground))
    assert await told(ground, where, maker) == owners


async def test_i7_of_the_platforms_webhooks_their_maker_is_told_alone(ground: SqlGround) -> None:
    maker = await somebody(ground)
    assert await told(ground, PLATFORM, maker) == [f"{maker}@example.com"]
    await ground.run(GONE["deactivated"], maker)
    assert await told(ground, PLATFORM, maker) == []
