"""Bodies that are larger than others."""

import pytest

from api.reading import LARGEST
from api.room import Room
from domain.kernel.errors import Overloaded

SOMEBODY = {b"authorization": b"Bearer x"}


@pytest.mark.parametrize(
    "given",
    [
        {},
        SOMEBODY,
        SOMEBODY | {b"content-length": b"%d" % LARGEST},
        SOMEBODY | {b"content-length": b"-%d" % (2 * LARGEST)},
        SOMEBODY | {b"content-length": b"9" * 5_000},
        {b"content-length": b"%d" % (2 * LARGEST)},
    ],
)
def test_is_only_for_what_says_that_it_is_large_and_whose(given: dict[bytes, bytes]) -> None:
    with Room(4 * LARGEST).taken(given) as largest:
        assert largest == LARGEST


def test_i3_is_for_a_few_at_once() -> None:
    room, given = Room(4 * LARGEST, most=2), SOMEBODY | {b"content-length": b"%d" % (2 * LARGEST)}
    with room.taken(given) as first, room.taken(given) as second:
        assert (first, second) == (4 * LARGEST, 4 * LARGEST)
        with pytest.raises(Overloaded):
            room.taken(given).__enter__()

    with room.taken(given) as largest:
        assert largest == 4 * LARGEST
