"""Policy models of organizations."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from domain.kernel.ids import OrganizationId, uuid7

MOST_MODELS: Final = 16
"""How many policy models an organization may have."""


@dataclass(eq=False, kw_only=True)
class PolicyModel:
    """A casbin model that an organization brought along; its rules are kept beside it."""

    aggregate: ClassVar[str] = "policy_model"

    id: UUID = field(default_factory=uuid7)
    organization_id: OrganizationId
    name: str
    text: str
    """As it was written."""
    created_at: datetime
    updated_at: datetime
    version: int = 0
