"""People and sessions on Postgres keep their promises."""

from tests.contracts.links import LinksContract
from tests.contracts.people import added, started
from tests.contracts.presented_tokens import PresentedTokensContract
from tests.contracts.profiles import ProfilesContract
from tests.contracts.refresh_families import RefreshFamiliesContract
from tests.contracts.sessions import SessionEndingContract, SessionListsContract, SessionsContract
from tests.contracts.superusers import SetupContract, SuperusersContract
from tests.contracts.users import CredentialsContract, UsersContract
from tests.integration.people.ground import SqlGround


class TestSqlUsers(UsersContract):
    pass


class TestSqlCredentials(CredentialsContract):
    pass


class TestSqlLinks(LinksContract):
    pass


class TestSqlSuperusers(SuperusersContract):
    pass


class TestSqlSetup(SetupContract):
    pass


class TestSqlProfiles(ProfilesContract):
    pass


class TestSqlSessions(SessionsContract):
    pass


class TestSqlSessionEnding(SessionEndingContract):
    pass


class TestSqlSessionLists(SessionListsContract):
    pass


class TestSqlPresentedTokens(PresentedTokensContract):
    async def test_t8_an_access_token_that_expired_stands_for_nothing(self, ground: SqlGround) -> None:
        session, _ = await started(ground, await added(ground))

        assert await ground.presented.read(ground.access_token(session, age=890))
        assert await ground.presented.read(ground.access_token(session, age=901)) is None


class TestSqlRefreshFamilies(RefreshFamiliesContract):
    pass
