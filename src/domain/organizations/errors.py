"""Refusals of the organizations capability."""

from collections.abc import Iterable
from typing import Self

from domain.kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound


class ConfigurationNotFound(NotFound):
    """The organization has no configuration in this namespace."""

    code = "organizations.configuration_not_found"


class NamespaceInvalid(Invalid):
    """A namespace is 1 to 63 lower-case letters, digits, `_`, `.` and `-`, and starts with a letter."""

    code = "organizations.namespace_invalid"


class DocumentInvalid(Invalid):
    """The document is too large or too deep, holds a value that JSON cannot carry unchanged, or marks one wrongly."""

    code = "organizations.document_invalid"

    @classmethod
    def at(cls, path: Iterable[str | int], code: str, message: str) -> Self:
        """Return the refusal, with a JSON Pointer (RFC 6901) to what caused it after `body`."""
        text = pointer(path)
        shown = text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
        return cls(errors=[FieldError(f"body{shown}", code, message)])


class SlugInvalid(Invalid):
    """A slug has 2 to 63 characters: lower-case letters, digits, and single hyphens between them."""

    code = "organizations.slug_invalid"


class SlugTaken(Conflict):
    """Another organization has this slug."""

    code = "organizations.slug_taken"


class PlatformFixed(Conflict):
    """The platform's own organization keeps its name, is handed over to nobody, and stays."""

    code = "organizations.platform_fixed"


class MemberNotFound(NotFound):
    """The organization has no such member, or none that the actor may see."""

    code = "organizations.member_not_found"


class AlreadyMember(Conflict):
    """This person is a member of the organization already."""

    code = "organizations.already_member"


class AlreadyOwner(Conflict):
    """This person owns the organization already."""

    code = "organizations.already_owner"


class PersonUnnamed(Invalid):
    """Name the person by `user_id` or by `email`, one of the two."""

    code = "organizations.person_unnamed"


class InvitationRequired(Forbidden):
    """Only whoever manages accounts may add people without asking them: invite them."""

    code = "organizations.invitation_required"


class InvitationNotFound(NotFound):
    """There is no such invitation, it is somebody else's, or it has expired."""

    code = "organizations.invitation_not_found"


def pointer(path: Iterable[str | int]) -> str:
    """Return the JSON Pointer (RFC 6901) to what stands behind these names of members and places in arrays."""
    return "".join(f"/{str(name).replace('~', '~0').replace('/', '~1')}" for name in path)
