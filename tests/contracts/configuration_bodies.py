"""What every `ConfigurationBodies` promises."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.kernel.ids import OrganizationId, uuid7
from domain.organizations.documents import Document
from domain.organizations.models import Body
from domain.organizations.ports import BodyMissing, ConfigurationBodies

NOW = datetime(2030, 1, 1, tzinfo=UTC)
AWKWARD: dict[str, Any] = {
    "$where": "while(true);",
    "$set": {"a.b": {"": [None, True, {}, []]}},
    "_id": {"$oid": "x"},
    "__proto__": "é 😀 \u2028 \x1f \\u0000",
    "numbers": [0, -1, 2**53 - 1, 0.1, 1e-7, 5e-324, 1e20, 1e23, 1.7976931348623157e308, 1.0, -0.0],
    "deep": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[["down"]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],
}


def body(members: dict[str, Any], *, written_at: datetime = NOW, version: int = 1) -> Body:
    return Body(OrganizationId(uuid7()), "theme", version, Document.parse(members), written_at)


async def nothing(_: Sequence[UUID]) -> Collection[UUID]:
    return ()


class ConfigurationBodiesContract:
    """Subclasses provide the fixture `bodies`: a store that other tests may have left things in."""

    @pytest.mark.parametrize("members", [{}, {"colour": "red"}, AWKWARD], ids=["empty", "simple", "awkward"])
    async def test_returns_what_was_put(self, bodies: ConfigurationBodies, members: dict[str, Any]) -> None:
        stored = body(members)
        await bodies.put(stored)

        found = await bodies.get(stored.id)

        assert found == stored.document
        assert found.digest == stored.document.digest
        assert found.members() == members

    async def test_i17_names_with_a_meaning_to_a_database_are_only_text(self, bodies: ConfigurationBodies) -> None:
        hostile: list[dict[str, Any]] = [
            {"$ne": None},
            {"$where": "1"},
            {"a.b.c": 1},
            {"$gt": ""},
            {"_id": {"$in": []}},
        ]
        stored = [body(members) for members in hostile]
        for each in stored:
            await bodies.put(each)

        assert [(await bodies.get(each.id)).members() for each in stored] == hostile

    async def test_holds_the_largest_document(self, bodies: ConfigurationBodies) -> None:
        stored = body({"x": "é" * (128 * 1024 - 4)})
        await bodies.put(stored)

        assert (await bodies.get(stored.id)) == stored.document

    async def test_keeps_the_first_under_an_id(self, bodies: ConfigurationBodies) -> None:
        first = body({"colour": "red"})
        other = Body(first.organization_id, "theme", 1, Document.parse({"colour": "blue"}), NOW, first.id)
        await bodies.put(first)
        await bodies.put(first)
        await bodies.put(other)

        assert await bodies.get(first.id) == first.document

    async def test_two_writers_may_hope_for_one_version(self, bodies: ConfigurationBodies) -> None:
        one = body({"by": "one"}, version=7)
        two = Body(one.organization_id, one.namespace, 7, Document.parse({"by": "two"}), NOW)
        await asyncio.gather(bodies.put(one), bodies.put(two))

        assert [await bodies.get(one.id), await bodies.get(two.id)] == [one.document, two.document]

    async def test_says_what_is_missing(self, bodies: ConfigurationBodies) -> None:
        with pytest.raises(BodyMissing):
            await bodies.get(uuid7())

    async def test_collects_what_is_old_and_not_referenced(self, bodies: ConfigurationBodies) -> None:
        await bodies.collect(NOW + timedelta(days=9), nothing)
        old, kept, young = (body({}, written_at=NOW + timedelta(days=days)) for days in (-2, -2, 0))
        for each in (old, kept, young):
            await bodies.put(each)

        async def references(asked: Sequence[UUID]) -> Collection[UUID]:
            return {kept.id} & {*asked}

        assert await bodies.collect(NOW - timedelta(days=1), references) == 1
        with pytest.raises(BodyMissing):
            await bodies.get(old.id)
        assert await bodies.get(kept.id) == kept.document
        assert await bodies.get(young.id) == young.document
        assert await bodies.collect(NOW - timedelta(days=1), references) == 0

    async def test_collects_more_than_one_batch(self, bodies: ConfigurationBodies) -> None:
        await bodies.collect(NOW + timedelta(days=9), nothing)
        many = [body({"n": number}, written_at=NOW - timedelta(days=2)) for number in range(600)]
        for start in range(0, len(many), 100):
            await asyncio.gather(*(bodies.put(each) for each in many[start : start + 100]))
        referenced = {each.id for each in many[::3]}

        async def references(asked: Sequence[UUID]) -> Collection[UUID]:
            return referenced & {*asked}

        assert await bodies.collect(NOW, references) == len(many) - len(referenced)
        assert await bodies.collect(NOW, references) == 0
        assert await bodies.collect(NOW, nothing) == len(referenced)
