"""Show a policy model."""

from domain.access.policies.errors import PolicyModelInvalid, PolicyModelNotFound
from domain.access.policies.ports import TRIES, PolicyReader
from domain.access.policies.rules import model_name
from domain.access.policies.schemas import PolicyModelDetails, details
from domain.kernel.access import Permission, needs
from domain.kernel.errors import OrganizationNotFound, Unavailable
from domain.kernel.ids import OrganizationId
from domain.kernel.usecases import Query, interactor, message


@message
class GetPolicyModel(Query[PolicyModelDetails]):
    """Return a policy model of an organization, with its rules."""

    organization_id: OrganizationId
    name: str


@interactor(
    access=needs(Permission.ROLES_READ, within="organization_id"),
    raises=(OrganizationNotFound, PolicyModelInvalid, PolicyModelNotFound, Unavailable),
)
class GetPolicyModelInteractor:
    reader: PolicyReader

    async def __call__(self, request: GetPolicyModel) -> PolicyModelDetails:
        name = model_name(request.name)
        for _ in range(TRIES):
            model = await self.reader.model(request.organization_id, name)
            rules = await self.reader.rules(model)
            if rules is not None:
                return details(model, rules)
        raise Unavailable
