"""What every `Superusers` and `Setup` promises."""

import pytest

from domain.identity.errors import LastSuperuser, SetupClosed
from domain.kernel.ids import UserId, uuid7
from tests.contracts.people import TOKEN, Ground, added, change, discarded, superuser


class SuperusersContract:
    """Subclasses provide the fixture `ground`."""

    async def test_includes_whom_it_named(self, ground: Ground) -> None:
        root, other = await superuser(ground, "root@example.com"), await added(ground)

        async with ground.transaction() as ports:
            assert await ports.superusers.includes(root.id)
            assert not await ports.superusers.includes(other.id)
            assert not await ports.superusers.includes(UserId(uuid7()))
        shown = await ground.profiles.find(root.id, None)
        assert shown
        assert shown.is_superuser

    async def test_naming_twice_is_naming_once(self, ground: Ground) -> None:
        root = await superuser(ground, "root@example.com")
        async with ground.transaction() as ports:
            await ports.superusers.name(root.id, ground.now())

        with pytest.raises(LastSuperuser):
            async with ground.transaction() as ports:
                await ports.superusers.spare(root.id)

    async def test_spares_the_last_active_one_only(self, ground: Ground) -> None:
        root, second = await superuser(ground, "root@example.com"), await superuser(ground, "second@example.com")
        other = await added(ground)

        async with ground.transaction() as ports:
            for user in (root, second, other):
                await ports.superusers.spare(user.id)
        await change(ground, second.id, is_active=False)

        with pytest.raises(LastSuperuser):
            async with ground.transaction() as ports:
                await ports.superusers.spare(root.id)


class SetupContract:
    """Subclasses provide the fixture `ground`."""

    async def test_p14_is_finished_once(self, ground: Ground) -> None:
        async with ground.transaction() as ports:
            await ports.setup.finish(ground.now())

        with pytest.raises(SetupClosed):
            async with ground.transaction() as ports:
                await ports.setup.finish(ground.now())

    async def test_p14_is_not_finished_by_what_is_discarded(self, ground: Ground) -> None:
        async with discarded(ground) as ports:
            await ports.setup.finish(ground.now())

        async with ground.transaction() as ports:
            await ports.setup.finish(ground.now())

    async def test_p14_believes_the_printed_token_only(self, ground: Ground) -> None:
        async with ground.transaction() as ports:
            ports.setup.prove(TOKEN)
            for guess in ("", TOKEN[:-1], f"{TOKEN} ", "\u0430", "\ud800"):
                with pytest.raises(SetupClosed):
                    ports.setup.prove(guess)
