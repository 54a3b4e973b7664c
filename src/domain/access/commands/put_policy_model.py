"""Bring a policy model along."""

from domain.access.policies.errors import PolicyModelInvalid, TooManyPolicyModels
from domain.access.policies.events import PolicyModelChanged
from domain.access.policies.language import read_model
from domain.access.policies.models import PolicyModel
from domain.access.policies.ports import PolicyModels
from domain.access.policies.rules import model_name, read_rules
from domain.access.policies.schemas import PolicyModelDetails, details
from domain.access.policies.slicing import found_by
from domain.kernel.access import Permission, needs
from domain.kernel.errors import ConcurrentChange, OrganizationNotFound, PreconditionFailed, PreconditionRequired
from domain.kernel.events import Events
from domain.kernel.ids import OrganizationId
from domain.kernel.ports import Clock
from domain.kernel.usecases import Command, if_match, interactor, message


@message
class PutPolicyModel(Command[PolicyModelDetails]):
    """Replace a policy model of an organization and its rules, or create it.

    To replace one, name its version in `If-Match`. The model decides nothing in this service: whoever wants to know
    asks it. Names of roles begin with `role:`.
    """

    organization_id: OrganizationId
    name: str
    model: str
    policy: str
    expected_version: int | None = if_match(default=None)


@interactor(
    access=needs(Permission.ROLES_WRITE, within="organization_id"),
    raises=(
        OrganizationNotFound,
        PolicyModelInvalid,
        TooManyPolicyModels,
        PreconditionFailed,
        PreconditionRequired,
        ConcurrentChange,
    ),
    emits=(PolicyModelChanged,),
    audit="access.policy_model.put",
)
class PutPolicyModelInteractor:
    models: PolicyModels
    events: Events
    clock: Clock

    async def __call__(self, request: PutPolicyModel) -> PolicyModelDetails:
        name = model_name(request.name)
        language = read_model(request.model)
        rules = read_rules(request.policy, language)
        now, expected = self.clock.now(), request.expected_version
        before = await self.models.find(request.organization_id, name)
        if before and expected is None:
            raise PreconditionRequired
        if expected is not None and expected != (before.version if before else None):
            raise PreconditionFailed
        model = before or PolicyModel(
            organization_id=request.organization_id, name=name, text=request.model, created_at=now, updated_at=now
        )
        model.text, model.updated_at = request.model, now
        changed = PolicyModelChanged(organization_id=model.organization_id, policy_model_id=model.id, name=name)
        self.events.emit(changed, of=model)
        if not before:
            await self.models.add(model)
        await self.models.put_rules(model, [(found_by(language, rule), rule) for rule in rules])
        return details(model, rules)
