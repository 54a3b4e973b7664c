"""Organizations on Postgres keep their promises."""

from tests.contracts.invitations import InvitationsContract
from tests.contracts.organizations_and_members import (
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
