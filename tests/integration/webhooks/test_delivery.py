"""Webhooks are told what the log says: on a real Postgres, at a real endpoint."""

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import pytest

from core.keys import Keys
from core.outbound.calling import Outbound
from core.postgres.sequencer import Sequencer
from core.secrets import Secrets
from core.webhooks import attempts
from core.webhooks.disabling import disabling
from core.webhooks.planning import plan
from core.webhooks.rows import webhooking
from core.webhooks.teller import BUDGET, Teller
from domain.kernel.ids import PLATFORM, WebhookId, uuid7
from domain.keys.policies import KeyPolicy
from domain.webhooks.models import Webhook
from domain.webhooks.schemas import DeliveryState
from tests.integration.webhooks.ground import SECRETS, SqlGround
from tests.support.facts import fill, number, state, until
from tests.support.receiver import Receiver, verified
from tests.support.running import running

LOOPBACK = Outbound((ip_network("127.0.0.0/8"),), http=True)
KEYS = Keys(Secrets(b"a master secret for webhooks 32 B"), None, KeyPolicy())
SOON = "UPDATE webhook_deliveries SET next_at = now() WHERE state = 'waiting' AND NOT claimed"


@dataclass
class Notes:
    """Counts how attempts ended."""

    ended: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def attempted(self, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.ended[outcome] += 1


def teller(ground: SqlGround, **more: Any) -> Teller:
    """Return the part of a worker that tells webhooks."""
    disable = disabling(ground.database, KEYS)
    return Teller(ground.database, LOOPBACK, SECRETS, disable, KEYS.people, "https://auth.example.org/auth", **more)


async def arrived(receiver: Receiver, count: int) -> bool:
    return len({each["id"] for each in receiver.events}) >= count


async def over(ground: SqlGround, webhook: Webhook, state: DeliveryState, count: int = 1) -> bool:
    return len(await ground.told(webhook, state)) >= count


async def stated(ground: SqlGround, aggregate: UUID, version: int, **more: Any) -> UUID:
    """State an event and number it."""
    async with ground.database.read() as connection:
        event = await state(connection, aggregate, version, **more)
        await number(connection)
    return event


async def test_i7_an_event_arrives_signed_as_standard_webhooks_has_it(ground: SqlGround, receiver: Receiver) -> None:
    webhook, secret = await ground.webhook(receiver.url("/hook?a=b"), "identity.user.*")
    person = uuid7()
    async with running(Sequencer(ground.database), teller(ground)):
        event = await stated(ground, person, 1, type="identity.user.created")
        await until(lambda: over(ground, webhook, DeliveryState.DELIVERED))

    (request,) = receiver.received
    assert request.path == "/hook?a=b"
    assert request.headers["webhook-id"] == str(event) == request.event["id"]
    assert request.headers["content-type"] == "application/cloudevents+json"
    assert verified(secret, request.headers, request.body)
    assert not verified(secret, request.headers, request.body + b" ")
    assert not verified(SECRETS.make(webhook.id).shown, request.headers, request.body)
    old = {**request.headers, "webhook-timestamp": str(int(time.time()) - 301)}
    assert not verified(secret, old, request.body)
    told = request.event
    assert (told["specversion"], told["source"], told["subject"]) == (
        "1.0",
        "https://auth.example.org/auth",
        f"user/{person}",
    )
    assert told["data"] == {"full_name": "Ada"}
    (shown,) = await ground.told(webhook)
    assert (shown.event_id, shown.position, shown.attempts, shown.status, shown.reason) == (event, 1, 1, 204, None)


async def test_a_webhook_is_told_what_it_asked_for_of_its_own_organization_from_its_creation_on(
    ground: SqlGround, receiver: Receiver
) -> None:
    ours, theirs = await ground.organization(), await ground.organization()
    await stated(ground, uuid7(), 1, type="identity.user.created", organization=ours)
    webhook, _ = await ground.webhook(receiver.url(), "identity.user.*", "teams.team.created", where=ours)
    wanted = []
    for kind, where, told in (
        ("identity.user.created", ours, True),
        ("teams.team.created", ours, True),
        ("teams.team.updated", ours, False),
        ("identity.username.created", ours, False),
        ("identity.user.created", theirs, False),
        ("identity.user.created", None, False),
        ("identity.user.deleted", ours, True),
    ):
        event = await stated(ground, uuid7(), 1, type=kind, organization=where)
        wanted += [str(event)] * told
    async with running(teller(ground)):
        await until(lambda: over(ground, webhook, DeliveryState.DELIVERED, len(wanted)))
    assert sorted(each["id"] for each in receiver.events) == sorted(wanted)


async def test_i7_a_rotated_secret_overlaps(ground: SqlGround, receiver: Receiver) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    webhook, first = await ground.webhook(receiver.url())
    for until_when, both in ((later, True), (datetime.now(UTC) - timedelta(seconds=1), False)):
        made = SECRETS.make(webhook.id)
        async with ground.transaction() as ports:
            row = await ports.webhooks.get(webhook.organization_id, webhook.id)
            row.previous_secret, row.previous_until, row.secret = row.secret, until_when, made.sealed
            row.version += 1
            await ports.webhooks.keep(row)
        async with running(teller(ground)):
            event = await stated(ground, uuid7(), 1)
            await until(lambda event=event: holds(receiver, event))  # type: ignore[misc]  # mypy sees no default
        request = receiver.received[-1]
        assert verified(made.shown, request.headers, request.body)
        assert verified(first, request.headers, request.body) is both
        assert len(request.headers["webhook-signature"].split(" ")) == 1 + both


async def holds(receiver: Receiver, event: UUID) -> bool:
    return str(event) in {each["id"] for each in receiver.events}


@pytest.mark.parametrize("answer", [500, 302, 404, 429, "close"])
async def test_i7_a_failed_attempt_is_repeated_under_the_same_id_later(
    ground: SqlGround, receiver: Receiver, answer: int | str
) -> None:
    receiver.answer = lambda _: answer if len(receiver.received) < 3 else 200
    webhook, _ = await ground.webhook(receiver.url())
    notes = Notes()
    async with running(teller(ground, meter=notes)):
        event = await stated(ground, uuid7(), 1)
        for count in (1, 2):
            await until(partial(failed, ground, webhook, count))
            (shown,) = await ground.told(webhook)
            assert shown.state is DeliveryState.WAITING
            assert (shown.status, shown.reason) == ((None, "no_answer") if answer == "close" else (answer, "refused"))
            assert shown.attempted_at
            assert shown.next_at
            planned = attempts.WAITS[count - 1]
            assert planned <= shown.next_at - shown.attempted_at <= planned * 1.1 + timedelta(seconds=30)
            await ground.run(SOON)
        await until(lambda: over(ground, webhook, DeliveryState.DELIVERED))
    assert {each.headers["webhook-id"] for each in receiver.received} == {str(event)}
    assert notes.ended == {"failed": 2, "delivered": 1}


async def failed(ground: SqlGround, webhook: Webhook, count: int) -> bool:
    query = "SELECT count(*) FROM webhook_deliveries WHERE webhook_id = $1 AND attempts = $2 AND NOT claimed"
    async with ground.database.read() as connection:
        return bool(await connection.fetchval(query, webhook.id, count))


async def test_i7_an_event_that_cannot_be_delivered_is_dead_and_the_next_ones_go_on(
    ground: SqlGround, receiver: Receiver
) -> None:
    person = uuid7()
    first = await stated(ground, person, 1)
    webhook, _ = await ground.webhook(receiver.url())
    await ground.run("UPDATE webhook_cursors SET position = 0")
    second = await stated(ground, person, 2)
    receiver.answer = lambda request: 500 if request.event["id"] == str(first) else 200
    async with running(teller(ground)):
        await until(lambda: failed(ground, webhook, 1))
        assert not await holds(receiver, second)
        await ground.run("UPDATE webhook_deliveries SET attempts = $1 WHERE attempts > 0", len(attempts.WAITS))
        await ground.run(SOON)
        await until(lambda: over(ground, webhook, DeliveryState.DELIVERED))
    assert await kept(ground) == {"dead": 30, "delivered": 1}
    (dead,) = await ground.told(webhook, DeliveryState.DEAD)
    assert (dead.event_id, dead.status, dead.reason, dead.next_at) == (first, 500, "refused", None)

    receiver.answer = lambda _: 200
    async with ground.transaction() as ports:
        assert await ports.deliveries.dead_again(webhook) == 1
    async with running(teller(ground)):
        await until(lambda: over(ground, webhook, DeliveryState.DELIVERED, 2))


async def kept(ground: SqlGround) -> dict[str, int]:
    """Return how many days deliveries that are over are kept, by state."""
    async with ground.database.read() as connection:
        rows = await connection.fetch(
            "SELECT state, round(extract(epoch FROM expires_at - now()) / 86400)::int AS days FROM webhook_deliveries"
            " WHERE expires_at IS NOT NULL"
        )
    return {each["state"]: each["days"] for each in rows}


async def test_the_events_of_an_aggregate_arrive_in_order_whatever_fails(ground: SqlGround, receiver: Receiver) -> None:
    tried: dict[str, int] = defaultdict(int)

    def flaky(request: Any) -> int:
        tried[request.event["id"]] += 1
        return 500 if tried[request.event["id"]] == 1 and request.event["aggregateversion"] % 2 else 200

    receiver.answer = flaky
    webhook, _ = await ground.webhook(receiver.url())
    await fill(ground.database.url, 30, 5)
    accepted: dict[str, list[int]] = defaultdict(list)
    async with running(teller(ground), teller(ground), hurry(ground)):
        await until(lambda: over(ground, webhook, DeliveryState.DELIVERED, 30))
    seen: set[str] = set()
    for each in receiver.events:
        if each["aggregateversion"] % 2 == 0 or each["id"] in seen:
            accepted[each["subject"]].append(each["aggregateversion"])
        seen.add(each["id"])
    assert all(versions == [1, 2, 3, 4, 5, 6] for versions in accepted.values()), accepted
    assert len(accepted) == 5


@dataclass
class hurry:  # noqa: N801 - used as a part that runs beside others
    """Has whatever failed tried again at once."""

    ground: SqlGround

    async def run(self) -> None:
        while True:
            await self.ground.run(SOON)
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("answer", ["hang", "close", 500])
async def test_i7_an_endpoint_that_is_slow_or_dead_delays_nobody_else(
    ground: SqlGround, receiver: Receiver, answer: int | str
) -> None:
    async with Receiver(answer=lambda _: answer) as dead:
        await ground.webhook(dead.url())
        webhook, _ = await ground.webhook(receiver.url())
        await fill(ground.database.url, 200, 100)
        async with running(teller(ground)):
            await until(lambda: over(ground, webhook, DeliveryState.DELIVERED, 200), 45)
        assert len(receiver.received) == 200
        assert receiver.most <= BUDGET
        assert dead.most <= BUDGET


async def test_i7_two_workers_share_the_deliveries_and_repeat_nothing(ground: SqlGround, receiver: Receiver) -> None:
    webhook, _ = await ground.webhook(receiver.url())
    first, second = Notes(), Notes()
    await fill(ground.database.url, 300, 100)
    async with running(teller(ground, meter=first), teller(ground, meter=second)):
        await until(lambda: over(ground, webhook, DeliveryState.DELIVERED, 300))
    assert len(receiver.received) == 300 == first.ended["delivered"] + second.ended["delivered"]
    assert receiver.most <= BUDGET


async def test_i7_a_worker_that_is_gone_leaves_what_it_had_claimed_to_the_others(
    ground: SqlGround, receiver: Receiver
) -> None:
    webhook, _ = await ground.webhook(receiver.url())
    event = await stated(ground, uuid7(), 1)
    receiver.answer = lambda _: "hang"
    async with running(teller(ground)):
        await until(lambda: arrived(receiver, 1))
        receiver.answer = lambda _: 200
    async with running(teller(ground)):
        await until(lambda: over(ground, webhook, DeliveryState.DELIVERED))
    assert {each.headers["webhook-id"] for each in receiver.received} == {str(event)}


async def test_i7_gone_disables_at_once_with_an_event_and_a_mail(ground: SqlGround, receiver: Receiver) -> None:
    receiver.answer = lambda _: 410
    webhook, _ = await ground.webhook(receiver.url(), created_by=await somebody(ground))
    async with running(Sequencer(ground.database), teller(ground)):
        await stated(ground, uuid7(), 1)
        await until(lambda: disabled(ground, webhook))
        await stated(ground, uuid7(), 1)
        assert await said(ground, webhook.id) == ("gone", 1, 1)
    shown = await ground.lists.find(webhook.organization_id, webhook.id)
    assert shown
    assert (shown.is_enabled, shown.disabled_because) == (False, "gone")
    assert len(receiver.received) == 1


async def test_i7_what_an_address_says_that_was_corrected_meanwhile_disables_nothing(
    ground: SqlGround, receiver: Receiver
) -> None:
    async def corrected(_host: str, _port: int) -> list[str]:
        await ground.run("UPDATE webhooks SET url = $1, version = version + 1", receiver.url("/new"))
        return ["127.0.0.1"]

    receiver.answer = lambda request: 410 if request.path == "/old" else 200
    webhook, _ = await ground.webhook(f"http://hook.example:{receiver.port}/old", created_by=await somebody(ground))
    async with running(
        Sequencer(ground.database), replace(teller(ground), outbound=replace(LOOPBACK, resolve=corrected))
    ):
        await stated(ground, uuid7(), 1)
        await until(lambda: received(receiver, 2))
        await until(lambda: over(ground, webhook, DeliveryState.DELIVERED))
    assert [each.path for each in receiver.received] == ["/old", "/new"]
    assert not await disabled(ground, webhook)


async def disabled(ground: SqlGround, webhook: Webhook) -> bool:
    shown = await ground.lists.find(webhook.organization_id, webhook.id)
    return bool(shown and not shown.is_enabled)


async def said(ground: SqlGround, webhook_id: WebhookId) -> tuple[str, int, int]:
    """Return why it was disabled as the event says it, and how many mails and audit entries there are of it."""
    async with ground.database.read() as connection:
        facts = "SELECT data FROM outbox UNION ALL SELECT data FROM events"
        why = await connection.fetchval(
            f"SELECT data ->> 'reason' FROM ({facts}) f WHERE data ->> 'webhook_id' = $1 AND data ? 'reason'",
            str(webhook_id),
        )
        mails = await connection.fetchval("SELECT count(*) FROM jobs WHERE name = 'send_mail'")
        audited = "SELECT action, actor, target FROM audit_pending UNION ALL SELECT action, actor, target FROM audit"
        entries = await connection.fetchval(
            f"SELECT count(*) FROM ({audited}) a WHERE action = 'webhooks.webhook.disable' AND actor = 'worker'"
            " AND target = $1",
            f"webhook:{webhook_id}",
        )
    return why, mails, entries


async def somebody(ground: SqlGround) -> UUID:
    """Return a person who can be mailed."""
    made = uuid7()
    await ground.run(
        "INSERT INTO users (id, email, email_verified, is_active, epoch, created_at, updated_at, version)"
        " VALUES ($1, $2, true, true, 1, now(), now(), 1)",
        made,
        f"{made}@example.com",
    )
    return made


async def test_i7_a_test_is_sent_once_to_this_webhook_alone_even_if_it_is_disabled(
    ground: SqlGround, receiver: Receiver
) -> None:
    receiver.answer = lambda _: 500
    webhook, secret = await ground.webhook(receiver.url("/a"), is_enabled=False)
    await ground.webhook(receiver.url("/b"))
    async with ground.transaction() as ports:
        await ports.deliveries.test(webhook, datetime.now(UTC))
    async with running(teller(ground)):
        await until(lambda: over(ground, webhook, DeliveryState.DEAD))
    (request,) = receiver.received
    assert (request.path, request.event["type"]) == ("/a", "webhooks.test")
    assert request.event["data"] == {"webhook_id": str(webhook.id)}
    assert verified(secret, request.headers, request.body)


async def test_everything_since_a_position_is_told_again_under_the_same_ids(
    ground: SqlGround, receiver: Receiver
) -> None:
    webhook, _ = await ground.webhook(receiver.url())
    await fill(ground.database.url, 20, 20)
    async with running(teller(ground)):
        await until(lambda: over(ground, webhook, DeliveryState.DELIVERED, 20))
        async with ground.transaction() as ports:
            await ports.deliveries.since(webhook, 15)
        await until(lambda: received(receiver, 25))
        await until(lambda: over(ground, webhook, DeliveryState.DELIVERED, 20))
    positions = [int(each["sequence"]) for each in receiver.events]
    assert sorted(positions[20:]) == [16, 17, 18, 19, 20]
    assert len({each["id"] for each in receiver.events}) == 20


async def received(receiver: Receiver, count: int) -> bool:
    return len(receiver.received) >= count


async def test_i6_a_name_that_means_something_else_by_now_is_not_called(ground: SqlGround, receiver: Receiver) -> None:
    async def inside(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    webhook, _ = await ground.webhook(f"http://rebound.example:{receiver.port}/")
    await stated(ground, uuid7(), 1)
    public = Outbound(http=True, resolve=inside)
    async with running(replace(teller(ground), outbound=public)):
        await until(lambda: failed(ground, webhook, 1))
    (shown,) = await ground.told(webhook)
    assert (shown.state, shown.reason) == (DeliveryState.WAITING, "address_refused")
    assert not receiver.received


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("120", 120, 140),
        ("1", 5, 6),
        ("99999999999", 86_400, 95_041),
        ("soon", 5, 6),
        ("-5", 5, 6),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 86_400, 95_041),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 5, 6),
    ],
)
async def test_i7_retry_after_is_honoured_within_bounds(
    ground: SqlGround, receiver: Receiver, header: str, least: int, most: int
) -> None:
    receiver.answer, receiver.headers = (lambda _: 503), f"retry-after: {header}\r\n"
    webhook, _ = await ground.webhook(receiver.url())
    await stated(ground, uuid7(), 1)
    async with running(teller(ground)):
        await until(lambda: failed(ground, webhook, 1))
    async with ground.database.read() as connection:
        row = await connection.fetchrow("SELECT next_at - attempted_at AS wait FROM webhook_deliveries")
    assert least <= row["wait"].total_seconds() <= most + 20


