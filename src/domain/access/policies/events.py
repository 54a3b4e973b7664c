"""Facts about policy models."""

from uuid import UUID

from domain.kernel.events import Event, event


@event
class PolicyModelChanged(Event):
    """An organization has a new policy model, or another one under the same name."""

    type = "access.policy_model.changed"

    organization_id: UUID
    policy_model_id: UUID
    name: str


@event
class PolicyModelDeleted(Event):
    """An organization's policy model is gone: questions about it find nothing."""

    type = "access.policy_model.deleted"

    organization_id: UUID
    policy_model_id: UUID
    name: str
