"""Remember parts, forget what changes, and answer from one snapshot: ADR 0010."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from time import monotonic
from typing import Any, Final

from core.access.gathering import Gathering
from core.access.memory import Memory
from core.access.remembered import Remembered
from core.access.snapshots import Snapshot
from core.access.source import Look, Source
from domain.access.engine.compiled import Subject
from domain.access.engine.deciding import Thing
from domain.access.engine.parts import Key, Name, Part, RolePart
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import Unavailable
from domain.kernel.ids import OrganizationId, ResourceId, RoleId, UserId


class Now(Enum):
    """A wish for freshness: as of the moment of the question."""

    NOW = "now"


NOW: Final = Now.NOW
Fresh = ConsistencyToken | Now | None
"""How fresh an answer has to be: at least as that command, as of now, or as the bound promises."""
TRIES: Final = 12
"""How often an answer may find that something it needs is missing, or was changed meanwhile."""


@dataclass(slots=True)
class AccessEngine:
    """Everything remembered is right as of one snapshot, which every look at the database moves on."""

    source: Source
    bound: float = 2.0
    """Seconds after which nothing is answered from memory without another look."""
    size: int = 50_000
    """Parts of each kind that are remembered, in each of two generations; and as many compiled subjects."""
    now: Any = monotonic
    looks: int = field(default=0, init=False)
    """How often the database was asked."""
    _memory: Memory = field(init=False)
    _subjects: "Remembered[tuple[UserId, OrganizationId], _Compiled]" = field(init=False)
    _ids: Remembered[Name, ResourceId] = field(init=False)
    """Of resources, by natural key. An id keeps its key, but a key may get another id."""
    _waiting: list[asyncio.Future[None]] = field(default_factory=list, init=False)
    """Those who need a look that has not begun yet."""
    _looking: asyncio.Task[None] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._memory = Memory(self.size, self.now, self._emptied)
        self._subjects = Remembered(self.size)
        self._ids = Remembered(self.size)

    async def refresh(self, fresh: Fresh = None) -> None:
        """Return once what is known is as fresh as that; raise what the source raises."""
        known = self._memory.snapshot
        if (
            fresh is NOW
            or known is None
            or self.now() - self._memory.looked > self.bound
            or (fresh is not None and not known.includes(fresh))
        ):
            await self._look()

    async def known(
        self, user_id: UserId, organization_id: OrganizationId, resource_ids: Collection[ResourceId] = ()
    ) -> tuple[Subject | None, Mapping[ResourceId, Thing]]:
        """Return a person, None if there is none, and those resources that the organization has, of one snapshot.

        Call `refresh` first. Raise `Unavailable` if they change faster than they can be loaded.
        """
        subjects, things = await self.together([(user_id, organization_id)], resource_ids, {organization_id})
        return subjects.get((user_id, organization_id)), things

    async def together(
        self,
        people: Collection[tuple[UserId, OrganizationId]],
        resource_ids: Collection[ResourceId] = (),
        within: Collection[OrganizationId] | None = None,
    ) -> tuple[Mapping[tuple[UserId, OrganizationId], Subject], Mapping[ResourceId, Thing]]:
        """Do the same for several people, without those that there are not, and resources `within` organizations."""
        for _ in range(TRIES):
            missing: set[Key] = set()
            found = {person: self._subject(*person, missing) for person in people}
            things = self._things(within, resource_ids, missing)
            if not missing:
                return {person: subject for person, subject in found.items() if subject}, things
            await self._load(missing)
        raise Unavailable

    async def roles(self, role_ids: Collection[RoleId]) -> Mapping[RoleId, RolePart]:
        """Return roles with all that they inherit, as they are written."""
        for _ in range(TRIES):
            gathered = Gathering(self._memory)
            gathered.roles(set(role_ids))
            if not gathered.missing:
                return {part.id: part for part in gathered.used.values() if isinstance(part, RolePart)}
            await self._load(gathered.missing)
        raise Unavailable

    async def find(self, names: Collection[Name], *, again: bool = False) -> Mapping[Name, ResourceId]:
        """Return the ids of resources; any of them may be gone by now, or called otherwise: then ask `again`."""
        found = {} if again else {name: known for name in names if (known := self._ids.get(name))}
        if unknown := [name for name in names if name not in found]:
            fresh = await self.source.find_all(unknown)
            for name in unknown:
                self._ids.forget(name)
            for name, resource_id in fresh.items():
                self._ids.put(name, resource_id)
            found |= fresh
        return found

    async def observe(self, look: Callable[[Snapshot | None], Awaitable[Look]]) -> None:
        """Ask the database something else, and take in what has changed since the snapshot that `look` is given."""
        self.looks += 1
        with self._memory.loading() as loading:
            seen = await look(loading.since)
        self._memory.learn(seen, loading)

    @property
    def remembered(self) -> int:
        """How many parts there are in memory."""
        return len(self._memory)

    def _subject(self, user_id: UserId, organization_id: OrganizationId, missing: set[Key]) -> Subject | None:
        found = self._subjects.get((user_id, organization_id))
        if found and (found.generation == self._memory.generation or self._is_current(found)):
            return found.subject
        gathered = Gathering(self._memory)
        made = gathered.subject(user_id, organization_id)
        missing |= gathered.missing
        if made:
            self._subjects.put((user_id, organization_id), _Compiled(made, gathered.used, self._memory.generation))
        return made

    def _things(
        self, within: Collection[OrganizationId] | None, resource_ids: Collection[ResourceId], missing: set[Key]
    ) -> Mapping[ResourceId, Thing]:
        gathered, things = Gathering(self._memory), dict[ResourceId, Thing]()
        for resource_id in resource_ids:
            found = gathered.thing(resource_id)
            if found and (within is None or found[0] in within):
                things[resource_id] = found[1]
        missing |= gathered.missing
        return things

    def _is_current(self, compiled: "_Compiled") -> bool:
        current = self._memory.holds(compiled.used)
        if current:
            compiled.generation = self._memory.generation
        return current

    async def _look(self) -> None:
        """See what has changed by now; whoever asks while one look is under way shares the one after it."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_for_all())
        await waiter

    async def _look_for_all(self) -> None:
        """Look until nobody waits. A task of its own: whoever waits may give up, and the others go on."""
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            try:
                await self._load(())
            except Exception as error:
                _tell(waiting, error)
            except BaseException:
                for each in (*waiting, *self._waiting):
                    each.cancel()
                raise
            else:
                _tell(waiting)

    async def _load(self, keys: Collection[Key]) -> None:
        await self.observe(lambda since: self.source.look(since, keys))

    def _emptied(self) -> None:
        self._subjects.clear()
        self._ids.clear()


@dataclass(slots=True)
class _Compiled:
    subject: Subject
    used: Mapping[Key, Part | None]
    generation: int


def _tell(waiting: Iterable[asyncio.Future[None]], error: Exception | None = None) -> None:
    for each in waiting:
        if each.done():
            continue
        if error:
            each.set_exception(error)
        else:
            each.set_result(None)
