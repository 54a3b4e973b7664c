"""Decisions from the engine's memory, and lists from the database that agree with them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.access.engine import NOW, TRIES, AccessEngine
from core.access.snapshots import Snapshot
from core.access.source import Look
from domain.access.asking import Person, View
from domain.access.engine.compiled import Subject
from domain.access.engine.deciding import Thing, knows
from domain.access.engine.parts import Name, RolePart
from domain.access.ports import Decisions, Listing
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import Unavailable
from domain.kernel.ids import GroupId, OrganizationId, ResourceId, RoleId, UserId

Row = tuple[ResourceId, str]


class Lists(Protocol):
    """Reads what is committed, in order."""

    async def resources(
        self,
        since: Snapshot | None,
        subject: Subject,
        asker: Subject,
        wanted: Listing,
        after: ResourceId | None,
        limit: int,
        now: datetime,
    ) -> tuple[Look, Sequence[Row]]:
        """Return resources, and what has changed since `since`, from one snapshot."""

    async def candidates(
        self, asker: Person, groups: Collection[GroupId] | None, after: UserId | None, limit: int
    ) -> Sequence[UserId]:
        """See `Decisions.candidates`."""

    async def service_accounts(
        self, organization_id: OrganizationId, after: UserId | None, limit: int
    ) -> Sequence[UserId]:
        """See `Decisions.service_accounts`."""

    async def permissions(self, organization_id: OrganizationId) -> Collection[str]:
        """See `Decisions.permissions`."""


@dataclass(frozen=True, slots=True)
class EngineDecisions(Decisions):
    """What the engine remembers, with lists of the same snapshots."""

    engine: AccessEngine
    lists: Lists

    async def refresh(self, at_least: Collection[ConsistencyToken]) -> None:
        """See `Decisions.refresh`."""
        tokens = set(at_least)
        # One look is as fresh as any number of commands that came before it.
        await self.engine.refresh(NOW if len(tokens) > 1 else next(iter(tokens), None))

    async def view(self, people: Collection[Person], names: Sequence[Name]) -> View:
        """See `Decisions.view`."""
        return View(*await self.engine.named(people, names))

    async def roles(self, role_ids: Collection[RoleId]) -> Mapping[RoleId, RolePart]:
        """See `Decisions.roles`."""
        return await self.engine.roles(role_ids)

    async def places(self, resource_ids: Collection[ResourceId]) -> Mapping[ResourceId, Thing]:
        """See `Decisions.places`."""
        return (await self.engine.together((), resource_ids))[1]

    async def resources(self, wanted: Listing, after: ResourceId | None, limit: int, now: datetime) -> Sequence[Row]:
        """See `Decisions.resources`.

        The rows and the changes since the known snapshot are of one snapshot. If what the filter was made of is still
        the same then, the filter is right as of the rows.
        """
        people = {wanted.subject, wanted.asker}
        for _ in range(TRIES):
            subjects, _ = await self.engine.together(people)
            subject, asker = subjects.get(wanted.subject), subjects.get(wanted.asker)
            if subject is None or asker is None or not knows(asker, subject, now):
                return []
            page = _Page(self.lists, subject, asker, wanted, after, limit, now)
            await self.engine.observe(page.look)
            again, _ = await self.engine.together(people)
            if again.get(wanted.subject) is subject and again.get(wanted.asker) is asker:
                return page.rows
        raise Unavailable

    async def candidates(
        self, asker: Person, groups: Collection[GroupId] | None, after: UserId | None, limit: int
    ) -> Sequence[UserId]:
        """See `Decisions.candidates`."""
        return await self.lists.candidates(asker, groups, after, limit)

    async def service_accounts(
        self, organization_id: OrganizationId, after: UserId | None, limit: int
    ) -> Sequence[UserId]:
        """See `Decisions.service_accounts`."""
        return await self.lists.service_accounts(organization_id, after, limit)

    async def permissions(self, organization_id: OrganizationId) -> Collection[str]:
        """See `Decisions.permissions`."""
        return await self.lists.permissions(organization_id)


@dataclass(slots=True)
class _Page:
    """Rows to come, and what they are asked by."""

    lists: Lists
    subject: Subject
    asker: Subject
    wanted: Listing
    after: ResourceId | None
    limit: int
    now: datetime
    rows: Sequence[Row] = ()

    async def look(self, since: Snapshot | None) -> Look:
        seen, self.rows = await self.lists.resources(
            since, self.subject, self.asker, self.wanted, self.after, self.limit, self.now
        )
        return seen
