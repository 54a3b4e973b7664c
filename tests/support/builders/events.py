"""Events for tests."""

from uuid import UUID

from domain.events.schemas import CloudEvent
from domain.kernel.ids import uuid7


def renamed(
    aggregate: UUID, version: int, what: str = "identity.user.renamed", organization: UUID | None = None
) -> CloudEvent:
    """Return the event of a person's new name, or of the type `what`."""
    made = CloudEvent(
        specversion="1.0",
        id=str(uuid7()),
        source="/auth",
        type=what,
        subject=f"user/{aggregate}",
        time="2026-01-02T03:04:05Z",
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
