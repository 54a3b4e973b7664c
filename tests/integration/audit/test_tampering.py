"""Whatever is done to the audit trail in the database is found, and where."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.audit.checking import Wrong
from domain.kernel.ids import uuid7
from tests.integration.audit.ground import LENGTH, Trail, flipped

COLUMNS = ("id", "action", "outcome", "actor", "target", "organization_id", "occurred_at", "leaf", "chain", "form",
           "person_id", "place", "trace")  # fmt: skip
WHAT_NULL_BECOMES: dict[str, Any] = {
    "target": "user:1",
    "organization_id": uuid7(),
    "person_id": uuid7(),
    "place": b"somewhere",
    "trace": "1" * 32,
}
BEYOND = LENGTH + 5

position = st.integers(1, LENGTH)
patiently = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def other(column: str, value: Any, bit: int) -> Any:
    return WHAT_NULL_BECOMES[column] if value is None else flipped(value, bit)


async def found(trail: Trail) -> list[int]:
    return sorted({fault.position for fault in await trail.faults()})


async def test_nothing_is_wrong_with_what_nobody_touched(trail: Trail) -> None:
    assert await trail.faults() == []


@pytest.mark.parametrize("column", COLUMNS)
@patiently
@given(at=position, bit=st.integers(0, 4095))
async def test_a_flipped_bit_in_any_column_of_any_row_is_located(trail: Trail, column: str, at: int, bit: int) -> None:
    async with trail.altered():
        value = await trail.connection.fetchval(f"SELECT {column} FROM audit WHERE position = $1", at)
        await trail.connection.execute(
            f"UPDATE audit SET {column} = $2 WHERE position = $1", at, other(column, value, bit)
        )
        assert await found(trail) == [at]


@patiently
@given(at=position, bit=st.integers(0, 20))
async def test_a_row_at_another_position_is_located(trail: Trail, at: int, bit: int) -> None:
    async with trail.altered():
        await trail.connection.execute("UPDATE audit SET position = $2 WHERE position = $1", at, BEYOND + (1 << bit))
        assert await found(trail) == [at, BEYOND + (1 << bit)]


@patiently
@given(gone=st.sets(position, min_size=1, max_size=5))
async def test_removed_rows_are_located(trail: Trail, gone: set[int]) -> None:
    async with trail.altered():
        await trail.connection.execute("DELETE FROM audit WHERE position = ANY ($1)", list(gone))
        faults = await trail.faults()
        missing = {
            at for fault in faults if fault.wrong is Wrong.MISSING for at in range(fault.position, fault.last + 1)
        }
        assert missing == gone
        assert len(faults) == len([fault for fault in faults if fault.wrong is Wrong.MISSING])


@patiently
@given(one=position, another=position)
async def test_swapped_rows_are_located(trail: Trail, one: int, another: int) -> None:
    if one == another:
        return
    async with trail.altered():
        await trail.connection.execute(
            "UPDATE audit SET position = position + 1000000 WHERE position = ANY ($1)", [one, another]
        )
        await trail.connection.execute(
            "UPDATE audit SET position = $1::bigint + $2::bigint - position + 1000000 WHERE position > 1000000",
            one,
            another,
        )
        places = await found(trail)
        assert {one, another} <= {*places} <= {one, another, one + 1, another + 1}


@patiently
@given(one=position, over=position)
async def test_a_copy_in_the_place_of_another_is_located(trail: Trail, one: int, over: int) -> None:
    if one == over:
        return
    async with trail.altered():
        copied = ", ".join(f"{column} = c.{column}" for column in COLUMNS)
        await trail.connection.execute(
            f"UPDATE audit a SET {copied} FROM audit c WHERE a.position = $2 AND c.position = $1", one, over
        )
        places = await found(trail)
        assert over in places
        assert {*places} <= {over, over + 1, one}, "of two entries with one id nobody knows which is the copy"


@patiently
@given(one=position)
async def test_a_copy_at_the_end_is_located(trail: Trail, one: int) -> None:
    async with trail.altered():
        await trail.connection.execute(
            f"INSERT INTO audit (position, {', '.join(COLUMNS)}) SELECT $2, {', '.join(COLUMNS)} FROM audit"
            " WHERE position = $1",
            one,
            LENGTH + 1,
        )
        assert await found(trail) == [LENGTH + 1]


AGAIN = """
INSERT INTO audit_pending (id, action, outcome, actor, target, organization_id, occurred_at, form, person_id, place,
                           trace, leaf)
