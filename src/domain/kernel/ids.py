"""Identifiers that capabilities share, and how they are made."""

import os
import time
from functools import lru_cache
from re import compile as pattern
from typing import Final, NewType
from uuid import UUID

DeliveryId = NewType("DeliveryId", UUID)
GrantId = NewType("GrantId", UUID)
GroupId = NewType("GroupId", UUID)
InvitationId = NewType("InvitationId", UUID)
OrganizationId = NewType("OrganizationId", UUID)
ResourceId = NewType("ResourceId", UUID)
RoleId = NewType("RoleId", UUID)
ServiceAccountId = NewType("ServiceAccountId", UUID)
SessionId = NewType("SessionId", UUID)
TeamId = NewType("TeamId", UUID)
UserId = NewType("UserId", UUID)
WebhookId = NewType("WebhookId", UUID)

PLATFORM: Final = OrganizationId(UUID("00000000-0000-7000-8000-000000000001"))
"""The organization that runs this service. It exists from the first migration; platform-wide grants are made in it."""

_CANONICAL: Final = pattern("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch
_LENGTH: Final = 36


def uuid_of(text: str) -> UUID | None:
    """Return the UUID in its one canonical spelling, None for any other text. The same few are asked about a lot."""
    return _uuid_of(text) if len(text) == _LENGTH else None


@lru_cache(maxsize=10_000)
def _uuid_of(text: str) -> UUID | None:
    return UUID(text) if _CANONICAL(text) else None


def uuid7() -> UUID:
    """Return a UUIDv7 (RFC 9562, section 5.7): index-friendly and unique, but no order to rely on between processes."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    high = (milliseconds & (1 << 48) - 1) << 16 | 0x7000 | random >> 68
    low = 0b10 << 62 | random & (1 << 62) - 1
    return UUID(int=high << 64 | low)
