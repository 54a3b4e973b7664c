"""Whoever enables a webhook again misses nothing that the log still has."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from core.postgres.sequencer import Sequencer
from core.webhooks import attempts
from domain.kernel.ids import uuid7
from domain.webhooks.commands.update_webhook import UpdateWebhook
from domain.webhooks.models import Webhook
from domain.webhooks.schemas import DeliveryState
from tests.integration.api.conftest import configured
from tests.integration.webhooks.ground import SqlGround
from tests.integration.webhooks.test_delivery import SOON, disabled, failed, over, said, somebody, stated, teller
from tests.support.facts import until
from tests.support.receiver import Receiver
from tests.support.running import running
from tests.support.served import Served, served

LAST = "UPDATE webhook_deliveries SET attempts = $1 WHERE state = 'waiting'"
LONG_AGO = "UPDATE webhook_cursors SET failing_since = now() - interval '5 days 1 minute'"


@pytest.fixture
async def service(ground: SqlGround, redis_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(configured(tmp_path, database_url=ground.database.url, redis_url=redis_url)) as made:
        yield made


async def enabled(service: Served, webhook: Webhook) -> None:
    """Have the webhook enabled, as people do."""
    enable = UpdateWebhook(organization_id=webhook.organization_id, webhook_id=webhook.id, is_enabled=True)
    assert (await service.send(enable, await service.superuser())).is_enabled


async def delivered(ground: SqlGround, webhook: Webhook, events: set[UUID]) -> bool:
    return events <= {each.event_id for each in await ground.told(webhook, DeliveryState.DELIVERED)}


async def test_i7_only_persistent_failure_disables_and_whoever_enables_it_again_misses_nothing(
    ground: SqlGround, receiver: Receiver, service: Served
) -> None:
    receiver.answer = lambda _: 503
    webhook, _ = await ground.webhook(receiver.url(), created_by=await somebody(ground))
    async with running(Sequencer(ground.database), teller(ground)):
        events = [await stated(ground, uuid7(), 1)]
        await until(lambda: failed(ground, webhook, 1))
        assert not await disabled(ground, webhook)
        await ground.run(LAST, len(attempts.WAITS))
        await ground.run(SOON)
        await until(lambda: over(ground, webhook, DeliveryState.DEAD))
        events.append(await stated(ground, uuid7(), 1))
        await until(lambda: failed(ground, webhook, 1))
        await ground.run(LONG_AGO)
        await ground.run(SOON)
        await until(lambda: disabled(ground, webhook))
        assert await said(ground, webhook.id) == ("failing", 1, 1)
        events.append(await stated(ground, uuid7(), 1))
        assert len(await ground.told(webhook, DeliveryState.DEAD)) == 1
        receiver.answer = lambda _: 200
        await enabled(service, webhook)
        await ground.run(SOON)
        await until(lambda: delivered(ground, webhook, {*events}))


async def test_a_webhook_that_was_enabled_all_along_is_not_told_again_what_was_given_up(
    ground: SqlGround, service: Served
) -> None:
    webhook, _ = await ground.webhook("https://example.com/")
    await ground.delivery(webhook, DeliveryState.DEAD, 1)
    await enabled(service, webhook)
    assert len(await ground.told(webhook, DeliveryState.DEAD)) == 1
