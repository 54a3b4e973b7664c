"""Refusals of the access capability."""

from domain.kernel.errors import Conflict, Forbidden, Invalid, NotFound


class ConditionInvalid(Invalid):
    """The condition is not of the form that conditions have, or is too large; `errors` says where."""

    code = "access.condition_invalid"


class RoleNotFound(NotFound):
    """There is no such role in this organization."""

    code = "access.role_not_found"


class NotHeld(Forbidden):
    """Nobody can give what they do not hold themselves."""

    code = "access.not_held"


class LastOwner(Conflict):
    """An organization keeps at least one owner: name another one first."""

    code = "access.last_owner"
