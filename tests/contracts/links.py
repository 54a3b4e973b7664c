"""What every `Links` and `LinkReader` promises."""

from datetime import timedelta
from typing import Any

from domain.identity.models import Link, Purpose, User
from tests.contracts.people import Ground, added

MINUTES = timedelta(minutes=15)


def link(ground: Ground, user: User, **more: Any) -> Link:
    """Return a link that was not kept yet."""
    known: dict[str, Any] = {"user_id": user.id, "email": user.email, "epoch": user.epoch}
    known |= {"purpose": Purpose.RESET, "token_hash": b"hash", "expires_at": ground.now() + MINUTES}
    return Link(**(known | more))


async def kept(ground: Ground, user: User, **more: Any) -> Link:
    """Return a link that was kept."""
    made = link(ground, user, **more)
    async with ground.transaction() as ports:
        await ports.links.put(made)
    return made


async def used(ground: Ground, made: Link, **more: Any) -> Link | None:
    """Try to use a link."""
    known: dict[str, Any] = {"user_id": made.user_id, "purpose": made.purpose}
    known |= {"hashes": [b"no", made.token_hash], "at": ground.now()}
    async with ground.transaction() as ports:
        return await ports.links.use(**(known | more))


class LinksContract:
    """Subclasses provide the fixture `ground`."""

    async def test_p12_is_used_once(self, ground: Ground) -> None:
        made = await kept(ground, await added(ground))

        assert await ground.links.find(Purpose.RESET, [b"no", made.token_hash], ground.now()) == made
        assert await used(ground, made) == made
        assert await used(ground, made) is None
        assert await ground.links.find(Purpose.RESET, [made.token_hash], ground.now()) is None

    async def test_p12_is_void_once_it_has_expired_though_it_is_still_kept(self, ground: Ground) -> None:
        made = await kept(ground, await added(ground))

        for at in (made.expires_at, made.expires_at + MINUTES):
            assert await ground.links.find(Purpose.RESET, [made.token_hash], at) is None
            assert await used(ground, made, at=at) is None
        assert await used(ground, made)

    async def test_t3_one_of_another_purpose_person_or_token_is_none(self, ground: Ground) -> None:
        ada, eve = await added(ground), await added(ground, "eve@example.com")
        made = await kept(ground, ada)

        assert await ground.links.find(Purpose.VERIFICATION, [made.token_hash], ground.now()) is None
        for hashes in ([], [b""], [made.token_hash[:-1]], [made.token_hash + b"\0"]):
            assert await ground.links.find(Purpose.RESET, hashes, ground.now()) is None
            assert await used(ground, made, hashes=hashes) is None
        assert await used(ground, made, purpose=Purpose.VERIFICATION) is None
        assert await used(ground, made, user_id=eve.id) is None
        assert await used(ground, made)

    async def test_p12_a_new_one_replaces_the_one_before_and_none_of_another_purpose(self, ground: Ground) -> None:
        ada = await added(ground)
        before = await kept(ground, ada)
        other = await kept(ground, ada, purpose=Purpose.VERIFICATION, token_hash=b"other")
        after = await kept(ground, ada, token_hash=b"new", epoch=2)

        assert await used(ground, before) is None
        assert await used(ground, after) == after
        assert await used(ground, other) == other

    async def test_whoever_has_their_turn_uses_it(self, ground: Ground) -> None:
        made = await kept(ground, await added(ground))

        async with ground.transaction() as ports:
            for token_hash in (b"of nobody", made.token_hash, made.token_hash):
                assert await ports.links.take_turn(token_hash)
            assert await ports.links.use(made.user_id, made.purpose, [made.token_hash], ground.now()) == made

    async def test_goes_with_the_person(self, ground: Ground) -> None:
        ada = await added(ground)
        made = await kept(ground, ada)

        async with ground.transaction() as ports:
            await ports.users.remove(await ports.users.get(ada.id))

        assert await ground.links.find(Purpose.RESET, [made.token_hash], ground.now()) is None
