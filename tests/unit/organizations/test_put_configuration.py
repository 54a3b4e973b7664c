import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from domain.kernel.errors import OrganizationNotFound, PreconditionFailed, PreconditionRequired, Unavailable
from domain.kernel.ids import PLATFORM, OrganizationId, uuid7
from domain.kernel.usecases import use_case
from domain.organizations.commands.put_configuration import PutConfiguration
from domain.organizations.documents import Document
from domain.organizations.errors import DocumentInvalid, NamespaceInvalid
from domain.organizations.models import Body
from domain.organizations.schemas import Configuration
from tests.support.memory.configuration import MemoryConfigurationBodies
from tests.unit.organizations.conftest import NOW, MovableClock, Organizations

RED, BLUE = {"colour": "red"}, {"colour": "blue"}


def changed(version: int, body: dict[str, str]) -> tuple[str, int, dict[str, Any]]:
    data = {
        "organization_id": str(PLATFORM),
        "namespace": "theme",
        "configuration_version": version,
        "digest": Document.parse(body).digest.hex(),
    }
    return "organizations.configuration.changed", version, data


async def test_the_first_document_needs_no_if_match(organizations: Organizations) -> None:
    put = await organizations.put(RED)

    assert put == Configuration(PLATFORM, "theme", 1, RED, NOW)
    assert await organizations.get() == put
    assert organizations.announced == [changed(1, RED)]


async def test_replaces_the_version_that_was_named(organizations: Organizations) -> None:
    await organizations.put(RED)

    assert (await organizations.put(BLUE, 1)).version == 2
    assert (await organizations.get()).body == BLUE
    assert organizations.announced == [changed(1, RED), changed(2, BLUE)]


async def test_does_not_replace_what_was_not_named(organizations: Organizations) -> None:
    await organizations.put(RED)

    with pytest.raises(PreconditionRequired):
        await organizations.put(BLUE)

    assert (await organizations.get()).body == RED
    assert len(organizations.stored) == 1


@pytest.mark.parametrize("stale", [0, 1, 3])
async def test_does_not_replace_another_version(organizations: Organizations, stale: int) -> None:
    await organizations.put(RED)
    await organizations.put(BLUE, 1)

    with pytest.raises(PreconditionFailed):
        await organizations.put(RED, stale)

    assert (await organizations.get()).body == BLUE


async def test_there_is_no_version_to_replace_yet(organizations: Organizations) -> None:
    with pytest.raises(PreconditionFailed):
        await organizations.put(RED, 1)

    assert not organizations.announced


async def test_an_equal_document_changes_nothing(organizations: Organizations) -> None:
    first = await organizations.put({"a": 1, "b": [1.5]})

    again = await organizations.put({"b": [1.5], "a": 1.0}, 1)

    assert again == first
    assert len(organizations.announced) == len(organizations.stored) == 1


async def test_an_earlier_document_may_come_back(organizations: Organizations) -> None:
    await organizations.put(RED)
    await organizations.put(BLUE, 1)

    assert (await organizations.put(RED, 2)).version == 3


async def test_of_two_at_once_one_wins(organizations: Organizations) -> None:
    await organizations.put(RED)
    organizations.bodies = Slow(organizations.memory)

    outcomes = await asyncio.gather(
        *(organizations.put({"by": number}, 1) for number in range(5)), return_exceptions=True
    )

    won = [outcome for outcome in outcomes if isinstance(outcome, Configuration)]
    assert len(won) == 1
    assert [type(outcome) for outcome in outcomes if outcome not in won] == [PreconditionFailed] * 4
    assert await organizations.get() == won[0]
    assert len(organizations.announced) == 2


async def test_of_two_first_at_once_one_wins(organizations: Organizations) -> None:
    organizations.bodies = Slow(organizations.memory)

    outcomes = await asyncio.gather(organizations.put(RED), organizations.put(BLUE), return_exceptions=True)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Configuration", "PreconditionFailed"]
    assert len(organizations.announced) == 1


async def test_nothing_is_half_done_without_the_store_of_bodies(organizations: Organizations) -> None:
    put = await organizations.put(RED)
    working, organizations.bodies = organizations.bodies, Unreachable(organizations.memory)

    with pytest.raises(Unavailable):
        await organizations.put(BLUE, 1)

    organizations.bodies = working
    assert await organizations.get() == put
    assert len(organizations.announced) == 1


async def test_a_body_that_the_clean_up_may_have_taken_does_not_come_into_force(organizations: Organizations) -> None:
    put = await organizations.put(RED)
    organizations.bodies = Suspended(organizations.memory, organizations.clock)

    with pytest.raises(Unavailable):
        await organizations.put(BLUE, 1)

    assert await organizations.get() == put
    assert len(organizations.announced) == 1


async def test_an_unknown_organization_has_no_configuration(organizations: Organizations) -> None:
    with pytest.raises(OrganizationNotFound):
        await organizations.put(RED, organization_id=OrganizationId(uuid7()))

    assert not organizations.stored


@pytest.mark.parametrize("namespace", ["", "Theme", "1a", "a" * 64, "a/b", "a b", "ä", "a\n", "-a", "$a", ".."])
async def test_refuses_other_names(organizations: Organizations, namespace: str) -> None:
    with pytest.raises(NamespaceInvalid):
        await organizations.put(RED, namespace=namespace)


@pytest.mark.parametrize("namespace", ["a", "a" * 63, "mail.smtp-eu_2"])
async def test_takes_names_of_this_kind(organizations: Organizations, namespace: str) -> None:
    assert (await organizations.put(RED, namespace=namespace)).namespace == namespace


async def test_keeps_nothing_of_a_document_it_refuses(organizations: Organizations) -> None:
    with pytest.raises(DocumentInvalid):
        await organizations.put({"a": "\0"})

    assert not organizations.stored


async def test_i17_names_with_a_meaning_to_a_database_are_data(organizations: Organizations) -> None:
    hostile = {"$where": "1", "a.b": {"$ne": None}}
    await organizations.put(hostile)

    assert (await organizations.get()).body == hostile


def test_the_body_of_the_request_is_the_document() -> None:
    message = PutConfiguration(
        organization_id=PLATFORM, namespace="theme", body={"password": "hunter2"}, expected_version=None
    )

    assert PutConfiguration.__dataclass_fields__["body"].metadata == {"body": "whole"}
    assert PutConfiguration.__dataclass_fields__["expected_version"].metadata == {"header": "if-match"}
    assert "hunter2" not in repr(message)
    assert use_case(PutConfiguration).access.within == "organization_id"


class Slow(MemoryConfigurationBodies):
    """Lets others go first."""

    async def put(self, body: Body) -> None:
        await asyncio.sleep(0)
        await super().put(body)


@dataclass(frozen=True, slots=True)
class Suspended(MemoryConfigurationBodies):
    """The machine sleeps when the body is written."""

    clock: MovableClock

    async def put(self, body: Body) -> None:
        await MemoryConfigurationBodies.put(self, body)
        self.clock.move(timedelta(minutes=11))


class Unreachable(MemoryConfigurationBodies):
    async def put(self, body: Body) -> None:
        raise Unavailable
