"""What organizations need from the outside."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.kernel.ids import InvitationId, OrganizationId
from domain.organizations.documents import Document
from domain.organizations.models import Body

References = Callable[[Sequence[UUID]], Awaitable[Collection[UUID]]]
"""Tell which of these bodies are in force, or ever were."""


class BodyMissing(LookupError):
    """The store has no body with this id. One that a head points to is lost, which is no caller's fault."""


class BodyDamaged(ValueError):
    """The store returned another document than the one that was put in force."""


@dataclass(frozen=True, slots=True)
class Revision:
    """What is in force in a namespace: a version of it, and the body it consists of."""

    version: int
    body_id: UUID
    digest: bytes
    updated_at: datetime


class ConfigurationBodies(Protocol):
    """Keep immutable documents under ids. Every method raises `Unavailable` soon when the store cannot be reached."""

    async def put(self, body: Body) -> None:
        """Store `body` durably. If its id is stored already nothing happens: the first stays as it is."""

    async def get(self, body_id: UUID) -> Document:
        """Return the document stored under `body_id`, or raise `BodyMissing`."""

    async def collect(self, older_than: datetime, referenced: References) -> int:
        """Delete what was written before `older_than` and is not `referenced`; return how many bodies that were.

        `referenced` is asked batch by batch.
        """


class ConfigurationReader(Protocol):
    """Read heads as last committed, without a transaction; holds no connection between calls."""

    async def current(self, organization_id: OrganizationId, namespace: str) -> Revision | None:
        """Return what is in force, None if nothing is, or raise `OrganizationNotFound`."""

    async def referenced(self, body_ids: Sequence[UUID]) -> Collection[UUID]:
        """Return those of `body_ids` that are in force or ever were, in organizations that exist."""


class InvitationTokens(Protocol):
    """Make the tokens of invitations: 256 random bits behind a prefix."""

    def make(self) -> tuple[str, bytes]:
        """Return a new token, and the keyed hash that is stored of it."""

    def hashes(self, token: str) -> Sequence[bytes]:
        """Return what may be stored of `token`, under the present key and those before it; nothing if none of ours."""


@dataclass(frozen=True, slots=True)
class Invited:
    """What a token stands for."""

    invitation_id: InvitationId
    organization_id: OrganizationId
    email: str
    expires_at: datetime
    organization_name: str
    registered: bool
    """Whether somebody has an account with this address."""


class InvitationReader(Protocol):
    """Read invitations as last committed, without a transaction; holds no connection between calls."""

    async def find(self, hashes: Sequence[bytes]) -> Invited | None:
        """Return the invitation whose token has one of `hashes`, whether or not it has expired.

        None if whoever invited was deactivated: what they offered is nobody's offer any more.
        """
