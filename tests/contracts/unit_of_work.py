"""What every unit of work promises: `UnitOfWork`, `Events` and `AuditTrail` of one command."""

import asyncio
from datetime import timedelta

import pytest

from domain.kernel.errors import ConcurrentChange
from domain.kernel.ids import uuid7
from domain.kernel.revocation import Marker, RevocationScope
from tests.contracts.transaction import (
    NOW,
    ORGANIZATION,
    TRACE,
    Ground,
    NameTaken,
    NameThing,
    Thing,
    ThingForgotten,
    ThingTaken,
    Work,
    named,
    somebody,
    use_case,
)


async def add(ground: Ground, name: str = "first") -> Thing:
    """Commit a thing with one fact."""
    work = ground.work()
    thing = Thing(uuid7(), name)
    work.emit(named(thing), thing)
    await ground.things(work).add(thing)
    await work.commit()
    return thing


async def rename(ground: Ground, work: Work, thing: Thing, name: str) -> None:
    found = await ground.things(work).get(thing.id)
    assert found
    found.name = name
    work.emit(named(found), found)


async def name_of(ground: Ground, thing: Thing) -> tuple[str, int] | None:
    work = ground.work()
    found = await ground.things(work).get(thing.id)
    await work.rollback()
    return (found.name, found.version) if found else None


def marker(subject: str, epoch: int | None = None, seconds: int | None = None, life: int = 60) -> Marker:
    cutoff = None if seconds is None else NOW + timedelta(seconds=seconds)
    scope = RevocationScope.SESSION if epoch is None else RevocationScope.USER
    return Marker(scope, subject, NOW + timedelta(seconds=life), cutoff, epoch)


