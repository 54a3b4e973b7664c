"""People and sessions on Postgres keep their promises."""

from tests.contracts.links import LinksContract
from tests.contracts.profiles import ProfilesContract
from tests.contracts.refresh_families import RefreshFamiliesContract
from tests.contracts.sessions import SessionEndingContract, SessionListsContract, SessionsContract
from tests.contracts.superusers import SetupContract, SuperusersContract
from tests.contracts.users import CredentialsContract, UsersContract


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


class TestSqlRefreshFamilies(RefreshFamiliesContract):
    pass
