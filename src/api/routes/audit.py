"""The audit trail over HTTP."""

from litestar import Router, get

from api.endpoint import endpoint
from domain.audit.queries.list_audit_entries import ListAuditEntries
from domain.audit.queries.list_organization_audit import ListOrganizationAudit
from domain.audit.queries.list_own_audit import ListOwnAudit

audit = Router(
    "/auth",
    route_handlers=[
        endpoint(get, "/audit", ListAuditEntries),
        endpoint(get, "/me/audit", ListOwnAudit),
        endpoint(get, "/organizations/{organization_id:uuid}/audit", ListOrganizationAudit),
    ],
)
