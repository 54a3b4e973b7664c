"""Resources on Postgres keep their promises."""

from tests.contracts.resources import ResourcesContract


class TestSqlResources(ResourcesContract):
    pass
