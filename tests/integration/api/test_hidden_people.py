"""Decisions about people whom a wall hides."""

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from tests.integration.api.office import Office, Person
from tests.support.client import Client


@pytest.fixture
async def office(call: Client, api_url: str) -> AsyncIterator[Office]:
    connection = await asyncpg.connect(api_url)
    yield await Office(call, connection).open()
    await connection.close()


async def hide(office: Office, person: Person, *viewers: Person) -> None:
    """Hide a member in a new visibility group, which others are in."""
    group = uuid4()
    await office.run("INSERT INTO visibility_groups VALUES ($1, $2, $1::uuid::text, now(), now(), 1)", group, office.id)
    hidden = "INSERT INTO visibility_contents (group_id, organization_id, user_id) VALUES ($1, $2, $3)"
    await office.run(hidden, group, office.id, person.id)
    for each in viewers:
        seen = "INSERT INTO visibility_members (group_id, organization_id, user_id) VALUES ($1, $2, $3)"
        await office.run(seen, group, office.id, each.id)


async def test_a7_whom_a_wall_hides_is_decided_about_like_nobody(office: Office) -> None:
    hidden, inside = await office.member("document:read"), await office.member("access:check", "access:explain")
    outside = await office.member("access:check", "access:explain", "grants:read", "visibility:read")
    over = await office.member("access:check", "visibility:bypass")
    nobody = Person(uuid4(), {})
    await office.resource("plan")
    await hide(office, hidden, inside)

    assert await office.allows(inside, hidden, "read", "plan")
    assert await office.allows(over, hidden, "read", "plan")
    assert await office.allows(hidden, hidden, "read", "plan")
    for path in ("evaluation", "evaluations", "explain", "search/action", "search/resource"):
        answers = []
        for subject in (hidden, nobody):
            question = office.question(subject, "read", "plan", explain=True)
            answer = await office.ask(outside, path, {"evaluations": [question]} if path == "evaluations" else question)
            assert answer.status == 200, answer
            answers.append(answer.json())
        assert answers[0] == answers[1], path


async def test_searches_find_hidden_people_for_themselves_and_those_who_see_them(office: Office) -> None:
    hidden, inside = await office.member("access:check", "document:read"), await office.member("access:check")
    outside, seen = await office.member("access:check"), await office.member("document:read")
    await office.resource("plan")
    await hide(office, hidden, inside)

    for asker, found in ((hidden, {hidden.id, seen.id}), (inside, {hidden.id, seen.id}), (outside, {seen.id})):
        question = office.question(asker, "read", "plan") | {"subject": {"type": "user"}}
        people = set()
        token = ""
        while True:
            answer = await office.ask(asker, "search/subject", question | {"page": {"limit": 1, "token": token}})
            page = answer.json()
            people |= {each["id"] for each in page["results"]}
            token = page["page"]["next_token"]
            if not token:
                break
        # Whoever holds something platform-wide is found as well: others make such people beside this test.
        mine = {str(each.id) for each in (hidden, inside, outside, seen)}
        assert people & mine == {str(each) for each in found}
