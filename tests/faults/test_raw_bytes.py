"""What arrives at the socket itself: the server in front of the application."""

import asyncio
import os
import random
import re
import time

import pytest

from tests.support.http import exchange
from tests.support.service import LONG, Service

pytestmark = pytest.mark.faults

STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
HOST = b"host: 127.0.0.1\r\n"


async def statuses(shared: Service, sent: bytes, seconds: float = 3) -> list[int]:
    """Return the status of every answer."""
    return [int(found) for found in STATUS.findall(await exchange(shared.port.number, sent, seconds))]


async def alive(shared: Service) -> None:
    async with shared.caller() as call:
        assert (await call("GET", "/health/live")).status == 200


async def test_i3_a_head_that_is_too_large_is_refused(shared: Service) -> None:
    for sent in (
        b"GET /health/live HTTP/1.1\r\n" + HOST + b"x: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\n"
        + HOST
        + b"".join(b"x%d: a\r\n" % number for number in range(20_000))
        + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /health/live?" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    ):
        found = await statuses(shared, sent)
        assert set(found) <= {400, 413, 414, 431}, (sent[:40], found)
    await alive(shared)


@pytest.mark.skipif(not LONG, reason="half a minute of waiting: GATEWRIGHT_FAULTS=long")
async def test_i3_what_does_not_come_is_given_up(shared: Service) -> None:
    body = b"POST /auth/signup HTTP/1.1\r\n" + HOST + b"content-type: application/json\r\ncontent-length: 100\r\n\r\n{"
    head = b"GET /health/live HTTP/1.1\r\nhost: a\r\nx-"
    started = time.monotonic()
    found = await asyncio.gather(*(statuses(shared, sent, 40) for sent in (body, head) * 10))
    assert all(each in ([408], []) for each in found)
    assert time.monotonic() - started <= 35
    await alive(shared)


@pytest.mark.parametrize(
    "fields",
    [
        b"content-length: 2\r\ncontent-length: 3\r\n",
        b"content-length: 2, 3\r\n",
        b"content-length: -1\r\n",
        b"content-length: +2\r\n",
        b"content-length: 0x2\r\n",
        b"content-length: 99999999999999999999\r\n",
        b"content-length: 2\r\ntransfer-encoding: chunked\r\n",
        b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
        b"transfer-encoding: xchunked\r\n",
        b"transfer-encoding: chunked, gzip\r\n",
        b"transfer-encoding : chunked\r\n",
        b"transfer-encoding:\x0bchunked\r\n",
        b"content-length: 2\r\n content-length: 3\r\n",
        b"x: a\rb: c\r\n",
        b"x\0: a\r\n",
        b": a\r\n",
    ],
)
async def test_i2_no_request_hides_in_another(shared: Service, fields: bytes) -> None:
    hidden = b"0\r\n\r\nGET /hidden HTTP/1.1\r\n" + HOST + b"\r\n"
    sent = b"POST /auth/signup HTTP/1.1\r\n" + HOST + b"content-type: application/json\r\n" + fields + b"\r\n" + hidden
    answers = await statuses(shared, sent, 1.5)
    assert 404 not in answers
    assert not [each for each in answers if each >= 500 and each != 501]
    await alive(shared)


async def test_i8_a_bad_host_changes_nothing(shared: Service) -> None:
    for host in (
        b"example.org",
        b"a, b",
        b"'; DROP TABLE users",
        b"\xff\xfe",
        b"[::1",
        b"a" * 5000,
        b"",
        b"127.0.0.1:99999",
        b"a/b@c",
    ):
        found = await exchange(
            shared.port.number, b"GET /auth/users HTTP/1.1\r\nhost: " + host + b"\r\nconnection: close\r\n\r\n", 2
        )
        assert {int(each) for each in STATUS.findall(found)} <= {400, 401}
        assert len(host) < 8 or host not in found


async def test_i1_i2_any_bytes_are_survived(shared: Service) -> None:
    seed = os.urandom(8)
    source = random.Random(seed)
    whole = b"POST /auth/login HTTP/1.1\r\n" + HOST + b"content-type: application/json\r\ncontent-length: 2\r\n\r\n{}"

    async def send() -> list[int]:
        sent = bytearray(whole if source.random() < 0.7 else source.randbytes(source.randrange(1, 3000)))
        for _ in range(source.randrange(1, 8)):
            place = source.randrange(len(sent) + 1)
            sent[place : place + source.randrange(3)] = source.randbytes(source.randrange(3))
        return await statuses(shared, bytes(sent or b"\0"), 0.5)

    for _ in range(100 if LONG else 8):
        found = await asyncio.gather(*(send() for _ in range(20)))
        assert not [each for answers in found for each in answers if each >= 500 and each not in {501, 505}], seed
    await alive(shared)


async def test_i9_nobody_writes_into_the_log(shared: Service) -> None:
    async with shared.caller() as call:
        for text in (
            "\x1b[31mvermilion",
            'fake","level":"critical',
            "%s%n{0}",
            "a" * 20_000,
            "\u0085\u2028".encode().decode("latin-1"),
        ):
            await call(
                "POST", "/auth/login", {"email": text[:300], "password": text[:300]}, {"user-agent": text[:8000]}
            )
            await call("GET", f"/auth/{text.encode('unicode_escape').decode().replace(' ', '')[:500]}")
    said = shared.logs
    assert not [each for each in ("\x1b", "fake", "vermilion", "a" * 300, "\u2028") if each in said]


async def test_i3_a_chunked_body_that_never_ends_is_refused(shared: Service) -> None:
    head = (
        b"POST /auth/signup HTTP/1.1\r\n"
        + HOST
        + b"content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    assert await statuses(shared, head + chunk * 40) in ([413], [])
    await alive(shared)
