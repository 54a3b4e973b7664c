"""Read the present state of everything of a kind."""

from collections.abc import AsyncGenerator
from typing import Annotated, Final

from domain.events.errors import KindUnknown, ThingIdInvalid
from domain.events.kinds import kind_of
from domain.events.ports import Selection, States
from domain.events.reading import Readership
from domain.events.schemas import SnapshotEnd, SnapshotHead, Thing
from domain.kernel.access import Actor, Permission, Standing, needs
from domain.kernel.errors import BypassRequired, DomainError, OrganizationNotFound
from domain.kernel.ids import OrganizationId
from domain.kernel.schemas import Length, Range, Stream
from domain.kernel.usecases import Query, interactor, message, target

BATCH: Final = 1000
Lines = list[SnapshotHead | Thing | SnapshotEnd]


@message
class ReadSnapshot(Query[Stream[Lines]]):
    """Return everything of a kind as it is now, one JSON object a line (NDJSON), in the order of ids.

    The first line has the cursor to follow the feed from, and the last says whether there is more: then go on `after`
    its `next`, and follow the feed from the cursor of the first part all the same. A part may be newer than its
    cursor, so apply an event only if its `aggregateversion` is greater than the version that you have.
    """

    kind: Annotated[str, Length(1, 100)] = target()
    after: Annotated[str, Length(1, 100)] | None = None
    limit: Annotated[int, Range(1, 10_000_000)] | None = None
    organization_id: OrganizationId | None = None


@interactor(
    access=needs(Permission.EVENTS_READ, within="organization_id"),
    raises=(BypassRequired, KindUnknown, OrganizationNotFound, ThingIdInvalid),
    audit="events.snapshot.read",
)
class ReadSnapshotInteractor:
    states: States
    readership: Readership

    async def __call__(self, request: ReadSnapshot, actor: Actor, standing: Standing) -> Stream[Lines]:
        organization_id = request.organization_id
        await self.readership.admit(actor, organization_id)
        kind = kind_of(request.kind, in_organization=organization_id is not None)
        chosen = Selection(kind, organization_id)
        head = SnapshotHead(str(await self.states.cursor()), kind.name)
        size = _size(request.limit)
        first = await self.states.things(chosen, request.after, size)
        parts = self._parts(request, chosen, head, first, actor, standing)
        return Stream(parts, actor.user_id if organization_id else None)

    async def _parts(
        self,
        request: ReadSnapshot,
        chosen: Selection,
        head: SnapshotHead,
        things: list[Thing],
        actor: Actor,
        standing: Standing,
    ) -> AsyncGenerator[Lines, None]:
        yield [head]
        left, after = request.limit, request.after
        while True:
            asked = _size(left)
            if things:
                yield [*things]
                after = things[-1].id
            if len(things) < asked:
                yield [SnapshotEnd(complete=True, next=None)]
                return
            left = None if left is None else left - len(things)
            if left == 0:
                break
            try:
                await standing.confirm()
                await self.readership.admit(actor, request.organization_id)
                things = await self.states.things(chosen, after, _size(left))
            except DomainError as refusal:
                yield [SnapshotEnd(complete=False, next=after, refusal=refusal.code)]
                return
        yield [SnapshotEnd(complete=False, next=after)]


def _size(left: int | None) -> int:
    return BATCH if left is None else min(left, BATCH)
