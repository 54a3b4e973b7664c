"""What every `Profiles` and `ProfileLists` promises."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.identity.readers import Place, UserFilter
from domain.identity.registration import profile
from domain.kernel.ids import UserId, uuid7
from tests.contracts.people import Ground, added, change, person, superuser

ALL = UserFilter()


class ProfilesContract:
    """Subclasses provide the fixture `ground`."""

    async def test_shows_a_person(self, ground: Ground) -> None:
        user = await added(ground, username="ada", full_name="Ada", email_verified=True)

        assert await ground.profiles.find(user.id, None) == profile(user, is_superuser=False)

    async def test_shows_a_superuser_as_one(self, ground: Ground) -> None:
        root = await superuser(ground, "root@example.com")

        assert await ground.profiles.find(root.id, None) == profile(root, is_superuser=True)

    async def test_shows_nobody_who_is_not_there(self, ground: Ground) -> None:
        assert await ground.profiles.find(UserId(uuid7()), None) is None
        assert await ground.lists.list(ALL, None, 10) == []

    async def test_lists_the_newest_first_and_those_of_one_moment_in_one_order(self, ground: Ground) -> None:
        moment = person().created_at
        made = [
            await added(ground, f"{number}@example.com", created_at=moment + timedelta(seconds=number // 2))
            for number in range(6)
        ]
        expected = [each.id for each in sorted(made, key=lambda each: (each.created_at, each.id), reverse=True)]

        for most in (1, 2, 4, 10):
            seen: list[UserId] = []
            place = None
            while page := await ground.lists.list(ALL, place, most):
                assert len(page) <= most
                seen += [each.id for each in page]
                place = Place(page[-1].created_at, page[-1].id)
            assert seen == expected

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (UserFilter("ADA@"), {"ada"}),
            (UserFilter("a"), {"ada", "bart", "a_b"}),
            (UserFilter("a_"), {"a_b"}),
            (UserFilter("%"), set()),
            (UserFilter(is_active=True), {"ada", "a_b"}),
            (UserFilter(is_active=False), {"bart"}),
            (UserFilter("b", is_active=True), {"a_b"}),
        ],
    )
    async def test_filters_by_a_part_of_the_address_as_it_is(
        self, ground: Ground, wanted: UserFilter, found: set[str]
    ) -> None:
        for name in ("ada", "a_b", "bart"):
            user = await added(ground, f"{name}@x.test")
        await change(ground, user.id, is_active=False)

        listed = await ground.lists.list(wanted, None, 10)

        assert {each.email.partition("@")[0] for each in listed} == found

    async def test_lists_what_it_shows(self, ground: Ground) -> None:
        root = await superuser(ground, "root@example.com")

        (shown,) = await ground.lists.list(ALL, None, 10)

        assert shown == replace(profile(root, is_superuser=False), is_superuser=True)