SELECT id, action, outcome, actor, target, organization_id, occurred_at, form, person_id, place, trace, leaf
FROM audit WHERE position = $1
"""


@pytest.mark.parametrize("one", [1, 31, LENGTH])
async def test_a_copy_that_was_numbered_and_signed_like_any_entry_is_located(trail: Trail, one: int) -> None:
    async with trail.altered():
        await trail.connection.execute(AGAIN, one)
        await trail.write(3)
        await trail.sign()
        (fault,) = await trail.faults()
        assert (fault.wrong, fault.position) == (Wrong.OUT_OF_PLACE, LENGTH + 1)
        assert fault.detail == f"it is a copy of {one}"


@pytest.mark.parametrize("left", [0, 1, 19, 20, 41, LENGTH - 1])
async def test_a_tail_that_was_cut_off_is_missed_even_if_the_head_agrees(trail: Trail, left: int) -> None:
    async with trail.altered():
        await trail.connection.execute("DELETE FROM audit WHERE position > $1", left)
        (fault,) = await trail.faults()
        assert (fault.wrong, fault.position, fault.last) == (Wrong.MISSING, left + 1, LENGTH)
        await trail.connection.execute(
            "UPDATE log_head SET audit_position = $1, audit_chain = coalesce((SELECT chain FROM audit WHERE position = $1), audit_chain)",
            left,
        )
        (fault,) = await trail.faults()
        assert (fault.wrong, fault.position, fault.last) == (Wrong.MISSING, left + 1, LENGTH)


REWRITE = """
WITH RECURSIVE linked AS (
    SELECT position, (SELECT chain FROM audit WHERE position = $1 - 1) AS before, leaf,
           sha256((SELECT chain FROM audit WHERE position = $1 - 1) || leaf) AS chain
    FROM audit WHERE position = $1
    UNION ALL
    SELECT a.position, l.chain, a.leaf, sha256(l.chain || a.leaf) FROM linked l JOIN audit a ON a.position = l.position + 1
)
UPDATE audit a SET chain = l.chain FROM linked l WHERE a.position = l.position
"""


@pytest.mark.parametrize("gone", [2, 19, 20, 21, 39])
async def test_a_trail_that_was_linked_again_does_not_fit_its_checkpoints(trail: Trail, gone: int) -> None:
    async with trail.altered():
        await trail.connection.execute("DELETE FROM audit WHERE position = $1", gone)
        await trail.connection.execute("UPDATE audit SET position = position + 1000000 WHERE position > $1", gone)
        await trail.connection.execute("UPDATE audit SET position = position - 1000001 WHERE position > 1000000")
        await trail.connection.execute(REWRITE, gone)
        await trail.connection.execute(
            "UPDATE log_head SET audit_position = $1, audit_chain = (SELECT chain FROM audit WHERE position = $1)",
            LENGTH - 1,
        )
        faults = await trail.faults()
        assert faults[0].wrong is Wrong.REWRITTEN
        assert faults[0].position <= gone <= faults[0].last
        assert faults[-1].position == LENGTH


@patiently
@given(number=st.integers(1, LENGTH // 20), at=st.integers(0, 600), bit=st.integers(0, 4))
async def test_an_altered_checkpoint_is_located(trail: Trail, number: int, at: int, bit: int) -> None:
    async with trail.altered():
        said = await trail.connection.fetchval("SELECT statement FROM audit_checkpoints WHERE number = $1", number)
        at %= len(said)
        changed = said[:at] + chr(ord(said[at]) ^ 1 << bit) + said[at + 1 :]
        await trail.connection.execute("UPDATE audit_checkpoints SET statement = $2 WHERE number = $1", number, changed)
        faults = await trail.faults()
        assert faults[0].position == number * 20
        assert {fault.wrong for fault in faults} == {Wrong.CHECKPOINT}


@pytest.mark.parametrize("number", [1, 2])
async def test_a_removed_checkpoint_is_missed(trail: Trail, number: int) -> None:
    async with trail.altered():
        await trail.connection.execute("DELETE FROM audit_checkpoints WHERE number = $1", number)
        (fault,) = await trail.faults()
        assert (fault.wrong, fault.detail) == (Wrong.CHECKPOINT, f"checkpoint {number} is missing")


async def test_an_altered_head_is_noticed(trail: Trail) -> None:
    async with trail.altered():
        await trail.connection.execute("UPDATE log_head SET audit_chain = sha256(audit_chain)")
        (fault,) = await trail.faults()
        assert (fault.wrong, fault.position) == (Wrong.HEAD, LENGTH)


def test_another_value_is_another() -> None:
    for value in (b"ab", "ab", 1, uuid7(), datetime(2030, 1, 2)):  # noqa: DTZ001 - only compared
        for bit in range(64):
            assert flipped(value, bit) != value
            assert isinstance(flipped(value, bit), UUID if isinstance(value, UUID) else type(value))
