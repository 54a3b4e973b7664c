"""Refusals, and failures of our own."""

import logging
from asyncio import gather
from collections.abc import Callable

import pytest

from api.problems import STATUS, problem, status_of
from domain.kernel.errors import (
    ConcurrentChange,
    CursorGone,
    CursorInvalid,
    DomainError,
    FieldError,
    IdempotencyInFlight,
    IdempotencyMismatch,
    Overloaded,
    TooManyRequests,
    Unavailable,
)
from tests.support.client import JSON, Client
from tests.unit.api.memory import Memory
from tests.unit.api.shapes import NoteEmpty, NoteNotFound, SignInRefused

NOTES = "/auth/notes"


def failures(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What was said of requests; others may say something of what they left behind."""
    return [each for each in caplog.records if each.name == "gatewright.http"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConcurrentChange, 409), (CursorGone, 410), (CursorInvalid, 400), (IdempotencyInFlight, 409),
        (IdempotencyMismatch, 422), (NoteEmpty, 422), (NoteNotFound, 404), (Overloaded, 503), (SignInRefused, 401),
        (TooManyRequests, 429), (Unavailable, 503),
    ],
)  # fmt: skip
def test_the_base_class_decides_the_status(error: type[DomainError], status: int) -> None:
    assert problem(error, "t").status == status


def test_refuses_an_error_without_a_base_class_that_has_a_status() -> None:
    class Lost(DomainError):
        code = "notes.lost"

    with pytest.raises(TypeError, match="Lost extends none"):
        status_of(Lost)


def test_everything_it_has_a_status_for_is_a_refusal() -> None:
    assert all(400 <= status < 600 for status in STATUS.values())


async def test_shows_what_the_domain_says(call: Client) -> None:
    answer = await call("GET", "/auth/contradict?reason=because")

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/auth/errors#notes.taken",
        "title": "Another note has this title.",
        "status": 409,
        "code": "notes.taken",
        "trace_id": answer.headers["x-request-id"],
        "detail": "because",
    }


def test_shows_the_fields_at_fault() -> None:
    shown = problem(NoteEmpty, "t", None, [FieldError("title", "empty", "Say something.")])
    assert shown.errors == [FieldError("title", "empty", "Say something.")]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nope", 404, "request.not_found"),
        ("PUT", NOTES, 405, "request.method_not_allowed"),
        ("BREW", NOTES, 405, "request.method_not_allowed"),
        ("GET", "/auth/break", 500, "service.failed"),
        ("PUT", "/auth/explore", 403, "access.forbidden"),
        ("GET", "/auth/by-hand/1", 401, "access.unauthenticated"),
        ("GET", "/auth/by-hand/2", 500, "service.failed"),
        ("GET", "/auth/by-hand/x", 404, "request.not_found"),
        ("GET", "/auth/by-hand/3?word=hunter2", 400, "request.malformed"),
    ],
)
async def test_every_failure_is_a_problem(call: Client, method: str, path: str, status: int, code: str) -> None:
    answer = await call(method, path)

    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (answer.json()["status"], answer.json()["code"]) == (status, code)
    assert answer.json()["trace_id"] == answer.headers["x-request-id"]
    assert not [word for word in (b"hunter2", b"Traceback", b"LookupError", b"word") if word in answer.body]


async def test_names_the_methods_that_are_allowed(call: Client) -> None:
    allowed = (await call("PUT", NOTES)).headers["allow"].split(", ")
    assert sorted(allowed) == ["DELETE", "GET", "HEAD", "OPTIONS", "POST"]


async def test_options_names_them_too(call: Client) -> None:
    answer = await call("OPTIONS", NOTES)
    assert answer.status == 204
    assert sorted(answer.headers["allow"].split(", ")) == ["DELETE", "GET", "HEAD", "OPTIONS", "POST"]


async def test_says_when_to_come_back(call: Client) -> None:
    answer = await call.send("POST", "/auth/login", {"name": "busy", "password": "x"})
    assert (answer.status, answer.headers["retry-after"]) == (429, "9")


@pytest.mark.parametrize(("method", "body"), [("GET", b""), ("POST", b'{"title":"x","key":"k"}')])
async def test_an_outage_is_not_a_failure_of_the_request(
    call: Client, memory: Memory, caplog: pytest.LogCaptureFixture, method: str, body: bytes
) -> None:
    memory.away = True
    answer = await call(method, NOTES, body, JSON)

    assert (answer.status, answer.json()["code"], answer.headers["retry-after"]) == (503, "service.unavailable", "1")
    assert failures(caplog) == []


async def test_says_what_the_gate_refuses(call: Client, memory: Memory) -> None:
    memory.forbidden = True
    answer = await call.send("POST", NOTES, {"title": "x", "key": "k"})

    assert (answer.status, answer.json()["code"]) == (403, "access.forbidden")
    assert memory.notes.asked == []


@pytest.mark.parametrize("path", ["/auth/break", "/auth/by-hand/2"])
async def test_logs_the_cause_of_a_failure_once(call: Client, caplog: pytest.LogCaptureFixture, path: str) -> None:
    answer = await call("GET", path)

    (record,) = failures(caplog)
    assert (record.levelno >= logging.WARNING, record.getMessage()) == (True, "request failed")
    assert record.__dict__["trace_id"] == answer.headers["x-request-id"]
    assert record.exc_info
    assert "hunter2" in str(record.exc_info[1])


@pytest.mark.parametrize("path", [NOTES, "/nope", "/auth/contradict?reason=x", f"{NOTES}?x"])
async def test_a_refusal_is_not_logged_as_a_failure(call: Client, caplog: pytest.LogCaptureFixture, path: str) -> None:
    assert (await call("GET", path)).status < 500
    assert failures(caplog) == []


async def test_i15_each_of_2000_interleaved_refusals_is_its_own(build: Callable[..., Client]) -> None:
    call = build()

    async def ask(number: int) -> tuple[str, str, str]:
        if number % 2:
            answer = await call("GET", f"/auth/contradict?reason=r{number}")
            return answer.json()["detail"], answer.json()["trace_id"], answer.headers["x-request-id"]
        answer = await call("POST", NOTES, [b'{"title":', b'"first","key":"%d"}' % number], JSON)
        assert "detail" not in answer.json()
        return f"r{number}", answer.json()["trace_id"], answer.headers["x-request-id"]

    answers = await gather(*map(ask, range(2_000)))

    assert [detail for detail, _, _ in answers] == [f"r{number}" for number in range(2_000)]
    assert all(told == sent for _, told, sent in answers)
    assert len({told for _, told, _ in answers}) == 2_000
