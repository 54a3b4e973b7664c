"""Whatever is done to a tree of resources, paths and walls are what a naive look at the parents says."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

from domain.kernel.ids import ResourceId
from domain.resources.models import DEEPEST

NAMES = [f"n{number}" for number in range(8)]
WALLED = {"n1", "n4"}
"""Those that are in a visibility group while they exist; the others never are."""

Step = tuple[str, str, str | None]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from(NAMES), st.sampled_from([None, *NAMES])),
        st.tuples(st.just("delete"), st.sampled_from(NAMES), st.none()),
    ),
    min_size=1,
    max_size=30,
)
BATCHES = st.lists(st.dictionaries(st.sampled_from(NAMES), st.sampled_from([None, *NAMES]), min_size=1), max_size=6)


@dataclass
class Naive:
    """What lies in what."""

    above: dict[str, str | None] = field(default_factory=dict)

    def put(self, wanted: dict[str, str | None]) -> bool:
        """Have everything be where it is wanted, or leave all as it is and return False."""
        after = self.above | wanted
        if any(self._chain(after, name) is None for name in after):
            return False
        self.above = after
        return True

    def delete(self, name: str) -> bool:
        """Delete it with everything below, if it is there."""
        if name not in self.above:
            return False
        self.above = {each: above for each, above in self.above.items() if name not in self.chain(each)}
        return True

    def chain(self, name: str) -> list[str]:
        """Return it and what it lies in."""
        found = self._chain(self.above, name)
        assert found
        return found

    def _chain(self, above: dict[str, str | None], name: str) -> list[str] | None:
        chain: list[str] = []
        here: str | None = name
        while here is not None:
            if here not in above or here in chain or len(chain) == DEEPEST:
                return None
            chain.append(here)
            here = above[here]
        return chain

    def wall(self, name: str) -> str | None:
        """Return the first of the chain that is in a visibility group."""
        return next((each for each in self.chain(name) if each in WALLED), None)


def agrees(naive: Naive, found: dict[str, tuple[ResourceId, tuple[ResourceId, ...], ResourceId | None]]) -> None:
    """Fail unless `found`, id, path and wall by name, is what the naive look says."""
    assert found.keys() == naive.above.keys()
    names = {resource_id: name for name, (resource_id, _, _) in found.items()}
    for name, (_, path, wall) in found.items():
        assert [names[each] for each in path] == naive.chain(name)
        assert (names[wall] if wall else None) == naive.wall(name)
