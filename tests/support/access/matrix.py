"""Who may call what: written by hand, beside what the use cases declare, so that a slip in one of them shows."""

from dataclasses import dataclass
from typing import Final

ANYONE: Final = "anyone"
SIGNED_IN: Final = "signed in"
MEMBER: Final = "member"
"""Whoever belongs to the organization; what they may do there, the use case decides."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A permission that has to be held platform-wide."""

    permission: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A permission that has to be held on the resource named; there is none for those who cannot even read it."""

    permission: str


OPERATIONS: Final[dict[str, str | Platform | Resource]] = {
    "AcceptInvitation": SIGNED_IN,
    "AcknowledgeErasure": Platform("erasures:acknowledge"),
    "AddMember": "members:write",
    "AddTeamMember": MEMBER,
    "AddVisibilityContent": "visibility:write",
    "AddVisibilityMember": "visibility:write",
    "ChangeEmail": ANYONE,
    "ChangePassword": SIGNED_IN,
    "ChangeTeamMember": MEMBER,
    "CreateOrganization": SIGNED_IN,
    "CreateResource": MEMBER,
    "CreateRole": "roles:write",
    "CreateServiceAccount": "service_accounts:write",
    "CreateTeam": MEMBER,
    "CreateUser": Platform("users:write"),
    "CreateVisibilityGroup": "visibility:write",
    "CreateWebhook": "webhooks:write",
    "DeactivateServiceAccount": "service_accounts:write",
    "DeactivateUser": Platform("users:write"),
    "DeleteMe": SIGNED_IN,
    "DeleteOrganization": "organizations:own",
    "DeletePolicyModel": "roles:write",
    "DeleteResource": Resource("resources:write"),
    "DeleteRole": "roles:write",
    "DeleteServiceAccount": "service_accounts:write",
    "DeleteTeam": MEMBER,
    "DeleteUser": Platform("users:write"),
    "DeleteVisibilityGroup": "visibility:write",
    "DeleteWebhook": "webhooks:write",
    "DevRegister": ANYONE,
    "DevSignIn": ANYONE,
    "EvaluatePolicyModel": "access:check",
    "ExportMe": SIGNED_IN,
    "ExportAuditEntries": Platform("audit:read"),
    "ExportPolicy": "grants:read",
    "ExportUser": Platform("users:export"),
    "FinishMailedSignIn": ANYONE,
    "FinishSetup": ANYONE,
    "ForgotPassword": ANYONE,
    "GetConfiguration": "configuration:read",
    "GetErasure": Platform("users:read"),
    "GetGrant": "grants:read",
    "GetMe": SIGNED_IN,
    "GetMember": "members:read",
    "GetOrganization": "organizations:read",
    "GetPolicyModel": "roles:read",
    "GetResource": Resource("resources:read"),
    "GetRole": "roles:read",
    "GetServiceAccount": "service_accounts:read",
    "GetTeam": "teams:read",
    "GetUser": Platform("users:read"),
    "GetVisibilityGroup": "visibility:read",
    "GetWebhook": "webhooks:read",
    "ImportPolicy": "grants:write",
    "InviteMember": "members:write",
    "LeaveOrganization": SIGNED_IN,
    "LeaveTeam": MEMBER,
    "ListErasures": Platform("users:read"),
    "ListDeliveries": "webhooks:read",
    "ListAuditEntries": Platform("audit:read"),
    "ListGrants": "grants:read",
    "ListInvitations": "members:write",
    "ListKeys": Platform("keys:read"),
    "ListMembers": "members:read",
    "ListOrganizationAudit": "audit:read",
    "ListOrganizations": SIGNED_IN,
    "ListOwnAudit": SIGNED_IN,
    "ListResources": MEMBER,
    "ListRoles": "roles:read",
    "ListServiceAccounts": "service_accounts:read",
    "ListSessions": SIGNED_IN,
    "ListTeamMembers": "teams:read",
    "ListTeams": "teams:read",
    "ListUsers": Platform("users:read"),
    "ListVisibilityContents": "visibility:read",
    "ListVisibilityGroups": "visibility:read",
    "ListVisibilityMembers": "visibility:read",
    "ListWebhooks": "webhooks:read",
    "MakeGrant": "grants:write",
    "PutConfiguration": "configuration:write",
    "PutPolicyModel": "roles:write",
    "PutResource": MEMBER,
    "ReactivateServiceAccount": "service_accounts:write",
    "ReactivateUser": Platform("users:write"),
    "ReadDigest": "events:read",
    "ReadFeed": "events:read",
    "ReadPublicRevocations": ANYONE,
    "ReadSnapshot": "events:read",
    "ReadRevocations": Platform("revocations:read"),
    "Redeliver": "webhooks:write",
    "RedeliverOne": "webhooks:write",
    "RefreshSession": ANYONE,
    "RegisterResources": MEMBER,
    "RemoveKey": Platform("keys:write"),
    "RemoveMember": "members:write",
    "RemoveTeamMember": MEMBER,
    "RemoveVisibilityContent": "visibility:write",
    "RemoveVisibilityMember": "visibility:write",
    "RequestAccount": ANYONE,
    "RequestEmailChange": SIGNED_IN,
    "RequestMailedSignIn": ANYONE,
    "RequestEmailVerification": SIGNED_IN,
    "ResendInvitation": "members:write",
    "ResetPassword": ANYONE,
    "RevokeSession": SIGNED_IN,
    "RevokeSessions": SIGNED_IN,
    "RevokeUserSessions": Platform("users:write"),
    "RotateKeys": Platform("keys:write"),
    "RotateWebhookSecret": "webhooks:write",
    "ShareResource": Resource("resources:share"),
    "ShowInvitation": ANYONE,
    "SignIn": ANYONE,
    "SignOut": SIGNED_IN,
    "SignUp": ANYONE,
    "SignUpWithInvitation": ANYONE,
    "StreamFeed": "events:read",
    "TransferOwnership": "organizations:own",
    "TryWebhook": "webhooks:write",
    "UnlockUser": Platform("users:write"),
    "UnshareResource": Resource("resources:share"),
    "UpdateMe": SIGNED_IN,
    "UpdateOrganization": "organizations:write",
    "UpdateResource": Resource("resources:write"),
    "UpdateRole": "roles:write",
    "UpdateServiceAccount": "service_accounts:write",
    "UpdateSystemRole": Platform("roles:write"),
    "UpdateTeam": MEMBER,
    "UpdateUser": Platform("users:write"),
    "UpdateVisibilityGroup": "visibility:write",
    "UpdateWebhook": "webhooks:write",
    "VerifyCaller": SIGNED_IN,
    "VerifyEmail": ANYONE,
    "WithdrawGrant": "grants:write",
    "WithdrawInvitation": "members:write",
}
"""By operation. A text that is none of the above is the permission that has to be held in the organization named."""

QUESTIONS: Final[dict[str, str]] = {
    "EvaluateAccess": "access:check",
    "EvaluateMany": "access:check",
    "ExplainAccess": "access:explain",
    "SearchActions": "access:check",
    "SearchResources": "access:check",
    "SearchSubjects": "access:check",
    "SimulateChange": "access:simulate",
}
"""Operations of AuthZEN and beside it, with what has to be held where they ask to ask about others."""
PROTOCOLS: Final[dict[str, str | Platform]] = {
    "IntrospectToken": Platform("tokens:introspect"),
    "RevokeToken": ANYONE,
}
"""Operations whose bodies OAuth 2 has laid down."""
