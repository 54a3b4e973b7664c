"""The middleware in Litestar, Starlette and FastAPI."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi import Request as FastAPIRequest
from litestar import Litestar, get
from litestar import Request as LitestarRequest
from litestar.middleware import DefineMiddleware
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gatewright_verifier.access_tokens import AccessTokenVerifier
from gatewright_verifier.asgi import BearerMiddleware
from issuing import FakeIssuer
from minting import USER, claims, mint

Make = Callable[[AccessTokenVerifier, dict[str, Any]], Any]


def shown(user: Any) -> dict[str, Any]:
    return {"sub": str(user.sub) if user else None}


def starlette(verifier: AccessTokenVerifier, options: dict[str, Any]) -> Any:
    async def me(request: Request) -> JSONResponse:
        assert request.user is request.auth
        return JSONResponse(shown(request.user))

    return Starlette(
        routes=[Route("/me", me), Route("/health", me)],
        middleware=[Middleware(BearerMiddleware, verifier=verifier, **options)],
        lifespan=verifier.lifespan,
    )


def fastapi(verifier: AccessTokenVerifier, options: dict[str, Any]) -> Any:
    app = FastAPI(lifespan=verifier.lifespan)
    app.add_middleware(BearerMiddleware, verifier=verifier, **options)

    @app.get("/me")
    @app.get("/health")
    async def me(request: FastAPIRequest) -> dict[str, Any]:
        assert request.user is request.auth
        return shown(request.user)

    return app


def litestar(verifier: AccessTokenVerifier, options: dict[str, Any]) -> Any:
    @get(["/me", "/health"])
    async def me(request: LitestarRequest[Any, Any, Any]) -> dict[str, Any]:
        assert request.user is request.auth
        return shown(request.user)

    return Litestar(
        [me],
        middleware=[DefineMiddleware(BearerMiddleware, verifier=verifier, **options)],
        lifespan=[verifier.lifespan],
    )


FRAMEWORKS: list[Make] = [litestar, starlette, fastapi]
in_each = pytest.mark.parametrize("make", FRAMEWORKS, ids=lambda make: make.__name__)


@asynccontextmanager
async def served(issuer: FakeIssuer, make: Make, **options: Any) -> AsyncIterator[httpx2.AsyncClient]:
    """Run the application as a server does: its lifespan, which runs the verifier, and requests."""
    async with issuer.verifier(bound=600) as verifier:
        app = make(verifier, options)
        sent: list[Any] = []
        events = iter([{"type": "lifespan.startup"}])
        started, ended = asyncio.Event(), asyncio.Event()

        async def receive() -> Any:
            if (event := next(events, None)) is None:
                await ended.wait()
                return {"type": "lifespan.shutdown"}
            return event

        async def send(event: Any) -> None:
            sent.append(event["type"])
            started.set()

        living = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send))
        await started.wait()
        assert sent == ["lifespan.startup.complete"]
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://here") as client:
            yield client
        ended.set()
        await living
        assert sent[1:] == ["lifespan.shutdown.complete"]


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@in_each
async def test_lets_a_good_token_through_and_says_whose_it_is(issuer: FakeIssuer, make: Make) -> None:
    async with served(issuer, make) as client:
        for scheme in ("Bearer", "bearer", "BEARER"):
            answer = await client.get("/me", headers={"authorization": f"{scheme} {mint()}"})
            assert (answer.status_code, answer.json()) == (200, {"sub": str(USER)})


@in_each
async def test_refuses_as_rfc_6750_says(issuer: FakeIssuer, make: Make) -> None:
    async with served(issuer, make) as client:
        nothing = await client.get("/me")
        assert (nothing.status_code, nothing.headers["www-authenticate"]) == (401, "Bearer")
        assert nothing.json()["code"] == "access.unauthenticated"
        for given in (bearer("garbage"), bearer(""), bearer(mint(exp=1)), {"authorization": "Basic eDp5"}):
            answer = await client.get("/me", headers=given)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["cache-control"] == "no-store"
            assert (answer.json()["code"], answer.json()["status"]) == ("access.invalid_token", 401)


@in_each
async def test_two_credentials_are_none(issuer: FakeIssuer, make: Make) -> None:
    async with served(issuer, make) as client:
        pair = [("authorization", f"Bearer {mint()}")] * 2
        answer = await client.get("/me", headers=pair)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')


@in_each
async def test_refuses_what_was_revoked(issuer: FakeIssuer, make: Make) -> None:
    await issuer.revoke(scope="session", id=claims()["sid"], cutoff=2.0**33)
    async with served(issuer, make) as client:
        assert (await client.get("/me", headers=bearer(mint()))).status_code == 401


@in_each
async def test_asks_to_come_again_while_nobody_can_say(issuer: FakeIssuer, make: Make) -> None:
    issuer.failing = 503
    async with served(issuer, make) as client:
        answer = await client.get("/me", headers=bearer(mint()))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["code"] == "service.unavailable"


@in_each
async def test_leaves_open_what_is_public_or_for_anyone(issuer: FakeIssuer, make: Make) -> None:
    async with served(issuer, make, public=["/health"], anonymous=True) as client:
        assert (await client.get("/me")).json() == {"sub": None}
        assert (await client.get("/me", headers=bearer(mint()))).json() == {"sub": str(USER)}
        assert (await client.get("/me", headers=bearer("garbage"))).status_code == 401


async def test_a_public_path_is_that_path_alone(issuer: FakeIssuer) -> None:
    reached: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["path"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with issuer.verifier() as verifier:
        protected = BearerMiddleware(app, verifier, public=["/health"])
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(protected), base_url="http://here") as client:
            for path in ("/health", "/health/", "/healthy", "/x/health", "/HEALTH"):
                await client.get(path)
    assert reached == ["/health"]


@pytest.mark.parametrize("answers", [True, False])
async def test_a_websocket_needs_a_token_too(issuer: FakeIssuer, *, answers: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept", "user": str(scope["user"].sub)})

    async def shake(*tokens: str) -> list[Any]:
        sent: list[Any] = []
        extensions: dict[str, Any] = {"websocket.http.response": {}} if answers else {}
        headers = [(b"authorization", f"Bearer {token}".encode()) for token in tokens]
        scope = {"type": "websocket", "path": "/", "headers": headers, "extensions": extensions}

        async def send(event: Any) -> None:
            sent.append(event)

        await protected(scope, None, send)
        return sent

    async with issuer.verifier() as verifier:
        protected = BearerMiddleware(app, verifier)
        await verifier.follower.pull()
        assert await shake(mint()) == [{"type": "websocket.accept", "user": str(USER)}]
        refused = await shake()
    if answers:
        assert (refused[0]["type"], refused[0]["status"]) == ("websocket.http.response.start", 401)
        assert (b"www-authenticate", b"Bearer") in refused[0]["headers"]
    else:
        assert refused == [{"type": "websocket.close", "code": 1008, "reason": "access.unauthenticated"}]


async def test_i10_a_refusal_repeats_nothing_of_the_token(issuer: FakeIssuer) -> None:
    async with served(issuer, starlette) as client:
        answer = await client.get("/me", headers=bearer("canary." + mint(sub="canary")))
    assert "canary" not in answer.text + str(answer.headers)
