"""What those who run the service ask of it, and what others verify its tokens with."""

import re
from asyncio import to_thread
from typing import Any

import jwt
import pytest

from core.postgres.migrating import upgrade
from tests.integration.api.conftest import Start, address, bearer, person, refused, tokens
from tests.support.client import Client
from tests.support.server import Server

DEAD = "redis://127.0.0.1:1/0"


async def test_says_what_it_is(call: Client) -> None:
    answer = await call("GET", "/")

    assert answer.status == 200
    assert answer.json()["name"] == "gatewright"
    for where in (answer.json()["openapi"], answer.json()["jwks"]):
        assert (await call("GET", where)).status == 200


async def test_is_ready_and_well(call: Client) -> None:
    for path in ("/health/ready", "/auth/health"):
        answer = await call("GET", path)
        assert (answer.status, answer.json()["status"]) == (200, "ok"), answer
        assert {each["state"] for each in answer.json()["dependencies"].values()} == {"ok"}
    assert (await call("GET", "/health/live")).json() == {"status": "ok"}


async def test_without_redis_it_is_degraded_and_serves(start: Start) -> None:
    call = await start(redis_url=DEAD)

    answer = await call("GET", "/health/ready")

    assert (answer.status, answer.json()["status"], answer.json()["ready"]) == (200, "degraded", True)
    assert answer.json()["dependencies"]["redis"]["state"] == "down"
    ada = await tokens(call, (await person(call))["email"])
    assert (await call("POST", "/auth/logout", headers=bearer(ada))).status == 204
    refused(await call("GET", "/auth/me", headers=bearer(ada)), 401, "access.invalid_token")


async def test_without_postgres_it_is_not_ready_and_says_so(start: Start) -> None:
    call = await start(database_url="postgresql://postgres@127.0.0.1:1/none")

    answer = await call("GET", "/health/ready")

    assert (answer.status, answer.json()["status"], answer.json()["ready"]) == (503, "down", False)
    assert answer.json()["dependencies"]["postgres"]["state"] == "down"
    assert (await call("GET", "/health/live")).status == 200
    signed_in = await call.send("POST", "/auth/login", {"email": address(), "password": "x"})
    refused(signed_in, 503, "service.unavailable")
    assert int(signed_in.headers["retry-after"]) >= 1


async def test_goes_on_when_postgres_comes_back(start: Start, private_postgres: Server) -> None:
    await to_thread(upgrade, private_postgres.url)
    call = await start(database_url=private_postgres.url)
    email = (await person(call))["email"]
    await to_thread(private_postgres.kill)
    refused(await call.send("POST", "/auth/login", {"email": email, "password": "x"}), 503, "service.unavailable")
    # It starts when all that was connected has gone; meanwhile this process hears of that.
    await to_thread(private_postgres.start)

    assert await tokens(call, email)


async def test_metrics_count_by_route_and_not_by_path(call: Client) -> None:
    await tokens(call, (await person(call))["email"])
    await call("GET", f"/auth/users/{'0' * 8}-0000-7000-8000-{'0' * 12}")
    await call("GET", "/nowhere/at/all")

    text = (await call("GET", "/metrics")).body.decode()

    routes = set(re.findall(r'http_server_request_duration_seconds_count\{.*?route="([^"]*)"', text))
    assert {"/auth/login", "/auth/signup", "/auth/users/{user_id}", "unmatched"} <= routes, routes
    assert 'gatewright_use_cases_total{outcome="done",use_case="SignIn"} 1.0' in text
    assert "nowhere" not in text


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
async def test_an_independent_client_verifies_tokens_with_the_published_keys(
    start: Start, fresh_database_url: str, algorithm: str
) -> None:
    more = {"issuer": "https://auth.example.com", "audience": "things", "database_url": fresh_database_url}
    call = await start(signing_algorithm=algorithm, **more)
    user = await person(call)
    token = (await tokens(call, user["email"]))["access_token"]
    published = (await call("GET", "/.well-known/jwks.json")).json()

    key = jwt.PyJWKSet.from_dict(published)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, [algorithm], audience="things", issuer="https://auth.example.com")

    assert claims["sub"] == user["id"]
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    assert not {"d", "p", "q", "k"} & {name for each in published["keys"] for name in each}


async def test_o18_a_shared_secret_is_not_published(start: Start, fresh_database_url: str) -> None:
    call = await start(signing_algorithm="HS256", database_url=fresh_database_url)
    ada = await tokens(call, (await person(call))["email"])

    assert (await call("GET", "/.well-known/jwks.json")).json() == {"keys": []}
    assert (await call("GET", "/auth/me", headers=bearer(ada))).status == 200


@pytest.mark.parametrize(("environment", "status"), [("dev", 200), ("test", 404)])
async def test_pages_for_people_are_off_outside_development(start: Start, environment: str, status: int) -> None:
    call = await start(environment=environment)

    assert (await call("GET", "/auth/docs")).status == status
    assert (await call("GET", "/auth/openapi.json")).status == 200


async def test_every_refusal_met_is_in_the_document(call: Client) -> None:
    ada = bearer(await tokens(call, (await person(call))["email"]))
    paths: dict[str, Any] = (await call("GET", "/auth/openapi.json")).json()["paths"]
    nobody = "00000000-0000-7000-8000-000000000000"
    met = 0
    for template, operations in paths.items():
        for method, operation in operations.items():
            path = re.sub(r"\{[^}]*_id\}", nobody, template).replace("{namespace}", "theme")
            if not path.startswith("/auth/") or path == "/auth/logout" or "json" not in str(operation["responses"]):
                continue
            for headers in ({}, ada, ada | {"content-type": "application/json"}):
                answer = await call(method.upper(), path, b"{}" if len(headers) == 2 else b"", headers)
                if answer.headers.get("content-type") == "application/problem+json":
                    shown = operation["responses"].get(str(answer.status), {}).get("content", {})
                    examples = shown.get("application/problem+json", {}).get("examples", {})
                    assert answer.json()["code"] in examples, (method, template, answer)
                    met += 1
    assert met > 30
