"""Fields that no schema names, on every write."""

from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from typing import Any, Final
from uuid import uuid4

import asyncpg
import pytest

from core.keys import Keys
from core.settings import Settings
from tests.integration.api.conftest import PASSWORD, Start, address, bearer, refused, tokens
from tests.integration.api.test_a1_e9_matrix import ROUTES, sample
from tests.integration.api.test_half_states import STATE
from tests.support.client import Client
from tests.support.facts import until

FIELDS: Final = (
    "id", "uuid", "_id", "pk", "user_id", "userId", "owner_id", "owner", "owner_ids", "created_by", "granted_by", "invited_by",
    "email", "email_verified", "emailVerified", "username", "full_name", "password", "password_hash", "token", "token_hash",
    "is_active", "active", "disabled", "is_superuser", "is_admin", "isAdmin", "admin", "superuser", "role", "roles", "role_id",
    "permissions", "scope", "scopes", "groups", "organization_id", "organizationId", "tenant_id", "org", "epoch", "version",
    "expected_version", "created_at", "updated_at", "expires_at", "path", "wall_id", "seeded", "__proto__", "constructor", "$where",
)  # fmt: skip
"""52 names under which services have been made to take what nobody meant them to."""
WRITES: Final = sorted(name for name, (_, _, made) in ROUTES.items() if made.sends and not made.whole)


def test_there_are_52_names() -> None:
    assert len({*FIELDS}) == 52


@pytest.fixture
async def call(start: Start, fresh_database_url: str, settings: Settings) -> Client:
    """The service with an administrator, who may send anything."""
    made = await start(database_url=fresh_database_url)
    root = {"email": address(), "password": PASSWORD, "token": str(Keys.read(settings).setup)}
    assert (await made.send("POST", "/auth/setup", root)).status == 201
    made.token = bearer(await tokens(made, root["email"]))["authorization"].removeprefix("Bearer ")
    return made


async def test_a3_no_write_takes_a_field_that_its_schema_does_not_name(call: Client, fresh_database_url: str) -> None:
    connection = await asyncpg.connect(fresh_database_url)
    before = await connection.fetchrow(STATE)
    me = (await call("GET", "/auth/me")).body
    for name in WRITES:
        path, handler, made = ROUTES[name]
        for parameter in made.segments:
            path = path.replace(f"{{{parameter}:str}}", str(uuid4()) if "_id" in parameter else "sample")
        (method,) = handler.http_methods
        headers = {"if-match": '"1"'} if made.matched else {}
        schema = sample(made.sends)
        known = set(made.sends.__struct_encode_fields__)
        for field in FIELDS:
            for body in places(schema, field, known):
                refused(await call.send(str(method), path, body, headers=headers), 400, "request.malformed")
    assert await connection.fetchrow(STATE) == before
    # A process that was kept busy for so long may have to hear of revocations first.
    await until(partial(answers, call))
    assert (await call("GET", "/auth/me")).body == me
    await connection.close()


async def answers(call: Client) -> bool:
    """Return whether it is said who asks."""
    return (await call("GET", "/auth/me")).status == 200


def places(body: dict[str, Any], field: str, known: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the body with a field too many: in itself, and in what is in it."""
    if field not in known:
        yield body | {field: True}
    for name, inner in body.items():
        inside = inner[0] if isinstance(inner, list) and inner else inner
        if isinstance(inside, dict) and field not in inside and name != "attributes":
            made = deepcopy(body)
            (made[name][0] if isinstance(inner, list) else made[name])[field] = True
            yield made
