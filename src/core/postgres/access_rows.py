"""Rows of access as Postgres writes them in JSON, and the parts that they make."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from domain.access.conditions import parse
from domain.access.engine.parts import (
    Grant,
    ResourcePart,
    RolePart,
    TeamPart,
    UserPart,
)
from domain.kernel.ids import GrantId, GroupId, OrganizationId, ResourceId, RoleId, TeamId, UserId


class GrantRow(msgspec.Struct):
    id: UUID
    organization_id: UUID
    role_id: UUID
    resource_id: UUID | None
    below: bool
    allows: bool
    condition: Any
    expires_at: datetime | None

    def part(self) -> Grant:
        return Grant(
            id=GrantId(self.id),
            organization_id=OrganizationId(self.organization_id),
            role_id=RoleId(self.role_id),
            resource_id=None if self.resource_id is None else ResourceId(self.resource_id),
            below=self.below,
            allows=self.allows,
            condition=None if self.condition is None else parse(self.condition),
            expires_at=self.expires_at,
        )


class UserRow(msgspec.Struct):
    id: UUID
    is_active: bool
    email_verified: bool | None
    organizations: frozenset[UUID]
    teams: frozenset[UUID]
    groups: frozenset[UUID]
    walls: frozenset[tuple[UUID, UUID]]
    grants: list[GrantRow]
    kind: str

    def part(self) -> UserPart:
        return UserPart(
            id=UserId(self.id),
            is_active=self.is_active,
            email_verified=self.email_verified,
            organizations=frozenset(map(OrganizationId, self.organizations)),
            teams=frozenset(map(TeamId, self.teams)),
            groups=frozenset(map(GroupId, self.groups)),
            walls=frozenset((OrganizationId(place), GroupId(group)) for place, group in self.walls),
            grants=tuple(each.part() for each in self.grants),
            kind=self.kind,
        )


class TeamRow(msgspec.Struct):
    id: UUID
    organization_id: UUID
    path: list[UUID]
    groups: frozenset[UUID]
    grants: list[GrantRow]

    def part(self) -> TeamPart:
        return TeamPart(
            id=TeamId(self.id),
            organization_id=OrganizationId(self.organization_id),
            path=tuple(map(TeamId, self.path)),
            groups=frozenset(map(GroupId, self.groups)),
            grants=tuple(each.part() for each in self.grants),
        )


class RoleRow(msgspec.Struct):
    id: UUID
    organization_id: UUID | None
    permissions: frozenset[str]
    inherits: list[UUID]

    def part(self) -> RolePart:
        organization_id = None if self.organization_id is None else OrganizationId(self.organization_id)
        return RolePart(RoleId(self.id), organization_id, self.permissions, tuple(map(RoleId, self.inherits)))


class ResourceRow(msgspec.Struct):
    id: UUID
    organization_id: UUID
    type: str
    external_id: str
    owner_id: UUID | None
    path: list[UUID]
    wall_id: UUID | None
    groups: frozenset[UUID]
    attributes: dict[str, Any]

    def part(self) -> ResourcePart:
        return ResourcePart(
            id=ResourceId(self.id),
            organization_id=OrganizationId(self.organization_id),
            type=self.type,
            external_id=self.external_id,
            owner_id=None if self.owner_id is None else UserId(self.owner_id),
            path=tuple(map(ResourceId, self.path)),
            wall_id=None if self.wall_id is None else ResourceId(self.wall_id),
            groups=frozenset(map(GroupId, self.groups)),
            attributes=self.attributes,
        )


users: Final = msgspec.json.Decoder(list[UserRow])
teams: Final = msgspec.json.Decoder(list[TeamRow])
roles: Final = msgspec.json.Decoder(list[RoleRow])
resources: Final = msgspec.json.Decoder(list[ResourceRow])
