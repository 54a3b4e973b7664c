"""Random changes as somebody would plan them: commands about what there is in a world."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, Final
from uuid import UUID, uuid4

from domain.access.commands.create_role import CreateRole
from domain.access.commands.delete_role import DeleteRole
from domain.access.commands.make_grant import MakeGrant
from domain.access.commands.update_role import UpdateRole
from domain.access.commands.update_system_role import UpdateSystemRole
from domain.access.commands.withdraw_grant import WithdrawGrant
from domain.access.schemas import GrantedOn, Grantee
from domain.identity.commands.deactivate_user import DeactivateUser
from domain.identity.commands.delete_user import DeleteUser
from domain.identity.commands.reactivate_user import ReactivateUser
from domain.kernel.ids import GrantId, GroupId, OrganizationId, ResourceId, RoleId, TeamId, UserId
from domain.kernel.usecases import Command
from domain.organizations.commands.add_member import AddMember
from domain.organizations.commands.delete_organization import DeleteOrganization
from domain.organizations.commands.leave_organization import LeaveOrganization
from domain.organizations.commands.remove_member import RemoveMember
from domain.organizations.commands.transfer_ownership import TransferOwnership
from domain.resources.commands.create_resource import CreateResource
from domain.resources.commands.delete_resource import DeleteResource
from domain.resources.commands.put_resource import PutResource
from domain.resources.commands.register_resources import RegisterResources
from domain.resources.commands.share_resource import ShareResource
from domain.resources.commands.unshare_resource import UnshareResource
from domain.resources.commands.update_resource import UpdateResource
from domain.resources.schemas import ResourceName, ResourceToRegister, ShareSubject
from domain.teams.commands.add_team_member import AddTeamMember
from domain.teams.commands.create_team import CreateTeam
from domain.teams.commands.delete_team import DeleteTeam
from domain.teams.commands.leave_team import LeaveTeam
from domain.teams.commands.remove_team_member import RemoveTeamMember
from domain.teams.commands.update_team import UpdateTeam
from domain.visibility.commands.add_visibility_content import AddVisibilityContent
from domain.visibility.commands.add_visibility_member import AddVisibilityMember
from domain.visibility.commands.delete_visibility_group import DeleteVisibilityGroup
from domain.visibility.commands.remove_visibility_content import RemoveVisibilityContent
from domain.visibility.commands.remove_visibility_member import RemoveVisibilityMember
from domain.visibility.schemas import ContentName
from tests.support.access.changing import ASKED, GROUPS, attributes, condition, home
from tests.support.access.worlds import Resource, Role, World

LATER: Final = datetime(2099, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Plans:
    """What may be planned in one organization."""

    random: Random
    world: World
    organization_id: OrganizationId
    names: Mapping[UUID, str]
    """Of roles."""

    def any(self) -> Command[Any] | None:
        """Return some command, None if there is nothing that it could be about."""
        made: Callable[[], Command[Any]] = self.random.choice(_KINDS).__get__(self)
        try:
            return made()
        except IndexError:
            return None

    def grant(self) -> Command[Any]:
        on = self.maybe(self.resources)
        return MakeGrant(
            organization_id=self.organization_id,
            subject=Grantee(*self.subject()),
            role=self.role(),
            on=GrantedOn(on.type, on.external_id) if on else None,
            below=on is not None and self.random.random() < 0.5,
            effect=self.random.choice(["allow", "allow", "deny"]),
            condition=condition(self.random) if self.random.random() < 0.4 else None,
            expires_at=self.random.choice([None, None, LATER]),
        )

    def withdraw(self) -> Command[Any]:
        grant = self.of(self.world.grants)
        return WithdrawGrant(organization_id=self.organization_id, grant_id=GrantId(grant.id))

    def create_role(self) -> Command[Any]:
        return CreateRole(
            organization_id=self.organization_id,
            name=uuid4().hex,
            permissions=self.random.sample(ASKED, 2),
            inherits=[self.role()],
        )

    def update_role(self) -> Command[Any]:
        role_id = RoleId(self.of(self.world.roles).id)
        if self.random.random() < 0.5:
            return UpdateRole(organization_id=self.organization_id, role_id=role_id, permissions=self.permissions())
        inherits = [self.role() for _ in range(self.random.randint(0, 2))]
        return UpdateRole(organization_id=self.organization_id, role_id=role_id, inherits=inherits)

    def update_system_role(self) -> Command[Any]:
        role: Role = self.random.choice([each for each in self.world.roles if each.organization_id is None])
        return UpdateSystemRole(role_id=RoleId(role.id), permissions=self.permissions())

    def delete_role(self) -> Command[Any]:
        return DeleteRole(organization_id=self.organization_id, role_id=RoleId(self.of(self.world.roles).id))

    def create_team(self) -> Command[Any]:
        return CreateTeam(organization_id=self.organization_id, name=uuid4().hex)

    def move_team(self) -> Command[Any]:
        parent = self.maybe(self.teams)
        return UpdateTeam(
            organization_id=self.organization_id,
            team_id=TeamId(self.random.choice(self.teams).id),
            parent_id=TeamId(parent.id) if parent else None,
        )

    def delete_team(self) -> Command[Any]:
        return DeleteTeam(organization_id=self.organization_id, team_id=TeamId(self.random.choice(self.teams).id))

    def leave_team(self) -> Command[Any]:
        return LeaveTeam(organization_id=self.organization_id, team_id=TeamId(self.random.choice(self.teams).id))

    def add_to_team(self) -> Command[Any]:
        team_id = TeamId(self.random.choice(self.teams).id)
        return AddTeamMember(organization_id=self.organization_id, team_id=team_id, user_id=self.member())

    def remove_from_team(self) -> Command[Any]:
        teams = {each.id for each in self.teams}
        found = self.random.choice([each for each in self.world.team_members if each.team_id in teams])
        return RemoveTeamMember(
            organization_id=self.organization_id, team_id=TeamId(found.team_id), user_id=UserId(found.user_id)
        )

    def hide(self) -> Command[Any]:
        resource, group_id = self.random.choice(self.resources), self.group()
        name = ContentName(resource.type, resource.external_id)
        return AddVisibilityContent(organization_id=self.organization_id, group_id=group_id, resource=name)

    def hide_person(self) -> Command[Any]:
        return AddVisibilityContent(organization_id=self.organization_id, group_id=self.group(), user_id=self.member())

    def show(self) -> Command[Any]:
        hidden = {each.resource_id: each.group_id for each in self.world.contents}
        resource = self.random.choice([each for each in self.resources if each.id in hidden])
        return RemoveVisibilityContent(
            organization_id=self.organization_id,
            group_id=GroupId(hidden[resource.id]),
            resource_type=resource.type,
            resource_id=resource.external_id,
        )

    def let_see(self) -> Command[Any]:
        kind, id_ = self.subject()
        return AddVisibilityMember(
            organization_id=self.organization_id,
            group_id=self.group(),
            user_id=UserId(id_) if kind == "user" else None,
            team_id=TeamId(id_) if kind == "team" else None,
        )

    def let_see_no_more(self) -> Command[Any]:
        groups = {each for each in GROUPS if home(GROUPS, each) == self.organization_id}
        found = self.random.choice([each for each in self.world.viewers if each.group_id in groups])
        return RemoveVisibilityMember(
            organization_id=self.organization_id,
            group_id=GroupId(found.group_id),
            user_id=UserId(found.user_id) if found.user_id else None,
            team_id=TeamId(found.team_id) if found.team_id else None,
        )

    def delete_group(self) -> Command[Any]:
        return DeleteVisibilityGroup(organization_id=self.organization_id, group_id=self.group())

    def register(self) -> Command[Any]:
        made = ResourceToRegister(self.random.choice(["doc", "task"]), uuid4().hex, None, self.parent())
        inside = ResourceToRegister(
            "doc", uuid4().hex, None, ResourceName(made.type, made.external_id), json.loads(attributes(self.random))
        )
        if self.random.random() < 0.3:
            return CreateResource(
                organization_id=self.organization_id, type=made.type, external_id=made.external_id, parent=made.parent
            )
        known = [self.changed(each) for each in self.random.sample(self.resources, min(2, len(self.resources)))]
        return RegisterResources(organization_id=self.organization_id, resources=[made, inside, *known])

    def put(self) -> Command[Any]:
        found = self.changed(self.random.choice(self.resources))
        return PutResource(
            organization_id=self.organization_id,
            type=found.type,
            external_id=found.external_id,
            owner=found.owner,
            parent=found.parent,
            attributes=found.attributes,
        )

    def update(self) -> Command[Any]:
        resource_id = ResourceId(self.random.choice(self.resources).id)
        if self.random.random() < 0.5:
            return UpdateResource(organization_id=self.organization_id, resource_id=resource_id, parent=self.parent())
        owner = self.random.choice([None, self.member()])
        return UpdateResource(organization_id=self.organization_id, resource_id=resource_id, owner=owner)

    def delete(self) -> Command[Any]:
        resource_id = ResourceId(self.random.choice(self.resources).id)
        return DeleteResource(organization_id=self.organization_id, resource_id=resource_id, below=True)

    def share(self) -> Command[Any]:
        return ShareResource(
            organization_id=self.organization_id,
            resource_id=ResourceId(self.random.choice(self.resources).id),
            subject=ShareSubject(*self.subject()),
            role=self.role(),
            below=self.random.random() < 0.5,
        )

    def unshare(self) -> Command[Any]:
        places = {each.id for each in self.resources}
        found, resource_id = self.random.choice(
            [(each, each.resource_id) for each in self.world.grants if each.resource_id in places]
        )
        return UnshareResource(
            organization_id=self.organization_id,
            resource_id=ResourceId(resource_id or found.id),
            grant_id=GrantId(found.id),
        )

    def join(self) -> Command[Any]:
        user_id = UserId(self.random.choice(self.world.users).id)
        return AddMember(organization_id=self.organization_id, role=self.role(), user_id=user_id)

    def remove(self) -> Command[Any]:
        return RemoveMember(organization_id=self.organization_id, user_id=self.member())

    def leave(self) -> Command[Any]:
        return LeaveOrganization(organization_id=self.organization_id)

    def hand_over(self) -> Command[Any]:
        return TransferOwnership(organization_id=self.organization_id, user_id=self.member())

    def dissolve(self) -> Command[Any]:
        return DeleteOrganization(organization_id=self.organization_id)

    def stop(self) -> Command[Any]:
        kinds: list[Any] = [DeactivateUser, ReactivateUser, DeleteUser]
        made: Command[Any] = self.random.choice(kinds)(user_id=UserId(self.random.choice(self.world.users).id))
        return made

    @property
    def resources(self) -> Sequence[Resource]:
        return [each for each in self.world.resources if each.organization_id == self.organization_id]

    @property
    def teams(self) -> Sequence[Any]:
        return [each for each in self.world.teams if each.organization_id == self.organization_id]

    def of(self, rows: Sequence[Any]) -> Any:
        """Return one that is the organization's, or now and then another's."""
        ours = [each for each in rows if each.organization_id == self.organization_id]
        return self.random.choice(ours if ours and self.random.random() < 0.95 else rows)

    def maybe(self, rows: Sequence[Any]) -> Any:
        return self.random.choice([None, *rows, *rows])

    def member(self) -> UserId:
        found = [each for each in self.world.memberships if each.organization_id == self.organization_id]
        return UserId(self.random.choice(found).user_id)

    def subject(self) -> tuple[Any, UUID]:
        if self.teams and self.random.random() < 0.4:
            return "team", self.random.choice(self.teams).id
        return "user", self.member()

    def group(self) -> GroupId:
        return GroupId(self.random.choice([each for each in GROUPS if home(GROUPS, each) == self.organization_id]))

    def role(self) -> str:
        return self.names[
            self.random.choice([e for e in self.world.roles if e.organization_id in {None, self.organization_id}]).id
        ]

    def permissions(self) -> list[str]:
        return self.random.sample([*ASKED, "resources:read", "resources:write"], self.random.randint(0, 3))

    def parent(self) -> ResourceName | None:
        found = self.maybe(self.resources)
        return ResourceName(found.type, found.external_id) if found else None

    def changed(self, resource: Resource) -> ResourceToRegister:
        return ResourceToRegister(
            resource.type,
            resource.external_id,
            self.random.choice([None, self.member()]),
            self.parent(),
            json.loads(attributes(self.random)),
        )


_KINDS: Final = [
    *[Plans.grant] * 4,
    *[Plans.withdraw] * 2,
    *[Plans.update_role] * 3,
    *[Plans.hide] * 2,
    *[Plans.put] * 2,
    Plans.create_role,
    Plans.update_system_role,
    Plans.delete_role,
    Plans.create_team,
    Plans.move_team,
    Plans.delete_team,
    Plans.leave_team,
    Plans.add_to_team,
    Plans.remove_from_team,
    Plans.hide_person,
    Plans.show,
    Plans.let_see,
    Plans.let_see_no_more,
    Plans.delete_group,
    Plans.register,
    Plans.update,
    Plans.delete,
    Plans.share,
    Plans.unshare,
    Plans.join,
    Plans.remove,
    Plans.leave,
    Plans.hand_over,
    Plans.dissolve,
    Plans.stop,
]
