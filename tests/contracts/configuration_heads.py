"""What every `ConfigurationHeads` and `ConfigurationReader` promises."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from domain.kernel.errors import ConcurrentChange, OrganizationNotFound, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId, UserId, uuid7
from domain.organizations.documents import Document
from domain.organizations.events import ConfigurationChanged
from domain.organizations.models import Body, ConfigurationHead
from domain.organizations.ports import ConfigurationReader, Revision
from domain.organizations.repositories import ConfigurationHeads

NOW = datetime(2030, 1, 1, tzinfo=UTC)


class Ledger(Protocol):
    """A store with an organization in it."""

    organization_id: OrganizationId
    reader: ConfigurationReader

    def command(self) -> AbstractAsyncContextManager[tuple[ConfigurationHeads, Events]]:
        """Begin a command; commit at the end, roll back on an error."""

    async def person(self) -> UserId:
        """Return somebody new."""

    async def mentions(self, user_id: UserId) -> list[int]:
        """Return the versions, of whatever head, that speak of somebody."""


def body(organization_id: OrganizationId, members: dict[str, Any], namespace: str = "theme") -> Body:
    return Body(organization_id, namespace, 1, Document.parse(members), NOW)


async def put(ledger: Ledger, stored: Body, *people: UserId) -> ConfigurationHead:
    """Put a body in force that speaks of `people`, the way the command does."""
    async with ledger.command() as (heads, events):
        if people:
            await heads.hold(people)
        head = await heads.find(stored.organization_id, stored.namespace)
        moved = head or ConfigurationHead(
            organization_id=stored.organization_id,
            namespace=stored.namespace,
            body_id=stored.id,
            digest=stored.document.digest,
            updated_at=NOW,
        )
        moved.move(stored)
        changed = ConfigurationChanged(
            organization_id=stored.organization_id,
            namespace=stored.namespace,
            configuration_version=moved.version + 1,
            digest=moved.digest.hex(),
        )
        events.emit(changed, of=moved)
        if not head:
            await heads.add(moved)
        if people:
            await heads.mention(moved, people)
    return moved


class ConfigurationHeadsContract:
    """Subclasses provide the fixture `ledger`, with a new organization for each test."""

    async def test_finds_nothing_where_nothing_was_put(self, ledger: Ledger) -> None:
        async with ledger.command() as (heads, _):
            assert await heads.find(ledger.organization_id, "theme") is None

        assert await ledger.reader.current(ledger.organization_id, "theme") is None

    async def test_finds_what_was_added(self, ledger: Ledger) -> None:
        stored = body(ledger.organization_id, {"colour": "red"})
        added = await put(ledger, stored)

        async with ledger.command() as (heads, _):
            found = await heads.find(ledger.organization_id, "theme")
            assert found
            assert (found.id, found.body_id, found.digest, found.updated_at, found.version) == (
                added.id,
                stored.id,
                stored.document.digest,
                NOW,
                1,
            )
        current = await ledger.reader.current(ledger.organization_id, "theme")
        assert current == Revision(1, stored.id, stored.document.digest, NOW)

    async def test_a_move_is_the_next_version(self, ledger: Ledger) -> None:
        await put(ledger, body(ledger.organization_id, {"colour": "red"}))
        second = body(ledger.organization_id, {"colour": "blue"})
        await put(ledger, second)

        current = await ledger.reader.current(ledger.organization_id, "theme")
        assert current == Revision(2, second.id, second.document.digest, NOW)

    async def test_namespaces_do_not_meet(self, ledger: Ledger) -> None:
        theme = body(ledger.organization_id, {"colour": "red"})
        limits = body(ledger.organization_id, {"seats": 3}, "limits")
        await put(ledger, theme)
        await put(ledger, limits)

        found = [await ledger.reader.current(ledger.organization_id, each) for each in ("theme", "limits")]
        assert [each and each.body_id for each in found] == [theme.id, limits.id]

    async def test_refuses_a_second_head(self, ledger: Ledger) -> None:
        await put(ledger, body(ledger.organization_id, {}))
        other = body(ledger.organization_id, {"late": True})
        head = ConfigurationHead(
            organization_id=ledger.organization_id,
            namespace="theme",
            body_id=other.id,
            digest=other.document.digest,
            updated_at=NOW,
            version=1,
        )

        with pytest.raises(PreconditionFailed):
            async with ledger.command() as (heads, _):
                await heads.add(head)

    async def test_refuses_an_unknown_organization(self, ledger: Ledger) -> None:
        unknown = OrganizationId(uuid7())

        with pytest.raises(OrganizationNotFound):
            await put(ledger, body(unknown, {}))
        with pytest.raises(OrganizationNotFound):
            await ledger.reader.current(unknown, "theme")

    async def test_e13_finds_which_versions_speak_of_whom(self, ledger: Ledger) -> None:
        ada, bob = await ledger.person(), await ledger.person()
        for number, people in enumerate(((ada,), (ada, bob), (), (bob,))):
            await put(ledger, body(ledger.organization_id, {"n": number}), *people)

        assert (await ledger.mentions(ada), await ledger.mentions(bob)) == ([1, 2], [2, 4])

    async def test_speaks_of_nobody_who_is_gone(self, ledger: Ledger) -> None:
        ada = await ledger.person()
        stored = body(ledger.organization_id, {})

        with pytest.raises(ConcurrentChange):
            await put(ledger, stored, ada, UserId(uuid7()))
        assert await ledger.reader.current(ledger.organization_id, "theme") is None
        assert await ledger.mentions(ada) == []

    async def test_refers_to_all_that_ever_was_in_force(self, ledger: Ledger) -> None:
        first, second, third, orphan = (body(ledger.organization_id, {"n": number}) for number in range(4))
        for each in (first, second, third):
            await put(ledger, each)

        asked = [orphan.id, third.id, first.id, second.id]
        assert {*await ledger.reader.referenced(asked)} == {first.id, second.id, third.id}
        assert not await ledger.reader.referenced([])
