"""Tell what a complete copy holds."""

from typing import Annotated, Final
from uuid import UUID

from domain.events.errors import DigestTooLarge, KindUnknown
from domain.events.kinds import kind_of
from domain.events.ports import Counted, Selection, States
from domain.events.reading import Readership
from domain.events.schemas import Digest, IdRange
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import BypassRequired, OrganizationNotFound, Overloaded
from domain.kernel.ids import OrganizationId
from domain.kernel.schemas import Length, Range
from domain.kernel.usecases import Query, interactor, message

LEAST: Final = UUID(int=0)
GREATEST: Final = UUID(int=2**128 - 1)


@message
class ReadDigest(Query[Digest]):
    """Return how much of a kind there is, and a digest of all versions, for ranges of ids.

    It holds for exactly the cursor that it names: follow the feed so far and no further, and compare. Ask again
    `first` to `last` of a range that differs, to find what does.
    """

    kind: Annotated[str, Length(1, 100)]
    first: UUID = LEAST
    last: UUID = GREATEST
    parts: Annotated[int, Range(1, 256)] = 16
    organization_id: OrganizationId | None = None


@interactor(
    access=needs(Permission.EVENTS_READ, within="organization_id"),
    raises=(BypassRequired, DigestTooLarge, KindUnknown, OrganizationNotFound, Overloaded),
)
class ReadDigestInteractor:
    states: States
    readership: Readership

    async def __call__(self, request: ReadDigest, actor: Actor) -> Digest:
        organization_id, first, last = request.organization_id, request.first, request.last
        await self.readership.admit(actor, organization_id)
        kind = kind_of(request.kind, in_organization=organization_id is not None, whole=True)
        chosen = Selection(kind, organization_id)
        # Most ids begin with the time, so the parts divide what is there, not all that could be.
        least, greatest = await self.states.bounds(chosen, first, last) or (first, last)
        width = max((greatest.int - least.int) // request.parts, 1)
        cuts = [UUID(int=least.int + width * part) for part in range(1, request.parts)]
        firsts = [first, *(each for each in cuts if first < each <= last)]
        cursor, counted = await self.states.count(chosen, firsts, last)
        return Digest(kind.name, str(cursor), _ranges(counted, last))


def _ranges(counted: list[Counted], last: UUID) -> list[IdRange]:
    ends = [*(UUID(int=each.first.int - 1) for each in counted[1:]), last]
    return [
        IdRange(str(each.first), str(end), each.count, f"{each.digest:016x}")
        for each, end in zip(counted, ends, strict=True)
    ]
