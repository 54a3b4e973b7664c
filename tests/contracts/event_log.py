"""What every `EventLog` promises."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

import pytest

from domain.events.ports import EventLog, Wanted
from domain.kernel.ids import OrganizationId, uuid7


class Ledger(Protocol):
    """A log, and how it comes by its events."""

    log: EventLog

    async def state(
        self,
        aggregate: UUID,
        version: int,
        what: str = "identity.user.renamed",
        organization: UUID | None = None,
        at: datetime | None = None,
    ) -> UUID:
        """Append an event of the type `what` that occurred at `at`; return its id."""

    async def drop(self, oldest: int) -> None:
        """Drop the oldest events, as retention does."""

    async def restore(self) -> None:
        """Give the log another id, as restoring a backup does."""


class EventLogContract:
    """Run by inheriting and providing the fixture `ledger`."""

    async def test_an_empty_log_ends_at_zero(self, ledger: Ledger) -> None:
        part = await ledger.log.read(0, 10)
        assert (part.head, part.first, part.last, part.events) == (0, 1, 0, [])

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
        assert (part.head, part.first, part.last) == (5, 2, 3)

    async def test_after_the_last_there_is_nothing(self, ledger: Ledger) -> None:
        await ledger.state(uuid7(), 1)
        part = await ledger.log.read(1, 10)
        assert (part.head, part.first, part.last, part.events) == (1, 2, 1, [])

    async def test_past_the_end_there_is_nothing_either(self, ledger: Ledger) -> None:
        part = await ledger.log.read(2**63 - 1, 10)
        assert (part.head, part.events) == (0, [])

    async def test_what_was_dropped_is_skipped(self, ledger: Ledger) -> None:
        for version in range(1, 4):
            await ledger.state(uuid7(), version)
        await ledger.drop(2)
        part = await ledger.log.read(0, 10)
        assert (part.first, len(part.events)) == (3, 1)

    @pytest.mark.parametrize(
        ("types", "positions"),
        [
            (("identity.user.created",), [1, 6]),
            (("identity.user.*",), [1, 2, 6]),
            (("identity.*.*",), [1, 2, 4, 6]),
            (("*.*.created",), [1, 5, 6]),
            (("teams.team.created", "identity.user.renamed"), [2, 5]),
            (("identity.user.create",), []),
            (("identity.user",), []),
        ],
    )
    async def test_patterns_choose_types_by_whole_segments(
        self, ledger: Ledger, types: tuple[str, ...], positions: list[int]
    ) -> None:
        for kind in ("identity.user.created", "identity.user.renamed", "xidentity.user.renamed"):
            await ledger.state(uuid7(), 1, kind)
        for kind in ("identity.service_account.updated", "teams.team.created", "identity.user.created"):
            await ledger.state(uuid7(), 1, kind)
        part = await ledger.log.read(0, 10, Wanted(types))
        assert [int(event["sequence"]) for event in part.events] == positions
        assert (part.head, part.first, part.last) == (6, 1, 6)

    async def test_an_organization_has_its_own_events(self, ledger: Ledger) -> None:
        mine, other = uuid7(), uuid7()
        for organization in (mine, None, other, mine, other):
            await ledger.state(uuid7(), 1, organization=organization)
        part = await ledger.log.read(0, 10, Wanted(organization_id=OrganizationId(mine)))
        assert [int(event["sequence"]) for event in part.events] == [1, 4]
        assert (part.head, part.first, part.last) == (5, 1, 5)
        both = Wanted(("identity.user.created",), OrganizationId(mine))
        assert not (await ledger.log.read(0, 10, both)).events

    @pytest.mark.parametrize(
        ("since", "until", "positions"),
        [(2, None, [2, 4]), (None, 2, [1, 3]), (1, 2, [3]), (2, 2, []), (9, None, [])],
    )
    async def test_times_bound_what_occurred_whatever_its_place(
        self, ledger: Ledger, since: int | None, until: int | None, positions: list[int]
    ) -> None:
        began = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        hours = [None if each is None else began + timedelta(hours=each) for each in (since, until)]
        for hour in (0, 2, 1, 3):
            await ledger.state(uuid7(), 1, at=began + timedelta(hours=hour))
        part = await ledger.log.read(0, 10, Wanted(since=hours[0], until=hours[1]))
        assert [int(event["sequence"]) for event in part.events] == positions
        assert (part.head, part.first, part.last) == (4, 1, 4)

    async def test_of_what_is_wanted_no_more_than_asked_is_passed(self, ledger: Ledger) -> None:
        for version in range(1, 7):
            await ledger.state(uuid7(), 1, "identity.user.created" if version % 2 else "identity.user.renamed")
        part = await ledger.log.read(1, 1, Wanted(("identity.user.created",)))
        assert [int(event["sequence"]) for event in part.events] == [3]
        assert (part.head, part.first, part.last) == (6, 2, 3)

    async def test_what_was_dropped_shows_although_it_was_not_wanted(self, ledger: Ledger) -> None:
        for version in range(1, 5):
            await ledger.state(uuid7(), version)
        await ledger.drop(2)
        part = await ledger.log.read(0, 10, Wanted(("identity.user.created",)))
        assert (part.first, part.last, part.events) == (3, 4, [])

    async def test_the_id_stays_until_the_log_is_restored(self, ledger: Ledger) -> None:
        before = await ledger.log.read(0, 1)
        await ledger.state(uuid7(), 1)
        assert (await ledger.log.read(0, 1)).log == before.log
        await ledger.restore()
        assert (await ledger.log.read(0, 1)).log != before.log

    async def test_waiting_ends_when_the_log_grows(self, ledger: Ledger) -> None:
        await ledger.state(uuid7(), 1)
        waiting = asyncio.create_task(ledger.log.grown(1, 90))
        await ledger.state(uuid7(), 1)
        await asyncio.wait_for(waiting, 60)

    async def test_there_is_no_waiting_for_what_is_there(self, ledger: Ledger) -> None:
        await ledger.state(uuid7(), 1)
        await asyncio.wait_for(ledger.log.grown(0, 90), 60)

    @pytest.mark.parametrize("past", [0, 5])
    async def test_waiting_ends_after_its_time(self, ledger: Ledger, past: int) -> None:
        await asyncio.wait_for(ledger.log.grown(past, 0.05), 60)
