"""What every `Users`, `PasswordHashes`, `Credentials` and `Failures` promises."""

from dataclasses import fields
from datetime import timedelta

import pytest

from domain.identity.errors import EmailTaken, UsernameTaken, UserNotFound
from domain.identity.models import Credential, User
from domain.identity.ports import KeptCredential
from domain.identity.verification import FAILURES, NOWHERE, PAUSE
from domain.kernel.ids import UserId, uuid7
from tests.contracts.people import Ground, added, change, discarded, person, started


class UsersContract:
    """Subclasses provide the fixture `ground`."""

    async def test_keeps_what_was_added(self, ground: Ground) -> None:
        user = await added(ground, username="ada", full_name="Ada \u0141", email_verified=True)

        async with ground.transaction() as ports:
            found = await ports.users.get(user.id)
        for each in fields(User):
            assert getattr(found, each.name) == getattr(user, each.name), each.name

    async def test_finds_nobody_who_is_not_there(self, ground: Ground) -> None:
        with pytest.raises(UserNotFound):
            async with ground.transaction() as ports:
                await ports.users.get(UserId(uuid7()))

    async def test_refuses_an_address_in_use_and_goes_on(self, ground: Ground) -> None:
        await added(ground)

        async with ground.transaction() as ports:
            await ports.users.add(other := person("other@example.com"))
            with pytest.raises(EmailTaken):
                await ports.users.add(person())
            await ports.hashes.put(Credential(user_id=other.id, password_hash="h", changed_at=ground.now()))

        assert await ground.credentials.find("other@example.com")

    async def test_refuses_a_username_in_use(self, ground: Ground) -> None:
        await added(ground, username="ada")

        async with ground.transaction() as ports:
            with pytest.raises(UsernameTaken):
                await ports.users.add(person("other@example.com", username="ada"))

    async def test_p7_of_both_it_names_the_address(self, ground: Ground) -> None:
        await added(ground, username="ada")

        async with ground.transaction() as ports:
            with pytest.raises(EmailTaken):
                await ports.users.add(person(username="ada"))

    async def test_many_have_no_username(self, ground: Ground) -> None:
        await added(ground)
        await added(ground, "other@example.com")

    async def test_refuses_to_change_to_a_username_in_use(self, ground: Ground) -> None:
        await added(ground, username="ada")
        other = await added(ground, "other@example.com")

        with pytest.raises(UsernameTaken):
            await change(ground, other.id, username="ada")

    async def test_keeps_what_changed(self, ground: Ground) -> None:
        user = await added(ground)

        await change(ground, user.id, full_name="Ada", is_active=False, epoch=2)

        async with ground.transaction() as ports:
            found = await ports.users.get(user.id)
        assert (found.full_name, found.is_active, found.epoch, found.version) == ("Ada", False, 2, 2)

    async def test_forgets_whom_it_removed_with_all_that_was_theirs(self, ground: Ground) -> None:
        user = await added(ground, username="ada", password="h")
        await started(ground, user)
        async with ground.transaction() as ports:
            await ports.superusers.name(user.id, ground.now())

        async with ground.transaction() as ports:
            await ports.users.remove(await ports.users.get(user.id))

        assert await ground.credentials.find_by_id(user.id) is None
        assert await ground.profiles.find(user.id, None) is None
        again = await added(ground, username="ada")
        async with ground.transaction() as ports:
            assert not await ports.superusers.includes(user.id)
            assert not await ports.superusers.includes(again.id)

    async def test_keeps_nothing_of_what_is_discarded(self, ground: Ground) -> None:
        async with discarded(ground) as ports:
            await ports.users.add(person())

        assert await ground.credentials.find("ada@example.com") is None


