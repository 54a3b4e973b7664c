"""What every `Dossiers` promises."""

from collections.abc import Mapping
from typing import Any, Protocol

from domain.identity.dossiers.readers import Dossiers
from domain.identity.models import User
from domain.kernel.ids import UserId, uuid7

SECRET = ("hash", "salt", "secret", "sealed", "token", "password")
"""Ends of names of what is in no dossier."""


class DossierGround(Protocol):
    """Reads dossiers, and fills them."""

    @property
    def dossiers(self) -> Dossiers: ...

    async def announced(self, name: str) -> User:
        """Return somebody of this name who has signed up, with all that is announced and audited about it."""

    async def changed(self, user: User) -> str:
        """Have an administrator change the account; return who it was, as the audit trail names them."""


def names(value: Any) -> set[str]:
    """Return the names of all members, at any depth."""
    if isinstance(value, list):
        return {name for each in value for name in names(each)}
    if not isinstance(value, dict):
        return set()
    return set(value) | {name for each in value.values() for name in names(each)}


async def everything(ground: DossierGround, user: User) -> Mapping[str, list[Any]]:
    """Return what one part holds, which is all there is."""
    part = await ground.dossiers.find(user.id)
    assert part
    assert part.next is None
    return part.held


class DossiersContract:
    """Subclasses provide the fixture `ground`."""

    async def test_e13_holds_who_somebody_is(self, ground: DossierGround) -> None:
        ada = await ground.announced("Ada")
        held = await everything(ground, ada)
        (account,) = held["account"]
        assert (account["email"], account["full_name"]) == (ada.email, "Ada")

    async def test_e13_holds_what_was_announced_as_readers_are_told(self, ground: DossierGround) -> None:
        ada = await ground.announced("Ada")
        held = await everything(ground, ada)
        assert [event["type"] for event in held["events"]] == ["identity.user.created"]
        assert held["events"][0]["data"]["email"] == ada.email

    async def test_e13_holds_what_they_did(self, ground: DossierGround) -> None:
        ada = await ground.announced("Ada")
        held = await everything(ground, ada)
        assert [entry["outcome"] for entry in held["audit"]] == ["done"]

    async def test_e13_holds_what_was_done_to_them_and_not_who_did_it(self, ground: DossierGround) -> None:
        ada = await ground.announced("Ada")
        other = await ground.changed(ada)
        held = await everything(ground, ada)
        assert (held["audit"][-1]["action"], held["audit"][-1]["actor"]) == ("identity.user.update", "user")
        assert other.removeprefix("user:") not in str(held)

    async def test_e13_comes_in_parts_of_which_the_first_has_all_that_is_not_many(self, ground: DossierGround) -> None:
        ada = await ground.announced("Ada")
        for _ in range(2):
            await ground.changed(ada)
        whole = await everything(ground, ada)
        place, parts = None, list[Mapping[str, list[Any]]]()
        while part := await ground.dossiers.find(ada.id, place, most=1):
            parts.append(part.held)
            if (place := part.next) is None:
                break
        assert max(len(part[name]) for part in parts for name in ("events", "audit")) == 1
        for name in ("events", "audit"):
            assert [each for part in parts for each in part[name]] == whole[name]
        assert len(whole["audit"]) == 3
        assert parts[0].keys() == whole.keys()
        assert all(part.keys() == {"account", "events", "audit"} for part in parts[1:])

    async def test_e13_holds_nothing_of_others(self, ground: DossierGround) -> None:
        ada, other = await ground.announced("Ada"), await ground.announced("Bob")
        held = await ground.dossiers.find(ada.id)
        assert other.email not in str(held)
        assert str(other.id) not in str(held)

    async def test_e13_holds_no_secret(self, ground: DossierGround) -> None:
        ada = await ground.announced("Ada")
        held = await everything(ground, ada)
        told = {name for items in held.values() for name in names(items)}
        assert not {name for name in told if name.endswith(SECRET)}

    async def test_there_is_none_of_nobody(self, ground: DossierGround) -> None:
        assert await ground.dossiers.find(UserId(uuid7())) is None
