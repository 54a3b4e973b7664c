"""What webhooks show to callers, and what they take from them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.kernel.ids import DeliveryId, OrganizationId, UserId, WebhookId
from domain.kernel.schemas import Length

Url = Annotated[str, Length(1, 2048)]
Description = Annotated[str, Length(0, 400)]
EventTypes = Annotated[list[Annotated[str, Length(1, 100)]], Length(0, 200)]
Cursor = Annotated[str, Length(1, 1024)]


@dataclass(frozen=True, slots=True)
class WebhookInfo:
    """A webhook. One that is not enabled is told nothing; enabled again, what it missed and the log still has."""

    id: WebhookId
    organization_id: OrganizationId
    url: str
    description: str
    event_types: list[str]
    """Types, and patterns that end in `*`."""
    is_enabled: bool
    disabled_because: str | None
    """`failing` or `gone`, if nobody disabled it by hand."""
    created_by: UserId
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """What requests to a webhook are signed with. It is never shown again."""

    id: WebhookId
    secret: str = field(repr=False)
    """`whsec_` and base64 (Standard Webhooks)."""
    version: int


class DeliveryState(StrEnum):
    """What became of a delivery."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class DeliveryInfo:
    """One event on its way to one webhook. What was answered is not kept."""

    id: DeliveryId
    event_id: UUID
    type: str
    position: int | None
    """Of the event in the log; null for a test."""
    state: DeliveryState
    attempts: int
    status: int | None
    """Of the last answer (HTTP)."""
    reason: str | None
    """Why the last attempt failed."""
    milliseconds: int | None
    """How long the last attempt took."""
    created_at: datetime
    attempted_at: datetime | None
    next_at: datetime | None
    """When it is tried the next time; null if it is over."""


@dataclass(frozen=True, slots=True)
class Redelivered:
    """How many deliveries will be tried again; null if they are looked for in the log."""

    deliveries: int | None