class CredentialsContract:
    """Subclasses provide the fixture `ground`."""

    async def test_finds_by_address_username_and_id(self, ground: Ground) -> None:
        user = await added(ground, username="ada", password="hash")
        expected = KeptCredential(
            user.id,
            "ada@example.com",
            "hash",
            is_active=True,
            email_verified=False,
            epoch=1,
            created_at=user.created_at,
        )

        assert await ground.credentials.find("ada@example.com") == expected
        assert await ground.credentials.find("ada") == expected
        assert await ground.credentials.find_by_id(user.id) == expected

    @pytest.mark.parametrize("login", ["", "Ada", "ADA@example.com", "nobody", "nobody@example.com", "%", "\u0430da"])
    async def test_finds_only_the_canonical_form(self, ground: Ground, login: str) -> None:
        await added(ground, username="ada", password="hash")

        assert await ground.credentials.find(login) is None
        assert await ground.credentials.find_by_id(UserId(uuid7())) is None

    async def test_shows_who_has_no_password(self, ground: Ground) -> None:
        await added(ground)

        found = await ground.credentials.find("ada@example.com")
        assert found
        assert found.password_hash is None

    async def test_puts_a_hash_in_place_of_the_one_before(self, ground: Ground) -> None:
        user = await added(ground, password="one")

        async with ground.transaction() as ports:
            await ports.hashes.put(Credential(user_id=user.id, password_hash="two", changed_at=ground.now()))

        found = await ground.credentials.find_by_id(user.id)
        assert found
        assert found.password_hash == "two"

    @pytest.mark.parametrize(("before", "kept"), [("one", "renewed"), ("another", "one")])
    async def test_renews_only_the_hash_that_is_there(self, ground: Ground, before: str, kept: str) -> None:
        user = await added(ground, password="one")

        async with ground.transaction() as ports:
            await ports.hashes.renew(user.id, before, "renewed")

        found = await ground.credentials.find_by_id(user.id)
        assert found
        assert found.password_hash == kept

    async def test_renews_nothing_of_nobody(self, ground: Ground) -> None:
        bare = await added(ground)

        async with ground.transaction() as ports:
            await ports.hashes.renew(bare.id, "one", "two")
            await ports.hashes.renew(UserId(uuid7()), "one", "two")

        found = await ground.credentials.find_by_id(bare.id)
        assert found
        assert found.password_hash is None

    async def test_counts_failures_in_all_and_by_network(self, ground: Ground) -> None:
        user = await added(ground, password="h")
        other = await added(ground, "other@example.com", password="h")
        early = ground.now()
        late = early + timedelta(seconds=1)
        async with ground.transaction() as ports:
            await ports.failures.count(user.id, "192.0.2.0/24", early)
            await ports.failures.count(user.id, "192.0.2.0/24", early)
        async with ground.transaction() as ports:
            await ports.failures.count(user.id, "198.51.100.0/24", late)

        here = await ground.credentials.find("ada@example.com", "192.0.2.0/24")
        there = await ground.credentials.find_by_id(user.id, "198.51.100.0/24")
        nowhere = await ground.credentials.find_by_id(user.id, "203.0.113.0/24")
        others = await ground.credentials.find_by_id(other.id, "192.0.2.0/24")

        assert here
        assert (here.failures, here.failures_here, here.failed_at, here.failed_here_at) == (3, 2, late, early)
        assert there
        assert (there.failures, there.failures_here, there.failed_at, there.failed_here_at) == (3, 1, late, late)
        assert nowhere
        assert (nowhere.failures, nowhere.failures_here, nowhere.failed_here_at) == (3, 0, None)
        assert others
        assert (others.failures, others.failures_here, others.failed_at) == (0, 0, None)

    async def test_p10_those_in_all_begin_anew_after_a_pause_and_those_of_a_place_do_not(self, ground: Ground) -> None:
        user, early = await added(ground, password="h"), ground.now()
        for at in (early, early, early + PAUSE - timedelta(milliseconds=1), early + 2 * PAUSE, early + 2 * PAUSE):
            async with ground.transaction() as ports:
                await ports.failures.count(user.id, "here", at, "there")

        for place in ("here", "there"):
            found = await ground.credentials.find_by_id(user.id, place)
            assert found
            assert (found.failures, found.failures_here, found.failed_at) == (2, 5, early + 2 * PAUSE)
        async with ground.transaction() as ports:
            await ports.failures.forget(user.id, "here", "there")
        left = [await ground.credentials.find_by_id(user.id, place) for place in ("here", "there")]
        assert [(each.failures, each.failures_here) for each in left if each] == [(0, 0), (0, 0)]

    async def test_e11_a_place_that_is_closed_counts_neither_for_itself_nor_for_all(self, ground: Ground) -> None:
        user, early = await added(ground, password="h"), ground.now()
        for number in range(FAILURES + 3):
            async with ground.transaction() as ports:
                await ports.failures.count(user.id, "here", early + number * timedelta(milliseconds=1), "code")
        late = early + timedelta(milliseconds=FAILURES - 1) + PAUSE
        async with ground.transaction() as ports:
            await ports.failures.count(user.id, "here", late)
            await ports.failures.count(user.id, "here", late)
            await ports.failures.count(user.id, "there", late)

        found = [await ground.credentials.find_by_id(user.id, place) for place in ("here", "there", "code")]
        assert [(each.failures, each.failures_here) for each in found if each] == [
            (2, FAILURES + 1),
            (2, 1),
            (2, FAILURES + 3),
        ]

    async def test_p8_those_of_nobody_go_on_for_ever(self, ground: Ground) -> None:
        user, at = await added(ground, password="h"), ground.now()
        for _ in range(FAILURES + 3):
            async with ground.transaction() as ports:
                await ports.failures.count(user.id, NOWHERE, at)

        found = await ground.credentials.find_by_id(user.id, NOWHERE)
        assert found
        assert (found.failures, found.failures_here) == (FAILURES + 3, FAILURES + 3)

    async def test_clears_all_failures_of_one_account(self, ground: Ground) -> None:
        user, other = await added(ground, password="h"), await added(ground, "other@example.com", password="h")
        async with ground.transaction() as ports:
            for each in (user, other):
                await ports.failures.count(each.id, "here", ground.now())
                await ports.failures.count(each.id, "devices", ground.now())
        async with ground.transaction() as ports:
            await ports.failures.clear(user.id)

        left = [await ground.credentials.find_by_id(each.id, "here") for each in (user, other)]
        assert [(each.failures, each.failures_here) for each in left if each] == [(0, 0), (2, 1)]

    async def test_forgets_failures_of_the_network_that_succeeded_and_of_no_other(self, ground: Ground) -> None:
        user = await added(ground, password="h")
        async with ground.transaction() as ports:
            for network in ("here", "there"):
                await ports.failures.count(user.id, network, ground.now())
        async with ground.transaction() as ports:
            await ports.failures.forget(user.id, "here")

        here = await ground.credentials.find_by_id(user.id, "here")
        there = await ground.credentials.find_by_id(user.id, "there")
        assert here
        assert (here.failures, here.failures_here) == (0, 0)
        assert there
        assert (there.failures, there.failures_here) == (0, 1)
