"""Signing keys in a running service."""

import asyncio
from asyncio import to_thread
from pathlib import Path
from typing import Any

import jwt
import pytest

from core.keyring import generate
from core.keys import Keys
from core.operating import CALL, operator
from core.postgres.migrating import upgrade
from core.settings import Settings
from domain.keys.commands.tend_keys import TendKeys
from tests.integration.api.conftest import (
    PASSWORD,
    Start,
    address,
    bearer,
    configured,
    person,
    refused,
    tokens,
)
from tests.support.client import Client
from tests.support.databases import patient
from tests.support.facts import until
from tests.support.server import Server

JWKS = "/.well-known/jwks.json"
BOUND = 2.0
"""Seconds within which a revocation is known everywhere."""


async def root_of(call: Client, settings: Settings) -> dict[str, str]:
    """Name the first administrator; return the header of theirs."""
    body = {"email": address(), "password": PASSWORD, "token": str(Keys.read(settings).setup)}
    await call.send("POST", "/auth/setup", body)
    return bearer(await tokens(call, body["email"]))


async def signed_in(call: Client) -> dict[str, Any]:
    return await tokens(call, (await person(call))["email"])


def kid_of(given: dict[str, Any]) -> str:
    return str(jwt.get_unverified_header(given["access_token"])["kid"])


async def status(call: Client, given: dict[str, Any]) -> int:
    return (await call("GET", "/auth/me", headers=bearer(given))).status


async def published(call: Client) -> list[str]:
    return [key["kid"] for key in (await call("GET", JWKS)).json()["keys"]]


async def tend(url: str, settings: Settings) -> None:
    """Do what a worker with these settings does."""
    keys, database = Keys.read(settings), patient(url, 1)
    await database.open()
    await operator(database, keys, keys.forge(settings), "worker")(TendKeys(), CALL)
    await database.close()


