"""What subscribers are told of webhooks themselves."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from core.postgres.log import LogFollower
from core.postgres.states import SqlStates
from domain.events.kinds import KINDS
from domain.events.ports import Selection
from domain.kernel.ids import PLATFORM
from domain.webhooks.commands.create_webhook import CreateWebhook
from domain.webhooks.commands.update_webhook import UpdateWebhook
from tests.integration.api.conftest import configured
from tests.integration.webhooks.ground import SqlGround
from tests.support.served import Served, served


@pytest.fixture
async def service(ground: SqlGround, redis_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    settings = configured(
        tmp_path, database_url=ground.database.url, redis_url=redis_url, outbound_networks="127.0.0.0/8,::1/128"
    )
    async with served(settings) as made:
        yield made


async def test_i10_events_and_snapshots_say_the_same_and_nothing_of_what_is_secret_about_an_address(
    ground: SqlGround, service: Served
) -> None:
    root, told = await service.superuser(), []
    states = SqlStates(ground.database, LogFollower(ground.database))
    made = await service.send(
        CreateWebhook(organization_id=PLATFORM, url="https://127.0.0.1/a?token=canary", event_types=["*"]), root
    )
    for url in ("https://127.0.0.1:8443/canary", "https://[::1]:8443?token=canary", "https://127.0.0.1"):
        await service.send(UpdateWebhook(organization_id=PLATFORM, webhook_id=made.id, url=url), root)
        (thing,) = await states.things(Selection(KINDS["webhook"]), None, 10)
        fact = await service.connection.fetchval("SELECT data FROM outbox ORDER BY aggregate_version DESC LIMIT 1")
        state, event = msgspec.json.decode(thing.data), msgspec.json.decode(fact)
        assert state.items() <= event.items()
        told.append(event["url"])
    assert told == ["https://127.0.0.1:8443", "https://[::1]:8443", "https://127.0.0.1"]
    stored = "SELECT string_agg(o::text, '') || (SELECT string_agg(a::text, '') FROM audit_pending a) FROM outbox o"
    assert "canary" not in await service.connection.fetchval(stored)
