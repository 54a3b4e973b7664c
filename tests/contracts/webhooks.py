"""What every `Webhooks`, `Deliveries` and `WebhookLists` promises."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from core.pipeline import UnitOfWork
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import DeliveryId, OrganizationId, UserId, WebhookId, uuid7
from domain.webhooks.errors import (
    DeliveryNotFound,
    DeliveryUnderWay,
    PositionAhead,
    TooManyWebhooks,
    WebhookNotFound,
)
from domain.webhooks.models import MOST_WEBHOOKS, Webhook
from domain.webhooks.readers import WebhookLists, WebhookPlace
from domain.webhooks.repositories import Deliveries, Webhooks
from domain.webhooks.schemas import DeliveryState, WebhookInfo

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Ports:
    """What takes part in one transaction."""

    work: UnitOfWork
    webhooks: Webhooks
    deliveries: Deliveries


class Ground(Protocol):
    """Makes transactions, and what workers make."""

    @property
    def lists(self) -> WebhookLists: ...

    def transaction(self) -> AbstractAsyncContextManager[Ports]:
        """Commit what happens within; discard it if something is raised."""

    async def organization(self) -> OrganizationId:
        """Return a new organization."""

    async def delivery(self, webhook: Webhook, state: DeliveryState, position: int | None) -> DeliveryId:
        """Return a new delivery; the cursor of the webhook is not before it."""


def a_webhook(organization_id: OrganizationId, **more: Any) -> Webhook:
    """Return a webhook that was not added yet."""
    known: dict[str, Any] = {
        "url": "https://example.com/hook",
        "description": "Hook \u0141",
        "event_types": ["identity.user.*", "organizations.organization.created"],
        "secret": b"\x00sealed",
        "created_by": UserId(uuid7()),
        "created_at": NOW,
        "updated_at": NOW,
        "version": 1,
    }
    return Webhook(organization_id=organization_id, **known | more)


async def added(ground: Ground, organization_id: OrganizationId | None = None, **more: Any) -> Webhook:
    """Return a webhook that was added."""
    made = a_webhook(organization_id or await ground.organization(), **more)
    async with ground.transaction() as ports:
        await ports.webhooks.add(made)
    return made


class WebhooksContract:
    """Subclasses provide the fixture `ground`."""

    async def test_keeps_what_was_added(self, ground: Ground) -> None:
        until = NOW + timedelta(hours=1)
        made = await added(
            ground, is_enabled=False, disabled_because="gone", previous_secret=b"o", previous_until=until
        )

        async with ground.transaction() as ports:
            found = await ports.webhooks.get(made.organization_id, made.id)
        for each in fields(Webhook):
            assert getattr(found, each.name) == getattr(made, each.name), each.name
        assert await ground.lists.find(made.organization_id, made.id) == made.info

    async def test_keeps_what_changed(self, ground: Ground) -> None:
        made = await added(ground)

        async with ground.transaction() as ports:
            found = await ports.webhooks.get(made.organization_id, made.id)
            found.url, found.event_types, found.is_enabled, found.version = "https://example.org/", ["*"], False, 2
            await ports.webhooks.keep(found)

        shown = await ground.lists.find(made.organization_id, made.id)
        assert shown
        assert (shown.url, shown.event_types, shown.is_enabled) == ("https://example.org/", ["*"], False)

    async def test_a2_finds_a_webhook_in_its_own_organization_alone(self, ground: Ground) -> None:
        made, theirs = await added(ground), await ground.organization()

        for where, which in ((theirs, made.id), (made.organization_id, WebhookId(uuid7()))):
            async with ground.transaction() as ports:
                with pytest.raises(WebhookNotFound):
                    await ports.webhooks.get(where, which)
            assert await ground.lists.find(where, which) is None

    async def test_refuses_an_organization_that_there_is_not(self, ground: Ground) -> None:
        with pytest.raises(OrganizationNotFound):
            await added(ground, OrganizationId(uuid7()))

    async def test_an_organization_has_so_many_and_no_more(self, ground: Ground) -> None:
        full = await ground.organization()
        for _ in range(MOST_WEBHOOKS):
            await added(ground, full)

        with pytest.raises(TooManyWebhooks):
            await added(ground, full)
        assert await added(ground)

    async def test_removes_a_webhook_with_its_deliveries(self, ground: Ground) -> None:
        made = await added(ground)
        await ground.delivery(made, DeliveryState.WAITING, 1)

        async with ground.transaction() as ports:
            await ports.webhooks.remove(await ports.webhooks.get(made.organization_id, made.id))

        assert await ground.lists.find(made.organization_id, made.id) is None
        assert not await ground.lists.deliveries(made.id, None, None, 10)

    async def test_lists_the_newest_first_in_parts(self, ground: Ground) -> None:
        where = await ground.organization()
        made = [await added(ground, where, created_at=NOW + timedelta(seconds=number // 2)) for number in range(5)]
        await added(ground)
        expected = sorted((each.info for each in made), key=lambda each: (each.created_at, each.id), reverse=True)

        found: list[WebhookInfo] = []
        after = None
        while part := await ground.lists.list(where, after, 2):
            found += part
            after = WebhookPlace(part[-1].created_at, part[-1].id)
        assert found == expected


class DeliveriesContract:
    """Subclasses provide the fixture `ground`."""

    async def test_a_test_waits_for_its_turn(self, ground: Ground) -> None:
        made = await added(ground)
        async with ground.transaction() as ports:
            delivery = await ports.deliveries.test(made, NOW)

        (shown,) = await ground.lists.deliveries(made.id, None, None, 10)
        assert (shown.id, shown.type, shown.position, shown.state) == (delivery, "webhooks.test", None, "waiting")
        assert (shown.attempts, shown.created_at, shown.status, shown.reason) == (0, NOW, None, None)
        assert shown.next_at

    @pytest.mark.parametrize("state", [DeliveryState.DELIVERED, DeliveryState.DEAD])
    async def test_what_is_over_can_be_done_again(self, ground: Ground, state: DeliveryState) -> None:
        made = await added(ground)
        delivery, other = await ground.delivery(made, state, 1), await ground.delivery(made, state, 2)
        async with ground.transaction() as ports:
            await ports.deliveries.again(made, delivery)

        shown = {each.id: each for each in await ground.lists.deliveries(made.id, None, None, 10)}
        assert (shown[delivery].state, shown[delivery].attempts) == (DeliveryState.WAITING, 0)
        assert (shown[other].state, shown[other].next_at) == (state, None)

    async def test_what_is_under_way_cannot(self, ground: Ground) -> None:
        made, other = await added(ground), await added(ground)
        waiting, theirs = (
            await ground.delivery(made, DeliveryState.WAITING, 1),
            await ground.delivery(other, DeliveryState.DEAD, 1),
        )
        async with ground.transaction() as ports:
            with pytest.raises(DeliveryUnderWay):
                await ports.deliveries.again(made, waiting)
            for which in (theirs, DeliveryId(uuid7())):
                with pytest.raises(DeliveryNotFound):
                    await ports.deliveries.again(made, which)

    async def test_everything_dead_can_be_done_again_but_tests(self, ground: Ground) -> None:
        made, other = await added(ground), await added(ground)
        dead = {await ground.delivery(made, DeliveryState.DEAD, position) for position in (1, 2)}
        await ground.delivery(made, DeliveryState.DELIVERED, 3)
        await ground.delivery(made, DeliveryState.DEAD, None)
        await ground.delivery(other, DeliveryState.DEAD, 1)
        async with ground.transaction() as ports:
            assert await ports.deliveries.dead_again(made) == 2

        waiting = await ground.lists.deliveries(made.id, DeliveryState.WAITING, None, 10)
        assert {each.id for each in waiting} == dead
        assert len(await ground.lists.deliveries(other.id, DeliveryState.DEAD, None, 10)) == 1

    async def test_what_is_told_again_from_the_log_stays_until_then_and_what_waits_goes_on(
        self, ground: Ground
    ) -> None:
        made = await added(ground)
        before, waiting = (
            await ground.delivery(made, DeliveryState.DEAD, 1),
            await ground.delivery(made, DeliveryState.WAITING, 2),
        )
        after = await ground.delivery(made, DeliveryState.DELIVERED, 3)
        async with ground.transaction() as ports:
            await ports.deliveries.since(made, 1)
        shown = {each.id: each.state for each in await ground.lists.deliveries(made.id, None, None, 10)}
        assert shown == {
            before: DeliveryState.DEAD,
            waiting: DeliveryState.WAITING,
            after: DeliveryState.DELIVERED,
        }

        async with ground.transaction() as ports:
            with pytest.raises(PositionAhead):
                await ports.deliveries.since(made, 2)

    async def test_lists_the_newest_first_in_parts(self, ground: Ground) -> None:
        made = await added(ground)
        for position in (1, 2, 3):
            await ground.delivery(made, DeliveryState.DEAD, position)

        first = await ground.lists.deliveries(made.id, DeliveryState.DEAD, None, 2)
        place = WebhookPlace(first[-1].created_at, first[-1].id)
        rest = await ground.lists.deliveries(made.id, DeliveryState.DEAD, place, 2)
        assert [each.position for each in (*first, *rest)] == [3, 2, 1]
        assert not await ground.lists.deliveries(made.id, DeliveryState.DELIVERED, None, 2)
