"""Policy models over HTTP: what stock pycasbin decides with all rules, they decide with the slice that they read."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from domain.kernel.ids import PLATFORM, uuid7
from tests.integration.api.conftest import Start, bearer, person, refused, tokens
from tests.support.client import Client
from tests.support.patient import sure
from tests.support.policy_vectors import ALLOW, PLAIN, Vectors, every, model

LEAST = 6_889
"""Decisions that are compared."""
MODEL = model("g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act", policy="sub, obj, act", g="_, _", **PLAIN)
POLICY = "p, role:reader, data, read\ng, ada, role:reader\n"
SLOW = model(
    " || ".join(["g(r.sub, p.obj)"] * 20),
    request="sub, obj",
    policy="sub, obj",
    effect=ALLOW,
    g="_, _",
)
SLOW_RULES = "".join(f"p, s{n}, o{n}\ng, ada, role:{n}\n" for n in range(480))


@pytest.fixture
async def administrator(call: Client, api_url: str) -> dict[str, str]:
    """Return the headers of somebody who may do everything."""
    who = await person(call)
    await _grant(api_url, who["id"])
    return bearer(await tokens(call, who["email"]))


async def _grant(api_url: str, user_id: str) -> None:
    database = await asyncpg.connect(api_url)
    await database.execute(
        "INSERT INTO grants (id, organization_id, subject_type, subject_id, role_id, created_at)"
        " SELECT $1, $2, 'user', $3, id, now() FROM roles WHERE organization_id IS NULL AND name = 'superuser'",
        uuid7(),
        PLATFORM,
        user_id,
    )
    await database.close()


@pytest.fixture
async def organizations(api_url: str) -> AsyncIterator[list[str]]:
    """Yield the ids of two organizations."""
    database = await asyncpg.connect(api_url)
    made = [uuid7(), uuid7()]
    for each in made:
        await database.execute("INSERT INTO organizations VALUES ($1, 'Test', $2, now(), now(), 1)", each, str(each))
    yield [str(each) for each in made]
    await database.execute("DELETE FROM organizations WHERE id = ANY ($1)", made)
    await database.close()


def at(organization_id: str, name: str = "docs", then: str = "") -> str:
    return f"/auth/organizations/{organization_id}/policy-models/{name}{then}"


async def put(call: Client, headers: dict[str, str], path: str, text: str, policy: str) -> None:
    answer = await call.send("PUT", path, {"model": text, "policy": policy}, headers=headers)
    assert answer.status == 200, answer


async def decisions(call: Client, headers: dict[str, str], path: str, requests: Sequence[Any]) -> list[bool]:
    """Ask about a model that is quick; again while a machine that is held up makes it look slow."""

    def late(_: int, body: bytes) -> bool:
        return b'"access.policy_too_slow"' in body or b'"service.overloaded"' in body

    answer = await sure(lambda: call.send("POST", f"{path}/evaluate", {"requests": requests}, headers=headers), late)
    assert answer.status == 200, answer
    return list(answer.json()["decisions"])


async def compared(
    call: Client, headers: dict[str, str], organization_id: str, vectors: Vectors, folder: Path
) -> tuple[int, int]:
    """Return how many questions are allowed, and fail unless all are answered as expected, twice."""
    path = at(organization_id)
    await put(call, headers, path, vectors.model, vectors.policy)
    expected = vectors.expected(folder)
    for start in range(0, len(expected), 32):
        requests, right = vectors.requests[start : start + 32], expected[start : start + 32]
        assert await decisions(call, headers, path, requests) == right, vectors.name
        # By the engine that was made a moment ago.
        assert await decisions(call, headers, path, requests) == right, vectors.name
    assert (await call("DELETE", path, headers=headers)).status == 204
    return sum(expected), len(expected)


async def test_a7_e19_every_decision_is_that_of_stock_casbin(
    call: Client, administrator: dict[str, str], organizations: list[str], tmp_path: Path
) -> None:
    counts = [await compared(call, administrator, organizations[0], each, tmp_path) for each in every()]

    allowed, asked = sum(each for each, _ in counts), sum(each for _, each in counts)
    assert asked >= LEAST
    assert asked / 10 < allowed < asked / 2


async def test_versions_travel_as_etags(call: Client, administrator: dict[str, str], organizations: list[str]) -> None:
    path = at(organizations[0])
    made = await call.send("PUT", path, {"model": MODEL, "policy": POLICY}, headers=administrator)
    assert (made.status, made.headers["etag"], made.json()["policy"]) == (200, '"1"', POLICY)

    again = await call.send("PUT", path, {"model": MODEL, "policy": ""}, headers=administrator)
    refused(again, 428, "request.precondition_required")
    late = await call.send("PUT", path, {"model": MODEL, "policy": ""}, headers=administrator | {"if-match": '"9"'})
    refused(late, 412, "request.precondition_failed")
    read = await call("GET", path, headers=administrator)
    assert read.json() == made.json()


async def test_a1_a_model_belongs_to_its_organization(
    call: Client, administrator: dict[str, str], organizations: list[str]
) -> None:
    ours, theirs = organizations
    await put(call, administrator, at(ours), MODEL, POLICY)

    question = {"requests": [["ada", "data", "read"]]}
    missing = await call.send("POST", at(theirs, then="/evaluate"), question, headers=administrator)
    refused(missing, 404, "access.policy_model_not_found")
    stranger = bearer(await tokens(call, (await person(call))["email"]))
    for verb, path in (("GET", at(ours)), ("GET", at(str(uuid7()))), ("DELETE", at(ours))):
        refused(await call(verb, path, headers=stranger), 404, "organizations.organization_not_found")
    asked = await call.send("POST", at(ours, then="/evaluate"), question, headers=stranger)
    refused(asked, 404, "organizations.organization_not_found")


@pytest.mark.parametrize("name", ["*", "a%20b", "p.*", "a" * 65, "a%22b", "a,b"])
async def test_a6_names_are_names(
    call: Client, administrator: dict[str, str], organizations: list[str], name: str
) -> None:
    answer = await call.send("PUT", at(organizations[0], name), {"model": MODEL, "policy": ""}, headers=administrator)
    refused(answer, 422, "access.policy_model_invalid")
    question = {"requests": [["ada", "data", "read"]]}
    answer = await call.send("POST", at(organizations[0], name, "/evaluate"), question, headers=administrator)
    refused(answer, 422, "access.policy_model_invalid")


async def test_a10_the_worst_matcher_of_one_organization_does_not_slow_another_down(
    call: Client, administrator: dict[str, str], organizations: list[str]
) -> None:
    worst, ours = organizations
    await put(call, administrator, at(worst), SLOW, SLOW_RULES)
    await put(call, administrator, at(ours), MODEL, POLICY)
    question = {"requests": [["ada", "nothing"]] * 32}
    path = at(worst, then="/evaluate")
    assert await decisions(call, administrator, at(ours), [["ada", "data", "read"]]) == [True]
    stopped = asyncio.Event()

    async def attack() -> set[tuple[int, str]]:
        seen = set()
        while not stopped.is_set():
            answer = await call.send("POST", path, question, headers=administrator)
            seen.add((answer.status, answer.json()["code"]))
        return seen

    clock = asyncio.get_running_loop().time
    async with asyncio.TaskGroup() as running:
        attacks = [running.create_task(attack()) for _ in range(5)]
        times = []
        for _ in range(40):
            began = clock()
            assert await decisions(call, administrator, at(ours), [["ada", "data", "read"]]) == [True]
            times.append(clock() - began)
        stopped.set()

    seen = set().union(*(each.result() for each in attacks))
    assert seen <= {(409, "access.policy_too_slow"), (503, "service.overloaded")}
    assert (409, "access.policy_too_slow") in seen
    # Five calls that cost a second each are under way; ours wait for none of them.
    assert sorted(times)[len(times) // 2] < 0.5, times


async def test_a10_what_cannot_be_read_is_no_decision(
    start: Start, call: Client, administrator: dict[str, str]
) -> None:
    away = await start(database_url="postgresql://nobody@127.0.0.1:1/none")
    answer = await away.send(
        "POST", at(str(PLATFORM), then="/evaluate"), {"requests": [["ada", "data", "read"]]}, headers=administrator
    )
    assert answer.status == 503, answer
