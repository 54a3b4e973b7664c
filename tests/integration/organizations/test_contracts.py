"""Organizations on Postgres keep their promises."""

from tests.contracts.organizations import (
    InvitationsContract,
    MembershipsContract,
    OrganizationListsContract,
    OrganizationsContract,
)


class TestSqlOrganizations(OrganizationsContract):
    pass


class TestSqlMemberships(MembershipsContract):
    pass


class TestSqlInvitations(InvitationsContract):
    pass


class TestSqlOrganizationLists(OrganizationListsContract):
    pass
