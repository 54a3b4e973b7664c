"""What every `Roles`, `Grants`, `Grantees` and `Places` promises."""

from dataclasses import fields, replace

import pytest

from domain.access.errors import GrantExists, GrantNotFound, RoleNameTaken, RoleNotFound
from domain.access.facade import Place, Subject
from domain.access.models import OWNER, SUPERUSER, Grant, Role
from domain.kernel.errors import OrganizationNotFound
from domain.kernel.ids import PLATFORM, GrantId, OrganizationId, ResourceId, RoleId, uuid7
from tests.contracts.access import (
    HOUR,
    NOW,
    Ground,
    a_grant,
    a_role,
    account,
    granted,
    member,
    role,
    superuser,
    team,
    user,
)

SEEDED = {"owner", "admin", "member", "auditor", "service"}


class RolesContract:
    """Subclasses provide the fixture `ground`."""

    async def test_keeps_what_was_added_and_changed(self, ground: Ground) -> None:
        ours = await ground.organization()
        one, two = await role(ground, ours, "a:r"), await role(ground, ours, "b:r")
        made = a_role(ours, "c:r", inherits=(one,))
        async with ground.transaction() as ports:
            await ports.roles.add(made)
        changed = replace(
            made,
            name="changed",
            description="Changed",
            permissions=frozenset({"d:r"}),
            inherits=frozenset({two}),
            updated_at=NOW + HOUR,
            version=2,
        )
        for expected in (made, changed):
            async with ground.transaction() as ports:
                _same(await ports.roles.get(ours, made.id), expected, Role)
                _same((await ports.roles.own(ours))[made.id], expected, Role)
                await ports.roles.keep(changed)

    async def test_knows_the_system_roles(self, ground: Ground) -> None:
        ours = await ground.organization()

        async with ground.transaction() as ports:
            found = {name: await ports.roles.named(ours, name) for name in SEEDED}
            assert all(each.is_system and each.version == 0 for each in found.values())
            assert found["owner"].permissions - found["admin"].permissions == {"organizations:own"}
            assert (await ports.roles.system(SUPERUSER)).permissions == {"*"}
            assert found["owner"].id == OWNER
            assert not await ports.roles.own(ours)

    async def test_names_are_taken_within_an_organization(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        await role(ground, ours, name="reader")
        await role(ground, theirs, name="reader")
        other = await role(ground, ours, name="other")

        with pytest.raises(RoleNameTaken):
            async with ground.transaction() as ports:
                await ports.roles.add(a_role(ours, name="reader"))
        with pytest.raises(RoleNameTaken):
            async with ground.transaction() as ports:
                await ports.roles.keep(replace(await ports.roles.get(ours, other), name="reader"))

    async def test_a_role_goes_with_its_grants_and_is_inherited_no_more(self, ground: Ground) -> None:
        ours = await ground.organization()
        ada = await member(ground, ours)
        base = await role(ground, ours, "a:r")
        heir = await role(ground, ours, "b:r", inherits=(base,))
        await granted(ground, ours, user(ada), base)
        kept = await granted(ground, ours, user(ada), heir)

        async with ground.transaction() as ports:
            await ports.roles.remove(await ports.roles.get(ours, base))

        async with ground.transaction() as ports:
            assert [each.id for each in await ports.grants.of(ours, user(ada))] == [kept.id]
            assert (await ports.roles.get(ours, heir)).inherits == frozenset()
            with pytest.raises(RoleNotFound):
                await ports.roles.get(ours, base)

    async def test_follows_inheritance_without_end(self, ground: Ground) -> None:
        """A circle cannot be written by any command; whoever makes one by hand makes nobody wait."""
        ours = await ground.organization()
        one = await role(ground, ours, "a:r")
        two = await role(ground, ours, "b:r", inherits=(one,))
        async with ground.transaction() as ports:
            await ports.roles.keep(replace(await ports.roles.get(ours, one), inherits=frozenset({two})))

        async with ground.transaction() as ports:
            assert (await ports.roles.closure([one])).keys() == {one, two}
            assert await ports.roles.closure([]) == {}

    async def test_locks_what_exists_only(self, ground: Ground) -> None:
        async with ground.transaction() as ports:
            await ports.roles.lock(PLATFORM)
            await ports.roles.lock(await ground.organization())
            with pytest.raises(OrganizationNotFound):
                await ports.roles.lock(OrganizationId(uuid7()))
            with pytest.raises(RoleNotFound):
                await ports.roles.system(RoleId(uuid7()))


class GrantsContract:
    """Subclasses provide the fixture `ground`."""

    async def test_keeps_what_was_added_until_it_is_removed(self, ground: Ground) -> None:
        ours = await ground.organization()
        (note,) = await ground.resource(ours, "note")
        ada, reader = await member(ground, ours), await role(ground, ours, "a:r")
        condition = {"resource.status": {"in": ["draft", 1, 0.5, True]}}
        made = await granted(
            ground,
            ours,
            user(ada),
            reader,
            on=note,
            below=True,
            effect="deny",
            condition=condition,
            expires_at=NOW + HOUR,
            granted_by=ada,
        )

        async with ground.transaction() as ports:
            _same(await ports.grants.get(ours, made.id), made, Grant)
            found = await ports.grants.find(Place(ours, note), user(ada), reader, "deny")
            assert found
            _same(found, made, Grant)
            for place, effect in ((Place(ours), "deny"), (Place(ours, note), "allow")):
                assert await ports.grants.find(place, user(ada), reader, effect) is None
            await ports.grants.remove(made)
        async with ground.transaction() as ports:
            with pytest.raises(GrantNotFound):
                await ports.grants.get(ours, made.id)

    async def test_a2_finds_nothing_of_another_organization(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        ada = await member(ground, ours)
        made = await granted(ground, ours, user(ada), OWNER)

        async with ground.transaction() as ports:
            for organization_id, grant_id in ((theirs, made.id), (ours, GrantId(uuid7()))):
                with pytest.raises(GrantNotFound):
                    await ports.grants.get(organization_id, grant_id)
            assert not await ports.grants.of(theirs, user(ada))
            assert not await ports.grants.reaching(ada, theirs)

    async def test_a_role_is_had_at_a_place_once(self, ground: Ground) -> None:
        ours = await ground.organization()
        (note,) = await ground.resource(ours, "note")
        ada, reader = await member(ground, ours), await role(ground, ours, "a:r")
        for more in ({}, {"effect": "deny"}, {"on": note}):
            await granted(ground, ours, user(ada), reader, **more)

        for grant in (
            a_grant(ours, user(ada), reader, expires_at=NOW + HOUR),
            a_grant(ours, user(ada), reader, on=note, below=True),
        ):
            with pytest.raises(GrantExists):
                async with ground.transaction() as ports:
                    await ports.grants.add(grant)

    async def test_reaches_people_by_their_teams_and_from_the_platform(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        ada, bob = await member(ground, ours), await member(ground, ours)
        await ground.member(theirs, ada)
        upper = await ground.team(ours, bob)
        lower = await ground.team(ours, ada, within=upper)
        (note,) = await ground.resource(PLATFORM, "note")
        reader = await role(ground, ours, "a:r")
        mine = await granted(ground, ours, user(ada), reader, expires_at=NOW - HOUR)
        above = await granted(ground, ours, team(upper), reader)
        teams = await granted(ground, ours, team(lower), reader, effect="deny")
        wide = await granted(ground, PLATFORM, user(ada), await role(ground, PLATFORM, "a:r"))
        await granted(ground, PLATFORM, user(ada), await role(ground, PLATFORM, "a:r"), on=note)
        await granted(ground, theirs, user(ada), await role(ground, theirs, "a:r"))

        async with ground.transaction() as ports:
            found = {each.id for each in await ports.grants.reaching(ada, ours)}
            assert found == {mine.id, above.id, teams.id, wide.id}
            assert [each.id for each in await ports.grants.reaching(bob, ours)] == [above.id]
            assert len(await ports.grants.reaching(ada, PLATFORM)) == 2

    async def test_knows_who_keeps_an_organization(self, ground: Ground) -> None:
        ours = await ground.organization()
        ada, bob = await member(ground, ours), await member(ground, ours)
        await granted(ground, ours, user(ada), OWNER)
        await granted(ground, ours, user(bob), await role(ground, ours, "organizations:own"))

        async with ground.transaction() as ports:
            assert await ports.grants.keepers(ours) == {ada: True}
        await ground.deactivate(ada)
        async with ground.transaction() as ports:
            assert await ports.grants.keepers(ours) == {ada: False}

    async def test_a4_knows_whom_organizations_would_miss(self, ground: Ground) -> None:
        ada, bob = await ground.person(), await ground.person()
        alone, both, another = [await ground.organization() for _ in range(3)]
        for organization_id in (alone, both, another):
            await ground.member(organization_id, ada)
            await ground.member(organization_id, bob)
        for organization_id, user_id in ((alone, ada), (both, ada), (both, bob)):
            await granted(ground, organization_id, user(user_id), OWNER)
        await granted(ground, another, user(ada), await role(ground, another, "organizations:own"))
        await granted(ground, another, user(ada), OWNER, expires_at=NOW + HOUR)
        await superuser(ground, ada)

        async with ground.transaction() as ports:
            assert [*await ports.grants.kept_alone(ada)] == [alone]
            assert [*await ports.grants.kept_alone(bob)] == []
        await ground.deactivate(bob)
        async with ground.transaction() as ports:
            assert {*await ports.grants.kept_alone(ada)} == {alone, both}
        await ground.deactivate(ada)
        async with ground.transaction() as ports:
            assert {*await ports.grants.kept_alone(ada)} == {alone, both}
            assert {*await ports.grants.kept_alone(bob)} == {both}

    async def test_knows_what_is_denied(self, ground: Ground) -> None:
        ours = await ground.organization()
        ada, one, two = await member(ground, ours), await role(ground, ours, "a:r"), await role(ground, ours, "b:r")
        await granted(ground, ours, user(ada), one, effect="deny")
        await granted(ground, ours, user(ada), two)

        async with ground.transaction() as ports:
            assert await ports.grants.denied([one, two])
            assert not await ports.grants.denied([two])
            assert not await ports.grants.denied([])


class GranteesContract:
    """Subclasses provide the fixture `ground`."""

    async def test_a2_includes_members_teams_and_service_accounts_of_the_organization_only(
        self, ground: Ground
    ) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        ada, eve = await member(ground, ours), await member(ground, theirs)
        mine, other = await ground.team(ours, ada), await ground.team(theirs, eve)
        robot, stranger = await account(ground, ours), await account(ground, theirs)

        async with ground.transaction() as ports:
            for subject, expected in (
                (user(ada), True),
                (team(mine), True),
                (user(eve), False),
                (team(other), False),
                (user(mine[0]), False),
                (Subject("team", ada), False),
                (robot.subject, True),
                (stranger.subject, False),
                (user(robot.id), False),
                (Subject("team", robot.id), False),
                (Subject("service_account", ada), False),
                (user(uuid7()), False),
            ):
                assert await ports.grantees.includes(ours, subject) == expected
            assert await ports.grantees.includes(PLATFORM, user(eve))
            assert not await ports.grantees.includes(PLATFORM, user(uuid7()))
            assert not await ports.grantees.includes(PLATFORM, robot.subject)

    async def test_knows_the_teams_of_a_member_and_those_above(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        ada = await member(ground, ours)
        await ground.member(theirs, ada)
        upper = await ground.team(ours)
        lower = await ground.team(ours, ada, within=upper)
        await ground.team(theirs, ada)
        await ground.team(ours)

        async with ground.transaction() as ports:
            assert {*await ports.grantees.teams(ours, ada)} == {upper[0], lower[0]}


class PlacesContract:
    """Subclasses provide the fixture `ground`."""

    async def test_a2_finds_resources_of_the_organization_only(self, ground: Ground) -> None:
        ours, theirs = await ground.organization(), await ground.organization()
        top = await ground.resource(ours, "top")
        leaf = await ground.resource(ours, "leaf", within=top)
        (other,) = await ground.resource(theirs, "leaf")

        async with ground.transaction() as ports:
            assert await ports.places.find(ours, "document", "leaf") == leaf[0]
            assert await ports.places.find(theirs, "document", "top") is None
            assert await ports.places.find(ours, "folder", "leaf") is None
            paths = await ports.places.paths(ours, [leaf[0], other, ResourceId(uuid7())])
            assert list(paths[leaf[0]]) == [leaf[0], top[0]]
            assert other not in paths
            assert await ports.places.paths(ours, []) == {}


def _same(found: object, expected: object, kind: type[Grant | Role]) -> None:
    for each in fields(kind):
        assert getattr(found, each.name) == getattr(expected, each.name), each.name
