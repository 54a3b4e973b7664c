"""Service accounts and their invariants."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final
from unicodedata import category, normalize

from domain.access.facade import Subject
from domain.identity.service_accounts.errors import ServiceAccountDescriptionInvalid
from domain.identity.service_accounts.schemas import ServiceAccountInfo
from domain.kernel.ids import OrganizationId, ServiceAccountId, uuid7

LONGEST_DESCRIPTION: Final = 500
_CONTROL: Final = frozenset({"Cc", "Co", "Cs", "Zl", "Zp"})


@dataclass(eq=False, kw_only=True)
class ServiceAccount:
    """Something that is granted what a program may do: of one organization, and never in teams or groups."""

    aggregate: ClassVar[str] = "service_account"

    id: ServiceAccountId = field(default_factory=lambda: ServiceAccountId(uuid7()))
    organization_id: OrganizationId
    name: str
    description: str = ""
    is_active: bool = True
    created_at: datetime
    updated_at: datetime
    version: int = 0

    @property
    def subject(self) -> Subject:
        """How it is named where something is granted to it."""
        return Subject(self.aggregate, self.id)

    @property
    def info(self) -> ServiceAccountInfo:
        """What callers are shown."""
        return ServiceAccountInfo(
            id=self.id,
            organization_id=self.organization_id,
            name=self.name,
            description=self.description,
            is_active=self.is_active,
            created_at=self.created_at,
            updated_at=self.updated_at,
            version=self.version,
        )


def description_of(text: str) -> str:
    """Return `text` in NFC without outer white space, or raise `ServiceAccountDescriptionInvalid`."""
    found = normalize("NFC", text).strip()
    if len(found) > LONGEST_DESCRIPTION or any(category(character) in _CONTROL for character in found):
        raise ServiceAccountDescriptionInvalid
    return found
