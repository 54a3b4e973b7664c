"""Register resources, one or thousands of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from domain.kernel.access import Actor
from domain.kernel.errors import BypassRequired, ConcurrentChange, Forbidden, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, ResourceId, uuid7
from domain.kernel.ports import Clock
from domain.resources.arranging import Arrangement
from domain.resources.errors import (
    NamedTwice,
    OwnerNotFound,
    ParentNotFound,
    ResourceCycle,
    ResourceTaken,
    TooDeep,
    TooManyMoved,
)
from domain.resources.models import MOST_MOVED, Parent, Resource, ResourceKey
from domain.resources.ports import Belonging
from domain.resources.reach import Reach
from domain.resources.repositories import Resources
from domain.resources.settling import Settled, Settling
from domain.resources.telling import moved, registered, updated
from domain.resources.wanting import Fault, Known, Outcome, Refused, Wanted, breathing

REFUSALS: Final = (
    BypassRequired,
    Forbidden,
    OwnerNotFound,
    ParentNotFound,
    PreconditionFailed,
    ResourceCycle,
    TooDeep,
    TooManyMoved,
    ConcurrentChange,
)
"""What registering one resource may be refused for."""


@dataclass(frozen=True, slots=True)
class Registration:
    """Have resources be as they are wanted, all or none, and announce each that changed."""

    resources: Resources
    belonging: Belonging
    reach: Reach
    settling: Settling
    events: Events
    clock: Clock

    async def create(self, actor: Actor, organization_id: OrganizationId, wanted: Wanted) -> Resource:
        """Return the new resource; raise `ResourceTaken` or one of `REFUSALS`."""
        outcome = await self._one(actor, organization_id, wanted)
        if not outcome.created:
            raise ResourceTaken
        return outcome.resources[0]

    async def put(self, actor: Actor, organization_id: OrganizationId, wanted: Wanted) -> Resource:
        """Return the resource, which is as wanted; raise one of `REFUSALS`."""
        try:
            return (await self._one(actor, organization_id, wanted)).resources[0]
        except ResourceTaken as error:
            raise ConcurrentChange from error

    async def register(self, actor: Actor, organization_id: OrganizationId, wanted: Sequence[Wanted]) -> Outcome:
        """Create what is missing and change what is otherwise.

        Raise `Refused`, `BypassRequired` if something is new, or moves, and walls hide something from the actor,
        `Forbidden` if they may not write where something is put or taken from, `ParentNotFound` if they cannot know of
        it, `ResourceTaken` or `ConcurrentChange` if somebody else was faster.
        """
        settled = await self.settling.settled(actor, organization_id, wanted)
        wanted, known = settled.wanted, await self._known(organization_id, settled.wanted)
        faults = [
            *_repeated(wanted),
            *_outdated(wanted, known),
            *await self._ownerless(organization_id, settled, known),
        ]
        arrangement = Arrangement(
            {each.key: known[each.key].id if each.key in known else ResourceId(uuid7()) for each in wanted},
            {each.key: each.parent for each in wanted},
            known,
        )
        faults += _orphans(wanted, arrangement)
        if faults:
            raise Refused(faults)
        outcome = await self._arranged(organization_id, wanted, known, arrangement)
        await self._permit(actor, organization_id, outcome)
        await self._write(outcome)
        return outcome

    async def _one(self, actor: Actor, organization_id: OrganizationId, wanted: Wanted) -> Outcome:
        try:
            return await self.register(actor, organization_id, [wanted])
        except Refused as refused:
            raise refused.faults[0].error from None

    async def _known(self, organization_id: OrganizationId, wanted: Sequence[Wanted]) -> Known:
        """Return what there is of those wanted and of what they are to lie in; what is to change is locked."""
        keys = {each.key for each in wanted} | {each.parent for each in wanted if each.parent}
        found = await self.resources.named(organization_id, keys)
        changing = [each for each in wanted if not each.is_met(found.get(each.key))]
        moving = any(each.moves(found.get(each.key)) for each in changing)
        if moving or any(each.parent and each.key not in found for each in changing):
            await self.resources.hold(organization_id, moving=moving)
            found = await self.resources.named(organization_id, keys)
        existing = [found[each.key] for each in changing if each.key in found]
        if existing:
            found = {**found, **await self.resources.renewed(existing)}
        if not moving and any(each.moves(found.get(each.key)) for each in changing):
            raise ConcurrentChange
        return found

    async def _ownerless(self, organization_id: OrganizationId, settled: Settled, known: Known) -> Sequence[Fault]:
        named = {at: each for at, each in enumerate(settled.wanted) if each.owner and "owner" not in each.kept}
        hidden = {at for at, each in named.items() if each.owner in settled.strangers}
        fresh = {
            at: each.owner
            for at, each in named.items()
            if each.owner and at not in hidden and not ((found := known.get(each.key)) and found.owner_id == each.owner)
        }
        members = await self.belonging.people(organization_id, {*fresh.values()}) if fresh else ()
        lacking = hidden | {at for at, owner in fresh.items() if owner not in members}
        return [Fault(at, "owner", OwnerNotFound()) for at in sorted(lacking)]

    async def _arranged(
        self, organization_id: OrganizationId, wanted: Sequence[Wanted], known: Known, arrangement: Arrangement
    ) -> Outcome:
        """Have the resources be as wanted, and sort them by what happens to them; raise `Refused`."""
        outcome, faults, now = Outcome(), [], self.clock.now()
        async for at, each in breathing(wanted):
            try:
                path = arrangement.path(each.key)
            except (ResourceCycle, TooDeep) as error:
                faults.append(Fault(at, "parent", error))
                continue
            parent = Parent(path[1], each.parent) if each.parent else None
            resource = known.get(each.key)
            if resource is None:
                resource = Resource(
                    id=path[0],
                    organization_id=organization_id,
                    key=each.key,
                    owner_id=each.owner,
                    parent=parent,
                    path=path,
                    attributes=each.attributes,
                    created_at=now,
                    updated_at=now,
                )
                outcome.created.append(resource)
            elif not each.is_met(resource):
                outcome.change(resource, each, parent, path, now)
            outcome.resources.append(resource)
        if faults:
            raise Refused(faults)
        return outcome

    async def _permit(self, actor: Actor, organization_id: OrganizationId, outcome: Outcome) -> None:
        """Refuse what the actor may not write, where it comes to lie, where it lay, or what they cannot know of."""
        made, changed = {each.id for each in outcome.created}, {each.id for each in outcome.changed}
        under = {each.parent.id if each.parent else None for each in (*outcome.created, *outcome.moved)}
        await self.reach.must_write_in(actor, organization_id, under - made)
        await self.reach.must_write(actor, organization_id, outcome.left | changed)
        same = {each.id for each in outcome.resources} - made - changed
        await self.reach.must_know(actor, organization_id, same)

    async def _write(self, outcome: Outcome) -> None:
        for each in outcome.created:
            self.events.emit(registered(each), of=each)
        for each in outcome.updated:
            self.events.emit(updated(each), of=each)
        for each in outcome.moved:
            self.events.emit(moved(each), of=each)
        if outcome.created:
            await self.resources.add(outcome.created)
        if outcome.changed:
            await self.resources.keep(outcome.changed)
        if outcome.moved:
            deepest_first = sorted(outcome.moved, key=lambda each: -outcome.depths[each.id])
            await self.resources.move(deepest_first, MOST_MOVED)


def _repeated(wanted: Sequence[Wanted]) -> Iterator[Fault]:
    seen: set[ResourceKey] = set()
    for at, each in enumerate(wanted):
        if each.key in seen:
            yield Fault(at, "", NamedTwice())
        seen.add(each.key)


def _outdated(wanted: Sequence[Wanted], known: Known) -> Iterator[Fault]:
    for at, each in enumerate(wanted):
        found = known.get(each.key)
        if each.version is not None and (found is None or found.version != each.version):
            yield Fault(at, "", PreconditionFailed())


def _orphans(wanted: Sequence[Wanted], arrangement: Arrangement) -> Iterator[Fault]:
    for at, each in enumerate(wanted):
        if each.parent and not arrangement.knows(each.parent):
            yield Fault(at, "parent", ParentNotFound())
