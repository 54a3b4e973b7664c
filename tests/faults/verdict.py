"""What must hold afterwards, whatever happened."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from core.postgres.loss import POSTGRES_LOST
from tests.support.facts import until
from tests.support.service import Service
from tests.support.subscriber import Subscriber, disorder

LEFT: Final = """
SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM audit_pending)
     + (SELECT count(*) FROM events e JOIN delivery_cursors c ON c.slot = e.slot AND e.position > c.position)
"""
HALVES: Final = {
    "a user without a password": "SELECT count(*) FROM users u WHERE NOT EXISTS (SELECT FROM credentials WHERE user_id = u.id)",
    "a user without the fact": """
        SELECT count(*) FROM users u WHERE 1 <> (
            SELECT count(*) FROM events WHERE aggregate_id = u.id AND type = 'identity.user.created')""",
    "a fact without the user": """
        SELECT count(*) FROM events e
        WHERE type = 'identity.user.created' AND NOT EXISTS (SELECT FROM users WHERE id = e.aggregate_id)""",
    "a sign-up that was not audited once": """
        SELECT count(*) FROM users u WHERE 1 <> (
            SELECT count(*) FROM audit
            WHERE action = 'identity.user.sign_up' AND outcome = 'done' AND target = 'user:' || u.id)""",
    "an audited sign-up without a user": """
        SELECT count(*) FROM audit a WHERE action = 'identity.user.sign_up' AND outcome = 'done'
            AND NOT EXISTS (SELECT FROM users u WHERE 'user:' || u.id = a.target)""",
    "a command that failed by our fault": "SELECT count(*) FROM audit WHERE outcome = 'failed'",
    "a version that does not count events": """
        SELECT count(*) FROM users u
        WHERE version <> (SELECT max(aggregate_version) FROM events WHERE aggregate_id = u.id)""",
    "an answer kept for nothing": "SELECT count(*) FROM idempotency_keys WHERE answer IS NULL",
    "an event that was given up": "SELECT count(*) FROM parked_events",
}


class Signed(Protocol):
    """One sign-up that was answered."""

    email: str
    status: int
    user: str
    updates: int


@dataclass
class Verdict:
    """What was found."""

    users: int = 0
    events: int = 0
    deliveries: int = 0
    violations: list[str] = field(default_factory=list)

    def check(self, what: str, wrong: object) -> None:
        """Note `what` if there is anything wrong."""
        if wrong:
            self.violations.append(f"{what}: {str(wrong)[:500]}")


async def verdict(service: Service, settled: Sequence[Signed], subscriber: Subscriber) -> Verdict:
    """Compare what people were told, what the database holds, and what was delivered."""

    async def quiet() -> bool:
        try:
            async with service.sql() as connection:
                return not await connection.fetchval(LEFT)
        except POSTGRES_LOST:
            return False

    await until(quiet, 180)
    found = Verdict()
    async with service.sql() as connection:
        users = {row["email"]: str(row["id"]) for row in await connection.fetch("SELECT id, email FROM users")}
        logged = {str(row["id"]) for row in await connection.fetch("SELECT id FROM events")}
        for what, query in HALVES.items():
            found.check(what, await connection.fetchval(query))
        refused = await connection.fetchval("SELECT count(*) FROM audit WHERE outcome = 'identity.email_taken'")
    await until(lambda: _arrived(subscriber, logged), 60)
    events = [event for event in subscriber.events if event["id"] in logged]
    told = {each.email: each.user for each in settled if each.status == 201}
    found.users, found.events, found.deliveries = len(users), len(logged), len(events)
    found.check("acknowledged and not there", told.items() - users.items())
    found.check("there and never acknowledged", users.items() - told.items())
    found.check("refused and not audited", refused < sum(each.status == 409 for each in settled))
    _check_events(found, events, told, {each.user: each.updates for each in settled if each.user})
    return found


def _check_events(found: Verdict, events: list[dict[str, Any]], told: dict[str, str], updates: dict[str, int]) -> None:
    found.check("out of order", disorder(events))
    by_id = {event["id"]: event for event in events}
    created = Counter(e["aggregateid"] for e in by_id.values() if e["type"] == "identity.user.created")
    found.check("created more than once", [user for user, count in created.items() if count > 1])
    found.check("acknowledged and never announced", set(told.values()) - created.keys())
    found.check("announced and never acknowledged", created.keys() - set(told.values()))
    versions: dict[str, list[int]] = defaultdict(list)
    for event in by_id.values():
        if event["aggregatetype"] == "user":
            versions[event["aggregateid"]].append(event["aggregateversion"])
    found.check("gaps", [user for user, seen in versions.items() if seen != list(range(1, len(seen) + 1))])
    renamed = Counter(e["aggregateid"] for e in by_id.values() if e["type"] == "identity.user.updated")
    found.check("renamed too often or too seldom", [u for u, count in updates.items() if renamed[u] != count])


async def _arrived(subscriber: Subscriber, ids: set[str]) -> bool:
    await asyncio.sleep(0)
    return ids <= subscriber.ids
