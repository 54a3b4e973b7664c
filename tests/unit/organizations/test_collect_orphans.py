import asyncio
from datetime import timedelta

import pytest

from domain.kernel.ids import PLATFORM
from domain.organizations.documents import Document
from domain.organizations.models import Body
from tests.unit.organizations.conftest import Organizations


async def leave_behind(organizations: Organizations) -> Body:
    """Do what a command does that dies before its transaction."""
    orphan = Body(PLATFORM, "theme", 2, Document.parse({"colour": "grey"}), organizations.clock.now())
    await organizations.bodies.put(orphan)
    return orphan


async def test_collects_what_a_command_left_behind(organizations: Organizations) -> None:
    put = await organizations.put({"colour": "red"})
    orphan = await leave_behind(organizations)
    organizations.clock.move(timedelta(days=1, seconds=1))

    assert await organizations.cleaner.collect_orphans() == 1
    assert orphan.id not in organizations.stored
    assert await organizations.get() == put


async def test_keeps_earlier_versions(organizations: Organizations) -> None:
    await organizations.put({"colour": "red"})
    await organizations.put({"colour": "blue"}, 1)
    organizations.clock.move(timedelta(days=400))

    assert await organizations.cleaner.collect_orphans() == 0
    assert len(organizations.stored) == 2


async def test_keeps_what_may_still_come_into_force(organizations: Organizations) -> None:
    await leave_behind(organizations)
    organizations.clock.move(timedelta(minutes=59))

    assert await organizations.cleaner.collect_orphans(timedelta(hours=1)) == 0
    with pytest.raises(ValueError, match="may still come into force"):
        await organizations.cleaner.collect_orphans(timedelta(minutes=59))


async def test_an_orphan_does_not_bar_its_version(organizations: Organizations) -> None:
    await organizations.put({"colour": "red"})
    await leave_behind(organizations)

    assert (await organizations.put({"colour": "blue"}, 1)).version == 2


async def test_two_cleaners_at_once_collect_each_once(organizations: Organizations) -> None:
    for _ in range(3):
        await leave_behind(organizations)
    organizations.clock.move(timedelta(days=2))

    both = await asyncio.gather(*(organizations.cleaner.collect_orphans() for _ in range(2)))

    assert sum(both) == 3
