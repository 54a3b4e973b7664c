"""Delete a policy model."""

from domain.access.policies.errors import PolicyModelInvalid, PolicyModelNotFound
from domain.access.policies.events import PolicyModelDeleted
from domain.access.policies.ports import PolicyModels
from domain.access.policies.rules import model_name
from domain.kernel.access import Permission, needs
from domain.kernel.errors import ConcurrentChange, OrganizationNotFound, PreconditionFailed
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId
from domain.kernel.usecases import Command, if_match, interactor, message


@message
class DeletePolicyModel(Command[None]):
    """Delete a policy model of an organization, with its rules."""

    organization_id: OrganizationId
    name: str
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.ROLES_WRITE, within="organization_id"),
    raises=(OrganizationNotFound, PolicyModelInvalid, PolicyModelNotFound, PreconditionFailed, ConcurrentChange),
    emits=(PolicyModelDeleted,),
    audit="access.policy_model.delete",
)
class DeletePolicyModelInteractor:
    models: PolicyModels
    events: Events

    async def __call__(self, request: DeletePolicyModel) -> None:
        model = await self.models.find(request.organization_id, model_name(request.name))
        if model is None:
            raise PolicyModelNotFound
        if request.expected_version not in (None, model.version):
            raise PreconditionFailed
        await self.models.remove(model)
        deleted = PolicyModelDeleted(organization_id=model.organization_id, policy_model_id=model.id, name=model.name)
        self.events.emit(deleted, of=model)
