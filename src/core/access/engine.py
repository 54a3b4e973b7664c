"""Remember parts, forget what changes, and answer from one snapshot: ADR 0010."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from time import monotonic
from typing import Any, Final

from core.access.gathering import Gathering
from core.access.loaded import Loaded, Person
from core.access.memory import Memory, weight
from core.access.remembered import Remembered
from core.access.sharing import Shared
from core.access.snapshots import Snapshot
from core.access.source import Look, Source
from domain.access.engine.compiled import Subject
from domain.access.engine.deciding import Thing
from domain.access.engine.parts import Key, Name, Part, RolePart
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.ids import OrganizationId, ResourceId, RoleId, UserId


class Now(Enum):
    """A wish for freshness: as of the moment of the question."""

    NOW = "now"


NOW: Final = Now.NOW
Fresh = ConsistencyToken | Now | None
"""How fresh an answer has to be: at least as that command, as of now, or as the bound promises."""
TWICE: Final = 2
"""How often an id is asked for, if what has it is gone or called otherwise by the time it is loaded."""
TRIES: Final = 6
"""How often an answer may find something missing, or changed meanwhile, before all that it needs is loaded anew."""


@dataclass(slots=True)
class AccessEngine:
    """Everything remembered is right as of one snapshot, which every look at the database moves on."""

    source: Source
    bound: float = 2.0
    """Seconds after which nothing is answered from memory without another look."""
    size: int = 50_000
    """Parts and grants that are remembered, in each of two generations; and as much of what is made of them."""
    now: Any = monotonic
    looks: int = field(default=0, init=False)
    """How often the database was asked."""
    _memory: Memory = field(init=False)
    _subjects: "Remembered[Person, _Compiled]" = field(init=False)
    _named: "Remembered[Name, _Named]" = field(init=False)
    """Resources by natural key. An id keeps its key, but a key may get another id."""
    _looking: Shared = field(init=False)

    def __post_init__(self) -> None:
        self._looking = Shared(lambda: self._load(()))
        self._memory = Memory(self.size, self.now, self._emptied)
        self._subjects = Remembered(self.size, weigh=_weight)
        self._named = Remembered(self.size)

    async def refresh(self, fresh: Fresh = None) -> None:
        """Return once what is known is as fresh as that; raise what the source raises."""
        known = self._memory.snapshot
        if (
            fresh is NOW
            or known is None
            or self.now() - self._memory.looked > self.bound
            or (fresh is not None and not known.includes(fresh))
        ):
            await self._looking()

    async def known(
        self, user_id: UserId, organization_id: OrganizationId, resource_ids: Collection[ResourceId] = ()
    ) -> tuple[Subject | None, Mapping[ResourceId, Thing]]:
        """Return a person, None if there is none, and those resources that the organization has, of one snapshot.

        Call `refresh` first.
        """
        for _ in range(TRIES):
            missing: set[Key] = set()
            subject = self._subject((user_id, organization_id), missing)
            things = self._things((organization_id,), resource_ids, missing) if resource_ids else {}
            if not missing:
                return subject, things
            await self._load(missing)
        person = user_id, organization_id
        loaded = await self._alone([person], resource_ids)
        return loaded.subjects([person]).get(person), loaded.things((organization_id,), resource_ids)

    async def together(
        self,
        people: Collection[Person],
        resource_ids: Collection[ResourceId] = (),
        within: Collection[OrganizationId] | None = None,
    ) -> tuple[Mapping[Person, Subject], Mapping[ResourceId, Thing]]:
        """Do the same for several people, without those that there are not, and resources `within` organizations."""
        for _ in range(TRIES):
            missing: set[Key] = set()
            found = self._present(people, missing)
            things = self._things(within, resource_ids, missing)
            if not missing:
                return found, things
            await self._load(missing)
        loaded = await self._alone(people, resource_ids)
        return loaded.subjects(people), loaded.things(within, resource_ids)

    async def roles(self, role_ids: Collection[RoleId]) -> Mapping[RoleId, RolePart]:
        """Return roles with all that they inherit, as they are written."""
        for _ in range(TRIES):
            gathered = Gathering(self._memory)
            gathered.roles(set(role_ids))
            if not gathered.missing:
                return {part.id: part for part in gathered.used.values() if isinstance(part, RolePart)}
            await self._load(gathered.missing)
        return (await self._alone((), (), role_ids)).roles(role_ids)

    async def named(
        self, people: Collection[Person], names: Sequence[Name]
    ) -> tuple[Mapping[Person, Subject], Sequence[Thing | None]]:
        """Return people, without those that there are not, and what is called so, in that order, of one snapshot."""
        asked: dict[Name, int] = {}
        for _ in range(TRIES):
            missing, unknown = set[Key](), set[Name]()
            found = self._present(people, missing)
            things = [self._thing(name, missing, unknown) for name in names]
            if unknown and asked:
                unknown -= {name for name, times in asked.items() if times >= TWICE}
            if not missing and not unknown:
                return found, things
            if unknown:
                ids = await self.source.find_all(unknown)
                for name in unknown:
                    asked[name] = asked.get(name, 0) + (1 if name in ids else TWICE)
                for name, resource_id in ids.items():
                    self._named.put(name, _Named(resource_id))
            if missing:
                await self._load(missing)
        ids = await self.source.find_all(names) if names else {}
        loaded = await self._alone(people, ids.values())
        return loaded.subjects(people), loaded.named(names, ids)

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

    def _present(self, people: Collection[Person], missing: set[Key]) -> dict[Person, Subject]:
        present: dict[Person, Subject] = {}
        for person in people:
            if found := self._subject(person, missing):
                present[person] = found
        return present

    def _subject(self, person: Person, missing: set[Key]) -> Subject | None:
        found = self._subjects.get(person)
        if found and (found.generation == self._memory.generation or self._is_current(found)):
            return found.subject
        gathered = Gathering(self._memory)
        made = gathered.subject(*person)
        missing |= gathered.missing
        if made:
            self._subjects.put(person, _Compiled(made, gathered.used, self._memory.generation))
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

    def _thing(self, name: Name, missing: set[Key], unknown: set[Name]) -> Thing | None:
        known = self._named.get(name)
        if known and (known.generation == self._memory.generation or self._is_current(known)):
            return known.thing
        if known:
            gathered = Gathering(self._memory)
            found = gathered.thing(known.id)
            if gathered.missing:
                missing |= gathered.missing
                return None
            if found and Name(found[0], found[1].type, found[1].external_id) == name:
                known.thing, known.used, known.generation = found[1], gathered.used, self._memory.generation
                return known.thing
            self._named.forget(name)
        unknown.add(name)
        return None

    def _is_current(self, made: "_Compiled | _Named") -> bool:
        current = bool(made.used) and self._memory.holds(made.used)
        if current:
            made.generation = self._memory.generation
        return current

    async def _alone(
        self, people: Collection[Person], resource_ids: Collection[ResourceId], role_ids: Collection[RoleId] = ()
    ) -> Loaded:
        """Load everything at once that changes too often to be found in memory."""
        keys = {Key("user", user_id) for user_id, _ in people}
        keys |= {Key("resource", each) for each in resource_ids} | {Key("role", each) for each in role_ids}
        found = Loaded({})

        async def look(since: Snapshot | None) -> Look:
            seen = await self.source.look(since, keys)
            found.parts = seen.parts
            return seen

        await self.observe(look)
        return found

    async def _load(self, keys: Collection[Key]) -> None:
        await self.observe(lambda since: self.source.look(since, keys))

    def _emptied(self) -> None:
        self._subjects.clear()
        self._named.clear()


@dataclass(slots=True)
class _Compiled:
    subject: Subject
    used: Mapping[Key, Part | None]
    generation: int


@dataclass(slots=True)
class _Named:
    id: ResourceId
    thing: Thing | None = None
    used: Mapping[Key, Part | None] = field(default_factory=dict)
    generation: int = -1


def _weight(compiled: _Compiled) -> int:
    return sum(weight(part) for part in compiled.used.values() if part)
