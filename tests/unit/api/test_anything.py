"""Whatever is sent, the service does not fail."""

import json
from asyncio import run
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.serving import serve
from tests.support.client import JSON, Client
from tests.unit.api.conftest import ROUTES
from tests.unit.api.memory import Memory, dispatcher
from tests.unit.api.notes import FIRST

NAMES = [
    "authorization", "consistency-token", "content-length", "content-type", "forwarded", "host", "idempotency-key",
    "if-match", "if-none-match", "traceparent", "transfer-encoding", "user-agent", "x-forwarded-for",
]  # fmt: skip
PATHS = ["/auth/notes", f"/auth/notes/{FIRST}", "/auth/sections/a", "/auth/login", "/auth/openapi.json", "/auth/mkdocs"]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "x"]
FIELDS = ["title", "text", "stars", "weight", "near", "at", "owner", "tags", "more", "key", "name", "password", "\0"]

anything = st.binary(max_size=200) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
headers = st.lists(
    st.tuples(st.sampled_from(NAMES), st.binary(max_size=60) | st.sampled_from([b"5", b"*", b'"7"', b"Bearer good"])),
    max_size=4,
)


@cache
def application() -> Client:
    return Client(serve(dispatcher(Memory()), ROUTES, trusted_proxies=["127.0.0.1"], patience=5), "good")


def status(method: str, path: bytes, body: bytes | list[bytes], sent: list[tuple[str, str | bytes]]) -> int:
    answer = run(application()(method, path, body, sent))
    assert answer.status < 400 or method == "HEAD" or answer.json()["status"] == answer.status
    return answer.status


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=60, deadline=None)
@given(method=st.sampled_from(METHODS), body=anything, pieces=st.integers(1, 5))
def test_f9_i2_no_body_makes_it_fail(path: str, method: str, body: bytes, pieces: int) -> None:
    size = len(body) // pieces + 1
    chunks = [body[place : place + size] for place in range(0, len(body) or 1, size)]
    assert status(method, path.encode(), chunks, [*JSON.items()]) < 500


@settings(max_examples=200, deadline=None)
@given(sent=st.dictionaries(st.sampled_from(FIELDS), values, max_size=5))
def test_i2_no_value_in_a_body_makes_it_fail(sent: dict[str, object]) -> None:
    body = json.dumps({"title": "x", "key": "k"} | sent).encode()
    assert status("POST", b"/auth/notes", body, [*JSON.items()]) < 500


@settings(max_examples=200, deadline=None)
@given(query=anything, name=st.sampled_from([b"limit=", b"cursor=", b"near=", b"weight=", b"done=", b""]))
def test_f9_i5_no_query_makes_it_fail(query: bytes, name: bytes) -> None:
    assert status("GET", b"/auth/notes?" + name + query, b"", []) < 500


@pytest.mark.parametrize("prefix", [b"/", b"/auth/notes/", b"/auth/sections/", b"/auth/mkdocs/", b"/auth/by-hand/"])
@settings(max_examples=60, deadline=None)
@given(path=anything)
def test_f9_f10_no_path_makes_it_fail(prefix: bytes, path: bytes) -> None:
    # What is by hand fails on purpose for every number but 1.
    assert status("GET", prefix + path.replace(b"?", b""), b"", []) < 500 or prefix == b"/auth/by-hand/"


@settings(max_examples=300, deadline=None)
@given(method=st.sampled_from(METHODS), path=st.sampled_from(PATHS), sent=headers, body=anything)
def test_f10_i9_no_header_makes_it_fail(
    method: str, path: str, sent: list[tuple[str, str | bytes]], body: bytes
) -> None:
    assert status(method, path.encode(), body, sent) < 500
