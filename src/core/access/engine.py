"""Remember parts, forget what changes, and answer from one snapshot: ADR 0010."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from time import monotonic
from typing import Any, Final

from core.access.remembered import Remembered
from core.access.snapshots import Snapshot
from core.access.source import Look, Source
from domain.access.engine.compiled import Subject, compile_subject
from domain.access.engine.deciding import Thing
from domain.access.engine.parts import Key, Name, Part, ResourcePart, RolePart, TeamPart, UserPart
from domain.kernel.consistency import ConsistencyToken
from domain.kernel.errors import Unavailable
from domain.kernel.ids import PLATFORM, OrganizationId, ResourceId, RoleId, UserId


class Now(Enum):
    """A wish for freshness: as of the moment of the question."""

    NOW = "now"


NOW: Final = Now.NOW
Fresh = ConsistencyToken | Now | None
"""How fresh an answer has to be: at least as that command, as of now, or as the bound promises."""
KEPT: Final = 24 * 3600.0
"""Seconds for which changes can be relied on to be still recorded; a store may keep them for longer."""
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
    _parts: Remembered[Key, Part] = field(init=False)
    _absent: Remembered[Key, bool] = field(init=False)
    """What was looked for and is not there."""
    _subjects: "Remembered[tuple[UserId, OrganizationId], _Compiled]" = field(init=False)
    looks: int = field(default=0, init=False)
    """How often the database was asked."""
    _ids: Remembered[Name, ResourceId] = field(init=False)
    """Of resources, by natural key. An id keeps its key, but a key may get another id."""
    _known: Snapshot | None = field(default=None, init=False)
    _looked: float = field(default=float("-inf"), init=False)
    """When the look that made `_known` began."""
    _generation: int = field(default=0, init=False)
    """Counts what was forgotten: whoever was compiled since lacks nothing."""
    _loading: "list[_Loading]" = field(default_factory=list, init=False)
    _next: asyncio.Task[None] | None = field(default=None, init=False)
    """A look that has not begun yet, for everybody who needs one."""
    _current: asyncio.Task[None] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._parts = Remembered(self.size, self._forgot)
        self._absent = Remembered(self.size)
        self._subjects = Remembered(self.size)
        self._ids = Remembered(self.size)

    async def refresh(self, fresh: Fresh = None) -> None:
        """Return once what is known is as fresh as that; raise what the source raises."""
        known = self._known
        if (
            fresh is NOW
            or known is None
            or self.now() - self._looked > self.bound
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
            used: dict[Key, Part | None] = {}
            missing: set[Key] = set()
            self._take_roles(set(role_ids), used, missing)
            if not missing:
                return {part.id: part for part in used.values() if isinstance(part, RolePart)}
            await self._load(missing)
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
        began, loading = self.now(), _Loading()
        since = self._known if began - self._looked < KEPT else None
        self._loading.append(loading)
        try:
            seen = await look(since)
        finally:
            self._loading.remove(loading)
        if self._advance(seen, since, began):
            self._keep(seen.parts, frozenset())
        elif not loading.everything:
            self._keep(seen.parts, loading.changed)

    @property
    def remembered(self) -> int:
        """How many parts there are in memory."""
        return len(self._parts)

    def _subject(self, user_id: UserId, organization_id: OrganizationId, missing: set[Key]) -> Subject | None:
        found = self._subjects.get((user_id, organization_id))
        if found and (found.generation == self._generation or self._is_current(found)):
            return found.subject
        used: dict[Key, Part | None] = {}
        lacking = self._collect(user_id, organization_id, used)
        missing |= lacking
        user = used.get(Key("user", user_id))
        if lacking or not isinstance(user, UserPart):
            return None
        teams = {part.id: part for part in used.values() if isinstance(part, TeamPart)}
        roles = {part.id: part for part in used.values() if isinstance(part, RolePart)}
        made = compile_subject(user, organization_id, teams, roles)
        self._subjects.put((user_id, organization_id), _Compiled(made, used, self._generation))
        return made

    def _things(
        self, within: Collection[OrganizationId] | None, resource_ids: Collection[ResourceId], missing: set[Key]
    ) -> Mapping[ResourceId, Thing]:
        used: dict[Key, Part | None] = {}
        found: dict[ResourceId, Thing] = {}
        for resource_id in resource_ids:
            part = self._need(Key("resource", resource_id), used, missing)
            if isinstance(part, ResourcePart) and (within is None or part.organization_id in within):
                wall = self._need(Key("resource", part.wall_id), used, missing) if part.wall_id else None
                found[resource_id] = Thing.of(part, wall if isinstance(wall, ResourcePart) else None)
        return found

    def _collect(self, user_id: UserId, organization_id: OrganizationId, used: dict[Key, Part | None]) -> set[Key]:
        """Put into `used` what a person consists of in an organization; return what is not known of it."""
        user = self._take(Key("user", user_id), used)
        if not isinstance(user, UserPart):
            return set() if Key("user", user_id) in used else {Key("user", user_id)}
        missing: set[Key] = set()
        grants = list(user.grants)
        for team_id in user.teams:
            team = self._need(Key("team", team_id), used, missing)
            for above in team.path if isinstance(team, TeamPart) else ():
                part = self._need(Key("team", above), used, missing)
                grants += part.grants if isinstance(part, TeamPart) else ()
        granted = {each.role_id for each in grants if each.organization_id in {organization_id, PLATFORM}}
        self._take_roles(granted, used, missing)
        return missing

    def _take_roles(self, rim: set[RoleId], used: dict[Key, Part | None], missing: set[Key]) -> None:
        asked: set[RoleId] = set()
        while rim:
            asked |= rim
            parts = [self._need(Key("role", role_id), used, missing) for role_id in rim]
            rim = {above for part in parts if isinstance(part, RolePart) for above in part.inherits} - asked

    def _need(self, key: Key, used: dict[Key, Part | None], missing: set[Key]) -> Part | None:
        part = self._take(key, used)
        if key not in used:
            missing.add(key)
        return part

    def _take(self, key: Key, used: dict[Key, Part | None]) -> Part | None:
        part = self._parts.get(key)
        if part is not None or self._absent.get(key):
            used[key] = part
        return part

    def _is_current(self, compiled: "_Compiled") -> bool:
        current = all(self._parts.get(key) is part for key, part in compiled.used.items())
        if current:
            compiled.generation = self._generation
        return current

    async def _look(self) -> None:
        """See what has changed by now; whoever asks while one look is under way shares the one after it."""
        if self._next is None:
            self._next = asyncio.create_task(self._looked_after(self._current))
        await asyncio.shield(self._next)

    async def _looked_after(self, before: asyncio.Task[None] | None) -> None:
        if before:
            await asyncio.wait([before])
        self._current, self._next = self._next, None
        await self._load(())

    async def _load(self, keys: Collection[Key]) -> None:
        await self.observe(lambda since: self.source.look(since, keys))

    def _advance(self, look: Look, since: Snapshot | None, began: float) -> bool:
        """Move what is known on to the snapshot of `look`; return False if that is the older one."""
        known, seen = self._known, look.snapshot
        same = known is not None and seen.continues(known)
        # Less than was known when it was asked: the store has lost transactions, whose numbers will be others' now.
        lost = since is not None and seen.continues(since) and not seen.is_at_least(since)
        if known is not None and same and not lost and not seen.is_at_least(known):
            return False
        if known is None or not same or lost or look.changes is None:
            self._forget_everything()
        else:
            for change in look.changes:
                if not known.sees(change.transaction):
                    self._forget(change.key)
        self._known, self._looked = seen, max(began, self._looked)
        return True

    def _keep(self, parts: Mapping[Key, Part | None], stale: Collection[Key]) -> None:
        for key, part in parts.items():
            if key in stale:
                continue
            if part is None:
                self._absent.put(key, value=True)
            elif self._parts.get(key) is None:
                self._parts.put(key, part)

    def _forget(self, key: Key) -> None:
        for loading in self._loading:
            loading.changed.add(key)
        self._absent.forget(key)
        if self._parts.forget(key):
            self._forgot()

    def _forget_everything(self) -> None:
        for loading in self._loading:
            loading.everything = True
        self._parts.clear()
        self._absent.clear()
        self._subjects.clear()
        self._ids.clear()
        self._forgot()

    def _forgot(self) -> None:
        self._generation += 1


@dataclass(slots=True, eq=False)
class _Loading:
    """What was forgotten while something was loaded: of an older snapshot it must not be remembered.

    Two that hold the same are two all the same: one is taken off the list when it ends, and that must be itself.
    """

    changed: set[Key] = field(default_factory=set)
    everything: bool = False


@dataclass(slots=True)
class _Compiled:
    subject: Subject
    used: Mapping[Key, Part | None]
    generation: int
