"""Compare what people may do before and after a change."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from domain.access.asking import Entity
from domain.access.engine.compiled import EVERYTHING, Subject
from domain.access.engine.deciding import Outcome, Question, Thing, decide, may_bypass, sees
from domain.access.simulating.ports import Others, Trial
from domain.access.simulating.states import Altered, Candidate
from domain.kernel.access import Permission
from domain.kernel.ids import ResourceId, RoleId

RESOURCES: Final = "resources"
"""Permissions of this type are asked about resources of every type."""
BREATH: Final = 250
"""How many resources are looked at before other requests have their turn."""
MOST_COMPARED: Final = 50_000
"""Decisions that are compared one by one for a page; a person is finished all the same."""

Place = tuple[str, ...]
"""Where a change stands among those of one person, which are in the order of their places."""
_EVERYWHERE, _ALTERED, _OTHERS = "1", "2", "3"


@dataclass(frozen=True, slots=True)
class Change:
    """A decision about somebody that would be another one."""

    gained: bool
    permission: str
    on: Entity | None
    """None for the organization itself."""
    place: Place


@dataclass(frozen=True, slots=True)
class Alike:
    """Permissions of one type that the same roles give somebody: what is decided about one is decided about all."""

    kind: str
    names: tuple[str, ...]

    @property
    def one(self) -> str:
        """Any of them."""
        return self.names[0]

    def concerns(self, type_: str) -> bool:
        """Return whether they are asked about resources of this type."""
        return self.kind in {type_, RESOURCES}


@dataclass(slots=True)
class Comparing:
    """Compares in one trial; the asker learns nothing of what they may not see as things are."""

    trial: Trial
    context: Mapping[str, Any]
    """What conditions know as `context.<name>`."""
    now: datetime
    compared: int = field(default=0, init=False)
    """How many decisions about resources were compared one by one."""

    async def changes(self, candidate: Candidate, after: Place, most: int) -> list[Change]:
        """Return up to `most` changes past `after`, `()` for the first ones."""
        await asyncio.sleep(0)
        alike = list(_alike(candidate, {*self.trial.permissions, *map(str, Permission)}))
        found = [each for each in self._everywhere(candidate, alike) if each.place > after]
        for number, altered in enumerate(self.trial.altered, start=1):
            if len(found) < most and (_ALTERED, *_name(altered)) >= after[:3]:
                found += [each for each in self._altered(candidate, alike, altered) if each.place > after]
            if number % BREATH == 0:
                await asyncio.sleep(0)
        if len(found) < most:
            found += [each for each in await self._others(candidate, alike, after, most) if each.place > after]
        return found[:most]

    async def _others(self, candidate: Candidate, alike: Sequence[Alike], after: Place, most: int) -> list[Change]:
        differing = [each for each in alike if self._differs(candidate, each)]
        if not differing:
            return []
        since = ResourceId(UUID(after[1])) if after and after[0] == _OTHERS else None
        asked = [(each.one, None if each.kind == RESOURCES else each.kind) for each in differing]
        # One more, since all that changes about the first one may be known already.
        rows = await self.trial.others(Others(candidate, asked, self.context, since, most + 1))
        return [
            Change(gained, name, row.entity, (_OTHERS, str(row.id), name))
            for row in rows
            for name, gained in sorted(
                (name, gained)
                for each, gained in zip(differing, row.gained, strict=True)
                if gained is not None
                for name in each.names
            )
        ]

    def _everywhere(self, candidate: Candidate, alike: Sequence[Alike]) -> Iterator[Change]:
        told = {
            name: now
            for each in alike
            if (now := self._allowed(candidate.after, each.one)) != self._allowed(candidate.before, each.one)
            for name in each.names
        }
        for name in sorted(told):
            yield Change(told[name], name, None, (_EVERYWHERE, name))

    def _altered(self, candidate: Candidate, alike: Sequence[Alike], altered: Altered) -> Iterator[Change]:
        thing, told = altered.thing, dict[str, bool]()
        shown = self._shows(altered)
        if not shown and candidate.id != self.trial.asker.id:
            return
        for each in alike:
            if each.concerns(thing.type):
                self.compared += 1
                was = bool(altered.before) and self._allowed(candidate.before, each.one, altered.before)
                now = bool(altered.after) and self._allowed(candidate.after, each.one, altered.after)
                # What they may do already they can see, walls or not.
                if was != now and (shown or was):
                    told |= dict.fromkeys(each.names, now)
        entity = Entity(thing.type, thing.external_id)
        for name in sorted(told):
            yield Change(told[name], name, entity, (_ALTERED, *_name(altered), name))

    def _shows(self, altered: Altered) -> bool:
        """Return whether the asker sees it as it is; what is not there yet, as it is going to be."""
        if altered.before:
            mine, thing = self.trial.asker.before, altered.before
        else:
            mine, thing = self.trial.asker.after, altered.thing
        return mine is not None and sees(mine, thing, self.now)

    def _differs(self, candidate: Candidate, alike: Alike) -> bool:
        """Return whether anything may be decided otherwise about a resource that stays as it is."""
        before, after = candidate.before, candidate.after
        if before is None or after is None:
            return before is not after
        return self._traits(before) != self._traits(after) or before.rules(alike.one) != after.rules(alike.one)

    def _traits(self, subject: Subject) -> tuple[object, ...]:
        """Return what decides beside rules."""
        user = subject.user
        return user.is_active, user.email_verified, subject.groups, may_bypass(subject, self.now)

    def _allowed(self, subject: Subject | None, permission: str, thing: Thing | None = None) -> bool:
        if subject is None:
            return False
        return decide(subject, Question(permission, thing, self.context), self.now) is Outcome.ALLOWED


def _alike(candidate: Candidate, permissions: Collection[str]) -> Iterator[Alike]:
    """Sort permissions by type, and by the roles that give them to somebody."""
    before, after = _giving(candidate.before), _giving(candidate.after)
    found: dict[tuple[str, frozenset[RoleId], frozenset[RoleId]], list[str]] = {}
    for name in sorted(permissions):
        if not name.endswith(EVERYTHING):
            kind = name.partition(":")[0]
            written = name, EVERYTHING, f"{kind}:{EVERYTHING}"
            was = frozenset(role for each in written for role in before.get(each, ()))
            now = frozenset(role for each in written for role in after.get(each, ()))
            found.setdefault((kind, was, now), []).append(name)
    for (kind, was, now), names in found.items():
        if was or now:
            yield Alike(kind, tuple(names))


def _giving(subject: Subject | None) -> Mapping[str, set[RoleId]]:
    """Return by which roles somebody has what is written in them."""
    found: dict[str, set[RoleId]] = {}
    for role_id, names in subject.roles.items() if subject else ():
        for name in names:
            found.setdefault(name, set()).add(role_id)
    return found


def _name(altered: Altered) -> tuple[str, str]:
    return altered.thing.type, altered.thing.external_id
