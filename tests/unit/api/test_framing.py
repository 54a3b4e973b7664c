"""How bodies may be sent, and how large and slow they may be."""

from collections.abc import Callable

import pytest

from api.reading import LARGEST, SMALLEST_PIECE
from tests.support.client import JSON, STALL, Client
from tests.unit.api.memory import Memory

NOTES = "/auth/notes"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "", "application/jsonx", "json"]
)
async def test_f9_takes_only_json(call: Client, kind: str) -> None:
    answer = await call("POST", NOTES, b'{"title":"x","key":"k"}', {"content-type": kind})
    assert (answer.status, answer.json()["code"]) == (415, "request.unsupported_media_type")


async def test_f9_takes_no_body_without_a_content_type(call: Client) -> None:
    assert (await call("POST", NOTES, b'{"title":"x","key":"k"}')).status == 415


async def test_takes_json_with_parameters(call: Client) -> None:
    kind = {"content-type": "Application/JSON; charset=utf-8"}
    assert (await call("POST", NOTES, b'{"title":"x","key":"k"}', kind)).status == 201


async def test_i3_refuses_a_large_body_unread(call: Client) -> None:
    answer = await call("POST", NOTES, [STALL], {**JSON, "content-length": str(LARGEST + 1)})
    assert (answer.status, answer.json()["code"]) == (413, "request.too_large")


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "", "\u00b2", "9" * 5_000])
async def test_i3_refuses_a_length_that_is_none(call: Client, length: str) -> None:
    assert (await call("POST", NOTES, b"{}", {**JSON, "content-length": length})).status in {400, 413}


async def test_i3_takes_the_largest_body(call: Client) -> None:
    text = b'{"title":"x","key":"k"}'
    whole = text + b" " * (LARGEST - len(text))
    headers = {**JSON, "content-length": str(len(whole))}
    assert (await call("POST", NOTES, [whole[:9], whole[9:70_000], whole[70_000:]], headers)).status == 201


@pytest.mark.parametrize(
    "pieces",
    [[b" " * 65_536] * 17, [b" " * (LARGEST + 1)], [b" "] * (LARGEST // SMALLEST_PIECE + 1)],
    ids=["17", "1", "crumbs"],
)
async def test_i3_refuses_a_large_body_in_chunks(call: Client, pieces: list[bytes]) -> None:
    assert (await call("POST", NOTES, pieces, {**JSON, "transfer-encoding": "chunked"})).status == 413


async def test_i3_refuses_a_body_with_two_lengths(call: Client) -> None:
    headers = {**JSON, "content-length": "23", "transfer-encoding": "chunked"}
    assert (await call("POST", NOTES, b'{"title":"x","key":"k"}', headers)).status == 400


@pytest.mark.parametrize("name", ["content-length", "content-type", "transfer-encoding", "host", "idempotency-key"])
async def test_i3_refuses_a_header_twice_that_decides_how_a_body_is_read(call: Client, name: str) -> None:
    answer = await call("POST", NOTES, b'{"title":"x","key":"k"}', [*JSON.items(), (name, "1"), (name, "1")])
    assert answer.status == 400


async def test_i3_gives_up_on_a_slow_body(build: Callable[..., Client], memory: Memory) -> None:
    answer = await build(patience=0.02)("POST", NOTES, [b'{"title":', STALL], JSON)

    assert (answer.status, answer.json()["code"]) == (408, "request.too_slow")
    assert memory.notes.asked == []


async def test_takes_no_half_body_for_a_whole_one(call: Client, memory: Memory) -> None:
    answer = await call("POST", NOTES, b'{"title":"x","key":"k"}', JSON, hang_up=True)

    assert answer.status == 400
    assert memory.notes.asked == []


@pytest.mark.parametrize("headers", [{}, {"content-length": "5"}, {"transfer-encoding": "chunked"}])
async def test_passes_over_a_body_where_none_is_needed(call: Client, headers: dict[str, str]) -> None:
    assert (await call("DELETE", NOTES, b"\xff\x00{[", headers)).status == 204


@pytest.mark.parametrize("verb", ["GET", "DELETE"])
async def test_i3_refuses_it_if_it_is_large_all_the_same(call: Client, verb: str) -> None:
    assert (await call(verb, NOTES, b"", {"content-length": str(LARGEST + 1)})).status == 413
    chunked = {"transfer-encoding": "chunked"}
    assert (await call(verb, NOTES, [b" " * 65_536] * 17, chunked)).status == 413


@pytest.mark.parametrize("query", ["?title=x", "?%ff", "?x"])
async def test_a_route_with_a_body_takes_no_query(call: Client, query: str) -> None:
    assert (await call("POST", f"{NOTES}{query}", b'{"title":"x","key":"k"}', JSON)).status == 400
