"""What every answer has, whatever it answers."""

from asyncio import CancelledError, create_task
from collections.abc import Callable
from typing import Any

import pytest
from litestar.types import ASGIApp, Receive, Scope, Send

from api.outermost import Outermost
from tests.support.client import JSON, STALL, Client
from tests.unit.api.notes import FIRST

PATHS = ["/auth/notes", "/nope", "/auth/break", "/auth/openapi.json", "/auth/notes%00", "/auth/notes?x", "/auth/docs"]


class Seen(list[tuple[str, str, int, float, str]]):
    def __call__(self, method: str, route: str, status: int, seconds: float, trace_id: str) -> None:
        self.append((method, route, status, seconds, trace_id))


@pytest.mark.parametrize("path", PATHS)
async def test_hardens_every_answer(call: Client, path: str) -> None:
    headers = (await call("GET", path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] in {"no-store", "no-cache"}
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["server"] == "gatewright"
    assert "strict-transport-security" not in headers


@pytest.mark.parametrize("path", PATHS)
async def test_insists_on_https_where_it_is_spoken(call: Client, path: str) -> None:
    call.scheme = "https"
    assert (await call("GET", path)).headers["strict-transport-security"].startswith("max-age=31536000")


async def test_i9_names_requests_itself(call: Client) -> None:
    first, second = [await call("GET", "/nope", headers={"x-request-id": "a\r\nb"}) for _ in range(2)]
    assert len(first.headers["x-request-id"]) == 32
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/auth/notes", f"/auth/notes/{FIRST}", "/nope", "/auth/break", "/auth/notes%00"])
async def test_f9_answers_head_as_get_without_the_body(call: Client, path: str) -> None:
    head, get = await call("HEAD", path), await call("GET", path)
    assert (head.status, head.body) == (get.status, b"")
    assert head.headers["content-length"] == str(len(get.body))
    assert head.headers.keys() == get.headers.keys()


async def test_i9_reports_requests_in_words_of_its_own(build: Callable[..., Client]) -> None:
    seen = Seen()
    call = build(observers=[seen])
    await call("GET", f"/auth/notes/{FIRST}")
    await call("HEAD", f"/auth/notes/{FIRST}")
    await call("GET", "/auth/%0d%0aevil?q=hunter2")
    await call("PUT\r\nevil", "/auth/notes")
    await call("GET", "/auth/break")
    answer = await call("GET", "/auth/notes%00")

    template = "/auth/notes/{note_id}"
    assert [each[:3] for each in seen] == [
        ("GET", template, 200),
        ("HEAD", template, 200),
        ("GET", "unmatched", 404),
        ("OTHER", "unmatched", 405),
        ("GET", "/auth/break", 500),
        ("GET", "unmatched", 400),
    ]
    assert seen[-1][4] == answer.headers["x-request-id"]
    assert all(0 <= seconds < 60 for *_, seconds, _ in seen)


@pytest.mark.parametrize(("share", "traced"), [(0.0, 0), (1.0, 3)])
async def test_traces_a_share_of_requests(build: Callable[..., Client], share: float, traced: int) -> None:
    spans = []

    async def tracing(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)
        spans.append(scope["path_template"])

    call = build(tracing=tracing, share=share)
    for _ in range(3):
        assert (await call("GET", "/auth/notes")).status == 200
    assert spans == ["/auth/notes"] * traced


async def test_answers_when_something_fails_outside_the_routes(
    build: Callable[..., Client], caplog: pytest.LogCaptureFixture
) -> None:
    async def tracing(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("hunter2")

    seen = Seen()
    answer = await build(tracing=tracing, share=1, observers=[seen])("GET", "/auth/notes")
    assert (answer.status, answer.json()["code"]) == (500, "service.failed")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert [each[2] for each in seen] == [500]
    assert [each.name for each in caplog.records].count("gatewright.http") == 1


async def test_a_failure_after_the_answer_began_ends_it(build: Callable[..., Client]) -> None:
    async def tracing(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("late")

    call = build(tracing=tracing, share=1)
    with pytest.raises(RuntimeError, match="late"):
        await call("GET", "/auth/notes")


async def test_a_request_that_is_abandoned_is_no_failure_of_ours(build: Callable[..., Client]) -> None:
    seen = Seen()
    call = build(observers=[seen])
    task = create_task(call("POST", "/auth/notes", [b"{", STALL], JSON))
    await call.stalled.wait()
    task.cancel()
    with pytest.raises(CancelledError):
        await task
    assert [each[2] for each in seen] == [499]


async def test_an_answer_may_bring_its_own_policy() -> None:
    async def app(scope: Any, receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"cache-control", b"public, max-age=60"),
                    (b"content-security-policy", b"script-src 'self'"),
                ],
            }
        )
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    headers = (await Client(Outermost(app))("GET", "/")).headers  # type: ignore[arg-type]
    assert headers["cache-control"] == "public, max-age=60"
    assert headers["content-security-policy"] == "script-src 'self'"
    assert headers["referrer-policy"] == "no-referrer"


async def test_runs_what_starts_and_stops_with_it(build: Callable[..., Client]) -> None:
    ran: list[str] = []

    async def up() -> None:
        ran.append("up")

    async def down() -> None:
        ran.append("down")

    events = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> Any:
        return events.pop(0)

    async def send(event: Any) -> None:
        ran.append(event["type"])

    call = build(on_startup=[up], on_shutdown=[down])
    await call.app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)  # type: ignore[arg-type]
    assert ran == ["up", "lifespan.startup.complete", "down", "lifespan.shutdown.complete"]