class UnitOfWorkContract:
    """Subclasses provide the fixture `ground`."""

    async def test_a_commit_publishes_state_and_facts_together(self, ground: Ground) -> None:
        thing = await add(ground)
        assert await name_of(ground, thing) == ("first", 1)
        (fact,) = await ground.facts()
        assert fact == {
            "aggregate_type": "thing",
            "aggregate_id": thing.id,
            "aggregate_version": 1,
            "type": "tests.thing.named",
            "schema_version": 2,
            "data": {
                "thing_id": str(thing.id),
                "organization_id": str(ORGANIZATION),
                "name": "first",
                "at": "2030-01-02T03:04:05.678901Z",
                "tags": ["a"],
            },
            "organization_id": ORGANIZATION,
            "trace": TRACE,
            "revokes": None,
        }

    async def test_a_rollback_leaves_nothing(self, ground: Ground) -> None:
        thing, work = await add(ground), ground.work()
        await rename(ground, work, thing, "second")
        work.enqueue("mail.send", {})
        await work.rollback()
        assert await work.commit() is None
        assert await name_of(ground, thing) == ("first", 1)
        assert len(await ground.facts()) == 1
        assert await ground.jobs() == []

    async def test_what_is_not_committed_is_seen_by_nobody_else(self, ground: Ground) -> None:
        thing, work = await add(ground), ground.work()
        await rename(ground, work, thing, "second")
        assert await name_of(ground, thing) == ("first", 1)
        await work.rollback()

    async def test_a_work_can_be_used_again_after_a_rollback_and_after_a_commit(self, ground: Ground) -> None:
        thing, work = await add(ground), ground.work()
        for number, name in enumerate(("second", "third"), start=2):
            await work.rollback()
            await rename(ground, work, thing, name)
            assert await work.commit()
            assert await name_of(ground, thing) == (name, number)

    async def test_facts_of_a_command_keep_their_order_and_count_the_version(self, ground: Ground) -> None:
        thing, other, work = Thing(uuid7(), "one"), Thing(uuid7(), "two"), ground.work()
        await ground.things(work).add(thing)
        await ground.things(work).add(other)
        work.emit(named(thing), thing)
        work.emit(named(other), other)
        work.emit(ThingForgotten(thing_id=thing.id), thing)
        assert thing.version == 2
        await work.commit()
        told = [(fact["aggregate_id"], fact["aggregate_version"], fact["type"]) for fact in await ground.facts()]
        assert told == [
            (thing.id, 1, "tests.thing.named"),
            (other.id, 1, "tests.thing.named"),
            (thing.id, 2, "tests.thing.forgotten"),
        ]
        assert await name_of(ground, thing) == ("one", 2)

    async def test_a_fact_without_organization_names_none(self, ground: Ground) -> None:
        thing, work = Thing(uuid7(), "one"), ground.work()
        work.emit(ThingForgotten(thing_id=thing.id), thing)
        await work.commit()
        assert [fact["organization_id"] for fact in await ground.facts()] == [None]

    async def test_a_concurrent_change_is_refused(self, ground: Ground) -> None:
        thing, one, other = await add(ground), ground.work(), ground.work()
        await rename(ground, one, thing, "one")
        await rename(ground, other, thing, "other")
        await one.commit()
        with pytest.raises(ConcurrentChange):
            await other.commit()
        await other.rollback()
        assert await name_of(ground, thing) == ("one", 2)
        assert [fact["data"]["name"] for fact in await ground.facts()] == ["first", "one"]

    async def test_of_many_concurrent_changes_each_counts_once(self, ground: Ground) -> None:
        thing = await add(ground)

        async def change(name: str) -> bool:
            work = ground.work()
            try:
                await rename(ground, work, thing, name)
                await asyncio.sleep(0)
                await work.commit()
            except ConcurrentChange:
                return False
            finally:
                await work.rollback()
            return True

        done = sum(await asyncio.gather(*(change(str(number)) for number in range(8))))
        assert done >= 1
        versions = [fact["aggregate_version"] for fact in await ground.facts()]
        assert versions == list(range(1, done + 2))

    async def test_a_violated_constraint_is_the_refusal_it_stands_for(self, ground: Ground) -> None:
        await add(ground, "taken")
        work = ground.work()
        with pytest.raises(NameTaken):
            await ground.things(work).add(Thing(uuid7(), "taken"))
        await work.rollback()

    async def test_a_refusal_that_keeps_its_work_commits_with_its_entry(self, ground: Ground) -> None:
        thing, work = await add(ground), ground.work()
        await rename(ground, work, thing, "second")
        work.record(use_case(), NameThing(token_id=uuid7(), thing_id=thing.id), None, "tests.refused")
        assert await work.commit()
        assert await name_of(ground, thing) == ("second", 2)
        assert [entry["outcome"] for entry in await ground.entries()] == ["tests.refused"]

    async def test_an_entry_recorded_after_the_rollback_is_kept(self, ground: Ground) -> None:
        thing, work, actor = await add(ground), ground.work(), somebody(ORGANIZATION)
        await rename(ground, work, thing, "second")
        await work.rollback()
        work.record(use_case(), NameThing(token_id=uuid7(), thing_id=thing.id), actor, "tests.name_taken")
        assert await work.commit()
        assert await name_of(ground, thing) == ("first", 1)
        assert await ground.entries() == [
            {
                "action": "tests.thing.name",
                "outcome": "tests.name_taken",
                "actor": f"user:{actor.user_id}",
                "target": f"thing:{thing.id}",
                "organization_id": ORGANIZATION,
                "occurred_at": NOW,
                "person_id": actor.user_id,
                "place": {"address": "192.0.2.7", "client": "Firefox, Linux"},
                "trace": "0af7651916cd43dd8448eb211c80319c",
            }
        ]

    async def test_whoever_proves_who_they_are_by_a_command_is_its_actor(self, ground: Ground) -> None:
        for outcome in ("done", "tests.refused"):
            thing, work, ann = Thing(uuid7(), "new"), ground.work(), uuid7()
            work.emit(ThingTaken(thing_id=thing.id, user_id=ann), thing)
            work.record(use_case(), NameThing(token_id=uuid7(), thing_id=thing.id), None, outcome)
            await work.commit()
            entry = (await ground.entries())[-1]
            assert entry["actor"] == (f"user:{ann}" if outcome == "done" else "anonymous")
            assert entry["person_id"] == ann

    async def test_an_entry_names_what_was_changed_and_where(self, ground: Ground) -> None:
        thing, work, within = Thing(uuid7(), "new"), ground.work(), ORGANIZATION
        await ground.things(work).add(thing)
        work.emit(named(thing), thing)
        asked = NameThing(token_id=uuid7(), thing_id=uuid7(), organization_id=within)
        work.record(use_case(), asked, None, "done")
        await work.commit()
        (entry,) = await ground.entries()
        assert (entry["actor"], entry["target"], entry["organization_id"]) == ("anonymous", f"thing:{thing.id}", within)

    async def test_jobs_are_left_by_a_commit(self, ground: Ground) -> None:
        work = ground.work()
        work.enqueue("mail.send", {"to": "ann@example.org"})
        assert await work.commit()
        assert await ground.jobs() == [{"name": "mail.send", "payload": {"to": "ann@example.org"}}]

    async def test_markers_are_written_and_told_with_the_fact_that_carries_them(self, ground: Ground) -> None:
        thing, work, revoked = Thing(uuid7(), "one"), ground.work(), marker("ann", epoch=3)
        work.emit(ThingForgotten(thing_id=thing.id), thing, revokes=[revoked])
        assert ground.heard.markers == []
        await work.commit()
        assert ground.heard.markers == [revoked]
        assert await ground.markers() == {("user", "ann"): revoked}
        (fact,) = await ground.facts()
        assert fact["revokes"] == [{"scope": "user", "id": "ann", "epoch": 3}]

    async def test_of_two_markers_the_larger_stays(self, ground: Ground) -> None:
        thing = Thing(uuid7(), "one")
        for revokes in (
            [marker("ann", epoch=5, life=60), marker("tab", seconds=9, life=10), marker("tab", seconds=7, life=30)],
            [marker("ann", epoch=4, life=90)],
            [marker("tab", seconds=8, life=20)],
        ):
            work = ground.work()
            work.emit(ThingForgotten(thing_id=thing.id), thing, revokes)
            await work.commit()
        assert await ground.markers() == {
            ("user", "ann"): marker("ann", epoch=5, life=90),
            ("session", "tab"): marker("tab", seconds=9, life=30),
        }

    async def test_nothing_is_told_of_a_rollback(self, ground: Ground) -> None:
        thing, work = Thing(uuid7(), "one"), ground.work()
        work.emit(ThingForgotten(thing_id=thing.id), thing, revokes=[marker("ann", epoch=1)])
        await work.rollback()
        await work.commit()
        assert (ground.heard.commits, await ground.markers()) == ([], {})

    async def test_what_was_written_is_told_after_the_commit_once(self, ground: Ground) -> None:
        thing, work = Thing(uuid7(), "one"), ground.work()
        await ground.things(work).add(thing)
        work.emit(named(thing), thing)
        work.enqueue("mail.send", {})
        assert ground.heard.commits == []
        await work.commit()
        await work.commit()
        (told,) = ground.heard.commits
        assert [fact.type for fact in told.facts] == ["tests.thing.named"]
        assert [job.name for job in told.jobs] == ["mail.send"]

    async def test_nothing_connects_when_nothing_is_written(self, ground: Ground) -> None:
        work = ground.work()
        assert await work.commit() is None
        await work.rollback()
        work.emit(ThingForgotten(thing_id=uuid7()), Thing(uuid7(), "one"))
        assert not ground.connected(work)
        await work.rollback()

    async def test_a_command_that_only_read_has_no_token(self, ground: Ground) -> None:
        thing, work = await add(ground), ground.work()
        await ground.things(work).get(thing.id)
        assert await work.commit() is None

    async def test_tokens_grow(self, ground: Ground) -> None:
        work = ground.work()
        tokens = []
        for name in ("one", "two"):
            await ground.things(work).add(Thing(uuid7(), name))
            tokens.append(await work.commit())
        first, second = tokens
        assert first
        assert second
        assert second.transaction > first.transaction
        assert first.within(second.log, second.transaction)
        assert not second.within(second.log, second.transaction)
