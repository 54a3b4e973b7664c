"""What the port `Cursors` promises."""

from abc import abstractmethod
from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.kernel.errors import CursorInvalid
from domain.kernel.ports import Cursors

SCOPE = ("users", "0190", "created_at")
WHEN = datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=UTC)
ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


class CursorsContract:
    @pytest.fixture
    @abstractmethod
    def cursors(self) -> Cursors: ...

    @pytest.mark.parametrize("place", [[], [1, "a", None, True, 1.5], ["ünï\n", "\0"], [[1], {"a": 2}], [2**62]])
    def test_opens_what_it_sealed(self, cursors: Cursors, place: list[object]) -> None:
        assert cursors.open(SCOPE, cursors.seal(SCOPE, place)) == place

    def test_times_and_ids_come_back_as_text(self, cursors: Cursors) -> None:
        when, one = cursors.open(SCOPE, cursors.seal(SCOPE, [WHEN, ID]))
        assert (datetime.fromisoformat(when), UUID(one)) == (WHEN, ID)

    def test_fits_a_query_parameter(self, cursors: Cursors) -> None:
        assert set(cursors.seal(SCOPE, [WHEN, "/+?&ü"])) <= set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        )

    @pytest.mark.parametrize(
        "scope",
        [(), ("users",), ("users", "0190"), ("users", "0190", "email"), ("users0190", "created_at"), (*SCOPE, "")],
    )
    def test_a2_is_for_one_list_only(self, cursors: Cursors, scope: tuple[str, ...]) -> None:
        with pytest.raises(CursorInvalid):
            cursors.open(scope, cursors.seal(SCOPE, [1]))

    @pytest.mark.parametrize(
        "cursor", ["", "a", "null", "-1", "AAAA", "é", "\ud800", "A" * 10_000, "A" * 100, "=", "\0"]
    )
    def test_i5_refuses_what_is_no_cursor(self, cursors: Cursors, cursor: str) -> None:
        with pytest.raises(CursorInvalid):
            cursors.open(SCOPE, cursor)

    def test_i5_refuses_any_change(self, cursors: Cursors) -> None:
        cursor = cursors.seal(SCOPE, [41])
        for at, character in enumerate(cursor):
            for other in ("A", "B", "_", "=", ""):
                if other != character:
                    with pytest.raises(CursorInvalid):
                        cursors.open(SCOPE, cursor[:at] + other + cursor[at + 1 :])
        for changed in (cursor + "A", cursor + "=", cursor + "\n", " " + cursor, cursor * 2):
            with pytest.raises(CursorInvalid):
                cursors.open(SCOPE, changed)
