"""Refusals of the access capability."""

from domain.kernel.errors import Conflict, Forbidden, Invalid, NotFound


class ConditionInvalid(Invalid):
    """The condition is not of the form that conditions have, or is too large; `errors` says where."""

    code = "access.condition_invalid"


class RoleInvalid(Invalid):
    """The role's name, description, permissions or inheritance cannot be as they were sent; `errors` says why."""

    code = "access.role_invalid"


class GrantInvalid(Invalid):
    """The grant cannot be as it was sent; `errors` says why."""

    code = "access.grant_invalid"


class SimulationTooLarge(Invalid):
    """The change concerns more than can be looked at in one request, or takes too long; simulate a smaller one."""

    code = "access.simulation_too_large"


class RoleNotFound(NotFound):
    """There is no such role in this organization."""

    code = "access.role_not_found"


class GrantNotFound(NotFound):
    """There is no such grant in this organization, or none that the actor may see."""

    code = "access.grant_not_found"


class SubjectNotFound(NotFound):
    """There is no such member, team or service account in this organization, or none that the actor may see."""

    code = "access.subject_not_found"


class PlaceNotFound(NotFound):
    """There is no such resource in this organization, or none that the actor may see."""

    code = "access.place_not_found"


class NotHeld(Forbidden):
    """Nobody can give what they do not hold themselves."""

    code = "access.not_held"


class RoleIsSystem(Conflict):
    """This role is the same for all organizations: none of them can change it."""

    code = "access.role_is_system"


class RoleNameTaken(Conflict):
    """There is a role of this name already."""

    code = "access.role_name_taken"


class GrantExists(Conflict):
    """The subject has this role there already; withdraw that grant to make another one."""

    code = "access.grant_exists"


class OwnerDenied(Conflict):
    """Nothing can be denied to an owner in the whole organization."""

    code = "access.owner_denied"


class LastOwner(Conflict):
    """An organization keeps at least one owner: name another one first."""

    code = "access.last_owner"
