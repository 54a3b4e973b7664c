"""The audit trail over HTTP."""

from typing import Final

from litestar import Router, get

from api.endpoint import endpoint
from api.streaming import lines
from domain.audit.queries.export_audit_entries import ExportAuditEntries
from domain.audit.queries.list_audit_entries import ListAuditEntries
from domain.audit.queries.list_organization_audit import ListOrganizationAudit
from domain.audit.queries.list_own_audit import ListOwnAudit

EXPORTS: Final = 4
"""At once, in one process."""

audit = Router(
    "/auth",
    route_handlers=[
        endpoint(get, "/audit", ListAuditEntries),
        endpoint(get, "/audit/export", ExportAuditEntries, flow=lines(EXPORTS, EXPORTS)),
        endpoint(get, "/me/audit", ListOwnAudit),
        endpoint(get, "/organizations/{organization_id:uuid}/audit", ListOrganizationAudit),
    ],
)
