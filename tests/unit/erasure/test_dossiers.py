"""Dossiers, in memory and through the pipeline."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from domain.identity.commands.delete_me import DeleteMe
from domain.identity.commands.update_user import UpdateUser
from domain.identity.dossiers.readers import MOST as MOST_AT_A_TIME
from domain.identity.errors import UserNotFound
from domain.identity.models import User
from domain.identity.queries.export_me import MOST, ExportMe
from domain.identity.queries.export_user import ExportUser
from domain.kernel.errors import CursorInvalid, Forbidden, ReauthenticationRequired, TooManyRequests
from domain.kernel.ids import uuid7
from tests.contracts.dossiers import DossiersContract
from tests.support.app import App
from tests.support.memory.dossiers import MemoryDossiers
from tests.support.memory.identity import USERS


@dataclass(frozen=True)
class MemoryDossierGround:
    app: App = field(default_factory=App)

    @property
    def dossiers(self) -> MemoryDossiers:
        return MemoryDossiers(self.app.memory)

    async def announced(self, name: str) -> User:
        made = await self.app.signed_up(f"{name.lower()}@example.com", full_name=name)
        user: User = self.app.memory.table(USERS)[made.id]
        return user

    async def changed(self, user: User) -> str:
        root = await self.app.administrator(f"{uuid7().hex}@example.com")
        await self.app.send(UpdateUser(user_id=user.id, full_name="Eve"), as_=root)
        return self.app.memory.audited[-1].actor


class TestMemoryDossiers(DossiersContract):
    @pytest.fixture
    def ground(self) -> MemoryDossierGround:
        return MemoryDossierGround()


async def test_e13_everybody_exports_what_is_held_about_them(app: App) -> None:
    ada = await app.signed_up()
    me = await app.signed_in()

    dossier = await app.send(ExportMe(), as_=me)

    assert (dossier.user_id, dossier.exported_at) == (ada.id, app.clock.now())
    assert dossier.held["account"][0]["email"] == "ada@example.com"
    assert len(dossier.held["sessions"]) == 1
    assert app.audited[-1] == ("identity.user.export_own", "done")


async def test_e13_administrators_export_for_others(app: App) -> None:
    root, ada = await app.administrator(), await app.signed_up()
    dossier = await app.send(ExportUser(user_id=ada.id), as_=root)
    assert dossier.held["account"][0]["email"] == "ada@example.com"
    assert app.audited[-1] == ("identity.user.export", "done")


async def test_e13_there_is_nothing_to_export_of_whoever_was_erased(app: App) -> None:
    root, ada = await app.administrator(), await app.signed_up()
    await app.send(DeleteMe(), as_=await app.signed_in())
    with pytest.raises(UserNotFound):
        await app.send(ExportUser(user_id=ada.id), as_=root)


async def test_a1_nobody_exports_others_without_the_permission(app: App) -> None:
    await app.administrator()
    ada = await app.signed_up()
    with pytest.raises(Forbidden):
        await app.send(ExportUser(user_id=ada.id), as_=await app.signed_in())


async def test_a11_an_export_takes_a_recent_sign_in(app: App) -> None:
    await app.signed_up()
    me = await app.signed_in()
    app.clock.pass_by(timedelta(hours=1))
    with pytest.raises(ReauthenticationRequired):
        await app.send(ExportMe(), as_=me)


async def test_an_export_goes_on_where_a_part_has_ended(app: App) -> None:
    root, ada = await app.administrator(), await app.signed_up()
    me = await app.signed_in()
    app.memory.audited += [app.memory.audited[-1]] * MOST_AT_A_TIME
    first = await app.send(ExportMe(), as_=me)
    assert first.next
    last = await app.send(ExportMe(cursor=first.next), as_=me)
    assert last.next is None
    assert len(first.held["audit"]) == MOST_AT_A_TIME
    assert last.held["audit"][-1]["action"] == "identity.user.export_own"
    assert (await app.send(ExportUser(user_id=ada.id, cursor=first.next), as_=root)).held["audit"]


async def test_a_part_is_of_the_person_it_was_begun_with(app: App) -> None:
    root, other = await app.administrator(), await app.signed_up("other@example.com")
    await app.signed_up()
    me = await app.signed_in()
    app.memory.audited += [app.memory.audited[-1]] * MOST_AT_A_TIME
    cursor = (await app.send(ExportMe(), as_=me)).next
    with pytest.raises(CursorInvalid):
        await app.send(ExportUser(user_id=other.id, cursor=cursor), as_=root)


async def test_exports_are_limited(app: App) -> None:
    await app.signed_up()
    me = await app.signed_in()
    for _ in range(MOST):
        await app.send(ExportMe(), as_=me)
    with pytest.raises(TooManyRequests):
        await app.send(ExportMe(), as_=me)
