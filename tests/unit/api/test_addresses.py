"""Paths and queries."""

import pytest

from domain.kernel.schemas import Page
from tests.support.client import Client
from tests.unit.api.memory import Memory
from tests.unit.api.notes import FIRST, ListNotes
from tests.unit.api.shapes import Colour

NOTES = "/auth/notes"


@pytest.mark.parametrize(
    "spelling",
    [f"{{{FIRST}}}", f"urn:uuid:{FIRST}", FIRST.hex, str(FIRST).upper(), f"{FIRST}%20", "1", "%ff", f"{FIRST}%0a"],
)
async def test_f9_knows_one_spelling_of_a_uuid(call: Client, memory: Memory, spelling: str) -> None:
    answer = await call("GET", f"{NOTES}/{spelling}")

    assert (answer.status, answer.json()["code"]) == (404, "request.not_found")
    assert memory.notes.asked == []


@pytest.mark.parametrize("section", ["a", "A-b_c.d", "a%20b", "%F0%9F%92%A9", "x" * 8])
async def test_takes_a_name_in_the_path(call: Client, section: str) -> None:
    assert (await call("GET", f"/auth/sections/{section}")).status == 200


@pytest.mark.parametrize("section", ["x" * 9, "%0a", "a%1b[31m", "%7f", "%C2%80", "%ff", "%ED%A0%80", "%EF%BF%BD"])
async def test_i9_takes_no_name_that_is_too_long_or_not_printable(call: Client, section: str) -> None:
    answer = await call("GET", f"/auth/sections/{section}")
    assert (answer.status, answer.json()["code"]) == (404, "request.not_found")


@pytest.mark.parametrize("path", [f"{NOTES}%00", f"{NOTES}/{FIRST}%00", "/auth/sections/%00", "/nope%00"])
async def test_f10_refuses_a_nul_in_the_path(call: Client, path: str) -> None:
    assert (await call("GET", path)).status == 400


@pytest.mark.parametrize("query", [b"?cursor=%00", b"?cursor=\0", b"?%00=1"])
async def test_f10_refuses_a_nul_in_the_query(call: Client, memory: Memory, query: bytes) -> None:
    assert (await call("GET", NOTES.encode() + query)).status == 400
    assert memory.notes.asked == []


@pytest.mark.parametrize("header", ["authorization", "user-agent", "idempotency-key", "x-anything"])
async def test_f10_refuses_a_nul_in_a_header(call: Client, header: str) -> None:
    call.token = None
    assert (await call("GET", NOTES, headers={header: "a\0b"})).status == 400


async def test_reads_the_query_by_type(call: Client, memory: Memory) -> None:
    await call("GET", f"{NOTES}?limit=200&colour=red&done=true&weight=0.5&near=-9223372036854775808")

    assert memory.notes.asked == [
        ListNotes(limit=200, colour=Colour.RED, done=True, weight=0.5, near=-9223372036854775808)
    ]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=-1", "limit=201", "limit=1000000000", "limit=9223372036854775808", f"limit={'9' * 5_000}",
        "limit=true", "limit=ten", "limit=", "limit=1_0", "limit=0x1", "limit=1.5", "limit=%EF%BC%91",
        "near=9223372036854775808", "near=-9223372036854775809", "near=99999999999999999999999999",
        "weight=nan", "weight=inf", "weight=-Infinity", "weight=1e400",
        "done=maybe", "colour=green", "colour=",
        "sort=password_hash", "limit=1&limit=1", "limit=1&limit=2", "LIMIT=1",
        "%ff", "cursor=%ff", "cursor=%ED%A0%80", "limit", "=", "&&",
    ],
)  # fmt: skip
async def test_i5_refuses_a_query_it_does_not_take(call: Client, memory: Memory, query: str) -> None:
    answer = await call("GET", f"{NOTES}?{query}")

    assert (answer.status, answer.json()["code"]) == (400, "request.malformed")
    assert memory.notes.asked == []


async def test_i5_names_the_parameter_at_fault(call: Client) -> None:
    assert (await call("GET", f"{NOTES}?limit=201")).json()["errors"] == [
        {"field": "limit", "code": "range", "message": "Expected `int` <= 200."}
    ]


async def test_i5_refuses_a_cursor_of_its_own_making(call: Client) -> None:
    answer = await call("GET", f"{NOTES}?cursor=hunter2")
    assert (answer.status, answer.json()["code"]) == (400, "request.cursor_invalid")


@pytest.mark.parametrize(
    "query", ["?secret=hunter2", "?limit=hunter2", "?colour=hunter2", "?a=1&a=2", "?hunter2", "?%ff"]
)
async def test_f9_never_repeats_the_query(call: Client, query: str) -> None:
    answer = await call("GET", f"{NOTES}{query}")

    assert answer.status == 400
    assert not [word for word in (b"hunter2", b"secret", b"?") if word in answer.body]


async def test_takes_no_query_where_none_is_declared(call: Client) -> None:
    assert (await call("GET", f"{NOTES}/{FIRST}?limit=1")).status == 400
    assert (await call("GET", f"{NOTES}/{FIRST}?")).status == 200


async def test_answers_a_page(call: Client) -> None:
    answer = await call("GET", "/auth/sections/a?limit=1")
    assert answer.json() == {"items": ["a"], "next": None}
    assert Page(["a"]).next is None
