"""What every reader of the audit trail promises: `AuditTrails`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import pytest

from core.postgres.audit import Entry, Place
from domain.audit.readers import AuditTrails, EntryFilter, EntryPlace
from domain.audit.schemas import AuditEntry, SeenAt
from domain.kernel.ids import OrganizationId, UserId, uuid7
from tests.contracts.transaction import NOW

ADA, BOB = UserId(uuid7()), UserId(uuid7())
ACME = OrganizationId(uuid7())
BASE = Entry("identity.user.update", "done", f"user:{ADA}", f"user:{ADA}", None, NOW, person_id=ADA)
ENTRIES = (
    replace(BASE, id=uuid7(), place=Place("192.0.2.7", "Firefox, Linux"), trace="1" * 32),
    replace(BASE, id=uuid7(), actor=f"user:{BOB}", person_id=BOB, occurred_at=NOW + timedelta(seconds=1)),
    replace(BASE, id=uuid7(), actor="anonymous", target="session:1", outcome="failed", action="sessions.session.start"),
    replace(
        BASE,
        id=uuid7(),
        actor=f"user:{BOB}",
        person_id=BOB,
        target="team:1",
        organization_id=ACME,
        action="identity.usher",
        occurred_at=NOW + timedelta(seconds=3),
    ),
    replace(BASE, id=uuid7(), actor="worker", person_id=None, target=None, action="keys.key.tend", outcome="keys.busy"),
)


class Ground(Protocol):
    trails: AuditTrails

    async def write(self, entries: Sequence[Entry]) -> None:
        """Add entries, at positions 1, 2, 3 ..."""

    async def drop(self, last: int) -> None:
        """Drop entries, up to the position `last`."""


class AuditTrailsContract:
    """Subclasses provide the fixture `ground`."""

    async def test_tells_everything_of_an_entry(self, ground: Ground) -> None:
        first = ENTRIES[0]
        await ground.write([first])
        assert list(await ground.trails.list(EntryFilter(), None, 10)) == [
            AuditEntry(
                position=1,
                id=first.id,
                action="identity.user.update",
                outcome="done",
                actor=f"user:{ADA}",
                target=f"user:{ADA}",
                organization_id=None,
                occurred_at=NOW,
                where=SeenAt("192.0.2.7", "Firefox, Linux"),
                trace_id="1" * 32,
            )
        ]

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (EntryFilter(), [4, 2, 5, 3, 1]),
            (EntryFilter(actor=f"user:{BOB}"), [4, 2]),
            (EntryFilter(actor="worker"), [5]),
            (EntryFilter(target=f"user:{ADA}"), [2, 1]),
            (EntryFilter(action="identity.user."), [2, 1]),
            (EntryFilter(action="identity.us"), [4, 2, 1]),
            (EntryFilter(action="identity_user"), []),
            (EntryFilter(outcome="failed"), [3]),
            (EntryFilter(outcome="done"), [4, 2, 1]),
            (EntryFilter(organization_id=ACME), [4]),
            (EntryFilter(organization_id=OrganizationId(uuid7())), []),
            (EntryFilter(since=NOW + timedelta(seconds=1)), [4, 2]),
            (EntryFilter(until=NOW + timedelta(seconds=3)), [2, 5, 3, 1]),
            (EntryFilter(since=NOW, until=NOW + timedelta(microseconds=1), outcome="done"), [1]),
            (EntryFilter(own=ADA), [2, 3, 1]),
            (EntryFilter(own=BOB), [4, 2]),
            (EntryFilter(own=ADA, action="sessions."), [3]),
            (EntryFilter(own=UserId(uuid7())), []),
        ],
    )
    async def test_finds_what_is_asked_for(self, ground: Ground, wanted: EntryFilter, found: list[int]) -> None:
        await ground.write(ENTRIES)
        assert [entry.position for entry in await ground.trails.list(wanted, None, 10)] == found

    @pytest.mark.parametrize("wanted", [EntryFilter(), EntryFilter(own=ADA), EntryFilter(action="identity.")])
    async def test_goes_on_behind_a_place(self, ground: Ground, wanted: EntryFilter) -> None:
        await ground.write(ENTRIES)
        whole = [entry.position for entry in await ground.trails.list(wanted, None, 10)]
        after, read = None, []
        while part := await ground.trails.list(wanted, after, 1):
            read += [entry.position for entry in part]
            after = EntryPlace(part[-1].occurred_at, part[-1].position)
        assert read == whole

    async def test_is_walked_by_position(self, ground: Ground) -> None:
        await ground.write(ENTRIES)
        for after, most, found in ((0, 10, [1, 2, 3, 4, 5]), (0, 2, [1, 2]), (3, 10, [4, 5]), (5, 10, []), (9, 10, [])):
            assert [entry.position for entry in await ground.trails.walk(after, most)] == found

    async def test_knows_the_oldest_entry_that_is_still_here(self, ground: Ground) -> None:
        assert await ground.trails.oldest() is None
        await ground.write(ENTRIES)
        assert await ground.trails.oldest() == 1
        await ground.drop(3)
        assert await ground.trails.oldest() == 4
        assert [entry.position for entry in await ground.trails.walk(1, 1)] == [4]

    async def test_knows_the_last_position_also_when_nothing_is_here_any_more(self, ground: Ground) -> None:
        assert await ground.trails.newest() == 0
        await ground.write(ENTRIES)
        assert await ground.trails.newest() == len(ENTRIES)
        await ground.drop(len(ENTRIES))
        assert await ground.trails.oldest() is None
        assert await ground.trails.newest() == len(ENTRIES)
