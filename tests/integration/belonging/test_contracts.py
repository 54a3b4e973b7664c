"""Teams and visibility groups on Postgres keep their promises."""

from tests.contracts.teams import TeamsContract
from tests.contracts.visibility import VisibilityContract


class TestSqlTeams(TeamsContract):
    pass


class TestSqlVisibility(VisibilityContract):
    pass
