"""Write roles and grants in casbin's language."""

from domain.access.facade import Clearances, Place
from domain.access.holding import Holding
from domain.access.policies.errors import PolicyTooLarge
from domain.access.policies.platform import MOST_GRANTS, write
from domain.access.policies.ports import PolicyLanguage
from domain.access.policies.schemas import PolicyExport
from domain.access.readers import GrantFilter, GrantLists, RoleLists
from domain.kernel.access import Actor, Permission, needs
from domain.kernel.errors import BypassRequired, Forbidden, OrganizationNotFound
from domain.kernel.ids import OrganizationId
from domain.kernel.usecases import Query, interactor, message


@message
class ExportPolicy(Query[PolicyExport]):
    """Return an organization's roles and grants as a casbin model and its rules.

    Needs `roles:read` too, and `visibility:bypass`: without what is hidden they would say something else.
    """

    organization_id: OrganizationId


@interactor(
    access=needs(Permission.GRANTS_READ, within="organization_id"),
    raises=(OrganizationNotFound, Forbidden, BypassRequired, PolicyTooLarge),
    audit="access.policy.export",
    dear=True,
)
class ExportPolicyInteractor:
    roles: RoleLists
    grants: GrantLists
    language: PolicyLanguage
    holding: Holding
    clearances: Clearances

    async def __call__(self, request: ExportPolicy, actor: Actor) -> PolicyExport:
        organization_id = request.organization_id
        if not await self.holding.holds(actor, Place(organization_id), Permission.ROLES_READ):
            raise Forbidden
        eyes = await self.clearances.eyes(actor, organization_id)
        if not eyes.bypass:
            raise BypassRequired
        grants = await self.grants.list(organization_id, GrantFilter(), eyes, None, MOST_GRANTS + 1)
        roles = await self.roles.list(organization_id, None, MOST_GRANTS + 1)
        if max(len(grants), len(roles)) > MOST_GRANTS:
            raise PolicyTooLarge
        lines, omitted = write(roles, grants)
        return PolicyExport(self.language.model(), "".join(f"{line}\n" for line in lines), omitted)
