"""Who may have events sent where, and what they are shown of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.webhooks.signing import secret_of
from domain.access.facade import Place
from domain.access.models import OWNER
from domain.kernel.errors import AddressRefused, BypassRequired, Forbidden, OrganizationNotFound, PreconditionFailed
from domain.kernel.ids import PLATFORM, DeliveryId, OrganizationId, WebhookId, uuid7
from domain.kernel.tokens import Tokens
from domain.kernel.usecases import Message
from domain.webhooks.commands.create_webhook import CreateWebhook
from domain.webhooks.commands.delete_webhook import DeleteWebhook
from domain.webhooks.commands.disable_webhook import DisableWebhook
from domain.webhooks.commands.redeliver import Redeliver
from domain.webhooks.commands.redeliver_one import RedeliverOne
from domain.webhooks.commands.rotate_webhook_secret import RotateWebhookSecret
from domain.webhooks.commands.try_webhook import TryWebhook
from domain.webhooks.commands.update_webhook import UpdateWebhook
from domain.webhooks.errors import (
    DeliveryNotFound,
    DeliveryUnderWay,
    EventTypesInvalid,
    PositionAhead,
    TooManyWebhooks,
    WebhookNotFound,
)
from domain.webhooks.models import MOST_WEBHOOKS
from domain.webhooks.queries.get_webhook import GetWebhook
from domain.webhooks.queries.list_deliveries import ListDeliveries
from domain.webhooks.queries.list_webhooks import ListWebhooks
from domain.webhooks.schemas import DeliveryState, WebhookSecret
from tests.support.app import App
from tests.support.memory.belonging import add_grant
from tests.support.memory.identity import USERS
from tests.support.memory.tables import MEMBERSHIPS
from tests.support.memory.webhooks import DELIVERIES, WEBHOOKS, Delivery, waiting
from tests.support.world import World

KEEPER = ("webhooks:read", "webhooks:write")
URL = "https://example.com/hook"
TYPES = ["identity.user.*", "webhooks.webhook.updated"]


@pytest.fixture
async def root(app: App) -> Tokens:
    return await app.administrator()


async def made(
    app: App, who: Tokens, where: OrganizationId = PLATFORM, url: str = URL, types: Sequence[str] = TYPES
) -> WebhookSecret:
    return await app.send(CreateWebhook(organization_id=where, url=url, event_types=[*types]), as_=who)


async def test_i7_the_secret_is_shown_once_and_kept_sealed(app: App, root: Tokens) -> None:
    webhook = await made(app, root)

    assert webhook.secret.startswith("whsec_")
    assert 24 <= len(secret_of(webhook.secret)) <= 64
    assert webhook.secret not in repr(webhook)
    row = app.memory.table(WEBHOOKS)[webhook.id]
    assert secret_of(webhook.secret) not in row.secret
    shown = await app.send(GetWebhook(organization_id=PLATFORM, webhook_id=webhook.id), as_=root)
    assert (shown.url, shown.event_types, shown.is_enabled) == (URL, sorted(TYPES), True)
    assert webhook.secret.removeprefix("whsec_") not in f"{shown}{app.facts}{app.memory.audited}"
    assert [fact.type for fact in app.facts][-1] == "webhooks.webhook.created"


async def test_an_owner_has_webhooks_of_their_own_organization_alone(
    app: App,
) -> None:
    world = await World.of(app)
    theirs, owner = world.ours, (await world.person(*KEEPER, "visibility:bypass")).tokens
    webhook, ours = await made(app, owner, theirs), await made(app, world.root.tokens)

    with pytest.raises(Forbidden):
        await made(app, owner, PLATFORM)
    with pytest.raises(WebhookNotFound):
        await app.send(GetWebhook(organization_id=theirs, webhook_id=ours.id), as_=owner)
    listed = await app.send(ListWebhooks(organization_id=theirs), as_=owner)
    assert [each.id for each in listed.items] == [webhook.id]


async def test_nobody_has_events_sent_out_that_a_wall_may_hide_from_them(app: App) -> None:
    world = await World.of(app)
    webhook = await made(app, (await world.person(*KEEPER, "visibility:bypass")).tokens, world.ours)
    blind, member, stranger = await world.person(*KEEPER), await world.person(), await world.person(within=world.theirs)

    for message in every(world.ours, webhook.id):
        if not isinstance(message, (GetWebhook, ListWebhooks)):
            with pytest.raises(BypassRequired):
                await world.send(message, blind)
        with pytest.raises(Forbidden):
            await world.send(message, member)
        with pytest.raises(OrganizationNotFound):
            await world.send(message, stranger)


def every(where: OrganizationId, webhook_id: WebhookId) -> list[Message[Any]]:
    """Return one of everything that can be asked about a webhook."""
    there: dict[str, Any] = {"organization_id": where, "webhook_id": webhook_id}
    return [
        CreateWebhook(organization_id=where, url=URL, event_types=["*"]),
        ListWebhooks(organization_id=where),
        *(kind(**there) for kind in (GetWebhook, ListDeliveries, RotateWebhookSecret, TryWebhook, Redeliver)),
        UpdateWebhook(**there, description="Other"),
        RedeliverOne(**there, delivery_id=DeliveryId(uuid7())),
        DeleteWebhook(**there),
    ]


@pytest.mark.parametrize(
    "url", ["http://example.com/", "https://127.0.0.1/", "https://localhost/", "https://user@example.com/"]
)
async def test_i6_an_address_of_our_own_is_refused_when_it_is_saved(app: App, root: Tokens, url: str) -> None:
    with pytest.raises(AddressRefused):
        await made(app, root, url=url)
    webhook = await made(app, root)
    with pytest.raises(AddressRefused):
        await app.send(UpdateWebhook(organization_id=PLATFORM, webhook_id=webhook.id, url=url), as_=root)


async def test_i6_a_name_of_an_address_of_our_own_is_refused() -> None:
    async def inside(_host: str, _port: int) -> Sequence[str]:
        return ["93.184.215.14", "10.0.0.1"]

    app = App(resolve=inside)
    with pytest.raises(AddressRefused):
        await made(app, await app.administrator())


@pytest.mark.parametrize(
    "types", [[], ["identity.user.nothing"], ["identity"], ["nothing.*"], ["*.created"], ["identity.*.created"], [""]]
)
async def test_refuses_types_that_no_event_has(app: App, root: Tokens, types: list[str]) -> None:
    with pytest.raises(EventTypesInvalid):
        await made(app, root, types=types)


async def test_takes_types_and_patterns_that_fit_one(app: App, root: Tokens) -> None:
    for types in (["*"], ["identity.*"], ["identity.user.*"], ["identity.user.created"]):
        assert await made(app, root, types=types)


async def test_an_organization_has_so_many_and_no_more(app: App, root: Tokens) -> None:
    for _ in range(MOST_WEBHOOKS):
        await made(app, root)
    with pytest.raises(TooManyWebhooks):
        await made(app, root)


async def test_changes_what_is_named_and_says_so_once(app: App, root: Tokens) -> None:
    webhook = await made(app, root)
    change = UpdateWebhook(
        organization_id=PLATFORM, webhook_id=webhook.id, url="https://example.com/b", is_enabled=False
    )
    for _ in range(2):
        changed = await app.send(change, as_=root)

    assert (changed.url, changed.is_enabled, changed.version) == ("https://example.com/b", False, 2)
    assert [fact.type for fact in app.facts].count("webhooks.webhook.updated") == 1
    with pytest.raises(PreconditionFailed):
        await app.send(replace(change, expected_version=1), as_=root)


async def test_i10_events_say_where_a_webhook_leads_and_not_what_is_secret_about_its_address(
    app: App, root: Tokens
) -> None:
    webhook = await made(app, root, url="https://hooks.example.com:8443/services/T0/canary?token=canary")
    change = UpdateWebhook(organization_id=PLATFORM, webhook_id=webhook.id, url="https://[2606:2800::1]/canary")
    changed = await app.send(change, as_=root)

    told = [fact.data["url"] for fact in app.facts if fact.type.startswith("webhooks.")]
    assert told == ["https://hooks.example.com:8443", "https://[2606:2800::1]"]
    assert "canary" not in f"{app.facts}{app.memory.audited}"
    assert changed.url == change.url, "who may see webhooks sees where they lead"


async def test_i7_a_rotated_secret_overlaps_with_the_one_of_before(app: App, root: Tokens) -> None:
    webhook = await made(app, root)
    before = app.memory.table(WEBHOOKS)[webhook.id].secret
    rotate = RotateWebhookSecret(organization_id=PLATFORM, webhook_id=webhook.id, overlap_hours=2)
    rotated = await app.send(rotate, as_=root)

    row = app.memory.table(WEBHOOKS)[webhook.id]
    assert rotated.secret != webhook.secret
    assert (row.previous_secret, row.previous_until) == (before, app.clock.now() + timedelta(hours=2))
    await app.send(replace(rotate, overlap_hours=0), as_=root)
    row = app.memory.table(WEBHOOKS)[webhook.id]
    assert (row.previous_secret, row.previous_until) == (None, None)


async def test_a_deleted_webhook_is_gone_with_its_deliveries(app: App, root: Tokens) -> None:
    webhook = await made(app, root)
    await app.send(TryWebhook(organization_id=PLATFORM, webhook_id=webhook.id), as_=root)
    await app.send(DeleteWebhook(organization_id=PLATFORM, webhook_id=webhook.id), as_=root)

    assert not app.memory.table(DELIVERIES)
    for message in every(PLATFORM, webhook.id):
        if not isinstance(message, (CreateWebhook, ListWebhooks)):
            with pytest.raises(WebhookNotFound):
                await app.send(message, as_=root)


async def test_i7_a_test_is_a_delivery_to_be_seen_and_not_to_be_hurried(app: App, root: Tokens) -> None:
    webhook = await made(app, root)
    tried = await app.send(TryWebhook(organization_id=PLATFORM, webhook_id=webhook.id), as_=root)
    again = RedeliverOne(organization_id=PLATFORM, webhook_id=webhook.id, delivery_id=tried.delivery_id)

    listed = await app.send(ListDeliveries(organization_id=PLATFORM, webhook_id=webhook.id), as_=root)
    assert [(each.id, each.type, each.state) for each in listed.items] == [
        (tried.delivery_id, "webhooks.test", DeliveryState.WAITING)
    ]
    with pytest.raises(DeliveryUnderWay):
        await app.send(again, as_=root)
    with pytest.raises(DeliveryNotFound):
        await app.send(replace(again, delivery_id=DeliveryId(uuid7())), as_=root)
    dead = ListDeliveries(organization_id=PLATFORM, webhook_id=webhook.id, state=DeliveryState.DEAD)
    assert (await app.send(dead, as_=root)).items == []


async def test_lists_are_paged(app: App, root: Tokens) -> None:
    webhook = await made(app, root)
    for _ in range(3):
        app.clock.pass_by(timedelta(seconds=1))
        await made(app, root)
        await app.send(TryWebhook(organization_id=PLATFORM, webhook_id=webhook.id), as_=root)
    messages: list[Any] = [
        ListWebhooks(organization_id=PLATFORM, limit=2),
        ListDeliveries(organization_id=PLATFORM, webhook_id=webhook.id, limit=2),
    ]
    for message in messages:
        first = await app.send(message, as_=root)
        rest = await app.send(replace(message, cursor=first.next), as_=root)
        found = [each.created_at for each in (*first.items, *rest.items)]
        assert (len(first.items), rest.next) == (2, None)
        assert found == sorted(found, reverse=True)
        assert len({each.id for each in (*first.items, *rest.items)}) == len(found) >= 3


async def test_nothing_is_told_again_that_was_not_told_yet(app: App, root: Tokens) -> None:
    webhook = await made(app, root)
    again = Redeliver(organization_id=PLATFORM, webhook_id=webhook.id)

    assert (await app.send(again, as_=root)).deliveries == 0
    assert (await app.send(replace(again, after=0), as_=root)).deliveries is None
    with pytest.raises(PositionAhead):
        await app.send(replace(again, after=10_000), as_=root)


def disabling(webhook_id: WebhookId, url: str) -> DisableWebhook:
    return DisableWebhook(organization_id=PLATFORM, webhook_id=webhook_id, reason="failing", url=url)


async def test_i7_a_webhook_is_not_disabled_for_an_address_that_it_has_left(app: App, root: Tokens) -> None:
    webhook = await made(app, root)
    await app.send(UpdateWebhook(organization_id=PLATFORM, webhook_id=webhook.id, url=f"{URL}/new"), as_=root)
    await app.send(disabling(webhook.id, URL), as_=root)
    assert (await app.send(GetWebhook(organization_id=PLATFORM, webhook_id=webhook.id), as_=root)).is_enabled


async def test_i7_whoever_made_a_webhook_is_mailed_when_it_is_disabled(app: App, root: Tokens) -> None:
    webhook = await made(app, root)
    for _ in range(2):
        await app.send(disabling(webhook.id, URL), as_=root)

    assert [fact.type for fact in app.facts].count("webhooks.webhook.disabled") == 1
    mails = [job.payload for job in app.memory.jobs if job.payload["mail"] == "webhook_disabled"]
    assert [(mail["to"], str(webhook.id) in mail["text"], "example.com" in mail["text"]) for mail in mails] == [
        ("root@example.com", True, True)
    ]
    enable = UpdateWebhook(organization_id=PLATFORM, webhook_id=webhook.id, is_enabled=True)
    shown = await app.send(enable, as_=root)
    assert (shown.is_enabled, shown.disabled_because) == (True, None)


async def test_i7_owners_are_mailed_if_whoever_made_a_webhook_is_no_member_any_more(app: App) -> None:
    world = await World.of(app)
    maker, left = await world.person(*KEEPER, "visibility:bypass"), await world.person(*KEEPER, "visibility:bypass")
    one, another, inactive, other = [await world.person() for _ in range(4)]
    for owner, where in ((one, world.ours), (another, world.ours), (inactive, world.ours), (other, world.theirs)):
        add_grant(app.memory, Place(where), owner.id, OWNER, app.clock.now(), kind="user")
    hooks = [(await made(app, each.tokens, world.ours)).id for each in (maker, left)]
    users = app.memory.table(USERS)
    users[inactive.id].is_active = False
    del app.memory.table(MEMBERSHIPS)[world.ours, left.id]

    for webhook, told in zip(hooks, [{maker.id}, {one.id, another.id}], strict=True):
        app.memory.jobs.clear()
        await world.send(replace(disabling(webhook, URL), organization_id=world.ours))
        assert sorted(job.payload["to"] for job in app.memory.jobs) == sorted(str(users[each].email) for each in told)


async def test_i7_what_was_given_up_is_tried_anew_once_a_webhook_is_enabled_again(app: App, root: Tokens) -> None:
    webhook = await made(app, root)
    change = UpdateWebhook(organization_id=PLATFORM, webhook_id=webhook.id)
    delivery = waiting(DeliveryId(uuid7()), "identity.user.created", 1, app.clock.now())
    dead = Delivery(replace(delivery, state=DeliveryState.DEAD, attempts=10, next_at=None), webhook.id)
    app.memory.table(DELIVERIES)[delivery.id] = dead
    states = []
    for each in (
        replace(change, description="Other"),
        replace(change, is_enabled=False),
        replace(change, is_enabled=True),
    ):
        await app.send(each, as_=root)
        states.append(app.memory.table(DELIVERIES)[delivery.id].info.state)
    assert states == ["dead", "dead", "waiting"]
