"""Service accounts over HTTP."""

from litestar import Router, delete, get, patch, post

from api.endpoint import endpoint
from domain.identity.commands.create_service_account import CreateServiceAccount
from domain.identity.commands.deactivate_service_account import DeactivateServiceAccount
from domain.identity.commands.delete_service_account import DeleteServiceAccount
from domain.identity.commands.reactivate_service_account import ReactivateServiceAccount
from domain.identity.commands.update_service_account import UpdateServiceAccount
from domain.identity.queries.get_service_account import GetServiceAccount
from domain.identity.queries.list_service_accounts import ListServiceAccounts

ACCOUNTS = "/{organization_id:uuid}/service-accounts"
ACCOUNT = f"{ACCOUNTS}/{{service_account_id:uuid}}"

service_accounts = Router(
    "/auth/organizations",
    route_handlers=[
        endpoint(get, ACCOUNTS, ListServiceAccounts),
        endpoint(post, ACCOUNTS, CreateServiceAccount),
        endpoint(get, ACCOUNT, GetServiceAccount),
        endpoint(patch, ACCOUNT, UpdateServiceAccount),
        endpoint(delete, ACCOUNT, DeleteServiceAccount, status=204),
        endpoint(post, f"{ACCOUNT}/activate", ReactivateServiceAccount, status=204),
        endpoint(post, f"{ACCOUNT}/deactivate", DeactivateServiceAccount, status=204),
    ],
)
