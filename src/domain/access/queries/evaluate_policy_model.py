"""Ask a policy model."""

from domain.access.policies.errors import PolicyModelInvalid, PolicyModelNotFound, PolicySliceTooLarge, PolicyTooSlow
from domain.access.policies.language import read_model
from domain.access.policies.ports import TRIES, PolicyEvaluation, PolicyReader
from domain.access.policies.rules import Given, judge_requests, model_name
from domain.access.policies.schemas import PolicyDecisions
from domain.access.policies.slicing import leading, starts
from domain.kernel.access import Permission, needs
from domain.kernel.errors import OrganizationNotFound, Overloaded, Unavailable
from domain.kernel.ids import OrganizationId
from domain.kernel.usecases import Query, interactor, message


@message
class EvaluatePolicyModel(Query[PolicyDecisions]):
    """Ask a policy model of an organization up to 32 questions, each with the fields of its request definition.

    A field is a text, or an object where the matcher looks at its members. What no rule allows is denied.
    """

    organization_id: OrganizationId
    name: str
    requests: list[list[Given]]


@interactor(
    access=needs(Permission.ACCESS_CHECK, within="organization_id"),
    raises=(
        OrganizationNotFound,
        PolicyModelInvalid,
        PolicyModelNotFound,
        PolicySliceTooLarge,
        PolicyTooSlow,
        Overloaded,
        Unavailable,
    ),
)
class EvaluatePolicyModelInteractor:
    reader: PolicyReader
    evaluation: PolicyEvaluation

    async def __call__(self, request: EvaluatePolicyModel) -> PolicyDecisions:
        name, requests = model_name(request.name), request.requests
        for _ in range(TRIES):
            model = await self.reader.model(request.organization_id, name)
            language = read_model(model.text)
            judge_requests(requests, language)
            rules = await self.reader.slice(model, starts(language, requests), leading(language))
            if rules is not None:
                break
        else:
            raise Unavailable
        if not any(rule.kind == "p" for rule in rules):
            # casbin itself would ask the matcher about a rule of empty texts.
            return PolicyDecisions([False] * len(requests), [], model.version)
        decided = await self.evaluation.decide(request.organization_id, language, rules, requests)
        undetermined = [place for place, each in enumerate(decided) if each is None]
        return PolicyDecisions([each is True for each in decided], undetermined, model.version)
