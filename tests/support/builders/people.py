"""Events about people, for tests."""

from typing import Any
from uuid import UUID

from domain.events.schemas import CloudEvent
from tests.support.builders.events import renamed


def person_event(what: str, person: UUID, version: int, email: str = "ada@example.org") -> CloudEvent:
    """Return `identity.user.<what>`; `email` stands in those that carry a profile."""
    data: dict[str, Any] = {"user_id": str(person), "occurred_at": "2026-01-02T03:04:05Z"}
    if what in {"created", "updated"}:
        data |= {"email": email, "email_verified": False, "username": None, "full_name": f"Ada {version}"}
    return {**renamed(person, version), "type": f"identity.user.{what}", "data": data}
