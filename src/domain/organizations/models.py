"""Organizations, their members and configuration, and their invariants."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Final
from uuid import UUID

from domain.kernel.ids import InvitationId, OrganizationId, RoleId, UserId, uuid7
from domain.organizations.documents import Document
from domain.organizations.errors import NamespaceInvalid, SlugInvalid

FRESH: Final = timedelta(minutes=10)
"""How old a body may be when it comes into force. One that is older may be gone by then: the clean-up takes orphans."""

_SHORTEST_SLUG, _LONGEST_SLUG = 2, 63
_SLUG: Final = re.compile(r"[a-z0-9](?:-?[a-z0-9])*")
_NAMESPACE: Final = re.compile(r"[a-z][a-z0-9_.-]{0,62}")


def namespace_of(text: str) -> str:
    """Return `text` if it may name a namespace, or raise `NamespaceInvalid`."""
    if not _NAMESPACE.fullmatch(text):
        raise NamespaceInvalid
    return text


def slug_of(text: str) -> str:
    """Return `text` if it may be the slug of an organization, or raise `SlugInvalid`."""
    if not (_SHORTEST_SLUG <= len(text) <= _LONGEST_SLUG and _SLUG.fullmatch(text)):
        raise SlugInvalid
    return text


@dataclass(eq=False, kw_only=True)
class Organization:
    """A tenant: people who share roles, teams and resources that nobody else sees."""

    aggregate: ClassVar[str] = "organization"

    id: OrganizationId = field(default_factory=lambda: OrganizationId(uuid7()))
    name: str
    slug: str
    created_at: datetime
    updated_at: datetime
    version: int = 0


@dataclass(eq=False, kw_only=True)
class Membership:
    """That a person belongs to an organization. Whoever leaves and comes back has another one."""

    aggregate: ClassVar[str] = "membership"

    id: UUID = field(default_factory=uuid7)
    organization_id: OrganizationId
    user_id: UserId
    created_at: datetime
    version: int = 0


@dataclass(eq=False, kw_only=True)
class Invitation:
    """The offer to become a member with a role, made to whoever reads the mail of an address."""

    aggregate: ClassVar[str] = "invitation"

    id: InvitationId = field(default_factory=lambda: InvitationId(uuid7()))
    organization_id: OrganizationId
    email: str
    """In canonical form."""
    role_id: RoleId
    invited_by: UserId
    token_hash: bytes = field(repr=False)
    created_at: datetime
    expires_at: datetime
    version: int = 0

    def is_open(self, now: datetime) -> bool:
        """Return whether it can still be accepted: it ends when it expires, not when its row is cleaned up."""
        return now < self.expires_at


@dataclass(frozen=True, slots=True)
class Body:
    """A document as it is stored: written once, never changed.

    `version` is the one that its writer hopes for. It identifies nothing: of several writers that hope for the same
    version one gets it, and the bodies of the others stay behind under ids that nothing refers to.
    """

    organization_id: OrganizationId
    namespace: str
    version: int
    document: Document
    written_at: datetime
    id: UUID = field(default_factory=uuid7)


@dataclass(eq=False, kw_only=True)
class ConfigurationHead:
    """Which body is in force in a namespace of an organization. Moving it is the change."""

    aggregate: ClassVar[str] = "configuration"

    organization_id: OrganizationId
    namespace: str
    body_id: UUID
    digest: bytes
    updated_at: datetime
    version: int = 0
    id: UUID = field(default_factory=uuid7)

    def move(self, body: Body) -> None:
        """Put `body` in force."""
        self.body_id = body.id
        self.digest = body.document.digest
        self.updated_at = body.written_at
