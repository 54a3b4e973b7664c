"""Where resources come to lie."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.kernel.ids import ResourceId
from domain.resources.errors import ResourceCycle, TooDeep
from domain.resources.models import DEEPEST, Resource, ResourceKey


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Where some resources, new ones and others, are to lie: in each other, or in others that stay where they are."""

    ids: Mapping[ResourceKey, ResourceId]
    """Those that are arranged."""
    parents: Mapping[ResourceKey, ResourceKey | None]
    """What each of them is to lie in."""
    others: Mapping[ResourceKey, Resource]
    """What they lie in, as far as it is not arranged itself; it may lie in something that is."""
    _keys: dict[ResourceId, ResourceKey] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._keys.update({id_: key for key, id_ in self.ids.items()})

    def knows(self, key: ResourceKey) -> bool:
        """Return whether there is, or will be, a resource of this key."""
        return key in self.ids or key in self.others

    def path(self, key: ResourceKey) -> tuple[ResourceId, ...]:
        """Return the path of one that is arranged, all of whose parents are known; raise `ResourceCycle`, `TooDeep`."""
        path: list[ResourceId] = []
        here: ResourceKey | None = key
        while here is not None:
            if here in self.ids:
                self._step(path, self.ids[here])
                here = self.parents[here]
            else:
                here = self._climb(path, self.others[here])
        return tuple(path)

    def _climb(self, path: list[ResourceId], other: Resource) -> ResourceKey | None:
        """Follow the path that `other` has up to the first that is arranged, and return that one."""
        for above in other.path:
            if found := self._keys.get(above):
                return found
            self._step(path, above)
        return None

    def _step(self, path: list[ResourceId], above: ResourceId) -> None:
        if above in path:
            raise ResourceCycle
        if len(path) == DEEPEST:
            raise TooDeep
        path.append(above)
