"""The SQL filter says of a row what a check says of the resource, whatever the conditions."""

import json
import os
from collections.abc import AsyncIterator
from random import Random
from typing import Any, Final

import asyncpg
import pytest

from core.postgres.access_filter import Filter
from core.postgres.access_lists import used
from domain.access.conditions import parse
from domain.access.engine.compiled import Subject, compile_subject
from domain.access.engine.deciding import Outcome, Question, Thing, decide
from domain.access.engine.parts import Grant, RolePart, UserPart
from domain.kernel.ids import GrantId, OrganizationId, ResourceId, RoleId, UserId
from tests.support.access.changing import BEGINNING, CONTEXTS, ORGANIZATIONS, RESOURCES, ROLES, USERS
from tests.support.access.changing import attributes as some_attributes
from tests.support.access.changing import condition as some_condition

CASES: Final = 60_000 if os.environ.get("GATEWRIGHT_DEEP") else 1_500
ROW: Final = """
(SELECT $1::uuid AS id, 'doc' AS type, 'x81' AS external_id, $2::text::uuid AS owner_id, $3::uuid[] AS path,
    NULL::uuid AS wall_id, $4::text::jsonb AS attributes) r
"""
ROLE: Final = RoleId(ROLES[0])
OURS: Final = OrganizationId(ORGANIZATIONS[1])


@pytest.fixture
async def connection(access_url: str) -> AsyncIterator[Any]:
    made = await asyncpg.connect(access_url)
    yield made
    await made.close()


async def says(connection: Any, subject: Subject, thing: Thing, context: dict[str, Any]) -> bool:
    found = Filter(subject, BEGINNING, 5, context)
    text, values = used(found.permitted("doc:read"), found.values, 5)
    owner = str(thing.owner_id) if thing.owner_id else None
    # All four are named, so that Postgres knows their types whatever the condition is.
    return bool(
        await connection.fetchval(
            f"SELECT {text} FROM {ROW}", thing.id, owner, thing.path, json.dumps(thing.attributes), *values
        )
    )


def subject_with(*conditions: tuple[dict[str, Any] | None, bool, ResourceId | None, bool]) -> Subject:
    grants = tuple(
        Grant(GrantId(USERS[0]), OURS, ROLE, place, below, allows, None if raw is None else parse(raw))
        for raw, allows, place, below in conditions
    )
    nothing = frozenset[Any]()
    user = UserPart(UserId(USERS[0]), True, True, frozenset({OURS}), nothing, nothing, nothing, grants)
    return compile_subject(user, OURS, {}, {ROLE: RolePart(ROLE, OURS, frozenset({"doc:read"}), ())})


async def test_a7_the_filter_is_the_check(connection: Any) -> None:
    random, allowed = Random(1), 0
    for _ in range(CASES):
        places = [None, *map(ResourceId, RESOURCES[:2])]
        made = [
            (
                some_condition(random) if random.random() < 0.8 else None,
                random.random() < 0.7,
                place := random.choice(places),
                place is not None and random.random() < 0.5,
            )
            for _ in range(random.randint(1, 3))
        ]
        owner, context = random.choice([None, *USERS]), random.choice(CONTEXTS)
        path = tuple(map(ResourceId, RESOURCES[:2]))
        thing = Thing(
            "doc", "x81", path[0], path, UserId(owner) if owner else None, None, json.loads(some_attributes(random))
        )
        subject = subject_with(*made)
        right = decide(subject, Question("doc:read", thing, context), BEGINNING) is Outcome.ALLOWED
        assert await says(connection, subject, thing, context) is right, (made, thing, context)
        allowed += right
    assert CASES / 10 < allowed < CASES


@pytest.mark.parametrize("allows", [True, False])
async def test_a7_what_cannot_be_told_of_a_row_cannot_be_told_of_its_opposite(connection: Any, allows: bool) -> None:  # noqa: FBT001 - the effect
    missing = {"not": {"resource.open": {"eq": True}}}
    subject = subject_with((missing, allows, None, False), *([] if allows else [(None, True, None, False)]))
    thing = Thing("doc", "x81", ResourceId(RESOURCES[0]), (ResourceId(RESOURCES[0]),))

    assert decide(subject, Question("doc:read", thing), BEGINNING) is Outcome.DENIED
    assert not await says(connection, subject, thing, {})
