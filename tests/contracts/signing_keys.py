"""What every `SigningKeys` and `KeyLists` promises."""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol

import pytest

from domain.kernel.errors import ConcurrentChange
from domain.kernel.ids import uuid7
from domain.keys.models import HeldRing, KeyState, SigningKey
from domain.keys.ports import KeyLists
from domain.keys.repositories import SigningKeys


class Cabinet(Protocol):
    """An empty store."""

    lists: KeyLists

    def command(self) -> AbstractAsyncContextManager[SigningKeys]:
        """Begin a command; commit at the end, roll back on an error."""


def made(ring: HeldRing, kid: str) -> SigningKey:
    return SigningKey(kid=kid, algorithm="ES256", sealed=b"sealed " + kid.encode(), published_at=ring.now, version=1)


async def put(cabinet: Cabinet, kid: str, state: KeyState) -> None:
    """Keep a new key in a state."""
    async with cabinet.command() as keys:
        key = made(await keys.hold(), kid)
        key.state = state
        await keys.keep(key)


async def ring_of(cabinet: Cabinet) -> HeldRing:
    async with cabinet.command() as keys:
        return await keys.hold()


async def kids(cabinet: Cabinet) -> list[str]:
    return [key.kid for key in await ring_of(cabinet)]


class SigningKeysContract:
    """Subclasses provide the fixture `cabinet`."""

    async def test_is_empty_at_first(self, cabinet: Cabinet) -> None:
        ring = await ring_of(cabinet)
        assert (list(ring), ring.active, ring.next) == ([], None, None)
        assert list(await cabinet.lists.list()) == []

    async def test_a_key_comes_back_as_it_was_kept(self, cabinet: Cabinet) -> None:
        async with cabinet.command() as keys:
            ring = await keys.hold()
            key = made(ring, "k1")
            key.activate(ring.now)
            await keys.keep(key)
        (found,) = await ring_of(cabinet)
        assert (found.id, found.kid, found.algorithm, found.sealed) == (key.id, "k1", "ES256", b"sealed k1")
        assert (found.state, found.published_at, found.activated_at) == (KeyState.ACTIVE, ring.now, ring.now)

    async def test_what_changes_in_one_command_is_kept_in_its_order(self, cabinet: Cabinet) -> None:
        async with cabinet.command() as keys:
            ring = await keys.hold()
            for kid in ("k1", "k2"):
                await keys.keep(key := made(ring, kid))
                key.activate(ring.now)
                key.version += 1
                await keys.keep(key)
                if kid == "k1":
                    key.retire(ring.now, ring.now + timedelta(hours=1), b"half")
                    key.version += 1
                    await keys.keep(key)
        found = await ring_of(cabinet)
        assert {key.kid: key.state for key in found} == {"k1": KeyState.RETIRED, "k2": KeyState.ACTIVE}
        assert found.active
        assert found.active.kid == "k2"

    @pytest.mark.parametrize("state", [KeyState.NEXT, KeyState.ACTIVE])
    async def test_two_keys_never_sign_or_wait(self, cabinet: Cabinet, state: KeyState) -> None:
        await put(cabinet, "k1", state)
        with pytest.raises(ConcurrentChange):
            await put(cabinet, "k2", state)
        assert await kids(cabinet) == ["k1"]

    async def test_an_id_is_taken_once(self, cabinet: Cabinet) -> None:
        await put(cabinet, "k1", KeyState.ACTIVE)
        with pytest.raises(ConcurrentChange):
            await put(cabinet, "k1", KeyState.NEXT)

    async def test_what_has_expired_is_not_there(self, cabinet: Cabinet) -> None:
        async with cabinet.command() as keys:
            ring = await keys.hold()
            for kid, life in (("gone", timedelta(0)), ("there", timedelta(hours=1))):
                key = made(ring, kid)
                key.retire(ring.now, ring.now + life, b"half")
                await keys.keep(key)
        assert await kids(cabinet) == ["there"]
        assert [key.kid for key in await cabinet.lists.list()] == ["there"]

    async def test_a11_the_list_shows_how_far_each_has_come_and_no_secret(self, cabinet: Cabinet) -> None:
        async with cabinet.command() as keys:
            ring = await keys.hold()
            removed, waiting = made(ring, f"k{uuid7().hex}"), made(ring, "waits")
            removed.remove(ring.now)
            for key in (removed, waiting):
                await keys.keep(key)
        shown = {key.kid: key for key in await cabinet.lists.list()}
        assert shown[removed.kid].state is KeyState.REMOVED
        assert shown[removed.kid].removed_at == ring.now
        ready = shown["waits"].ready_at
        assert ready
        assert ready > ring.now
        assert "sealed" not in repr(shown)