async def test_what_is_no_fault_of_the_endpoint_is_not_held_against_it(ground: SqlGround, receiver: Receiver) -> None:
    lost, _ = await ground.webhook(receiver.url())
    await stated(ground, uuid7(), 1)
    async with ground.database.read() as connection:
        await plan(connection, PLATFORM)
        await connection.execute("DELETE FROM events")
    async with running(teller(ground)):
        await until(lambda: over(ground, lost, DeliveryState.DEAD))
    assert [each.reason for each in await ground.told(lost)] == ["not_in_the_log"]
    async with ground.database.read() as connection:
        assert (await webhooking(connection)).failing == 0
    assert not receiver.received


async def test_i7_an_attempt_that_breaks_here_is_an_outcome_too(ground: SqlGround, receiver: Receiver) -> None:
    async def broken(_host: str, _port: int) -> list[str]:
        raise RuntimeError("no thread is to be had")

    webhook, _ = await ground.webhook(f"http://hook.example:{receiver.port}/")
    await stated(ground, uuid7(), 1)
    async with running(replace(teller(ground), outbound=replace(LOOPBACK, resolve=broken))):
        await until(lambda: failed(ground, webhook, 1))
    (shown,) = await ground.told(webhook)
    assert (shown.state, shown.reason) == (DeliveryState.WAITING, "internal_error")
    async with ground.database.read() as connection:
        assert (await webhooking(connection)).failing == 0


