import pytest

from core.cursors import SignedCursors
from core.secrets import Secrets
from domain.kernel.errors import CursorInvalid
from tests.contracts.cursors import SCOPE, CursorsContract

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


class TestSignedCursors(CursorsContract):
    @pytest.fixture
    def cursors(self) -> SignedCursors:
        return SignedCursors(Secrets(OLD).every("cursors"))


def test_cursors_outlive_a_change_of_the_secret() -> None:
    cursor = SignedCursors(Secrets(OLD).every("cursors")).seal(SCOPE, [1])

    assert SignedCursors(Secrets(NEW, (OLD,)).every("cursors")).open(SCOPE, cursor) == [1]
    with pytest.raises(CursorInvalid):
        SignedCursors(Secrets(NEW).every("cursors")).open(SCOPE, cursor)


def test_new_cursors_are_made_with_the_new_secret() -> None:
    cursor = SignedCursors(Secrets(NEW, (OLD,)).every("cursors")).seal(SCOPE, [1])
    assert SignedCursors(Secrets(NEW).every("cursors")).open(SCOPE, cursor) == [1]


def test_a_place_that_no_cursor_could_hold_is_a_defect() -> None:
    with pytest.raises(ValueError, match="too long"):
        SignedCursors(Secrets(OLD).every("cursors")).seal(SCOPE, ["x" * 4096])


def test_does_not_show_its_keys() -> None:
    keys = Secrets(OLD).every("cursors")
    assert not [key for key in keys.values() if repr(key) in repr(SignedCursors(keys))]
