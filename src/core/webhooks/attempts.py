"""One attempt to tell a webhook of one event, and when the next one is due."""

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from core.cloudevents import COLUMNS, MEDIA_TYPE, cloud_event, encode, rfc3339
from core.outbound.calling import CallFailed, Outbound, Trouble
from core.personal import PersonalKeys
from core.webhooks.rows import Turn
from core.webhooks.signing import SealedSecrets, signatures
from domain.events.schemas import CloudEvent

log = logging.getLogger(__name__)

DEADLINE: Final = 15.0
"""Seconds an attempt may take, all in all."""
WAITS: Final = tuple(timedelta(seconds=each) for each in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400))
"""After the first failure, the second and so on: three days and a half together. Then the delivery is dead."""
LONGEST: Final = timedelta(days=1)
"""As long as an endpoint may ask us to wait, with `Retry-After`."""
GONE: Final = 410
_ANSWERED: Final = range(200, 300)
_HOPELESS: Final = frozenset({"not_in_the_log", Trouble.TOO_LARGE})
_OURS: Final = _HOPELESS | {"event_unreadable", "secret_unreadable", "internal_error"}
_EVENT: Final = f"SELECT {COLUMNS} FROM events WHERE position = $1 AND id = $2"  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended."""

    arrived: bool
    status: int | None
    reason: str
    """Why it failed; empty if it arrived."""
    milliseconds: int
    asked: timedelta | None = None
    """How long the endpoint wants us to wait."""

    @property
    def theirs(self) -> bool:
        """Whether the endpoint is to blame, if it failed."""
        return self.reason not in _OURS

    @property
    def hopeless(self) -> bool:
        """Whether it would fail again, however often it was tried."""
        return self.gone or self.reason in _HOPELESS

    @property
    def gone(self) -> bool:
        """Whether the endpoint wants nothing any more."""
        return self.status == GONE


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends events: as CloudEvents in structured mode, signed as Standard Webhooks has it."""

    pool: Any
    outbound: Outbound
    secrets: SealedSecrets
    source: str
    people: PersonalKeys

    async def send(self, turn: Turn) -> Attempt:
        """Make the attempt; whatever the endpoint does is an outcome. Raise only what Postgres does."""
        try:
            event = await self._event(turn)
        except ValueError:
            return Attempt(arrived=False, status=None, reason="event_unreadable", milliseconds=0)
        if event is None:
            return Attempt(arrived=False, status=None, reason="not_in_the_log", milliseconds=0)
        try:
            keys = [self.secrets.open(turn.webhook_id, each) for each in (turn.secret, turn.previous_secret) if each]
        except ValueError:
            return Attempt(arrived=False, status=None, reason="secret_unreadable", milliseconds=0)
        began = time.monotonic()
        try:
            return await self._post(turn.url, event, keys)
        except Exception as error:  # noqa: BLE001 - else the lease would end, and it would be sent every minute for ever
            log.warning("an attempt broke: %s", type(error).__name__)
            return Attempt(arrived=False, status=None, reason="internal_error", milliseconds=_since(began))

    async def _post(self, url: str, event: CloudEvent, keys: Sequence[bytes]) -> Attempt:
        body, now, began = encode(event), int(time.time()), time.monotonic()
        headers = {
            "content-type": MEDIA_TYPE,
            "user-agent": "gatewright",
            "webhook-id": event["id"],
            "webhook-timestamp": str(now),
            "webhook-signature": signatures(event["id"], now, body, keys),
        }
        try:
            answered = await self.outbound.post(url, body, headers, DEADLINE)
        except CallFailed as error:
            return Attempt(arrived=False, status=None, reason=error.trouble, milliseconds=_since(began))
        if answered.status in _ANSWERED:
            return Attempt(arrived=True, status=answered.status, reason="", milliseconds=_since(began))
        asked = asked_to_wait(answered.headers.get("retry-after"))
        return Attempt(arrived=False, status=answered.status, reason="refused", milliseconds=_since(began), asked=asked)

    async def _event(self, turn: Turn) -> CloudEvent | None:
        if turn.position is None:
            return tried_out(turn, self.source)
        row = await self.pool.fetchrow(_EVENT, turn.position, turn.event_id)
        return row and cloud_event(row, self.source, self.people)


def tried_out(turn: Turn, source: str) -> CloudEvent:
    """Return the event by which a webhook is tried out; it stands in no log."""
    return CloudEvent(
        specversion="1.0",
        id=str(turn.event_id),
        source=source,
        type="webhooks.test",
        subject=f"webhook/{turn.webhook_id}",
        time=rfc3339(turn.created_at),
        datacontenttype="application/json",
        sequence=f"{0:019d}",
        aggregatetype="webhook",
        aggregateid=str(turn.webhook_id),
        aggregateversion=0,
        schemaversion=1,
        organizationid=str(turn.organization_id),
        data={"webhook_id": str(turn.webhook_id)},
    )


def wait(turn: Turn, attempt: Attempt) -> timedelta | None:
    """Return how long to wait for the next attempt, up to a tenth longer by chance; None if there is none."""
    if turn.position is None or attempt.hopeless or turn.attempts > len(WAITS):
        return None
    planned = WAITS[turn.attempts - 1]
    longer = max(planned, min(attempt.asked, LONGEST)) if attempt.asked else planned
    return longer * random.uniform(1, 1.1)  # noqa: S311 - spreads load, keeps no secret


def asked_to_wait(text: str | None) -> timedelta | None:
    """Read `Retry-After` (RFC 9110, section 10.2.3); what cannot be read asks for nothing."""
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=min(int(text[:9]), 10**8)), LONGEST)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return max(until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC), timedelta())


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
