"""Roles and grants on Postgres keep their promises."""

from tests.contracts.assignments import AssignmentsContract
from tests.contracts.authority import AuthorityContract


class TestSqlAssignments(AssignmentsContract):
    pass


class TestSqlAuthority(AuthorityContract):
    pass
