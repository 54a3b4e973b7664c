"""Roles and grants over HTTP."""

from litestar import Router, delete, get, patch, post

from api.endpoint import endpoint
from domain.access.commands.create_role import CreateRole
from domain.access.commands.delete_role import DeleteRole
from domain.access.commands.make_grant import MakeGrant
from domain.access.commands.update_role import UpdateRole
from domain.access.commands.update_system_role import UpdateSystemRole
from domain.access.commands.withdraw_grant import WithdrawGrant
from domain.access.queries.get_grant import GetGrant
from domain.access.queries.get_role import GetRole
from domain.access.queries.list_grants import ListGrants
from domain.access.queries.list_roles import ListRoles

ROLES = "/organizations/{organization_id:uuid}/roles"
ROLE = f"{ROLES}/{{role_id:uuid}}"
GRANTS = "/organizations/{organization_id:uuid}/grants"
GRANT = f"{GRANTS}/{{grant_id:uuid}}"

access = Router(
    "/auth",
    route_handlers=[
        endpoint(get, ROLES, ListRoles),
        endpoint(post, ROLES, CreateRole),
        endpoint(get, ROLE, GetRole),
        endpoint(patch, ROLE, UpdateRole),
        endpoint(delete, ROLE, DeleteRole, status=204),
        endpoint(patch, "/roles/{role_id:uuid}", UpdateSystemRole),
        endpoint(get, GRANTS, ListGrants),
        endpoint(post, GRANTS, MakeGrant),
        endpoint(get, GRANT, GetGrant),
        endpoint(delete, GRANT, WithdrawGrant, status=204),
    ],
)
