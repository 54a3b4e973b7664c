"""What no stretch has."""

from hypothesis import given
from hypothesis import strategies as st

from core.audit.stretches import holes

places = st.integers(1, 40)


@given(st.lists(st.tuples(places, places).map(lambda each: (min(each), max(each)))), places, places)
def test_holes_are_what_no_stretch_has(stretches: list[tuple[int, int]], first: int, last: int) -> None:
    there = {at for begin, end in stretches for at in range(begin, end + 1)}
    found = list(holes(stretches, first, last))
    assert [at for begin, end in found for at in range(begin, end + 1)] == sorted({*range(first, last + 1)} - there)
    assert all(begin - 1 in there or begin == first for begin, _ in found)
