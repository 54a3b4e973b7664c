"""Refusals of the resources capability."""

from domain.kernel.errors import Conflict, Invalid, NotFound


class ResourceNotFound(NotFound):
    """There is no such resource in this organization, or none that the actor may see."""

    code = "resources.resource_not_found"


class ParentNotFound(NotFound):
    """What it shall lie in is no resource of this organization."""

    code = "resources.parent_not_found"


class OwnerNotFound(NotFound):
    """Who shall own it is no member of this organization."""

    code = "resources.owner_not_found"


class SubjectNotFound(NotFound):
    """There is no such member, team or service account in this organization, or none that the actor may see."""

    code = "resources.subject_not_found"


class TypeInvalid(Invalid):
    """A type is 1 to 64 lower-case letters, digits, `_`, `.` and `-`."""

    code = "resources.type_invalid"


class ExternalIdInvalid(Invalid):
    """An external id is 1 to 256 printable characters."""

    code = "resources.external_id_invalid"


class AttributesInvalid(Invalid):
    """Attributes are up to 32, 8 KiB together, under names of up to 64 letters, digits, `_`, `.`, `:` and `-`.

    A value is a text of up to 1024 characters, a number of at most 2^53 - 1 either side of zero, true, false, or a list
    of up to 100 texts or numbers.
    """

    code = "resources.attributes_invalid"


class FilterInvalid(Invalid):
    """A parent is named by `parent_type` and `parent_id` together."""

    code = "resources.filter_invalid"


class ExpiryInvalid(Invalid):
    """What is granted cannot have ended already."""

    code = "resources.expiry_invalid"


class NamedTwice(Invalid):
    """This resource is in the list twice."""

    code = "resources.named_twice"


class RegistrationRefused(Invalid):
    """Nothing was registered, for what `errors` says of the resources by their place in the list, from 0."""

    code = "resources.registration_refused"


class ResourceTaken(Conflict):
    """There is a resource of this type and external id already."""

    code = "resources.resource_taken"


class ResourceNotEmpty(Conflict):
    """Other resources lie in it: delete them too with `below=true`, or first."""

    code = "resources.resource_not_empty"


class ResourceCycle(Conflict):
    """A resource cannot lie in itself, nor in what lies in it."""

    code = "resources.cycle"


class TooDeep(Conflict):
    """Resources lie in each other at most 32 deep."""

    code = "resources.too_deep"


class TooManyMoved(Conflict):
    """More than 50,000 resources would move, with what lies in them: move parts of the tree."""

    code = "resources.too_many_moved"


class TooManyBelow(Conflict):
    """More than 10,000 resources are concerned: work on parts of the tree."""

    code = "resources.too_many_below"
