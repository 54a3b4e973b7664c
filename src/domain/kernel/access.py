"""Who asks, from where, and who may run a use case."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import ip_network
from typing import Protocol

from domain.kernel.ids import OrganizationId, SessionId, UserId


class Permission(StrEnum):
    """Named `<resource>:<action>`; kept in alphabetical order."""

    ACCESS_CHECK = "access:check"
    ACCESS_EXPLAIN = "access:explain"
    ACCESS_SIMULATE = "access:simulate"
    AUDIT_READ = "audit:read"
    CONFIGURATION_READ = "configuration:read"
    CONFIGURATION_WRITE = "configuration:write"
    ERASURES_ACKNOWLEDGE = "erasures:acknowledge"
    EVENTS_READ = "events:read"
    GRANTS_READ = "grants:read"
    GRANTS_WRITE = "grants:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    ORGANIZATIONS_OWN = "organizations:own"
    ORGANIZATIONS_READ = "organizations:read"
    ORGANIZATIONS_WRITE = "organizations:write"
    RESOURCES_READ = "resources:read"
    RESOURCES_SHARE = "resources:share"
    RESOURCES_WRITE = "resources:write"
    REVOCATIONS_READ = "revocations:read"
    ROLES_READ = "roles:read"
    ROLES_WRITE = "roles:write"
    SERVICE_ACCOUNTS_READ = "service_accounts:read"
    SERVICE_ACCOUNTS_WRITE = "service_accounts:write"
    TEAMS_READ = "teams:read"
    TEAMS_WRITE = "teams:write"
    TOKENS_INTROSPECT = "tokens:introspect"
    USERS_EXPORT = "users:export"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    VISIBILITY_BYPASS = "visibility:bypass"
    VISIBILITY_READ = "visibility:read"
    VISIBILITY_WRITE = "visibility:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever asks, as their credential proves."""

    user_id: UserId
    session_id: SessionId
    organization_id: OrganizationId | None
    epoch: int
    """The revocation epoch of the person that the credential was issued under."""
    authenticated_at: int | None = None
    """When they proved who they are, in seconds since 1970; None if nobody did."""

    def __str__(self) -> str:
        return f"user:{self.user_id}"


@dataclass(frozen=True, slots=True)
class Eyes:
    """Who looks at an organization."""

    user_id: UserId
    bypass: bool
    """No wall hides anything from them."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, as far as that can be known."""

    address: str | None = None
    """The client's IP address; through a proxy only if that proxy is trusted by configuration."""
    user_agent: str | None = None
    device_token: str | None = field(default=None, repr=False)
    """What the client presents as proof that somebody has signed in there before."""

    @property
    def site(self) -> str:
        """What attempts are counted by: the address, or of IPv6 the /64, all of which one customer can use."""
        address = self.address or ""
        return str(ip_network((address, 64), strict=False)) if ":" in address else address

    @property
    def network(self) -> str:
        """The network of the address, as far as one customer of a provider usually reaches: a /24, of IPv6 a /48."""
        if not self.address:
            return "unknown"
        return str(ip_network((self.address, 48 if ":" in self.address else 24), strict=False))


class Standing(Protocol):
    """What let the caller in."""

    async def confirm(self) -> None:
        """Raise the refusal that the caller would meet now; for whoever lets time pass before they answer."""


@dataclass(frozen=True, slots=True)
class Access:
    """A requirement on the actor, checked before the interactor runs."""

    signed_in: bool = True
    permission: Permission | None = None
    within: str | None = None
    """The message field that names the organization the permission must hold in; without it, the platform's own.

    So it is where the field is left empty: what is asked of no one organization is asked of all of them.
    Without a permission it is enough to belong to that organization.
    """
    on: str | None = None
    """The message field that names the resource the permission must hold on; without it, in the whole organization.

    Who may neither do this nor read the resource is told that there is none.
    """
    recent: bool = False
    """Whether the actor must have proved who they are within the last minutes, as many as are configured."""


ANYONE = Access(signed_in=False)
SIGNED_IN = Access()


def needs(permission: Permission, *, within: str | None = None, on: str | None = None) -> Access:
    """Require `permission`, in the organization named by the field `within`, there on the resource named by `on`."""
    return Access(permission=permission, within=within, on=on)


def recently(access: Access) -> Access:
    """Require `access` of somebody who proved who they are within the last minutes (RFC 9470).

    For what a thief with a stolen session must not do, and that asks for no secret itself.
    """
    return replace(access, recent=True)


def member_of(within: str) -> Access:
    """Require that the actor belongs to the organization named by the field `within`; the use case asks what more."""
    return Access(within=within)
