"""An organization with people, and somebody who may do everything in it."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from domain.kernel.ids import OrganizationId, TeamId, UserId, uuid7
from domain.kernel.tokens import Tokens
from domain.kernel.usecases import Message
from domain.resources.commands.put_resource import PutResource
from domain.resources.models import Resource
from domain.resources.schemas import ResourceInfo, ResourceName
from tests.support.app import App
from tests.support.memory.configuration import ORGANIZATIONS
from tests.support.memory.tables import MEMBERSHIPS, RESOURCES, TEAMS


@dataclass
class World:
    app: App
    root: Tokens
    organization_id: OrganizationId
    other_id: OrganizationId

    async def send(self, message: Message[Any], as_: Tokens | None = None) -> Any:
        """Send as the superuser, or as somebody else."""
        return await self.app.send(message, as_=as_ or self.root)

    async def put(self, name: str, parent: str | None = None, **more: Any) -> ResourceInfo:
        """Have a document be there."""
        known: dict[str, Any] = {"organization_id": self.organization_id, "type": "doc", "external_id": name}
        above = ResourceName("doc", parent) if parent else None
        made: ResourceInfo = await self.send(PutResource(**known | {"parent": above} | more))
        return made

    def member(self, organization_id: OrganizationId | None = None) -> UserId:
        """Return a new member, of the organization if no other is named."""
        user_id, at = UserId(uuid7()), organization_id or self.organization_id
        self.app.memory.table(MEMBERSHIPS)[at, user_id] = SimpleNamespace(organization_id=at, user_id=user_id)
        return user_id

    def team(self, organization_id: OrganizationId | None = None) -> TeamId:
        """Return a new team, of the organization if no other is named."""
        team_id, at = TeamId(uuid7()), organization_id or self.organization_id
        self.app.memory.table(TEAMS)[team_id] = SimpleNamespace(id=team_id, organization_id=at, path=[team_id])
        return team_id

    @property
    def kept(self) -> dict[str, Resource]:
        """What there is in the organization, by external id."""
        rows: list[Resource] = list(self.app.memory.table(RESOURCES).values())
        return {each.external_id: each for each in rows if each.organization_id == self.organization_id}

    @property
    def announced(self) -> list[str]:
        """What happened to which resource, in short."""
        return [
            f"{fact.type.rpartition('.')[2]} {fact.data['resource']['external_id']}"
            for fact in self.app.facts
            if fact.aggregate_type == "resource"
        ]


@pytest.fixture
async def world(app: App) -> World:
    here, there = OrganizationId(uuid7()), OrganizationId(uuid7())
    app.memory.table(ORGANIZATIONS).update({here: True, there: True})
    return World(app, await app.administrator(), here, there)
