"""Roles and grants on Postgres keep their promises."""

from tests.contracts.assignments import AssignmentsContract
from tests.contracts.authority import AuthorityContract
from tests.contracts.grant_lists import GrantListsContract, RoleListsContract
from tests.contracts.roles_and_grants import GranteesContract, GrantsContract, PlacesContract, RolesContract
from tests.contracts.service_accounts import ServiceAccountsContract
from tests.contracts.walls import GateContract, HidingContract, ResourceSightContract


class TestSqlAssignments(AssignmentsContract):
    pass


class TestSqlAuthority(AuthorityContract):
    pass


class TestSqlRoles(RolesContract):
    pass


class TestSqlGrants(GrantsContract):
    pass


class TestSqlGrantees(GranteesContract):
    pass


class TestSqlPlaces(PlacesContract):
    pass


class TestSqlRoleLists(RoleListsContract):
    pass


class TestSqlGrantLists(GrantListsContract):
    pass


class TestSqlHiding(HidingContract):
    pass


class TestEngineSight(ResourceSightContract):
    pass


class TestEngineGate(GateContract):
    pass


class TestSqlServiceAccounts(ServiceAccountsContract):
    pass
