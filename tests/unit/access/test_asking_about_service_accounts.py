"""Questions about service accounts, through the pipeline."""

from dataclasses import replace
from uuid import UUID

import pytest

from domain.access.answers import Missing, Needed, Told
from domain.access.asking import Circumstances, Entity, Evaluation
from domain.access.paging import Page
from domain.access.queries.evaluate_access import EvaluateAccess
from domain.access.queries.explain_access import ExplainAccess
from domain.access.queries.search_actions import SearchActions
from domain.access.queries.search_resources import SearchResources
from domain.access.queries.search_subjects import SearchSubjects
from domain.kernel.errors import Forbidden
from domain.kernel.ids import PLATFORM, OrganizationId, ServiceAccountId, uuid7
from domain.kernel.tokens import Tokens
from tests.support.access import worlds
from tests.support.access.worlds import Content, Granted, Membership, Resource, Role, User
from tests.support.app import App

OURS, THEIRS = OrganizationId(uuid7()), OrganizationId(uuid7())
READER, BYPASS, ASKER, PAGE, GROUP = (uuid7() for _ in range(5))


class Ground:
    """An organization with a service account, another's and the platform's; and somebody who asks about them."""

    def __init__(self, app: App, asker: UUID, tokens: Tokens) -> None:
        self.app, self.asker, self.tokens = app, asker, tokens
        self.ours, self.theirs, self.platforms = [ServiceAccountId(uuid7()) for _ in range(3)]
        world = app.access.world
        world.users = [User(asker)]
        world.memberships = [Membership(OURS, asker)]
        world.service_accounts = [
            worlds.ServiceAccount(self.ours, OURS),
            worlds.ServiceAccount(self.theirs, THEIRS),
            worlds.ServiceAccount(self.platforms, PLATFORM),
        ]
        world.roles = [
            Role(READER, None, ("document:read",)),
            Role(BYPASS, None, ("visibility:bypass",)),
            Role(ASKER, None, ("access:check", "access:explain", "grants:read", "visibility:bypass")),
        ]
        world.resources = [Resource(PAGE, OURS, "document", "page")]
        self.grant("user", asker, ASKER)

    def grant(self, kind: str, subject: UUID, role: UUID, organization: UUID = OURS) -> None:
        made = Granted(uuid7(), organization, kind, subject, role)
        access = self.app.access
        self.seen = access.commit(access.begin(), lambda world: replace(world, grants=[*world.grants, made]))

    def about(self, kind: str, subject: UUID | str = "") -> Evaluation:
        asked = Entity(kind, str(subject))
        return Evaluation(asked, "read", Entity("document", "page"), None, Circumstances(OURS))

    async def may(self, kind: str, subject: UUID) -> bool:
        asked = EvaluateAccess(evaluation=self.about(kind, subject), at_least=[self.seen])
        answer = await self.app.send(asked, as_=self.tokens)
        return answer.decision

    async def why(self, kind: str, subject: UUID) -> Told:
        asked = ExplainAccess(evaluation=self.about(kind, subject), at_least=[self.seen])
        answer = await self.app.send(asked, as_=self.tokens)
        assert answer.explanation
        return answer.explanation


@pytest.fixture
async def ground(app: App) -> Ground:
    asker = await app.signed_up()
    return Ground(app, asker.id, await app.signed_in())


async def test_it_is_known_by_its_own_type_alone(ground: Ground) -> None:
    ground.grant("service_account", ground.ours, READER)

    assert await ground.may("service_account", ground.ours)
    (proof,) = (await ground.why("service_account", ground.ours)).grants
    assert (proof.service_account_id, proof.user_id, proof.team_id) == (ground.ours, None, None)
    for kind, subject in (("user", ground.ours), ("robot", ground.ours), ("service_account", uuid7())):
        assert not await ground.may(kind, subject)
        assert await ground.why(kind, subject) == Told("not_found")


async def test_a1_nobody_asks_about_themselves_as_a_service_account(ground: Ground) -> None:
    ground.app.access.world.grants.clear()

    assert not await ground.may("user", ground.asker)
    with pytest.raises(Forbidden):
        await ground.may("service_account", ground.asker)
    search = SearchResources(wanted=ground.about("service_account", ground.asker))
    with pytest.raises(Forbidden):
        await ground.app.send(search, as_=ground.tokens)


async def test_a2_one_of_another_organization_is_nobody_and_the_platforms_holds_everywhere(ground: Ground) -> None:
    for account, organization in ((ground.theirs, OURS), (ground.theirs, THEIRS), (ground.platforms, OURS)):
        ground.grant("service_account", account, READER, organization)
        assert not await ground.may("service_account", account)
        assert await ground.why("service_account", account) == Told("not_found")

    ground.grant("service_account", ground.platforms, READER, PLATFORM)
    assert await ground.may("service_account", ground.platforms)
    search = SearchSubjects(wanted=ground.about("service_account"))
    found = await ground.app.send(search, as_=ground.tokens)
    assert found.results == [Entity("service_account", str(ground.platforms))]


async def test_a_wall_is_told_of_with_the_grant_that_passes_it(ground: Ground) -> None:
    ground.app.access.world.contents = [Content(GROUP, OURS, PAGE)]
    needed = Needed("document:read", Entity("document", "page"), below=False)
    bypass = Needed("visibility:bypass", None, below=False)

    assert await ground.why("service_account", ground.ours) == Told(
        "not_visible", missing=Missing(grant=needed, bypass=bypass)
    )


@pytest.mark.parametrize("kind", ["user", "service_account"])
async def test_searches_find_one_type(ground: Ground, kind: str) -> None:
    ground.grant("service_account", ground.ours, READER)
    ground.grant("user", ground.asker, READER)
    mine = {"user": ground.asker, "service_account": ground.ours}[kind]
    send, page = ground.app.send, Page(limit=1)

    subjects = await send(SearchSubjects(wanted=ground.about(kind), page=page), as_=ground.tokens)
    assert subjects.results == [Entity(kind, str(mine))]
    for subject, expected in ((mine, ["page"]), (uuid7(), [])):
        resources = await send(SearchResources(wanted=ground.about(kind, subject)), as_=ground.tokens)
        assert [each.id for each in resources.results] == expected
    actions = await send(SearchActions(wanted=ground.about(kind, mine)), as_=ground.tokens)
    assert actions.names == ["read"]
    other = {"user": "service_account", "service_account": "user"}[kind]
    assert (await send(SearchActions(wanted=ground.about(other, mine)), as_=ground.tokens)).names == []
    assert (await send(SearchResources(wanted=ground.about(other, mine)), as_=ground.tokens)).results == []