async def test_o18_the_set_says_how_long_to_keep_it_and_shows_nothing_that_signs(call: Client) -> None:
    answer = await call("GET", JWKS)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "public, max-age=300"
    keys = answer.json()["keys"]
    assert len({key["kid"] for key in keys}) >= 2
    assert not {"d", "p", "q", "dp", "dq", "qi", "k", "oth"} & {name for key in keys for name in key}
    again = await call("GET", JWKS, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", answer.headers["etag"])


async def test_a11_the_list_of_keys_shows_no_key(start: Start, fresh_database_url: str, settings: Settings) -> None:
    call = await start(database_url=fresh_database_url)
    root = await root_of(call, settings)
    answer = await call("GET", "/auth/keys", headers=root)
    assert sorted(key["state"] for key in answer.json()["items"]) == ["active", "next"]
    assert not {"d", "x", "y", "sealed", "public"} & {name for key in answer.json()["items"] for name in key}
    refused(await call("GET", "/auth/keys", headers=bearer(await signed_in(call))), 403, "access.forbidden")


async def test_a_key_too_young_to_sign_is_refused_with_the_time(
    start: Start, fresh_database_url: str, settings: Settings
) -> None:
    call = await start(database_url=fresh_database_url)
    root = await root_of(call, settings)
    answer = await call("POST", "/auth/keys/rotate", headers=root)
    refused(answer, 409, "keys.key_not_ready")
    assert "Every verifier has the waiting key at 20" in answer.json()["detail"]
    refused(await call("DELETE", "/auth/keys/nothing", headers=root), 404, "keys.key_not_found")


async def test_t7_a_rotation_changes_who_signs_and_signs_nobody_out(
    start: Start, fresh_database_url: str, settings: Settings
) -> None:
    one, other = [await start(database_url=fresh_database_url, jwks_seconds=1) for _ in range(2)]
    root, ada = await root_of(one, settings), await signed_in(one)
    shown = await published(one)

    async def rotated() -> bool:
        return (await one("POST", "/auth/keys/rotate", headers=root)).status == 200

    await until(rotated)
    grace = await signed_in(one)
    assert kid_of(grace) != kid_of(ada)
    assert kid_of(grace) in shown
    for each in (one, other):
        assert [await status(each, given) for given in (ada, grace)] == [200, 200]
        assert {kid_of(ada), kid_of(grace)} <= set(await published(each))


async def test_a_removed_key_is_refused_everywhere_within_the_bound(
    start: Start, fresh_database_url: str, settings: Settings
) -> None:
    one, other = [await start(database_url=fresh_database_url) for _ in range(2)]
    root, ada = await root_of(one, settings), await signed_in(other)
    stolen = kid_of(ada)
    assert await status(other, ada) == 200

    answer = await one("DELETE", f"/auth/keys/{stolen}", headers=root)

    assert answer.status == 204
    assert await status(one, ada) == 401

    async def refused_there() -> bool:
        return await status(other, ada) == 401

    await until(refused_there)
    for each in (one, other):
        await until(lambda each=each: _lacks(each, stolen))  # type: ignore[misc]
    fresh = await one.send("POST", "/auth/refresh", {"refresh_token": ada["refresh_token"]})
    assert kid_of(fresh.json()) != stolen
    assert [await status(each, fresh.json()) for each in (one, other)] == [200, 200]


async def _lacks(call: Client, kid: str) -> bool:
    return kid not in await published(call)


@pytest.mark.parametrize("after", ["ES256", "RS256"])
async def test_shared_secrets_become_key_pairs_and_nobody_is_signed_out(
    start: Start, fresh_database_url: str, tmp_path: Path, after: str
) -> None:
    old = await start(database_url=fresh_database_url, signing_algorithm="HS256", jwks_seconds=1)
    ada, grace = await signed_in(old), await signed_in(old)
    assert await published(old) == []
    more: dict[str, Any] = {"database_url": fresh_database_url, "signing_algorithm": after, "jwks_seconds": 1}
    new = await start(**more)

    async def switched() -> bool:
        await tend(fresh_database_url, configured(tmp_path, **more))
        # Each process looks for itself which key signs.
        return all([_algorithm(await signed_in(each)) == after for each in (new, old)])

    await until(switched)
    assert _algorithm(ada) == "HS256"
    for call in (old, new):
        assert [await status(call, given) for given in (ada, grace)] == [200, 200]
        assert "oct" not in {key["kty"] for key in (await call("GET", JWKS)).json()["keys"]}
    fresh = await old.send("POST", "/auth/refresh", {"refresh_token": ada["refresh_token"]})
    assert (fresh.status, _algorithm(fresh.json())) == (200, after)
    assert [await status(call, fresh.json()) for call in (old, new)] == [200, 200]


def _algorithm(given: dict[str, Any]) -> str:
    return str(jwt.get_unverified_header(given["access_token"])["alg"])


async def test_a_development_machine_of_before_goes_on_with_its_key(
    start: Start, fresh_database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "keys.json").write_text(generate("ES256"))
    before = await start(database_url=fresh_database_url, signing_keys_file=tmp_path / "keys.json")
    ada = await signed_in(before)
    (tmp_path / "keys.json").rename(tmp_path / "signing-keys-ES256.json")

    call = await start(database_url=fresh_database_url)

    assert await status(call, ada) == 200
    assert kid_of(await signed_in(call)) == kid_of(ada)
    assert len(await published(call)) == 2


async def test_keys_of_a_file_are_not_managed_here(
    start: Start, fresh_database_url: str, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "keys.json").write_text(generate("ES256"))
    call = await start(database_url=fresh_database_url, signing_keys_file=tmp_path / "keys.json")
    root = await root_of(call, settings)
    (key,) = (await call("GET", "/auth/keys", headers=root)).json()["items"]
    assert (key["state"], key["published_at"]) == ("active", None)
    refused(await call("POST", "/auth/keys/rotate", headers=root), 409, "keys.managed_elsewhere")
    refused(await call("DELETE", f"/auth/keys/{key['kid']}", headers=root), 409, "keys.managed_elsewhere")


async def test_who_starts_without_postgres_has_keys_once_it_is_there(start: Start, private_postgres: Server) -> None:
    await to_thread(upgrade, private_postgres.url)
    private_postgres.kill()
    call = await start(database_url=private_postgres.url)
    refused(await call("GET", JWKS), 503, "service.unavailable")
    health = (await call("GET", "/health/ready")).json()["dependencies"]["signing_keys"]
    assert (health["state"], health["needed"]) == ("down", True)
    private_postgres.start()

    async def there() -> bool:
        return (await call("GET", JWKS)).status == 200

    await until(there)
    ada = await signed_in(call)
    private_postgres.kill()
    assert kid_of(ada) in await published(call)


async def test_another_master_secret_is_told(start: Start, fresh_database_url: str) -> None:
    await start(database_url=fresh_database_url)
    call = await start(database_url=fresh_database_url, secret="hT5vBnX8qL2wEzKj9yRcUgM4pDsF7aQx")
    answer = await call("GET", "/health/ready")
    told = answer.json()["dependencies"]["signing_keys"]
    assert (answer.status, told["state"]) == (503, "down")
    assert "GATEWRIGHT_PREVIOUS_SECRETS" in told["detail"]


async def test_processes_that_start_at_once_agree(start: Start, fresh_database_url: str) -> None:
    started = [await start(database_url=fresh_database_url) for _ in range(3)]
    assert len({str(sorted(await published(call))) for call in started}) == 1
    ada = await signed_in(started[0])
    assert await asyncio.gather(*(status(call, ada) for call in started)) == [200, 200, 200]
