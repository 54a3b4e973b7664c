"""Questions over HTTP, everything on, beside bare routes that decode the same bodies."""

import asyncio
import json
from base64 import urlsafe_b64decode
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from benchmarks.access.world import PER_PERSON
from benchmarks.ground import Ground
from benchmarks.load import Load, Request, load
from benchmarks.table import Row, Spread, ratio_row
from domain.kernel.ids import uuid7

ROUNDS: Final = 5
SECONDS: Final = 2.0
CONNECTIONS: Final = 16
FEW: Final = 2
"""Connections for batches."""
BATCH: Final = 1_000
FURNISH: Final = (
    "INSERT INTO organizations VALUES ($1, 'Office', $1::uuid::text, now(), now(), 1)",
    "INSERT INTO memberships VALUES (gen_random_uuid(), $1, $2, now(), 1)",
    "INSERT INTO roles (id, organization_id, name, permissions) VALUES ($2, $1, 'reader', '{document:read}')",
)
THINGS: Final = """
INSERT INTO resources (id, organization_id, type, external_id, path, created_at, updated_at, version)
SELECT id, $1, 'document', 'd' || number, ARRAY[id], now(), now(), 1
FROM (SELECT gen_random_uuid() AS id, number FROM generate_series(0, $2 - 1) AS number) n
"""
GRANTS: Final = """
INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, resource_id, created_at)
SELECT gen_random_uuid(), $1, 'user', $2, $3, id, now()
FROM resources WHERE organization_id = $1 AND substr(external_id, 2)::integer < $4
"""


def run(ground: Ground) -> Iterable[Row]:
    """Compare single questions and batches with what it takes to read them."""
    service, bare = ground.service, ground.bare
    token = str(service.tokens_at_once(service.person())["access_token"])
    person = _subject(token)
    office = asyncio.run(_furnished(ground, person))
    ours, theirs = f"{service.url}/access/v1/evaluation", f"{bare}/evaluation"
    one = [json.dumps(_about(person, office) | {"resource": _resource(each)}) for each in range(PER_PERSON)]
    many = json.dumps(
        _about(person, office) | {"evaluations": [{"resource": _resource(each)} for each in range(BATCH)]}
    )
    yield from _compared(ground, "POST /access/v1/evaluation", _requests((ours, theirs), token, one, CONNECTIONS), 0.8)
    yield from _compared(
        ground,
        f"POST /access/v1/evaluations, {BATCH:,} each",
        _requests((f"{ours}s", f"{theirs}s"), token, [many], FEW),
        None,
    )


def _compared(ground: Ground, what: str, requests: list[Request], goal: float | None) -> Iterable[Row]:
    places = [each.url.partition("/access/")[0].partition("/evaluation")[0] for each in requests]
    for request in requests:
        load(request)
    loads: tuple[list[Load], ...] = ([], [])
    works: tuple[list[float], ...] = ([], [])
    for _ in range(ROUNDS):
        for found, spent, request, place in zip(loads, works, requests, places, strict=True):
            before = ground.work(place)
            found.append(load(request))
            spent.append((ground.work(place) - before) / (found[-1].rate * SECONDS) * 1e6)
    if failed := sum(each.failed for found in loads for each in found):
        raise RuntimeError(f"{failed} of the answers were not 200")
    rates = [Spread([each.rate for each in found]) for found in loads]
    yield ratio_row("access", f"{what}, {requests[0].connections} connections", rates[0], rates[1], "bare POST", goal)
    work = [Spread(each) for each in works]
    yield Row(
        "access",
        "its CPU time, which other work on the machine hardly changes",
        work[0].text(unit=" µs"),
        f"bare POST: {work[1].text(unit=' µs')}",
        work[1].over(work[0]),
    )


def _requests(urls: tuple[str, str], token: str, bodies: list[str], connections: int) -> list[Request]:
    return [Request(url, SECONDS, connections, token, bodies) for url in urls]


async def _furnished(ground: Ground, person: UUID) -> UUID:
    office, role = uuid7(), uuid7()
    async with ground.database() as database, database.read() as connection:
        for statement, values in zip(FURNISH, ((office,), (office, person), (office, role)), strict=True):
            await connection.execute(statement, *values)
        await connection.execute(THINGS, office, BATCH)
        await connection.execute(GRANTS, office, person, role, PER_PERSON)
    return office


def _about(person: UUID, office: UUID) -> dict[str, Any]:
    return {
        "subject": {"type": "user", "id": str(person)},
        "action": {"name": "read"},
        "context": {"organization_id": str(office)},
    }


def _resource(number: int) -> dict[str, str]:
    return {"type": "document", "id": f"d{number}"}


def _subject(token: str) -> UUID:
    claims = token.split(".")[1]
    return UUID(json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"])
