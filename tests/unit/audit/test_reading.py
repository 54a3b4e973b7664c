"""Reading the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from core.postgres.audit import Entry
from domain.audit.queries.export_audit_entries import ExportAuditEntries
from domain.audit.queries.list_audit_entries import ListAuditEntries
from domain.audit.queries.list_organization_audit import ListOrganizationAudit
from domain.audit.queries.list_own_audit import ListOwnAudit
from domain.audit.readers import AuditTrails
from domain.audit.schemas import AuditEntry, ExportEnd, SeenAt
from domain.identity.commands.change_password import ChangePassword
from domain.identity.commands.deactivate_user import DeactivateUser
from domain.identity.commands.reactivate_user import ReactivateUser
from domain.kernel.access import Origin
from domain.kernel.errors import CursorGone, CursorInvalid, Forbidden, InvalidToken, OrganizationNotFound
from domain.kernel.ids import OrganizationId
from domain.kernel.tokens import Tokens
from domain.organizations.commands.create_organization import CreateOrganization
from domain.sessions.commands.sign_in import SignIn
from domain.sessions.commands.sign_out import SignOut
from domain.sessions.errors import SignInRefused
from tests.contracts.audit_trails import AuditTrailsContract
from tests.support.app import PASSWORD, App
from tests.support.memory.audit import MemoryAuditTrails
from tests.support.memory.store import Memory

HOME = Origin("192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
OFFICE = Origin("198.51.100.9", "curl/8")


@dataclass
class MemoryGround:
    memory: Memory = field(default_factory=Memory)

    @property
    def trails(self) -> AuditTrails:
        return MemoryAuditTrails(self.memory)

    async def write(self, entries: Sequence[Entry]) -> None:
        self.memory.audited += entries

    async def drop(self, last: int) -> None:
        self.memory.audit_dropped = last


class TestMemoryAuditTrails(AuditTrailsContract):
    @pytest.fixture
    def ground(self) -> MemoryGround:
        return MemoryGround()


async def test_says_who_did_what_to_whom_from_where_and_how_it_ended(app: App) -> None:
    root, ada = await app.administrator(), await app.signed_up()
    with pytest.raises(SignInRefused):
        await app.send(SignIn(email="ada@example.com", password="not it at all"), origin=OFFICE)
    await app.signed_in(origin=HOME)

    page = await app.send(ListAuditEntries(action="sessions.", limit=2), as_=root)

    done, refused = page.items
    assert (done.action, done.outcome, done.actor) == ("sessions.session.start", "done", f"user:{ada.id}")
    assert done.where == SeenAt("192.0.2.7", "Firefox, Linux")
    assert (refused.outcome, refused.actor, refused.where) == (
        SignInRefused.code,
        "anonymous",
        SeenAt("198.51.100.9", "curl"),
    )


async def test_people_read_their_own_and_not_where_others_were(app: App) -> None:
    root, ada = await app.administrator(), await app.signed_up()
    await app.signed_up("bob@example.com")
    mine = await app.signed_in(origin=HOME)
    await app.send(
        ChangePassword(current_password=PASSWORD, new_password="another horse, another battery"), as_=mine, origin=HOME
    )
    await app.send(DeactivateUser(user_id=ada.id), as_=root, origin=OFFICE)
    await app.send(ReactivateUser(user_id=ada.id), as_=root, origin=OFFICE)
    mine = await app.send(SignIn(email="ada@example.com", password="another horse, another battery"))

    read = (await app.send(ListOwnAudit(), as_=mine)).items

    me = f"user:{ada.id}"
    assert [(each.action, each.actor) for each in read] == [
        ("sessions.session.start", me),
        ("identity.user.reactivate", "user"),
        ("identity.user.deactivate", "user"),
        ("identity.user.change_password", me),
        ("sessions.session.start", me),
        ("identity.user.sign_up", me),
    ]
    assert [each.where.address if each.where else None for each in read] == [None, None, None, *["192.0.2.7"] * 2, None]


async def test_pages_go_on_where_they_ended_and_cursors_are_of_one_question(app: App) -> None:
    root = await app.administrator()
    whole = (await app.send(ListAuditEntries(), as_=root)).items
    first = await app.send(ListAuditEntries(limit=1), as_=root)
    rest = await app.send(ListAuditEntries(cursor=first.next), as_=root)
    assert first.items + rest.items == whole
    with pytest.raises(CursorInvalid):
        await app.send(ListAuditEntries(cursor=first.next, outcome="failed"), as_=root)


async def test_is_refused_to_people_who_may_not_read_it(app: App) -> None:
    await app.signed_up()
    with pytest.raises(Forbidden):
        await app.send(ListAuditEntries(), as_=await app.signed_in())


async def exported(app: App, as_: Tokens, **options: int) -> list[AuditEntry | ExportEnd]:
    stream = await app.send(ExportAuditEntries(**options), as_=as_)
    return [line async for part in stream.parts for line in part]


async def test_the_export_is_audited_and_can_be_resumed(app: App) -> None:
    root = await app.administrator()
    *entries, end = await exported(app, root)
    assert [each.position for each in entries if isinstance(each, AuditEntry)] == [1, 2]
    assert end == ExportEnd(complete=True, next=2)
    assert app.audited[-1] == ("audit.entries.export", "done")

    *entries, end = await exported(app, root, after=1, limit=1)
    assert [each.position for each in entries if isinstance(each, AuditEntry)] == [2]
    assert end == ExportEnd(complete=False, next=2)


async def test_the_export_ends_for_those_who_are_signed_out(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.audit.queries.export_audit_entries.BATCH", 1)
    root = await app.administrator()
    stream = await app.send(ExportAuditEntries(), as_=root)
    read = [await anext(stream.parts)]
    await app.send(SignOut(), as_=root)
    read += [part async for part in stream.parts]
    assert read[-1] == [ExportEnd(complete=False, next=1, refusal=InvalidToken.code)]


async def test_the_export_is_refused_where_what_follows_was_archived(app: App) -> None:
    root = await app.administrator()
    await app.signed_up()
    app.memory.audit_dropped = 2
    for after in (0, 2):  # from the oldest that there is, and from just before it
        first, *_ = await exported(app, root, after=after)
        assert isinstance(first, AuditEntry)
        assert first.position == 3
    with pytest.raises(CursorGone):
        await exported(app, root, after=1)
    assert app.audited[-1] == ("audit.entries.export", CursorGone.code)


async def test_the_export_is_refused_behind_the_end_which_only_a_restored_backup_can_have_moved_back(app: App) -> None:
    root = await app.administrator()
    end = len(app.memory.audited)
    assert await exported(app, root, after=end)
    end = len(app.memory.audited)
    with pytest.raises(CursorInvalid):
        await exported(app, root, after=end + 1)
    assert app.audited[-1] == ("audit.entries.export", CursorInvalid.code)


async def test_the_export_says_where_it_was_overtaken_by_archiving(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.audit.queries.export_audit_entries.BATCH", 1)
    root = await app.administrator()
    await app.signed_up()
    stream = await app.send(ExportAuditEntries(), as_=root)
    read = [await anext(stream.parts)]
    app.memory.audit_dropped = 2
    read += [part async for part in stream.parts]
    assert read[1:] == [[ExportEnd(complete=False, next=1, refusal=CursorGone.code)]]


async def test_the_export_is_refused_to_people_who_may_not_read_it(app: App) -> None:
    await app.signed_up()
    with pytest.raises(Forbidden):
        await app.send(ExportAuditEntries(), as_=await app.signed_in())
    assert app.audited[-1] == ("audit.entries.export", Forbidden.code)


async def test_who_reads_the_trail_of_an_organization_sees_all_of_it(app: App) -> None:
    owner, acme = await owned(app)
    read = (await app.send(ListOrganizationAudit(organization_id=acme), as_=owner)).items
    assert [each.action for each in read] == ["organizations.organization.create"]
    await app.signed_up("bob@example.com")
    with pytest.raises(OrganizationNotFound):
        await app.send(ListOrganizationAudit(organization_id=acme), as_=await app.signed_in("bob@example.com"))


async def owned(app: App) -> tuple[Tokens, OrganizationId]:
    await app.signed_up()
    owner = await app.signed_in()
    made = await app.send(CreateOrganization(name="Acme", slug="acme"), as_=owner)
    return owner, made.id
