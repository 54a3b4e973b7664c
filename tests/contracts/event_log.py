"""What every `EventLog` promises."""

import asyncio
from typing import Protocol
from uuid import UUID

import pytest

from domain.events.ports import EventLog
from domain.kernel.ids import uuid7


class Ledger(Protocol):
    """A log, and how it comes by its events."""

    log: EventLog

    async def state(self, aggregate: UUID, version: int) -> UUID:
        """Append an event of type `identity.user.renamed`; return its id."""

    async def drop(self, oldest: int) -> None:
        """Drop the oldest events, as retention does."""

    async def restore(self) -> None:
        """Give the log another id, as restoring a backup does."""


class EventLogContract:
    """Run by inheriting and providing the fixture `ledger`."""

    async def test_an_empty_log_ends_at_zero(self, ledger: Ledger) -> None:
        part = await ledger.log.read(0, 10)
        assert (part.head, part.first, part.events) == (0, 1, [])

    async def test_events_come_in_order_from_one_on(self, ledger: Ledger) -> None:
        person = uuid7()
        stated = [await ledger.state(person, version) for version in (1, 2, 3)]
        part = await ledger.log.read(0, 10)
        assert [event["id"] for event in part.events] == [str(event) for event in stated]
        assert [int(event["sequence"]) for event in part.events] == [1, 2, 3]
        assert [event["aggregateversion"] for event in part.events] == [1, 2, 3]
        assert (part.head, part.first) == (3, 1)

    async def test_a_part_starts_after_the_position_and_is_no_longer_than_asked(self, ledger: Ledger) -> None:
        for version in range(1, 6):
            await ledger.state(uuid7(), version)
        part = await ledger.log.read(1, 2)
        assert [int(event["sequence"]) for event in part.events] == [2, 3]
        assert (part.head, part.first) == (5, 2)

    async def test_after_the_last_there_is_nothing(self, ledger: Ledger) -> None:
        await ledger.state(uuid7(), 1)
        part = await ledger.log.read(1, 10)
        assert (part.head, part.first, part.events) == (1, 2, [])

    async def test_past_the_end_there_is_nothing_either(self, ledger: Ledger) -> None:
        part = await ledger.log.read(2**63 - 1, 10)
        assert (part.head, part.events) == (0, [])

    async def test_what_was_dropped_is_skipped(self, ledger: Ledger) -> None:
        for version in range(1, 4):
            await ledger.state(uuid7(), version)
        await ledger.drop(2)
        part = await ledger.log.read(0, 10)
        assert (part.first, len(part.events)) == (3, 1)

    async def test_the_id_stays_until_the_log_is_restored(self, ledger: Ledger) -> None:
        before = await ledger.log.read(0, 1)
        await ledger.state(uuid7(), 1)
        assert (await ledger.log.read(0, 1)).log == before.log
        await ledger.restore()
        assert (await ledger.log.read(0, 1)).log != before.log

    async def test_waiting_ends_when_the_log_grows(self, ledger: Ledger) -> None:
        await ledger.state(uuid7(), 1)
        waiting = asyncio.create_task(ledger.log.grown(1, 20))
        await ledger.state(uuid7(), 1)
        await asyncio.wait_for(waiting, 5)

    async def test_there_is_no_waiting_for_what_is_there(self, ledger: Ledger) -> None:
        await ledger.state(uuid7(), 1)
        await asyncio.wait_for(ledger.log.grown(0, 20), 5)

    @pytest.mark.parametrize("past", [0, 5])
    async def test_waiting_ends_after_its_time(self, ledger: Ledger, past: int) -> None:
        await asyncio.wait_for(ledger.log.grown(past, 0.05), 5)
