"""What service accounts show to callers, and what they take from them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from domain.kernel.ids import OrganizationId, ServiceAccountId
from domain.kernel.schemas import Length

Description = Annotated[str, Length(0, 1000)]


@dataclass(frozen=True, slots=True)
class ServiceAccountInfo:
    """A service account. One that is not active may do nothing."""

    id: ServiceAccountId
    organization_id: OrganizationId
    name: str
    description: str
    is_active: bool
    created_at: datetime
    updated_at: datetime
    version: int
