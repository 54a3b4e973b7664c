"""What every keeper of idempotency keys promises, in the transaction of the command."""

from dataclasses import replace

import pytest

from core.idempotency import Claim, Claimed, fingerprint
from domain.kernel.errors import IdempotencyInFlight, IdempotencyMismatch
from domain.kernel.ids import uuid7
from tests.contracts.transaction import Ground, NameThing, Thing, Work

CLAIM = Claim("user:ann", "key-1", fingerprint(b"secret", NameThing(token_id=uuid7(), thing_id=uuid7(), name="one")))


async def answer(ground: Ground, claim: Claim = CLAIM, said: bytes = b'{"id":1}') -> Work:
    """Run a command under `claim` that adds a thing, and commit it."""
    work = ground.work()
    keys = ground.keys(work)
    assert await keys.find(claim) is None
    keys.claim(claim)
    await ground.things(work).add(Thing(uuid7(), claim.key + claim.actor))
    keys.keep(said)
    await work.commit()
    return work


class IdempotencyContract:
    """Subclasses provide the fixture `ground`."""

    async def test_an_answer_is_repeated(self, ground: Ground) -> None:
        await answer(ground, said=b'{"id":"\xc3\xa9"}')
        assert await ground.keys(ground.work()).find(CLAIM) == b'{"id":"\xc3\xa9"}'

    async def test_i14_the_key_does_not_fit_another_request(self, ground: Ground) -> None:
        await answer(ground)
        other = fingerprint(b"secret", NameThing(token_id=uuid7(), thing_id=uuid7(), name="two"))
        with pytest.raises(IdempotencyMismatch):
            await ground.keys(ground.work()).find(replace(CLAIM, request=other))

    async def test_i14_actors_do_not_share_keys(self, ground: Ground) -> None:
        await answer(ground)
        await answer(ground, replace(CLAIM, actor="user:bob"), b"2")
        assert await ground.keys(ground.work()).find(CLAIM) == b'{"id":1}'

    async def test_i14_strangers_do_not_share_keys(self, ground: Ground) -> None:
        one, two = [Claim.of(None, CLAIM.key, bytes([each]) * 32) for each in (1, 2)]
        await answer(ground, one, b"1")
        await answer(ground, two, b"2")
        assert await ground.keys(ground.work()).find(one) == b"1"

    async def test_i14_a_twin_in_flight_is_refused(self, ground: Ground) -> None:
        first, second = ground.work(), ground.work()
        ground.keys(first).claim(CLAIM)
        await first.begin()
        keys = ground.keys(second)
        keys.claim(CLAIM)
        with pytest.raises(IdempotencyInFlight):
            await second.begin()
        await second.rollback()
        ground.keys(first).keep(b"1")
        await first.commit()
        assert await keys.find(CLAIM) == b"1"

    async def test_a_twin_that_began_before_the_answer_was_kept_learns_that_it_was(self, ground: Ground) -> None:
        second = ground.work()
        keys = ground.keys(second)
        assert await keys.find(CLAIM) is None
        await answer(ground)
        keys.claim(CLAIM)
        with pytest.raises(Claimed):
            await second.begin()
        await second.rollback()
        assert await keys.find(CLAIM) == b'{"id":1}'

    async def test_a_rollback_forgets_the_claim(self, ground: Ground) -> None:
        work = ground.work()
        ground.keys(work).claim(CLAIM)
        await work.begin()
        await work.rollback()
        await answer(ground)

    async def test_a_refusal_that_keeps_its_work_forgets_the_claim(self, ground: Ground) -> None:
        work, thing = ground.work(), Thing(uuid7(), "kept")
        ground.keys(work).claim(CLAIM)
        await ground.things(work).add(thing)
        assert await work.commit()
        await answer(ground)
        work = ground.work()
        assert await ground.things(work).get(thing.id)
        await work.rollback()

    async def test_a_command_that_writes_nothing_else_is_answered_once_too(self, ground: Ground) -> None:
        work = ground.work()
        keys = ground.keys(work)
        keys.claim(CLAIM)
        assert not ground.connected(work)
        keys.keep(b"null")
        assert await work.commit()
        assert await keys.find(CLAIM) == b"null"

    async def test_a_refusal_before_anything_was_written_costs_nothing(self, ground: Ground) -> None:
        work = ground.work()
        ground.keys(work).claim(CLAIM)
        assert await work.commit() is None
        await answer(ground)

    async def test_finding_holds_nothing(self, ground: Ground) -> None:
        work = ground.work()
        await ground.keys(work).find(CLAIM)
        assert not ground.connected(work)
