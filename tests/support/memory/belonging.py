"""Rows in memory that tests of teams and visibility groups make of what other capabilities keep."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.facade import Place, Subject
from domain.access.models import Grant, Role
from domain.kernel.ids import OrganizationId, ResourceId, RoleId, UserId, uuid7
from domain.organizations.models import Organization
from tests.support.memory.configuration import ORGANIZATIONS
from tests.support.memory.ports import NOW
from tests.support.memory.store import Memory
from tests.support.memory.tables import GRANTS, MEMBERSHIPS, RESOURCES, ROLES


@dataclass
class MembershipRow:
    """What others read of a membership."""

    organization_id: OrganizationId
    user_id: UserId


@dataclass
class ResourceRow:
    """What others read of a resource."""

    id: ResourceId
    organization_id: OrganizationId
    type: str
    external_id: str
    owner_id: UserId | None
    path: list[ResourceId]
    wall_id: ResourceId | None


def add_organization(memory: Memory) -> OrganizationId:
    """Make an organization."""
    made = OrganizationId(uuid7())
    memory.table(ORGANIZATIONS)[made] = Organization(
        id=made, name="Test", slug=f"t{made.hex}", created_at=NOW, updated_at=NOW
    )
    return made


def add_member(memory: Memory, organization_id: OrganizationId, user_id: UserId) -> None:
    """Make the person a member of the organization."""
    memory.table(MEMBERSHIPS)[organization_id, user_id] = MembershipRow(organization_id, user_id)


def add_role(memory: Memory, organization_id: OrganizationId, at: datetime, *permissions: str) -> RoleId:
    """Make a role of the organization."""
    role = Role(
        organization_id=organization_id,
        name=str(uuid7()),
        permissions=frozenset(permissions),
        created_at=at,
        updated_at=at,
    )
    memory.table(ROLES)[role.id] = role
    return role.id


def add_grant(
    memory: Memory,
    place: Place,
    subject: UUID,
    role_id: RoleId,
    at: datetime,
    *,
    kind: str = "team",
    effect: str = "allow",
    expires_at: datetime | None = None,
) -> None:
    """Grant or deny a role."""
    grant = Grant(
        place=place,
        subject=Subject(kind, subject),
        role_id=role_id,
        effect=effect,
        expires_at=expires_at,
        created_at=at,
    )
    memory.table(GRANTS)[grant.id] = grant


def add_resource(
    memory: Memory,
    organization_id: OrganizationId,
    parent_id: ResourceId | None = None,
    owner_id: UserId | None = None,
) -> ResourceId:
    """Make a `folder` whose external id is its own, behind the wall of what it lies in."""
    made, rows = ResourceId(uuid7()), memory.table(RESOURCES)
    parent: ResourceRow | None = rows[parent_id] if parent_id else None
    rows[made] = ResourceRow(
        id=made,
        organization_id=organization_id,
        type="folder",
        external_id=str(made),
        owner_id=owner_id,
        path=[made, *(parent.path if parent else [])],
        wall_id=parent.wall_id if parent else None,
    )
    return made
