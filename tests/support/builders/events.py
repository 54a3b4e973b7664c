"""Events for tests."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from core.cloudevents import rfc3339
from domain.events.schemas import CloudEvent
from domain.kernel.ids import uuid7

THEN: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def renamed(
    aggregate: UUID,
    version: int,
    what: str = "identity.user.renamed",
    organization: UUID | None = None,
    at: datetime = THEN,
) -> CloudEvent:
    """Return the event of a person's new name, or of the type `what`."""
    made = CloudEvent(
        specversion="1.0",
        id=str(uuid7()),
        source="/auth",
        type=what,
        subject=f"user/{aggregate}",
        time=rfc3339(at),
        datacontenttype="application/json",
        sequence=f"{0:019d}",
        aggregatetype="user",
        aggregateid=str(aggregate),
        aggregateversion=version,
        schemaversion=1,
        data={"full_name": "Ada"},
    )
    if organization:
        made["organizationid"] = str(organization)
    return made
