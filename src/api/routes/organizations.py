"""Organizations over HTTP."""

from litestar import Router, delete, get, patch, post, put

from api.endpoint import endpoint
from domain.organizations.commands.accept_invitation import AcceptInvitation
from domain.organizations.commands.add_member import AddMember
from domain.organizations.commands.create_organization import CreateOrganization
from domain.organizations.commands.delete_organization import DeleteOrganization
from domain.organizations.commands.invite_member import InviteMember
from domain.organizations.commands.leave_organization import LeaveOrganization
from domain.organizations.commands.put_configuration import PutConfiguration
from domain.organizations.commands.remove_member import RemoveMember
from domain.organizations.commands.resend_invitation import ResendInvitation
from domain.organizations.commands.sign_up_with_invitation import SignUpWithInvitation
from domain.organizations.commands.transfer_ownership import TransferOwnership
from domain.organizations.commands.update_organization import UpdateOrganization
from domain.organizations.commands.withdraw_invitation import WithdrawInvitation
from domain.organizations.queries.get_configuration import GetConfiguration
from domain.organizations.queries.get_member import GetMember
from domain.organizations.queries.get_organization import GetOrganization
from domain.organizations.queries.list_invitations import ListInvitations
from domain.organizations.queries.list_members import ListMembers
from domain.organizations.queries.list_organizations import ListOrganizations
from domain.organizations.queries.show_invitation import ShowInvitation

ONE = "/organizations/{organization_id:uuid}"
CONFIGURATION = f"{ONE}/configuration/{{namespace:str}}"
MEMBERS = f"{ONE}/members"
MEMBER = f"{MEMBERS}/{{user_id:uuid}}"
INVITATIONS = f"{ONE}/invitations"
INVITATION = f"{INVITATIONS}/{{invitation_id:uuid}}"

organizations = Router(
    "/auth",
    route_handlers=[
        endpoint(get, "/organizations", ListOrganizations),
        endpoint(post, "/organizations", CreateOrganization),
        endpoint(get, ONE, GetOrganization),
        endpoint(patch, ONE, UpdateOrganization),
        endpoint(delete, ONE, DeleteOrganization, status=204),
        endpoint(post, f"{ONE}/leave", LeaveOrganization, status=204),
        endpoint(post, f"{ONE}/transfer", TransferOwnership, status=204),
        endpoint(get, MEMBERS, ListMembers),
        endpoint(post, MEMBERS, AddMember),
        endpoint(get, MEMBER, GetMember),
        endpoint(delete, MEMBER, RemoveMember, status=204),
        endpoint(get, INVITATIONS, ListInvitations),
        endpoint(post, INVITATIONS, InviteMember),
        endpoint(delete, INVITATION, WithdrawInvitation, status=204),
        endpoint(post, f"{INVITATION}/resend", ResendInvitation, status=204),
        endpoint(post, "/invitations/show", ShowInvitation, status=200),
        endpoint(post, "/invitations/accept", AcceptInvitation, status=200),
        endpoint(post, "/invitations/sign-up", SignUpWithInvitation),
        endpoint(get, CONFIGURATION, GetConfiguration),
        endpoint(put, CONFIGURATION, PutConfiguration),
    ],
)
