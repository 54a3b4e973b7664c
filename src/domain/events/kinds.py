"""What a copy of the state is made of: one declaration for each kind of thing that events are about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from domain.events.errors import KindUnknown
from domain.kernel.errors import FieldError

ORGANIZATION_GONE: Final = "organizations.organization.deleted"
USER_GONE: Final = "identity.user.erased"
MEMBER_GONE: Final = "organizations.member.removed"
ROLE_GONE: Final = "access.role.deleted"
TEAM_GONE: Final = "teams.team.deleted"
RESOURCE_GONE: Final = "resources.resource.deleted"
GROUP_GONE: Final = "visibility.group.deleted"
SERVICE_ACCOUNT_GONE: Final = "identity.service_account.deleted"

Fields = Mapping[str, str]
OF_ORGANIZATION: Final[Mapping[str, Fields]] = {ORGANIZATION_GONE: {"organization_id": "organization_id"}}
OF_MEMBER: Final[Mapping[str, Fields]] = {
    MEMBER_GONE: {"organization_id": "organization_id", "user_id": "user_id"},
    USER_GONE: {"user_id": "user_id"},
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing. What is said here of events is what a consumer does beside comparing versions."""

    name: str
    aggregate: str
    """The `aggregatetype` of its events: the name itself, but for the parts of an aggregate."""
    ends: tuple[str, ...] = ()
    """The events after which it is gone."""
    ends_with: Mapping[str, Fields] = field(default_factory=dict)
    """Events of others that take it with them unsaid: fields of their data, and those of its own that equal them."""
    in_organization: bool = True
    expires: bool = False
    """Whether it also ends by itself, at the time that `expires_at` names."""

    @property
    def is_part(self) -> bool:
        """Whether it is a part of an aggregate, whose version it has; ids are those of both, with a `/` between."""
        return self.name != self.aggregate


KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind("user", "user", (USER_GONE,), in_organization=False),
        Kind("session", "session", ("sessions.session.revoked",), {USER_GONE: {"user_id": "user_id"}},
             in_organization=False, expires=True),
        Kind("key", "key", ("keys.key.removed",), in_organization=False, expires=True),
        Kind("organization", "organization", (ORGANIZATION_GONE,)),
        Kind("membership", "membership", (MEMBER_GONE,), {**OF_ORGANIZATION, USER_GONE: {"user_id": "user_id"}}),
        Kind("invitation", "invitation", ("organizations.invitation.accepted", "organizations.invitation.withdrawn"),
             {**OF_ORGANIZATION, ROLE_GONE: {"role_id": "role_id"}, USER_GONE: {"user_id": "invited_by"}},
             expires=True),
        Kind("configuration", "configuration", (), OF_ORGANIZATION),
        Kind("service_account", "service_account", (SERVICE_ACCOUNT_GONE,), OF_ORGANIZATION),
        Kind("team", "team", (TEAM_GONE,), OF_ORGANIZATION),
        Kind("team_member", "team", ("teams.member.removed",),
             {**OF_ORGANIZATION, **OF_MEMBER, TEAM_GONE: {"team_id": "team_id"}}),
        Kind("role", "role", (ROLE_GONE,), OF_ORGANIZATION),
        Kind("policy_model", "policy_model", ("access.policy_model.deleted",), OF_ORGANIZATION),
        Kind("grant", "grant", ("access.grant.withdrawn",),
             {**OF_ORGANIZATION, ROLE_GONE: {"role_id": "role_id"}, RESOURCE_GONE: {"resource_id": "resource_id"},
              USER_GONE: {"user_id": "subject_id"}, TEAM_GONE: {"team_id": "subject_id"},
              SERVICE_ACCOUNT_GONE: {"service_account_id": "subject_id"},
              MEMBER_GONE: {"organization_id": "organization_id", "user_id": "subject_id"}}, expires=True),
        Kind("resource", "resource", (RESOURCE_GONE,), OF_ORGANIZATION),
        Kind("webhook", "webhook", ("webhooks.webhook.deleted",), OF_ORGANIZATION),
        Kind("visibility_group", "visibility_group", (GROUP_GONE,), OF_ORGANIZATION),
        Kind("visibility_member", "visibility_group", ("visibility.member.removed",),
             {**OF_ORGANIZATION, **OF_MEMBER, GROUP_GONE: {"group_id": "group_id"}, TEAM_GONE: {"team_id": "team_id"}}),
        Kind("visibility_content", "visibility_group", ("visibility.content.removed",),
             {**OF_ORGANIZATION, **OF_MEMBER, GROUP_GONE: {"group_id": "group_id"},
              RESOURCE_GONE: {"resource_id": "resource_id"}}),
    )
}  # fmt: skip
"""By name."""


def kind_of(name: str, *, in_organization: bool, whole: bool = False) -> Kind:
    """Return the kind called `name`, or raise `KindUnknown`.

    `in_organization` asks for one that belongs to organizations, `whole` for one that is no part of another.
    """
    kind = KINDS.get(name)
    if kind and (kind.in_organization or not in_organization) and not (whole and kind.is_part):
        return kind
    fitting = [
        each.name
        for each in KINDS.values()
        if (each.in_organization or not in_organization) and not (whole and each.is_part)
    ]
    raise KindUnknown(errors=[FieldError("kind", KindUnknown.code, f"One of {', '.join(fitting)}.")])
