"""Refusals about policies in casbin's language."""

from domain.kernel.errors import Conflict, Invalid, NotFound


class PolicyModelInvalid(Invalid):
    """The model, its rules or the questions are not of the form, or larger than allowed; `errors` says where."""

    code = "access.policy_model_invalid"


class PolicyModelNotFound(NotFound):
    """There is no such policy model in this organization."""

    code = "access.policy_model_not_found"


class TooManyPolicyModels(Conflict):
    """An organization has a limited number of policy models: delete one first."""

    code = "access.too_many_policy_models"


class PolicySliceTooLarge(Conflict):
    """More rules concern this than are evaluated at once: ask about fewer subjects, or tie the matcher to them."""

    code = "access.policy_slice_too_large"


class PolicyTooSlow(Conflict):
    """The model took too long over these questions, so nothing was decided: simplify its matcher."""

    code = "access.policy_too_slow"


class PolicyInvalid(Invalid):
    """Rules cannot become roles and grants, so none did; `errors` says which and why."""

    code = "access.policy_invalid"


class PolicyTooLarge(Conflict):
    """There are more roles or grants than one policy holds: read their lists."""

    code = "access.policy_too_large"
