"""What every `ConfigurationBodies` promises of values that are marked as somebody's."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID

import pytest

from core.sealed_documents import Salts
from domain.kernel.ids import UserId
from domain.organizations.documents import Document
from domain.organizations.ports import BodyDamaged, ConfigurationBodies
from tests.contracts.configuration_bodies import body

SAID = "ada.lovelace@example.org"


@dataclass
class CountedSalts(Salts):
    """Counts how often it is asked."""

    salts: Salts
    asked: int = 0

    async def given(self, people: Collection[UUID]) -> Mapping[UUID, bytes]:
        return await self.salts.given(people)

    async def known(self, people: Collection[UUID]) -> Mapping[UUID, bytes]:
        self.asked += 1
        return await self.salts.known(people)


class SealedGround(Protocol):
    """A store, and people."""

    bodies: ConfigurationBodies
    """What seals."""
    store: ConfigurationBodies
    """What it seals into."""

    async def person(self) -> UserId:
        """Return somebody new, of whom nothing was sealed before."""

    async def erase(self, user_id: UserId) -> None:
        """Have the person's key gone."""

    async def raw(self, body_id: UUID) -> str:
        """Return what the store itself has of a body."""

    def salts_asked(self) -> int:
        """Return how often salts were asked for until now."""


def mark(user_id: UserId, value: Any = SAID) -> dict[str, Any]:
    return {"$personal": {"user_id": str(user_id), "value": value}}


def left(user_id: UserId) -> dict[str, Any]:
    return {"$personal": {"user_id": str(user_id), "value": None, "erased": True}}


class SealedBodiesContract:
    """Subclasses provide the fixture `sealed`: a ground that other tests may have left things in."""

    async def test_e13_a_marked_value_is_stored_sealed_and_read_open(self, sealed: SealedGround) -> None:
        ada = await sealed.person()
        stored = body({"colour": "red", "a/b": [mark(ada), {"deep": mark(ada, {SAID: [1e23, 2**53 - 1, 0.1]})}]})
        await sealed.bodies.put(stored)

        assert await sealed.bodies.get(stored.id) == stored.document
        assert (await sealed.bodies.get(stored.id)).digest == stored.document.digest
        raw = await sealed.raw(stored.id)
        assert "red" in raw
        assert SAID not in raw

    async def test_e13_nothing_is_left_of_whoever_was_erased(self, sealed: SealedGround) -> None:
        ada, bob = await sealed.person(), await sealed.person()
        stored = body({"one": mark(ada), "two": [mark(bob, "b")], "three": mark(ada, 7)})
        await sealed.bodies.put(stored)

        await sealed.erase(ada)

        found = await sealed.bodies.get(stored.id)
        assert found.members() == {"one": left(ada), "two": [mark(bob, "b")], "three": left(ada)}
        assert found.digest == stored.document.digest
        assert found.people == {ada, bob}

    async def test_e13_of_somebody_erased_meanwhile_nothing_is_stored(self, sealed: SealedGround) -> None:
        ada = await sealed.person()
        await sealed.erase(ada)
        stored = body({"of": mark(ada)})
        await sealed.bodies.put(stored)

        assert (await sealed.bodies.get(stored.id)).members() == {"of": left(ada)}
        assert '"sealed":""' in (await sealed.raw(stored.id)).replace(" ", "")

    async def test_one_question_finds_the_salts_of_many(self, sealed: SealedGround) -> None:
        people = [await sealed.person() for _ in range(5)]
        stored = body({"of": [mark(each, str(each)) for each in people]})
        await sealed.bodies.put(stored)
        before = sealed.salts_asked()

        assert await sealed.bodies.get(stored.id) == stored.document
        assert sealed.salts_asked() == before + 1

    async def test_nothing_is_asked_about_a_document_without_marks(self, sealed: SealedGround) -> None:
        stored, before = body({"colour": "red", "help": "$personal"}), sealed.salts_asked()
        await sealed.bodies.put(stored)

        assert await sealed.bodies.get(stored.id) == stored.document
        assert sealed.salts_asked() == before

    async def test_what_was_sealed_elsewhere_is_not_shown(self, sealed: SealedGround) -> None:
        """Neither from another body, nor from another place in the same."""
        ada = await sealed.person()
        stored = body({"one": mark(ada, 1), "two": mark(ada, 2)})
        await sealed.bodies.put(stored)
        members = (await sealed.store.get(stored.id)).members()
        swapped = {"one": members["two"], "two": members["one"]}

        for altered in (members, swapped):
            moved = replace(body({}), document=Document.of(altered))
            await sealed.store.put(moved)
            with pytest.raises(BodyDamaged):
                await sealed.bodies.get(moved.id)

    async def test_documents_of_before_there_were_marks_stay_as_they_are(self, sealed: SealedGround) -> None:
        ada = await sealed.person()
        members = {"a": {"$personal": True}, "b": {"$personal": {"sealed": 1}, "c": 1}, "d": mark(ada)}
        old = replace(body({}), document=Document.of(members))
        await sealed.store.put(old)

        assert await sealed.bodies.get(old.id) == old.document
