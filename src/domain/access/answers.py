"""What is answered about access."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.access.asking import Entity
from domain.kernel.ids import GrantId, GroupId, RoleId, ServiceAccountId, TeamId, UserId


@dataclass(frozen=True, slots=True)
class Proof:
    """A grant that decided."""

    grant_id: GrantId
    user_id: UserId | None
    """Who it was made to, if it was a person."""
    team_id: TeamId | None
    """Which team it was made to, if it was one."""
    service_account_id: ServiceAccountId | None
    """Which service account it was made to, if it was one."""
    roles: list[RoleId]
    """The role that was granted, then those inherited, up to the one in which the permission is written."""
    on: Entity | None
    """Where it was made; null for the whole organization."""
    below: bool
    effect: str
    """`allow` or `deny`."""
    condition: dict[str, Any] | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Needed:
    """A grant that is missing: of any role with the permission, to the subject, at this place."""

    permission: str
    on: Entity | None
    """Null for the whole organization."""
    below: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """The least that turns a denial into an allow, all of it together, as far as the asker may know it."""

    withdraw: list[GrantId] = field(default_factory=list)
    """Grants that deny."""
    join: list[GroupId] = field(default_factory=list)
    """Visibility groups, any one of which lets the subject see the resource."""
    grant: Needed | None = None
    bypass: Needed | None = None
    """A second grant, which lets a service account see the resource: it cannot join a group."""


@dataclass(frozen=True, slots=True)
class Told:
    """Why a question was answered as it was.

    `reason` is `granted`, `not_granted`, `denied_by_grant`, `not_visible`, `inactive` or `not_found`, which is said of
    everything that the asker may not see too.
    """

    reason: str
    grants: list[Proof] = field(default_factory=list)
    missing: Missing | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Why one question of several was not answered."""

    status: int
    message: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it is allowed, and why, if that was asked."""

    decision: bool
    explanation: Told | None = None
    error: Refused | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """Several decisions, in the order of the questions."""

    evaluations: list[Decision]


@dataclass(frozen=True, slots=True)
class Found:
    """A part of what was searched for. `next` is the token of the part after it; empty at the end."""

    results: list[Entity]
    next: str = ""


@dataclass(frozen=True, slots=True)
class Actions:
    """A part of the actions that are allowed."""

    names: list[str]
    next: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """Something that a subject may do."""

    permission: str
    on: Entity | None
    """Null for the organization itself."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a change would do to one subject."""

    subject: Entity
    gains: list[Held]
    loses: list[Held]
    more: bool
    """There is more that they gain or lose: ask about this subject alone."""


@dataclass(frozen=True, slots=True)
class Differences:
    """A part of those whom a change concerns. `next` is the token of the part after it; empty at the end."""

    results: list[Difference]
    next: str = ""