async def test_i7_a_secret_of_another_webhook_signs_nothing(ground: SqlGround, receiver: Receiver) -> None:
    lent, _ = await ground.webhook(receiver.url(), is_enabled=False)
    moved, _ = await ground.webhook(receiver.url())
    await ground.run(
        "UPDATE webhooks SET secret = (SELECT secret FROM webhooks WHERE id = $1) WHERE id = $2", lent.id, moved.id
    )
    await stated(ground, uuid7(), 1)
    async with running(teller(ground)):
        await until(lambda: failed(ground, moved, 1))
    (shown,) = await ground.told(moved)
    assert (shown.state, shown.reason) == (DeliveryState.WAITING, "secret_unreadable")
    assert not receiver.received


async def test_how_webhooks_fare_is_measured(ground: SqlGround, receiver: Receiver) -> None:
    await ground.webhook(receiver.url())
    await ground.webhook(receiver.url(), is_enabled=False)
    await fill(ground.database.url, 7, 7)
    await ground.run(
        "UPDATE webhook_cursors SET failing_since = now() WHERE webhook_id = (SELECT min(id::text)::uuid FROM webhooks)"
    )
    async with ground.database.read() as connection:
        found = await webhooking(connection)
    assert (found.failing, found.disabled, found.behind, found.waiting) == (1, 1, 7, 0)
