"""What every `RoleLists` and `GrantLists` promises."""

import pytest

from domain.access.models import OWNER, SUPERUSER
from domain.access.readers import GrantFilter, GrantPlace
from domain.access.schemas import GrantedOn, Grantee
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import PLATFORM, GrantId, OrganizationId, RoleId, UserId, uuid7
from tests.contracts.access import HOUR, Ground, actor, granted, member, role, team, user
from tests.contracts.roles_and_grants import SEEDED


class RoleListsContract:
    """Subclasses provide the fixture `ground`."""

    async def test_a2_lists_own_roles_and_system_roles_by_code_point(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        for name in ("zeta", "Zeta", "a_b", "a.b", "a:b", "a-b", "9"):
            await role(ground, ours, name=name)
        await role(ground, theirs, name="hidden")

        names = [each.name for each in await ground.role_lists.list(ours, None, 50)]
        assert names == sorted({*SEEDED, "zeta", "Zeta", "a_b", "a.b", "a:b", "a-b", "9"})
        found: list[str] = []
        after = None
        while page := await ground.role_lists.list(ours, after, 5):
            found += [each.name for each in page]
            after = page[-1].name, page[-1].id
        assert found == names

    async def test_shows_a_role_as_it_is(self, ground: Ground) -> None:
        ours = await ground.organization()
        await role(ground, ours, name="base")
        made = await role(ground, ours, "b:r", "a:r", inherits=(OWNER,), name="heir")

        found = await ground.role_lists.find(ours, made)
        assert found
        assert (found.name, found.permissions, found.inherits) == ("heir", ["a:r", "b:r"], ["owner"])
        assert (found.organization_id, found.version) == (ours, 1)

    async def test_a2_finds_what_may_be_granted_there(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        foreign = await role(ground, theirs)

        for organization_id, role_id, there in (
            (ours, OWNER, True),
            (ours, SUPERUSER, False),
            (ours, foreign, False),
            (ours, RoleId(uuid7()), False),
            (PLATFORM, SUPERUSER, True),
            (PLATFORM, OWNER, False),
        ):
            assert (await ground.role_lists.find(organization_id, role_id) is not None) == there

    async def test_tells_an_organization_that_does_not_exist(self, ground: Ground) -> None:
        nowhere = OrganizationId(uuid7())
        with pytest.raises(OrganizationNotFound):
            await ground.role_lists.list(nowhere, None, 1)
        with pytest.raises(OrganizationNotFound):
            await ground.role_lists.find(nowhere, OWNER)


class GrantListsContract:
    """Subclasses provide the fixture `ground`."""

    async def test_shows_a_grant_as_it_is(self, ground: Ground) -> None:
        ours = await ground.organization()
        (note,) = await ground.resource(ours, "note")
        ada, reader = await member(ground, ours), await role(ground, ours, name="reader")
        condition = {"resource.status": {"in": ["draft", 1, 0.5, True]}}
        made = await granted(ground, ours, user(ada), reader, on=note, below=True, effect="deny", condition=condition)

        found = await ground.grant_lists.find(actor(ada), ours, made.id)
        assert found
        assert (found.subject, found.role, found.role_id) == (Grantee("user", ada), "reader", reader)
        assert (found.on, found.below, found.effect) == (GrantedOn("document", "note"), True, "deny")
        assert (found.condition, found.created_at, found.version) == (condition, made.created_at, 1)

    async def test_lists_what_is_wanted_page_by_page(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        (note,) = await ground.resource(ours, "note")
        ada, bob = await member(ground, ours), await member(ground, ours)
        reader = await role(ground, ours, name="reader")
        one = await granted(ground, ours, user(ada), reader)
        two = await granted(ground, ours, user(ada), reader, on=note)
        three = await granted(ground, ours, user(bob), OWNER)
        await granted(ground, theirs, user(ada), OWNER)

        async def ids(**wanted: object) -> set[GrantId]:
            found: list[GrantId] = []
            after = None
            while page := await ground.grant_lists.list(actor(ada), ours, GrantFilter(**wanted), after, 1):  # type: ignore[arg-type]  # fields
                found += [each.id for each in page]
                after = GrantPlace(page[-1].created_at, page[-1].id)
            assert len(found) == len({*found})
            return {*found}

        assert await ids() == {one.id, two.id, three.id}
        assert await ids(subject_type="user", subject_id=ada) == {one.id, two.id}
        assert await ids(role="owner") == {three.id}
        assert await ids(resource_type="document", resource_id="note") == {two.id}
        assert await ids(resource_type="folder") == set()

    async def test_grants_on_what_a_wall_hides_are_not_there(self, ground: Ground) -> None:
        ours = await ground.organization()
        ada, eve, root = [await member(ground, ours) for _ in range(3)]
        reader, sees = await role(ground, ours, name="reader"), await role(ground, ours, "visibility:bypass")
        (walled,) = await ground.resource(ours, "walled")
        (below, _) = await ground.resource(ours, "below", (walled,), wall_id=walled)
        await ground.group(ours, [walled], [user(ada)])
        hidden = [await granted(ground, ours, user(eve), reader, on=each) for each in (walled, below)]
        wide = [await granted(ground, ours, user(eve), reader), await granted(ground, ours, user(root), sees)]

        for by, found in ((ada, [*hidden, *wide]), (root, [*hidden, *wide]), (eve, wide)):
            listed = await ground.grant_lists.list(actor(by), ours, GrantFilter(), None, 9)
            assert {each.id for each in listed} == {each.id for each in found}
            one = GrantFilter(resource_type="document", resource_id="walled")
            assert len(await ground.grant_lists.list(actor(by), ours, one, None, 9)) == (by != eve)
            assert (await ground.grant_lists.find(actor(by), ours, hidden[0].id) is None) == (by == eve)
            page = await ground.grant_lists.list(actor(by), ours, GrantFilter(), None, 1)
            assert page[0].id in {each.id for each in found}

    async def test_a_wall_hides_what_people_hold_and_who_made_a_grant(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        ada, bob, eve, root = [await member(ground, ours) for _ in range(4)]
        for each in (ada, eve):
            await ground.member(theirs, each)
        crew, bypass = await ground.team(ours, bob), await role(ground, ours, "visibility:bypass")
        held = await granted(ground, ours, user(ada), OWNER)
        made = {
            (await granted(ground, ours, user(eve), await role(ground, ours), granted_by=ada)).id: ada,
            (await granted(ground, ours, user(root), bypass, granted_by=ada)).id: ada,
            (await granted(ground, ours, team(crew), await role(ground, ours), granted_by=bob)).id: bob,
        }
        elsewhere = await granted(ground, theirs, user(ada), OWNER, granted_by=ada)
        await ground.group(ours, [], [team(crew)], [ada])

        for looking, sees in ((bob, True), (root, True), (eve, False)):
            found: dict[GrantId, UserId | None] = {}
            after = None
            while page := await ground.grant_lists.list(actor(looking), ours, GrantFilter(), after, 1):
                found |= {each.id: each.granted_by for each in page}
                after = GrantPlace(page[-1].created_at, page[-1].id)
            if sees:
                assert found == made | {held.id: None}
            else:
                assert found == {id_: None if by == ada else by for id_, by in made.items()}
            assert (await ground.grant_lists.find(actor(looking), ours, held.id) is not None) is sees
            wanted = GrantFilter(subject_type="user", subject_id=ada)
            assert len(await ground.grant_lists.list(actor(looking), ours, wanted, None, 9)) == sees
        shown = await ground.grant_lists.find(actor(eve), theirs, elsewhere.id)
        assert shown
        assert shown.granted_by == ada

    async def test_f1_what_has_expired_is_not_there(self, ground: Ground) -> None:
        ours = await ground.organization()
        ada, now = await member(ground, ours), ground.now()
        over = await granted(ground, ours, user(ada), OWNER, expires_at=now - HOUR)
        there = await granted(ground, ours, user(ada), await role(ground, ours), expires_at=now + HOUR)

        assert await ground.grant_lists.find(actor(ada), ours, over.id) is None
        assert [each.id for each in await ground.grant_lists.list(actor(ada), ours, GrantFilter(), None, 9)] == [
            there.id
        ]

    async def test_tells_an_organization_that_does_not_exist(self, ground: Ground) -> None:
        ada, nowhere = await ground.person(), OrganizationId(uuid7())
        with pytest.raises(OrganizationNotFound):
            await ground.grant_lists.list(actor(ada), nowhere, GrantFilter(), None, 1)
        with pytest.raises(OrganizationNotFound):
            await ground.grant_lists.find(actor(ada), nowhere, GrantId(uuid7()))
