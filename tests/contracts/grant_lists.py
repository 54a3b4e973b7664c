"""What every `RoleLists` and `GrantLists` promises."""

import pytest

from domain.access.models import OWNER, SUPERUSER
from domain.access.readers import GrantFilter, GrantPlace
from domain.access.schemas import GrantedOn, Grantee, GrantInfo
from domain.kernel.access import Eyes
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import PLATFORM, GrantId, OrganizationId, RoleId, uuid7
from tests.contracts.access import ANYBODY, HOUR, Ground, granted, member, role, team, user
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

        found = await ground.grant_lists.find(ours, made.id, ANYBODY)
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
            while page := await ground.grant_lists.list(ours, GrantFilter(**wanted), ANYBODY, after, 1):  # type: ignore[arg-type]  # fields
                found += [each.id for each in page]
                after = GrantPlace(page[-1].created_at, page[-1].id)
            assert len(found) == len({*found})
            return {*found}

        assert await ids() == {one.id, two.id, three.id}
        assert await ids(subject_type="user", subject_id=ada) == {one.id, two.id}
        assert await ids(role="owner") == {three.id}
        assert await ids(resource_type="document", resource_id="note") == {two.id}
        assert await ids(resource_type="folder") == set()

    async def test_a_wall_hides_what_people_hold_and_who_made_a_grant(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        ada, bob, eve = [await member(ground, ours) for _ in range(3)]
        await ground.member(theirs, ada)
        crew = await ground.team(ours, bob)
        held = await granted(ground, ours, user(ada), OWNER)
        made = [await granted(ground, ours, user(eve), OWNER, granted_by=ada)]
        made += [await granted(ground, ours, team(crew), await role(ground, ours), granted_by=bob)]
        elsewhere = await granted(ground, theirs, user(ada), OWNER, granted_by=ada)
        await ground.group(ours, [], [team(crew)], [ada])

        for looking, bypass, sees in ((ada, False, True), (bob, False, True), (eve, True, True), (eve, False, False)):
            eyes = Eyes(looking, bypass)
            assert (await ground.grant_lists.find(ours, held.id, eyes) is not None) is sees
            found: list[GrantInfo] = []
            after = None
            while page := await ground.grant_lists.list(ours, GrantFilter(), eyes, after, 1):
                found += page
                after = GrantPlace(page[-1].created_at, page[-1].id)
            assert {each.id: each.granted_by for each in found} == {
                **({held.id: None} if sees else {}),
                made[0].id: ada if sees else None,
                made[1].id: bob,
            }
            wanted = GrantFilter(subject_type="user", subject_id=ada)
            assert len(await ground.grant_lists.list(ours, wanted, eyes, None, 9)) == sees
        shown = await ground.grant_lists.find(theirs, elsewhere.id, Eyes(eve, bypass=False))
        assert shown
        assert shown.granted_by == ada

    async def test_a_wall_hides_what_is_granted_on_resources(self, ground: Ground) -> None:
        ours = await ground.organization()
        ada, eve, owner = [await member(ground, ours) for _ in range(3)]
        reader = await role(ground, ours, name="reader")
        (walled,) = await ground.resource(ours, "walled", owner_id=owner)
        (below, _) = await ground.resource(ours, "below", (walled,), wall_id=walled)
        await ground.group(ours, [walled], [user(ada)])
        on_it, under = [await granted(ground, ours, user(eve), reader, on=each) for each in (walled, below)]
        wide = await granted(ground, ours, user(eve), reader)

        for looking, bypass, sees in (
            (ada, False, [on_it, under, wide]),
            (eve, True, [on_it, under, wide]),
            (owner, False, [on_it, wide]),
            (eve, False, [wide]),
        ):
            eyes = Eyes(looking, bypass)
            listed = await ground.grant_lists.list(ours, GrantFilter(), eyes, None, 9)
            assert {each.id for each in listed} == {each.id for each in sees}
            named = await ground.grant_lists.list(ours, GrantFilter(resource_id="walled"), eyes, None, 9)
            assert bool(named) is (on_it in sees)
            for each in (on_it, under):
                assert (await ground.grant_lists.find(ours, each.id, eyes) is not None) is (each in sees)
            first = await ground.grant_lists.list(ours, GrantFilter(), eyes, None, 1)
            assert first[0].id in {each.id for each in sees}

    async def test_f1_what_has_expired_is_not_there(self, ground: Ground) -> None:
        ours = await ground.organization()
        ada, now = await member(ground, ours), ground.now()
        over = await granted(ground, ours, user(ada), OWNER, expires_at=now - HOUR)
        there = await granted(ground, ours, user(ada), await role(ground, ours), expires_at=now + HOUR)

        assert await ground.grant_lists.find(ours, over.id, ANYBODY) is None
        assert [each.id for each in await ground.grant_lists.list(ours, GrantFilter(), ANYBODY, None, 9)] == [there.id]

    async def test_tells_an_organization_that_does_not_exist(self, ground: Ground) -> None:
        nowhere = OrganizationId(uuid7())
        with pytest.raises(OrganizationNotFound):
            await ground.grant_lists.list(nowhere, GrantFilter(), ANYBODY, None, 1)
        with pytest.raises(OrganizationNotFound):
            await ground.grant_lists.find(nowhere, GrantId(uuid7()), ANYBODY)
