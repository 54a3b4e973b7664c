"""What every `Erasures` and `ErasureLists` promises."""

from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from core.pipeline import UnitOfWork
from domain.identity.erasures.errors import ErasureNotFound
from domain.identity.erasures.policies import ErasurePolicy
from domain.identity.erasures.readers import ErasureLists, ErasurePlace
from domain.identity.erasures.repositories import Erasures
from domain.identity.erasures.schemas import Acknowledgement, Erasure
from domain.identity.models import EmailAddress, User
from domain.identity.repositories import Users
from domain.kernel.ids import UserId, uuid7
from tests.contracts.people import Discarded

NOW = datetime(2030, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
POLICY = ErasurePolicy(("crm", "billing"), timedelta(days=10))


@dataclass(frozen=True)
class ErasurePorts:
    """What takes part in one transaction."""

    work: UnitOfWork
    users: Users
    erasures: Erasures


class ErasureGround(Protocol):
    """Makes transactions, and reads what they committed."""

    @property
    def lists(self) -> ErasureLists: ...

    def transaction(self) -> AbstractAsyncContextManager[ErasurePorts]:
        """Commit what happens within; discard it if something is raised."""


async def erased(ground: ErasureGround, at: datetime = NOW, policy: ErasurePolicy = POLICY) -> UserId:
    """Return who was erased at that time."""
    user = User(email=EmailAddress(f"{uuid7().hex}@example.org"), created_at=NOW, updated_at=NOW, version=1)
    async with ground.transaction() as ports:
        await ports.users.add(user)
    async with ground.transaction() as ports:
        found = await ports.users.get(user.id)
        await ports.erasures.erase(found, at, policy)
        await ports.users.remove(found)
    return user.id


async def acknowledge(ground: ErasureGround, user_id: UserId, subscriber: str, at: datetime = NOW) -> None:
    async with ground.transaction() as ports:
        await ports.erasures.acknowledge(user_id, subscriber, at)


async def shown(ground: ErasureGround, user_id: UserId, at: datetime = NOW) -> Erasure:
    found = await ground.lists.find(user_id, at)
    assert found
    return found


class ErasuresContract:
    """Subclasses provide the fixture `erasures`."""

    async def test_e13_an_erasure_says_who_has_to_acknowledge_it_and_until_when(self, erasures: ErasureGround) -> None:
        user_id = await erased(erasures)
        assert await shown(erasures, user_id) == Erasure(
            user_id=user_id,
            erased_at=NOW,
            finished_at=None,
            due_at=NOW + timedelta(days=10),
            is_overdue=False,
            acknowledgements=[Acknowledgement("billing", None), Acknowledgement("crm", None)],
        )

    async def test_e13_the_first_acknowledgement_counts(self, erasures: ErasureGround) -> None:
        user_id = await erased(erasures)
        for minutes in (1, 2):
            await acknowledge(erasures, user_id, "crm", NOW + timedelta(minutes=minutes))
        told = (await shown(erasures, user_id)).acknowledgements
        assert told == [Acknowledgement("billing", None), Acknowledgement("crm", NOW + timedelta(minutes=1))]

    @pytest.mark.parametrize("subscriber", ["other", "", "CRM"])
    async def test_whoever_was_not_to_be_told_acknowledges_nothing(
        self, erasures: ErasureGround, subscriber: str
    ) -> None:
        user_id = await erased(erasures)
        with pytest.raises(ErasureNotFound):
            await acknowledge(erasures, user_id, subscriber)

    async def test_there_is_none_of_somebody_who_was_not_erased(self, erasures: ErasureGround) -> None:
        nobody = UserId(uuid7())
        assert await erasures.lists.find(nobody, NOW) is None
        with pytest.raises(ErasureNotFound):
            await acknowledge(erasures, nobody, "crm")

    async def test_e13_it_is_overdue_while_one_acknowledgement_is_missing(self, erasures: ErasureGround) -> None:
        user_id, late = await erased(erasures), NOW + timedelta(days=10, seconds=1)
        assert (await shown(erasures, user_id, late)).is_overdue
        await acknowledge(erasures, user_id, "crm")
        assert (await shown(erasures, user_id, late)).is_overdue
        await acknowledge(erasures, user_id, "billing", late)
        assert not (await shown(erasures, user_id, late)).is_overdue

    async def test_without_subscribers_nothing_is_overdue(self, erasures: ErasureGround) -> None:
        user_id = await erased(erasures, policy=ErasurePolicy())
        assert not (await shown(erasures, user_id, NOW + timedelta(days=1000))).is_overdue

    async def test_the_list_has_the_last_first_and_goes_on_behind_a_place(self, erasures: ErasureGround) -> None:
        first, second, third = [await erased(erasures, NOW + timedelta(hours=hours)) for hours in range(3)]
        listed = await erasures.lists.list(None, 2, NOW, overdue=False)
        assert [each.user_id for each in listed] == [third, second]
        place = ErasurePlace(listed[-1].erased_at, second)
        assert [each.user_id for each in await erasures.lists.list(place, 2, NOW, overdue=False)] == [first]

    async def test_the_list_can_be_of_those_that_are_overdue(self, erasures: ErasureGround) -> None:
        waiting, done = await erased(erasures), await erased(erasures)
        for subscriber in POLICY.subscribers:
            await acknowledge(erasures, done, subscriber)
        late = NOW + timedelta(days=11)
        assert [each.user_id for each in await erasures.lists.list(None, 9, late, overdue=True)] == [waiting]
        assert not await erasures.lists.list(None, 9, NOW, overdue=True)

    async def test_what_is_discarded_erased_nobody(self, erasures: ErasureGround) -> None:
        user = User(email=EmailAddress(f"{uuid7().hex}@example.org"), created_at=NOW, updated_at=NOW, version=1)
        async with erasures.transaction() as ports:
            await ports.users.add(user)
        with suppress(Discarded):
            async with erasures.transaction() as ports:
                await ports.erasures.erase(await ports.users.get(user.id), NOW, POLICY)
                raise Discarded
        assert await erasures.lists.find(user.id, NOW) is None
