"""Two processes of the service that share everything, people, and all that ends their tokens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.request import urlopen
from uuid import UUID

import pytest

from core.access_tokens import AccessTokens
from core.keyring import KeyRing, generate
from domain.kernel.ids import uuid7
from tests.support.http import once
from tests.support.patient import Patient
from tests.support.server import Port
from tests.support.service import PASSWORD, Program, Service, Stack, deployed

ISSUER: Final = "https://auth.example.com"
KEYS: Final = "keys.json"
GRANT: Final = """
INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at, version)
SELECT gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'user', $1, id, now(), 1
FROM roles WHERE name = $2
"""
ROLE: Final = """
INSERT INTO roles (id, organization_id, name, description, permissions, version)
VALUES (gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'asker', '', '{tokens:introspect}', 1)
ON CONFLICT DO NOTHING
"""
AGE: Final = """
UPDATE refresh_families SET rotations = ARRAY(SELECT at - interval '1h' FROM unnest(rotations) at) WHERE session_id = $1
"""


@dataclass
class Pair:
    """Two processes of the service: verifiers follow the one that was deployed, the other revokes."""

    service: Service
    other: Program
    port: int

    def caller(self, token: str | None = None) -> Patient:
        """Return a client of the other process, which asks again when that cannot tell."""
        return Patient(self.port, token=token)

    async def known(self, role: str = "service") -> str:
        """Return the token of somebody who has a role on the platform."""
        email = f"{uuid7().hex}@example.com"
        given = await self.service.tokens(email)
        async with self.service.patient(given["access_token"]) as call, self.service.sql() as sql:
            await sql.execute(ROLE)
            await sql.execute(GRANT, UUID((await call("GET", "/auth/me")).json()["id"]), role)
        return str(given["access_token"])

    async def settings(self, **more: Any) -> dict[str, Any]:
        """Return what a verifier is started with."""
        address = f"http://127.0.0.1:{self.service.port.number}"
        known = {"issuer": ISSUER, "audience": "gatewright", "address": address}
        return known | ({} if "credential" in more else {"credential": await self.known()}) | more


@pytest.fixture(scope="module")
async def pair(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """They share a worker, too, and nobody changes their settings."""
    folder = tmp_path_factory.mktemp("pair")
    (folder / KEYS).write_text(generate("ES256"))  # what is in the database cannot be read by tests that mint tokens
    async with (
        deployed(
            stack, folder, ISSUER=ISSUER, ACCESS_TOKEN_SECONDS="3600", SIGNING_KEYS_FILE=str(folder / KEYS)
        ) as service,
        beside(service) as (other, port),
    ):
        worker = service.hire()
        yield Pair(service, other, port)
        worker.kill()


@asynccontextmanager
async def beside(service: Service, **more: str) -> AsyncIterator[tuple[Program, int]]:
    """Run one more process of the service, with other settings; lend it and its port."""
    port = Port()
    environment = service.api.environment | {"GATEWRIGHT_PORT": str(port.number)}
    environment |= {f"GATEWRIGHT_{name}": value for name, value in more.items()}
    log = service.folder / f"beside-{port.number}.log"
    program = Program("serve", environment, log, lambda: answers(port.number))
    try:
        await asyncio.to_thread(program.start)
        yield program, port.number
    finally:
        if not program.gone:
            program.kill()
        port.free()


def answers(port: int) -> bool:
    """Whether the process there is ready."""
    with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2) as answer:
        return bool(answer.status == 200)
    return False


@dataclass
class Person:
    """Somebody who is signed in."""

    email: str
    id: str
    tokens: dict[str, Any]


async def person(pair: Pair) -> Person:
    """Sign somebody up and in."""
    email = f"{uuid7().hex}@example.com"
    tokens = await pair.service.tokens(email)
    async with pair.service.patient(tokens["access_token"]) as call:
        return Person(email, (await call("GET", "/auth/me")).json()["id"], tokens)


async def log_out(pair: Pair, ada: Person) -> None:
    """End their session."""
    async with pair.caller(ada.tokens["access_token"]) as call:
        status = (await call("POST", "/auth/logout")).status
        # Whoever is told that it is not known whether they are out, and is, cannot ask again.
        assert status == 204 or (call.repeated and status == 401)


async def revoke_the_session(pair: Pair, ada: Person) -> None:
    """End it from another one."""
    here = await pair.service.sign_in(ada.email)
    async with pair.caller(here["access_token"]) as call:
        assert (await call("DELETE", f"/auth/sessions/{ada.tokens['session_id']}", headers=once())).status == 204


async def log_out_everywhere_else(pair: Pair, ada: Person) -> None:
    """End all but another one."""
    here = await pair.service.sign_in(ada.email)
    async with pair.caller(here["access_token"]) as call:
        assert (await call("DELETE", "/auth/sessions", headers=once())).status == 204


async def change_the_password(pair: Pair, ada: Person) -> None:
    """Change it from another session."""
    here = await pair.service.sign_in(ada.email)
    new = {"current_password": PASSWORD, "new_password": "another correct horse battery"}
    async with pair.caller(here["access_token"]) as call:
        status = (await call("POST", "/auth/password/change", new)).status
        assert status == 200 or (call.repeated and status == 401)  # as above: it ends this session, too


async def deactivate(pair: Pair, ada: Person) -> None:
    """Have an administrator do it."""
    async with pair.caller(await pair.known("superuser")) as call:
        assert (await call("POST", f"/auth/users/{ada.id}/deactivate", {}, once())).status == 204


async def delete(pair: Pair, ada: Person) -> None:
    """Have an administrator do it."""
    async with pair.caller(await pair.known("superuser")) as call:
        assert (await call("DELETE", f"/auth/users/{ada.id}", headers=once())).status == 204


async def reuse_a_refresh_token(pair: Pair, ada: Person) -> None:
    """Present one again, long after it was spent."""
    async with pair.caller() as call, pair.service.sql() as sql:
        spent = {"refresh_token": ada.tokens["refresh_token"]}
        assert (await call("POST", "/auth/refresh", spent)).status == 200
        await sql.execute(AGE, UUID(ada.tokens["session_id"]))
        assert (await call("POST", "/auth/refresh", spent)).status == 401


def issuer_of(pair: Pair) -> AccessTokens:
    """Return what mints tokens as the service does, with its own key."""
    ring = KeyRing.load((pair.service.folder / KEYS).read_text())
    return AccessTokens(ring, ISSUER, "gatewright", 3600)


async def restart(pair: Pair) -> None:
    """Have the service forget what it has heard in memory."""
    for program in (pair.service.api, pair.other):
        program.kill()
        await asyncio.to_thread(program.start)
